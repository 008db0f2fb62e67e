"""Lab populations and entropy of squeezed states in a tilted frame, for any number of cells."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from rzqiskit.dicke.rotations import lab_populations, windowed_populations
from rzqiskit.validation import FloatArray

__all__ = ["squeezed_entropy", "squeezed_populations"]

_MAX_LEVELS = 4000
_NEGLIGIBLE = 1e-17


def _states(
    num_qubits: int, ratio: npt.NDArray[np.complex128], axis: FloatArray
) -> Iterator[tuple[npt.NDArray[np.complex128], FloatArray]]:
    """Yield amplitudes and axis of every time."""
    for w, direction in zip(ratio.tolist(), axis.T, strict=True):
        amplitudes = np.zeros(min(num_qubits + 1, _MAX_LEVELS), dtype=np.complex128)
        value = 1.0 + 0.0j
        for k in range(0, amplitudes.size, 2):
            amplitudes[k] = value
            if abs(value) < _NEGLIGIBLE:
                amplitudes = amplitudes[: k + 1]
                break
            value *= w * math.sqrt((k + 1.0) / (k + 2.0))
        yield amplitudes / np.linalg.norm(amplitudes), direction / np.linalg.norm(direction)


def squeezed_populations(
    num_qubits: int, ratio: npt.NDArray[np.complex128], axis: FloatArray
) -> FloatArray:
    """Return the lab populations of squeezed vacua.

    Args:
        num_qubits: N.
        ratio: w, shape (num_times,), below 1 in modulus: the amplitude on level k + 2 of the frame
            is w sqrt((k + 1)/(k + 2)) times that on level k, from k = 0.
        axis: the lab's z axis in the frame, shape (3, num_times).

    Returns:
        Shape (num_times, N + 1).

    Examples:
        >>> axis = np.array([[1.0], [0.0], [0.0]])
        >>> squeezed_populations(2, np.array([0.0j]), axis).round(12)
        array([[0.25, 0.5 , 0.25]])
    """
    return np.array(
        [lab_populations(c, num_qubits, a) for c, a in _states(num_qubits, ratio, axis)]
    )


def squeezed_entropy(
    num_qubits: int, ratio: npt.NDArray[np.complex128], axis: FloatArray
) -> FloatArray:
    """Return the entropy of `squeezed_populations`, from the levels that carry weight.

    Args:
        num_qubits: N, of any size.
        ratio: see `squeezed_populations`.
        axis: see `squeezed_populations`.

    Returns:
        Shape (num_times,), bit.

    Examples:
        >>> axis = np.array([[1.0], [0.0], [0.0]])
        >>> squeezed_entropy(2, np.array([0.0j]), axis).round(12)
        array([1.5])
    """
    entropy = []
    for amplitudes, direction in _states(num_qubits, ratio, axis):
        _, p = windowed_populations(amplitudes, num_qubits, direction)
        entropy.append(-float(np.sum(p * np.log2(np.where(p > 0.0, p, 1.0)))) + 0.0)
    return np.array(entropy)
