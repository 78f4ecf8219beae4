"""Calls of Python functions: their text is read in place of the call, with the arguments as values.

A captured variable is then simply a variable of the enclosing frame, so late binding, `nonlocal` and functions that are
passed about need nothing more.
"""
from __future__ import annotations

import functools
import types
from collections.abc import Mapping, Sequence
from typing import Any

import gast

from ..program import Lit, Ref
from ..syntax import source_of
from .containers import new_object
from .core import FALL, RAISED, RETURNED, Raises, Reader
from .exits import settle
from .inputs import lift
from .state import Frame
from .values import UNBOUND, Const, Fn, Rec, Tup, Value

PLAIN_DEFAULTS = (bool, int, float, complex, str, bytes, type(None))
RECURSION: list[Any] = []
"""How a call of a function that is being read already is read (set by `recursion.py`)."""
_SETTLED: dict[tuple[int, bool], tuple[Any, list[Any]]] = {}


def settled(node: Any, inline: bool) -> list[Any]:
    """The body of a function with its exits settled; once for each tree."""
    key = id(node), inline
    if key not in _SETTLED or _SETTLED[key][0] is not node:
        _SETTLED[key] = node, settle(node.body, inline)
    return _SETTLED[key][1]


@functools.lru_cache(maxsize=4096)
def scope(node: Any) -> tuple[frozenset[str], frozenset[str], frozenset[str], bool]:
    """The local, global and nonlocal names of a function, and whether it defines functions of its own."""
    stored, outer, free = set(parameter_names(node.args)), set(), set()
    nested = False
    todo = [node.body] if isinstance(node, gast.Lambda) else list(node.body)
    while todo:
        n = todo.pop()
        if isinstance(n, gast.Name) and isinstance(n.ctx, gast.Store | gast.Del):
            stored.add(n.id)
        elif isinstance(n, gast.Global):
            outer.update(n.names)
        elif isinstance(n, gast.Nonlocal):
            free.update(n.names)
        elif isinstance(n, gast.Import | gast.ImportFrom):
            stored.update(a.asname or a.name.partition(".")[0] for a in n.names)
        if isinstance(n, gast.FunctionDef | gast.AsyncFunctionDef | gast.ClassDef):
            stored.add(n.name)
        if isinstance(n, gast.MatchAs | gast.MatchStar) and n.name:
            stored.add(n.name)
        nested |= isinstance(n, gast.FunctionDef | gast.Lambda | gast.GeneratorExp)
        todo += _children(n)
    return frozenset(stored - outer - free), frozenset(outer), frozenset(free), nested


def _children(n: Any) -> list[Any]:
    """The parts of a node that belong to the same scope (what a nested function holds does not)."""
    if isinstance(n, gast.FunctionDef | gast.AsyncFunctionDef):
        return [*n.decorator_list, *n.args.defaults, *(d for d in n.args.kw_defaults if d)]
    if isinstance(n, gast.Lambda):
        return [*n.args.defaults, *(d for d in n.args.kw_defaults if d)]
    if isinstance(n, gast.ListComp | gast.SetComp | gast.DictComp | gast.GeneratorExp):
        return [w for w in gast.walk(n) if isinstance(w, gast.NamedExpr)]
    return list(gast.iter_child_nodes(n))


def parameter_names(args: Any) -> list[str]:
    """All parameter names in order."""
    named = [a.id for a in (*args.posonlyargs, *args.args)]
    named += [args.vararg.id] if args.vararg else []
    named += [a.id for a in args.kwonlyargs]
    return named + ([args.kwarg.id] if args.kwarg else [])


def call_python(reader: Reader, function: types.FunctionType, args: Sequence[Value], kwargs: Mapping[str, Value],
                node: Any, owner: Any = None) -> Value:
    """Call a plain Python function of the user's."""
    source = source_of(function)
    cells = dict(zip(function.__code__.co_freevars, function.__closure__ or (), strict=True))
    if "__class__" in cells:
        owner = cells["__class__"].cell_contents
    reader.facts.add("code", Ref(function), function.__code__)
    frame = make_frame(reader, source, source.node, function.__globals__, cells, None, owner)
    defaults = [_default(reader, function, v) for v in function.__defaults__ or ()]
    kw_defaults = {k: _default(reader, function, v) for k, v in (function.__kwdefaults__ or {}).items()}
    return enter(reader, frame, source.node, function.__name__, defaults, kw_defaults, args, kwargs, node)


def _default(reader: Reader, function: Any, value: Any) -> Value:
    """A default is the object that the function was made with."""
    if type(value) in PLAIN_DEFAULTS:
        return Const(value, Lit(value))
    return lift(reader, Ref(value), value)


def call_local(reader: Reader, fn: Fn, args: Sequence[Value], kwargs: Mapping[str, Value], node: Any) -> Value:
    """Call a function that the program itself defines."""
    parent = reader.all_frames[fn.frame]
    frame = make_frame(reader, parent.source, fn.node, parent.globals, {}, parent, parent.owner)
    return enter(reader, frame, fn.node, fn.name, list(fn.defaults), dict(fn.kw_defaults), args, kwargs, node)


