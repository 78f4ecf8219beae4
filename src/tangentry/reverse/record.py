"""What the reverse sweep needs of the trips of a loop: handed over, recomputed, or kept on a list.

Decided when a block of the reverse sweep is complete, by what it reads. One list per kept value, appended where the value
is set and popped as late as possible in the same block of the reverse sweep: under branches, breaks and nesting the two
orders are always inverse. A value that the trip before hands over is not kept: `h` after this trip is `h` before the next.
"""
from __future__ import annotations

import itertools
import operator
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from ..analysis.effects import is_pure, written_arguments
from ..prims import BINARY, COMPARE, UNARY
from ..program import (
    Apply, Assign, Attr, Block, Effect, Expr, Name, Stmt, Store, Update, While, base, blocks, defines, own_exprs, reads)
from ..protect import renamed_stmt, substituted
from ..rules import registry
from ..types import ListT, Num, Type

CHEAP = {*BINARY, *COMPARE, *UNARY, abs, float, int, getattr, len} - {operator.matmul, operator.pow}


def all_reads(stmts: Iterable[Stmt]) -> Iterable[str]:
    """Every name that is read in statements, inner blocks included."""
    for stmt in stmts:
        for expr in own_exprs(stmt):
            if not isinstance(expr, Attr | None):
                yield from reads(expr)
        if isinstance(stmt, While):
            yield from reads(stmt.test)
        for block in blocks(stmt):
            yield from all_reads(block.stmts)
            if block.exit is not None:
                for value in block.exit.values:
                    yield from reads(value)


@dataclass
class Plan:
    """How each needed value of a block is provided: an expression, or None for a list."""

    defs: dict[str, Stmt | None]
    order: list[str]
    provided: dict[str, Expr | None] = field(default_factory=dict)


