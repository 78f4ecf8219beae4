"""Lists and dicts: followed item by item while their length and keys are known, real objects of the program otherwise."""
from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import Any

from ..prims import make_dict, make_list
from ..program import Apply, Expr, Name
from ..types import BOTTOM, DictT, ListT, SeqT, Type, as_list, join, widen
from .core import Reader, Restart
from .hosts import as_dyn, deep_type, operand, varied
from .values import Choice, Const, Dyn, Ext, Obj, Rec, Tup, Value, names_of

FOLLOW_LIMIT = 256
"""A display or a repeated list of more items is made a real one."""


def new_object(reader: Reader, cls: type, content: Value, site: Any) -> Obj:
    """A followed object with its contents."""
    made = Obj(reader.object_id(), cls, site)
    reader.state.vars[("h", made.id)] = content
    reader.sites[made.id] = site
    return made


def content(reader: Reader, obj: Obj) -> Any:
    """The contents of a followed object as they are at this point."""
    return reader.state.vars[("h", obj.id)]


def set_content(reader: Reader, obj: Obj, value: Value) -> None:
    reader.state.vars[("h", obj.id)] = value


def make_real(reader: Reader, obj: Obj, node: Any) -> Any:
    """The object cannot be followed any longer: read everything again with a real one."""
    if obj.site is None or obj.site in reader.real:
        reader.unsupported(node, f"this use of a {obj.cls.__name__} cannot be followed")
    reader.real.add(obj.site)
    raise Restart


def new_list(reader: Reader, items: Sequence[Value], node: Any) -> Value:
    """`[a, b]`."""
    if node in reader.real or len(items) > FOLLOW_LIMIT:
        return real_list(reader, items, node)
    return new_object(reader, list, Tup(tuple(items), list), node)


def real_list(reader: Reader, items: Sequence[Value], node: Any) -> Dyn:
    """A list made at run time."""
    expr = Apply(make_list, tuple(operand(reader, i, node) for i in items))
    elem: Type = BOTTOM
    for item in items:
        elem = join(elem, widen(real_type(reader, item)))
    made = reader.assign(expr, ListT(elem), False, node)
    for item in items:
        keep(reader, made, item)
    return made


def real_type(reader: Reader, v: Value) -> Type:
    """The type of a value as an element of a real container: lists inside are real ones too."""
    t = widen(deep_type(reader, v))
    return (as_list(t) or t) if isinstance(t, SeqT) and t.cls is list else t


def keep(reader: Reader, container: Dyn, item: Value) -> None:
    """A value is put into a container made at run time."""
    assert isinstance(container.expr, Name)
    name = container.expr.id
    reader.aliases.hold(name, widen(real_type(reader, item)))
    if varied(reader, item):
        reader.aliases.taint(name)
    for inner in names_of(item):
        reader.aliases.union(reader.aliases.content(name), inner)
        reader.aliases.share(inner)


def taken(reader: Reader, container: Dyn, expr: Expr, node: Any, stem: str = "%t") -> Dyn:
    """A value is read from a container made at run time."""
    t = element_of(reader, container)
    made = reader.assign(expr, t, varied(reader, container), node, stem)
    if isinstance(container.expr, Name) and isinstance(made.expr, Name):
        reader.aliases.union(reader.aliases.content(container.expr.id), made.expr.id)
        reader.aliases.share(made.expr.id)
        if isinstance(t, ListT | DictT):
            reader.aliases.hold(made.expr.id, t.elem)
    return made


def element_of(reader: Reader, container: Dyn) -> Type:
    """The type of what a run-time container holds."""
    t = deep_type(reader, container)
    return t.elem if isinstance(t, ListT | DictT) else BOTTOM


def sequence_operator(reader: Reader, fn: Any, left: Value, right: Value, node: Any) -> Value | None:
    """`+` and `*` on tuples and lists; None where neither operand is one."""
    a, b = items_of(reader, left), items_of(reader, right)
    if fn is operator.add and a is not None and b is not None:
        return _like(reader, left, (*a, *b), node)
    if fn is operator.mul and (a is not None or b is not None):
        items, source, times = (a, left, right) if a is not None else (b, right, left)
        assert items is not None
        if isinstance(times, Const) and type(times.value) is int and len(items) * times.value <= FOLLOW_LIMIT:
            return _like(reader, source, items * times.value, node)
        if isinstance(times, Const | Dyn):
            return _repeated(reader, source, times, node)
    if fn in (operator.add, operator.mul) and (is_real_list(left) or is_real_list(right)):
        return _real_operator(reader, fn, left, right, node)
    return None


