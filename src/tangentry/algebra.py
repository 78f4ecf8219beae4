"""Constructors that fold at birth: ±1, zero, equal addends, quotients of one, powers of two.

They build the lines that Tangentry writes, never the user's: folding a user's line could change its value. Constants
are regrouped only by powers of two, which is exact.
"""
from __future__ import annotations

import math
import operator
from collections.abc import Callable
from typing import Any

import numpy as np

from .infer import infer
from .prims import make_list, make_tuple
from .program import Apply, Expr, Lit, Name, Ref
from .types import REAL, LitT, Num, SeqT, SliceT, Type, type_of


class Symbol:
    """A typed expression: what a rule is called with instead of a number.

    `mask`: it is zero wherever this condition fails, so that products with it must not make nan of 0 · inf.
    It answers operators, `__array_ufunc__` and `__array_function__` (NEP 13 and 18) by building the expression.
    """

    __slots__ = ("expr", "mask", "type")
    __hash__ = None  # type: ignore[assignment]

    def __init__(self, expr: Expr, type: Type, mask: Symbol | None = None) -> None:
        self.expr, self.type, self.mask = expr, type, mask

    # what a rule may ask while the code is written
    @property
    def rank(self) -> int | None:
        return self.type.rank if isinstance(self.type, Num) else 0 if _is_number_literal(self.type) else None

    @property
    def dims(self) -> Any:
        return self.type.dims if isinstance(self.type, Num) else () if _is_number_literal(self.type) else None

    @property
    def dtype(self) -> str:
        return self.type.dtype if isinstance(self.type, Num) else ""

    @property
    def is_scalar(self) -> bool:
        """A number for certain."""
        return (isinstance(self.type, Num) and self.type.dims == ()) or _is_number_literal(self.type)

    @property
    def is_array(self) -> bool:
        """An array for certain."""
        return isinstance(self.type, Num) and self.type.kind == "array"

    def __repr__(self) -> str:
        return f"Symbol({self.expr!r}: {self.type!r})"

    def __bool__(self) -> bool:
        raise NotSymbolic("a rule branches on a value")

    def __iter__(self) -> Any:
        if isinstance(self.type, SeqT):
            return iter([self[i] for i in range(len(self.type.items))])
        raise NotSymbolic("a rule iterates over a value")

    def __float__(self) -> float:
        raise NotSymbolic("a rule asks for a number")

    __int__ = __index__ = __complex__ = __float__  # type: ignore[assignment]

    def __array_ufunc__(self, ufunc: Any, method: str, *args: Any, **kwargs: Any) -> Symbol:
        return apply(ufunc if method == "__call__" else getattr(ufunc, method), *args, **kwargs)

    def __array_function__(self, fn: Any, types: Any, args: Any, kwargs: Any) -> Symbol:
        return apply(fn, *args, **kwargs)

    def __getitem__(self, index: Any) -> Symbol:
        return outside(self, lambda x: apply(operator.getitem, x, index))

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        if name in ("shape", "ndim", "size"):
            return apply(getattr, self, name)
        return _Method(self, name)

    @property
    def T(self) -> Symbol:
        return apply(np.transpose, self, form_=".T")

    def __add__(self, other: Any) -> Symbol: return add(self, other)
    def __radd__(self, other: Any) -> Symbol: return add(other, self)
    def __sub__(self, other: Any) -> Symbol: return sub(self, other)
    def __rsub__(self, other: Any) -> Symbol: return sub(other, self)
    def __mul__(self, other: Any) -> Symbol: return mul(self, other)
    def __rmul__(self, other: Any) -> Symbol: return mul(other, self)
    def __truediv__(self, other: Any) -> Symbol: return div(self, other)
    def __rtruediv__(self, other: Any) -> Symbol: return div(other, self)
    def __pow__(self, other: Any) -> Symbol: return power(self, other)
    def __rpow__(self, other: Any) -> Symbol: return power(other, self)
    def __neg__(self) -> Symbol: return neg(self)
    def __pos__(self) -> Symbol: return self
    def __abs__(self) -> Symbol: return apply(abs, self)
    def __matmul__(self, other: Any) -> Symbol: return apply(operator.matmul, self, other)
    def __rmatmul__(self, other: Any) -> Symbol: return apply(operator.matmul, other, self)
    def __mod__(self, other: Any) -> Symbol: return apply(operator.mod, self, other)
    def __floordiv__(self, other: Any) -> Symbol: return apply(operator.floordiv, self, other)
    def __rfloordiv__(self, other: Any) -> Symbol: return apply(operator.floordiv, other, self)
    def __and__(self, other: Any) -> Symbol: return apply(operator.and_, self, other)
    def __or__(self, other: Any) -> Symbol: return apply(operator.or_, self, other)
    def __invert__(self) -> Symbol: return apply(operator.invert, self)
    def __lt__(self, other: Any) -> Symbol: return apply(operator.lt, self, other)
    def __le__(self, other: Any) -> Symbol: return apply(operator.le, self, other)
    def __gt__(self, other: Any) -> Symbol: return apply(operator.gt, self, other)
    def __ge__(self, other: Any) -> Symbol: return apply(operator.ge, self, other)
    def __eq__(self, other: Any) -> Symbol: return apply(operator.eq, self, other)  # type: ignore[override]
    def __ne__(self, other: Any) -> Symbol: return apply(operator.ne, self, other)  # type: ignore[override]


