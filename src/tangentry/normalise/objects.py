"""Objects of the user's classes: made by the program (followed attribute by attribute) or found outside.

Methods, properties and operators are resolved by the class, as Python does, and read in place of the call. An attribute
that is set is remembered, so that reading it again gives what was set.
"""
from __future__ import annotations

import dataclasses
import inspect
import operator
import types
from collections.abc import Mapping, Sequence
from typing import Any

from ..prims import in_, not_in
from ..program import Apply, Attr, Lit, Ref, Store
from .call import KINDS, METHOD, call_opaque, call_value
from .containers import content, new_object, set_content
from .core import Reader
from .hosts import negate, operand
from .inputs import attribute, lift
from .values import UNBOUND, Bound, Const, Ext, Fn, Obj, Rec, Tup, Value

OPERATOR_NAMES = {operator.add: "add", operator.sub: "sub", operator.mul: "mul", operator.truediv: "truediv",
                  operator.floordiv: "floordiv", operator.mod: "mod", operator.pow: "pow", operator.matmul: "matmul",
                  operator.and_: "and", operator.or_: "or", operator.xor: "xor", operator.lshift: "lshift",
                  operator.rshift: "rshift", operator.lt: "lt", operator.le: "le", operator.gt: "gt", operator.ge: "ge",
                  operator.eq: "eq", operator.ne: "ne", operator.neg: "neg", operator.pos: "pos",
                  operator.invert: "invert", in_: "contains", not_in: "contains"}
_MIRRORED = {"lt": "gt", "gt": "lt", "le": "ge", "ge": "le", "eq": "eq", "ne": "ne"}
_PLAIN = (list, dict, set, frozenset, tuple)
_MISSING = object()


def function_value(found: Any) -> Value | None:
    """A function found in a class: one of the host program's, or one that the program itself defines."""
    if isinstance(found, Fn):
        return found
    return Const(found, Ref(found)) if isinstance(found, types.FunctionType) else None


def class_of(reader: Reader, v: Value) -> type | None:
    """The class of an object whose methods are the user's; None for numbers, arrays and plain containers."""
    if isinstance(v, Obj) and v.cls not in _PLAIN:
        return v.cls
    if isinstance(v, Ext) and type(v.value) not in _PLAIN:
        return type(v.value)
    if isinstance(v, Tup) and hasattr(v.cls, "_fields"):
        return v.cls
    return None


def is_object(reader: Reader, v: Value) -> bool:
    """Does the user's class decide what an operator does on this value?"""
    cls = class_of(reader, v)
    return cls is not None and not isinstance(v, Tup) and _is_users_class(cls)


def _is_users_class(cls: type) -> bool:
    return any(isinstance(f, types.FunctionType | Fn) for c in cls.__mro__[:-1] for f in vars(c).values())


def find_in_class(cls: type, name: str) -> tuple[Any, type | None]:
    """An attribute of a class and the class in the method resolution order that has it."""
    for c in cls.__mro__:
        if name in vars(c):
            return vars(c)[name], c
    return _MISSING, None


def get_attribute(reader: Reader, v: Value, name: str, node: Any) -> Value:
    """`v.name` for an object of a class."""
    cls = class_of(reader, v)
    assert cls is not None
    found, owner = find_in_class(cls, name)
    if isinstance(found, property):
        if found.fget is None:
            reader.unsupported(node, f"the property {name!r} cannot be read")
        return call_value(reader, Const(found.fget, Ref(found.fget)), (v,), {}, node)
    stored = _stored(reader, v, name, node)
    if stored is not None:
        return stored
    if owner is not None:
        return _class_attribute(reader, v, cls, found, name, node)
    getter, _ = find_in_class(cls, "__getattr__")
    get = function_value(getter)
    if get is not None:
        return call_value(reader, get, (v, Const(name, Lit(name))), {}, node)
    return reader.unsupported(node, f"{cls.__name__} has no attribute {name!r} here")


