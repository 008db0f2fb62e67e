"""One step of the co-moving frame for eight batteries at once, each with a step of its own.

The equations, the method and the tests of a step are those of `frame` and `observables`; only the
layout differs. Every array is (rows, 8), one lane a column. The unknowns are the nine numbers of
the triad, then real and imaginary part of one level after the other, so that a lane that needs
more levels than its neighbours moves nothing: the ladder elements beyond a lane's own levels are
zero, and its amplitudes there stay zero. Slopes are kept times the step of their lane.
"""

from __future__ import annotations

import numpy as np

from rzqiskit.dicke import dop853
from rzqiskit.dicke.compiled import inner
from rzqiskit.dicke.dop853_rows import PLACES, combine
from rzqiskit.dicke.vector_pulses import lane_pulse_and_slope, lane_pulses
from rzqiskit.dicke.vectors import fma, load, maximum, select_positive, splat, sqrt, store

__all__ = [
    "DELTA", "DRIVE", "FIRST_LEVEL", "NORM_SQUARED", "NUM", "NUM_PARAMETERS", "NUM_RESULTS",
    "SLOPES", "START", "STEP", "TILT_SQUARED", "VALUES", "G", "evaluate", "final_edge",
    "set_scale", "slope", "stages",
]  # fmt: skip

# rows of the parameters of the lanes; the drive has four numbers
NUM, DELTA, G, START, STEP, DRIVE = range(6)
NUM_PARAMETERS = np.int64(DRIVE + 4)
# rows of the results of `evaluate`: E, P, P_I, Sigma^2 and their slopes, a_1^2 + a_2^2, the norm
VALUES, SLOPES, TILT_SQUARED, NORM_SQUARED, PULSE, PULSE_SLOPE = 0, 4, 8, 9, 10, 11
NUM_RESULTS = np.int64(12)
FIRST_LEVEL = 9  # row of the amplitudes

_C = dop853.C


@inner
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


@inner
def stages(
    which, kind, lanes, edges, coefficients, ladder, y, slopes, stride, stage, times, pulses,
    levels,
):  # fmt: skip
    """Compute the slopes of the stages `which` of a step; `stage` ends as the last state."""
    first, last = which[0], which[1]
    start, step = load(lanes, START), load(lanes, STEP)
    for i in range(first, last):
        store(times, i, start + _C[i] * step)
    lane_pulses(kind, lanes[DRIVE:], edges, coefficients, times, pulses, first, last)
    for i in range(first, last):
        combine(i, y, slopes, stride, stage, FIRST_LEVEL + 2 * levels)
        slope(load(pulses, i), step, lanes, ladder, stage, slopes, PLACES[i] * stride,
              levels)  # fmt: skip


@inner
def set_scale(lane, tilt, scale):
    """Write what errors are multiplied by: a weak pulse leaves most numbers as small as `tilt`."""
    for i in range(scale.shape[0]):
        small = i < 2 or i >= FIRST_LEVEL + 2
        scale[i, lane] = 1.0 / tilt if small else 1.0


@inner
def final_edge(stage, levels, lane):
    """Return the weight of one lane's state on its last two levels."""
    edge = 0.0
    for row in range(FIRST_LEVEL + 2 * (levels - 2), FIRST_LEVEL + 2 * levels):
        edge += stage[row, lane] ** 2
    return edge


