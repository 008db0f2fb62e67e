r"""Readout errors of single qubits, and what they do to the Hamming weight.

A qubit in |0> is read as 1 with probability `flip_up`, one in |1> as 0 with `flip_down` (larger on
most hardware: the qubit relaxes while it is read). Errors of different qubits are independent; the
confusion matrix is a tensor product. On a state that is symmetric under exchange of the qubits,
as every state of the battery is, the weight k stands for each of its C(N, k) subsets of qubits
equally, and the product shrinks to one (N + 1) x (N + 1) matrix, exactly, whatever the qubits.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from rzqiskit.estimation.moments import estimate_populations
from rzqiskit.validation import check_integer, check_positive_integer

__all__ = ["ReadoutErrors", "estimate_readout_errors", "weight_confusion"]

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class ReadoutErrors:
    """Flip probabilities of every measured qubit, with standard errors.

    Attributes:
        flip_up: probability of reading 1 where the qubit is in |0>, shape (num_qubits,).
        flip_down: probability of reading 0 where the qubit is in |1>, shape (num_qubits,).
        flip_up_stderr: standard error of `flip_up`; zeros (known exactly) when left out.
        flip_down_stderr: standard error of `flip_down`; zeros when left out.

    Raises:
        TypeError: an array that is not numeric.
        ValueError: arrays of different lengths, probabilities outside 0..1, a qubit whose
            flips add up to 1 or more (its reading tells nothing, or the opposite), a negative
            error.

    Examples:
        >>> errors = ReadoutErrors(flip_up=[0.01, 0.02], flip_down=[0.03, 0.05])
        >>> errors.num_qubits
        2
        >>> errors.weight_confusion().round(3)
        array([[0.97 , 0.039, 0.002],
               [0.03 , 0.946, 0.077],
               [0.   , 0.014, 0.922]])
    """

    flip_up: FloatArray
    flip_down: FloatArray
    flip_up_stderr: FloatArray | None = None
    flip_down_stderr: FloatArray | None = None

    def __post_init__(self) -> None:
        up, down = (_check_flips(name, getattr(self, name)) for name in ("flip_up", "flip_down"))
        if up.shape != down.shape:
            raise ValueError(
                f"`flip_down` must have the shape of `flip_up`, {up.shape}, got {down.shape}."
            )
        if (up + down >= 1.0).any():
            worst = int(np.argmax(up + down))
            raise ValueError(
                "`flip_up` and `flip_down` of a qubit must add up to less than 1, "
                f"got {up[worst]:g} and {down[worst]:g} at qubit {worst}."
            )
        object.__setattr__(self, "flip_up", up)
        object.__setattr__(self, "flip_down", down)
        for name in ("flip_up_stderr", "flip_down_stderr"):
            given = getattr(self, name)
            error = np.zeros_like(up) if given is None else _check_flips(name, given)
            if error.shape != up.shape:
                raise ValueError(
                    f"`{name}` must have the shape of `flip_up`, {up.shape}, got {error.shape}."
                )
            object.__setattr__(self, name, error)

    @property
    def num_qubits(self) -> int:
        """N, the number of qubits."""
        return int(self.flip_up.size)

    def reordered(self, qubits: Sequence[int]) -> ReadoutErrors:
        """Return the errors of some of the qubits, in another order.

        Args:
            qubits: their places here, 0..N - 1, in the order wanted.

        Raises:
            TypeError: a place that is no integer.
            ValueError: a place beyond the qubits, one named twice, none at all.

        Examples:
            >>> ReadoutErrors([0.01, 0.02], [0.03, 0.04]).reordered([1, 0]).flip_up
            array([0.02, 0.01])
        """
        places = [check_integer("qubits", qubit, minimum=0) for qubit in qubits]
        if not places or max(places) >= self.num_qubits or len(set(places)) < len(places):
            raise ValueError(
                f"`qubits` must be different numbers in 0..{self.num_qubits - 1}, got {places}."
            )
        order = np.array(places)
        up, down = self.stderr
        return ReadoutErrors(self.flip_up[order], self.flip_down[order], up[order], down[order])

    def twirled(self) -> ReadoutErrors:
        """Return the errors as measurement twirling leaves them: symmetric, of the same mean.

        A random X before the measurement, undone on the reading, makes 0 and 1 fail alike.

        Returns:
            Errors with flip_up = flip_down.

        Examples:
            >>> ReadoutErrors([0.01], [0.03]).twirled().flip_up
            array([0.02])
        """
        flip = 0.5 * (self.flip_up + self.flip_down)
        error = 0.5 * np.hypot(*self.stderr)
        return ReadoutErrors(flip, flip, error, error)

    @property
    def stderr(self) -> tuple[FloatArray, FloatArray]:
        """The standard errors of `flip_up` and `flip_down`."""
        up, down = self.flip_up_stderr, self.flip_down_stderr
        zeros = np.zeros_like(self.flip_up)
        return (zeros if up is None else up), (zeros if down is None else down)

    def weight_confusion(self) -> FloatArray:
        """Return A[j, k], the probability of reading weight j where it is k.

        Returns:
            Shape (N + 1, N + 1), columns add up to 1; for states symmetric under exchange.
        """
        return weight_confusion(self.flip_up, self.flip_down)

    def weight_confusion_gradient(self) -> FloatArray:
        """Return the derivative of `weight_confusion` by every flip probability.

        Returns:
            Shape (2 N, N + 1, N + 1): by `flip_up` of each qubit, then by `flip_down`.
        """
        n = self.num_qubits
        up = np.repeat(self.flip_up[np.newaxis], 4 * n, axis=0)
        down = np.repeat(self.flip_down[np.newaxis], 4 * n, axis=0)
        # The matrix is linear in each probability: the derivative is a plain difference.
        qubits = np.arange(n)
        up[qubits, qubits], up[n + qubits, qubits] = 1.0, 0.0
        down[2 * n + qubits, qubits], down[3 * n + qubits, qubits] = 1.0, 0.0
        ends = weight_confusion(up, down).reshape(2, 2, n, n + 1, n + 1)
        return (ends[:, 0] - ends[:, 1]).reshape(2 * n, n + 1, n + 1)


def weight_confusion(flip_up: FloatArray, flip_down: FloatArray) -> FloatArray:
    """Return A[j, k], the probability of reading weight j where it is k.

    Built up qubit by qubit: in a random subset of k out of n qubits the n-th is included with
    probability k / n. All terms are positive, so nothing cancels at any N.

    Args:
        flip_up: shape (..., N).
        flip_down: shape (..., N).

    Returns:
        Shape (..., N + 1, N + 1), columns add up to 1.
    """
    num_qubits = flip_up.shape[-1]
    matrix = np.zeros((*flip_up.shape[:-1], num_qubits + 1, num_qubits + 1))
    matrix[..., 0, 0] = 1.0
    for n in range(1, num_qubits + 1):
        up = flip_up[..., n - 1, np.newaxis, np.newaxis]
        down = flip_down[..., n - 1, np.newaxis, np.newaxis]
        included = np.arange(n + 1) / n
        before = matrix[..., : n + 1, : n + 1]
        read_one = np.zeros_like(before)
        read_one[..., 1:, :] = before[..., :-1, :]
        shifted, shifted_one = np.zeros_like(before), np.zeros_like(before)
        shifted[..., 1:] = before[..., :-1]
        shifted_one[..., 1:] = read_one[..., :-1]
        matrix[..., : n + 1, : n + 1] = (1.0 - included) * (
            (1.0 - up) * before + up * read_one
        ) + included * (down * shifted + (1.0 - down) * shifted_one)
    return matrix


def estimate_readout_errors(
    ones_of_zeros: npt.ArrayLike,
    ones_of_ones: npt.ArrayLike,
    *,
    shots_of_zeros: int,
    shots_of_ones: int,
) -> ReadoutErrors:
    """Return the readout errors from two calibration circuits: all qubits 0, and all 1.

    Args:
        ones_of_zeros: how often each qubit was read as 1 with all in |0>, shape (num_qubits,).
        ones_of_ones: how often each qubit was read as 1 with all in |1>, shape (num_qubits,).
        shots_of_zeros: shots of the first circuit.
        shots_of_ones: shots of the second.

    Returns:
        The errors; their standard errors are never zero, see `estimate_populations`.

    Raises:
        TypeError: counts that are not integers.
        ValueError: counts outside 0..shots or of different lengths; a qubit that tells nothing.

    Examples:
        >>> errors = estimate_readout_errors(
        ...     [10, 0], [960, 990], shots_of_zeros=1000, shots_of_ones=1000
        ... )
        >>> errors.flip_down, errors.flip_up_stderr.round(4)
        (array([0.04, 0.01]), array([0.0033, 0.001 ]))
    """
    flips = []
    for name, ones, shots_name, shots in (
        ("ones_of_zeros", ones_of_zeros, "shots_of_zeros", shots_of_zeros),
        ("ones_of_ones", ones_of_ones, "shots_of_ones", shots_of_ones),
    ):
        total = check_positive_integer(shots_name, shots)
        count = np.asarray(ones)
        if count.dtype.kind not in "iu":
            raise TypeError(f"`{name}` must be an array of integers, got dtype {count.dtype}.")
        if count.ndim != 1 or count.size == 0:
            raise ValueError(
                f"`{name}` must be one-dimensional and not empty, got shape {count.shape}."
            )
        if (count < 0).any() or (count > total).any():
            bad = count[(count < 0) | (count > total)][0]
            raise ValueError(f"`{name}` must lie in 0..{total}, got {bad}.")
        flips.append(estimate_populations(np.stack([total - count, count], axis=-1)))
    (of_zeros, of_zeros_error), (of_ones, of_ones_error) = flips
    return ReadoutErrors(of_zeros[:, 1], of_ones[:, 0], of_zeros_error[:, 1], of_ones_error[:, 0])


def _check_flips(name: str, values: Any) -> FloatArray:
    array = np.asarray(values)
    if array.dtype.kind not in "iuf":
        raise TypeError(f"`{name}` must be an array of real numbers, got dtype {array.dtype}.")
    cleaned = array.astype(np.float64)
    if cleaned.ndim != 1 or cleaned.size == 0:
        raise ValueError(
            f"`{name}` must be one-dimensional and not empty, got shape {cleaned.shape}."
        )
    outside = ~((cleaned >= 0.0) & (cleaned <= 1.0))
    if outside.any():
        raise ValueError(f"`{name}` must lie in 0..1, got {cleaned[outside][0]:g}.")
    return cleaned
