"""Methods of arrays, lists, dicts and strings, by their name; and attributes of arrays that are set."""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ..prims import Method
from ..program import Apply, Lit
from ..types import TOP, DictT, MaybeT, Num, ObjT, Top, Type, fresh_dim
from .branches import branch
from .call import KINDS
from .containers import (
    append_to, is_real_list, items_of, keep, make_real, merge_contents, new_list, new_object, record_of, set_content, taken)
from .core import FALL, Reader
from .hosts import as_dyn, host, operand, varied
from .inputs import as_runtime
from .iteration import static_items
from .subscripts import followed, get_item, resolved, store_runtime
from .writes import in_place_method, with_out
from .values import Choice, Const, Dyn, Ext, Iter, Obj, Rec, Tup, Value, const

_AS_FUNCTION = ("sum mean prod std var max min argmax argmin cumsum cumprod dot ravel trace clip repeat take compress "
                "round ptp choose diagonal squeeze swapaxes all any nonzero argsort searchsorted conj conjugate copy "
                "argpartition").split()
_OWN = "astype item tolist flatten view byteswap fill sort partition put resize setflags tobytes".split()
ARRAY_METHODS: dict[str, Any] = {n: getattr(np, n) for n in _AS_FUNCTION} | {n: getattr(np.ndarray, n) for n in _OWN}
IN_PLACE = {"fill", "sort", "partition", "put", "resize"}


def call_by_name(reader: Reader, fn: Value, args: Sequence[Value], kwargs: Mapping[str, Value], node: Any) -> Value:
    """`receiver.name(*args)`; the receiver is the first argument."""
    assert isinstance(fn, Const)
    name: str = fn.value.name
    receiver, rest = resolved(reader, args[0]), args[1:]
    if isinstance(receiver, Choice):
        return branch(reader, receiver.test, lambda: (FALL, call_by_name(reader, fn, (receiver.then, *rest), kwargs, node)),
                      lambda: (FALL, call_by_name(reader, fn, (receiver.orelse, *rest), kwargs, node)), node=node)[1]
    if isinstance(receiver, Ext) and type(receiver.value) in (list, dict) and name in _CHANGES:
        receiver = followed(reader, receiver)
    if items_of(reader, receiver) is not None:
        return _row_method(reader, receiver, name, rest, kwargs, node)
    if record_of(reader, receiver) is not None or (isinstance(receiver, Ext) and isinstance(receiver.value, dict)):
        return _dict_method(reader, receiver, name, rest, kwargs, node)
    if isinstance(receiver, Ext) and isinstance(receiver.value, list | tuple):
        receiver = as_runtime(reader, receiver)
    if isinstance(receiver, Dyn):
        return _runtime_method(reader, receiver, name, rest, kwargs, node)
    return _opaque_method(reader, receiver, name, rest, kwargs, node)


KINDS.append((lambda value: isinstance(value, Method), call_by_name))
_CHANGES = {"append", "extend", "insert", "pop", "remove", "reverse", "sort", "clear", "update", "setdefault", "popitem"}


def _runtime_method(reader: Reader, receiver: Dyn, name: str, args: Sequence[Value], kwargs: Mapping[str, Value],
                    node: Any) -> Value:
    t = receiver.type.inner if isinstance(receiver.type, MaybeT) else receiver.type
    if is_real_list(receiver):
        return _real_list_method(reader, receiver, name, args, kwargs, node)
    if isinstance(t, DictT):
        return _real_dict_method(reader, receiver, name, args, kwargs, node)
    numeric = isinstance(t, Num) or (isinstance(t, Top) and varied(reader, receiver))
    if numeric and name in ("reshape", "transpose"):
        return _shape_method(reader, receiver, name, args, kwargs, node)
    if numeric and name in IN_PLACE:
        return in_place_method(reader, receiver, name, args, kwargs, node)
    if numeric and name in ARRAY_METHODS:
        if "out" in kwargs:
            return with_out(reader, ARRAY_METHODS[name], (receiver, *args), kwargs, node, "")
        return host(reader, ARRAY_METHODS[name], (receiver, *args), kwargs, node, "." + name)
    return _opaque_method(reader, receiver, name, args, kwargs, node)


