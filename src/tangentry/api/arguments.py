"""Arguments: which are differentiated, and whether they can be."""
from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ..errors import ArgumentError
from ..normalise.reading import host_parameters
from ..syntax import Callee, is_transform, peel
from ..trees import is_active_leaf, is_tree, leaves

Argnums = int | str | tuple[int | str, ...] | list[int | str]


def parameters(callee: Callee, count: int, keywords: Sequence[str]) -> list[inspect.Parameter]:
    """The parameters that a caller still has to give."""
    try:
        whole = inspect.signature(callee.function, follow_wrapped=False)
    except (TypeError, ValueError):
        whole = None
    if whole is None or not (callee.is_python or is_transform(callee.function)):
        names = host_parameters(callee.function, count + len(callee.bound))[len(callee.bound):]
        kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
        return [inspect.Parameter(n, kind) for n in [*names, *keywords][: count + len(keywords)]]
    rest = list(whole.parameters.values())[len(callee.bound):]
    return [p for p in rest if p.name not in callee.keywords]


def selected(function: Any, argnums: Argnums, args: Sequence[Any], kwargs: Mapping[str, Any]) -> tuple[str, ...]:
    """The names of the differentiated parameters.

    Raises ArgumentError for numbers and names that the function does not have.
    """
    callee = peel(function)
    found = parameters(callee, len(args), list(kwargs))
    positional = [p.name for p in found if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    every = [p.name for p in found if p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)]
    wanted = argnums if isinstance(argnums, tuple | list) else (argnums,)
    return tuple(_name(w, positional, every, function) for w in wanted)


def _name(wanted: Any, positional: list[str], every: list[str], function: Any) -> str:
    what = getattr(function, "__name__", repr(function))
    if isinstance(wanted, str):
        if wanted not in every:
            raise ArgumentError(f"{what}() has no parameter {wanted!r}", f"its parameters are {', '.join(every)}")
        return wanted
    if isinstance(wanted, bool) or not isinstance(wanted, int | np.integer):
        raise ArgumentError(f"argnums must be integers or names, not {wanted!r}")
    if not -len(positional) <= wanted < len(positional):
        raise ArgumentError(f"argnums={wanted} is out of range: {what}() has {len(positional)} positional parameters",
                            f"they are {', '.join(positional)}" if positional else "")
    return positional[wanted]


def check_differentiable(function: Any, names: Sequence[str], values: Mapping[str, Any]) -> None:
    """Raise ArgumentError for an argument that has nothing to differentiate."""
    what = getattr(function, "__name__", repr(function))
    for name in names:
        value = values[name]
        if is_tree(value):
            if not any(is_active_leaf(leaf) for _, leaf in leaves(value)):
                raise ArgumentError(f"the argument {name!r} of {what}() holds no float or float array")
        elif not is_active_leaf(value):
            raise ArgumentError(f"the argument {name!r} of {what}() is {_describe(value)}, which has no derivative",
                                _remedy(name, value))


def _describe(value: Any) -> str:
    if isinstance(value, np.ndarray):
        return f"an array of dtype {value.dtype}"
    if value is None:
        return "None"
    kind = type(value).__name__
    return f"{'an' if kind[0] in 'aeiou' else 'a'} {kind} ({value!r})" if len(repr(value)) < 40 else f"of type {kind}"


def _remedy(name: str, value: Any) -> str:
    if isinstance(value, bool | np.bool_) or value is None or isinstance(value, str):
        return "choose another argument with argnums"
    if isinstance(value, int | np.integer):
        return f"pass {name}={float(value)!r}"
    if isinstance(value, np.ndarray):
        return f"pass {name}.astype(float)"
    return "choose another argument with argnums"

