"""Expressions: literals, operators, comparisons, conditions, displays, f-strings, the walrus."""
from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import gast

from ..prims import fstring, formatted, in_, is_, is_not, make_set, not_in
from ..program import Apply, Expr, Lit
from ..types import BOOL, STR, TOP, Bottom, LitT, MaybeT, Num, ObjT
from .branches import branch, truth
from .containers import contains, new_dict, new_list, sequence_operator
from .core import FALL, Reader, expression
from .hosts import host, negate, operand
from .iteration import static_items
from .names import bind
from .objects import is_object, operator_method
from .values import Choice, Const, Dyn, Ext, Fn, Obj, Slice, Tup, Value, const, is_varied

BINARY = {"Add": operator.add, "Sub": operator.sub, "Mult": operator.mul, "Div": operator.truediv,
          "FloorDiv": operator.floordiv, "Mod": operator.mod, "Pow": operator.pow, "MatMult": operator.matmul,
          "BitAnd": operator.and_, "BitOr": operator.or_, "BitXor": operator.xor, "LShift": operator.lshift,
          "RShift": operator.rshift}
UNARY = {"USub": operator.neg, "UAdd": operator.pos, "Invert": operator.invert, "Not": operator.not_}
COMPARE = {"Lt": operator.lt, "LtE": operator.le, "Gt": operator.gt, "GtE": operator.ge, "Eq": operator.eq,
           "NotEq": operator.ne, "Is": is_, "IsNot": is_not, "In": in_, "NotIn": not_in}
PLAIN = (bool, int, float, complex, str, bytes, type(None))


@expression("Constant")
def read_constant(reader: Reader, node: Any) -> Value:
    """A literal."""
    return const(node.value)


@expression("BinOp")
def read_binary(reader: Reader, node: Any) -> Value:
    """`a + b`."""
    left, right = reader.expr(node.left), reader.expr(node.right)
    return binary(reader, BINARY[type(node.op).__name__], left, right, node)


def distribute(reader: Reader, v: Choice, go: Callable[[Value], Value], node: Any) -> Value:
    """Do the same with either of two followed values."""
    _, value = branch(reader, v.test, lambda: (FALL, go(v.then)), lambda: (FALL, go(v.orelse)), node=node)
    return value


def binary(reader: Reader, fn: Any, left: Value, right: Value, node: Any) -> Value:
    """A binary operator on any two values."""
    if isinstance(left, Choice):
        return distribute(reader, left, lambda v: binary(reader, fn, v, right, node), node)
    if isinstance(right, Choice):
        return distribute(reader, right, lambda v: binary(reader, fn, left, v, node), node)
    folded = _fold(fn, left, right)
    if folded is not None:
        return folded
    if is_object(reader, left) or is_object(reader, right):
        return operator_method(reader, fn, (left, right), node)
    made = sequence_operator(reader, fn, left, right, node)
    return made if made is not None else host(reader, fn, (left, right), {}, node)


def _fold(fn: Any, *values: Value) -> Value | None:
    """Literals are computed at once."""
    if not all(isinstance(v, Const) and type(v.value) in PLAIN for v in values):
        return None
    try:
        result = fn(*[v.value for v in values if isinstance(v, Const)])
    except Exception:  # it will be raised when the program runs
        return None
    return const(result) if type(result) in PLAIN and len(str(result)) < 200 else None


@expression("UnaryOp")
def read_unary(reader: Reader, node: Any) -> Value:
    """`-a`, `not a`."""
    fn, value = UNARY[type(node.op).__name__], reader.expr(node.operand)
    return unary(reader, fn, value, node)


def unary(reader: Reader, fn: Any, value: Value, node: Any) -> Value:
    """A unary operator on any value."""
    if isinstance(value, Choice):
        return distribute(reader, value, lambda v: unary(reader, fn, v, node), node)
    if fn is operator.not_:
        return negate(reader, value, node)
    folded = _fold(fn, value)
    if folded is not None:
        return folded
    if is_object(reader, value):
        return operator_method(reader, fn, (value,), node)
    return host(reader, fn, (value,), {}, node)


