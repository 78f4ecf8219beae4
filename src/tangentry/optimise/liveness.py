"""Which versions of one variable are alive at the same time, and so cannot have one name.

Accepts a single-assignment program; one backward walk with one set of live names, changed in place.
"""
from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from ..program import (
    Apply, Assign, Attr, Block, Exit, Expr, For, If, Name, Program, Stmt, Try, While, With, base, binds_inside, blocks, defines,
    own_exprs, reads)


class Interference:
    """`edges[a]` holds the names of a's variable that are alive where `a` is set (or the other way round)."""

    def __init__(self, program: Program) -> None:
        self.edges: dict[str, set[str]] = defaultdict(set)
        self.live: dict[str, set[str]] = defaultdict(set)
        self.inside: dict[int, frozenset[str]] = {}
        self.bound: dict[int, frozenset[str]] = {}
        for stmt in program.body.stmts:
            self._collect(stmt)
        self._block(program.body, (), ())
        for param in program.params:
            self._define(param.name)

    def _collect(self, stmt: Stmt) -> tuple[set[str], set[str]]:
        """The names that are read and bound anywhere within a statement."""
        used: set[str] = set(reads(stmt.test)) if isinstance(stmt, While) else set()
        bound = {*defines(stmt), *binds_inside(stmt)}
        for block in blocks(stmt):
            for inner in block.stmts:
                more, names = self._collect(inner)
                used |= more
                bound |= names
            if block.exit is not None:
                used.update(n for v in block.exit.values for n in reads(v))
        if blocks(stmt):
            self.inside[id(stmt)] = frozenset(used - bound)
            self.bound[id(stmt)] = frozenset(bound)
        for expr in own_exprs(stmt):
            used.update(_reads(expr))
        return used, bound

    # ── the walk ──
    def _use(self, names: Iterable[str]) -> None:
        for name in names:
            self.live[base(name)].add(name)

    def _kill(self, names: Iterable[str]) -> None:
        for name in names:
            self.live[base(name)].discard(name)

    def _define(self, name: str, source: str = "") -> None:
        """A name is set: it meets what is alive then (but not the name that it is a copy of)."""
        group = self.live[base(name)]
        group.discard(name)
        for other in group:
            if other != source:
                self.edges[name].add(other)
                self.edges[other].add(name)

    def _parallel(self, names: tuple[str, ...], values: tuple[Expr, ...]) -> None:
        """Several names are set at once from several values."""
        pairs = list(zip(names, values, strict=False))
        for name, value in pairs:
            group = self.live[base(name)]
            source = value.id if isinstance(value, Name) else ""
            for other in group:
                if other not in (source, name):
                    self.edges[name].add(other)
                    self.edges[other].add(name)
        self._kill(n for n, _ in pairs)
        self._use(n for _, v in pairs for n in reads(v))

    def _snapshot(self) -> dict[str, set[str]]:
        return {k: set(v) for k, v in self.live.items() if v}

    def _restore(self, snapshot: dict[str, set[str]]) -> None:
        self.live = defaultdict(set, {k: set(v) for k, v in snapshot.items()})

    def _join(self, snapshot: dict[str, set[str]]) -> None:
        for k, v in snapshot.items():
            self.live[k] |= v

    def _block(self, block: Block, results: tuple[str, ...], loop: tuple[object, ...]) -> None:
        if block.exit is not None:
            self._exit(block.exit, results, loop)
        for stmt in reversed(block.stmts):
            self._stmt(stmt, loop, results)

    def _exit(self, leaf: Exit, results: tuple[str, ...], loop: tuple[object, ...]) -> None:
        if leaf.kind in ("return", "raise"):
            self.live = defaultdict(set)
            self._use(n for v in leaf.values for n in reads(v))
            return
        if leaf.kind == "next" and not loop or (leaf.kind == "next" and results is not loop[0]):
            self._parallel(results, leaf.values)
            return
        params, behind, again = loop
        self._restore(behind)  # type: ignore[arg-type]
        if leaf.kind != "break":
            self._use(again)  # type: ignore[arg-type]
        self._parallel(params, leaf.values)  # type: ignore[arg-type]

    def _stmt(self, stmt: Stmt, loop: tuple[object, ...], outer: tuple[str, ...]) -> None:
        match stmt:
            case Assign(target=target, value=value):
                self._define(target, value.id if isinstance(value, Name) else "")
            case If(results=results):
                self._if(stmt, results or outer, loop)
                return
            case For() | While():
                self._loop(stmt)
                return
            case Try() | With():
                self._region(stmt, loop)
                return
        for expr in own_exprs(stmt):
            self._use(_reads(expr))

    def _if(self, stmt: If, results: tuple[str, ...], loop: tuple[object, ...]) -> None:
        behind = self._snapshot()
        self._block(stmt.orelse, results, loop)
        other = self._snapshot()
        self._restore(behind)
        self._block(stmt.then, results, loop)
        self._join(other)
        self._kill(self.bound[id(stmt)])
        self._use(reads(stmt.test))

    def _loop(self, stmt: For | While) -> None:
        for carry in stmt.carries:
            self._rename(carry.result, carry.param)
        behind = self._snapshot()
        params = tuple(c.param for c in stmt.carries)
        again = {*self.inside[id(stmt)], *params}
        if isinstance(stmt, While):
            again.update(reads(stmt.test))
        self._use(again)
        self._block(stmt.body, params, (params, behind, again))
        if isinstance(stmt, While):
            self._use(reads(stmt.test))
        self._use(n for k in behind.values() for n in k)
        inits = tuple(c.init for c in stmt.carries)
        if isinstance(stmt, For):
            for item in stmt.items:
                self._use(n for n in self.inside[id(stmt)])
                self._define(item.target)
        self._use(self.inside[id(stmt)])
        self._parallel(params, inits)
        self._kill(self.bound[id(stmt)])
        for expr in own_exprs(stmt):
            self._use(_reads(expr))

    def _rename(self, result: str, param: str) -> None:
        """Behind the loop the result is what the param was: what meets the one meets the other."""
        group = self.live[base(result)]
        if result in group:
            group.discard(result)
            self.live[base(param)].add(param)
        for other in list(self.edges.get(result, ())):
            self.edges[param].add(other)
            self.edges[other].add(param)

    def _region(self, stmt: Try | With, loop: tuple[object, ...]) -> None:
        behind = self._snapshot()
        merged: dict[str, set[str]] = defaultdict(set)
        for block in blocks(stmt):
            self._restore(behind)
            if isinstance(stmt, Try) and block is stmt.body:
                self._attempted(stmt, loop)
            else:
                self._use(self.inside[id(stmt)])
                self._block(block, stmt.results, loop)
            for k, v in self._snapshot().items():
                merged[k] |= v
        self._restore(merged)
        self._kill(self.bound[id(stmt)])
        for expr in own_exprs(stmt):
            self._use(_reads(expr))

    def _attempted(self, stmt: Try, loop: tuple[object, ...]) -> None:
        """The body of a `try`: what its handlers read is alive up to where the last statement sets its name."""
        body, last = stmt.body, stmt.body.stmts[-1] if stmt.body.stmts else None
        if body.exit is not None:
            self._exit(body.exit, stmt.results, loop)
        rest = body.stmts
        if isinstance(last, Assign):
            self._define(last.target, last.value.id if isinstance(last.value, Name) else "")
            self._use(_reads(last.value))
            rest = rest[:-1]
        self._use(self.inside[id(stmt)])
        for inner in reversed(rest):
            self._stmt(inner, loop, stmt.results)


def _reads(expr: Expr | Attr | None) -> Iterable[str]:
    return reads(expr) if isinstance(expr, Name | Apply) else ()
