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

The unknowns are the rows a = z . e_i, b = y . e_i, x . e_i (nine numbers) and the real and the
imaginary parts of the K amplitudes, laid out by `levels`. A run is kept as the coefficients of its
dense output, so that any number of output times costs interpolation only.

The compiled code keeps IEEE arithmetic (no fast-math): what the compiler may reorder depends on
what was compiled before in the process, and results must have the same bits everywhere.
"""

from __future__ import annotations

import math

import numpy as np

from rzqiskit.dicke.compiled import inner, kernel
from rzqiskit.dicke.dop853_rows import (
    EXTRA_STAGES,
    NUM_PLACES,
    OWN_STAGES,
    PLACES,
    combine,
    dense_rows,
    error_sums,
)
from rzqiskit.dicke.levels import (
    TRIAD_ROWS,
    component_scale,
    hops,
    in_eights,
    releveled,
    state_rows,
)
from rzqiskit.dicke.pulses import pulse_value
from rzqiskit.dicke.vector_pulses import stage_pulses
from rzqiskit.dicke.vectors import (
    WIDTH,
    aligned,
    fma,
    load,
    shift_in_1,
    shift_in_7,
    splat,
    store,
    total,
)

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
MAX_STORE = 1 << 19  # rows of dense output kept at once, 32 MiB

_FIRST_LEVELS = 16
# Longer steps than this local tolerance allows leap over so much of a pulse that the estimate of
# their error may vanish by chance.
LOOSEST = 1e-9
# weight at the edge of the levels, and size of the top dense term worth a look, per tolerance
_EDGE = 1e-2
_DENSE_FLOOR = 3.0
_RELAXATION = 1.02  # how fast a step that was too long for the dense output is tried again
# Maxima over the step of x^4 (1 - x)^3 and x^3 (1 - x)^3, which the two highest coefficients of the
# dense output multiply. Where the series converges the highest term is the smaller. Near the limit
# of stability the extra stages amplify levels that the step itself carries well, and the order
# turns round: the step would pass its error test although its inside is wrong.
TOP_WEIGHT, BELOW_WEIGHT = 0.0084, 0.0156


@inner
def _slope(f, step, delta, g, num_qubits, elements, y, slopes, first, work, levels):
    """Write step * dy/dt into rows first, first + 1, ... of `slopes`.

    The Hamiltonian is applied as D twice, by its tridiagonal elements
    D c = a_3 k c + 1/2 (a_1 - i a_2) J+ c + 1/2 (a_1 + i a_2) J- c; `work` holds D c between rows
    of zeros. `y` has a row more than is used, so that every row has an upper neighbour.
    """
    a1, a2, a3, b1, b2, b3 = y[0, 0], y[0, 1], y[0, 2], y[0, 3], y[0, 4], y[0, 5]
    x1, x2, x3 = y[0, 6], y[0, 7], y[1, 0]
    f, g = f * step, g * step
    mean_field = g * num_qubits
    turn = delta * step - mean_field * a3
    spin = 0.5 * mean_field * (a1 * a1 + a2 * a2)
    slopes[first, 0], slopes[first, 1] = f * b1 + spin * a2, f * b2 - spin * a1
    slopes[first, 2] = f * b3
    slopes[first, 3] = turn * x1 - f * a1 + spin * b2
    slopes[first, 4] = turn * x2 - f * a2 - spin * b1
    slopes[first, 5] = turn * x3 - f * a3
    slopes[first, 6], slopes[first, 7] = spin * x2 - turn * b1, -spin * x1 - turn * b2
    slopes[first + 1, 0] = -turn * b3
    if levels == 1:
        return
    block = levels // WIDTH
    re, im, d_re, d_im = TRIAD_ROWS, TRIAD_ROWS + block, 1, 2 + block
    h1, h2, diagonal = splat(0.5 * a1), splat(0.5 * a2), splat(a3)
    for i in range(block):
        low, up, d = load(elements, i), load(elements, block + i), load(elements, 2 * block + i)
        r, m, d = load(y, re + i), load(y, im + i), diagonal * d
        lr, li = low * shift_in_7(load(y, re + i - 1), r), low * shift_in_7(load(y, im + i - 1), m)
        ur, ui = up * shift_in_1(r, load(y, re + i + 1)), up * shift_in_1(m, load(y, im + i + 1))
        store(work, d_re + i, fma(d, r, fma(h1, lr + ur, h2 * (li - ui))))
        store(work, d_im + i, fma(d, m, fma(h1, li + ui, h2 * (ur - lr))))
    # -i H~ c with H~ = g D^2 - spin k - e0, the second D written straight into the slopes
    h1, h2, diagonal = splat(0.5 * g * a1), splat(0.5 * g * a2), splat(g * a3)
    e0, per_level = splat(0.5 * spin), splat(spin)
    for i in range(block):
        low, up, k = load(elements, i), load(elements, block + i), load(elements, 2 * block + i)
        r, m = load(work, d_re + i), load(work, d_im + i)
        lr = low * shift_in_7(load(work, d_re + i - 1), r)
        li = low * shift_in_7(load(work, d_im + i - 1), m)
        ur = up * shift_in_1(r, load(work, d_re + i + 1))
        ui = up * shift_in_1(m, load(work, d_im + i + 1))
        d, shift = diagonal * k, fma(per_level, k, e0)
        from_r = fma(d, r, fma(h1, lr + ur, h2 * (li - ui)))
        from_m = fma(d, m, fma(h1, li + ui, h2 * (ur - lr)))
        store(slopes, first + im + i, shift * load(y, re + i) - from_r)
        store(slopes, first + re + i, from_m - shift * load(y, im + i))


@inner
def _stages(
    which, step, pulses, delta, g, num_qubits, elements, y, slopes, stage, work, levels,
):  # fmt: skip
    """Compute the slopes of the stages `which` of a step; `stage` ends as the last state."""
    n = state_rows(levels)
    for i in range(which[0], which[1]):
        combine(i, y, slopes, n, stage, n)
        _slope(pulses[i // WIDTH, i % WIDTH], step, delta, g, num_qubits, elements, stage, slopes,
               PLACES[i] * n, work, levels)  # fmt: skip


@inner
def _workspace(levels, num_qubits, tilt):
    """Return slopes, two states, scales, hops and D c for so many levels."""
    n = state_rows(levels)
    return (
        aligned(NUM_PLACES * n), aligned(n + 1), aligned(n + 1), component_scale(levels, tilt),
        hops(levels, num_qubits), aligned(3 + levels // 4),
    )  # fmt: skip


@inner
def _grown(rows, size):
    longer = np.empty((size, WIDTH))
    for i in range(rows.shape[0]):
        store(longer, i, load(rows, i))
    return longer


@inner
def _longer(array):
    longer = np.empty(2 * array.size)
    for i in range(array.size):
        longer[i] = array[i]
    return longer


@inner
def _grown_table(table, rows):
    taller = np.empty((rows, table.shape[1]), np.int64)
    for i in range(table.shape[0]):
        for j in range(table.shape[1]):
            taller[i, j] = table[i, j]
    return taller


@kernel
def initial_state(num_qubits, g):
    """Return y, clock, count of a battery at t = 0, all cells in the ground state.

    `clock` holds the time, the planned step, the truncation weight and the norm drift; `count`
    the levels, the piece of the drive, the steps and the rejected steps.
    """
    levels = min(in_eights(num_qubits + 1), _FIRST_LEVELS) if g != 0.0 else 1
    y = aligned(state_rows(levels) + 1)
    y[0, 2] = y[0, 4] = y[0, 6] = 1.0
    y[TRIAD_ROWS, 0] = 1.0
    clock, count = np.zeros(4), np.zeros(4, np.int64)
    count[LEVELS] = levels
    return y, clock, count


@inner
def _edge_weight(state, levels):
    """Return the weight on the last two levels."""
    last_re, last_im = TRIAD_ROWS + levels // 8 - 1, TRIAD_ROWS + levels // 4 - 1
    edge = 0.0
    for place in (WIDTH - 2, WIDTH - 1):
        edge += state[last_re, place] ** 2 + state[last_im, place] ** 2
    return edge


@kernel
def integrate_frame(
    num_qubits, delta, g, kind, parameters, edges, coefficients, end,
    tolerance, tilt, max_levels, max_steps, y, clock, count,
):  # fmt: skip
    """Integrate the frame from `clock` on to `end`, or until the store of the dense output is full.

    Args: `y`, `clock`, `count` from `initial_state` or the call before; the last two are updated.

    Returns:
        status; start times of the steps and the end, shape (num_steps + 1,); integer table of
        shape (num_steps, 3): levels, row of the first coefficient, piece of the drive; the
        coefficients of the dense output (8 times `state_rows` rows a step); the new `y`.
    """
    full = in_eights(num_qubits + 1) if g != 0.0 else 1
    levels = count[LEVELS]
    edge_limit = tilt * max(_EDGE * tolerance, 2e-16)
    tolerance = min(LOOSEST, tolerance)
    n = state_rows(levels)
    slopes, after, inner, scale, elements, work = _workspace(levels, num_qubits, tilt)
    pulses = aligned(np.int64(2))
    capacity = 64
    starts = np.empty(capacity + 1)
    table = np.empty((capacity, 3), np.int64)
    flat = np.empty((capacity * 8 * n, WIDTH))
    used, n_steps = np.int64(0), 0
    t, h, piece = clock[TIME], clock[PLANNED], count[PIECE]
    starts[0] = t
    status = DONE
    retried = False
    ceiling = math.inf
    while piece < edges.size - 1 and t < end and status == DONE:
        stop = min(edges[piece + 1], end)
        f = pulse_value(t, kind, parameters, edges, coefficients, piece)
        if h == 0.0:
            # A first guess well inside the time scales; the controller takes over at once. Of a
            # pulse that sets in below the smallest numbers it would be infinite.
            mid = pulse_value(0.5 * (t + stop), kind, parameters, edges, coefficients, piece)
            rate = max(abs(f), abs(mid)) + abs(delta) + abs(g) * num_qubits
            h = min(0.3 / rate, stop - t) if rate > 0.0 else stop - t
        # slopes are kept times the step; `measure` is the one that those of stage 0 hold
        measure = h
        _slope(f, h, delta, g, num_qubits, elements, y, slopes, PLACES[0], work, levels)
        while t < stop:
            if count[STEPS] + count[REJECTED] >= max_steps:
                status = TOO_MANY_STEPS
                break
            if n_steps > 0 and used > MAX_STORE:
                status = MORE
                break
            last = t + 1.000001 * h >= stop
            step = stop - t if last else h
            if step != measure:
                ratio = splat(step / measure)
                for i in range(n):
                    store(slopes, i, ratio * load(slopes, i))
                measure = step
            stage_pulses(t, step, kind, parameters, edges, coefficients, piece, pulses)
            _stages(OWN_STAGES, step, pulses, delta, g, num_qubits, elements, y, slopes, after,
                    work, levels)  # fmt: skip
            # stage 12 starts from the new state itself: `after` holds it
            errors5, errors3 = error_sums(scale, slopes, n, n)
            sum5, sum3 = total(errors5), total(errors3)
            # Hairer's combination of two estimates
            error = sum5 / math.sqrt(sum5 + 0.01 * sum3) / tolerance if sum5 != 0.0 else 0.0
            if not error <= 1.0:
                count[REJECTED] += 1
                retried = True
                factor = 0.9 / math.sqrt(math.sqrt(math.sqrt(error))) if error < 1e300 else 0.2
                h = step * min(max(factor, 0.2), 0.9)
                continue
            edge = _edge_weight(after, levels) if levels < full else 0.0
            if edge > edge_limit * edge_limit:
                count[REJECTED] += 1
                grown = min(full, levels + max(8, in_eights(levels // 5)))
                if min(grown, num_qubits + 1) > max_levels:
                    clock[WEIGHT] = edge
                    status = TOO_MANY_LEVELS
                    break
                y, slope = releveled(y, levels, grown), releveled(slopes, levels, grown)
                levels = grown
                n = state_rows(levels)
                slopes, after, inner, scale, elements, work = _workspace(levels, num_qubits, tilt)
                for i in range(n):
                    store(slopes, i, load(slope, i))
                continue
            if n_steps == capacity:
                capacity *= 2
                starts, table = _longer(starts), _grown_table(table, capacity)
            if used + 8 * n > flat.shape[0]:
                flat = _grown(flat, 2 * flat.shape[0] + 8 * n)
            table[n_steps, 0] = levels
            table[n_steps, 1] = used
            table[n_steps, 2] = piece
            _stages(EXTRA_STAGES, step, pulses, delta, g, num_qubits, elements, y, slopes, inner,
                    work, levels)  # fmt: skip
            tops, belows = dense_rows(scale, y, after, slopes, n, flat, used, n)
            top = TOP_WEIGHT * math.sqrt(total(tops))
            below = BELOW_WEIGHT * math.sqrt(total(belows))
            if top > _DENSE_FLOOR * tolerance and top > below:
                count[REJECTED] += 1
                h = ceiling = 0.75 * step
                continue
            norm = 0.0
            for i in range(TRIAD_ROWS, n):
                norm += total(load(after, i) * load(after, i))
            clock[DRIFT] = max(clock[DRIFT], abs(math.sqrt(norm) - 1.0))
            if levels < full:
                clock[WEIGHT] = max(clock[WEIGHT], edge)
            y, after = after, y
            for i in range(n):
                store(slopes, i, load(slopes, 12 * n + i))
            used += 8 * n
            n_steps += 1
            count[STEPS] += 1
            t = stop if last else t + step
            starts[n_steps] = t
            growth = 6.0
            if error > 0.0:
                growth = min(max(0.9 / math.sqrt(math.sqrt(math.sqrt(error))), 0.3), 6.0)
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
