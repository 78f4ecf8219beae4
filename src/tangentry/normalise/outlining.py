"""The body of a recursive function as a program of its own.

What the function captures becomes further parameters. What it changes outside of itself cannot be followed: a list or dict
made by the program is then made a real one, anything else is refused.
"""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import gast

from ..outlines import Outline
from ..program import (
    Apply, Assign, Attr, Block, Effect, Expr, Name, Names, Param, Program, While, base, own_exprs, reads, walk, walk_blocks)
from ..protect import substituted
from ..rewrite import map_statements
from ..syntax import Callee
from ..types import DictT, ListT, TOP, same_type, widen
from .branches import end_of_body
from .core import RETURNED, Leaf, Reader, Restart
from .functions import refuse_generators, settled
from .hosts import deep_type, varied
from .inputs import stem as stem_of_expr
from .reading import completed
from .state import Frame, State, same
from .values import Bound, Box, Const, Dyn, Ext, Obj, Rec, Slice, Tup, Value

MAX_READINGS = 8


class Body:
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
        outline.captured, outline.examples = [], {}
        reader.examples = outline.examples
        self.seen: dict[str, Dyn] = {}
        self.places: dict[str, Expr] = {}
        reader.state = State({k: self.imported(v) for k, v in outer.state.vars.items()})
        outside = dict(reader.state.vars)
        reader.frame, reader.statement = self.frame, self.tree
        reader.return_stems[self.frame.id] = "%value"
        params = [self.bind(p, v) for p, v in self.rows.items()]
        reader.calls = [*outer.calls, self.tree]
        reader.bound = [*outer.bound, dict(self.rows)]
        value = self.body()
        leaves = [*reader.returns, Leaf("return", reader.draft, reader.state.copy(), value, reader.origin())]
        leaves = [leaf for leaf in leaves if leaf.value is not None]
        for leaf in leaves:
            self.check_outside(outside, leaf.state)
        made = completed(reader, leaves, outline.name, tuple(p for row in params for p in row), Callee(None))
        outline.program, outline.out, outline.out_types = made.program, made.out, made.out_types
        outline.names = reader.names
        outer.frames, outer.objects = reader.frames, reader.objects
        for fact in reader.facts.items:
            expr = substituted(fact.expr, self.places)
            if isinstance(expr, Name | Apply) and not set(reads(expr)) <= set(outer_names(outer)):
                continue  # the kind of a run-time value
            outer.facts.add(fact.kind, expr, fact.value)

    def check_outside(self, before: Mapping[Any, Value], after: State) -> None:
        """What the body changes outside of itself has to be something that exists when the program runs."""
        for key, value in after.vars.items():
            old = before.get(key)
            if old is not None and (old is value or same(old, value)):
                continue
            if key[0] == "h" and old is not None:
                site = self.outer.sites.get(key[1])
                if site is not None and site not in self.outer.real:
                    self.outer.real.add(site)
                    raise Restart
            if (old is not None and key[0] in ("v", "h")) or key[0] in ("x", "cell", "global"):
                what = key[-1] if isinstance(key[-1], str) else "an object"
                self.outer.unsupported(
                    self.tree, f"the recursive {self.outline.name}() changes {what!r} of the functions around it",
                    "return the new value, or keep it in an array or list that is handed over")

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
                case Obj(site=site):
                    if site is not None and site not in self.outer.real and inner.cls in (list, dict):
                        self.outer.real.add(site)
                        raise Restart
                    self.outer.unsupported(self.tree, "an object made by the program is handed to a recursive function",
                                           "hand over numbers, arrays, lists or tuples")
                case Ext(expr=Name() | Apply() as expr, value=value, varied=flag) if list(reads(expr)):
                    name = self.reader.fresh(stem_of_expr(expr), TOP)
                    params.append(Param(name))
                    self.places[name] = expr
                    self.outline.examples[name] = value
                    return Ext(Name(name), value, flag)
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
            case Ext(expr=expr, value=value, varied=flag) if list(reads(expr)):
                root = next(reads(expr))
                if root not in self.seen:
                    name = self.reader.fresh(base(root), TOP)
                    self.seen[root] = Dyn(Name(name), TOP, flag)
                    whole = Dyn(Name(root), TOP, flag)
                    self.outline.captured.append((name, whole))
                    self.places[name] = Name(root)
                    if root in self.outer.examples:
                        self.outline.examples[name] = self.outer.examples[root]
                return Ext(substituted(expr, {root: self.seen[root].expr}), value, flag)
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


def outer_names(reader: Reader) -> list[str]:
    """The names of the program's own parameters that stand for containers."""
    return list(reader.examples)


def _calls(stmt: Any, outline: Outline) -> bool:
    return isinstance(stmt, Assign | Effect) and isinstance(stmt.value, Apply) and stmt.value.fn is outline


def _patched(block: Block, outline: Outline, own: tuple[Expr, ...]) -> Block:
    def change(stmt: Any) -> Any:
        if _calls(stmt, outline):
            return replace(stmt, value=replace(stmt.value, args=(*stmt.value.args, *own)))
        return stmt

    return map_statements(block, change)
