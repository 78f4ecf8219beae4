"""Imports every file of rules, which fills the table in `registry`."""
from . import elementwise, helpers, indexing, products, reductions, shaping

__all__ = ["elementwise", "helpers", "indexing", "products", "reductions", "shaping"]
