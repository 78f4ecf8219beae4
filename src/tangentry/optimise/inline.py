"""Forward substitution: an inner value that is used once goes where it is used, and the user's expressions are whole again.

Accepts a single-assignment program and the printed name of each version; yields one whose expressions are nested and whose
leaves may hold expressions. Nothing is moved across a change of what it reads, into a loop or into a branch.
"""
from __future__ import annotations

import operator
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace

from ..analysis.effects import is_pure
from ..analysis.regions import Regions
from ..prims import and_, ifexp, or_
from ..program import (
    Apply, Assign, Attr, Block, Effect, Expr, For, If, Item, Lit, Name, Program, Ref, Stmt, Store, Try, Update, While, With,
    base, binds_inside, blocks, defines, own_exprs, reads, walk)

WIDTH = 15
"""Operations that a generated line may hold (the user's own lines are as long as they were)."""


def inline(program: Program, printed: Mapping[str, str]) -> Program:
    """Substitute values that are used once, and free ones wherever they are used."""
    return _Inliner(program, printed).program()


def uses(program: Program) -> Counter[str]:
    """How often each name is read."""
    count: Counter[str] = Counter()

    def block(b: Block) -> None:
        for stmt in b.stmts:
            for expr in own_exprs(stmt):
                if not isinstance(expr, Attr):
                    count.update(reads(expr))
            if isinstance(stmt, While):
                count.update(n for n in reads(stmt.test) for _ in (0, 1))
            for inner in blocks(stmt):
                block(inner)
            if isinstance(stmt, If) and isinstance(stmt.test, Name) and _repeats_test(stmt):
                count[stmt.test.id] -= 1
        if b.exit is not None:
            for value in b.exit.values:
                count.update(reads(value))

    block(program.body)
    return count


def _tests(stmt: If) -> int:
    """How often the test of an `and` or `or` is read again by its own sides, beyond what is counted."""
    return -1 if _repeats_test(stmt) else 0


def _repeats_test(stmt: If) -> bool:
    """`a and b` yields a where a is false: printed as an expression it is read once."""
    side = {"and": stmt.orelse, "or": stmt.then}.get(stmt.form)
    return side is not None and side.exit is not None and side.exit.values[:1] == (stmt.test,) and len(stmt.results) == 1


def size(expr: Expr) -> int:
    """The number of operations in an expression."""
    return 1 + sum(map(size, expr.args)) + sum(size(v) for _, v in expr.kwargs) if isinstance(expr, Apply) else 0


@dataclass
class _Pending:
    """A value that waits for its use: where it was made, and what it must not cross."""

    expr: Expr
    names: frozenset[str]
    touches: bool
    origin: object
    stmt: Assign


