"""What calls of kept functions do besides yielding values: which arguments they change, and whose memory they return.

Accepts a program; sets the summary of every function that it calls, directly or not. Functions that call each other are
taken together, from the smallest assumption up.
"""
from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from ..outlines import Outline, Summary
from ..program import Apply, Assign, Effect, Program, Stmt, reads, walk, walk_blocks
from .effects import is_pure, written_arguments
from .regions import Regions, is_storage


def outlines_of(program: Program) -> list[Outline]:
    """The kept functions that a program calls, and those that they call."""
    found: list[Outline] = []
    todo = [program]
    while todo:
        for fn in _called(todo.pop()):
            if fn not in found:
                found.append(fn)
                todo.append(fn.program)
    return found


def _called(program: Program) -> Iterator[Outline]:
    for stmt in walk(program.body):
        if isinstance(stmt, Assign | Effect) and isinstance(stmt.value, Apply):
            yield from _inside(stmt.value)


def _inside(expr: Apply) -> Iterator[Outline]:
    if isinstance(expr.fn, Outline):
        yield expr.fn
    for arg in expr.args:
        if isinstance(arg, Apply):
            yield from _inside(arg)


def summarise(program: Program) -> Program:
    """Give every function that the program calls its summary; returns the program."""
    new = [o for o in outlines_of(program) if o.summary is None]
    for outline in new:
        outline.summary = Summary(shares=(frozenset(),) * len(outline.out_types))
    changed = bool(new)
    while changed:
        changed = False
        for outline in new:
            found = _summary(outline)
            changed |= found != outline.summary
            outline.summary = found
    return program


def _summary(outline: Outline) -> Summary:
    program = outline.program
    regions = Regions(program)
    params = [p.name for p in program.params]
    storage = [k for k, p in enumerate(params) if is_storage(program.types.get(p))]
    writes = frozenset(k for k in storage if regions.is_written(params[k]))
    shares: list[set[int]] = [set() for _ in outline.out_types]
    for block in walk_blocks(program.body):
        if block.exit is not None and block.exit.kind == "return":
            for row, value in zip(shares, block.exit.values, strict=False):
                row |= {k for k in storage if _reaches(regions, value, params[k])}
    pure = all(_is_quiet(s, params) for s in walk(program.body))
    return replace(Summary(), writes=writes, shares=tuple(map(frozenset, shares)), pure=pure)


def _reaches(regions: Regions, value: object, param: str) -> bool:
    """Does a result share the memory of a parameter?"""
    root = regions.find(param)
    for name in reads(value):  # type: ignore[arg-type]
        if not is_storage(regions.types.get(name)):
            continue
        own = regions.find(name)
        inner = regions.find(regions.contents[own]) if own in regions.contents else own
        if root in (own, inner):
            return True
    return False


def _is_quiet(stmt: Stmt, params: list[str]) -> bool:
    """Is the statement's effect confined to objects (whose changes are told by `writes`)?"""
    if isinstance(stmt, Effect | Assign) and isinstance(stmt.value, Apply):
        return is_pure(stmt.value) or bool(written_arguments(stmt.value.fn, stmt.value.args))
    return True
