"""Making and copying nodes of the tree."""
from __future__ import annotations

from typing import Any

import gast


def clone(node: Any, **changes: Any) -> Any:
    """A shallow copy of a tree node with some fields changed."""
    fields = {name: getattr(node, name, None) for name in node._fields}
    return gast.copy_location(type(node)(**{**fields, **changes}), node)


def _name(id: str, at: Any, ctx: Any) -> Any:
    return gast.copy_location(gast.Name(id, ctx, None, None), at)


def assign(id: str, value: Any, at: Any) -> Any:
    """`id = value` at the place of another node."""
    return gast.copy_location(gast.Assign([_name(id, at, gast.Store())], value, None), at)


def constant(value: Any, at: Any) -> Any:
    """A literal at the place of another node."""
    return gast.copy_location(gast.Constant(value, None), at)


def load(id: str, at: Any) -> Any:
    """A variable at the place of another node."""
    return _name(id, at, gast.Load())
