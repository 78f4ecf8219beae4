"""Reverse mode: Program → the forward sweep followed by the reverse sweep, in the same form.

Contributions to a cotangent stay expressions and are summed where the value is defined; the first one assigns. What the
reverse sweep reads of a loop's trips is decided afterwards, by what it turned out to need. The whole is written twice where
objects are changed in place: the first run finds out which old contents the second has to put back.
Source: Griewank & Walther, Evaluating Derivatives, chapters 3.2, 4 and 12.
"""
from __future__ import annotations

import operator
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ..algebra import ZERO, Symbol, apply, is_zero, lift, number, total
from ..analysis.ownership import Ownership
from ..derive import zero_like
from ..errors import NOWHERE
from ..optimise.branches import dissolved
from ..optimise.flat import flatten
from ..program import (
    Apply, Assign, Block, Effect, Exit, Expr, Lit, Name, Names, Program, Stmt, Update, base, blocks, defines, reads)
from ..runtime import Shadows, cast, copied
from ..shapes import dense
from ..trees import Path, is_active_leaf, is_tree, rebuilt, step_expr
from ..types import TOP, DictT, ListT, LitT, Num, SeqT, Type, can_be_active, type_of
from .contexts import Contexts
from .restore import needed
from .returns import single_return
from .split import Splitter, packed_type, unpacked
from .statements import mark


class Sweep(Contexts):
    """The complete reverse sweep."""

    def run(self, seeds: Sequence[Expr | None]) -> tuple[list[Stmt], list[Stmt]]:
        """The statements of both sweeps; the cotangents of the inputs are then in the outermost scope."""
        body = self.program.body
        self.scope.local |= {n for s in body.stmts for n in defines(s)}
        assert body.exit is not None
        for value, seed in zip(body.exit.values, seeds, strict=True):
            if seed is not None:
                self.contribute(value, Symbol(seed, self.seed_type(value, seed)))
        forward: list[Stmt] = []
        for stmt in reversed(body.stmts):
            forward[:0] = self.reverse(stmt, (), None)
        return forward, self.scope.out

    def seed_type(self, value: Expr, seed: Expr) -> Type:
        """A literal seed is a number, a parameter has the kind of the result."""
        if isinstance(seed, Name):
            self.types.setdefault(seed.id, self.symbol(value).type)
            return self.types[seed.id]
        if isinstance(seed, Apply):
            return self.symbol(value).type
        return self.symbol(seed).type


@dataclass(frozen=True)
class Adjoint:
    """Both sweeps as one program whose `return` holds the values, then the cotangents of `inputs`.

    `split`: how many statements belong to the forward sweep.
    """

    program: Program
    values: int
    inputs: tuple[str, ...]
    split: int


def reverse(program: Program, inputs: Mapping[str, Any], seeds: Sequence[Expr | None], names: Names,
            out_types: tuple[Type, ...]) -> Adjoint:
    """The adjoint program.

    `inputs` are the names to differentiate by (with a live example of each), `seeds` the cotangents of the results.
    """
    program = single_return(flatten(dissolved(program), names), names, out_types)
    trees = {n: v for n, v in inputs.items() if is_tree(v)}
    sweep = Sweep(program, inputs, names, trees=trees)
    forward, back = sweep.run(seeds)
    if sweep.marks:
        restore, restored = needed(back, sweep.marks, sweep.storage)
        if restore:
            sweep = Sweep(program, inputs, names, restore, restored, trees)
            forward, back = sweep.run(seeds)
    leaf = program.body.exit
    assert leaf is not None
    sweep.origin = NOWHERE
    cotangents = tuple(finished(sweep, name, len(inputs) > 1) for name in inputs)
    head = [Assign(sweep.by_object, Apply(Shadows))] if sweep.by_object else []
    body = Block((*forward, *head, *unmarked(sweep.scope.out)), Exit("return", (*leaf.values, *cotangents), leaf.origin))
    keep = frozenset(c.id for c in cotangents if isinstance(c, Name)) if len(inputs) > 1 else frozenset()
    made = replace(program, body=body, types=sweep.types, keep=keep)
    return Adjoint(unshared(made, len(leaf.values), names), len(leaf.values), tuple(inputs), len(forward))