class _Inliner:
    def __init__(self, program: Program, printed: Mapping[str, str]) -> None:
        self.source, self.printed = program, printed
        self.count = uses(program)
        self.regions = Regions(program)

    def program(self) -> Program:
        return replace(self.source, body=self.block(self.source.body))

    # ── what may move ──
    def is_inner(self, name: str) -> bool:
        return not base(name).isidentifier()

    def touches(self, expr: Expr) -> bool:
        """Does the value depend on contents that may change?"""
        if isinstance(expr, Apply):
            if expr.fn in (getattr, operator.getitem, len) and not self._stable(expr):
                return True
            return any(self.touches(a) for a in (*expr.args, *(v for _, v in expr.kwargs)))
        if isinstance(expr, Name):
            return self.regions.is_written(expr.id)
        return isinstance(expr, Ref) and expr.home is not None

    def _stable(self, expr: Apply) -> bool:
        if expr.fn is getattr:
            return isinstance(expr.args[1], Lit) and expr.args[1].value in ("shape", "ndim", "size", "dtype")
        return not any(self.regions.is_written(n) for n in reads(expr.args[0]))

    def block(self, block: Block) -> Block:
        out: list[Stmt] = []
        pending: dict[str, _Pending] = {}
        for stmt in block.stmts:
            stmt = self.inner(stmt)
            if isinstance(stmt, If) and stmt.form:
                value = self.as_expression(stmt)
                if value is not None:
                    stmt = Assign(stmt.results[0], value, stmt.origin)
                elif isinstance(stmt.test, Name) and stmt.test.id in pending and self.count[stmt.test.id] != 1 + _tests(stmt):
                    out.append(pending.pop(stmt.test.id).stmt)
            if isinstance(stmt, Update) and stmt.index is None and isinstance(stmt.obj, Name) and stmt.obj.id in pending:
                place = pending[stmt.obj.id]
                if not (isinstance(place.expr, Apply) and place.expr.fn is operator.getitem):
                    out.append(pending.pop(stmt.obj.id).stmt)  # only an element or slice can stand on the left
            stmt = self.substituted(stmt, pending)
            self.flush(stmt, pending, out)
            if isinstance(stmt, Assign) and self.waits(stmt):
                names = frozenset(self.printed.get(n, n) for n in reads(stmt.value))
                pending[stmt.target] = _Pending(stmt.value, names, self.touches(stmt.value), stmt.origin, stmt)
            else:
                out.append(stmt)
        leaf = block.exit
        if leaf is not None:
            leaf = replace(leaf, values=tuple(self.expr(v, pending) for v in leaf.values))
        out += [p.stmt for p in pending.values()]
        return Block(tuple(out), leaf)

    def waits(self, stmt: Assign) -> bool:
        """Is the value to be put where it is used?"""
        if not self.is_inner(stmt.target) or stmt.target in self.source.keep or not is_pure(stmt.value):
            return False
        if self.count[stmt.target] == 1:
            return True
        return is_free(stmt.value) and self.count[stmt.target] > 0

    def flush(self, stmt: Stmt, pending: dict[str, _Pending], out: list[Stmt]) -> None:
        """Values that must not cross the statement are set before it."""
        if not pending:
            return
        changes = has_effects(stmt)
        nested = bool(blocks(stmt))
        set_names = {self.printed.get(n, n) for n in _sets(stmt)}
        inside = set(_inner_reads(stmt)) if nested else set()
        needed: set[str] = set()
        for name, p in pending.items():
            crossed = not p.names.isdisjoint(set_names) or self.printed.get(name, name) in set_names
            if (changes and (p.touches or can_raise(p.expr))) or crossed or name in inside:
                needed.add(name)
        for name in [n for n in pending if n in needed]:
            out.append(pending.pop(name).stmt)

    # ── substitution ──
    def expr(self, expr: Expr, pending: dict[str, _Pending]) -> Expr:
        if isinstance(expr, Name) and expr.id in pending:
            p = pending[expr.id]
            if self.count[expr.id] == 1:
                del pending[expr.id]
            else:
                self.count[expr.id] -= 1
            return p.expr
        if isinstance(expr, Apply):
            return Apply(expr.fn, tuple(self.expr(a, pending) for a in expr.args),
                         tuple((k, self.expr(v, pending)) for k, v in expr.kwargs), expr.form)
        return expr

    def substituted(self, stmt: Stmt, pending: dict[str, _Pending]) -> Stmt:
        if not pending:
            return stmt
        go: Callable[[Expr], Expr] = lambda e: self.expr(e, pending)  # noqa: E731
        match stmt:
            case Assign(value=value) | Effect(value=value):
                return replace(stmt, value=go(value))
            case Store(obj=obj, index=index, value=value):
                if size(value) == 0 or is_pure(value):
                    return replace(stmt, obj=go(obj), index=index if isinstance(index, Attr) else go(index), value=go(value))
            case Update(obj=obj, index=None, value=value):
                place = go(obj)
                if isinstance(place, Apply) and place.fn is operator.getitem:
                    return replace(stmt, obj=place.args[0], index=place.args[1], value=go(value))
                return replace(stmt, obj=place, value=go(value))
            case Update(obj=obj, index=index, value=value):
                return replace(stmt, obj=go(obj), value=go(value),
                               index=index if index is None or isinstance(index, Attr) else go(index))
            case If(test=test):
                return replace(stmt, test=go(test))
            case For(items=items, carries=carries):
                new = tuple(Item(i.target, i.kind, tuple(map(go, i.args)), i.backward) for i in items)
                return replace(stmt, items=new, carries=tuple(replace(c, init=go(c.init)) for c in carries))
            case While(carries=carries):
                return replace(stmt, carries=tuple(replace(c, init=go(c.init)) for c in carries))
            case With(context=context):
                return replace(stmt, context=go(context))
        return stmt

    def inner(self, stmt: Stmt) -> Stmt:
        match stmt:
            case If(then=then, orelse=orelse):
                return replace(stmt, then=self.block(then), orelse=self.block(orelse))
            case For(body=body) | While(body=body) | With(body=body):
                return replace(stmt, body=self.block(body))
            case Try(body=body, handlers=handlers, final=final):
                return replace(stmt, body=self.block(body), final=self.block(final),
                               handlers=tuple(replace(h, body=self.block(h.body)) for h in handlers))
        return stmt

    def as_expression(self, stmt: If) -> Expr | None:
        """A conditional expression, `and` or `or` whose sides are expressions."""
        if stmt.then.stmts or stmt.orelse.stmts or len(stmt.results) != 1:
            return None
        a, b = stmt.then.exit, stmt.orelse.exit
        if a is None or b is None or a.kind != "next" or b.kind != "next":
            return None
        if stmt.form == "and" and b.values[0] == stmt.test:
            return Apply(and_, (stmt.test, a.values[0]))
        if stmt.form == "or" and a.values[0] == stmt.test:
            return Apply(or_, (stmt.test, b.values[0]))
        return Apply(ifexp, (stmt.test, a.values[0], b.values[0]))


