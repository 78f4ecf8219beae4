"""Reductions: sums, products, means, variances, extremes."""
from __future__ import annotations

import numpy as np

from ..infer import as_num
from ..symbolic import product_of_others
from .axes import at, extents, reduced
from .registry import adjoint, constant, linear, result, tangent


def masked(g, where):
    """Only where the mask of a reduction holds."""
    return g if where is True else g * where


@adjoint(np.sum, lazy=True)
def sum(z_bar, z, a, axis=None, dtype=None, out=None, keepdims=False, initial=0, where=True):
    return masked(at(z_bar, a, axis, keepdims), where)


@tangent(np.sum)
def sum_forward(a_dot, z, a, axis=None, dtype=None, out=None, keepdims=False, initial=0, where=True):
    """`initial` is not part of the linear map."""
    return np.sum(a_dot, axis=axis, keepdims=keepdims) if where is True else \
        np.sum(a_dot, axis=axis, keepdims=keepdims, where=where)


@adjoint(np.mean, lazy=True)
def mean(z_bar, z, a, axis=None, dtype=None, out=None, keepdims=False, where=True):
    count = extents(a, axis) if where is True else np.sum(where, axis=axis, keepdims=keepdims)
    return masked(at(z_bar / count, a, axis, keepdims), where)


linear(np.mean)


@adjoint(np.var, lazy=True)
def var(z_bar, z, a, axis=None, dtype=None, out=None, ddof=0, keepdims=False, where=True):
    return spread_deviation(2 * z_bar, a, axis, ddof, keepdims, where)


@adjoint(np.std, lazy=True)
def std(z_bar, z, a, axis=None, dtype=None, out=None, ddof=0, keepdims=False, where=True):
    """0 for a constant."""
    return spread_deviation(z_bar / np.where(z == 0, 1, z), a, axis, ddof, keepdims, where)


def spread_deviation(g, a, axis, ddof, keepdims, where):
    """g (a − mean) / (n − ddof)."""
    if where is True:
        return at(g / (extents(a, axis) - ddof), a, axis, keepdims) * (a - np.mean(a, axis=axis, keepdims=True))
    count = np.sum(where, axis=axis, keepdims=keepdims) - ddof
    centred = (a - np.mean(a, axis=axis, keepdims=True, where=where)) * where
    return at(g / count, a, axis, keepdims) * centred


@tangent(np.var)
def var_forward(a_dot, z, a, axis=None, dtype=None, out=None, ddof=0, keepdims=False, where=True):
    return 2 * mean_deviation(a_dot, a, axis, ddof, keepdims, where)


@tangent(np.std)
def std_forward(a_dot, z, a, axis=None, dtype=None, out=None, ddof=0, keepdims=False, where=True):
    return mean_deviation(a_dot, a, axis, ddof, keepdims, where) / np.where(z == 0, 1, z)


def mean_deviation(a_dot, a, axis, ddof, keepdims, where):
    """Σ (a − mean) ȧ / (n − ddof)."""
    if where is True:
        product = (a - np.mean(a, axis=axis, keepdims=True)) * a_dot
        return np.sum(product, axis=axis, keepdims=keepdims) / (extents(a, axis) - ddof)
    product = (a - np.mean(a, axis=axis, keepdims=True, where=where)) * where * a_dot
    return np.sum(product, axis=axis, keepdims=keepdims) / (np.sum(where, axis=axis, keepdims=keepdims) - ddof)


@adjoint(np.max, np.min, lazy=True)
def extreme(z_bar, z, a, axis=None, out=None, keepdims=False, initial=None, where=True):
    """Ties are split equally."""
    mask = a == at(z, a, axis, keepdims)
    mask = mask if where is True else mask & where
    count = np.sum(mask, axis=axis, keepdims=True)
    if axis is None and not keepdims:
        return z_bar / np.sum(mask) * mask
    return at(z_bar, a, axis, keepdims) / count * mask


@tangent(np.max, np.min)
def extreme_forward(a_dot, z, a, axis=None, out=None, keepdims=False, initial=None, where=True):
    mask = a == at(z, a, axis, keepdims)
    mask = mask if where is True else mask & where
    return np.sum(a_dot * mask, axis=axis, keepdims=keepdims) / np.sum(mask, axis=axis, keepdims=keepdims)


@adjoint(np.prod, lazy=True)
def prod(z_bar, z, a, axis=None, dtype=None, out=None, keepdims=False, initial=1, where=True):
    """Exact where factors are zero."""
    factors = a if where is True else np.where(where, a, 1)
    g = z_bar if initial == 1 else z_bar * initial
    return masked(at(g, a, axis, keepdims) * product_of_others(factors, axis), where)


@tangent(np.prod)
def prod_forward(a_dot, z, a, axis=None, dtype=None, out=None, keepdims=False, initial=1, where=True):
    factors = a if where is True else np.where(where, a, 1)
    g = a_dot if initial == 1 else a_dot * initial
    return np.sum(masked(g, where) * product_of_others(factors, axis), axis=axis, keepdims=keepdims)


constant(np.argmax, np.argmin, np.any, np.all, np.count_nonzero)


@result(np.sum, np.prod)
def summed(a, axis=None, dtype=None, out=None, keepdims=False, initial=0, where=True):
    kept = as_num(a).dtype
    return reduced(a, axis, keepdims, np.dtype(dtype).char if dtype is not None else "l" if kept in "?bhi" and kept else kept)


@result(np.mean, np.var, np.std)
def averaged(a, axis=None, dtype=None, out=None, ddof=0, keepdims=False, where=True):
    kept = as_num(a).dtype
    return reduced(a, axis, keepdims, np.dtype(dtype).char if dtype is not None else "d" if kept in "?bhilq" and kept
                   else kept)


@result(np.mean)
def averaged_mean(a, axis=None, dtype=None, out=None, keepdims=False, where=True):
    return averaged(a, axis, dtype, out, 0, keepdims, where)


@result(np.max, np.min)
def chosen(a, axis=None, out=None, keepdims=False, initial=None, where=True):
    return reduced(a, axis, keepdims, as_num(a).dtype)


@result(np.any, np.all)
def tested(a, axis=None, out=None, keepdims=False, where=True):
    return reduced(a, axis, keepdims, "?")


@result(np.count_nonzero)
def counted(a, axis=None, keepdims=False):
    return reduced(a, axis, keepdims, "l")


@result(np.argmax, np.argmin)
def found(a, axis=None, out=None, keepdims=False):
    return reduced(a, axis, keepdims, "l")
