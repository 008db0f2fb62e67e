"""The weighted sums of a DOP853 step on rows of eight numbers, for `frame` and `lanes` alike.

Arrays are (rows, 8). A row may hold one unknown of eight batteries, or eight unknowns of one: these
sums do not care. Slopes are kept times the step, those of stage i in the rows from
PLACES[i] * stride on.
"""

from __future__ import annotations

import numpy as np

from rzqiskit.dicke import dop853
from rzqiskit.dicke.compiled import inner
from rzqiskit.dicke.vectors import fma, load, splat, store

__all__ = [
    "EXTRA_STAGES", "NUM_PLACES", "OWN_STAGES", "PLACES", "combine", "dense_rows", "error_sums",
    "interpolate_rows",
]  # fmt: skip

# The slopes of the dense output take the places of three that nothing needs any more.
PLACES = np.array([*range(13), 1, 2, 3])
NUM_PLACES = 13
# stages of the step itself, and of its dense output: first and one behind the last
OWN_STAGES, EXTRA_STAGES = np.array([1, 13]), np.array([13, 16])
_STAGES = [np.flatnonzero(row) for row in dop853.A]
# rows of the tableau padded to fours, by slopes that are there already, with weight zero
_LENGTH = np.array([(used.size + 3) // 4 * 4 for used in _STAGES])
_COLUMN = np.array([[*PLACES[used], *[0] * (12 - used.size)] for used in _STAGES])
_WEIGHT = np.array(
    [[*row[used], *[0.0] * (12 - used.size)] for row, used in zip(dop853.A, _STAGES, strict=True)]
)
_DENSE_COLUMN = PLACES[dop853.D.any(axis=0)]
_DENSE_WEIGHT = dop853.D[:, dop853.D.any(axis=0)].copy()
_ERROR_COLUMN = np.flatnonzero(np.abs(dop853.E5) + np.abs(dop853.E3))
_E5, _E3 = dop853.E5[_ERROR_COLUMN], dop853.E3[_ERROR_COLUMN]
_NUM_DENSE, _NUM_ERROR = _DENSE_COLUMN.size, _ERROR_COLUMN.size


@inner
def _four(slopes, i, c1, c2, c3, c4, w1, w2, w3, w4):
    value = fma(w2, load(slopes, c2 + i), w1 * load(slopes, c1 + i))
    return fma(w4, load(slopes, c4 + i), fma(w3, load(slopes, c3 + i), value))


@inner
def combine(stage, y, slopes, stride, out, n):
    """Write y + sum_j A[stage, j] slopes[j] into `out`, the slopes already times the step."""
    w, c = _WEIGHT[stage], _COLUMN[stage]
    w1, w2, w3, w4 = splat(w[0]), splat(w[1]), splat(w[2]), splat(w[3])
    w5, w6, w7, w8 = splat(w[4]), splat(w[5]), splat(w[6]), splat(w[7])
    w9, w10, w11, w12 = splat(w[8]), splat(w[9]), splat(w[10]), splat(w[11])
    c1, c2, c3, c4 = c[0] * stride, c[1] * stride, c[2] * stride, c[3] * stride
    c5, c6, c7, c8 = c[4] * stride, c[5] * stride, c[6] * stride, c[7] * stride
    c9, c10, c11, c12 = c[8] * stride, c[9] * stride, c[10] * stride, c[11] * stride
    if _LENGTH[stage] == 4:
        for i in range(n):
            store(out, i, load(y, i) + _four(slopes, i, c1, c2, c3, c4, w1, w2, w3, w4))
    elif _LENGTH[stage] == 8:
        for i in range(n):
            store(
                out, i,
                load(y, i) + _four(slopes, i, c1, c2, c3, c4, w1, w2, w3, w4)
                + _four(slopes, i, c5, c6, c7, c8, w5, w6, w7, w8),
            )  # fmt: skip
    else:
        for i in range(n):
            store(
                out, i,
                load(y, i) + _four(slopes, i, c1, c2, c3, c4, w1, w2, w3, w4)
                + _four(slopes, i, c5, c6, c7, c8, w5, w6, w7, w8)
                + _four(slopes, i, c9, c10, c11, c12, w9, w10, w11, w12),
            )  # fmt: skip


@inner
def error_sums(scale, slopes, stride, n):
    """Return the squares of the two error estimates, `scale` times each row, summed over rows."""
    sum5, sum3 = splat(0.0), splat(0.0)
    for i in range(n):
        error5, error3 = splat(0.0), splat(0.0)
        for e in range(_NUM_ERROR):
            k = load(slopes, _ERROR_COLUMN[e] * stride + i)
            error5, error3 = fma(splat(_E5[e]), k, error5), fma(splat(_E3[e]), k, error3)
        size = load(scale, i)
        error5, error3 = size * error5, size * error3
        sum5, sum3 = fma(error5, error5, sum5), fma(error3, error3, sum3)
    return sum5, sum3


@inner
def dense_rows(scale, y, after, slopes, stride, dense, first, n):
    """Write the eight coefficients of the dense output into rows first + j * stride + i.

    `after` is the state at the end of the step. Returns the squares of the highest coefficient and
    of the one below, `scale` times each row, summed over rows.
    """
    top, below = splat(0.0), splat(0.0)
    for i in range(n):
        old, slope = load(y, i), load(slopes, i)
        rise, row = load(after, i) - old, first + i
        store(dense, row, old)
        store(dense, row + stride, rise)
        store(dense, row + 2 * stride, slope - rise)
        store(dense, row + 3 * stride, 2.0 * rise - (load(slopes, 12 * stride + i) + slope))
        d4, d5, d6, d7 = splat(0.0), splat(0.0), splat(0.0), splat(0.0)
        for e in range(_NUM_DENSE):
            k = load(slopes, _DENSE_COLUMN[e] * stride + i)
            d4, d5 = fma(splat(_DENSE_WEIGHT[0, e]), k, d4), fma(splat(_DENSE_WEIGHT[1, e]), k, d5)
            d6, d7 = fma(splat(_DENSE_WEIGHT[2, e]), k, d6), fma(splat(_DENSE_WEIGHT[3, e]), k, d7)
        store(dense, row + 4 * stride, d4)
        store(dense, row + 5 * stride, d5)
        store(dense, row + 6 * stride, d6)
        store(dense, row + 7 * stride, d7)
        size = load(scale, i)
        d6, d7 = size * d6, size * d7
        top, below = fma(d7, d7, top), fma(d6, d6, below)
    return top, below


@inner
def interpolate_rows(x, dense, first, stride, n, y):
    """Write the state at the fraction x of the step (eight of them) into `y`."""
    z = 1.0 - x
    w2 = x * z
    w3, w4 = w2 * x, w2 * w2
    w5, w6 = w4 * x, w4 * w2
    w7 = w6 * x
    for i in range(n):
        row = first + i
        low = fma(x, load(dense, row + stride), load(dense, row))
        low = fma(w3, load(dense, row + 3 * stride), fma(w2, load(dense, row + 2 * stride), low))
        high = fma(w5, load(dense, row + 5 * stride), w4 * load(dense, row + 4 * stride))
        high = fma(w7, load(dense, row + 7 * stride), fma(w6, load(dense, row + 6 * stride), high))
        store(y, i, low + high)
