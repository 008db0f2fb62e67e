"""A collective spin turned by a finite angle as a Chebyshev series: stable at every angle.

``exp(theta (J+ - J-)/2)`` is real, its generator antisymmetric and tridiagonal with spectrum inside
``[-i R, i R]``. With X the generator over R,

    exp(R X) c = J_0(R) c + 2 sum_n J_n(R) F_n,   F_0 = c, F_1 = X c, F_{n+1} = 2 X F_n + F_{n-1},

needs about R + 12 R^(1/3) + 24 products, R being at most theta N/2.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from rzqiskit.dicke.compiled import kernel

__all__ = ["bessel_series", "rotate_ladder"]


@kernel
def bessel_series(radius: float) -> Any:
    """Return J_0(radius), J_1, ... up to the last above 1e-20, by Miller's downward recurrence."""
    order = int(radius + 12.0 * (radius + 1.0) ** (1.0 / 3.0) + 24.0)
    bessel = np.zeros(order + 2)
    if radius <= 1e-12:
        bessel[0] = 1.0
        bessel[1] = 0.5 * radius
        return bessel[:2].copy()
    bessel[order] = 1e-30
    for n in range(order, 0, -1):
        bessel[n - 1] = 2.0 * n / radius * bessel[n] - bessel[n + 1]
        if abs(bessel[n - 1]) > 1e140:
            for i in range(n - 1, order + 1):
                bessel[i] *= 1e-140
    # J_0^2 + 2 sum J_n^2 = 1 has no cancellation; downwards the sign comes out right by itself.
    total = bessel[0] * bessel[0]
    for n in range(1, order + 1):
        total += 2.0 * bessel[n] * bessel[n]
    for n in range(order + 1):
        bessel[n] /= math.sqrt(total)
    while order > 1 and abs(bessel[order]) < 1e-20:
        order -= 1
    return bessel[: order + 1].copy()


@kernel
def rotate_ladder(state: Any, num_qubits: int, theta: float, out: Any) -> None:
    """Write exp(theta (J+ - J-)/2) `state` into `out`.

    `state`: real and imaginary parts, shape (2, K); `out`: shape (2, L), K <= L <= N + 1; what
    would leave the first L levels must be negligible.
    """
    num_levels = state.shape[1]
    num_kept = out.shape[1]
    width = float(num_qubits)
    top = min(num_kept - 2.0, math.floor(0.5 * (width - 1.0)))
    norm = min(0.5 * width, math.sqrt((top + 1.0) * (width - top))) if num_kept > 1 else 1.0
    bessel = bessel_series(abs(theta) * norm)
    # One guard cell at each end spares the loops their edges.
    work = np.zeros((7, num_kept + 2))
    now_re, now_im, old_re, old_im = work[0], work[1], work[2], work[3]
    x, y, hop = work[4], work[5], work[6]
    for k in range(num_levels):
        now_re[k + 1] = state[0, k]
        now_im[k + 1] = state[1, k]
    sign = -1.0 if theta < 0.0 else 1.0
    for k in range(num_kept - 1):
        hop[k + 1] = sign * math.sqrt((k + 1.0) * (width - k)) / norm
    for k in range(1, num_kept + 1):
        x[k] = bessel[0] * now_re[k]
        y[k] = bessel[0] * now_im[k]
        old_re[k] = 0.5 * (hop[k - 1] * now_re[k - 1] - hop[k] * now_re[k + 1])
        old_im[k] = 0.5 * (hop[k - 1] * now_im[k - 1] - hop[k] * now_im[k + 1])
    now_re, now_im, old_re, old_im = old_re, old_im, now_re, now_im
    for n in range(1, bessel.size):
        weight = 2.0 * bessel[n]
        for k in range(1, num_kept + 1):
            x[k] += weight * now_re[k]
            y[k] += weight * now_im[k]
            old_re[k] += hop[k - 1] * now_re[k - 1] - hop[k] * now_re[k + 1]
            old_im[k] += hop[k - 1] * now_im[k - 1] - hop[k] * now_im[k + 1]
        now_re, now_im, old_re, old_im = old_re, old_im, now_re, now_im
    for k in range(num_kept):
        out[0, k] = x[k + 1]
        out[1, k] = y[k + 1]
