"""An adjoint program as two: the forward sweep, which hands over what it keeps, and the reverse sweep, which takes it.

Accepts the statements of both sweeps; yields them apart, with the names of the values that pass from one to the other. What is
cheap to compute again from what is there is computed again. What a branch keeps is packed by that branch and unpacked under the
same test; where the sweeps do not match, it becomes a result of the branch.
"""
from __future__ import annotations

import operator
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ..errors import NOWHERE
from ..prims import make_tuple
from ..program import UNDEF, Apply, Assign, Block, Exit, Expr, If, Lit, Name, Ref, Stmt, Try, With, base, blocks, defines, reads
from ..protect import renamed_stmt
from ..runtime import copied
from ..types import ListT, Num, SeqT, Top, Type
from .record import Record, all_reads, written_in


@dataclass
class Halves:
    """Both sweeps; `saved`: the names of what passes, in the order of the forward sweep; `taken`: their names in the reverse one."""

    forward: list[Stmt]
    saved: list[str]
    taken: list[str]
    back: list[Stmt]


class Splitter:
    """Cuts an adjoint program; `sweep` knows types and storage."""

    def __init__(self, sweep: Any, back: Iterable[Stmt], alone: bool = False) -> None:
        self.sweep, self.alone = sweep, alone
        self.written = {sweep.regions.find(n) for s in back for n in written_in(s)}

    def halves(self, forward: Sequence[Stmt], back: Sequence[Stmt], values: Sequence[Expr]) -> Halves:
        """Cut one block; `values` are what the reverse block yields."""
        forward, back = list(forward), list(back)
        for k, stmt in enumerate(forward):
            if isinstance(stmt, If | With | Try):
                forward[k] = self.region(stmt, back, values)
        used = {*all_reads(back), *(n for v in values for n in reads(v))}
        defs: dict[str, Stmt | None] = {n: s for s in forward for n in defines(s)}
        record = Record(self.sweep)
        record.forward = Block(tuple(forward))
        plan = record.planned(defs, used, {})
        if self.alone:  # what an outer variable holds may be another thing by then
            plan.provided |= {n: None for n, e in plan.provided.items() if isinstance(e, Ref)}
        saved = [n for n in plan.order if n in plan.provided and plan.provided[n] is None]
        fresh = {n: self.sweep.fresh(base(n), self.sweep.type(n)) for n in saved if self.changes(n)}
        head = [self.copied(n, source) for n, source in fresh.items()]
        again = [defs[n] for n in plan.order if plan.provided.get(n) is not None]
        return Halves(forward, saved, [fresh.get(n, n) for n in saved], [*head, *(s for s in again if s is not None), *back])

    def with_parameters(self, cut: Halves, params: Sequence[str], values: Sequence[Expr]) -> Halves:
        """The arguments that the reverse sweep reads are handed over as well."""
        used = {*all_reads(cut.back), *(n for v in values for n in reads(v))}
        wanted = [p for p in params if p in used]
        fresh = {n: self.sweep.fresh(base(n), self.sweep.type(n)) for n in wanted if self.changes(n)}
        head = [self.copied(n, source) for n, source in fresh.items()]
        return Halves(cut.forward, [*wanted, *cut.saved], [*(fresh.get(n, n) for n in wanted), *cut.taken], [*head, *cut.back])

    def safe_pack(self, saved: Sequence[str], params: Sequence[str], values: Sequence[Expr]) -> Expr:
        """What is handed over; of what the caller can change meanwhile a copy."""
        if not self.alone:
            return pack(saved)
        regions = self.sweep.regions
        exposed = {regions.find(n) for n in (*params, *(n for v in values for n in reads(v)))}
        exposed |= {regions.find(s.target) for s in self.sweep.definitions.values() if isinstance(s.value, Ref)}
        row = tuple(self.kept_apart(n, exposed) for n in saved)
        return row[0] if len(row) == 1 else Apply(make_tuple, row)

    def kept_apart(self, name: str, exposed: set[str]) -> Expr:
        """A copy of what the caller can reach."""
        t, regions = self.sweep.type(name), self.sweep.regions
        if isinstance(t, Num) and t.kind != "array" and t.rank == 0:
            return Name(name)
        own = {regions.find(name)} | {regions.find(regions.contents[r]) for r in (regions.find(name),) if r in regions.contents}
        if own.isdisjoint(exposed):
            return Name(name)
        if isinstance(t, Num) and t.kind == "array":
            return Apply(np.copy, (Name(name),), (), ".copy")
        return Apply(copied, (Name(name),))

    def changes(self, name: str) -> bool:
        """Does the reverse sweep change the object that is handed over?"""
        t = self.sweep.type(name)
        return self.sweep.regions.find(name) in self.written and not (isinstance(t, Num) and t.kind != "array")

    def copied(self, name: str, source: str) -> Stmt:
        """The reverse sweep changes a copy, so that it can run again."""
        t = self.sweep.type(name)
        if isinstance(t, ListT) and t.cls is list:
            value = Apply(list, (Name(source),))
        elif isinstance(t, Num) and t.kind == "array":
            value = Apply(np.copy, (Name(source),), (), ".copy")
        else:
            value = Apply(copied, (Name(source),))
        return Assign(name, value, NOWHERE)

    # ── branches ──
    def region(self, stmt: Any, back: list[Stmt], values: Sequence[Expr]) -> Stmt:
        """A branch whose inner values are read by the reverse sweep."""
        inner = [frozenset(inner_names(b)) for b in blocks(stmt)]
        every = frozenset().union(*inner)
        readers = [k for k, s in enumerate(back) if not every.isdisjoint(all_reads([s]))]
        behind = any(n in every for v in values for n in reads(v))
        if not readers and not behind:
            return stmt  # type: ignore[no-any-return]
        twin = back[readers[0]] if len(readers) == 1 and not behind else None
        if isinstance(stmt, If) and isinstance(twin, If) and twin.test == stmt.test and _matches(twin, inner):
            made, back[readers[0]] = self.packed(stmt, twin)
            return made
        needed = {n for s in back for n in all_reads([s])} | {n for v in values for n in reads(v)}
        made, to = self.exported(stmt, [n for n in dict.fromkeys(x for names in inner for x in names) if n in needed])
        back[:] = [renamed_stmt(s, to) for s in back]
        return made

    def packed(self, stmt: If, twin: If) -> tuple[If, If]:
        """Each side packs what its twin needs."""
        name = self.sweep.fresh("%saved", Top())
        sides, twins, rows = [], [], []
        for side, other in ((stmt.then, twin.then), (stmt.orelse, twin.orelse)):
            values = other.exit.values if other.exit is not None else ()
            cut = self.halves(side.stmts, other.stmts, values)
            leaf = side.exit
            if leaf is not None and leaf.kind == "next":
                leaf = replace(leaf, values=(*leaf.values, pack(cut.saved)))
            self.sweep.keep |= {*cut.saved, *cut.taken}
            sides.append(Block(tuple(cut.forward), leaf))
            twins.append(Block((*unpacked(name, cut.taken), *cut.back), other.exit))
            rows.append(cut.saved)
        if not any(rows):
            sides = [Block(s.stmts, replace(s.exit, values=s.exit.values[:-1]) if s.exit and s.exit.kind == "next" else s.exit)
                     for s in sides]
            return replace(stmt, then=sides[0], orelse=sides[1]), replace(twin, then=twins[0], orelse=twins[1])
        made = replace(stmt, then=sides[0], orelse=sides[1], results=(*stmt.results, name), form="")
        return made, replace(twin, then=twins[0], orelse=twins[1])

    def exported(self, stmt: Any, names: Sequence[str]) -> tuple[Any, dict[str, str]]:
        """The values become results, undefined where a side does not set them."""
        to = {n: self.sweep.fresh(base(n), self.sweep.type(n)) for n in names}

        def side(block: Block) -> Block:
            stmts, own = list(block.stmts), {n for s in block.stmts for n in defines(s)}
            row: dict[str, str] = {n: n for n in names if n in own}
            for k, s in enumerate(stmts):
                deep = [n for n in names if n in set(inner_names_of(s))]
                if deep:
                    stmts[k], more = self.exported(s, deep)
                    row |= more
            leaf = block.exit
            if leaf is not None and leaf.kind == "next":
                leaf = replace(leaf, values=(*leaf.values, *(Name(row[n]) if n in row else UNDEF for n in names)))
            return Block(tuple(stmts), leaf)

        changes: dict[str, Any] = {n: side(getattr(stmt, n)) for n in ("then", "orelse", "body") if hasattr(stmt, n)}
        if hasattr(stmt, "handlers"):
            changes["handlers"] = tuple(replace(h, body=side(h.body)) for h in stmt.handlers)
        return replace(stmt, results=(*stmt.results, *to.values()), **changes), to


