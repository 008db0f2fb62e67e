"""One step of the co-moving frame for eight batteries at once, each with a step of its own.

The equations, the method and the tests of a step are those of `frame` and `observables`; only the
layout differs. Every array is (rows, 8), one lane a column. The unknowns are the nine numbers of
the triad, then real and imaginary part of one level after the other, so that a lane that needs
more levels than its neighbours moves nothing: the ladder elements beyond a lane's own levels are
zero, and its amplitudes there stay zero. Slopes are kept times the step of their lane.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from rzqiskit.dicke import dop853
from rzqiskit.dicke.pulses import SINE_SQUARED, pulse_slope, pulse_value
from rzqiskit.dicke.vectors import WIDTH, fma, load, select_positive, splat, sqrt, store, vrint

__all__ = [
    "DELTA", "DRIVE", "FIRST_LEVEL", "INVERSE_TILT", "NUM", "NUM_PARAMETERS", "NUM_PLACES",
    "NUM_RESULTS", "SLOPES", "START", "STEP", "TILT_SQUARED", "VALUES", "G", "dense_output",
    "evaluate", "final_edge", "slope", "stages", "step_error",
]  # fmt: skip

# rows of the parameters of the lanes; the drive has four numbers
NUM, DELTA, G, INVERSE_TILT, START, STEP, DRIVE = range(7)
NUM_PARAMETERS = DRIVE + 4
# rows of the results of `evaluate`: E, P, P_I, Sigma^2 and their slopes, then a_1^2 + a_2^2
VALUES, SLOPES, TILT_SQUARED, PULSE, PULSE_SLOPE = 0, 4, 8, 9, 10
NUM_RESULTS = 11
FIRST_LEVEL = 9  # row of the amplitudes

_C = dop853.C
# The slopes of the dense output take the places of three that nothing needs any more.
_PLACE = np.array([*range(13), 1, 2, 3])
NUM_PLACES = 13
_STAGES = [np.flatnonzero(row) for row in dop853.A]
# rows of the tableau padded to fours, by slopes that are there already, with weight zero
_LENGTH = np.array([(used.size + 3) // 4 * 4 for used in _STAGES])
_COLUMN = np.array([[*_PLACE[used], *[0] * (12 - used.size)] for used in _STAGES])
_WEIGHT = np.array(
    [[*row[used], *[0.0] * (12 - used.size)] for row, used in zip(dop853.A, _STAGES, strict=True)]
)
_DENSE_COLUMN = _PLACE[dop853.D.any(axis=0)]
_DENSE_WEIGHT = dop853.D[:, dop853.D.any(axis=0)].copy()
_ERROR_COLUMN = np.flatnonzero(np.abs(dop853.E5) + np.abs(dop853.E3))
_E5, _E3 = dop853.E5[_ERROR_COLUMN], dop853.E3[_ERROR_COLUMN]
_NUM_DENSE, _NUM_ERROR = _DENSE_COLUMN.size, _ERROR_COLUMN.size
# Taylor's coefficients of sin(pi r)/r and cos(pi r) in r^2: exact to rounding for |r| <= 1/2
_SINE = np.array(
    [(-1) ** j * math.pi ** (2 * j + 1) / math.factorial(2 * j + 1) for j in range(12)]
)
_COSINE = np.array([(-1) ** j * math.pi ** (2 * j) / math.factorial(2 * j) for j in range(13)])


@njit(cache=True, nogil=True, error_model="numpy")
def _polynomial(coefficients, x):
    value = splat(coefficients[-1])
    for j in range(coefficients.size - 2, -1, -1):
        value = fma(value, x, splat(coefficients[j]))
    return value


@njit(cache=True, nogil=True, error_model="numpy")
def _pulses(kind, lanes, edges, coefficients, times, values, first, last):
    """Write f at the times in rows first <= row < last."""
    if kind == SINE_SQUARED:
        for row in range(first, last):
            u = load(times, row) / load(lanes, DRIVE + 1)
            r = u - vrint(u)
            sine = r * _polynomial(_SINE, r * r)
            store(values, row, load(lanes, DRIVE) * sine * sine)
    else:
        for lane in range(WIDTH):
            own = lanes[DRIVE:, lane]
            for row in range(first, last):
                values[row, lane] = pulse_value(times[row, lane], kind, own, edges, coefficients, 0)


@njit(cache=True, nogil=True, error_model="numpy")
def _pulse_and_slope(kind, lanes, edges, coefficients, times, results):
    """Write f and df/dt at the times in row 0."""
    if kind == SINE_SQUARED:
        period = load(lanes, DRIVE + 1)
        u = load(times, 0) / period
        r = u - vrint(u)
        v0, sine, cosine = (
            load(lanes, DRIVE),
            r * _polynomial(_SINE, r * r),
            _polynomial(_COSINE, r * r),
        )
        store(results, PULSE, v0 * sine * sine)
        store(results, PULSE_SLOPE, v0 * sine * cosine * (2.0 * math.pi) / period)
    else:
        for lane in range(WIDTH):
            t, own = times[0, lane], lanes[DRIVE:, lane]
            results[PULSE, lane] = pulse_value(t, kind, own, edges, coefficients, 0)
            results[PULSE_SLOPE, lane] = pulse_slope(t, kind, own, edges, coefficients, 0)


@njit(cache=True, nogil=True, error_model="numpy")
def slope(f, step, lanes, ladder, y, out, first, levels):
    """Write step * dy/dt into rows first, first + 1, ... of `out`, see `frame` for the equations.

    One pass over the levels: D c is formed one level ahead of D(D c), and lives in registers.
    `y` holds two levels more than are used, both zero, `ladder` s_{k-1} in row k.
    """
    a1, a2, a3 = load(y, 0), load(y, 1), load(y, 2)
    b1, b2, b3 = load(y, 3), load(y, 4), load(y, 5)
    x1, x2, x3 = load(y, 6), load(y, 7), load(y, 8)
    f, g = f * step, load(lanes, G) * step
    mean_field = g * load(lanes, NUM)
    turn = load(lanes, DELTA) * step - mean_field * a3
    spin = 0.5 * mean_field * (a1 * a1 + a2 * a2)
    store(out, first, f * b1 + spin * a2)
    store(out, first + 1, f * b2 - spin * a1)
    store(out, first + 2, f * b3)
    store(out, first + 3, turn * x1 - f * a1 + spin * b2)
    store(out, first + 4, turn * x2 - f * a2 - spin * b1)
    store(out, first + 5, turn * x3 - f * a3)
    store(out, first + 6, spin * x2 - turn * b1)
    store(out, first + 7, splat(0.0) - spin * x1 - turn * b2)
    store(out, first + 8, splat(0.0) - turn * b3)
    h1, h2 = 0.5 * a1, 0.5 * a2
    g1, g2, g3 = g * h1, g * h2, g * a3
    e0 = 0.5 * spin
    # amplitudes c of levels k, k + 1; D c (d) of levels k - 1, k; s of k - 1, k
    re, im = load(y, FIRST_LEVEL), load(y, FIRST_LEVEL + 1)
    next_re, next_im = load(y, FIRST_LEVEL + 2), load(y, FIRST_LEVEL + 3)
    low, up = splat(0.0), load(ladder, 1)
    last_dr, last_di = splat(0.0), splat(0.0)
    ur, ui = up * next_re, up * next_im
    dr, di = h1 * ur - h2 * ui, h1 * ui + h2 * ur
    for k in range(levels):
        row = FIRST_LEVEL + 2 * k
        far_re, far_im, far = load(y, row + 4), load(y, row + 5), load(ladder, k + 2)
        lr, li, ur, ui = up * re, up * im, far * far_re, far * far_im
        diagonal = a3 * (k + 1.0)
        next_dr = fma(diagonal, next_re, fma(h1, lr + ur, h2 * (li - ui)))
        next_di = fma(diagonal, next_im, fma(h1, li + ui, h2 * (ur - lr)))
        lr, li, ur, ui = low * last_dr, low * last_di, up * next_dr, up * next_di
        diagonal, shift = g3 * (1.0 * k), spin * (1.0 * k) + e0
        from_re = fma(diagonal, dr, fma(g1, lr + ur, g2 * (li - ui)))
        from_im = fma(diagonal, di, fma(g1, li + ui, g2 * (ur - lr)))
        store(out, first + row, from_im - shift * im)
        store(out, first + row + 1, shift * re - from_re)
        re, im, next_re, next_im = next_re, next_im, far_re, far_im
        last_dr, last_di, dr, di = dr, di, next_dr, next_di
        low, up = up, far


@njit(cache=True, nogil=True, error_model="numpy")
def _four(slopes, i, c1, c2, c3, c4, w1, w2, w3, w4):
    value = fma(w2, load(slopes, c2 + i), w1 * load(slopes, c1 + i))
    return fma(w4, load(slopes, c4 + i), fma(w3, load(slopes, c3 + i), value))


@njit(cache=True, nogil=True, error_model="numpy")
def _combine(stage, y, slopes, stride, out, n):
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


@njit(cache=True, nogil=True, error_model="numpy")
def stages(
    first, last, kind, lanes, edges, coefficients, ladder, y, slopes, stride, stage, times,
    pulses, levels,
):  # fmt: skip
    """Compute the slopes first <= i < last of a step; `stage` ends as the last state."""
    start, step = load(lanes, START), load(lanes, STEP)
    for i in range(first, last):
        store(times, i, start + _C[i] * step)
    _pulses(kind, lanes, edges, coefficients, times, pulses, first, last)
    for i in range(first, last):
        _combine(i, y, slopes, stride, stage, FIRST_LEVEL + 2 * levels)
        slope(load(pulses, i), step, lanes, ladder, stage, slopes, _PLACE[i] * stride,
              levels)  # fmt: skip


@njit(cache=True, nogil=True, error_model="numpy")
def _is_small(i):
    """Return whether a weak pulse leaves this number as small as the tilt."""
    return i < 2 or i >= FIRST_LEVEL + 2


@njit(cache=True, nogil=True, error_model="numpy")
def step_error(lanes, slopes, stride, levels, out):
    """Write the local error of the step and the norm of `stage` squared into rows 0 and 1."""
    sum5, sum3 = splat(0.0), splat(0.0)
    inverse, one = load(lanes, INVERSE_TILT), splat(1.0)
    for i in range(FIRST_LEVEL + 2 * levels):
        error5, error3 = splat(0.0), splat(0.0)
        for e in range(_NUM_ERROR):
            k = load(slopes, _ERROR_COLUMN[e] * stride + i)
            error5, error3 = fma(splat(_E5[e]), k, error5), fma(splat(_E3[e]), k, error3)
        scale = inverse if _is_small(i) else one
        error5, error3 = scale * error5, scale * error3
        sum5, sum3 = sum5 + error5 * error5, sum3 + error3 * error3
    size = sum5 / sqrt(sum5 + 0.01 * sum3)
    store(out, 0, select_positive(sum5, size, sum5))


@njit(cache=True, nogil=True, error_model="numpy")
def final_edge(stage, levels, lane):
    """Return the weight of one lane's state on its last two levels."""
    edge = 0.0
    for row in range(FIRST_LEVEL + 2 * (levels - 2), FIRST_LEVEL + 2 * levels):
        edge += stage[row, lane] ** 2
    return edge


