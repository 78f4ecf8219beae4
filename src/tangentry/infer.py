"""The type of a function's result, from the types of its arguments.

Three sources, in this order: a declared `result`, the rule of broadcasting for elementwise functions, and a probe: the
function is run on small dummies, of which only kind, dtype and rank are believed, never the extents.
"""
from __future__ import annotations

import math
import operator
from collections.abc import Sequence
from typing import Any

import numpy as np

from .rules import registry
from .types import (
    ANY, BOOL, BOTTOM, FLOAT, INT, NONE, TOP, Bottom, ListT, LitT, MaybeT, Num, ObjT, SeqT, SliceT, Top, Type, broadcast,
    fresh_dim, join, type_of, widen)

COMPARISONS = {operator.lt, operator.le, operator.gt, operator.ge, operator.eq, operator.ne}
OPERATORS = {operator.add, operator.sub, operator.mul, operator.truediv, operator.floordiv, operator.mod, operator.pow,
             operator.neg, operator.pos, operator.abs, operator.and_, operator.or_, operator.xor, operator.invert,
             operator.lshift, operator.rshift, *COMPARISONS}
NOT_ELEMENTWISE = {np.matmul, np.vecdot, getattr(np, "matvec", None), getattr(np, "vecmat", None)}
_dtypes: dict[Any, tuple[str, ...]] = {}
_probes: dict[Any, Type] = {}


def infer(fn: Any, args: Sequence[Type], kwargs: dict[str, Type]) -> Type:
    """The type of `fn(*args, **kwargs)`; Top where nothing can be said."""
    if any(type(a) is Bottom or (type(a) is SeqT and any(type(i) is Bottom for i in a.items)) for a in args):
        return BOTTOM
    rule = registry.find(fn)
    if rule is not None and rule.result is not None:
        try:
            found: Type = rule.result(*map(plain, args), **{k: plain(v) for k, v in kwargs.items()})
            return found
        except (TypeError, ValueError, IndexError, AttributeError):
            return TOP
    if fn in OPERATORS or (isinstance(fn, np.ufunc) and fn not in NOT_ELEMENTWISE):
        return elementwise(fn, [strip(a) for a in args], kwargs)
    if getattr(fn, "__module__", None) == "math":
        return _math(fn, args)
    return probe(fn, args, kwargs) if rule is not None else TOP


def plain(t: Type) -> Any:
    """A literal as its value, everything else as its type: what `result` rules are called with."""
    if type(t) is SeqT and t.items and t.cls in (tuple, list) and all(type(i) is LitT for i in t.items):
        return t.cls(plain(i) for i in t.items)
    return t.value if type(t) is LitT else t


def strip(t: Type) -> Type:
    """Where a value is used as a number, None is out of the question."""
    return t.inner if type(t) is MaybeT else t


def as_num(t: Any) -> Num:
    """The type of `np.asarray(…)` of something, as far as it is numeric."""
    if not isinstance(t, Num | LitT | SeqT | ListT | MaybeT | Top | ObjT | SliceT):
        t = type_of(t)
    t = strip(widen(t))
    if type(t) is Num:
        return t
    if type(t) is SeqT:
        items = [as_num(i) for i in t.items]
        inner: Type = BOTTOM
        for item in items:
            inner = join(inner, item)
        return _stacked(inner, len(items), items)
    if type(t) is ListT:
        return _stacked(t.elem, fresh_dim(), [as_num(t.elem)])
    return ANY


def _stacked(inner: Type, count: Any, items: list[Num]) -> Num:
    if type(inner) is Bottom:
        return Num("array", "d", (count,))
    elem = as_num(inner)
    dtype = elem.dtype or result_dtype(items)
    return Num("array", dtype, None if elem.dims is None else (count, *elem.dims))


def result_dtype(items: Sequence[Num]) -> str:
    """NumPy's promotion of several dtypes; "" where one is not known."""
    if not items or any(not i.dtype for i in items):
        return ""
    return str(np.result_type(*[np.dtype(i.dtype) if i.kind != "py" else _SAMPLES[i.dtype] for i in items]).char)


_SAMPLES: dict[str, Any] = {"?": True, "l": 1, "d": 1.0, "D": 1.0 + 0j}


def sample(t: Num) -> Any:
    """A value of the type's kind and dtype (for arrays: of one element)."""
    if t.kind == "py":
        return _SAMPLES[t.dtype]
    dtype = np.dtype(t.dtype)
    return np.ones((1,) * (t.rank or 0), dtype) if t.rank else dtype.type(1)


def elementwise(fn: Any, args: Sequence[Type], kwargs: dict[str, Type]) -> Type:
    """The rule of broadcasting: extents by NumPy's rule, dtype by trying it on one element."""
    if any(type(a) in (SeqT, ListT) for a in args) and isinstance(fn, np.ufunc):
        args = [as_num(a) for a in args]
    nums = [n for n in map(widen, args) if type(n) is Num]
    if len(nums) < len(args):
        return BOOL if fn in COMPARISONS and not any(type(a) is Top for a in args) else _unknown(fn, args)
    dims = broadcast(*(n.dims for n in nums))
    dtypes = _result_dtypes(fn, nums, kwargs)
    results = tuple(Num(_kind(fn, nums, dims), d, dims) for d in dtypes)
    return results[0] if len(results) == 1 else SeqT(results)


