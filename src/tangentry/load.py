"""Text → function: loaded so that tracebacks, `pdb` and `inspect` show the generated line.

The function sees the user's own globals and closure cells, live; what else it needs is handed in as free variables.
"""
from __future__ import annotations

import ast
import itertools
import linecache
import types
from collections.abc import Mapping, Sequence
from typing import Any

from .emit.text import Text

_serial = itertools.count(1)


def load(texts: Sequence[Text], globals: dict[str, Any]) -> dict[str, types.FunctionType]:
    """Compile functions that may call each other."""
    body = "\n\n".join(t.text for t in texts)
    file = f"<tangentry {texts[0].name} {next(_serial)}>"
    names = [t.name for t in texts]
    free = list(dict.fromkeys(n for t in texts for n in (*t.given, *t.cells) if n not in names))
    code = compile(_factory(body, free, names), file, "exec", dont_inherit=True)
    linecache.cache[file] = (len(body), None, body.splitlines(keepends=True), file)
    cells = {n: types.CellType(v) for t in texts for n, v in t.given.items()}
    cells |= {n: c for t in texts for n, c in t.cells.items()}
    cells |= {n: types.CellType() for n in names}
    functions = _functions(code, texts, cells, globals)
    for name in names:
        cells[name].cell_contents = functions[name]
    return functions


def _factory(body: str, free: list[str], names: list[str]) -> ast.Module:
    """The functions inside of one whose parameters are what they are handed; lines stay those of the text."""
    tree = ast.parse(body)
    args = ast.arguments([], [ast.arg(n) for n in free], None, [], [], None, [])
    result = ast.Return(ast.Tuple([ast.Name(n, ast.Load()) for n in names], ast.Load()))
    make = ast.FunctionDef("_make", args, [*tree.body, result], [], None, None)
    return ast.fix_missing_locations(ast.Module([make], []))


def _functions(code: types.CodeType, texts: Sequence[Text], cells: Mapping[str, types.CellType],
               globals: dict[str, Any]) -> dict[str, types.FunctionType]:
    """Make the function objects by hand: their own code, the user's globals, the cells by name."""
    make = next(c for c in code.co_consts if isinstance(c, types.CodeType))
    inner = {c.co_name: c for c in make.co_consts if isinstance(c, types.CodeType)}
    made: dict[str, types.FunctionType] = {}
    for text in texts:
        own = inner[text.name]
        closure = tuple(cells[n] for n in own.co_freevars)
        function = types.FunctionType(own, globals, text.name, None, closure)
        plain = own.co_varnames[: own.co_argcount]
        function.__defaults__ = tuple(text.defaults[n] for n in plain if n in text.defaults) or None
        only = own.co_varnames[own.co_argcount: own.co_argcount + own.co_kwonlyargcount]
        function.__kwdefaults__ = {n: text.defaults[n] for n in only if n in text.defaults} or None
        function.__qualname__ = text.name
        made[text.name] = function
    return made
