"""Functions that stay functions: recursive ones, whose calls cannot be read in place.

An `Outline` is what a call of such a function applies. Its derivative programs are outlines again, made once for each choice
of differentiated parameters and named before their bodies are written, so that recursion needs nothing more.
"""
from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from .program import Block, Names, Program
from .types import Type


@dataclass(frozen=True)
class Summary:
    """What a call does besides yielding values.

    `writes`: the positions of the arguments that it changes; `shares`: for each leaf of the result the positions whose memory
    it may share; `pure`: nothing else happens.
    """

    writes: frozenset[int] = frozenset()
    shares: tuple[frozenset[int], ...] = ()
    pure: bool = True


@dataclass(eq=False)
class Outline:
    """A function of the generated program. `program` returns flat leaves; a call yields a tuple of them (or the one).

    `examples`: a live value for each parameter that is a container from outside.
    """

    name: str
    program: Program = field(default_factory=lambda: Program("", (), Block(())))
    out_types: tuple[Type, ...] = ()
    out: Any = None
    captured: list[Any] = field(default_factory=list)
    complete: bool = False
    examples: dict[str, Any] = field(default_factory=dict)
    names: Names = field(default_factory=Names)
    summary: Summary | None = None
    derived: dict[Any, Any] = field(default_factory=dict)

    @property
    def __name__(self) -> str:
        return self.name

    def __repr__(self) -> str:
        return f"<outline {self.name}>"

    def __call__(self, *args: Any) -> Any:
        raise NotImplementedError("an outline is run by the text that is written for it")
