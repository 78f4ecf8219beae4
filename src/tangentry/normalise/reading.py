"""From a callable and its arguments to a Program: the entry of the reader.

Accepts any callable with a list of live arguments (of which only kinds, dtypes, ranks and structures are used); yields
the primal program in flat single assignment, the structure of its result, and the facts that it relies on.
"""
from __future__ import annotations

import inspect
import types
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import gast
import numpy as np

from ..errors import ArgumentError, SourceError
from ..program import Assign, Block, Exit, Expr, For, If, Lit, Name, Names, Param, Program, Ref, Try, While, With
from ..syntax import Callee, peel, source_of
from ..types import Type, join, widen
from . import arrays, attempts, builtins_, contexts, loop_statements, statements  # noqa: F401  (they register their handlers)
from .branches import end_of_body
from .call import call_known
from .core import EXITED, FALL, RAISED, RETURNED, Leaf, Raises, Reader, Restart
from .facts import Facts
from .functions import RECURSION, make_frame, parameter_names, refuse_generators, settled
from .hosts import deep_type, operand, varied
from .inputs import lift
from .state import Frame, Mismatch, merge, no_objects
from .values import UNBOUND, Const, Dyn, Ext, Obj, Rec, Tup, Unbound, Value

MAX_RESTARTS = 40


@dataclass(frozen=True)
class Out:
    """The structure of a result: a leaf (its index) or a container of parts."""

    index: int = -1
    cls: Any = None
    keys: tuple[Any, ...] = ()
    parts: tuple[Out, ...] = ()


@dataclass(frozen=True)
class Reading:
    """A program with what is known about it.

    `roots`: the user's parameter → its name in the program; `values`: the live arguments by parameter;
    `out` and `out_types`: the structure and the types of the result; `outside`: the names of what is read from outside.
    """

    program: Program
    callee: Callee
    out: Out
    out_types: tuple[Type, ...]
    out_varied: tuple[bool, ...]
    facts: Facts
    roots: Mapping[str, str]
    values: Mapping[str, Any]
    names: Names
    outside: tuple[str, ...] = ()
    source: Any = None
    lines: Mapping[int, str] = field(default_factory=dict)


def read(function: Any, args: Sequence[Any], kwargs: Mapping[str, Any], wrt: Sequence[str] | None) -> Reading:
    """Read a callable for these arguments; `wrt` are the parameters that are differentiated (None: all)."""
    callee = peel(function)
    real: set[Any] = set()
    for _ in range(MAX_RESTARTS):
        try:
            return _Entry(callee, args, kwargs, wrt, Reader(real=real)).read()
        except Restart:
            continue
    raise SourceError("the program cannot be read: its containers do not settle")


