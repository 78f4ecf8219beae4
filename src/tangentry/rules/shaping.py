"""Functions that move elements without changing them: reshape, transpose, stack, concatenate, broadcast."""
from __future__ import annotations


import numpy as np

from .. import symbolic
from ..algebra import Symbol
from ..infer import as_num, result_dtype
from ..symbolic import unbroadcast
from ..types import ANY, ListT, Num, SeqT, Top, fresh_dim
from .axes import any_dims
from .registry import adjoint, constant, linear, result, shape_only, view


@adjoint(np.reshape)
def reshape(z_bar, z, a, shape=None, order="C"):
    return z_bar.reshape(a.shape) if order == "C" else np.reshape(z_bar, a.shape, order=order)


@adjoint(np.ravel, np.ndarray.flatten)
def ravel(z_bar, z, a, order="C"):
    return reshape(z_bar, z, a, None, order)


@adjoint(np.transpose)
def transpose(z_bar, z, a, axes=None):
    if axes is None or (isinstance(axes, tuple | list) and len(axes) == 2 and axes[0] % 2 > axes[1] % 2):
        return z_bar.T
    inverse = tuple(int(k) for k in np.argsort([x % len(axes) for x in axes])) if isinstance(axes, tuple | list) \
        else np.argsort(axes)
    return np.transpose(z_bar, inverse)


@adjoint(np.swapaxes)
def swapaxes(z_bar, z, a, axis1, axis2):
    return np.swapaxes(z_bar, axis1, axis2)


@adjoint(np.matrix_transpose)
def matrix_transpose(z_bar, z, x):
    return np.swapaxes(z_bar, -1, -2)


@adjoint(np.expand_dims, np.squeeze)
def same_elements(z_bar, z, a, axis=None):
    return z_bar.reshape(a.shape)


@adjoint(np.copy, np.ascontiguousarray, np.asfortranarray, lazy=True)
def copied(z_bar, z, a, *args, **kwargs):
    return z_bar


@adjoint(np.broadcast_to)
def broadcast_to(z_bar, z, array, shape, subok=False):
    return unbroadcast(z_bar, array)


@adjoint(np.stack)
def stack(z_bar, z, arrays, axis=0, out=None, dtype=None, casting="same_kind"):
    """Each array gets its slice along the new axis."""
    if isinstance(arrays, Symbol) and not isinstance(arrays.type, SeqT):
        return np.moveaxis(z_bar, axis, 0) if axis != 0 else z_bar
    rank = z_bar.rank
    if rank is None:
        return [np.take(z_bar, k, axis=axis) for k in range(len(arrays))]
    return [z_bar[at_axis(k, axis, rank)] for k in range(len(arrays))]


def at_axis(index, axis, rank):
    """An index along one axis: `[:, k]`."""
    axis = axis % rank
    return (*(slice(None),) * axis, index) if axis else index


@adjoint(np.concatenate)
def concatenate(z_bar, z, arrays, axis=0, out=None, dtype=None, casting="same_kind"):
    """Each array gets its stretch along the axis."""
    if axis is None:
        parts, start = [], 0
        for a in arrays:
            parts.append(z_bar[start: start + a.size].reshape(a.shape))
            start = start + a.size
        return parts
    parts, start = [], 0
    for a in arrays:
        stop = start + (a.dims[axis] if a.dims is not None and isinstance(a.dims[axis], int) else a.shape[axis])
        index = slice(start if not (isinstance(start, int) and start == 0) else None, stop)
        parts.append(z_bar[at_axis(index, axis, z_bar.rank)] if z_bar.rank else symbolic.stretch(z_bar, start, stop, axis))
        start = stop
    return parts


@adjoint(np.ndarray.astype, np.astype, lazy=True)
def astype(z_bar, z, a, dtype, *args, **kwargs):
    return z_bar


linear(np.reshape, np.ravel, np.ndarray.flatten, np.transpose, np.swapaxes, np.matrix_transpose, np.expand_dims, np.squeeze,
       np.copy, np.ascontiguousarray, np.asfortranarray, np.broadcast_to, np.stack, np.concatenate, np.ndarray.astype, np.astype)
