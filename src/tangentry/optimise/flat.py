"""Nested expressions → one operation a statement, so that a derivative program can be shared, shortened or differentiated again.

Accepts a single-assignment program with any expressions; yields one whose operands are names, literals, known objects,
displays, slices and ranges.
"""
from __future__ import annotations

from dataclasses import replace
from typing import Any

from ..derive import operand
from ..infer import infer
from ..algebra import lift
from ..prims import and_, formatted, fstring, ifexp, make_dict, make_list, make_set, make_tuple, or_, set_variable
from ..program import (
    Apply, Assign, Attr, Block, Effect, Expr, For, If, Item, Name, Names, Program, Stmt, Store, Try, Update, While, With)
from ..types import Top, Type

_STRUCTURE = {slice, range, make_tuple, make_list, make_dict, make_set, fstring, formatted, ifexp, and_, or_}


def flatten(program: Program, names: Names) -> Program:
    """The program with flat operands."""
    maker = _Flat(program, names)
    body = maker.block(program.body)
    return replace(program, body=body, types=maker.types)


class _Flat:
    def __init__(self, program: Program, names: Names) -> None:
        self.types: dict[str, Type] = dict(program.types)
        self.names = names
        self.out: list[Stmt] = []
        self.origin: Any = None

    def block(self, block: Block) -> Block:
        kept, self.out = self.out, []
        for stmt in block.stmts:
            self.origin = stmt.origin
            self.out.append(self.stmt(stmt))
        leaf = block.exit
        if leaf is not None:
            leaf = replace(leaf, values=tuple(map(self.atom, leaf.values)))
        made = Block(tuple(self.out), leaf)
        self.out = kept
        return made

    def atom(self, expr: Expr) -> Expr:
        """An operand: a name, a literal, or a display of such."""
        if not isinstance(expr, Apply):
            return expr
        flat = self.flat(expr)
        if expr.fn in _STRUCTURE:
            return flat
        name = self.names.fresh("%t")
        self.types[name] = self.type(flat)
        self.out.append(Assign(name, flat, self.origin))
        return Name(name)

    def flat(self, expr: Expr) -> Expr:
        """An expression with flat operands."""
        if not isinstance(expr, Apply) or expr.fn is set_variable:
            return expr
        if expr.fn in (ifexp, and_, or_):
            return expr  # evaluated in part only
        return Apply(expr.fn, tuple(map(self.atom, expr.args)), tuple((k, self.atom(v)) for k, v in expr.kwargs), expr.form)

    def type(self, expr: Apply) -> Type:
        try:
            args = [lift(operand(a, self.types)).type for a in expr.args]
            kwargs = {k: lift(operand(v, self.types)).type for k, v in expr.kwargs}
        except TypeError:
            return Top()
        return infer(expr.fn, args, kwargs)

    def index(self, index: Any) -> Any:
        return index if index is None or isinstance(index, Attr) else self.atom(index)

    def stmt(self, stmt: Stmt) -> Stmt:
        match stmt:
            case Assign(value=value) | Effect(value=value):
                return replace(stmt, value=self.flat(value))
            case Store(obj=obj, index=index, value=value):
                return replace(stmt, obj=self.atom(obj), index=self.index(index), value=self.atom(value))
            case Update(obj=obj, index=index, value=value):
                return replace(stmt, obj=self.atom(obj), index=self.index(index), value=self.atom(value))
            case If(test=test, then=then, orelse=orelse):
                return replace(stmt, test=self.atom(test), then=self.block(then), orelse=self.block(orelse))
            case For(items=items, carries=carries, body=body):
                rows = tuple(Item(i.target, i.kind, tuple(map(self.atom, i.args)), i.backward) for i in items)
                starts = tuple(replace(c, init=self.atom(c.init)) for c in carries)
                return replace(stmt, items=rows, carries=starts, body=self.block(body))
            case While(carries=carries, body=body):
                starts = tuple(replace(c, init=self.atom(c.init)) for c in carries)
                return replace(stmt, carries=starts, body=self.block(body))
            case With(context=context, body=body):
                return replace(stmt, context=self.flat(context), body=self.block(body))
            case Try(body=body, handlers=handlers, final=final):
                return replace(stmt, body=self.block(body), final=self.block(final),
                               handlers=tuple(replace(h, body=self.block(h.body)) for h in handlers))
