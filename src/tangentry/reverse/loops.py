"""Going back over loops: the same loop from its end, with the cotangents of its carries as carries.

A value from outside that gets contributions within a trip is a further carry (a number) or a buffer (an array). A `break`
concerns the last trip only: one flag, which the first reverse trip reads.
"""
from __future__ import annotations

import operator
from dataclasses import dataclass, replace
from typing import Any

from ..algebra import Symbol, add, is_zero, total
from ..derive import zero_like
from ..prims import make_list
from ..program import (
    Apply, Assign, Block, Carry, Exit, Expr, For, If, Lit, Name, Stmt, Update, While, binds_inside, defines)
from ..runtime import add_into
from ..shapes import dense
from ..types import INT, Num
from .base import Scope
from .statements import Statements
from .trips import Backward, Trips


@dataclass
class LoopBack:
    """The loop being reversed: the cotangents of its carries inside, and the flag that tells how it was left."""

    stmt: For | While
    seeds: dict[str, Symbol]
    count: int = 0
    breaks: int = 0
    left: str = ""
    now: str = ""


class Loops(Statements):
    """`for` and `while`."""

    def back_loop(self, stmt: For | While) -> list[Stmt]:
        active = [c for c in stmt.carries if self.is_active(c.param) and not self.is_wild(c.param)]
        inits = [self.dense_start(c) for c in active]
        params = [self.fresh(self.bar_stem(c.param), self.type(c.param)) for c in active]
        back = LoopBack(stmt, {c.param: Symbol(Name(p), self.type(p)) for c, p in zip(active, params, strict=True)})
        back.count = _count_breaks(stmt.body)
        back.left, back.now = (self.fresh("%left" if back.count > 1 else "%broke", INT) for _ in range(2))
        self.depth += 1
        scope = Scope(self.scope, True)
        scope.local |= set(binds_inside(stmt))
        trips = Trips(self, stmt)
        self.start_rows(stmt, trips)
        body = self.loop_block(stmt.body, scope, back)
        self.end_rows(stmt, scope)
        values = self.next_cotangents(active, scope)
        self.settle(scope)
        self.flush(scope)
        extra = self.accumulators(scope)
        flag = Carry(back.left, _not_left(back), self.fresh(back.left, INT)) if back.count else None
        made = trips.finish(body, scope.out, [*values, *(v for _, v in extra)], flag)
        self.depth -= 1
        self.origin = stmt.origin
        self.emit_loop(back, flag, active, inits, params, [c for c, _ in extra], made)
        return self.with_tapes(made.forward)

    def with_tapes(self, forward: list[Stmt]) -> list[Stmt]:
        """The lists of kept values are made before the outermost loop."""
        if self.depth:
            return forward
        tapes, self.tapes = list(self.tapes.values()), {}
        return [*(Assign(t, Apply(make_list)) for t in tapes), *forward]

    def dense_start(self, c: Carry) -> Expr:
        """What a carry's cotangent is before the first reverse trip: at full shape, since its kind must not change."""
        g = self.take(c.result)
        x = Symbol(Name(c.result), self.type(c.result))
        g = zero_like(x) if is_zero(g) else dense(g, x) if isinstance(x.type, Num) and x.type.rank is not None else g
        return self.assign(self.bar_stem(c.result), g).expr if isinstance(g.expr, Apply) else g.expr

    # ── rows ──
    def start_rows(self, stmt: For | While, trips: Trips) -> None:
        """A row of an array that is written in place is the row of its buffer."""
        if isinstance(stmt, For):
            for item in stmt.items:
                if item.kind == "each" and (self.is_active(item.target) or self.storage.root(item.target)):
                    trips.index()
                    self.rows[item.target] = Symbol(Name(self.fresh("%k", INT)), INT) if item.backward else trips.index()

    def end_rows(self, stmt: For | While, scope: Scope) -> None:
        """What the elements of a sequence got goes to the sequence."""
        if not isinstance(stmt, For):
            return
        outer, self.scope = self.scope, scope
        for item in stmt.items:
            if item.kind != "each" or not self.is_active(item.target) or self.storage.root(item.target) is not None \
                    or self.is_wild(item.target):
                continue
            g = self.take(item.target)
            source = item.args[0]
            if not is_zero(g) and isinstance(source, Name):
                index = self.rows[item.target]
                self.contribute_part(source, index.expr, g)
        self.scope = outer

    # ── the body ──
    def loop_block(self, body: Block, scope: Scope, back: LoopBack) -> Block:
        """Go back over the body or one of the branches that it ends in."""
        outer, self.scope = self.scope, scope
        scope.local |= {n for s in body.stmts for n in defines(s)}
        stmts: list[Stmt] = []
        rest = body.stmts
        leaf = body.exit
        if leaf is not None:
            leaf = self.seed_leaf(leaf, back)
        else:
            last = rest[-1]
            assert isinstance(last, If)
            stmts = [self.exit_branch(last, back)]
            rest = rest[:-1]
        for stmt in reversed(rest):
            stmts[:0] = self.reverse(stmt, (), back)
        self.scope = outer
        return Block(tuple(stmts), leaf)

    def seed_leaf(self, leaf: Exit, back: LoopBack) -> Exit:
        """The next values of the carries get the cotangents that came from the trip behind."""
        if leaf.kind == "raise":
            return leaf
        for c, value in zip(back.stmt.carries, leaf.values, strict=False):
            if c.param in back.seeds:
                self.contribute(value, back.seeds[c.param])
        if not back.count:
            return leaf
        back.breaks += leaf.kind == "break"
        code: Expr = Name(back.left) if leaf.kind != "break" else Lit(back.breaks) if back.count > 1 else Lit(True)
        return replace(leaf, values=(*leaf.values, code))

    def exit_branch(self, stmt: If, back: LoopBack) -> Stmt:
        """A branch that leaves the loop is told by the flag, others by their test."""
        self.origin = stmt.origin
        scopes = [Scope(self.scope, True), Scope(self.scope, True)]
        before = back.breaks
        then = self.loop_block(stmt.then, scopes[0], back)
        middle = back.breaks
        orelse = self.loop_block(stmt.orelse, scopes[1], back)
        test = stmt.test
        if _only_breaks(stmt.then) and middle > before:
            test = self.flag(back, before + 1, middle)
        elif _only_breaks(stmt.orelse) and back.breaks > middle:
            inner = self.flag(back, middle + 1, back.breaks)
            test = self.named_test(Apply(operator.not_, (inner,)))
        self.origin = stmt.origin
        then, orelse = self.join_scopes(test, scopes, (then, orelse))
        return replace(stmt, then=then, orelse=orelse)

    def flag(self, back: LoopBack, first: int, last: int) -> Expr:
        """Was the loop left at one of these places?"""
        now = Name(back.now)
        if back.count == 1:
            return now
        if first == last:
            return self.named_test(Apply(operator.eq, (now, Lit(first))))
        return self.named_test(Apply(operator.ge, (now, Lit(first)))) if first > 1 else self.named_test(
            Apply(operator.gt, (now, Lit(0))))

    def named_test(self, expr: Expr) -> Expr:
        name = self.fresh("%t", INT)
        self.emit(Assign(name, expr, self.back()))
        return Name(name)

    # ── carries of the reverse loop ──
    def next_cotangents(self, active: list[Carry], scope: Scope) -> list[Expr]:
        """The cotangents of the carries at the head of the trip."""
        outer, self.scope = self.scope, scope
        nexts: list[Expr] = []
        for c in active:
            g = self.take(c.param)
            x = Symbol(Name(c.param), self.type(c.param))
            g = zero_like(x) if is_zero(g) else dense(g, x) if isinstance(x.type, Num) and x.type.rank is not None else g
            nexts.append(self.assign(self.bar_stem(c.param), g).expr if isinstance(g.expr, Apply) else g.expr)
        self.scope = outer
        return nexts

    def accumulators(self, scope: Scope) -> list[tuple[Carry, Expr]]:
        """Numbers from outside accumulate in carries, arrays in buffers."""
        made: list[tuple[Carry, Expr]] = []
        for name in list(scope.terms):
            terms = scope.terms.pop(name)
            t = self.type(name)
            if (isinstance(t, Num) and t.kind != "array") or self.is_fixed(name):
                made.append(self.accumulator(name, terms, scope))
                continue
            if name not in self.buffers:
                self.buffers[name] = self.fresh(self.bar_stem(name), t)
                if self.scope_of(name) is self.scope:
                    self.materialised(name, self.buffers[name])
                else:
                    self.scope.wanted[name] = self.buffers[name]
            g = self.sum(name, terms)
            outer, self.scope = self.scope, scope
            self.add_into_buffer(name, g, t)
            self.scope = outer
        return made

    def add_into_buffer(self, name: str, g: Symbol, t: Any) -> None:
        if isinstance(t, Num):
            self.emit(Update(Name(self.buffers[name]), None, operator.add, g.expr, self.back()))
        else:
            self.effect(Apply(add_into, (Name(self.buffers[name]), g.expr)))

    def accumulator(self, name: str, terms: list[Symbol], scope: Scope) -> tuple[Carry, Expr]:
        t = self.type(name)
        start = self.sum(name, self.scope.terms.pop(name, []))
        start = zero_like(Symbol(Name(name), t)) if is_zero(start) else start
        init = self.assign(self.bar_stem(name), start).expr if isinstance(start.expr, Apply) else start.expr
        param, result = self.fresh(self.bar_stem(name), t), self.fresh(self.bar_stem(name), t)
        outer, self.scope = self.scope, scope
        following = self.assign(self.bar_stem(name), add(Symbol(Name(param), t), total(terms[::-1])))
        self.scope = outer
        self.scope.terms[name] = [Symbol(Name(result), t)]
        return Carry(param, init, result), following.expr

    def emit_loop(self, back: LoopBack, flag: Carry | None, active: list[Carry], inits: list[Expr], params: list[str],
                  extra: list[Carry], made: Backward) -> None:
        """The reverse loop, and what flows out of it."""
        results = [self.fresh(self.bar_stem(c.param), self.type(c.param)) for c in active]
        carries = [Carry(p, i, r) for p, i, r in zip(params, inits, results, strict=True)]
        carries += [*extra, *made.carries]
        values = list(made.values)
        if flag is not None:
            carries.append(Carry(back.now, Name(flag.result), self.fresh(back.now, INT)))
            values.append(_not_left(back))
        if made.body or carries:
            self.emit(For(made.items, tuple(carries), Block(tuple(made.body), Exit("next", tuple(values))), self.back()))
        for c, result in zip(active, results, strict=True):
            self.contribute(c.init, Symbol(Name(result), self.type(c.param)))


def _not_left(back: LoopBack) -> Lit:
    """The flag of a loop that ran to its end."""
    return Lit(0) if back.count > 1 else Lit(False)


def _count_breaks(body: Block) -> int:
    if body.exit is not None:
        return int(body.exit.kind == "break")
    last = body.stmts[-1]
    return _count_breaks(last.then) + _count_breaks(last.orelse) if isinstance(last, If) else 0


def _only_breaks(body: Block) -> bool:
    """Do all leaves of a branch break (or raise)?"""
    if body.exit is not None:
        return body.exit.kind in ("break", "raise")
    last = body.stmts[-1]
    return isinstance(last, If) and _only_breaks(last.then) and _only_breaks(last.orelse)
