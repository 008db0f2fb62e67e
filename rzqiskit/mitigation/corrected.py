"""Counts with a readout correction of their own, record by record."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from rzqiskit.estimation.counts import IntArray, check_counts
from rzqiskit.validation import check_real_array

__all__ = ["CorrectedCounts"]

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class CorrectedCounts:
    """Counts of weights, and for each record the matrix that undoes its readout errors.

    Takes the place of plain counts in `mitigate_mean`, `mitigate_metrics`,
    `mitigate_total_spin_squared` and `extrapolate_metrics`, which then use these matrices instead
    of the inverse of the readout's own.

    Attributes:
        counts: n_k as read, shape (..., N + 1).
        inverse: shape (..., N + 1, N + 1); the quasi-probability of the true weight k is
            sum_j inverse[k, j] n_j / n.

    Raises:
        TypeError: counts that are not integers, a matrix that is not numeric.
        ValueError: shapes that do not match, entries that are not finite.

    Examples:
        >>> corrected = CorrectedCounts([[90, 10]], np.eye(2)[np.newaxis])
        >>> corrected.shape
        (1, 2)
    """

    counts: IntArray
    inverse: FloatArray

    def __post_init__(self) -> None:
        counts = check_counts("counts", self.counts)
        inverse = check_real_array("inverse", self.inverse)
        expected = (*counts.shape, counts.shape[-1])
        if inverse.shape != expected:
            raise ValueError(f"`inverse` must have the shape {expected}, got {inverse.shape}.")
        object.__setattr__(self, "counts", counts)
        object.__setattr__(self, "inverse", inverse)

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the counts."""
        return self.counts.shape

    @classmethod
    def stack(
        cls, records: Sequence[CorrectedCounts], shape: tuple[int, ...] | None = None
    ) -> CorrectedCounts:
        """Return records put together.

        Args:
            records: of one width and shape, at least one.
            shape: leading shape of the result, of as many entries as there are records;
                (len(records),) when None.
        """
        lead = (len(records),) if shape is None else shape
        counts = np.stack([record.counts for record in records])
        inverse = np.stack([record.inverse for record in records])
        return cls(
            counts.reshape(*lead, *counts.shape[1:]), inverse.reshape(*lead, *inverse.shape[1:])
        )
