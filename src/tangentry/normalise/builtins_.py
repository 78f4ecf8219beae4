"""Python's own functions, as far as they act on what the reader follows; on run-time values they are host functions."""
from __future__ import annotations

import builtins
import functools
import itertools
import operator
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from ..program import Apply, Lit, Ref
from ..types import BOOL, INT, STR, TOP, DictT, ListT, LitT, Num, ObjT, SeqT, Type, as_list
from .attributes import attribute_of
from .branches import branch, truth
from .call import builtin, call_value
from .comprehensions import as_list_of, is_row, run
from .containers import (
    append_to, content, is_real_list, items_of, merge_contents, new_list, new_object, real_list,
    record_of)
from .core import FALL, Reader
from .expressions import binary, compare
from .hosts import as_dyn, deep_type, host, operand, varied
from .inputs import as_runtime
from .iteration import element, static_items, walk
from .loops import read_loop
from .objects import call_method, has_method, is_object
from .subscripts import get_item
from .targets import assign_attribute
from .values import Bound, Const, Dyn, Ext, Fn, Iter, Obj, Rec, Slice, Tup, Value, const

Args = Sequence[Value]
Kwargs = Mapping[str, Value]


@builtin(range, enumerate, zip, reversed, map, filter)
def make_iterable(reader: Reader, fn: Any, args: Args, kwargs: Kwargs, node: Any) -> Value:
    """Lazy iterables; they are read where they are consumed."""
    if fn is enumerate:
        start = kwargs.get("start", args[1] if len(args) > 1 else const(0))
        return Iter("enumerate", (_listed(reader, args[0], node), start))
    if fn is filter:
        return _filtered(reader, args[0], args[1], node)
    return Iter(fn.__name__, tuple(a if k == 0 and fn is map else _listed(reader, a, node) for k, a in enumerate(args)))


def _listed(reader: Reader, v: Value, node: Any) -> Value:
    """A generator expression inside of another iterable becomes a list."""
    return as_list_of(reader, v, node) if isinstance(v, Iter) and v.kind == "generator" else v


def _filtered(reader: Reader, fn: Value, source: Value, node: Any) -> Value:
    items = static_items(reader, source, node)
    if items is None:
        reader.unsupported(node, "`filter` over something whose length is not known", "use a comprehension with `if`")
    kept = []
    for item in items:
        keep = truth(reader, item if isinstance(fn, Const) and fn.value is None else call_value(reader, fn, (item,), {}, node))
        if keep is None:
            reader.unsupported(node, "`filter` by a value that is only known at run time", "use a loop")
        if keep:
            kept.append(item)
    return Tup(tuple(kept))


@builtin(len)
def read_len(reader: Reader, fn: Any, args: Args, kwargs: Kwargs, node: Any) -> Value:
    """`len(x)`."""
    v = args[0]
    items, record = items_of(reader, v), record_of(reader, v)
    if items is not None or record is not None:
        return const(len(items if items is not None else record.keys if record is not None else ()))
    if isinstance(v, Const):
        return const(len(v.value))
    if isinstance(v, Ext) and is_object(reader, v):
        return call_method(reader, v, "__len__", (), {}, node)
    if isinstance(v, Ext) and isinstance(v.value, tuple | dict):
        reader.facts.add("length", v.expr, len(v.value))
        return const(len(v.value))
    if isinstance(v, Obj):
        return call_method(reader, v, "__len__", (), {}, node)
    return host(reader, len, (v,), {}, node)


@builtin(isinstance, issubclass)
def read_isinstance(reader: Reader, fn: Any, args: Args, kwargs: Kwargs, node: Any) -> Value:
    """`isinstance(x, cls)`, decided by what is known of the value."""
    classes = _classes(reader, args[1])
    if fn is issubclass and isinstance(args[0], Const) and classes is not None:
        return const(issubclass(args[0].value, classes))
    sample = python_type(reader, args[0])
    if classes is None or sample is None:
        expr = Apply(fn, tuple(operand(reader, a, node) for a in args))
        return reader.assign(expr, BOOL, False, node)
    return const(issubclass(sample, classes))


