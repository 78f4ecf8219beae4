"""Reading by an index, choosing by a condition, and making arrays of numbers."""
from __future__ import annotations

import operator
from functools import lru_cache

import numpy as np

from ..algebra import Symbol, masked
from ..infer import as_num, result_dtype
from ..shapes import fit
from ..types import ANY, TOP, DictT, ListT, LitT, Num, ObjT, SeqT, SliceT, broadcast, fresh_dim, join, shift
from .registry import adjoint, effect, linear, partials, result, shape_only, view
from .shaping import dims_of

linear(operator.getitem)
linear(np.add.at, np.subtract.at, in_=(0, 2))
effect(np.add.at, np.subtract.at, writes=(0,))


@partials(np.where)
def where(z, condition, x=None, y=None):
    """Taken apart in the sweeps: the side that is not taken gets 0, whatever its partial is."""
    return None, condition, np.logical_not(condition)


@adjoint(np.where, lazy=True)
def where_reverse(z_bar, z, condition, x, y):
    return None, fit(masked(condition, z_bar), z, x), fit(masked(np.logical_not(condition), z_bar), z, y)


@partials(np.clip)
def clip(z, a, a_min=None, a_max=None, out=None):
    """1 inside and on the bounds."""
    inside = True
    if a_min is not None:
        inside = a >= a_min
    if a_max is not None:
        inside = (a <= a_max) if inside is True else inside & (a <= a_max)
    return (1 if inside is True else inside), (None if a_min is None else a < a_min), (None if a_max is None else a > a_max)


@adjoint(np.array, np.asarray, np.asanyarray)
def array(z_bar, z, a, *args, **kwargs):
    return taken_apart(z_bar, a)


def taken_apart(g, item):
    """The cotangents of nested items, from that of the array made of them."""
    if isinstance(item, list | tuple):
        return [taken_apart(g[k], inner) for k, inner in enumerate(item)]
    if isinstance(item, Symbol) and isinstance(item.type, SeqT):
        return [taken_apart(g[k], item[k]) for k in range(len(item.type.items))]
    return g


@adjoint(np.full)
def full(z_bar, z, shape, fill_value, dtype=None, order="C"):
    return None, fit(z_bar, z, fill_value)


@adjoint(np.full_like)
def full_like(z_bar, z, a, fill_value, dtype=None, order="K", subok=True, shape=None):
    return None, fit(z_bar, z, fill_value)


linear(np.array, np.asarray, np.asanyarray)
linear(np.full, np.full_like, in_=(1,))
shape_only(np.full_like)
view(np.asarray, np.asanyarray)


# ── types of results ──────────────────────────────────────────────────────────────────────────────────────────────────


@result(operator.getitem)
def item(x, index):
    """The type of `x[index]`."""
    if isinstance(x, SeqT):
        return x.items[index] if isinstance(index, int) else join_all(x.items)
    if isinstance(x, tuple | list):
        return type_of_item(x, index)
    if isinstance(x, ListT):
        return x if isinstance(index, SliceT) else x.elem
    if isinstance(x, DictT):
        return x.elem
    if isinstance(x, Num):
        return indexed(x, index)
    return ObjT(str) if isinstance(x, ObjT) and x.cls is str else TOP


def join_all(types):
    whole = types[0]
    for t in types[1:]:
        whole = join(whole, t)
    return whole


def type_of_item(x, index):
    return LitT(x[index]) if isinstance(index, int) else TOP


def indexed(x, index):
    """The type of an indexed array."""
    if x.dims is None:
        return Num("any", x.dtype, None)
    parts = index_parts(index)
    if parts is None:
        return Num("any", x.dtype, None)
    dims, used = [], sum(consumed(p) for p in parts if p is not Ellipsis)
    rest, advanced, place = list(x.dims), [], []
    for p in parts:
        if p is Ellipsis:
            skip = len(x.dims) - used
            dims, rest = dims + rest[:skip], rest[skip:]
        elif p is None:
            dims.append(1)
        elif isinstance(p, SliceT):
            dims.append(sliced(rest.pop(0), p))
        elif is_integer(p):
            rest.pop(0)
        else:
            place.append(len(dims))
            advanced.append(as_advanced(p))
            del rest[:consumed(p)]
    if any(a is None for a in advanced):
        return Num("any", x.dtype, None)
    if advanced:
        shape = broadcast(*advanced) or ()
        at = place[0] if len(set(place)) == 1 else 0
        dims = [*dims[:at], *shape, *dims[at:]]
    dims += rest
    return Num("array" if dims or Ellipsis in parts else "np", x.dtype, tuple(dims))


