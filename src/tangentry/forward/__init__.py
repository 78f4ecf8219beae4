"""Forward mode: Program → tangent Program. See `statements.py`."""
from .statements import forward

__all__ = ["forward"]
