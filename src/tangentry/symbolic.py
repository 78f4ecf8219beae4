"""The run-time helpers as rules call them: with symbols they build the call, with numbers they make it."""
from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from . import runtime
from .algebra import Symbol, apply


def _has_symbol(value: Any) -> bool:
    if isinstance(value, list | tuple):
        return any(map(_has_symbol, value))
    if isinstance(value, slice):
        return any(map(_has_symbol, (value.start, value.stop, value.step)))
    return isinstance(value, Symbol)


def symbolic(fn: Callable[..., Any]) -> Callable[..., Any]:
    """A function that can be called with symbols."""
    @functools.wraps(fn)
    def call(*args: Any, **kwargs: Any) -> Any:
        if any(map(_has_symbol, args)) or any(map(_has_symbol, kwargs.values())):
            return apply(fn, *args, **kwargs)
        return fn(*args, **kwargs)

    return call


def __getattr__(name: str) -> Any:
    """Every helper of `runtime` under its own name."""
    if name.startswith("__"):
        raise AttributeError(name)
    made = globals()[name] = symbolic(getattr(runtime, name))
    return made
