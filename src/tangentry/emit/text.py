"""A printed program as the text of a function, and what it needs from outside.

The gate: the text, parsed again, is the tree that it was printed from.
"""
from __future__ import annotations

import ast
import re
import types
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..program import Program, binds_inside, defines, walk
from .printer import Comment, to_text
from .scope import Scope
from .statements import Notes, Statements

_PLAIN = (bool, int, float, str, bytes, type(None), complex)


@dataclass(frozen=True)
class Text:
    """The text of a function; `given` are the objects and `cells` the closure cells that it is handed by name."""

    name: str
    text: str
    given: Mapping[str, Any]
    cells: Mapping[str, types.CellType]
    defaults: Mapping[str, Any]


def emit_function(program: Program, name: str, globals: dict[str, Any], cells: Mapping[str, Any], notes: Notes,
                  shared: dict[str, Any] | None = None) -> Text:
    """Write a printed program out as a function; `shared`: the names that other functions of the same text are handed."""
    scope = Scope(globals, dict(cells), local_names(program), shared)
    writer = Statements(program, scope, notes)
    body = writer.body()
    head: list[ast.stmt] = []
    if scope.written_globals:
        head.append(ast.Global(scope.written_globals))
    if scope.written_cells:
        head.append(ast.Nonlocal(scope.written_cells))
    definition = ast.FunctionDef(safe(name), arguments(program, writer), head + body, [], None, None)
    ast.fix_missing_locations(definition)
    text = to_text(definition, writer.comments)
    gate(text, definition)
    used = {n.id for n in ast.walk(definition) if isinstance(n, ast.Name)}
    own = {n: c for n, c in cells.items() if n in used and isinstance(c, types.CellType)}
    given = {n: v for n, v in scope.given.items() if n in used}
    return Text(safe(name), text, given, {**own, **scope.given_cells},
                {p.name: p.default.value for p in program.params if p.default is not None})


def safe(name: str) -> str:
    """A name that is a plain identifier."""
    name = re.sub(r"\W", "_", name)
    return name if name.isidentifier() else f"f_{name}"


def local_names(program: Program) -> set[str]:
    """All names that the function sets."""
    names = {p.name for p in program.params}
    for stmt in walk(program.body):
        for name in (*defines(stmt), *binds_inside(stmt)):
            names.update(name.split(","))
    return names


def arguments(program: Program, writer: Statements) -> ast.arguments:
    """The parameter list; a default is the object of the user's function, never its expression."""
    groups: dict[int, list[ast.arg]] = {k: [] for k in range(5)}
    defaults: list[ast.expr] = []
    kw_defaults: list[ast.expr | None] = []
    for p in program.params:
        groups[p.kind].append(ast.arg(p.name, None))
        value = None
        if p.default is not None:
            plain = type(p.default.value) in _PLAIN
            value = writer.expressions.literal(p.default.value) if plain else writer.tree(p.default)
        if p.kind == 3:
            kw_defaults.append(value)
        elif value is not None:
            defaults.append(value)
    return ast.arguments(groups[0], groups[1], groups[2][0] if groups[2] else None, groups[3], kw_defaults,
                         groups[4][0] if groups[4] else None, defaults)


def gate(text: str, tree: ast.AST) -> None:
    """Parsing the text gives the tree back."""
    parsed = ast.parse(text).body[0]
    if ast.dump(parsed) != ast.dump(_plain(tree)):
        raise AssertionError(f"the printed program does not parse to itself:\n{text}")


class _Strip(ast.NodeTransformer):
    """Comments are no part of the tree; contexts are those of the place."""

    def visit(self, node: ast.AST) -> Any:
        return None if isinstance(node, Comment) else self.generic_visit(node)


def _plain(tree: ast.AST) -> ast.AST:
    return _Strip().visit(tree)  # type: ignore[no-any-return]