def items_of(reader: Reader, v: Value) -> tuple[Value, ...] | None:
    """The items of a followed tuple or list."""
    if isinstance(v, Tup):
        return v.items
    if isinstance(v, Obj) and v.cls is list:
        found: Tup = content(reader, v)
        return found.items
    return None


def _like(reader: Reader, source: Value, items: tuple[Value, ...], node: Any) -> Value:
    return new_list(reader, items, node) if isinstance(source, Obj) else Tup(items)


def is_real_list(v: Value) -> bool:
    """A list or tuple made at run time."""
    return isinstance(v, Dyn) and isinstance(v.type, ListT)


def _repeated(reader: Reader, source: Value, times: Value, node: Any) -> Value:
    base = real_list(reader, items_of(reader, source) or (), node) if isinstance(source, Obj) else source
    expr = Apply(operator.mul, (operand(reader, base, node), operand(reader, times, node)))
    return _joined(reader, expr, [base], node)


def _real_operator(reader: Reader, fn: Any, left: Value, right: Value, node: Any) -> Value:
    expr = Apply(fn, (operand(reader, left, node), operand(reader, right, node)))
    return _joined(reader, expr, [left, right], node)


def _joined(reader: Reader, expr: Expr, sources: list[Value], node: Any) -> Dyn:
    """A new list with the elements of others."""
    cls = next((as_list(t).cls for s in sources if as_list(t := deep_type(reader, s)) is not None), list)  # type: ignore[union-attr]
    made = reader.assign(expr, ListT(BOTTOM, cls), False, node)
    for source in sources:
        merge_contents(reader, made, source)
    return made


def merge_contents(reader: Reader, made: Dyn, source: Value) -> None:
    """A container holds whatever another one holds."""
    assert isinstance(made.expr, Name)
    items = items_of(reader, source)
    if items is not None:
        for item in items:
            keep(reader, made, item)
    elif isinstance(source, Dyn) and isinstance(source.expr, Name):
        reader.aliases.hold(made.expr.id, element_of(reader, source))
        reader.aliases.union(reader.aliases.content(made.expr.id), reader.aliases.content(source.expr.id))
        if varied(reader, source):
            reader.aliases.taint(made.expr.id)


def contains(reader: Reader, item: Value, container: Value) -> bool | None:
    """`item in container`, where it is known."""
    if not isinstance(item, Const):
        return None
    if isinstance(container, Const | Ext) and not callable(container.value):
        whole = isinstance(container.value, dict | set | frozenset | str) or isinstance(container, Const)
        return item.value in container.value if whole else None
    if isinstance(container, Obj) and container.cls is dict:
        found: Rec = content(reader, container)
        return found.get(item.value) is not None
    items = items_of(reader, container)
    if items is not None and all(isinstance(i, Const) for i in items):
        return item.value in [i.value for i in items if isinstance(i, Const)]
    return None


def new_dict(reader: Reader, pairs: Sequence[tuple[Value | None, Value]], node: Any) -> Value:
    """`{k: v, **d}`."""
    if node in reader.real and all(k is not None for k, _ in pairs):
        return _real_dict(reader, pairs, node)
    record = Rec((), ())
    for key, value in pairs:
        if key is None:
            inner = record_of(reader, value)
            if inner is None:
                reader.unsupported(node, "`**` of a dict whose keys are not known")
            for k, v in zip(inner.keys, inner.values, strict=True):
                record = record.set(k, v)
        elif isinstance(key, Const) and node not in reader.real:
            record = record.set(key.value, value)
        else:
            return _real_dict(reader, pairs, node)
    return new_object(reader, dict, record, node)


def record_of(reader: Reader, v: Value) -> Rec | None:
    """The items of a dict whose keys are known."""
    if isinstance(v, Obj) and v.cls is dict:
        found: Rec = content(reader, v)
        return found
    return None


def _real_dict(reader: Reader, pairs: Sequence[tuple[Value | None, Value]], node: Any) -> Dyn:
    parts = [operand(reader, p, node) for pair in pairs for p in pair if p is not None]
    made = reader.assign(Apply(make_dict, tuple(parts)), DictT(BOTTOM), False, node)
    for _, value in pairs:
        keep(reader, made, value)
    return made


def append_to(reader: Reader, target: Dyn, value: Value, node: Any) -> None:
    """`target.append(value)` on a list made at run time."""
    stored = as_dyn(reader, value, node) if isinstance(value, Obj | Choice) else value
    keep(reader, target, stored)
    reader.effect(Apply(list.append, (target.expr, operand(reader, stored, node)), (), ".append"), node)
