"""Activity: which names depend on the differentiated inputs (varied) and influence the results (useful).

A graph over names and alias classes is built in one walk; both sets are then plain reachability. What is written into one
member of a class concerns all of them.
"""
from __future__ import annotations

import operator
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from ..outlines import Outline
from ..prims import assert_, delete, formatted, fstring, set_variable
from ..program import (
    Apply, Assign, Attr, Block, Effect, Expr, For, If, Name, Program, Stmt, Store, Try, Update, While, With, reads, walk, walk_blocks)
from ..rules import registry
from ..types import Top, can_be_active
from .effects import LIST_CHANGES, is_pure_function, written_arguments
from .regions import Regions, leaf_values

QUIET = {assert_, delete, set_variable}
_INACTIVE = {fstring, formatted, print, repr, str, len, range, isinstance, type, id, hash}


@dataclass(frozen=True)
class Activity:
    """`active`: varied and useful."""

    varied: frozenset[str]
    useful: frozenset[str]
    active: frozenset[str]


def flowing(expr: Expr) -> Iterable[str]:
    """The operands of an expression through which a derivative can pass."""
    if isinstance(expr, Name):
        yield expr.id
    elif isinstance(expr, Apply) and not _stops(expr.fn):
        args = expr.args
        if expr.fn is operator.getitem or expr.fn in LIST_CHANGES:
            args = args[:1]
        elif expr.fn is getattr:
            args = args[:1] if not is_shape(expr) else ()
        rule = registry.find(expr.fn)
        skip = rule.shape_only if rule is not None else ()
        for k, arg in enumerate(args):
            if k not in skip:
                yield from flowing(arg)
        for _, arg in expr.kwargs:
            yield from flowing(arg)


def is_shape(expr: Apply) -> bool:
    """`x.shape` and its kin."""
    return getattr(expr.args[1], "value", "") in ("shape", "ndim", "size", "dtype", "itemsize", "nbytes", "strides")


def _stops(fn: object) -> bool:
    try:
        if fn in _INACTIVE:
            return True
    except TypeError:
        return False
    rule = registry.find(fn)
    return rule is not None and rule.constant


class _Graph:
    def __init__(self, program: Program, regions: Regions) -> None:
        self.types, self.regions = program.types, regions
        self.forward: dict[str, list[str]] = defaultdict(list)
        self.backward: dict[str, list[str]] = defaultdict(list)
        self.outputs: list[str] = []
        self._block(program.body)
        self.outputs += [p.name for p in program.params if regions.is_written(p.name)]
        self._classes(program)

    def edge(self, a: str, b: str) -> None:
        if can_be_active(self.types.get(b, Top())) or b.startswith("class "):
            self.forward[a].append(b)
            self.backward[b].append(a)

    def flow(self, expr: Expr | Attr | None, target: str) -> None:
        if expr is not None and not isinstance(expr, Attr):
            for name in flowing(expr):
                self.edge(name, target)

    def _class(self, name: str) -> str:
        return f"class {self.regions.find(name)}"

    def _classes(self, program: Program) -> None:
        """What is written into an object concerns everyone who can reach it."""
        names = [p.name for p in program.params] + [n for n in self.types if n in self.seen]
        for name in dict.fromkeys(names):
            if self.regions.is_written(name) and can_be_active(self.types.get(name, Top())):
                self.edge(name, self._class(name))
                self.edge(self._class(name), name)
        for root, inner in self.regions.contents.items():
            self.edge(f"class {self.regions.find(inner)}", f"class {self.regions.find(root)}")
            self.edge(f"class {self.regions.find(root)}", f"class {self.regions.find(inner)}")

    def _block(self, block: Block) -> None:
        self.seen: set[str] = set()
        for stmt in walk(block):
            self._stmt(stmt)
        self._returns(block)

    def _returns(self, block: Block) -> None:
        for inner in walk_blocks(block):
            if inner.exit is not None and inner.exit.kind == "return":
                self.outputs += [n for v in inner.exit.values for n in reads(v)]

    def _stmt(self, stmt: Stmt) -> None:
        match stmt:
            case Assign(target=target, value=value):
                self.seen.add(target)
                self.flow(value, target)
                if isinstance(value, Apply) and isinstance(value.fn, Outline):
                    self._changes(value.fn, value.args)
                elif isinstance(value, Apply) and registry.find(value.fn) is None and not is_pure_function(value.fn) and \
                        value.fn not in LIST_CHANGES and value.fn not in _INACTIVE:
                    self.unknown(tuple(value.args))
            case Store(obj=Name(id=name), value=value) | Update(obj=Name(id=name), value=value):
                self.flow(value, self._class(name))
            case Effect(value=Apply(fn=fn, args=args)):
                self._effect(fn, args)
            case If(results=results, then=then, orelse=orelse):
                self._leaves(results, (then, orelse))
            case Try(results=results, body=body, handlers=handlers):
                self._leaves(results, (body, *(h.body for h in handlers)))
            case With(results=results, body=body):
                self._leaves(results, (body,))
            case For() | While():
                self._loop(stmt)

    def _effect(self, fn: object, args: tuple[Expr, ...]) -> None:
        if not isinstance(fn, Outline) and registry.find(fn) is None and not is_pure_function(fn) and \
                fn not in LIST_CHANGES and fn not in _INACTIVE and fn not in QUIET:
            self.unknown(args)
        self._changes(fn, args)

    def _changes(self, fn: object, args: tuple[Expr, ...]) -> None:
        """What is given to a call may be written into each argument that it changes."""
        for target in written_arguments(fn, args):
            if isinstance(target, Name):
                for arg in args:
                    if arg is not target:
                        self.flow(arg, self._class(target.id))

    def unknown(self, args: tuple[Expr, ...]) -> None:
        """A call about which nothing is known may write what it is given anywhere: it counts as a result."""
        names = [n for a in args for n in reads(a)]
        self.outputs += names
        for source in names:
            for target in names:
                self.edge(source, self._class(target))

    def _leaves(self, results: tuple[str, ...], parts: tuple[Block, ...]) -> None:
        self.seen.update(results)
        for part in parts:
            if part.exit is not None and part.exit.kind == "next":
                for result, value in zip(results, part.exit.values, strict=False):
                    self.flow(value, result)

    def _loop(self, stmt: For | While) -> None:
        if isinstance(stmt, For):
            for item in stmt.items:
                self.seen.add(item.target)
                if item.kind == "each":
                    self.flow(item.args[0], item.target)
        leaves = leaf_values(stmt.body)
        for k, carry in enumerate(stmt.carries):
            self.seen.update((carry.param, carry.result))
            self.flow(carry.init, carry.param)
            self.edge(carry.param, carry.result)
            for values in leaves:
                if k < len(values):
                    self.flow(values[k], carry.param)


def _reach(start: Iterable[str], edges: dict[str, list[str]]) -> frozenset[str]:
    found, todo = set(start), list(start)
    while todo:
        for name in edges.get(todo.pop(), ()):
            if name not in found:
                found.add(name)
                todo.append(name)
    return frozenset(found)


def activity(program: Program, regions: Regions, inputs: Iterable[str], outputs: Iterable[str] | None = None) -> Activity:
    """What is active when `inputs` are differentiated; `outputs` are by default all that is returned."""
    graph = _Graph(program, regions)
    varied = _reach(list(inputs), graph.forward)
    useful = _reach(graph.outputs if outputs is None else list(outputs), graph.backward)
    return Activity(varied, useful, varied & useful)
