"""Exits from the middle (`break`, `continue`, `return`), settled before the program is read.

Accepts the statements of one function; yields statements in which
* where an `if` holds an exit and something follows it, only one path falls through it, so that what follows can move there;
* loops have no `else`;
* `with` and `try` hold no exit; with `inline` no loop holds a `return`.
What has no such form as written gets a flag: `%left = 1` in place of the exit, `if %left: break` behind.
"""
from __future__ import annotations

import itertools
from typing import Any

import gast

from .exits_tools import assign, clone, constant, load
from .patterns import chain

Stmts = list[Any]
_EXITS = (gast.Break, gast.Continue, gast.Return)


def settle(stmts: Stmts, inline: bool) -> Stmts:
    """The statements with exits in settled form; `inline`: the function's text will stand in a caller's."""
    return _Settler(inline).block(stmts)


def has_exit(stmts: Stmts) -> bool:
    """Do the statements leave their block from the middle (not counting `raise` and what loops keep to themselves)?"""
    return any(_stmt_exits(s) for s in stmts)


def _stmt_exits(s: Any) -> bool:
    if isinstance(s, _EXITS):
        return True
    if isinstance(s, gast.If):
        return has_exit(s.body) or has_exit(s.orelse)
    return False


def falls(stmts: Stmts) -> int:
    """On how many paths the end of the statements is reached (2 stands for more)."""
    for s in stmts:
        if isinstance(s, (*_EXITS, gast.Raise)) or _endless(s):
            return 0
        if isinstance(s, gast.If):
            paths = falls(s.body) + falls(s.orelse)
            if paths == 0:
                return 0
            if s is stmts[-1] and has_exit([s]):
                return min(paths, 2)
    return 1


def _endless(s: Any) -> bool:
    """`while True` without a `break` is left by `return` or an exception only."""
    return (isinstance(s, gast.While) and isinstance(s.test, gast.Constant) and bool(s.test.value)
            and not _breaks(s.body))


def _breaks(stmts: Stmts) -> bool:
    """Is there a `break` that belongs to the loop whose body this is?"""
    for s in stmts:
        if isinstance(s, gast.Break):
            return True
        for body in _inner(s):
            if not isinstance(s, gast.For | gast.While) and _breaks(body):
                return True
        if isinstance(s, gast.For | gast.While) and _breaks(s.orelse):
            return True
    return False


def _returns(stmts: Stmts) -> bool:
    return any(isinstance(s, gast.Return) or any(map(_returns, _inner(s))) for s in stmts)


def _inner(s: Any) -> list[Stmts]:
    """The statement lists inside a statement, not those of nested functions and classes."""
    if isinstance(s, gast.FunctionDef | gast.AsyncFunctionDef | gast.ClassDef):
        return []
    lists = [getattr(s, name) for name in ("body", "orelse", "finalbody") if isinstance(getattr(s, name, None), list)]
    lists += [h.body for h in getattr(s, "handlers", [])] + [c.body for c in getattr(s, "cases", [])]
    return lists


class _Settler:
    def __init__(self, inline: bool) -> None:
        self.inline, self.ids = inline, itertools.count(1)

    def flag(self, stem: str) -> str:
        return f"%{stem}~{next(self.ids)}"

    def block(self, stmts: Stmts) -> Stmts:
        out: Stmts = []
        for k, s in enumerate(stmts):
            out += self.stmt(s, last=k == len(stmts) - 1)
        return out

    def stmt(self, s: Any, last: bool) -> Stmts:
        if isinstance(s, gast.If):
            s = clone(s, body=self.block(s.body), orelse=self.block(s.orelse))
            if not last and has_exit([s]) and falls([s]) >= 2:
                return self.flagged([s], s)
            return [s]
        if isinstance(s, gast.For | gast.While):
            return self.loop(s)
        if isinstance(s, gast.With):
            s = clone(s, body=self.block(s.body))
            return self.flagged([s], s) if has_exit(s.body) else [s]
        if isinstance(s, gast.Try):
            return [s] if hasattr(s, "primitive") else self.attempt(s)
        if isinstance(s, gast.Match):
            first, *rest = chain(s, self.flag("subject"))
            return [first, *(part for r in rest for part in self.stmt(r, last))]
        return [s]

    def attempt(self, s: Any) -> Stmts:
        handlers = [clone(h, body=self.block(h.body)) for h in s.handlers]
        s = clone(s, body=self.block(s.body), handlers=handlers, orelse=self.block(s.orelse),
                  finalbody=self.block(s.finalbody))
        exits = has_exit(s.body) or has_exit(s.orelse) or any(has_exit(h.body) for h in handlers)
        return self.flagged([s], s) if exits else [s]

    def loop(self, s: Any) -> Stmts:
        body, behind = self.block(s.body), self.block(s.orelse)
        before: Stmts = []
        if behind and _breaks(body):
            broke = self.flag("broke")
            before, body = [assign(broke, constant(False, s), s)], _mark_breaks(body, broke)
            test = gast.copy_location(gast.UnaryOp(gast.Not(), load(broke, s)), s)
            behind = [gast.copy_location(gast.If(test, behind, []), s)]
        if self.inline and _returns(body):
            result, returned = self.flag("result"), self.flag("returned")
            back = gast.copy_location(gast.Return(load(result, s)), s)
            if _endless(clone(s, body=body)):
                before, behind = [*before, assign(result, constant(None, s), s)], [back]
            else:
                before = [*before, assign(returned, constant(False, s), s), assign(result, constant(None, s), s)]
                behind = [gast.copy_location(gast.If(load(returned, s), [back], []), s), *behind]
            body = _leave_loops(body, result, returned)
        return [*before, clone(s, body=body, orelse=[]), *behind]

    def flagged(self, stmts: Stmts, at: Any) -> Stmts:
        """Replace the exits within by flags, and leave behind the statement."""
        left, result = self.flag("left"), self.flag("result")
        kinds: list[type] = []
        inside = flatten(stmts, left, result, kinds)
        if len(kinds) == 1 and _always(at):
            return [*_without(inside, left), _leave(kinds[0], result, at)]
        out: Stmts = [assign(left, constant(0, at), at)]
        if gast.Return in kinds:
            out.append(assign(result, constant(None, at), at))
        out += inside
        for code, kind in enumerate(kinds, 1):
            test = gast.copy_location(gast.Compare(load(left, at), [gast.Eq()], [constant(code, at)]), at)
            out.append(gast.copy_location(gast.If(test, [_leave(kind, result, at)], []), at))
        return out


