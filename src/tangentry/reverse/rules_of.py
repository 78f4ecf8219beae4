"""From the cotangent of a result to those of its operands: by rule, by index, through displays."""
from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

from ..algebra import Symbol, add, is_zero, lift, mul
from ..analysis.effects import LIST_CHANGES
from ..derive import called, missing, operand, partials, positional
from ..prims import make_dict, make_list, make_tuple
from ..program import Apply, Expr, Lit, Name, reads
from ..rules import registry
from ..runtime import add_trees, one_of, with_fields
from ..shapes import dense, fit
from ..trees import path_of
from ..types import ListT, SeqT, Top
from .cotangents import Cotangents

PLACEHOLDER = "%g"
Contributions = list[tuple[Expr, Any]]


class Rules(Cotangents):
    """Propagation through one operation."""

    def propagate(self, value: Expr, z: Symbol, g: Symbol) -> None:
        """Give the cotangent `g` of `z = value` to the operands."""
        if isinstance(value, Name):
            self.contribute(value, g)
        elif isinstance(value, Apply):
            self.through(value, z, g)

    def through(self, e: Apply, z: Symbol, g: Symbol) -> None:
        fn, args = e.fn, e.args
        root, path = path_of(e)
        if isinstance(root, Name) and root.id in self.trees and path:
            if self.is_active(root.id):
                self.tree_terms.setdefault(root.id, {}).setdefault(path, []).append(self.pinned(_name(z), g))
        elif fn in (make_tuple, make_list, make_dict, with_fields) or hasattr(fn, "_fields"):
            self.contribute(e, g)
        elif fn in (operator.getitem, dict.get) and isinstance(args[0], Name):
            self.contribute_part(args[0], args[1], self.full(z, g))
        elif fn is operator.getitem and isinstance(args[0], Apply):
            self.into_display(args[0], args[1], g)
        elif fn is getattr and isinstance(args[0], Name) and isinstance(self.type(args[0].id), SeqT):
            fields = self.type(args[0].id).cls._fields  # type: ignore[union-attr]
            self.contribute_part(args[0], Lit(fields.index(args[1].value)), g)  # type: ignore[union-attr]
        elif fn in (list, tuple, list.copy, reversed) or (isinstance(z.type, ListT) and fn in (operator.add, operator.mul)):
            self.through_list(e, z, g)
        elif fn in LIST_CHANGES:
            raise missing(fn, self.origin)
        elif not is_constant(fn):
            self.by_rule(e, z, g)

    def into_display(self, display: Apply, index: Expr, g: Symbol) -> None:
        """Reading from a display by a run-time index."""
        for k, item in enumerate(display.args):
            if any(self.is_active(n) for n in reads(item)):
                self.contribute(item, Symbol(Apply(one_of, (g.expr, index, Lit(k), Lit(len(display.args)))), g.type))

    def through_list(self, e: Apply, z: Symbol, g: Symbol) -> None:
        """Copies and concatenations of lists."""
        if e.fn in (list, tuple, list.copy) and len(e.args) == 1:
            self.contribute(e.args[0], g)
            return
        raise self.refuse("this operation on lists is not differentiated in reverse mode", "use append in a loop")

    def full(self, z: Symbol, g: Symbol) -> Symbol:
        """The cotangent at the full shape of the value, where it is going to be added in place by an index that broadcasts."""
        return g

    # ── rules ──
    def by_rule(self, e: Apply, z: Symbol, g: Symbol) -> None:
        """Call the rule; the cotangent is put into the one place where it is used, or gets a name."""
        if isinstance(g.expr, Apply):
            trial = self.contributions(e, z, Symbol(Name(PLACEHOLDER), g.type, g.mask))
            used = sum(_count(c) for _, c in trial)
            if used == 0 and not trial:
                return
            if used == 1:
                found = self.contributions(e, z, g)
            else:
                g = self.assign(self.bar_stem(_name(z)), g)
                found = self.contributions(e, z, g)
        else:
            found = self.contributions(e, z, g)
        for target, c in found:
            self.contribute(target, c)

    def contributions(self, e: Apply, z: Symbol, g: Symbol) -> Contributions:
        """What each active operand gets; an operand that stands twice gets the sum."""
        rule = registry.find(e.fn)
        if rule is None or not rule.has_derivative or (rule.partials is None and rule.adjoint is None):
            raise missing(e.fn, self.origin)
        args = [operand(a, self.types) for a in e.args]
        kwargs = {k: operand(v, self.types) for k, v in e.kwargs}
        if rule.adjoint is not None:
            row = self.by_adjoint(rule.adjoint, rule.lazy, e, args, kwargs, z, g)
        else:
            row = self.by_partials(e, args, kwargs, z, g)
        return _merged([(t, c) for t, c in row if c is not None and any(self.is_active(n) for n in reads(t))])

    def by_partials(self, e: Apply, args: list[Any], kwargs: dict[str, Any], z: Symbol, g: Symbol) -> Contributions:
        found: Contributions = []
        for target, x, p in zip(e.args, args, partials(e.fn, z, args, kwargs), strict=False):
            if isinstance(target, Name) and self.is_active(target.id):
                if p is not None:  # None: the function does not depend on it smoothly
                    found.append((target, fit(mul(g, p), z, x)))
        return found

    def by_adjoint(self, rule: Callable[..., Any], lazy: bool, e: Apply, args: list[Any], kwargs: dict[str, Any], z: Symbol,
                   g: Symbol) -> Contributions:
        row, rest = positional(rule, 2, args, kwargs)
        exprs = [*e.args, *(v for k, v in e.kwargs if k not in rest)]
        found = called(rule, (g if lazy else dense(g, z), z, *row), rest)
        if isinstance(found, Symbol) and isinstance(found.expr, Apply) and found.expr.fn is rule:
            found = tuple(found[k] for k in range(len(exprs))) if len(exprs) > 1 and isinstance(found.type, SeqT) else found
        cotangents = list(found) if isinstance(found, tuple) else [found]
        return list(zip(exprs, cotangents, strict=False))


def is_constant(fn: Any) -> bool:
    """Has the function no derivative (a fresh array of zeros that is filled later, say)?"""
    rule = registry.find(fn)
    return rule is not None and rule.constant


def _name(z: Symbol) -> str:
    return z.expr.id if isinstance(z.expr, Name) else "%t"


def _count(g: Any) -> int:
    """How often the placeholder stands in a contribution."""
    if isinstance(g, Symbol):
        return sum(n == PLACEHOLDER for n in reads(g.expr))
    return sum(map(_count, g)) if isinstance(g, list | tuple) else 0


def _merged(row: Contributions) -> Contributions:
    """One contribution for each operand of a statement."""
    merged: dict[Any, Any] = {}
    for target, c in row:
        if target not in merged:
            merged[target] = c
        elif isinstance(c, Symbol) and isinstance(merged[target], Symbol):
            merged[target] = add(merged[target], c)
        else:
            merged[target] = Symbol(Apply(add_trees, (lift(merged[target]).expr, lift(c).expr)), Top())
    return [(t, c) for t, c in merged.items() if not (isinstance(c, Symbol) and is_zero(c))]