def _unknown(fn: Any, args: Sequence[Type]) -> Type:
    if all(type(a) in (Top, Num, LitT) for a in args):
        return Num("any", "?", None) if fn in COMPARISONS else ANY
    return TOP


def _kind(fn: Any, nums: Sequence[Num], dims: Any) -> str:
    kinds = {n.kind for n in nums}
    if dims is None:
        return "any" if "any" in kinds or any(n.kind == "array" and n.dims is None for n in nums) else "array"
    if dims:
        return "array"
    if isinstance(fn, np.ufunc) or kinds & {"np", "array"}:
        return "np"
    return "scalar" if "scalar" in kinds else "py"


def _result_dtypes(fn: Any, nums: Sequence[Num], kwargs: dict[str, Type]) -> tuple[str, ...]:
    wanted = kwargs.get("dtype")
    if type(wanted) is LitT and wanted.value is not None:
        return (np.dtype(wanted.value).char,)
    if any(not n.dtype or n.kind in ("scalar", "any") for n in nums):
        return ("?",) if fn in COMPARISONS else _unsure(fn, nums)
    key = fn, tuple((n.kind == "py", n.dtype, bool(n.dims)) for n in nums)
    found = _dtypes.get(key)
    if found is None:
        with np.errstate(all="ignore"):
            try:
                value = fn(*map(sample, nums))
            except (TypeError, ValueError, ZeroDivisionError):
                value = None
        values = value if isinstance(value, tuple) else (value,)
        found = _dtypes[key] = tuple(_char(v) for v in values)
    return found


def _unsure(fn: Any, nums: Sequence[Num]) -> tuple[str, ...]:
    """Kinds that are not sure: the dtype is, where every operand has it and the function keeps it."""
    known = {n.dtype for n in nums}
    dtype = known.pop() if len(known) == 1 and "d" in known else ""
    return (dtype,) * (fn.nout if isinstance(fn, np.ufunc) else 1)


def _char(value: Any) -> str:
    t = widen(type_of(value)) if value is not None else ANY
    return t.dtype if type(t) is Num else ""


_MATH_TYPES: dict[Any, Type] = {
    **dict.fromkeys((math.floor, math.ceil, math.trunc, math.gcd, math.lcm, math.comb, math.perm, math.factorial,
                     math.isqrt), INT),
    **dict.fromkeys((math.isnan, math.isinf, math.isfinite, math.isclose), BOOL),
    math.frexp: SeqT((FLOAT, INT)), math.modf: SeqT((FLOAT, FLOAT))}


def _math(fn: Any, args: Sequence[Type]) -> Type:
    return _MATH_TYPES.get(fn, FLOAT)


def probe(fn: Any, args: Sequence[Type], kwargs: dict[str, Type]) -> Type:
    """Run the function on dummies; every extent of the result is taken as unknown."""
    try:
        key = fn, tuple(map(_probe_key, args)), tuple((k, _probe_key(v)) for k, v in sorted(kwargs.items()))
        if key not in _probes:
            with np.errstate(all="ignore"):
                value = fn(*map(dummy, args), **{k: dummy(v) for k, v in kwargs.items()})
            _probes[key] = type_of(value)
        return _opaque(_probes[key])
    except Exception:  # whatever a function does with dummies says nothing about the program
        return TOP


def _probe_key(t: Type) -> Any:
    if type(t) is Num:
        return t.kind, t.dtype, t.rank, tuple(d == 1 for d in t.dims or ())
    if type(t) is LitT:
        return type(t.value), repr(t.value)
    if type(t) is SeqT:
        return t.cls, tuple(map(_probe_key, t.items))
    raise TypeError


def dummy(t: Type) -> Any:
    """A value of a type for a probe: arrays of 3 in each direction, square and well conditioned."""
    if type(t) is LitT:
        return t.value
    if type(t) is SeqT:
        return t.cls(map(dummy, t.items)) if t.cls in (tuple, list) else t.cls(*map(dummy, t.items))
    if type(t) is SliceT:
        return slice(dummy(t.start), dummy(t.stop), dummy(t.step))
    if type(t) is not Num or t.dims is None or not t.dtype:
        raise TypeError
    if t.kind != "array":
        return sample(t)
    shape = tuple(1 if d == 1 else 3 for d in t.dims)
    values = 0.5 + np.arange(math.prod(shape)).reshape(shape) % 7
    if len(shape) >= 2 and shape[-1] == shape[-2]:
        values = values + 10 * np.eye(shape[-1])
    return values.astype(t.dtype)


def _opaque(t: Type) -> Type:
    """A probed type without its extents."""
    if type(t) is Num and t.dims:
        return Num(t.kind, t.dtype, tuple(fresh_dim() for _ in t.dims))
    if type(t) is SeqT:
        return SeqT(tuple(map(_opaque, t.items)), t.cls)
    return NONE if t == NONE else t
