"""What a call does, by what is called: a rule, a builtin, a function of the user's, a method, a class, an unknown value."""
from __future__ import annotations

import functools
import sysconfig
import types
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from ..analysis.effects import is_helper
from ..errors import SourceError, UnsupportedSyntaxError
from ..prims import call as call_prim
from ..program import Apply, Ref
from ..rules import registry
from ..types import TOP
from .branches import branch
from .core import FALL, Reader
from .functions import call_local, call_python
from .hosts import host, operand, varied
from .inputs import attribute, lift
from .values import Bound, Choice, Const, Dyn, Ext, Fn, Obj, Value

Handler = Callable[[Reader, Any, Sequence[Value], Mapping[str, Value], Any], Value]
BUILTINS: dict[Any, Handler] = {}
"""Host functions that the reader knows itself: `len`, `zip`, `isinstance` … Called as `handler(reader, fn, args, kwargs, node)`."""
KINDS: list[tuple[Callable[[Any], bool], Handler]] = []
"""Handlers of host functions by a test: classes, derivatives …"""
_LIBRARY = tuple({sysconfig.get_path(k) for k in ("stdlib", "platstdlib", "purelib", "platlib")})


def builtin(*functions: Any) -> Callable[[Handler], Handler]:
    """Register the handler of host functions."""
    return lambda handler: [BUILTINS.__setitem__(f, handler) for f in functions] and handler  # type: ignore[func-returns-value]


def call_value(reader: Reader, fn: Value, args: Sequence[Value], kwargs: Mapping[str, Value], node: Any) -> Value:
    """`fn(*args, **kwargs)`."""
    match fn:
        case Choice(test=test, then=then, orelse=orelse):
            return branch(reader, test, lambda: (FALL, call_value(reader, then, args, kwargs, node)),
                          lambda: (FALL, call_value(reader, orelse, args, kwargs, node)), node=node)[1]
        case Bound(function=inner, args=first, kwargs=named):
            return call_value(reader, inner, (*first, *args), {**dict(named), **kwargs}, node)
        case Fn():
            return call_local(reader, fn, args, kwargs, node)
        case Const(value=value, expr=expr):
            return call_known(reader, value, expr, args, kwargs, node)
        case Ext() | Obj():
            return METHOD[0](reader, fn, "__call__", args, kwargs, node)
        case Dyn(expr=expr):
            return _call_unknown(reader, expr, args, kwargs, node)
    return reader.unsupported(node, "this value cannot be called")


OUT: list[Callable[..., Value]] = []
"""How `out=` is read (set by `writes.py`)."""
METHOD: list[Callable[..., Value]] = []
"""How a special method of an object is called (set by `objects.py`)."""


def call_known(reader: Reader, value: Any, expr: Any, args: Sequence[Value], kwargs: Mapping[str, Value],
               node: Any) -> Value:
    """Call a function, class or callable that is known."""
    handler = _handler(value)
    if handler is not None:
        return handler(reader, value, args, kwargs, node)
    rule = registry.find(value) if not isinstance(value, types.MethodType) else None
    if rule is not None:
        out = kwargs.get("out")
        if out is not None and not (isinstance(out, Const) and out.value is None):
            return OUT[0](reader, value, args, kwargs, node, _form(expr))
        if isinstance(value, np.ufunc) and len(args) > value.nin:
            return OUT[0](reader, value, args[: value.nin], {**kwargs, "out": args[value.nin]}, node, _form(expr))
        return host(reader, value, args, kwargs, node, _form(expr))
    for test, kind_handler in KINDS:
        if test(value):
            return kind_handler(reader, Const(value, expr), args, kwargs, node)
    if isinstance(value, functools.partial):
        bound = [lift(reader, Ref(v), v) for v in value.args]
        named = {k: lift(reader, Ref(v), v) for k, v in value.keywords.items()}
        return call_value(reader, lift(reader, Ref(value.func), value.func), (*bound, *args), {**named, **kwargs}, node)
    if isinstance(value, types.MethodType):
        owner = Ext(attribute(Ext(expr, value), "__self__"), value.__self__)
        return call_value(reader, Const(value.__func__, Ref(value.__func__)), (owner, *args), kwargs, node)
    if isinstance(value, types.FunctionType) and is_users(value):
        return call_user(reader, value, expr, args, kwargs, node)
    return call_opaque(reader, value, expr, args, kwargs, node)


def _handler(value: Any) -> Handler | None:
    try:
        return BUILTINS.get(value)
    except TypeError:
        return None


def _form(expr: Any) -> Any:
    return expr if isinstance(expr, Ref) and expr.text else ""


def is_users(function: types.FunctionType) -> bool:
    """Is it a function whose text is to be differentiated (not one of the standard library or an installed package)?"""
    if getattr(function, "__tangentry__", False) or is_helper(function):
        return True
    file = function.__code__.co_filename
    return not file.startswith(_LIBRARY) and not file.startswith("<frozen")


def call_user(reader: Reader, function: types.FunctionType, expr: Any, args: Sequence[Value],
              kwargs: Mapping[str, Value], node: Any) -> Value:
    """Call a function of the user's; one that cannot be read is called as it is where nothing depends on it."""
    written, state, loops, returns = len(reader.draft.stmts), reader.state.copy(), len(reader.loops), len(reader.returns)
    try:
        return call_python(reader, function, args, kwargs, node)
    except (SourceError, UnsupportedSyntaxError) as error:
        del reader.draft.stmts[written:], reader.loops[loops:], reader.returns[returns:]
        reader.state = state
        if any(varied(reader, v) for v in (*args, *kwargs.values())):
            if isinstance(error, SourceError) and error.origin is None:
                error.origin = reader.origin(node)
            raise
        return call_opaque(reader, function, expr, args, kwargs, node)


def call_opaque(reader: Reader, value: Any, expr: Any, args: Sequence[Value], kwargs: Mapping[str, Value],
                node: Any) -> Value:
    """Call something that cannot be looked into: it is called where it stands, and must not be given active values."""
    return host(reader, value, args, kwargs, node, expr if isinstance(expr, Ref) else Ref(value))


def _call_unknown(reader: Reader, expr: Any, args: Sequence[Value], kwargs: Mapping[str, Value], node: Any) -> Value:
    parts = tuple(operand(reader, a, node) for a in args)
    named = tuple((k, operand(reader, v, node)) for k, v in kwargs.items())
    active = any(varied(reader, v) for v in (*args, *kwargs.values()))
    return reader.assign(Apply(call_prim, (expr, *parts), named), TOP, active, node)

