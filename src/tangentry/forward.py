"""Forward mode: Program → tangent Program, in the same form.

Every active name `x` has a tangent `x_dot`; each statement is followed by the one for the tangent, tangents are further
carries and results, and every change of an object is mirrored on its tangent. Source: Griewank & Walther, chapter 3.1.
"""
from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from .algebra import ZERO, Symbol, add, apply, is_zero, lift, mul
from .analysis.activity import _INACTIVE, Activity, activity
from .analysis.effects import LIST_CHANGES
from .analysis.regions import Regions, is_storage
from .derive import called, missing, operand, partials, positional, signature, tangent_parameters, zero_like
from .errors import Origin
from .prims import make_dict, make_list, make_tuple
from .program import (
    Apply, Assign, Attr, Block, Carry, Effect, Exit, Expr, For, If, Item, Lit, Name, Names, Program, Stmt, Store, Try, Update,
    While, With, base, reads)
from .rules import registry
from .runtime import fill
from .shapes import dense
from .types import COMPLEX_CHARS, DictT, ListT, Num, SeqT, Top, Type, can_be_active


def forward(program: Program, seeds: Mapping[str, str], names: Names) -> tuple[Program, Callable[[Expr], Expr]]:
    """The tangent program; `seeds` maps each differentiated parameter to the name of its tangent.

    Leaves that return hold their values followed by as many tangents. Also gives the tangent of any expression.
    """
    maker = _Forward(program, seeds, names)
    body = maker.block(program.body, (), ())
    return replace(program, body=body, types=maker.types), maker.value_dot


