"""Loops: carries, exits, zero trips, what they run over."""
import math

import numpy as np

from .cases import case


@case(1.1)
def squarings(x):
    for _ in range(4):
        x = x * x
    return x


@case(1.1, 0)
@case(1.1, 1)
@case(1.1, 5)
def trips(x, n):
    y = x
    for i in range(n):
        y = y * x + i
    return y


@case(np.array([0.2, -0.3, 0.5, 0.7]))
def element_product(x):
    s = 1.0
    for i in range(len(x)):
        s = s * (x[i] + 2.0)
    return s


@case(np.array([0.1, 0.2, 0.3, 0.4]))
@case(np.array([-0.9, -0.8, -0.7]))
def product_until(x):
    s = 1.0
    for i in range(len(x)):
        s = s * (x[i] + 2.0)
        if s > 5.0:
            break
        s = s * 1.1
    return s


@case(3.2, 0.3, 8)
def logistic(r, x, n):
    s = 0.0
    for _ in range(n):
        if x < 0.5:
            x = r * x * (1.0 - x)
        else:
            x = 0.95 * r * x * (1.0 - x) + 0.01 * math.sin(x)
        s += x * x
    return s


@case(0.9)
@case(0.2)
def return_inside(x):
    s = 0.0
    for i in range(10):
        s = s + x * x
        if s > 3.0:
            return s * i
        x = x * 1.2
    return s


@case(0.9)
def return_from_two_loops(x):
    total = 0.0
    for i in range(4):
        for j in range(4):
            total = total + x * (i + 1) * (j + 1)
            if total > 12:
                return total * x
            x = x * 1.05
        total = total * 0.9
    return total - x


@case(0.9)
def continue_and_break(x):
    s = 0.0
    for i in range(10):
        if i % 3 == 0:
            continue
        if i > 7:
            break
        s = s * x + i
    return s


@case(0.9)
@case(5.0)
def for_else(x):
    for i in range(5):
        if x > 3:
            x = x * 0.5
            break
        x = x * 1.1 + i * 0.1
    else:
        x = x * 10
    return x * x


@case(np.array([[0.3, -0.2, 0.5], [0.1, 0.4, -0.9]]))
def nested_break(a):
    s = 1.0
    for i in range(a.shape[0]):
        t = 0.0
        for j in range(a.shape[1]):
            t = t + a[i, j] * s
            if t < 0:
                break
            t = t * 1.3
        else:
            t = t * t
        s = s * 0.5 + t
    return s


@case(2.0)
def newton(a):
    x = a
    while abs(x * x - a) > 1e-13:
        x = 0.5 * (x + a / x)
    return x


@case(0.3)
def while_true(x):
    n = 0
    while True:
        x = x * 1.5 + 0.1
        n = n + 1
        if n > 3:
            break
    return x * n


@case(0.3)
def while_and(x):
    n = 0
    while n < 10 and x < 3:
        x = x * 1.5 + 0.1
        n += 1
    return x


@case(0.3)
def while_walrus(x):
    while (y := x * x) < 4:
        x = x + y + 0.5
    return x + y


@case(0.3)
def while_zero_trips(x):
    while x > 10:
        x = x * 0.5
    return x * x


@case(0.3)
def while_else(x):
    while x < 2:
        x = x * 1.7 + 0.1
    else:
        x = x * 3
    return x


@case(0.3)
def while_return(x):
    while True:
        x = x * 1.7
        if x > 2:
            return x * x


@case(np.array([0.3, 0.2, 0.5]))
def over_array(x):
    s = 0.0
    p = 1.0
    for v in x:
        p = p * v
        s = s + p * v
    return s


@case(np.array([[0.3, 0.2], [0.5, -0.4], [0.7, 0.1]]))
def over_rows(x):
    h = np.zeros(2)
    for row in x:
        h = np.tanh(h * 0.5 + row)
    return np.sum(h)


@case([0.3, 0.2, 0.5])
def over_list(xs):
    s = 0.0
    for v in xs:
        s = s * v + v
    return s


@case((0.3, 0.2, 0.5))
def over_tuple(xs):
    s = 1.0
    for v in xs:
        s = s + s * v
    return s


@case(np.array([0.3, 0.2, 0.5]), np.array([0.9, -0.3, 0.1]))
def over_zip(x, y):
    s = 0.0
    for a, b in zip(x, y):
        s = s * a + b * b
    return s


@case(np.array([0.3, 0.2, 0.5]))
def over_enumerate(x):
    s = 0.0
    for i, v in enumerate(x):
        s = s + (i + 1) * v * v
    for i, v in enumerate(x, start=2):
        s = s * v + i
    return s


@case(np.array([0.3, 0.2, 0.5]))
def over_reversed(x):
    s = 0.0
    for v in reversed(x):
        s = s * 0.5 + v * v
    for i in reversed(range(3)):
        s = s * x[i]
    return s


@case(np.array([0.3, 0.2, 0.5, 0.1]))
def over_steps(x):
    s = 1.0
    for i in range(3, -1, -2):
        s = s * x[i]
    for i in range(0, 4, 3):
        s = s + x[i] * s
    for i in range(1, len(x) - 1):
        s = s * (1 + x[i - 1] * x[i + 1])
    return s


@case(np.array([0.3, 0.2, 0.5]), np.array([1.0, 2.0, 3.0]))
def over_enumerate_zip(x, w):
    s = 0.0
    for i, (a, b) in enumerate(zip(x, w)):
        s += i * a * b + a * a
    return s