@dataclass(frozen=True)
class Split:
    """Both sweeps as bodies of two functions: `forward` returns the results and what it keeps, `back` takes that (`saved`)
    with the cotangents of the results (`seeds`)."""

    program: Program
    forward: Block
    back: Block
    saved: str
    seeds: tuple[str, ...]


def split_program(program: Program, inputs: Mapping[str, Any], buffers: Mapping[str, str], names: Names,
                  out_types: tuple[Type, ...], given: Sequence[Expr | None] | None = None, alone: bool = False) -> Split:
    """The adjoint program in two parts.

    `buffers` are those of arguments that cotangents are added into; `given` are the cotangents of the results (parameters of
    the second part where there are none); `alone`: the second part is not handed the arguments again.
    """
    program = single_return(flatten(dissolved(program), names), names, out_types)
    leaf = program.body.exit
    assert leaf is not None
    own = [Name(names.fresh(f"{_stem(v)}^bar")) if can_be_active(t) else None for v, t in zip(leaf.values, out_types, strict=True)]
    seeds: Sequence[Expr | None] = own if given is None else given
    changed = any(p.name in buffers for p in program.params)
    trees = {n: v for n, v in inputs.items() if is_tree(v)}
    made = Sweep(program, {**inputs, **dict.fromkeys(buffers)}, names, trees=trees, buffers=buffers)
    forward, back = made.run(seeds)
    if made.marks and (changed or alone):
        mine = {made.regions.find(p.name) for p in program.params}
        restore, restored = needed(back, made.marks, made.storage)
        restore |= {k for k, m in made.marks.items() if m.region in mine}
        restored |= mine
        made = Sweep(program, {**inputs, **dict.fromkeys(buffers)}, names, restore, restored, trees, buffers)
        forward, back = made.run(seeds)
    if made.by_object:
        raise made.refuse("a recursive function changes an object that has several names here",
                          "give the parts names of their own, or return new objects")
    made.origin = NOWHERE
    bars = tuple(finished(made, name, False) for name in inputs)
    back = unmarked(made.scope.out)
    params = [p.name for p in program.params] if alone else []
    splitter = Splitter(made, back, alone)
    halves = splitter.halves(forward, back, bars)
    if alone:
        halves = splitter.with_parameters(halves, params, bars)
    made.keep |= {*halves.saved, *halves.taken}
    one = len(halves.saved) == 1
    saved = halves.taken[0] if one else made.fresh("%saved", packed_type(halves.saved, made.types))
    taken = [] if one else unpacked(saved, halves.taken)
    types = made.types
    whole = replace(program, types=types, keep=frozenset(made.keep))
    first = Block(tuple(halves.forward), Exit("return", (*leaf.values, splitter.safe_pack(halves.saved, params, leaf.values)), leaf.origin))
    second = Block((*taken, *halves.back), Exit("return", bars))
    return Split(whole, first, second, saved, tuple(s.id for s in own if s is not None))


def _stem(value: Expr) -> str:
    return base(value.id) if isinstance(value, Name) else "%value"


def finished(sweep: Sweep, name: str, named: bool) -> Expr:
    """The cotangent of an input at full shape, in its kind and dtype."""
    if name in sweep.trees:
        return finished_tree(sweep, name, named)
    g = sweep.take(name)
    x = Symbol(Name(name), sweep.type(name))
    if isinstance(x.type, ListT | DictT | SeqT):
        g = sweep.owned(name, g)
    else:
        g = sweep.zero(name) if is_zero(g) else as_argument(dense(g, x), x)
    return sweep.assign(sweep.bar_stem(name), g).expr if named or isinstance(g.expr, Apply) else g.expr


