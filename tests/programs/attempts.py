"""`try`, `with`, `raise`, `assert`: exceptions that are raised, caught, passed on; contexts of every kind."""
import contextlib
import math

import numpy as np

from tests.programs.cases import case

V = np.array([0.3, -0.2, 0.7, 0.5])


@case(0.4, 0)
def division_caught(x, n):
    try:
        y = x / n
    except ZeroDivisionError:
        y = x * 3.0
    return y + x


@case(0.5)
def division_not_caught(x):
    try:
        y = 1.0 / x
    except ZeroDivisionError:
        y = x * 3.0
    return y + x


@case(0.7)
def raised_half_way(x):
    y = x
    try:
        y = y * y
        raise ValueError("half way")
    except ValueError:
        y = y + math.sin(y)
    return y * x


@case(-0.7)
def raised_in_a_branch(x):
    y = x
    try:
        y = y * 2.0
        if y < 0:
            raise ValueError("negative")
        y = y * 100.0
    except ValueError:
        y = y * y
    return y


@case(0.7)
def not_raised_in_a_branch(x):
    y = x
    try:
        y = y * 2.0
        if y < 0:
            raise ValueError("negative")
        y = y * y
    except ValueError:
        y = -y
    else:
        y = y + x
    return y


@case(V)
def array_half_way(x):
    y = x.copy()
    try:
        y[0] = y[0] * 2.0
        y[10] = 5.0
        y[1] = 7.0
    except IndexError:
        y[1] = 3.0 * y[1] * y[0]
    return np.sum(y * y)


@case(V)
def loop_with_try(x):
    s = 0.0
    for k in range(5):
        try:
            s = s + x[k] * x[k]
        except IndexError:
            s = s * 2.0
    return s


@case(V)
def loop_left_by_exception(x):
    s = 1.0
    try:
        for k in range(10):
            s = s * (x[k] + 1.0)
    except IndexError:
        s = s + x[0]
    return s


@case(0.4)
def finally_runs(x):
    y = x
    try:
        y = y * y
    finally:
        y = y + x
    return y


@case(0.4)
def finally_with_return(x):
    try:
        return x * x
    finally:
        x = x + 1


@case(0.4)
def return_in_try(x):
    try:
        if x > 0:
            return x * x
        y = 1 / x
    except ZeroDivisionError:
        return x
    return y


def checked(x):
    if x < 0:
        raise ValueError("negative")
    return math.sqrt(x)


@case(-0.4)
def raised_in_a_callee(x):
    try:
        return checked(x)
    except ValueError:
        return x * x


@case(0.4)
def two_handlers(x):
    try:
        y = math.log(x - 1.0)
    except (TypeError, ZeroDivisionError):
        y = x
    except ValueError as error:
        y = x * len(str(error))
    return y * x


@case(0.4)
def raised_again(x):
    try:
        try:
            y = x * 2
            raise KeyError("k")
        except KeyError:
            y = y * x
            raise
    except LookupError:
        y = y + x
    return y


@case(np.array([[1.0, 0.2], [0.2, -2.0]]), order=1)
def not_positive_definite(a):
    try:
        c = np.linalg.cholesky(a)
        return np.sum(c)
    except np.linalg.LinAlgError:
        return np.sum(a * a)


@case(V)
def without_warnings(x):
    with np.errstate(all="ignore"):
        y = np.where(x > 0, np.log(x), x)
    return np.sum(y * y)


@case(0.3)
def several_contexts(x):
    with np.errstate(divide="ignore"), contextlib.nullcontext(2.0) as two:
        y = x * two
        z = y * y
    return z + y


@case(0.4, 0)
def suppressed(x, n):
    y = x
    with contextlib.suppress(ZeroDivisionError):
        y = x * 2
        y = y / n
    return y * 3


class Scaled:
    def __init__(self, factor):
        self.factor, self.log = factor, []

    def __enter__(self):
        self.log.append("in")
        return self.factor

    def __exit__(self, *error):
        self.log.append("out")


@case(0.3)
def own_context(x):
    with Scaled(x * 2.0) as f:
        y = f * x
    return y * f


@contextlib.contextmanager
def doubled(x):
    y = 2.0 * x
    try:
        yield y
    finally:
        y = 0.0


@case(0.3)
def generator_context(x):
    with doubled(x * x) as t:
        s = t * x
    return s + t


@case(V)
def context_in_a_loop(x):
    s = 0.0
    for v in x:
        with np.errstate(all="ignore"):
            t = v * v
            s = s * t + v
    return s


@case(V)
def return_in_with(x):
    for v in x:
        with np.errstate(all="ignore"):
            if v < 0:
                return v * v * x[0]
    return x[1]


@case(0.5)
def asserted(x):
    assert x > 0, f"x is {x}"
    return x * x


@case(V)
def tape_in_try_in_loop(x):
    s = x[0]
    for k in range(6):
        try:
            for j in range(3):
                s = s * s + x[k]
            s = math.sin(s)
        except IndexError:
            s = s * 1.5
    return s


@case(V)
def continue_in_try(x):
    s = 1.0
    for v in x:
        try:
            if v < 0:
                continue
            s = s * v
        except ValueError:
            break
    return s


@case(0.6)
def error_with_data(x):
    class Stop(Exception):
        pass

    y = x
    try:
        for k in range(5):
            y = y * x + k
            if y > 2:
                raise Stop
    except Stop:
        y = y * y
    return y
