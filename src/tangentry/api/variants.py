"""Generated functions by signature: made on the first call, kept with their guards."""
from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..emit.text import Text
from ..guard import guard
from ..load import load
from ..normalise import Reading
from ..pipeline import environment
from ..rules import registry
from ..types import Num, SeqT, type_of

LIMIT = 64
"""Variants kept of one derivative; the oldest is dropped."""


@dataclass(frozen=True)
class Variant:
    """One generated function, with the test that a call fits it."""

    accepts: Callable[..., bool]
    functions: Mapping[str, Callable[..., Any]]
    texts: tuple[Text, ...]
    reading: Reading

    def __post_init__(self) -> None:
        object.__setattr__(self, "function", self.functions[self.texts[0].name])

    function: Callable[..., Any] = field(init=False)

    @property
    def source(self) -> str:
        return "\n\n".join(t.text for t in self.texts)


@dataclass
class Variants:
    """The variants of one derivative; `make` writes one for given arguments."""

    make: Callable[[Sequence[Any], Mapping[str, Any]], tuple[Sequence[Text], Reading]]
    known: tuple[Variant, ...] = ()
    by_key: dict[Any, Variant] = field(default_factory=dict)
    version: int = -1
    lock: Any = field(default_factory=threading.RLock)
    hits: int = 0
    misses: int = 0

    def call(self, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
        """Call the variant that fits, made now where there is none."""
        return self.find(args, kwargs).function(*args, **kwargs)

    def find(self, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Variant:
        """The variant for these arguments."""
        if self.version == registry.version:
            for variant in self.known:
                if variant.accepts(*args, **kwargs):
                    return variant
        with self.lock:
            return self._missed(args, kwargs)

    def _missed(self, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Variant:
        if self.version != registry.version:
            self.known, self.by_key, self.version = (), {}, registry.version
        for variant in self.known:  # another thread may have made it meanwhile
            if variant.accepts(*args, **kwargs):
                return variant
        self.misses += 1
        variant = self.made(args, kwargs)
        self.known = (variant, *self.known)[:LIMIT]
        return variant

    def made(self, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Variant:
        """Write and load the program for these arguments."""
        texts, reading = self.make(args, kwargs)
        globals, cells = environment(reading)
        test = guard(reading.program, reading.facts.items, globals, cells)
        return Variant(test, load(texts, globals), tuple(texts), reading)


def key_of(value: Any) -> Any:
    """What a signature records of a value."""
    t = type_of(value)
    if isinstance(t, Num):
        return t.kind, t.dtype, t.rank, tuple(d == 1 for d in t.dims or ())
    return (t.cls, tuple(map(key_of, value))) if isinstance(t, SeqT) else t
