"""Arrays written in place."""
import numpy as np

from .cases import case

V = np.array([0.3, -0.2, 0.7, 0.5, 0.9, -0.4])
M = np.array([[0.3, -0.2, 0.7], [0.5, 0.9, -0.4]])


@case(V)
def element_store(x):
    y = np.zeros(3)
    y[0] = x[0] * x[1]
    y[1] = x[2]
    y[2] = y[0] * y[1]
    return np.sum(y * y)


@case(V)
def element_overwritten(x):
    y = np.zeros(2)
    y[0] = x[0]
    y[1] = y[0] * x[1]
    y[0] = y[1] * y[0]
    y[1] = y[0] * 2
    return y[0] * y[1]


@case(V)
def slice_store(x):
    y = np.ones(6)
    y[1:4] = x[:3] * 2
    y[::2] = y[::2] * x[1::2]
    return np.sum(y * y)


@case(V)
def broadcast_store(x):
    y = np.zeros((2, 3))
    y[:] = x[:3]
    y[1] = x[0]
    y[0, :] += x[3]
    return np.sum(y * y * y)


@case(V)
def ellipsis_store(x):
    y = np.empty(6)
    y[...] = x * x
    y[..., 2] = x[1]
    return np.sum(y * x)


@case(V)
def negative_index(x):
    y = x * 2
    y[-1] = y[-2] * y[0]
    y[-3:] *= 2
    return np.sum(y * y)


@case(V)
def mask_store(x):
    y = x * 1.0
    y[y < 0] = 0.0
    y[x > 0.6] = x[0]
    return np.sum(y * y * x)


@case(V)
def mask_update(x):
    y = x * 1.5
    y[x > 0] *= 2.0
    y[x < 0] += x[0]
    return np.sum(y * y)


@case(V)
def mask_of_itself(x):
    y = x.copy()
    y[y < 0] *= -1.0
    y[y > 0.55] -= 0.5
    return np.sum(y * y)


@case(V)
def integer_array_store(x):
    y = np.zeros(6)
    y[[3, 1, 0]] = x[:3] * x[3:]
    return np.sum(y * y)


@case(V)
def duplicate_read(x):
    return np.sum(x[[0, 0, 1, 2, 2, 2]] ** 2)


@case(V)
def duplicate_store(x):
    y = np.zeros(3)
    y[[0, 0, 1]] = x[:3]
    return np.sum(y * y)


@case(V)
def duplicate_update(x):
    y = x[:3] * 1.0
    y[[0, 0, 1]] += x[3:]
    return np.sum(y * y)


@case(V)
def duplicate_add_at(x):
    y = np.zeros(3)
    np.add.at(y, [0, 0, 1], x[:3])
    np.add.at(y, np.array([2, 2]), x[3:5] * y[0])
    return np.sum(y * y)


@case(V)
def augmented_elements(x):
    y = x * 1.0
    y[0] += x[1]
    y[1] -= x[2] * 2
    y[2] *= x[3]
    y[3] /= x[4]
    y[4] **= 2
    return np.sum(y * y)


@case(V)
def augmented_slices(x):
    y = x * 1.0 + 2
    y[:3] += x[3:]
    y[1:4] -= x[1:4] * x[:3]
    y[2:] *= x[:4]
    y[::3] /= 3.0
    y[3:] **= 2
    return np.sum(y * y)


@case(V)
def whole_augmented(x):
    y = x * 1.0
    z = y
    y += x
    y *= 2
    return np.sum(y * z)


@case(V)
def augmented_not_shared(x):
    y = x * 1.0
    y += x * x
    y *= y
    y -= 0.5
    return np.sum(y)


@case(V)
def argument_augmented(x):
    x += 1.0
    x *= x
    return np.sum(x)


@case(V)
def argument_stored(x):
    x[0] = x[1] * x[2]
    x[1:] = x[:-1]
    return np.sum(x * x)


@case(V, V[::-1].copy())
def two_arguments_written(x, y):
    x[0] = y[1]
    y[0] = x[0] * x[1]
    return np.sum(x * y)


