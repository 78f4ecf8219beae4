"""A callable of any kind → the plain function that runs, and the arguments that are bound to it already.

`__wrapped__` is not followed: what a decorator made is what runs. Neither is `np.vectorize` taken apart.
"""
from __future__ import annotations

import functools
import types
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ..errors import ArgumentError, SourceError


@dataclass(frozen=True)
class Callee:
    """`function(*bound, …, **keywords)`; `function` is plain Python, or a host function (ufunc, builtin, class)."""

    function: Any
    bound: tuple[Any, ...] = ()
    keywords: Mapping[str, Any] = field(default_factory=dict)

    @property
    def is_python(self) -> bool:
        return isinstance(self.function, types.FunctionType)


def is_transform(function: Any) -> bool:
    """A derivative made by Tangentry: it is differentiated as a whole, not by the text of its class."""
    return getattr(type(function), "is_tangentry_transform", False)


def peel(function: Any) -> Callee:
    """Take partials, bound methods and callable objects apart.

    Raises ArgumentError for something that cannot be called.
    """
    bound: tuple[Any, ...] = ()
    keywords: dict[str, Any] = {}
    for _ in range(64):
        if isinstance(function, functools.partial):
            bound, keywords = function.args + bound, {**function.keywords, **keywords}
            function = function.func
        elif isinstance(function, types.MethodType):
            function, bound = function.__func__, (function.__self__, *bound)
        elif isinstance(function, types.FunctionType | types.BuiltinFunctionType | type) or is_transform(function):
            return Callee(function, bound, keywords)
        elif isinstance(getattr(type(function), "__call__", None), types.FunctionType):
            function, bound = type(function).__call__, (function, *bound)
        elif callable(function):
            return Callee(function, bound, keywords)
        else:
            raise ArgumentError(f"{function!r} is a {type(function).__name__}, which cannot be called",
                                "pass a function, a method, a callable object or a functools.partial")
    raise SourceError(f"{function!r} is wrapped more than 64 times")
