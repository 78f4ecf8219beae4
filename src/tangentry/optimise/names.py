"""Out of single assignment: versions become the user's variables again, carries and results become assignments.

Accepts a single-assignment program; yields a *printed* one: names are final, a name may be set several times, loops have
no carries and branches no results, leaves carry no values but those of `return` and `raise`. Versions of one user
variable share its name unless they are alive together; inner values keep names of their own.
"""
from __future__ import annotations

import keyword
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace

from ..prims import make_tuple
from ..program import (
    UNDEF, Apply, Assign, Attr, Block, Carry, Effect, Exit, Expr, For, If, Item, Lit, Name, Program, Ref, Stmt, Store, Try,
    Update, While, With, base, binds_inside, defines, own_exprs, reads, walk, walk_blocks)
from .liveness import Interference




def merge_names(program: Program, reserved: Iterable[str] = ()) -> Program:
    """Give every name the name that is printed."""
    return _Printer(program, printed_names(program, reserved)).program()


def printed_names(program: Program, reserved: Iterable[str] = ()) -> dict[str, str]:
    """Version → the name that is printed."""
    return _Namer(program, set(reserved)).printed


class _Namer:
    """Groups versions into printed variables."""

    def __init__(self, program: Program, reserved: set[str]) -> None:
        self.program, self.reserved = program, reserved
        self.edges = Interference(program).edges
        self.parent: dict[str, str] = {}
        self.members: dict[str, list[str]] = {}
        self.order: list[str] = []
        self._collect()
        for a, b in self._pairs():
            self._unite(a, b)
        self.printed = self._assign()

    def _collect(self) -> None:
        for param in self.program.params:
            self._add(param.name)
        for stmt in walk(self.program.body):
            for name in (*binds_inside(stmt), *defines(stmt)):
                self._add(name)

    def _add(self, name: str) -> None:
        if name not in self.parent:
            self.parent[name] = name
            self.members[name] = [name]
            self.order.append(name)

    def find(self, name: str) -> str:
        while (up := self.parent.get(name, name)) != name:
            self.parent[name] = self.parent.get(up, up)
            name = up
        return name

    def _pairs(self) -> Iterable[tuple[str, str]]:
        """Names that should be one variable: a loop's result and param first, then what flows into them."""
        later: list[tuple[str, str]] = []
        for stmt in walk(self.program.body):
            if isinstance(stmt, For | While):
                for carry in stmt.carries:
                    yield carry.result, carry.param
                    later.append((carry.param, _id(carry.init)))
                for leaf in _leaves(stmt.body):
                    later += [(c.param, _id(v)) for c, v in zip(stmt.carries, leaf.values, strict=False)]
            elif isinstance(stmt, If | Try | With) and stmt.results:
                for block in _sides(stmt):
                    if block.exit is not None and block.exit.kind == "next":
                        later += [(r, _id(v)) for r, v in zip(stmt.results, block.exit.values, strict=False)]
        yield from later

    def _unite(self, a: str, b: str) -> None:
        """Make two classes one where they are versions of one variable and never alive together."""
        if not b or b not in self.parent or a not in self.parent:
            return
        a, b = self.find(a), self.find(b)
        if a == b or base(a) != base(b):
            return
        small, large = sorted((a, b), key=lambda n: len(self.members[n]))
        if self._meet(small, large):
            return
        self.parent[small] = large
        self.members[large] += self.members.pop(small)

    def _meet(self, a: str, b: str) -> bool:
        inside = set(self.members[b])
        return any(not inside.isdisjoint(self.edges.get(m, ())) for m in self.members[a])

    def _assign(self) -> dict[str, str]:
        groups: dict[str, list[str]] = defaultdict(list)
        for name in self.order:
            root = self.find(name)
            if root not in groups[base(name)]:
                groups[base(name)].append(root)
        taken = set(self.reserved) | {p.name for p in self.program.params} | {
            stem for stem in groups if stem.isidentifier()} | _texts(self.program)
        printed: dict[str, str] = {}
        for stem, roots in groups.items():
            self._name_group(stem, roots, printed, taken)
        return printed

    def _name_group(self, stem: str, roots: list[str], printed: dict[str, str], taken: set[str]) -> None:
        """A user's variable: one name for all that are not alive together; an inner value: one name each."""
        plain = readable(stem)
        own = stem.partition("^")[0].isidentifier()
        colours: list[list[str]] = []
        params = {p.name for p in self.program.params}
        for root in sorted(roots, key=lambda r: not params.intersection(self.members[r])):
            colour = next((c for c in colours if own and not any(self._meet(root, o) for o in c)), None)
            if colour is None:
                colour = []
                colours.append(colour)
            colour.append(root)
        for k, colour in enumerate(colours):
            name = plain if k == 0 and stem.isidentifier() else unused(plain, taken)
            taken.add(name)
            for root in colour:
                for member in self.members[root]:
                    printed[member] = name


