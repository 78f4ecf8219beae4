"""Going back over single statements: assignments, changes of objects, branches."""
from __future__ import annotations

import operator
from dataclasses import replace
from typing import Any

import numpy as np

from ..algebra import ZERO, Symbol, add, apply, is_zero, lift, mul, total
from ..analysis.effects import LIST_CHANGES
from ..analysis.ownership import makes_new
from ..derive import missing, operand, partials, zero_like
from ..outlines import Outline
from ..prims import assert_, delete, set_variable
from ..program import (
    Apply, Assign, Attr, Block, Effect, Exit, Expr, For, If, Lit, Name, Stmt, Store, Try, Update, While, With, defines,
    reads)
from ..runtime import item_or_missing, keep_last, put_item_back
from ..shapes import dense, fit
from ..types import DictT, ListT, Num, SeqT, Top
from .base import Mark, Scope
from .record import Record
from .rules_of import Rules

QUIET_EFFECTS = {print, assert_, delete, set_variable}


class Statements(Rules):
    """Each method goes back over one statement and returns what the forward sweep does in its place."""

    def reverse(self, stmt: Stmt, results: tuple[str, ...], loop: Any) -> list[Stmt]:
        self.origin = stmt.origin
        match stmt:
            case Assign():
                return self.back_assign(stmt)
            case Store():
                return self.back_store(stmt)
            case Update():
                return self.back_update(stmt)
            case Effect():
                return self.back_effect(stmt)
            case If():
                return self.back_if(stmt, results, loop)
            case For() | While():
                return self.back_loop(stmt)
            case With():
                return self.back_with(stmt)
            case Try():
                return self.back_try(stmt)

    def back_loop(self, stmt: For | While) -> list[Stmt]:
        raise NotImplementedError

    def back_call(self, stmt: Assign | Effect, e: Apply) -> list[Stmt]:
        raise NotImplementedError

    def back_with(self, stmt: With) -> list[Stmt]:
        raise NotImplementedError

    def back_try(self, stmt: Try) -> list[Stmt]:
        raise NotImplementedError

    def refuse_wild(self, obj: Expr) -> None:
        """An object that several names may stand for, in ways that are not known before the program runs."""
        if isinstance(obj, Name) and self.is_active(obj.id) and self.storage.root(obj.id) is None \
                and not self.is_wild(obj.id):
            raise self.refuse("this object is written in place, and it is not known before the program runs which one it is",
                              "give the parts names of their own, or copy the array before it is written")

    # ── assignments ──
    def back_assign(self, stmt: Assign) -> list[Stmt]:
        name, value = stmt.target, stmt.value
        if isinstance(value, Apply) and isinstance(value.fn, Outline):
            return self.back_call(stmt, value)
        if isinstance(value, Apply) and value.fn in LIST_CHANGES:
            return self.back_pop(stmt, value)
        if not self.is_active(name):
            return [stmt]
        root = self.storage.root(name)
        if self.is_wild(name) and self.is_alias(value):
            return [stmt]  # the same object: its cotangent is found by the object itself
        if root is not None and root != name:
            self.scope.shadows.pop(name, None)
            return [stmt]  # a view: what it was given went to the object
        g = self.take(name)
        if not is_zero(g):
            self.propagate(value, Symbol(Name(name), self.type(name)), g)
        return [stmt]

    def is_alias(self, value: Expr) -> bool:
        """Is it another name for an object, or a view of one?"""
        return isinstance(value, Name) or (isinstance(value, Apply) and (
            self.regions._is_view(value) or (value.fn is operator.getitem and not isinstance(
                self.symbol(value.args[0]).type, Num))))

    # ── stores ──
    def place(self, obj: Expr, index: Any) -> Symbol:
        """The part that a statement writes, as an expression."""
        if index is None:
            return self.symbol(obj)
        return apply(operator.getitem, self.symbol(obj), operand(index, self.types))

    def shadow_place(self, obj: Name, index: Any) -> Symbol:
        whole = self.shadow(obj.id)
        return whole if index is None else Symbol(Apply(operator.getitem, (whole.expr, index)), self.place(obj, index).type)

    def detached(self, part: Symbol, index: Any) -> Symbol:
        """The cotangent of a part before it is overwritten: numbers as they are, arrays copied."""
        t = part.type
        if isinstance(t, Num) and t.rank == 0 and t.kind != "array":
            return self.assign("%t^bar", part)
        if isinstance(t, Num) and t.kind == "array" and not self.may_repeat(index if index is not None else Lit(None)):
            return self.assign("%t^bar", apply(np.copy, part, form_=".copy"))
        return self.assign("%t^bar", apply(np.array, part) if isinstance(t, Num | Top) else part)

    def saved(self, stmt: Any, obj: Expr, index: Any) -> tuple[list[Stmt], Symbol | None]:
        """Keep what is overwritten, where the reverse sweep reads the object again."""
        if not isinstance(obj, Name):
            return [], None
        self.marks[id(stmt)] = Mark(stmt, self.regions.find(obj.id))
        self.emit(Effect(Apply(mark, (Lit(id(stmt)),)), self.back()))
        if id(stmt) not in self.restore:
            return [], None
        if isinstance(self.type(obj.id), DictT):
            name = self.fresh(f"{obj.id.partition('.')[0]}^old", Top())
            return [Assign(name, Apply(item_or_missing, (obj, index)), stmt.origin)], Symbol(Name(name), Top())
        part = self.place(obj, index)
        if isinstance(part.type, Num) and part.type.rank == 0 and part.type.kind != "array":
            old = part
        else:
            old = apply(np.copy, part, form_=".copy") if part.is_array else self.copy(part)
        name = self.fresh(f"{obj.id.partition('.')[0]}^old", old.type)
        return [Assign(name, old.expr, stmt.origin)], Symbol(Name(name), old.type)

    def put_back(self, obj: Expr, index: Any, old: Symbol | None) -> None:
        if old is not None and isinstance(obj, Name) and isinstance(self.type(obj.id), DictT):
            self.effect(Apply(put_item_back, (obj, index, old.expr)))
        elif old is not None:
            self.emit(Store(obj, Lit(Ellipsis) if index is None else index, old.expr, self.back()))

    def back_store(self, stmt: Store) -> list[Stmt]:
        obj, index, value = stmt.obj, stmt.index, stmt.value
        if isinstance(index, Attr) or not isinstance(obj, Name):
            return [stmt]  # an outer object: what is read from it again is known
        self.refuse_wild(obj)
        before, old = self.saved(stmt, obj, index)
        if not self.is_active(obj.id):
            self.put_back(obj, index, old)
            return [*before, stmt]
        part = self.shadow_place(obj, index)
        active = any(self.is_active(n) for n in _reads(value))
        g = self.detached(part, index) if active else ZERO
        self.emit(Store(part.expr.args[0], index, self.cleared(obj, value).expr, self.back()))  # type: ignore[union-attr]
        self.put_back(obj, index, old)
        if active:
            container = isinstance(self.type(obj.id), ListT | DictT | SeqT)
            if not container and self.may_repeat(index):
                g = self.assign("%t^bar", apply(keep_last, g, self.symbol(index), self.symbol(obj).shape))
            x = self.symbol(value)
            self.contribute(value, g if container or not isinstance(x.type, Num) else fit(g, self.place(obj, index), x))
        return [*before, stmt]

    def cleared(self, obj: Name, value: Expr) -> Symbol:
        """The cotangent of a part that is overwritten: zero."""
        if isinstance(self.type(obj.id), ListT | DictT | SeqT):
            return zero_like(self.symbol(value))
        return lift(0.0)

    def back_update(self, stmt: Update) -> list[Stmt]:
        obj, index, op, value = stmt.obj, stmt.index, stmt.op, stmt.value
        if not isinstance(obj, Name) or isinstance(index, Attr):
            return [stmt]
        self.refuse_wild(obj)
        before, old = self.saved(stmt, obj, index)
        if not self.is_active(obj.id):
            self.put_back(obj, index, old)
            return [*before, stmt]
        if isinstance(self.type(obj.id), ListT):
            raise self.refuse("`+=` on a list is not differentiated in reverse mode", "use append")
        x, place = self.symbol(value), self.place(obj, index)
        active = any(self.is_active(n) for n in _reads(value))
        part = self.shadow_place(obj, index)
        repeats = index is not None and self.may_repeat(index)
        if op in (operator.add, operator.sub):
            self.put_back(obj, index, old)
            if active:
                g = self.kept(part, obj, index) if repeats else part
                g = fit(g if op is operator.add else mul(-1, g), place, x)
                self.contribute(value, g if makes_new(g.expr) else self.detached(g, index))
            return [*before, stmt]
        p, q = partials(op, apply(op, place, x), (place, x), {})[:2]
        g = self.detached(part, index) if active else ZERO
        self.put_back(obj, index, old)
        if active and repeats:
            g = self.assign("%t^bar", apply(keep_last, g, self.symbol(index), self.symbol(obj).shape))  # type: ignore[arg-type]
        passed = fit(mul(g, q), place, x) if active else ZERO
        if active and not self.is_stable(passed.expr):
            passed = self.assign("%t^bar", passed)
        self.scale_shadow(part, index, lift(p), op, value)
        self.contribute(value, passed)  # behind: the value was read before the object changed, and may be a part of it
        return [*before, stmt]

    def kept(self, part: Symbol, obj: Name, index: Any) -> Symbol:
        """Of equal indices the last one counts."""
        return self.assign("%t^bar", apply(keep_last, part, self.symbol(index), self.symbol(obj).shape))

    def scale_shadow(self, part: Symbol, index: Any, p: Symbol, op: Any, value: Expr) -> None:
        """The object's own cotangent is multiplied by the partial."""
        whole = part.expr.args[0] if index is not None else part.expr  # type: ignore[union-attr]
        if op in (operator.mul, operator.truediv):
            self.emit(Update(whole, index, op, value, self.back()))
            return
        self.emit(Update(whole, index, operator.mul, p.expr, self.back()))

    # ── lists ──
    def back_pop(self, stmt: Assign, value: Apply) -> list[Stmt]:
        """`x = xs.pop()`: the cotangent of x goes back to the end of the list."""
        if value.fn is not list.pop or len(value.args) > 1 or not isinstance(value.args[0], Name):
            raise missing(value.fn, self.origin)
        (obj,) = value.args
        self.refuse_wild(obj)
        if self.is_active(obj.id):
            g = self.take(stmt.target) if self.is_active(stmt.target) else ZERO
            x = Symbol(Name(stmt.target), self.type(stmt.target))
            full = zero_like(x) if is_zero(g) else dense(g, x) if isinstance(x.type, Num) else g
            self.effect(Apply(list.append, (self.shadow(obj.id).expr, full.expr), (), ".append"))
        if self.wants_back(stmt, obj):
            self.effect(Apply(list.append, (obj, Name(stmt.target)), (), ".append"))
        return [stmt]

    def wants_back(self, stmt: Stmt, obj: Name) -> bool:
        """Is the list read again by the reverse sweep?"""
        self.emit(Effect(Apply(mark, (Lit(id(stmt)),)), self.back()))
        self.marks[id(stmt)] = Mark(stmt, self.regions.find(obj.id))
        return id(stmt) in self.restore

    def back_effect(self, stmt: Effect) -> list[Stmt]:
        e = stmt.value
        if isinstance(e, Apply) and isinstance(e.fn, Outline):
            return self.back_call(stmt, e)
        if not isinstance(e, Apply) or not e.args or not isinstance(e.args[0], Name):
            return [stmt]
        obj = e.args[0]
        if e.fn is list.append:
            self.refuse_wild(obj)
            if self.is_active(obj.id):
                part = Symbol(Apply(list.pop, (self.shadow(obj.id).expr,), (), ".pop"), self.symbol(e.args[1]).type)
                self.contribute(e.args[1], self.assign(self.bar_stem(_base(e.args[1])), part))
            if self.wants_back(stmt, obj):
                self.effect(Apply(list.pop, (obj,), (), ".pop"))
            return [stmt]
        if e.fn in LIST_CHANGES:
            if self.is_active(obj.id):
                raise missing(e.fn, self.origin)
            self.wants_back(stmt, obj)
            return [stmt]
        return self.back_writes(stmt, e)

    def back_writes(self, stmt: Effect, e: Apply) -> list[Stmt]:
        """A function that is called for what it does."""
        if e.fn in (np.add.at, np.subtract.at):
            return self.back_add_at(stmt, e)
        if e.fn in QUIET_EFFECTS or not any(self.is_active(n) for a in e.args for n in _reads(a)):
            return [stmt]
        raise missing(e.fn, self.origin)

    def back_add_at(self, stmt: Effect, e: Apply) -> list[Stmt]:
        """`np.add.at(y, index, v)`: every occurrence of an index gets its part."""
        obj, index, value = e.args
        self.refuse_wild(obj)
        before, old = self.saved(stmt, obj, index)
        self.put_back(obj, index, old)
        if isinstance(obj, Name) and self.is_active(obj.id) and any(self.is_active(n) for n in reads(value)):
            part = self.shadow_place(obj, index)
            g = fit(part if e.fn == np.add.at else mul(-1, part), self.place(obj, index), self.symbol(value))
            self.contribute(value, g if makes_new(g.expr) else self.detached(g, index))
        return [*before, stmt]

    # ── branches ──
    def block(self, block: Block, scope: Scope, results: tuple[str, ...], seeds: dict[str, Symbol], loop: Any) -> Block:
        """Go back over a block in a scope of its own; what the forward sweep does there."""
        outer, self.scope = self.scope, scope
        scope.local |= {n for s in block.stmts for n in defines(s)}
        if block.exit is not None and block.exit.kind == "next":
            for result, value in zip(results, block.exit.values, strict=False):
                if result in seeds:
                    self.contribute(value, seeds[result])
        stmts: list[Stmt] = []
        for stmt in reversed(block.stmts):
            stmts[:0] = self.reverse(stmt, results, loop)
        self.scope = outer
        return Block(tuple(stmts), block.exit)

    def back_if(self, stmt: If, results: tuple[str, ...], loop: Any) -> list[Stmt]:
        seeds = {r: self.atomic(r) for r in stmt.results if self.is_active(r) and not self.is_wild(r)}
        sides, scopes = [], []
        for side in (stmt.then, stmt.orelse):
            scope = Scope(self.scope, self.scope.in_loop)
            sides.append(self.block(side, scope, stmt.results, seeds, loop))
            scopes.append(scope)
        then, orelse = self.join_scopes(stmt.test, scopes, (sides[0], sides[1]))
        return [replace(stmt, then=then, orelse=orelse)]

    def atomic(self, name: str) -> Symbol:
        """The cotangent of a value as a name or number, since it is used in several places."""
        g = self.take(name)
        return self.assign(self.bar_stem(name), g) if isinstance(g.expr, Apply) else g

    def join_scopes(self, test: Expr, scopes: list[Scope], sides: tuple[Block, Block]) -> tuple[Block, Block]:
        """The branches of the reverse sweep, and what values from outside get from them; the branches of the forward sweep."""
        for scope in scopes:
            self.settle(scope)
            self.flush(scope)
        names = list(dict.fromkeys(n for s in scopes for n in s.terms))
        results: list[str] = []
        values: list[list[Expr]] = [[] for _ in scopes]
        for name in names:
            made = self.joined(name, scopes, values)
            results.append(made.expr.id)  # type: ignore[union-attr]
            self.scope.terms.setdefault(name, []).append(made)
        forward, blocks = list(sides), []
        for k, (scope, row) in enumerate(zip(scopes, values, strict=True)):
            out = scope.out
            if scope.in_loop:
                forward[k], out, row = Record(self).block(sides[k], out, row, {})
            blocks.append(Block(tuple(out), Exit("next", tuple(row))))
        if any(b.stmts for b in blocks) or results:
            self.emit(If(test, blocks[0], blocks[1], tuple(results), "", self.back()))
        return forward[0], forward[1]

    def flush(self, scope: Scope) -> None:
        """What a block has for a value with a buffer goes into the buffer; items of tuples become tuples."""
        outer, self.scope = self.scope, scope
        for name in list(scope.parts):
            parts = scope.parts.pop(name)
            scope.terms.setdefault(name, []).append(self.row(name, ZERO, parts))
        for name in [n for n in scope.terms if n in self.buffers]:
            self.add_into(name, total(scope.terms.pop(name)[::-1]))
        self.scope = outer

    def joined(self, name: str, scopes: list[Scope], values: list[list[Expr]]) -> Symbol:
        """What a value gets from either branch, together with what it got before."""
        x = Symbol(Name(name), self.type(name))
        before = self.scope.terms.pop(name, [])
        old = self.sum(name, before) if before and self.is_number(name) else ZERO
        if not is_zero(old) and isinstance(old.expr, Apply):
            old = self.assign(self.bar_stem(name), old)
        if before and not self.is_number(name):
            self.scope.terms[name] = before
        types = []
        for scope, row in zip(scopes, values, strict=True):
            g = add(old, self.sum(name, scope.terms.get(name, [])))
            g = zero_like(x) if is_zero(g) else dense(g, x) if isinstance(x.type, Num) and x.type.rank is not None else g
            outer, self.scope = self.scope, scope
            row.append(self.assign(self.bar_stem(name), g).expr if isinstance(g.expr, Apply) else g.expr)
            self.scope = outer
            types.append(g.type)
        result = self.fresh(self.bar_stem(name), self.type(name))
        return Symbol(Name(result), self.type(name))


def mark(which: int) -> None:
    """Stands in the reverse sweep where a change is undone; never printed."""


def _reads(expr: Expr) -> list[str]:
    return list(reads(expr))


def _base(expr: Expr) -> str:
    return expr.id if isinstance(expr, Name) else "%t"

