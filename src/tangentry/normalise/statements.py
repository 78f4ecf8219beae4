"""Statements other than branches and loops."""
from __future__ import annotations

import importlib
import operator
from typing import Any

import gast
import numpy as np

from ..prims import assert_, delete
from ..program import Apply, Effect, Exit, Expr, Lit, Ref, Update
from ..types import MaybeT, Num, Top
from .branches import leave, truth
from .call import call_value
from .containers import content, is_real_list, items_of, merge_contents, record_of, set_content
from .core import FALL, RAISED, RETURNED, Reader, statement
from .expressions import BINARY, binary, read_defaults
from .hosts import as_dyn, host, operand, varied
from .inputs import lift
from .iteration import static_items
from .objects import call_method, has_method, is_object
from .subscripts import get_item, mark_written, resolved, store_item
from .targets import assign_attribute, assign_target, bind_name, private
from .attributes import attribute_of
from .values import Const, Dyn, Fn, Obj, Tup, Unbound, Value, names_of

IN_PLACE_NAMES = {"Add": "__iadd__", "Sub": "__isub__", "Mult": "__imul__", "Div": "__itruediv__", "Pow": "__ipow__",
                  "MatMult": "__imatmul__", "FloorDiv": "__ifloordiv__", "Mod": "__imod__"}


@statement("Assign")
def read_assign(reader: Reader, node: Any, rest: list[Any]) -> str:
    """`a = b = value`."""
    first = node.targets[0]
    value = reader.expr(node.value, first.id if isinstance(first, gast.Name) else "")
    for target in node.targets:
        assign_target(reader, target, value, node)
    return FALL


@statement("AnnAssign")
def read_annotated(reader: Reader, node: Any, rest: list[Any]) -> str:
    """`a: T = value`; the annotation is not evaluated."""
    if node.value is not None:
        hint = node.target.id if isinstance(node.target, gast.Name) else ""
        assign_target(reader, node.target, reader.expr(node.value, hint), node)
    return FALL


@statement("AugAssign")
def read_augmented(reader: Reader, node: Any, rest: list[Any]) -> str:
    """`target op= value`: the target is found once."""
    target, kind = node.target, type(node.op).__name__
    if isinstance(target, gast.Name):
        load = gast.copy_location(gast.Name(target.id, gast.Load(), None, None), target)
        old, new = reader.expr(load), reader.expr(node.value)
        reader.hint = target.id
        bind_name(reader, target.id, in_place(reader, kind, old, new, node), node)
        reader.hint = ""
    elif isinstance(target, gast.Attribute):
        obj, name = reader.expr(target.value), private(reader, target.attr)
        old, new = attribute_of(reader, obj, name, target), reader.expr(node.value)
        assign_attribute(reader, obj, name, in_place(reader, kind, old, new, node), node)
    elif isinstance(target, gast.Subscript):
        _update_item(reader, node, kind)
    else:
        reader.unsupported(node, "this target of an augmented assignment is not differentiated")
    return FALL


def in_place(reader: Reader, kind: str, old: Value, new: Value, node: Any) -> Value:
    """`old op= new`: what the variable holds afterwards."""
    fn = BINARY[kind]
    if is_object(reader, old) and has_method(reader, old, IN_PLACE_NAMES.get(kind, "")):
        return call_method(reader, old, IN_PLACE_NAMES[kind], (new,), {}, node)
    if isinstance(old, Obj) and old.cls is list and fn is operator.add:
        more = static_items(reader, new, node)
        if more is not None:
            set_content(reader, old, Tup((*content(reader, old).items, *more), list))
            return old
    if isinstance(old, Dyn):
        if is_real_list(old) and fn is operator.add:
            more_list = as_dyn(reader, new, node) if not isinstance(new, Dyn) else new
            merge_contents(reader, old, new)
            reader.emit(Update(old.expr, None, fn, operand(reader, more_list, node), reader.origin(node)))
            return old
        if _changes_memory(reader, old):
            reader.emit(Update(old.expr, None, fn, operand(reader, new, node), reader.origin(node)))
            mark_written(reader, old, new)
            return old
    value = binary(reader, fn, old, new, node)
    if isinstance(old, Dyn) and isinstance(value, Dyn) and _is_array(old.type) and value.type != old.type:
        return _cast_back(reader, old, value, node)
    return value


