"""What is known of a value before the program runs: kind, dtype, rank, and of each extent whether it can be 1.

The fact that removes an `unbroadcast` is "is not 1", not "is equal": where neither of two extents is 1, NumPy itself
raises unless they are equal. Sizes are never part of a type, so a new shape costs nothing.
"""
from __future__ import annotations

import itertools
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

_ids = itertools.count(1)


@dataclass(frozen=True, slots=True)
class Extent:
    """An extent that is not known, plus a known offset (`x[1:]` of `n` has `n - 1`)."""

    id: int
    offset: int = 0
    non1: bool = False


Dim = int | Extent


def fresh_dim(non1: bool = False) -> Extent:
    return Extent(next(_ids), 0, non1)


def is_non1(dim: Dim) -> bool:
    """Is the extent known to differ from 1?"""
    return dim != 1 if isinstance(dim, int) else dim.non1


@dataclass(frozen=True, slots=True)
class Num:
    """A number or an array of numbers.

    `kind`: `py` (Python number), `np` (NumPy scalar), `scalar` (one of the two), `array`, or `any` (not known which).
    `dtype`: NumPy's character, or "" where it is not known; Python's float is `d`. `dims`: None where the rank is not
    known. `value`: an integer that is known to be an extent.
    """

    kind: str
    dtype: str = ""
    dims: tuple[Dim, ...] | None = ()
    value: Dim | None = None

    @property
    def rank(self) -> int | None:
        return None if self.dims is None else len(self.dims)


@dataclass(frozen=True, slots=True, eq=False)
class LitT:
    """One known value (a literal number, None, a bool, a string, a dtype, a function …)."""

    value: Any

    def __eq__(self, other: object) -> bool:
        return type(other) is LitT and same_constant(self.value, other.value)

    def __hash__(self) -> int:
        return hash(type(self.value))


@dataclass(frozen=True, slots=True)
class SeqT:
    """A tuple, list or namedtuple with a known number of items."""

    items: tuple[Type, ...]
    cls: type = tuple


@dataclass(frozen=True, slots=True)
class ListT:
    """A list (or tuple) of unknown length whose elements have one type."""

    elem: Type
    cls: type = list


@dataclass(frozen=True, slots=True)
class DictT:
    """A dict whose values have one type."""

    elem: Type


@dataclass(frozen=True, slots=True)
class ObjT:
    """An instance of a class about whose attributes nothing is known; never differentiated through."""

    cls: type


@dataclass(frozen=True, slots=True)
class SliceT:
    start: Type
    stop: Type
    step: Type


@dataclass(frozen=True, slots=True)
class MaybeT:
    """None, or a value of type `inner`."""

    inner: Type


@dataclass(frozen=True, slots=True)
class Top:
    """Nothing is known."""


@dataclass(frozen=True, slots=True)
class Bottom:
    """No value: the result of a call that has not returned yet (recursion), or of a path that is not taken."""


Type = Num | LitT | SeqT | ListT | DictT | ObjT | SliceT | MaybeT | Top | Bottom

TOP, BOTTOM = Top(), Bottom()
FLOAT, INT, BOOL, COMPLEX = Num("py", "d"), Num("py", "l"), Num("py", "?"), Num("py", "D")
ANY = Num("any", "", None)
NONE = LitT(None)
STR = ObjT(str)
REAL, COMPLEX_CHARS = "efdg", "FDG"
_PY_ORDER = "?ldD"


def same_constant(a: Any, b: Any) -> bool:
    """Identity, or for plain values the same type and representation."""
    if a is b:
        return True
    return type(a) is type(b) and isinstance(a, bool | int | float | complex | str | bytes) and repr(a) == repr(b)


def is_active_dtype(dtype: str) -> bool:
    """Can a value of this dtype carry a derivative?"""
    return dtype == "" or dtype in REAL or dtype in COMPLEX_CHARS


def can_be_active(t: Type) -> bool:
    """Can a value of this type carry a derivative?"""
    match t:
        case Num(dtype=dtype):
            return is_active_dtype(dtype)
        case SeqT(items=items):
            return any(map(can_be_active, items))
        case ListT(elem=inner) | DictT(elem=inner) | MaybeT(inner=inner):
            return can_be_active(inner)
        case Top() | Bottom():  # nothing is known of it (yet)
            return True
    return False


def type_of(value: Any) -> Type:
    """The type of a live object: what a signature records of an argument."""
    kind = type(value)
    if kind is float:
        return FLOAT
    if kind is np.ndarray:
        return array_type(value)
    if value is None or kind is bool or kind is str:
        return LitT(value)
    if kind is int:
        return INT
    if kind is complex:
        return COMPLEX
    if isinstance(value, np.number | np.bool_):
        return Num("np", value.dtype.char)
    if kind is tuple or kind is list or (isinstance(value, tuple) and hasattr(value, "_fields")):
        return SeqT(tuple(map(type_of, value)), kind)
    if callable(value):
        return LitT(value)
    return ObjT(kind)


def array_type(value: np.ndarray[Any, Any]) -> Type:
    """The type of an array; each extent that is not 1 becomes a symbol."""
    if value.dtype.kind not in "biufc":
        return ObjT(np.ndarray)
    return Num("array", value.dtype.char, tuple(1 if n == 1 else fresh_dim(True) for n in value.shape))


