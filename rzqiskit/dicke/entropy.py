"""Diagonal entropy and lab populations along a run of the frame, and the entropy's maximum."""

from __future__ import annotations

import math

import numpy as np

from rzqiskit.dicke.compiled import inner
from rzqiskit.dicke.levels import LEVEL_0, state_rows
from rzqiskit.dicke.observables import FEWEST_INTERVALS, find_step, interpolate_state
from rzqiskit.dicke.rotations import (
    entropy_bits,
    entropy_window,
    population_window,
    populations_dense,
    populations_window,
)
from rzqiskit.dicke.vectors import aligned

__all__ = ["find_entropy_maximum", "sample_populations"]

_GOLDEN = 0.3819660112501051  # (3 - sqrt 5)/2
_TIME_RESOLUTION = 1e-9  # a maximum is flat: finer, rounding decides
# Of a wide window every entropy is dear, and steps that are short for the sake of high levels do
# not make it change any faster: angle by which the mean spin turns (of its largest tilt, which of a
# weak pulse is small) or the cells squeeze between two points of the scan.
_SCAN_ANGLE = 0.1


@inner
def state_populations(y, levels, num_qubits, rotation, offset, windowed):
    """Return the first lab level and the populations from there on that carry weight.

    Either `rotation` is a table that turns all levels, or `windowed` is true and only those with
    weight are computed; the other is None, and what it would need is not compiled.
    """
    line = y.reshape(y.size)
    a1, a2, a3 = line[0], line[1], line[2]
    re, im = line[LEVEL_0 : LEVEL_0 + levels], line[LEVEL_0 + levels : LEVEL_0 + 2 * levels]
    levels = min(levels, num_qubits + 1)  # levels come in eights, those above N + 1 are empty
    first, length = 0, num_qubits + 1
    if windowed is not None:
        first, length = population_window(re, im, levels, num_qubits, a1, a2, a3)
    populations = np.empty(length)
    if windowed is not None:
        populations_window(re, im, levels, num_qubits, a1, a2, a3, first, length, populations)
    if rotation is not None:
        populations_dense(re, im, levels, num_qubits, a1, a2, a3, rotation, offset, populations)
    return first, populations


@inner
def _state_entropy(y, levels, num_qubits, rotation, offset, windowed):
    if windowed is not None:
        line = y.reshape(y.size)
        re, im = line[LEVEL_0 : LEVEL_0 + levels], line[LEVEL_0 + levels : LEVEL_0 + 2 * levels]
        kept = min(levels, num_qubits + 1)
        return entropy_window(re, im, kept, num_qubits, line[0], line[1], line[2])
    _, populations = state_populations(y, levels, num_qubits, rotation, offset, windowed)
    return entropy_bits(populations, populations.size)


@inner
def _entropy_at(t, step, num_qubits, starts, table, flat, rotation, offset, windowed, y):
    levels = interpolate_state(t, step, starts, table, flat, y)
    return _state_entropy(y, levels, num_qubits, rotation, offset, windowed)


@inner
def sample_populations(
    times, num_qubits, starts, table, flat, first, last, rotation, offset, windowed, entropy, out,
    window_start,
):  # fmt: skip
    """Write S (bits) and the populations at times first <= i < last.

    `entropy` and the rows of `out` are left alone where they are empty. With `window_start` empty,
    `out` has N + 1 columns. Otherwise row i starts at the level window_start[i]; returns the number
    of columns that the widest row needs, so that a caller can come back with a wider `out`.
    """
    y = aligned(state_rows(table[-1, 0]))
    step = widest = np.int64(0)
    for i in range(first, last):
        t = min(times[i], starts[-1])
        step = find_step(t, starts, step)
        levels = interpolate_state(t, step, starts, table, flat, y)
        if entropy.size > 0:
            entropy[i] = _state_entropy(y, levels, num_qubits, rotation, offset, windowed)
        if out.shape[0] == 0:
            continue
        start, populations = state_populations(y, levels, num_qubits, rotation, offset, windowed)
        widest = max(widest, populations.size)
        column = start
        if window_start.size > 0:
            window_start[i] = start
            column = 0
        for j in range(out.shape[1]):
            inside = column <= j < column + populations.size
            out[i, j] = populations[j - column] if inside else 0.0
    return widest


