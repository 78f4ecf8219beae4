"""`try`: only what may raise stays in it; handlers, `else` and `finally` become branches behind.

    try: BODY                        caught = 0
    except E as e: HANDLER     →     try: what may raise
    else: REST                       except E as e: caught = 1
    finally: LAST                    if caught == 1: HANDLER else: REST
                                     LAST

A statement whose work the handlers (or what follows) can see ends its `try`; what follows it stands in the next one, so that
the state in which a handler starts is known exactly. Where nothing can be caught nothing is left of the `try`.
"""
from __future__ import annotations

import copy
import itertools
import operator
from collections.abc import Iterable
from typing import Any

import gast

from ..program import UNDEF, Apply, Assign, Block, Exit, Expr, Handler, Lit, Name, Ref, Try
from ..types import BOOL, INT, ObjT
from .branches import Path, _Joiner, read_path
from .core import FALL, RAISED, Draft, Reader, statement
from .exits import settle
from .exits_tools import assign, clone, constant, load
from .hosts import operand
from .names import bind
from ..analysis.raising import may_raise
from .state import State
from .values import UNBOUND, Const, Dyn, Tup

_count = itertools.count(1)


@statement("Try", "TryStar")
def read_try(reader: Reader, node: Any, rest: list[Any]) -> str:
    """`try … except … else … finally`."""
    if type(node).__name__ == "TryStar":
        reader.unsupported(node, "`except*` is not differentiated")
    if getattr(node, "primitive", None) is not None:
        return _attempt(reader, node)
    inner = lowered(node, reader.calls[-1] if reader.calls else node)
    if node.finalbody and _has_effects(node.finalbody):
        return _guarded(reader, node, inner, node.finalbody)
    return reader.block([*inner, *node.finalbody])


# ── the tree ──


def lowered(node: Any, function: Any) -> list[Any]:
    """A `try` without its `finally`, in the form above; the same statements each time."""
    known = getattr(node, "lowered", None)
    if known is None or known[0] is not function:
        known = node.lowered = function, _lowered(node, function)
    found: list[Any] = known[1]
    return found


def _lowered(node: Any, function: Any) -> list[Any]:
    if not node.handlers:
        return [*node.body, *node.orelse]
    number = next(_count)
    caught, error = f"%caught~{number}", f"%error~{number}"
    maker = _Groups(node, function, caught, error)
    orelse: list[Any] = list(node.orelse)
    for code in reversed(range(len(node.handlers))):
        handler = node.handlers[code]
        body = _reraising(handler.body, error)
        if handler.name is not None:
            name = handler.name if isinstance(handler.name, str) else handler.name.id
            body = [assign(name, load(error, handler), handler), *body]
        orelse = [gast.copy_location(gast.If(_is(caught, code + 1, node), body, orelse), handler)]
    return settle([assign(caught, constant(0, node), node), *maker.block(node.body, ()), *orelse], False)


def _is(name: str, code: int, at: Any, op: Any = None) -> Any:
    return gast.copy_location(gast.Compare(load(name, at), [op or gast.Eq()], [constant(code, at)]), at)


