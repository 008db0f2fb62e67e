"""The lowest Dicke levels turned about x: the few columns of the rotation that a tier needs."""

from __future__ import annotations

import math

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

    of at most l + 1 terms, whose signs would cost a factor (N S C)^(l/2) of accuracy. Where
    N S^2 C^2 > 1 the columns follow from the first, the root of a binomial, by the recurrence of
    Krawtchouk's functions,

        r_l <k|l + 1> = (k - N S^2 - l (C^2 - S^2)) <k|l> - r_{l-1} <k|l - 1>,
        r_l = sqrt((l + 1) (N - l)) S C.

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
    phi, level = np.broadcast_arrays(np.asarray(angle, dtype=np.float64), k)
    inside = (level >= 0.0) & (level <= num_qubits)
    level = np.where(inside, level, 0.0)
    columns = np.zeros((num_levels, *phi.shape))
    sine, cosine = np.sin(0.5 * phi), np.cos(0.5 * phi)
    many = num_qubits * (sine * cosine) ** 2 > 1.0
    for where, turned in ((many, _by_recurrence), (~many, _by_sum)):
        if where.any():
            width = min(num_levels, num_qubits + 1)
            parts = turned(num_qubits, sine[where], cosine[where], level[where], width)
            columns[:width, where] = parts
    return np.where(inside, columns, 0.0)


def _by_recurrence(
    num_qubits: int, sine: FloatArray, cosine: FloatArray, level: FloatArray, num_levels: int
) -> FloatArray:
    n = float(num_qubits)
    columns = np.empty((num_levels, level.size))
    columns[0] = _signed(sine, level) * _signed(cosine, n - level)
    columns[0] *= np.exp(0.5 * _log_weights(n, sine, cosine, level))
    moved, tilt = level - n * sine**2, cosine**2 - sine**2
    before: float | FloatArray = 0.0
    older = np.zeros(level.size)
    for column in range(num_levels - 1):
        root = math.sqrt((column + 1.0) * (n - column)) * sine * cosine
        columns[column + 1] = ((moved - column * tilt) * columns[column] - before * older) / root
        before, older = root, columns[column]
    return columns


def _by_sum(
    num_qubits: int, sine: FloatArray, cosine: FloatArray, level: FloatArray, num_levels: int
) -> FloatArray:
    from scipy.special import binom

    n = float(num_qubits)
    # A power of a vanishing sine is taken apart from it, where a number above zero is left.
    least = 1e-150
    half = 0.5 * _log_weights(
        n, np.maximum(np.abs(sine), least), np.maximum(np.abs(cosine), least), level
    )
    odds = np.log(np.maximum(np.abs(sine), least)) - np.log(np.maximum(np.abs(cosine), least))
    powers = {}
    for shift in range(-num_levels + 1, num_levels):
        up, down = level + shift, n - level - shift
        allowed = (up >= 0.0) & (down >= 0.0)
        sign = _signed(sine, up) * _signed(cosine, down)
        powers[shift] = np.where(
            allowed, sign * np.exp(np.where(allowed, half + shift * odds, 0.0)), 0.0
        )
    columns = np.zeros((num_levels, level.size))
    for column in range(num_levels):
        for j in range(column + 1):
            weight = binom(level, j) * binom(n - level, column - j) / np.sqrt(binom(n, column))
            columns[column] += (-1.0) ** (column - j) * weight * powers[column - 2 * j]
    return columns


def _log_weights(
    num_qubits: float, sine: FloatArray, cosine: FloatArray, level: FloatArray
) -> FloatArray:
    from rzqiskit.analytic.log_binomials import log_binomials

    logs: FloatArray = log_binomials(level, num_qubits, sine**2, cosine**2)
    return logs


def _signed(factor: FloatArray, power: FloatArray) -> FloatArray:
    return np.where(power % 2 == 1, np.where(factor < 0.0, -1.0, 1.0), 1.0)
