"""The table of rules: what is known of each host function, and the decorators that fill it.

A rule is an ordinary Python function. `partials` serves both modes; `adjoint` is the reverse map where a function is not
elementwise; its forward map is `linear` (apply the function itself) or `tangent`; `constant` has no derivative.
"""
from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, TypeVar

F = TypeVar("F", bound=Callable[..., Any])


@dataclass(slots=True)
class Rule:
    """What is known of one function.

    `linear`: the positions of the arguments in which it is linear (one at a time). `result`: types in, type out.
    `lazy`: the adjoint takes a cotangent that is still to be broadcast. `view`: the result may share memory with the first argument (True), or does so as the callable says.
    `writes`: positions or keywords of arguments that it changes. `pure`: may be dropped, repeated and shared.
    """

    partials: Callable[..., Any] | None = None
    adjoint: Callable[..., Any] | None = None
    tangent: Callable[..., Any] | None = None
    linear: tuple[int, ...] = ()
    constant: bool = False
    result: Callable[..., Any] | None = None
    view: Any = False
    writes: tuple[int | str, ...] = ()
    pure: bool = True
    shape_only: tuple[int, ...] = ()
    refuse: str = ""
    lazy: bool = False

    @property
    def has_derivative(self) -> bool:
        return self.partials is not None or self.adjoint is not None or self.tangent is not None or bool(self.linear)


_RULES: dict[Any, Rule] = {}
_UNHASHABLE: dict[int, tuple[Any, Rule]] = {}
version = 0
"""Counts the changes to the table: a derivative made before a change is made anew."""


def find(fn: Any) -> Rule | None:
    """The rule of a function, or None."""
    try:
        return _RULES.get(fn)
    except TypeError:
        entry = _UNHASHABLE.get(id(fn))
        return entry[1] if entry else None


def rule_for(fn: Any) -> Rule:
    """The rule of a function, made where there is none."""
    global version
    version += 1
    found = find(fn)
    if found is None:
        found = Rule()
        try:
            _RULES[fn] = found
        except TypeError:
            _UNHASHABLE[id(fn)] = fn, found
    return found


def all_rules() -> Iterable[tuple[Any, Rule]]:
    """Every function with its rule."""
    return tuple(_RULES.items())


def _decorator(field: str, functions: tuple[Any, ...]) -> Callable[[F], F]:
    def register(rule: F) -> F:
        for fn in functions:
            setattr(rule_for(fn), field, rule)
        return rule

    return register


def partials(*functions: Any) -> Callable[[F], F]:
    """The partial derivatives of an elementwise function; serves both modes.

    The decorated function is called as `rule(z, *arguments)`, with `z` the result, and returns ∂z/∂x for one argument,
    or a tuple of partials, one per argument; None stands for an argument without derivative.

    >>> import numpy as np
    >>> import tangentry as tg
    >>> def cube(x):
    ...     return np.frompyfunc(lambda v: v**3, 1, 1)(x)
    >>> @tg.partials(cube)
    ... def _(z, x):
    ...     return 3 * x * x
    >>> tg.grad(lambda x: 2 * cube(x))(2.0)
    24.0
    """
    return _decorator("partials", functions)


def adjoint(*functions: Any, lazy: bool = False) -> Callable[[F], F]:
    """The reverse map of a function, called as `rule(z_bar, z, *arguments, **keywords)`.

    It returns the cotangent of the one argument, or a tuple of cotangents, one per argument; None stands for an
    argument without derivative. With `lazy`, `z_bar` may lack axes along which it is constant.
    Source: Griewank & Walther, Evaluating Derivatives, chapter 3.
    """
    for fn in functions:
        rule_for(fn).lazy = lazy
    return _decorator("adjoint", functions)


def tangent(*functions: Any) -> Callable[[F], F]:
    """The forward map of a function that is not linear: `rule(x_dot, …, z, x, …)`, the tangents first.

    The rule has one parameter whose name ends in `_dot` for each argument that it differentiates, then the result and
    the arguments. A tangent that is zero is passed as 0.0.
    """
    return _decorator("tangent", functions)


def result(*functions: Any) -> Callable[[F], F]:
    """The type of the result, from the types of the arguments (literals are passed as they are)."""
    return _decorator("result", functions)


def linear(*functions: Any, in_: tuple[int, ...] = (0,)) -> None:
    """Declare functions linear in the arguments `in_` (positions): forward mode applies them to the tangents."""
    for fn in functions:
        rule_for(fn).linear = in_


def constant(*functions: Any) -> None:
    """Declare functions without derivative: what they return does not depend smoothly on any argument."""
    for fn in functions:
        rule_for(fn).constant = True


def view(*functions: Any, when: Any = True) -> None:
    """The result may share memory with the first argument."""
    for fn in functions:
        rule_for(fn).view = when


def effect(*functions: Any, writes: tuple[int | str, ...] = ()) -> None:
    """Functions that do something besides returning a value; `writes` are the arguments that they change."""
    for fn in functions:
        rule = rule_for(fn)
        rule.pure, rule.writes = False, writes


def shape_only(*functions: Any, args: tuple[int, ...] = (0,)) -> None:
    """Arguments of which only the shape and dtype are used: their contents need not be kept."""
    for fn in functions:
        rule_for(fn).shape_only = args


def refuse(reason: str, *functions: Any) -> None:
    """Functions that are refused by name where they are given something to differentiate."""
    for fn in functions:
        rule_for(fn).refuse = reason