@inner
def evaluate(kind, lanes, edges, coefficients, ladder, times, y, levels, second_order, results):
    """Write the metrics of the states `y` at `times` (1, 8), and their slopes.

    The formulas are those of `spin_moments` and `_values_slopes` in `observables`. Without
    `second_order`, Sigma^2 and the slopes of P_I and Sigma^2 are left out.
    """
    t = load(times, 0)
    zero = splat(0.0)
    n = FIRST_LEVEL + 2 * levels
    for i in range(n, n + 4):
        store(y, i, zero)
    num, delta, g = load(lanes, NUM), load(lanes, DELTA), load(lanes, G)
    a1, a2, a3 = load(y, 0), load(y, 1), load(y, 2)
    b1, b2, b3 = load(y, 3), load(y, 4), load(y, 5)
    weight, first, raise_r, raise_i = zero, zero, zero, zero
    r0, i0 = load(y, FIRST_LEVEL), load(y, FIRST_LEVEL + 1)
    for k in range(levels):
        row = FIRST_LEVEL + 2 * k + 2
        r1, i1, s0 = load(y, row), load(y, row + 1), load(ladder, k + 1)
        p = fma(r0, r0, i0 * i0)
        weight, first = weight + p, fma(splat(1.0 * k), p, first)
        raise_r = fma(s0, fma(r1, r0, i1 * i0), raise_r)
        raise_i = fma(s0, r1 * i0 - i1 * r0, raise_i)
        r0, i0 = r1, i1
    scale = 1.0 / weight
    mean = scale * first
    mx, my = scale * raise_r, scale * raise_i
    tilt = a1 * a1 + a2 * a2
    norm = sqrt(tilt + a3 * a3)
    # (1 - a_3)/2 free of cancellation where the battery is almost empty
    half = select_positive(a3, 0.5 * tilt / (norm * (norm + a3)), 0.5 * (1.0 - a3 / norm))
    m3 = mean - 0.5 * num
    mean_y = b1 * mx + b2 * my + b3 * m3
    mean_k = a1 * mx + a2 * my + a3 * mean + num * half
    lane_pulse_and_slope(kind, lanes[DRIVE:], edges, coefficients, times, results, PULSE)
    f = load(results, PULSE)
    energy, power = delta * mean_k, delta * f * mean_y
    # at t = 0, E = P_I'(0) t^2 / 2 + ...; there nothing is evaluated
    average = energy / t
    store(results, VALUES, energy)
    store(results, SLOPES, power)
    store(results, VALUES + 1, average)
    store(results, SLOPES + 1, (power - average) / t)
    store(results, VALUES + 2, power)
    store(results, TILT_SQUARED, tilt)
    store(results, NORM_SQUARED, weight)
    if not second_order:
        return
    second, mixed_r, mixed_i, double_r, double_i = zero, zero, zero, zero, zero
    r0, i0 = load(y, FIRST_LEVEL), load(y, FIRST_LEVEL + 1)
    r1, i1 = load(y, FIRST_LEVEL + 2), load(y, FIRST_LEVEL + 3)
    s0 = load(ladder, 1)
    for k in range(levels):
        row = FIRST_LEVEL + 2 * k + 4
        r2, i2, s1 = load(y, row), load(y, row + 1), load(ladder, k + 2)
        second = fma(splat(1.0 * k * k), fma(r0, r0, i0 * i0), second)
        odd = s0 * (2.0 * k + 1.0)
        mixed_r = fma(odd, fma(r1, r0, i1 * i0), mixed_r)
        mixed_i = fma(odd, r1 * i0 - i1 * r0, mixed_i)
        ss = s0 * s1
        double_r = fma(ss, fma(r2, r0, i2 * i0), double_r)
        double_i = fma(ss, r2 * i0 - i2 * r0, double_i)
        r0, i0, r1, i1, s0 = r1, i1, r2, i2, s1
    plane = 0.5 * num + num * mean - scale * second
    cxx = 0.5 * (plane + scale * double_r) - mx * mx
    cyy = 0.5 * (plane - scale * double_r) - my * my
    cxy = 0.5 * scale * double_i - mx * my
    c33 = scale * second - mean * mean
    cx3 = 0.5 * scale * mixed_r - mean * mx
    cy3 = 0.5 * scale * mixed_i - mean * my
    x1, x2, x3 = load(y, 6), load(y, 7), load(y, 8)
    ax, ay = cxx * a1 + cxy * a2 + cx3 * a3, cxy * a1 + cyy * a2 + cy3 * a3
    az = cx3 * a1 + cy3 * a2 + c33 * a3
    variance = maximum(a1 * ax + a2 * ay + a3 * az, zero)
    cov_xz = x1 * ax + x2 * ay + x3 * az
    cov_yz = b1 * ax + b2 * ay + b3 * az
    mean_x, mean_z = x1 * mx + x2 * my + x3 * m3, mean_k - 0.5 * num
    turn = delta * mean_x - f * mean_z + 2.0 * g * (cov_xz + mean_x * mean_z)
    store(results, SLOPES + 2, delta * (load(results, PULSE_SLOPE) * mean_y + f * turn))
    store(results, VALUES + 3, delta * delta * variance)
    store(results, SLOPES + 3, 2.0 * delta * delta * f * cov_yz)
