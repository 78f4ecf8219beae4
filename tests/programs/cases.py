"""How a program of this folder is declared, and how it is checked in both modes.

    @case(1.3, np.array([0.2, 0.7]))
    def name(x, y): …

Every float, complex or float array (also within lists, tuples, dicts) among the arguments is differentiated.
"""
from __future__ import annotations

import copy
import inspect
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

import tangentry as tg

REGISTRY: list[Case] = []


@dataclass
class Case:
    """A program with its arguments; `order` to which it is smooth there, `wrt` what is differentiated (default: all)."""

    function: Callable[..., Any]
    args: tuple[Any, ...]
    kwargs: dict[str, Any] = field(default_factory=dict)
    order: int = 2
    wrt: tuple[int, ...] | None = None
    rtol: float = 2e-6
    refused: str = ""
    modes: tuple[str, ...] = ("reverse", "forward")

    @property
    def name(self) -> str:
        return f"{self.function.__module__.rpartition('.')[2]}.{self.function.__name__}"


def case(*args: Any, order: int = 2, wrt: tuple[int, ...] | None = None, rtol: float = 2e-6, refused: str = "",
         modes: tuple[str, ...] = ("reverse", "forward"), **kwargs: Any) -> Callable[[Any], Any]:
    """Declare a program."""
    def register(function: Any) -> Any:
        REGISTRY.append(Case(function, args, kwargs, order, wrt, rtol, refused, modes))
        return function

    return register


# ── trees, without any help from the library under test ──


def leaves(value: Any) -> list[Any]:
    """The float parts of an argument."""
    if isinstance(value, dict):
        return [x for v in value.values() for x in leaves(v)]
    if isinstance(value, list | tuple):
        return [x for v in value for x in leaves(v)]
    if hasattr(value, "__dataclass_fields__"):
        return [x for name in value.__dataclass_fields__ for x in leaves(getattr(value, name))]
    is_float = isinstance(value, float | complex | np.inexact) or (isinstance(value, np.ndarray) and value.dtype.kind in "fc")
    return [value] if is_float else []


def rebuilt(value: Any, parts: Iterator[Any]) -> Any:
    """The same structure with other float parts."""
    if isinstance(value, dict):
        return {k: rebuilt(v, parts) for k, v in value.items()}
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return type(value)(*(rebuilt(v, parts) for v in value))
    if isinstance(value, list | tuple):
        return type(value)(rebuilt(v, parts) for v in value)
    if hasattr(value, "__dataclass_fields__"):
        made = copy.copy(value)
        for name in value.__dataclass_fields__:
            object.__setattr__(made, name, rebuilt(getattr(value, name), parts))
        return made
    return next(parts) if leaves(value) else copy.deepcopy(value)


def moved(value: Any, direction: list[Any], step: float) -> Any:
    """The argument moved along a direction."""
    parts = (type(a)(a + step * d) if not isinstance(a, np.ndarray) else (a + step * d).astype(a.dtype)
             for a, d in zip(leaves(value), direction, strict=True))
    return rebuilt(value, parts)


def directions(case: Case, seed: int = 0) -> list[list[Any]]:
    """A random direction for each argument."""
    rng = np.random.default_rng(seed)
    wrt = range(len(case.args)) if case.wrt is None else case.wrt
    rows = []
    for k, arg in enumerate(case.args):
        found = leaves(arg)
        scale = 1.0 if k in wrt else 0.0
        rows.append([scale * rng.uniform(0.3, 1.0, np.shape(a)) * rng.choice([-1, 1], np.shape(a)) for a in found])
        rows[-1] = [r if isinstance(a, np.ndarray) else float(r) for r, a in zip(rows[-1], found, strict=True)]
    return rows


def along(case: Case, f: Callable[..., Any], rows: list[list[Any]], step: float = 2e-3) -> Any:
    """The derivative of `f` along a direction, by central differences of order 8."""
    weights = (4 / 5, -1 / 5, 4 / 105, -1 / 280)
    total = 0.0
    for k, w in enumerate(weights, 1):
        up = f(*(moved(a, r, k * step) for a, r in zip(case.args, rows, strict=True)), **copy.deepcopy(case.kwargs))
        down = f(*(moved(a, r, -k * step) for a, r in zip(case.args, rows, strict=True)), **copy.deepcopy(case.kwargs))
        total = total + w * (np.asarray(up) - np.asarray(down)) / step
    return total


def flat(value: Any) -> Any:
    """A result as one vector of its float parts."""
    parts = leaves(value) or ([float(value)] if isinstance(value, int | np.integer) else [])
    return np.concatenate([np.ravel(p) for p in parts]) if parts else np.zeros(0)