def is_free(expr: Expr) -> bool:
    """So cheap that it may stand wherever it is used: an extent, a transpose, a constant of a module."""
    if not isinstance(expr, Apply):
        return True
    if expr.fn is getattr and isinstance(expr.args[0], Ref):
        return True
    if expr.fn is getattr:
        return isinstance(expr.args[1], Lit) and expr.args[1].value in ("shape", "ndim", "size", "dtype", "T")
    if expr.fn is operator.getitem:
        return is_free(expr.args[0]) and isinstance(expr.args[1], Lit) and isinstance(expr.args[0], Apply)
    return expr.form == ".T" and isinstance(expr.args[0], Name)


def can_raise(expr: Expr) -> bool:
    """May evaluating the expression raise?"""
    if not isinstance(expr, Apply) or is_free(expr):
        return False
    raising = expr.fn in (operator.truediv, operator.floordiv, operator.mod, operator.getitem, operator.pow) or \
        getattr(expr.fn, "__module__", "") == "math"
    return raising or any(map(can_raise, expr.args)) or any(can_raise(v) for _, v in expr.kwargs)


def has_effects(stmt: Stmt) -> bool:
    """Does the statement, or one inside of it, change something?"""
    if isinstance(stmt, Store | Update | Effect):
        return True
    if isinstance(stmt, Assign):
        return not is_pure(stmt.value)
    return any(has_effects(s) for b in blocks(stmt) for s in walk(b)) or any(
        b.exit is not None and b.exit.kind in ("return", "raise") for b in blocks(stmt))


def _sets(stmt: Stmt) -> Iterable[str]:
    """All names that a statement sets, within as well."""
    yield from defines(stmt)
    yield from binds_inside(stmt)
    for block in blocks(stmt):
        for inner in block.stmts:
            yield from _sets(inner)


def _inner_reads(stmt: Stmt) -> Iterable[str]:
    """All names that are read in the blocks of a statement."""
    if isinstance(stmt, While):
        yield from reads(stmt.test)
    for block in blocks(stmt):
        for inner in block.stmts:
            for expr in own_exprs(inner):
                if not isinstance(expr, Attr):
                    yield from reads(expr)
            yield from _inner_reads(inner)
        if block.exit is not None:
            for value in block.exit.values:
                yield from reads(value)
