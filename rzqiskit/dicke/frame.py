r"""The co-moving frame: N driven, interacting cells as three unit vectors and a few levels.

Derived in docs/co_moving_frame.md (our own derivation). Let e_1, e_2, e_3 be an orthonormal triad
with e_i(0) = x, y, z and

    e_i' = Omega x e_i + w (turn about e_3),     Omega = (f, 0, Delta - g N a_3),   a_i = z . e_i.

In the frame that it carries, with k the excitations of the frame and J~ its collective spin, the
Hamiltonian is for every N, without any approximation,

    H~ = g D^2 - w k - e0,     D = a_1 J~x + a_2 J~y + a_3 k,

and Jz = D - a_3 N/2. Omega carries the mean field of the pulse, the splitting and the interaction.
The spin w = g N (a_1^2 + a_2^2)/2 about e_3 and the number e0 are free; here they cancel the mean
growth of the diagonal of g D^2, which halves the spectrum that the integrator has to resolve. The
state starts in k = 0 and leaves it only by squeezing, so K of some tens of levels carry it to
rounding whatever N is; where they do not, K grows by itself up to N + 1, where nothing is cut.

The unknowns are one vector: the rows a = z . e_i, b = y . e_i, x . e_i (nine numbers), then the
real and the imaginary parts of the K amplitudes. A run is kept as the coefficients of its dense
output, so that any number of output times costs interpolation only.

The compiled code keeps IEEE arithmetic (no fast-math): what the compiler may reorder depends on
what was compiled before in the process, and results must have the same bits everywhere.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from rzqiskit.dicke import dop853
from rzqiskit.dicke.levels import (
    LEVEL_0,
    component_scale,
    hops,
    in_eights,
    releveled,
    state_size,
)
from rzqiskit.dicke.pulses import pulse_value

__all__ = [
    "DONE",
    "MORE",
    "TOO_MANY_LEVELS",
    "TOO_MANY_STEPS",
    "initial_state",
    "integrate_frame",
]

DONE, MORE, TOO_MANY_STEPS, TOO_MANY_LEVELS = range(4)
TIME, PLANNED, WEIGHT, DRIFT = range(4)
LEVELS, PIECE, STEPS, REJECTED = range(4)
MAX_STORE = 1 << 22  # numbers of dense output kept at once, 32 MiB

_C = dop853.C


def _padded_rows(rows):
    """Return starts, columns, weights of the entries of `rows`, each padded to fours by zeros."""
    starts, columns, weights = [0], [], []
    for row in rows:
        used = np.flatnonzero(row)
        padding = -used.size % 4
        # A zero weight must meet a slope that is already there: 0 times garbage may be NaN.
        columns += [*used, *([used[0] if used.size else 0] * padding)]
        weights += [*row[used], *([0.0] * padding)]
        starts.append(len(columns))
    return np.array(starts), np.array(columns), np.array(weights)


# all weighted sums of slopes as sparse rows: row i uses the entries START[i]..START[i+1]
_ESTIMATORS = np.zeros((2, dop853.NUM_STAGES_EXTENDED))
_ESTIMATORS[:, : dop853.NUM_STAGES] = dop853.E5, dop853.E3
_ROWS = np.vstack([dop853.A, dop853.D, _ESTIMATORS])
_ROW_D = len(dop853.A)
_ROW_E5, _ROW_E3 = _ROW_D + 4, _ROW_D + 5
_START, _COLUMN, _WEIGHT = _padded_rows(_ROWS)

_FIRST_LEVELS = 16
# weight at the edge of the levels, and size of the top dense term worth a look, per tolerance
_EDGE = 1e-2
_DENSE_FLOOR = 3.0
_RELAXATION = 1.02  # how fast a step that was too long for the dense output is tried again


@njit(cache=True, nogil=True, error_model="numpy")
def _slope(f, delta, g, num_qubits, elements, y, out, work, levels):
    """Write dy/dt into out[row]; `out` is (slopes, row), so that no view has to be made.

    The Hamiltonian is applied as D twice, by its tridiagonal elements
    D c = a_3 k c + 1/2 (a_1 - i a_2) J+ c + 1/2 (a_1 + i a_2) J- c; `work` holds D c, with a zero
    on either side. `y` has a place more than is used, so that every level has an upper neighbour.
    """
    slopes, row = out
    a1, a2, a3 = y[0], y[1], y[2]
    omega_z = delta - g * num_qubits * a3
    spin = 0.5 * g * num_qubits * (a1 * a1 + a2 * a2)
    for i in range(3):
        slopes[row, i] = f * y[3 + i]
        slopes[row, 3 + i] = omega_z * y[6 + i] - f * y[i]
        slopes[row, 6 + i] = -omega_z * y[3 + i]
    for i in (0, 3, 6):
        slopes[row, i] += spin * y[i + 1]
        slopes[row, i + 1] -= spin * y[i]
    if levels == 1:
        return
    re, im = LEVEL_0, LEVEL_0 + levels
    h1, h2 = 0.5 * a1, 0.5 * a2
    for k in range(levels):
        low, up, d = elements[0, k], elements[1, k], a3 * k
        lr, li = low * y[re + k - 1], low * y[im + k - 1]
        ur, ui = up * y[re + k + 1], up * y[im + k + 1]
        work[0, k + 1] = d * y[re + k] + h1 * (lr + ur) + h2 * (li - ui)
        work[1, k + 1] = d * y[im + k] + h1 * (li + ui) + h2 * (ur - lr)
    # -i H~ c with H~ = g D^2 - spin k - e0, the second D written straight into the slopes
    h1, h2, a3, e0 = g * h1, g * h2, g * a3, 0.5 * spin
    for k in range(levels):
        low, up, d, shift = elements[0, k], elements[1, k], a3 * k, spin * k + e0
        lr, li = low * work[0, k], low * work[1, k]
        ur, ui = up * work[0, k + 2], up * work[1, k + 2]
        slopes[row, im + k] = shift * y[re + k] - (
            d * work[0, k + 1] + h1 * (lr + ur) + h2 * (li - ui)
        )
        slopes[row, re + k] = (
            d * work[1, k + 1] + h1 * (li + ui) + h2 * (ur - lr) - shift * y[im + k]
        )


@njit(cache=True, nogil=True, error_model="numpy")
def _combine(row, base, h, slopes, out, n):
    """Write base + h sum_j ROWS[row, j] slopes[j] into `out`, four slopes a pass."""
    for i in range(n):
        out[i] = base[i]
    for e in range(_START[row], _START[row + 1], 4):
        w1, w2, w3, w4 = h * _WEIGHT[e], h * _WEIGHT[e + 1], h * _WEIGHT[e + 2], h * _WEIGHT[e + 3]
        c1, c2, c3, c4 = _COLUMN[e], _COLUMN[e + 1], _COLUMN[e + 2], _COLUMN[e + 3]
        for i in range(n):
            out[i] += (
                w1 * slopes[c1, i] + w2 * slopes[c2, i] + w3 * slopes[c3, i] + w4 * slopes[c4, i]
            )


@njit(cache=True, nogil=True, error_model="numpy")
def _local_error(step, slopes, zero, scale, work, n):
    """Return the local error of the step, from Hairer's combination of two estimates."""
    _combine(_ROW_E5, zero, 1.0, slopes, work, n)
    sum5 = 0.0
    for i in range(n):
        sum5 += (scale[i] * work[i]) ** 2
    if sum5 == 0.0:
        return 0.0
    _combine(_ROW_E3, zero, 1.0, slopes, work, n)
    sum3 = 0.0
    for i in range(n):
        sum3 += (scale[i] * work[i]) ** 2
    return abs(step) * sum5 / math.sqrt(sum5 + 0.01 * sum3)