def close(a: Any, b: Any, rtol: float) -> None:
    """Equal up to the precision of the differences."""
    scale = max(1.0, float(np.max(np.abs(b))) if np.size(b) else 1.0)
    np.testing.assert_allclose(a, b, rtol=rtol, atol=rtol * scale)


def chosen(case: Case) -> tuple[int, ...]:
    """The arguments that are differentiated."""
    wanted = range(len(case.args)) if case.wrt is None else case.wrt
    return tuple(k for k in wanted if leaves(case.args[k]))


def paired(case: Case, gradient: Any, rows: list[list[Any]]) -> float:
    """⟨gradient, direction⟩."""
    total = 0.0
    for k, g in zip(chosen(case), gradient, strict=True):
        for part, r in zip(leaves(g), rows[k], strict=True):
            total += float(np.sum(np.real(part * r)))
    return total


def same_structure(a: Any, b: Any) -> None:
    """A gradient has the structure, shape and dtype of its argument."""
    for x, g in zip(leaves(a), leaves(b), strict=True):
        assert np.shape(x) == np.shape(g), (np.shape(x), np.shape(g))
        if isinstance(x, np.ndarray | np.generic):
            assert np.asarray(g).dtype == x.dtype, (x.dtype, np.asarray(g).dtype)


def scalar_of(f: Callable[..., Any]) -> Callable[..., Any]:
    """The program itself: all of them return one number."""
    return f


def check_reverse(case: Case) -> None:
    """Value, gradient against differences, arguments unchanged, second call equal."""
    rows = directions(case)
    args, kwargs = copy.deepcopy(case.args), copy.deepcopy(case.kwargs)
    g = tg.grad(case.function, chosen(case))
    first = g(*args, **kwargs)
    for before, after in zip(case.args, args, strict=True):
        for x, y in zip(leaves(before), leaves(after), strict=True):
            np.testing.assert_array_equal(x, y)
    close(paired(case, first, rows), along(case, case.function, rows), case.rtol)
    for k, part in zip(chosen(case), first, strict=True):
        same_structure(case.args[k], part)
    second = g(*copy.deepcopy(case.args), **copy.deepcopy(case.kwargs))
    np.testing.assert_array_equal(flat(list(first)), flat(list(second)))
    value, again = tg.value_and_grad(case.function, chosen(case))(*copy.deepcopy(case.args), **copy.deepcopy(case.kwargs))
    np.testing.assert_allclose(value, case.function(*copy.deepcopy(case.args), **copy.deepcopy(case.kwargs)), rtol=1e-12)
    np.testing.assert_allclose(flat(list(again)), flat(list(first)), rtol=1e-12)


def tangents(case: Case, rows: list[list[Any]]) -> tuple[Any, ...]:
    """A direction in the structure of the arguments; None where there is nothing to differentiate."""
    return tuple(rebuilt(a, iter(r)) if k in chosen(case) else None for k, (a, r) in enumerate(zip(case.args, rows, strict=True)))


def with_kwargs(case: Case, f: Callable[..., Any]) -> Callable[..., Any]:
    """The program with its keyword arguments bound."""
    import functools
    return functools.partial(f, **copy.deepcopy(case.kwargs)) if case.kwargs else f


def check_forward(case: Case) -> None:
    """The tangent against differences."""
    rows = directions(case)
    value, dot = tg.jvp(with_kwargs(case, case.function), copy.deepcopy(case.args), tangents(case, rows))
    expected = case.function(*copy.deepcopy(case.args), **copy.deepcopy(case.kwargs))
    np.testing.assert_allclose(value, expected, rtol=1e-12)
    close(float(np.real(dot)), along(case, case.function, rows), case.rtol)


def check_second(case: Case) -> None:
    """Forward over reverse and reverse over forward against differences of the gradient."""
    rows = directions(case, 1)
    f = with_kwargs(case, case.function)
    gradient = tg.grad(f, chosen(case))
    expected = along(case_without_kwargs(case), lambda *args: flat(list(gradient(*args))), rows)
    dots = tg.jvp(gradient, copy.deepcopy(case.args), tangents(case, rows))[1]
    close(flat(list(dots)), expected, 20 * case.rtol)


def case_without_kwargs(case: Case) -> Case:
    return Case(case.function, case.args, {}, case.order, case.wrt, case.rtol)


def parameters(function: Any) -> list[str]:
    """The names of a program's parameters."""
    return list(inspect.signature(function).parameters)
