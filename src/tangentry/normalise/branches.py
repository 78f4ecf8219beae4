"""Branches: `if`, conditional expressions, `and`, `or`; and the values behind them.

Accepts a test and two ways to go on; yields an `If` whose leaves carry the values of the variables that differ. A branch
that leaves (`break`, `return` …) takes what follows into the other one, so that exits are leaves.
"""
from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ..program import Exit, Expr, If, Lit, Name
from ..types import LitT, MaybeT, Num, SeqT
from .core import DONE, EXITED, FALL, RAISED, RETURNED, Draft, Leaf, Raises, Reader, statement
from .exits import absorb, falls, has_exit
from .state import Key, Mismatch, State, joined_type, joined_varied, leaf_operand, merge, references
from .values import UNBOUND, Choice, Const, Dyn, Obj, Rec, Tup, Value, names_of


@dataclass(eq=False)
class Path:
    """One branch after it was read."""

    draft: Draft
    state: State
    status: str
    value: Value = UNBOUND


def truth(reader: Reader, v: Value) -> bool | None:
    """The truth of a value where it is known before the program runs."""
    match v:
        case Const(value=value):
            return bool(value)
        case Tup(items=items):
            return bool(items)
        case Obj(cls=cls) if cls in (list, dict):
            content = reader.state.vars[("h", v.id)]
            return bool(content.items if isinstance(content, Tup) else content.keys if isinstance(content, Rec) else 1)
        case Dyn(type=SeqT(items=parts)):
            return bool(parts)
        case Dyn(type=LitT(value=value)):
            return bool(value)
    return None


def read_path(reader: Reader, entry: State, go: Callable[[], tuple[str, Value]]) -> Path:
    """Read one branch from a state of its own."""
    draft = Draft()
    reader.state = entry.copy()
    with reader.into(draft):
        try:
            status, value = go()
        except Raises:
            status, value = RAISED, UNBOUND
    return Path(draft, reader.state, status, value)


def branch(reader: Reader, test: Value, then: Callable[[], tuple[str, Value]], orelse: Callable[[], tuple[str, Value]],
           form: str = "", node: Any = None) -> tuple[str, Value]:
    """Read both branches under a run-time test; the status and the value behind them."""
    entry = reader.state
    chosen = condition(reader, test, node)
    origin = reader.origin(node)
    first, second = read_path(reader, entry, then), read_path(reader, entry, orelse)
    results, value = join_paths(reader, chosen, entry, first, second)
    reader.emit(If(chosen.expr, first.draft, second.draft, tuple(results), form, origin))  # type: ignore[arg-type]
    return _status(first.status, second.status), value


def _status(a: str, b: str) -> str:
    if a == RAISED or a == b:
        return b
    return a if b == RAISED else FALL if FALL in (a, b) else a


def join_paths(reader: Reader, test: Dyn, entry: State, first: Path, second: Path) -> tuple[list[str], Value]:
    """Set the reader's state behind two branches; the names of what they yield, and the value."""
    alive = [p for p in (first, second) if p.status in (FALL, RETURNED)]
    if len(alive) < 2:
        return _join_single(reader, entry, first, second, alive)
    joiner = _Joiner(reader, test, (first, second))
    reader.state = State()
    keys = dict.fromkeys([*first.state.vars, *second.state.vars])
    for key in keys:
        a, b = (path.state.vars.get(key) or reader.initial(key) for path in (first, second))
        if a is None or b is None or a is b:
            reader.state.vars[key] = a or b or UNBOUND
        else:
            reader.state.vars[key] = joiner.join(a, b, key)
    value = joiner.join(first.value, second.value, ("v", 0, reader.hint or "%t"))
    first.draft.exit, second.draft.exit = Exit("next", tuple(joiner.left)), Exit("next", tuple(joiner.right))
    return joiner.results, value


def _join_single(reader: Reader, entry: State, first: Path, second: Path, alive: list[Path]) -> tuple[list[str], Value]:
    """At most one branch goes on: its variables go on under names of their own."""
    if not alive:
        reader.state = entry.copy()
        return [], UNBOUND
    (path,) = alive
    joiner = _Joiner(reader, None)
    reader.state = State()
    for key, value in path.state.vars.items():
        old = entry.vars.get(key)
        reader.state.vars[key] = value if old is value else joiner.join(value, value, key)
    value = joiner.join(path.value, path.value, ("v", 0, reader.hint or "%t"))
    path.draft.exit = Exit("next", tuple(joiner.left))
    return joiner.results, value