view(np.reshape, np.ravel, np.transpose, np.swapaxes, np.matrix_transpose, np.expand_dims, np.squeeze, np.broadcast_to,
     np.ascontiguousarray, np.asfortranarray)
constant(np.shape, np.ndim, np.size, np.zeros_like, np.ones_like, np.empty_like, np.zeros, np.ones, np.empty, np.eye,
         np.identity, np.arange, np.result_type, np.argsort, np.nonzero, np.flatnonzero, np.searchsorted)
shape_only(np.zeros_like, np.ones_like, np.empty_like, np.shape, np.ndim, np.size)
shape_only(np.broadcast_to, args=(1,))


# ── types of results ──────────────────────────────────────────────────────────────────────────────────────────────────


def extent_of(size):
    """The extent that an integer argument stands for."""
    if isinstance(size, int) and size >= 0:
        return size
    if isinstance(size, Num) and size.value is not None:
        return size.value
    return fresh_dim()


def dims_of(shape):
    """The extents that a shape argument stands for; None where not even their number is known."""
    if isinstance(shape, SeqT):
        return tuple(extent_of(getattr(s, "value", s) if not isinstance(s, Num) else s) for s in shape.items)
    if isinstance(shape, tuple | list):
        return tuple(map(extent_of, shape))
    if isinstance(shape, int) or (isinstance(shape, Num) and shape.rank == 0):
        return (extent_of(shape),)
    return None


@result(np.reshape)
def reshaped(a, shape, order="C"):
    a, dims = as_num(a), dims_of(shape)
    return Num("array", a.dtype, dims)


@result(np.ravel, np.ndarray.flatten)
def ravelled(a, order="C"):
    a = as_num(a)
    return Num("array", a.dtype, a.dims if a.rank == 1 else (fresh_dim(),))


@result(np.transpose)
def transposed(a, axes=None):
    a = as_num(a)
    if a.dims is None:
        return a
    if axes is None:
        return Num("array", a.dtype, a.dims[::-1])
    known = isinstance(axes, tuple | list) and all(isinstance(x, int) for x in axes)
    return Num("array", a.dtype, tuple(a.dims[x] for x in axes) if known else any_dims(a.rank))


@result(np.swapaxes)
def swapped(a, axis1, axis2):
    if a.dims is None or not isinstance(axis1, int) or not isinstance(axis2, int):
        return Num("array", a.dtype, any_dims(a.rank))
    dims = list(a.dims)
    dims[axis1], dims[axis2] = dims[axis2], dims[axis1]
    return Num("array", a.dtype, tuple(dims))


@result(np.matrix_transpose)
def matrix_transposed(x):
    return Num("array", x.dtype, None if x.dims is None else (*x.dims[:-2], x.dims[-1], x.dims[-2]))


@result(np.expand_dims)
def expanded(a, axis):
    a = as_num(a)
    axes = axis if isinstance(axis, tuple | list) else (axis,)
    if a.dims is None or not all(isinstance(x, int) for x in axes):
        return Num("array", a.dtype, None)
    rank = len(a.dims) + len(axes)
    at, rest = {x % rank for x in axes}, list(a.dims)
    return Num("array", a.dtype, tuple(1 if k in at else rest.pop(0) for k in range(rank)))


@result(np.squeeze)
def squeezed(a, axis=None):
    a = as_num(a)
    if a.dims is None or (axis is None and any(not isinstance(d, int) and not d.non1 for d in a.dims)):
        return Num("any", a.dtype, None)
    axes = [k for k, d in enumerate(a.dims) if d == 1] if axis is None else \
        [x % len(a.dims) for x in (axis if isinstance(axis, tuple | list) else (axis,))]
    return Num("array", a.dtype, tuple(d for k, d in enumerate(a.dims) if k not in axes))


@result(np.copy, np.ascontiguousarray, np.asfortranarray)
def same_array(a, *args, **kwargs):
    a = as_num(a)
    return Num("array", a.dtype, a.dims)


