"""The helpers that generated code calls are differentiable themselves, so that derivatives nest to any order."""
from __future__ import annotations

import numpy as np

from .. import runtime, symbolic
from ..types import FLOAT, Num
from .registry import adjoint, constant, effect, linear, partials, result, shape_only, tangent, view


@adjoint(runtime.unbroadcast)
def unbroadcast(z_bar, z, g, x):
    return np.broadcast_to(z_bar, np.shape(g))


@adjoint(runtime.spread)
def spread(z_bar, z, g, x, axis=None, keepdims=False):
    return symbolic.unbroadcast(z_bar, g) if axis is None else np.sum(z_bar, axis=axis, keepdims=keepdims)


@adjoint(runtime.fill)
def fill(z_bar, z, g, x):
    return symbolic.unbroadcast(z_bar, g)


@adjoint(runtime.copied, lazy=True)
def copied(z_bar, z, x):
    return z_bar


@adjoint(runtime.add_trees, lazy=True)
def add_trees(z_bar, z, a, b):
    return z_bar, z_bar


@tangent(runtime.add_trees)
def add_trees_forward(a_dot, b_dot, z, a, b):
    return a_dot if isinstance(b_dot, float) else b_dot if isinstance(a_dot, float) else symbolic.add_trees(a_dot, b_dot)


@adjoint(runtime.cast, lazy=True)
def cast(z_bar, z, g, x):
    return symbolic.unbroadcast(z_bar, g)


@adjoint(runtime.scalar, lazy=True)
def scalar(z_bar, z, value):
    return z_bar


@adjoint(runtime.one_of, lazy=True)
def one_of(z_bar, z, g, index, k, count):
    return symbolic.one_of(z_bar, index, k, count)


@adjoint(runtime.stretch)
def stretch(z_bar, z, g, start, stop, axis):
    return symbolic.stretch_bar(z_bar, g, start, stop, axis)


@adjoint(runtime.stretch_bar)
def stretch_bar(z_bar, z, g, x, start, stop, axis):
    return symbolic.stretch(z_bar, start, stop, axis)


@adjoint(runtime.with_part, lazy=True)
def with_part(z_bar, z, x, index, g):
    return None, None, z_bar[index]


@adjoint(runtime.keep_last)
def keep_last(z_bar, z, g, index, shape):
    return symbolic.unbroadcast(symbolic.keep_last(z_bar, index, shape), g)


linear(runtime.unbroadcast, runtime.spread, runtime.fill, runtime.copied, runtime.cast, runtime.scalar, runtime.one_of,
       runtime.keep_last)
linear(runtime.add_into, in_=(0, 1))
linear(runtime.stretch, runtime.stretch_bar)
linear(runtime.with_part, in_=(2,))
view(runtime.stretch)
shape_only(runtime.stretch_bar, args=(1,))
shape_only(runtime.with_part, args=(0,))
effect(runtime.add_into, runtime.put_item_back, writes=(0,))
constant(runtime.item_or_missing)
linear(runtime.put_item_back, in_=(0, 2))
view(runtime.unbroadcast, runtime.spread)
constant(runtime.zeros_like)
shape_only(runtime.zeros_like)
shape_only(runtime.cast, args=(1,))
shape_only(runtime.unbroadcast, runtime.spread, runtime.fill, args=(1,))


@result(runtime.unbroadcast, runtime.spread, runtime.fill)
def like_second(g, x, axis=None, keepdims=False):
    return x if isinstance(x, Num) else FLOAT


@result(runtime.zeros_like, runtime.copied, runtime.scalar)
def same(x):
    return x if not isinstance(x, int | float | complex) else FLOAT


@result(runtime.stretch_bar)
def whole_of_stretch(g, x, start, stop, axis):
    return x


@result(runtime.with_part)
def whole_of_part(x, index, g):
    return x


@result(runtime.cast)
def like_argument(g, x):
    return x if isinstance(x, Num) else FLOAT


@result(runtime.add_trees)
def like_first(a, b):
    return a


@partials(runtime.power_log)
def power_log(w, z, x):
    """w = z log x."""
    return symbolic.power_log(1.0, x), z / x


@partials(runtime.sinc_slope)
def sinc_slope(z, x):
    """The derivative of sinc is followed to the second order; at 0 it is −π²/3."""
    return symbolic.sinc_curvature(x)
