"""Recursive functions: read once for each signature, with the captured variables as further parameters.

The result of a call that is still being read is unknown; the body is read again until its kinds do not change any more.
"""
from __future__ import annotations

import operator
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import gast

from ..outlines import Outline
from ..program import (
    Apply, Assign, Attr, Block, Expr, Lit, Name, Names, Param, Program, Ref, While, base, own_exprs, reads, walk, walk_blocks)
from ..rewrite import map_statements
from ..syntax import Callee
from ..types import BOTTOM, DictT, ListT, LitT, Num, SeqT, Type, can_be_active, is_non1, same_type, widen
from .branches import end_of_body
from .core import RETURNED, Leaf, Reader, Restart
from .functions import RECURSION, bind_arguments, refuse_generators, settled
from .hosts import deep_type, operand, varied
from .reading import Out, completed
from .state import Frame, State
from .values import Bound, Box, Const, Dyn, Ext, Fn, Obj, Rec, Slice, Tup, Value

MAX_READINGS = 8


def recursive(reader: Reader, frame: Frame, tree: Any, name: str, defaults: Sequence[Value], kw_defaults: Mapping[str, Value],
              args: Sequence[Value], kwargs: Mapping[str, Value], node: Any) -> Value:
    """A call of a function that is being read, or that was found to be recursive."""
    if ("function", tree) not in reader.real:
        reader.real.add(("function", tree))
        raise Restart
    bound = bind_arguments(reader, tree.args, name, args, kwargs, defaults, kw_defaults, node)
    rows = dict(bound)
    key = id(tree), tuple((p, shape_key(reader, v)) for p, v in rows.items()), _parent_key(frame)
    outline = reader.outlines.get(key)
    if outline is None:
        outline = reader.outlines[key] = Outline(name.lstrip("_") or "f")
        _Body(reader, outline, frame, tree, rows).read()
    return _call(reader, outline, rows, node)


RECURSION.append(recursive)


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


class _Body:
    """Reads the body of an outline in a reader of its own."""

    def __init__(self, outer: Reader, outline: Outline, frame: Frame, tree: Any, rows: Mapping[str, Value]) -> None:
        self.outer, self.outline, self.frame, self.tree, self.rows = outer, outline, frame, tree, rows

    def read(self) -> None:
        """Read until the kinds of the result do not change."""
        for _ in range(MAX_READINGS):
            before = self.outline.out_types
            self.once()
            if len(before) == len(self.outline.out_types) and all(map(same_type, before, self.outline.out_types)):
                break
        else:
            self.outer.unsupported(self.tree, f"the kinds of what the recursive {self.outline.name}() returns do not settle")
        self.outline.program = with_captured(self.outline)
        self.outline.complete = True

    def once(self) -> None:
        outer, outline = self.outer, self.outline
        reader = self.reader = Reader(Names(), outer.real)
        reader.all_frames, reader.outlines = outer.all_frames, outer.outlines
        reader.frames, reader.objects = outer.frames, outer.objects
        reader.sites, reader.outer = dict(outer.sites), dict(outer.outer)
        reader.calls = list(outer.calls)
        outline.captured = []
        self.seen: dict[str, Dyn] = {}
        reader.state = State({k: self.imported(v) for k, v in outer.state.vars.items()})
        reader.frame, reader.statement = self.frame, self.tree
        reader.return_stems[self.frame.id] = "%value"
        params = [self.bind(p, v) for p, v in self.rows.items()]
        reader.calls = [*outer.calls, self.tree]
        value = self.body()
        leaves = [*reader.returns, Leaf("return", reader.draft, reader.state.copy(), value, reader.origin())]
        leaves = [leaf for leaf in leaves if leaf.value is not None]
        made = completed(reader, leaves, outline.name, tuple(p for row in params for p in row), Callee(None))
        outline.program, outline.out, outline.out_types = made.program, made.out, made.out_types
        outer.frames, outer.objects = reader.frames, reader.objects
        for fact in reader.facts.items:
            if not isinstance(fact.expr, Name | Apply):
                outer.facts.add(fact.kind, fact.expr, fact.value)

    def body(self) -> Value | None:
        reader, tree = self.reader, self.tree
        if isinstance(tree, gast.Lambda):
            return reader.expr(tree.body, "%value")
        refuse_generators(reader, tree)
        status = reader.block(settled(tree, False))
        if status == "fall":
            status = end_of_body(reader)
        return reader.state.vars["v", self.frame.id, "%return"] if status == RETURNED else None

    # ── parameters ──
    def bind(self, parameter: str, v: Value) -> list[Param]:
        """Give a parameter of the body its value; the parameters of the program for it."""
        params: list[Param] = []

        def leaf(inner: Value, stem: str) -> Value:
            match inner:
                case Dyn() | Const(value=int() | float() | complex()) if not isinstance(getattr(inner, "value", 0), bool):
                    t = widen(deep_type(self.outer, inner))
                    name = self.reader.fresh(stem, t)
                    params.append(Param(name))
                    made = Dyn(Name(name), t, varied(self.outer, inner))
                    self.reader.aliases.share(name)
                    if isinstance(t, ListT | DictT):
                        self.reader.aliases.hold(name, t.elem)
                    return made
                case Tup(items=items, cls=cls):
                    return Tup(tuple(leaf(i, stem) for i in items), cls)
                case Obj():
                    self.outer.unsupported(self.tree, "a list, dict or object made by the program is handed to a recursive function",
                                           "hand over numbers, arrays or tuples")
            return self.imported(inner)

        self.reader.state.vars["v", self.frame.id, parameter] = leaf(v, parameter)
        return params

    def imported(self, v: Value) -> Value:
        """A captured value: its run-time parts become parameters, added where they are used."""
        match v:
            case Dyn(expr=Name(id=id_)):
                if id_ not in self.seen:
                    name = self.reader.fresh(base(id_), v.type)
                    self.seen[id_] = Dyn(Name(name), v.type, varied(self.outer, v))
                    self.outline.captured.append((name, v))
                    self.reader.aliases.share(name)
                return self.seen[id_]
            case Tup(items=items, cls=cls):
                return Tup(tuple(map(self.imported, items)), cls)
            case Rec(keys=keys, values=values):
                return Rec(keys, tuple(map(self.imported, values)))
            case Bound(function=f, args=args, kwargs=kwargs):
                return Bound(self.imported(f), tuple(map(self.imported, args)), tuple((k, self.imported(x)) for k, x in kwargs))
            case Slice(start=a, stop=b, step=c):
                return Slice(*(self.imported(p) for p in (a, b, c)))
            case Box():
                return v
        return v


