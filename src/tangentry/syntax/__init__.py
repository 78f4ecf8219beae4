"""From a live callable to its exact source: `peel` takes the wrappers off, `source_of` finds and verifies the text."""
from .callables import Callee, is_transform, peel
from .locate import Source, source_of

__all__ = ["Callee", "Source", "is_transform", "peel", "source_of"]