def index_parts(index):
    """The parts of an index, or None where it is not known what it is."""
    parts = list(index.items) if isinstance(index, SeqT) and index.cls is tuple else \
        list(index) if isinstance(index, tuple) else [index]
    parts = [p.value if isinstance(p, LitT) else p for p in parts]
    known = all(p is None or p is Ellipsis or isinstance(p, int | SliceT | Num | SeqT | ListT | list) for p in parts)
    return parts if known and not any(isinstance(p, Num) and p.dims is None for p in parts) else None


def is_integer(p):
    return (isinstance(p, int) and not isinstance(p, bool)) or (isinstance(p, Num) and p.rank == 0 and p.dtype != "?")


def consumed(p):
    """How many axes a part of an index uses up."""
    if p is None or isinstance(p, bool):
        return 0
    if isinstance(p, Num) and p.dtype == "?":
        return p.rank
    return 1


def as_advanced(p):
    """The extents of an index array (a mask counts as one axis of unknown extent)."""
    t = as_num(SeqT(tuple(LitT(v) for v in p), list)) if isinstance(p, list) else as_num(p)
    if t.dtype == "?":
        return (fresh_dim(),)
    return t.dims


def sliced(dim, s):
    """The extent behind a slice, where its bounds are literals."""
    start, stop, step = (e.value if isinstance(e, LitT) else e for e in (s.start, s.stop, s.step))
    if not all(e is None or isinstance(e, int) for e in (start, stop, step)):
        return fresh_dim()
    if step in (None, 1, -1) and start is None and stop is None:
        return dim
    if isinstance(dim, int):
        return len(range(*slice(start, stop, step).indices(dim)))
    if step not in (None, 1) or (start or 0) < 0 or (stop is not None and stop >= 0):
        return same_slice(dim, start, stop, step)
    return shift(dim, -(start or 0) + (stop or 0))


@lru_cache(maxsize=4096)
def same_slice(dim, start, stop, step):
    """An unknown extent, the same for equal slices of equal extents."""
    return fresh_dim()


def is_basic(x, index):
    """Is the result of indexing a view: integers, slices, None and Ellipsis only?"""
    if not isinstance(x, Num) or x.rank == 0:
        return False
    parts = index_parts(index)
    if parts is not None and indexed(x, index).kind == "np":
        return False
    return parts is None or all(p is None or p is Ellipsis or isinstance(p, SliceT) or is_integer(p) for p in parts)


view(operator.getitem, when=is_basic)


@result(np.where)
def where_type(condition, x=None, y=None):
    if x is None:
        return TOP
    nums = [as_num(v) for v in (condition, x, y)]
    dims = broadcast(*(n.dims for n in nums))
    dtype = result_dtype(nums[1:])
    return Num("any" if dims is None else "array" if dims else "np", dtype, dims)


@result(np.clip)
def clip_type(a, a_min=None, a_max=None, out=None):
    nums = [as_num(v) for v in (a, a_min, a_max) if v is not None]
    dims = broadcast(*(n.dims for n in nums))
    return Num("any" if dims is None else "array" if dims else "np", result_dtype(nums), dims)


@result(np.array, np.asarray, np.asanyarray)
def array_type(a, dtype=None, **kwargs):
    t = as_num(a)
    if t.kind == "any" and not isinstance(a, Num):
        return ANY
    char = np.dtype(dtype).char if dtype is not None else t.dtype
    return Num("array" if t.dims is not None else "any", char, t.dims)


@result(np.full)
def full_type(shape, fill_value, dtype=None, order="C"):
    return Num("array", np.dtype(dtype).char if dtype is not None else as_num(fill_value).dtype, dims_of(shape))


@result(np.full_like)
def full_like_type(a, fill_value, dtype=None, order="K", subok=True, shape=None):
    a = as_num(a)
    return Num("array", np.dtype(dtype).char if dtype is not None else a.dtype, dims_of(shape) if shape is not None else a.dims)