def _shape_method(reader: Reader, receiver: Dyn, name: str, args: Sequence[Value], kwargs: Mapping[str, Value],
                  node: Any) -> Value:
    """`x.reshape(2, 3)` and `x.transpose(1, 0)` take their sizes as several arguments."""
    if len(args) > 1:
        args = (Tup(tuple(args)),)
    return host(reader, getattr(np, name), (receiver, *args), kwargs, node, "." + name)


def _opaque_method(reader: Reader, receiver: Value, name: str, args: Sequence[Value], kwargs: Mapping[str, Value],
                   node: Any) -> Value:
    """A method of something that is not looked into; it may change the receiver."""
    exprs = tuple(operand(reader, a, node) for a in (receiver, *args))
    named = tuple((k, operand(reader, v, node)) for k, v in kwargs.items())
    active = any(varied(reader, v) for v in (receiver, *args, *kwargs.values()))
    return reader.assign(Apply(Method(name), exprs, named, "." + name), _method_type(receiver, name, args, kwargs), active,
                         node, "%" + name)


def _method_type(receiver: Value, name: str, args: Sequence[Value], kwargs: Mapping[str, Value]) -> Type:
    """What some well-known methods return: those of random generators and strings."""
    if isinstance(receiver, Const) and isinstance(receiver.value, str):
        return ObjT(str)
    owner = receiver.value if isinstance(receiver, Ext) else None
    if isinstance(owner, np.random.Generator | np.random.RandomState):
        return _drawn(name, args, kwargs)
    return TOP


def _drawn(name: str, args: Sequence[Value], kwargs: Mapping[str, Value]) -> Type:
    at = {"normal": 2, "uniform": 2, "standard_normal": 0, "random": 0, "exponential": 1, "integers": 2, "randn": 0}
    if name not in at:
        return TOP
    size = kwargs.get("size", args[at[name]] if len(args) > at[name] else None)
    dtype = "l" if name == "integers" else "d"
    if size is None:
        return Num("py" if name != "integers" else "np", dtype)
    if isinstance(size, Tup):
        return Num("array", dtype, tuple(fresh_dim() for _ in size.items))
    scalar_size = isinstance(size, Const) or (isinstance(size, Dyn) and isinstance(size.type, Num) and size.type.rank == 0)
    return Num("array", dtype, (fresh_dim(),)) if scalar_size else Num("array", dtype, None)


def _row_method(reader: Reader, receiver: Value, name: str, args: Sequence[Value], kwargs: Mapping[str, Value],
                node: Any) -> Value:
    """A method of a followed tuple or list."""
    items = items_of(reader, receiver)
    assert items is not None
    if name == "copy" and isinstance(receiver, Obj):
        return new_list(reader, items, node)
    if name in ("index", "count"):
        return host(reader, Method(name), (receiver, *args), {}, node, "." + name)
    if not isinstance(receiver, Obj):
        return reader.unsupported(node, f"a tuple has no method {name!r}")
    changed, answer = _changed_row(reader, receiver, list(items), name, list(args), node)
    set_content(reader, receiver, Tup(tuple(changed), list))
    return answer


def _changed_row(reader: Reader, receiver: Obj, items: list[Value], name: str, args: list[Value],
                 node: Any) -> tuple[list[Value], Value]:
    answer: Value = const(None)
    index = args[0].value if args and isinstance(args[0], Const) else None
    if name == "append":
        items.append(args[0])
    elif name == "extend":
        more = static_items(reader, args[0], node)
        items.extend(more if more is not None else make_real(reader, receiver, node))
    elif name == "insert" and isinstance(index, int):
        items.insert(index, args[1])
    elif name == "pop" and items and (not args or isinstance(index, int)):
        answer = items.pop(index if args else -1)
    elif name == "reverse":
        items.reverse()
    elif name == "clear":
        items.clear()
    else:
        make_real(reader, receiver, node)
    return items, answer


