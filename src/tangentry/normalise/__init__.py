"""gast → Program: the only place that knows Python's breadth."""
from .reading import Out, Reading, read

__all__ = ["Out", "Reading", "read"]
