"""`for` and `while`, as statements; loops over a short row of known values are unrolled."""
from __future__ import annotations

from collections.abc import Callable
from typing import Any

import gast

from ..program import Item
from .branches import leave
from .comprehensions import as_list_of, short_range
from .containers import content, make_real
from .core import DONE, FALL, Reader, statement
from .exits import flatten, has_exit
from .exits import settle as settle_exits
from .exits_tools import assign, constant, load
from .hosts import as_dyn
from .iteration import static_items, uniform, walk
from .loops import NotPlain, read_loop
from .targets import assign_target
from .values import Choice, Iter, Obj, Value

UNROLL = 4
"""A row of at most so many values of one kind is unrolled; values of different kinds always are."""


@statement("For")
def read_for(reader: Reader, node: Any, rest: list[Any]) -> str:
    """`for target in iterable`."""
    iterable = reader.expr(node.iter)
    if isinstance(iterable, Choice):
        iterable = as_dyn(reader, iterable, node)
    if isinstance(iterable, Iter) and iterable.kind == "generator":
        iterable = as_list_of(reader, iterable, node.iter)
    items = static_items(reader, iterable, node)
    items = items if items is not None else short_range(iterable, node)
    if items is not None and not (len(items) > UNROLL and uniform(items)):
        return _unroll(reader, node, iterable, items, rest)
    stem = node.target.id if isinstance(node.target, gast.Name) else "%t"

    def start() -> tuple[list[Item], Callable[[], None]]:
        run = walk(reader, iterable, node.iter, stem)
        return run.items, lambda: assign_target(reader, node.target, run.element(reader), node)

    return read_loop(reader, node, node.body, start)


@statement("While")
def read_while(reader: Reader, node: Any, rest: list[Any]) -> str:
    """`while test`."""
    def nothing() -> tuple[list[Item], Callable[[], None]]:
        return [], lambda: None

    draft, written, state, loops = reader.draft, len(reader.draft.stmts), reader.state.copy(), len(reader.loops)
    if _is_plain(node.test):
        try:
            return read_loop(reader, node, node.body, nothing, node.test)
        except NotPlain:
            reader.draft, reader.state = draft, state
            del draft.stmts[written:], reader.loops[loops:]
    test = gast.copy_location(gast.UnaryOp(gast.Not(), node.test), node.test)
    leave_it = gast.copy_location(gast.If(test, [gast.copy_location(gast.Break(), node)], []), node)
    body = settle_exits([leave_it, *node.body], False)
    return read_loop(reader, node, body, nothing, constant(True, node))


def _is_plain(test: Any) -> bool:
    """Can the test be evaluated anew before each trip, as one expression without effects?"""
    return not any(isinstance(n, gast.NamedExpr | gast.ListComp | gast.GeneratorExp | gast.Lambda)
                   or (isinstance(n, gast.Call) and not _is_quiet(n.func)) for n in gast.walk(test))


def _is_quiet(func: Any) -> bool:
    if isinstance(func, gast.Name):
        return func.id in ("len", "abs", "float", "int", "max", "min")
    return isinstance(func, gast.Attribute) and (
        getattr(func.value, "id", "") in ("np", "numpy", "math") or func.attr == "norm")


@statement("Break", "Continue")
def read_leave(reader: Reader, node: Any, rest: list[Any]) -> str:
    """`break`, `continue`."""
    return leave(reader, "break" if isinstance(node, gast.Break) else "continue")


def _unroll(reader: Reader, node: Any, iterable: Value, items: list[Value], rest: list[Any]) -> str:
    """Read the body once for each value of a row."""
    before = content(reader, iterable) if isinstance(iterable, Obj) else None
    kinds: list[type] = [gast.Continue, gast.Break]
    exits = has_exit(node.body)
    body = flatten(node.body, "%stop", "%left", kinds) if exits else node.body
    trips: list[Any] = [assign("%stop", constant(0, node), node)] if exits else []
    for k, item in enumerate(items):
        reader.state.vars["v", reader.frame.id, f"%item{k}"] = item
        trip = [gast.copy_location(gast.Assign([node.target], load(f"%item{k}", node), None), node), *body]
        trips += trip if not exits or k == 0 else [_guarded(node, gast.NotEq(), 2, trip)]
        if gast.Return in kinds:
            back = gast.copy_location(gast.Return(load("%left", node)), node)
            trips.append(_guarded(node, gast.Eq(), 3, [back]))
    if gast.Return in kinds:
        trips.insert(0, assign("%left", constant(None, node), node))
        status = reader.block([*trips, *rest])
        return DONE if status == FALL else status
    status = reader.block(trips)
    if isinstance(iterable, Obj) and content(reader, iterable) is not before:
        make_real(reader, iterable, node)
    return status


def _guarded(node: Any, op: Any, code: int, body: list[Any]) -> Any:
    test = gast.copy_location(gast.Compare(load("%stop", node), [op], [constant(code, node)]), node)
    return gast.copy_location(gast.If(test, body, []), node)


