"""Tree → text: `astunparse`'s printer with minimal brackets, slices as they are written, and comments."""
from __future__ import annotations

import ast
import io
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from astunparse.unparser import Unparser

_BIN = {"+": 11, "-": 11, "*": 12, "/": 12, "//": 12, "%": 12, "@": 12, "<<": 10, ">>": 10, "&": 9, "^": 8, "|": 7, "**": 14}
_ATOM, _AWAIT, _UNARY, _COMPARE, _NOT, _AND, _OR, _TEST, _NAMED, _TUPLE = 16, 15, 13, 6, 5, 4, 3, 2, 1, 0


class Comment(ast.stmt):
    """A comment on a line of its own."""

    _fields = ("text",)

    def __init__(self, text: str) -> None:
        super().__init__()
        self.text = text


def precedence(tree: ast.AST) -> int:
    """How tightly an expression binds; a child that binds less than its place demands gets brackets."""
    match tree:
        case ast.BinOp(op=op):
            return _BIN[Unparser.binop[type(op).__name__]]
        case ast.UnaryOp(op=op):
            return _NOT if isinstance(op, ast.Not) else _UNARY
        case ast.Constant(value=value) if isinstance(value, complex) or (
                isinstance(value, int | float) and not isinstance(value, bool) and value < 0):
            return _UNARY
        case ast.BoolOp(op=op):
            return _AND if isinstance(op, ast.And) else _OR
        case ast.Compare():
            return _COMPARE
        case ast.IfExp() | ast.Lambda():
            return _TEST
        case ast.NamedExpr():
            return _NAMED
        case ast.Tuple(elts=elts):
            return _TUPLE if len(elts) > 1 else _ATOM
        case ast.Await():
            return _AWAIT
    return _ATOM


