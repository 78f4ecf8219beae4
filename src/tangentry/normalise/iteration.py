"""What a loop runs over: a known row of values, or lockstep items of the program (`range`, elements, a count)."""
from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ..program import Apply, Expr, Item, Lit, Name
from ..types import INT, STR, TOP, DictT, ListT, MaybeT, Num, ObjT, SeqT, Type, as_list, is_non1
from .call import call_value
from .containers import content, element_of, items_of
from .core import Reader
from .hosts import operand, varied
from .inputs import as_runtime, element_type, is_numeric, item, lift
from .values import Const, Dyn, Ext, Iter, Obj, Rec, Tup, Value, const

Binder = Callable[[Reader], Value]


@dataclass
class Walk:
    """A loop's run over something: `items` of the `For`, and how the element is made from their targets."""

    items: list[Item]
    element: Binder


def static_items(reader: Reader, v: Value, node: Any) -> list[Value] | None:
    """The values that an iterable yields, where they are known one by one."""
    match v:
        case Tup(items=items):
            return list(items)
        case Obj(cls=cls) if cls in (list, dict):
            found = content(reader, v)
            return list(found.items) if isinstance(found, Tup) else [const(k) for k in found.keys]
        case Const(value=value) if isinstance(value, str | tuple | range):
            return [const(i) for i in value]
        case Dyn(type=SeqT(items=types)):
            return [_part(reader, v, i, t, node) for i, t in enumerate(types)]
        case Dyn(type=Num(kind="array", dims=dims)) if dims and isinstance(dims[0], int):
            return None
        case Ext():
            return _static_ext(reader, v)
        case Iter():
            return _static_iter(reader, v, node)
    return None


def _part(reader: Reader, v: Dyn, index: int, t: Type, node: Any) -> Value:
    import operator
    return reader.assign(Apply(operator.getitem, (v.expr, Lit(index))), t, v.varied, node, "%t")


def _static_ext(reader: Reader, v: Ext) -> list[Value] | None:
    """An outer tuple, dict, or a list whose elements are of different kinds: item by item."""
    value = v.value
    if isinstance(value, dict):
        reader.facts.add("keys", v.expr, tuple(value))
        return [const(k) for k in value]
    if isinstance(value, list | tuple):
        if type(value) is list and is_numeric(element_type(value)):
            return None
        reader.facts.add("length", v.expr, len(value))
        return [lift(reader, item(v, i), x, v.varied) for i, x in enumerate(value)]
    return None


def _static_iter(reader: Reader, v: Iter, node: Any) -> list[Value] | None:
    """A lazy iterable over known values."""
    if v.kind in ("range", "generator", "count"):
        return None
    parts = [static_items(reader, a, node) for a in (v.args[1:] if v.kind in ("map", "filter") else v.args[:1]
                                                     if v.kind == "enumerate" else v.args)]
    if v.kind == "zip" and any(p is not None for p in parts):
        return _static_zip(reader, v, parts)
    if any(p is None for p in parts):
        return None
    rows = [p for p in parts if p is not None]
    if v.kind == "enumerate":
        start = v.args[1].value if isinstance(v.args[1], Const) else None
        return None if start is None else [Tup((const(start + i), x)) for i, x in enumerate(rows[0])]
    if v.kind == "reversed":
        return rows[0][::-1]
    if v.kind == "map":
        return [call_value(reader, v.args[0], row, {}, node) for row in zip(*rows, strict=False)]
    if v.kind == "keys":
        return rows[0]
    if v.kind in ("values", "items"):
        return _static_pairs(reader, v)
    return None


def _static_zip(reader: Reader, v: Iter, parts: list[list[Value] | None]) -> list[Value] | None:
    if any(p is None for p in parts):
        return None
    return [Tup(tuple(row)) for row in zip(*[p for p in parts if p is not None], strict=False)]


def _static_pairs(reader: Reader, v: Iter) -> list[Value] | None:
    source = v.args[0]
    if isinstance(source, Obj):
        record: Rec = content(reader, source)
        keys, values = record.keys, list(record.values)
    elif isinstance(source, Ext):
        reader.facts.add("keys", source.expr, tuple(source.value))
        keys = tuple(source.value)
        values = [lift(reader, item(source, k), source.value[k], source.varied) for k in keys]
    else:
        return None
    if v.kind == "values":
        return values
    return [Tup((const(k), x)) for k, x in zip(keys, values, strict=True)]


