"""What has syntax of its own in Python, as functions: the `fn` of an `Apply` that prints as a display, a call, a method.

Each can be called, so that every program can be run as it stands.
"""
from __future__ import annotations

import operator
from dataclasses import dataclass
from typing import Any


def make_tuple(*items: Any) -> tuple[Any, ...]:
    """`(a, b)`."""
    return items


def make_list(*items: Any) -> list[Any]:
    """`[a, b]`."""
    return list(items)


def make_set(*items: Any) -> set[Any]:
    """`{a, b}`."""
    return set(items)


def make_dict(*pairs: Any) -> dict[Any, Any]:
    """`{k: v, …}` from k, v, k, v …"""
    return dict(zip(pairs[::2], pairs[1::2], strict=True))


def fstring(*parts: Any) -> str:
    """An f-string: text parts and `formatted` values."""
    return "".join(parts)


def formatted(value: Any, conversion: str, spec: str) -> str:
    """`{value!conversion:spec}`."""
    return format({"": lambda v: v, "r": repr, "s": str, "a": ascii}[conversion](value), spec)


def ifexp(test: Any, then: Any, orelse: Any) -> Any:
    """`then if test else orelse`; only printed, since a call would evaluate both."""
    return then if test else orelse


def and_(a: Any, b: Any) -> Any:
    """`a and b`."""
    return a and b


def or_(a: Any, b: Any) -> Any:
    """`a or b`."""
    return a or b


def call(function: Any, *args: Any, **kwargs: Any) -> Any:
    """A call of a value: `function(*args, **kwargs)`."""
    return function(*args, **kwargs)


def assert_(test: Any, message: Any = None) -> None:
    """The statement `assert test, message`."""
    assert test, message


def star(value: Any) -> Any:
    """`*value` in a call or a display; only printed."""
    return value


def delete(obj: Any, index: Any) -> None:
    """`del obj[index]`."""
    del obj[index]


def set_variable(variable: Any, value: Any) -> None:
    """`variable = value` for a global or closure variable of the user's; only printed."""
    raise NotImplementedError


def is_(a: Any, b: Any) -> bool:
    """`a is b`."""
    return a is b


def is_not(a: Any, b: Any) -> bool:
    """`a is not b`."""
    return a is not b


def in_(a: Any, b: Any) -> bool:
    """`a in b`."""
    return operator.contains(b, a)


def not_in(a: Any, b: Any) -> bool:
    """`a not in b`."""
    return not operator.contains(b, a)


@dataclass(frozen=True, slots=True)
class Method:
    """A method found by its name when the program runs: `receiver.name(*args)`."""

    name: str

    def __call__(self, receiver: Any, *args: Any, **kwargs: Any) -> Any:
        return getattr(receiver, self.name)(*args, **kwargs)


DISPLAYS = {make_tuple, make_list}
BINARY = {operator.add: "+", operator.sub: "-", operator.mul: "*", operator.truediv: "/", operator.floordiv: "//",
          operator.mod: "%", operator.pow: "**", operator.matmul: "@", operator.and_: "&", operator.or_: "|",
          operator.xor: "^", operator.lshift: "<<", operator.rshift: ">>"}
COMPARE = {operator.lt: "<", operator.le: "<=", operator.gt: ">", operator.ge: ">=", operator.eq: "==",
           operator.ne: "!=", is_: "is", is_not: "is not", in_: "in", not_in: "not in"}
UNARY = {operator.neg: "-", operator.pos: "+", operator.invert: "~", operator.not_: "not"}
