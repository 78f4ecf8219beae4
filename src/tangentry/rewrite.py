"""Rewriting every statement of a program."""
from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from .program import Block, Stmt, blocks


def map_statements(block: Block, change: Callable[[Any], Any]) -> Block:
    """A block with every statement changed, inner ones first."""
    def go(b: Block) -> Block:
        return Block(tuple(change(rebuilt(s, go) if blocks(s) else s) for s in b.stmts), b.exit)

    return go(block)


def rebuilt(stmt: Any, block: Callable[[Block], Block]) -> Stmt:
    """A statement with its blocks mapped."""
    changes: dict[str, Any] = {
        name: block(getattr(stmt, name)) for name in ("then", "orelse", "body", "final") if hasattr(stmt, name)}
    if hasattr(stmt, "handlers"):
        changes["handlers"] = tuple(replace(h, body=block(h.body)) for h in stmt.handlers)
    return replace(stmt, **changes)  # type: ignore[no-any-return]
