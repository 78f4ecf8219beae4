"""Forward mode: Program → tangent Program, in the same form.

Every active name `x` has a tangent `x_dot`; each statement is followed by the one for the tangent, tangents are further
carries and results, and every change of an object is mirrored on its tangent. Source: Griewank & Walther, chapter 3.1.
"""
from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from ..algebra import ZERO, Symbol, add, apply, is_zero, mul
from ..analysis.activity import _INACTIVE
from ..analysis.effects import LIST_CHANGES
from ..analysis.regions import Regions
from ..derive import missing, operand, partials, zero_like
from ..outlines import Outline
from ..prims import make_dict, make_list, make_tuple
from ..program import (
    Apply, Assign, Attr, Block, Carry, Effect, Exit, Expr, For, If, Item, Lit, Name, Names, Program, Stmt, Store, Try, Update,
    While, With)
from ..rules import registry
from ..types import DictT, ListT, Num, SeqT, Top
from .calls import Calls


def forward(program: Program, seeds: Mapping[str, str], names: Names) -> tuple[Program, Callable[[Expr], Expr]]:
    """The tangent program; `seeds` maps each differentiated parameter to the name of its tangent.

    Leaves that return hold their values followed by as many tangents. Also gives the tangent of any expression.
    """
    maker = Forward(program, seeds, names)
    body = maker.block(program.body, (), ())
    return replace(program, body=body, types=maker.types, keep=frozenset(maker.keep)), maker.value_dot