def _classes(reader: Reader, v: Value) -> tuple[type, ...] | None:
    parts = v.items if isinstance(v, Tup) else (v,)
    if all(isinstance(p, Const) and (isinstance(p.value, type) or hasattr(p.value, "__args__")) for p in parts):
        flat: list[type] = []
        for p in parts:
            assert isinstance(p, Const)
            flat += p.value.__args__ if hasattr(p.value, "__args__") else [p.value]
        return tuple(flat)
    return None


def python_type(reader: Reader, v: Value) -> type | None:
    """`type(v)`, where it is known."""
    match v:
        case Const(value=value):
            return type(value)
        case Obj(cls=cls) | Tup(cls=cls):
            return cls
        case Ext(value=value):
            return type(value)
        case Fn():
            return type(lambda: None)
        case Dyn(type=t):
            return _type_of_type(t)
    return None


def _type_of_type(t: Type) -> type | None:
    match t:
        case Num(kind="py", dtype=dtype) if dtype:
            return {"?": bool, "l": int, "d": float, "D": complex}[dtype]
        case Num(kind="np", dtype=dtype) if dtype:
            return np.dtype(dtype).type
        case Num(kind="array"):
            return np.ndarray
        case SeqT(cls=cls) | ListT(cls=cls):
            return cls
        case DictT():
            return dict
        case ObjT(cls=cls):
            return cls
        case LitT(value=value):
            return type(value)
    return None


@builtin(type)
def read_type(reader: Reader, fn: Any, args: Args, kwargs: Kwargs, node: Any) -> Value:
    """`type(x)`."""
    if len(args) != 1:
        reader.unsupported(node, "making a class within a differentiated function is not possible")
    found = python_type(reader, args[0])
    if found is None:
        return reader.assign(Apply(type, (operand(reader, args[0], node),)), TOP, False, node)
    return Const(found, Ref(found, found.__name__ if getattr(builtins, found.__name__, None) is found else ""))


@builtin(callable)
def read_callable(reader: Reader, fn: Any, args: Args, kwargs: Kwargs, node: Any) -> Value:
    """`callable(x)`."""
    v = args[0]
    if isinstance(v, Fn | Bound):
        return const(True)
    return const(callable(v.value) if isinstance(v, Const | Ext) else has_method(reader, v, "__call__"))


@builtin(getattr, hasattr, setattr)
def read_getattr(reader: Reader, fn: Any, args: Args, kwargs: Kwargs, node: Any) -> Value:
    """`getattr(x, "name")` and its kin, with a known name."""
    if not isinstance(args[1], Const):
        reader.unsupported(node, f"`{fn.__name__}` with a name that is only known at run time")
    name: str = args[1].value
    if fn is setattr:
        assign_attribute(reader, args[0], name, args[2], node)
        return const(None)
    has = _has(reader, args[0], name)
    if fn is hasattr:
        return const(has)
    if not has and len(args) > 2:
        return args[2]
    return attribute_of(reader, args[0], name, node)


def _has(reader: Reader, v: Value, name: str) -> bool:
    if isinstance(v, Obj) and v.cls not in (list, dict):
        record: Rec = content(reader, v)
        return record.get(name) is not None or hasattr(v.cls, name)
    if isinstance(v, Ext | Const):
        return hasattr(v.value, name) or ("x", id(v.value), name) in reader.state.vars
    found = python_type(reader, v)
    return found is None or hasattr(found, name) or (isinstance(v, Dyn) and name in ("shape", "ndim", "T"))


@builtin(list, tuple)
def read_list(reader: Reader, fn: Any, args: Args, kwargs: Kwargs, node: Any) -> Value:
    """`list(x)`, `tuple(x)`."""
    source = args[0] if args else Tup(())
    if isinstance(source, Iter) and source.kind == "generator":
        source = as_list_of(reader, source, node)
    items = static_items(reader, source, node)
    if items is not None:
        return new_list(reader, items, node) if fn is list else Tup(tuple(items))
    if isinstance(source, Ext) and isinstance(source.value, list | tuple):
        source = as_runtime(reader, source)
    if is_real_list(source) and isinstance(source, Dyn):
        made = reader.assign(Apply(fn, (source.expr,)), ListT(source.type.elem, fn), source.varied, node)  # type: ignore[union-attr]
        merge_contents(reader, made, source)
        return made
    if isinstance(source, Iter):
        return _collected(reader, fn, source, node)
    inner = element(deep_type(reader, source))
    return reader.assign(Apply(fn, (operand(reader, source, node),)), ListT(inner, fn), varied(reader, source), node)


