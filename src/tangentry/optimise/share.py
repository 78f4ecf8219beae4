"""Common subexpressions: what was computed already is not computed again.

Accepts and yields flat single-assignment programs. Only pure operations on what cannot change, and only inner values go:
a user's variable keeps its own statement.
"""
from __future__ import annotations

import operator
from dataclasses import replace
from typing import Any

import numpy as np

from ..analysis.effects import is_pure_function
from ..analysis.regions import Regions
from ..prims import make_dict, make_list, make_set
from ..program import (
    Apply, Assign, Block, Carry, Expr, For, If, Lit, Name, Program, Ref, Stmt, Try, While, With, base)
from ..protect import renamed_stmt
from ..rules import registry
from ..runtime import copied

_FRESH = {make_list, make_dict, make_set, np.zeros, np.ones, np.empty, np.full, np.zeros_like, np.ones_like, np.empty_like,
          np.full_like, np.copy, np.array, copied, list, dict, iter, open}
_COMMUTES = {operator.add, operator.mul}


def share(program: Program) -> Program:
    """The program without repeated operations."""
    return replace(program, body=_Sharer(program).block(program.body, {}))


class _Sharer:
    def __init__(self, program: Program) -> None:
        self.regions = Regions(program)
        self.types = program.types
        self.keep = program.keep
        self.to: dict[str, str] = {}

    def block(self, block: Block, known: dict[Any, str]) -> Block:
        known = dict(known)
        out: list[Stmt] = []
        for stmt in block.stmts:
            stmt = self.renamed(stmt, known)
            if isinstance(stmt, Assign):
                key = self.key(stmt)
                if key is not None:
                    found = known.get(key)
                    if found is not None and self.may_go(stmt.target):
                        self.to[stmt.target] = found
                        continue
                    known.setdefault(key, stmt.target)
            out.append(stmt)
        leaf = block.exit
        if leaf is not None:
            leaf = replace(leaf, values=tuple(map(self.expr, leaf.values)))
        return Block(tuple(out), leaf)

    def may_go(self, name: str) -> bool:
        return not base(name).isidentifier() and name not in self.keep

    def key(self, stmt: Assign) -> Any:
        """What makes two operations the same; None for those that must not be shared."""
        e = stmt.value
        if not isinstance(e, Apply) or e.fn in _FRESH or not is_pure_function(e.fn) or self.regions.is_written(stmt.target):
            return None
        try:
            args = tuple(self.operand_key(a, k in self.shape_only(e)) for k, a in enumerate(e.args))
            kwargs = tuple((k, self.operand_key(v, False)) for k, v in e.kwargs)
        except _Changes:
            return None
        if e.fn in _COMMUTES:
            args = tuple(sorted(args, key=repr))
        return e.fn if not isinstance(e.fn, list) else id(e.fn), args, kwargs

    @staticmethod
    def shape_only(e: Apply) -> tuple[int, ...]:
        if e.fn is getattr and isinstance(e.args[1], Lit) and e.args[1].value in ("shape", "ndim", "size", "dtype"):
            return (0,)
        rule = registry.find(e.fn)
        return rule.shape_only if rule is not None else ()

    def operand_key(self, expr: Expr, shape: bool) -> Any:
        if isinstance(expr, Name):
            if not shape and self.regions.is_written(expr.id):
                raise _Changes
            return expr.id
        if isinstance(expr, Lit):
            return expr.key()
        if isinstance(expr, Ref):
            if expr.home is not None:
                raise _Changes
            return id(expr.value)
        return expr.fn, tuple(self.operand_key(a, False) for a in expr.args)

    # ── renaming ──
    def expr(self, expr: Expr) -> Expr:
        if isinstance(expr, Name):
            return Name(self.to.get(expr.id, expr.id))
        if isinstance(expr, Apply):
            return Apply(expr.fn, tuple(map(self.expr, expr.args)), tuple((k, self.expr(v)) for k, v in expr.kwargs),
                         expr.form)
        return expr

    def renamed(self, stmt: Stmt, known: dict[Any, str]) -> Stmt:
        match stmt:
            case If(then=then, orelse=orelse):
                return replace(stmt, test=self.expr(stmt.test), then=self.block(then, known), orelse=self.block(orelse, known))
            case For(carries=carries, body=body):
                items = tuple(replace(i, args=tuple(map(self.expr, i.args))) for i in stmt.items)
                return replace(stmt, items=items, carries=self.carries(carries), body=self.block(body, known))
            case While(carries=carries, body=body):
                return replace(stmt, test=self.expr(stmt.test), carries=self.carries(carries), body=self.block(body, known))
            case With(body=body):
                return replace(stmt, context=self.expr(stmt.context), body=self.block(body, known))
            case Try(body=body, handlers=handlers, final=final):
                return replace(stmt, body=self.block(body, known), final=self.block(final, known),
                               handlers=tuple(replace(h, body=self.block(h.body, known)) for h in handlers))
        return renamed_stmt(stmt, self.to)

    def carries(self, row: tuple[Carry, ...]) -> tuple[Carry, ...]:
        return tuple(replace(c, init=self.expr(c.init)) for c in row)


class _Changes(Exception):
    """An operand whose contents may change."""