def make_frame(reader: Reader, source: Any, node: Any, globals: dict[str, Any], cells: Mapping[str, Any],
               parent: Frame | None, owner: Any) -> Frame:
    """A frame for a function about to be read."""
    local, outer, free, _ = scope(node)
    frame = Frame(reader.frame_id(), source, globals, cells, local, parent, outer, free, owner)
    reader.all_frames[frame.id] = frame
    return frame


def enter(reader: Reader, frame: Frame, tree: Any, name: str, defaults: Sequence[Value], kw_defaults: Mapping[str, Value],
          args: Sequence[Value], kwargs: Mapping[str, Value], node: Any) -> Value:
    """Read a function's body in a frame; the value that it returns."""
    bound = bind_arguments(reader, tree.args, name, args, kwargs, defaults, kw_defaults, node)
    if any(f is tree for f in reader.calls) or ("function", tree) in reader.real:
        made = RECURSION[0](reader, frame, tree, name, bound, node)
        if made is not None:
            return made  # type: ignore[no-any-return]
    for parameter, value in bound.items():
        reader.state.vars["v", frame.id, parameter] = value
    kept = reader.frame, reader.statement, reader.hint
    reader.return_stems[frame.id] = reader.hint or f"%{name.lstrip('_') or 'value'}"
    reader.calls.append(tree)
    reader.bound.append(bound)
    reader.frame = frame
    try:
        return _body(reader, frame, tree, kept[2])
    finally:
        reader.calls.pop()
        reader.bound.pop()
        reader.frame, reader.statement, reader.hint = kept


def _body(reader: Reader, frame: Frame, tree: Any, hint: str) -> Value:
    if isinstance(tree, gast.Lambda):
        value = reader.expr(tree.body, hint)
    else:
        if isinstance(tree, gast.AsyncFunctionDef):
            reader.unsupported(tree, "`async def` is not differentiated")
        resume, reader.resume = reader.resume, None
        if resume is None:
            refuse_generators(reader, tree)
        else:
            refuse_loops(reader, tree)
            reader.resumes[frame.id] = resume
        status = reader.block(settled(tree, True))
        if status == RAISED:
            raise Raises
        value = Const(None, Lit(None))
        if status == RETURNED:
            value = reader.state.vars.pop(("v", frame.id, "%return"), UNBOUND)
        assert status in (FALL, RETURNED), status
    if not scope(tree)[3]:
        for key in [k for k in reader.state.vars if k[0] == "v" and k[1] == frame.id]:
            del reader.state.vars[key]
    return value


def refuse_generators(reader: Reader, tree: Any) -> None:
    """A generator function cannot be read in place."""
    todo = list(tree.body)
    while todo:
        n = todo.pop()
        if isinstance(n, gast.Yield | gast.YieldFrom | gast.Await):
            word = {"Yield": "yield", "YieldFrom": "yield from"}.get(type(n).__name__, "await")
            reader.unsupported(n, f"`{word}` is not differentiated", "build a list and return it")
        if not isinstance(n, gast.FunctionDef | gast.AsyncFunctionDef | gast.Lambda | gast.ClassDef):
            todo += list(gast.iter_child_nodes(n))


def refuse_loops(reader: Reader, tree: Any) -> None:
    """A context manager yields once: not in a loop, and not where its exceptions are caught."""
    for n in gast.walk(tree):
        loop = isinstance(n, gast.For | gast.While) or (isinstance(n, gast.Try) and n.handlers)
        if loop and any(isinstance(m, gast.Yield) for m in gast.walk(n)):
            reader.unsupported(n, "a context manager that yields in a loop or in a `try` with handlers is not differentiated",
                               "use a class with __enter__ and __exit__")


def bind_arguments(reader: Reader, spec: Any, name: str, args: Sequence[Value], kwargs: Mapping[str, Value],
                   defaults: Sequence[Value], kw_defaults: Mapping[str, Value], node: Any) -> dict[str, Value]:
    """Parameters → values, as Python binds them."""
    positional = [a.id for a in (*spec.posonlyargs, *spec.args)]
    only = {a.id for a in spec.posonlyargs}
    bound: dict[str, Value] = dict(zip(positional, args, strict=False))
    rest, extra = tuple(args[len(positional):]), {}
    if rest and spec.vararg is None:
        reader.unsupported(node, f"{name}() takes {len(positional)} arguments but is given {len(args)}")
    named = set(positional) - only | {a.id for a in spec.kwonlyargs}
    for key, value in kwargs.items():
        if key in bound and key in named:
            reader.unsupported(node, f"{name}() is given {key!r} twice")
        if key in named:
            bound[key] = value
        elif spec.kwarg is not None:
            extra[key] = value
        else:
            reader.unsupported(node, f"{name}() has no parameter {key!r}")
    known = {**dict(zip(positional[len(positional) - len(defaults):], defaults, strict=True)), **kw_defaults}
    for parameter in (*positional, *(a.id for a in spec.kwonlyargs)):
        if parameter not in bound:
            if parameter not in known:
                reader.unsupported(node, f"{name}() is called without its argument {parameter!r}")
            bound[parameter] = known[parameter]
    if spec.vararg is not None:
        bound[spec.vararg.id] = Tup(rest)
    if spec.kwarg is not None:
        bound[spec.kwarg.id] = new_object(reader, dict, Rec(tuple(extra), tuple(extra.values())), None)
    return bound