class _Groups:
    """Cuts the body of a `try` behind each statement whose work can be seen from outside of it."""

    def __init__(self, node: Any, function: Any, caught: str, error: str) -> None:
        self.node, self.function, self.caught, self.error = node, function, caught, error
        self.outside = seen_outside(node, function)

    def block(self, stmts: list[Any], leave: tuple[Any, ...]) -> list[Any]:
        """The statements in groups; behind each, the rest only if nothing was caught (in a loop: `leave` it otherwise)."""
        out: list[Any] = []
        group: list[Any] = []
        stmts = [p for s in stmts for p in self.opened(s)]
        for k, stmt in enumerate(stmts):
            seen = is_seen(stmt, self.outside)
            if seen and isinstance(stmt, gast.If | gast.For | gast.While | gast.With) and not hasattr(stmt, "primitive"):
                made = self.compound(stmt, group, leave)
                group = []
            else:
                group.append(stmt)
                made = [self.primitive(group)] if seen or k == len(stmts) - 1 else []
                group = [] if made else group
            out += made
            rest = stmts[k + 1:]
            if made and rest and not group:
                return [*out, *self.behind(rest, leave, stmt)]
        return out

    def opened(self, stmt: Any) -> list[Any]:
        """A `try` within is opened first."""
        if isinstance(stmt, gast.Try) and not hasattr(stmt, "primitive"):
            return [*lowered(stmt, self.function), *stmt.finalbody]
        return [stmt]

    def behind(self, rest: list[Any], leave: tuple[Any, ...], at: Any) -> list[Any]:
        if leave:
            test = _is(self.caught, 0, at, gast.NotEq())
            return [gast.copy_location(gast.If(test, list(leave), []), at), *self.block(rest, leave)]
        return [gast.copy_location(gast.If(_is(self.caught, 0, at), self.block(rest, ()), []), at)]

    def primitive(self, group: list[Any]) -> Any:
        made = clone(self.node, body=group, orelse=[], finalbody=[])
        made.primitive = self.caught, self.error
        return made

    def compound(self, stmt: Any, before: list[Any], leave: tuple[Any, ...]) -> list[Any]:
        """A branch or loop is cut within; its test is evaluated in a group of its own."""
        if isinstance(stmt, gast.With):
            return [*([self.primitive(before)] if before else []), clone(stmt, body=self.block(stmt.body, leave))]
        name = f"%test~{next(_count)}"
        stop = gast.copy_location(gast.Break(), stmt)
        if isinstance(stmt, gast.If):
            first = self.primitive([*before, assign(name, stmt.test, stmt)])
            inner = clone(stmt, test=load(name, stmt), body=self.block(stmt.body, leave), orelse=self.block(stmt.orelse, leave))
            return [first, gast.copy_location(gast.If(_is(self.caught, 0, stmt), [inner], []), stmt)]
        if isinstance(stmt, gast.For):
            first = self.primitive([*before, assign(name, stmt.iter, stmt)])
            left = gast.copy_location(gast.If(_is(self.caught, 0, stmt, gast.NotEq()), [stop], []), stmt)
            inner = clone(stmt, iter=load(name, stmt), body=[*self.block(stmt.body, (stop,)), left])
            return [first, gast.copy_location(gast.If(_is(self.caught, 0, stmt), [inner], []), stmt)]
        test = self.primitive([assign(name, stmt.test, stmt)])
        over = gast.copy_location(gast.UnaryOp(gast.Not(), load(name, stmt)), stmt)
        either = gast.copy_location(gast.BoolOp(gast.Or(), [_is(self.caught, 0, stmt, gast.NotEq()), over]), stmt)
        body = [test, gast.copy_location(gast.If(either, [stop], []), stmt), *self.block(stmt.body, (stop,))]
        left = gast.copy_location(gast.If(_is(self.caught, 0, stmt, gast.NotEq()), [stop], []), stmt)
        inner = clone(stmt, test=constant(True, stmt), body=[*body, left])
        return [*([self.primitive(before)] if before else []), inner]


def is_seen(stmt: Any, outside: set[str]) -> bool:
    """Does the statement set a variable that is read outside, or change an object?"""
    for n in gast.walk(stmt):
        if isinstance(n, gast.Name) and isinstance(n.ctx, gast.Store) and (n.id in outside or n.id.startswith("%")):
            return True
        if isinstance(n, gast.Subscript | gast.Attribute) and isinstance(n.ctx, gast.Store):
            return True
        if isinstance(n, gast.AugAssign | gast.Delete):
            return True
    return isinstance(stmt, gast.Expr) and isinstance(stmt.value, gast.Call | gast.Yield)


def seen_outside(node: Any, function: Any) -> set[str]:
    """The names that are read in the function outside of the body of a `try`."""
    inside: set[int] = {id(n) for s in node.body for n in gast.walk(s)}
    return {n.id for n in gast.walk(function) if isinstance(n, gast.Name) and isinstance(n.ctx, gast.Load)
            and id(n) not in inside}


def _reraising(body: list[Any], error: str) -> list[Any]:
    """A bare `raise` raises what was caught."""
    class Again(gast.NodeTransformer):  # type: ignore[misc]
        def visit_Raise(self, n: Any) -> Any:
            return n if n.exc is not None else clone(n, exc=load(error, n))

        def visit_FunctionDef(self, n: Any) -> Any:
            return n

    return [Again().visit(clone_deep(s)) if _has_bare(s) else s for s in body]


def clone_deep(node: Any) -> Any:
    """A copy of a whole tree."""
    return copy.deepcopy(node)


def _has_bare(s: Any) -> bool:
    return any(isinstance(n, gast.Raise) and n.exc is None for n in gast.walk(s))


def _has_effects(stmts: Iterable[Any]) -> bool:
    """Has the `finally` to run where an exception passes by? It has if it calls or changes something."""
    return any(isinstance(n, gast.Call) or (isinstance(n, gast.Attribute | gast.Subscript) and isinstance(n.ctx, gast.Store))
               for s in stmts for n in gast.walk(s))


# ── reading ──


