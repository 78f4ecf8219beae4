"""gast → Program: the only place that knows Python's breadth."""
from . import recursion as _recursion
from .reading import Out, Reading, read

del _recursion
__all__ = ["Out", "Reading", "read"]
