"""Calls of kept functions: each becomes a pair, `f_fwd(args) → result, saved` and `f_bwd(args, saved, result_bar) → arg_bars`.

The cotangents of numbers come back as results; those of arrays and lists are added into buffers that the caller hands in, so
that a recursion over parts of an array costs no more than the program itself. What the function writes into its arguments it
puts back on the way.
"""
from __future__ import annotations

import operator
from dataclasses import replace
from typing import Any

from ..algebra import ZERO, Symbol, is_zero
from ..analysis.summaries import summarise
from ..derive import zero_like
from ..optimise.dead import drop_dead
from ..optimise.share import share
from ..outlines import Outline, Summary
from ..prims import make_tuple
from ..program import Apply, Assign, Effect, Expr, Lit, Name, Param, Ref, Stmt, base
from ..rules import registry
from ..shapes import dense
from ..types import DictT, ListT, Num, SeqT, Top, Type, can_be_active
from .loops import Loops
from .split import getitem


class Calls(Loops):
    """Going back over a call of an outline."""

    def back_call(self, stmt: Assign | Effect, e: Apply) -> list[Stmt]:
        fn: Outline = e.fn
        summarise(self.program)
        mask = tuple(k for k, a in enumerate(e.args) if isinstance(a, Name) and self.is_active(a.id))
        writes = fn.summary.writes if fn.summary is not None else frozenset()
        target = stmt.target if isinstance(stmt, Assign) else ""
        g = self.take(target) if self.is_active(target) and not self.is_wild(target) else ZERO
        before = self.kept_arguments(stmt, e, writes - set(mask))
        if not mask or (is_zero(g) and not writes.intersection(mask)):
            return [*before, stmt]
        fwd, bwd = self.pair(fn, mask)
        count = len(fn.out_types)
        stem = base(target).lstrip("%")
        row = self.fresh(f"%{stem}_row", SeqT((*fn.out_types, Top())))
        saved = self.fresh(f"{stem if stem.isidentifier() else fn.name}^saved", Top())
        self.keep |= {target, saved}
        value: Expr = getitem(Name(row), 0) if count == 1 else Apply(make_tuple, tuple(getitem(Name(row), k) for k in range(count)))
        forward: list[Stmt] = [Assign(row, Apply(fwd, e.args, (), Ref(fwd, fwd.name)), stmt.origin)]
        forward += [Assign(target, value, stmt.origin)] if target else []
        forward.append(Assign(saved, getitem(Name(row), count), stmt.origin))
        self.call_back(e, bwd, mask, saved, self.leaf_cotangents(target, fn, g))
        return [*before, *forward]

    def kept_arguments(self, stmt: Stmt, e: Apply, positions: Any) -> list[Stmt]:
        """Inactive arguments that the function changes are put back, where they are read again."""
        out: list[Stmt] = []
        for k in sorted(positions):
            arg = e.args[k]
            before, old = self.saved(stmt, arg, None)
            if old is not None and isinstance(self.type(arg.id), Num):  # type: ignore[union-attr]
                self.put_back(arg, None, old)
            elif old is not None:
                raise self.refuse("a kept function changes a list or dict that the reverse sweep reads again",
                                  "return the new list instead")
            out += before
        return out

    def leaf_cotangents(self, target: str, fn: Outline, g: Symbol) -> list[Expr]:
        """The cotangent of each leaf of the result, at full shape."""
        x = Symbol(Name(target), self.type(target))
        several = len(fn.out_types) > 1
        found: list[Expr] = []
        for k, t in enumerate(fn.out_types):
            if not can_be_active(t):
                continue
            own = Symbol(getitem(x.expr, k), t) if several else x
            part = ZERO if is_zero(g) else g[k] if several else g
            part = zero_like(own) if is_zero(part) else dense(part, own) if isinstance(t, Num) and t.rank is not None else part
            found.append(part.expr if isinstance(part.expr, Name | Lit) else self.assign(self.bar_stem(target), part).expr)
        return found

    def call_back(self, e: Apply, bwd: Outline, mask: tuple[int, ...], saved: str, bars: list[Expr]) -> None:
        """The reverse call, and what it yields for the arguments."""
        buffers: list[Expr] = []
        plain: list[Name] = []
        for k in mask:
            arg = e.args[k]
            assert isinstance(arg, Name)
            if by_buffer(bwd.names_of[k]):
                buffers.append(self.atom(self.part_of(arg.id)))
            else:
                plain.append(arg)
        call = Apply(bwd, (*e.args, Name(saved), *bars, *buffers), (), Ref(bwd, bwd.name))
        if not plain:
            self.effect(call)
            return
        types = [self.type(a.id) for a in plain]
        made = self.assign("%row" if len(plain) > 1 else self.bar_stem(plain[0].id),
                           Symbol(call, types[0] if len(plain) == 1 else SeqT(tuple(types))))
        for k, (arg, t) in enumerate(zip(plain, types, strict=True)):
            part = made if len(plain) == 1 else self.assign(self.bar_stem(arg.id), Symbol(getitem(made.expr, k), t))
            self.contribute(arg, part)

    def atom(self, g: Symbol) -> Expr:
        return g.expr if isinstance(g.expr, Name) else self.assign("%t^bar", g).expr

    def part_of(self, name: str) -> Symbol:
        """The buffer of a value; of a basic view the same view of the buffer."""
        if self.storage.root(name) is not None or name in self.buffers or self.is_wild(name):
            return self.shadow(name)
        link = self.storage.links.get(name)
        if link is None or not (link.expr is None or is_basic(link.expr)) or (link.expr is None and name not in self.rows
                                                                             and name not in self.definitions):
            return Symbol(self.buffer(name), self.type(name))
        whole = self.part_of(link.parent)
        if name in self.rows:
            return Symbol(getitem_at(whole, self.rows[name].expr), self.type(name))
        if link.expr is None:
            return whole
        return Symbol(Apply(link.expr.fn, (whole.expr, *link.expr.args[1:]), link.expr.kwargs, link.expr.form), self.type(name))

    def pair(self, fn: Outline, mask: tuple[int, ...]) -> tuple[Pair, Pair]:
        """The two functions of a kept one; made before their bodies are written."""
        found: tuple[Pair, Pair] | None = fn.derived.get(("reverse", mask))
        if found is not None:
            return found
        summary = fn.summary or Summary()
        params = fn.program.params
        names_of = {k: fn.program.types.get(params[k].name, Top()) for k in mask}
        fwd, bwd = Pair(f"{fn.name}_fwd", names=fn.names), Pair(f"{fn.name}_bwd", names=fn.names)
        fn.derived["reverse", mask] = fwd, bwd
        fwd.names_of = bwd.names_of = names_of
        fwd.out_types = (*fn.out_types, Top())
        bwd.out_types = tuple(t for t in names_of.values() if not by_buffer(t))
        outs = sum(map(can_be_active, fn.out_types))
        first = len(params) + 1 + outs
        held = [k for k in mask if by_buffer(names_of[k])]
        fwd.summary = replace(summary, shares=(*summary.shares, frozenset()))
        bwd.summary = Summary(summary.writes | {first + k for k in range(len(held))}, (frozenset(),) * len(bwd.out_types), True)
        write_pair(fn, mask, fwd, bwd)
        return fwd, bwd