def _attempt(reader: Reader, node: Any) -> str:
    """One group of statements that may raise."""
    caught, error = node.primitive
    kinds = [None if h.type is None else reader.expr(h.type) for h in node.handlers]
    entry = reader.state
    body = read_path(reader, entry, lambda: (reader.block(node.body), UNBOUND))
    reader.state = body.state
    leaves = body.draft.exit is not None and body.status == RAISED
    if not leaves and not may_raise(body.draft.stmts, _classes(kinds), reader.types):
        reader.draft.stmts += body.draft.stmts
        return body.status
    code, problem = reader.fresh(caught, INT), reader.fresh(error, ObjT(BaseException))
    names = [reader.fresh("%exc", ObjT(BaseException)) for _ in kinds]
    test = Dyn(Name(reader.fresh("%t", BOOL)), BOOL)
    results, right = _joined(reader, test, entry, body)
    handlers = tuple(
        Handler(Ref(BaseException, "BaseException") if k is None else operand(reader, k, node), name,
                Block((), Exit("next", (Lit(c), Name(name), *right), reader.origin(node))))
        for c, (k, name) in enumerate(zip(kinds, names, strict=True), 1))
    if body.status != RAISED:
        assert body.draft.exit is not None
        body.draft.exit = Exit("next", (Lit(0), UNDEF, *body.draft.exit.values), reader.origin(node))
    reader.emit(Try(body.draft, handlers, Block(()), (code, problem, *results), reader.origin(node)))  # type: ignore[arg-type]
    bind(reader, caught, Dyn(Name(code), INT), node)
    bind(reader, error, Dyn(Name(problem), ObjT(BaseException)), node)
    if results:
        reader.emit(Assign(test.expr.id, Apply(operator.eq, (Name(code), Lit(0))), reader.origin(node)))  # type: ignore[union-attr]
    return FALL


def _classes(kinds: list[Any]) -> list[Any]:
    """The exception classes that handlers name; None where one is not known."""
    found: list[Any] = []
    for kind in kinds:
        parts = kind.items if isinstance(kind, Tup) else [kind]
        found += [p.value if isinstance(p, Const) and isinstance(p.value, type) else None for p in parts]
    return found


def _joined(reader: Reader, test: Dyn, entry: State, body: Path) -> tuple[list[str], list[Expr]]:
    """The variables behind: as the body left them, or as they were before it."""
    if body.status == RAISED:
        reader.state = entry.copy()
        return [], []
    other = Path(Draft(), entry.copy(), FALL)
    joiner = _Joiner(reader, test, (body, other))
    reader.state = State()
    for key in dict.fromkeys([*body.state.vars, *entry.vars]):
        a, b = body.state.vars.get(key) or reader.initial(key), entry.vars.get(key) or reader.initial(key)
        reader.state.vars[key] = (a or b or UNBOUND) if a is None or b is None or a is b else joiner.join(a, b, key)
    body.draft.exit = Exit("next", tuple(joiner.left))
    return joiner.results, joiner.right


def _guarded(reader: Reader, node: Any, inner: list[Any], final: list[Any]) -> str:
    """A body with something that has to run where an exception passes by as well."""
    entry = reader.state
    body = read_path(reader, entry, lambda: (reader.block(inner), UNBOUND))
    name = reader.fresh("%error", ObjT(BaseException))
    last = read_path(reader, entry, lambda: (reader.block(final), UNBOUND))
    return region(reader, node, entry, body, name, last, final)


def region(reader: Reader, node: Any, entry: State, body: Path, name: str, last: Path, final: list[Any] | None) -> str:
    """`try: body except BaseException as name: last; raise name`, then what is to be done in any case."""
    last.draft.exit = Exit("raise", (Name(name),), reader.origin(node))
    results = passed_on(reader, entry, body)
    handler = Handler(Ref(BaseException, "BaseException"), name, last.draft)  # type: ignore[arg-type]
    reader.emit(Try(body.draft, (handler,), Block(()), tuple(results), reader.origin(node)))  # type: ignore[arg-type]
    if body.status == RAISED:
        return RAISED
    return reader.block(final) if final is not None else FALL


def passed_on(reader: Reader, entry: State, body: Path) -> list[str]:
    """The variables that a body sets go on behind it under names of their own."""
    if body.status == RAISED:
        reader.state = entry.copy()
        return []
    joiner = _Joiner(reader, None)
    reader.state = State()
    for key, value in body.state.vars.items():
        reader.state.vars[key] = value if entry.vars.get(key) is value else joiner.join(value, value, key)
    body.draft.exit = Exit("next", tuple(joiner.left))
    return joiner.results

