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
from numba import njit

from rzqiskit.dicke.levels import LEVEL_0, ladder, state_size
from rzqiskit.dicke.pulses import pulse_slope, pulse_value

__all__ = [
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


@njit(cache=True, nogil=True, error_model="numpy")
def find_step(t, starts, first):
    """Return the step that holds `t`, searched from step `first` upwards."""
    step = first
    while step < starts.size - 2 and t > starts[step + 1]:
        step += 1
    return step


@njit(cache=True, nogil=True, error_model="numpy")
def interpolate_state(t, step, starts, table, flat, y):
    """Write the state at `t` into `y`; return its number of levels."""
    levels, offset = table[step, 0], table[step, 1]
    n = state_size(levels)
    x = (t - starts[step]) / (starts[step + 1] - starts[step])
    z = 1.0 - x
    w1, w2 = x, x * z
    w3, w4 = w2 * x, w2 * w2
    w5, w6 = w4 * x, w4 * w2
    w7 = w6 * x
    for i in range(n):
        o = offset + i
        y[i] = (
            flat[o] + w1 * flat[o + n] + w2 * flat[o + 2 * n] + w3 * flat[o + 3 * n]
            + w4 * flat[o + 4 * n] + w5 * flat[o + 5 * n] + w6 * flat[o + 6 * n]
            + w7 * flat[o + 7 * n]
        )  # fmt: skip
    return levels


@njit(cache=True, nogil=True, error_model="numpy")
def spin_moments(y, levels, num_qubits, s, out):
    """Write the moments of the lab's collective spin into `out`.

    One pass over the amplitudes gives the frame's moments, from the coherences conj(c_k+1) c_k and
    conj(c_k+2) c_k, with J~x^2 + J~y^2 = N/2 + N k - k^2 exact in spite of the truncation; the
    triad turns them into the lab's. `s` holds at least `levels` matrix elements.
    """
    r, i = y[LEVEL_0 : LEVEL_0 + levels], y[LEVEL_0 + levels : LEVEL_0 + 2 * levels]
    weight = first = second = 0.0
    for k in range(levels):
        p = r[k] * r[k] + i[k] * i[k]
        weight += p
        first += k * p
        second += (k * k) * p
    raise_r = raise_i = mixed_r = mixed_i = 0.0
    for k in range(levels - 1):
        qr = s[k] * (r[k + 1] * r[k] + i[k + 1] * i[k])
        qi = s[k] * (r[k + 1] * i[k] - i[k + 1] * r[k])
        raise_r += qr
        raise_i += qi
        mixed_r += (2 * k + 1) * qr
        mixed_i += (2 * k + 1) * qi
    double_r = double_i = 0.0
    for k in range(levels - 2):
        ss = s[k] * s[k + 1]
        double_r += ss * (r[k + 2] * r[k] + i[k + 2] * i[k])
        double_i += ss * (r[k + 2] * i[k] - i[k + 2] * r[k])
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

    a1, a2, a3 = y[0], y[1], y[2]
    b1, b2, b3 = y[3], y[4], y[5]
    x1, x2, x3 = y[6], y[7], y[8]
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
    out[FIDELITY] = scale * (r[0] * r[0] + i[0] * i[0])


@njit(cache=True, nogil=True, error_model="numpy")
def _workspace(table, num_qubits):
    most = table[:, 0].max()
    return np.empty(state_size(most)), ladder(most, num_qubits), np.empty(NUM_MOMENTS)


@njit(cache=True, nogil=True, error_model="numpy")
def sample_metrics(
    times, num_qubits, delta, kind, parameters, edges, coefficients, starts, table, flat,
    first, last, metrics, moments,
):  # fmt: skip
    """Write E, P, P_I, Sigma (4, num_times) and, where it has columns, the moments (10, num_times).

    Only times first <= i < last are written; those after the run get its end: both Jz and Jz^2 are
    conserved after the pulse, so nothing changes but P = E/t.
    """
    y, s, row = _workspace(table, num_qubits)
    step = 0
    end, duration = starts[-1], edges[-1]
    for i in range(first, last):
        t = min(times[i], end)
        step = find_step(t, starts, step)
        levels = interpolate_state(t, step, starts, table, flat, y)
        spin_moments(y, levels, num_qubits, s, row)
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


@njit(cache=True, nogil=True, error_model="numpy")
def _values_slopes(
    t, step, num_qubits, delta, g, kind, parameters, edges, coefficients, starts, table, flat,
    s, y, row, out,
):  # fmt: skip
    """Write E, P, P_I, Sigma^2 into out[0] and their time derivatives into out[1]."""
    levels = interpolate_state(t, step, starts, table, flat, y)
    spin_moments(y, levels, num_qubits, s, row)
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


@njit(cache=True, nogil=True, error_model="numpy")
def find_maxima(
    num_qubits, delta, g, kind, parameters, edges, coefficients, starts, table, flat, maxima,
):  # fmt: skip
    """Raise the maxima of E, P, P_I, Sigma^2 in `maxima` (value, time) by those of this run.

    Every half step is scanned; where a derivative changes sign and the tangent promises more than
    the best so far, its zero is found on the dense output. Ends of pieces count as well.
    Returns the largest transverse length of the mean-field axis, which sets the scale of Sigma.
    """
    y, s, row = _workspace(table, num_qubits)
    left, right, trial = np.empty((2, 4)), np.empty((2, 4)), np.empty((2, 4))
    largest = 0.0
    for step in range(table.shape[0]):
        for half in range(2):
            width = 0.5 * (starts[step + 1] - starts[step])
            t0 = starts[step] + half * width
            t1 = starts[step + 1] if half else starts[step] + width
            fresh = half == 0 and (step == 0 or table[step, 2] != table[step - 1, 2])
            if fresh:
                _values_slopes(t0, step, num_qubits, delta, g, kind, parameters, edges,
                               coefficients, starts, table, flat, s, y, row,
                               left)  # fmt: skip
                for j in range(4):
                    if left[0, j] > maxima[j, 0]:
                        maxima[j, 0], maxima[j, 1] = left[0, j], t0
            _values_slopes(t1, step, num_qubits, delta, g, kind, parameters, edges, coefficients,
                           starts, table, flat, s, y, row, right)  # fmt: skip
            largest = max(largest, y[0] * y[0] + y[1] * y[1])
            for j in range(4):
                if right[0, j] > maxima[j, 0]:
                    maxima[j, 0], maxima[j, 1] = right[0, j], t1
                promise = left[0, j] + left[1, j] * (t1 - t0)
                if not (left[1, j] > 0.0 and right[1, j] < 0.0 and promise > maxima[j, 0]):
                    continue
                # Illinois' variant of the false position: bracketed and superlinear
                best = max(left[0, j], right[0, j])
                lo, hi, slope_lo, slope_hi, side = t0, t1, left[1, j], right[1, j], 0
                for _ in range(60):
                    t = hi - slope_hi * (hi - lo) / (slope_hi - slope_lo)
                    if not lo < t < hi or hi - lo < 4e-16 * hi:
                        break
                    _values_slopes(t, step, num_qubits, delta, g, kind, parameters, edges,
                                   coefficients, starts, table, flat, s, y, row,
                                   trial)  # fmt: skip
                    best = max(best, trial[0, j])
                    if trial[0, j] > maxima[j, 0]:
                        maxima[j, 0], maxima[j, 1] = trial[0, j], t
                    if abs(trial[1, j]) <= 1e-13 * (left[1, j] - right[1, j]):
                        # The zero tells the time better than the flat top, if it is the top.
                        if best >= maxima[j, 0]:
                            maxima[j, 0], maxima[j, 1] = best, t
                        break
                    if trial[1, j] > 0.0:
                        lo, slope_lo = t, trial[1, j]
                        if side == 1:
                            slope_hi *= 0.5
                        side = 1
                    else:
                        hi, slope_hi = t, trial[1, j]
                        if side == -1:
                            slope_lo *= 0.5
                        side = -1
            left, right = right, left
    return math.sqrt(largest)
