"""Elements, slices and items: read and written."""
from __future__ import annotations

import operator
from typing import Any

from ..program import Apply, Expr, Name, Store
from ..types import BOTTOM, DictT, ListT, LitT, Num, SeqT, Top, Type, as_list, can_be_active, join
from .branches import branch
from .containers import (
    content, element_of, is_real_list, items_of, keep, make_real, new_list, new_object, record_of, set_content, taken)
from .core import FALL, Reader, expression
from .hosts import as_dyn, deep_type, host, operand, varied
from .inputs import as_runtime, item, lift, type_of_tree
from .objects import call_method, is_object
from .values import Choice, Const, Dyn, Ext, Obj, Rec, Slice, Tup, Value, names_of


@expression("Subscript")
def read_subscript(reader: Reader, node: Any) -> Value:
    """`obj[index]`."""
    return get_item(reader, reader.expr(node.value), reader.expr(node.slice), node)


def get_item(reader: Reader, obj: Value, index: Value, node: Any) -> Value:
    """`obj[index]` for any two values."""
    obj = resolved(reader, obj)
    if isinstance(obj, Choice):
        return branch(reader, obj.test, lambda: (FALL, get_item(reader, obj.then, index, node)),
                      lambda: (FALL, get_item(reader, obj.orelse, index, node)), node=node)[1]
    items = items_of(reader, obj)
    if items is not None:
        return _from_row(reader, obj, items, index, node)
    record = record_of(reader, obj)
    if record is not None:
        return _from_record(reader, obj, record, index, node)
    if isinstance(obj, Ext):
        return _from_outside(reader, obj, index, node)
    if is_object(reader, obj):
        return call_method(reader, obj, "__getitem__", (index,), {}, node)
    if isinstance(obj, Dyn) and isinstance(obj.type, ListT | DictT):
        return _from_real(reader, obj, index, node)
    return host(reader, operator.getitem, (obj, index), {}, node)


def resolved(reader: Reader, v: Value) -> Value:
    """An outer list or dict that the program changes is followed from its first change on."""
    if isinstance(v, Ext) and type(v.value) in (list, dict):
        if ("ext", id(v.value)) in reader.real:
            return as_runtime(reader, v)
        return reader.state.vars.get(("x", id(v.value), "%self"), v)
    return v


def followed(reader: Reader, v: Ext) -> Obj:
    """The followed copy of an outer list or dict; the caller's own is left as it is."""
    key = "x", id(v.value), "%self"
    if isinstance(v.value, dict):
        reader.facts.add("keys", v.expr, tuple(v.value))
        first: Value = Rec(tuple(v.value), tuple(lift(reader, item(v, k), x, v.varied) for k, x in v.value.items()))
    else:
        reader.facts.add("length", v.expr, len(v.value))
        first = Tup(tuple(lift(reader, item(v, k), x, v.varied) for k, x in enumerate(v.value)), list)
    if key not in reader.outer:
        made = new_object(reader, type(v.value), first, ("ext", id(v.value)))
        reader.outer[key] = lambda: made
        reader.outer["h", made.id] = lambda: first
        reader.state.vars.pop(("h", made.id))
    obj = reader.outer[key]()
    assert isinstance(obj, Obj)
    reader.state.vars.setdefault(key, obj)
    reader.state.vars.setdefault(("h", obj.id), first)
    return obj


def _from_row(reader: Reader, obj: Value, items: tuple[Value, ...], index: Value, node: Any) -> Value:
    if isinstance(index, Const) and isinstance(index.value, int):
        if not -len(items) <= index.value < len(items):
            reader.unsupported(node, f"index {index.value} is out of range: there are {len(items)} items")
        return items[index.value]
    if isinstance(index, Slice):
        ends = [e.value if isinstance(e, Const) else reader for e in (index.start, index.stop, index.step)]
        if reader not in ends:
            part = items[slice(*ends)]
            return new_list(reader, part, node) if isinstance(obj, Obj) else Tup(part)
    if isinstance(obj, Obj) and not all(can_be_read(deep_type(reader, i)) for i in items):
        make_real(reader, obj, node)
    row = as_dyn(reader, obj, node)
    t = _joined(row)
    whole = Dyn(row.expr, t, varied(reader, obj))
    return _from_real(reader, whole, index, node)


def can_be_read(t: Type) -> bool:
    """Can a run-time index choose among values of this type?"""
    return isinstance(t, Num | LitT | SeqT)


def _joined(row: Dyn | Const) -> Type:
    t = row.type if isinstance(row, Dyn) else LitT(row.value)
    return as_list(t) or t


