"""`vjp`: the value of a function, and its reverse map as a function that can be called many times."""
from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from ..errors import ArgumentError
from ..trees import children, is_active_leaf, is_tree, leaves
from .derivative import Derivative
from .transforms import remembered


def vjp(f: Callable[..., Any], *primals: Any, has_aux: bool = False) -> tuple[Any, ...]:
    """The value of a function and its pullback (reverse mode).

    Arguments:
        f: the function.
        primals: its arguments.
        has_aux: `f` returns `(value, aux)`.

    Returns:
        `(value, pullback)`, or `(value, pullback, aux)`. `pullback(cotangent)`, with the structure of the value, gives a tuple
        of cotangents, one for each argument; None for arguments without derivative. It may be called many times, from
        several threads, and does not see what happens to the arguments in the meantime.

    Source: Griewank & Walther, Evaluating Derivatives, chapter 3.2.

    >>> import tangentry as tg
    >>> value, pullback = tg.vjp(lambda x, y: x * y, 2.0, 3.0)
    >>> value, pullback(1.0)
    (6.0, (3.0, 2.0))
    """
    active = tuple(k for k, p in enumerate(primals) if has_active_leaf(p))
    if not active:
        raise ArgumentError("none of the arguments holds a float or float array", "pass floats")
    made = remembered(f, ("vjp", active, has_aux), lambda: Derivative(f, "vjp", active, has_aux))
    variant = made.variant(*primals)
    value, *aux, saved = variant.function(*primals)
    back = variant.functions[variant.texts[0].name.removesuffix("_fwd") + "_bwd"]
    pullback = Pullback(back, saved, value, active, len(primals), variant.source)
    return (value, pullback, *aux)


class Pullback:
    """The reverse map at one point."""

    def __init__(self, back: Callable[..., Any], saved: Any, value: Any, active: Sequence[int], count: int, source: str) -> None:
        self._back, self._saved, self._active, self._count = back, saved, active, count
        self._like = shape_of(value)
        self.source = source

    def __call__(self, cotangent: Any) -> tuple[Any, ...]:
        bars = self._back(self._saved, fitted(cotangent, self._like, "the cotangent"))
        row: list[Any] = [None] * self._count
        for k, bar in zip(self._active, bars, strict=True):
            row[k] = bar
        return tuple(row)


def has_active_leaf(value: Any) -> bool:
    """Is there anything to differentiate?"""
    return is_active_leaf(value) or (is_tree(value) and any(is_active_leaf(v) for _, v in leaves(value)))


def linearize(f: Callable[..., Any], *primals: Any) -> tuple[Any, Callable[..., Any]]:
    """The value of a function and its derivative as a linear map.

    Arguments:
        f: the function.
        primals: its arguments.

    Returns:
        `(value, f_jvp)`: `f_jvp(*tangents)` is the derivative in a direction, without running the function again.

    >>> import tangentry as tg
    >>> value, f_jvp = tg.linearize(lambda x, y: x * y, 2.0, 3.0)
    >>> value, f_jvp(1.0, 0.0), f_jvp(0.0, 1.0)
    (6.0, 3.0, 2.0)
    """
    active = tuple(k for k, p in enumerate(primals) if has_active_leaf(p))
    if not active:
        raise ArgumentError("none of the arguments holds a float or float array", "pass floats")
    made = remembered(f, ("linearize", active), lambda: Derivative(f, "linearize", active))
    variant = made.variant(*primals)
    value, saved = variant.function(*primals)
    first = variant.texts[0].name
    return value, Linear(variant.functions[first.removesuffix("_fwd") + "_lin"], saved, value, primals, active, variant.source)


class Linear:
    """The derivative at one point, as a linear map of the tangents."""

    def __init__(self, linear: Callable[..., Any], saved: Any, value: Any, primals: Sequence[Any], active: Sequence[int],
                 source: str) -> None:
        self._linear, self._saved, self._active = linear, saved, active
        self._zero = fitted(None, shape_of(value), "")
        self._likes = [shape_of(p) for p in primals]
        self.source = source

    def __call__(self, *tangents: Any) -> Any:
        if len(tangents) != len(self._likes):
            raise ArgumentError(f"{len(self._likes)} tangents are needed, one for each argument, not {len(tangents)}")
        dots = [fitted(tangents[k], self._likes[k], "the tangent") for k in self._active]
        return self._linear(self._saved, self._zero, *dots)


class Like:
    """The shape, dtype and kind of one leaf."""

    def __init__(self, value: Any) -> None:
        self.array = isinstance(value, np.ndarray)
        self.active = is_active_leaf(value)
        self.dtype = value.dtype if isinstance(value, np.ndarray | np.generic) else np.dtype(type(value)) if self.active else None
        self.shape = np.shape(value) if self.active else ()


def shape_of(value: Any) -> Any:
    """The structure of a value, with the shapes of its leaves; nothing of the value is kept."""
    if not is_tree(value):
        return Like(value)
    return type(value), {step: shape_of(part) for step, part in children(value)}


def fitted(given: Any, like: Any, what: str) -> Any:
    """A cotangent or tangent of the structure `like`, with its leaves in the kind and dtype of those of the value.

    Raises ArgumentError where structure or shape differ.
    """
    if isinstance(like, Like):
        return fitted_leaf(given, like, what)
    cls, parts = like
    if given is None:
        return rebuilt_like(cls, {step: fitted(None, part, what) for step, part in parts.items()})
    if not is_tree(given) or isinstance(given, dict) != issubclass(cls, dict):
        raise ArgumentError(f"{what} has to be a {cls.__name__} like the value, not {type(given).__name__}")
    found = dict(children(given))
    if set(found) != set(parts):
        raise ArgumentError(f"{what} has to have the structure of the value")
    return rebuilt_like(cls, {step: fitted(found[step], part, what) for step, part in parts.items()})


def rebuilt_like(cls: type, parts: Mapping[tuple[str, Any], Any]) -> Any:
    """A container of a class from its parts."""
    if issubclass(cls, dict):
        return {key: v for (_, key), v in parts.items()}
    if issubclass(cls, list | tuple):
        return cls(*parts.values()) if hasattr(cls, "_fields") else cls(parts.values())
    made = object.__new__(cls)
    for (_, name), v in parts.items():
        object.__setattr__(made, name, v)
    return made


def fitted_leaf(given: Any, like: Like, what: str) -> Any:
    """One leaf."""
    if not like.active:
        return None
    if given is None:
        return np.zeros(like.shape, like.dtype) if like.array else 0.0
    if np.shape(given) != like.shape:
        raise ArgumentError(f"{what} has shape {np.shape(given)}, but the value has shape {like.shape}")
    if like.array:
        real = like.dtype is not None and like.dtype.kind == "f"
        given = np.asarray(given)
        return (given.real if real and given.dtype.kind == "c" else given).astype(like.dtype)
    if isinstance(given, np.ndarray):
        given = given.item()
    return float(given) if isinstance(given, bool | int) else given
