"""Views and aliases."""
import numpy as np

from .cases import case

V = np.array([0.3, -0.2, 0.7, 0.5, 0.9, -0.4])
M = np.array([[0.3, -0.2, 0.7], [0.5, 0.9, -0.4]])


@case(V)
def view_written(x):
    y = x * 1.5
    v = y[1:4]
    v *= 2.0
    v[0] = v[1] * v[2]
    return np.sum(y * y)


@case(V)
def base_written_view_read(x):
    y = x * 1.0
    v = y[1:4]
    y[2] = x[0] * x[1]
    return np.sum(v * v)


@case(V)
def view_of_view(x):
    y = x * 2.0
    v = y[1:]
    w = v[1:3]
    w[0] = x[0]
    v[0] = w[1] * w[0]
    return np.sum(y * y)


@case(V)
def alias_of_name(x):
    y = x * 1.0
    z = y
    z[0] = x[1] * 3
    return np.sum(y * y)


@case(V)
def alias_augmented(x):
    u = x * 1.0
    v = u
    v += x
    return np.sum(u * u)


@case(V)
def transposed_view(x):
    a = x.reshape(2, 3) * 1.0
    b = a.T
    b[0, 1] = x[0] * x[1]
    return np.sum(a * a)


@case(V)
def reshaped_view(x):
    a = x * 1.0
    b = a.reshape(2, 3)
    b[1] = b[0] * b[1]
    return np.sum(a * a)


@case(V)
def ravelled_view(x):
    a = (x * 1.0).reshape(3, 2)
    b = a.ravel()
    b[3] = x[0]
    return np.sum(a * a)


@case(M)
def row_views(a):
    b = a * 1.0
    first, second = b[0], b[1]
    first[0] = second[1] * 2
    second *= first
    return np.sum(b * b)


@case(M)
def swap_of_row_views(a):
    b = a * 1.0
    b[0], b[1] = b[1], b[0]
    return np.sum(b * np.arange(6.0).reshape(2, 3) * b)


@case(M)
def rows_in_loop(a):
    b = a * 1.0
    for row in b:
        row *= 2
        row[0] = row[1] * row[2]
    return np.sum(b * b)


@case(M)
def row_by_index_in_loop(a):
    b = a.copy()
    for i in range(2):
        row = b[i]
        row[1:] = row[:-1] * row[1:]
    return np.sum(b**2)


@case(V, True)
@case(V, False)
def conditional_alias(x, flag):
    a = x * 1.0
    b = x * 2.0
    c = a if flag else b
    c[0] = x[1] * x[2]
    return np.sum(a * b)


@case(V)
def conditional_alias_at_run_time(x):
    a = x * 1.0
    b = x * 2.0
    c = a if x[0] > 0 else b
    c[0] = x[1] * x[2]
    c[1] *= 3.0
    return np.sum(a * b)


@case(V)
def alias_in_list(x):
    a = x * 1.0
    b = x * 2.0
    pair = [a, b]
    pair[0][1] = x[0] * x[2]
    pair[1][:2] = pair[0][1:3]
    return np.sum(a * b)


@case(V)
def alias_in_dict(x):
    d = {"a": x * 1.0, "b": x * 2.0}
    a = d["a"]
    a[0] = x[1]
    d["b"][0] = a[0] * x[2]
    return np.sum(d["a"] * d["b"])


@case(V)
def callee_writes(x):
    def double(y, i):
        y[i] = y[i] * 2 + x[0]

    z = x * 1.0
    double(z, 1)
    double(z, 2)
    return np.sum(z * z)


@case(V)
def callee_returns_view(x):
    def middle(y):
        return y[1:4]

    z = x * 1.0
    m = middle(z)
    m[0] = x[5] * m[1]
    return np.sum(z * z)


@case(V)
def diagonal_written(x):
    a = np.outer(x, x)
    np.fill_diagonal(a, x[0])
    return np.sum(a * a)


@case(V)
def read_through_strides(x):
    y = x * 1.0
    even = y[::2]
    odd = y[1::2]
    even += odd
    odd *= even
    return np.sum(y * y)


@case(V)
def reversed_view(x):
    y = x * 1.0
    r = y[::-1]
    r[:3] = x[:3] * x[1]
    return np.sum(y * np.arange(6.0) * y)


@case(V)
def double_buffer_by_flag(x):
    bufs = [x * 1.0, np.zeros(6)]
    cur = 0
    for _ in range(3):
        src, dst = bufs[cur], bufs[1 - cur]
        dst[1:] = src[:-1] * src[1:]
        dst[0] = src[0]
        cur = 1 - cur
    return np.sum(bufs[cur] ** 2)


@case(V)
def view_kept_over_loop(x):
    y = x * 1.0
    tail = y[3:]
    for i in range(3):
        y[i] = y[i] * tail[i]
        tail[i] = y[i] + x[i]
    return np.sum(y * y)


@case(V)
def scalar_is_not_a_view(x):
    y = x * 1.0
    first = y[0]
    y[0] = x[1]
    return first * y[0] * np.sum(y)


@case(V)
def fancy_is_not_a_view(x):
    y = x * 1.0
    part = y[[0, 1, 2]]
    part *= 2
    part[0] = x[3]
    return np.sum(y * y) + np.sum(part * part)


@case(V)
def copy_is_not_a_view(x):
    y = x * 1.0
    z = y.copy()
    w = np.array(y)
    z[0] = 0.0
    w[1] = x[0] * 2
    return np.sum(y * y) + np.sum(z * w)


@case(V)
def asarray_is_a_view(x):
    y = x * 1.0
    z = np.asarray(y)
    z[0] = x[1] * x[1]
    return np.sum(y * y)


@case(V)
def squeeze_and_expand(x):
    y = (x * 1.0)[:, None]
    z = y.squeeze()
    z[0] = x[2]
    w = np.expand_dims(z, 0)
    w[0, 1] = x[3] * x[0]
    return np.sum(y * y)


@case(M)
def column_view(a):
    b = a * 1.0
    col = b[:, 1]
    col[0] = b[1, 0] * 2
    b[1, 1] = col[0] * col[1]
    return np.sum(b * b)


@case(V)
def scaled_view(x):
    y = x * 1.0
    v = y[2:5]
    w = v * 2
    w[0] = 100.0 * x[0]
    v[1] = w[2]
    return np.sum(y * y) + np.sum(w)


@case(V)
def matrix_of_one_row_repeated(x):
    row = [x[0], x[1]]
    table = [row] * 3
    table[0][0] = x[2] * x[3]
    return table[2][0] * table[1][1]