class _Entry:
    """One attempt at reading the top function."""

    def __init__(self, callee: Callee, args: Sequence[Any], kwargs: Mapping[str, Any], wrt: Sequence[str] | None,
                 reader: Reader) -> None:
        self.callee, self.args, self.kwargs, self.wrt, self.reader = callee, args, kwargs, wrt, reader
        self.roots: dict[str, str] = {}
        self.values: dict[str, Any] = {}

    def read(self) -> Reading:
        return self.python() if self.callee.is_python else self.host()

    def python(self) -> Reading:
        function, reader = self.callee.function, self.reader
        source = source_of(function)
        cells = dict(zip(function.__code__.co_freevars, function.__closure__ or (), strict=True))
        owner = cells["__class__"].cell_contents if "__class__" in cells else _owner(self.callee)
        frame = make_frame(reader, source, source.node, function.__globals__, cells, None, owner)
        reader.frame = frame
        reader.return_stems[frame.id] = "%value"
        params = self.bind(frame.id, function)
        reader.calls.append(source.node)
        reader.bound.append({p: reader.state.vars["v", frame.id, p] for p in parameter_names(source.node.args)})
        body = source.node.body
        if ("function", source.node) in reader.real:
            return self.finish(self.as_call(frame, source), source.name, params, source)
        if isinstance(source.node, gast.Lambda):
            body = [gast.copy_location(gast.Return(body), body)]
        else:
            if isinstance(source.node, gast.AsyncFunctionDef):
                reader.unsupported(source.node, "`async def` is not differentiated")
            refuse_generators(reader, source.node)
            body = settled(source.node, False)
        reader.statement = body[0]
        status = reader.block(body)
        return self.finish(status, source.name, params, source)

    def as_call(self, frame: Frame, source: Any) -> str:
        """A recursive function: the program is one call of it."""
        reader, state = self.reader, self.reader.state
        reader.calls.pop()
        reader.bound.pop()
        row = [state.vars["v", frame.id, p] for p in parameter_names(source.node.args)]
        reader.statement = source.node
        inner = make_frame(reader, source, source.node, frame.globals, frame.cells, None, frame.owner)
        bound = dict(zip(parameter_names(source.node.args), row, strict=True))
        state.vars["v", frame.id, "%return"] = RECURSION[0](reader, inner, source.node, source.name, bound, source.node)
        return RETURNED

    def bind(self, frame: int, function: types.FunctionType) -> tuple[Param, ...]:
        """Give the parameters their values; the parameters of the generated function."""
        signature = inspect.signature(function, follow_wrapped=False)
        hidden = _hidden(signature, self.callee)
        bound = signature.bind(*self.callee.bound, *self.args, **{**self.callee.keywords, **self.kwargs})
        given = set(bound.arguments)
        bound.apply_defaults()
        params: list[Param] = []
        for name, p in signature.parameters.items():
            value = bound.arguments[name]
            if name in hidden:
                self.reader.state.vars["v", frame, name] = self.hidden(name, value, hidden[name])
                continue
            default = None if p.default is p.empty else Ref(p.default)
            params.append(Param(name, int(p.kind), default))
            self.reader.state.vars["v", frame, name] = self.argument(name, value, name in given)
        return tuple(params)

    def hidden(self, name: str, value: Any, partial: bool) -> Value:
        """An argument that is bound already: `self`, or one of a partial."""
        return lift(self.reader, Ref(value, name, "bound"), value)

    def argument(self, name: str, value: Any, given: bool) -> Value:
        """A parameter of the generated function."""
        self.roots[name], self.values[name] = name, value
        self.reader.examples[name] = value
        return lift(self.reader, Name(name), value, self.wrt is None or name in self.wrt)

    def host(self) -> Reading:
        """A function without Python source: its program is one call."""
        fn, reader = self.callee.function, self.reader
        name = getattr(fn, "__name__", type(fn).__name__)
        names = host_parameters(fn, len(self.args))
        values = [lift(reader, Ref(v), v) for v in self.callee.bound]
        values += [self.argument(n, v, True) for n, v in zip(names, self.args, strict=False)]
        named = {k: lift(reader, Ref(v), v) for k, v in self.callee.keywords.items()}
        named |= {k: self.argument(k, v, True) for k, v in self.kwargs.items()}
        text = f"np.{name}" if getattr(np, name, None) is fn else name
        frame = make_frame(reader, None, _no_tree(), {}, {}, None, None)
        reader.frame = frame
        reader.hint = "%value"
        result = call_known(reader, fn, Ref(fn, text), values, named, None)
        reader.hint = ""
        reader.state.vars["v", frame.id, "%return"] = result
        params = [Param(n) for n in names[: len(self.args)]] + [Param(k, 3) for k in self.kwargs]
        return self.finish(RETURNED, name, tuple(params), None)

    def finish(self, status: str, name: str, params: tuple[Param, ...], source: Any) -> Reading:
        reader = self.reader
        if status == FALL:
            status = end_of_body(reader)
        leaves = list(reader.returns)
        if status == RETURNED:
            value = reader.state.vars["v", reader.frame.id, "%return"]
            leaves.append(Leaf("return", reader.draft, reader.state.copy(), value, reader.origin()))
        elif status not in (RAISED, EXITED):
            raise Raises
        made = completed(reader, leaves, name, params, self.callee)
        if source is None:
            return replace(made, roots=self.roots, values=self.values)
        program = replace(made.program, origin=reader.origin(source.node))
        return replace(made, program=program, roots=self.roots, values=self.values, source=source, lines=source.comments)


def completed(reader: Reader, leaves: list[Leaf], name: str, params: tuple[Param, ...], callee: Callee) -> Reading:
    """The program of everything that was read."""
    out, out_types, flags = _fill_returns(reader, leaves)
    reader.draft.stmts[:0] = reader.prologue
    types = {n: reader.aliases.settled(n, t) for n, t in reader.types.items()}
    program = Program(name, params, freeze(reader.draft), types, reader.origin())
    outside = tuple(s.target for s in reader.prologue if isinstance(s, Assign))
    return Reading(program, callee, out, out_types, flags, reader.facts, {}, {}, reader.names, outside)


def finish_reader(reader: Reader, name: str, params: tuple[Param, ...], value: Value, callee: Callee) -> Reading:
    """The program of a call that was read within another program."""
    return completed(reader, [Leaf("return", reader.draft, reader.state.copy(), value, reader.origin())], name, params, callee)


def _owner(callee: Callee) -> type | None:
    """The class whose method is differentiated, for private names."""
    if not callee.bound:
        return None
    first = callee.bound[0]
    cls = first if isinstance(first, type) else type(first)
    for c in cls.__mro__:
        if any(getattr(f, "__func__", f) is callee.function for f in vars(c).values()):
            return c
    return None