@expression("Compare")
def read_compare(reader: Reader, node: Any) -> Value:
    """`a < b`, also chained: each operand is read once, the next comparison only where the last one held."""
    left = reader.expr(node.left)
    return _chain(reader, left, list(zip(node.ops, node.comparators, strict=True)), node)


def _chain(reader: Reader, left: Value, links: list[tuple[Any, Any]], node: Any) -> Value:
    op, right_node = links[0]
    right = reader.expr(right_node)
    value = compare(reader, COMPARE[type(op).__name__], left, right, node)
    if len(links) == 1:
        return value
    return _and(reader, value, lambda: _chain(reader, right, links[1:], node), node)


def compare(reader: Reader, fn: Any, left: Value, right: Value, node: Any) -> Value:
    """One comparison."""
    if isinstance(left, Choice):
        return distribute(reader, left, lambda v: compare(reader, fn, v, right, node), node)
    if isinstance(right, Choice):
        return distribute(reader, right, lambda v: compare(reader, fn, left, v, node), node)
    known = _known_comparison(reader, fn, left, right)
    if known is not None:
        return const(known)
    if is_object(reader, left) or is_object(reader, right):
        return operator_method(reader, fn, (left, right), node)
    if fn in (in_, not_in, is_, is_not):
        parts: tuple[Expr, ...] = (operand(reader, left, node), operand(reader, right, node))
        return reader.assign(Apply(fn, parts), BOOL, False, node)
    return host(reader, fn, (left, right), {}, node)


def _known_comparison(reader: Reader, fn: Any, left: Value, right: Value) -> bool | None:
    if fn in (is_, is_not):
        same = identical(left, right)
        return None if same is None else same == (fn is is_)
    if fn in (in_, not_in):
        inside = contains(reader, left, right)
        return None if inside is None else inside == (fn is in_)
    if isinstance(left, Const) and isinstance(right, Const):
        try:
            result = fn(left.value, right.value)
        except TypeError:
            return None
        return result if isinstance(result, bool) else None
    if fn in (operator.eq, operator.ne) and (_is_none(left) or _is_none(right)):
        same = identical(left, right)
        return None if same is None else same == (fn is operator.eq)
    return None


def _is_none(v: Value) -> bool:
    return isinstance(v, Const) and v.value is None


def identical(a: Value, b: Value) -> bool | None:
    """`a is b`, where it is known."""
    if isinstance(a, Const) and isinstance(b, Const):
        return a.value is b.value
    if isinstance(a, Obj) and isinstance(b, Obj):
        return a.id == b.id
    for x, y in ((a, b), (b, a)):
        if isinstance(x, Const) and isinstance(y, Dyn):
            t = y.type
            if isinstance(t, MaybeT) or type(t) in (type(TOP), Bottom):
                return None
            return False if not isinstance(t, LitT) else t.value is x.value
        if isinstance(x, Const) and isinstance(y, Obj | Tup | Ext | Fn):
            return False
    return None


@expression("BoolOp")
def read_bool(reader: Reader, node: Any) -> Value:
    """`a and b`, `a or b`: the value of the operand that decides."""
    return _bool(reader, isinstance(node.op, gast.And), node.values, node)


def _bool(reader: Reader, conjunction: bool, nodes: list[Any], node: Any) -> Value:
    first = reader.expr(nodes[0])
    if len(nodes) == 1:
        return first
    rest = lambda: _bool(reader, conjunction, nodes[1:], node)  # noqa: E731
    return _and(reader, first, rest, node) if conjunction else _or(reader, first, rest, node)


def _and(reader: Reader, first: Value, rest: Callable[[], Value], node: Any) -> Value:
    known = truth(reader, first)
    if known is not None:
        return rest() if known else first
    return branch(reader, first, lambda: (FALL, rest()), lambda: (FALL, first), "and", node)[1]


def _or(reader: Reader, first: Value, rest: Callable[[], Value], node: Any) -> Value:
    known = truth(reader, first)
    if known is not None:
        return first if known else rest()
    return branch(reader, first, lambda: (FALL, first), lambda: (FALL, rest()), "or", node)[1]