def _leave(kind: type, result: str, at: Any) -> Any:
    return gast.copy_location(gast.Return(load(result, at)) if kind is gast.Return else kind(), at)


def _always(s: Any) -> bool:
    """Does every path through a `with` or `try` leave?"""
    if isinstance(s, gast.With):
        return falls(s.body) == 0
    if isinstance(s, gast.Try):
        return falls([*s.body, *s.orelse]) == 0 and all(falls(h.body) == 0 for h in s.handlers)
    return False


def _without(stmts: Stmts, flag: str) -> Stmts:
    """The statements without the assignments to a flag that nobody reads."""
    kept = [s for s in stmts if not (isinstance(s, gast.Assign) and getattr(s.targets[0], "id", "") == flag)]
    return [_inner_without(s, flag) for s in kept]


def _inner_without(s: Any, flag: str) -> Any:
    if isinstance(s, gast.If | gast.With | gast.Try):
        changes: dict[str, Any] = {name: _without(getattr(s, name), flag) for name in ("body", "orelse")
                                   if isinstance(getattr(s, name, None), list)}
        if isinstance(s, gast.Try):
            changes["handlers"] = [clone(h, body=_without(h.body, flag)) for h in s.handlers]
        return clone(s, **changes)
    return s


def flatten(stmts: Stmts, left: str, result: str, kinds: list[type]) -> Stmts:
    """Exits become `left = code`; what follows an `if` with exits moves to the path that falls through."""
    out: Stmts = []
    for k, s in enumerate(stmts):
        if isinstance(s, _EXITS):
            if type(s) not in kinds:
                kinds.append(type(s))
            if isinstance(s, gast.Return):
                out.append(assign(result, s.value or constant(None, s), s))
            return [*out, assign(left, constant(kinds.index(type(s)) + 1, s), s)]
        if isinstance(s, gast.If) and has_exit([s]):
            body, orelse = absorb(s, stmts[k + 1:])
            body, orelse = (flatten(part, left, result, kinds) for part in (body, orelse))
            return [*out, clone(s, body=body or [gast.copy_location(gast.Pass(), s)], orelse=orelse)]
        out.append(_flatten_compound(s, left, result, kinds))
    return out


def _flatten_compound(s: Any, left: str, result: str, kinds: list[type]) -> Any:
    def go(body: Stmts) -> Stmts:
        return flatten(body, left, result, kinds)

    if isinstance(s, gast.With):
        return clone(s, body=go(s.body))
    if isinstance(s, gast.Try):
        return clone(s, body=go(s.body), orelse=go(s.orelse), handlers=[clone(h, body=go(h.body)) for h in s.handlers])
    return s


def absorb(s: Any, rest: Stmts) -> tuple[Stmts, Stmts]:
    """The two branches of an `if`, with what follows moved to the one that falls through."""
    if not rest or falls([s]) == 0:
        return s.body, s.orelse
    return ([*s.body, *rest], s.orelse) if falls(s.body) else (s.body, [*s.orelse, *rest])


def _mark_breaks(stmts: Stmts, broke: str) -> Stmts:
    """Set a flag before each `break` of this loop."""
    out: Stmts = []
    for s in stmts:
        if isinstance(s, gast.Break):
            out.append(assign(broke, constant(True, s), s))
        elif isinstance(s, gast.If):
            s = clone(s, body=_mark_breaks(s.body, broke), orelse=_mark_breaks(s.orelse, broke))
        out.append(s)
    return out


def _leave_loops(stmts: Stmts, result: str, returned: str) -> Stmts:
    """`return` within a loop: keep the result, set the flag, break; outer loops break behind the inner one."""
    out: Stmts = []
    for s in stmts:
        if isinstance(s, gast.Return):
            out += [assign(result, s.value or constant(None, s), s), assign(returned, constant(True, s), s),
                    gast.copy_location(gast.Break(), s)]
        elif isinstance(s, gast.If):
            out.append(clone(s, body=_leave_loops(s.body, result, returned),
                             orelse=_leave_loops(s.orelse, result, returned)))
        else:
            out.append(s)
    return out
