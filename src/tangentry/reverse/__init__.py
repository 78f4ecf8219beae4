"""Reverse mode: Program → adjoint Program. See `sweep.py`."""
from .sweep import Adjoint, reverse

__all__ = ["Adjoint", "reverse"]
