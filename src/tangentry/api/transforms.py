"""The transforms: `grad`, `value_and_grad`, `jvp`, `vjp`, `derivative`."""
from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, overload
from weakref import WeakKeyDictionary

from ..errors import ArgumentError
from .arguments import Argnums
from .derivative import Derivative

_known: WeakKeyDictionary[Any, dict[Any, Any]] = WeakKeyDictionary()


def remembered(function: Any, key: Any, make: Callable[[], Any]) -> Any:
    """What was made of a function before, as long as the function lives."""
    try:
        return _known.setdefault(function, {}).setdefault(key, None) or _store(function, key, make())
    except TypeError:  # not hashable, or without weak references
        return make()


def _store(function: Any, key: Any, value: Any) -> Any:
    _known[function][key] = value
    return value


@overload
def grad(f: Callable[..., Any], argnums: Argnums = 0, *, has_aux: bool = False) -> Derivative: ...
@overload
def grad(f: None = None, argnums: Argnums = 0, *, has_aux: bool = False) -> Callable[[Callable[..., Any]], Derivative]: ...
def grad(f: Any = None, argnums: Argnums = 0, *, has_aux: bool = False) -> Any:
    """The gradient of a function whose result is one real number.

    Arguments:
        f: the function; without it, a decorator is returned.
        argnums: which arguments to differentiate by: a number, a name, or a tuple of these (then a tuple is returned).
        has_aux: `f` returns `(value, aux)`, and the gradient function `(gradient, aux)`.

    Returns:
        A function of the same arguments; a gradient has the structure, shape and dtype of its argument.

    For complex arguments the gradient is ∂f/∂Re − i ∂f/∂Im.

    >>> import tangentry as tg
    >>> tg.grad(lambda x: x * x)(3.0)
    6.0
    """
    if f is None:
        return lambda function: grad(function, argnums, has_aux=has_aux)
    return Derivative(f, "grad", argnums, has_aux)


def value_and_grad(f: Callable[..., Any], argnums: Argnums = 0, *, has_aux: bool = False) -> Derivative:
    """The value of a function together with its gradient.

    >>> import tangentry as tg
    >>> tg.value_and_grad(lambda x: x * x)(3.0)
    (9.0, 6.0)
    """
    return Derivative(f, "value_and_grad", argnums, has_aux)


def derivative(f: Callable[..., Any]) -> Derivative:
    """The derivative of a function of one number; nests to any order.

    >>> import tangentry as tg
    >>> tg.derivative(tg.derivative(lambda x: x**3))(2.0)
    12.0
    """
    return grad(f)


def jvp(f: Callable[..., Any], primals: Any, tangents: Any, *, has_aux: bool = False) -> tuple[Any, ...]:
    """The value of a function and its derivative in a direction (forward mode).

    Arguments:
        f: the function.
        primals: the point, a tuple of arguments.
        tangents: the direction, a tuple of the same structure; None for arguments without derivative.

    Returns:
        `(value, tangent)`, or `(value, tangent, aux)` with `has_aux`.

    >>> import tangentry as tg
    >>> tg.jvp(lambda x, y: x * y, (2.0, 3.0), (1.0, 0.0))
    (6.0, 3.0)
    """
    primals, tangents = as_row(primals), as_row(tangents)
    if len(primals) != len(tangents):
        raise ArgumentError(f"{len(primals)} primals but {len(tangents)} tangents")
    active = tuple(k for k, t in enumerate(tangents) if t is not None)
    made = remembered(f, ("jvp", active, has_aux), lambda: Derivative(f, "jvp", active, has_aux))
    variant = made.variant(*primals)
    names = [p.name for p in variant.reading.program.params]
    dots = {f"{names[k]}_dot": tangents[k] for k in active}
    return variant.function(*primals, **dots)  # type: ignore[no-any-return]


def as_row(values: Any) -> Sequence[Any]:
    """Primals as a row; a single one may stand without its tuple."""
    return values if isinstance(values, tuple | list) else (values,)
