"""Lab populations by the forward recurrence of the Krawtchouk functions.

Notation: N = num_qubits, K = num_levels, h = sin(theta), p = (1 - a3)/2, mu = m - N p. For a lab
level m the rotation matrix element v_k = d_mk starts at the square root of the binomial probability
of m and obeys

    (h/2) s_k v_{k+1} = (mu - a3 k) v_k - (h/2) s_{k-1} v_{k-1},   s_k = sqrt((k + 1)(N - k)).

The loop over m is the inner one, over blocks that stay in the first-level cache.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from rzqiskit.dicke.binomial import log_binomial
from rzqiskit.dicke.compiled import inner

__all__ = ["forward_populations", "is_forward_stable"]

_BLOCK = 512  # lab levels handled together: five arrays of this length
_LOG_SMALL = -600.0  # below this log-probability the recurrence is rescaled as it climbs


@inner
def is_forward_stable(num_qubits: int, theta: float, low: float, high: float, levels: int) -> bool:
    """Whether k < levels stays below the second turning point for all lab levels in the window."""
    least = math.sin(0.5 * (theta + low))
    least = min(least, math.sin(0.5 * (theta + high)))
    return num_qubits * least * least >= levels


@inner
def _forward_block(
    turned: Any, gain: Any, loss: Any, a3: float, mu: Any, v: Any, old: Any, x: Any, y: Any, n: int
) -> None:
    """Add sum_k c_k v_k to x + i y for n lab levels; v holds v_0 on entry."""
    num_levels = turned.shape[1]
    for i in range(n):
        x[i] = 0.0
        y[i] = 0.0
        old[i] = 0.0
    for k in range(0, num_levels - 1, 2):
        c0, d0 = turned[0, k], turned[1, k]
        c1, d1 = turned[0, k + 1], turned[1, k + 1]
        g0, l0, s0 = gain[k], loss[k], a3 * k
        g1, l1, s1 = gain[k + 1], loss[k + 1], a3 * (k + 1)
        for i in range(n):
            even = v[i]
            odd = (mu[i] - s0) * g0 * even - l0 * old[i]
            x[i] += c0 * even + c1 * odd
            y[i] += d0 * even + d1 * odd
            old[i] = odd
            v[i] = (mu[i] - s1) * g1 * odd - l1 * even
    if num_levels % 2 == 1:
        c0, d0 = turned[0, num_levels - 1], turned[1, num_levels - 1]
        for i in range(n):
            x[i] += c0 * v[i]
            y[i] += d0 * v[i]


@inner
def _forward_scaled(turned: Any, gain: Any, loss: Any, a3: float, mu: float, log_p: float) -> float:
    """Return p_m for one lab level whose v_0 is below what a double can hold."""
    num_levels = turned.shape[1]
    scale = 0.5 * log_p
    v, old, x, y = 1.0, 0.0, 0.0, 0.0
    for k in range(num_levels):
        x += turned[0, k] * v
        y += turned[1, k] * v
        v, old = (mu - a3 * k) * gain[k] * v - loss[k] * old, v
        if abs(v) > 1e100:
            v, old, x, y = 1e-100 * v, 1e-100 * old, 1e-100 * x, 1e-100 * y
            scale += 230.25850929940458
    size = x * x + y * y
    if size == 0.0:
        return 0.0
    return math.exp(2.0 * scale + math.log(size))


@inner
def forward_populations(
    turned: Any, num_qubits: int, h: float, a3: float, p: float, first: int, stride: int, out: Any
) -> None:
    """Write p_m for m = first + stride * i into all of `out` by the forward recurrence."""
    num_levels = turned.shape[1]
    width = float(num_qubits)
    gain = np.zeros(num_levels)
    loss = np.zeros(num_levels)
    below = 0.0
    for k in range(min(num_levels, num_qubits)):
        s = math.sqrt((k + 1.0) * (width - k))
        gain[k] = 2.0 / (h * s)
        loss[k] = below / s
        below = s
    mean = width * p
    odds = p / (1.0 - p)
    work = np.empty((5, _BLOCK))
    mu, v, old, x, y = work[0], work[1], work[2], work[3], work[4]
    for start in range(0, out.size, _BLOCK):
        n = min(_BLOCK, out.size - start)
        begin = float(first + stride * start)
        for i in range(n):
            mu[i] = begin + stride * i - mean
        low = log_binomial(begin, width, p)
        high = log_binomial(begin + stride * (n - 1), width, p)
        if min(low, high) < _LOG_SMALL:
            for i in range(n):
                log_p = log_binomial(begin + stride * i, width, p)
                out[start + i] = _forward_scaled(turned, gain, loss, a3, mu[i], log_p)
            continue
        if stride == 1:
            # From the likeliest level of the block, where the logarithm has its least rounding.
            top = int(min(max(mean - begin, 0.0), n - 1.0))
            for i in range(n):
                x[i] = (width - (begin + i)) / (begin + i + 1.0) * odds
            likeliest = math.exp(log_binomial(begin + top, width, p))
            value = likeliest
            for i in range(top, n):
                v[i] = value
                value *= x[i]
            value = likeliest
            for i in range(top - 1, -1, -1):
                value /= x[i]
                v[i] = value
            for i in range(n):
                v[i] = math.sqrt(v[i])
        else:
            for i in range(n):
                v[i] = math.exp(0.5 * log_binomial(begin + stride * i, width, p))
        _forward_block(turned, gain, loss, a3, mu, v, old, x, y, n)
        for i in range(n):
            out[start + i] = x[i] * x[i] + y[i] * y[i]
