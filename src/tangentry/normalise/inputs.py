"""Values from outside: arguments, closure variables, globals, and what is found inside of them.

A number or array is read once, at the head of the program, and its type is a fact that a guard tests. A function, module
or class is known, and the guard tests that it is still that one. Containers and objects are looked into step by step.
"""
from __future__ import annotations

import operator
import types
from typing import Any

import numpy as np

from ..program import Apply, Assign, Expr, Lit, Name, Ref
from ..types import ANY, ListT, LitT, Num, ObjT, SeqT, Top, Type, as_list, can_be_active, join, type_of
from .core import Reader
from .values import Const, Dyn, Ext, Value

UNKNOWN = type("Unknown", (), {"__repr__": lambda self: "<unknown>"})()
"""In place of an argument about which nothing is known: for programs that are printed without any."""
FIXED = (types.FunctionType, types.BuiltinFunctionType, types.ModuleType, type, np.ufunc, types.MethodType,
         types.MethodDescriptorType, types.WrapperDescriptorType, types.GenericAlias)


def lift(reader: Reader, expr: Expr, value: Any, varied: bool = False) -> Value:
    """What stands at `expr` and is `value` now, as a value of the program."""
    if value is None or isinstance(value, bool | str | bytes) or value is Ellipsis or isinstance(value, np.dtype):
        reader.facts.add("equal" if isinstance(value, str | bytes | np.dtype) else "is", expr, value)
        return Const(value, Lit(value) if not isinstance(value, np.dtype) else expr)
    if is_number(value):
        return leaf(reader, expr, value, varied)
    if value is UNKNOWN:
        return Dyn(expr, ANY, varied)
    if isinstance(value, FIXED) or (callable(value) and type(value).__module__.split(".")[0] in ("numpy", "functools")):
        if not isinstance(expr, Ref) or not is_library(value):
            reader.facts.add("is", expr, value)
        return Const(value, expr)
    return Ext(expr, value, varied)


def is_library(value: Any) -> bool:
    """NumPy, SciPy and the standard modules are taken to stay what they are."""
    return isinstance(value, types.ModuleType) and value.__name__.split(".")[0] in (
        "numpy", "math", "scipy", "operator", "functools", "itertools", "cmath", "tangentry")


def is_number(value: Any) -> bool:
    """A number or an array of numbers."""
    return type(value) in (int, float, complex) or isinstance(value, np.number | np.bool_) or (
        type(value) is np.ndarray and value.dtype.kind in "biufc")


def leaf(reader: Reader, expr: Expr, value: Any, varied: bool) -> Dyn:
    """A number or array from outside, read once at the head of the program."""
    found = reader.leaf_cache.get(expr)
    if found is not None:
        return found  # type: ignore[return-value]
    t = type_of(value)
    reader.facts.type(expr, t)
    varied = varied and can_be_active(t)
    if isinstance(expr, Name):
        reader.types[expr.id] = t
        made = Dyn(expr, t, varied)
    else:
        name = reader.fresh(stem(expr), t)
        reader.prologue.append(Assign(name, expr))
        made = Dyn(Name(name), t, varied)
    reader.leaf_cache[expr] = made
    return made


def stem(expr: Expr) -> str:
    """A name for what is read at a path: `p["W"]` → `p_W`, `self.k` → `self_k`."""
    if isinstance(expr, Name):
        return expr.id.partition(".")[0].lstrip("%")
    if isinstance(expr, Ref):
        return "%" + expr.text.replace(".", "_")
    if isinstance(expr, Apply) and len(expr.args) == 2 and isinstance(expr.args[1], Lit):
        key = str(expr.args[1].value)
        return "%" + stem(expr.args[0]).lstrip("%") + "_" + "".join(c if c.isalnum() else "_" for c in key)
    return "%t"


def item(ext: Ext, key: Any) -> Expr:
    """The path to an item of an outer container."""
    return Apply(operator.getitem, (ext.expr, Lit(key)))


def attribute(ext: Ext, name: str) -> Expr:
    """The path to an attribute of an outer object."""
    return Apply(getattr, (ext.expr, Lit(name)))


def element_type(value: Any) -> Type:
    """The one type that all elements of an outer sequence have, or Top where they have none in common."""
    whole = as_list(type_of_tree(value)) if isinstance(value, list | tuple) and not hasattr(value, "_fields") else None
    return whole.elem if whole is not None else Top()


def type_of_tree(value: Any) -> Type:
    """The type of nested lists and tuples of numbers; lists inside count by their elements."""
    if type(value) in (list, tuple):
        items = tuple(map(type_of_tree, value))
        if type(value) is list and items:
            elem: Type = items[0]
            for other in items[1:]:
                elem = join(elem, other)
            return ListT(elem)
        return SeqT(items, type(value))
    return type_of(value)


def is_numeric(t: Type) -> bool:
    """Is it a number, an array, or a tree of those whose kinds are known?"""
    match t:
        case Num(kind=kind):
            return kind != "any"
        case SeqT(items=items):
            return all(map(is_numeric, items))
        case ListT(elem=elem):
            return is_numeric(elem)
        case LitT(value=value):
            return isinstance(value, bool | int | float | str) or value is None
        case ObjT(cls=cls):
            return cls is str
    return False


def as_runtime(reader: Reader, ext: Ext) -> Dyn:
    """An outer container as one run-time value, to be indexed and iterated over while the program runs."""
    found = reader.leaf_cache.get(("container", ext.expr))
    if found is None:
        t = type_of_tree(ext.value)
        if isinstance(t, SeqT) and t.cls is tuple:
            t = as_list(t) or t
        reader.facts.add("elements", ext.expr, t)
        if isinstance(ext.expr, Name):
            reader.types[ext.expr.id] = t
            made = Dyn(ext.expr, t, ext.varied)
        else:
            name = reader.fresh(stem(ext.expr), t)
            reader.prologue.append(Assign(name, ext.expr))
            made = Dyn(Name(name), t, ext.varied)
        found = reader.leaf_cache["container", ext.expr] = made
    return found  # type: ignore[return-value]