def with_captured(outline: Outline) -> Program:
    """The program with the captured values that it uses as parameters, which its own calls of itself hand on."""
    program = outline.program
    used = _used(program)
    needs = any(_calls(s, outline) for s in walk(program.body))
    outline.captured = [(n, v) for n, v in outline.captured if n in used]
    own = tuple(Name(n) for n, _ in outline.captured)
    body = _patched(program.body, outline, own) if needs else program.body
    params = (*program.params, *(Param(n) for n, _ in outline.captured))
    return replace(program, params=params, body=body)


def _used(program: Program) -> set[str]:
    return {n for s in walk(program.body) for e in own_exprs(s) if not isinstance(e, Attr | None) for n in reads(e)} | {
        n for b in walk_blocks(program.body) if b.exit is not None for v in b.exit.values for n in reads(v)} | {
        n for s in walk(program.body) if isinstance(s, While) for n in reads(s.test)}


def _calls(stmt: Any, outline: Outline) -> bool:
    return isinstance(stmt, Assign) and isinstance(stmt.value, Apply) and stmt.value.fn is outline


def _patched(block: Block, outline: Outline, own: tuple[Expr, ...]) -> Block:
    def change(stmt: Any) -> Any:
        if _calls(stmt, outline):
            return replace(stmt, value=replace(stmt.value, args=(*stmt.value.args, *own)))
        return stmt

    return map_statements(block, change)


def _call(reader: Reader, outline: Outline, rows: Mapping[str, Value], node: Any) -> Value:
    """The call, and its result as a value."""
    args: list[Expr] = []
    active = False
    for v in rows.values():
        for inner in _leaves(v):
            args.append(operand(reader, inner, node))
            active |= varied(reader, inner)
    if outline.complete:
        for _, v in outline.captured:
            args.append(operand(reader, v, node))
            active |= varied(reader, v)
    for v in rows.values():
        for inner in _leaves(v):
            if isinstance(inner, Dyn) and isinstance(inner.expr, Name):
                reader.aliases.share(inner.expr.id)
    return _result(reader, outline, Apply(outline, tuple(args), (), Ref(outline, outline.name)), active, node)


def _leaves(v: Value) -> list[Value]:
    """The run-time parts of an argument."""
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

