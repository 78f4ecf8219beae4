"""The intermediate form: a small structured language in single assignment, with mutable objects behind the names.

    Expr    = Name | Lit | Ref | Apply
    Stmt    = Assign | Store | Update | Effect | If | For | While | Try | With
    Block   = (stmts, exit)        Exit = (kind: next | continue | break | return | raise, values)

*Names are single-assignment, objects are mutable*: `Store` and `Update` change the object that a name stands for.
*Exits are leaves*: a block either ends in an `Exit` or, where `exit` is None, in an `If`, `With` or `Try` all of whose leaves exit.
A leaf `next` of a branch carries the values of the statement's `results`; `next`, `continue` and `break` of a loop's body
carry the next values of its carries. A name bound in a branch stays readable behind it (as in Python); who reads it
has to stand under the same test.
"""
from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from .errors import NOWHERE, Origin

# ── expressions ───────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Name:
    """A variable of the program. `x.3` is version 3 of the user's `x`."""

    id: str


@dataclass(frozen=True, slots=True, eq=False)
class Lit:
    """A literal; equal only in type and representation (`1`, `1.0` and `True` differ, as do `0.0` and `-0.0`)."""

    value: Any

    def key(self) -> tuple[type, str]:
        return type(self.value), repr(self.value)

    def __eq__(self, other: object) -> bool:
        return type(other) is Lit and self.key() == other.key()

    def __hash__(self) -> int:
        return hash(self.key())


@dataclass(frozen=True, slots=True, eq=False)
class Ref:
    """An object of the host program: a function, module, class or a global or closure variable, spelled `text`.

    `home` is where a variable is read at run time: the globals (a dict) or the cell; None for an object that is fixed.
    """

    value: Any
    text: str = ""
    home: Any = None

    def __eq__(self, other: object) -> bool:
        return type(other) is Ref and self.value is other.value and self.home is other.home and self.text == other.text

    def __hash__(self) -> int:
        return hash((id(self.value), self.text))


@dataclass(frozen=True, slots=True)
class Apply:
    """A function applied. `form` is how the user spelled it: `np.sin`, `.sum` (method), `.T` (attribute) or nothing."""

    fn: Any
    args: tuple[Expr, ...] = ()
    kwargs: tuple[tuple[str, Expr], ...] = ()
    form: str | Ref = field(default="", compare=False)


Expr = Name | Lit | Ref | Apply
UNDEF = Lit(type("Undefined", (), {"__repr__": lambda self: "<undefined>"})())
"""The value of a name on a path that does not bind it."""

# ── statements ────────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Attr:
    """In place of an index: the store goes to an attribute."""

    name: str


@dataclass(frozen=True, slots=True)
class Assign:
    target: str
    value: Expr
    origin: Origin = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class Store:
    """`obj[index] = value`, `obj.name = value`."""

    obj: Expr
    index: Expr | Attr
    value: Expr
    origin: Origin = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class Update:
    """`obj[index] op= value`; without an index the whole object, in place."""

    obj: Expr
    index: Expr | Attr | None
    op: Any
    value: Expr
    origin: Origin = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class Effect:
    """An expression evaluated for what it does."""

    value: Expr
    origin: Origin = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class Exit:
    kind: str
    values: tuple[Expr, ...] = ()
    origin: Origin = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class Block:
    stmts: tuple[Stmt, ...]
    exit: Exit | None = None


@dataclass(frozen=True, slots=True)
class If:
    """`form` says how the user wrote it: a statement, a conditional expression (`?`), `and`, `or`."""

    test: Expr
    then: Block
    orelse: Block
    results: tuple[str, ...] = ()
    form: str = field(default="", compare=False)
    origin: Origin = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class Carry:
    """A variable of a loop: `param` inside, `init` before, `result` behind; the next values stand at the leaves."""

    param: str
    init: Expr
    result: str


@dataclass(frozen=True, slots=True)
class Item:
    """One target of a `for`, all in lockstep: `range(*args)`, `count(start)` or each element of a sequence."""

    target: str
    kind: str  # range | count | each
    args: tuple[Expr, ...]
    backward: bool = False


@dataclass(frozen=True, slots=True)
class For:
    items: tuple[Item, ...]
    carries: tuple[Carry, ...]
    body: Block
    origin: Origin = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class While:
    """`test` is an expression (not flat) over the carries' params; nothing in it is differentiated."""

    test: Expr
    carries: tuple[Carry, ...]
    body: Block
    origin: Origin = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class Handler:
    kind: Expr | None
    name: str
    body: Block


