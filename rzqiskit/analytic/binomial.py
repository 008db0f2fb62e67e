"""Populations and entropy of cells that all turn by the same angle."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from rzqiskit.validation import FloatArray

__all__ = ["binomial_entropy", "binomial_population"]


def binomial_population(num_qubits: int, angle: npt.ArrayLike) -> FloatArray:
    """Return the populations of N independent cells turned out of the ground state by `angle`.

    Args:
        num_qubits: N.
        angle: phi, any shape (...,), rad; p = sin^2(phi/2).

    Returns:
        Shape (..., N + 1).

    Examples:
        >>> binomial_population(1, np.pi / 3).round(12)
        array([0.75, 0.25])
    """
    phi = np.asarray(angle, dtype=np.float64)[..., np.newaxis]
    k = np.arange(num_qubits + 1.0)
    return np.exp(_log_binomial(num_qubits, k, phi))


def binomial_entropy(num_qubits: int, angle: npt.ArrayLike) -> FloatArray:
    """Return the entropy of `binomial_population`, at a cost of sqrt(N) instead of N.

    Args:
        num_qubits: N.
        angle: phi, any shape (...,), rad.

    Returns:
        Shape (...,), bit.

    Examples:
        >>> float(binomial_entropy(1, np.pi / 2).round(12))
        1.0
    """
    phi = np.asarray(angle, dtype=np.float64)[..., np.newaxis]
    mean = num_qubits * np.sin(0.5 * phi) ** 2
    # What lies beyond 12 standard deviations (and 40 cells, for the skewed ends) is below 1e-17.
    reach = 6.0 * math.sqrt(num_qubits) + 40.0
    first = np.maximum(np.floor(mean - reach), 0.0)
    k = first + np.arange(min(num_qubits + 1, int(2.0 * reach) + 2))
    log_p = np.where(
        k <= num_qubits, _log_binomial(num_qubits, np.minimum(k, num_qubits), phi), -np.inf
    )
    p = np.exp(log_p)
    finite = np.where(p > 0.0, log_p, 0.0)
    return -np.sum(p * finite, axis=-1) / math.log(2.0) + 0.0


def _log_binomial(num_qubits: int, k: FloatArray, phi: FloatArray) -> FloatArray:
    from scipy.special import gammaln, xlogy

    n = float(num_qubits)
    ways = gammaln(n + 1.0) - gammaln(k + 1.0) - gammaln(n - k + 1.0)
    return ways + xlogy(k, np.sin(0.5 * phi) ** 2) + xlogy(n - k, np.cos(0.5 * phi) ** 2)
