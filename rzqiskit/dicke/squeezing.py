"""The all-pairs interaction on frame levels: exp(-i c D^2) as a Chebyshev series.

D = a1 J~x + a2 J~y + a3 k is tridiagonal and, between the phases e^{i chi k}, real. On K levels its
norm is some L, so the spectrum of D^2 lies in [0, L^2] and

    exp(-i c D^2) = e^{-i R} sum_n (2 - delta_n0) (-i)^n J_n(R) T_n(D^2 / (L^2/2) - 1)

with R = c L^2/2 and real T_n that act on the real and the imaginary part alike. R stays of order K
unless the layer itself over-squeezes the state.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from rzqiskit.dicke.compiled import kernel
from rzqiskit.dicke.ladder_rotation import bessel_series

__all__ = ["norm_bound", "squeeze_levels"]


@kernel
def norm_bound(num_levels: int, num_qubits: int, h: float, a3: float) -> float:
    """Return an upper bound (Gershgorin) of the norm of D on the first `num_levels` levels."""
    width = float(num_qubits)
    below = 0.0
    bound = 0.0
    for k in range(num_levels):
        above = 0.5 * h * math.sqrt((k + 1.0) * (width - k)) if k + 1 < num_levels else 0.0
        bound = max(bound, abs(a3) * k + below + above)
        below = above
    return bound


@kernel
def _apply(diagonal: Any, hop: Any, source: Any, target: Any) -> None:
    for k in range(1, source.size - 1):
        target[k] = diagonal[k] * source[k] + hop[k - 1] * source[k - 1] + hop[k] * source[k + 1]


@kernel
def squeeze_levels(state: Any, num_qubits: int, h: float, a3: float, strength: float) -> None:
    """Replace `state` by exp(-i strength D^2) `state`, D = h J~x + a3 k on the levels it has.

    `state`: real and imaginary parts, shape (2, K), changed in place.
    """
    num_levels = state.shape[1]
    width = float(num_qubits)
    bound = norm_bound(num_levels, num_qubits, h, a3)
    if bound == 0.0 or strength == 0.0:
        return
    half = 0.5 * bound * bound
    radius = abs(strength) * half
    bessel = bessel_series(radius)
    size = num_levels + 2  # a guard cell at each end spares the loops their edges
    diagonal = np.zeros(size)
    hop = np.zeros(size)
    for k in range(num_levels):
        diagonal[k + 1] = a3 * k
        if k + 1 < num_levels:
            hop[k + 1] = 0.5 * h * math.sqrt((k + 1.0) * (width - k))
    now = np.zeros((2, size))
    old = np.zeros((2, size))
    total = np.zeros((2, size))
    middle = np.zeros(size)
    image = np.zeros(size)
    for part in range(2):
        for k in range(num_levels):
            now[part, k + 1] = state[part, k]
    sign = -1.0 if strength < 0.0 else 1.0
    for n in range(bessel.size):
        weight = bessel[n] if n == 0 else 2.0 * bessel[n]
        # (-i sign)^n: 1, -i s, -1, i s
        turn = n % 4
        for k in range(size):
            x = weight * now[0, k]
            y = weight * now[1, k]
            if turn == 0:
                total[0, k] += x
                total[1, k] += y
            elif turn == 1:
                total[0, k] += sign * y
                total[1, k] -= sign * x
            elif turn == 2:
                total[0, k] -= x
                total[1, k] -= y
            else:
                total[0, k] -= sign * y
                total[1, k] += sign * x
        factor = (1.0 if n == 0 else 2.0) / half
        shift = 1.0 if n == 0 else 2.0
        for part in range(2):
            _apply(diagonal, hop, now[part], middle)
            _apply(diagonal, hop, middle, image)
            for k in range(1, size - 1):
                following = factor * image[k] - shift * now[part, k] - old[part, k]
                old[part, k] = now[part, k]
                now[part, k] = following
    c = math.cos(radius)
    s = -sign * math.sin(radius)
    for k in range(num_levels):
        x = total[0, k + 1]
        y = total[1, k + 1]
        state[0, k] = c * x - s * y
        state[1, k] = c * y + s * x