def _collected(reader: Reader, fn: Any, source: Iter, node: Any) -> Value:
    """All elements of a lazy iterable, appended one by one."""
    target = real_list(reader, [], node)

    def start() -> tuple[list[Any], Callable[[], None]]:
        over = walk(reader, source, node)
        return over.items, lambda: append_to(reader, target, over.element(reader), node)

    read_loop(reader, node, [], start)
    if fn is tuple:
        t = target.type
        made = reader.assign(Apply(tuple, (target.expr,)), ListT(t.elem if isinstance(t, ListT) else TOP, tuple), False, node)
        merge_contents(reader, made, target)
        return made
    return target


@builtin(dict)
def read_dict(reader: Reader, fn: Any, args: Args, kwargs: Kwargs, node: Any) -> Value:
    """`dict(a=1)`, `dict(pairs)`."""
    record = Rec((), ())
    if args:
        inner = record_of(reader, args[0])
        pairs = static_items(reader, Iter("items", (args[0],)) if isinstance(args[0], Ext) else args[0], node)
        if inner is not None:
            record = inner
        elif pairs is not None:
            for pair in pairs:
                row = static_items(reader, pair, node)
                if row is None or not isinstance(row[0], Const):
                    reader.unsupported(node, "the keys of this dict are not known")
                record = record.set(row[0].value, row[1])
        else:
            reader.unsupported(node, "the keys of this dict are not known")
    for key, value in kwargs.items():
        record = record.set(key, value)
    return new_object(reader, dict, record, node)


@builtin(set, frozenset)
def read_set(reader: Reader, fn: Any, args: Args, kwargs: Kwargs, node: Any) -> Value:
    """Sets hold inactive values only."""
    if any(varied(reader, a) for a in args):
        reader.unsupported(node, "a set of values that depend on what is differentiated", "use a list")
    return reader.assign(Apply(fn, tuple(operand(reader, a, node) for a in args)), ObjT(fn), False, node)


@builtin(sum)
def read_sum(reader: Reader, fn: Any, args: Args, kwargs: Kwargs, node: Any) -> Value:
    """`sum(xs, start)`: additions from the left."""
    start = kwargs.get("start", args[1] if len(args) > 1 else const(0))
    return fold(reader, lambda a, b: binary(reader, operator.add, a, b, node), args[0], start, node)


def fold(reader: Reader, step: Callable[[Value, Value], Value], source: Value, start: Value | None, node: Any) -> Value:
    """Combine all elements of an iterable, one after the other."""
    if isinstance(source, Iter) and source.kind == "generator":
        return _fold_generator(reader, step, source, start, node)
    items = static_items(reader, source, node)
    if items is None:
        return _fold_loop(reader, step, source, start, node)
    if start is None:
        if not items:
            reader.unsupported(node, "an empty sequence has no first element")
        start, items = items[0], items[1:]
    if items and isinstance(start, Const) and type(start.value) is int and start.value == 0:
        start, items = items[0], items[1:]  # 0 + x is x
    for item in items:
        start = step(start, item)
    return start


def _fold_generator(reader: Reader, step: Callable[[Value, Value], Value], source: Iter, start: Value | None,
                    node: Any) -> Value:
    if is_row(reader, source.args[0]) or start is None:
        return fold(reader, step, as_list_of(reader, source, node), start, node)
    key = "v", reader.frame.id, "%sum"
    reader.state.vars[key] = start
    outer = reader.frame
    reader.frame = reader.all_frames[source.frame]

    def add() -> None:
        value = reader.expr(source.node.elt)
        reader.hint = "%sum"
        reader.state.vars[key] = step(reader.state.vars[key], value)
        reader.hint = ""

    try:
        run(reader, source.node, add, source.args[0])
    finally:
        reader.frame = outer
    return reader.state.vars.pop(key)


def _fold_loop(reader: Reader, step: Callable[[Value, Value], Value], source: Value, start: Value | None,
               node: Any) -> Value:
    if start is None:
        whole = as_dyn(reader, source if not isinstance(source, Ext) else as_runtime(reader, source), node)
        start = get_item(reader, whole, const(0), node)
        source = get_item(reader, whole, Slice(const(1), const(None), const(None)), node)
    key = "v", reader.frame.id, "%sum"
    reader.state.vars[key] = start

    def begin() -> tuple[list[Any], Callable[[], None]]:
        over = walk(reader, source, node)

        def add() -> None:
            reader.state.vars[key] = step(reader.state.vars[key], over.element(reader))
        return over.items, add

    read_loop(reader, node, [], begin)
    return reader.state.vars.pop(key)


