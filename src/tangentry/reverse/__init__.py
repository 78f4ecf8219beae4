"""Reverse mode: Program → adjoint Program. See `sweep.py`."""
from .sweep import reverse

__all__ = ["reverse"]