class _Forward:
    def __init__(self, program: Program, seeds: Mapping[str, str], names: Names) -> None:
        self.regions = Regions(program)
        self.active: Activity = activity(program, self.regions, seeds)
        self.types: dict[str, Type] = dict(program.types)
        self.names, self.origin = names, Origin()
        self.out: list[Stmt] = []
        self.dots: dict[str, Symbol] = {}
        for name, dot in seeds.items():
            self.types[dot] = self.types.get(name, Top())
            self.dots[name] = Symbol(Name(dot), self.types[dot])

    # ── names ──
    def is_active(self, name: str) -> bool:
        return name in self.active.active

    def fresh(self, name: str, t: Type) -> str:
        made = self.names.fresh(f"{base(name)}^dot")
        self.types[made] = t
        return made

    def dot(self, expr: Expr) -> Symbol:
        """The tangent of an operand; a zero in the text where it has none."""
        if isinstance(expr, Name):
            return self.dots.get(expr.id, ZERO)
        if isinstance(expr, Apply) and any(n in self.dots for n in reads(expr)):
            return self.linearised(expr, None)
        return ZERO

    def value_dot(self, expr: Expr) -> Expr:
        """The tangent of a value at its full shape, with zeros written out."""
        return self.full(self.dot(expr), expr).expr

    def full(self, g: Symbol, of: Expr) -> Symbol:
        """A tangent in the structure and shape of the value that it belongs to."""
        x = self.symbol(of)
        if is_zero(g):
            return zero_like(x)
        return dense(g, x) if isinstance(x.type, Num) and x.type.rank is not None else g

    def symbol(self, expr: Expr) -> Symbol:
        made = operand(expr, self.types)
        return made if isinstance(made, Symbol) else Symbol(expr, lift(made).type)

    def emit(self, stmt: Stmt) -> None:
        self.out.append(stmt)

    def define(self, target: str, g: Symbol) -> None:
        """Name the tangent of a name."""
        if is_zero(g) and not (self.regions.is_written(target) and is_storage(self.types.get(target))):
            return
        z = Symbol(Name(target), self.types.get(target, Top()))
        g = real_part(g, z)
        if self.regions.is_written(target) and is_storage(z.type) and not self.mirrored:
            g = owned(g, z)
        name = self.fresh(target, g.type)
        self.emit(Assign(name, g.expr, replace(self.origin, role="tangent")))
        self.dots[target] = Symbol(Name(name), g.type)

    # ── statements ──
    def block(self, block: Block, results: tuple[str, ...], params: tuple[str, ...]) -> Block:
        kept, self.out = self.out, []
        for stmt in block.stmts:
            self.origin = stmt.origin
            self.stmt(stmt, results, params)
        leaf = self.leaf(block.exit, results, params) if block.exit is not None else None
        made = Block(tuple(self.out), leaf)
        self.out = kept
        return made

    def leaf(self, leaf: Exit, results: tuple[str, ...], params: tuple[str, ...]) -> Exit:
        if leaf.kind == "raise":
            return leaf
        if leaf.kind == "return":
            return replace(leaf, values=(*leaf.values, *(self.pinned(v) for v in leaf.values)))
        targets = results if leaf.kind == "next" else params
        dots = tuple(self.pinned(v) for t, v in zip(targets, leaf.values, strict=False) if self.is_active(t))
        return replace(leaf, values=(*leaf.values, *dots))

    def pinned(self, value: Expr) -> Expr:
        """The tangent of a leaf's value as an operand."""
        g = self.full(self.dot(value), value)
        return g.expr if not isinstance(g.expr, Apply) or g.expr.fn in (make_tuple, make_list, make_dict) else self.named(g)

    def named(self, g: Symbol) -> Expr:
        name = self.fresh("%t", g.type)
        self.emit(Assign(name, g.expr, self.origin))
        return Name(name)

    mirrored = False

    def stmt(self, stmt: Stmt, results: tuple[str, ...], params: tuple[str, ...]) -> None:
        match stmt:
            case Assign(target=target, value=value):
                self.assign(stmt, target, value)
            case Store(obj=obj, index=index, value=value):
                self.emit(stmt)
                if isinstance(obj, Name) and self.is_active(obj.id):
                    self.emit(replace(stmt, obj=self.dot(obj).expr, value=self.stored(value, obj, index)))
            case Update():
                self.update(stmt)
            case Effect(value=value):
                self.effect(stmt, value)
            case If():
                self.branch(stmt, results, params)
            case For() | While():
                self.loop(stmt)
            case With():
                self.region(stmt, params)
            case Try():
                self.attempt(stmt, params)

    def assign(self, stmt: Assign, target: str, value: Expr) -> None:
        self.emit(stmt)
        if not self.is_active(target):
            return
        z = Symbol(Name(target), self.types.get(target, Top()))
        self.mirrored = is_alias(value, self.regions)
        self.define(target, self.linearised(value, z) if isinstance(value, Apply) else self.dot(value))
        self.mirrored = False

    def stored(self, value: Expr, obj: Expr, index: Any) -> Expr:
        """What is stored into a tangent: 0.0 for what has none."""
        g = self.dot(value)
        if is_zero(g):
            whole = self.types.get(obj.id) if isinstance(obj, Name) else None
            inside = isinstance(whole, ListT | DictT | SeqT) or isinstance(index, Attr)
            return zero_like(self.symbol(value)).expr if inside else Lit(0.0)
        inside = isinstance(self.types.get(getattr(obj, "id", "")), ListT | DictT)
        return self.full(g, value).expr if inside else g.expr

    def update(self, stmt: Update) -> None:
        """`y[i] op= v`: sums are mirrored, the rest is computed before the primal changes."""
        obj = stmt.obj
        if not isinstance(obj, Name) or not self.is_active(obj.id):
            self.emit(stmt)
            return
        whole, g = self.dot(obj), self.dot(stmt.value)
        if stmt.op in (operator.add, operator.sub):
            self.emit(stmt)
            if not is_zero(g):
                self.emit(replace(stmt, obj=whole.expr, value=g.expr))
            return
        place = self.symbol(obj) if stmt.index is None else Symbol(Apply(operator.getitem, (obj, stmt.index)), Top())  # type: ignore[arg-type]
        place_dot = whole if stmt.index is None else Symbol(Apply(operator.getitem, (whole.expr, stmt.index)), Top())  # type: ignore[arg-type]
        v = operand(stmt.value, self.types)
        p, q = partials(stmt.op, apply(stmt.op, place, v), (place, v), {})[:2]
        total = add(mul(p, place_dot), ZERO if is_zero(g) else mul(q, g))
        index = stmt.index if stmt.index is not None else Lit(Ellipsis)
        name = self.fresh("%t", Top())
        self.emit(Assign(name, total.expr, stmt.origin))
        self.emit(stmt)
        self.emit(Store(whole.expr, index, Name(name), stmt.origin))

    def effect(self, stmt: Effect, value: Expr) -> None:
        self.emit(stmt)
        if not isinstance(value, Apply) or not value.args or not isinstance(value.args[0], Name):
            return
        obj = value.args[0]
        if not self.is_active(obj.id):
            if any(not is_zero(self.dot(a)) for a in value.args) and value.fn not in (print,):
                rule = registry.find(value.fn)
                if rule is None and value.fn not in LIST_CHANGES:
                    self.refuse_effect(value)
            return
        if value.fn in (list.append, list.insert, list.extend, list.reverse, list.clear, list.pop):
            last = (self.full(self.dot(value.args[-1]), value.args[-1]).expr,) if value.fn in (
                list.append, list.insert, list.extend) else value.args[1:]
            middle = value.args[1:-1] if value.fn is list.insert else ()
            self.emit(replace(stmt, value=Apply(value.fn, (self.dot(obj).expr, *middle, *last), (), value.form)))
            return
        self.writes(stmt, value)

    def writes(self, stmt: Effect, value: Apply) -> None:
        """A function that writes into its arguments: its forward rule is the same call on the tangents."""
        rule = registry.find(value.fn)
        if rule is None or not rule.writes or not rule.linear:
            raise missing(value.fn, self.origin)
        args = tuple((self.dot(a).expr if not is_zero(self.dot(a)) else Lit(0.0)) if k in rule.linear else a
                     for k, a in enumerate(value.args))
        self.emit(replace(stmt, value=Apply(value.fn, args, value.kwargs, value.form)))

    def refuse_effect(self, value: Apply) -> None:
        if value.fn not in _INACTIVE and not getattr(value.fn, "__name__", "").startswith("assert"):
            raise missing(value.fn, self.origin)

    def branch(self, stmt: If, results: tuple[str, ...], params: tuple[str, ...]) -> None:
        inner = stmt.results or results
        then = self.block(stmt.then, inner, params)  # a name that it sets may be read behind, under the same test
        orelse = self.block(stmt.orelse, inner, params)
        self.emit(replace(stmt, then=then, orelse=orelse, results=(*stmt.results, *self.results(stmt.results))))

    def results(self, results: tuple[str, ...]) -> tuple[str, ...]:
        """Names for the tangents of what a statement with blocks yields."""
        made = []
        for result in results:
            if self.is_active(result):
                t = self.types.get(result, Top())
                name = self.fresh(result, t)
                self.dots[result] = Symbol(Name(name), t)
                made.append(name)
        return tuple(made)

    def loop(self, stmt: For | While) -> None:
        params = tuple(c.param for c in stmt.carries)
        inits = [(c, self.pinned(c.init)) for c in stmt.carries if self.is_active(c.param)]
        outer = dict(self.dots)
        carries: list[Carry] = []
        for carry, init in inits:
            t = self.types.get(carry.param, Top())
            param, result = self.fresh(carry.param, t), self.fresh(carry.result, t)
            carries.append(Carry(param, init, result))
            self.dots[carry.param] = Symbol(Name(param), t)
        items = self.items(stmt) if isinstance(stmt, For) else ()
        body = self.block(stmt.body, params, params)
        self.dots = outer
        for (carry, _), made in zip(inits, carries, strict=True):
            self.dots[carry.result] = Symbol(Name(made.result), self.types[made.result])
        new: Stmt = replace(stmt, carries=(*stmt.carries, *carries), body=body)
        self.emit(replace(new, items=items) if isinstance(new, For) else new)

    def items(self, stmt: For) -> tuple[Item, ...]:
        made: list[Item] = []
        for item in stmt.items:
            made.append(item)
            if item.kind == "each" and self.is_active(item.target):
                t = self.types.get(item.target, Top())
                name = self.fresh(item.target, t)
                source = self.full(self.dot(item.args[0]), item.args[0])
                made.append(Item(name, "each", (source.expr,), item.backward))
                self.dots[item.target] = Symbol(Name(name), t)
        return tuple(made)

    def region(self, stmt: With, params: tuple[str, ...]) -> None:
        outer = dict(self.dots)
        body = self.block(stmt.body, stmt.results, params)
        self.dots = outer
        self.emit(replace(stmt, body=body, results=(*stmt.results, *self.results(stmt.results))))

    def attempt(self, stmt: Try, params: tuple[str, ...]) -> None:
        outer = dict(self.dots)
        body = self.block(stmt.body, stmt.results, params)
        handlers = []
        for handler in stmt.handlers:
            self.dots = dict(outer)
            handlers.append(replace(handler, body=self.block(handler.body, stmt.results, params)))
        self.dots = dict(outer)
        final = self.block(stmt.final, (), params)
        self.dots = outer
        self.emit(replace(stmt, body=body, handlers=tuple(handlers), final=final,
                          results=(*stmt.results, *self.results(stmt.results))))

    # ── expressions ──
    def linearised(self, e: Apply, z: Symbol | None) -> Symbol:
        """The tangent of a function applied; `z` is its result."""
        fn, args = e.fn, e.args
        if fn in (make_tuple, make_list):
            return lift((tuple if fn is make_tuple else list)(self.full(self.dot(a), a) for a in args))
        if fn is make_dict:
            parts = [p for k, v in zip(args[::2], args[1::2], strict=True) for p in (k, self.full(self.dot(v), v).expr)]
            return Symbol(Apply(make_dict, tuple(parts)), Top())
        dots = [self.dot(a) if not isinstance(a, Apply) or a.fn is not slice else ZERO for a in args]
        if fn in (operator.getitem, list.pop, dict.pop, dict.get, getattr, list.copy, dict.copy, list, tuple, reversed):
            return self.mirror(e, dots[0], z)
        if isinstance(z, Symbol) and isinstance(z.type, ListT) and fn in (operator.add, operator.mul):
            return Symbol(replace(e, args=tuple(self.full(d, a).expr if self.is_list(a) else a
                                                for d, a in zip(dots, args, strict=True))), z.type)
        kw_dots = {k: self.dot(v) for k, v in e.kwargs}
        if all(is_zero(d) for d in (*dots, *kw_dots.values())):
            return ZERO
        return self.by_rule(e, dots, kw_dots, z if z is not None else Symbol(e, Top()))

    def is_list(self, expr: Expr) -> bool:
        return isinstance(self.symbol(expr).type, ListT | SeqT)

    def mirror(self, e: Apply, g: Symbol, z: Symbol | None) -> Symbol:
        """Reading from an object: the same reading from its tangent."""
        if is_zero(g):
            return ZERO
        whole = self.full(g, e.args[0])
        t = z.type if z is not None else Top()
        if isinstance(whole.type, Num) and e.fn is operator.getitem:
            index = operand(e.args[1], self.types)
            return apply(operator.getitem, whole, index)
        return Symbol(replace(e, args=(whole.expr, *e.args[1:])), t)

    def by_rule(self, e: Apply, dots: list[Symbol], kw_dots: dict[str, Symbol], z: Symbol) -> Symbol:
        rule = registry.find(e.fn)
        if rule is not None and rule.constant:
            return ZERO
        if rule is None or not rule.has_derivative:
            raise missing(e.fn, self.origin)
        args = [operand(a, self.types) for a in e.args]
        kwargs = {k: operand(v, self.types) for k, v in e.kwargs}
        if rule.tangent is not None:
            return self.by_tangent(rule.tangent, args, kwargs, dots, kw_dots, z, e)
        if rule.linear:
            return self.by_linearity(rule.linear, rule.adjoint, e, args, kwargs, dots, kw_dots)
        if rule.partials is None:
            raise missing(e.fn, self.origin)
        row = partials(e.fn, z, args, kwargs)
        total = ZERO
        for d, p in zip(dots, row, strict=False):
            if not is_zero(d) and p is not None:  # None: the function does not depend on it smoothly
                total = add(total, real_part(mul(d, p), z))
        return total

    def by_tangent(self, rule: Callable[..., Any], args: Sequence[Any], kwargs: dict[str, Any], dots: list[Symbol],
                   kw_dots: dict[str, Symbol], z: Symbol, e: Apply) -> Symbol:
        wanted = tangent_parameters(rule)
        row, rest = positional(rule, len(wanted) + 1, args, kwargs)
        exprs = list(e.args) + [v for k, v in e.kwargs if k not in rest]
        flat = dots + [kw_dots[k] for k, _ in e.kwargs if k not in rest]
        by_name = dict(zip(parameter_names(rule)[len(wanted) + 1:], zip(flat, exprs, strict=True), strict=False))
        tangents = [self.full(*by_name[n]) if n in by_name and not is_zero(by_name[n][0]) else 0.0 for n in wanted]
        return lift(called(rule, (*tangents, z, *row), rest))

    def by_linearity(self, positions: tuple[int, ...], rule: Callable[..., Any] | None, e: Apply, args: list[Any],
                     kwargs: dict[str, Any], dots: list[Symbol], kw_dots: dict[str, Symbol]) -> Symbol:
        """The function itself, with the tangent in place of one argument at a time."""
        exprs, skip = list(e.args), 2
        if rule is not None and kw_dots:
            row, rest = positional(rule, skip, args, kwargs)
            named = dict(e.kwargs)
            added = [k for k in kwargs if k not in rest]
            exprs, dots = exprs + [named[k] for k in added], dots + [kw_dots[k] for k in added]
            args, kwargs = row, rest
        total = ZERO
        for k in positions:
            if k < len(dots) and not is_zero(dots[k]):
                swapped = [self.full(dots[k], exprs[k]) if i == k else a for i, a in enumerate(args)]
                total = add(total, apply(e.fn, *swapped, form_=e.form if isinstance(e.form, str) else "", **kwargs))
        found = registry.find(e.fn)
        ignored = {*positions, *(found.shape_only if found is not None else ())}
        if any(not is_zero(d) for k, d in enumerate(dots) if k not in ignored):
            raise missing(e.fn, self.origin)
        return total


