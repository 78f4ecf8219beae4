"""Calls of the user's own functions: helpers, closures, recursion, functions as values."""
import functools
import math
import operator

import numpy as np

from .cases import case

K = 3.0
TABLE = np.array([0.5, 1.5, 2.5])
V = np.array([0.3, -0.2, 0.7, 0.5])


def square(t):
    return t * t


def affine(t, a=2.0, *, b=1.0):
    return a * t + b


def pair(t):
    return t * 2, t * t


def sign_of(t):
    if t > 0:
        return t
    return -2 * t


def total(*parts, **named):
    s = 0.0
    for p in parts:
        s = s + p
    for key in named:
        s = s * named[key]
    return s


def power(x, n):
    if n == 0:
        return 1.0
    if n % 2 == 1:
        return x * power(x, n - 1)
    h = power(x, n // 2)
    return h * h


def factorial_like(x, n):
    return x if n == 0 else factorial_like(x * (1 + x / n), n - 1)


def is_even(x, n):
    return x if n == 0 else is_odd(x * 1.1, n - 1) * x


def is_odd(x, n):
    return x * x if n == 0 else is_even(x + 0.1, n - 1)


def decorated(f):
    @functools.wraps(f)
    def wrapper(t):
        return f(t) * 2 + t
    return wrapper


@decorated
def helper(t):
    return t * t * t


@case(0.7)
def several_sites(x):
    return square(x) + square(x * 2) * square(square(x))


@case(0.7)
def keywords_and_defaults(x):
    return affine(x) + affine(x, 3.0) + affine(a=x, t=2.0) + affine(x, b=x)


@case(0.7)
def several_results(x):
    a, b = pair(x)
    c = pair(a)
    return a * b + c[0] - c[1]


@case(0.7)
def branches_in_helper(x):
    return sign_of(x) * sign_of(-x) + sign_of(x * 2)


@case(0.7, 0.3)
def star_arguments(x, y):
    args = (x, y, 1.0)
    return total(*args) + total(x, y, scale=2.0, other=x)


@case(0.7)
def double_star(x):
    options = {"a": x, "b": 2.0}
    return affine(x, **options)


@case(1.1, 5)
@case(1.1, 0)
def recursion(x, n):
    return power(x, n)


@case(1.1, 3)
def tail_recursion(x, n):
    return factorial_like(x, n)


@case(1.1, 4)
def mutual_recursion(x, n):
    return is_even(x, n)


@case(V)
def recursive_sum(x):
    def go(a):
        if len(a) == 1:
            return a[0] * a[0]
        m = len(a) // 2
        return go(a[:m]) * 1.5 + go(a[m:])

    return go(x)


@case(0.7)
def local_recursion(x):
    def go(n):
        return 1.0 if n == 0 else x * go(n - 1) + 0.1

    return go(4)


@case(0.7)
def decorated_helper(x):
    return helper(x) * x


@case(0.7)
def function_argument(x):
    def twice(f, t):
        return f(f(t))

    return twice(square, x) + twice(math.sin, x) + twice(lambda t: t * x, 2.0)


@case(0.7)
def returned_function(x):
    def scaled(k):
        def inner(t):
            return k * t * x
        return inner

    f, g = scaled(2.0), scaled(x)
    return f(x) + g(3.0)


@case(0.7)
def composed(x):
    def compose(*fs):
        def run(t):
            for f in fs:
                t = f(t)
            return t
        return run

    return compose(square, math.sin, lambda t: t + x)(x)


@case(0.7)
def functions_in_list(x):
    s = 0.0
    for f in [square, math.cos, sign_of]:
        s = s * 0.5 + f(x)
    return s


@case(0.7)
def functions_in_dict(x):
    table = {"sq": square, "sin": math.sin}
    return table["sq"](x) + table["sin"](x)


@case(0.7)
def late_binding(x):
    k = 2.0

    def f(t):
        return k * t

    a = f(x)
    k = x
    return a + f(x)


@case(0.7)
def closures_over_loop_variable(x):
    fs = []
    for k in range(3):
        fs.append(lambda t, k=k: t * k)
    return fs[0](x) + fs[1](x) + fs[2](x * x)


@case(0.7)
def late_closures_of_comprehension(x):
    fs = [lambda t: t * k * x for k in range(3)]
    return sum(f(x) for f in fs)


@case(0.7)
def nonlocal_counter(x):
    n = 0
    s = 0.0

    def add(t):
        nonlocal n, s
        n += 1
        s = s + t * n

    add(x)
    add(x * x)
    for _ in range(2):
        add(x)
    return s * n


@case(0.7)
def closure_writes_array(x):
    buf = np.zeros(3)

    def put(i, t):
        buf[i] = t

    put(0, x)
    put(1, x * x)
    put(2, buf[0] * buf[1])
    return np.sum(buf * buf)


@case(0.7)
def shadowed_parameter(x):
    def f(x):
        x = x * 2
        return x

    return f(x) + x


@case(0.7)
def reduce_and_partial(x):
    add = functools.partial(affine, b=x)
    return functools.reduce(lambda a, b: a * x + b, [1.0, x, 2.0], 0.5) + add(x)


@case(V)
def map_and_zip(x):
    return sum(map(square, x)) + sum(a * b for a, b in zip(x, TABLE))


@case(V)
def reduce_over_array(x):
    return functools.reduce(operator.mul, x) + functools.reduce(lambda a, b: a + b * b, x, 0.0)


@case(0.7)
def globals_read(x):
    return K * x + np.sum(TABLE * x) * TABLE[1]


@case(0.7)
def lambda_default(x):
    f = lambda t, k=2: t**k  # noqa: E731
    return f(x) + f(x, 3)


@case(0.6)
def helper_with_loop_return(x):
    def first_over(limit):
        t = x
        for i in range(20):
            t = t * 1.3
            if t > limit:
                return t * i
        return 0.0

    return first_over(2.0) + first_over(1.0) * x


@case(0.7)
def helper_without_return(x):
    log = []

    def note(t):
        log.append(t * 2)

    note(x)
    note(x * x)
    return log[0] * log[1]


@case(V)
def newton_with_function(x):
    def newton(f, df, t):
        for _ in range(30):
            step = f(t) / df(t)
            t = t - step
            if abs(step) < 1e-14:
                break
        return t

    return newton(lambda t: t**3 - x[2] - 1, lambda t: 3 * t * t, 1.0) * x[0]


@case(0.4)
def runge_kutta(k):
    def f(t, y):
        return -k * y + math.sin(t)

    y, t, h = 1.0, 0.0, 0.1
    for _ in range(8):
        k1 = f(t, y)
        k2 = f(t + h / 2, y + h / 2 * k1)
        k3 = f(t + h / 2, y + h / 2 * k2)
        k4 = f(t + h, y + h * k3)
        y = y + h / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
        t = t + h
    return y


@case(np.array([1.0, 0.5]), np.array([0.6, 0.2, 0.3, 0.4]))
def runge_kutta_system(y, p):
    def rhs(y):
        return np.array([p[0] * y[0] - p[1] * y[0] * y[1], p[2] * y[0] * y[1] - p[3] * y[1]])

    h = 0.1
    for _ in range(6):
        k1 = rhs(y)
        k2 = rhs(y + h / 2 * k1)
        k3 = rhs(y + h / 2 * k2)
        k4 = rhs(y + h * k3)
        y = y + h / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
    return np.sum(y * y)


@case(0.3)
def simpson(a):
    def f(t):
        return math.exp(-a * t * t)

    n = 10
    h = 1.0 / n
    s = f(0.0) + f(1.0)
    for i in range(1, n):
        s += f(i * h) * (4 if i % 2 else 2)
    return s * h / 3


@case(0.3, 0.8)
def two_lambdas_on_a_line(x, y):
    f, g = lambda t: t * x, lambda t: t * y + x
    return f(g(x)) + g(f(y))


@case(0.3)
def function_attribute_lookup(x):
    import math as m
    from math import sin, cos as c
    return m.exp(x) + sin(x) * c(x)
