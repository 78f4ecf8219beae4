"""Recursive functions: read once for each signature, with the captured variables as further parameters.

The result of a call that is still being read is unknown; the body is read again until its kinds do not change any more.
"""
from __future__ import annotations

import operator
from collections.abc import Mapping
from dataclasses import replace
from typing import Any


from ..outlines import Outline
from ..program import (
    Apply, Expr, Lit, Name, Ref, reads)
from ..types import BOTTOM, TOP, DictT, ListT, LitT, Num, SeqT, Type, can_be_active, fresh_dim, is_non1, widen
from .core import Reader, Restart
from .functions import RECURSION
from .hosts import deep_type, operand, varied
from .inputs import stem
from .outlining import Body
from .reading import Out
from .state import Frame
from .values import Bound, Const, Dyn, Ext, Fn, Obj, Rec, Tup, Value

def recursive(reader: Reader, frame: Frame, tree: Any, name: str, bound: Mapping[str, Value], node: Any) -> Value | None:
    """A call of a function that is being read, or that was found to be recursive; None where it is to be read in place."""
    if ("function", tree) not in reader.real:
        if descends(reader, tree, bound):
            return None
        reader.real.add(("function", tree))
        raise Restart
    wide = ("wide", tree) in reader.real
    rows = {p: widened(reader, v) for p, v in bound.items()} if wide else dict(bound)
    key = id(tree), tuple((p, shape_key(reader, v)) for p, v in rows.items()), _parent_key(frame)
    outline = reader.outlines.get(key)
    if outline is None:
        if not wide and any(k[0] == id(tree) and _without_extents(k) == _without_extents(key) for k in reader.outlines):
            reader.real.add(("wide", tree))
            raise Restart
        outline = reader.outlines[key] = Outline(name.lstrip("_") or "f")
        Body(reader, outline, frame, tree, rows).read()
    return _call(reader, outline, rows, node)


RECURSION.append(recursive)


def descends(reader: Reader, tree: Any, bound: Mapping[str, Value]) -> bool:
    """Is the function called with another part of a known structure than in every call around this one?"""
    around = [b for f, b in zip(reader.calls[-len(reader.bound):], reader.bound, strict=True) if f is tree]
    if not around or len(around) > DEEPEST or not any(isinstance(v, Ext | Tup | Obj) for v in bound.values()):
        return False
    own = [shape_key(reader, v) for v in bound.values()]
    return all([shape_key(reader, v) for v in b.values()] != own for b in around) and any(
        isinstance(v, Ext | Tup | Obj) and all(shape_key(reader, b.get(p, v)) != shape_key(reader, v) for b in around)
        for p, v in bound.items())


DEEPEST = 40
"""How deep a known structure may be whose recursion is written out."""


def _without_extents(key: Any) -> Any:
    """A signature in which the extents of arrays do not count."""
    if isinstance(key, tuple) and len(key) == 4 and key[0] == "array":
        return key[:3]
    return tuple(map(_without_extents, key)) if isinstance(key, tuple) else key


def widened(reader: Reader, v: Value) -> Value:
    """An argument of which no extent is known; the run-time value is the same."""
    match v:
        case Dyn(expr=expr, type=Num(kind="array", dims=tuple() as dims) as t, varied=flag):
            return Dyn(expr, replace(t, dims=tuple(fresh_dim() for _ in dims)), flag)
        case Tup(items=items, cls=cls):
            return Tup(tuple(widened(reader, i) for i in items), cls)
    return v


def _parent_key(frame: Frame) -> Any:
    """A local function is another one in each activation of the function around it, unless that is being read itself."""
    return id(frame.parent.source.node) if frame.parent is not None and frame.parent.source is not None else 0


def shape_key(reader: Reader, v: Value) -> Any:
    """What a signature records of an argument."""
    match v:
        case Dyn():
            return type_key(deep_type(reader, v)), varied(reader, v)
        case Const(value=value):
            if type(value) in (int, float, complex):
                return type_key(widen(LitT(value))), False
            return "const", id(value) if not isinstance(value, str) else value
        case Tup(items=items, cls=cls):
            return cls, tuple(shape_key(reader, i) for i in items)
        case Ext(value=value):
            return "ext", id(value)
        case Fn(node=node, frame=frame):
            return "fn", id(node), frame
        case Bound(function=f, args=args):
            return "bound", shape_key(reader, f), tuple(shape_key(reader, a) for a in args)
        case Obj(id=id_):
            return "obj", id_
    return type(v), v if v.__hash__ else id(v)


def type_key(t: Type) -> Any:
    """A type without the identity of its extents."""
    if isinstance(t, Num):
        return t.kind, t.dtype, t.rank, tuple(1 if d == 1 else is_non1(d) for d in t.dims or ())
    if isinstance(t, SeqT):
        return t.cls, tuple(map(type_key, t.items))
    if isinstance(t, ListT | DictT):
        return type(t), type_key(t.elem)
    return t


def _call(reader: Reader, outline: Outline, rows: Mapping[str, Value], node: Any) -> Value:
    """The call, and its result as a value."""
    args: list[Expr] = []
    active = False
    for v in rows.values():
        for inner in _leaves(v):
            args.append(atom(reader, inner, node))
            active |= varied(reader, inner)
    if outline.complete:
        for _, v in outline.captured:
            args.append(atom(reader, v, node))
            active |= varied(reader, v)
    for v in rows.values():
        for inner in _leaves(v):
            if isinstance(inner, Dyn) and isinstance(inner.expr, Name):
                reader.aliases.share(inner.expr.id)
    return _result(reader, outline, Apply(outline, tuple(args), (), Ref(outline, outline.name)), active, node)


def atom(reader: Reader, v: Value, node: Any) -> Expr:
    """An argument as an operand; what stands at a path in a container gets a name."""
    if isinstance(v, Ext) and isinstance(v.expr, Apply):
        made = reader.assign(v.expr, TOP, v.varied, node, stem(v.expr))
        return made.expr
    return operand(reader, v, node)


def _leaves(v: Value) -> list[Value]:
    """The run-time parts of an argument."""
    if isinstance(v, Ext) and list(reads(v.expr)):
        return [v]
    if isinstance(v, Tup):
        return [x for i in v.items for x in _leaves(i)]
    number = isinstance(v, Const) and type(v.value) in (int, float, complex)
    return [v] if isinstance(v, Dyn) or number else []


def _result(reader: Reader, outline: Outline, expr: Expr, active: bool, node: Any) -> Value:
    types = outline.out_types
    if len(types) <= 1:
        t = types[0] if types else BOTTOM
        made = reader.assign(expr, t, active, node, "%" + outline.name)
        return _structure(outline.out, [made]) if outline.out is not None else made
    whole = reader.assign(expr, SeqT(types), active, node, "%" + outline.name)
    parts = [reader.assign(Apply(operator.getitem, (whole.expr, Lit(k))), t, active and can_be_active(t), node, "%t")
             for k, t in enumerate(types)]
    return _structure(outline.out, parts)


def _structure(out: Out, parts: list[Dyn]) -> Value:
    if out.index >= 0:
        return parts[out.index]
    inner = tuple(_structure(p, parts) for p in out.parts)
    return Rec(out.keys, inner) if out.cls is dict else Tup(inner, out.cls)