def _stored(reader: Reader, v: Value, name: str, node: Any) -> Value | None:
    """An attribute that the object itself has."""
    if isinstance(v, Obj):
        record: Rec = content(reader, v)
        return record.get(name)
    if isinstance(v, Tup):
        return v.items[v.cls._fields.index(name)] if name in v.cls._fields else None  # type: ignore[attr-defined]
    assert isinstance(v, Ext)
    key = "x", id(v.value), name
    if key in reader.state.vars:
        return reader.state.vars[key]
    value = _instance_value(v.value, name)
    if value is _MISSING:
        return None
    return lift(reader, attribute(v, name), value, v.varied)


def _instance_value(obj: Any, name: str) -> Any:
    try:
        found = inspect.getattr_static(obj, name)
    except AttributeError:
        return _MISSING
    if isinstance(found, types.MemberDescriptorType | types.GetSetDescriptorType):
        return getattr(obj, name, _MISSING)
    return found if name in getattr(obj, "__dict__", {}) else _MISSING


def _class_attribute(reader: Reader, v: Value, cls: type, found: Any, name: str, node: Any) -> Value:
    function = function_value(found)
    if function is not None:
        return Bound(function, (v,))
    if isinstance(found, staticmethod):
        return Const(found.__func__, Ref(found.__func__))
    if isinstance(found, classmethod):
        return Bound(Const(found.__func__, Ref(found.__func__)), (Const(cls, Ref(cls)),))
    if hasattr(type(found), "__get__") and not isinstance(found, types.BuiltinFunctionType | type):
        if isinstance(v, Ext):
            return lift(reader, attribute(v, name), getattr(v.value, name))
        reader.unsupported(node, f"the descriptor {name!r} of {cls.__name__} cannot be followed")
    if isinstance(v, Ext):
        return lift(reader, attribute(v, name), found)
    return lift(reader, Apply(getattr, (Ref(cls, cls.__name__), Lit(name))), found)


def set_attribute(reader: Reader, v: Value, name: str, value: Value, node: Any) -> None:
    """`v.name = value`."""
    cls = class_of(reader, v)
    if cls is None or isinstance(v, Tup):
        reader.unsupported(node, f"the attribute {name!r} of this value cannot be set")
    found, _ = find_in_class(cls, name)
    if isinstance(found, property):
        if found.fset is None:
            reader.unsupported(node, f"the property {name!r} cannot be set")
        call_value(reader, Const(found.fset, Ref(found.fset)), (v, value), {}, node)
        return
    setter, owner = find_in_class(cls, "__setattr__")
    if owner is not object and not dataclasses.is_dataclass(cls):
        reader.unsupported(node, f"{cls.__name__} defines __setattr__, which cannot be followed")
    if isinstance(v, Obj):
        set_content(reader, v, content(reader, v).set(name, value))
        return
    assert isinstance(v, Ext)
    key = "x", id(v.value), name
    old = _instance_value(v.value, name)
    reader.outer.setdefault(key, lambda: UNBOUND if old is _MISSING else lift(reader, attribute(v, name), old, v.varied))
    reader.emit(Store(v.expr, Attr(name), operand(reader, value, node), reader.origin(node)))
    reader.state.vars[key] = value


def call_method(reader: Reader, v: Value, name: str, args: Sequence[Value], kwargs: Mapping[str, Value], node: Any) -> Value:
    """`v.name(*args)` by the class, as Python calls special methods."""
    cls = class_of(reader, v)
    found, _ = find_in_class(cls, name) if cls is not None else (_MISSING, None)
    function = function_value(found)
    if function is not None:
        return call_value(reader, function, (v, *args), kwargs, node)
    if name == "__call__" and isinstance(v, Ext):
        return call_opaque(reader, v.value, v.expr, args, kwargs, node)
    return reader.unsupported(node, f"an object of class {cls.__name__ if cls else '?'} does not support {name}")


METHOD.append(call_method)


