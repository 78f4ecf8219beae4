"""Straight lines on numbers: operators, functions, versions of a name, conditional expressions."""
import math
import operator

import numpy as np

from .cases import case


@case(2.0, 5.0)
def lecture(x1, x2):
    return np.log(x1) + x1 * x2 - np.sin(x2)


@case(2.0, 5.0)
def lecture_math(x1, x2):
    return math.log(x1) + x1 * x2 - math.sin(x2)


@case(1.3)
def reused_name(x):
    x = x * x
    x = x + 1.0
    x = x * x * x
    return x


@case(1.3, 0.4)
def swap(x, y):
    x, y = y, x
    x, y = x * y, x + y
    return x - 2 * y


@case(1.3, 0.4, -0.7)
def rotate_three(a, b, c):
    a, b, c = b, c, a
    a, b, c = a * b, b * c, c * a
    return a + 2 * b + 3 * c


@case(1.7)
def powers(x):
    return x**2 + x**3 - x**0.5 + x**-1 + x**1 + x**0 + 2.0**x


@case(1.7, 2.3)
def power_of_both(x, y):
    return x**y + y**x


@case(0.0, order=1)
def power_at_zero(x):
    return x**2 + 3 * x**1 + x**3


@case(-1.5)
def negative_base(x):
    return x**3 + x**2


@case(1.7, 0.9)
def division(x, y):
    return x / y + 1 / x - y / (x + y) + x / 3


@case(7.3, 2.0, order=1)
def modulo(x, y):
    return x % y + x * 0.5 + (x // y) * y


@case(0.4)
def unary(x):
    return -x + +x * 2 - (-(-x)) + abs(x) * x


@case(-0.4)
def absolute(x):
    return abs(x) * x + math.fabs(x) + np.abs(x)


@case(0.3)
def math_functions(x):
    return (math.exp(x) + math.sin(x) * math.cos(x) + math.tan(x) + math.sqrt(x) + math.log1p(x) + math.expm1(x)
            + math.asin(x) + math.acos(x) + math.atan(x) + math.sinh(x) + math.cosh(x) + math.tanh(x) + math.asinh(x)
            + math.atanh(x) + math.acosh(x + 1.5) + math.log10(x) + math.log2(x) + math.degrees(x) * math.radians(x))


@case(0.3, 0.8)
def math_binary(x, y):
    return math.atan2(x, y) + math.pow(x, y) + math.hypot(x, y) + math.log(x, 3.0) + math.copysign(x, -y)


@case(0.3, 0.8)
def operator_functions(x, y):
    return operator.add(x, y) * operator.mul(x, 2) - operator.truediv(x, y) + operator.neg(x) + operator.pow(x, 2)


@case(1.2)
def constants(x):
    return math.pi * x + np.e * x**2 + math.tau


@case(0.7, 0.2)
def conditional_expression(x, y):
    return (x * y if x > y else x + y) + (x if x < y else y * y)


@case(0.7)
def nested_conditional(x):
    return x if x < 0 else x * x if x < 0.5 else x**3 if x < 1 else 0.0


@case(0.7, -0.2)
def and_or_values(x, y):
    return (x and y) * 2 + (x or y) * 3 + (0.0 or x) + (1.0 and y * x)


@case(0.5)
def chained_comparison(x):
    return x * x if 0 < x < 1 else -x


@case(0.5, 1.5)
def guard_of_division(x, y):
    z = x / y if y != 0 and x / y < 10 else 0.0
    return z * x


@case(0.5)
def walrus(x):
    return (y := x * x) + y * (z := y + 1) + z


@case(0.5)
def walrus_in_test(x):
    if (y := x * 2) > 0.5:
        return y * x
    return x


@case(0.5, 3)
def integer_argument(x, n):
    return x**n + n * x + x * (n // 2) + n % 2


@case(0.5, True)
def boolean_argument(x, flag):
    return x * x if flag else x


@case(0.5, "square")
def string_argument(x, how):
    return x * x if how == "square" else x


@case(0.5, None)
def none_argument(x, shift):
    return x * x + (0.0 if shift is None else shift)


@case(0.5, k=3)
def keyword_argument(x, k=2):
    return x**k


@case(0.5)
def default_argument(x, k=2, *, scale=3.0):
    return scale * x**k


@case(0.5)
def unused_values(x):
    y = x * 5
    z = math.sin(y)
    w = z * z  # noqa: F841
    return x * x


@case(0.5)
def chained_assignment(x):
    a = b = x * x
    c: float = a * b
    c += a
    return c


@case(0.5)
def augmented(x):
    y = x
    y += x * x
    y -= 0.5
    y *= x
    y /= 2.0
    y **= 2
    return y


@case(1.5)
def exact_one(x):
    return 1.0 * x + x * 1 + 0.0 + x - 0.0 + x / 1.0


@case(0.3)
def deep_expression(x):
    return ((((x * 2 + 1) * x - 3) * x + 4) * x - 5) * x


@case(0.3 + 0.0, -0.2)
def min_max_python(x, y):
    return max(x, y) * 2 + min(x, y) * 3 + max(x, 0.1, y)


@case(np.float64(0.3))
def numpy_scalar(x):
    return x * x + np.sin(x)


@case(0.6)
def tuple_result_inside(x):
    pair = (x, x * x)
    a, b = pair
    (c, d), e = (pair, a * b)
    return a + b * c + d * e + pair[0] + pair[-1]


@case(0.6)
def float_call(x):
    return float(x) * 2 + float(x * x)


@case(0.63)
def round_is_flat(x):
    return x * round(x) + int(x * 10) * x + math.floor(x) + math.ceil(x) * x


@case(0.4)
def string_formatting(x):
    name = f"x is {x:.3f}"
    label = "value: " + str(x) + name
    return x * len(label[:3])


@case(0.4, order=1)
def logistic_one_liners(x):
    sigmoid = lambda t: 1.0 / (1.0 + np.exp(-t))  # noqa: E731
    relu = lambda t: t * (t > 0)  # noqa: E731
    softplus = lambda t: np.log(1 + np.exp(t))  # noqa: E731
    leaky = lambda t: t * (t > 0) + 0.1 * t * (t < 0)  # noqa: E731
    elu = lambda t: t * (t > 0) + 0.2 * (np.exp(t) - 1) * (t < 0)  # noqa: E731
    return sigmoid(x) + relu(x) + softplus(x) + leaky(-x) + elu(-x)


@case(3, 2.0)
def integer_and_float(n, x):
    total = 0
    total = total + n
    total = total + x * n
    return total