def readable(stem: str) -> str:
    """The printed form of an inner stem: `%exp_z` → `exp_z`, `x^bar` → `x_bar`; what follows `~` only tells apart."""
    text = stem.replace("%", "").partition("~")[0].replace("^", "_")
    text = text if text.isidentifier() and not keyword.iskeyword(text) else "t"
    return text


def unused(stem: str, taken: set[str]) -> str:
    """The stem, or the stem with the first number that makes it new."""
    if stem not in taken:
        return stem
    k = 1
    while f"{stem}_{k}" in taken:
        k += 1
    return f"{stem}_{k}"


def _texts(program: Program) -> set[str]:
    """The names under which the program refers to the outside."""
    found: set[str] = set()

    def visit(expr: object) -> None:
        if isinstance(expr, Ref) and expr.text:
            found.add(expr.text.partition(".")[0])
        elif isinstance(expr, Apply):
            if isinstance(expr.form, Ref):
                visit(expr.form)
            for arg in (*expr.args, *(v for _, v in expr.kwargs)):
                visit(arg)

    for stmt in walk(program.body):
        for part in _all_exprs(stmt):
            visit(part)
    for block in walk_blocks(program.body):
        if block.exit is not None:
            for value in block.exit.values:
                visit(value)
    return found


def _all_exprs(stmt: Stmt) -> Iterable[object]:
    yield from own_exprs(stmt)
    if isinstance(stmt, While):
        yield stmt.test


def _id(expr: Expr) -> str:
    return expr.id if isinstance(expr, Name) else ""


def _sides(stmt: If | Try | With) -> tuple[Block, ...]:
    if isinstance(stmt, If):
        return stmt.then, stmt.orelse
    return (stmt.body, *(h.body for h in stmt.handlers)) if isinstance(stmt, Try) else (stmt.body,)


def _leaves(block: Block) -> list[Exit]:
    """The leaves of a loop's body that carry its next values."""
    if block.exit is not None:
        return [block.exit] if block.exit.kind in ("next", "continue", "break") else []
    last = block.stmts[-1] if block.stmts else None
    return _leaves(last.then) + _leaves(last.orelse) if isinstance(last, If) else []


def kept_names(program: Program) -> set[str]:
    """Names that are put on a list or into a tuple whether they are bound or not: where they are not, they have to be None."""
    flows: dict[str, set[str]] = defaultdict(set)
    found: set[str] = set()
    for stmt in walk(program.body):
        match stmt:
            case Effect(value=Apply(fn=fn, args=(Name(id=tape), *args))) if fn is list.append and base(tape).endswith("^saved"):
                found.update(n for a in args for n in reads(a))
            case For(carries=carries) | While(carries=carries):
                for leaf in _leaves(stmt.body):
                    for c, v in zip(carries, leaf.values, strict=False):
                        flows[c.param].update(reads(v))
                for c in carries:
                    flows[c.result].add(c.param)
                    flows[c.param].update(reads(c.init))
            case If() | Try() | With():
                for block in _sides(stmt):
                    if block.exit is not None and block.exit.kind == "next":
                        for r, v in zip(stmt.results, block.exit.values, strict=False):
                            flows[r].update(reads(v))
                            found.update(reads(v) if isinstance(v, Apply) else ())
    found.update(n for b in walk_blocks(program.body) if b.exit is not None and b.exit.kind == "return"
                 for v in b.exit.values if isinstance(v, Apply) for n in reads(v))
    todo = list(found)
    while todo:
        more = flows.get(todo.pop(), set()) - found
        found |= more
        todo += more
    return found


