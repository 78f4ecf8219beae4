"""Dead code: statements whose value nobody wants, carries that nobody reads, stores into objects that nobody reads.

Accepts and yields single-assignment programs. One marking from what must happen (results, effects) back to definitions.
"""
from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from ..analysis.effects import is_pure, only_writes, written_arguments
from ..analysis.raising import classes_of, may_raise
from ..analysis.regions import Regions
from ..program import (
    Apply, Assign, Attr, Block, Effect, Expr, For, If, Name, Program, Stmt, Store, Try, Update, While, With, blocks,
    own_exprs, reads, walk)


def drop_dead(program: Program) -> Program:
    """The program without what has no influence on its results and effects."""
    marker = _Marker(program)
    return replace(program, body=marker.swept(program.body))


class _Marker:
    """Marks names and statements that are needed; a needed statement needs the statements around it."""

    def __init__(self, program: Program) -> None:
        self.regions, self.types = Regions(program), program.types
        self.outer = {self.regions.find(p.name) for p in program.params}
        self.defs: dict[str, Stmt] = {}
        self.parents: dict[int, Stmt | None] = {}
        self.feeds: dict[str, list[Expr]] = {}
        self.writers: dict[str, list[Stmt]] = {}
        self.needed: set[str] = set()
        self.alive: set[int] = set()
        self.seen_regions: set[str] = set()
        self.todo: list[str] = []
        self.keep: list[Stmt] = []
        self._index(program.body, None, (), ())
        for stmt in self.keep:
            self.need_stmt(stmt)
        while self.todo:
            self._need(self.todo.pop())

    # ── what is there ──
    def _index(self, block: Block, parent: Stmt | None, results: tuple[str, ...], params: tuple[str, ...]) -> None:
        for stmt in block.stmts:
            self.parents[id(stmt)] = parent
            self._index_stmt(stmt, results, params)
        leaf = block.exit
        if leaf is None:
            return
        if leaf.kind in ("return", "raise"):
            self.want(leaf.values)
            self._enclose(parent)
            return
        for name, value in zip(results if leaf.kind == "next" else params, leaf.values, strict=False):
            self.feeds.setdefault(name, []).append(value)

    def _index_stmt(self, stmt: Stmt, results: tuple[str, ...], params: tuple[str, ...]) -> None:
        match stmt:
            case Assign(target=target, value=value):
                self.defs[target] = stmt
                if not is_pure(value):
                    self._writer(stmt, value)
            case Store(obj=obj) | Update(obj=obj):
                self._write(stmt, obj)
            case Effect(value=value):
                self._writer(stmt, value)
            case If():
                for name in stmt.results:
                    self.defs[name] = stmt
                for side in (stmt.then, stmt.orelse):  # without results, a leaf `next` is one of the loop's
                    self._index(side, stmt, stmt.results or params, params)
            case For() | While():
                self._index_loop(stmt)
            case Try() | With():
                self.keep.append(stmt)
                if isinstance(stmt, Try):
                    self._keep_raising(stmt)
                for name in stmt.results:
                    self.defs[name] = stmt
                for part in ([stmt.body, *(h.body for h in stmt.handlers), stmt.final] if isinstance(stmt, Try)
                             else [stmt.body]):
                    self._index(part, stmt, stmt.results, params)

    def _keep_raising(self, stmt: Try) -> None:
        """What may raise an exception that is caught has to be done, even if nobody wants its value."""
        kinds = classes_of(stmt)
        if kinds is not None:
            self.keep += [s for s in walk(stmt.body) if not blocks(s) and may_raise([s], kinds, self.types)]

    def _index_loop(self, stmt: For | While) -> None:
        params = tuple(c.param for c in stmt.carries)
        for carry in stmt.carries:
            self.defs[carry.param] = self.defs[carry.result] = stmt
            self.feeds.setdefault(carry.param, []).append(carry.init)
            self.feeds.setdefault(carry.result, []).append(Name(carry.param))
        if isinstance(stmt, For):
            for item in stmt.items:
                self.defs[item.target] = stmt
        self._index(stmt.body, stmt, params, params)

    def _writer(self, stmt: Stmt, value: Expr) -> None:
        changed = written_arguments(value.fn, value.args) if isinstance(value, Apply) else []
        if changed and only_writes(value.fn):  # type: ignore[union-attr]
            for obj in changed:
                self._write(stmt, obj)
        else:
            self.keep.append(stmt)

    def _write(self, stmt: Stmt, obj: Expr | Attr) -> None:
        if isinstance(obj, Name) and self.regions.find(obj.id) not in self.outer:
            self.writers.setdefault(self.regions.find(obj.id), []).append(stmt)
        else:
            self.keep.append(stmt)

    # ── what is needed ──
    def want(self, exprs: Iterable[Expr | Attr | None]) -> None:
        for expr in exprs:
            if not isinstance(expr, Attr | None):
                self.todo.extend(n for n in reads(expr) if n not in self.needed)

    def _need(self, name: str) -> None:
        if name in self.needed:
            return
        self.needed.add(name)
        self.want(self.feeds.get(name, ()))
        stmt = self.defs.get(name)
        if stmt is not None:
            self.need_stmt(stmt)
        region = self.regions.find(name)
        if region not in self.seen_regions:
            self.seen_regions.add(region)
            for writer in self.writers.get(region, ()):
                self.need_stmt(writer)

    def need_stmt(self, stmt: Stmt) -> None:
        if id(stmt) in self.alive:
            return
        self.alive.add(id(stmt))
        if isinstance(stmt, For):
            self.want(a for item in stmt.items for a in item.args)
            self._exits(stmt.body)
        elif isinstance(stmt, While):
            self.want((stmt.test,))
            self._exits(stmt.body)
        else:
            self.want(own_exprs(stmt))
        self._enclose(self.parents.get(id(stmt)))

    def _enclose(self, parent: Stmt | None) -> None:
        if parent is not None:
            self.need_stmt(parent)

    def _exits(self, body: Block) -> None:
        """The branches that leave a needed loop are needed."""
        last = body.stmts[-1] if body.stmts else None
        if body.exit is None and isinstance(last, If):
            self.need_stmt(last)
            self._exits(last.then)
            self._exits(last.orelse)

    # ── what is left ──
    def swept(self, block: Block, results: tuple[bool, ...] = (), params: tuple[bool, ...] = ()) -> Block:
        stmts = tuple(self._swept_stmt(s, params) for s in block.stmts if id(s) in self.alive)
        leaf = block.exit
        if leaf is not None and leaf.kind in ("next", "continue", "break"):
            keep = results if leaf.kind == "next" else params
            leaf = replace(leaf, values=tuple(v for v, k in zip(leaf.values, keep, strict=False) if k))
        return Block(stmts, leaf)

    def _swept_stmt(self, stmt: Stmt, params: tuple[bool, ...]) -> Stmt:
        match stmt:
            case If(results=results):
                keep = tuple(r in self.needed for r in results)
                then, orelse = (self.swept(b, keep or params, params) for b in (stmt.then, stmt.orelse))
                return replace(stmt, then=then, orelse=orelse, results=tuple(r for r in results if r in self.needed))
            case Try(results=results) | With(results=results):
                return self._swept_region(stmt, params)
            case For() | While():
                flags = tuple(c.param in self.needed or c.result in self.needed for c in stmt.carries)
                carries = tuple(c for c, k in zip(stmt.carries, flags, strict=True) if k)
                return replace(stmt, carries=carries, body=self.swept(stmt.body, flags, flags))
        return stmt

    def _swept_region(self, stmt: Try | With, params: tuple[bool, ...]) -> Stmt:
        keep = tuple(r in self.needed for r in stmt.results)
        results = tuple(r for r in stmt.results if r in self.needed)
        body = self.swept(stmt.body, keep, params)
        if isinstance(stmt, With):
            return replace(stmt, body=body, results=results)
        handlers = tuple(replace(h, body=self.swept(h.body, keep, params)) for h in stmt.handlers)
        return replace(stmt, body=body, handlers=handlers, final=self.swept(stmt.final, (), params), results=results)