def finished_tree(sweep: Sweep, name: str, named: bool) -> Expr:
    """The cotangent of a container: parts that were read, zeros for the rest."""
    whole = sweep.take(name)
    terms = sweep.tree_terms.get(name, {})
    if not is_zero(whole):
        for path, row in terms.items():
            place: Expr = whole.expr
            for step in path[:-1]:
                place = step_expr(place, step)
            sweep.emit(Update(place, Lit(path[-1][1]), operator.add, total(row).expr))
        return whole.expr

    def part(path: Path, expr: Expr, value: Any) -> Expr:
        x = Symbol(expr, type_of(value))
        g = total(terms[path]) if path in terms else ZERO
        if is_tree(value):
            return g.expr
        if not is_active_leaf(value):
            return Lit(None)
        return zero_like(x).expr if is_zero(g) else as_argument(dense(g, x), x).expr

    made = Symbol(rebuilt(sweep.trees[name], Name(name), part, whole=lambda path: path in terms), TOP)
    return sweep.assign(sweep.bar_stem(name), made).expr if named or isinstance(made.expr, Apply) else made.expr


def as_argument(g: Symbol, x: Symbol) -> Symbol:
    """A gradient in the kind and dtype of its argument; known kinds need no helper."""
    t, own = g.type, x.type
    if isinstance(t, LitT):
        t = type_of(float(t.value) if isinstance(t.value, int) else t.value)
    if not isinstance(own, Num) or own.kind == "any" or not isinstance(t, Num):
        return apply(cast, g, x)
    if own.kind == "py" and t.kind in ("py", "np") and t.dtype in ("d", own.dtype) and own.dtype == "d":
        return g if number(g) is None else lift(float(number(g)))
    if own.kind == t.kind and own.dtype == t.dtype and own.rank == t.rank and own.rank != 0:
        return g
    if own.kind == t.kind == "np" and own.dtype == t.dtype:
        return g
    if own.kind == "array" and t.kind == "array" and t.dtype and own.rank:
        return apply(np.ndarray.astype, g, np.dtype(own.dtype).type, form_=".astype")
    return apply(cast, g, x)


def unshared(program: Program, values: int, names: Names) -> Program:
    """The program with copies where a returned cotangent is the caller's array, a kept one, or returned twice."""
    leaf = program.body.exit
    assert leaf is not None
    ownership = Ownership(program)
    stmts, types = list(program.body.stmts), dict(program.types)
    seen = {n for v in leaf.values[:values] for n in reads(v)}
    out: list[Expr] = list(leaf.values[:values])
    keep = set(program.keep)
    for value in leaf.values[values:]:
        t = types.get(value.id, TOP) if isinstance(value, Name) else None
        if isinstance(value, Name) and (not ownership.is_fresh(value.id) or value.id in seen) and not _is_number(t):
            copy = names.fresh(value.id)
            types[copy] = t
            form = Apply(np.copy, (value,), (), ".copy") if isinstance(t, Num) and t.kind == "array" else Apply(copied, (value,))
            stmts.append(Assign(copy, form))
            keep = {copy if k == value.id else k for k in keep}
            value = Name(copy)
        seen.update(reads(value))
        out.append(value)
    body = Block(tuple(stmts), replace(leaf, values=tuple(out)))
    return replace(program, body=body, types=types, keep=frozenset(keep))


def _is_number(t: Any) -> bool:
    return isinstance(t, Num) and t.rank == 0 and t.kind != "array"


def unmarked(stmts: Sequence[Stmt]) -> list[Stmt]:
    """The statements without the marks."""
    return [_unmarked(s) for s in stmts if not _is_mark(s)]


def _is_mark(stmt: Stmt) -> bool:
    return isinstance(stmt, Effect) and isinstance(stmt.value, Apply) and stmt.value.fn is mark


def _unmarked(stmt: Stmt) -> Stmt:
    changes = {}
    for name in ("then", "orelse", "body", "final"):
        block = getattr(stmt, name, None)
        if isinstance(block, Block):
            changes[name] = Block(tuple(unmarked(block.stmts)), block.exit)
    return replace(stmt, **changes) if changes and blocks(stmt) else stmt  # type: ignore[arg-type]


