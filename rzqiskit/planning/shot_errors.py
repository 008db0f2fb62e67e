"""The error that a number of shots leaves, told before any is taken.

To first order in 1/n it is the standard deviation of one shot's share over the root of n. That is
all there is for the stored energy; but the fluctuation and the entropy are no means. The first
order vanishes where they are at their largest, and few shots leave a bias as well. Up to some
shots a level the estimators are therefore run on records drawn from the populations (fixed seed);
beyond that the second order is added.
"""

from __future__ import annotations

import numpy as np

from rzqiskit.estimation import estimate_entropy, estimate_standard_deviation
from rzqiskit.metrics import diagonal_entropy
from rzqiskit.validation import FloatArray

__all__ = ["expected_shot_error", "fewest_shots"]

# Records are drawn up to so many shots, and so many for each of the 2^S levels in use.
_DRAWN_SHOTS = 64
_DRAWN_SHOTS_OF_LEVEL = 4
_NUM_RECORDS = 1000
_NUM_ENTRIES = 2_000_000


def expected_shot_error(
    metric: str, populations: FloatArray, shots: int, *, level_splitting: float
) -> float:
    """Return the root mean square error of a metric measured with `shots`, largest over times.

    Args:
        metric: "stored_energy", "energy_fluctuation" or "diagonal_entropy".
        populations: p_k, shape (num_times, N + 1).
        shots: n.
        level_splitting: Delta, energy.

    Returns:
        The error, in the unit of the metric: noise and bias of the estimate together.

    Notes:
        Beyond the shots that are drawn, with v the variance of the unbiased s^2,
        v/4 sigma^2 (1 + 3v/(v + sigma^4)), at most 2 sigma^2, for the square of the fluctuation's
        error, and Var(log2 p)/n + (m - 1)/(2 n^2 ln^2 2) for that of the entropy with m levels
        expected to be seen.

    Examples:
        >>> p = np.array([[0.5, 0.5]])  # a cell half charged: the largest entropy, 1 bit
        >>> round(expected_shot_error("diagonal_entropy", p, 1, level_splitting=1.0), 6)
        1.0
        >>> round(expected_shot_error("diagonal_entropy", p, 1000, level_splitting=1.0), 4)
        0.001
    """
    p = np.maximum(populations, 0.0)
    p = p / p.sum(axis=-1, keepdims=True)
    k = np.arange(p.shape[-1], dtype=np.float64)
    offsets = k - (p @ k)[:, np.newaxis]
    second = np.sum(p * offsets**2, axis=-1)
    if metric == "stored_energy":
        return float(level_splitting * np.sqrt(second.max() / shots))
    entropy = diagonal_entropy(p)
    unit = 1.0 if metric == "diagonal_entropy" else level_splitting
    exact = entropy if metric == "diagonal_entropy" else np.sqrt(second)
    if shots <= max(_DRAWN_SHOTS, _DRAWN_SHOTS_OF_LEVEL * 2.0 ** entropy.max()):
        return float(unit * np.sqrt(_drawn(metric, p, shots, exact).max()))
    if metric == "energy_fluctuation":
        fourth = np.sum(p * offsets**4, axis=-1)
        v = np.maximum(fourth / shots - second**2 * (shots - 3) / (shots * (shots - 1.0)), 0.0)
        square = np.zeros_like(v)
        np.divide(v, 4.0 * second, out=square, where=second > 0.0)
        excess = np.zeros_like(v)
        np.divide(3.0 * v, v + second**2, out=excess, where=second > 0.0)
        square = np.minimum(square * (1.0 + excess), 2.0 * second)
    else:
        bits = -np.log2(p, out=np.zeros_like(p), where=p > 0.0)
        square = np.sum(p * (bits - entropy[:, np.newaxis]) ** 2, axis=-1) / shots
        seen = np.sum(-np.expm1(-shots * p), axis=-1)
        square += np.maximum(seen - 1.0, 0.0) / (2.0 * (shots * np.log(2.0)) ** 2)
    return float(unit * np.sqrt(square.max()))


def fewest_shots(
    metric: str, populations: FloatArray, error: float, *, level_splitting: float, most: int
) -> int:
    """Return the fewest shots that leave at most `error`, or `most`."""

    def is_enough(shots: int) -> bool:
        found = expected_shot_error(metric, populations, shots, level_splitting=level_splitting)
        return found <= error * (1.0 + 1e-12)

    high = 1
    while high < most and not is_enough(high):
        high = min(2 * high, most)
    low = high // 2 if high < most else most // 4
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if is_enough(middle) else (middle, high)
    return high


def _drawn(metric: str, populations: FloatArray, shots: int, exact: FloatArray) -> FloatArray:
    """Return the mean square error of the estimator over drawn records, shape (num_times,)."""
    rng = np.random.default_rng(0)
    squares = np.empty(exact.size)
    for index, (p, value) in enumerate(zip(populations, exact, strict=True)):
        held = np.flatnonzero(p * shots > 1e-9)
        first, last = max(held[0] - 1, 0), held[-1] + 1
        window = p[first : max(last, first + 2)]
        num_records = int(np.clip(_NUM_ENTRIES // (exact.size * window.size), 200, _NUM_RECORDS))
        records = rng.multinomial(shots, window / window.sum(), size=num_records)
        if metric == "diagonal_entropy":
            estimates = estimate_entropy(records)[0]
        else:
            estimates = estimate_standard_deviation(records)[0]
        squares[index] = np.mean((estimates - value) ** 2)
    return squares
