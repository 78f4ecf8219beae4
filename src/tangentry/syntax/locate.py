"""The source text and tree of a live function, verified against its bytecode.

Order of evidence: `linecache` (which knows files, notebooks, doctests and Tangentry's own programs), then the file.
A `def` is found by its line, a lambda by the columns of its bytecode; then the file is compiled once more and the
code objects are compared, so that a file edited after its import is refused instead of differentiated wrongly.
"""
from __future__ import annotations

import __future__
import ast
import inspect
import linecache
import sys
import types
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import gast

from ..errors import Origin, SourceError
from .comments import comments_of

Function = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
_FUTURE = __future__.annotations.compiler_flag
_TREES: dict[str, tuple[list[str], ast.Module]] = {}
_SOURCES: dict[tuple[str, types.CodeType], Source] = {}


@dataclass(frozen=True, eq=False)
class Source:
    """The text behind one code object: `node` is its gast tree, `lines` are all lines of its file."""

    file: str
    name: str
    lines: list[str]
    node: Any
    bare: Function

    @cached_property
    def comments(self) -> Mapping[int, str]:
        """Line → the comment on it (with `#`)."""
        return comments_of(self.lines, self.bare.lineno, self.bare.end_lineno or self.bare.lineno)

    def origin(self, node: Any, statement: Any = None) -> Origin:
        """The place of a node, for messages and comments."""
        line = getattr(node, "lineno", 0) or self.bare.lineno
        text = self.lines[line - 1].rstrip("\n") if 0 < line <= len(self.lines) else ""
        end = node.end_col_offset if getattr(node, "end_lineno", 0) == line else len(text)
        head = getattr(statement, "lineno", 0) or line
        return Origin(self.file, line, getattr(node, "col_offset", 0), end, text, head, self.name)

    def text(self) -> str:
        """The function's own text."""
        return ast.get_source_segment("".join(self.lines), self.bare) or ast.unparse(self.bare)


def source_of(function: types.FunctionType) -> Source:
    """Find the source of a plain Python function.

    Raises SourceError with the reason and a remedy where it cannot be found or no longer fits.
    """
    code = function.__code__
    key = code.co_filename, code  # code objects compare by content, so the file is part of the key
    found = _SOURCES.get(key)
    if found is None:
        found = _SOURCES[key] = _locate(function, code)
    return found


def _locate(function: types.FunctionType, code: types.CodeType) -> Source:
    lines = _lines(function, code)
    tree = _parse(code.co_filename, lines, code)
    here = _candidates(tree, code)
    if not here:
        raise SourceError(f"the file no longer holds {code.co_qualname!r} at {code.co_filename}:{code.co_firstlineno}",
                          "the file changed after it was imported: reload it")
    node = here[0]
    if not code.co_filename.startswith("<tangentry ") and not _fits(tree, code) and not _excused(node):
        raise SourceError(
            f"the text and the running code of {code.co_qualname!r} differ ({code.co_filename}:{code.co_firstlineno})",
            "the file changed after it was imported, or a tool rewrote the code: reload the file")
    return Source(code.co_filename, _plain(code.co_name), lines, gast.ast_to_gast(node), node)


def _plain(name: str) -> str:
    return "lambda_" if name == "<lambda>" else name


def _lines(function: types.FunctionType, code: types.CodeType) -> list[str]:
    linecache.checkcache(code.co_filename)
    lines = linecache.getlines(code.co_filename, function.__globals__)
    if not lines:
        try:
            path = inspect.getsourcefile(function)
        except TypeError:
            path = None
        lines = linecache.getlines(path, function.__globals__) if path else []
    if not lines:
        raise SourceError(f"no source for {code.co_qualname!r} (file {code.co_filename!r})", _remedy(code.co_filename))
    return lines


def _remedy(file: str) -> str:
    if file == "<stdin>":
        return "the plain prompt keeps no source before Python 3.13: use IPython, a notebook or a file"
    if file == "<string>":
        return "functions made by exec, eval or `python -c` keep no source: write the function in a file"
    return "its file is gone or cannot be read; write the function in a file, or give it a derivative rule"


def _parse(file: str, lines: list[str], code: types.CodeType) -> ast.Module:
    known = _TREES.get(file)
    if known is not None and known[0] == lines:
        return known[1]
    try:
        tree = ast.parse("".join(lines))
    except SyntaxError as error:
        raise SourceError(f"{file} does not parse: {error}", "is it a notebook cell with magics? move the function "
                          "to a cell of its own") from None
    _TREES[file] = lines, tree
    return tree


def _candidates(tree: ast.Module, code: types.CodeType) -> list[Function]:
    is_lambda = code.co_name == "<lambda>"
    here = [node for node in ast.walk(tree)
            if isinstance(node, Function) and isinstance(node, ast.Lambda) == is_lambda
            and (is_lambda or node.name == code.co_name)  # type: ignore[union-attr]
            and _first_line(node) <= code.co_firstlineno <= node.lineno]
    if not is_lambda:
        return [node for node in here if _first_line(node) == code.co_firstlineno] or here
    spans = [span for span in code.co_positions() if None not in span and span[2:] != (0, 0)]
    inside = [node for node in here if all(_holds(node.body, span) for span in spans)]  # type: ignore[arg-type]
    return sorted(inside, key=lambda node: (node.end_lineno or 0) * 10_000 + (node.end_col_offset or 0)
                  - node.lineno * 10_000 - node.col_offset)


def _first_line(node: Function) -> int:
    return min([node.lineno, *(d.lineno for d in getattr(node, "decorator_list", []))])


def _holds(body: ast.expr, span: tuple[int, int, int, int]) -> bool:
    line, end_line, column, end_column = span
    return ((body.lineno, body.col_offset) <= (line, column)
            and (end_line, end_column) <= (body.end_lineno or 0, body.end_col_offset or 0))


def _fits(tree: ast.Module, code: types.CodeType) -> bool:
    """Does compiling the text give this very code, apart from flags and debugging positions?

    First only the statement that holds it, with the imports (on which the bytecode of a call depends), then the file.
    """
    line = code.co_firstlineno
    part = [s for s in tree.body if isinstance(s, ast.Import | ast.ImportFrom)
            or _outer_first(s) <= line <= (s.end_lineno or 0)]
    return _compiles_to(part, code) or _compiles_to(tree.body, code)


def _compiles_to(body: list[ast.stmt], code: types.CodeType) -> bool:
    flags = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT | (code.co_flags & _FUTURE)
    try:
        module = compile(ast.Module(body, []), code.co_filename, "exec", dont_inherit=True, flags=flags)
    except (SyntaxError, ValueError):
        return False
    wanted = _signature(code)
    return any(c.co_firstlineno == code.co_firstlineno and _signature(c) == wanted for c in _nested(module))


def _outer_first(stmt: ast.stmt) -> int:
    return min([stmt.lineno, *(d.lineno for d in getattr(stmt, "decorator_list", []))])


def _nested(code: types.CodeType) -> Iterator[types.CodeType]:
    yield code
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from _nested(constant)


def _signature(code: types.CodeType) -> tuple[Any, ...]:
    constants = tuple(_signature(c) if isinstance(c, types.CodeType) else (type(c), repr(c)) for c in code.co_consts)
    return (code.co_name, code.co_code, constants, code.co_names, code.co_varnames, code.co_freevars,
            code.co_argcount, code.co_kwonlyargcount)


def _excused(node: Function) -> bool:
    """Bytecode that may differ for a good reason: pytest rewrites `assert`, a debugger traces."""
    return any(isinstance(inner, ast.Assert) for inner in ast.walk(node)) or sys.gettrace() is not None
