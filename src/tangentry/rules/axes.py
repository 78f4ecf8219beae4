"""Axes: what reductions do to a shape, and how a cotangent gets the reduced axes back."""
from __future__ import annotations

from typing import Any

from ..algebra import Symbol, lift
from ..infer import as_num
from ..symbolic import spread
from ..types import Num, Type, fresh_dim


def axes_of(axis: Any, rank: int) -> tuple[int, ...] | None:
    """The reduced axes, counted from 0; None where they are not known."""
    if axis is None:
        return tuple(range(rank))
    parts = axis if isinstance(axis, tuple | list) else (axis,)
    if not all(isinstance(a, int) for a in parts):
        return None
    return tuple(a % rank for a in parts) if rank else ()


def reduced(x: Any, axis: Any, keepdims: Any, dtype: str) -> Type:
    """The type of a reduction."""
    x = as_num(x)
    if axis is None and keepdims is False:
        return Num("np", dtype)
    axes = axes_of(axis, x.rank) if x.rank is not None else None
    if axes is None or not isinstance(keepdims, bool):
        return Num("any", dtype, None)
    dims = tuple(1 if k in axes else d for k, d in enumerate(x.dims) if keepdims or k not in axes)
    return Num("array" if dims else "np", dtype, dims)


def at(g: Any, x: Symbol, axis: Any, keepdims: Any) -> Symbol:
    """A cotangent of a reduction of `x`, with the reduced axes back in place (extent 1: still to be broadcast)."""
    g = lift(g)
    if x.rank is None or g.rank is None:
        axes = None
    else:
        axes = axes_of(axis, x.rank)
    if g.rank == 0 and x.rank is not None:
        return g
    if axes is None or not isinstance(keepdims, bool):
        return spread(g, x, axis=axis, keepdims=keepdims)
    if keepdims or axis is None:
        return g
    left, index = g.rank or 0, []
    for k in reversed(range(x.rank or 0)):
        if left == 0:
            break
        index.append(None if k in axes else slice(None))
        left -= k not in axes
    return g[tuple(reversed(index))] if None in index else g


def extents(x: Symbol, axis: Any) -> Any:
    """How many elements a reduction combines: a number, `x.size` or `x.shape[axis]`."""
    if axis is None:
        return x.size
    axes = axes_of(axis, x.rank) if x.rank is not None else None
    parts = axes if axes is not None else (axis if isinstance(axis, tuple | list) else (axis,))
    count: Any = 1
    for a in parts:
        count = count * (x.dims[a] if x.dims is not None and isinstance(x.dims[a], int) else x.shape[a])
    return count


def any_dims(rank: int | None) -> tuple[Any, ...] | None:
    """Unknown extents of a known rank."""
    return None if rank is None else tuple(fresh_dim() for _ in range(rank))