def _is_number_literal(t: Type) -> bool:
    return type(t) is LitT and isinstance(t.value, bool | int | float | complex)


class NotSymbolic(Exception):
    """A rule cannot be written out, because it looks at a value: it is called when the program runs."""


class _Method:
    """`symbol.sum(…)` in a rule: the NumPy function of that name, spelled as a method."""

    def __init__(self, receiver: Symbol, name: str) -> None:
        self.receiver, self.name = receiver, name

    def __call__(self, *args: Any, **kwargs: Any) -> Symbol:
        form = "." + self.name if self.receiver.is_array else ""
        fn = getattr(np, self.name)
        if fn in (np.sum, np.reshape):
            return outside(self.receiver, lambda x: apply(fn, x, *args, form_=form, **kwargs))
        return apply(fn, self.receiver, *args, form_=form, **kwargs)


def outside(x: Symbol, linear: Callable[[Symbol], Symbol]) -> Symbol:
    """A linear function of -x or 2 * x, with the sign or number outside."""
    inner = _negated(x)
    if inner is not None:
        return neg(outside(inner, linear))
    parts = _parts(x, operator.mul)
    if parts is not None and number(parts[0]) is not None and isinstance(x.type, Num) and x.type.kind == "array":
        return mul(parts[0], linear(parts[1]))
    return linear(x)


def lift(value: Any) -> Symbol:
    """Anything as a symbol: numbers become literals, tuples, lists and slices expressions."""
    if isinstance(value, Symbol):
        return value
    if isinstance(value, slice):
        parts = [lift(v) for v in (value.start, value.stop, value.step)]
        return Symbol(Apply(slice, tuple(p.expr for p in parts)), SliceT(*(p.type for p in parts)))
    if type(value) in (tuple, list):
        items = [lift(v) for v in value]
        make = make_tuple if type(value) is tuple else make_list
        return Symbol(Apply(make, tuple(i.expr for i in items)), SeqT(tuple(i.type for i in items), type(value)))
    if isinstance(value, bool | int | float | complex | str | None):
        return Symbol(Lit(value), LitT(value))
    if value is Ellipsis:
        return Symbol(Lit(value), LitT(value))
    return Symbol(Ref(value), LitT(value) if callable(value) else type_of(value))


