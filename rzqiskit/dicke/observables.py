r"""Observables of a frame state, and the maxima of a run on its dense output.

The rows a, b, x of the triad turn the frame's spin into the lab's: Jz = a . J~ and so on. All
first and second moments follow from one pass over the amplitudes, so they cost O(K):

    E = Delta (<Jz> + N/2),   P_I = dE/dt = Delta f <Jy>,   Sigma = Delta sd(Jz).

Derivatives in time, which locate the maxima, come from the same moments (Heisenberg's equation):

    d Sigma^2/dt = 2 Delta^2 f Cov(Jy, Jz),   d<Jy>/dt = Delta <Jx> - f <Jz> + g <{Jz, Jx}>.
"""

from __future__ import annotations

import math

import numpy as np

from rzqiskit.dicke.compiled import inner, kernel
from rzqiskit.dicke.dop853_rows import interpolate_rows
from rzqiskit.dicke.levels import TRIAD_ROWS, moment_weights, state_rows
from rzqiskit.dicke.pulses import pulse_slope, pulse_value
from rzqiskit.dicke.vectors import (
    WIDTH,
    aligned,
    fma,
    load,
    shift_in_1,
    shift_in_2,
    splat,
    total,
)

__all__ = [
    "FEWEST_INTERVALS",
    "NUM_MOMENTS",
    "find_maxima",
    "find_step",
    "interpolate_state",
    "sample_metrics",
    "spin_moments",
]

# rows of the moments: means of Jx, Jy, excitations; the covariances; weight of frame level 0
MEAN_X, MEAN_Y, MEAN_K, VAR_X, VAR_Y, VAR_Z, COV_XY, COV_XZ, COV_YZ, FIDELITY = range(10)
NUM_MOMENTS = 10
# rows of the metrics
ENERGY, AVERAGE_POWER, POWER, FLUCTUATION = range(4)
FEWEST_INTERVALS = 32
"""Into how many a run is divided at least to look for maxima."""


@inner
def find_step(t, starts, first):
    """Return the step that holds `t`, searched from step `first` upwards."""
    step = first
    while step < starts.size - 2 and t > starts[step + 1]:
        step += 1
    return step


@inner
def interpolate_state(t, step, starts, table, flat, y):
    """Write the state at `t` into the rows `y`; return its number of levels."""
    levels = table[step, 0]
    n = state_rows(levels)
    x = (t - starts[step]) / (starts[step + 1] - starts[step])
    interpolate_rows(splat(x), flat, table[step, 1], n, n, y)
    return levels