@case(V)
def recurrence(x):
    y = np.zeros(6)
    y[0] = x[0]
    for i in range(1, 6):
        y[i] = np.sin(y[i - 1]) * x[i]
    return np.sum(y)


@case(V)
def second_order_recurrence(x):
    y = np.zeros(8)
    y[0] = x[0]
    y[1] = x[1]
    for i in range(2, 8):
        y[i] = y[i - 1] * y[i - 2] + x[i % 6]
    return y[-1]


@case(V)
def in_place_recurrence(x):
    y = x.copy()
    for i in range(1, 6):
        y[i] = y[i] + y[i - 1] * y[i]
    return np.sum(y * y)


@case(V)
def prefix_sums(x):
    y = x.copy()
    for i in range(1, 6):
        y[i] += y[i - 1]
    return np.sum(y**2)


@case(V, 0.2)
def heat(u0, k):
    u = u0.copy()
    for _ in range(4):
        u[1:-1] += k * (u[2:] - 2 * u[1:-1] + u[:-2])
    return np.sum(u * u)


@case(V)
def nonlinear_stencil(u0):
    u = u0.copy()
    for _ in range(4):
        u[1:-1] += 0.1 * u[1:-1] * (u[2:] - u[:-2])
    return np.sum(u * u)


@case(V)
def new_buffer_each_step(u):
    for _ in range(4):
        new = u.copy()
        new[1:-1] = u[1:-1] + 0.1 * (u[2:] - 2 * u[1:-1] + u[:-2]) * u[1:-1]
        u = new
    return np.sum(u**2)


@case(V)
def two_buffers_swapped(x):
    u = x.copy()
    w = np.zeros(6)
    for _ in range(4):
        w[1:-1] = u[1:-1] + 0.1 * (u[2:] - 2 * u[1:-1] + u[:-2]) * u[1:-1]
        w[0] = u[0]
        w[-1] = u[-1]
        u, w = w, u
    return np.sum(u**2)


@case(V)
def relaxation_with_break(u):
    u = u.copy()
    for _ in range(50):
        change = 0.0
        for i in range(1, len(u) - 1):
            new = 0.5 * (u[i - 1] * u[i] + u[i + 1])
            change += (new - u[i]) ** 2
            u[i] = new
        if change < 1e-2:
            break
    return np.sum(u**2)


@case(M)
def rows_and_columns(a):
    b = np.zeros((3, 2))
    b[:, 0] = a[0]
    b[:, 1] = a[1] * a[0]
    b[1, :] *= b[0, :]
    b[2] = b[1] + b[0]
    return np.sum(b * b)


@case(M)
def two_indices(a):
    b = a * 1.0
    b[0, 1] = b[1, 2] * b[0, 0]
    b[1, 0] += b[0, 1]
    b[0, 1:] = b[1, :2]
    return np.sum(b * b)


@case(np.array([[2.0, 0.3, 0.1], [0.4, 3.0, 0.2], [0.1, 0.5, 4.0]]))
def gaussian_elimination(A):
    A = A.copy()
    n = 3
    for k in range(n):
        for i in range(k + 1, n):
            m = A[i, k] / A[k, k]
            for j in range(k, n):
                A[i, j] -= m * A[k, j]
    return A[0, 0] * A[1, 1] * A[2, 2]


@case(np.array([[2.0, 0.3], [0.4, 3.0]]), np.array([[0.5, 1.0], [-0.2, 0.7]]))
def matmul_by_loops(a, b):
    c = np.zeros((2, 2))
    for i in range(2):
        for j in range(2):
            for k in range(2):
                c[i, j] += a[i, k] * b[k, j]
    return np.sum(c * c)


@case(V)
def assembly(x):
    K = np.zeros((5, 5))
    for e in range(4):
        ke = np.array([[x[e], -x[e]], [-x[e], x[e] * x[e + 1]]])
        K[e:e + 2, e:e + 2] += ke
    return np.sum(K * K)


@case(V)
def fill_method(x):
    y = np.zeros(4)
    y.fill(x[0] * x[1])
    y[0] = x[2]
    return np.sum(y * y)


