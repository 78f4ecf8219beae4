"""Loops: the variables that a trip changes become carries; types are widened until a further reading changes nothing.

Accepts a body and what binds its targets; yields `For` and `While` whose leaves carry the next values.
"""
from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import gast

from ..program import UNDEF, Apply, Assign, Carry, Exit, Expr, For, If, Item, Lit, Name, While
from ..prims import and_, ifexp, or_
from ..types import same_type
from .branches import condition, leave, stem_of, truth
from .core import EXITED, FALL, RAISED, RETURNED, Draft, Leaf, Loop, Raises, Reader, Restart
from .state import Key, Mismatch, State, joined_type, joined_varied, leaf_operand, merge, references, same
from .values import UNBOUND, Box, Const, Dyn, Obj, Rec, Tup, Unbound, Value, names_of

MAX_READINGS = 12
Start = Callable[[], tuple[list[Item], Callable[[], None]]]


class NotPlain(Exception):
    """A loop's test is more than one expression without effects."""


@dataclass
class Reading:
    """One reading of a loop's body."""

    loop: Loop
    draft: Draft
    head: State
    test: Expr
    items: list[Item]


def read_loop(reader: Reader, node: Any, body: list[Any], start: Start, test: Any = None) -> str:
    """Read a loop until its carries are settled, and write it down; how it ends."""
    entry, outside, written = reader.state, reader.draft, len(reader.draft.stmts)
    returns, marks = len(reader.returns), (reader.frames, reader.objects)
    carried = _seeds(reader, body, entry)
    for _ in range(MAX_READINGS):
        del reader.returns[returns:], outside.stmts[written:]
        reader.state = entry.copy()
        items, bind = start()  # what the iterable needs is written before the loop
        names = [n for v in (*entry.vars.values(), *carried.values()) for n in names_of(v)]
        before = reader.aliases.marks(names)
        reading = _read_body(reader, entry, carried, body, items, bind, test)
        if not _widen(reader, carried, entry, reading, marks) and reader.aliases.marks(names) == before:
            break
    else:
        reader.unsupported(node, "the kinds of this loop's variables do not settle")
    carries, state = _carries(reader, carried, entry, reading)
    stmt: Any = While(reading.test, carries, reading.draft, reader.origin(node)) if test is not None else \
        For(tuple(reading.items), carries, reading.draft, reader.origin(node))  # type: ignore[arg-type]
    reader.emit(stmt)
    reader.state = state
    endless = test is not None and isinstance(reading.test, Lit) and bool(reading.test.value)
    if endless and not any(leaf.kind == "break" for leaf in reading.loop.leaves):
        return EXITED if len(reader.returns) > returns else RAISED
    return FALL


def _seeds(reader: Reader, body: list[Any], entry: State) -> dict[Key, Value]:
    """The variables that the body assigns and that are numbers already: carries from the first reading on."""
    stored = {n.id for s in body for n in gast.walk(s) if isinstance(n, gast.Name) and isinstance(n.ctx, gast.Store)}
    carried: dict[Key, Value] = {}
    for name in sorted(stored):
        key = "v", reader.frame.id, name
        value = entry.vars.get(key)
        if isinstance(value, Dyn) or (isinstance(value, Const) and type(value.value) in (int, float)):
            carried[key] = _param(reader, key, value, value)
    return carried


def _param(reader: Reader, key: Key, a: Value, b: Value) -> Dyn:
    t = joined_type(a, b)
    name = reader.fresh(stem_of(reader, key), t)
    reader.params.add(name)
    for source in (*names_of(a), *names_of(b)):
        reader.aliases.union(name, source)
    return Dyn(Name(name), t, joined_varied(a, b, t))


def _read_body(reader: Reader, entry: State, carried: dict[Key, Value], body: list[Any], items: list[Item],
               bind: Callable[[], None], test: Any) -> Reading:
    head = entry.copy()
    for key, template in carried.items():
        head.vars[key] = unboxed(template, head)
    reader.state = head.copy()
    loop, draft = Loop(reader.frame), Draft()
    reader.loops.append(loop)
    try:
        with reader.into(draft):
            expr = Lit(True) if test is None else _test(reader, test)
            try:
                bind()
                status = reader.block(body)
            except Raises:
                status = RAISED
            if status in (FALL, RETURNED):
                leave(reader, "next")
    finally:
        reader.loops.pop()
    return Reading(loop, draft, head, expr, items)


