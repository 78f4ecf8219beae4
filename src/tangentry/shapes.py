"""How a cotangent fits an operand: which axes broadcasting added, by what is known of the extents.

Cotangents are *lazily broadcast*: the cotangent of `np.sum(t)` stays a number, of `sum(axis=1)` a column; an axis that
such a cotangent lacks (or has with extent 1) counts as constant along it. `dense` gives it its full shape.
"""
from __future__ import annotations

from typing import Any

import numpy as np

from .algebra import ZERO, Symbol, apply, is_zero, mul
from .runtime import fill, unbroadcast
from .types import COMPLEX_CHARS, Dim, Num, is_non1


def fit(g: Symbol, z: Symbol, x: Symbol) -> Symbol:
    """The cotangent of operand `x`, from the cotangent `g` of an elementwise result `z`."""
    if is_zero(g):
        return ZERO
    if z.rank is None or x.rank is None or (g.rank is None and z.rank != 0):
        return apply(unbroadcast, dense(g, z) if z.rank else g, x)
    g = _real(g, x)
    plan = _plan(z.dims, x.dims)
    if plan is None:
        return apply(unbroadcast, dense(g, z), x)
    lead, ones = plan
    g = _collapse(g, z, lead, False)
    return _collapse(g, z, ones, True)


def _real(g: Symbol, x: Symbol) -> Symbol:
    if g.dtype and g.dtype in COMPLEX_CHARS and x.dtype and x.dtype not in COMPLEX_CHARS:
        return apply(np.real, g)
    return g


def _plan(z: tuple[Dim, ...], x: tuple[Dim, ...]) -> tuple[list[int], list[int]] | None:
    """The axes (negative) that the operand lacks, and those where it has extent 1; None where that is not known."""
    lead, ones = [], []
    for axis in range(-len(z), 0):
        if -axis > len(x):
            lead.append(axis)
        elif x[axis] == z[axis] or is_non1(x[axis]):
            continue
        elif x[axis] == 1:
            ones.append(axis)
        else:
            return None
    return lead, ones


def _collapse(g: Symbol, z: Symbol, axes: list[int], keepdims: bool) -> Symbol:
    """Sum over the axes that `g` has; where it is lazily constant along an axis, multiply by the extent."""
    if any(-a <= (g.rank or 0) and g.dims[a] not in (1, z.dims[a]) and not is_non1(g.dims[a]) for a in axes):
        g = dense(g, z)  # whether it is constant along the axis is known when the program runs only
    rank = g.rank or 0
    full = [a for a in axes if -a <= rank and not (g.dims[a] == 1 and z.dims[a] != 1)]
    for axis in axes:
        if axis not in full:
            g = mul(extent(z, axis), g)
    summed = [a for a in axes if -a <= rank] if not keepdims else full
    if not summed:
        return g
    if len(summed) == rank and not keepdims:
        return g.sum()  # type: ignore[no-any-return]
    where = tuple(a + rank for a in summed)
    axis_arg: Any = where[0] if len(where) == 1 else where
    return g.sum(axis=axis_arg, keepdims=True) if keepdims else g.sum(axis=axis_arg)  # type: ignore[no-any-return]


def extent(x: Symbol, axis: int) -> Any:
    """The extent of `x` along an axis, as a number or as `x.shape[axis]`."""
    dim = x.dims[axis]
    return dim if isinstance(dim, int) else x.shape[axis % len(x.dims)]


def is_dense(g: Symbol, z: Symbol) -> bool:
    """Has the cotangent its full shape for certain?"""
    if g.rank is None or z.rank is None:
        return g.rank == z.rank or not isinstance(g.type, Num) or g.rank is None
    return g.rank == z.rank and all(a == b or is_non1(a) for a, b in zip(g.dims, z.dims, strict=True))


def dense(g: Symbol, z: Symbol) -> Symbol:
    """The cotangent of `z` at its full shape (a view where that is enough)."""
    if z.rank == 0 or is_dense(g, z):
        return g
    if g.rank == 0 and z.is_array:
        return apply(np.full_like, z, g)
    return apply(np.broadcast_to, g, z.shape) if z.is_array else apply(fill, g, z)
