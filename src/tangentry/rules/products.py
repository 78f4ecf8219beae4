"""Products of vectors and matrices: dot, matmul, outer, inner, vdot; and norms."""
from __future__ import annotations

import operator

import numpy as np

from ..infer import as_num, result_dtype
from ..symbolic import (
    dot_bar_left, dot_bar_right, inner_bar_left, inner_bar_right, matmul_bar_left, matmul_bar_right, unbroadcast)
from ..types import COMPLEX_CHARS, Num, broadcast
from .axes import any_dims, at, reduced
from .registry import adjoint, linear, result, tangent


def is_vector(x):
    return x.rank == 1


def swap(x):
    """The transpose of the last two axes."""
    return x.T if x.rank == 2 else np.swapaxes(x, -1, -2)


@adjoint(np.matmul, operator.matmul)
def matmul(z_bar, z, x1, x2, out=None):
    if x1.rank is None or x2.rank is None:
        return matmul_bar_left(z_bar, x1, x2), matmul_bar_right(z_bar, x1, x2)
    if x1.rank == 1 and x2.rank == 1:
        return z_bar * x2, z_bar * x1
    if x1.rank == 1:
        if x2.rank == 2:
            return x2 @ z_bar, np.outer(x1, z_bar)
        return unbroadcast(np.sum(x2 * z_bar[..., None, :], axis=-1), x1), unbroadcast(x1[:, None] * z_bar[..., None, :], x2)
    if x2.rank == 1:
        if x1.rank == 2:
            return np.outer(z_bar, x2), x1.T @ z_bar
        return unbroadcast(z_bar[..., None] * x2, x1), unbroadcast(np.sum(x1 * z_bar[..., None], axis=-2), x2)
    left, right = z_bar @ swap(x2), swap(x1) @ z_bar
    return fitted(left, x1, x2), fitted(right, x2, x1)


def fitted(g, x, other):
    """Sum over the batch axes in which `x` was broadcast."""
    if x.rank >= other.rank and (x.rank == 2 or x.dims[:-2] == other.dims[:-2]):
        return g
    return unbroadcast(g, x)


@adjoint(np.dot)
def dot(z_bar, z, a, b, out=None):
    if a.rank == 0 or b.rank == 0:
        return unbroadcast(z_bar * b, a), unbroadcast(z_bar * a, b)
    if a.rank is not None and b.rank is not None and a.rank <= 2 and b.rank <= 2:
        return matmul(z_bar, z, a, b)
    return dot_bar_left(z_bar, a, b), dot_bar_right(z_bar, a, b)


@adjoint(np.outer)
def outer(z_bar, z, a, b, out=None):
    if a.rank == 1 and b.rank == 1:
        return z_bar @ b, a @ z_bar
    return np.reshape(z_bar @ np.ravel(b), np.shape(a)), np.reshape(np.ravel(a) @ z_bar, np.shape(b))


@adjoint(np.inner)
def inner(z_bar, z, a, b):
    if a.rank == 1 and b.rank == 1:
        return z_bar * b, z_bar * a
    if a.rank == 2 and b.rank == 2:
        return z_bar @ b, z_bar.T @ a
    return inner_bar_left(z_bar, a, b), inner_bar_right(z_bar, a, b)


@adjoint(np.vdot)
def vdot(z_bar, z, a, b):
    """Σ conj(a) b over all elements."""
    if a.dtype in COMPLEX_CHARS and a.dtype:
        return np.reshape(np.conj(z_bar) * np.conj(np.ravel(b)), np.shape(a)), np.reshape(z_bar * np.conj(np.ravel(a)), np.shape(b))
    if a.rank == b.rank == 1:
        return z_bar * b, z_bar * a
    return z_bar * np.reshape(b, np.shape(a)), z_bar * np.reshape(a, np.shape(b))


linear(np.matmul, operator.matmul, np.dot, np.outer, np.inner, np.vdot, in_=(0, 1))


@result(np.matmul, operator.matmul)
def multiplied(x1, x2, out=None):
    x1, x2 = as_num(x1), as_num(x2)
    dtype = result_dtype([x1, x2])
    if x1.dims is None or x2.dims is None:
        return Num("any", dtype, None)
    batch = broadcast(x1.dims[:-2], x2.dims[:-2]) or ()
    dims = (*batch, *x1.dims[-2:-1], *x2.dims[-1:] * (len(x2.dims) > 1))
    return Num("array" if dims else "np", dtype, dims)


@result(np.dot)
def dotted(a, b, out=None):
    a, b = as_num(a), as_num(b)
    dtype = result_dtype([a, b])
    if a.dims is None or b.dims is None:
        return Num("any", dtype, None)
    if not a.dims or not b.dims:
        dims = a.dims or b.dims
    else:
        dims = (*a.dims[:-1], *b.dims[:-2], *b.dims[-1:] * (len(b.dims) > 1))
    return Num("array" if dims else "np", dtype, dims)


@result(np.outer)
def outer_type(a, b, out=None):
    a, b = as_num(a), as_num(b)
    known = a.rank == 1 and b.rank == 1
    return Num("array", result_dtype([a, b]), (a.dims[0], b.dims[0]) if known else any_dims(2))


@result(np.inner)
def inner_type(a, b):
    a, b = as_num(a), as_num(b)
    dtype = result_dtype([a, b])
    if a.dims is None or b.dims is None:
        return Num("any", dtype, None)
    dims = (*a.dims[:-1], *b.dims[:-1]) if a.dims and b.dims else a.dims or b.dims
    return Num("array" if dims else "np", dtype, dims)


@result(np.vdot)
def vdot_type(a, b):
    return Num("np", result_dtype([as_num(a), as_num(b)]))


# ── norms ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


@adjoint(np.linalg.norm, lazy=True)
def norm(z_bar, z, x, ord=None, axis=None, keepdims=False):
    return at(z_bar, x, axis, keepdims) * norm_slope(at(z, x, axis, keepdims), x, ord, axis)


def norm_slope(z, x, ord, axis):
    """∂‖x‖/∂x; 0 at x = 0."""
    if ord is None or ord == "fro" or ord == 2:
        return np.conj(x) / np.where(z == 0, 1, z) if x.dtype in COMPLEX_CHARS and x.dtype else x / np.where(z == 0, 1, z)
    if ord == 1:
        return np.sign(x)
    if ord in (np.inf, -np.inf):
        mask = np.abs(x) == z
        return np.sign(x) * mask / np.sum(mask, axis=axis, keepdims=True)
    if ord == 0:
        return np.zeros_like(x)
    return np.sign(x) * (np.abs(x) / np.where(z == 0, 1, z)) ** (ord - 1)


@tangent(np.linalg.norm)
def norm_forward(x_dot, z, x, ord=None, axis=None, keepdims=False):
    return np.sum(norm_slope(at(z, x, axis, keepdims), x, ord, axis) * x_dot, axis=axis, keepdims=keepdims)


@result(np.linalg.norm)
def norm_type(x, ord=None, axis=None, keepdims=False):
    x = as_num(x)
    real = {"F": "f", "D": "d", "G": "g"}.get(x.dtype, x.dtype if x.dtype in ("f", "g", "e") else "d" if x.dtype else "")
    return reduced(x, axis, keepdims, real)