@njit(cache=True, nogil=True, error_model="numpy")
def dense_output(lanes, y, after, slopes, stride, dense, levels, out):
    """Write the eight rows of dense output; and the highest terms and the norm into `out`.

    Rows of `out`: the highest term, the one below it, the norm of the new state. See `frame` for
    what the terms tell. `after` is the new state.
    """
    top, below, norm = splat(0.0), splat(0.0), splat(0.0)
    inverse, one = load(lanes, INVERSE_TILT), splat(1.0)
    for i in range(FIRST_LEVEL + 2 * levels):
        old, new = load(y, i), load(after, i)
        rise, first = new - old, load(slopes, i)
        store(dense, i, old)
        store(dense, stride + i, rise)
        store(dense, 2 * stride + i, first - rise)
        store(dense, 3 * stride + i, 2.0 * rise - (load(slopes, 12 * stride + i) + first))
        d4, d5, d6, d7 = splat(0.0), splat(0.0), splat(0.0), splat(0.0)
        for e in range(_NUM_DENSE):
            k = load(slopes, _DENSE_COLUMN[e] * stride + i)
            d4, d5 = fma(splat(_DENSE_WEIGHT[0, e]), k, d4), fma(splat(_DENSE_WEIGHT[1, e]), k, d5)
            d6, d7 = fma(splat(_DENSE_WEIGHT[2, e]), k, d6), fma(splat(_DENSE_WEIGHT[3, e]), k, d7)
        store(dense, 4 * stride + i, d4)
        store(dense, 5 * stride + i, d5)
        store(dense, 6 * stride + i, d6)
        store(dense, 7 * stride + i, d7)
        scale = inverse if _is_small(i) else one
        d6, d7 = scale * d6, scale * d7
        top, below = top + d7 * d7, below + d6 * d6
        if i >= FIRST_LEVEL:
            norm = norm + new * new
    store(out, 0, 0.0084 * sqrt(top))
    store(out, 1, 0.0156 * sqrt(below))
    store(out, 2, sqrt(norm))