@case([(np.array([[0.3, 0.1], [0.2, -0.4]]), np.array([0.1, 0.2])), (np.array([[0.5, 0.3], [-0.2, 0.4]]), np.array([0.3, -0.1]))],
      np.array([[0.4, 0.7], [0.1, -0.2], [0.9, 0.3]]))
def layers(params, x):
    for W, b in params:
        x = np.tanh(x @ W + b)
    return np.sum(x * x)


@case(0.5)
def loop_variable_after(x):
    for i in range(4):
        x = x * 1.1
    return x * i


@case(0.5)
def loop_variable_overwritten(x):
    s = 0.0
    for i in range(4):
        i = i * x
        s = s + i * i
    return s


@case(0.5, 3)
def bounds_changed_in_body(x, n):
    for _ in range(n):
        n = n + 1
        x = x * n * 0.5
    return x


@case(0.5)
def temporary_reused(x):
    s = 0.0
    for i in range(3):
        t = x * i
        t = t * t
        s = s + t
        t = s * x
        s = s + t
    return s


@case(0.5, 0.7)
def dependent_carries(x, y):
    for _ in range(4):
        x, y = y, x * y
    return x + y


@case(0.5, 0.7, 0.2)
def rotating_carries(a, b, c):
    for _ in range(5):
        a, b, c = b * 1.1, c + a * 0.1, a
    return a + 2 * b + 3 * c * a


@case(0.5)
def constant_carry(x):
    k = 2.0
    s = 0.0
    for i in range(3):
        s = s + k * x
        if i > 5:
            k = 3.0
    return s * x


@case(0.5)
def integer_then_float(x):
    s = 0
    for _ in range(3):
        s = s + x * x
    return s


@case(np.array([0.4, 0.6]))
def scalar_then_array(x):
    s = 0.0
    for _ in range(3):
        s = s + x * x
    return np.sum(s * x)


@case(0.5)
def branch_binds_in_loop(x):
    y = 0.0
    for i in range(5):
        if i == 2:
            y = x * x
        elif i == 4:
            x = x + y
    return x * y


@case(0.5)
def first_trip_only(x):
    best = None
    for i in range(4):
        v = x * (i - 1.5) ** 2
        if best is None or v > best:
            best = v
    return best


@case(np.array([0.5, 1.5, -0.3]))
def running_maximum(x):
    m = x[0]
    for i in range(1, 3):
        if x[i] > m:
            m = x[i]
    return m * m


@case(0.5)
def triple_nest(x):
    s = 0.0
    for i in range(2):
        for j in range(3):
            t = x
            for k in range(2):
                t = t * (x + i + j + k)
            s = s + t
        s = s * x
    return s


@case(0.5)
def flags_by_hand(x):
    done = False
    s = 0.0
    for _ in range(6):
        if not done:
            s = s + x
            x = x * 1.5
            if s > 2:
                done = True
    return s * x


@case(0.5)
def nested_exit_two_ways(x):
    s = 0.0
    for i in range(6):
        if i % 2 == 0:
            if s > 1.0:
                break
            s = s + x
        else:
            s = s * 1.5
        s = s + 0.1 * x
    return s


@case(np.array([0.3, 0.8, 0.5]))
def sum_of_generator(x):
    return sum(v * v for v in x) + sum(x[i] * i for i in range(3))


@case(np.array([0.3, 0.8, 0.5]))
def comprehension(x):
    squares = [v * v for v in x]
    return sum(squares) + squares[1] * squares[2]


@case(np.array([0.3, -0.8, 0.5]))
def filtered_comprehension(x):
    kept = [v * v for v in x if v > 0]
    return sum(kept) * len(kept)


@case(np.array([0.3, -0.8, 0.5]))
def nested_comprehension(x):
    table = [[a * b for a in x] for b in x]
    return sum(sum(row) for row in table) + table[1][2]


@case(0.5)
def exponential_series(x):
    term = 1.0
    total = 1.0
    for k in range(1, 12):
        term = term * x / k
        total = total + term
    return total


@case(0.5)
def compensated_sum(x):
    s, c = 0.0, 0.0
    for k in range(1, 8):
        y = x**k - c
        t = s + y
        c = (t - s) - y
        s = t
    return s


@case(0.5)
def loop_in_branch(x):
    if x > 0:
        for _ in range(3):
            x = x * x + 0.3
    else:
        for _ in range(2):
            x = x + 1
    return x


@case(0.5)
def countdown(x):
    n = 5
    while n:
        x = x * 1.1
        n -= 1
    return x


@case(np.array([0.3, 0.1, 0.7, 0.2]))
def bubble(x):
    a, b, c, d = x
    for _ in range(3):
        if a > b:
            a, b = b, a
        if b > c:
            b, c = c, b
        if c > d:
            c, d = d, c
    return a + 2 * b + 3 * c + 4 * d * d


@case(0.3)
def fixed_point(a):
    x = 0.5
    for _ in range(60):
        new = math.cos(x) * a
        if abs(new - x) < 1e-15:
            break
        x = new
    return x


@case(0.7)
def two_breaks(x):
    s = 0.0
    for i in range(9):
        s = s + x * i
        if s > 100:
            s = s * 2
            break
        x = x * 1.1
        if s > 6:
            s = s * x
            break
        s = s * 0.9
    return s
