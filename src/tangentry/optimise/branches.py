"""Branches at the end of a function: the sweeps of one branch put together, and `return` moved into the sides.

Accepts and yields single-assignment programs. `if t: forward … if t: reverse … return` becomes `if t: forward, reverse, return`.
Only what the user did not name is moved.
"""
from __future__ import annotations

from dataclasses import replace
from typing import Any

from ..analysis.effects import is_pure
from ..program import Assign, Block, Exit, If, Lit, Name, Program, Stmt, base, blocks, defines, reads
from ..rewrite import rebuilt
from ..protect import renamed_block, substituted
from .inline import has_effects, uses


def settle_returns(program: Program) -> Program:
    """The program with its last branches fused and their results returned where they are set."""
    return replace(program, body=sunk(fused(program.body)))


def dissolved(program: Program) -> Program:
    """The program without branches on literals."""
    return replace(program, body=_dissolved(program.body))


def _dissolved(block: Block) -> Block:
    out: list[Stmt] = []
    leaf = block.exit
    for stmt in block.stmts:
        made: Any = rebuilt(stmt, _dissolved) if blocks(stmt) else stmt
        if isinstance(made, If) and isinstance(made.test, Lit):
            taken = made.then if made.test.value else made.orelse
            if taken.exit is not None and taken.exit.kind == "next":
                out += taken.stmts
                out += [Assign(r, v, made.origin) for r, v in zip(made.results, taken.exit.values, strict=True)]
                continue
        out.append(made)
    return Block(tuple(out), leaf)


def fused(block: Block) -> Block:
    """The last two branches of a block as one, where they have the same test."""
    stmts = list(block.stmts)
    last = len(stmts) - 1
    if last < 1 or not isinstance(stmts[last], If):
        return block
    first = next((k for k in range(last - 1, -1, -1) if isinstance(stmts[k], If)), -1)
    if first < 0 or stmts[first].test != stmts[last].test or not isinstance(stmts[last].test, Name):
        return block
    between = stmts[first + 1: last]
    if not _may_move(stmts[first], between):
        return block
    made = _together(stmts[first], stmts[last])
    if made is None:
        return block
    return Block((*stmts[:first], *between, made), block.exit)


def _may_move(first: Any, between: list[Any]) -> bool:
    """May the statements stand before the branch?"""
    set_there = set(first.results) | {n for b in (first.then, first.orelse) for s in b.stmts for n in _defined(s)}
    return all(isinstance(s, Assign) and is_pure(s.value) and set_there.isdisjoint(reads(s.value)) for s in between) and (
        not between or not has_effects(first))


def _defined(stmt: Stmt) -> list[str]:
    return [*defines(stmt), *(n for b in blocks(stmt) for s in b.stmts for n in _defined(s))]


def _together(first: If, last: If) -> If | None:
    sides = []
    for a, b in ((first.then, last.then), (first.orelse, last.orelse)):
        if a.exit is None or b.exit is None:
            return None
        if a.exit.kind == "raise":
            sides.append(a)
            continue
        to = {r: v.id for r, v in zip(first.results, a.exit.values, strict=True) if isinstance(v, Name)}
        if any(not isinstance(v, Name) and r in _all_reads(b) for r, v in zip(first.results, a.exit.values, strict=True)):
            return None
        second = renamed_block(b, to)
        assert second.exit is not None
        sides.append(fused(Block((*a.stmts, *second.stmts), replace(second.exit, values=(*a.exit.values, *second.exit.values)))))
    return replace(first, then=sides[0], orelse=sides[1], results=(*first.results, *last.results), form="")


def _all_reads(block: Block) -> set[str]:
    return set(uses(Program("", (), block)))


def sunk(block: Block) -> Block:
    """A block whose last branch yields what is returned: each side returns."""
    leaf, last = block.exit, block.stmts[-1] if block.stmts else None
    if leaf is None or leaf.kind != "return" or not isinstance(last, If) or not last.results:
        return block
    named = any(base(r).isidentifier() for r in last.results)
    used = {n for v in leaf.values for n in reads(v)}
    if named or not used.intersection(last.results):
        return block
    sides = [side(b, last.results, leaf) for b in (last.then, last.orelse)]
    return Block((*block.stmts[:-1], replace(last, then=sides[0], orelse=sides[1], results=(), form="")))


def side(block: Block, results: tuple[str, ...], leaf: Exit) -> Block:
    """One side, returning."""
    if block.exit is None or block.exit.kind != "next":
        return block
    given = dict(zip(results, block.exit.values, strict=True))
    values = tuple(_put(v, given) for v in leaf.values)
    return sunk(Block(block.stmts, replace(leaf, values=values)))


def _put(expr: Any, given: dict[str, Any]) -> Any:
    """An expression with the values of one side."""
    return substituted(expr, given)
