"""Tuples taken apart and put together: an item of a known display is that item, all items of a tuple are the tuple.

Accepts and yields single-assignment programs.
"""
from __future__ import annotations

import operator
from dataclasses import replace
from typing import Any

from ..prims import make_tuple
from ..program import Apply, Assign, Block, Expr, Lit, Name, Program, blocks, walk
from ..protect import renamed_exit, renamed_stmt
from ..rewrite import rebuilt
from ..types import SeqT


def fold_rows(program: Program) -> Program:
    """The program with items of displays read directly, and rows that are put together again left whole."""
    folder = _Folder(program)
    return replace(program, body=folder.block(program.body))


class _Folder:
    def __init__(self, program: Program) -> None:
        self.types = program.types
        self.keep = program.keep
        self.defs = {s.target: s.value for s in walk(program.body) if isinstance(s, Assign)}
        self.to: dict[str, str] = {}
        self.gone: set[str] = set()
        for target, value in self.defs.items():
            self.same(target, value)
        self.to = {name: self.last(name) for name in self.to}

    def last(self, name: str) -> str:
        while name in self.to:
            name = self.to[name]
        return name

    def block(self, block: Block) -> Block:
        out: list[Any] = []
        for stmt in block.stmts:
            if isinstance(stmt, Assign) and stmt.target in self.gone:
                continue
            stmt = self.expressions(stmt)
            out.append(rebuilt(stmt, self.block) if blocks(stmt) else stmt)
        leaf = block.exit
        if leaf is not None:
            leaf = renamed_exit(leaf, self.to)
            if leaf.kind == "return":
                leaf = replace(leaf, values=tuple(map(self.whole, leaf.values)))
        return Block(tuple(out), leaf)

    def expressions(self, stmt: Any) -> Any:
        """The statement with its names replaced (its blocks follow)."""
        if isinstance(stmt, Assign):
            stmt = replace(stmt, target=self.to.get(stmt.target, stmt.target))
        return renamed_stmt(stmt, self.to) if not blocks(stmt) else _renamed_head(stmt, self.to)

    def same(self, target: str, value: Expr) -> None:
        """An item of a known display has one name: that of the item, or the one that is kept."""
        match value:
            case Apply(fn=fn, args=(Name(id=row), Lit(value=int() as k))) if fn is operator.getitem:
                display = self.defs.get(row)
                if not isinstance(display, Apply) or display.fn is not make_tuple or not k < len(display.args):
                    return
                item = display.args[k]
                if not isinstance(item, Name):
                    return
                if self.is_inner(target):
                    self.to[target] = item.id
                elif self.is_inner(item.id) and item.id in self.defs and item.id not in self.to:
                    self.to[item.id] = target
                else:
                    return
                self.gone.add(target)

    def is_inner(self, name: str) -> bool:
        return not name.partition(".")[0].isidentifier() and name not in self.keep

    def whole(self, expr: Expr) -> Expr:
        """`(row[0], row[1])` of a pair is the pair."""
        if not isinstance(expr, Apply) or expr.fn is not make_tuple or not expr.args:
            return expr
        rows = [self.defs.get(a.id) if isinstance(a, Name) else None for a in expr.args]
        sources = {r.args[0] for r in rows if isinstance(r, Apply) and r.fn is operator.getitem}
        if len(sources) == 1:
            (source,) = sources
            t = self.types.get(source.id) if isinstance(source, Name) else None
            if isinstance(t, SeqT) and t.cls is tuple and len(t.items) == len(rows) and all(
                    isinstance(r, Apply) and r.args == (source, Lit(k)) for k, r in enumerate(rows)):
                return source
        return expr


def _renamed_head(stmt: Any, to: dict[str, str]) -> Any:
    """A statement with blocks, with only its own expressions renamed."""
    empty = rebuilt(stmt, lambda b: Block(()))
    made = renamed_stmt(empty, to)
    return rebuilt_from(made, stmt)


def rebuilt_from(made: Any, stmt: Any) -> Any:
    """The statement `made` with the blocks of `stmt`."""
    changes: dict[str, Any] = {n: getattr(stmt, n) for n in ("then", "orelse", "body", "final", "handlers") if hasattr(stmt, n)}
    return replace(made, **changes)