@expression("IfExp")
def read_ifexp(reader: Reader, node: Any) -> Value:
    """`a if test else b`."""
    test, hint = reader.expr(node.test), reader.hint
    known = truth(reader, test)
    if known is not None:
        return reader.expr(node.body if known else node.orelse, hint)
    return branch(reader, test, lambda: (FALL, reader.expr(node.body)), lambda: (FALL, reader.expr(node.orelse)),
                  "?", node)[1]


@expression("NamedExpr")
def read_walrus(reader: Reader, node: Any) -> Value:
    """`(x := e)`."""
    value = reader.expr(node.value, node.target.id)
    bind(reader, node.target.id, value, node)
    return value


@expression("Tuple")
def read_tuple(reader: Reader, node: Any) -> Value:
    """`(a, *b)`."""
    return Tup(tuple(read_items(reader, node.elts)))


@expression("List")
def read_list(reader: Reader, node: Any) -> Value:
    """`[a, *b]`."""
    return new_list(reader, read_items(reader, node.elts), node)


@expression("Set")
def read_set(reader: Reader, node: Any) -> Value:
    """`{a, b}`; only of inactive values."""
    items = read_items(reader, node.elts)
    if any(map(is_varied, items)):
        reader.unsupported(node, "a set holds a value that depends on what is differentiated", "use a list or a dict")
    expr = Apply(make_set, tuple(operand(reader, i, node) for i in items))
    return reader.assign(expr, ObjT(set), False, node)


def read_items(reader: Reader, nodes: list[Any]) -> list[Value]:
    """The items of a display or the arguments of a call; starred ones are taken apart."""
    items: list[Value] = []
    for node in nodes:
        if isinstance(node, gast.Starred):
            found = static_items(reader, reader.expr(node.value), node)
            if found is None:
                reader.unsupported(node, "`*` of something whose length is not known", "pass it as one list")
            items += found
        else:
            items.append(reader.expr(node))
    return items


@expression("Dict")
def read_dict(reader: Reader, node: Any) -> Value:
    """`{k: v, **d}`."""
    pairs: list[tuple[Value | None, Value]] = [
        (None if k is None else reader.expr(k), reader.expr(v)) for k, v in zip(node.keys, node.values, strict=True)]
    return new_dict(reader, pairs, node)


@expression("JoinedStr")
def read_fstring(reader: Reader, node: Any) -> Value:
    """An f-string: inactive, evaluated where it stands."""
    parts = tuple(operand(reader, reader.expr(v), v) for v in node.values)
    return reader.assign(Apply(fstring, parts), STR, False, node)


@expression("FormattedValue")
def read_formatted(reader: Reader, node: Any) -> Value:
    """`{value!r:spec}` in an f-string."""
    value = operand(reader, reader.expr(node.value), node)
    spec: Expr = Lit("") if node.format_spec is None else operand(reader, reader.expr(node.format_spec), node)
    conversion = Lit(chr(node.conversion) if node.conversion > 0 else "")
    return reader.assign(Apply(formatted, (value, conversion, spec)), STR, False, node)


@expression("Slice")
def read_slice(reader: Reader, node: Any) -> Value:
    """`a:b:c`."""
    ends = [const(None) if e is None else reader.expr(e) for e in (node.lower, node.upper, node.step)]
    return Slice(*ends)


@expression("Lambda")
def read_lambda(reader: Reader, node: Any) -> Value:
    """A function without a name."""
    defaults, kw_defaults = read_defaults(reader, node.args)
    return Fn(node, reader.frame.id, "lambda_", defaults, kw_defaults)


def read_defaults(reader: Reader, args: Any) -> tuple[tuple[Value, ...], tuple[tuple[str, Value], ...]]:
    """The defaults of a local function, evaluated where it is defined."""
    names = [a.id for a in args.kwonlyargs]
    kw = tuple((n, reader.expr(d)) for n, d in zip(names, args.kw_defaults, strict=True) if d is not None)
    return tuple(reader.expr(d) for d in args.defaults), kw


def numeric(v: Value) -> bool:
    """Is the value a number or array of a known kind?"""
    return isinstance(v, Dyn) and isinstance(v.type, Num)
