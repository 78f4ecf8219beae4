"""Which changes of objects have to be undone: those whose object the reverse sweep reads later on.

Accepts the statements of a reverse sweep with marks where changes are undone; yields the marked statements whose old
contents are needed, by position in the text and by the loops that both stand in.
"""
from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ..analysis.storage import Storage
from ..program import Apply, Attr, Block, Effect, Expr, For, Lit, Name, Stmt, Store, Update, While, blocks, own_exprs
from ..rules import registry
from .base import Mark
from .statements import mark

Place = tuple[int, tuple[int, ...]]


def needed(stmts: Iterable[Stmt], marks: Mapping[int, Mark], storage: Storage) -> tuple[frozenset[int], frozenset[str]]:
    """The statements (by identity) to undo, and the classes all of whose changes are undone."""
    finder = _Finder(storage)
    for stmt in stmts:
        finder.stmt(stmt, ())
    found = {which for which, place in finder.marks.items()
             if which in marks and any(_later(place, r) for r in finder.reads.get(marks[which].region, ()))}
    all_of: dict[str, bool] = {}
    for which, m in marks.items():
        all_of[m.region] = all_of.get(m.region, True) and which in found
    return frozenset(found), frozenset(r for r, complete in all_of.items() if complete)


def _later(mark: Place, read: Place) -> bool:
    """Does the read come after the mark, in the text or in a later trip?"""
    return read[0] > mark[0] or any(loop in mark[1] for loop in read[1])


class _Finder:
    def __init__(self, storage: Storage) -> None:
        self.storage, self.regions = storage, storage.regions
        self.clock = 0
        self.marks: dict[int, Place] = {}
        self.reads: dict[str, list[Place]] = {}

    def stmt(self, stmt: Stmt, loops: tuple[int, ...]) -> None:
        self.clock += 1
        if isinstance(stmt, Effect) and isinstance(stmt.value, Apply) and stmt.value.fn is mark:
            which = stmt.value.args[0]
            assert isinstance(which, Lit)
            self.marks[which.value] = self.clock, loops
            return
        for expr in self.read_exprs(stmt):
            self.expr(expr, loops)
        inner = (*loops, id(stmt)) if isinstance(stmt, For | While) else loops
        for block in blocks(stmt):
            self.block(block, inner)

    def block(self, block: Block, loops: tuple[int, ...]) -> None:
        for stmt in block.stmts:
            self.stmt(stmt, loops)
        if block.exit is not None:
            for value in block.exit.values:
                self.expr(value, loops)

    @staticmethod
    def read_exprs(stmt: Stmt) -> list[Any]:
        """What a statement reads; the object that it writes is not read."""
        if isinstance(stmt, Store | Update):
            return [stmt.index, stmt.value]
        return list(own_exprs(stmt))

    def expr(self, expr: Expr | Attr | None, loops: tuple[int, ...]) -> None:
        if isinstance(expr, Name):
            if self.storage.changes(expr.id):
                self.reads.setdefault(self.regions.find(expr.id), []).append((self.clock, loops))
        elif isinstance(expr, Apply):
            rule = registry.find(expr.fn)
            skip = rule.shape_only if rule is not None else ()
            if expr.fn is getattr and getattr(expr.args[1], "value", "") in ("shape", "ndim", "size", "dtype"):
                return
            for k, arg in enumerate(expr.args):
                if k not in skip:
                    self.expr(arg, loops)
            for _, arg in expr.kwargs:
                self.expr(arg, loops)