def apply(fn: Any, *args: Any, form_: str = "", **kwargs: Any) -> Symbol:
    """The expression `fn(*args, **kwargs)` with its type."""
    operands = [lift(a) for a in args]
    keywords = {k: lift(v) for k, v in kwargs.items()}
    found = infer(fn, [o.type for o in operands], {k: v.type for k, v in keywords.items()})
    expr = Apply(fn, tuple(o.expr for o in operands), tuple((k, v.expr) for k, v in keywords.items()), form_)
    return Symbol(expr, found)


ZERO = Symbol(Lit(0.0), LitT(0.0))


def number(x: Symbol) -> Any:
    """The value of a literal number, else None."""
    value = x.expr.value if type(x.expr) is Lit else None
    return value if type(value) in (int, float, complex) else None


def is_zero(x: Any) -> bool:
    """A zero that stands in the text."""
    value = number(lift(x))
    return value is not None and value == 0


def _negated(x: Symbol) -> Symbol | None:
    """y, where x is written -y."""
    if type(x.expr) is Apply and x.expr.fn is operator.neg:
        return Symbol(x.expr.args[0], x.type)
    return None


def _parts(x: Symbol, fn: Any) -> tuple[Symbol, Symbol] | None:
    """Both operands of a binary operation on a literal and something, with a literal first."""
    if type(x.expr) is Apply and x.expr.fn is fn and type(x.expr.args[0]) is Lit:
        literal = x.expr.args[0]
        return Symbol(literal, LitT(literal.value)), Symbol(x.expr.args[1], x.type)
    return None


def _is_float(x: Symbol) -> bool:
    """Is it safe to drop a factor of 1.0: is the value certainly no integer or bool?"""
    if type(x.type) is LitT:
        return type(x.type.value) in (float, complex)
    return isinstance(x.type, Num) and (x.type.dtype == "" or x.type.dtype in REAL or x.type.dtype in "FDG")


def _exact(a: Any, b: Any) -> bool:
    """May two factors be multiplied now: is one a power of two?"""
    return any(isinstance(v, int | float) and v != 0 and math.isfinite(v) and abs(math.frexp(v)[0]) == 0.5
               for v in (a, b))


def mul(a: Any, b: Any) -> Symbol:
    """`a * b`."""
    a, b = lift(a), lift(b)
    if is_zero(a) or is_zero(b):
        return ZERO
    m, n = number(a), number(b)
    if m is not None and n is not None:
        return lift(m * n)
    for x, y in ((a, b), (b, a)):
        if x.mask is not None:
            return masked(x.mask, mul(unmasked(x), y))
    if n is not None:
        a, b, m, n = b, a, n, m
    if m is not None:
        return _scale(a, m, b)
    for x, y in ((a, b), (b, a)):
        inner = _negated(x)
        if inner is not None:
            return neg(mul(inner, y) if x is a else mul(y, inner))
    return _product(a, b)


def _scale(a: Symbol, m: Any, b: Symbol) -> Symbol:
    if m == 1 and _is_float(b):
        return b
    if m == -1 and _is_float(b):
        return neg(b)
    inner = _negated(b)
    if inner is not None:
        return mul(lift(-m), inner)
    parts = _parts(b, operator.mul)
    if parts is not None and _exact(m, number(parts[0])):
        return mul(lift(m * number(parts[0])), parts[1])
    parts = _parts(b, operator.truediv)
    if parts is not None and _exact(m, number(parts[0])):
        return div(lift(m * number(parts[0])), parts[1])
    if type(b.expr) is Apply and b.expr.fn is operator.mul and type(b.expr.args[0]) is not Lit:  # 2 * (a * b) → 2 * a * b
        left = apply(operator.mul, a, Symbol(b.expr.args[0], b.type))
        return Symbol(Apply(operator.mul, (left.expr, b.expr.args[1])), b.type)
    return apply(operator.mul, a, b)


