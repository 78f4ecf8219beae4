"""Attributes and calls as they are written: `obj.name`, `f(a, *b, key=c, **d)`."""
from __future__ import annotations

from typing import Any

import numpy as np

from ..infer import infer
from ..prims import Method
from ..program import Apply, Lit, Ref
from ..types import LitT, MaybeT, Num, ObjT, SeqT, Top, Type
from .branches import branch
from .call import call_value
from .containers import record_of
from .core import FALL, Reader, expression
from .hosts import host, lift_known
from .inputs import is_library, is_number, leaf, lift
from .iteration import static_items
from .expressions import read_items
from .objects import class_of, get_attribute
from .subscripts import get_item
from .targets import private
from .values import Bound, Choice, Const, Dyn, Ext, Obj, Tup, Value

SUPER = object()
PROPERTIES: dict[str, Any] = {"T": np.transpose, "mT": np.matrix_transpose, "real": np.real, "imag": np.imag}
"""Attributes of arrays that are functions of them."""


@expression("Attribute")
def read_attribute(reader: Reader, node: Any) -> Value:
    """`obj.name`."""
    return attribute_of(reader, reader.expr(node.value), private(reader, node.attr), node)


def attribute_of(reader: Reader, obj: Value, name: str, node: Any) -> Value:
    """`obj.name` for any value."""
    match obj:
        case Choice(test=test, then=then, orelse=orelse):
            return branch(reader, test, lambda: (FALL, attribute_of(reader, then, name, node)),
                          lambda: (FALL, attribute_of(reader, orelse, name, node)), node=node)[1]
        case Bound(function=Const(value=(marker, owner)), args=(self_value,)) if marker is SUPER:
            return _super_attribute(reader, owner, self_value, name, node)
        case Const(value=value, expr=expr) if isinstance(expr, Ref):
            return _known_attribute(reader, value, expr, name, node)
        case Dyn(type=t):
            return _runtime_attribute(reader, obj, t, name, node)
        case Ext(value=value) if type(value) in (list, dict, tuple):
            return _method(obj, name)
        case Obj(cls=cls) if cls in (list, dict):
            return _method(obj, name)
        case Tup(cls=cls) if not hasattr(cls, "_fields"):
            return _method(obj, name)
        case Ext() | Obj() | Tup():
            return get_attribute(reader, obj, name, node)
    return _method(obj, name)


def _method(obj: Value, name: str) -> Value:
    """A method that is found by its name when it is called."""
    method = Method(name)
    return Bound(Const(method, Ref(method)), (obj,))


def _known_attribute(reader: Reader, value: Any, expr: Ref, name: str, node: Any) -> Value:
    """An attribute of a module, class or function."""
    try:
        found = getattr(value, name)
    except AttributeError:
        reader.unsupported(node, f"{getattr(value, '__name__', value)!r} has no attribute {name!r}")
    path = Apply(getattr, (expr, Lit(name)))
    if is_number(found):
        return leaf(reader, path, found, False)
    text = f"{expr.text}.{name}" if expr.text else ""
    whole = Ref(found, text) if callable(found) or isinstance(found, type(np)) else path
    return lift_known(reader, whole, found) if is_library(value) else lift(reader, whole, found)


def _super_attribute(reader: Reader, owner: type, self_value: Value, name: str, node: Any) -> Value:
    cls = class_of(reader, self_value)
    assert cls is not None
    behind = cls.__mro__[cls.__mro__.index(owner) + 1:]
    for c in behind:
        if name in vars(c):
            found = vars(c)[name]
            if c is object and name == "__init__":
                return Bound(Const(_nothing, Ref(_nothing)), ())
            if isinstance(found, property):
                return call_value(reader, Const(found.fget, Ref(found.fget)), (self_value,), {}, node)
            return Bound(Const(found, Ref(found)), (self_value,))
    return reader.unsupported(node, f"no class behind {owner.__name__} has {name!r}")


def _nothing(*args: Any, **kwargs: Any) -> None:
    """`object.__init__`."""


def _runtime_attribute(reader: Reader, obj: Dyn, t: Type, name: str, node: Any) -> Value:
    t = t.inner if isinstance(t, MaybeT) else t
    if isinstance(t, Num | Top):
        if name in PROPERTIES:
            return host(reader, PROPERTIES[name], (obj,), {}, node, "." + name)
        if name == "ndim" and isinstance(t, Num) and t.rank is not None:
            return Const(t.rank, Lit(t.rank))
        if name == "shape" and isinstance(t, Num) and t.dims is not None:
            return _shape(reader, obj, t, node)
        if name in ("shape", "ndim", "size", "dtype", "itemsize", "nbytes", "strides", "flags", "base"):
            kind = infer(getattr, [t, LitT(name)], {})
            return reader.assign(Apply(getattr, (obj.expr, Lit(name))), kind, False, node, "%" + name)
    if isinstance(t, SeqT) and hasattr(t.cls, "_fields") and name in t.cls._fields:
        index = t.cls._fields.index(name)
        return reader.assign(Apply(getattr, (obj.expr, Lit(name))), t.items[index], obj.varied, node, "%" + name)
    if isinstance(t, ObjT) and not callable(getattr(t.cls, name, None)):
        return reader.assign(Apply(getattr, (obj.expr, Lit(name))), Top(), obj.varied, node, "%" + name)
    return _method(obj, name)


def _shape(reader: Reader, obj: Dyn, t: Num, node: Any) -> Value:
    """`x.shape` of known rank: one extent at a time, so that each is a number of its own."""
    return reader.assign(Apply(getattr, (obj.expr, Lit("shape"))), infer(getattr, [t, LitT("shape")], {}), False, node,
                         "%shape")


@expression("Call")
def read_call(reader: Reader, node: Any) -> Value:
    """A call."""
    hint = reader.hint
    if getattr(node.func, "id", "") == "super" and not node.args:
        return _super(reader, node)
    fn = reader.expr(node.func)
    args = read_items(reader, node.args)
    kwargs: dict[str, Value] = {}
    for keyword in node.keywords:
        if keyword.arg is not None:
            kwargs[keyword.arg] = reader.expr(keyword.value)
        else:
            kwargs.update(_double_star(reader, reader.expr(keyword.value), node))
    reader.hint = hint
    return call_value(reader, fn, args, kwargs, node)


def _double_star(reader: Reader, v: Value, node: Any) -> dict[str, Value]:
    record = record_of(reader, v)
    if record is not None:
        return dict(zip(record.keys, record.values, strict=True))
    if isinstance(v, Ext) and isinstance(v.value, dict):
        keys = static_items(reader, v, node) or []
        return {k.value: get_item(reader, v, k, node) for k in keys if isinstance(k, Const)}
    reader.unsupported(node, "`**` of a dict whose keys are not known")


def _super(reader: Reader, node: Any) -> Value:
    frame = reader.frame
    while frame.owner is not None and frame.parent is not None and frame.parent.owner is frame.owner:
        frame = frame.parent
    names = frame.source.node.args.args if frame.owner is not None else []
    first = reader.state.vars.get(("v", frame.id, names[0].id)) if names else None
    if first is None:
        reader.unsupported(node, "super() stands outside of a method that can be followed")
    return Bound(Const((SUPER, frame.owner), Lit("super")), (first,))
