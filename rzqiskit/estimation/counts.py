"""Counts of Hamming weights: their check, and adding records of the same thing."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["check_counts", "merge_counts"]

IntArray = npt.NDArray[np.int64]
MOST_SHOTS = 2.0**53


def check_counts(name: str, counts: Any) -> IntArray:
    """Return `counts` as int64, shape (..., N + 1), every record with at least one shot.

    Args:
        name: what to call them in an error.
        counts: n_k, shape (..., N + 1): how often k of N cells were found excited.

    Returns:
        The counts, not copied where they already are int64.

    Raises:
        TypeError: counts that are not integers.
        ValueError: a wrong shape, a negative count, a record without a shot or of too many.

    Examples:
        >>> check_counts("counts", [[3, 0, 1]])
        array([[3, 0, 1]])
    """
    try:
        array = np.asarray(counts)
    except ValueError:
        raise ValueError(f"`{name}` must be a rectangular array, got a ragged one.") from None
    if array.dtype.kind not in "iu":
        raise TypeError(f"`{name}` must be an array of integers, got dtype {array.dtype}.")
    if array.ndim == 0 or array.shape[-1] < 2:
        raise ValueError(
            f"`{name}` must have N + 1 >= 2 entries on its last axis, got shape {array.shape}."
        )
    if array.sum(axis=-1, dtype=np.float64).max(initial=0.0) > MOST_SHOTS:
        raise ValueError(f"`{name}` must hold at most 2**53 shots each, which floats can count.")
    cleaned = array.astype(np.int64, copy=False)
    if (cleaned < 0).any():
        raise ValueError(f"`{name}` must not be negative, got {cleaned.min()}.")
    shots = cleaned.sum(axis=-1)
    if not (shots > 0).all():
        where = int(np.argmin(np.atleast_1d(shots)))
        raise ValueError(f"`{name}` must hold at least one shot each, got none at index {where}.")
    return cleaned


def merge_counts(first: npt.ArrayLike, *others: npt.ArrayLike) -> IntArray:
    """Return the counts of several runs of the same circuits as those of one run.

    Args:
        first: n_k, shape (..., N + 1).
        *others: n_k of further runs, same shape; the numbers of shots may differ.

    Returns:
        The sum, shape (..., N + 1).

    Raises:
        TypeError: counts that are not integers.
        ValueError: a negative count, a record without a shot, different shapes.

    Examples:
        >>> merge_counts([[3, 0, 1]], [[5, 2, 0]])
        array([[8, 2, 1]])
    """
    total = check_counts("first", first).copy()
    for index, other in enumerate(others):
        cleaned = check_counts(f"others[{index}]", other)
        if cleaned.shape != total.shape:
            raise ValueError(
                f"`others[{index}]` must have the shape of `first`, {total.shape}, "
                f"got {cleaned.shape}."
            )
        total += cleaned
    return check_counts("first and others together", total)
