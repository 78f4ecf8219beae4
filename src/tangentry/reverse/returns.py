"""`return` within loops, for a sweep that has to go back: the loops are left by `break`, and one result stands at the end.

Accepts a program with `return` leaves anywhere; yields one whose only `return` is the exit of the function's body.
"""
from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from ..program import UNDEF, Block, Carry, Exit, Expr, For, If, Lit, Name, Names, Program, Stmt, While, blocks
from ..types import BOOL, TOP, Type

OnReturn = Callable[[tuple[Expr, ...], Any], Exit]
OnLeaf = Callable[[Exit], Exit]


def single_return(program: Program, names: Names, out_types: tuple[Type, ...]) -> Program:
    """The program with one exit."""
    if program.body.exit is not None and not any(_has_return(b) for s in program.body.stmts for b in blocks(s)):
        return program
    lowering = _Lowering(program, names, out_types)
    body = lowering.block(program.body, lambda values, origin: Exit("return", values, origin), lambda leaf: leaf)
    body = lowering.merged(body)
    return replace(program, body=body, types=lowering.types)


def _has_return(block: Block) -> bool:
    if block.exit is not None and block.exit.kind == "return":
        return True
    return any(_has_return(b) for s in block.stmts for b in blocks(s))


class _Lowering:
    def __init__(self, program: Program, names: Names, out_types: tuple[Type, ...]) -> None:
        self.names, self.types, self.out_types = names, dict(program.types), out_types

    def fresh(self, stem: str, t: Type = TOP) -> str:
        name = self.names.fresh(stem)
        self.types[name] = t
        return name

    def outs(self) -> tuple[str, ...]:
        return tuple(self.fresh("%value", t) for t in self.out_types)

    def block(self, block: Block, on_return: OnReturn, on_leaf: OnLeaf) -> Block:
        """A block whose returns become what `on_return` makes of them; what follows a loop that returns is guarded."""
        for k, stmt in enumerate(block.stmts):
            if not any(map(_has_return, blocks(stmt))):
                continue
            before, rest = block.stmts[:k], Block(block.stmts[k + 1:], block.exit)
            if isinstance(stmt, If) and not rest.stmts and block.exit is None:
                sides = [self.block(side, on_return, on_leaf) for side in (stmt.then, stmt.orelse)]
                return Block((*before, replace(stmt, then=sides[0], orelse=sides[1])))
            made, flag, outs = self.loop(stmt) if isinstance(stmt, For | While) else self.branch(stmt)
            if not rest.stmts and rest.exit is None:  # nothing is reached behind it but by returning
                return Block((*before, made), on_return(tuple(map(Name, outs)), stmt.origin))
            leave = Block((), on_return(tuple(map(Name, outs)), stmt.origin))
            guarded = If(Name(flag), leave, self.block(rest, on_return, on_leaf), (), "", stmt.origin)
            return Block((*before, made, guarded))
        leaf = block.exit
        if leaf is None or leaf.kind == "raise":
            return block
        new = on_return(leaf.values, leaf.origin) if leaf.kind == "return" else on_leaf(leaf)
        return Block(block.stmts, new)

    def loop(self, stmt: For | While) -> tuple[Stmt, str, tuple[str, ...]]:
        """The loop with `break` for `return`; the names of the flag and of the values behind it."""
        flag, behind = self.fresh("%returned", BOOL), self.fresh("%returned", BOOL)
        params, outs = self.outs(), self.outs()
        own = (UNDEF,) * len(stmt.carries)
        body = self.block(stmt.body, lambda values, origin: Exit("break", (*own, Lit(True), *values), origin),
                          lambda leaf: replace(leaf, values=(*leaf.values, Name(flag), *map(Name, params))))
        extra = (Carry(flag, Lit(False), behind), *(Carry(p, UNDEF, o) for p, o in zip(params, outs, strict=True)))
        return replace(stmt, carries=(*stmt.carries, *extra), body=body), behind, outs

    def branch(self, stmt: Any) -> tuple[Stmt, str, tuple[str, ...]]:
        """A branch (or `with`, `try`) in which a loop returns: it yields the flag and the values as well."""
        flag, outs = self.fresh("%returned", BOOL), self.outs()
        none, own = (UNDEF,) * len(outs), (UNDEF,) * len(stmt.results)

        def side(block: Block) -> Block:
            return self.block(block, lambda values, origin: Exit("next", (*own, Lit(True), *values), origin),
                              lambda leaf: replace(leaf, values=(*leaf.values, Lit(False), *none))
                              if leaf.kind == "next" else leaf)

        changes = {name: side(getattr(stmt, name)) for name in ("then", "orelse", "body") if hasattr(stmt, name)}
        if hasattr(stmt, "handlers"):
            changes["handlers"] = tuple(replace(h, body=side(h.body)) for h in stmt.handlers)
        return replace(stmt, results=(*stmt.results, flag, *outs), **changes), flag, outs

    def merged(self, block: Block) -> Block:
        """Returning branches at the end of the function yield their values to one `return`."""
        if block.exit is not None:
            return block
        last = block.stmts[-1]
        assert isinstance(last, If)
        results = self.outs()
        sides = [self.yielding(self.merged(side)) for side in (last.then, last.orelse)]
        made = replace(last, then=sides[0], orelse=sides[1], results=results)
        return Block((*block.stmts[:-1], made), Exit("return", tuple(map(Name, results)), last.origin))

    @staticmethod
    def yielding(block: Block) -> Block:
        leaf = block.exit
        return Block(block.stmts, replace(leaf, kind="next") if leaf is not None and leaf.kind == "return" else leaf)