def _is_array(t: Any) -> bool:
    t = t.inner if isinstance(t, MaybeT) else t
    return isinstance(t, Num) and t.kind == "array" and t.rank != 0


def _changes_memory(reader: Reader, old: Dyn) -> bool:
    """Does an in-place operator on this value change an object that another name can reach?"""
    t = old.type.inner if isinstance(old.type, MaybeT) else old.type
    if isinstance(t, Num) and (t.rank == 0 and t.kind != "array"):
        return False
    if isinstance(t, Num | Top):
        return any(reader.aliases.is_shared(n) for n in names_of(old)) or (isinstance(t, Num) and t.kind == "any") \
            or isinstance(t, Top)
    return False


def _cast_back(reader: Reader, old: Dyn, value: Dyn, node: Any) -> Value:
    """An in-place operator keeps the array's own dtype."""
    a, b = old.type, value.type
    if isinstance(a, Num) and isinstance(b, Num) and a.dtype and b.dtype and a.dtype != b.dtype:
        return host(reader, np.ndarray.astype, (value, Const(np.dtype(a.dtype), Lit(a.dtype))), {}, node, ".astype")
    return value


def _update_item(reader: Reader, node: Any, kind: str) -> None:
    """`obj[index] op= value`."""
    target = node.target
    obj, index = resolved(reader, reader.expr(target.value)), reader.expr(target.slice)
    if isinstance(obj, Dyn) and not is_object(reader, obj):
        new = reader.expr(node.value)
        reader.emit(Update(obj.expr, operand(reader, index, node), BINARY[kind], operand(reader, new, node),
                           reader.origin(node)))
        mark_written(reader, obj, new)
        return
    old = get_item(reader, obj, index, target)
    new = reader.expr(node.value)
    store_item(reader, obj, index, in_place(reader, kind, old, new, node), target)


@statement("Expr")
def read_statement_expression(reader: Reader, node: Any, rest: list[Any]) -> str:
    """An expression for what it does; its value is dropped."""
    if isinstance(node.value, gast.Constant):
        return FALL
    before = len(reader.draft.stmts)
    value = reader.expr(node.value)
    last = reader.draft.stmts[-1] if len(reader.draft.stmts) > before else None
    if isinstance(value, Dyn) and last is not None and getattr(last, "target", None) == getattr(value.expr, "id", ""):
        reader.draft.stmts[-1] = Effect(last.value, last.origin)
    return FALL


@statement("Pass", "Global", "Nonlocal")
def read_nothing(reader: Reader, node: Any, rest: list[Any]) -> str:
    """`pass`; `global` and `nonlocal` are known from the function's scope."""
    return FALL


@statement("Return")
def read_return(reader: Reader, node: Any, rest: list[Any]) -> str:
    """`return value`."""
    hint = reader.return_stems.get(reader.frame.id, "%value")
    value = Const(None, Lit(None)) if node.value is None else reader.expr(node.value, hint)
    if reader.loops and reader.loops[-1].frame is reader.frame:
        return leave(reader, "return", value)
    reader.state.vars["v", reader.frame.id, "%return"] = value
    return RETURNED


@statement("Assert")
def read_assert(reader: Reader, node: Any, rest: list[Any]) -> str:
    """`assert test, message`."""
    test = reader.expr(node.test)
    if truth(reader, test):
        return FALL
    message: tuple[Expr, ...] = () if node.msg is None else (operand(reader, reader.expr(node.msg), node),)
    reader.effect(Apply(assert_, (operand(reader, test, node), *message)), node)
    return FALL


@statement("Raise")
def read_raise(reader: Reader, node: Any, rest: list[Any]) -> str:
    """`raise error from cause`."""
    values = []
    for part in (node.exc, node.cause):
        if part is not None:
            value = reader.expr(part)
            values.append(operand(reader, value, node))
    reader.draft.exit = Exit("raise", tuple(values), reader.origin(node))
    return RAISED


@statement("Delete")
def read_delete(reader: Reader, node: Any, rest: list[Any]) -> str:
    """`del x`, `del xs[i]`."""
    for target in node.targets:
        if isinstance(target, gast.Name):
            bind_name(reader, target.id, Unbound(), node)
        elif isinstance(target, gast.Subscript):
            _delete_item(reader, resolved(reader, reader.expr(target.value)), reader.expr(target.slice), node)
        else:
            reader.unsupported(node, "`del` of an attribute is not differentiated")
    return FALL


