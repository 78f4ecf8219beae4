"""Derivatives within a program: the inner function is read on its own, differentiated, and its program put in place.

What the inner function captures from the outer program is a further input of it, on which its own derivative does not
depend; so a perturbation of the outer derivative is never taken for one of the inner.
"""
from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from ..errors import ArgumentError
from ..prims import make_dict, make_list, make_tuple
from ..program import (
    Apply, Assign, Block, Carry, Expr, For, If, Item, Lit, Name, Names, Param, Program, Stmt, Try, While, With, base,
    binds_inside, defines, walk)
from ..syntax import Callee
from ..trees import children, is_tree
from ..types import DictT, ListT, Num, Top, Type, is_active_dtype, type_of, widen
from .call import call_value
from .containers import content, new_dict, new_list, new_object
from .core import Reader
from .hosts import varied
from .inputs import as_runtime, attribute, element_type, is_numeric, item, lift
from .reading import Reading, finish_reader
from .state import Frame, State
from .values import Box, Const, Dyn, Ext, Obj, Rec, Tup, Value, const

Splice = Callable[[Expr], Value]


class Inner:
    """A reading of one call within another reading; `given` maps its parameters to operands of the outer program."""

    def __init__(self, outer: Reader) -> None:
        self.outer = outer
        self.reader = Reader(Names(), outer.real)
        self.reader.all_frames = outer.all_frames
        self.reader.frames, self.reader.objects = outer.frames, outer.objects
        self.reader.sites, self.reader.outer = dict(outer.sites), dict(outer.outer)
        self.reader.calls, self.reader.bound = list(outer.calls), list(outer.bound)
        self.reader.params = set()
        self.given: dict[str, Expr] = {}
        self.seen: dict[str, Dyn] = {}
        self.active: list[str] = []
        self.depends: set[str] = set()
        self.reader.state = State({k: self.imported(v, False) for k, v in outer.state.vars.items()})

    # ── values of the outer program as inputs ──
    def imported(self, v: Value, wrt: bool) -> Value:
        """A value of the outer program as one of the inner; its run-time parts become parameters."""
        match v:
            case Dyn():
                return self.parameter(v, wrt)
            case Tup(items=items, cls=cls):
                return Tup(tuple(self.imported(i, wrt) for i in items), cls)
            case Rec(keys=keys, values=values):
                return Rec(keys, tuple(self.imported(i, wrt) for i in values))
            case Const(value=float() | complex()) if wrt:
                return self.parameter(v, True)
            case Ext() if wrt and is_tree(v.value):
                return self.imported(self.opened(v), True)
            case Ext():
                return replace(v, expr=self.rooted(v.expr), varied=False)
            case Obj() if wrt:
                held = self.imported(content(self.outer, v), True)
                self.reader.objects += 1
                made = Obj(self.reader.objects, v.cls, v.site)
                self.reader.state.vars["h", made.id] = held
                return made
            case Box():
                return v
        return v

    def opened(self, v: Ext) -> Value:
        """An outer container to differentiate by: one run-time list where all its elements are alike, else part by part."""
        value = v.value
        if type(value) in (list, tuple) and is_numeric(element_type(value)) and type(value) is list:
            return as_runtime(self.outer, v)
        parts = [lift(self.outer, item(v, key) if kind == "item" else attribute(v, key), part, v.varied)
                 for (kind, key), part in children(value)]
        if isinstance(value, list | tuple):
            return Tup(tuple(parts), type(value)) if isinstance(value, tuple) else \
                new_object(self.outer, list, Tup(tuple(parts), list), None)
        keys = tuple(key for (_, key), _ in children(value))
        return new_object(self.outer, type(value), Rec(keys, tuple(parts)), None)

    def parameter(self, v: Dyn | Const, wrt: bool) -> Dyn:
        t: Type = v.type if isinstance(v, Dyn) else widen(type_of(v.value))
        if isinstance(v, Dyn) and not wrt and not isinstance(v.expr, Name):
            return v
        key = v.expr.id if isinstance(v.expr, Name) else ""
        if not wrt and key in self.seen:
            return self.seen[key]
        name = self.reader.fresh(base(key) if key and not key.startswith("%") else "%x", t)
        self.given[name] = v.expr
        if varied(self.outer, v):
            self.depends.add(name)
        active = wrt and (not isinstance(t, Num) or is_active_dtype(t.dtype))
        made = Dyn(Name(name), t, active)
        if active:
            self.active.append(name)
        if isinstance(t, ListT | DictT):
            self.reader.aliases.hold(name, self.outer.aliases.element(key, t.elem))
        self.reader.aliases.share(name)
        if not wrt:
            self.seen[key] = made
        return made

    def rooted(self, expr: Expr) -> Expr:
        """A path that starts at a name of the outer program starts at a parameter here."""
        if isinstance(expr, Name):
            return self.parameter(Dyn(expr, self.outer.types.get(expr.id, Top())), False).expr
        if isinstance(expr, Apply):
            return replace(expr, args=tuple(self.rooted(a) for a in expr.args))
        return expr

    # ── the reading ──
    def read(self, fn: Value, args: Sequence[Value], kwargs: Mapping[str, Value], node: Any) -> Reading:
        """Read the call of the inner function."""
        reader, outer = self.reader, self.outer
        reader.frame = Frame(reader.frame_id(), outer.frame.source, outer.frame.globals, outer.frame.cells, frozenset(),
                             outer.frame)
        reader.all_frames[reader.frame.id] = reader.frame
        reader.statement = outer.statement
        reader.hint = "%value"
        value = call_value(reader, fn, args, kwargs, node)
        reader.hint = ""
        self.refuse_outer_changes(node)
        params = tuple(Param(n) for n in self.given)
        reading = finish_reader(reader, "inner", params, value, Callee(None))
        for fact in reader.facts.items:
            expr = _substituted(fact.expr, self.given)
            if _is_outside(expr):
                outer.facts.add(fact.kind, expr, fact.value)
        outer.frames, outer.objects = reader.frames, reader.objects
        return replace(reading, roots={n: n for n in self.given}, values=dict.fromkeys(self.given, 0.0))

    def refuse_outer_changes(self, node: Any) -> None:
        """A function whose derivative is taken must not rebind variables of the function around it."""
        for key, value in self.outer.state.vars.items():
            if key[0] == "v" and key in self.reader.state.vars:
                now = self.reader.state.vars[key]
                if isinstance(now, Dyn) and isinstance(now.expr, Name) and now.expr.id not in self.given and \
                        not (isinstance(value, Dyn) and now.expr == value.expr):
                    self.outer.unsupported(node, f"the function whose derivative is taken here sets {key[2]!r} outside of it",
                                           "return the value instead")


