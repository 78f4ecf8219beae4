"""Variables: where a name is looked up, what is found there, and what an assignment to it does."""
from __future__ import annotations

import builtins
import types
from typing import Any

from ..prims import set_variable
from ..program import Apply, Ref
from .core import Reader, expression
from .inputs import lift
from .state import Frame
from .values import UNBOUND, Const, Dyn, Ext, Unbound, Value


@expression("Name")
def read_name(reader: Reader, node: Any) -> Value:
    """A variable."""
    value = lookup(reader, reader.frame, node.id)
    if value is None:
        reader.unsupported(node, f"the name {node.id!r} is not defined", "define it before it is used")
    if isinstance(value, Unbound):
        problem = f"is {value.why}" if value.why else "is read before it is bound on this path"
        reader.unsupported(node, f"the variable {node.id!r} {problem}")
    return value


def lookup(reader: Reader, frame: Frame, name: str) -> Value | None:
    """The value of a name as seen from a frame; None where there is no such name."""
    home = holder(frame, name)
    if isinstance(home, Frame):
        return reader.state.vars.get(("v", home.id, name), UNBOUND)
    if isinstance(home, types.CellType):
        return _outer(reader, ("cell", id(home), name), home, name)
    if name in frame.globals:
        return _outer(reader, ("global", id(frame.globals), name), frame.globals, name)
    if hasattr(builtins, name):
        value = getattr(builtins, name)
        return Const(value, Ref(value, name))
    return None


def holder(frame: Frame, name: str) -> Frame | types.CellType | None:
    """The frame or cell that holds a name; None for globals and builtins."""
    if name.startswith("%"):
        return frame
    if name in frame.global_names:
        return None
    here: Frame | None = frame
    while here is not None:
        if name in here.locals and (here is not frame or name not in here.nonlocal_names):
            return here
        if name in here.cells:
            cell: types.CellType = here.cells[name]
            return cell
        here = here.parent
    return None


def _outer(reader: Reader, key: tuple[Any, ...], home: Any, name: str) -> Value:
    """A closure variable or global: what the program itself set, else what it holds now."""
    if key in reader.state.vars:
        return reader.state.vars[key]
    try:
        value = home.cell_contents if isinstance(home, types.CellType) else home[name]
    except ValueError:
        return UNBOUND
    return lift(reader, Ref(value, name, home), value)


def bind(reader: Reader, name: str, value: Value, node: Any) -> None:
    """Assign to a variable."""
    frame = reader.frame
    home = holder(frame, name)
    if isinstance(home, Frame):
        reader.state.vars["v", home.id, name] = value
        return
    if isinstance(home, types.CellType):
        _write_out(reader, ("cell", id(home), name), Ref(None, name, home), value, node)
    else:
        _write_out(reader, ("global", id(frame.globals), name), Ref(None, name, frame.globals), value, node)


def _write_out(reader: Reader, key: tuple[Any, ...], ref: Ref, value: Value, node: Any) -> None:
    """A `global` or `nonlocal` of the outside is set: the program sees its own value, the outside gets it too."""
    if not isinstance(value, Dyn | Const | Ext):
        reader.unsupported(node, f"{ref.text!r} lives outside of the function and would be set to a followed object",
                           "return the object instead")
    if isinstance(value, Dyn) and value.varied:
        reader.unsupported(node, f"{ref.text!r} lives outside of the function and would be set to a value that depends "
                           "on what is differentiated", "return the value instead of keeping it in a global or closure")
    reader.outer.setdefault(key, lambda: lift(reader, Ref(_now(ref), ref.text, ref.home), _now(ref)))
    reader.effect(Apply(set_variable, (ref, value.expr)), node)
    reader.state.vars[key] = value



def _now(ref: Ref) -> Any:
    """What an outer variable holds before the program runs."""
    return ref.home.cell_contents if isinstance(ref.home, types.CellType) else ref.home.get(ref.text)