@njit(cache=True, nogil=True, error_model="numpy")
def _top_terms(dense, scale, n):
    """Return the two highest terms of the dense output at their largest.

    Where the series converges the highest is the smaller. Near the limit of stability the extra
    stages amplify levels that the step itself carries well, and the order turns round: the step
    would pass its error test although its inside is wrong.
    """
    top = below = 0.0
    for i in range(n):
        top += (scale[i] * dense[7 * n + i]) ** 2
        below += (scale[i] * dense[6 * n + i]) ** 2
    # maxima of x^4 (1 - x)^3 and of x^3 (1 - x)^3 over the step
    return 0.0084 * math.sqrt(top), 0.0156 * math.sqrt(below)


@njit(cache=True, nogil=True, error_model="numpy")
def _workspace(levels, num_qubits, tilt):
    """Return slopes, stage, zeros, error work, scales, hops and D c for so many levels."""
    n = state_size(levels)
    return (
        np.zeros((16, n)), np.zeros(n + 1), np.zeros(n), np.empty(n),
        component_scale(levels, tilt), hops(levels, num_qubits), np.zeros((2, levels + 2)),
    )  # fmt: skip


@njit(cache=True, nogil=True, error_model="numpy")
def _grown(array, size):
    longer = np.empty(size)
    for i in range(array.size):
        longer[i] = array[i]
    return longer


