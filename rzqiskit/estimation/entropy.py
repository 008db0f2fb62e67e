r"""The diagonal entropy from counts: the jackknife against its bias, with a standard error.

Of Miller-Madow, Chao-Shen, Grassberger, Zhang and the jackknife, all of the same spread, the
jackknife has the least bias for N = 4..14 and 256..16384 shots (tests/estimation/test_entropy.py
holds them against each other): mostly within 1e-3 bit at 256 shots, where plug-in is off by 0.03.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.special import xlogy

from rzqiskit.estimation.counts import IntArray, check_counts

__all__ = ["estimate_entropy"]

FloatArray = npt.NDArray[np.float64]


def estimate_entropy(counts: npt.ArrayLike) -> tuple[FloatArray, FloatArray]:
    r"""Return the entropy over the Dicke levels, corrected for bias, and its standard error.

    Args:
        counts: n_k, shape (..., N + 1).

    Returns:
        S and its standard error, both shape (...), bits. The estimate may leave 0..log2(N + 1) by
        a fraction of its error: clipped, it would be biased. A single shot gives 0 and the error
        log2(N + 1), the largest S that there is.

    Raises:
        TypeError: counts that are not integers.
        ValueError: a negative count, a record without a shot.

    Notes:
        S = n H - (n - 1) <H_-1>, with H the plug-in entropy of all shots and H_-1 that without
        one of them. The variance is the sum of

        - the jackknife's, (n - 1) <(H_-1 - <H_-1>)^2>, which is the delta method's where all is
          well, but not less than (m - 1) / 2 n^2 nat^2 with m levels seen: the second order
          (Harris 1975), which is what remains where populations are equal;
        - the square of the change by one unseen shot in a level not yet seen, if there is one:
          [log2(n + 1) - H + 1/ln 2] / (n + 1), which is what remains where one level has it all;
        - the square of an allowance for the bias that remains where shots do not resolve the
          levels, u log2[1 / (1 - u)] with u the share of levels seen once (Good-Turing's
          estimate of the unseen weight). It is one to four times the measured bias of broad
          distributions, and next to nothing where levels are seen ten times on average.

    References:
        B. Efron, C. Stein, Ann. Statist. 9, 586 (1981); B. Harris, MRC Report 1483 (1975);
        I. J. Good, Biometrika 40, 237 (1953).

    Examples:
        >>> entropy, stderr = estimate_entropy([[500, 500, 0], [1000, 0, 0]])
        >>> entropy.round(4), stderr.round(4)
        (array([1.0007, 0.    ]), array([0.0104, 0.0114]))
    """
    n_k = check_counts("counts", counts)
    rows = n_k.reshape(-1, n_k.shape[-1])
    pairs = np.array([_entropy_of_one(row[row > 0], row.size) for row in rows])
    values, stderr = pairs.T / np.log(2.0)
    return values.reshape(n_k.shape[:-1]), stderr.reshape(n_k.shape[:-1])


def _entropy_of_one(seen: IntArray, num_levels: int) -> tuple[float, float]:
    """Return (entropy, standard error) in nats from the non-zero counts of one record."""
    n = int(seen.sum())
    if n == 1:
        return 0.0, float(np.log(num_levels))
    c = seen.astype(np.float64)
    c_log_c = xlogy(c, c)
    total = c_log_c.sum()
    plug_in = np.log(n) - total / n
    without = np.log(n - 1) - (total - c_log_c + xlogy(c - 1.0, c - 1.0)) / (n - 1)
    mean = (c @ without) / n
    second_order = (seen.size - 1) / (2.0 * n**2)
    variance = max((n - 1) / n * float(c @ (without - mean) ** 2), second_order)
    if seen.size < num_levels:
        variance += ((max(np.log(n + 1.0) - plug_in, 0.0) + 1.0) / (n + 1.0)) ** 2
    unseen = min(float((seen == 1).sum()) / n, 1.0 - 1.0 / n)
    variance += (unseen * np.log1p(-unseen)) ** 2
    return float(n * plug_in - (n - 1) * mean), float(np.sqrt(variance))