class Printer(Unparser):  # type: ignore[misc]
    """`comments`: statement (by identity) → the comment behind it."""

    def __init__(self, tree: ast.AST, file: io.StringIO, comments: Mapping[int, str]) -> None:
        self.comments = comments
        super().__init__(tree, file)

    def dispatch(self, tree: Any) -> None:
        if isinstance(tree, list):
            for part in tree:
                self.dispatch(part)
            return
        method = getattr(self, "_" + type(tree).__name__, None)
        if method is None:
            self.fallback(tree)
            return
        method(tree)
        if isinstance(tree, ast.stmt) and id(tree) in self.comments and not hasattr(tree, "body"):
            self.write("  # " + self.comments[id(tree)])

    def fallback(self, tree: ast.AST) -> None:
        """What astunparse does not know goes through the standard printer."""
        text = ast.unparse(tree)
        if isinstance(tree, ast.stmt):
            for line in text.splitlines():
                self.fill(line)
        else:
            self.write(text)

    def expr(self, tree: ast.AST, level: int) -> None:
        """An expression at a place that demands a precedence."""
        if precedence(tree) < level:
            self.write("(")
            self.bare(tree)
            self.write(")")
        else:
            self.bare(tree)

    def bare(self, tree: ast.AST) -> None:
        """Without the brackets that astunparse puts of its own accord."""
        if isinstance(tree, ast.IfExp):
            self.expr(tree.body, _OR)
            self.write(" if ")
            self.expr(tree.test, _OR)
            self.write(" else ")
            self.expr(tree.orelse, _TEST)
        elif isinstance(tree, ast.Tuple) and len(tree.elts) > 1:
            self.row(tree.elts)
        else:
            self.dispatch(tree)

    def row(self, parts: Iterable[ast.AST]) -> None:
        parts = list(parts)
        self.join(parts, lambda part: self.expr(part, _TEST))
        if len(parts) == 1:
            self.write(",")

    def join(self, parts: Iterable[Any], show: Callable[[Any], None]) -> None:
        for k, part in enumerate(parts):
            if k:
                self.write(", ")
            show(part)

    def _IfExp(self, t: ast.IfExp) -> None:
        self.bare(t)

    def _Tuple(self, t: ast.Tuple) -> None:
        self.write("(")
        self.row(t.elts) if t.elts else None
        self.write(")")

    def _Constant(self, t: ast.Constant) -> None:
        self.write("..." if t.value is Ellipsis else repr(t.value))

    def _BinOp(self, t: ast.BinOp) -> None:
        op = self.binop[type(t.op).__name__]
        level = _BIN[op]
        left, right = (level + 1, _UNARY) if op == "**" else (level, level + 1)
        self.expr(t.left, left)
        self.write(f" {op} ")
        self.expr(t.right, right)

    def _UnaryOp(self, t: ast.UnaryOp) -> None:
        op = self.unop[type(t.op).__name__]
        self.write("not " if op == "not" else op)
        self.expr(t.operand, _NOT if op == "not" else _UNARY)

    def _Compare(self, t: ast.Compare) -> None:
        self.expr(t.left, _COMPARE + 1)
        for op, right in zip(t.ops, t.comparators, strict=True):
            self.write(f" {self.cmpops[type(op).__name__]} ")
            self.expr(right, _COMPARE + 1)

    def _BoolOp(self, t: ast.BoolOp) -> None:
        level = precedence(t)
        for k, value in enumerate(t.values):
            if k:
                self.write(" and " if isinstance(t.op, ast.And) else " or ")
            self.expr(value, level + 1)

    def _Attribute(self, t: ast.Attribute) -> None:
        number = isinstance(t.value, ast.Constant) and isinstance(t.value.value, int)
        self.expr(t.value, _ATOM + number)
        self.write("." + t.attr)

    def _Call(self, t: ast.Call) -> None:
        self.expr(t.func, _ATOM)
        self.write("(")
        self.join([*t.args, *t.keywords], lambda a: self.expr(a, _TEST) if isinstance(a, ast.expr) else self.keyword(a))
        self.write(")")

    def keyword(self, t: ast.keyword) -> None:
        self.write(f"{t.arg}=" if t.arg else "**")
        self.expr(t.value, _TEST)

    def _Subscript(self, t: ast.Subscript) -> None:
        self.expr(t.value, _ATOM)
        self.write("[")
        if isinstance(t.slice, ast.Tuple) and t.slice.elts:
            self.row(t.slice.elts)
        else:
            self.expr(t.slice, _TEST)
        self.write("]")

    def _Slice(self, t: ast.Slice) -> None:
        for k, part in enumerate((t.lower, t.upper, t.step)):
            if k == 1 or (k == 2 and part is not None):
                self.write(":")
            if part is not None:
                self.expr(part, _TEST)

    def _List(self, t: ast.List) -> None:
        self.write("[")
        self.join(t.elts, lambda e: self.expr(e, _TEST))
        self.write("]")

    def _Starred(self, t: ast.Starred) -> None:
        self.write("*")
        self.expr(t.value, 7)

    def _JoinedStr(self, t: ast.JoinedStr) -> None:
        self.write(ast.unparse(t))

    def _Return(self, t: ast.Return) -> None:
        self.fill("return")
        if t.value is not None:
            self.write(" ")
            self.bare(t.value)

    def _Assign(self, t: ast.Assign) -> None:
        self.fill("")
        for target in t.targets:
            self.bare(target)
            self.write(" = ")
        self.bare(t.value)

    def _AugAssign(self, t: ast.AugAssign) -> None:
        self.fill("")
        self.dispatch(t.target)
        self.write(f" {self.binop[type(t.op).__name__]}= ")
        self.bare(t.value)

    def _For(self, t: ast.For) -> None:
        self.fill("for ")
        self.bare(t.target)
        self.write(" in ")
        self.bare(t.iter)
        self.body(t.body)

    def _While(self, t: ast.While) -> None:
        self.fill("while ")
        self.bare(t.test)
        self.body(t.body)

    def _If(self, t: ast.If, word: str = "if") -> None:
        self.fill(word + " ")
        self.bare(t.test)
        self.body(t.body)
        if len(t.orelse) == 1 and isinstance(t.orelse[0], ast.If):
            self._If(t.orelse[0], "elif")
        elif t.orelse:
            self.fill("else")
            self.body(t.orelse)

    def body(self, stmts: list[Any]) -> None:
        self.enter()
        self.dispatch(stmts)
        self.leave()

    def _Comment(self, t: Comment) -> None:
        self.fill("# " + t.text)

    def _FunctionDef(self, t: ast.FunctionDef) -> None:
        self.fill(f"def {t.name}(")
        self.dispatch(t.args)
        self.write(")")
        self.body(t.body)


def to_text(tree: ast.AST, comments: Mapping[int, str]) -> str:
    """The text of a tree."""
    out = io.StringIO()
    Printer(tree, out, comments)
    return out.getvalue().strip("\n") + "\n"
