"""From a rule to expressions: the rule is called with symbols and what it returns is the code.

A rule that looks at values (which symbols do not have) is called when the program runs instead.
"""
from __future__ import annotations

import inspect
import math

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from .algebra import NotSymbolic, Symbol, apply, lift
from .errors import MissingRuleError, Origin, UnsupportedSyntaxError
from .prims import make_list, make_tuple
from .program import Apply, Expr, Lit, Name, Ref
from .rules import registry
from .runtime import zeros_like
from .types import LitT, MaybeT, Num, SeqT, Top, Type, can_be_active, type_of

_TWINS = {np.sin: math.sin, np.cos: math.cos, np.tan: math.tan, np.exp: math.exp, np.log: math.log, np.sqrt: math.sqrt,
          np.sinh: math.sinh, np.cosh: math.cosh, np.tanh: math.tanh}
"""In the derivative of `math.sin` stands `math.cos`, in that of `np.sin` `np.cos`."""


def operand(expr: Expr, types: Mapping[str, Type]) -> Any:
    """An operand as a rule sees it: literals and displays as Python's own, run-time values as symbols."""
    if isinstance(expr, Lit):
        return expr.value
    if isinstance(expr, Name):
        return Symbol(expr, types.get(expr.id, Top()))
    if isinstance(expr, Ref):
        return expr.value if callable(expr.value) or not can_be_active(type_of(expr.value)) else \
            Symbol(expr, type_of(expr.value))
    if expr.fn in (make_tuple, make_list):
        return (tuple if expr.fn is make_tuple else list)(operand(a, types) for a in expr.args)
    if expr.fn is slice:
        return slice(*(operand(a, types) for a in expr.args))
    return Symbol(expr, Top())


def partials(fn: Any, z: Symbol, args: Sequence[Any], kwargs: Mapping[str, Any]) -> list[Any]:
    """∂z/∂x for each argument of an elementwise function."""
    rule = registry.find(fn)
    assert rule is not None and rule.partials is not None
    found = called(rule.partials, (z, *args), kwargs)
    row = list(found) if isinstance(found, tuple) else [found]
    if getattr(fn, "__module__", "") == "math":
        row = [_to_math(p) if isinstance(p, Symbol) else p for p in row]
    return row + [None] * (len(args) - len(row))


def called(rule: Callable[..., Any], args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
    """What a rule returns for symbols; a rule that cannot be written out becomes a call."""
    try:
        return rule(*args, **kwargs)
    except NotSymbolic:
        return apply(rule, *args, **kwargs)
    except TypeError as error:
        if _accepts(rule, args, kwargs):
            return apply(rule, *args, **kwargs)
        raise UnsupportedSyntaxError(
            f"the rule of {getattr(rule, '__name__', rule)!r} does not cover these arguments ({error})",
            "use the function with other arguments, or give it a rule of your own") from None


def _accepts(rule: Callable[..., Any], args: Sequence[Any], kwargs: Mapping[str, Any]) -> bool:
    try:
        signature(rule).bind(*args, **kwargs)
    except TypeError:
        return False
    return True


@lru_cache(maxsize=4096)
def signature(rule: Callable[..., Any]) -> inspect.Signature:
    """The signature of a rule."""
    return inspect.signature(rule)


def positional(rule: Callable[..., Any], skip: int, args: Sequence[Any], kwargs: Mapping[str, Any]) -> tuple[list[Any], dict[str, Any]]:
    """Arguments in the order of the rule's parameters, as far as they are given without gaps."""
    names = [n for n, p in signature(rule).parameters.items() if p.kind is p.POSITIONAL_OR_KEYWORD][skip:]
    row, rest = list(args), dict(kwargs)
    for name in names[len(row):]:
        if name not in rest:
            break
        row.append(rest.pop(name))
    return row, rest


def _to_math(x: Symbol) -> Symbol:
    def go(e: Expr) -> Expr:
        if isinstance(e, Apply):
            return Apply(_TWINS.get(e.fn, e.fn), tuple(map(go, e.args)), tuple((k, go(v)) for k, v in e.kwargs), e.form)
        return e

    return Symbol(go(x.expr), x.type, x.mask)


def tangent_parameters(rule: Callable[..., Any]) -> list[str]:
    """The parameters of a forward rule that are tangents: `x_dot` → `x`."""
    return [n[:-4] for n in signature(rule).parameters if n.endswith("_dot")]


def missing(fn: Any, origin: Origin) -> MissingRuleError:
    """The refusal of a function without rule."""
    rule = registry.find(fn)
    name = getattr(fn, "__qualname__", None) or getattr(fn, "__name__", None) or repr(fn)
    module = getattr(fn, "__module__", "") or ""
    full = name if module in ("", "builtins") or name.startswith(module) else f"{module}.{name}"
    if rule is not None and rule.refuse:
        return MissingRuleError(f"{full} is not differentiated: {rule.refuse}", "", origin)
    if type(fn).__name__ == "Method":
        return MissingRuleError(f"the method .{fn.name}() of this object has no derivative rule",
                                "call a function with a rule instead, or keep the object out of what is differentiated", origin)
    remedy = (f"write its rule:  @tangentry.partials({name}) / def _(z, x): return …   "
              f"or declare it:  tangentry.constant({name})")
    return MissingRuleError(f"{full} has neither Python source that can be read nor a derivative rule", remedy, origin)


def zero_like(x: Symbol) -> Symbol:
    """A zero of the shape of a value; a number for numbers."""
    t = x.type.inner if isinstance(x.type, MaybeT) and isinstance(x.type.inner, Num) and x.type.inner.rank == 0 else x.type
    if isinstance(t, LitT) or (isinstance(t, Num) and t.rank == 0 and t.kind != "array"):
        return lift(0.0)
    if isinstance(t, Num) and t.kind == "array":
        return apply(np.zeros_like, x)
    if isinstance(t, SeqT) and isinstance(x.expr, Apply):
        return lift(t.cls(zero_like(Symbol(e, i)) for e, i in zip(x.expr.args, t.items, strict=True)))
    return Symbol(Apply(zeros_like, (x.expr,)), t)


