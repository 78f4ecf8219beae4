"""The helpers that generated code calls where a type is not known before the program runs; otherwise it calls none.

Each is itself differentiable (`rules/helpers.py`), and each stands alone, so that `.save` can write its text out.
"""
from __future__ import annotations

from typing import Any

import numpy as np

from .errors import NonScalarOutputError


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


def zeros_like(x: Any) -> Any:
    """Zeros of the structure of `x`: arrays for arrays, 0.0 for numbers, lists, tuples and dicts of these."""
    if isinstance(x, Shadows):
        return Shadows()
    if isinstance(x, np.ndarray):
        return np.zeros_like(x) if x.dtype.kind in "fc" else np.zeros(x.shape)
    if isinstance(x, dict):
        return {k: zeros_like(v) for k, v in x.items()}
    if isinstance(x, tuple) and hasattr(x, "_fields"):
        return type(x)(*map(zeros_like, x))
    if isinstance(x, list | tuple):
        return type(x)(map(zeros_like, x))
    return x.dtype.type(0) if isinstance(x, np.inexact) else 0.0 if isinstance(x, int | float | complex) else None


def copied(x: Any) -> Any:
    """A copy of an argument that the program writes into: arrays and the containers around them."""
    if isinstance(x, np.ndarray):
        return x.copy()
    if isinstance(x, dict):
        return {k: copied(v) for k, v in x.items()}
    if isinstance(x, tuple) and hasattr(x, "_fields"):
        return type(x)(*map(copied, x))
    if hasattr(x, "__dataclass_fields__") and not isinstance(x, type):
        return with_fields(x, **{name: copied(getattr(x, name)) for name in x.__dataclass_fields__})
    return type(x)(map(copied, x)) if isinstance(x, list | tuple) else x


def add_trees(a: Any, b: Any) -> Any:
    """The sum of two cotangents of one structure."""
    if isinstance(a, dict):
        return {k: add_trees(v, b[k]) for k, v in a.items()}
    if isinstance(a, list | tuple):
        row = [add_trees(x, y) for x, y in zip(a, b, strict=True)]
        return type(a)(*row) if hasattr(a, "_fields") else type(a)(row)
    return b if a is None else a if b is None else a + b


def stretch(g: Any, start: int, stop: int, axis: int) -> Any:
    """`g[start:stop]` along an axis."""
    return g[(*(slice(None),) * (axis % np.ndim(g)), slice(start, stop))]


def stretch_bar(g: Any, x: Any, start: int, stop: int, axis: int) -> Any:
    """The cotangent of `x` in `stretch(x, start, stop, axis)`."""
    whole = np.zeros_like(x)
    whole[(*(slice(None),) * (axis % np.ndim(x)), slice(start, stop))] = g
    return whole


def with_part(x: Any, index: Any, g: Any) -> Any:
    """The cotangent of a tuple (or anything else) `x` of which the item `x[index]` has the cotangent `g`."""
    if not isinstance(x, list | tuple):
        whole = zeros_like(x)
        whole[index] = g if isinstance(x, dict) else whole[index] + g
        return whole
    row = [zeros_like(v) for v in x]
    row[index] = g
    return type(x)(*row) if hasattr(x, "_fields") else type(x)(row)


_MISSING = object()


def item_or_missing(d: Any, key: Any) -> Any:
    """What a dict holds under a key that is about to be set."""
    return d.get(key, _MISSING)


def put_item_back(d: Any, key: Any, old: Any) -> None:
    """Undo that a key was set."""
    if old is _MISSING:
        del d[key]
    else:
        d[key] = old


def one_of(g: Any, index: int, k: int, count: int) -> Any:
    """The cotangent of item `k` where item `index` of `count` was read."""
    return g if index % count == k else zeros_like(g)


def keep_last(g: Any, index: Any, shape: Any) -> Any:
    """Of the cotangents `g` of `y[index] = v` those that `v` gets: where an index stands twice, the last one was kept."""
    order = np.arange(int(np.prod(shape))).reshape(shape)[index]
    g = np.broadcast_to(g, order.shape)
    winner = np.empty(int(np.prod(shape)), dtype=int)
    winner[order.ravel()] = np.arange(order.size)
    return g * (winner[order] == np.arange(order.size).reshape(order.shape))


def with_fields(x: Any, **fields: Any) -> Any:
    """An object of the class of `x` with these attributes; its `__init__` is not run."""
    return filled(type(x), fields)


def filled(cls: type, fields: dict[str, Any]) -> Any:
    """An object of a class with these attributes; its `__init__` is not run."""
    made = object.__new__(cls)
    for name, value in fields.items():
        object.__setattr__(made, name, value)
    return made


def scalar(value: Any) -> Any:
    """The value, if it is one real number; raises otherwise."""
    if isinstance(value, complex | np.complexfloating) or np.ndim(value) != 0 or not isinstance(
            value, int | float | np.number | np.bool_ | np.ndarray):
        what = "None" if value is None else f"an array of shape {np.shape(value)}" if np.ndim(value) else repr(value)
        raise NonScalarOutputError(f"the function returned {what}, not one real number",
                                   "use jacobian for arrays, vjp for a given cotangent")
    return value


def cast(g: Any, x: Any) -> Any:
    """A gradient in the kind and dtype of its argument."""
    if isinstance(x, np.ndarray):
        return np.array(np.broadcast_to(g, x.shape), dtype=x.dtype)
    if isinstance(x, np.generic):
        return x.dtype.type(g)
    return complex(g) if isinstance(x, complex) else float(g)



def add_into(a: Any, b: Any) -> None:
    """Add a cotangent of the same structure to that of a list or dict, in place."""
    for k in range(len(a)) if isinstance(a, list) else a:
        a[k] = add_trees(a[k], b[k])


class Shadows:
    """The cotangents of arrays and lists found by the objects themselves, where several names may stand for one object.

    `bars[x]` is the cotangent of `x`: for a view the same view of the cotangent of its base. It is made on first use, as
    zeros, and lives as long as one derivative call.
    """

    def __init__(self) -> None:
        self._known: dict[int, tuple[Any, Any]] = {}

    def __getitem__(self, x: Any) -> Any:
        base = x
        while isinstance(base, np.ndarray) and isinstance(base.base, np.ndarray):
            base = base.base
        entry = self._known.get(id(base))
        if entry is None:
            entry = self._known[id(base)] = base, self._made(base)
        return entry[1] if x is base else _same_view(x, base, entry[1])

    def __setitem__(self, x: Any, value: Any) -> None:
        """`bars[x] += g` has changed the cotangent in place already."""

    def _made(self, x: Any) -> Any:
        if isinstance(x, list):
            return [self[v] if isinstance(v, np.ndarray | list | dict) else zeros_like(v) for v in x]
        if isinstance(x, dict):
            return {k: self[v] if isinstance(v, np.ndarray | list | dict) else zeros_like(v) for k, v in x.items()}
        return np.zeros_like(x)


def _same_view(x: np.ndarray[Any, Any], base: np.ndarray[Any, Any], shadow: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """The view of `shadow` that `x` is of `base`; both have the same layout."""
    offset = x.__array_interface__["data"][0] - base.__array_interface__["data"][0]
    return np.ndarray(x.shape, shadow.dtype, shadow.data, offset, x.strides)
