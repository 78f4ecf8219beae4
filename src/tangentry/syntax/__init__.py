"""From a live callable to its exact source: `peel` takes the wrappers off, `source_of` finds and verifies the text."""
from .callables import Callee, peel
from .locate import Source, source_of

__all__ = ["Callee", "Source", "peel", "source_of"]