def _is_outside(expr: Expr) -> bool:
    """Is it a path that starts at a parameter or at something known?"""
    while isinstance(expr, Apply) and expr.args:
        expr = expr.args[0]
    return not isinstance(expr, Name) or "." not in expr.id


def splice(outer: Reader, program: Program, given: Mapping[str, Expr], active: bool) -> Splice:
    """Put a program in single assignment in place; gives the values of its result expressions.

    `active`: do its inputs depend on what the outer program differentiates?
    """
    to: dict[str, Expr] = dict(given)
    for name in _bound(program.body):
        fresh = outer.fresh(base(name), program.types.get(name, Top()))
        to[name] = Name(fresh)
    names = {k: v.id for k, v in to.items() if isinstance(v, Name)}
    body = _Substitution(to, names).block(program.body)
    outer.draft.stmts.extend(body.stmts)
    _alias(outer, body)

    def value(expr: Expr) -> Value:
        return value_of(outer, _substituted(expr, to), active)

    return value


def _bound(block: Block) -> list[str]:
    return [n for s in walk(block) for n in (*binds_inside(s), *defines(s))]


def _alias(outer: Reader, body: Block) -> None:
    """What the program in place makes may be shared: operators in place on it stay in place."""
    for name in _bound(body):
        outer.aliases.share(name)


def _substituted(expr: Expr, to: Mapping[str, Expr]) -> Expr:
    if isinstance(expr, Name):
        return to.get(expr.id, expr)
    if isinstance(expr, Apply):
        return Apply(expr.fn, tuple(_substituted(a, to) for a in expr.args),
                     tuple((k, _substituted(v, to)) for k, v in expr.kwargs), expr.form)
    return expr