@builtin(functools.reduce)
def read_reduce(reader: Reader, fn: Any, args: Args, kwargs: Kwargs, node: Any) -> Value:
    """`functools.reduce(f, xs, start)`."""
    start = args[2] if len(args) > 2 else None
    return fold(reader, lambda a, b: call_value(reader, args[0], (a, b), {}, node), args[1], start, node)


@builtin(functools.partial)
def read_partial(reader: Reader, fn: Any, args: Args, kwargs: Kwargs, node: Any) -> Value:
    """`functools.partial(f, *args)`."""
    return Bound(args[0], tuple(args[1:]), tuple(kwargs.items()))


@builtin(min, max)
def read_extreme(reader: Reader, fn: Any, args: Args, kwargs: Kwargs, node: Any) -> Value:
    """`max(a, b)`, `max(xs, key=f)`: the first of equals, by comparisons as Python makes them."""
    key = kwargs.get("key")
    source = Tup(tuple(args)) if len(args) > 1 else args[0]
    if key is None and isinstance(source, Tup) and all(isinstance(v, Const | Dyn) for v in source.items):
        types = [deep_type(reader, v) for v in source.items]
        if all(isinstance(t, Num | LitT) for t in types) and all(getattr(t, "rank", 0) == 0 for t in types):
            return host(reader, fn, source.items, {}, node)
    if "default" in kwargs and static_items(reader, source, node) == []:
        return kwargs["default"]
    if key is None and isinstance(source, Dyn | Ext) and not is_object(reader, source):
        whole = as_runtime(reader, source) if isinstance(source, Ext) else source
        return host(reader, fn, (whole,), {}, node)
    better = operator.lt if fn is min else operator.gt

    def step(best: Value, new: Value) -> Value:
        a, b = (call_value(reader, key, (v,), {}, node) if key is not None else v for v in (new, best))
        test = compare(reader, better, a, b, node)
        known = truth(reader, test)
        if known is not None:
            return new if known else best
        return branch(reader, test, lambda: (FALL, new), lambda: (FALL, best), "?", node)[1]

    return fold(reader, step, source, None, node)


@builtin(any, all)
def read_any(reader: Reader, fn: Any, args: Args, kwargs: Kwargs, node: Any) -> Value:
    """`any(xs)`, `all(xs)`."""
    source = as_list_of(reader, args[0], node) if isinstance(args[0], Iter) and args[0].kind == "generator" else args[0]
    items = static_items(reader, source, node)
    known = [truth(reader, i) for i in items] if items is not None else [None]
    if None not in known:
        return const(fn(bool(k) for k in known))
    return reader.assign(Apply(fn, (operand(reader, source, node),)), BOOL, False, node)


@builtin(sorted)
def read_sorted(reader: Reader, fn: Any, args: Args, kwargs: Kwargs, node: Any) -> Value:
    """`sorted(xs)`: a list in the order that the primal finds."""
    source = as_list_of(reader, args[0], node) if isinstance(args[0], Iter) and args[0].kind == "generator" else args[0]
    if kwargs.get("key") is not None:
        reader.unsupported(node, "`sorted` with a key is not differentiated", "use np.argsort and an index")
    t = deep_type(reader, as_runtime(reader, source) if isinstance(source, Ext) else source)
    inner = element(t) if not isinstance(t, SeqT | ListT) else _element(t)
    made = host(reader, sorted, (as_runtime(reader, source) if isinstance(source, Ext) else source,), kwargs, node)
    assert isinstance(made, Dyn)
    return Dyn(made.expr, _retyped(reader, made, ListT(inner)), made.varied)


def _element(t: SeqT | ListT) -> Type:
    whole = as_list(t)
    return whole.elem if whole is not None else TOP


def _retyped(reader: Reader, v: Dyn, t: Type) -> Type:
    reader.types[getattr(v.expr, "id", "")] = t
    return t


@builtin(bool)
def read_bool(reader: Reader, fn: Any, args: Args, kwargs: Kwargs, node: Any) -> Value:
    """`bool(x)`."""
    known = truth(reader, args[0]) if args else False
    return const(known) if known is not None else host(reader, bool, args, {}, node)


