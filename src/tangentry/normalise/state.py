"""What is known at one point of the program: variables of every frame, and the contents of followed objects."""
from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ..program import Expr
from ..types import MaybeT, Num, Type, can_be_active, join, widen
from .values import (
    UNBOUND, Box, Const, Dyn, Ext, Obj, Rec, Tup, Unbound, Value, is_varied, plain_operand, type_of_value)

Key = tuple[Any, ...]
"""("v", frame, name) for a variable, ("h", object) for contents, ("cell", id) and ("global", id, name) for outer ones."""


@dataclass(slots=True)
class State:
    """A mapping from keys to values; copied at branches, merged behind them."""

    vars: dict[Key, Value] = field(default_factory=dict)

    def copy(self) -> State:
        return State(dict(self.vars))


@dataclass(eq=False)
class Frame:
    """One function being read: where its names are looked up.

    `parent` is the frame of the enclosing function where that is being read too; else `cells` and `globals` serve.
    """

    id: int
    source: Any
    globals: dict[str, Any]
    cells: Mapping[str, Any]
    locals: frozenset[str]
    parent: Frame | None = None
    global_names: frozenset[str] = frozenset()
    nonlocal_names: frozenset[str] = frozenset()
    owner: Any = None  # the class whose method this is, for super() and private names
    self_value: Any = None
    inline: bool = True


class Mismatch(Exception):
    """Two values that cannot be one variable; `sites` are the followed objects that have to become real ones."""

    def __init__(self, a: Value, b: Value) -> None:
        super().__init__(f"{describe(a)} on one path, {describe(b)} on the other")
        self.a, self.b = a, b
        self.sites = [v.site for v in (a, b) if isinstance(v, Obj) and v.site is not None]


def describe(v: Value) -> str:
    """A value in the words of a message."""
    match v:
        case Dyn(type=t):
            return {"py": "a number", "np": "a number", "scalar": "a number"}.get(getattr(t, "kind", ""), "an array") \
                if isinstance(t, Num) else "a value"
        case Const(value=value):
            return f"{getattr(value, '__name__', repr(value))}"
        case Tup(items=items, cls=cls):
            return f"a {cls.__name__} of {len(items)}"
        case Obj(cls=cls):
            return f"a {cls.__name__}"
        case Unbound():
            return "nothing"
    return f"a {type(v).__name__.lower()}"


def same(a: Value, b: Value) -> bool:
    """Is it the same value for certain?"""
    if a is b:
        return True
    if isinstance(a, Ext) and isinstance(b, Ext):
        return a.value is b.value and a.expr == b.expr
    return type(a) is type(b) and a == b


def is_leaf(v: Value) -> bool:
    """Can the value stand under one run-time name?"""
    if isinstance(v, Const):
        return v.value is None or isinstance(v.value, bool | int | float | complex | str | bytes)
    return isinstance(v, Dyn | Unbound | Ext)


def merge(a: Value, b: Value, leaf: Callable[[Value, Value], Value], objects: Callable[[Value, Value], Value]) -> Value:
    """The value behind two paths: followed where both agree, else by `leaf`, which makes a run-time name.

    Two followed objects are merged by `objects`. Raises Mismatch where one is followed and the other is not.
    """
    if same(a, b):
        return a
    if isinstance(a, Obj | Box) and isinstance(b, Obj):
        return objects(a, b)
    if isinstance(a, Tup) and isinstance(b, Tup) and a.cls is b.cls and len(a.items) == len(b.items):
        return Tup(tuple(merge(x, y, leaf, objects) for x, y in zip(a.items, b.items, strict=True)), a.cls)
    if isinstance(a, Rec) and isinstance(b, Rec):
        keys = list(a.keys) + [k for k in b.keys if a.get(k) is None]
        return Rec(tuple(keys), tuple(merge(a.get(k) or UNBOUND, b.get(k) or UNBOUND, leaf, objects)
                                     for k in keys))
    if isinstance(a, Unbound) and not is_leaf(b):
        return b  # Python raises where the variable is read on the path that does not bind it
    if isinstance(b, Unbound) and not is_leaf(a):
        return a
    if _fits_leaf(a) and _fits_leaf(b):
        return leaf(a, b)
    raise Mismatch(a, b)


def _fits_leaf(v: Value) -> bool:
    return is_leaf(v) or (not isinstance(v, Const) and plain_operand(v) is not None)


def joined_type(a: Value, b: Value) -> Type:
    """The type of a variable that holds either."""
    return widen(join(type_of_value(a), type_of_value(b)))


def leaf_operand(v: Value) -> Expr:
    """The expression of a leaf."""
    expr = plain_operand(v)
    assert expr is not None
    return expr


def joined_varied(a: Value, b: Value, t: Type) -> bool:
    """Does a variable that holds either depend on what is differentiated?"""
    inner = t.inner if isinstance(t, MaybeT) else t
    return (is_varied(a) or is_varied(b)) and can_be_active(inner)


def references(state: State, id: int) -> int:
    """How often a followed object is referred to, from variables and from other objects."""
    def count(v: Value) -> int:
        if isinstance(v, Obj):
            return int(v.id == id)
        parts = v.items if isinstance(v, Tup) else v.values if isinstance(v, Rec) else getattr(v, "args", ())
        return sum(map(count, parts))

    return sum(count(v) for v in state.vars.values())


def no_objects(a: Value, b: Value) -> Value:
    """Two followed objects that cannot be one."""
    raise Mismatch(a, b)