def _delete_item(reader: Reader, obj: Value, index: Value, node: Any) -> None:
    record = record_of(reader, obj)
    if record is not None and isinstance(obj, Obj) and isinstance(index, Const):
        set_content(reader, obj, record.without(index.value))
        return
    items = items_of(reader, obj)
    if items is not None and isinstance(obj, Obj) and isinstance(index, Const):
        rest = list(items)
        del rest[index.value]
        set_content(reader, obj, Tup(tuple(rest), list))
        return
    if isinstance(obj, Dyn) and varied(reader, obj):
        if is_real_list(obj):
            reader.effect(Apply(list.pop, (obj.expr, operand(reader, index, node)), (), ".pop"), node)
            return
        reader.unsupported(node, "`del` of an item of this container is not differentiated")
    reader.effect(Apply(delete, (operand(reader, obj, node), operand(reader, index, node))), node)


@statement("FunctionDef")
def read_def(reader: Reader, node: Any, rest: list[Any]) -> str:
    """A local function; its decorators are applied as they stand."""
    defaults, kw_defaults = read_defaults(reader, node.args)
    value: Value = Fn(node, reader.frame.id, node.name, defaults, kw_defaults)
    for decorator in reversed([reader.expr(d) for d in node.decorator_list]):
        value = call_value(reader, decorator, (value,), {}, node)
    bind_name(reader, node.name, value, node)
    return FALL


@statement("ClassDef")
def read_class(reader: Reader, node: Any, rest: list[Any]) -> str:
    """A local class: its bases and attributes have to be known, its methods are functions of the program."""
    if node.decorator_list or node.keywords:
        reader.unsupported(node, "a local class with a decorator or a metaclass is not differentiated",
                           "define the class outside of the function")
    bases = [reader.expr(b) for b in node.bases]
    members: dict[str, Any] = {"__module__": reader.frame.globals.get("__name__", ""), "__qualname__": node.name}
    for stmt in node.body:
        _read_member(reader, stmt, members)
    known = [b.value if isinstance(b, Const) and isinstance(b.value, type) else None for b in bases]
    if None in known:
        reader.unsupported(node, "the bases of this class are not known")
    made = type(node.name, tuple(k for k in known if k is not None), members)
    bind_name(reader, node.name, Const(made, Ref(made)), node)
    return FALL


def _read_member(reader: Reader, stmt: Any, members: dict[str, Any]) -> None:
    if isinstance(stmt, gast.FunctionDef) and not stmt.decorator_list:
        defaults, kw_defaults = read_defaults(reader, stmt.args)
        members[stmt.name] = Fn(stmt, reader.frame.id, stmt.name, defaults, kw_defaults)
    elif isinstance(stmt, gast.Assign) and len(stmt.targets) == 1 and isinstance(stmt.targets[0], gast.Name):
        value = reader.expr(stmt.value)
        if not isinstance(value, Const):
            reader.unsupported(stmt, "an attribute of a local class has to be known before the program runs")
        members[stmt.targets[0].id] = value.value
    elif not isinstance(stmt, gast.Pass) and not (isinstance(stmt, gast.Expr) and isinstance(stmt.value, gast.Constant)):
        reader.unsupported(stmt, "this statement in a local class is not differentiated",
                           "define the class outside of the function")


@statement("Import")
def read_import(reader: Reader, node: Any, rest: list[Any]) -> str:
    """`import a.b as c` within the function."""
    for alias in node.names:
        module = importlib.import_module(alias.name)
        if alias.asname is None and "." in alias.name:
            module = importlib.import_module(alias.name.partition(".")[0])
        name = alias.asname or alias.name.partition(".")[0]
        bind_name(reader, name, Const(module, Ref(module)), node)
    return FALL


@statement("ImportFrom")
def read_import_from(reader: Reader, node: Any, rest: list[Any]) -> str:
    """`from a import b` within the function."""
    package = reader.frame.globals.get("__package__") or None
    module = importlib.import_module("." * node.level + (node.module or ""), package)
    for alias in node.names:
        if alias.name == "*":
            reader.unsupported(node, "`import *` within a function is not possible")
        found = getattr(module, alias.name)
        bind_name(reader, alias.asname or alias.name, lift(reader, Ref(found), found), node)
    return FALL