def _test(reader: Reader, test: Any) -> Expr:
    """A loop's test as one nested expression.

    Raises NotPlain where it does more than compute a value.
    """
    draft = Draft()
    with reader.into(draft):
        value = reader.expr(test)
        known = truth(reader, value)
        expr: Expr = Lit(known) if known is not None else condition(reader, value, test).expr
    return _nested(draft.stmts, {}, expr)


def _nested(stmts: list[Any], defined: dict[str, Expr], expr: Expr) -> Expr:
    for stmt in stmts:
        if isinstance(stmt, Assign):
            defined[stmt.target] = substitute(stmt.value, defined)
        elif isinstance(stmt, If) and stmt.form and len(stmt.results) == 1:
            defined[stmt.results[0]] = _conditional(stmt, defined)
        else:
            raise NotPlain
    return substitute(expr, defined)


def _conditional(stmt: If, defined: dict[str, Expr]) -> Expr:
    """`and`, `or` and conditional expressions within a test."""
    test = substitute(stmt.test, defined)
    sides = []
    for side in (stmt.then, stmt.orelse):
        if side.exit is None:
            raise NotPlain
        sides.append(_nested(list(side.stmts), dict(defined), side.exit.values[0]))
    if stmt.form == "and":
        return Apply(and_, (test, sides[0]))
    return Apply(or_, (test, sides[1])) if stmt.form == "or" else Apply(ifexp, (test, *sides))


def substitute(expr: Expr, defined: dict[str, Expr]) -> Expr:
    """Put definitions in the place of names."""
    if isinstance(expr, Name):
        return defined.get(expr.id, expr)
    if isinstance(expr, Apply):
        return Apply(expr.fn, tuple(substitute(a, defined) for a in expr.args),
                     tuple((k, substitute(v, defined)) for k, v in expr.kwargs), expr.form)
    return expr


def _widen(reader: Reader, carried: dict[Key, Value], entry: State, reading: Reading, marks: tuple[int, int]) -> bool:
    """Make carries of what a trip changed, as wide as all its leaves need; did anything change?"""
    changed = False
    boxed = {("h", box.obj.id) for template in carried.values() for box in boxes(template)}
    for leaf in reading.loop.leaves:
        for key, value in leaf.state.vars.items():
            if _is_inner(key, marks):
                continue
            old = carried.get(key) or entry.vars.get(key) or reader.initial(key)
            if old is None or same(old, value) or key in boxed:
                continue
            new = _Widener(reader, key, entry, leaf.state).widened(old, value)
            if not same(new, old):
                carried[key], changed = new, True
    return changed


def _is_inner(key: Key, marks: tuple[int, int]) -> bool:
    """A variable of a function that is entered and left within the body, or an object made there."""
    return (key[0] == "v" and key[1] > marks[0]) or (key[0] == "h" and key[1] > marks[1])


class _Widener:
    """Widens the template of one carry by what a leaf holds for it."""

    def __init__(self, reader: Reader, key: Key, entry: State, state: State) -> None:
        self.reader, self.key, self.entry, self.state = reader, key, entry, state

    def widened(self, old: Value, new: Value) -> Value:
        reader = self.reader
        try:
            return merge(old, new, self.leaf, self.object)
        except Mismatch as mismatch:
            sites = [reader.sites.get(self.key[1])] if self.key[0] == "h" else mismatch.sites
            fixable = [s for s in sites if s is not None and s not in reader.real]
            if fixable:
                reader.real.update(fixable)
                raise Restart from None
            return Unbound(str(mismatch))

    def leaf(self, a: Value, b: Value) -> Value:
        reader = self.reader
        if isinstance(a, Dyn) and isinstance(a.expr, Name) and a.expr.id in reader.params:
            t = joined_type(a, b)
            for name in names_of(b):
                reader.aliases.union(a.expr.id, name)
            if same_type(t, a.type) and joined_varied(a, b, t) == a.varied:
                return a
        return _param(reader, self.key, a, b)

    def object(self, a: Value, b: Value) -> Value:
        """An object that is made anew in each trip, and that nobody else refers to, travels with its contents."""
        assert isinstance(b, Obj)
        if isinstance(a, Box):
            held = merge(a.content, self.state.vars["h", b.id], self.leaf, self.object)
            return a if held is a.content else Box(a.obj, held)
        assert isinstance(a, Obj)
        if a.cls is not b.cls or references(self.entry, a.id) > 1 or references(self.state, b.id) > 1:
            raise Mismatch(a, b)
        made = Obj(self.reader.object_id(), a.cls, a.site)
        self.reader.sites[made.id] = a.site
        return Box(made, merge(self.entry.vars["h", a.id], self.state.vars["h", b.id], self.leaf, self.object))


