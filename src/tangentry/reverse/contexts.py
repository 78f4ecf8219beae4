"""Going back over `with` and `try`.

A `try` yields a code that tells how it ended: its body is gone back over only where it ran to its end. A `try` whose handlers all
raise again, and a `with`, always do; of contexts only `np.errstate` stands round the way back as well. Accepts and yields the
forms of `program.py`; a branch on `True` is dissolved later.
"""
from __future__ import annotations

import operator
from dataclasses import replace
from typing import Any

import numpy as np

from ..program import UNDEF, Apply, Assign, Block, Exit, Expr, If, Lit, Name, Stmt, Try, With, base, defines
from ..protect import renamed_block, renamed_stmt
from ..types import BOOL, Top
from .base import Scope
from .calls import Calls
from .split import Splitter, pack, unpacked


class Contexts(Calls):
    """`with` and `try`."""

    def back_with(self, stmt: With) -> list[Stmt]:
        body, made = self.region_back(stmt, Lit(True))
        if made is not None and isinstance(stmt.context, Apply) and stmt.context.fn is np.errstate:
            made = With(stmt.context, "", made.then, made.results, self.back())  # type: ignore[assignment]
        if made is not None:
            self.emit(made)
        return [replace(stmt, body=body)]

    def back_try(self, stmt: Try) -> list[Stmt]:
        if all(h.body.exit is not None and h.body.exit.kind == "raise" for h in stmt.handlers):
            body, made = self.region_back(stmt, Lit(True))
            if made is not None:
                self.emit(made)
            return [replace(stmt, body=body)]
        test = self.fresh("%t", BOOL)
        head = Assign(test, Apply(operator.eq, (Name(stmt.results[0]), Lit(0))), self.back())
        looped = self.scope.in_loop
        body, made = self.apart(stmt, Name(test)) if looped else self.region_back(stmt, Name(test))
        if made is None:
            return [replace(stmt, body=body)]
        self.emit(head)
        if not looped:
            self.emit(made)
            return [replace(stmt, body=body)]
        return [self.packed(stmt, body, made)]

    def region_back(self, stmt: Any, test: Expr) -> tuple[Block, If | None]:
        """Go back over the body; what the forward sweep does there, and the branch of the reverse sweep."""
        seeds = {r: self.atomic(r) for r in stmt.results if self.is_active(r) and not self.is_wild(r)}
        other = stmt.handlers[0].body if isinstance(stmt, Try) else Block(())
        if other.exit is None or other.exit.kind != "next":
            other = Block((), Exit("next", (UNDEF,) * len(stmt.results)))
        before = len(self.scope.out)
        scopes, sides = [], []
        for block in (stmt.body, other):
            scope = Scope(self.scope, self.scope.in_loop)
            sides.append(self.block(block, scope, stmt.results, seeds, None))
            scopes.append(scope)
        self.origin = stmt.origin
        body, _ = self.join_scopes(test, scopes, (sides[0], sides[1]))
        if len(self.scope.out) == before:
            return body, None
        made = self.scope.out.pop()
        assert isinstance(made, If)
        return body, made

    def apart(self, stmt: Try, test: Expr) -> tuple[Block, If | None]:
        """Within a loop: nothing of the body is kept before the body has come to its end."""
        depth, tapes, looped = self.depth, self.tapes, self.scope.in_loop
        self.depth, self.tapes, self.scope.in_loop = 0, {}, False
        found = self.region_back(stmt, test)
        self.depth, self.tapes, self.scope.in_loop = depth, tapes, looped
        return found

    def packed(self, stmt: Try, body: Block, made: If) -> Try:
        """The values that the way back needs are handed over as one."""
        leaf = made.then.exit
        assert leaf is not None and body.exit is not None
        cut = Splitter(self, made.then.stmts).halves(body.stmts, made.then.stmts, leaf.values)
        then = cut.back
        saved = self.fresh("%saved", Top())
        if cut.saved:
            then = [*unpacked(saved, cut.taken), *then]
        to = {n: self.fresh(base(n), self.type(n)) for s in body.stmts for n in defines(s)}
        to |= {n: self.fresh(base(n), self.type(n)) for n in cut.taken if n not in to}
        self.keep |= {to[n] for n in cut.taken}
        then = [renamed_stmt(replace(s, target=to.get(s.target, s.target)) if isinstance(s, Assign) else s, to) for s in then]
        self.emit(replace(made, then=renamed_block(Block(tuple(then), leaf), to)))
        if not cut.saved or body.exit.kind != "next":
            return replace(stmt, body=Block(tuple(cut.forward), body.exit))
        ended = replace(body.exit, values=(*body.exit.values, pack(cut.saved)))
        handlers = tuple(replace(h, body=_yielding(h.body)) for h in stmt.handlers)
        return replace(stmt, body=Block(tuple(cut.forward), ended), handlers=handlers, results=(*stmt.results, saved))


def _yielding(block: Block) -> Block:
    """A handler that yields nothing for what the body keeps."""
    leaf = block.exit
    return block if leaf is None or leaf.kind != "next" else Block(block.stmts, replace(leaf, values=(*leaf.values, UNDEF)))
