"""What an expression does besides having a value."""
from __future__ import annotations

from ..outlines import Outline
from ..prims import (
    BINARY, COMPARE, UNARY, Method, and_, assert_, call, delete, formatted, fstring, ifexp, make_dict, make_list, make_set,
    make_tuple, or_, set_variable)
from ..program import Apply, Attr, Expr
from ..rules import registry

QUIET = {*BINARY, *COMPARE, *UNARY, make_tuple, make_list, make_dict, make_set, fstring, formatted, ifexp, and_, or_, slice,
         getattr, range, enumerate, zip, reversed, len, isinstance, float, int, bool, str, repr, abs, round, min, max, sum,
         type, list, tuple, dict, set, frozenset, complex, divmod, sorted, any, all, id, hash}
LIST_CHANGES = {list.append, list.pop, list.insert, list.extend, list.reverse, list.sort, list.clear, list.remove,
                dict.pop, dict.update, dict.setdefault, dict.clear}
NOISY = {print, open, input, assert_, delete, set_variable, call}


def is_pure_function(fn: object) -> bool:
    """May a call of the function be dropped, repeated, shared or moved?"""
    if isinstance(fn, Method):
        return False
    if isinstance(fn, Outline):
        return fn.summary is not None and fn.summary.pure and not fn.summary.writes
    try:
        if fn in QUIET:
            return True
        if fn in LIST_CHANGES or fn in NOISY:
            return False
    except TypeError:
        return False
    rule = registry.find(fn)
    if rule is not None:
        return rule.pure
    return getattr(fn, "__module__", "") == "math" or is_helper(fn)


def is_helper(fn: object) -> bool:
    """Is it a function that generated code calls to help itself?"""
    return str(getattr(fn, "__module__", "")).startswith(("tangentry.runtime", "tangentry.rules"))


def is_pure(expr: Expr | Attr | None) -> bool:
    """Has the expression no effect?"""
    if not isinstance(expr, Apply):
        return True
    return is_pure_function(expr.fn) and all(map(is_pure, expr.args)) and all(is_pure(v) for _, v in expr.kwargs)


def written_arguments(fn: object, args: tuple[Expr, ...]) -> list[Expr]:
    """The arguments that a call changes, as far as that is known of the function."""
    if isinstance(fn, Outline):
        return [args[k] for k in sorted(fn.summary.writes) if k < len(args)] if fn.summary is not None else list(args)
    try:
        if fn in LIST_CHANGES:
            return list(args[:1])
    except TypeError:
        return []
    rule = registry.find(fn)
    if rule is None or not rule.writes:
        return []
    return [args[k] for k in rule.writes if isinstance(k, int) and k < len(args)]


def only_writes(fn: object) -> bool:
    """Has a call that changes its arguments no other effect?"""
    return not isinstance(fn, Outline) or (fn.summary is not None and fn.summary.pure)
