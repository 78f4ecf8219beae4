"""The helpers that generated code calls are differentiable themselves, so that derivatives nest to any order."""
from __future__ import annotations

import numpy as np

from .. import runtime
from ..types import FLOAT, Num
from .registry import adjoint, linear, partials, result, shape_only


@adjoint(runtime.unbroadcast)
def unbroadcast(z_bar, z, g, x):
    return np.broadcast_to(z_bar, np.shape(g))


@adjoint(runtime.spread)
def spread(z_bar, z, g, x, axis=None, keepdims=False):
    return runtime.unbroadcast(z_bar, g) if axis is None else np.sum(z_bar, axis=axis, keepdims=keepdims)


@adjoint(runtime.fill)
def fill(z_bar, z, g, x):
    return runtime.unbroadcast(z_bar, g)


linear(runtime.unbroadcast, runtime.spread, runtime.fill)
shape_only(runtime.unbroadcast, runtime.spread, runtime.fill, args=(1,))


@result(runtime.unbroadcast, runtime.spread, runtime.fill)
def like_second(g, x, axis=None, keepdims=False):
    return x if isinstance(x, Num) else FLOAT


@partials(runtime.power_log)
def power_log(w, z, x):
    """w = z log x."""
    return runtime.power_log(1.0, x), z / x


@partials(runtime.sinc_slope)
def sinc_slope(z, x):
    """The derivative of sinc is followed to the second order; at 0 it is −π²/3."""
    return runtime.sinc_curvature(x)
