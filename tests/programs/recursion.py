"""Functions that call themselves: numbers, parts of arrays, writes into arguments, memories, several results."""
import math

import numpy as np

from tests.programs.cases import case

V = np.array([0.3, -0.2, 0.7, 0.5, 1.1])


@case(V)
def fills_its_argument(x):
    def fill(y, i):
        if i == len(y):
            return
        y[i] = y[i - 1] * x[i] + math.sin(x[i])
        fill(y, i + 1)

    y = np.zeros(5)
    y[0] = x[0]
    fill(y, 1)
    return np.sum(y * y)


@case(V)
def doubles_in_place(x):
    def go(y):
        if len(y) == 1:
            y[0] = y[0] * y[0]
            return
        m = len(y) // 2
        go(y[:m])
        go(y[m:])
        y *= 1.5

    y = x * 2.0
    go(y)
    return np.sum(y * y)


@case(V, order=1)
def quicksort(x):
    def sort(y, a, b):
        if b - a < 2:
            return
        p, k = y[a], a
        for i in range(a + 1, b):
            if y[i] < p:
                k = k + 1
                t = y[k]
                y[k] = y[i]
                y[i] = t
        y[a] = y[k]
        y[k] = p
        sort(y, a, k)
        sort(y, k + 1, b)

    y = x.copy()
    sort(y, 0, len(y))
    return np.sum(y * np.arange(1.0, 6.0))


def pair(x, n):
    if n == 0:
        return x, 1.0
    a, b = pair(x * 1.1, n - 1)
    return a * b, a + b * x


@case(0.7, 3)
def two_results(x, n):
    a, b = pair(x, n)
    return a * 2.0 + b


@case(0.7, 4)
def tape_within(x, n):
    def go(x, n):
        if n == 0:
            return x
        s = x
        for k in range(n):
            s = s * s + 0.1 * k
        return go(math.sin(s), n - 1) * x

    return go(x, n)


@case(0.7)
def one_side_unused(x):
    def go(n):
        if n > 3:
            return x * x
        if n % 2:
            y = go(n + 1)
            return y
        return 2.0 * go(n + 1) * x

    return go(0)


@case(0.9, V)
def array_result(a, x):
    def go(v, n):
        if n == 0:
            return v
        return np.sin(go(v * a, n - 1)) + v

    return np.sum(go(x, 3))


@case(V)
def horner(x):
    def value(c, t):
        if len(c) == 1:
            return c[0]
        return c[0] + t * value(c[1:], t)

    return value(x, 0.7) * value(x, x[1])


@case(V)
def fast_transform(x):
    def fft(v):
        if len(v) == 1:
            return v + 0j
        even, odd = fft(v[::2]), fft(v[1::2])
        n = len(v)
        turned = np.exp(-2j * np.pi * np.arange(n // 2) / n) * odd
        return np.concatenate([even + turned, even - turned])

    z = fft(x[:4])
    return np.sum(np.abs(z) ** 2 * np.arange(1.0, 5.0))


@case(1.3)
def called_in_a_loop(x):
    def power(x, n):
        if n == 0:
            return 1.0
        return x * power(x, n - 1)

    s = 0.0
    for k in range(4):
        s = s * x + power(x, k) / (k + 1)
    return s


@case(0.4, (1.0, (2.0, 3.0), ((0.5, 1.5), 2.5)))
def tree_of_tuples(x, tree):
    def total(t):
        if isinstance(t, tuple):
            return sum(total(p) for p in t) * x
        return t * t

    return total(tree)


@case(0.8, 2)
def ackermann_like(x, n):
    def go(x, m):
        if m == 0:
            return x * x
        return go(go(x, m - 1) * 0.5, m - 1)

    return go(x, n)


@case(0.6)
def default_and_keyword(x):
    def go(n=3, *, scale):
        if n == 0:
            return scale
        return go(n - 1, scale=scale * x) + scale

    return go(scale=x)


@case(V)
def minimum_by_halves(x):
    def least(a, b):
        if b - a == 1:
            return x[a]
        m = (a + b) // 2
        return min(least(a, m), least(m, b))

    return least(0, 5) * x[0]


@case(np.array([1.0, 2.0, 3.0]), 0.5)
def newton_recursion(c, x):
    def step(t, n):
        if n == 0:
            return t
        return step(t - (t * t - c[1]) / (2 * t), n - 1)

    return step(c[0], 5) * x


class Tree:
    def __init__(self, value, left=None, right=None):
        self.value, self.left, self.right = value, left, right

    def total(self, x):
        own = self.value * x
        if self.left is not None:
            own = own + self.left.total(x * 0.5)
        if self.right is not None:
            own = own * self.right.total(x)
        return own


TREE = Tree(1.5, Tree(2.0), Tree(0.5, None, Tree(3.0)))


@case(1.2)
def tree_of_objects(x):
    return TREE.total(x)


@case(1.2)
def memory_in_a_dict(x):
    memo = {}

    def fib(n):
        if n in memo:
            return memo[n]
        r = x * n if n < 2 else fib(n - 1) + fib(n - 2) * x
        memo[n] = r
        return r

    return fib(6)