@dataclass(frozen=True, slots=True)
class Try:
    """`results` are set by the leaves of `body` (behind its last statement) and of the handlers."""

    body: Block
    handlers: tuple[Handler, ...]
    final: Block
    results: tuple[str, ...] = ()
    origin: Origin = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class With:
    """`with context as target`; `results` are set by the leaf of `body`."""

    context: Expr
    target: str
    body: Block
    results: tuple[str, ...] = ()
    origin: Origin = field(default=NOWHERE, compare=False)


Stmt = Assign | Store | Update | Effect | If | For | While | Try | With


@dataclass(frozen=True, slots=True)
class Param:
    """A parameter of the program: its name, its kind as `inspect` counts them, and the user's default if any."""

    name: str
    kind: int = 1
    default: Ref | None = None


@dataclass(frozen=True)
class Program:
    """A function: `types` says what is known of each name; names in `keep` are printed as variables of their own."""

    name: str
    params: tuple[Param, ...]
    body: Block
    types: Mapping[str, Any] = field(default_factory=dict, compare=False)
    origin: Origin = field(default=NOWHERE, compare=False)
    keep: frozenset[str] = field(default=frozenset(), compare=False)


# ── names ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def base(name: str) -> str:
    """The user's name behind a version: `x.3` → `x`. The dot cannot be typed by a user."""
    return name.partition(".")[0]


class Names:
    """A source of names that are used once: `fresh("x")` → `x.1`, `x.2`, …"""

    __slots__ = ("count",)

    def __init__(self, count: int = 0) -> None:
        self.count = count

    def fresh(self, stem: str) -> str:
        self.count += 1
        return f"{base(stem)}.{self.count}"


# ── walking ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def reads(expr: Expr | Attr | None) -> Iterator[str]:
    """The names that an expression reads, from left to right, repeated as often as they stand there."""
    if type(expr) is Name:
        yield expr.id
    elif type(expr) is Apply:
        for arg in expr.args:
            yield from reads(arg)
        for _, arg in expr.kwargs:
            yield from reads(arg)


def own_exprs(stmt: Stmt) -> tuple[Expr | Attr | None, ...]:
    """The expressions of a statement itself, without its blocks."""
    match stmt:
        case Assign(value=value) | Effect(value=value):
            return (value,)
        case Store(obj=obj, index=index, value=value):
            return (obj, index, value)
        case Update(obj=obj, index=index, value=value):
            return (obj, index, value)
        case If(test=test) | With(context=test):
            return (test,)
        case For(items=items, carries=carries):
            return (*(a for item in items for a in item.args), *(c.init for c in carries))
        case While(carries=carries):
            return tuple(c.init for c in carries)  # the test is evaluated inside
        case Try():
            return ()


def blocks(stmt: Stmt) -> tuple[Block, ...]:
    """The blocks of a statement in the order of their text."""
    match stmt:
        case If(then=then, orelse=orelse):
            return then, orelse
        case For(body=body) | While(body=body) | With(body=body):
            return (body,)
        case Try(body=body, handlers=handlers, final=final):
            return (body, *(h.body for h in handlers), final)
    return ()


def defines(stmt: Stmt) -> tuple[str, ...]:
    """The names that a statement binds for what follows it."""
    match stmt:
        case Assign(target=target):
            return (target,)
        case If(results=results) | Try(results=results) | With(results=results):
            return results
        case For(carries=carries) | While(carries=carries):
            return tuple(c.result for c in carries)
    return ()


def binds_inside(stmt: Stmt) -> tuple[str, ...]:
    """The names that a statement binds for its own blocks."""
    match stmt:
        case For(items=items, carries=carries):
            return (*(item.target for item in items), *(c.param for c in carries))
        case While(carries=carries):
            return tuple(c.param for c in carries)
        case With(target=target):
            return (target,) if target else ()
        case Try(handlers=handlers):
            return tuple(h.name for h in handlers if h.name)
    return ()


def walk(block: Block) -> Iterator[Stmt]:
    """Every statement of a block and of the blocks within, in the order of the text."""
    for stmt in block.stmts:
        yield stmt
        for inner in blocks(stmt):
            yield from walk(inner)


def walk_blocks(block: Block) -> Iterator[Block]:
    """The block itself and every block within it."""
    yield block
    for stmt in block.stmts:
        for inner in blocks(stmt):
            yield from walk_blocks(inner)