def _hidden(signature: inspect.Signature, callee: Callee) -> dict[str, bool]:
    """The parameters that are bound already."""
    names = [n for n, p in signature.parameters.items() if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    return dict.fromkeys(names[: len(callee.bound)], True) | dict.fromkeys(callee.keywords, True)


def host_parameters(fn: Any, count: int) -> list[str]:
    """Names for the parameters of a function without Python source."""
    try:
        parameters = inspect.signature(fn, follow_wrapped=False).parameters.values()
        names = [p.name for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    except (TypeError, ValueError):
        names = []
    names = ["x", "y", "z"] if not names or isinstance(fn, np.ufunc) else names
    return [names[k] if k < len(names) else f"x{k}" for k in range(count)]


def _no_tree() -> Any:
    return gast.Lambda(gast.arguments([], [], None, [], [], None, []), gast.Constant(None, None))


def frozen_value(reader: Reader, leaf: Leaf, v: Value) -> Value:
    """A result with the contents that its objects have where it is returned."""
    if isinstance(v, Obj):
        held = leaf.state.vars[("h", v.id)]
        inner = frozen_value(reader, leaf, held)
        return Tup((inner,), v.cls) if isinstance(inner, Rec) and v.cls is not dict else inner
    if isinstance(v, Tup):
        return Tup(tuple(frozen_value(reader, leaf, i) for i in v.items), v.cls)
    if isinstance(v, Rec):
        return Rec(v.keys, tuple(frozen_value(reader, leaf, i) for i in v.values))
    if isinstance(v, Ext) or isinstance(v, Dyn | Const | Unbound):
        return v
    reader.state = leaf.state
    with reader.into(leaf.draft):
        expr = operand(reader, v)
    return Dyn(expr, deep_type(reader, v), varied(reader, v))


def _fill_returns(reader: Reader, leaves: list[Leaf]) -> tuple[Out, tuple[Type, ...], tuple[bool, ...]]:
    """Set the values of all returning leaves; the common structure of the result."""
    values = [frozen_value(reader, leaf, leaf.value or UNBOUND) for leaf in leaves]
    if not values:
        return Out(0), (), ()
    shape = values[0]
    for other in values[1:]:
        try:
            shape = merge(shape, other, lambda a, b: Dyn(Lit("leaf"), _either(reader, a, b),
                                                         varied(reader, a) or varied(reader, b)), no_objects)
        except Mismatch as mismatch:
            raise ArgumentError(f"the function returns {mismatch}", "return the same structure on every path",
                                leaves[-1].origin) from None
    found: list[Value] = []
    out = _structure(shape, found)
    for leaf, value in zip(leaves, values, strict=True):
        parts: list[Value] = []
        _structure(value, parts)
        leaf.draft.exit = Exit("return", tuple(_leaf_expr(reader, leaf, p) for p in parts), leaf.origin)
    return out, tuple(widen(deep_type(reader, v)) for v in found), tuple(varied(reader, v) for v in found)


def _either(reader: Reader, a: Value, b: Value) -> Type:
    return widen(join(deep_type(reader, a), deep_type(reader, b)))


def _leaf_expr(reader: Reader, leaf: Leaf, v: Value) -> Expr:
    reader.state = leaf.state
    with reader.into(leaf.draft):
        return operand(reader, v)


def _structure(v: Value, leaves: list[Value]) -> Out:
    """The structure of a value; its leaves are collected."""
    if isinstance(v, Tup) and len(v.items) == 1 and isinstance(v.items[0], Rec) and v.cls not in (tuple, list):
        record = v.items[0]
        return Out(-1, v.cls, record.keys, tuple(_structure(i, leaves) for i in record.values))
    if isinstance(v, Tup):
        return Out(-1, v.cls, (), tuple(_structure(i, leaves) for i in v.items))
    if isinstance(v, Rec):
        return Out(-1, dict, v.keys, tuple(_structure(i, leaves) for i in v.values))
    leaves.append(v)
    return Out(len(leaves) - 1)


def freeze(draft: Any) -> Block:
    """A draft with everything in it as blocks."""
    if isinstance(draft, Block):
        return draft
    return Block(tuple(map(_frozen, draft.stmts)), draft.exit)


def _frozen(stmt: Any) -> Any:
    match stmt:
        case If(then=then, orelse=orelse):
            return replace(stmt, then=freeze(then), orelse=freeze(orelse))
        case For(body=body) | While(body=body) | With(body=body):
            return replace(stmt, body=freeze(body))
        case Try(body=body, handlers=handlers, final=final):
            return replace(stmt, body=freeze(body), final=freeze(final),
                           handlers=tuple(replace(h, body=freeze(h.body)) for h in handlers))
    return stmt


