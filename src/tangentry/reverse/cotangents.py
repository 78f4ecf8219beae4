"""Contributions to cotangents: collected as expressions, summed where the value is defined, written into buffers where
they come by index or from within a loop.
"""
from __future__ import annotations

import operator
from typing import Any

import numpy as np

from ..algebra import ZERO, Symbol, apply, is_zero, lift, total
from ..derive import zero_like
from ..optimise.inline import size
from ..prims import make_dict, make_list, make_tuple
from ..program import Apply, Assign, Effect, Expr, Lit, Name, Store, Update
from ..rules import registry
from ..rules.indexing import index_parts
from ..runtime import add_into, add_trees, copied, with_fields, with_part
from ..shapes import dense
from ..types import DictT, ListT, Num, SeqT, Top
from .base import Base, Scope

WIDTH = 14
"""A contribution of more operations gets a name of its own."""


class Cotangents(Base):
    """Adding to cotangents and taking their sums."""

    # ── adding ──
    def contribute(self, target: Expr, g: Any) -> None:
        """Add `g` to the cotangent of an operand."""
        if isinstance(target, Apply):
            self.contribute_display(target, g)
            return
        if not isinstance(target, Name) or g is None or not self.is_active(target.id):
            return
        g = lift(g)
        if is_zero(g):
            return
        name = target.id
        if self.is_wild(name):
            self.add_by_object(name, g)
            return
        if name in self.buffers or self.must_write(name):
            self.add_into(name, g)
            return
        self.scope.terms.setdefault(name, []).append(self.pinned(name, g))

    def contribute_display(self, target: Apply, g: Any) -> None:
        """The operand is a display: each item gets its own part."""
        if g is None:
            return
        if not is_display(target) and any(self.is_active(n) for n in _names(target)):
            raise AssertionError(f"an active operand is not flat: {target}")
        for k, (step, item) in enumerate(display_items(target)):
            if isinstance(g, list | tuple):
                self.contribute(item, g[k])
            elif any(self.is_active(n) for n in _names(item)):
                part = apply(getattr, g, step.value) if target.fn is with_fields else lift(g)[step.value]
                self.contribute(item, part)

    def must_write(self, name: str) -> bool:
        """Is the value a part of an object that is written in place and whose buffer has to be used?"""
        root = self.storage.root(name)
        return root is not None and (root != name or root in self.buffers or self.scope_of(root) is not self.scope)

    def pinned(self, name: str, g: Symbol) -> Symbol:
        """A contribution as it can wait: named now if it is long, or reads what changes."""
        if not isinstance(g.expr, Apply):
            if isinstance(g.expr, Name) and not self.is_stable(g.expr):
                return self.assign(self.bar_stem(name), self.copy(g))
            return g
        if self.is_stable(g.expr) and size(g.expr) <= WIDTH:
            return g
        return self.assign(self.bar_stem(name), g)

    def copy(self, g: Symbol) -> Symbol:
        """A copy in memory of its own."""
        if isinstance(g.type, Num) and g.type.rank == 0 and g.type.kind != "array":
            return g
        if isinstance(g.type, Num) and g.type.kind == "array":
            return apply(np.copy, g, form_=".copy")
        return Symbol(Apply(copied, (g.expr,)), g.type)

    def add_into(self, name: str, g: Symbol) -> None:
        """Add to a buffer now."""
        place = self.shadow(name)
        if isinstance(self.type(name), Num) and isinstance(place.expr, Apply) and place.expr.fn is operator.getitem:
            obj, index = place.expr.args
            self.emit(Update(obj, index, operator.add, g.expr, self.back()))
        elif isinstance(self.type(name), Num | Top):
            self.emit(Update(place.expr, None, operator.add, g.expr, self.back()))
        else:
            self.emit(Effect(Apply(add_into, (place.expr, g.expr)), self.back()))

    def add_by_object(self, name: str, g: Symbol) -> None:
        """Add to the cotangent of the object that a name stands for."""
        if isinstance(self.type(name), Num):
            self.emit(Update(self.shadows(), Name(name), operator.add, g.expr, self.back()))
        else:
            self.emit(Effect(Apply(add_into, (self.object_shadow(name).expr, g.expr)), self.back()))

    def object_shadow(self, name: str) -> Symbol:
        return Symbol(Apply(operator.getitem, (self.shadows(), Name(name))), self.type(name))

    def contribute_part(self, target: Name, index: Expr, g: Symbol) -> None:
        """Add `g` to the cotangent of an element or slice."""
        name = target.id
        if not self.is_active(name) or is_zero(g):
            return
        t = self.type(name)
        if self.is_wild(name):
            self.add_at(self.object_shadow(name).expr, index, g, t)
            return
        if isinstance(t, SeqT):
            self.scope.parts.setdefault(name, []).append((index, self.pinned(name, g)))
            return
        if self.is_fixed(name):
            self.contribute(target, Symbol(Apply(with_part, (target, index, g.expr)), t))
            return
        if name in self.buffers or self.storage.root(name) is not None or self.scope_of(name) is not self.scope \
                or not self.is_stable(index):
            self.add_at(self.shadow(name).expr, index, g, t)
            return
        self.scope.parts.setdefault(name, []).append((index, self.pinned(name, g)))

    def is_fixed(self, name: str) -> bool:
        """Is it a tuple of unknown length, or a value about which nothing is known and that nobody changes?"""
        t = self.type(name)
        return (isinstance(t, Top) or (isinstance(t, ListT) and t.cls is tuple)) and name not in self.buffers \
            and self.storage.root(name) is None

    def add_at(self, obj: Expr, index: Expr, g: Symbol, t: Any) -> None:
        """`obj[index] += g`; where an index may repeat, every occurrence counts."""
        if isinstance(t, Num | Top) and self.may_repeat(index):
            self.effect(Apply(np.add.at, (obj, index, g.expr)))
        elif isinstance(t, ListT | DictT) and isinstance(t.elem, SeqT | ListT | DictT):
            old = Apply(operator.getitem, (obj, index))
            self.emit(Store(obj, index, Apply(add_trees, (old, g.expr)), self.back()))
        else:
            self.emit(Update(obj, index, operator.add, g.expr, self.back()))

    def may_repeat(self, index: Expr) -> bool:
        """Is there an array of integers in the index?"""
        parts = index_parts(self.symbol(index).type)
        if parts is None:
            return True
        return any(isinstance(p, ListT | SeqT | list) or (isinstance(p, Num) and p.rank != 0 and p.dtype != "?")
                   for p in parts if p is not Ellipsis)

    # ── taking ──
    def take(self, name: str) -> Symbol:
        """The sum of all contributions to a value that is defined in this scope."""
        if self.is_wild(name):
            return self.object_shadow(name)
        if name in self.buffers:
            buffer = self.buffers.pop(name)
            self.transferable.add(buffer)
            return Symbol(Name(buffer), self.type(name))
        parts, terms = self.pending(name)
        whole = self.sum(name, terms)
        if isinstance(self.type(name), SeqT):
            return self.row(name, whole, parts)
        return whole if not parts else Symbol(Name(self.filled(name, whole, parts)), self.type(name))

    def pending(self, name: str) -> tuple[list[tuple[Any, Symbol]], list[Symbol]]:
        """What waits for a value: in this scope, and around it where a name is read behind the branch that sets it."""
        parts, terms = [], []
        scope: Scope | None = self.scope
        while scope is not None:
            parts = scope.parts.pop(name, []) + parts
            terms = scope.terms.pop(name, []) + terms
            scope = scope.parent
        return parts, terms

    def sum(self, name: str, terms: list[Symbol]) -> Symbol:
        """The sum of contributions, in the order of the forward sweep."""
        if isinstance(self.type(name), SeqT | ListT | DictT):
            result = terms[-1] if terms else ZERO
            for term in reversed(terms[:-1]):
                result = Symbol(Apply(add_trees, (result.expr, term.expr)), self.type(name))
            return result
        return total(terms[::-1])

    def row(self, name: str, whole: Symbol, parts: list[tuple[Any, Symbol]]) -> Symbol:
        """The cotangent of a tuple from those of its items."""
        t = self.type(name)
        assert isinstance(t, SeqT)
        if not parts:
            return whole
        items: list[Any] = [ZERO] * len(t.items)
        for index, g in reversed(parts):
            k = index.value if isinstance(index, Lit) else 0
            items[k] = total([items[k], g])
        filled = [zero_like(Symbol(Apply(operator.getitem, (Name(name), Lit(k))), i)) if is_zero(g) else
                  dense(g, Symbol(Apply(operator.getitem, (Name(name), Lit(k))), i)) for k, (g, i)
                  in enumerate(zip(items, t.items, strict=True))]
        made = lift(tuple(filled))
        return made if is_zero(whole) else Symbol(Apply(add_trees, (whole.expr, made.expr)), t)

    def filled(self, name: str, whole: Symbol, parts: list[tuple[Any, Symbol]]) -> str:
        """A buffer with the sum of what came as a whole and by index; its name."""
        buffer = self.make_buffer(name, whole)
        first = is_zero(whole)
        for index, g in parts:
            if first and isinstance(self.type(name), Num) and not self.may_repeat(index):
                self.emit(Store(Name(buffer), index, g.expr, self.back()))
            else:
                self.add_at(Name(buffer), index, g, self.type(name))
            first = False
        self.transferable.add(buffer)
        return buffer

    def make_buffer(self, name: str, whole: Symbol) -> str:
        """An object of its own that holds the cotangent of a value."""
        buffer = self.fresh(self.bar_stem(name), self.type(name))
        self.emit(Assign(buffer, self.owned(name, whole).expr, self.back()))
        return buffer

    def owned(self, name: str, g: Symbol) -> Symbol:
        """A cotangent at full shape in memory that nobody else knows."""
        if is_zero(g):
            return self.zero(name)
        x = Symbol(Name(name), self.type(name))
        g = dense(g, x) if isinstance(x.type, Num) and x.type.kind == "array" else g
        if isinstance(g.expr, Name):
            return g if g.expr.id in self.transferable else self.copy(g)
        if isinstance(g.expr, Apply):
            rule = registry.find(g.expr.fn)
            if g.expr.fn is np.broadcast_to or (rule is not None and rule.view):
                return self.copy(g)
        return g

    # ── buffers ──
    def scope_of(self, name: str) -> Scope:
        """The scope in which a value is defined (the outermost one for parameters)."""
        scope = self.scope
        while scope.parent is not None and name not in scope.local:
            scope = scope.parent
        return scope

    def buffer(self, name: str) -> Name:
        """The buffer of a value; where there is none yet, one that will exist before the statement being reversed."""
        if name not in self.buffers:
            home = self.scope_of(name)
            if home is self.scope:
                self.buffers[name] = self.materialised(name)
            else:
                self.buffers[name] = self.fresh(self.bar_stem(name), self.type(name))
                self.scope.wanted[name] = self.buffers[name]
        return Name(self.buffers[name])

    def materialised(self, name: str, buffer: str = "") -> str:
        """Write the sum so far into a buffer, in the scope where the value is defined."""
        whole = self.sum(name, self.scope.terms.pop(name, []))
        parts = self.scope.parts.pop(name, [])
        made = self.filled(name, whole, parts)
        if buffer:
            self.emit(Assign(buffer, Name(made), self.back()))
        return buffer or made

    def settle(self, inner: Scope) -> None:
        """Buffers that a block asked for come before the statement that it is in."""
        for name, buffer in inner.wanted.items():
            if self.scope_of(name) is self.scope:
                self.materialised(name, buffer)
            else:
                self.scope.wanted[name] = buffer

    def shadow(self, name: str) -> Symbol:
        """The part of a buffer that belongs to a name: the same view of the buffer."""
        if self.is_wild(name):
            return self.assign(self.bar_stem(name), self.object_shadow(name))
        link = self.storage.links.get(name)
        if name in self.buffers or link is None or self.storage.root(name) is None:
            return Symbol(self.buffer(name), self.type(name))
        found = self.scope.shadows.get(name)
        if found is None:
            found = self.scope.shadows[name] = self.derived(name, link.parent, link.expr)
        return found

    def derived(self, name: str, parent: str, expr: Apply | None) -> Symbol:
        whole = self.shadow(parent)
        if name in self.rows:
            return Symbol(Apply(operator.getitem, (whole.expr, self.rows[name].expr)), self.type(name))
        if expr is None:
            return whole
        made = Symbol(Apply(expr.fn, (whole.expr, *expr.args[1:]), expr.kwargs, expr.form), self.type(name))
        if expr.fn is operator.getitem and not name.partition(".")[0].isidentifier() and isinstance(whole.expr, Name):
            return made
        return self.assign(self.bar_stem(name), made)


def is_display(e: Apply) -> bool:
    """Is it a tuple, list, dict or object put together?"""
    return e.fn in (make_dict, make_tuple, make_list, with_fields, slice) or hasattr(e.fn, "_fields")


def display_items(display: Apply) -> list[tuple[Lit, Expr]]:
    """The items of a display with their keys."""
    if display.fn is make_dict:
        keys = [k if isinstance(k, Lit) else Lit(None) for k in display.args[::2]]
        return list(zip(keys, display.args[1::2], strict=True))
    if display.fn is with_fields:
        return [(Lit(k), v) for k, v in display.kwargs]
    if display.fn in (make_tuple, make_list) or hasattr(display.fn, "_fields"):
        return [(Lit(k), v) for k, v in enumerate(display.args)]
    return []


def _names(expr: Expr) -> list[str]:
    if isinstance(expr, Name):
        return [expr.id]
    return [n for a in expr.args for n in _names(a)] if isinstance(expr, Apply) else []


