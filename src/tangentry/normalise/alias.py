"""Who may share memory with whom while a program is read: classes of names, merged and never split.

A class is *tainted* when something that depends on the differentiated inputs was written into it, and *shared* when more
than one name can reach the object, so that an in-place operator on it must stay one. Containers made at run time have
a class for what they hold, and the type of it.
"""
from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from ..types import BOTTOM, DictT, ListT, Type, join, same_type


class Aliases:
    """Union-find over names."""

    def __init__(self) -> None:
        self.parent: dict[str, str] = {}
        self.tainted: set[str] = set()
        self.shared: set[str] = set()
        self.contents: dict[str, str] = {}
        self.elements: dict[str, Type] = {}

    def find(self, name: str) -> str:
        """The representative of a name's class."""
        parent = self.parent
        while (up := parent.get(name, name)) != name:
            parent[name] = parent.get(up, up)
            name = up
        return name

    def union(self, a: str, b: str) -> None:
        """The two names may share memory."""
        a, b = self.find(a), self.find(b)
        if a == b:
            return
        self.parent[b] = a
        for marks in (self.tainted, self.shared):
            if b in marks:
                marks.discard(b)
                marks.add(a)
        if b in self.elements:
            self.hold(a, self.elements.pop(b))
        if b in self.contents:
            inner = self.contents.pop(b)
            self.union(self.content(a), inner)

    def taint(self, name: str) -> None:
        """Something that depends on the inputs was written into the object."""
        self.tainted.add(self.find(name))

    def share(self, name: str) -> None:
        """The object can be reached by another way than this name."""
        self.shared.add(self.find(name))

    def is_tainted(self, name: str) -> bool:
        return self.find(name) in self.tainted

    def is_shared(self, name: str) -> bool:
        return self.find(name) in self.shared

    def content(self, name: str) -> str:
        """The class of what a container holds."""
        root = self.find(name)
        if root not in self.contents:
            self.contents[root] = f"{root}[]"
        return self.find(self.contents[root])

    def hold(self, name: str, element: Type) -> None:
        """A container holds an element of this type."""
        root = self.find(name)
        old = self.elements.get(root, BOTTOM)
        new = join(old, element)
        if not same_type(new, old):
            self.elements[root] = new

    def element(self, name: str, otherwise: Type) -> Type:
        """The type of what a container holds."""
        return self.elements.get(self.find(name), otherwise)

    def settled(self, name: str, t: Type) -> Type:
        """The type of a container with what it (and what is in it) was found to hold."""
        if not isinstance(t, ListT | DictT):
            return t
        inner = self.element(name, t.elem)
        if isinstance(inner, ListT | DictT) and self.find(name) in self.contents:
            inner = self.settled(self.content(name), inner)
        return replace(t, elem=inner)

    def marks(self, names: Iterable[str]) -> list[object]:
        """All that is known of some names: what a loop's further reading has to leave as it is."""
        roots = [self.find(n) for n in names]
        inner = [self.find(self.contents[r]) for r in roots if r in self.contents]
        return [(r in self.tainted, r in self.shared, self.elements.get(r)) for r in (*roots, *inner)]