def _from_record(reader: Reader, obj: Value, record: Rec, index: Value, node: Any) -> Value:
    if not isinstance(index, Const):
        assert isinstance(obj, Obj)
        return make_real(reader, obj, node)  # type: ignore[no-any-return]
    found = record.get(index.value)
    if found is None:
        reader.unsupported(node, f"the key {index.value!r} is not in this dict")
    return found


def _from_outside(reader: Reader, obj: Ext, index: Value, node: Any) -> Value:
    value = obj.value
    if isinstance(value, list | tuple | dict) and isinstance(index, Const):
        try:
            found = value[index.value]
        except (KeyError, IndexError) as error:
            reader.unsupported(node, f"{type(error).__name__}: {error}")
        key = index.value
        if isinstance(value, list) and isinstance(key, int) and key < 0:
            reader.facts.add("length", obj.expr, len(value))
        return lift(reader, item(obj, key), found, obj.varied)
    if isinstance(value, list | tuple) and not hasattr(value, "_fields"):
        return _from_real(reader, as_runtime(reader, obj), index, node)
    if isinstance(value, dict):
        return _from_real(reader, _runtime_dict(reader, obj), index, node)
    if is_object(reader, obj):
        return call_method(reader, obj, "__getitem__", (index,), {}, node)
    return host(reader, operator.getitem, (obj, index), {}, node)


def _runtime_dict(reader: Reader, obj: Ext) -> Dyn:
    elem: Type = BOTTOM
    for value in obj.value.values():
        elem = join(elem, type_of_tree(value))
    reader.facts.add("elements", obj.expr, DictT(elem))
    return Dyn(obj.expr, DictT(elem), obj.varied)


def _from_real(reader: Reader, obj: Dyn, index: Value, node: Any) -> Value:
    """An item of a container made at run time; a slice is a new container with the same items."""
    expr = Apply(operator.getitem, (obj.expr, operand(reader, index, node)))
    if isinstance(index, Slice) and isinstance(obj.type, ListT):
        made = reader.assign(expr, ListT(element_of(reader, obj), obj.type.cls), obj.varied, node)
        assert isinstance(made.expr, Name)
        if isinstance(obj.expr, Name):
            reader.aliases.hold(made.expr.id, element_of(reader, obj))
            reader.aliases.union(reader.aliases.content(made.expr.id), reader.aliases.content(obj.expr.id))
            if varied(reader, obj):
                reader.aliases.taint(made.expr.id)
        return made
    return taken(reader, obj, expr, node)


def store_item(reader: Reader, obj: Value, index: Value, value: Value, node: Any) -> None:
    """`obj[index] = value`."""
    obj = resolved(reader, obj)
    if isinstance(obj, Ext) and type(obj.value) in (list, dict):
        obj = followed(reader, obj)
    if isinstance(obj, Choice):
        def into(side: Value) -> tuple[str, Value]:
            store_item(reader, side, index, value, node)
            return FALL, obj
        branch(reader, obj.test, lambda: into(obj.then), lambda: into(obj.orelse), node=node)
        return
    if isinstance(obj, Obj) and obj.cls in (list, dict):
        _store_followed(reader, obj, index, value, node)
        return
    if is_object(reader, obj):
        call_method(reader, obj, "__setitem__", (index, value), {}, node)
        return
    if isinstance(obj, Tup):
        reader.unsupported(node, "a tuple cannot be changed")
    store_runtime(reader, obj, operand(reader, index, node), value, node)


def _store_followed(reader: Reader, obj: Obj, index: Value, value: Value, node: Any) -> None:
    held = content(reader, obj)
    if not isinstance(index, Const):
        make_real(reader, obj, node)
    if isinstance(held, Rec):
        set_content(reader, obj, held.set(index.value, value))
        return
    items = list(held.items)
    try:
        items[index.value] = value
    except IndexError:
        reader.unsupported(node, f"index {index.value} is out of range: there are {len(items)} items")
    set_content(reader, obj, Tup(tuple(items), list))


def store_runtime(reader: Reader, obj: Value, index: Expr, value: Value, node: Any) -> None:
    """A store into an array or container made at run time."""
    if not isinstance(obj, Dyn):
        reader.unsupported(node, "this value cannot be stored into")
    stored = as_dyn(reader, value, node) if isinstance(value, Obj | Choice) else value
    if is_real_list(obj) or isinstance(obj.type, DictT):
        keep(reader, obj, stored)
    reader.emit(Store(obj.expr, index, operand(reader, stored, node), reader.origin(node)))
    mark_written(reader, obj, value)


def mark_written(reader: Reader, obj: Dyn, value: Value) -> None:
    """An array or container was changed."""
    for name in names_of(obj):
        t = reader.types.get(name, Top())
        if varied(reader, value) and can_be_active(t):
            reader.aliases.taint(name)

