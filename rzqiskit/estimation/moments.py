r"""Means, standard deviations and populations from counts, with honest standard errors.

The counts of one record are multinomial, so cov(p_j, p_k) = (p_j delta_jk - p_j p_k) / n, and a
linear function sum_k v_k p_k has the variance (<v^2> - <v>^2) / n. Estimated from the same counts
this vanishes where every shot fell into one level, though n shots cannot tell p = 1 from
p = 1 - 1/n. Therefore one *unseen shot* is allowed for throughout: a shot that would have changed
the value by d adds d^2 / (n + 1)^2 to the variance. For a population (d = 1) the error of a level
never or always seen is then 1 / (n + 1), which is Wilson's one-sigma bound, and the mean square of
(estimate - truth) / error stays below 1.152 for every p and n. Within, it widens the error
by a fraction of order 1/n.

A variance estimated from few shots is itself uncertain, and a deviation divided by its root has
the wide tails of Student's distribution. The errors of means and standard deviations are widened
so that the mean square of (estimate - truth) / error is near 1 from five shots on, see
docs/error_bars.md.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from rzqiskit.estimation.counts import IntArray, check_counts
from rzqiskit.validation import check_real_array

__all__ = ["estimate_mean", "estimate_populations", "estimate_standard_deviation"]

FloatArray = npt.NDArray[np.float64]

_NORMAL_SHOTS = 10.0
_WIDENING = 5.0
_WIDENING_OF_WIDE = 11.0
_NARROW = 2.0


def estimate_populations(counts: npt.ArrayLike) -> tuple[FloatArray, FloatArray]:
    """Return the populations and their standard errors.

    Args:
        counts: n_k, shape (..., N + 1).

    Returns:
        p_k = n_k / n and its standard error, both shape (..., N + 1). The error is never zero:
        1 / (n + 1) for a level never or always seen.

    Raises:
        TypeError: counts that are not integers.
        ValueError: a negative count, a record without a shot.

    Examples:
        >>> population, stderr = estimate_populations([0, 99, 0])
        >>> population, stderr
        (array([0., 1., 0.]), array([0.01, 0.01, 0.01]))
    """
    n_k = check_counts("counts", counts)
    shots = n_k.sum(axis=-1, keepdims=True)
    p = n_k / shots
    # max(n - 1, 1): with one shot p (1 - p) = 0, and only the unseen shot is left.
    variance = p * (1.0 - p) / np.maximum(shots - 1, 1) + 1.0 / (shots + 1.0) ** 2
    return p, np.sqrt(variance)


def estimate_mean(counts: npt.ArrayLike, values: npt.ArrayLike) -> tuple[FloatArray, FloatArray]:
    """Return the mean of a function of the Hamming weight, and its standard error.

    Args:
        counts: n_k, shape (..., N + 1).
        values: v_k, shape (N + 1,) or that of `counts`, the function at k excited cells.

    Returns:
        sum_k v_k n_k / n and its standard error, both shape (...), in the unit of `values`. The
        unseen shot lies one level off the mean weight; with a single shot, which tells nothing of
        the spread, anywhere.

    Raises:
        TypeError: counts that are not integers, values that are not numeric.
        ValueError: a negative count, a record without a shot, values of another length.

    Examples:
        >>> mean, stderr = estimate_mean([[0, 50, 50]], [0.0, 1.0, 2.0])
        >>> mean, stderr.round(3)
        (array([1.5]), array([0.051]))
    """
    n_k = check_counts("counts", counts)
    v = check_real_array("values", values)
    if v.shape not in (n_k.shape[-1:], n_k.shape):
        raise ValueError(f"`values` must have the shape ({n_k.shape[-1]},), got {v.shape}.")
    shots = n_k.sum(axis=-1)
    mean = (n_k @ v if v.ndim == 1 else np.einsum("...k,...k->...", n_k, v)) / shots
    deviation = v - mean[..., np.newaxis]
    squares = np.einsum("...k,...k,...k->...", n_k, deviation, deviation)
    step = np.broadcast_to(np.abs(np.diff(v)), (*shots.shape, v.shape[-1] - 1))
    level = np.rint(_mean_weight(n_k)).astype(np.int64)[..., np.newaxis]
    neighbours = np.concatenate([level - 1, level], axis=-1).clip(0, step.shape[-1] - 1)
    nearest = np.take_along_axis(step, neighbours, axis=-1).max(axis=-1)
    unseen = np.where(shots == 1, np.ptp(v, axis=-1), nearest)
    # n - 2 for the n - 1 of the unbiased variance: half of what Student's tails would ask for,
    # the unseen shot does the other half.
    freedom = np.maximum(shots - 2, 0.5)
    variance = squares / (shots * freedom) + (unseen / (shots + 1.0)) ** 2
    return mean, np.sqrt(variance)


def estimate_standard_deviation(counts: npt.ArrayLike) -> tuple[FloatArray, FloatArray]:
    r"""Return the standard deviation of the Hamming weight, and its standard error.

    Args:
        counts: n_k, shape (..., N + 1).

    Returns:
        s, the root of the unbiased variance, and its standard error, both shape (...). s itself
        is low by about (mu_4/sigma^4 - 1) / 8n of its value, less than a tenth of its error from
        10 shots on. A single shot gives 0 and the error N / 2, the largest s that there is.

    Raises:
        TypeError: counts that are not integers.
        ValueError: a negative count, a record without a shot.

    Notes:
        var(s^2) = mu_4 / n - s^4 (n - 3) / (n (n - 1)), with the fourth central moment mu_4, plus
        the unseen shot. Few shots show too little of a distribution's tails, so ten shots of a
        normal distribution's, mu_4 = 3 s^4, are mixed in; the whole is widened by 1 + 5/n, where
        many levels are in use by 1 + 5/n [1 + 11/(n - 3) s^2/(s^2 + 4)], as s follows the chi
        distribution of n - 1 degrees of freedom there and no unseen shot of one level helps. The
        error of the root is e / sqrt(4 s^2 + e) with e that of s^2: the delta method's e / 2s where
        s is well known, sqrt(e) at s = 0.

    Examples:
        >>> s, stderr = estimate_standard_deviation([[0, 50, 0, 50], [100, 0, 0, 0]])
        >>> s.round(3), stderr.round(3)
        (array([1.005, 0.   ]), array([0.024, 0.1  ]))
    """
    n_k = check_counts("counts", counts)
    shots = n_k.sum(axis=-1)
    k = np.arange(n_k.shape[-1], dtype=np.float64)
    mean = _mean_weight(n_k)
    square = (k - mean[..., np.newaxis]) ** 2
    spread = np.maximum(shots - 1, 1)
    variance = np.einsum("...k,...k->...", n_k, square) / spread
    fourth = np.einsum("...k,...k,...k->...", n_k, square, square) / shots
    fourth = (shots * fourth + 3.0 * _NORMAL_SHOTS * variance**2) / (shots + _NORMAL_SHOTS)
    of_variance = fourth / shots - variance**2 * (shots - 3) / (shots * spread)
    unseen = (1.0 + 2.0 * np.abs(np.rint(mean) - mean)) ** 2 + 3.0 * variance
    wide = variance / (variance + _NARROW**2)
    widening = 1.0 + _WIDENING / shots * (1.0 + _WIDENING_OF_WIDE * wide / np.maximum(shots - 3, 1))
    error = np.sqrt(of_variance * widening + unseen / (shots + 1.0) ** 2)
    stderr = np.where(shots == 1, 0.5 * k[-1], error / np.sqrt(4.0 * variance + error))
    return np.sqrt(variance), stderr


def error_of_root(square: FloatArray, error: FloatArray) -> FloatArray:
    """Return the standard error of the root of an estimated square that may be near zero.

    With e the error of the square and s^2 what it was estimated as, not negative, the delta
    method's e / 2s is too small where s is a fluctuation upwards from nothing. Therefore
    e / sqrt(max(4 s^2 - 4.5 e, 1.5 e)): 4 s^2, less one and a half of its errors, which vanishes
    against it where s is known. For normal squares cut off at zero the root mean square of
    (root - truth) / error is between 0.77 and 1.00 whatever the truth, 0.93 for a truth of zero
    (e / sqrt(4 s^2 + e) has 1.55 there).

    Args:
        square: s^2, not negative, any shape.
        error: e, same shape.
    """
    scale = np.maximum(4.0 * square - 4.5 * error, 1.5 * error)
    root: FloatArray = np.divide(error, np.sqrt(scale), out=np.zeros_like(scale), where=scale > 0.0)
    return root


def _mean_weight(counts: IntArray) -> FloatArray:
    weights = np.arange(counts.shape[-1], dtype=np.int64)
    mean: FloatArray = (counts @ weights) / counts.sum(axis=-1)
    return mean
