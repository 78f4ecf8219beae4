"""Reverse mode: Program → the forward sweep followed by the reverse sweep, in the same form.

Contributions to a cotangent stay expressions and are summed where the value is defined; the first one assigns. What the
reverse sweep reads of a loop's trips is decided afterwards, by what it turned out to need. The whole is written twice where
objects are changed in place: the first run finds out which old contents the second has to put back.
Source: Griewank & Walther, Evaluating Derivatives, chapters 3.2, 4 and 12.
"""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from ..algebra import Symbol
from ..program import Apply, Block, Effect, Exit, Expr, Name, Names, Program, Stmt, Try, With, blocks, defines
from ..types import Type
from .loops import Loops
from .restore import needed
from .returns import single_return
from .statements import mark


class Sweep(Loops):
    """The complete reverse sweep."""

    def back_with(self, stmt: With) -> list[Stmt]:
        raise self.refuse("`with` is not differentiated in reverse mode yet")

    def back_try(self, stmt: Try) -> list[Stmt]:
        raise self.refuse("`try` is not differentiated in reverse mode yet")

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
        return self.symbol(seed).type


@dataclass(frozen=True)
class Adjoint:
    """Both sweeps as one program whose `return` holds the values, then the cotangents of `inputs`."""

    program: Program
    values: int
    inputs: tuple[str, ...]


def reverse(program: Program, inputs: Mapping[str, str], seeds: Sequence[Expr | None], names: Names,
            out_types: tuple[Type, ...]) -> Adjoint:
    """The adjoint program; `inputs` are the names to differentiate by, `seeds` the cotangents of the results."""
    program = single_return(program, names, out_types)
    sweep = Sweep(program, inputs, names)
    forward, back = sweep.run(seeds)
    if sweep.marks:
        restore, restored = needed(back, sweep.marks, sweep.regions)
        if restore:
            sweep = Sweep(program, inputs, names, restore, restored)
            forward, back = sweep.run(seeds)
    leaf = program.body.exit
    assert leaf is not None
    cotangents = tuple(finished(sweep, name) for name in inputs)
    body = Block((*forward, *unmarked(sweep.scope.out)), Exit("return", (*leaf.values, *cotangents), leaf.origin))
    return Adjoint(replace(program, body=body, types=sweep.types), len(leaf.values), tuple(inputs))


def finished(sweep: Sweep, name: str) -> Expr:
    """The cotangent of an input at full shape, in memory of its own."""
    g = sweep.owned(name, sweep.take(name))
    return sweep.assign(sweep.bar_stem(name), g).expr if isinstance(g.expr, Apply) else g.expr


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


