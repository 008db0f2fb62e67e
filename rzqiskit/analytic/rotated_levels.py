"""The lowest Dicke levels turned about x: the few columns of the rotation that a tier needs."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from rzqiskit.validation import FloatArray

__all__ = ["rotated_levels"]


def rotated_levels(
    num_qubits: int, angle: npt.ArrayLike, k: npt.ArrayLike, *, num_levels: int = 5
) -> FloatArray:
    """Return i^(k - l) <k| exp(-i phi Jx) |l> for the lowest levels l, a real matrix.

    With S = sin(phi/2), C = cos(phi/2) it is the sum over j, the cells excited before and after,

        sqrt(binom(N, k)/binom(N, l)) sum_j (-1)^(l - j) binom(k, j) binom(N - k, l - j)
            S^(k + l - 2 j) C^(N - k - l + 2 j),

    of at most l + 1 terms, which cost a factor (N S C)^(l/2) of accuracy at worst.

    Args:
        num_qubits: N.
        angle: phi, rad, any shape.
        k: levels, integers 0..N as floats, broadcast against `angle`; others give zero.
        num_levels: number of columns, l = 0 .. num_levels - 1.

    Returns:
        Shape (num_levels, ...) with the broadcast shape; zero for l > N.

    Examples:
        >>> rotated_levels(2, np.pi / 2, np.arange(3.0))[:2].round(6)
        array([[ 0.5     ,  0.707107,  0.5     ],
               [-0.707107,  0.      ,  0.707107]])
    """
    from scipy.special import binom, gammaln, xlogy

    n = float(num_qubits)
    phi, level = np.broadcast_arrays(np.asarray(angle, dtype=np.float64), k)
    inside = (level >= 0.0) & (level <= n)
    level = np.where(inside, level, 0.0)
    sine, cosine = np.sin(0.5 * phi), np.cos(0.5 * phi)
    ways = 0.5 * (gammaln(n + 1.0) - gammaln(level + 1.0) - gammaln(n - level + 1.0))
    powers = {}
    for shift in range(-num_levels + 1, num_levels):
        up, down = level + shift, n - level - shift
        allowed = (up >= 0.0) & (down >= 0.0)
        up, down = np.where(allowed, up, 0.0), np.where(allowed, down, 0.0)
        size = np.exp(ways + xlogy(up, np.abs(sine)) + xlogy(down, np.abs(cosine)))
        sign = np.where(up % 2 == 1, np.sign(sine), 1.0) * np.where(
            down % 2 == 1, np.sign(cosine), 1.0
        )
        powers[shift] = np.where(allowed, sign * size, 0.0)
    columns = np.zeros((num_levels, *phi.shape))
    for column in range(min(num_levels, num_qubits + 1)):
        for j in range(column + 1):
            weight = binom(level, j) * binom(n - level, column - j) / np.sqrt(binom(n, column))
            columns[column] += (-1.0) ** (column - j) * weight * powers[column - 2 * j]
    return np.where(inside, columns, 0.0)
