"""What the generated program relies on: facts about arguments, closure variables and globals that a guard tests."""
from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..program import Expr
from ..types import Type


@dataclass(frozen=True, slots=True)
class Fact:
    """`kind`: `type` (value: a Type), `is`, `equal`, `class`, `length`, `keys`, `code`, `distinct`."""

    kind: str
    expr: Expr
    value: Any


class Facts:
    """Facts in the order in which they were needed, each once."""

    def __init__(self) -> None:
        self.items: list[Fact] = []
        self._seen: set[tuple[Any, ...]] = set()

    def add(self, kind: str, expr: Expr, value: Any) -> None:
        key = kind, expr, (id(value) if kind in ("is", "class", "code", "type") else repr(value))
        if key not in self._seen:
            self._seen.add(key)
            self.items.append(Fact(kind, expr, value))

    def type(self, expr: Expr, type: Type) -> None:
        """The value of `expr` has this type."""
        if not any(f.kind == "type" and f.expr == expr for f in self.items):
            self.items.append(Fact("type", expr, type))
