"""Program → text."""
from .text import emit_function

__all__ = ["emit_function"]