@njit(cache=True, nogil=True, error_model="numpy")
def _grown_table(table, rows):
    taller = np.empty((rows, table.shape[1]), np.int64)
    for i in range(table.shape[0]):
        for j in range(table.shape[1]):
            taller[i, j] = table[i, j]
    return taller


@njit(cache=True, nogil=True, error_model="numpy")
def initial_state(num_qubits, g):
    """Return y, clock, count of a battery at t = 0, all cells in the ground state.

    `clock` holds the time, the planned step, the truncation weight and the norm drift; `count`
    the levels, the piece of the drive, the steps and the rejected steps.
    """
    levels = min(in_eights(num_qubits + 1), _FIRST_LEVELS) if g != 0.0 else 1
    y = np.zeros(state_size(levels) + 1)
    y[2] = y[4] = y[6] = 1.0
    y[LEVEL_0] = 1.0
    clock, count = np.zeros(4), np.zeros(4, np.int64)
    count[LEVELS] = levels
    return y, clock, count


@njit(cache=True, nogil=True, error_model="numpy")
def integrate_frame(
    num_qubits, delta, g, kind, parameters, edges, coefficients, end,
    tolerance, tilt, max_levels, max_steps, y, clock, count,
):  # fmt: skip
    """Integrate the frame from `clock` on to `end`, or until the store of the dense output is full.

    Args: `y`, `clock`, `count` from `initial_state` or the call before; the last two are updated.

    Returns:
        status; start times of the steps and the end, shape (num_steps + 1,); integer table of
        shape (num_steps, 3): levels, offset into the coefficients, piece of the drive; the flat
        coefficients of the dense output (8 rows of `state_size` numbers a step); the new `y`.
    """
    full = in_eights(num_qubits + 1) if g != 0.0 else 1
    levels = count[LEVELS]
    edge_limit = tilt * max(_EDGE * tolerance, 2e-16)
    n = state_size(levels)
    slopes, stage, zero, error_work, scale, elements, work = _workspace(levels, num_qubits, tilt)
    capacity = 64
    starts = np.empty(capacity + 1)
    table = np.empty((capacity, 3), np.int64)
    flat = np.empty(capacity * 8 * n)
    used = n_steps = 0
    t, h, piece = clock[TIME], clock[PLANNED], count[PIECE]
    starts[0] = t
    status = DONE
    retried = False
    ceiling = math.inf
    while piece < edges.size - 1 and t < end and status == DONE:
        stop = min(edges[piece + 1], end)
        f = pulse_value(t, kind, parameters, edges, coefficients, piece)
        _slope(f, delta, g, num_qubits, elements, y, (slopes, 0), work, levels)
        if h == 0.0:
            # A first guess well inside the time scales; the controller takes over at once.
            mid = pulse_value(0.5 * (t + stop), kind, parameters, edges, coefficients, piece)
            rate = max(abs(f), abs(mid)) + abs(delta) + abs(g) * num_qubits
            h = 0.3 / rate if rate > 0.0 else stop - t
        while t < stop:
            if count[STEPS] + count[REJECTED] >= max_steps:
                status = TOO_MANY_STEPS
                break
            if n_steps > 0 and used > MAX_STORE:
                status = MORE
                break
            last = t + 1.000001 * h >= stop
            step = stop - t if last else h
            for i in range(1, 13):
                _combine(i, y, step, slopes, stage, n)
                f = pulse_value(
                    t + _C[i] * step if i < 12 else t + step,
                    kind, parameters, edges, coefficients, piece,
                )  # fmt: skip
                _slope(f, delta, g, num_qubits, elements, stage, (slopes, i), work, levels)
            # stage 12 starts from the new state itself: `stage` holds it
            error = _local_error(step, slopes, zero, scale, error_work, n) / tolerance
            if not error <= 1.0:
                count[REJECTED] += 1
                retried = True
                factor = 0.9 * error ** (-0.125) if error < 1e300 else 0.2
                h = step * min(max(factor, 0.2), 0.9)
                continue
            edge = 0.0
            if levels < full:
                for k in range(levels - 2, levels):
                    edge += stage[LEVEL_0 + k] ** 2 + stage[LEVEL_0 + levels + k] ** 2
                if edge > edge_limit * edge_limit:
                    count[REJECTED] += 1
                    grown = min(full, levels + max(8, in_eights(levels // 5)))
                    if min(grown, num_qubits + 1) > max_levels:
                        clock[WEIGHT] = edge
                        status = TOO_MANY_LEVELS
                        break
                    y = releveled(y, levels, grown)
                    slope = releveled(slopes[0], levels, grown)
                    levels = grown
                    n = state_size(levels)
                    slopes, stage, zero, error_work, scale, elements, work = _workspace(
                        levels, num_qubits, tilt
                    )
                    for i in range(n):
                        slopes[0, i] = slope[i]
                    continue
            if n_steps == capacity:
                capacity *= 2
                starts, table = _grown(starts, capacity + 1), _grown_table(table, capacity)
            if used + 8 * n > flat.size:
                flat = _grown(flat, 2 * flat.size + 8 * n)
            table[n_steps, 0] = levels
            table[n_steps, 1] = used
            table[n_steps, 2] = piece
            # `stage` is needed for the extra stages: the new state goes into the store first
            dense = flat[used : used + 8 * n]
            for i in range(n):
                rise = stage[i] - y[i]
                dense[i] = y[i]
                dense[n + i] = rise
                dense[2 * n + i] = step * slopes[0, i] - rise
                dense[3 * n + i] = 2.0 * rise - step * (slopes[12, i] + slopes[0, i])
            norm = 0.0
            for i in range(LEVEL_0, n):
                norm += stage[i] * stage[i]
            for i in range(13, 16):
                _combine(i, y, step, slopes, stage, n)
                f = pulse_value(t + _C[i] * step, kind, parameters, edges, coefficients, piece)
                _slope(f, delta, g, num_qubits, elements, stage, (slopes, i), work, levels)
            for i in range(4):
                _combine(_ROW_D + i, zero, step, slopes, dense[(4 + i) * n :], n)
            top, below = _top_terms(dense, scale, n)
            if top > _DENSE_FLOOR * tolerance and top > below:
                count[REJECTED] += 1
                h = ceiling = 0.75 * step
                continue
            clock[DRIFT] = max(clock[DRIFT], abs(math.sqrt(norm) - 1.0))
            if levels < full:
                clock[WEIGHT] = max(clock[WEIGHT], edge)
            for i in range(n):
                y[i] += dense[n + i]
                slopes[0, i] = slopes[12, i]
            used += 8 * n
            n_steps += 1
            count[STEPS] += 1
            t = stop if last else t + step
            starts[n_steps] = t
            growth = 6.0 if error == 0.0 else min(max(0.9 * error ** (-0.125), 0.3), 6.0)
            if retried:  # the limit of stability, if it is that, lies between the two steps
                growth = min(growth, 1.0)
            retried = False
            if top > _DENSE_FLOOR * tolerance and top > 0.5 * below:
                ceiling = min(ceiling, step)
            ceiling *= _RELAXATION
            # A step cut short by a breakpoint says nothing against the longer one planned.
            h = max(h, step * growth) if last and step < h else step * growth
            h = min(h, ceiling)
        if status == DONE:
            piece += 1
    clock[TIME], clock[PLANNED] = t, h
    count[LEVELS], count[PIECE] = levels, piece
    return status, starts[: n_steps + 1], table[:n_steps], flat[:used], y
