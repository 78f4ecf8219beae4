"""Functions that stay functions: recursive ones, whose calls cannot be read in place.

An `Outline` is what a call of such a function applies. Its derivative programs are outlines again, made once for each choice
of differentiated parameters and named before their bodies are written, so that recursion needs nothing more.
"""
from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from .program import Block, Program
from .types import Type


@dataclass(eq=False)
class Outline:
    """A function of the generated program. `program` returns flat leaves; a call yields a tuple of them (or the one).

    `active`: in a derivative program, which parameters of the primal it is for.
    """

    name: str
    program: Program = field(default_factory=lambda: Program("", (), Block(())))
    out_types: tuple[Type, ...] = ()
    out: Any = None
    captured: list[Any] = field(default_factory=list)
    complete: bool = False
    derived: dict[Any, Outline] = field(default_factory=dict)

    @property
    def __name__(self) -> str:
        return self.name

    def __repr__(self) -> str:
        return f"<outline {self.name}>"

    def __call__(self, *args: Any) -> Any:
        raise NotImplementedError("an outline is run by the text that is written for it")