def is_alias(value: Expr, regions: Regions) -> bool:
    """Is it another name for an object, a view of one, or what a container holds?"""
    if not isinstance(value, Apply):
        return isinstance(value, Name)
    held = value.fn in (operator.getitem, dict.get, list.pop, dict.pop) and not isinstance(regions.type(value.args[0]), Num)
    return held or regions._is_view(value)


def parameter_names(rule: Callable[..., Any]) -> list[str]:
    """The parameters of a rule."""
    return list(signature(rule).parameters)


def real_part(g: Symbol, z: Symbol) -> Symbol:
    """The tangent of a real result is real."""
    if g.dtype and g.dtype in COMPLEX_CHARS and z.dtype and z.dtype not in COMPLEX_CHARS:
        return apply(np.real, g)
    return g


def owned(g: Symbol, z: Symbol) -> Symbol:
    """A tangent that is going to be written into: an array of its own, at full shape."""
    if is_zero(g):
        return zero_like(z)
    if not (isinstance(z.type, Num) and z.type.kind == "array"):
        return g
    g = dense(g, z)
    if isinstance(g.expr, Apply):
        rule = registry.find(g.expr.fn)
        if g.expr.fn is not np.broadcast_to and (rule is None or not rule.view):
            return g
    return apply(np.array, g) if can_be_active(g.type) else apply(fill, g, z)
