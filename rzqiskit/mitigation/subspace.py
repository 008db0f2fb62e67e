r"""Readout mitigation by mthree: inversion on the bit strings that were seen.

mthree restricts the tensor product of the qubits' confusion matrices to the outcomes in the data,
with columns normalised to 1. It assumes nothing about the state, where the weights' matrix of
`ReadoutErrors` assumes that qubits can be exchanged. What it gives for a function of the weight is
linear in the shots: with A the reduced matrix and B[k, s] = sum_{s': |s'| = k} A^-1[s', s], the
quasi-probabilities of the weights are B q. Averaged over the strings of a weight that were seen, B
is one (N + 1) x (N + 1) matrix for each record, which serves means and errors as any other. (What
the strings of one weight differ by is of the order of the qubits' differences; it is in the means
and not in the errors, where it would be its square.)
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from rzqiskit.mitigation.corrected import CorrectedCounts
from rzqiskit.mitigation.readout import ReadoutErrors
from rzqiskit.validation import check_integer

__all__ = ["MissingPackageError", "correct_by_mthree"]

FloatArray = npt.NDArray[np.float64]

_MOST_OUTCOMES = 8192  # a matrix of half a gigabyte, a few seconds


class MissingPackageError(ImportError):
    """A package of an optional extra is not installed."""


def correct_by_mthree(outcomes: Mapping[int, int], readout: ReadoutErrors) -> CorrectedCounts:
    """Return the counts of the weights with the correction that mthree finds for them.

    Args:
        outcomes: outcome -> how often it was seen; bit i of the number is bit i of the register.
        readout: readout errors of the qubits, in the order of the bits.

    Returns:
        The record, shape (N + 1,); `CorrectedCounts.stack` puts several together.

    Raises:
        MissingPackageError: mthree is not installed.
        TypeError: `readout` is of another type, an outcome or a number of shots no integer.
        ValueError: no outcome, one beyond the qubits, or too many different ones.

    References:
        P. Nation, H. Kang, N. Sundaresan, J. Gambetta, PRX Quantum 2, 040326 (2021).

    Examples:
        >>> from rzqiskit.mitigation import mitigate_mean
        >>> readout = ReadoutErrors([0.02, 0.02], [0.04, 0.04])
        >>> outcomes = {0b00: 9604, 0b01: 196, 0b10: 196, 0b11: 4}
        >>> mean, stderr = mitigate_mean(correct_by_mthree(outcomes, readout), [0, 1, 2], readout)
        >>> abs(mean).round(6), stderr.round(4)
        (np.float64(0.0), np.float64(0.0021))
    """
    if not isinstance(readout, ReadoutErrors):
        raise TypeError(f"`readout` must be ReadoutErrors, got {type(readout).__name__}.")
    num_qubits = readout.num_qubits
    if not isinstance(outcomes, Mapping):
        raise TypeError(f"`outcomes` must be a mapping, got {type(outcomes).__name__}.")
    seen = {
        check_integer("outcomes", outcome, minimum=0): check_integer("outcomes", number, minimum=0)
        for outcome, number in outcomes.items()
    }
    seen = {outcome: number for outcome, number in seen.items() if number}
    if not seen:
        raise ValueError("`outcomes` must hold at least one shot, got none.")
    for outcome in seen:
        if outcome >= 1 << num_qubits:
            raise ValueError(
                f"`outcomes` must be numbers of {num_qubits} bits for the qubits of `readout`, "
                f"got {outcome}."
            )
    if len(seen) > _MOST_OUTCOMES:
        raise ValueError(
            f"`outcomes` must be at most {_MOST_OUTCOMES} different ones for mthree, got "
            f"{len(seen)}: invert the weights' matrix instead."
        )
    matrix, order = _reduced_matrix(seen, readout)
    weight = np.array([outcome.bit_count() for outcome in order])
    number = np.array([seen[outcome] for outcome in order])
    is_weight = (weight == np.arange(num_qubits + 1)[:, np.newaxis]).astype(np.float64)
    # B = M A^-1, with M[k, s] = 1 where the string s has the weight k.
    binned = np.linalg.solve(matrix.T, is_weight.T).T
    counts = is_weight @ number
    # Where no string of a weight was seen only the unseen shot asks: as without mthree.
    inverse: FloatArray = np.linalg.inv(readout.weight_confusion()).astype(np.float64)
    found = counts > 0
    inverse[:, found] = ((binned * number) @ is_weight.T)[:, found] / counts[found]
    return CorrectedCounts(counts.astype(np.int64), inverse)


def _reduced_matrix(
    seen: Mapping[int, int], readout: ReadoutErrors
) -> tuple[FloatArray, list[int]]:
    """Return mthree's matrix, columns add up to 1, and the outcomes in its order."""
    mthree = _load_mthree()
    mitigation = mthree.M3Mitigation(None)
    mitigation.cals_from_matrices(
        [
            np.array([[1.0 - up, down], [up, 1.0 - down]])
            for up, down in zip(readout.flip_up, readout.flip_down, strict=True)
        ]
    )
    width = readout.num_qubits
    strings = {f"{outcome:0{width}b}": number for outcome, number in seen.items()}
    matrix, ordered = mitigation.reduced_cal_matrix(strings, list(range(width)))
    # In single precision as it comes: columns that add up to 1 make a mean of 1 be 1.
    columns = np.asarray(matrix, dtype=np.float64)
    return columns / columns.sum(axis=0), [int(string, 2) for string in ordered]


def _load_mthree() -> Any:
    try:
        import mthree
    except ImportError:
        raise MissingPackageError(
            "Readout mitigation by mthree needs the package mthree: "
            'pip install "rzqiskit[mitigation]".'
        ) from None
    return mthree