def walk(reader: Reader, v: Value, node: Any, stem: str = "%t") -> Walk:
    """The items of a `For` over something whose length is not known."""
    match v:
        case Iter(kind="range", args=args):
            return _walk_range(reader, args, node, stem)
        case Iter(kind="enumerate", args=(inner, start)):
            first = _counter(reader, start, node)
            second = walk(reader, inner, node, stem)
            return Walk([*first.items, *second.items], lambda r: Tup((first.element(r), second.element(r))))
        case Iter(kind="zip", args=args):
            parts = [walk(reader, a, node, stem) for a in args]
            return Walk([i for p in parts for i in p.items], lambda r: Tup(tuple(p.element(r) for p in parts)))
        case Iter(kind="reversed", args=(inner,)):
            return _backward(reader, walk(reader, inner, node, stem), node)
        case Iter(kind="map", args=(fn, *sources)):
            parts = [walk(reader, a, node, stem) for a in sources]
            return Walk([i for p in parts for i in p.items],
                        lambda r: call_value(r, fn, [p.element(r) for p in parts], {}, node))
        case Ext() if isinstance(v.value, list | tuple):
            return walk(reader, as_runtime(reader, v), node, stem)
        case Dyn():
            return _walk_elements(reader, v, node, stem)
        case Tup() | Obj():
            return _walk_elements(reader, _row(reader, v, node), node, stem)
    return _walk_opaque(reader, operand(reader, v, node), node, stem)


def _walk_range(reader: Reader, args: tuple[Value, ...], node: Any, stem: str) -> Walk:
    name = reader.fresh(stem, INT)
    bounds = tuple(operand(reader, a, node) for a in args)
    return Walk([Item(name, "range", bounds)], lambda r: Dyn(Name(name), INT))


def _counter(reader: Reader, start: Value, node: Any) -> Walk:
    name = reader.fresh("%i", INT)
    return Walk([Item(name, "count", (operand(reader, start, node),))], lambda r: Dyn(Name(name), INT))


def _backward(reader: Reader, inner: Walk, node: Any) -> Walk:
    if len(inner.items) != 1 or inner.items[0].kind == "count":
        reader.unsupported(node, "`reversed` of this iterable is not differentiated")
    only = inner.items[0]
    return Walk([Item(only.target, only.kind, only.args, not only.backward)], inner.element)


def _row(reader: Reader, v: Value, node: Any) -> Dyn:
    """Known values as one run-time tuple, to loop over."""
    items = items_of(reader, v) or ()
    whole = as_list(SeqT(tuple(t.type if isinstance(t, Dyn) else INT for t in items)))
    t = ListT(whole.elem if whole else TOP, tuple)
    return reader.assign(operand(reader, Tup(items), node), t, varied(reader, v), node)


def element(t: Type) -> Type:
    """The type of what iterating over a value yields."""
    t = t.inner if isinstance(t, MaybeT) else t
    if isinstance(t, Num):
        if t.dims is None:
            return Num("any", t.dtype, None)
        return Num("array", t.dtype, t.dims[1:]) if len(t.dims) > 1 else Num("np", t.dtype)
    if isinstance(t, ListT | DictT):
        return t.elem if isinstance(t, ListT) else TOP
    return STR if isinstance(t, ObjT) and t.cls is str else TOP


def _walk_elements(reader: Reader, v: Dyn, node: Any, stem: str) -> Walk:
    t = element_of(reader, v) if isinstance(v.type, ListT) else element(v.type)
    name = reader.fresh(stem, t)
    if isinstance(v.expr, Name) and (isinstance(v.type, ListT) or not isinstance(t, Num) or t.rank != 0):
        source = reader.aliases.content(v.expr.id) if isinstance(v.type, ListT) else v.expr.id
        reader.aliases.union(source, name)
        reader.aliases.share(name)
    return Walk([Item(name, "each", (v.expr,))], lambda r: Dyn(Name(name), t, varied(r, v)))


def _walk_opaque(reader: Reader, expr: Expr, node: Any, stem: str) -> Walk:
    name = reader.fresh(stem, TOP)
    return Walk([Item(name, "each", (expr,))], lambda r: Dyn(Name(name), TOP))


def uniform(items: list[Value]) -> bool:
    """Have all values one numeric type, so that a loop can run over them?"""
    types = [i.type if isinstance(i, Dyn) else None for i in items]
    first = types[0] if types else None
    if not isinstance(first, Num) or first.dims is None:
        return False
    return all(isinstance(t, Num) and t.kind == first.kind and t.dtype == first.dtype and t.dims is not None
               and [is_non1(d) for d in t.dims] == [is_non1(d) for d in first.dims] for t in types)