@kernel
def spin_moments(y, levels, num_qubits, weights, out):
    """Write the moments of the lab's collective spin into `out`.

    One pass over the amplitudes gives the frame's moments, from the coherences conj(c_k+1) c_k and
    conj(c_k+2) c_k, with J~x^2 + J~y^2 = N/2 + N k - k^2 exact in spite of the truncation; the
    triad turns them into the lab's. `weights` are the `moment_weights` of so many levels.
    """
    block = levels // WIDTH
    zero = splat(0.0)
    sums, firsts, seconds = zero, zero, zero
    raise_rs, raise_is, mixed_rs, mixed_is = zero, zero, zero, zero
    double_rs, double_is = zero, zero
    for row in range(block):
        r, i = load(y, TRIAD_ROWS + row), load(y, TRIAD_ROWS + block + row)
        # what follows the last level meets weights of zero
        above_r, above_i = load(y, TRIAD_ROWS + row + 1), load(y, TRIAD_ROWS + block + row + 1)
        r1, i1 = shift_in_1(r, above_r), shift_in_1(i, above_i)
        r2, i2 = shift_in_2(r, above_r), shift_in_2(i, above_i)
        p, qr, qi = fma(r, r, i * i), fma(r1, r, i1 * i), r1 * i - i1 * r
        sums, firsts = sums + p, fma(load(weights, row), p, firsts)
        seconds = fma(load(weights, block + row), p, seconds)
        single, odd = load(weights, 2 * block + row), load(weights, 3 * block + row)
        raise_rs, raise_is = fma(single, qr, raise_rs), fma(single, qi, raise_is)
        mixed_rs, mixed_is = fma(odd, qr, mixed_rs), fma(odd, qi, mixed_is)
        twice = load(weights, 4 * block + row)
        double_rs = fma(twice, fma(r2, r, i2 * i), double_rs)
        double_is = fma(twice, r2 * i - i2 * r, double_is)
    weight, first, second = total(sums), total(firsts), total(seconds)
    raise_r, raise_i, mixed_r, mixed_i = (
        total(raise_rs), total(raise_is), total(mixed_rs), total(mixed_is),
    )  # fmt: skip
    double_r, double_i = total(double_rs), total(double_is)
    lowest = y[TRIAD_ROWS, 0] ** 2 + y[TRIAD_ROWS + block, int(block == 0)] ** 2
    if block == 0:
        weight = lowest
    scale = 1.0 / weight
    n = scale * first
    mx, my = scale * raise_r, scale * raise_i
    plane = 0.5 * num_qubits + num_qubits * n - scale * second
    cxx = 0.5 * (plane + scale * double_r) - mx * mx
    cyy = 0.5 * (plane - scale * double_r) - my * my
    cxy = 0.5 * scale * double_i - mx * my
    c33 = scale * second - n * n
    cx3 = 0.5 * scale * mixed_r - n * mx
    cy3 = 0.5 * scale * mixed_i - n * my

    a1, a2, a3 = y[0, 0], y[0, 1], y[0, 2]
    b1, b2, b3 = y[0, 3], y[0, 4], y[0, 5]
    x1, x2, x3 = y[0, 6], y[0, 7], y[1, 0]
    norm = math.sqrt(a1 * a1 + a2 * a2 + a3 * a3)
    if a3 > 0.0:  # (1 - a_3)/2 free of cancellation where the battery is almost empty
        half = 0.5 * (a1 * a1 + a2 * a2) / (norm * (norm + a3))
    else:
        half = 0.5 * (1.0 - a3 / norm)
    m3 = n - 0.5 * num_qubits
    out[MEAN_X] = x1 * mx + x2 * my + x3 * m3
    out[MEAN_Y] = b1 * mx + b2 * my + b3 * m3
    out[MEAN_K] = a1 * mx + a2 * my + a3 * n + num_qubits * half
    # covariance matrix times each row, then the rows against each other
    ax, ay = cxx * a1 + cxy * a2 + cx3 * a3, cxy * a1 + cyy * a2 + cy3 * a3
    az = cx3 * a1 + cy3 * a2 + c33 * a3
    bx, by = cxx * b1 + cxy * b2 + cx3 * b3, cxy * b1 + cyy * b2 + cy3 * b3
    bz = cx3 * b1 + cy3 * b2 + c33 * b3
    xx, xy = cxx * x1 + cxy * x2 + cx3 * x3, cxy * x1 + cyy * x2 + cy3 * x3
    xz = cx3 * x1 + cy3 * x2 + c33 * x3
    out[VAR_X] = max(x1 * xx + x2 * xy + x3 * xz, 0.0)
    out[VAR_Y] = max(b1 * bx + b2 * by + b3 * bz, 0.0)
    out[VAR_Z] = max(a1 * ax + a2 * ay + a3 * az, 0.0)
    out[COV_XY] = x1 * bx + x2 * by + x3 * bz
    out[COV_XZ] = x1 * ax + x2 * ay + x3 * az
    out[COV_YZ] = b1 * ax + b2 * ay + b3 * az
    out[FIDELITY] = scale * lowest


@inner
def _workspace(table, num_qubits):
    """Return rows for a state, the weights of the first step's levels, room for the moments."""
    most = table[-1, 0]
    weights = moment_weights(table[0, 0], num_qubits)
    return aligned(state_rows(most) + 1), weights, np.empty(NUM_MOMENTS)


