"""Calls of host functions (NumPy, SciPy, math, operators, builtins): one flat statement each, with the type of its result."""
from __future__ import annotations

import operator
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ..infer import infer
from ..prims import BINARY, COMPARE, UNARY, Method, make_dict, make_list
from ..program import UNDEF, Apply, Effect, Expr, Lit, Name, Ref
from ..rules import registry
from ..types import BOOL, TOP, Num, ObjT, SeqT, Type, join, type_of
from .branches import branch, truth
from .core import FALL, Reader, Restart
from .inputs import lift, stem
from .values import (
    Bound, Choice, Const, Dyn, Ext, Fn, Iter, Obj, Rec, Slice, Tup, Unbound, Value, names_of, plain_operand, type_of_value)


def operand(reader: Reader, v: Value, node: Any = None) -> Expr:
    """A value as an operand; what the reader follows is written out as a display."""
    match v:
        case Dyn(expr=expr) | Const(expr=expr) | Ext(expr=expr):
            return expr
        case Tup(items=items, cls=cls):
            filled = plain_operand(Tup((), cls))
            assert isinstance(filled, Apply)
            return Apply(filled.fn, tuple(operand(reader, i, node) for i in items), (), filled.form)
        case Slice(start=a, stop=b, step=c):
            return Apply(slice, tuple(operand(reader, p, node) for p in (a, b, c)))
        case Obj():
            return _written_out(reader, v, node)
        case Choice(test=test, then=a, orelse=b):
            return operand(reader, branch(reader, test, lambda: (FALL, as_dyn(reader, a, node)),
                                          lambda: (FALL, as_dyn(reader, b, node)), "?", node)[1], node)
        case Unbound():
            return UNDEF
        case Iter(kind="range", args=args):
            return Apply(range, tuple(operand(reader, a, node) for a in args))
    return reader.unsupported(node, f"{_what(v)} is handed to a function that Tangentry cannot look into",
                              "call it in the differentiated function itself, or give the function a rule")


def _what(v: Value) -> str:
    return {Fn: "a local function", Bound: "a method", Iter: "a lazy iterable"}.get(type(v), "this value")


def _written_out(reader: Reader, v: Obj, node: Any) -> Expr:
    content = reader.state.vars[("h", v.id)]
    if isinstance(content, Tup) and v.cls is list:
        return Apply(make_list, tuple(operand(reader, i, node) for i in content.items))
    if isinstance(content, Rec) and v.cls is dict:
        parts = [e for k, i in zip(content.keys, content.values, strict=True) for e in (Lit(k), operand(reader, i, node))]
        return Apply(make_dict, tuple(parts))
    if v.site is not None and v.site not in reader.real:
        reader.real.add(v.site)
        raise Restart
    return reader.unsupported(node, f"an object of class {v.cls.__name__} made here is handed to a function that "
                              "Tangentry cannot look into")


def as_dyn(reader: Reader, v: Value, node: Any = None) -> Dyn | Const:
    """A value under one run-time name."""
    if isinstance(v, Dyn | Const):
        return v
    return reader.assign(operand(reader, v, node), deep_type(reader, v), varied(reader, v), node)


def deep_type(reader: Reader, v: Value) -> Type:
    """The type of a value, contents of followed objects included."""
    if isinstance(v, Obj):
        content = reader.state.vars[("h", v.id)]
        if isinstance(content, Tup):
            return SeqT(tuple(deep_type(reader, i) for i in content.items), list)
        return ObjT(v.cls)
    if isinstance(v, Tup):
        return SeqT(tuple(deep_type(reader, i) for i in v.items), v.cls)
    if isinstance(v, Dyn) and isinstance(v.expr, Name):
        return reader.aliases.settled(v.expr.id, v.type)
    if isinstance(v, Choice):
        return join(deep_type(reader, v.then), deep_type(reader, v.orelse))
    return type_of_value(v)


def varied(reader: Reader, v: Value) -> bool:
    """Does any part of the value depend on what is differentiated, contents of objects included?"""
    match v:
        case Dyn(expr=Name(id=name), varied=flag):
            return flag or reader.aliases.is_tainted(name)
        case Dyn(varied=flag) | Ext(varied=flag):
            return flag
        case Tup(items=items) | Iter(args=items):
            return any(varied(reader, i) for i in items)
        case Rec(values=values):
            return any(varied(reader, i) for i in values)
        case Obj(id=id):
            return varied(reader, reader.state.vars[("h", id)])
        case Slice(start=a, stop=b, step=c):
            return any(varied(reader, i) for i in (a, b, c))
        case Choice(then=a, orelse=b):
            return varied(reader, a) or varied(reader, b)
        case Bound(function=f, args=args, kwargs=kwargs):
            return varied(reader, f) or any(varied(reader, i) for i in (*args, *(k for _, k in kwargs)))
    return False


