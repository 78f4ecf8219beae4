"""Calls of kept functions: each has a tangent function, made once for each choice of arguments that have a tangent."""
from __future__ import annotations

import operator
from dataclasses import replace

from ..algebra import Symbol
from ..analysis.summaries import summarise
from ..optimise.dead import drop_dead
from ..optimise.share import share
from ..outlines import Outline, Summary
from ..prims import make_tuple
from ..program import Apply, Assign, Effect, Expr, Lit, Name, Param, Ref, base
from ..types import SeqT, Top, can_be_active
from .expressions import Expressions


class Calls(Expressions):
    """Calls of outlines."""

    def outlined(self, stmt: Assign | Effect, e: Apply) -> None:
        """`t = f(…)` becomes `t, t_dot = f_jvp(…)`."""
        fn: Outline = e.fn
        mask = tuple(k for k, a in enumerate(e.args) if isinstance(a, Name) and a.id in self.dots)
        if not mask:
            self.emit(stmt)
            return
        made = tangent_outline(fn, mask)
        count = len(fn.out_types)
        args = (*e.args, *(self.full(self.dot(e.args[k]), e.args[k]).expr for k in mask))
        call = Apply(made, args, (), Ref(made, made.name))
        if isinstance(stmt, Effect):
            self.emit(replace(stmt, value=call))
            return
        row = self.names.fresh(f"%{base(stmt.target).lstrip('%')}_row")
        self.types[row] = SeqT(made.out_types)
        self.emit(Assign(row, call, stmt.origin))
        dot = self.fresh(stmt.target, self.types.get(stmt.target, Top()))
        for target, first in ((stmt.target, 0), (dot, count)):
            value: Expr = parts(row, first, count)
            self.emit(Assign(target, value, replace(stmt.origin, role="tangent") if first else stmt.origin))
        if count == 1:
            self.keep |= {stmt.target, dot}
        self.dots[stmt.target] = Symbol(Name(dot), self.types[dot])


def parts(row: str, first: int, count: int) -> Expr:
    """One leaf of a call's results, or several as a tuple."""
    found = [Apply(operator.getitem, (Name(row), Lit(first + k))) for k in range(count)]
    return found[0] if count == 1 else Apply(make_tuple, tuple(found))


def tangent_outline(fn: Outline, mask: tuple[int, ...]) -> Outline:
    """The tangent function of a kept one: the tangents are further parameters and further results."""
    from .statements import forward  # a tangent program may call tangent functions, and these are tangent programs

    made: Outline | None = fn.derived.get(("jvp", mask))
    if made is not None:
        return made
    params = fn.program.params
    seeds = {params[k].name: fn.names.fresh(f"{base(params[k].name)}^dot") for k in mask}
    made = fn.derived["jvp", mask] = Outline(f"{fn.name}_jvp", names=fn.names)
    made.out_types = (*fn.out_types, *(t if can_be_active(t) else Top() for t in fn.out_types))
    made.summary = _summary(fn, mask)
    program, _ = forward(share(drop_dead(fn.program)), seeds, fn.names)
    made.program = replace(program, name=made.name, params=(*params, *(Param(s) for s in seeds.values())))
    made.complete = True
    return made


def _summary(fn: Outline, mask: tuple[int, ...]) -> Summary:
    """What is written and shared is written and shared by the tangents as well."""
    summarise(fn.program)
    own = fn.summary or Summary()
    shift = {k: len(fn.program.params) + place for place, k in enumerate(mask)}
    shares = tuple(frozenset(shift[k] for k in row if k in shift) for row in own.shares)
    writes = own.writes | {shift[k] for k in own.writes if k in shift}
    return Summary(writes, (*own.shares, *shares), own.pure)
