"""The guard of a generated function: a printed test that a call fits what the function was made for.

Tests stand in the order in which the facts were needed; a fact that cannot even be evaluated does not hold.
"""
from __future__ import annotations

import ast
import builtins
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from .emit.expressions import Expressions
from .emit.printer import to_text
from .emit.scope import Scope
from .emit.statements import Notes, Statements
from .emit.text import Text, arguments
from .load import load
from .normalise.facts import Fact
from .program import Block, Expr, Program, Ref
from .types import LitT, Num, Type, holds, is_non1

_PY = {"?": bool, "l": int, "d": float, "D": complex}


def guard(program: Program, facts: list[Fact], globals: dict[str, Any], cells: Mapping[str, Any]) -> Callable[..., bool]:
    """A function of the program's parameters that says whether a call fits."""
    text = guard_text(program, facts, globals, cells)
    return load([text], globals)[text.name]


def guard_text(program: Program, facts: list[Fact], globals: dict[str, Any], cells: Mapping[str, Any]) -> Text:
    """The text of the guard."""
    scope = Scope(globals, dict(cells), {p.name for p in program.params})
    empty = replace(program, body=Block(()))
    writer = Statements(empty, scope, Notes())
    tests = [t for fact in facts for t in _Tests(writer.expressions, scope).fact(fact)]
    names = ast.dump(ast.Module([ast.Expr(t) for t in tests], []))
    value: ast.expr = ast.BoolOp(ast.And(), tests) if len(tests) > 1 else tests[0] if tests else ast.Constant(True)
    attempt = ast.Try([ast.Return(value)], [ast.ExceptHandler(ast.Name("Exception", ast.Load()), None,
                                                             [ast.Return(ast.Constant(False))])], [], [])
    body: list[ast.stmt] = [ast.Return(value)] if not _can_fail(facts) else [attempt]
    tree = ast.FunctionDef("guard", arguments(empty, writer), body, [], None, None)
    ast.fix_missing_locations(tree)
    own = {n: c for n, c in cells.items() if f"id='{n}'" in names}
    defaults = {p.name: p.default.value for p in program.params if p.default is not None}
    return Text("guard", to_text(tree, {}), dict(scope.given), {**own, **scope.given_cells}, defaults)


def _can_fail(facts: list[Fact]) -> bool:
    """Facts about parts of containers may raise where the structure is another one."""
    return any(f.kind not in ("type",) or not hasattr(f.expr, "id") for f in facts)


class _Tests:
    """The tests of one fact."""

    def __init__(self, expressions: Expressions, scope: Scope) -> None:
        self.expressions, self.scope = expressions, scope

    def tree(self, expr: Expr) -> ast.expr:
        return self.expressions.tree(expr)

    def object(self, value: Any, name: str = "") -> ast.expr:
        return self.tree(Ref(value, name))

    def call(self, name: str, *args: ast.expr) -> ast.expr:

        return ast.Call(self.object(getattr(builtins, name), name), list(args), [])

    def same(self, a: ast.expr, b: ast.expr) -> ast.expr:
        return ast.Compare(a, [ast.Is()], [b])

    def equal(self, a: ast.expr, b: ast.expr, op: ast.cmpop | None = None) -> ast.expr:
        return ast.Compare(a, [op or ast.Eq()], [b])

    def fact(self, fact: Fact) -> list[ast.expr]:
        """The tests of one fact."""
        x = self.tree(fact.expr)
        match fact.kind:
            case "type":
                return self.typed(x, fact.value)
            case "is":
                return self.identity(fact, x)
            case "equal":
                return [self.same(self.call("type", x), self.object(type(fact.value))), self.equal(x, self.object_or(fact.value))]
            case "class":
                return [self.same(self.call("type", x), self.object(fact.value))]
            case "length":
                return [self.equal(self.call("len", x), ast.Constant(fact.value))]
            case "keys":
                return [self.equal(self.call("tuple", x), self.object(fact.value, "keys"))]
            case "code":
                return [self.same(ast.Attribute(x, "__code__", ast.Load()), self.object(fact.value, "code"))]
            case "active" | "inactive":
                return [self.same(self.call("type", x), self.object(fact.value))]
            case "elements":
                return [ast.Call(self.object(holds), [x, self.object(fact.value, "elements")], [])]
            case "distinct":
                return [ast.UnaryOp(ast.Not(), ast.Call(self.object(np.may_share_memory), [x, self.tree(fact.value)], []))]
        raise AssertionError(fact.kind)

    def object_or(self, value: Any) -> ast.expr:
        return self.expressions.literal(value) if isinstance(value, str | bytes) else self.object(value)

    def identity(self, fact: Fact, x: ast.expr) -> list[ast.expr]:
        if isinstance(fact.expr, Ref) and fact.expr.home is None:
            return []
        if fact.value is None or isinstance(fact.value, bool):
            return [self.same(x, ast.Constant(fact.value))]
        return [self.same(x, self.scope_object(fact.value))]

    def scope_object(self, value: Any) -> ast.expr:
        """An object under a name of its own: the user's name for it may mean another one by now."""
        name = self.scope._hand_in("seen", value)
        return ast.Name(name, ast.Load())

    def typed(self, x: ast.expr, t: Type) -> list[ast.expr]:
        if isinstance(t, LitT):
            return [self.same(x, ast.Constant(t.value))] if t.value is None or isinstance(t.value, bool) else []
        if not isinstance(t, Num) or t.kind == "any":
            return []
        if t.kind == "py":
            return [self.same(self.call("type", x), self.object(_PY[t.dtype]))]
        if t.kind == "np":
            return [self.same(self.call("type", x), self.object(np.dtype(t.dtype).type))]
        return self.array(x, t)

    def array(self, x: ast.expr, t: Num) -> list[ast.expr]:
        def attribute(name: str) -> ast.expr:
            return ast.Attribute(x, name, ast.Load())

        tests = [self.same(self.call("type", x), self.object(np.ndarray)),
                 self.same(attribute("dtype"), self.scope_object(np.dtype(t.dtype))),
                 self.equal(attribute("ndim"), ast.Constant(t.rank))]
        dims = t.dims or ()
        if dims and all(is_non1(d) for d in dims):
            return [*tests, self.equal(ast.Constant(1), attribute("shape"), ast.NotIn())]
        for k, d in enumerate(dims):
            extent = ast.Subscript(attribute("shape"), ast.Constant(k), ast.Load())
            tests.append(self.equal(extent, ast.Constant(1), ast.Eq() if d == 1 else ast.NotEq()))
        return tests


