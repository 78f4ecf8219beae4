"""Statements of a printed program → Python's own tree, with the user's loops, unpackings and comments back in place."""
from __future__ import annotations

import ast
import builtins
import operator
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ..errors import Origin
from ..optimise.inline import uses
from ..prims import assert_, delete, make_tuple, set_variable
from ..program import (
    Apply, Assign, Attr, Block, Effect, Exit, Expr, For, If, Item, Lit, Name, Program, Ref, Stmt, Store, Try, Update, While,
    With)
from .expressions import Expressions, binary_node
from .printer import Comment
from .scope import Scope

STORE = ast.Store()
_JUMPS = (ast.Break, ast.Continue, ast.Return, ast.Raise)


@dataclass
class Notes:
    """What comments a text gets: the user's own (line → comment), and for derivative lines where they come from."""

    user: Mapping[int, str] = field(default_factory=dict)
    lines: list[str] = field(default_factory=list)
    file: str = ""
    origins: bool = True
    every: bool = False
    header: bool = True


class Statements:
    """Turns one program into the body of a function."""

    def __init__(self, program: Program, scope: Scope, notes: Notes) -> None:
        self.program, self.scope, self.notes = program, scope, notes
        self.expressions = Expressions(scope)
        self.count: Counter[str] = uses(program)
        self.comments: dict[int, str] = {}
        self.shown: set[int] = set()
        self.last_reverse = ""
        self.announced = False

    def body(self) -> list[ast.stmt]:
        """The statements of the function."""
        made = self.block(self.program.body, True, top=True)
        if len(made) > 1 and isinstance(made[-1], ast.Return) and made[-1].value is None:
            made.pop()
        return made or [ast.Pass()]

    def tree(self, expr: Expr) -> ast.expr:
        return self.expressions.tree(expr)

    # ── blocks ──
    def block(self, block: Block, tail: bool, top: bool = False) -> list[ast.stmt]:
        out: list[ast.stmt] = []
        stmts = list(block.stmts)
        k = 0
        while k < len(stmts):
            row = self.unpacking(stmts, k)
            step, made = row if row is not None else (1, self.stmt(stmts[k], tail and k == len(stmts) - 1))
            if made:
                out += self.noted(stmts[k], made, top)
            k += step
        return out + self.exit(block.exit, tail)

    def exit(self, leaf: Exit | None, tail: bool) -> list[ast.stmt]:
        if leaf is None or leaf.kind == "next" or (leaf.kind == "continue" and tail):
            return []
        if leaf.kind == "return":
            value = self.tree(leaf.values[0]) if leaf.values and leaf.values[0] != Lit(None) else None
            return [ast.Return(value)]
        if leaf.kind == "raise":
            return [ast.Raise(*[self.tree(v) for v in leaf.values])] if leaf.values else [ast.Raise(None, None)]
        return [ast.Break() if leaf.kind == "break" else ast.Continue()]

    # ── comments ──
    def noted(self, stmt: Stmt, made: list[ast.stmt], top: bool) -> list[ast.stmt]:
        """The statement's own comments, or where a derivative line comes from."""
        origin = stmt.origin
        if origin.role == "reverse":
            return self.reverse_note(origin, made, top)
        if not self.notes.user or origin.file != self.notes.file:
            return made
        before: list[ast.stmt] = [Comment(t) for t in self.leading(origin.statement)]
        behind = self.notes.user.get(origin.line)
        if behind and origin.line not in self.shown and not self.alone(origin.line):
            self.shown.add(origin.line)
            self.comments[id(made[-1] if not hasattr(made[0], "body") else made[0])] = behind.lstrip("# ")
        return before + made

    def leading(self, line: int) -> list[str]:
        """The comments on lines of their own directly above a line."""
        found: list[str] = []
        line -= 1
        while line > 0 and (self.alone(line) or not self.notes.lines[line - 1].strip()):
            if self.alone(line) and line in self.notes.user and line not in self.shown:
                found.append(self.notes.user[line].lstrip("# "))
                self.shown.add(line)
            line -= 1
        return found[::-1]

    def alone(self, line: int) -> bool:
        return 0 < line <= len(self.notes.lines) and self.notes.lines[line - 1].lstrip().startswith("#")

    def reverse_note(self, origin: Origin, made: list[ast.stmt], top: bool) -> list[ast.stmt]:
        head: list[ast.stmt] = []
        if top and not self.announced and self.notes.header:
            self.announced = True
            head = [Comment("reverse")]
        text = origin.text.strip().partition("  #")[0].rstrip()
        if self.notes.origins and text and (text != self.last_reverse or self.notes.every):
            self.comments.setdefault(id(made[0]), text)
            self.last_reverse = text
        return head + made

    # ── statements ──
    def stmt(self, stmt: Stmt, tail: bool) -> list[ast.stmt]:
        match stmt:
            case Assign(target=target, value=value):
                return [ast.Assign([self.target(target)], self.tree(value))]
            case Store(obj=obj, index=index, value=value):
                return [ast.Assign([self.place(obj, index)], self.tree(value))]
            case Update(obj=obj, index=index, op=op, value=value):
                return [ast.AugAssign(self.place(obj, index), binary_node(op), self.tree(value))]  # type: ignore[arg-type]
            case Effect(value=value):
                return self.effect(value)
            case If():
                return self.branch(stmt, tail)
            case For():
                return [self.loop(stmt)]
            case While(test=test, body=body):
                return [ast.While(self.tree(test), self.block(body, True) or [ast.Pass()], [])]
            case With(context=context, target=name, body=body):
                item = ast.withitem(self.tree(context), self.target(name) if name else None)
                return [ast.With([item], self.block(body, False) or [ast.Pass()])]
            case Try():
                return [self.attempt(stmt)]

    def target(self, text: str) -> ast.expr:
        names: list[ast.expr] = [ast.Name(n, STORE) for n in text.split(",")]
        return names[0] if len(names) == 1 else ast.Tuple(names, STORE)

    def place(self, obj: Expr, index: Expr | Attr | None) -> ast.expr:
        tree = self.tree(obj)
        if index is None:
            assert isinstance(tree, ast.Name)
            return ast.Name(tree.id, STORE)
        if isinstance(index, Attr):
            return ast.Attribute(tree, index.name, STORE)
        return ast.Subscript(tree, self.expressions.index(index), STORE)

    def effect(self, value: Expr) -> list[ast.stmt]:
        if isinstance(value, Apply) and value.fn is assert_:
            return [ast.Assert(*[self.tree(a) for a in value.args])]
        if isinstance(value, Apply) and value.fn is delete:
            return [ast.Delete([ast.Subscript(self.tree(value.args[0]), self.expressions.index(value.args[1]), ast.Del())])]
        if isinstance(value, Apply) and value.fn is set_variable:
            return [ast.Assign([self.variable(value.args[0])], self.tree(value.args[1]))]
        return [ast.Expr(self.tree(value))]

    def variable(self, ref: Expr) -> ast.expr:
        """A global or closure variable that is set."""
        assert isinstance(ref, Ref)
        text = self.scope.text(ref)
        if "." in text:
            tree = self.expressions.reference(text)
            assert isinstance(tree, ast.Attribute)
            return ast.Attribute(tree.value, tree.attr, STORE)
        names = self.scope.written_globals if isinstance(ref.home, dict) else self.scope.written_cells
        if text not in names:
            names.append(text)
        return ast.Name(text, STORE)

    def branch(self, stmt: If, tail: bool) -> list[ast.stmt]:
        test, leaves = self.tree(stmt.test), stmt.then.exit is None or stmt.then.exit.kind != "next"
        then = self.block(stmt.then, False)
        jumps = bool(then) and isinstance(then[-1], _JUMPS) and leaves
        orelse = self.block(stmt.orelse, tail)
        if jumps:
            return [ast.If(test, then, []), *orelse]
        if not then and not orelse:
            return []
        if not then:
            return [ast.If(negated(test), orelse, [])]
        return [ast.If(test, then, orelse)]

    def attempt(self, stmt: Try) -> ast.stmt:
        handlers = [ast.ExceptHandler(self.tree(h.kind) if h.kind else None, h.name if self.count[h.name] else None,
                                      self.block(h.body, False) or [ast.Pass()]) for h in stmt.handlers]
        return ast.Try(self.block(stmt.body, False) or [ast.Pass()], handlers, [], self.block(stmt.final, False))

    # ── loops ──
    def loop(self, stmt: For) -> ast.stmt:
        targets, body = [], stmt.body
        for item in stmt.items:
            row, body = self.row_target(item, body)
            targets.append(row)
        source = self.sources(stmt.items)
        target: ast.expr = targets[0]
        if len(targets) > 1:
            inner: ast.expr = ast.Tuple(targets[1:], STORE) if len(targets) > 2 else targets[1]
            target = ast.Tuple([targets[0], inner], STORE) if stmt.items[0].kind == "count" else ast.Tuple(targets, STORE)
        return ast.For(target, source, self.block(body, True) or [ast.Pass()], [])

    def row_target(self, item: Item, body: Block) -> tuple[ast.expr, Block]:
        """`for a, b in rows`: the element's parts are read at the head of the body, and nowhere else."""
        parts: dict[int, str] = {}
        k = 0
        while k < len(body.stmts):
            match body.stmts[k]:
                case Assign(target=name, value=Apply(fn=operator.getitem, args=(Name(id=source), Lit(value=int() as index)))) \
                        if source == item.target and index not in parts and index >= 0:
                    parts[index] = name
                    k += 1
                case _:
                    break
        if not parts or self.count[item.target] != len(parts):
            return ast.Name(item.target, STORE), body
        length = len(getattr(self.program.types.get(item.target), "items", ())) or max(parts) + 1
        row: list[ast.expr] = [ast.Name(parts.get(i, "_"), STORE) for i in range(length)]
        return ast.Tuple(row, STORE), Block(body.stmts[k:], body.exit)

    def sources(self, items: tuple[Item, ...]) -> ast.expr:
        """`range(n)`, `xs`, `zip(xs, ys)`, `enumerate(xs)`."""
        if items[0].kind == "count":
            inner = self.sources(items[1:])
            start = items[0].args[0]
            return self.call("enumerate", inner, *([self.tree(start)] if start != Lit(0) else []))
        if len(items) > 1:
            return self.call("zip", *[self.sources((item,)) for item in items])
        (item,) = items
        if item.kind == "range":
            return backward_range(self, item.args) if item.backward else self.call("range", *map(self.tree, item.args))
        tree = self.tree(item.args[0])
        return self.call("reversed", tree) if item.backward else tree

    def call(self, name: str, *args: ast.expr) -> ast.expr:

        function = self.expressions.reference(self.scope.object(getattr(builtins, name), name))
        return ast.Call(function, list(args), [])

    # ── unpacking ──
    def unpacking(self, stmts: list[Stmt], k: int) -> tuple[int, list[ast.stmt]] | None:
        """`a, b = x` in place of one read for each."""
        first = stmts[k]
        if not isinstance(first, Assign) or not isinstance(first.value, Apply):
            return None
        if isinstance(first.value.form, str) and first.value.form.startswith("unpack:"):
            count, source, start = int(first.value.form[7:]), first.value.args[0], k
        else:
            count, source, start = len(getattr(self.program.types.get(first.target), "items", ())), Name(first.target), k + 1
            if not count or self.count[first.target] != count or first.value.fn is make_tuple:
                return None
        targets = []
        for i in range(count):
            match stmts[start + i] if start + i < len(stmts) else None:
                case Assign(target=name, value=Apply(fn=operator.getitem, args=(obj, Lit(value=index)))) \
                        if obj == source and index == i and name not in targets:
                    targets.append(name)
                case _:
                    return None
        value = first.value.args[0] if start == k else first.value
        row = ast.Tuple([ast.Name(t, STORE) for t in targets], STORE)
        return start - k + count, [ast.Assign([row], self.tree(value))]


def negated(test: ast.expr) -> ast.expr:
    """`not test`, without a double negation."""
    return test.operand if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not) else ast.UnaryOp(ast.Not(), test)


def backward_range(writer: Statements, args: tuple[Expr, ...]) -> ast.expr:
    """`range(n)` from its end: `range(n - 1, -1, -1)`; of other steps `reversed(range(…))`."""
    trees = [writer.tree(a) for a in args]
    if len(args) == 3:
        return writer.call("reversed", writer.call("range", *trees))
    start: Any = args[0] if len(args) == 2 else Lit(0)
    stop = trees[-1]
    last = ast.Constant(stop.value - 1) if isinstance(stop, ast.Constant) and stop.value else \
        ast.BinOp(stop, ast.Sub(), ast.Constant(1))
    if isinstance(start, Lit):
        end: ast.expr = ast.UnaryOp(ast.USub(), ast.Constant(1)) if start.value == 0 else ast.Constant(start.value - 1)
    else:
        end = ast.BinOp(trees[0], ast.Sub(), ast.Constant(1))
    return writer.call("range", last, end, ast.UnaryOp(ast.USub(), ast.Constant(1)))


