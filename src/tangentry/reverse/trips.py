"""How the reverse sweep runs over the trips of a loop, and what it hands over from trip to trip."""
from __future__ import annotations

import operator
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from ..algebra import Symbol
from ..program import Apply, Assign, Block, Carry, Exit, Expr, For, If, Item, Lit, Name, Stmt, While, defines, reads
from ..types import INT, Num
from .record import Record, all_reads


@dataclass
class Backward:
    """A loop gone back over: statements of the forward sweep; items, body, values and extra carries of the reverse loop."""

    forward: list[Stmt]
    items: tuple[Item, ...]
    body: list[Stmt]
    values: list[Expr]
    carries: list[Carry] = field(default_factory=list)


class Trips:
    """One loop. `flag` is the carry that tells by which `break` the loop was left ("" where there is none)."""

    def __init__(self, sweep: Any, stmt: For | While) -> None:
        self.sweep, self.stmt = sweep, stmt
        self._index = ""
        self.heads: list[Stmt] = []
        self.given: dict[str, Expr] = {}
        self.before: list[Stmt] = []
        self.extra: list[tuple[Carry, Expr]] = []

    def index(self) -> Symbol:
        """The number of the trip, in the reverse sweep."""
        if not self._index:
            self._index = self.sweep.fresh("%i", INT)
        return Symbol(Name(self._index), INT)

    def finish(self, body: Block, reverse: list[Stmt], values: list[Expr], flag: Carry | None) -> Backward:
        """Settle what the reverse loop runs over and what it needs."""
        used = {*all_reads(reverse), *(n for v in values for n in reads(v))}
        handed = [] if flag is not None else self.handed_over(body, used)
        wanted = [*values, *(Name(c) for c, _ in handed)]
        for _, following in handed:
            self.given[following] = Name(self.sweep.fresh(following, self.sweep.type(following)))
        items = self.items(used, counted=flag is not None or isinstance(self.stmt, While))
        params = tuple(c.param for c in self.stmt.carries)
        body, stmts, wanted = Record(self.sweep).block(body, [*self.heads, *reverse], wanted, self.given, params)
        carries = []
        for (param, following), _ in zip(handed, wanted[len(values):], strict=True):
            given = self.given[following]
            assert isinstance(given, Name)
            result = next(c.result for c in self.stmt.carries if c.param == param)
            carries.append(Carry(given.id, Name(result), self.sweep.fresh(result, self.sweep.type(result))))
        return Backward(self.forward(body, flag), items, stmts, wanted, carries)

    def handed_over(self, body: Block, used: set[str]) -> list[tuple[str, str]]:
        """Carries whose next value and whose own value are both needed: the one is the other of the trip behind."""
        leaf = body.exit
        if leaf is None or leaf.kind != "next":
            return []
        own = {n for s in body.stmts for n in defines(s)}
        found: list[tuple[str, str]] = []
        for c, v in zip(self.stmt.carries, leaf.values, strict=False):
            if isinstance(v, Name) and v.id in own and v.id in used and c.param in used and v.id not in {f for _, f in found}:
                found.append((c.param, v.id))
        return found

    # ── what the reverse loop runs over ──
    def items(self, used: set[str], counted: bool) -> tuple[Item, ...]:
        stmt = self.stmt
        items = stmt.items if isinstance(stmt, For) else ()
        if not counted and len(items) == 1 and not self._index:
            (item,) = items
            if item.kind == "range" or (item.kind == "each" and self.can_reverse(item)):
                return (replace(item, target=self.target(item), backward=not item.backward),)
        trips = self.count() if counted else self.length(items)
        if counted and len(items) == 1 and items[0].kind == "range" and len(items[0].args) == 1 and not items[0].backward:
            return (Item(self.target(items[0]), "range", (trips,), True),)
        if len(items) == 1 and items[0].backward and items[0].kind == "each" and not counted:
            self.head(items[0], self.index().expr)  # the trips run down the elements, so the way back runs up
            return (Item(self.index_name(), "range", (trips,), False),)
        for item in items:
            self.head(item, self.position(item, trips))
        return (Item(self.index_name(), "range", (trips,), True),)

    def index_name(self) -> str:
        name = self.index().expr
        assert isinstance(name, Name)
        return name.id

    def position(self, item: Item, trips: Expr) -> Expr:
        """Which element a trip of the forward sweep took."""
        if not item.backward:
            return self.index().expr
        length = self.named(Apply(len, (Apply(range, item.args) if item.kind == "range" else item.args[0],)))
        last = self.head_value(Apply(operator.sub, (length, Lit(1))))
        return self.head_value(Apply(operator.sub, (last, self.index().expr)))

    def head_value(self, expr: Expr) -> Expr:
        name = self.sweep.fresh("%k", INT)
        self.heads.append(Assign(name, expr, self.sweep.back()))
        return Name(name)

    def can_reverse(self, item: Item) -> bool:
        """Is it a sequence that can be run through from its end?"""
        t = self.sweep.symbol(item.args[0]).type
        return isinstance(t, Num) or type(t).__name__ in ("ListT", "SeqT")

    def target(self, item: Item) -> str:
        name: str = self.sweep.fresh(item.target, self.sweep.type(item.target))
        self.given[item.target] = Name(name)
        return name

    def head(self, item: Item, k: Expr) -> None:
        """A loop's target from the number of its element."""
        name = self.target(item)
        row = self.sweep.rows.get(item.target)
        if row is not None and row.expr != k:
            self.given[row.expr.id] = k
        if item.kind == "each":
            value: Expr = Apply(operator.getitem, (item.args[0], k))
        else:
            start = item.args[0] if item.kind == "count" or len(item.args) > 1 else Lit(0)
            step = item.args[2] if len(item.args) == 3 else Lit(1)
            scaled = k if step == Lit(1) else self.head_value(Apply(operator.mul, (step, k)))
            value = scaled if start == Lit(0) else Apply(operator.add, (start, scaled))
        self.heads.append(Assign(name, value, self.sweep.back()))

    def length(self, items: tuple[Item, ...]) -> Expr:
        """How many trips a loop without `break` makes; counted before it starts."""
        lengths: list[Expr] = []
        for item in items:
            if item.kind == "range" and len(item.args) == 1:
                lengths.append(item.args[0])
            elif item.kind != "count":
                source: Expr = Apply(range, item.args) if item.kind == "range" else item.args[0]
                lengths.append(self.named(Apply(len, (source,))))
        return lengths[0] if len(lengths) == 1 else self.named(Apply(min, tuple(lengths)))

    def named(self, expr: Expr) -> Expr:
        name = self.sweep.fresh("%n", INT)
        self.before.append(Assign(name, expr, self.stmt.origin))
        return Name(name)

    def count(self) -> Expr:
        """Count the trips of the forward sweep."""
        sweep = self.sweep
        param, following, result = (sweep.fresh("%trips", INT) for _ in range(3))
        self.extra.append((Carry(param, Lit(0), result), Name(following)))
        self.counter = Assign(following, Apply(operator.add, (Name(param), Lit(1))), self.stmt.origin)
        return Name(result)

    counter: Stmt | None = None

    # ── the forward sweep ──
    def forward(self, body: Block, flag: Carry | None) -> list[Stmt]:
        """The loop with what it counts and keeps."""
        if self.counter is not None:
            body = Block((self.counter, *body.stmts), body.exit)
        added = tuple(v for _, v in self.extra)
        body = map_leaves(body, lambda leaf: replace(leaf, values=(*leaf.values, *added)))
        carries = (*self.stmt.carries, *((flag,) if flag else ()), *(c for c, _ in self.extra))
        made: Stmt = replace(self.stmt, carries=carries, body=body)
        return [*self.before, made]


def map_leaves(body: Block, change: Callable[[Exit], Exit]) -> Block:
    """Change all leaves of a loop's body that carry its next values."""
    if body.exit is not None:
        return Block(body.stmts, change(body.exit)) if body.exit.kind in ("next", "continue", "break") else body
    last = body.stmts[-1]
    assert isinstance(last, If)
    made = replace(last, then=map_leaves(last.then, change), orelse=map_leaves(last.orelse, change))
    return Block((*body.stmts[:-1], made))
