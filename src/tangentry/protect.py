"""Arguments that the program writes into are copied first: a derivative call leaves the caller's arrays as they are."""
from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import numpy as np

from .analysis.regions import Regions
from .analysis.storage import Storage
from .program import Apply, Assign, Attr, Block, Carry, Exit, Expr, For, If, Item, Name, Names, Program, Stmt, Store, Try, \
    Update, While, With
from .runtime import copied
from .types import Num


def protect(program: Program, outside: Iterable[str], names: Names) -> Program:
    """Copy what comes from outside and is written into."""
    regions = Regions(program)
    storage = Storage(program, regions)
    params = {p.name for p in program.params}
    wild = {regions.find(n) for n in storage.wild}
    tops = {storage.top(n) for n in storage.writes}
    written = [n for n in dict.fromkeys([*(p.name for p in program.params), *outside])
               if regions.is_written(n) and (n in tops or regions.find(n) in wild)]
    if not written:
        return program
    types = dict(program.types)
    to: dict[str, str] = {}
    head: list[Stmt] = []
    for name in written:
        to[name] = fresh = names.fresh(name)
        types[fresh] = types.get(name)
    stmts: list[Stmt] = []
    for name in (n for n in written if n in params):
        head.append(Assign(to[name], _copy(Name(name), types.get(name))))
    for stmt in program.body.stmts:
        if isinstance(stmt, Assign) and stmt.target in to:
            stmts += [stmt, Assign(to[stmt.target], _copy(Name(stmt.target), types.get(stmt.target)), stmt.origin)]
        else:
            stmts.append(renamed_stmt(stmt, to))
    leaf = program.body.exit
    body = Block((*head, *stmts), renamed_exit(leaf, to) if leaf is not None else None)
    return replace(program, body=body, types=types)


def _copy(expr: Expr, t: object) -> Apply:
    if isinstance(t, Num) and t.kind == "array":
        return Apply(np.copy, (expr,), (), ".copy")
    return Apply(copied, (expr,))


def renamed(expr: Expr, to: dict[str, str]) -> Expr:
    """An expression with other names."""
    if isinstance(expr, Name):
        return Name(to.get(expr.id, expr.id))
    if isinstance(expr, Apply):
        return Apply(expr.fn, tuple(renamed(a, to) for a in expr.args), tuple((k, renamed(v, to)) for k, v in expr.kwargs),
                     expr.form)
    return expr


def renamed_exit(leaf: Exit, to: dict[str, str]) -> Exit:
    return replace(leaf, values=tuple(renamed(v, to) for v in leaf.values))


def renamed_block(block: Block, to: dict[str, str]) -> Block:
    """A block with other names."""
    return Block(tuple(renamed_stmt(s, to) for s in block.stmts), renamed_exit(block.exit, to) if block.exit else None)


def renamed_stmt(stmt: Stmt, to: dict[str, str]) -> Stmt:
    """A statement with other names in what it reads."""
    match stmt:
        case Store(obj=obj, index=index, value=value):
            return replace(stmt, obj=renamed(obj, to), value=renamed(value, to),
                           index=index if isinstance(index, Attr) else renamed(index, to))
        case Update(obj=obj, index=index, value=value):
            return replace(stmt, obj=renamed(obj, to), value=renamed(value, to),
                           index=index if index is None or isinstance(index, Attr) else renamed(index, to))
        case If(test=test, then=then, orelse=orelse):
            return replace(stmt, test=renamed(test, to), then=renamed_block(then, to), orelse=renamed_block(orelse, to))
        case For(items=items, carries=carries, body=body):
            new = tuple(Item(i.target, i.kind, tuple(renamed(a, to) for a in i.args), i.backward) for i in items)
            return replace(stmt, items=new, carries=_carries(carries, to), body=renamed_block(body, to))
        case While(test=test, carries=carries, body=body):
            return replace(stmt, test=renamed(test, to), carries=_carries(carries, to), body=renamed_block(body, to))
        case With(context=context, body=body):
            return replace(stmt, context=renamed(context, to), body=renamed_block(body, to))
        case Try(body=body, handlers=handlers, final=final):
            return replace(stmt, body=renamed_block(body, to), final=renamed_block(final, to),
                           handlers=tuple(replace(h, body=renamed_block(h.body, to)) for h in handlers))
    return replace(stmt, value=renamed(stmt.value, to))


def _carries(carries: tuple[Carry, ...], to: dict[str, str]) -> tuple[Carry, ...]:
    return tuple(replace(c, init=renamed(c.init, to)) for c in carries)


def substituted(expr: Expr, to: dict[str, Expr]) -> Expr:
    """An expression with expressions in the place of names."""
    if isinstance(expr, Name):
        return to.get(expr.id, expr)
    if isinstance(expr, Apply):
        return Apply(expr.fn, tuple(substituted(a, to) for a in expr.args),
                     tuple((k, substituted(v, to)) for k, v in expr.kwargs), expr.form)
    return expr
