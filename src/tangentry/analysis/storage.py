"""Which names stand for objects that are written in place, and how each is found from the object's first name.

A *root* is made by a statement of its own (a fresh array, a copy, a list display) and written through names that are
derived from it by views. What a root flows into after its last write (a carry, a result, a container) is a value: by then
the object does not change any more. Where that cannot be shown, the class is *wild*.
"""
from __future__ import annotations

import operator
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from ..outlines import Outline
from ..prims import make_dict, make_list
from ..program import (
    Apply, Assign, Attr, Block, Effect, Expr, For, If, Name, Program, Stmt, Store, Try, Update, While, With, blocks, own_exprs,
    reads)
from ..rules import registry
from ..types import DictT, ListT, Num, SeqT
from .effects import LIST_CHANGES, written_arguments
from .regions import Regions, is_storage


@dataclass(frozen=True)
class Link:
    """How a view is derived: `parent` and the expression, or the row of a loop over `parent`."""

    parent: str
    expr: Apply | None


class Storage:
    """`root(name)` is the root that a name is a part of, or None for a value; `wild` holds names without a known root."""

    def __init__(self, program: Program, regions: Regions, own: Iterable[str] = ()) -> None:
        """`own`: parameters that no other name stands for."""
        self.regions = regions
        self.links: dict[str, Link] = {}
        classes = Counter(regions.find(n) for n in own)
        self.fresh: set[str] = {n for n in own if classes[regions.find(n)] == 1}
        self.position: dict[str, int] = {}
        self.writes: dict[str, list[tuple[int, tuple[int, ...]]]] = {}
        self.captures: dict[str, list[tuple[int, tuple[int, ...]]]] = {}
        self.def_loops: dict[str, tuple[int, ...]] = {}
        self.wild: set[str] = set()
        self.clock = 0
        self._block(program.body, ())
        self.written_roots = self._check()
        self.wild_classes = {regions.find(n) for n in self.wild}

    def root(self, name: str) -> str | None:
        """The written root that a name is a part of."""
        top = self._top(name)
        return top if top in self.written_roots else None

    def top(self, name: str) -> str:
        """The first name of the object that a name is a part of."""
        while name in self.links:
            name = self.links[name].parent
        return name

    def _top(self, name: str) -> str | None:
        name = self.top(name)
        return name if name in self.fresh else None

    def changes(self, name: str) -> bool:
        """May the contents behind a name change after it was set?"""
        return self.root(name) is not None or (self.regions.is_written(name) and self.regions.find(name) in self.wild_classes)

    # ── the walk ──
    def _block(self, block: Block, loops: tuple[int, ...]) -> None:
        for stmt in block.stmts:
            self.clock += 1
            self._stmt(stmt, loops)
            inner = (*loops, id(stmt)) if isinstance(stmt, For | While) else loops
            for part in blocks(stmt):
                self._block(part, inner)
        if block.exit is not None:
            self.clock += 1
            for value in block.exit.values:
                self._capture(value, loops)

    def _stmt(self, stmt: Stmt, loops: tuple[int, ...]) -> None:
        match stmt:
            case Assign(target=target, value=value):
                self._assign(target, value, loops)
            case Store(obj=obj, value=value):
                self._write(obj, loops)
                if isinstance(self.regions.type(obj), ListT | DictT | SeqT):
                    self._capture(value, loops)
            case Update(obj=obj):
                self._write(obj, loops)
            case Effect(value=Apply(fn=fn, args=args)):
                self._effect(fn, args, loops)
            case For(items=items, carries=carries):
                for item in items:
                    if item.kind == "each" and isinstance(item.args[0], Name) and self._is_array(item.args[0]):
                        self.links[item.target] = Link(item.args[0].id, None)
                for carry in carries:
                    self._capture(carry.init, loops)
            case While(carries=carries):
                for carry in carries:
                    self._capture(carry.init, loops)
            case If() | With() | Try():
                for expr in own_exprs(stmt):
                    self._capture(expr, loops)

    def _is_array(self, expr: Expr) -> bool:
        return isinstance(self.regions.type(expr), Num)

    def _assign(self, target: str, value: Expr, loops: tuple[int, ...]) -> None:
        self.position[target] = self.clock
        self.def_loops[target] = loops
        if isinstance(value, Name):
            self.links[target] = Link(value.id, None)
            return
        if not isinstance(value, Apply):
            return
        if isinstance(value.fn, Outline):
            self._outlined(target, value, loops)
        elif value.fn in LIST_CHANGES:
            self._write(value.args[0], loops)
        elif value.fn in (make_list, make_dict):
            self.fresh.add(target)
            for arg in value.args:
                self._capture(arg, loops)
        elif self.regions._is_view(value):
            if value.args and isinstance(value.args[0], Name):
                self.links[target] = Link(value.args[0].id, value)
        elif value.fn in (operator.getitem, dict.get) and not self._is_array(value.args[0]):
            if is_storage(self.regions.types.get(target)):
                self._capture(value.args[0], loops)  # an object that a container holds
        elif registry.find(value.fn) is not None or value.fn in (list, tuple, list.copy):
            self.fresh.add(target)

    def _outlined(self, target: str, value: Apply, loops: tuple[int, ...]) -> None:
        """A call of a function that is kept."""
        summary = value.fn.summary
        if summary is None or any(summary.shares):
            for arg in value.args:
                self._capture(arg, loops)
        else:
            self.fresh.add(target)
        for arg in written_arguments(value.fn, value.args):
            self._write(arg, loops)

    def _effect(self, fn: object, args: tuple[Expr, ...], loops: tuple[int, ...]) -> None:
        for arg in written_arguments(fn, args):
            self._write(arg, loops)
        if fn in LIST_CHANGES:
            for arg in args[1:]:
                self._capture(arg, loops)

    def _write(self, obj: Expr | Attr, loops: tuple[int, ...]) -> None:
        if isinstance(obj, Name):
            self.writes.setdefault(obj.id, []).append((self.clock, loops))

    def _capture(self, expr: Expr | Attr | None, loops: tuple[int, ...]) -> None:
        """An object flows into something that has no link to its root."""
        if expr is not None and not isinstance(expr, Attr):
            for name in reads(expr):
                if is_storage(self.regions.types.get(name)):
                    self.captures.setdefault(name, []).append((self.clock, loops))

    # ── the check ──
    def _check(self) -> set[str]:
        roots: set[str] = set()
        written: dict[str, list[tuple[int, tuple[int, ...]]]] = {}
        for name, places in self.writes.items():
            top = self._top(name)
            if top is None:
                self.wild.add(name)
            else:
                roots.add(top)
                written.setdefault(top, []).extend(places)
        for name, places in self.captures.items():
            top = self._top(name)
            if top in roots and top is not None and any(self._too_early(top, c, written[top]) for c in places):
                self.wild.add(top)
        return roots - self.wild

    def _too_early(self, root: str, capture: tuple[int, tuple[int, ...]], writes: list[tuple[int, tuple[int, ...]]]) -> bool:
        """Is the object written after it was captured, possibly in a later trip of a loop around both?"""
        clock, loops = capture
        own = self.def_loops.get(root, ())
        for when, around in writes:
            shared = [loop for loop in loops if loop in around and loop not in own]
            if when > clock or shared:
                return True
        return False
