"""What all parts of the reverse sweep share: names, types, scopes, emission."""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from ..algebra import Symbol, lift
from ..analysis.activity import Activity, activity
from ..analysis.regions import Regions
from ..analysis.storage import Storage
from ..derive import operand, zero_like
from ..errors import NOWHERE, Origin, UnsupportedSyntaxError
from ..program import Assign, Effect, Expr, Name, Names, Program, Stmt, base, reads, walk
from ..trees import Path
from ..types import DictT, ListT, MaybeT, Num, Top, Type


@dataclass(eq=False)
class Scope:
    """One block of the reverse sweep.

    `terms` and `parts` hold what was contributed to a value as a whole and by index; at the end of the block what is left
    there belongs to values from outside. `wanted`: buffers that have to exist before the statement that this block is in.
    """

    parent: Scope | None = None
    in_loop: bool = False
    out: list[Stmt] = field(default_factory=list)
    terms: dict[str, list[Symbol]] = field(default_factory=dict)
    parts: dict[str, list[tuple[Any, Symbol]]] = field(default_factory=dict)
    local: set[str] = field(default_factory=set)
    wanted: dict[str, str] = field(default_factory=dict)
    shadows: dict[str, Symbol] = field(default_factory=dict)


@dataclass(frozen=True)
class Mark:
    """Where in the reverse sweep a change of an object is undone, if anyone reads the object after that."""

    stmt: Stmt
    region: str


class Base:
    """`restore`: the statements (by identity) whose overwritten contents are put back, `restored`: the classes in which all
    are; decided by a first run. `trees`: inputs that are containers, with a live example each.
    """

    def __init__(self, program: Program, wrt: Mapping[str, str], names: Names,
                 restore: frozenset[int] = frozenset(), restored: frozenset[str] = frozenset(),
                 trees: Mapping[str, Any] | None = None, buffers: Mapping[str, str] | None = None) -> None:
        self.program, self.names = program, names
        self.regions = Regions(program)
        self.storage = Storage(program, self.regions, buffers or ())
        self.active: Activity = activity(program, self.regions, wrt)
        self.types: dict[str, Type] = dict(program.types)
        self.origin: Origin = NOWHERE
        self.scope = Scope()
        self.buffers: dict[str, str] = dict(buffers or {})
        self.types |= {b: self.type(n) for n, b in self.buffers.items()}
        self.keep: set[str] = set(program.keep)
        self.transferable: set[str] = set()
        self.restore, self.restored = restore, restored
        self.marks: dict[int, Mark] = {}
        self.rows: dict[str, Symbol] = {}
        self.depth = 0
        self.by_object = ""
        self.trees = trees or {}
        self.tree_terms: dict[str, dict[Path, list[Symbol]]] = {}
        self.tapes: dict[str, str] = {}
        self.stems = inner_stems(program)
        self.definitions = {s.target: s for s in walk(program.body) if isinstance(s, Assign)}

    # ── names and types ──
    def is_active(self, name: str) -> bool:
        return name in self.active.active

    def type(self, name: str) -> Type:
        return self.types.get(name, Top())

    def symbol(self, expr: Expr) -> Symbol:
        """An operand as a symbol."""
        made = operand(expr, self.types)
        return made if isinstance(made, Symbol) else lift(made)

    def fresh(self, stem: str, t: Type) -> str:
        name = self.names.fresh(stem)
        self.types[name] = t
        return name

    def bar_stem(self, name: str) -> str:
        """`x` → `x_bar`; an inner value's adjoint is named after what its statement sets: `h_in_bar`."""
        stem = base(name)
        return f"{self.stems.get(name, stem) if stem == '%t' else stem}^bar"

    def is_number(self, name: str) -> bool:
        """A number for certain: its cotangent needs no shape."""
        t = self.type(name)
        t = t.inner if isinstance(t, MaybeT) else t
        return isinstance(t, Num) and t.rank == 0 and t.kind != "array"

    def zero(self, name: str) -> Symbol:
        """The zero cotangent of a value, at its full shape."""
        return zero_like(Symbol(Name(name), self.type(name)))

    def tape(self, name: str) -> str:
        """The list on which a value is kept."""
        if name not in self.tapes:
            stem = base(name) if base(name) != "%t" else self.stems.get(name, "%t")
            self.tapes[name] = self.fresh(f"{stem}^saved", ListT(self.type(name)))
        return self.tapes[name]

    def restores(self, name: str) -> bool:
        """Are all changes of the object undone on the way back, so that it can be read again?"""
        return self.regions.find(name) in self.restored

    def is_wild(self, name: str) -> bool:
        """Is it an object that is written in place, and of which it is not known before the program runs which it is?"""
        if self.regions.find(name) not in self.storage.wild_classes or not self.is_active(name):
            return False
        t = self.type(name)
        if isinstance(t, Num) and t.rank == 0 and t.kind != "array":
            return False
        if not isinstance(t, ListT | DictT) and not (isinstance(t, Num) and t.kind == "array"):
            raise self.refuse("an object that is written in place has several names here, and its kind is not known",
                              "give the parts names of their own, or copy the array before it is written")
        return True

    def shadows(self) -> Name:
        """The cotangents of such objects, found by the objects themselves."""
        if not self.by_object:
            self.by_object = self.fresh("%bars", Top())
        return Name(self.by_object)

    # ── emission ──
    def emit(self, stmt: Stmt) -> None:
        self.scope.out.append(stmt)

    def back(self) -> Origin:
        """The origin of a line of the reverse sweep."""
        return replace(self.origin, role="reverse")

    def assign(self, stem: str, value: Symbol) -> Symbol:
        """Name a value of the reverse sweep."""
        name = self.fresh(stem, value.type)
        self.emit(Assign(name, value.expr, self.back()))
        return Symbol(Name(name), value.type, value.mask)

    def effect(self, expr: Expr) -> None:
        self.emit(Effect(expr, self.back()))

    def refuse(self, problem: str, remedy: str = "") -> UnsupportedSyntaxError:
        """A construct that the sweep cannot go back over."""
        return UnsupportedSyntaxError(problem, remedy, self.origin)

    def is_stable(self, expr: Expr) -> bool:
        """Does the expression read no contents that change?"""
        buffers = set(self.buffers.values())
        return not any(self.storage.changes(n) or n in buffers for n in reads(expr))


def inner_stems(program: Program) -> dict[str, str]:
    """Inner value → the stem of what its statement sets in the end."""
    waiting: dict[tuple[str, int, str], list[str]] = {}
    stems: dict[str, str] = {}
    for stmt in walk(program.body):
        if isinstance(stmt, Assign):
            key = stmt.origin.file, stmt.origin.statement, stmt.origin.function
            if base(stmt.target).isidentifier():
                for name in waiting.pop(key, ()):
                    stems[name] = f"%{base(stmt.target)}_in"
            else:
                waiting.setdefault(key, []).append(stmt.target)
    return stems
