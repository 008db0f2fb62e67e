"""How the frame's unknowns lie in memory: the triad, then the levels, in rows of eight numbers.

One array (rows, 8) holds the rows a = z . e_i, b = y . e_i, x . e_i of the triad, zeros up to
LEVEL_0, then the real and the imaginary parts of the amplitudes of the levels. Levels come in
eights (those beyond N couple to nothing and stay zero), so that no row is shared; a single level,
enough where there is no interaction, has both its parts in one row.
"""

from __future__ import annotations

import math

import numpy as np

from rzqiskit.dicke.compiled import inner, kernel
from rzqiskit.dicke.vectors import WIDTH, aligned

__all__ = [
    "LEVEL_0",
    "TRIAD_ROWS",
    "component_scale",
    "hops",
    "in_eights",
    "ladder",
    "moment_weights",
    "releveled",
    "state_rows",
]

LEVEL_0 = 16
"""Where the amplitudes start, counted in numbers."""
TRIAD_ROWS = 2


@kernel
def state_rows(levels):
    """Return the number of rows of the unknowns."""
    return TRIAD_ROWS + (2 * levels + 7) // 8


@inner
def ladder(num_levels, num_qubits):
    """Return s_k = sqrt((k + 1)(N - k)), the matrix elements of J+, shape (num_levels,)."""
    s = np.zeros(num_levels)
    for k in range(min(num_levels, num_qubits)):
        s[k] = math.sqrt((k + 1.0) * (num_qubits - k))
    return s


@inner
def hops(levels, num_qubits):
    """Return the matrix elements from the level below, those from the one above, and k.

    Three blocks of levels / 8 rows each.
    """
    s = ladder(levels, num_qubits)
    block = (levels + 7) // WIDTH
    elements = aligned(3 * block)
    for k in range(levels):
        row, place = k // WIDTH, k % WIDTH
        elements[row, place] = s[k - 1] if k > 0 else 0.0
        elements[block + row, place] = s[k] if k < levels - 1 else 0.0
        elements[2 * block + row, place] = k
    return elements


@kernel
def moment_weights(levels, num_qubits):
    """Return k, k^2, s_k, (2k + 1) s_k and s_k s_{k+1}: the weights of populations and coherences.

    Five blocks of levels / 8 rows each; zero where a coherence leaves the levels.
    """
    s = ladder(levels, num_qubits)
    block = (levels + 7) // WIDTH
    weights = aligned(5 * block)
    for k in range(levels):
        row, place = k // WIDTH, k % WIDTH
        weights[row, place] = k
        weights[block + row, place] = k * float(k)
        if k < levels - 1:
            weights[2 * block + row, place] = s[k]
            weights[3 * block + row, place] = (2.0 * k + 1.0) * s[k]
        if k < levels - 2:
            weights[4 * block + row, place] = s[k] * s[k + 1]
    return weights


@inner
def component_scale(levels, tilt):
    """Return what the errors of the unknowns are multiplied by, in their rows.

    A pulse that tilts the mean field by no more than `tilt` makes a_1, a_2 and the levels above
    the lowest that small; their errors have to be small against `tilt`, all others against 1.
    """
    rows = state_rows(levels)
    scale = aligned(rows)
    for row in range(rows):
        for place in range(WIDTH):
            number = row * WIDTH + place
            lowest = number == LEVEL_0 or number == LEVEL_0 + levels
            small = number < 2 or (number >= LEVEL_0 and not lowest)
            scale[row, place] = 1.0 / tilt if small else 1.0
    return scale


@inner
def releveled(y, old, new):
    """Return the state, or a slope, on `new` instead of `old` levels, multiples of eight."""
    state = aligned(state_rows(new) + 1)
    # Loops, not slices: numba compiles an assignment between slices for seconds.
    for row in range(TRIAD_ROWS + old // 4):
        imaginary = row >= TRIAD_ROWS + old // 8
        target = row + (new - old) // 8 if imaginary else row
        for place in range(WIDTH):
            state[target, place] = y[row, place]
    return state


@kernel
def in_eights(levels):
    """Return the number of levels rounded up to a multiple of eight."""
    return (levels + 7) // 8 * 8
