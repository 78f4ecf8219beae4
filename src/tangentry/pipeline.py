"""The passes in order: from a reading to the text of the primal, tangent or adjoint program."""
from __future__ import annotations

import types
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from .emit.statements import Notes
from .emit.text import Text, emit_function
from .normalise import Out, Reading
from .optimise.dead import drop_dead
from .optimise.inline import inline
from .optimise.names import _Namer, _Printer
from .prims import make_dict, make_list, make_tuple
from .program import Apply, Block, Expr, Lit, Program, Ref, Stmt, blocks


def compose(out: Out, values: tuple[Expr, ...]) -> Expr:
    """The result as one expression, from its leaves."""
    if out.index >= 0:
        return values[out.index] if values else Lit(None)
    parts = tuple(compose(p, values) for p in out.parts)
    if out.cls is dict:
        return Apply(make_dict, tuple(e for k, p in zip(out.keys, parts, strict=True) for e in (Lit(k), p)))
    if out.cls in (tuple, list):
        return Apply(make_tuple if out.cls is tuple else make_list, parts)
    return Apply(out.cls, parts if not out.keys else (), tuple(zip(out.keys, parts, strict=False)) if out.keys else (),
                 Ref(out.cls, out.cls.__name__))


def with_results(program: Program, make: Any) -> Program:
    """The program with another expression at each `return`, made of its leaves."""
    def block(b: Block) -> Block:
        leaf = b.exit
        if leaf is not None and leaf.kind == "return":
            leaf = replace(leaf, values=(make(leaf.values),))
        return Block(tuple(map(stmt, b.stmts)), leaf)

    def stmt(s: Stmt) -> Stmt:
        return rebuilt(s, block) if blocks(s) else s

    return replace(program, body=block(program.body))


def rebuilt(stmt: Any, block: Any) -> Any:
    """A statement with its blocks mapped."""
    changes = {name: block(getattr(stmt, name)) for name in ("then", "orelse", "body", "final") if hasattr(stmt, name)}
    if hasattr(stmt, "handlers"):
        changes["handlers"] = tuple(replace(h, body=block(h.body)) for h in stmt.handlers)
    return replace(stmt, **changes)


def printed(program: Program) -> Program:
    """Out of single assignment, with nested expressions."""
    namer = _Namer(program, set())
    return _Printer(inline(program, namer.printed), namer.printed).program()


def notes_of(reading: Reading, origins: bool = True) -> Notes:
    """The comments of the user's text."""
    if reading.source is None:
        return Notes()
    return Notes(reading.lines, reading.source.lines, reading.source.file, origins)


def environment(reading: Reading) -> tuple[dict[str, Any], Mapping[str, Any]]:
    """The globals and closure cells of the user's function."""
    fn = reading.callee.function
    if isinstance(fn, types.FunctionType):
        return fn.__globals__, dict(zip(fn.__code__.co_freevars, fn.__closure__ or (), strict=True))
    return {"__builtins__": __builtins__}, {}


def primal_text(reading: Reading) -> Text:
    """The program that was read, written out again."""
    program = drop_dead(reading.program)
    program = with_results(program, lambda values: compose(reading.out, values))
    globals, cells = environment(reading)
    return emit_function(printed(program), program.name, globals, cells, notes_of(reading))


def gradient_text(reading: Reading, wrt: tuple[str, ...], value: bool = False) -> Text:
    """The gradient of a scalar function by the parameters `wrt`."""
    from .protect import protect
    from .reverse import reverse
    program = protect(drop_dead(reading.program), [], reading.names)
    inputs = {reading.roots[w]: "" for w in wrt}
    adjoint = reverse(program, inputs, [Lit(1.0)], reading.names, reading.out_types)

    def make(values: tuple[Expr, ...]) -> Expr:
        bars = values[adjoint.values:]
        grads = bars[0] if len(bars) == 1 else Apply(make_tuple, bars)
        return Apply(make_tuple, (compose(reading.out, values[: adjoint.values]), grads)) if value else grads

    program = drop_dead(with_results(adjoint.program, make))
    globals, cells = environment(reading)
    return emit_function(printed(program), f"{program.name}_grad", globals, cells, notes_of(reading))
