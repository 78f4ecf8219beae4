"""The tangent of an expression: by rule, by linearity, or by the same reading from the tangent of an object."""
from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from ..algebra import ZERO, Symbol, add, apply, is_zero, lift, mul
from ..derive import called, missing, operand, partials, positional, signature, tangent_parameters
from ..prims import make_dict, make_list, make_tuple
from ..program import Apply, Expr
from ..rules import registry
from ..types import ListT, Num, SeqT, Top
from .base import Tangents, real_part, shaped_like


class Expressions(Tangents):
    """Linearisation of single operations."""

    def linearised(self, e: Apply, z: Symbol | None) -> Symbol:
        """The tangent of a function applied; `z` is its result."""
        fn, args = e.fn, e.args
        if fn in (make_tuple, make_list):
            return lift((tuple if fn is make_tuple else list)(self.full(self.dot(a), a) for a in args))
        if fn is make_dict:
            parts = [p for k, v in zip(args[::2], args[1::2], strict=True) for p in (k, self.full(self.dot(v), v).expr)]
            return Symbol(Apply(make_dict, tuple(parts)), Top())
        dots = [self.dot(a) if not isinstance(a, Apply) or a.fn is not slice else ZERO for a in args]
        if fn in (operator.getitem, list.pop, dict.pop, dict.get, getattr, list.copy, dict.copy, list, tuple, reversed):
            return self.mirror(e, dots[0], z)
        if isinstance(z, Symbol) and isinstance(z.type, ListT) and fn in (operator.add, operator.mul):
            return Symbol(replace(e, args=tuple(self.full(d, a).expr if self.is_list(a) else a
                                                for d, a in zip(dots, args, strict=True))), z.type)
        kw_dots = {k: self.dot(v) for k, v in e.kwargs}
        if all(is_zero(d) for d in (*dots, *kw_dots.values())):
            return ZERO
        return self.by_rule(e, dots, kw_dots, z if z is not None else Symbol(e, Top()))

    def is_list(self, expr: Expr) -> bool:
        return isinstance(self.symbol(expr).type, ListT | SeqT)

    def mirror(self, e: Apply, g: Symbol, z: Symbol | None) -> Symbol:
        """Reading from an object: the same reading from its tangent."""
        if is_zero(g):
            return ZERO
        whole = self.full(g, e.args[0])
        t = z.type if z is not None else Top()
        if isinstance(whole.type, Num) and e.fn is operator.getitem:
            index = operand(e.args[1], self.types)
            return shaped_like(apply(operator.getitem, whole, index), z)
        return Symbol(replace(e, args=(whole.expr, *e.args[1:])), t)

    def by_rule(self, e: Apply, dots: list[Symbol], kw_dots: dict[str, Symbol], z: Symbol) -> Symbol:
        rule = registry.find(e.fn)
        if rule is not None and rule.constant:
            return ZERO
        if rule is None or not rule.has_derivative:
            raise missing(e.fn, self.origin)
        args = [operand(a, self.types) for a in e.args]
        kwargs = {k: operand(v, self.types) for k, v in e.kwargs}
        if rule.tangent is not None:
            return self.by_tangent(rule.tangent, args, kwargs, dots, kw_dots, z, e)
        if rule.linear:
            return shaped_like(self.by_linearity(rule.linear, rule.adjoint, e, args, kwargs, dots, kw_dots), z)
        if rule.partials is None:
            raise missing(e.fn, self.origin)
        row = partials(e.fn, z, args, kwargs)
        total = ZERO
        for d, p in zip(dots, row, strict=False):
            if not is_zero(d) and p is not None:  # None: the function does not depend on it smoothly
                total = add(total, real_part(mul(d, p), z))
        return total

    def by_tangent(self, rule: Callable[..., Any], args: Sequence[Any], kwargs: dict[str, Any], dots: list[Symbol],
                   kw_dots: dict[str, Symbol], z: Symbol, e: Apply) -> Symbol:
        wanted = tangent_parameters(rule)
        row, rest = positional(rule, len(wanted) + 1, args, kwargs)
        exprs = list(e.args) + [v for k, v in e.kwargs if k not in rest]
        flat = dots + [kw_dots[k] for k, _ in e.kwargs if k not in rest]
        by_name = dict(zip(parameter_names(rule)[len(wanted) + 1:], zip(flat, exprs, strict=True), strict=False))
        tangents = [self.full(*by_name[n]) if n in by_name and not is_zero(by_name[n][0]) else 0.0 for n in wanted]
        return lift(called(rule, (*tangents, z, *row), rest))

    def by_linearity(self, positions: tuple[int, ...], rule: Callable[..., Any] | None, e: Apply, args: list[Any],
                     kwargs: dict[str, Any], dots: list[Symbol], kw_dots: dict[str, Symbol]) -> Symbol:
        """The function itself, with the tangent in place of one argument at a time."""
        exprs, skip = list(e.args), 2
        if rule is not None and kw_dots:
            row, rest = positional(rule, skip, args, kwargs)
            named = dict(e.kwargs)
            added = [k for k in kwargs if k not in rest]
            exprs, dots = exprs + [named[k] for k in added], dots + [kw_dots[k] for k in added]
            args, kwargs = row, rest
        total = ZERO
        for k in positions:
            if k < len(dots) and not is_zero(dots[k]):
                swapped = [self.full(dots[k], exprs[k]) if i == k else a for i, a in enumerate(args)]
                total = add(total, apply(e.fn, *swapped, form_=e.form if isinstance(e.form, str) else "", **kwargs))
        found = registry.find(e.fn)
        ignored = {*positions, *(found.shape_only if found is not None else ())}
        if any(not is_zero(d) for k, d in enumerate(dots) if k not in ignored):
            raise missing(e.fn, self.origin)
        return total


def parameter_names(rule: Callable[..., Any]) -> list[str]:
    """The parameters of a rule."""
    return list(signature(rule).parameters)
