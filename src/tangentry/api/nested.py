"""Transforms within a program that is itself differentiated: `grad(f)(x)`, `jvp(f, …)` in the user's function."""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..errors import ArgumentError
from ..normalise import Out
from ..normalise.call import BUILTINS, KINDS
from ..normalise.core import Reader
from ..normalise.hosts import operand, varied
from ..normalise.iteration import static_items
from ..normalise.nested import Inner, Splice, chosen, settle, splice, structured
from ..normalise.values import Bound, Const, Dyn, Fn, Rec, Tup, Value, const
from ..pipeline import gradient_parts, single_exit, tangent_parts, tidied
from ..program import Apply, Expr, Lit, Name, Ref
from ..runtime import zeros_like
from ..syntax import peel
from .arguments import parameters
from .derivative import Derivative
from .transforms import derivative, grad, jvp, value_and_grad

Args = Sequence[Value]
Kwargs = Mapping[str, Value]


@dataclass(frozen=True)
class Local:
    """The derivative of a function that the program itself defines."""

    function: Value
    kind: str
    argnums: Any
    has_aux: bool
    names: tuple[str, ...]


def literal(v: Value, reader: Reader, node: Any) -> Any:
    """An option of a transform, which has to be known."""
    if isinstance(v, Const):
        return v.value
    if isinstance(v, Tup):
        return tuple(literal(i, reader, node) for i in v.items)
    return reader.unsupported(node, "the options of a derivative have to be known before the program runs")


def make_derivative(reader: Reader, fn: Any, args: Args, kwargs: Kwargs, node: Any) -> Value:
    """`grad(f, argnums)` within a program."""
    options = {"argnums": 0, "has_aux": False} | {k: literal(v, reader, node) for k, v in kwargs.items() if k != "f"}
    f = args[0] if args else kwargs.get("f")
    if len(args) > 1:
        options["argnums"] = literal(args[1], reader, node)
    if f is None:
        made = Local(const(None), fn.__name__, options["argnums"], options["has_aux"], ())
        return Const(made, Ref(made))
    return _derivative_of(f, "grad" if fn is derivative else fn.__name__, options["argnums"], options["has_aux"])


def _derivative_of(f: Value, kind: str, argnums: Any, has_aux: bool) -> Value:
    names: tuple[str, ...] = ()
    inner = f.function if isinstance(f, Bound) else f
    if isinstance(inner, Fn):
        names = tuple(a.id for a in inner.node.args.args)[len(f.args) if isinstance(f, Bound) else 0:]
    elif isinstance(inner, Const) and callable(inner.value):
        skip = len(f.args) if isinstance(f, Bound) else 0
        try:
            found = parameters(peel(inner.value), 8, ())
            names = tuple(p.name for p in found if p.kind in (0, 1))[skip:]
        except (TypeError, ValueError):
            names = ()
    made = Local(f, kind, argnums, has_aux, names)
    return Const(made, Ref(made))


def call_local(reader: Reader, fn: Any, args: Args, kwargs: Kwargs, node: Any) -> Value:
    """A derivative made in the program is called there."""
    made: Local = fn.value
    if isinstance(made.function, Const) and made.function.value is None:  # @grad(argnums=…)
        return _derivative_of(args[0], made.kind, made.argnums, made.has_aux)
    return differentiated(reader, made.function, made.kind, made.argnums, made.has_aux, args, kwargs, node, made.names)


def call_derivative(reader: Reader, fn: Any, args: Args, kwargs: Kwargs, node: Any) -> Value:
    """A derivative object of the outside is called in the program."""
    d: Derivative = fn.value
    f = Const(d.primal, Ref(d.primal))
    names = tuple(p.name for p in parameters(d.callee, len(args), list(kwargs)) if p.kind in (0, 1))
    return differentiated(reader, f, d.kind, d.argnums, d.has_aux, args, kwargs, node, names)


