"""The reader: one walk over the tree of a function that follows what is known and writes down the rest as a Program.

Accepts a function's gast tree with values for its parameters; yields the statements of `program.py`, flat (operands are
names, literals, known objects, displays and indices). The handlers of node types stand in the files beside this one
and register themselves in `EXPRESSIONS` and `STATEMENTS`.
"""
from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, NoReturn

from ..errors import NOWHERE, Origin, UnsupportedSyntaxError
from ..outlines import Outline
from ..program import Apply, Assign, Effect, Exit, Expr, Name, Names, Stmt
from ..types import Type, can_be_active
from .alias import Aliases
from .facts import Facts
from .state import Frame, State
from .values import UNBOUND, Dyn, Value

FALL, RETURNED, EXITED, RAISED, DONE = "fall", "returned", "exited", "raised", "done"
"""How the reading of statements ends: behind the last one; with a value for the caller; at leaves; by an exception.
A handler answers `DONE` where it has read the statements that follow as well, and falls through behind them."""

EXPRESSIONS: dict[str, Callable[[Reader, Any], Value]] = {}
STATEMENTS: dict[str, Callable[[Reader, Any, list[Any]], str]] = {}
"""A handler is given the node and the statements that follow it in its block."""


def expression(*kinds: str) -> Callable[[Callable[..., Value]], Callable[..., Value]]:
    """Register the handler of an expression node."""
    return lambda handler: [EXPRESSIONS.__setitem__(kind, handler) for kind in kinds] and handler  # type: ignore[func-returns-value]


def statement(*kinds: str) -> Callable[[Callable[..., str]], Callable[..., str]]:
    """Register the handler of a statement node."""
    return lambda handler: [STATEMENTS.__setitem__(kind, handler) for kind in kinds] and handler  # type: ignore[func-returns-value]


@dataclass(eq=False)
class Draft:
    """A block while it is written; `exit` is set when the values of its leaf are known."""

    stmts: list[Any] = field(default_factory=list)
    exit: Exit | None = None


@dataclass(eq=False)
class Leaf:
    """A place where a loop's body or the function is left: the draft that ends there and the state at that point."""

    kind: str
    draft: Draft
    state: State
    value: Value | None = None
    origin: Origin = NOWHERE


@dataclass(eq=False)
class Loop:
    """The loop being read: its leaves so far, and the frame that it belongs to."""

    frame: Frame
    leaves: list[Leaf] = field(default_factory=list)


class Raises(Exception):
    """What is being read ends in an exception on every path: nothing behind it runs."""


class Restart(Exception):
    """A followed object has to become a real one: the function is read again with its site marked."""


class Reader:
    """The state of one reading. `site`s in `real` are displays and calls whose objects are not followed."""

    def __init__(self, names: Names | None = None, real: set[Any] | None = None) -> None:
        self.names = names or Names()
        self.real: set[Any] = set() if real is None else real
        self.types: dict[str, Type] = {}
        self.state = State()
        self.draft = Draft()
        self.prologue: list[Stmt] = []
        self.facts = Facts()
        self.aliases = Aliases()
        self.frames = 0
        self.all_frames: dict[int, Frame] = {}
        self.objects = 0
        self.sites: dict[int, Any] = {}
        self.outer: dict[Any, Callable[[], Value]] = {}
        self.frame: Frame = None  # type: ignore[assignment]
        self.loops: list[Loop] = []
        self.returns: list[Leaf] = []
        self.calls: list[Any] = []
        self.bound: list[dict[str, Value]] = []
        self.params: set[str] = set()
        self.hint = ""
        self.statement: Any = None
        self.origins: dict[int, tuple[Any, Origin]] = {}
        self.leaf_cache: dict[Any, Value] = {}
        self.return_stems: dict[int, str] = {}
        self.outlines: dict[Any, Outline] = {}
        self.examples: dict[str, Any] = {}
        self.resume: Callable[[Value], None] | None = None
        self.resumes: dict[int, Callable[[Value], None]] = {}

    # ── reading ──
    def expr(self, node: Any, hint: str = "") -> Value:
        """The value of an expression; `hint` is the variable that it is going to be assigned to."""
        handler = EXPRESSIONS.get(type(node).__name__)
        if handler is None:
            self.unsupported(node, f"`{_keyword(node)}` is not differentiated")
        kept, self.hint = self.hint, hint
        try:
            return handler(self, node)
        finally:
            self.hint = kept

    def block(self, stmts: list[Any]) -> str:
        """Read statements one after the other; says how they end."""
        for k, node in enumerate(stmts):
            self.statement = node
            handler = STATEMENTS.get(type(node).__name__)
            if handler is None:
                self.unsupported(node, f"`{_keyword(node)}` is not differentiated")
            try:
                status = handler(self, node, stmts[k + 1:])
            except Raises:
                return RAISED
            if status != FALL:
                return FALL if status == DONE else status
        return FALL

    @contextmanager
    def into(self, draft: Draft) -> Iterator[Draft]:
        """Write into another draft."""
        kept, self.draft = self.draft, draft
        try:
            yield draft
        finally:
            self.draft = kept

    def initial(self, key: Any) -> Value | None:
        """What a key holds before the program sets it; None for the contents of an object made on one path only."""
        if key in self.outer:
            return self.outer[key]()
        return None if key[0] == "h" else UNBOUND

    # ── writing ──
    def emit(self, stmt: Any) -> None:
        self.draft.stmts.append(stmt)

    def fresh(self, stem: str, type: Type) -> str:
        """A new name of a known type."""
        name = self.names.fresh(stem)
        self.types[name] = type
        return name

    def assign(self, expr: Expr, type: Type, varied: bool, node: Any = None, stem: str = "") -> Dyn:
        """Name the value of an expression."""
        name = self.fresh(self.hint or stem or "%t", type)
        self.emit(Assign(name, expr, self.origin(node)))
        return Dyn(Name(name), type, varied and can_be_active(type))

    def effect(self, expr: Expr, node: Any = None) -> None:
        self.emit(Effect(expr, self.origin(node)))

    def frame_id(self) -> int:
        self.frames += 1
        return self.frames

    def object_id(self) -> int:
        self.objects += 1
        return self.objects

    # ── places and refusals ──
    def origin(self, node: Any = None) -> Origin:
        """The place of a node (by default of the statement being read)."""
        node = node if node is not None and getattr(node, "lineno", 0) else self.statement
        if node is None or self.frame is None or self.frame.source is None:
            return NOWHERE
        found = self.origins.get(id(node))
        if found is None:
            found = self.origins[id(node)] = node, self.frame.source.origin(node, self.statement)
        return found[1]

    def unsupported(self, node: Any, problem: str, remedy: str = "") -> NoReturn:
        """Refuse a construct, with its place."""
        raise UnsupportedSyntaxError(problem, remedy or "rewrite it, move it out of the differentiated function, "
                                     "or give the function that holds it a rule", self.origin(node))


def _keyword(node: Any) -> str:
    names = {"Yield": "yield", "YieldFrom": "yield from", "Await": "await", "AsyncFor": "async for",
             "AsyncWith": "async with", "AsyncFunctionDef": "async def", "ClassDef": "class", "Global": "global",
             "Nonlocal": "nonlocal", "TryStar": "except*", "TemplateStr": "t-string"}
    return names.get(type(node).__name__, type(node).__name__)


def operand_names(expr: Expr) -> list[str]:
    """The names in an operand, displays included."""
    if isinstance(expr, Name):
        return [expr.id]
    if isinstance(expr, Apply):
        return [n for a in expr.args for n in operand_names(a)]
    return []