def _dict_method(reader: Reader, receiver: Value, name: str, args: Sequence[Value], kwargs: Mapping[str, Value],
                 node: Any) -> Value:
    """A method of a dict whose keys are known."""
    if name in ("keys", "values", "items"):
        return Iter(name, (receiver,))
    record = record_of(reader, receiver)
    keys = record.keys if record is not None else tuple(receiver.value) if isinstance(receiver, Ext) else ()
    key = args[0].value if args and isinstance(args[0], Const) else None
    if name == "get" and args and isinstance(args[0], Const):
        if key in keys:
            return get_item(reader, receiver, args[0], node)
        return args[1] if len(args) > 1 else const(None)
    if record is None or not isinstance(receiver, Obj):
        if isinstance(receiver, Ext) and name == "copy":
            pairs = [(k, get_item(reader, receiver, const(k), node)) for k in keys]
            return new_object(reader, dict, Rec(tuple(k for k, _ in pairs), tuple(v for _, v in pairs)), node)
        return reader.unsupported(node, f"the dict method {name!r} is not differentiated here")
    if name == "copy":
        return new_object(reader, dict, record, node)
    if name == "update":
        for k, v in _updates(reader, args, kwargs, node):
            record = record.set(k, v)
        set_content(reader, receiver, record)
        return const(None)
    if name == "setdefault" and key is not None:
        if key not in keys:
            set_content(reader, receiver, record.set(key, args[1]))
            return args[1]
        return record.get(key) or const(None)
    if name == "pop" and key in keys:
        set_content(reader, receiver, record.without(key))
        return record.get(key) or const(None)
    make_real(reader, receiver, node)
    return const(None)


def _updates(reader: Reader, args: Sequence[Value], kwargs: Mapping[str, Value], node: Any) -> list[tuple[Any, Value]]:
    pairs: list[tuple[Any, Value]] = []
    for arg in args:
        record = record_of(reader, arg)
        if record is not None:
            pairs += zip(record.keys, record.values, strict=True)
        elif isinstance(arg, Ext) and isinstance(arg.value, dict):
            pairs += [(k, get_item(reader, arg, const(k), node)) for k in arg.value]
        else:
            reader.unsupported(node, "update() with a dict whose keys are not known")
    return [*pairs, *kwargs.items()]


def _real_list_method(reader: Reader, receiver: Dyn, name: str, args: Sequence[Value], kwargs: Mapping[str, Value],
                      node: Any) -> Value:
    """A method of a list made at run time."""
    fn, form = getattr(list, name, Method(name)), "." + name
    exprs = (receiver.expr, *(operand(reader, a, node) for a in args))
    if name == "append":
        append_to(reader, receiver, args[0], node)
        return const(None)
    if name == "insert":
        stored = as_dyn(reader, args[-1], node) if isinstance(args[-1], Obj | Choice) else args[-1]
        keep(reader, receiver, stored)
        reader.effect(Apply(fn, (*exprs[:-1], operand(reader, stored, node)), (), form), node)
        return const(None)
    if name == "extend":
        merge_contents(reader, receiver, args[0] if not isinstance(args[0], Ext) else as_runtime(reader, args[0]))
        reader.effect(Apply(fn, exprs, (), form), node)
        return const(None)
    if name == "pop":
        return taken(reader, receiver, Apply(fn, exprs, (), form), node)
    if name in ("reverse", "clear", "sort") and not kwargs:
        reader.effect(Apply(fn, exprs, (), form), node)
        return const(None)
    if name == "copy":
        made = reader.assign(Apply(fn, exprs, (), form), receiver.type, receiver.varied, node)
        merge_contents(reader, made, receiver)
        return made
    if name in ("index", "count"):
        return reader.assign(Apply(fn, exprs, (), form), Num("py", "l"), False, node)
    return reader.unsupported(node, f"the list method {name!r} is not differentiated here")


def _real_dict_method(reader: Reader, receiver: Dyn, name: str, args: Sequence[Value], kwargs: Mapping[str, Value],
                      node: Any) -> Value:
    fn, form = getattr(dict, name, Method(name)), "." + name
    exprs = (receiver.expr, *(operand(reader, a, node) for a in args))
    if name in ("keys", "values", "items"):
        return Iter(name, (receiver,))
    if name in ("get", "pop") and len(args) == 1:
        return taken(reader, receiver, Apply(fn, exprs, (), form), node)
    return reader.unsupported(node, f"the dict method {name!r} is not differentiated here")


def set_array_attribute(reader: Reader, obj: Dyn, name: str, value: Value, node: Any) -> None:
    """`x.flat = v`, `x.real = v`: stores into the array."""
    if name == "flat":
        store_runtime(reader, host(reader, np.ravel, (obj,), {}, node), Apply(slice, (Lit(None),) * 3), value, node)
        return
    reader.unsupported(node, f"setting the attribute {name!r} of an array is not differentiated")