@builtin(abs)
def read_abs(reader: Reader, fn: Any, args: Args, kwargs: Kwargs, node: Any) -> Value:
    """`abs(x)`."""
    if is_object(reader, args[0]):
        return call_method(reader, args[0], "__abs__", (), {}, node)
    return host(reader, abs, args, {}, node)


@builtin(print, repr, str, format, id, hash, ascii, open, input)
def read_print(reader: Reader, fn: Any, args: Args, kwargs: Kwargs, node: Any) -> Value:
    """Done once, where it stands; what it returns is inactive."""
    parts = tuple(operand(reader, shown(reader, a, node), node) for a in args)
    named = tuple((k, operand(reader, v, node)) for k, v in kwargs.items())
    expr = Apply(fn, parts, named, fn.__name__)
    if fn is print:
        reader.effect(expr, node)
        return const(None)
    return reader.assign(expr, INT if fn in (id, hash) else STR if fn is not open else TOP, False, node)


def shown(reader: Reader, v: Value, node: Any) -> Value:
    """A value as it can be printed: objects with `__repr__` or `__str__` by these, others by their class."""
    if isinstance(v, Obj) and v.cls not in (list, dict):
        for name in ("__str__", "__repr__"):
            if has_method(reader, v, name):
                return call_method(reader, v, name, (), {}, node)
        return const(f"<{v.cls.__name__} object>")
    if isinstance(v, Fn | Bound | Iter):
        return const(f"<{type(v).__name__}>")
    return v


@builtin(exec, eval, compile, locals, globals, vars, __import__)
def read_refused(reader: Reader, fn: Any, args: Args, kwargs: Kwargs, node: Any) -> Value:
    """What looks behind the program's back."""
    if fn is vars and args and isinstance(args[0], Ext | Obj):
        reader.unsupported(node, "`vars` of an object is not followed", "read its attributes by name")
    reader.unsupported(node, f"`{fn.__name__}` is not differentiated", "write the code out")


@builtin(next, iter)
def read_next(reader: Reader, fn: Any, args: Args, kwargs: Kwargs, node: Any) -> Value:
    """`iter` and `next` on inactive iterators only."""
    if any(varied(reader, a) for a in args):
        reader.unsupported(node, f"`{fn.__name__}` on values that depend on what is differentiated", "use a `for` loop")
    return reader.assign(Apply(fn, tuple(operand(reader, a, node) for a in args), (), fn.__name__), TOP, False, node)


@builtin(itertools.chain)
def read_chain(reader: Reader, fn: Any, args: Args, kwargs: Kwargs, node: Any) -> Value:
    """`itertools.chain(a, b)` of known rows."""
    rows = [static_items(reader, a, node) for a in args]
    if any(r is None for r in rows):
        reader.unsupported(node, "`itertools.chain` of something whose length is not known", "use one loop after the other")
    return Tup(tuple(i for r in rows if r is not None for i in r))


@builtin(itertools.product, itertools.combinations, itertools.permutations, itertools.combinations_with_replacement)
def read_combinations(reader: Reader, fn: Any, args: Args, kwargs: Kwargs, node: Any) -> Value:
    """Combinations of known rows."""
    rows: list[Any] = [static_items(reader, _short(a), node) for a in args]
    numbers = [a.value for a in args if isinstance(a, Const) and isinstance(a.value, int)]
    rows = [r for r in rows if r is not None]
    if len(rows) + len(numbers) < len(args):
        reader.unsupported(node, f"`itertools.{fn.__name__}` of something whose length is not known", "use nested loops")
    return Tup(tuple(Tup(tuple(row)) for row in fn(*rows, *numbers)))


def _short(v: Value) -> Value:
    if isinstance(v, Iter) and v.kind == "range" and all(isinstance(a, Const) for a in v.args):
        return Const(range(*[a.value for a in v.args if isinstance(a, Const)]), Lit(None))
    return v


@builtin(divmod)
def read_divmod(reader: Reader, fn: Any, args: Args, kwargs: Kwargs, node: Any) -> Value:
    """`divmod(a, b)`: the quotient and the remainder."""
    quotient = binary(reader, operator.floordiv, args[0], args[1], node)
    return Tup((quotient, binary(reader, operator.mod, args[0], args[1], node)))