class Record:
    """Decides for one block; `sweep` is the reverse sweep that asks."""

    def __init__(self, sweep: Any) -> None:
        self.sweep = sweep

    def block(self, forward: Block, reverse: list[Stmt], values: list[Expr], given: dict[str, Expr],
              params: tuple[str, ...] = ()) -> tuple[Block, list[Stmt], list[Expr]]:
        """Provide the values that are set directly in a block; `given` are known already.

        Yields the forward block with what it keeps, and the reverse block with what it takes back.
        """
        self.forward = forward
        defs: dict[str, Stmt | None] = dict.fromkeys(params)
        for stmt in forward.stmts:
            defs |= dict.fromkeys(defines(stmt), stmt)
        used = {*all_reads(reverse), *(n for v in values for n in reads(v))}
        plan = self.planned(defs, used, given)
        if not plan.provided and not given:
            return forward, reverse, values
        to = {n: self.sweep.fresh(base(n), self.sweep.type(n)) for n in plan.provided}
        to_exprs = {**{n: v for n, v in given.items()}, **{n: Name(v) for n, v in to.items()}}
        forward, pops = self.kept(forward, plan, to, to_exprs)
        reverse = self.inserted(reverse, plan, pops)
        stmts = [substituted_stmt(s, to_exprs) for s in reverse]
        return forward, stmts, [substituted(v, to_exprs) for v in values]

    # ── the decision ──
    def planned(self, defs: dict[str, Stmt | None], used: set[str], given: dict[str, Expr]) -> Plan:
        plan = Plan(defs, list(defs))
        needed = [n for n in plan.order if n in used and n not in given]
        waiting = set(needed)
        for name in reversed(needed):
            stmt = defs[name]
            expr = stmt.value if isinstance(stmt, Assign) and stmt.target == name else None
            again = expr is not None and self.can_repeat(expr, name) and self.still_there(expr, name, defs) and all(
                self.at_hand(n, defs, waiting, given, plan, 0) for n in reads(expr))
            plan.provided[name] = expr if again else None
        return plan

    def at_hand(self, name: str, defs: dict[str, Stmt | None], waiting: set[str], given: dict[str, Expr], plan: Plan,
                depth: int) -> bool:
        """Is a value there in the reverse sweep without being kept for its own sake?"""
        if name not in defs or name in waiting or name in given:
            return True
        stmt = defs[name]
        if depth > 2 or not isinstance(stmt, Assign) or not self.can_repeat(stmt.value, name):
            return False
        if not all(self.at_hand(n, defs, waiting, given, plan, depth + 1) for n in reads(stmt.value)):
            return False
        plan.provided[name] = stmt.value
        waiting.add(name)
        return True

    def still_there(self, expr: Expr, name: str, defs: dict[str, Stmt | None]) -> bool:
        """Is what is read from a changing object not overwritten behind the read, before its last use?"""
        sweep = self.sweep
        if base(name).endswith("^old"):
            return False
        changing = {sweep.regions.find(n) for n in reads(expr) if sweep.storage.changes(n)}
        if not changing or sweep.storage.root(name) is not None:
            return True
        following = itertools.dropwhile(lambda s: s is not defs[name], self.forward.stmts)
        return not any(sweep.regions.find(n) in changing for s in following for n in written_in(s))

    def can_repeat(self, expr: Expr, name: str) -> bool:
        """Is it as cheap to compute the value again, and is what it reads still there?"""
        sweep = self.sweep
        if not isinstance(expr, Apply) or not is_pure(expr):
            return not isinstance(expr, Apply)
        if expr.fn is operator.getitem:
            if sweep.regions._is_view(expr) and sweep.storage.root(name) is not None:
                return True  # an alias: what stands there is put back before it is read
            return self.unchanged(expr) and (sweep.is_number(name) or sweep.regions._is_view(expr)
                                             or isinstance(sweep.type(_first(expr)), ListT))
        rule = registry.find(expr.fn)
        if rule is not None and rule.view and sweep.regions._is_view(expr):
            return True
        numbers = all(_is_number(sweep.types.get(n)) for n in reads(expr)) and _is_number(sweep.types.get(name))
        shape = expr.fn is getattr or expr.fn is len
        return (expr.fn in CHEAP and (numbers or shape)) and all(self.can_repeat(a, name) for a in expr.args
                                                                 if isinstance(a, Apply))

    def unchanged(self, expr: Apply) -> bool:
        """Are the contents that the expression reads those of the forward sweep?"""
        sweep = self.sweep
        return all(not sweep.storage.changes(n) or sweep.restores(n) for n in reads(expr.args[0]))

    # ── the lists ──
    def kept(self, forward: Block, plan: Plan, to: dict[str, str], to_exprs: dict[str, Expr]) -> tuple[Block, dict[str, Stmt]]:
        """Append kept values where they are set; the statements that take values back."""
        sweep = self.sweep
        pops: dict[str, Stmt] = {}
        pushes: dict[str, Stmt] = {}
        for name, expr in plan.provided.items():
            origin = sweep.back()
            if expr is not None:
                pops[name] = Assign(to[name], substituted(expr, to_exprs), origin)
                continue
            tape = sweep.tape(name)
            pushes[name] = Effect(Apply(list.append, (Name(tape), Name(name)), (), ".append"))
            pops[name] = Assign(to[name], Apply(list.pop, (Name(tape),), (), ".pop"), origin)
        stmts: list[Stmt] = [pushes[n] for n, s in plan.defs.items() if s is None and n in pushes]
        for stmt in forward.stmts:
            stmts.append(stmt)
            stmts += [pushes[n] for n in defines(stmt) if n in pushes]
        return Block(tuple(stmts), forward.exit), pops

    def inserted(self, reverse: list[Stmt], plan: Plan, pops: dict[str, Stmt]) -> list[Stmt]:
        """Take values back as late as possible, what they are computed from before them."""
        end = len(reverse)
        first: dict[str, int] = {}
        for k in reversed(range(end)):
            for name in all_reads([reverse[k]]):
                if name in pops:
                    first[name] = k
        for name in reversed(plan.order):
            if name in pops:
                place = first.setdefault(name, end)
                expr = plan.provided[name]
                for inner in reads(expr) if expr is not None else ():
                    if inner in pops:
                        first[inner] = min(first.get(inner, end), place)
        out: list[Stmt] = []
        for k in range(end + 1):
            out += [pops[n] for n in plan.order if n in pops and first[n] == k]
            out += reverse[k: k + 1]
        return out


def written_in(stmt: Stmt) -> Iterable[str]:
    """The names of the objects that a statement changes, within as well."""
    if isinstance(stmt, Store | Update) and isinstance(stmt.obj, Name):
        yield stmt.obj.id
    elif isinstance(stmt, Effect | Assign) and isinstance(stmt.value, Apply) and not is_pure(stmt.value):
        changed = written_arguments(stmt.value.fn, stmt.value.args)
        yield from (n for a in changed or stmt.value.args for n in reads(a))
    for block in blocks(stmt):
        for inner in block.stmts:
            yield from written_in(inner)


def _first(expr: Apply) -> str:
    return expr.args[0].id if isinstance(expr.args[0], Name) else ""


def _is_number(t: Type | None) -> bool:
    return isinstance(t, Num) and t.rank == 0 and t.kind != "array"


def substituted_stmt(stmt: Stmt, to: dict[str, Expr]) -> Stmt:
    """A statement with other names (all of `to` are names)."""
    return renamed_stmt(stmt, {k: v.id for k, v in to.items() if isinstance(v, Name)})
