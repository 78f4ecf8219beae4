"""Alias classes: which names may stand for the same object or for parts of one, and which of these are written.

One class holds an object with all its views (Steensgaard's unification: a single walk, no sets that grow). What a
container holds has a class of its own.
"""
from __future__ import annotations

import operator
from collections.abc import Mapping
from typing import Any

from ..infer import plain
from ..outlines import Outline
from ..prims import Method, make_dict, make_list, make_set, make_tuple
from ..program import Apply, Assign, Block, Effect, Expr, For, If, Lit, Name, Program, Store, Try, Update, While, With, walk
from ..rules import registry
from ..types import DictT, ListT, LitT, MaybeT, Num, SeqT, SliceT, Top, Type
from .effects import LIST_CHANGES, written_arguments


def is_storage(t: Type | None) -> bool:
    """Can a value of this type be changed in place, or share memory?"""
    if isinstance(t, MaybeT):
        t = t.inner
    if isinstance(t, Num):
        return t.kind in ("array", "any")
    return isinstance(t, ListT | DictT | SeqT | Top) or t is None


class Regions:
    """`find(name)` names the class; `written` holds the classes that are changed in place."""

    def __init__(self, program: Program) -> None:
        self.types: Mapping[str, Any] = program.types
        self.parent: dict[str, str] = {}
        self.contents: dict[str, str] = {}
        self.written: set[str] = set()
        self._block(program.body)
        self.written = {self.find(n) for n in self.written}

    def find(self, name: str) -> str:
        """The representative of a name's class."""
        while (up := self.parent.get(name, name)) != name:
            self.parent[name] = self.parent.get(up, up)
            name = up
        return name

    def union(self, a: str, b: str) -> None:
        a, b = self.find(a), self.find(b)
        if a == b:
            return
        self.parent[b] = a
        if b in self.contents:
            inner = self.contents.pop(b)
            self.union(self.content(a), inner)

    def content(self, name: str) -> str:
        """The class of what a container holds."""
        root = self.find(name)
        if root not in self.contents:
            self.contents[root] = f"{root}[]"
        return self.find(self.contents[root])

    def is_written(self, name: str) -> bool:
        """Is the object behind a name changed in place somewhere?"""
        return self.find(name) in self.written

    def type(self, expr: Expr) -> Type:
        """The type of an operand."""
        if isinstance(expr, Name):
            found: Type = self.types.get(expr.id, Top())
            return found
        if isinstance(expr, Lit):
            return LitT(expr.value)
        if isinstance(expr, Apply) and expr.fn in (make_tuple, make_list):
            return SeqT(tuple(map(self.type, expr.args)), tuple if expr.fn is make_tuple else list)
        if isinstance(expr, Apply) and expr.fn is slice:
            return SliceT(*map(self.type, expr.args))
        return Top()

    # ── the walk ──
    def _block(self, block: Block) -> None:
        for stmt in walk(block):
            match stmt:
                case Assign(target=target, value=value):
                    self._flow(value, target)
                case Effect(value=Apply(fn=Outline()) as value):
                    self._outlined(value, "")
                case Effect(value=Apply() as value):
                    self._effect(value)
                case Store(obj=obj, value=value):
                    self._mark(obj)
                    self._put(obj, value)
                case Update(obj=obj, value=value):
                    self._mark(obj)
                case If(results=results, then=then, orelse=orelse):
                    self._leaves(results, then, orelse)
                case Try(results=results, body=body, handlers=handlers):
                    self._leaves(results, body, *(h.body for h in handlers))
                case With(results=results, body=body):
                    self._leaves(results, body)
                case For() | While():
                    self._loop(stmt)

    def _leaves(self, results: tuple[str, ...], *parts: Block) -> None:
        for part in parts:
            if part.exit is not None and part.exit.kind == "next":
                for result, value in zip(results, part.exit.values, strict=False):
                    self._flow(value, result)

    def _loop(self, stmt: For | While) -> None:
        if isinstance(stmt, For):
            for item in stmt.items:
                if item.kind == "each" and is_storage(self.types.get(item.target)):
                    self._element(item.args[0], item.target)
        for k, carry in enumerate(stmt.carries):
            self._flow(carry.init, carry.param)
            self.union(carry.param, carry.result)
            for values in leaf_values(stmt.body):
                if k < len(values):
                    self._flow(values[k], carry.param)

    def _mark(self, obj: Expr) -> None:
        if isinstance(obj, Name):
            self.written.add(self.find(obj.id))

    def _flow(self, value: Expr, target: str) -> None:
        """The object of an expression gets a further name."""
        if isinstance(value, Apply) and isinstance(value.fn, Outline):
            self._outlined(value, target)
            return
        if not is_storage(self.types.get(target)):
            return
        if isinstance(value, Name):
            self.union(value.id, target)
        elif isinstance(value, Apply):
            self._result(value, target)

    def _outlined(self, value: Apply, target: str) -> None:
        """A call of a function that is kept: what it changes, and what of its result is an argument's memory."""
        for arg in written_arguments(value.fn, value.args):
            self._mark(arg)
        summary = value.fn.summary
        shares = summary.shares if summary is not None else (frozenset(range(len(value.args))),)
        for positions in shares:
            for arg in (value.args[k] for k in positions if k < len(value.args)):
                for name in _names(arg):
                    if is_storage(self.types.get(name)) and is_storage(self.types.get(target)):
                        self.union(self.content(target) if len(shares) > 1 else target, name)

    def _result(self, value: Apply, target: str) -> None:
        fn, args = value.fn, value.args
        if fn in (make_tuple, make_list, make_set, make_dict):
            for arg in args:
                self._put(Name(target), arg)
        elif fn in (list.pop, dict.pop, dict.get) or (fn is operator.getitem and self._is_container(args[0])):
            if fn in LIST_CHANGES:
                self._mark(args[0])
            self._element(args[0], target)
        elif fn in (list, tuple, list.copy, dict.copy, reversed, sorted) or (
                fn in (operator.add, operator.mul) and isinstance(self.types.get(target), ListT)):
            for arg in args:
                if isinstance(arg, Name) and self._is_container(arg):
                    self.union(self.content(target), self.content(arg.id))
        elif self._is_view(value) or (fn is operator.getitem and isinstance(self.type(args[0]), Top)):
            self._flow_names(args[:1], target)
        elif isinstance(fn, Method) or (registry.find(fn) is None and not isinstance(self.types.get(target), Num)):
            self._flow_names(args, target)

    def _flow_names(self, args: tuple[Expr, ...], target: str) -> None:
        for arg in args:
            if isinstance(arg, Name) and is_storage(self.types.get(arg.id)):
                self.union(arg.id, target)
            elif isinstance(arg, Apply):
                self._flow_names(arg.args, target)

    def _is_container(self, expr: Expr) -> bool:
        t = self.type(expr)
        return isinstance(t, ListT | DictT | SeqT)

    def _is_view(self, value: Apply) -> bool:
        rule = registry.find(value.fn)
        if rule is None or not rule.view:
            return False
        if rule.view is True:
            return True
        return bool(rule.view(*(plain(self.type(a)) if i else self.type(a) for i, a in enumerate(value.args))))

    def _element(self, container: Expr, target: str) -> None:
        """A name for what is in a container, or a row of an array."""
        if isinstance(container, Name) and is_storage(self.types.get(target)):
            inner = self.content(container.id) if self._is_container(container) else container.id
            self.union(inner, target)
        elif isinstance(container, Apply):
            for arg in container.args:
                self._flow(arg, target)

    def _put(self, container: Expr, value: Expr) -> None:
        if isinstance(container, Name):
            for name in _names(value):
                if is_storage(self.types.get(name)) and (self._is_container(container)):
                    self.union(self.content(container.id), name)

    def _effect(self, value: Apply) -> None:
        fn, args = value.fn, value.args
        if fn in LIST_CHANGES:
            self._mark(args[0])
            for arg in args[1:]:
                self._put(args[0], arg)
            return
        for arg in written_arguments(fn, args):
            self._mark(arg)


def _names(expr: Expr) -> list[str]:
    if isinstance(expr, Name):
        return [expr.id]
    return [n for a in expr.args for n in _names(a)] if isinstance(expr, Apply) else []


def leaf_values(body: Block) -> list[tuple[Expr, ...]]:
    """The next values of a loop's carries at each of its leaves."""
    if body.exit is not None:
        return [body.exit.values] if body.exit.kind in ("next", "continue", "break") else []
    last = body.stmts[-1] if body.stmts else None
    if isinstance(last, If):
        return leaf_values(last.then) + leaf_values(last.orelse)
    return []