def differentiated(reader: Reader, f: Value, kind: str, argnums: Any, aux: bool, args: Args, kwargs: Kwargs, node: Any,
                   names: Sequence[str]) -> Value:
    """The gradient program of an inner function, put in place of the call."""
    inner = Inner(reader)
    wanted = chosen(args, kwargs, argnums, names, node, reader)
    rows = [inner.imported(a, k in wanted) for k, a in enumerate(args)]
    named = {k: inner.imported(a, k in wanted) for k, a in kwargs.items()}
    reading = inner.read(f, rows, named, node)
    if not inner.active:
        raise ArgumentError("the argument to differentiate by holds no float or float array", "", reader.origin(node))
    adjoint, main, rest = gradient_parts(reading, inner.active, aux)
    program = tidied(adjoint.program, reading.names)
    leaf = program.body.exit
    assert leaf is not None
    value = spliced(reader, inner, program)
    held, bars = leaf.values[: adjoint.values], dict(zip(adjoint.inputs, leaf.values[adjoint.values:], strict=True))
    grads = [gradient(reader, inner, rows[w] if isinstance(w, int) else named[w], bars, value, node) for w in wanted]
    result: Value = Tup(tuple(grads)) if isinstance(argnums, tuple | list) else grads[0]
    if kind == "value_and_grad":
        first = result_value(reader, main, held, value)
        return Tup((first if rest is None else Tup((first, result_value(reader, rest, held, value))), result))
    return result if rest is None else Tup((result, result_value(reader, rest, held, value)))


def spliced(reader: Reader, inner: Inner, program: Any) -> Splice:
    """Put the inner program in place."""
    return splice(reader, program, inner.given, bool(inner.depends))


def gradient(reader: Reader, inner: Inner, arg: Value, bars: Mapping[str, Expr], value: Splice, node: Any) -> Value:
    """The gradient in the structure of an argument."""
    def leaf(v: Dyn) -> Value:
        return value(bars[v.expr.id]) if isinstance(v.expr, Name) and v.expr.id in bars else const(None)

    return settle(reader, structured(arg, leaf, inner.reader), node)


def result_value(reader: Reader, out: Out, held: Sequence[Expr], value: Splice) -> Value:
    """A result of the inner program as a value."""
    if out.index >= 0:
        return value(held[out.index]) if held else const(None)
    parts = tuple(result_value(reader, p, held, value) for p in out.parts)
    made: Value = Rec(out.keys, parts) if out.cls is dict else Tup(parts, out.cls)
    return settle(reader, made, None)


def call_jvp(reader: Reader, fn: Any, args: Args, kwargs: Kwargs, node: Any) -> Value:
    """`jvp(f, primals, tangents)` within a program."""
    given = dict(zip(("f", "primals", "tangents"), args, strict=False)) | dict(kwargs)
    primals, tangents = row_of(reader, given["primals"], node), row_of(reader, given["tangents"], node)
    inner = Inner(reader)
    wrt = [not (isinstance(t, Const) and t.value is None) for t in tangents]
    rows = [inner.imported(a, w) for a, w in zip(primals, wrt, strict=True)]
    reading = inner.read(given["f"], rows, {}, node)
    reading = single_exit(reading)
    program, seeds = tangent_parts(reading, inner.active)
    dots: dict[str, Expr] = {}
    for row, t in zip(rows, tangents, strict=True):
        pair_dots(reader, inner, row, t, seeds, dots, node)
    program = tidied(program, reading.names)
    inner.given.update(dots)
    leaf = program.body.exit
    assert leaf is not None
    value = spliced(reader, inner, program)
    count = len(reading.out_types)
    held, out_dots = leaf.values[:count], leaf.values[count:]
    return Tup((result_value(reader, reading.out, held, value), result_value(reader, reading.out, out_dots, value)))


def row_of(reader: Reader, v: Value, node: Any) -> list[Value]:
    """Primals or tangents as a row."""
    items = static_items(reader, v, node) if not isinstance(v, Dyn) else None
    return items if items is not None else [v]


def pair_dots(reader: Reader, inner: Inner, row: Value, t: Value, seeds: Mapping[str, str], dots: dict[str, Expr],
              node: Any) -> None:
    """Give each input of the inner program its tangent."""
    if isinstance(row, Dyn) and isinstance(row.expr, Name) and row.expr.id in seeds:
        expr = operand(reader, t, node)
        if isinstance(expr, Lit) and expr.value is None:
            expr = Apply(zeros_like, (inner.given[row.expr.id],))
        dots[seeds[row.expr.id]] = expr
        if varied(reader, t):
            inner.depends.add(row.expr.id)
    elif isinstance(row, Tup) and isinstance(t, Tup):
        for a, b in zip(row.items, t.items, strict=True):
            pair_dots(reader, inner, a, b, seeds, dots, node)


for transform in (grad, value_and_grad, derivative):
    BUILTINS[transform] = make_derivative
BUILTINS[jvp] = call_jvp
KINDS.insert(0, (lambda value: isinstance(value, Local), call_local))
KINDS.insert(0, (lambda value: isinstance(value, Derivative), call_derivative))