def host(reader: Reader, fn: Any, args: Sequence[Value], kwargs: Mapping[str, Value], node: Any, form: Any = "") -> Value:
    """Apply a host function; the value of the result."""
    if not form and isinstance(fn, np.ufunc):
        form = Ref(fn)
    exprs = tuple(operand(reader, a, node) for a in args)
    named = tuple((k, operand(reader, v, node)) for k, v in kwargs.items())
    active = any(varied(reader, v) for v in (*args, *kwargs.values()))
    rule = registry.find(fn)
    expr = Apply(fn, exprs, named, form)
    types = [deep_type(reader, a) for a in args]
    found = infer(fn, types, {k: deep_type(reader, v) for k, v in kwargs.items()})
    if rule is not None and rule.constant and not isinstance(found, Num) and not active:
        known = _evaluated(reader, fn, args, kwargs, expr)
        if known is not None:
            return known
    constant = rule is not None and rule.constant
    if rule is None and fn not in _PLAIN_BUILTINS and getattr(fn, "__module__", "") != "math":
        _opaque(reader, args, active)
    result = reader.assign(expr, found, active and not constant, node, role(fn, args))
    if rule is not None and rule.view:
        _share_memory(reader, result, args)
    return result


_PLAIN_BUILTINS = {*BINARY, *COMPARE, *UNARY, len, int, float, bool, str, repr, abs, round, complex, divmod, min, max, sum}


def _share_memory(reader: Reader, result: Dyn, args: Sequence[Value]) -> None:
    """The result may be a view of the first argument."""
    rank = result.type.rank if isinstance(result.type, Num) else None
    if isinstance(result.expr, Name) and rank != 0 and args:
        for name in names_of(args[0]):
            reader.aliases.union(result.expr.id, name)
            reader.aliases.share(name)


def _opaque(reader: Reader, args: Sequence[Value], active: bool) -> None:
    """A function about which nothing is known may keep and change what it is given."""
    for value in args:
        for name in names_of(value):
            if not isinstance(reader.types.get(name), Num) or getattr(reader.types[name], "rank", None) != 0:
                reader.aliases.share(name)


def _evaluated(reader: Reader, fn: Any, args: Sequence[Value], kwargs: Mapping[str, Value], expr: Expr) -> Value | None:
    """A function without derivative of known objects only (`np.finfo(float)`, `np.dtype("f8")`): its value is known."""
    values = [*args, *kwargs.values()]
    if not values or not all(isinstance(v, Const) for v in values):
        return None
    try:
        value = fn(*[a.value for a in args if isinstance(a, Const)],
                   **{k: v.value for k, v in kwargs.items() if isinstance(v, Const)})
    except Exception:  # it will be raised when the program runs
        return None
    return None if type_of(value) == TOP or isinstance(type_of(value), Num) else lift_known(reader, expr, value)


def lift_known(reader: Reader, expr: Expr, value: Any) -> Value:
    """A value computed from known objects: nothing of it needs a guard."""
    kept = list(reader.facts.items)
    made = lift(reader, expr, value)
    reader.facts.items = kept
    return made


def role(fn: Any, args: Sequence[Value]) -> str:
    """A name for an inner result by what it is: `exp_z` for `np.exp(z)`; operators stay `t`."""
    if fn in BINARY or fn in COMPARE or fn in UNARY or fn is operator.getitem or not args:
        return "%t"
    stem_name = fn.name if isinstance(fn, Method) else getattr(fn, "__name__", "t")
    names = names_of(args[0])
    inner = stem(Name(names[0])) if names else ""
    return "%" + (f"{stem_name}_{inner}" if inner and inner != "t" and len(inner) + len(stem_name) < 14 else stem_name)


def number_of(v: Value) -> Any:
    """The value of a known number, else None."""
    return v.value if isinstance(v, Const) and type(v.value) in (int, float, bool) else None


def effect(reader: Reader, expr: Expr, node: Any) -> Value:
    """Something done for what it does."""
    reader.emit(Effect(expr, reader.origin(node)))
    return Const(None, Lit(None))


def negate(reader: Reader, v: Value, node: Any) -> Value:
    """`not v`."""
    known = truth(reader, v)
    if known is not None:
        return Const(not known, Lit(not known))
    return reader.assign(Apply(operator.not_, (operand(reader, v, node),)), BOOL, False, node)
