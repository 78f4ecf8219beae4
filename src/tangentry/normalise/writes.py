"""Functions and methods that write into arrays, as the stores that they stand for."""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ..program import Apply, Effect, Lit
from ..types import Num
from .call import OUT, builtin
from .core import Reader
from .hosts import host, operand, varied
from .subscripts import get_item, mark_written, store_item
from .values import Const, Dyn, Tup, Value, const

Args = Sequence[Value]
Kwargs = Mapping[str, Value]
WHOLE = Const(Ellipsis, Lit(Ellipsis))


def stored_whole(reader: Reader, target: Value, value: Value, where: Value | None, node: Any) -> Value:
    """`target[...] = value`, or only where a mask holds."""
    if where is None or (isinstance(where, Const) and where.value is True):
        store_item(reader, target, WHOLE, value, node)
        return target
    shape = host(reader, np.shape, (target,), {}, node)
    mask = host(reader, np.broadcast_to, (where, shape), {}, node)
    full = host(reader, np.broadcast_to, (value, shape), {}, node)
    store_item(reader, target, mask, get_item(reader, full, mask, node), node)
    return target


def with_out(reader: Reader, fn: Any, args: Args, kwargs: Kwargs, node: Any, form: Any) -> Value:
    """`f(x, out=y, where=m)`: the result goes into the array."""
    rest = {k: v for k, v in kwargs.items() if k not in ("out", "where")}
    out = kwargs["out"]
    if isinstance(out, Tup):
        (out,) = out.items
    where = kwargs.get("where") if isinstance(fn, np.ufunc) else None
    if where is None and "where" in kwargs:
        rest["where"] = kwargs["where"]
    return stored_whole(reader, out, host(reader, fn, args, rest, node, form), where, node)


OUT.append(with_out)


@builtin(np.copyto)
def read_copyto(reader: Reader, fn: Any, args: Args, kwargs: Kwargs, node: Any) -> Value:
    """`np.copyto(dst, src, where=m)`."""
    stored_whole(reader, args[0], args[1], kwargs.get("where"), node)
    return const(None)


@builtin(np.putmask, np.place)
def read_putmask(reader: Reader, fn: Any, args: Args, kwargs: Kwargs, node: Any) -> Value:
    """`np.putmask(a, mask, values)` with one value or one for each element."""
    target, mask, values = args
    t = values.type if isinstance(values, Dyn) else None
    if fn is np.place or (isinstance(t, Num) and t.rank not in (0, None)):
        reader.unsupported(node, f"`np.{fn.__name__}` with an array of values is not differentiated", "use a[mask] = values")
    store_item(reader, target, mask, values, node)
    return const(None)


@builtin(np.put)
def read_put(reader: Reader, fn: Any, args: Args, kwargs: Kwargs, node: Any) -> Value:
    """`np.put(a, indices, values)`: an index into the flattened array."""
    shape = host(reader, np.shape, (args[0],), {}, node)
    store_item(reader, args[0], host(reader, np.unravel_index, (args[1], shape), {}, node), args[2], node)
    return const(None)


@builtin(np.fill_diagonal)
def read_fill_diagonal(reader: Reader, fn: Any, args: Args, kwargs: Kwargs, node: Any) -> Value:
    """`np.fill_diagonal(a, value)` of a matrix."""
    t = args[0].type if isinstance(args[0], Dyn) else None
    if not isinstance(t, Num) or t.rank != 2 or kwargs:
        reader.unsupported(node, "`np.fill_diagonal` is differentiated for matrices, without `wrap`")
    shape = host(reader, np.shape, (args[0],), {}, node)
    rows = host(reader, np.arange, (host(reader, min, (shape,), {}, node),), {}, node)
    store_item(reader, args[0], Tup((rows, rows)), args[1], node)
    return const(None)


@builtin(np.add.at, np.subtract.at)
def read_add_at(reader: Reader, fn: Any, args: Args, kwargs: Kwargs, node: Any) -> Value:
    """`np.add.at(a, index, values)`: every occurrence of an index counts."""
    target, index, values = args
    if not isinstance(target, Dyn):
        reader.unsupported(node, "only arrays can be written into by `at`")
    parts = tuple(operand(reader, v, node) for v in (target, index, values))
    reader.emit(Effect(Apply(fn, parts), reader.origin(node)))
    mark_written(reader, target, values)
    return const(None)


def in_place_method(reader: Reader, receiver: Dyn, name: str, args: Args, kwargs: Kwargs, node: Any) -> Value:
    """`x.fill(v)`, `x.sort()`, `x.partition(k)`, `x.put(i, v)`."""
    if name == "fill":
        store_item(reader, receiver, WHOLE, args[0], node)
    elif name == "put":
        read_put(reader, np.put, (receiver, *args), kwargs, node)
    elif name in ("sort", "partition"):
        value = host(reader, getattr(np, name), (receiver, *args), kwargs, node)
        store_item(reader, receiver, WHOLE, value, node)
    else:
        refuse_if_varied(reader, receiver, name, node)
    return const(None)


def refuse_if_varied(reader: Reader, receiver: Dyn, name: str, node: Any) -> None:
    """A method that changes the array itself."""
    if varied(reader, receiver):
        reader.unsupported(node, f"the method .{name}() of an array is not differentiated")
    reader.effect(Apply(getattr(np.ndarray, name), (receiver.expr,), (), "." + name), node)
