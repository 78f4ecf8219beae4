"""`with`: contexts of the user's classes and generators are read in place; others are entered by the generated program.

A context that nothing is known of stands round the forward sweep as the user wrote it.
"""
from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import Any

import gast

from ..program import Assign, Name, Ref, With
from ..types import TOP
from .attempts import passed_on, region
from .branches import read_path, truth
from .call import builtin, call_value
from .core import FALL, RAISED, Raises, Reader, expression, statement
from .exits_tools import clone
from .expressions import read_items
from .hosts import as_dyn
from .objects import call_method, has_method
from .targets import assign_target
from .values import UNBOUND, Const, Dyn, Ext, Obj, Value, const

_HELPER = contextlib.contextmanager(lambda: None).__code__


@statement("With")
def read_with(reader: Reader, node: Any, rest: list[Any]) -> str:
    """`with context as target: body`."""
    first, *others = node.items
    body = [clone(node, items=others)] if others else node.body
    return _entered(reader, first, body, node)


def _entered(reader: Reader, item: Any, body: list[Any], node: Any) -> str:
    call = item.context_expr
    known = reader.expr(call.func) if isinstance(call, gast.Call) else None
    if isinstance(known, Const) and known.value is contextlib.suppress and not call.keywords:
        kinds = gast.copy_location(gast.Tuple(call.args, gast.Load()), call)
        handler = gast.copy_location(gast.ExceptHandler(kinds, None, [gast.copy_location(gast.Pass(), node)]), node)
        return reader.block([gast.copy_location(gast.Try(body, [handler], [], []), node)])
    if isinstance(known, Const) and known.value is contextlib.nullcontext:
        value = reader.expr(call.args[0]) if call.args else const(None)
        return _body(reader, item, value, body, node)
    generator = generator_of(known) if known is not None else None
    if generator is not None:
        return _generator(reader, generator, item, body, node)
    before = len(reader.draft.stmts)
    context = reader.expr(call)
    if isinstance(context, Obj | Ext) and has_method(reader, context, "__exit__"):
        return _object(reader, context, item, body, node)
    return _opaque(reader, context, before, item, body, node)


def _body(reader: Reader, item: Any, value: Value, body: list[Any], node: Any) -> str:
    if item.optional_vars is not None:
        assign_target(reader, item.optional_vars, value, node)
    return reader.block(body)


def _opaque(reader: Reader, context: Value, before: int, item: Any, body: list[Any], node: Any) -> str:
    """A context that the generated program enters."""
    operand = as_dyn(reader, context, node)
    expr, stmts = operand.expr, reader.draft.stmts
    last = stmts[-1] if len(stmts) > before else None
    if isinstance(last, Assign) and last.target == getattr(expr, "id", ""):
        expr = last.value
        stmts.pop()
    target = ""
    if item.optional_vars is not None:
        target = reader.fresh(getattr(item.optional_vars, "id", "%t"), TOP)
        assign_target(reader, item.optional_vars, Dyn(Name(target), TOP), node)
    entry = reader.state
    path = read_path(reader, entry, lambda: (reader.block(body), UNBOUND))
    results = passed_on(reader, entry, path)
    reader.emit(With(expr, target, path.draft, tuple(results), reader.origin(node)))  # type: ignore[arg-type]
    return path.status


def _object(reader: Reader, context: Value, item: Any, body: list[Any], node: Any) -> str:
    """An object of a class of the user's: its `__enter__` and `__exit__` are read in place."""
    value = call_method(reader, context, "__enter__", (), {}, node)
    if item.optional_vars is not None:
        assign_target(reader, item.optional_vars, value, node)
    entry = reader.state
    path = read_path(reader, entry, lambda: (reader.block(body), UNBOUND))
    name = reader.fresh("%error", TOP)
    problem = Dyn(Name(name), TOP)

    def leave(error: Value) -> Value:
        kind: Value = const(None) if isinstance(error, Const) else as_dyn(reader, Const(BaseException, Ref(BaseException, "BaseException")), node)
        handled = call_method(reader, context, "__exit__", (kind, error, const(None)), {}, node)
        if truth(reader, handled) is not False:
            reader.unsupported(node, "this context may swallow exceptions, which is not differentiated", "use try and except")
        return handled

    last = read_path(reader, entry, lambda: (FALL, leave(problem)))
    status = region(reader, node, entry, path, name, last, None)
    if status == FALL:
        leave(const(None))
    return status


# ── generators ──


@dataclass(frozen=True)
class Manager:
    """A local generator function that was decorated with `contextmanager`."""

    function: Value


@builtin(contextlib.contextmanager)
def make_manager(reader: Reader, fn: Any, args: Any, kwargs: Any, node: Any) -> Value:
    """`@contextmanager` on a function of the program itself."""
    made = Manager(args[0])
    return Const(made, Ref(made))


def generator_of(v: Value) -> Value | None:
    """The generator function of a context manager made by `contextmanager`."""
    if not isinstance(v, Const):
        return None
    if isinstance(v.value, Manager):
        return v.value.function
    if getattr(v.value, "__code__", None) is _HELPER:
        inner = v.value.__wrapped__
        return Const(inner, Ref(inner))
    return None


def _generator(reader: Reader, function: Value, item: Any, body: list[Any], node: Any) -> str:
    """The body of the `with` stands in the place of the generator's `yield`."""
    frame, statement = reader.frame, node
    runs: list[str] = []

    def resume(value: Value) -> None:
        kept = reader.frame, reader.statement
        reader.frame, reader.statement = frame, statement
        if runs:
            reader.unsupported(node, "this context manager yields more than once")
        runs.append("")
        if item.optional_vars is not None:
            assign_target(reader, item.optional_vars, value, node)
        runs[0] = reader.block(body)
        reader.frame, reader.statement = kept
        if runs[0] == RAISED:
            raise Raises

    args = read_items(reader, item.context_expr.args)
    named = {k.arg: reader.expr(k.value) for k in item.context_expr.keywords}
    reader.resume = resume
    call_value(reader, function, args, named, node)
    reader.resume = None
    if not runs:
        reader.unsupported(node, "this context manager does not yield")
    return FALL


@expression("Yield")
def read_yield(reader: Reader, node: Any) -> Value:
    """The one `yield` of a context manager."""
    resume = reader.resumes.get(reader.frame.id)
    if resume is None:
        reader.unsupported(node, "`yield` is not differentiated", "build a list and return it")
    resume(const(None) if node.value is None else reader.expr(node.value))
    return const(None)