def widen(t: Type) -> Type:
    """The type of a literal's kind: what it becomes where it meets another value."""
    if type(t) is LitT and isinstance(t.value, bool | int | float | complex):
        wide = type_of(t.value)
        return BOOL if type(wide) is LitT else wide
    if type(t) is LitT and isinstance(t.value, str):
        return STR
    return t


def join_dim(a: Dim, b: Dim) -> Dim:
    """An extent that is either."""
    return a if a == b else fresh_dim(is_non1(a) and is_non1(b))


def join(a: Type, b: Type) -> Type:
    """The least type that holds both (what a variable has behind a branch)."""
    if a == b:
        return a
    if type(a) is Bottom:
        return b
    if type(b) is Bottom:
        return a
    if a == NONE or b == NONE or type(a) is MaybeT or type(b) is MaybeT:
        return _join_maybe(a, b)
    a, b = widen(a), widen(b)
    if type(a) is Num and type(b) is Num:
        return _join_num(a, b)
    if type(a) is SeqT and type(b) is SeqT and a.cls is b.cls and len(a.items) == len(b.items):
        return SeqT(tuple(map(join, a.items, b.items)), a.cls)
    left, right = as_list(a), as_list(b)
    if left is not None and right is not None and left.cls is right.cls:
        return ListT(join(left.elem, right.elem), left.cls)
    if type(a) is DictT and type(b) is DictT:
        return DictT(join(a.elem, b.elem))
    return a if a == b else TOP


def _join_maybe(a: Type, b: Type) -> Type:
    inner = join(_strip(a), _strip(b))
    return NONE if type(inner) is Bottom else inner if type(inner) is Top else MaybeT(inner)


def _strip(t: Type) -> Type:
    return BOTTOM if t == NONE else t.inner if type(t) is MaybeT else t


def as_list(t: Type) -> ListT | None:
    """A sequence seen as one of unknown length."""
    if type(t) is ListT:
        return t
    if type(t) is SeqT and t.cls in (tuple, list):
        elem: Type = BOTTOM
        for item in t.items:
            elem = join(elem, item)
        return ListT(elem, t.cls)
    return None


def _join_num(a: Num, b: Num) -> Num:
    if a.kind == b.kind == "py":
        return Num("py", max(a.dtype, b.dtype, key=_PY_ORDER.find) if a.dtype and b.dtype else "")
    dtype = a.dtype if a.dtype == b.dtype else ""
    scalars = ("py", "np", "scalar")
    if a.kind in scalars and b.kind in scalars:
        return Num(a.kind if a.kind == b.kind else "scalar", dtype)
    if a.kind == b.kind == "array":
        if a.dims is None or b.dims is None or len(a.dims) != len(b.dims):
            return Num("array", dtype, None)
        return Num("array", dtype, tuple(map(join_dim, a.dims, b.dims)))
    return Num("any", dtype, None)


def broadcast_dim(a: Dim, b: Dim) -> Dim:
    """The extent of two that NumPy broadcasts against each other."""
    if a == b or b == 1:
        return a
    if a == 1:
        return b
    if is_non1(a):
        return a  # the other one is 1 or equal
    return b if is_non1(b) else fresh_dim()


def broadcast(*shapes: tuple[Dim, ...] | None) -> tuple[Dim, ...] | None:
    """The extents of an elementwise result; None where a rank is not known."""
    known = [s for s in shapes if s is not None]
    if len(known) < len(shapes):
        return None
    rank = max(map(len, known), default=0)
    result: list[Dim] = []
    for axis in range(-rank, 0):
        extents = [s[axis] for s in known if len(s) >= -axis]
        extent = extents[0]
        for other in extents[1:]:
            extent = broadcast_dim(extent, other)
        result.append(extent)
    return tuple(result)


def shift(dim: Dim, by: int) -> Dim:
    """The extent plus a constant."""
    if isinstance(dim, int):
        return max(dim + by, 0)
    return dim if by == 0 else replace(dim, offset=dim.offset + by, non1=False)


def same_type(a: Type, b: Type) -> bool:
    """Equal, but for the identity of unknown extents."""
    if type(a) is Num and type(b) is Num:
        return (a.kind, a.dtype, a.rank, _ones(a)) == (b.kind, b.dtype, b.rank, _ones(b))
    if type(a) is SeqT and type(b) is SeqT:
        return a.cls is b.cls and len(a.items) == len(b.items) and all(map(same_type, a.items, b.items))
    if isinstance(a, ListT | DictT | MaybeT):
        inner = getattr(b, "elem", None) or getattr(b, "inner", None)
        own = a.inner if isinstance(a, MaybeT) else a.elem
        return type(a) is type(b) and inner is not None and same_type(own, inner)
    return a == b


def _ones(t: Num) -> list[int]:
    return [1 if d == 1 else 2 if is_non1(d) else 0 for d in t.dims or ()]


def holds(x: Any, t: Type) -> bool:
    """Is `x` a value of the type (or one that behaves like it)?"""
    if isinstance(t, ListT | SeqT):
        if type(x) not in (list, tuple):
            return False
        if isinstance(t, SeqT):
            return len(x) == len(t.items) and all(map(holds, x, t.items))
        return all(holds(v, t.elem) for v in x)
    if isinstance(t, DictT):
        return isinstance(x, dict) and all(holds(v, t.elem) for v in x.values())
    own = widen(type_of(x))
    if isinstance(t, MaybeT):
        return x is None or holds(x, t.inner)
    return same_type(own, t) or same_type(join(t, own), t)