@njit(cache=True, nogil=True, error_model="numpy")
def evaluate(
    kind, lanes, edges, coefficients, ladder, dense, stride, levels, times, y, results,
):  # fmt: skip
    """Write the metrics and their slopes at `times` (1, 8), each inside its lane's step.

    The formulas are those of `interpolate_state`, `spin_moments` and `_values_slopes` in
    `observables`.
    """
    t = load(times, 0)
    x = (t - load(lanes, START)) / load(lanes, STEP)
    z = 1.0 - x
    w2 = x * z
    w3, w4 = w2 * x, w2 * w2
    w5, w6 = w4 * x, w4 * w2
    w7 = w6 * x
    n = FIRST_LEVEL + 2 * levels
    for i in range(n):
        store(
            y, i,
            load(dense, i) + x * load(dense, stride + i) + w2 * load(dense, 2 * stride + i)
            + w3 * load(dense, 3 * stride + i) + w4 * load(dense, 4 * stride + i)
            + w5 * load(dense, 5 * stride + i) + w6 * load(dense, 6 * stride + i)
            + w7 * load(dense, 7 * stride + i),
        )  # fmt: skip
    zero = splat(0.0)
    for i in range(n, n + 4):
        store(y, i, zero)
    weight, first, second = zero, zero, zero
    raise_r, raise_i, mixed_r, mixed_i, double_r, double_i = zero, zero, zero, zero, zero, zero
    r0, i0 = load(y, FIRST_LEVEL), load(y, FIRST_LEVEL + 1)
    r1, i1 = load(y, FIRST_LEVEL + 2), load(y, FIRST_LEVEL + 3)
    s0 = load(ladder, 1)
    for k in range(levels):
        row = FIRST_LEVEL + 2 * k + 4
        r2, i2, s1 = load(y, row), load(y, row + 1), load(ladder, k + 2)
        p = r0 * r0 + i0 * i0
        weight, first, second = weight + p, first + (1.0 * k) * p, second + (1.0 * k * k) * p
        qr, qi = s0 * (r1 * r0 + i1 * i0), s0 * (r1 * i0 - i1 * r0)
        raise_r, raise_i = raise_r + qr, raise_i + qi
        mixed_r, mixed_i = mixed_r + (2.0 * k + 1.0) * qr, mixed_i + (2.0 * k + 1.0) * qi
        ss = s0 * s1
        double_r = double_r + ss * (r2 * r0 + i2 * i0)
        double_i = double_i + ss * (r2 * i0 - i2 * r0)
        r0, i0, r1, i1, s0 = r1, i1, r2, i2, s1
    num = load(lanes, NUM)
    scale = 1.0 / weight
    mean = scale * first
    mx, my = scale * raise_r, scale * raise_i
    plane = 0.5 * num + num * mean - scale * second
    cxx = 0.5 * (plane + scale * double_r) - mx * mx
    cyy = 0.5 * (plane - scale * double_r) - my * my
    cxy = 0.5 * scale * double_i - mx * my
    c33 = scale * second - mean * mean
    cx3 = 0.5 * scale * mixed_r - mean * mx
    cy3 = 0.5 * scale * mixed_i - mean * my

    a1, a2, a3 = load(y, 0), load(y, 1), load(y, 2)
    b1, b2, b3 = load(y, 3), load(y, 4), load(y, 5)
    x1, x2, x3 = load(y, 6), load(y, 7), load(y, 8)
    tilt = a1 * a1 + a2 * a2
    norm = sqrt(tilt + a3 * a3)
    # (1 - a_3)/2 free of cancellation where the battery is almost empty
    half = select_positive(a3, 0.5 * tilt / (norm * (norm + a3)), 0.5 * (1.0 - a3 / norm))
    m3 = mean - 0.5 * num
    mean_x = x1 * mx + x2 * my + x3 * m3
    mean_y = b1 * mx + b2 * my + b3 * m3
    mean_k = a1 * mx + a2 * my + a3 * mean + num * half
    ax, ay = cxx * a1 + cxy * a2 + cx3 * a3, cxy * a1 + cyy * a2 + cy3 * a3
    az = cx3 * a1 + cy3 * a2 + c33 * a3
    variance = a1 * ax + a2 * ay + a3 * az
    variance = select_positive(variance, variance, zero)
    cov_xz = x1 * ax + x2 * ay + x3 * az
    cov_yz = b1 * ax + b2 * ay + b3 * az

    _pulse_and_slope(kind, lanes, edges, coefficients, times, results)
    f, f_slope = load(results, PULSE), load(results, PULSE_SLOPE)
    delta, g = load(lanes, DELTA), load(lanes, G)
    mean_z = mean_k - 0.5 * num
    energy, power = delta * mean_k, delta * f * mean_y
    turn = delta * mean_x - f * mean_z + 2.0 * g * (cov_xz + mean_x * mean_z)
    power_slope = delta * (f_slope * mean_y + f * turn)
    store(results, VALUES, energy)
    store(results, SLOPES, power)
    # at t = 0, E = P_I'(0) t^2 / 2 + ...
    store(results, VALUES + 1, select_positive(t, energy / t, zero))
    store(results, SLOPES + 1, select_positive(t, (power - energy / t) / t, 0.5 * power_slope))
    store(results, VALUES + 2, power)
    store(results, SLOPES + 2, power_slope)
    store(results, VALUES + 3, delta * delta * variance)
    store(results, SLOPES + 3, 2.0 * delta * delta * f * cov_yz)
    store(results, TILT_SQUARED, tilt)