def getitem(whole: Expr, k: int) -> Apply:
    """`whole[k]`."""
    return Apply(operator.getitem, (whole, Lit(k)))


def pack(saved: Sequence[str]) -> Expr:
    """Several values as a tuple, one as it is."""
    return Name(saved[0]) if len(saved) == 1 else Apply(make_tuple, tuple(map(Name, saved)))


def unpacked(whole: str, saved: Sequence[str]) -> list[Stmt]:
    """Take the values apart that were packed."""
    if len(saved) == 1:
        return [Assign(saved[0], Name(whole))]
    return [Assign(n, replace(getitem(Name(whole), k), form=f"unpack:{len(saved)}")) for k, n in enumerate(saved)]


def packed_type(saved: Sequence[str], types: Any) -> Type:
    """The type of what is packed."""
    row = tuple(types.get(n, Top()) for n in saved)
    return row[0] if len(row) == 1 else SeqT(row)


def inner_names(block: Block) -> Iterable[str]:
    """The names that a block sets, in branches within as well; what a loop sets for itself stays there."""
    for stmt in block.stmts:
        yield from defines(stmt)
        yield from inner_names_of(stmt)


def inner_names_of(stmt: Stmt) -> Iterable[str]:
    """The names that the branches of a statement set."""
    if isinstance(stmt, If | With | Try):
        for block in blocks(stmt):
            yield from inner_names(block)


def _matches(twin: If, inner: Sequence[frozenset[str]]) -> bool:
    """Does each side of the reverse branch read only what the same side of the forward branch sets?"""
    for own, other, block in ((inner[0], inner[1], twin.then), (inner[1], inner[0], twin.orelse)):
        used = {*all_reads(block.stmts), *(n for v in (block.exit or Exit("next")).values for n in reads(v))}
        if not used.isdisjoint(other - own):
            return False
    return True
