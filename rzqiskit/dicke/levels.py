"""How the frame's unknowns lie in memory: the triad, then the levels, in eights.

One vector holds the rows a = z . e_i, b = y . e_i, x . e_i of the triad, zeros up to LEVEL_0, then
the real and the imaginary parts of the amplitudes of the levels.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

__all__ = [
    "LEVEL_0",
    "component_scale",
    "hops",
    "in_eights",
    "ladder",
    "releveled",
    "state_size",
]

LEVEL_0 = 16  # where the amplitudes start in the vector of unknowns


@njit(cache=True, nogil=True, error_model="numpy")
def state_size(levels):
    """Return the length of the vector of unknowns, a multiple of eight.

    The nine numbers of the triad fill the first LEVEL_0 places up with zeros, then follow the real
    and the imaginary parts of the levels. Levels come in eights as well (those beyond N couple to
    nothing and stay zero): loops then have no remainder, which for few levels is most of the cost.
    """
    return LEVEL_0 + (2 * levels + 7) // 8 * 8


@njit(cache=True, nogil=True, error_model="numpy")
def ladder(num_levels, num_qubits):
    """Return s_k = sqrt((k + 1)(N - k)), the matrix elements of J+, shape (num_levels,)."""
    s = np.zeros(num_levels)
    for k in range(min(num_levels, num_qubits)):
        s[k] = math.sqrt((k + 1.0) * (num_qubits - k))
    return s


@njit(cache=True, nogil=True, error_model="numpy")
def hops(levels, num_qubits):
    """Return the matrix elements from the level below and from the one above, shape (2, levels)."""
    s = ladder(levels, num_qubits)
    elements = np.zeros((2, levels))
    for k in range(levels - 1):
        elements[0, k + 1] = s[k]
        elements[1, k] = s[k]
    return elements


@njit(cache=True, nogil=True, error_model="numpy")
def component_scale(levels, tilt):
    """Return what the errors of the components are multiplied by, shape (state_size,).

    A pulse that tilts the mean field by no more than `tilt` makes a_1, a_2 and the levels above
    the lowest that small; their errors have to be small against `tilt`, all others against 1.
    """
    scale = np.ones(state_size(levels))
    scale[0] = scale[1] = 1.0 / tilt
    for k in range(1, levels):
        scale[LEVEL_0 + k] = scale[LEVEL_0 + levels + k] = 1.0 / tilt
    return scale


@njit(cache=True, nogil=True, error_model="numpy")
def releveled(y, old, new):
    """Return the state, or a slope, on `new` instead of `old` levels."""
    state = np.zeros(state_size(new) + 1)
    # Loops, not slices: numba compiles an assignment between slices for seconds.
    for i in range(LEVEL_0):
        state[i] = y[i]
    for k in range(old):
        state[LEVEL_0 + k] = y[LEVEL_0 + k]
        state[LEVEL_0 + new + k] = y[LEVEL_0 + old + k]
    return state


@njit(cache=True, nogil=True, error_model="numpy")
def in_eights(levels):
    """Return the number of levels rounded up to a multiple of eight."""
    return (levels + 7) // 8 * 8
