"""Which names stand for an array that nobody else knows, so that it may be given away or changed in place.

Fresh: made by an operation that returns new memory, or handed on by carries and branches all of whose sources are fresh.
Captured: put into a container, viewed, stored or yielded under a second name.
"""
from __future__ import annotations

from collections import Counter, defaultdict

import numpy as np

from ..analysis.effects import LIST_CHANGES, is_helper
from ..outlines import Outline
from ..prims import BINARY, DISPLAYS, UNARY, Method, make_dict
from ..program import (
    Apply, Assign, Attr, Block, Effect, Expr, For, If, Lit, Name, Program, Ref, Stmt, Store, Try, While, With, walk, walk_blocks)
from ..rules import registry
from .regions import leaf_values


def makes_new(expr: Expr) -> bool:
    """Does evaluating the expression make memory of its own (or a plain number)?"""
    if isinstance(expr, Lit):
        return True
    if not isinstance(expr, Apply) or isinstance(expr.fn, Method) or expr.fn in LIST_CHANGES or expr.fn is np.broadcast_to:
        return False
    rule = registry.find(expr.fn)
    if rule is not None:
        return not rule.view
    return expr.fn in BINARY or expr.fn in UNARY or getattr(expr.fn, "__module__", "") == "math" or is_helper(expr.fn) \
        or expr.fn in (list, float, int)


class Ownership:
    """`is_fresh(name)`: its memory is new and reachable by this name (and what it is handed on as) only."""

    def __init__(self, program: Program) -> None:
        self.sources: dict[str, list[Expr]] = defaultdict(list)
        self.captured: set[str] = set()
        self.handed: Counter[str] = Counter()
        self._block(program.body)
        self.fresh = self._solve()

    def is_fresh(self, name: str) -> bool:
        return name in self.fresh and name not in self.captured

    def _block(self, block: Block) -> None:
        for stmt in walk(block):
            self._stmt(stmt)
        for inner in walk_blocks(block):
            if inner.exit is not None and inner.exit.kind == "raise":
                for value in inner.exit.values:
                    self._capture(value)

    def _stmt(self, stmt: Stmt) -> None:
        match stmt:
            case Assign(target=target, value=value):
                self.sources[target].append(value)
                self._inside(value)
            case Effect(value=value):
                self._inside(value)
            case Store(value=value, index=index):
                if isinstance(index, Attr):
                    self._capture(value)
            case If(results=results, then=then, orelse=orelse):
                self._leaves(results, (then, orelse))
            case With(results=results, body=body):
                self._leaves(results, (body,))
            case Try(results=results, body=body, handlers=handlers):
                self._leaves(results, (body, *(h.body for h in handlers)))
            case For() | While():
                self._loop(stmt)

    def _inside(self, value: Expr) -> None:
        """An operand that a container keeps or of which a view is taken is known to others."""
        if not isinstance(value, Apply):
            return
        if isinstance(value.fn, Outline):
            shares = value.fn.summary.shares if value.fn.summary is not None else (range(len(value.args)),)
            for k in {k for row in shares for k in row if k < len(value.args)}:
                self._capture(value.args[k])
            return
        rule = registry.find(value.fn)
        keeps = value.fn in DISPLAYS or value.fn is make_dict or value.fn in LIST_CHANGES or isinstance(value.fn, Method)
        if keeps or (rule is not None and rule.view) or (rule is None and value.fn not in (print,)):
            for arg in (*value.args, *(v for _, v in value.kwargs)):
                self._capture(arg)

    def _capture(self, expr: Expr) -> None:
        if isinstance(expr, Name):
            self.captured.add(expr.id)
        elif isinstance(expr, Apply):
            for arg in expr.args:
                self._capture(arg)

    def _leaves(self, results: tuple[str, ...], parts: tuple[Block, ...]) -> None:
        for part in parts:
            if part.exit is not None and part.exit.kind == "next":
                for result, value in zip(results, part.exit.values, strict=False):
                    self._hand(result, value)

    def _loop(self, stmt: For | While) -> None:
        if isinstance(stmt, For):
            for item in stmt.items:
                self.sources[item.target].append(Ref(None) if item.kind == "each" else Lit(0))
        leaves = leaf_values(stmt.body)
        for k, carry in enumerate(stmt.carries):
            self._hand(carry.param, carry.init)
            self.sources[carry.result].append(Name(carry.param))
            for values in leaves:
                if k < len(values):
                    self._hand(carry.param, values[k])

    def _hand(self, target: str, value: Expr) -> None:
        self.sources[target].append(value)
        if isinstance(value, Name):
            self.handed[value.id] += 1

    def _solve(self) -> set[str]:
        """The largest set in which every source is new memory or a member handed on once."""
        fresh = set(self.sources)
        changed = True
        while changed:
            changed = False
            for name in list(fresh):
                if not all(makes_new(s) or (isinstance(s, Name) and s.id in fresh and s.id not in self.captured
                                            and self.handed[s.id] <= 1) for s in self.sources[name]):
                    fresh.discard(name)
                    changed = True
        return fresh
