"""Which exceptions a statement may raise, as far as what is known of its operands tells.

Used to leave a `try` away that can catch nothing: then its body is a plain part of the program.
"""
from __future__ import annotations

import operator
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from ..outlines import Outline
from ..prims import COMPARE, DISPLAYS, UNARY, assert_, delete, formatted, fstring, in_, make_dict, make_set, not_in, set_variable
from ..program import Apply, Assign, Attr, Effect, Expr, Name, Ref, Stmt, Store, Try, Update, blocks
from ..rules import registry
from ..types import LitT, Num, SeqT, Top, Type

ANYTHING = BaseException
_DIVIDES = {operator.truediv, operator.floordiv, operator.mod}
_QUIET = {*DISPLAYS, *COMPARE, *UNARY, make_dict, make_set, fstring, formatted, slice, isinstance, bool, str, repr, print,
          set_variable, type, id, range, len} - {in_, not_in}
_INDEXING = (IndexError, KeyError, TypeError, ValueError)


def may_raise(stmts: Iterable[Any], kinds: Iterable[Any], types: Mapping[str, Type]) -> bool:
    """Can one of the statements raise an exception of one of these classes (None: of any)?"""
    wanted = list(kinds)
    return any(_caught(r, wanted) for s in stmts for r in raised(s, types))


def classes_of(stmt: Try) -> list[Any] | None:
    """The classes that the handlers of a `try` catch (None among them: any); None where all handlers raise again."""
    found: list[Any] = []
    for handler in stmt.handlers:
        if handler.body.exit is not None and handler.body.exit.kind == "raise":
            continue
        parts = handler.kind.args if isinstance(handler.kind, Apply) and handler.kind.fn in DISPLAYS else (handler.kind,)
        found += [p.value if isinstance(p, Ref) and isinstance(p.value, type) else None for p in parts]
    return found or None


def _caught(r: Any, kinds: list[Any]) -> bool:
    return r is ANYTHING or any(k is None or issubclass(r, k) for k in kinds)


def raised(stmt: Stmt, types: Mapping[str, Type]) -> Iterable[Any]:
    """The classes of exceptions that a statement may raise."""
    match stmt:
        case Assign(value=Apply() as value):
            yield from by_call(value, types)
        case Effect(value=Apply(fn=fn) as value):
            yield from (AssertionError,) if fn is assert_ else _INDEXING if fn is delete else by_call(value, types)
        case Store(index=Attr()) | Update(index=Attr()):
            yield AttributeError
        case Store():
            yield from _INDEXING
        case Update(obj=obj, index=index, op=op, value=value):
            yield from _INDEXING if index is not None else ()
            yield from by_call(Apply(op, (obj, value)), types)
    for block in blocks(stmt):
        yield from (r for s in block.stmts for r in raised(s, types))
        if block.exit is not None and block.exit.kind == "raise":
            yield ANYTHING


def by_call(e: Apply, types: Mapping[str, Type]) -> Iterable[Any]:
    """What a function may raise."""
    fn = e.fn
    operands = [_type(a, types) for a in e.args]
    if isinstance(fn, Outline):
        return (ANYTHING,)
    if fn in _QUIET:
        return ()
    if fn is operator.getitem or fn in (list.pop, dict.pop):
        return _INDEXING
    if getattr(fn, "__module__", "") == "math":
        return ValueError, OverflowError, TypeError
    if fn in (float, int, complex):
        return () if all(isinstance(t, Num) and t.rank == 0 for t in operands) else (ValueError, TypeError)
    if isinstance(fn, np.ufunc) or fn in _ARITHMETIC:
        return _arithmetic(fn, operands)
    if getattr(fn, "__module__", "").startswith("numpy.linalg"):
        return np.linalg.LinAlgError, ValueError
    rule = registry.find(fn)
    return (ValueError, IndexError, TypeError, ZeroDivisionError, FloatingPointError) if rule is not None else (ANYTHING,)


_ARITHMETIC = {operator.add, operator.sub, operator.mul, operator.pow, operator.matmul, operator.neg, operator.pos, abs,
               operator.abs, *_DIVIDES, *COMPARE} - {in_, not_in}


def _arithmetic(fn: Any, operands: list[Type]) -> tuple[Any, ...]:
    if not all(isinstance(t, Num | LitT) for t in operands):
        return ANYTHING if any(isinstance(t, Top) for t in operands) else TypeError, ValueError, ZeroDivisionError
    kinds = [t.kind if isinstance(t, Num) else "py" for t in operands]
    found: list[Any] = []
    if "array" in kinds or "np" in kinds or "any" in kinds or isinstance(fn, np.ufunc):
        found.append(FloatingPointError)
    arrays = [t for t in operands if isinstance(t, Num) and t.rank != 0]
    if len(arrays) > 1 and not _fit(arrays):
        found.append(ValueError)
    if fn is operator.matmul:
        found.append(ValueError)
    if set(kinds) <= {"py", "scalar", "any"}:
        found += [ZeroDivisionError] if fn in _DIVIDES else [ZeroDivisionError, OverflowError] if fn is operator.pow else []
    return tuple(found)


def _fit(arrays: list[Num]) -> bool:
    """Do the extents broadcast for certain?"""
    return all(a.dims is not None and a.dims == arrays[0].dims for a in arrays)


def _type(e: Expr, types: Mapping[str, Type]) -> Type:
    if isinstance(e, Name):
        return types.get(e.id, Top())
    if isinstance(e, Apply):
        return SeqT(()) if e.fn in DISPLAYS else Top()
    return LitT(getattr(e, "value", None))