@inner
def find_entropy_maximum(
    num_qubits, g, tilt, starts, table, flat, rotation, offset, windowed, maximum,
):  # fmt: skip
    """Raise `maximum` (value, time) by the largest entropy of this run.

    Every half step, or smaller parts if steps are few, is scanned, in a window only where the state
    has moved, as measured by `tilt`, the largest of the mean field; a scanned maximum, the ends
    included, is refined by Brent's method between its neighbours where their parabola promises more
    than the best so far.
    """
    y = aligned(state_rows(table[-1, 0]))
    line = y.reshape(y.size)
    parts = 2 * (1 + FEWEST_INTERVALS // table.shape[0])
    most = parts * table.shape[0] + 1
    nodes, values, steps = np.empty(most), np.empty(most), np.empty(most, np.int64)
    a1 = a2 = a3 = 0.0
    num_nodes = 0
    for i in range(most):
        step = min(i // parts, table.shape[0] - 1)
        t = starts[step] + (i - step * parts) / parts * (starts[step + 1] - starts[step])
        if i == most - 1:
            t = starts[-1]
        levels = interpolate_state(t, step, starts, table, flat, y)
        if windowed is not None and 0 < i < most - 1:
            turned = math.sqrt((line[0] - a1) ** 2 + (line[1] - a2) ** 2 + (line[2] - a3) ** 2)
            squeezed = abs(g) * num_qubits * (t - nodes[num_nodes - 1])
            if turned < (_SCAN_ANGLE - squeezed) * tilt:
                continue
        a1, a2, a3 = line[0], line[1], line[2]
        value = _state_entropy(y, levels, num_qubits, rotation, offset, windowed)
        nodes[num_nodes], values[num_nodes], steps[num_nodes] = t, value, step
        num_nodes += 1
        if value > maximum[0]:
            maximum[0], maximum[1] = value, t
    for i in range(num_nodes):
        left, right = max(i - 1, 0), min(i + 1, num_nodes - 1)
        if values[i] < values[left] or values[i] < values[right]:
            continue
        # The scan is fine enough: the top cannot stand out more than the sides fall off.
        reach = values[i] + (values[i] - min(values[left], values[right]))
        if reach <= maximum[0]:
            continue
        lo, hi = nodes[left], nodes[right]
        best = second = third = nodes[i]
        s_best = s_second = s_third = values[i]
        moved = before = 0.0
        for _ in range(60):
            middle = 0.5 * (lo + hi)
            unit = _TIME_RESOLUTION * starts[-1]
            if abs(best - middle) <= 2.0 * unit - 0.5 * (hi - lo):
                break
            p = q = 0.0
            if abs(before) > unit:  # parabola through the three best points
                r = (best - second) * (s_third - s_best)
                q = (best - third) * (s_second - s_best)
                p = (best - third) * q - (best - second) * r
                q = 2.0 * (q - r)
                if q > 0.0:
                    p = -p
                q = abs(q)
            if abs(p) < abs(0.5 * q * before) and q * (lo - best) < p < q * (hi - best):
                before, moved = moved, p / q
            else:
                before = (lo if best >= middle else hi) - best
                moved = _GOLDEN * before
            if abs(moved) < unit:
                moved = unit if moved > 0.0 else -unit
            t = best + moved
            step = find_step(t, starts, max(steps[left] - 1, 0))
            s_new = _entropy_at(
                t, step, num_qubits, starts, table, flat, rotation, offset, windowed, y
            )
            if s_new >= s_best:
                if t >= best:
                    lo = best
                else:
                    hi = best
                third, second, best = second, best, t
                s_third, s_second, s_best = s_second, s_best, s_new
            else:
                if t < best:
                    lo = t
                else:
                    hi = t
                if s_new >= s_second or second == best:
                    third, second = second, t
                    s_third, s_second = s_second, s_new
                elif s_new >= s_third or third in (best, second):
                    third, s_third = t, s_new
        if s_best > maximum[0]:
            maximum[0], maximum[1] = s_best, best
