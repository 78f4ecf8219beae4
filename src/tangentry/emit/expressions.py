"""Expressions of the program → Python's own tree."""
from __future__ import annotations

import ast
import math
import operator
from typing import Any

import numpy as np

from ..prims import (
    BINARY, COMPARE, UNARY, Method, and_, call, formatted, fstring, ifexp, make_dict, make_list, make_set, make_tuple, or_,
    set_variable, star)
from ..program import UNDEF, Apply, Expr, Lit, Name, Ref
from .scope import Scope

_BINARY = {"+": ast.Add, "-": ast.Sub, "*": ast.Mult, "/": ast.Div, "//": ast.FloorDiv, "%": ast.Mod, "**": ast.Pow,
           "@": ast.MatMult, "&": ast.BitAnd, "|": ast.BitOr, "^": ast.BitXor, "<<": ast.LShift, ">>": ast.RShift}
_COMPARE = {"<": ast.Lt, "<=": ast.LtE, ">": ast.Gt, ">=": ast.GtE, "==": ast.Eq, "!=": ast.NotEq, "is": ast.Is,
            "is not": ast.IsNot, "in": ast.In, "not in": ast.NotIn}
_UNARY = {"-": ast.USub, "+": ast.UAdd, "~": ast.Invert, "not": ast.Not}
LOAD = ast.Load()


def binary_node(op: Any) -> ast.operator:
    """The node of a binary operator function."""
    return _BINARY[BINARY[op]]()