class _Joiner:
    """Makes the names behind a branch; `left` and `right` are what the leaves yield for them."""

    def __init__(self, reader: Reader, test: Dyn | None, paths: tuple[Path, Path] | None = None) -> None:
        self.reader, self.test, self.paths = reader, test, paths
        self.results: list[str] = []
        self.left: list[Expr] = []
        self.right: list[Expr] = []
        self.known: dict[tuple[Expr, Expr], Dyn] = {}

    def join(self, a: Value, b: Value, key: Key) -> Value:
        if self.test is None:
            return self.rename(a, key)
        try:
            return merge(a, b, lambda x, y: self.leaf(x, y, key), lambda x, y: self.object(x, y, key))
        except Mismatch:
            return Choice(self.test, a, b)

    def object(self, a: Value, b: Value, key: Key) -> Value:
        """One object of two that nobody else refers to."""
        if not isinstance(a, Obj) or not isinstance(b, Obj) or a.cls is not b.cls or self.paths is None:
            raise Mismatch(a, b)
        first, second = self.paths
        if references(first.state, a.id) > 1 or references(second.state, b.id) > 1:
            raise Mismatch(a, b)
        made = Obj(self.reader.object_id(), a.cls, a.site)
        self.reader.sites[made.id] = a.site
        held = self.join(first.state.vars["h", a.id], second.state.vars["h", b.id], (*key, "%t"))
        if isinstance(held, Choice):
            raise Mismatch(a, b)
        self.reader.state.vars["h", made.id] = held
        return made

    def rename(self, v: Value, key: Key) -> Value:
        """The one live branch: its run-time names get a name behind the branch."""
        if isinstance(v, Dyn):
            return self.leaf(v, v, key)
        if isinstance(v, Tup):
            return Tup(tuple(self.rename(i, key) for i in v.items), v.cls)
        if isinstance(v, Rec):
            return Rec(v.keys, tuple(self.rename(i, key) for i in v.values))
        return v

    def leaf(self, a: Value, b: Value, key: Key) -> Value:
        left, right = leaf_operand(a), leaf_operand(b)
        if isinstance(a, Const) and isinstance(b, Const) and a.value is b.value:
            return a
        if (left, right) in self.known:
            return self.known[left, right]
        t = joined_type(a, b)
        name = self.reader.fresh(stem_of(self.reader, key), t)
        for side in (a, b):
            for source in names_of(side):
                self.reader.aliases.union(name, source)
        self.results.append(name)
        self.left.append(left)
        self.right.append(right)
        made = self.known[left, right] = Dyn(Name(name), t, joined_varied(a, b, t))
        return made


def stem_of(reader: Reader, key: Key) -> str:
    """The name that a variable or a part of an object should have in the program."""
    if key[-1] == "%return":
        return reader.return_stems.get(key[1], "%value")
    return str(key[2]) if key[0] in ("v", "global") else str(key[-1]) if isinstance(key[-1], str) else "%t"


@statement("If")
def read_if(reader: Reader, node: Any, rest: list[Any]) -> str:
    """An `if` statement."""
    test = reader.expr(node.test)
    known = truth(reader, test)
    if known is not None:
        taken = node.body if known else node.orelse
        if not has_exit(taken):
            return reader.block(taken)
        status = reader.block([*taken, *rest])
        return DONE if status == FALL else status
    if has_exit(node.body) or has_exit(node.orelse):
        return _read_exits(reader, node, test, rest)
    if falls(node.body) == 0:  # a guard that raises: what it lets through goes on behind it
        branch(reader, test, lambda: (reader.block(node.body), UNBOUND), lambda: (FALL, UNBOUND), node=node)
        return reader.block(node.orelse)
    status, _ = branch(reader, test, lambda: (reader.block(node.body), UNBOUND),
                       lambda: (reader.block(node.orelse), UNBOUND), node=node)
    return status


def _read_exits(reader: Reader, node: Any, test: Value, rest: list[Any]) -> str:
    """An `if` that leaves: what follows moves into the branch that falls through."""
    body, orelse = absorb(node, rest)

    def path(stmts: list[Any]) -> tuple[str, Value]:
        status = reader.block(stmts)
        return (end_of_body(reader) if status == FALL else status), UNBOUND

    status, _ = branch(reader, test, lambda: path(body), lambda: path(orelse), node=node)
    return status


def end_of_body(reader: Reader) -> str:
    """The end of a loop's body or of a function is reached."""
    loop = reader.loops[-1] if reader.loops else None
    if loop is not None and loop.frame is reader.frame:
        return leave(reader, "next")
    reader.state.vars[("v", reader.frame.id, "%return")] = Const(None, Lit(None))
    return RETURNED


def leave(reader: Reader, kind: str, value: Value | None = None) -> str:
    """Leave the loop's body (or, for `return` within a loop, the function) at this point."""
    leaf = Leaf(kind, reader.draft, reader.state.copy(), value, reader.origin())
    if kind == "return":
        reader.returns.append(leaf)
    else:
        reader.loops[-1].leaves.append(leaf)
    return EXITED


def condition(reader: Reader, test: Value, node: Any) -> Dyn:
    """A test as a run-time name."""
    if isinstance(test, Choice):
        _, test = branch(reader, test.test, lambda: (FALL, condition(reader, test.then, node)),
                         lambda: (FALL, condition(reader, test.orelse, node)), "?", node)
    if isinstance(test, Dyn):
        inner = test.type.inner if isinstance(test.type, MaybeT) else test.type
        return Dyn(test.expr, Num("py", "?"), test.varied) if isinstance(inner, Num) and inner.dtype == "?" else test
    known = truth(reader, test)
    return Dyn(Lit(known is None or known), Num("py", "?"), False)
