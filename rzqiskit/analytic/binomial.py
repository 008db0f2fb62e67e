"""Populations and entropy of cells that all turn by the same angle."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from rzqiskit.validation import FloatArray

__all__ = ["binomial_entropy", "binomial_population", "sampled_levels"]


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
    """Return the entropy of `binomial_population`, at the same cost for any N.

    Args:
        num_qubits: N.
        angle: phi, any shape (...,), rad.

    Returns:
        Shape (...,), bit.

    Examples:
        >>> float(binomial_entropy(1, np.pi / 2).round(12))
        1.0
    """
    phi = np.asarray(angle, dtype=np.float64)
    k, stride = sampled_levels(num_qubits, phi)
    inside = k <= num_qubits
    log_p = _log_binomial(num_qubits, np.where(inside, k, 0.0), phi[..., np.newaxis])
    p = np.where(inside, np.exp(log_p), 0.0)
    finite = np.where(p > 0.0, log_p, 0.0)
    return -stride * np.sum(p * finite, axis=-1) / math.log(2.0) + 0.0


def sampled_levels(num_qubits: int, angle: npt.ArrayLike) -> tuple[FloatArray, FloatArray]:
    """Return the levels of a turned state that carry weight, or evenly spaced ones among them.

    Sums over smooth populations do not need every level: with 16 in a standard deviation a sum
    times the stride is right to rounding (the error of the trapezoidal rule on a Gaussian), so that
    any number of cells costs the same.

    Args:
        num_qubits: N.
        angle: phi, any shape (...,), rad; a few excitations in the turned frame do not matter.

    Returns:
        Levels, shape (..., num), integers as floats, some of them beyond N; and their stride,
        shape (...,).

    Examples:
        >>> levels, stride = sampled_levels(10**12, np.pi / 2)
        >>> levels.size, float(stride)
        (386, 31250.0)
    """
    excited = np.sin(0.5 * np.asarray(angle, dtype=np.float64)) ** 2
    deviation = np.sqrt(num_qubits * excited * (1.0 - excited))
    stride = np.maximum(np.floor(deviation / 16.0), 1.0)
    # What lies beyond 12 standard deviations (and 40 cells, for the skewed ends) is below 1e-17.
    reach = 12.0 * deviation + 40.0
    first = np.maximum(np.floor(num_qubits * excited - reach), 0.0)
    num = min(num_qubits + 1, int(np.max(2.0 * reach / stride)) + 2)
    return first[..., np.newaxis] + stride[..., np.newaxis] * np.arange(float(num)), stride


def _log_binomial(num_qubits: int, k: FloatArray, phi: FloatArray) -> FloatArray:
    # Compiled, so loaded by those who need it.
    from rzqiskit.analytic.log_binomials import log_binomials

    level, angle = np.broadcast_arrays(k, 0.5 * phi)
    excited, ground = np.sin(angle.ravel()) ** 2, np.cos(angle.ravel()) ** 2
    logs: FloatArray = log_binomials(level.ravel(), float(num_qubits), excited, ground)
    return logs.reshape(level.shape)