def operator_method(reader: Reader, fn: Any, operands: tuple[Value, ...], node: Any) -> Value:
    """An operator on objects of the user's classes: `__add__`, `__radd__` …"""
    name = OPERATOR_NAMES.get(fn)
    if name is None:
        reader.unsupported(node, "this operator is not followed on objects")
    if fn in (in_, not_in):
        inside = call_method(reader, operands[1], "__contains__", operands[:1], {}, node)
        return negate(reader, inside, node) if fn is not_in else inside
    left = operands[0]
    if has_method(reader, left, f"__{name}__"):
        return call_method(reader, left, f"__{name}__", operands[1:], {}, node)
    if len(operands) == 2:
        mirrored = f"__{_MIRRORED.get(name, 'r' + name)}__"
        if has_method(reader, operands[1], mirrored):
            return call_method(reader, operands[1], mirrored, operands[:1], {}, node)
    if fn is operator.ne and has_method(reader, left, "__eq__"):
        return negate(reader, call_method(reader, left, "__eq__", operands[1:], {}, node), node)
    if fn in (operator.eq, operator.ne) and isinstance(left, Obj | Ext) and isinstance(operands[1], Obj | Ext):
        same = left == operands[1]
        return Const(same == (fn is operator.eq), Lit(same == (fn is operator.eq)))
    return reader.unsupported(node, f"the class {getattr(class_of(reader, left), '__name__', '?')} has no __{name}__")


def has_method(reader: Reader, v: Value, name: str) -> bool:
    """Has the value's class a method that can be read?"""
    cls = class_of(reader, v)
    return cls is not None and function_value(find_in_class(cls, name)[0]) is not None


def is_users_class(value: Any) -> bool:
    """A class whose instances can be followed."""
    if not isinstance(value, type) or issubclass(value, BaseException) or value.__module__ == "builtins":
        return False
    return (hasattr(value, "_fields") and issubclass(value, tuple)) or dataclasses.is_dataclass(value) \
        or function_value(find_in_class(value, "__init__")[0]) is not None \
        or (value.__init__ is object.__init__ and value.__new__ is object.__new__)


def instantiate(reader: Reader, fn: Any, args: Sequence[Value], kwargs: Mapping[str, Value], node: Any) -> Value:
    """`Class(*args)`."""
    cls: type = fn.value
    if node in reader.real:
        return call_opaque(reader, cls, fn.expr, args, kwargs, node)
    if hasattr(cls, "_fields"):
        given = dict(zip(cls._fields, args, strict=False)) | dict(kwargs)
        defaults = getattr(cls, "_field_defaults", {})
        return Tup(tuple(given[f] if f in given else lift(reader, Ref(defaults[f]), defaults[f]) for f in cls._fields), cls)
    meta_call, owner = find_in_class(type(cls), "__call__")
    if owner is not type or find_in_class(cls, "__new__")[1] is not object:
        reader.unsupported(node, f"{cls.__name__} has a metaclass or __new__ of its own, which cannot be followed",
                           "make the object outside of the differentiated function")
    made = new_object(reader, cls, Rec((), ()), node)
    init = find_in_class(cls, "__init__")[0]
    if dataclasses.is_dataclass(cls) and "__init__" in vars(cls) and _generated(init):
        _fill_dataclass(reader, made, cls, args, kwargs, node)
    elif function_value(init) is not None:
        call_value(reader, function_value(init) or fn, (made, *args), kwargs, node)
    return made


def _generated(init: Any) -> bool:
    return getattr(getattr(init, "__code__", None), "co_filename", "") == "<string>"


def _fill_dataclass(reader: Reader, made: Obj, cls: Any, args: Sequence[Value], kwargs: Mapping[str, Value],
                    node: Any) -> None:
    fields = [f for f in dataclasses.fields(cls) if f.init]
    given = dict(zip([f.name for f in fields], args, strict=False)) | dict(kwargs)
    record = Rec((), ())
    for f in dataclasses.fields(cls):
        if f.name in given:
            record = record.set(f.name, given[f.name])
        elif f.default is not dataclasses.MISSING:
            record = record.set(f.name, lift(reader, Ref(f.default), f.default))
        elif f.default_factory is not dataclasses.MISSING:
            factory = f.default_factory
            record = record.set(f.name, call_value(reader, lift(reader, Ref(factory), factory), (), {}, node))
        elif f.init:
            reader.unsupported(node, f"{cls.__name__}() is called without its argument {f.name!r}")
    set_content(reader, made, record)
    post = find_in_class(cls, "__post_init__")[0]
    if isinstance(post, types.FunctionType):
        call_value(reader, Const(post, Ref(post)), (made,), {}, node)


KINDS.append((is_users_class, instantiate))