@inner
def sample_metrics(
    times, num_qubits, delta, kind, parameters, edges, coefficients, starts, table, flat,
    first, last, metrics, moments,
):  # fmt: skip
    """Write E, P, P_I, Sigma (4, num_times) and, where it has columns, the moments (10, num_times).

    Only times first <= i < last are written; those after the run get its end: both Jz and Jz^2 are
    conserved after the pulse, so nothing changes but P = E/t.
    """
    y, weights, row = _workspace(table, num_qubits)
    step, known = np.int64(0), table[0, 0]
    end, duration = starts[-1], edges[-1]
    for i in range(first, last):
        t = min(times[i], end)
        step = find_step(t, starts, step)
        levels = interpolate_state(t, step, starts, table, flat, y)
        if levels != known:
            known, weights = levels, moment_weights(levels, num_qubits)
        spin_moments(y, levels, num_qubits, weights, row)
        energy = delta * row[MEAN_K]
        metrics[ENERGY, i] = energy
        metrics[AVERAGE_POWER, i] = energy / times[i] if times[i] > 0.0 else 0.0
        metrics[POWER, i] = 0.0
        if times[i] <= duration:
            f = pulse_value(t, kind, parameters, edges, coefficients, table[step, 2])
            metrics[POWER, i] = delta * f * row[MEAN_Y]
        metrics[FLUCTUATION, i] = delta * math.sqrt(row[VAR_Z])
        if moments.shape[1] > 0:
            for j in range(NUM_MOMENTS):
                moments[j, i] = row[j]


@inner
def _values_slopes(
    t, step, num_qubits, delta, g, kind, parameters, edges, coefficients, starts, table, flat,
    weights, y, row, out,
):  # fmt: skip
    """Write E, P, P_I, Sigma^2 into out[0] and their time derivatives into out[1]."""
    levels = interpolate_state(t, step, starts, table, flat, y)
    spin_moments(y, levels, num_qubits, weights, row)
    piece = table[step, 2]
    f = pulse_value(t, kind, parameters, edges, coefficients, piece)
    slope = pulse_slope(t, kind, parameters, edges, coefficients, piece)
    mean_z = row[MEAN_K] - 0.5 * num_qubits
    energy, power = delta * row[MEAN_K], delta * f * row[MEAN_Y]
    anticommutator = 2.0 * (row[COV_XZ] + row[MEAN_X] * mean_z)
    turn = delta * row[MEAN_X] - f * mean_z + g * anticommutator
    power_slope = delta * (slope * row[MEAN_Y] + f * turn)
    out[0, ENERGY], out[1, ENERGY] = energy, power
    out[0, POWER], out[1, POWER] = power, power_slope
    if t > 0.0:
        out[0, AVERAGE_POWER] = energy / t
        out[1, AVERAGE_POWER] = (power - energy / t) / t
    else:  # E = P_I'(0) t^2 / 2 + ...
        out[0, AVERAGE_POWER], out[1, AVERAGE_POWER] = 0.0, 0.5 * power_slope
    out[0, FLUCTUATION] = delta * delta * row[VAR_Z]
    out[1, FLUCTUATION] = 2.0 * delta * delta * f * row[COV_YZ]


@inner
def _may_peak(v0, s0, v1, s1, width, best):
    """Return whether a step with these values and slopes at its ends may top `best` inside.

    The cubic through them tells the slope in the middle well enough to see a maximum coming.
    """
    middle = 1.5 * (v1 - v0) / width - 0.25 * (s0 + s1)
    doubt = 0.1 * (abs(s0) + abs(s1))
    up, down = max(s0, middle + doubt), min(s1, middle - doubt)
    # first up, then down: the two may not both be the middle alone
    turns = up > 0.0 and down < 0.0 and (s0 > 0.0 or s1 < 0.0)
    return turns and max(v0, v1) + width * max(up, -down) > best