def boxes(template: Value) -> list[Box]:
    """The objects in a template."""
    if isinstance(template, Box):
        return [template, *boxes(template.content)]
    parts = template.items if isinstance(template, Tup) else template.values if isinstance(template, Rec) else ()
    return [b for p in parts for b in boxes(p)]


def unboxed(template: Value, state: State) -> Value:
    """A template as a value; the contents of its objects go into the state."""
    if isinstance(template, Box):
        state.vars["h", template.obj.id] = unboxed(template.content, state)
        return template.obj
    if isinstance(template, Tup):
        return Tup(tuple(unboxed(t, state) for t in template.items), template.cls)
    if isinstance(template, Rec):
        return Rec(template.keys, tuple(unboxed(t, state) for t in template.values))
    return template


def leaves_of(template: Value, value: Value, state: State) -> list[tuple[Dyn, Value]]:
    """The run-time names of a carried value, each with what stands in its place in another value."""
    if isinstance(template, Dyn):
        return [(template, value)]
    if isinstance(template, Box):
        held = state.vars["h", value.id] if isinstance(value, Obj) else value.content if isinstance(value, Box) else UNBOUND
        return leaves_of(template.content, held, state)
    if isinstance(template, Tup):
        parts = value.items if isinstance(value, Tup) else (UNBOUND,) * len(template.items)
        return [p for t, v in zip(template.items, parts, strict=True) for p in leaves_of(t, v, state)]
    if isinstance(template, Rec):
        held = value if isinstance(value, Rec) else Rec((), ())
        return [p for k, t in zip(template.keys, template.values, strict=True)
                for p in leaves_of(t, held.get(k) or UNBOUND, state)]
    return []


def rebuilt(reader: Reader, template: Value, names: dict[str, Dyn], state: State) -> Value:
    """The carried value with other names."""
    def go(t: Value) -> Value:
        return rebuilt(reader, t, names, state)

    if isinstance(template, Dyn) and isinstance(template.expr, Name):
        return names.get(template.expr.id, template)
    if isinstance(template, Box):
        made = Obj(reader.object_id(), template.obj.cls, template.obj.site)
        reader.sites[made.id] = made.site
        state.vars["h", made.id] = go(template.content)
        return made
    if isinstance(template, Tup):
        return Tup(tuple(map(go, template.items)), template.cls)
    return Rec(template.keys, tuple(map(go, template.values))) if isinstance(template, Rec) else template


def _carries(reader: Reader, carried: dict[Key, Value], entry: State,
             reading: Reading) -> tuple[tuple[Carry, ...], State]:
    """The loop's carries with their next values at every leaf; the state behind the loop."""
    carries: list[Carry] = []
    state = entry.copy()
    nexts: list[list[Expr]] = [[] for _ in reading.loop.leaves]
    for key, template in carried.items():
        start = entry.vars.get(key) or reader.initial(key) or UNBOUND
        results: dict[str, Dyn] = {}
        for param, init in leaves_of(template, start, entry):
            if not isinstance(param.expr, Name) or param.expr.id not in reader.params or init is param:
                continue
            result = reader.fresh(stem_of(reader, key), param.type)
            reader.aliases.union(result, param.expr.id)
            results[param.expr.id] = Dyn(Name(result), param.type, param.varied)
            carries.append(Carry(param.expr.id, leaf_operand(init), result))
            for values, leaf in zip(nexts, reading.loop.leaves, strict=True):
                values.append(_next(leaf, key, template, param))
        state.vars[key] = rebuilt(reader, template, results, state)
    for values, leaf in zip(nexts, reading.loop.leaves, strict=True):
        leaf.draft.exit = Exit(leaf.kind, tuple(values), leaf.origin)
    return tuple(carries), state


def _next(leaf: Leaf, key: Key, template: Value, param: Dyn) -> Expr:
    """The value of a carry at a leaf."""
    value = leaf.state.vars.get(key)
    if value is None:
        return param.expr
    return next((leaf_operand(v) for p, v in leaves_of(template, value, leaf.state) if p is param), UNDEF)