def _product(a: Symbol, b: Symbol) -> Symbol:
    for x, y in ((a, b), (b, a)):
        parts = _parts(x, operator.truediv)  # y * (1 / x) → y / x
        if parts is not None and number(parts[0]) == 1:
            return div(y, parts[1])
    parts = _parts(b, operator.mul)
    if parts is not None and number(parts[0]) is not None:  # a * (2 * b) → 2 * a * b
        return _scale(parts[0], number(parts[0]), _product(a, Symbol(parts[1].expr, b.type)))
    return apply(operator.mul, a, b)


def neg(a: Any) -> Symbol:
    """`-a`."""
    a = lift(a)
    value = number(a)
    if value is not None:
        return lift(-value) if value != 0 else ZERO
    if a.mask is not None:
        return masked(a.mask, neg(unmasked(a)))
    inner = _negated(a)
    if inner is not None:
        return inner
    parts = _parts(a, operator.mul) or _parts(a, operator.truediv)
    if parts is not None and type(a.expr) is Apply:
        return Symbol(Apply(a.expr.fn, (Lit(-number(parts[0])), a.expr.args[1])), a.type) \
            if number(parts[0]) is not None else apply(operator.neg, a)
    if type(a.expr) is Apply and a.expr.fn is operator.sub:
        return apply(operator.sub, Symbol(a.expr.args[1], a.type), Symbol(a.expr.args[0], a.type)) \
            if type(a.expr.args[1]) is not Lit else apply(operator.neg, a)
    return apply(operator.neg, a)


def add(a: Any, b: Any) -> Symbol:
    """`a + b`."""
    a, b = lift(a), lift(b)
    if is_zero(a):
        return b
    if is_zero(b):
        return a
    if number(a) is not None and number(b) is not None:
        return lift(number(a) + number(b))
    if a.expr == b.expr and _is_float(a):
        return mul(2.0 if a.is_array else 2, a)
    inner = _negated(b)
    if inner is not None:
        return sub(a, inner)
    inner = _negated(a)
    return sub(b, inner) if inner is not None else apply(operator.add, a, b)


def sub(a: Any, b: Any) -> Symbol:
    """`a - b`."""
    a, b = lift(a), lift(b)
    if is_zero(a):
        return neg(b)
    if is_zero(b):
        return a
    if number(a) is not None and number(b) is not None:
        return lift(number(a) - number(b))
    inner = _negated(b)
    return add(a, inner) if inner is not None else apply(operator.sub, a, b)


def div(a: Any, b: Any) -> Symbol:
    """`a / b`."""
    a, b = lift(a), lift(b)
    if is_zero(a):
        return ZERO
    if number(b) == 1 and _is_float(a):
        return a
    if number(b) == -1 and _is_float(a):
        return neg(a)
    if a.mask is not None:
        return masked(a.mask, div(unmasked(a), b))
    inner = _negated(a)
    return neg(div(inner, b)) if inner is not None else apply(operator.truediv, a, b)


def masked(condition: Any, a: Any) -> Symbol:
    """`a` where the condition holds, else 0, also where `a` is not finite there."""
    condition, a = lift(condition), lift(a)
    if is_zero(a):
        return ZERO
    made = apply(np.where, condition, a, 0.0)
    made.mask = condition
    return made


def unmasked(a: Symbol) -> Symbol:
    """What stands under the mask."""
    if type(a.expr) is Apply and a.expr.fn is np.where:
        return Symbol(a.expr.args[1], a.type)
    return Symbol(a.expr, a.type)


def power(a: Any, b: Any) -> Symbol:
    """`a ** b`; a literal exponent of 1 or 0 folds."""
    a, b = lift(a), lift(b)
    exponent = number(b)
    if exponent == 1 and _is_float(a):
        return a
    if exponent == 0 and a.is_scalar:
        return lift(1.0)
    return apply(operator.pow, a, b)


def total(terms: list[Symbol]) -> Symbol:
    """The sum of several terms, from left to right."""
    result = ZERO
    for term in terms:
        result = add(result, term)
    return result


def name(id: str, type: Type) -> Symbol:
    """A variable of the program as a symbol."""
    return Symbol(Name(id), type)