@inner
def find_maxima(
    num_qubits, delta, g, kind, parameters, edges, coefficients, starts, table, flat, maxima,
):  # fmt: skip
    """Raise the maxima of E, P, P_I, Sigma^2 in `maxima` (value, time) by those of this run.

    The ends of every step, or of its parts if steps are few, are looked at, and the middle where a
    maximum may lie inside; where a derivative changes sign and the tangent promises more than the
    best so far, its zero is found on the dense output. Ends of pieces count as well.
    Returns the largest transverse length of the mean-field axis, which sets the scale of Sigma.
    """
    y, weights, row = _workspace(table, num_qubits)
    known = table[0, 0]
    results = np.empty((4, 2, 4))  # left, middle and right of an interval, and a trial
    largest = 0.0
    left, right = 0, 2
    # A smooth run takes few steps, and much may happen in each.
    parts = 1 + FEWEST_INTERVALS // table.shape[0]
    for interval in range(table.shape[0] * parts):
        step, part = interval // parts, interval % parts
        if table[step, 0] != known:
            known = table[step, 0]
            weights = moment_weights(known, num_qubits)
        fresh = interval == 0 or (part == 0 and table[step, 2] != table[step - 1, 2])
        width = (starts[step + 1] - starts[step]) / parts
        t0 = starts[step] + part * width
        t1 = starts[step + 1] if part == parts - 1 else t0 + width
        times = (t0, 0.5 * (t0 + t1), t1)
        promising = False
        # the left end if it is new, the right end, the middle if it may matter
        for which in (0, 2, 1):
            if (which == 0 and not fresh) or (which == 1 and not promising):
                continue
            place = left if which == 0 else right if which == 2 else 1
            _values_slopes(times[which], step, num_qubits, delta, g, kind, parameters, edges,
                           coefficients, starts, table, flat, weights, y, row,
                           results[place])  # fmt: skip
            largest = max(largest, y[0, 0] ** 2 + y[0, 1] ** 2)
            for j in range(4):
                if results[place, 0, j] > maxima[j, 0]:
                    maxima[j, 0], maxima[j, 1] = results[place, 0, j], times[which]
            if which == 2:
                for j in range(4):
                    promising |= _may_peak(
                        results[left, 0, j], results[left, 1, j], results[right, 0, j],
                        results[right, 1, j], t1 - t0, maxima[j, 0],
                    )  # fmt: skip
        for half in range(2 * int(promising)):
            first, second = (1, right) if half else (left, 1)
            begin, end = times[half], times[half + 1]
            for j in range(4):
                value0, slope0 = results[first, 0, j], results[first, 1, j]
                value1, slope1 = results[second, 0, j], results[second, 1, j]
                promise = value0 + slope0 * (end - begin)
                if not (slope0 > 0.0 and slope1 < 0.0 and promise > maxima[j, 0]):
                    continue
                # Illinois' variant of the false position: bracketed and superlinear
                best = max(value0, value1)
                goal = 1e-13 * (slope0 - slope1)
                lo, hi, slope_lo, slope_hi, side = begin, end, slope0, slope1, 0
                for _ in range(60):
                    t = hi - slope_hi * (hi - lo) / (slope_hi - slope_lo)
                    if not lo < t < hi or hi - lo < 4e-16 * hi:
                        break
                    _values_slopes(t, step, num_qubits, delta, g, kind, parameters, edges,
                                   coefficients, starts, table, flat, weights, y, row,
                                   results[3])  # fmt: skip
                    value, slope = results[3, 0, j], results[3, 1, j]
                    best = max(best, value)
                    if value > maxima[j, 0]:
                        maxima[j, 0], maxima[j, 1] = value, t
                    if abs(slope) <= goal:
                        # The zero tells the time better than the flat top, if it is the top.
                        if best >= maxima[j, 0]:
                            maxima[j, 0], maxima[j, 1] = best, t
                        break
                    if slope > 0.0:
                        lo, slope_lo = t, slope
                        if side == 1:
                            slope_hi *= 0.5
                        side = 1
                    else:
                        hi, slope_hi = t, slope
                        if side == -1:
                            slope_lo *= 0.5
                        side = -1
        left, right = right, left
    return math.sqrt(largest)