class _Substitution:
    """Renames what a program binds and puts operands in the place of its parameters."""

    def __init__(self, to: Mapping[str, Expr], names: Mapping[str, str]) -> None:
        self.to, self.names = to, names

    def expr(self, e: Any) -> Any:
        return _substituted(e, self.to) if isinstance(e, Name | Apply) else e

    def name(self, n: str) -> str:
        return self.names.get(n, n)

    def block(self, b: Block) -> Block:
        leaf = b.exit
        return Block(tuple(map(self.stmt, b.stmts)),
                     replace(leaf, values=tuple(map(self.expr, leaf.values))) if leaf is not None else None)

    def stmt(self, s: Stmt) -> Stmt:
        match s:
            case Assign(target=target, value=value):
                return replace(s, target=self.name(target), value=self.expr(value))
            case If():
                return replace(s, test=self.expr(s.test), then=self.block(s.then), orelse=self.block(s.orelse),
                               results=tuple(map(self.name, s.results)))
            case For():
                items = tuple(Item(self.name(i.target), i.kind, tuple(map(self.expr, i.args)), i.backward) for i in s.items)
                return replace(s, items=items, carries=self.carries(s.carries), body=self.block(s.body))
            case While():
                return replace(s, test=self.expr(s.test), carries=self.carries(s.carries), body=self.block(s.body))
            case With():
                return replace(s, context=self.expr(s.context), target=self.name(s.target), body=self.block(s.body),
                               results=tuple(map(self.name, s.results)))
            case Try():
                handlers = tuple(replace(h, kind=self.expr(h.kind), name=self.name(h.name), body=self.block(h.body))
                                 for h in s.handlers)
                return replace(s, body=self.block(s.body), handlers=handlers, final=self.block(s.final),
                               results=tuple(map(self.name, s.results)))
        changes = {f: self.expr(getattr(s, f)) for f in ("obj", "index", "value") if hasattr(s, f)}
        return replace(s, **changes)

    def carries(self, row: tuple[Carry, ...]) -> tuple[Carry, ...]:
        return tuple(Carry(self.name(c.param), self.expr(c.init), self.name(c.result)) for c in row)


def value_of(outer: Reader, expr: Expr, active: bool) -> Value:
    """An expression of the program put in place as a value that can be followed."""
    if isinstance(expr, Lit):
        return const(expr.value)
    if isinstance(expr, Name):
        return Dyn(expr, outer.types.get(expr.id, Top()), active)
    if isinstance(expr, Apply) and expr.fn in (make_tuple, make_list):
        items = tuple(value_of(outer, a, active) for a in expr.args)
        return Tup(items) if expr.fn is make_tuple else new_list(outer, items, None)
    if isinstance(expr, Apply) and expr.fn is make_dict:
        pairs = [(value_of(outer, k, active), value_of(outer, v, active))
                 for k, v in zip(expr.args[::2], expr.args[1::2], strict=True)]
        return new_dict(outer, pairs, None)
    return outer.assign(expr, Top(), active)


def structured(v: Value, leaf: Callable[[Dyn], Value], reader: Reader) -> Value:
    """A value of the structure of another one, leaf by leaf; None for what has no derivative."""
    if isinstance(v, Dyn):
        return leaf(v)
    if isinstance(v, Tup):
        return Tup(tuple(structured(i, leaf, reader) for i in v.items), v.cls)
    if isinstance(v, Obj):
        held = structured(reader.state.vars["h", v.id], leaf, reader)
        return Tup(held.items, list) if isinstance(held, Tup) else held
    if isinstance(v, Rec):
        return Rec(v.keys, tuple(structured(i, leaf, reader) for i in v.values))
    return const(None)


def settle(outer: Reader, v: Value, node: Any) -> Value:
    """Contents of lists and dicts as objects of the outer program."""
    if isinstance(v, Tup) and v.cls is list:
        return new_list(outer, [settle(outer, i, node) for i in v.items], node)
    if isinstance(v, Tup):
        return Tup(tuple(settle(outer, i, node) for i in v.items), v.cls)
    if isinstance(v, Rec):
        return new_dict(outer, [(const(k), settle(outer, i, node)) for k, i in zip(v.keys, v.values, strict=True)], node)
    return v


def chosen(args: Sequence[Value], kwargs: Mapping[str, Value], argnums: Any, names: Sequence[str], node: Any,
           outer: Reader) -> list[int | str]:
    """Which of the given arguments are differentiated, by position or keyword."""
    wanted = argnums if isinstance(argnums, tuple | list) else (argnums,)
    found: list[int | str] = []
    for w in wanted:
        if isinstance(w, str) and w not in kwargs:
            w = names.index(w) if w in names else w
        if isinstance(w, int):
            w = w + max(len(args), len(names)) if w < 0 else w
            if w >= len(args) and w < len(names) and names[w] in kwargs:
                w = names[w]
        if (isinstance(w, int) and w >= len(args)) or (isinstance(w, str) and w not in kwargs):
            raise ArgumentError(f"argnums={w!r} names no argument of this call", "", outer.origin(node))
        found.append(w)
    return found