class Forward(Calls):
    """Each method writes a statement and the one for its tangent."""

    def block(self, block: Block, results: tuple[str, ...], params: tuple[str, ...]) -> Block:
        kept, self.out = self.out, []
        for stmt in block.stmts:
            self.origin = stmt.origin
            self.stmt(stmt, results, params)
        leaf = self.leaf(block.exit, results, params) if block.exit is not None else None
        made = Block(tuple(self.out), leaf)
        self.out = kept
        return made

    def leaf(self, leaf: Exit, results: tuple[str, ...], params: tuple[str, ...]) -> Exit:
        if leaf.kind == "raise":
            return leaf
        if leaf.kind == "return":
            return replace(leaf, values=(*leaf.values, *(self.pinned(v) for v in leaf.values)))
        targets = results if leaf.kind == "next" else params
        dots = tuple(self.pinned(v) for t, v in zip(targets, leaf.values, strict=False) if self.is_active(t))
        return replace(leaf, values=(*leaf.values, *dots))

    def pinned(self, value: Expr) -> Expr:
        """The tangent of a leaf's value as an operand."""
        g = self.full(self.dot(value), value)
        return g.expr if not isinstance(g.expr, Apply) or g.expr.fn in (make_tuple, make_list, make_dict) else self.named(g)

    def named(self, g: Symbol) -> Expr:
        name = self.fresh("%t", g.type)
        self.emit(Assign(name, g.expr, self.origin))
        return Name(name)

    def stmt(self, stmt: Stmt, results: tuple[str, ...], params: tuple[str, ...]) -> None:
        match stmt:
            case Assign(target=target, value=value):
                self.assign(stmt, target, value)
            case Store(obj=obj, index=index, value=value):
                self.emit(stmt)
                if isinstance(obj, Name) and self.is_active(obj.id):
                    self.emit(replace(stmt, obj=self.dot(obj).expr, value=self.stored(value, obj, index)))
            case Update():
                self.update(stmt)
            case Effect(value=value):
                self.effect(stmt, value)
            case If():
                self.branch(stmt, results, params)
            case For() | While():
                self.loop(stmt)
            case With():
                self.region(stmt, params)
            case Try():
                self.attempt(stmt, params)

    def assign(self, stmt: Assign, target: str, value: Expr) -> None:
        if isinstance(value, Apply) and isinstance(value.fn, Outline):
            self.outlined(stmt, value)
            return
        self.emit(stmt)
        if not self.is_active(target):
            return
        z = Symbol(Name(target), self.types.get(target, Top()))
        self.mirrored = is_alias(value, self.regions)
        self.define(target, self.linearised(value, z) if isinstance(value, Apply) else self.dot(value))
        self.mirrored = False

    def stored(self, value: Expr, obj: Expr, index: Any) -> Expr:
        """What is stored into a tangent: 0.0 for what has none."""
        g = self.dot(value)
        if is_zero(g):
            whole = self.types.get(obj.id) if isinstance(obj, Name) else None
            inside = isinstance(whole, ListT | DictT | SeqT) or isinstance(index, Attr)
            return zero_like(self.symbol(value)).expr if inside else Lit(0.0)
        inside = isinstance(self.types.get(getattr(obj, "id", "")), ListT | DictT)
        return self.full(g, value).expr if inside else g.expr

    def update(self, stmt: Update) -> None:
        """`y[i] op= v`: sums are mirrored, the rest is computed before the primal changes."""
        obj = stmt.obj
        if not isinstance(obj, Name) or not self.is_active(obj.id):
            self.emit(stmt)
            return
        whole, g = self.dot(obj), self.dot(stmt.value)
        if stmt.op in (operator.add, operator.sub):
            self.emit(stmt)
            if not is_zero(g):
                self.emit(replace(stmt, obj=whole.expr, value=g.expr))
            return
        place = self.symbol(obj) if stmt.index is None else Symbol(Apply(operator.getitem, (obj, stmt.index)), Top())  # type: ignore[arg-type]
        place_dot = whole if stmt.index is None else Symbol(Apply(operator.getitem, (whole.expr, stmt.index)), Top())  # type: ignore[arg-type]
        v = operand(stmt.value, self.types)
        p, q = partials(stmt.op, apply(stmt.op, place, v), (place, v), {})[:2]
        total = add(mul(p, place_dot), ZERO if is_zero(g) else mul(q, g))
        index = stmt.index if stmt.index is not None else Lit(Ellipsis)
        name = self.fresh("%t", Top())
        self.emit(Assign(name, total.expr, stmt.origin))
        self.emit(stmt)
        self.emit(Store(whole.expr, index, Name(name), stmt.origin))

    def effect(self, stmt: Effect, value: Expr) -> None:
        if isinstance(value, Apply) and isinstance(value.fn, Outline):
            self.outlined(stmt, value)
            return
        self.emit(stmt)
        if not isinstance(value, Apply) or not value.args or not isinstance(value.args[0], Name):
            return
        obj = value.args[0]
        if not self.is_active(obj.id):
            if any(not is_zero(self.dot(a)) for a in value.args) and value.fn not in (print,):
                rule = registry.find(value.fn)
                if rule is None and value.fn not in LIST_CHANGES:
                    self.refuse_effect(value)
            return
        if value.fn in (list.append, list.insert, list.extend, list.reverse, list.clear, list.pop):
            last = (self.full(self.dot(value.args[-1]), value.args[-1]).expr,) if value.fn in (
                list.append, list.insert, list.extend) else value.args[1:]
            middle = value.args[1:-1] if value.fn is list.insert else ()
            self.emit(replace(stmt, value=Apply(value.fn, (self.dot(obj).expr, *middle, *last), (), value.form)))
            return
        self.writes(stmt, value)

    def writes(self, stmt: Effect, value: Apply) -> None:
        """A function that writes into its arguments: its forward rule is the same call on the tangents."""
        rule = registry.find(value.fn)
        if rule is None or not rule.writes or not rule.linear:
            raise missing(value.fn, self.origin)
        args = tuple((self.dot(a).expr if not is_zero(self.dot(a)) else Lit(0.0)) if k in rule.linear else a
                     for k, a in enumerate(value.args))
        self.emit(replace(stmt, value=Apply(value.fn, args, value.kwargs, value.form)))

    def refuse_effect(self, value: Apply) -> None:
        if value.fn not in _INACTIVE and not getattr(value.fn, "__name__", "").startswith("assert"):
            raise missing(value.fn, self.origin)

    def branch(self, stmt: If, results: tuple[str, ...], params: tuple[str, ...]) -> None:
        inner = stmt.results or results
        then = self.block(stmt.then, inner, params)  # a name that it sets may be read behind, under the same test
        orelse = self.block(stmt.orelse, inner, params)
        self.emit(replace(stmt, then=then, orelse=orelse, results=(*stmt.results, *self.results(stmt.results))))

    def results(self, results: tuple[str, ...]) -> tuple[str, ...]:
        """Names for the tangents of what a statement with blocks yields."""
        made = []
        for result in results:
            if self.is_active(result):
                t = self.types.get(result, Top())
                name = self.fresh(result, t)
                self.dots[result] = Symbol(Name(name), t)
                made.append(name)
        return tuple(made)

    def loop(self, stmt: For | While) -> None:
        params = tuple(c.param for c in stmt.carries)
        inits = [(c, self.pinned(c.init)) for c in stmt.carries if self.is_active(c.param)]
        outer = dict(self.dots)
        carries: list[Carry] = []
        for carry, init in inits:
            t = self.types.get(carry.param, Top())
            param, result = self.fresh(carry.param, t), self.fresh(carry.result, t)
            carries.append(Carry(param, init, result))
            self.dots[carry.param] = Symbol(Name(param), t)
        items = self.items(stmt) if isinstance(stmt, For) else ()
        body = self.block(stmt.body, params, params)
        self.dots = outer
        for (carry, _), made in zip(inits, carries, strict=True):
            self.dots[carry.result] = Symbol(Name(made.result), self.types[made.result])
        new: Stmt = replace(stmt, carries=(*stmt.carries, *carries), body=body)
        self.emit(replace(new, items=items) if isinstance(new, For) else new)

    def items(self, stmt: For) -> tuple[Item, ...]:
        made: list[Item] = []
        for item in stmt.items:
            made.append(item)
            if item.kind == "each" and self.is_active(item.target):
                t = self.types.get(item.target, Top())
                name = self.fresh(item.target, t)
                source = self.full(self.dot(item.args[0]), item.args[0])
                made.append(Item(name, "each", (source.expr,), item.backward))
                self.dots[item.target] = Symbol(Name(name), t)
        return tuple(made)

    def region(self, stmt: With, params: tuple[str, ...]) -> None:
        body = self.block(stmt.body, stmt.results, params)
        self.emit(replace(stmt, body=body, results=(*stmt.results, *self.results(stmt.results))))

    def attempt(self, stmt: Try, params: tuple[str, ...]) -> None:
        body = self.block(stmt.body, stmt.results, params)
        handlers = [replace(h, body=self.block(h.body, stmt.results, params)) for h in stmt.handlers]
        final = self.block(stmt.final, (), params)
        self.emit(replace(stmt, body=body, handlers=tuple(handlers), final=final,
                          results=(*stmt.results, *self.results(stmt.results))))


def is_alias(value: Expr, regions: Regions) -> bool:
    """Is it another name for an object, a view of one, or what a container holds?"""
    if not isinstance(value, Apply):
        return isinstance(value, Name)
    held = value.fn in (operator.getitem, dict.get, list.pop, dict.pop) and not isinstance(regions.type(value.args[0]), Num)
    return held or regions._is_view(value)
