"""Arguments and results as trees: lists, tuples, namedtuples, dicts and dataclasses of numbers and arrays.

A gradient has the structure of its argument; what cannot be differentiated in it (integers, strings, None, functions) is
None there.
"""
from __future__ import annotations

import dataclasses
import operator
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from .normalise.facts import Facts
from .prims import make_dict, make_list, make_tuple
from .program import Apply, Expr, Lit, Ref
from .runtime import with_fields

Path = tuple[tuple[str, Any], ...]
"""From the root to a part: ("item", key) and ("attr", name) steps."""


def is_active_leaf(value: Any) -> bool:
    """A number or array that can be differentiated."""
    if isinstance(value, np.ndarray):
        return value.dtype.kind in "fc"
    return isinstance(value, float | complex | np.inexact)


def is_tree(value: Any) -> bool:
    """A container that is looked into."""
    return isinstance(value, list | tuple | dict) or (dataclasses.is_dataclass(value) and not isinstance(value, type))


def children(value: Any) -> Iterator[tuple[tuple[str, Any], Any]]:
    """The parts of a container with their steps."""
    if isinstance(value, dict):
        yield from ((("item", k), v) for k, v in value.items())
    elif isinstance(value, list | tuple):
        yield from ((("item", k), v) for k, v in enumerate(value))
    else:
        yield from ((("attr", f.name), getattr(value, f.name)) for f in dataclasses.fields(value))


def leaves(value: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """All leaves with their paths."""
    if not is_tree(value):
        yield path, value
        return
    for step, part in children(value):
        yield from leaves(part, (*path, step))


def step_expr(expr: Expr, step: tuple[str, Any]) -> Expr:
    """The expression of a part."""
    kind, key = step
    return Apply(operator.getitem if kind == "item" else getattr, (expr, Lit(key)))


def path_of(expr: Expr) -> tuple[Expr, Path]:
    """The root and the path of a chain of constant items and attributes."""
    steps: list[tuple[str, Any]] = []
    while isinstance(expr, Apply) and expr.fn in (operator.getitem, getattr) and isinstance(expr.args[1], Lit):
        steps.append(("item" if expr.fn is operator.getitem else "attr", expr.args[1].value))
        expr = expr.args[0]
    return expr, tuple(reversed(steps))


def rebuilt(value: Any, expr: Expr, leaf: Callable[[Path, Expr, Any], Expr], path: Path = (),
            whole: Callable[[Path], bool] = lambda path: False) -> Expr:
    """An expression that makes a tree of the structure of `value`; `leaf` gives the parts (and what is `whole`)."""
    if not is_tree(value) or whole(path):
        return leaf(path, expr, value)
    parts = [(step, rebuilt(part, step_expr(expr, step), leaf, (*path, step), whole)) for step, part in children(value)]
    exprs = tuple(e for _, e in parts)
    if isinstance(value, dict):
        return Apply(make_dict, tuple(e for (_, k), p in parts for e in (Lit(k), p)))
    if type(value) in (list, tuple):
        return Apply(make_list if type(value) is list else make_tuple, exprs)
    if isinstance(value, tuple):
        return Apply(type(value), exprs, (), Ref(type(value), type(value).__name__))
    return Apply(with_fields, (expr,), tuple((name, e) for (_, name), e in parts))


def structure_facts(facts: Facts, expr: Expr, value: Any) -> None:
    """The structure of an argument is what the derivative relies on."""
    if not is_tree(value):
        return
    facts.add("class", expr, type(value))
    if isinstance(value, dict):
        facts.add("keys", expr, tuple(value))
    elif isinstance(value, list | tuple):
        facts.add("length", expr, len(value))
    for step, part in children(value):
        if is_tree(part):
            structure_facts(facts, step_expr(expr, step), part)
        else:
            facts.add("active" if is_active_leaf(part) else "inactive", step_expr(expr, step), type(part))