class Expressions:
    """Turns expressions into trees; `scope` says how the outside is spelled."""

    def __init__(self, scope: Scope) -> None:
        self.scope = scope

    def tree(self, expr: Expr) -> ast.expr:
        """The tree of an expression."""
        if isinstance(expr, Name):
            return ast.Name(expr.id, LOAD)
        if isinstance(expr, Lit):
            return self.literal(expr.value)
        if isinstance(expr, Ref):
            return self.reference(self.scope.text(expr))
        return self.applied(expr)

    def reference(self, text: str) -> ast.expr:
        """`a.b.c`."""
        root, *path = text.split(".")
        tree: ast.expr = ast.Name(root, LOAD)
        for part in path:
            tree = ast.Attribute(tree, part, LOAD)
        return tree

    def literal(self, value: Any) -> ast.expr:
        """A literal; not-finite numbers by name, negative ones as a sign and a number."""
        if value is UNDEF.value:
            return ast.Constant(None)
        if isinstance(value, np.generic):
            value = value.item()
        if isinstance(value, float) and not math.isfinite(value):
            name = ast.Attribute(self.reference(self.scope.library("np", np)), "nan" if value != value else "inf", LOAD)
            return ast.UnaryOp(ast.USub(), name) if value == -math.inf else name
        if isinstance(value, int | float) and not isinstance(value, bool) and (value < 0 or repr(value) == "-0.0"):
            return ast.UnaryOp(ast.USub(), ast.Constant(-value))
        if isinstance(value, complex):
            return self.complex(value)
        if isinstance(value, tuple | list):
            make = ast.Tuple if isinstance(value, tuple) else ast.List
            return make([self.literal(v) for v in value], LOAD)
        if value is Ellipsis or value is None or isinstance(value, bool | int | float | complex | str | bytes):
            return ast.Constant(value)
        return self.reference(self.scope.object(value))

    def complex(self, value: complex) -> ast.expr:
        """`2j`, `-2j`, or `complex(a, b)`, which keeps the signs of zeros."""
        for sign, tree in ((1, ast.Constant(value)), (-1, ast.UnaryOp(ast.USub(), ast.Constant(-value)))):
            if repr(sign * value).endswith("j") and repr(sign * value)[0] != "(" and repr(sign * value)[0] != "-":
                return tree
        function = self.reference(self.scope.object(complex, "complex"))
        return ast.Call(function, [self.literal(value.real), self.literal(value.imag)], [])

    def applied(self, e: Apply) -> ast.expr:
        """A function applied: as an operator, display, attribute, method or call."""
        fn, args = e.fn, e.args
        syntax = _SYNTAX.get(fn) if _hashable(fn) else None
        if syntax is not None:
            return syntax(self, e)
        if isinstance(e.form, str) and e.form.startswith("."):
            return self.method(e)
        if not isinstance(e.form, Ref) or not e.form.text:
            if _hashable(fn) and fn in BINARY and len(args) == 2:
                return ast.BinOp(self.tree(args[0]), binary_node(fn), self.tree(args[1]))
            if _hashable(fn) and fn in COMPARE and len(args) == 2:
                return ast.Compare(self.tree(args[0]), [_COMPARE[COMPARE[fn]]()], [self.tree(args[1])])
            if _hashable(fn) and fn in UNARY and len(args) == 1:
                return ast.UnaryOp(_UNARY[UNARY[fn]](), self.tree(args[0]))
        return self.called(self.function(e), args, e.kwargs)

    def function(self, e: Apply) -> ast.expr:
        """The callee as the user spelled it, or by its own name."""
        if isinstance(e.form, Ref):
            return self.reference(self.scope.text(Ref(e.fn, e.form.text, e.form.home)))
        return self.reference(self.scope.text(Ref(e.fn, e.form if not e.form.startswith("unpack") else "")))

    def called(self, function: ast.expr, args: tuple[Expr, ...], kwargs: tuple[tuple[str, Expr], ...]) -> ast.expr:
        trees = [ast.Starred(self.tree(a.args[0]), LOAD) if isinstance(a, Apply) and a.fn is star else self.tree(a)
                 for a in args]
        return ast.Call(function, trees, [ast.keyword(k, self.tree(v)) for k, v in kwargs])

    def method(self, e: Apply) -> ast.expr:
        """`x.sum(axis=0)`, `x.T`."""
        form = str(e.form)[1:]
        target = ast.Attribute(self.tree(e.args[0]), form, LOAD)
        if form in ("T", "mT", "real", "imag", "flat") and len(e.args) == 1 and not isinstance(e.fn, Method):
            return target
        return self.called(target, e.args[1:], e.kwargs)

    # ── what has syntax of its own ──
    def display(self, e: Apply) -> ast.expr:
        items = [ast.Starred(self.tree(a.args[0]), LOAD) if isinstance(a, Apply) and a.fn is star else self.tree(a)
                 for a in e.args]
        if e.fn is make_set:
            return ast.Set(items)
        return ast.Tuple(items, LOAD) if e.fn is make_tuple else ast.List(items, LOAD)

    def dictionary(self, e: Apply) -> ast.expr:
        trees = [self.tree(a) for a in e.args]
        return ast.Dict(trees[::2], trees[1::2])  # type: ignore[arg-type]

    def subscript(self, e: Apply) -> ast.expr:
        return ast.Subscript(self.tree(e.args[0]), self.index(e.args[1]), LOAD)

    def index(self, expr: Expr) -> ast.expr:
        """An index, in which `slice` is written with colons."""
        if isinstance(expr, Apply) and expr.fn is slice:
            parts = (*expr.args, *[Lit(None)] * (3 - len(expr.args)))
            return ast.Slice(*[None if p == Lit(None) else self.tree(p) for p in parts])
        if isinstance(expr, Apply) and expr.fn is make_tuple and expr.args:
            return ast.Tuple([self.index(a) for a in expr.args], LOAD)
        return self.tree(expr)

    def attribute(self, e: Apply) -> ast.expr:
        name = e.args[1]
        if len(e.args) == 2 and isinstance(name, Lit):
            return ast.Attribute(self.tree(e.args[0]), name.value, LOAD)
        return self.called(ast.Name("getattr", LOAD), e.args, e.kwargs)

    def conditional(self, e: Apply) -> ast.expr:
        test, then, orelse = map(self.tree, e.args)
        return ast.IfExp(test, then, orelse)

    def boolean(self, e: Apply) -> ast.expr:
        op: ast.boolop = ast.And() if e.fn is and_ else ast.Or()
        return ast.BoolOp(op, [self.tree(a) for a in e.args])

    def value_call(self, e: Apply) -> ast.expr:
        return self.called(self.tree(e.args[0]), e.args[1:], e.kwargs)

    def text(self, e: Apply) -> ast.expr:
        return ast.JoinedStr([self.text_part(a) for a in e.args])

    def text_part(self, part: Expr) -> ast.expr:
        if isinstance(part, Apply) and part.fn is formatted:
            value, conversion, spec = part.args
            code = ord(conversion.value) if isinstance(conversion, Lit) and conversion.value else -1
            plain = isinstance(spec, Lit)
            inner = None if plain and not spec.value else self.text(spec if isinstance(spec, Apply) else Apply(fstring, (spec,)))
            return ast.FormattedValue(self.tree(value), code, inner)
        if isinstance(part, Lit) and isinstance(part.value, str):
            return ast.Constant(part.value)
        if isinstance(part, Apply) and part.fn is fstring:
            return self.text(part)
        return ast.FormattedValue(self.tree(part), -1, None)


def _hashable(fn: Any) -> bool:
    try:
        hash(fn)
    except TypeError:
        return False
    return True


_SYNTAX: dict[Any, Any] = {
    make_tuple: Expressions.display, make_list: Expressions.display, make_set: Expressions.display,
    make_dict: Expressions.dictionary, operator.getitem: Expressions.subscript, getattr: Expressions.attribute,
    ifexp: Expressions.conditional, and_: Expressions.boolean, or_: Expressions.boolean, call: Expressions.value_call,
    fstring: Expressions.text, formatted: lambda self, e: self.text(Apply(fstring, (e,)))}
assert set_variable not in _SYNTAX  # a statement, see statements.py