class _Printer:
    """Rewrites the program with printed names, and writes out the copies that are left."""

    def __init__(self, source: Program, printed: dict[str, str]) -> None:
        self.source, self.printed = source, printed
        self.kept = kept_names(source)

    def program(self) -> Program:
        types = {self.printed.get(n, n): t for n, t in self.source.types.items()}
        params = tuple(replace(p, name=self.name(p.name)) for p in self.source.params)
        return replace(self.source, params=params, body=self.block(self.source.body, (), ()), types=types)

    def name(self, id: str) -> str:
        return self.printed.get(id, id)

    def expr(self, expr: Expr) -> Expr:
        if isinstance(expr, Name):
            return Name(self.name(expr.id))
        if isinstance(expr, Apply):
            return Apply(expr.fn, tuple(map(self.expr, expr.args)), tuple((k, self.expr(v)) for k, v in expr.kwargs),
                         expr.form)
        return expr

    def index(self, index: Expr | Attr | None) -> Expr | Attr | None:
        return index if index is None or isinstance(index, Attr) else self.expr(index)

    def block(self, block: Block, results: tuple[str, ...], params: tuple[str, ...]) -> Block:
        out: list[Stmt] = []
        for stmt in block.stmts:
            out += self.stmt(stmt, results, params)
        leaf = block.exit
        if leaf is None:
            return Block(tuple(out))
        if leaf.kind in ("return", "raise"):
            return Block(tuple(out), replace(leaf, values=tuple(map(self.expr, leaf.values))))
        targets = results if leaf.kind == "next" else params
        out += self.copies(list(zip(targets, leaf.values, strict=False)), leaf)
        return Block(tuple(out), replace(leaf, values=()))

    def copies(self, pairs: list[tuple[str, Expr]], leaf: Exit | None) -> list[Stmt]:
        """Assign several names at once; in an order that overwrites nothing that is still needed, else in one statement."""
        pairs = [(t, Lit(None) if v == UNDEF else v) for t, v in pairs if v != UNDEF or t in self.kept]
        todo = [(self.name(t), self.expr(v)) for t, v in pairs]
        todo = [(t, v) for t, v in dict(todo).items() if v != Name(t)]
        origin = leaf.origin if leaf is not None else None
        out: list[Stmt] = []
        while todo:
            free = next((p for p in todo if not any(p[0] in set(reads(v)) for q, v in todo if q != p[0])), None)
            if free is None:
                tuple_ = Apply(make_tuple, tuple(v for _, v in todo))
                out.append(Assign(",".join(t for t, _ in todo), tuple_, *([origin] if origin else [])))
                break
            out.append(Assign(free[0], free[1], *([origin] if origin else [])))
            todo.remove(free)
        return out

    def stmt(self, stmt: Stmt, results: tuple[str, ...], params: tuple[str, ...]) -> list[Stmt]:
        match stmt:
            case Assign(target=target, value=value):
                new = replace(stmt, target=self.name(target), value=self.expr(value))
                return [] if new.value == Name(new.target) else [new]
            case Store(obj=obj, index=index, value=value):
                return [replace(stmt, obj=self.expr(obj), index=self.index(index), value=self.expr(value))]  # type: ignore[arg-type]
            case Update(obj=obj, index=index, value=value):
                return [replace(stmt, obj=self.expr(obj), index=self.index(index), value=self.expr(value))]
            case Effect(value=value):
                return [replace(stmt, value=self.expr(value))]
            case If():
                inner = stmt.results or results
                return [replace(stmt, test=self.expr(stmt.test), results=(), then=self.block(stmt.then, inner, params),
                                orelse=self.block(stmt.orelse, inner, params))]
            case For() | While():
                return self.loop(stmt)
            case With():
                return [replace(stmt, context=self.expr(stmt.context), target=self.name(stmt.target) if stmt.target else "",
                                results=(), body=self.block(stmt.body, stmt.results, params))]
            case Try():
                return [self.attempt(stmt, params)]

    def attempt(self, stmt: Try, params: tuple[str, ...]) -> Try:
        handlers = tuple(replace(h, name=self.name(h.name) if h.name else "", kind=self.expr(h.kind) if h.kind else None,
                                 body=self.block(h.body, stmt.results, params)) for h in stmt.handlers)
        return replace(stmt, body=self.block(stmt.body, stmt.results, params), handlers=handlers, results=(),
                       final=self.block(stmt.final, (), params))

    def loop(self, stmt: For | While) -> list[Stmt]:
        carries: tuple[Carry, ...] = stmt.carries
        params = tuple(c.param for c in carries)
        before = self.copies([(c.param, c.init) for c in carries], None)
        body = self.block(stmt.body, params, params)
        if isinstance(stmt, While):
            return [*before, replace(stmt, test=self.expr(stmt.test), carries=(), body=body)]
        items = tuple(Item(self.name(i.target), i.kind, tuple(map(self.expr, i.args)), i.backward) for i in stmt.items)
        return [*before, replace(stmt, items=items, carries=(), body=body)]