class Pair(Outline):
    """One of the two functions; `names_of`: the types of the differentiated arguments by position."""

    names_of: dict[int, Type]


def by_buffer(t: Type) -> bool:
    """Is the cotangent of an argument of this type added into a buffer?"""
    return (isinstance(t, Num) and t.kind == "array" and t.rank != 0) or isinstance(t, ListT | DictT)


def is_basic(expr: Apply) -> bool:
    """A view whose twin of the buffer is a view for certain."""
    rule = registry.find(expr.fn)
    return rule is not None and bool(rule.view) and (expr.form == ".T" or getattr(expr.fn, "__name__", "") in ("getitem", "transpose"))


def getitem_at(whole: Symbol, index: Expr) -> Apply:
    """A row of a buffer."""
    return Apply(operator.getitem, (whole.expr, index))


def write_pair(fn: Outline, mask: tuple[int, ...], fwd: Pair, bwd: Pair) -> None:
    """The programs of the two functions."""
    from .sweep import split_program  # the sweep calls outlines, and outlines are swept

    params = fn.program.params
    buffers = {params[k].name: fn.names.fresh(f"{base(params[k].name)}^bar") for k in mask if by_buffer(fwd.names_of[k])}
    inputs = {p: fn.examples.get(p) for p in (params[k].name for k in mask if not by_buffer(fwd.names_of[k]))}
    halves = split_program(share(drop_dead(fn.program)), inputs, buffers, fn.names, fn.out_types)
    body = halves.forward
    fwd.program = replace(halves.program, name=fwd.name, params=params, body=body)
    extra = (Param(halves.saved), *map(Param, halves.seeds), *map(Param, buffers.values()))
    bwd.program = replace(halves.program, name=bwd.name, params=(*params, *extra), body=halves.back)
    fwd.complete = bwd.complete = True