@result(np.broadcast_to)
def broadcasted(array, shape, subok=False):
    return Num("array", as_num(array).dtype, dims_of(shape))


@result(np.zeros, np.ones, np.empty)
def filled(shape, dtype=None, order="C", **kwargs):
    return Num("array", np.dtype(dtype or float).char, dims_of(shape))


@result(np.zeros_like, np.ones_like, np.empty_like)
def filled_like(a, dtype=None, order="K", subok=True, shape=None, **kwargs):
    a = as_num(a)
    return Num("array", np.dtype(dtype).char if dtype is not None else a.dtype, dims_of(shape) if shape is not None else a.dims)


@result(np.eye, np.identity)
def unit(n, m=None, k=0, dtype=float, **kwargs):
    return Num("array", np.dtype(dtype).char, (extent_of(n), extent_of(n if m is None else m)))


@result(np.arange)
def ranged(start, stop=None, step=None, dtype=None, **kwargs):
    char = np.dtype(dtype).char if dtype is not None else result_dtype([as_num(v) for v in (start, stop, step) if v is not None])
    return Num("array", char, (extent_of(start) if stop is None and isinstance(start, Num) else fresh_dim(),))


@result(np.stack)
def stacked(arrays, axis=0, out=None, dtype=None, casting="same_kind"):
    items = items_of(arrays)
    dims = items[0].dims if items else None
    if dims is None or not isinstance(axis, int):
        return Num("array", result_dtype(items), None)
    count = len(items) if isinstance(arrays, SeqT | tuple | list) else fresh_dim()
    at = axis % (len(dims) + 1)
    return Num("array", result_dtype(items), (*dims[:at], count, *dims[at:]))


@result(np.concatenate)
def concatenated(arrays, axis=0, out=None, dtype=None, casting="same_kind"):
    items = items_of(arrays)
    if axis is None:
        return Num("array", result_dtype(items), (fresh_dim(),))
    dims = items[0].dims if items else None
    if dims is None or not isinstance(axis, int):
        return Num("array", result_dtype(items), None)
    at = axis % len(dims) if dims else 0
    sizes = [i.dims[at] if i.dims else None for i in items]
    along = sum(sizes) if sizes and all(isinstance(s, int) for s in sizes) else fresh_dim()
    return Num("array", result_dtype(items), tuple(along if k == at else d for k, d in enumerate(dims)))


def items_of(arrays):
    """The element types of a sequence argument."""
    if isinstance(arrays, SeqT):
        return [as_num(i) for i in arrays.items]
    if isinstance(arrays, tuple | list):
        return [as_num(i) for i in arrays]
    if isinstance(arrays, ListT):
        return [as_num(arrays.elem)]
    whole = as_num(arrays)
    return [Num("array", whole.dtype, None if whole.dims is None else whole.dims[1:])]


@result(np.ndarray.astype, np.astype)
def cast(a, dtype, *args, **kwargs):
    char = "" if isinstance(dtype, Num | Top) else np.dtype(dtype).char
    return Num(a.kind if a.kind != "py" else "np", char, a.dims)


@result(np.shape)
def shape_type(a):
    return shape_of(as_num(a))


def shape_of(a):
    """`x.shape`: a tuple of integers that are extents."""
    if a.dims is None:
        return Top()
    return SeqT(tuple(Num("py", "l", (), d) for d in a.dims))


@result(getattr)
def attribute(a, name, *default):
    if name == "shape" and isinstance(a, Num):
        return shape_of(a)
    if name in ("ndim", "size", "itemsize", "nbytes"):
        value = a.dims[0] if name == "size" and isinstance(a, Num) and a.rank == 1 else None
        return Num("py", "l", (), value)
    return Top()


@result(len)
def length(a):
    dims = a.dims if isinstance(a, Num) else None
    return Num("py", "l", (), dims[0] if dims else None)


@result(np.ndim, np.size)
def counted(a, axis=None):
    return Num("py", "l")


@result(np.moveaxis, np.take)
def any_shape(a, *args, **kwargs):
    return Num("any", as_num(a).dtype, None) if isinstance(a, Num) else ANY


