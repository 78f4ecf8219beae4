"""Tangents of names: what has one, what it is called, and zeros for what has none."""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from ..algebra import ZERO, Symbol, apply, is_zero, lift
from ..analysis.activity import Activity, activity
from ..analysis.regions import Regions, is_storage
from ..derive import operand, zero_like
from ..errors import Origin
from ..program import Apply, Assign, Expr, Name, Names, Program, Stmt, base, reads
from ..rules import registry
from ..runtime import fill
from ..shapes import dense
from ..types import COMPLEX_CHARS, Num, Top, Type, can_be_active


class Tangents:
    """`dots` maps each active name to its tangent."""

    def __init__(self, program: Program, seeds: Mapping[str, str], names: Names) -> None:
        self.regions = Regions(program)
        self.active: Activity = activity(program, self.regions, seeds)
        self.types: dict[str, Type] = dict(program.types)
        self.names, self.origin = names, Origin()
        self.out: list[Stmt] = []
        self.dots: dict[str, Symbol] = {}
        self.mirrored = False
        self.keep: set[str] = set(program.keep)
        for name, dot in seeds.items():
            self.types[dot] = self.types.get(name, Top())
            self.dots[name] = Symbol(Name(dot), self.types[dot])

    def is_active(self, name: str) -> bool:
        return name in self.active.active

    def fresh(self, name: str, t: Type) -> str:
        made = self.names.fresh(f"{base(name)}^dot")
        self.types[made] = t
        return made

    def dot(self, expr: Expr) -> Symbol:
        """The tangent of an operand; a zero in the text where it has none."""
        if isinstance(expr, Name):
            return self.dots.get(expr.id, ZERO)
        if isinstance(expr, Apply) and any(n in self.dots for n in reads(expr)):
            return self.linearised(expr, None)
        return ZERO

    def linearised(self, e: Apply, z: Symbol | None) -> Symbol:
        """The tangent of a function applied; `z` is its result."""
        raise NotImplementedError

    def value_dot(self, expr: Expr) -> Expr:
        """The tangent of a value at its full shape, with zeros written out."""
        return self.full(self.dot(expr), expr).expr

    def full(self, g: Symbol, of: Expr) -> Symbol:
        """A tangent in the structure and shape of the value that it belongs to."""
        x = self.symbol(of)
        if is_zero(g):
            return zero_like(x)
        return dense(g, x) if isinstance(x.type, Num) and x.type.rank is not None else g

    def symbol(self, expr: Expr) -> Symbol:
        made = operand(expr, self.types)
        return made if isinstance(made, Symbol) else Symbol(expr, lift(made).type)

    def emit(self, stmt: Stmt) -> None:
        self.out.append(stmt)

    def define(self, target: str, g: Symbol) -> None:
        """Name the tangent of a name."""
        if is_zero(g) and not (self.regions.is_written(target) and is_storage(self.types.get(target))):
            return
        z = Symbol(Name(target), self.types.get(target, Top()))
        g = real_part(g, z)
        if self.regions.is_written(target) and is_storage(z.type) and not self.mirrored:
            g = owned(g, z)
        name = self.fresh(target, g.type)
        self.emit(Assign(name, g.expr, replace(self.origin, role="tangent")))
        self.dots[target] = Symbol(Name(name), g.type)


def real_part(g: Symbol, z: Symbol) -> Symbol:
    """The tangent of a real result is real."""
    if g.dtype and g.dtype in COMPLEX_CHARS and z.dtype and z.dtype not in COMPLEX_CHARS:
        return apply(np.real, g)
    return g


def owned(g: Symbol, z: Symbol) -> Symbol:
    """A tangent that is going to be written into: an array of its own, at full shape."""
    if is_zero(g):
        return zero_like(z)
    if not (isinstance(z.type, Num) and z.type.kind == "array"):
        return g
    g = dense(g, z)
    if isinstance(g.expr, Apply):
        rule = registry.find(g.expr.fn)
        if g.expr.fn is not np.broadcast_to and (rule is None or not rule.view):
            return g
    return apply(np.array, g) if can_be_active(g.type) else apply(fill, g, z)


def shaped_like(g: Symbol, z: Symbol | None) -> Symbol:
    """A tangent that has the extents of its value, since it was made by the same operation on the same extents."""
    if z is not None and isinstance(g.type, Num) and isinstance(z.type, Num) and g.type.rank == z.type.rank:
        return Symbol(g.expr, replace(g.type, dims=z.type.dims), g.mask)
    return g
