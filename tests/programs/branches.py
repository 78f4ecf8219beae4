"""Branches: which variables they bind, overwrite and yield."""
import math

import numpy as np

from .cases import case


@case(1.3)
@case(-1.3)
def early(x):
    if x > 0:
        y = x * x
        return y * 3.0
    return math.sin(x) * x


@case(0.3)
@case(0.8)
@case(2.5)
def elif_chain(x):
    if x < 0.5:
        y = x * x
    elif x < 1.0:
        y = math.sin(x)
    elif x < 2.0:
        y = 3 * x
    else:
        y = math.exp(-x)
    return y * x


@case(0.3)
def overwrites_own_condition(x):
    flag = x
    if flag < 1:
        flag = flag * 3
        x = x * flag
    if flag < 1:
        x = x * 100
    return x * flag


@case(0.3)
@case(1.3)
def bound_in_one_branch(x):
    if x > 1:
        y = x * x
    z = x
    if x > 1:
        z = y * 2
    return z


@case(0.3)
def only_then(x):
    if x < 1:
        x = x * 2
        x = x * x
    return x


@case(0.3, 0.6)
def nested(x, y):
    if x > 0:
        if y > 0:
            if x > y:
                return x
            z = x * y
        else:
            z = x
    else:
        z = y
    return z * z


@case(0.3)
def several_returns(x):
    if x > 1:
        return x
    if x > 0.5:
        return x * x
    if x > 0.2:
        return x**3
    return 0.0


@case(0.3)
def return_in_else(x):
    y = x * 2
    if x > 1:
        y = y * y
    else:
        return y * x
    return y


@case(-2.0)
def return_constant(x):
    if x < 0:
        return 0.0
    return x


@case(0.3)
def untaken_side_raises(x):
    if x > 1:
        y = math.sqrt(x - 1)
    else:
        y = x
    return y * 2


@case(0.3)
def condition_on_array(x):
    a = np.array([x, x * 2, -x])
    if a.sum() > 0:
        return (a * a).sum()
    return a[0]


@case(np.array([0.3, -0.2, 0.9]))
def any_all(x):
    if np.any(x < 0) and not np.all(x < 0):
        return np.sum(x * x)
    return np.sum(x)


@case(0.3, None)
@case(0.3, 2.0)
def optional(x, scale):
    if scale is None:
        scale = 1.5
    return x * scale * x


@case(0.3)
@case(np.array([0.3, 0.4]))
def by_type(x):
    if isinstance(x, float):
        return x * x
    if isinstance(x, np.ndarray) and x.ndim == 1:
        return np.sum(x**3)
    raise TypeError("neither")


@case(0.3)
def guard_raises(x):
    if x < 0:
        raise ValueError("negative")
    return math.sqrt(x)


@case(0.3)
def asserted(x):
    assert x > 0, f"not positive: {x}"
    return math.log(x)


@case(0.3)
def mixed_types(x):
    if x > 1:
        y = 1
    else:
        y = x * x
    return y * x


@case(0.3)
def function_by_branch(x):
    f = math.sin if x > 0 else math.cos
    return f(x) * 2


@case(0.3)
def lambda_by_branch(x):
    if x > 1:
        f = lambda t: t * t  # noqa: E731
    else:
        f = lambda t: t * t * t  # noqa: E731
    return f(x) + f(2 * x)


@case(0.3)
def tuple_by_branch(x):
    pair = (x, 1.0) if x < 1 else (1.0, x)
    return pair[0] * 2 + pair[1] * 3


@case(np.array([0.3, -1.2, 0.4]))
def branch_in_helper(x):
    def positive(t):
        if t > 0:
            return t * t
        return -t

    return positive(x[0]) + positive(x[1]) + positive(x[2])


@case(0.4)
def match_statement(x):
    match "cube":
        case "square":
            y = x * x
        case "cube":
            y = x**3
        case _:
            y = x
    return y


@case(0.4, 2)
def match_number(x, n):
    match n:
        case 1:
            return x
        case 2 | 3:
            return x * x * n
        case _:
            return 0.0


@case(0.4)
def not_and_or(x):
    a = not (x > 1)
    b = a or x < 0
    c = a and not b
    return x * x if b and not c else x


@case(0.4)
def returns_inside_both(x):
    if x > 0:
        if x > 1:
            return x
        else:
            return x * x
    else:
        return -x


@case(0.4)
def repeated_test(x):
    y = 0.0
    if x > 0:
        y = y + x
    if x > 0:
        y = y * x
    if x > 0.1:
        y = y + x * x
    return y


@case(np.array([1.0, 2.0]), order=1)
def array_or_scalar(x):
    y = 0.0
    if x[0] > 0:
        y = y + x
    return np.sum(y * x)
