"""How a program refers to the outside: names that the user's function sees already, and names that are handed in."""
from __future__ import annotations

import builtins
import math
import operator
import sys
import types
from typing import Any

import numpy as np

from ..optimise.names import unused
from ..program import Ref

_LIBRARIES: dict[str, Any] = {"np": np, "math": math, "operator": operator}


class Scope:
    """The names of one generated function.

    `globals` are those of the user's function, `cells` its closure. `given` collects what is handed in under a name:
    objects, or cells of other functions.
    """

    def __init__(self, globals: dict[str, Any], cells: dict[str, Any], taken: set[str],
                 given: dict[str, Any] | None = None) -> None:
        self.globals, self.cells, self.taken, self.local = globals, cells, set(taken), set(taken)
        self.given: dict[str, Any] = {} if given is None else given
        self.given_cells: dict[str, types.CellType] = {}
        self.known: dict[int, tuple[str, Any]] = {}
        self.written_globals: list[str] = []
        self.written_cells: list[str] = []

    def text(self, ref: Ref) -> str:
        """The text that stands for a reference."""
        if isinstance(ref.home, dict):
            return self._global(ref)
        if isinstance(ref.home, types.CellType):
            return self._cell(ref)
        if ref.text and self._sees(ref.text) is ref.value:
            return ref.text
        return self.object(ref.value, ref.text)

    def _sees(self, text: str) -> Any:
        """What a text stands for in the user's function."""
        root, *path = text.split(".")
        if root in self.taken:
            return Scope
        value = self._root(root)
        for part in path:
            value = getattr(value, part, Scope)
        return value

    def _root(self, root: str) -> Any:
        if root in self.given:
            return self.given[root]
        if root in self.cells:
            try:
                return self.cells[root].cell_contents
            except ValueError:
                return Scope
        return self.globals.get(root, getattr(builtins, root, Scope))

    def _global(self, ref: Ref) -> str:
        if ref.home is self.globals and ref.text not in self.taken:
            return ref.text
        module = sys.modules.get(ref.home.get("__name__", ""))
        if module is None or vars(module) is not ref.home:
            module = types.SimpleNamespace()
            module.__dict__ = ref.home  # type: ignore[assignment]
        return f"{self.object(module, getattr(module, '__name__', 'scope').rpartition('.')[2])}.{ref.text}"

    def _cell(self, ref: Ref) -> str:
        if self.cells.get(ref.text) is ref.home:
            return ref.text
        for name, cell in self.given_cells.items():
            if cell is ref.home:
                return name
        name = unused(ref.text, self.taken | set(self.globals) | set(self.cells) | set(self.given))
        self.given_cells[name] = ref.home
        self.taken.add(name)
        return name

    def object(self, value: Any, preferred: str = "") -> str:
        """A name for an object: by its library where it has one, else handed in."""
        found = self.known.get(id(value))
        if found is None:
            found = self.known[id(value)] = self._new(value, preferred), value
        return found[0]

    def _new(self, value: Any, preferred: str) -> str:
        name = getattr(value, "__name__", "")
        if isinstance(value, types.ModuleType):
            return self.library(preferred or name, value)
        if name and getattr(builtins, name, None) is value and name not in self.globals and name not in self.taken:
            return str(name)
        for short, module in _LIBRARIES.items():
            if name and getattr(module, name, None) is value:
                return f"{self.library(short, module)}.{name}"
        dotted = self._submodule(value, name)
        if dotted:
            return dotted
        stem = (preferred or name).rpartition(".")[2]
        return self._hand_in(stem if stem.isidentifier() else "value", value)

    def _submodule(self, value: Any, name: str) -> str:
        """`np.linalg.norm`, `special.erf`."""
        path = str(getattr(value, "__module__", "") or "")
        for prefix, module in (("linalg", np.linalg), ("fft", np.fft)):
            if name and getattr(module, name, None) is value:
                return f"{self.library('np', np)}.{prefix}.{name}"
        ufunc = getattr(value, "__self__", None)
        if isinstance(ufunc, np.ufunc):
            return f"{self.object(ufunc)}.{name}"
        owner = getattr(value, "__objclass__", None)
        if owner is np.ndarray:
            return f"{self.library('np', np)}.ndarray.{name}"
        if owner is not None and getattr(builtins, owner.__name__, None) is owner:
            return f"{owner.__name__}.{name}"
        top = path.split(".")
        if top[0] == "scipy" and len(top) > 1:
            public = sys.modules.get(".".join(top[:2]))
            if public is not None and getattr(public, name, None) is value:
                return f"{self.library(top[1], public)}.{name}"
        return ""

    def library(self, short: str, module: Any) -> str:
        """The name of a module: the user's own one where there is one."""
        if short not in self.taken and self._root(short) is module:
            return short
        for name, value in self.globals.items():
            if value is module and name not in self.taken and not name.startswith("_"):
                return name
        return self._hand_in(short.rpartition(".")[2], module)

    def _hand_in(self, stem: str, value: Any) -> str:
        for name, given in self.given.items():
            if given is value and name not in self.local:
                return name
        shadowed = {n for n in (stem,) if n in self.globals or n in self.cells or hasattr(builtins, n)}
        name = unused(stem, self.taken | set(self.given) | shadowed)
        self.given[name] = value
        self.taken.add(name)
        return name
