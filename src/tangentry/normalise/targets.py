"""What stands on the left of an assignment: names, rows of targets, elements, attributes."""
from __future__ import annotations

import operator
from typing import Any

import gast

from ..program import Apply, Lit, Name
from ..types import ListT, Num, SeqT, Top
from .containers import is_real_list, new_list, taken
from .core import Reader
from .hosts import as_dyn
from .iteration import element, static_items
from .names import bind
from .objects import is_object, set_attribute
from .subscripts import store_item
from .values import Dyn, Ext, Obj, Tup, Value, names_of


def assign_target(reader: Reader, target: Any, value: Value, node: Any) -> None:
    """`target = value`."""
    if isinstance(target, gast.Name):
        bind_name(reader, target.id, value, node)
    elif isinstance(target, gast.Tuple | gast.List):
        assign_row(reader, target.elts, value, node)
    elif isinstance(target, gast.Attribute):
        assign_attribute(reader, reader.expr(target.value), private(reader, target.attr), value, target)
    elif isinstance(target, gast.Subscript):
        obj = reader.expr(target.value)
        store_item(reader, obj, reader.expr(target.slice), value, target)
    else:
        reader.unsupported(node, "this target of an assignment is not differentiated")


def private(reader: Reader, name: str) -> str:
    """`__name` within a class is `_Class__name`."""
    owner = reader.frame.owner
    if owner is not None and name.startswith("__") and not name.endswith("__"):
        return f"_{owner.__name__.lstrip('_')}{name}"
    return name


def bind_name(reader: Reader, name: str, value: Value, node: Any) -> None:
    """Bind a variable; an array that has a name already is now shared."""
    if isinstance(value, Dyn):
        for source in names_of(value):
            stem = source.partition(".")[0]
            if stem != name and not stem.startswith("%"):
                reader.aliases.share(source)
    bind(reader, name, value, node)


def assign_row(reader: Reader, targets: list[Any], value: Value, node: Any) -> None:
    """`a, *b, c = value`."""
    star = next((k for k, t in enumerate(targets) if isinstance(t, gast.Starred)), None)
    items = static_items(reader, value, node)
    if items is None:
        items = _unpacked(reader, value, len(targets), star, node)
    if star is None:
        if len(items) != len(targets):
            reader.unsupported(node, f"{len(items)} values are unpacked into {len(targets)} targets")
        rows = items
    else:
        behind = len(targets) - star - 1
        if len(items) < star + behind:
            reader.unsupported(node, f"{len(items)} values are unpacked into {len(targets)} targets")
        middle = new_list(reader, items[star: len(items) - behind], node)
        rows = [*items[:star], middle, *items[len(items) - behind:]]
    for target, item in zip(targets, rows, strict=True):
        assign_target(reader, target.value if isinstance(target, gast.Starred) else target, item, node)


def _unpacked(reader: Reader, value: Value, count: int, star: int | None, node: Any) -> list[Value]:
    """The elements of a run-time sequence, one read each; printed as one unpacking where all are used."""
    source = as_dyn(reader, value, node)
    if star is not None or not isinstance(source, Dyn):
        reader.unsupported(node, "`*` takes the rest of a sequence whose length is not known", "use slices")
    form = f"unpack:{count}"
    items: list[Value] = []
    for k in range(count):
        expr = Apply(operator.getitem, (source.expr, Lit(k)), (), form)
        if is_real_list(source):
            items.append(taken(reader, source, expr, node))
            continue
        t = element(source.type) if isinstance(source.type, Num | ListT | SeqT) else Top()
        part = reader.assign(expr, t, source.varied, node)
        if isinstance(t, Num) and t.rank != 0 and isinstance(source.expr, Name) and isinstance(part.expr, Name):
            reader.aliases.union(part.expr.id, source.expr.id)
            reader.aliases.share(part.expr.id)
        items.append(part)
    return items


def assign_attribute(reader: Reader, obj: Value, name: str, value: Value, node: Any) -> None:
    """`obj.name = value`."""
    if isinstance(obj, Obj | Ext | Tup) or is_object(reader, obj):
        set_attribute(reader, obj, name, value, node)
        return
    if isinstance(obj, Dyn) and name in ("flat", "real", "imag", "shape"):
        from .arrays import set_array_attribute
        set_array_attribute(reader, obj, name, value, node)
        return
    reader.unsupported(node, f"the attribute {name!r} of this value cannot be set")
