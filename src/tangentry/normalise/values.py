"""What a Python variable holds while a program is read: a run-time value with a type, or something already known.

Only `Dyn` stands for a run-time value. Tuples, small lists, local functions, objects made by the program and lazy
iterables are followed as they are, so that they leave no trace in the generated program unless they have to.
"""
from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from ..prims import make_dict, make_list, make_tuple
from ..program import UNDEF, Apply, Expr, Lit, Name, Ref
from ..types import BOTTOM, DictT, LitT, ObjT, SeqT, SliceT, Top, Type, type_of


@dataclass(frozen=True, slots=True)
class Dyn:
    """A run-time value. `varied`: it depends on what is differentiated (as far as is known while reading)."""

    expr: Expr
    type: Type
    varied: bool = False


@dataclass(frozen=True, slots=True)
class Const:
    """A known object: a literal (Lit), or a function, class or module as the program spells it (Ref)."""

    value: Any
    expr: Expr


@dataclass(frozen=True, slots=True)
class Tup:
    """A tuple (or namedtuple) whose items are known one by one; also the contents of a list that is followed."""

    items: tuple[Value, ...]
    cls: type = tuple


@dataclass(frozen=True, slots=True)
class Rec:
    """The contents of a dict or an object that is followed: keys and values."""

    keys: tuple[Any, ...]
    values: tuple[Value, ...]

    def get(self, key: Any) -> Value | None:
        for k, v in zip(self.keys, self.values, strict=True):
            if type(k) is type(key) and k == key:
                return v
        return None

    def set(self, key: Any, value: Value) -> Rec:
        if self.get(key) is None:
            return Rec((*self.keys, key), (*self.values, value))
        return Rec(self.keys, tuple(value if k == key else v for k, v in zip(self.keys, self.values, strict=True)))

    def without(self, key: Any) -> Rec:
        kept = [(k, v) for k, v in zip(self.keys, self.values, strict=True) if k != key]
        return Rec(tuple(k for k, _ in kept), tuple(v for _, v in kept))


@dataclass(frozen=True, slots=True)
class Obj:
    """A mutable object made by the program and followed by the reader; its contents are in the state's heap."""

    id: int
    cls: type
    site: Any = field(compare=False, default=None)


@dataclass(frozen=True, slots=True)
class Box:
    """A followed object as a carry of a loop: its contents travel with it. Only in the templates of `loops.py`."""

    obj: Obj
    content: Value


@dataclass(frozen=True, slots=True)
class Ext:
    """A container or object that came from outside, found at `expr`; `value` is the live one of the first call."""

    expr: Expr
    value: Any = field(compare=False)
    varied: bool = False


@dataclass(frozen=True, slots=True)
class Fn:
    """A function or lambda that the program itself defines, with the frame whose variables it sees."""

    node: Any
    frame: int
    name: str
    defaults: tuple[Value, ...] = ()
    kw_defaults: tuple[tuple[str, Value], ...] = ()


@dataclass(frozen=True, slots=True)
class Bound:
    """A function with its first arguments (a method, a partial)."""

    function: Value
    args: tuple[Value, ...]
    kwargs: tuple[tuple[str, Value], ...] = ()


@dataclass(frozen=True, slots=True)
class Iter:
    """A lazy iterable: `range enumerate zip reversed map filter items keys values`, or a generator expression."""

    kind: str
    args: tuple[Value, ...]
    node: Any = None
    frame: int = 0


@dataclass(frozen=True, slots=True)
class Slice:
    start: Value
    stop: Value
    step: Value


@dataclass(frozen=True, slots=True)
class Choice:
    """One of two followed values, by a test that the program evaluates."""

    test: Dyn
    then: Value
    orelse: Value


@dataclass(frozen=True, slots=True)
class Unbound:
    """No value: the variable is not bound on this path, or `why` it cannot be followed any longer."""

    why: str = ""


Value = Dyn | Const | Tup | Rec | Obj | Box | Ext | Fn | Bound | Iter | Slice | Choice | Unbound
UNBOUND = Unbound()
NONE_VALUE = Const(None, Lit(None))


def const(value: Any) -> Const:
    """A literal."""
    return Const(value, Lit(value))


def type_of_value(v: Value) -> Type:
    """The type of a value."""
    match v:
        case Dyn(type=t):
            return t
        case Const(value=value):
            return LitT(value)
        case Tup(items=items, cls=cls):
            return SeqT(tuple(map(type_of_value, items)), cls)
        case Slice(start=a, stop=b, step=c):
            return SliceT(type_of_value(a), type_of_value(b), type_of_value(c))
        case Ext(value=value):
            return type_of(value)
        case Unbound():
            return BOTTOM
        case Rec(values=values):
            return DictT(BOTTOM) if not values else Top()
        case Obj(cls=cls):
            return ObjT(cls)
    return ObjT(object)


def is_varied(v: Value) -> bool:
    """Does any part of the value depend on what is differentiated (as far as the value itself tells)?"""
    match v:
        case Dyn(varied=varied) | Ext(varied=varied):
            return varied
        case Tup(items=items):
            return any(map(is_varied, items))
        case Rec(values=values):
            return any(map(is_varied, values))
        case Slice(start=a, stop=b, step=c):
            return is_varied(a) or is_varied(b) or is_varied(c)
        case Bound(function=f, args=args, kwargs=kwargs):
            return is_varied(f) or any(map(is_varied, args)) or any(is_varied(k) for _, k in kwargs)
        case Iter(args=args):
            return any(map(is_varied, args))
    return False


def plain_operand(v: Value) -> Expr | None:
    """The expression of a value that needs no look at the heap, else None."""
    match v:
        case Dyn(expr=expr) | Const(expr=expr) | Ext(expr=expr):
            return expr
        case Unbound():
            return UNDEF
        case Tup(items=items, cls=cls):
            parts = [plain_operand(i) for i in items]
            if any(p is None for p in parts):
                return None
            make = make_tuple if cls is tuple else make_list if cls is list else None
            return Apply(make or cls, tuple(p for p in parts if p is not None), (), Ref(cls, cls.__name__) if not make else "")
        case Slice(start=a, stop=b, step=c):
            ends = [plain_operand(p) for p in (a, b, c)]
            return None if any(e is None for e in ends) else Apply(slice, tuple(e for e in ends if e is not None))
        case Rec(keys=keys, values=values):
            parts = [plain_operand(i) for i in values]
            if any(p is None for p in parts):
                return None
            return Apply(make_dict, tuple(e for k, p in zip(keys, parts, strict=True) for e in (Lit(k), p) if e is not None))
    return None


def names_of(v: Value) -> list[str]:
    """The run-time names that a value stands on."""
    match v:
        case Dyn(expr=Name(id=id)):
            return [id]
        case Tup(items=items):
            return [n for i in items for n in names_of(i)]
        case Rec(values=values):
            return [n for i in values for n in names_of(i)]
        case Box(content=content):
            return names_of(content)
    return []