@case(V)
def sort_method(x):
    y = x * 1.0
    y.sort()
    return np.sum(y * np.arange(6.0))


@case(V)
def out_argument(x):
    y = np.zeros(6)
    np.multiply(x, x, out=y)
    np.sin(y, out=y)
    return np.sum(y * x)


@case(V)
def copyto(x):
    y = np.zeros(6)
    np.copyto(y, x * x)
    y[0] = 1.0
    return np.sum(y * x)


@case(V)
def overlapping_slices(x):
    y = x.copy()
    y[1:] = y[:-1]
    y[:-1] = y[1:] * y[:-1]
    return np.sum(y * y)


@case(V)
def overlapping_update(x):
    y = x.copy()
    y[1:] += y[:-1]
    return np.sum(y * y)


@case(V)
def store_in_branch(x):
    y = x * 1.0
    if x[0] > 0:
        y[0] = x[1] * x[2]
    else:
        y[1] = x[0]
    return np.sum(y * y)


@case(V)
def store_in_branch_of_loop(x):
    y = np.zeros(6)
    for i in range(6):
        if x[i] > 0:
            y[i] = x[i] ** 2
        else:
            y[i] = -x[i] * (y[i - 1] if i > 0 else 1.0)
    return np.sum(y * y)


@case(V)
def index_array_changed_after_use(x):
    idx = np.array([0, 1, 2])
    a = x[idx] * 2
    idx[0] = 5
    b = x[idx]
    return np.sum(a * b)


@case(V)
def integer_buffer_of_indices(x):
    idx = np.zeros(3, dtype=int)
    for i in range(3):
        idx[i] = 2 * i
    return np.sum(x[idx] ** 2)


@case(V)
def passive_counter_array(x):
    count = np.zeros(2)
    s = 0.0
    for i in range(6):
        if x[i] > 0:
            count[0] += 1
            s = s + x[i] * count[0]
        else:
            count[1] += 1
            s = s - x[i] * count[1]
    return s


@case(V)
def buffer_reused(x):
    t = np.zeros(3)
    s = 0.0
    for i in range(3):
        t[:] = x[i:i + 3] * x[i]
        s = s + np.sum(t * t)
    return s


@case(V)
def array_in_loop_allocated(x):
    s = 0.0
    for i in range(3):
        t = np.zeros(2)
        t[0] = x[i]
        t[1] = t[0] * x[i + 1]
        s = s + t[0] * t[1]
    return s


@case(V)
def swap_elements(x):
    y = x.copy()
    y[0], y[1] = y[1], y[0] * y[2]
    y[[2, 3]] = y[[3, 2]]
    return np.sum(y * np.arange(1.0, 7.0) * y)


@case(V)
def sort_by_swaps(x):
    y = x.copy()
    for i in range(5):
        for j in range(5 - i):
            if y[j] > y[j + 1]:
                y[j], y[j + 1] = y[j + 1], y[j]
    return np.sum(y * np.arange(6.0) ** 2)


@case(V)
def cumulative_product(x):
    y = np.empty_like(x)
    p = 1.0
    for i, v in enumerate(x):
        p = p * v
        y[i] = p
    return np.sum(y)


@case(V)
def zeros_like_then_store(x):
    y = np.zeros_like(x)
    y[2:4] = x[1]
    y[5] = 3.0
    return np.sum(y * x)


@case(V)
def newaxis_store(x):
    y = np.zeros((3, 2))
    y[...] = x[:3, None]
    y[:, 1] *= x[3]
    return np.sum(y * y)


@case(V)
def convolution(x):
    k = np.array([0.25, 0.5, 0.25])
    y = np.zeros(4)
    for i in range(4):
        for j in range(3):
            y[i] += x[i + j] * k[j] * x[i]
    return np.sum(y**2)


@case(V)
def game_of_update(x):
    y = x.copy()
    for _ in range(3):
        y[:-1], y[-1] = y[1:].copy(), y[0]
        y *= 1.1
    return np.sum(y * np.arange(6.0) * y)


@case(V)
def float32_store(x):
    y = np.zeros(6)
    y[:3] = x[:3].astype(np.float64)
    return np.sum(y * y)
