"""Comprehensions and generator expressions: a known row is read item by item, else a loop appends to a list."""
from __future__ import annotations

from collections.abc import Callable
from typing import Any

import gast

from ..program import Item
from ..types import SeqT
from .containers import append_to, content, new_dict, new_list, real_list, set_content
from .branches import branch, truth
from .core import FALL, Reader, expression
from .functions import make_frame
from .inputs import element_type, is_numeric
from .iteration import static_items, uniform, walk
from .loops import read_loop
from .targets import assign_target
from .values import UNBOUND, Const, Dyn, Ext, Iter, Obj, Rec, Tup, Value, const

Step = Callable[[], None]


@expression("ListComp")
def read_list_comprehension(reader: Reader, node: Any) -> Value:
    """`[e for x in xs if c]`."""
    return collect(reader, node, node.elt)


@expression("GeneratorExp")
def read_generator(reader: Reader, node: Any) -> Value:
    """`(e for x in xs)`: read where it is consumed; its first iterable is evaluated where it stands."""
    first = reader.expr(node.generators[0].iter)
    return Iter("generator", (first,), node, reader.frame.id)


@expression("SetComp")
def read_set_comprehension(reader: Reader, node: Any) -> Value:
    """Sets are inactive, and only known as a whole."""
    reader.unsupported(node, "a set comprehension is not differentiated", "use a list")


@expression("DictComp")
def read_dict_comprehension(reader: Reader, node: Any) -> Value:
    """`{k: v for x in xs}` over known keys."""
    made = new_dict(reader, [], node)

    def add() -> None:
        key, value = reader.expr(node.key), reader.expr(node.value)
        if not isinstance(key, Const) or not isinstance(made, Obj):
            reader.unsupported(node, "the keys of this dict are not known")
        record: Rec = content(reader, made)
        set_content(reader, made, record.set(key.value, value))

    run(reader, node, add)
    return made


def as_list_of(reader: Reader, v: Iter, node: Any) -> Value:
    """All that a generator expression yields, as a list."""
    kept = reader.frame
    reader.frame = reader.all_frames[v.frame]
    try:
        return collect(reader, v.node, v.node.elt, v.args[0])
    finally:
        reader.frame = kept


def collect(reader: Reader, node: Any, elt: Any, first: Value | None = None) -> Value:
    """The list that a comprehension makes."""
    hint = reader.hint
    if first is None:
        first = reader.expr(node.generators[0].iter)
    if node not in reader.real and (is_row(reader, first) or short_range(first, node) is not None) and not any(is_loop(g) for g in node.generators[1:]):
        made = new_list(reader, [], node)

        def add() -> None:
            value = reader.expr(elt)
            assert isinstance(made, Obj)
            set_content(reader, made, Tup((*content(reader, made).items, value), list))

        run(reader, node, add, first)
        return made
    reader.hint = hint
    target = real_list(reader, [], node)
    reader.hint = ""

    def append() -> None:
        append_to(reader, target, reader.expr(elt), node)

    run(reader, node, append, first)
    return target


def is_row(reader: Reader, v: Value) -> bool:
    """Is the iterable a row of known values, so that the list can be followed?"""
    if isinstance(v, Iter):
        return v.kind not in ("range", "generator", "count") and all(is_row(reader, a) for a in v.args if _counts(v, a))
    if isinstance(v, Ext):
        return not (type(v.value) is list and is_numeric(element_type(v.value)))
    return not isinstance(v, Dyn) or isinstance(v.type, SeqT)


def _counts(v: Iter, arg: Value) -> bool:
    """Is the argument of a lazy iterable an iterable itself?"""
    return arg is not v.args[0] if v.kind in ("map", "filter") else arg is v.args[0] or v.kind == "zip"


def is_loop(generator: Any) -> bool:
    """Does an inner generator run over a range?"""
    return isinstance(generator.iter, gast.Call) and getattr(generator.iter.func, "id", "") == "range"


def run(reader: Reader, node: Any, step: Step, first: Value | None = None) -> None:
    """Do `step` for every combination of the generators' values, in a scope of its own."""
    outer = reader.frame
    tree = gast.Lambda(gast.arguments([], [], None, [], [], None, []), node)
    reader.frame = make_frame(reader, outer.source, tree, outer.globals, {}, outer, outer.owner)
    local = {n.id for g in node.generators for n in gast.walk(g.target) if isinstance(n, gast.Name)}
    walrus = {n.target.id for n in gast.walk(node) if isinstance(n, gast.NamedExpr)}
    reader.frame.locals = frozenset(local - walrus)
    try:
        _generators(reader, node, 0, step, first)
    finally:
        reader.frame = outer


def _generators(reader: Reader, node: Any, k: int, step: Step, first: Value | None) -> None:
    if k == len(node.generators):
        step()
        return
    generator = node.generators[k]
    iterable = first if first is not None else reader.expr(generator.iter)
    if isinstance(iterable, Iter) and iterable.kind == "generator":
        iterable = as_list_of(reader, iterable, node)
    inner = lambda: _filtered(reader, node, k, generator.ifs, step)  # noqa: E731
    items = static_items(reader, iterable, node)
    items = items if items is not None else short_range(iterable, node)
    if items is not None and not (len(items) > 4 and uniform(items)):
        for value in items:
            assign_target(reader, generator.target, value, node)
            inner()
        return
    stem = generator.target.id if isinstance(generator.target, gast.Name) else "%t"

    def start() -> tuple[list[Item], Callable[[], None]]:
        over = walk(reader, iterable, generator.iter, stem)

        def bind() -> None:
            assign_target(reader, generator.target, over.element(reader), node)
            inner()
        return over.items, bind

    read_loop(reader, node, [], start)


def short_range(v: Value, node: Any) -> list[Value] | None:
    """A literal range of a comprehension or loop that makes functions has to be read item by item."""
    if not (isinstance(v, Iter) and v.kind == "range" and all(isinstance(a, Const) for a in v.args)):
        return None
    values = range(*[a.value for a in v.args if isinstance(a, Const)])
    if len(values) > 32 or not any(isinstance(n, gast.Lambda | gast.FunctionDef) for n in gast.walk(node)):
        return None
    return [const(i) for i in values]


def _filtered(reader: Reader, node: Any, k: int, tests: list[Any], step: Step) -> None:
    if not tests:
        _generators(reader, node, k + 1, step, None)
        return
    test = reader.expr(tests[0])
    known = truth(reader, test)
    if known is not None:
        if known:
            _filtered(reader, node, k, tests[1:], step)
        return

    def kept() -> tuple[str, Value]:
        _filtered(reader, node, k, tests[1:], step)
        return FALL, UNBOUND

    branch(reader, test, kept, lambda: (FALL, UNBOUND), node=node)

