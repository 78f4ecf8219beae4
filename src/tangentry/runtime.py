"""The helpers that generated code calls where a type is not known before the program runs; otherwise it calls none.

Each is itself differentiable (`rules/helpers.py`), and each stands alone, so that `.save` can write its text out.
"""
from __future__ import annotations

from typing import Any

import numpy as np


def unbroadcast(g: Any, x: Any) -> Any:
    """The cotangent `g` of an elementwise result, summed to the shape of the operand `x`, and real where `x` is."""
    if np.iscomplexobj(g) and not np.iscomplexobj(x):
        g = np.real(g)
    shape = np.shape(x)
    if np.shape(g) == shape:
        return g
    g = np.asarray(g)
    if g.ndim < len(shape):
        return np.broadcast_to(g, shape)
    g = g.sum(axis=tuple(range(g.ndim - len(shape))))
    ones = tuple(i for i, n in enumerate(shape) if n == 1 and g.shape[i] != 1)
    g = g.sum(axis=ones, keepdims=True) if ones else g
    return g if g.shape == shape else np.broadcast_to(g, shape)


def spread(g: Any, x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """The cotangent `g` of a reduction of `x` over `axis`, spread over `x` again."""
    if np.ndim(x) == 0:
        return g
    if axis is not None and not keepdims:
        g = np.expand_dims(g, axis)
    return np.broadcast_to(g, np.shape(x))


def fill(g: Any, x: Any) -> Any:
    """`g` at the full shape of `x`, in memory of its own."""
    return np.array(np.broadcast_to(g, np.shape(x)))


def power_log(z: Any, x: Any) -> Any:
    """∂(x ** y)/∂y = z log x; 0 at x = 0 (the limit for y > 0)."""
    zero = np.equal(x, 0)
    return z * np.log(np.where(zero, 1.0, x))


def sinc_slope(x: Any) -> Any:
    """∂ sinc(x)/∂x, exact at 0."""
    zero = np.equal(x, 0)
    safe = np.where(zero, 1.0, x)
    slope = (np.cos(np.pi * safe) - np.sinc(safe)) / safe
    return np.where(zero, 0.0, slope)[()]


def sinc_curvature(x: Any) -> Any:
    """∂² sinc(x)/∂x², exact at 0 (−π²/3)."""
    zero = np.equal(x, 0)
    safe = np.where(zero, 1.0, x)
    curvature = -(np.pi**2) * np.sinc(safe) - 2 * sinc_slope(safe) / safe
    return np.where(zero, -(np.pi**2) / 3, curvature)[()]


def product_of_others(x: Any, axis: Any = None) -> Any:
    """For each element the product of all others along the axes: cumulative products from both ends, exact at zeros."""
    x = np.asarray(x)
    axes = tuple(range(x.ndim)) if axis is None else tuple(np.atleast_1d(axis) % x.ndim)
    front = np.moveaxis(x, axes, range(len(axes)))
    rows = front.reshape(-1, *front.shape[len(axes):])
    ones = np.ones_like(rows[:1])
    before = np.cumprod(np.concatenate([ones, rows[:-1]]), axis=0)
    behind = np.cumprod(np.concatenate([ones, rows[:0:-1]]), axis=0)[::-1]
    return np.moveaxis((before * behind).reshape(front.shape), range(len(axes)), axes)


def matmul_bar_left(g: Any, a: Any, b: Any) -> Any:
    """The cotangent of `a` in `a @ b`, of any ranks."""
    a2, b2 = (a[None, :] if np.ndim(a) == 1 else a), (b[:, None] if np.ndim(b) == 1 else b)
    g2 = np.reshape(g, (*np.shape(g)[: np.ndim(g) - (np.ndim(a) > 1) - (np.ndim(b) > 1)], a2.shape[-2], b2.shape[-1]))
    return np.reshape(unbroadcast(g2 @ np.swapaxes(b2, -1, -2), a2), np.shape(a))


def matmul_bar_right(g: Any, a: Any, b: Any) -> Any:
    """The cotangent of `b` in `a @ b`, of any ranks."""
    a2, b2 = (a[None, :] if np.ndim(a) == 1 else a), (b[:, None] if np.ndim(b) == 1 else b)
    g2 = np.reshape(g, (*np.shape(g)[: np.ndim(g) - (np.ndim(a) > 1) - (np.ndim(b) > 1)], a2.shape[-2], b2.shape[-1]))
    return np.reshape(unbroadcast(np.swapaxes(a2, -1, -2) @ g2, b2), np.shape(b))


def dot_bar_left(g: Any, a: Any, b: Any) -> Any:
    """The cotangent of `a` in `np.dot(a, b)`, of any ranks."""
    if np.ndim(a) == 0 or np.ndim(b) == 0:
        return unbroadcast(g * b, a)
    over = tuple(range(np.ndim(a) - 1, np.ndim(g)))
    axes = tuple(k for k in range(np.ndim(b)) if k != max(np.ndim(b) - 2, 0))
    return np.tensordot(g, b, (over, axes))


def dot_bar_right(g: Any, a: Any, b: Any) -> Any:
    """The cotangent of `b` in `np.dot(a, b)`, of any ranks."""
    if np.ndim(a) == 0 or np.ndim(b) == 0:
        return unbroadcast(g * a, b)
    over = tuple(range(np.ndim(a) - 1))
    full = np.tensordot(a, g, (over, over))
    return np.moveaxis(full, 0, max(np.ndim(b) - 2, 0))


def inner_bar_left(g: Any, a: Any, b: Any) -> Any:
    """The cotangent of `a` in `np.inner(a, b)`, of any ranks."""
    if np.ndim(a) == 0 or np.ndim(b) == 0:
        return unbroadcast(g * b, a)
    over = tuple(range(np.ndim(a) - 1, np.ndim(g)))
    return np.tensordot(g, b, (over, tuple(range(np.ndim(b) - 1))))


def inner_bar_right(g: Any, a: Any, b: Any) -> Any:
    """The cotangent of `b` in `np.inner(a, b)`, of any ranks."""
    if np.ndim(a) == 0 or np.ndim(b) == 0:
        return unbroadcast(g * a, b)
    over = tuple(range(np.ndim(a) - 1))
    return np.tensordot(g, a, (over, over))
