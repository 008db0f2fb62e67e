"""What the statistics of the count tests do when the reference is right: drawn, not assumed.

A sum of squared deviations follows the chi-square distribution where every point is normal. With
few shots outside one level the points are not, and far out, where a test decides, chi-square is
several times too small. The statistics are therefore computed again from counts drawn from the
reference, by the same estimators, under a fixed seed: the same input gives the same p-values.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.stats import chi2

from rzqiskit.comparison.goodness_of_fit import expected_standard_errors, pearson_cells
from rzqiskit.estimation import (
    estimate_entropy,
    estimate_mean,
    estimate_standard_deviation,
)
from rzqiskit.metrics import diagonal_entropy
from rzqiskit.validation import FloatArray

__all__ = ["NullDistribution", "draw_metric_scatter", "draw_pearson_scatter", "draw_spin_scatter"]

IntArray = npt.NDArray[np.int64]

# Records drawn, over all times, and numbers in them: rare events are seen in any of them.
_NUM_RECORDS = 200_000
_NUM_ENTRIES = 4_000_000
_MOST_SUMS = 100_000
# Draws beyond a value that tell its probability to a third.
_ENOUGH = 10


@dataclass(frozen=True, slots=True)
class NullDistribution:
    """Draws of a sum over independent times.

    Attributes:
        scatter: squared deviations drawn at each time, shape (num_draws,) each.
        num_sums: how many sums are put together from them, one draw of every time each.
    """

    scatter: Sequence[FloatArray]
    num_sums: int

    def p_value(self, observed: float, degrees_of_freedom: int) -> float:
        """Return the probability of a sum above `observed`, at least that of chi-square.

        Beyond the tenth largest of the sums, where draws tell no more, it is that of chi-square,
        as many times larger as it is there.
        """
        rng = np.random.default_rng(1)
        sums = np.zeros(self.num_sums)
        for row in self.scatter:
            sums += row[rng.integers(row.size, size=self.num_sums)]
        nominal = float(chi2.sf(observed, degrees_of_freedom))
        # Counts are whole, and many sums the same but for their rounding.
        beyond = int((sums >= observed * (1.0 - 1e-9)).sum())
        if beyond >= _ENOUGH:
            return max(nominal, (beyond + 1) / (self.num_sums + 1))
        last = float(np.partition(sums, -_ENOUGH)[-_ENOUGH])
        share = (_ENOUGH + 1) / (self.num_sums + 1)
        there = float(chi2.sf(last, degrees_of_freedom))
        excess = max(share / there, 1.0) if there > 0.0 else np.inf
        return max(nominal, min(share, nominal * excess)) if nominal > 0.0 else 0.0


def draw_metric_scatter(
    name: str, populations: FloatArray, shots: IntArray, *, bound: float
) -> NullDistribution:
    """Return draws of a metric's squared deviation in the errors that the populations predict.

    Args:
        name: "stored_energy", "energy_fluctuation" or "diagonal_entropy".
        populations: p_k, shape (num_times, N + 1).
        shots: n, shape (num_times,).
        bound: smallest p-value that is to be told.
    """
    rows = []
    for p, n, records in _draw(populations, shots, bound):
        weight = np.arange(p.size, dtype=np.float64)
        mean = p @ weight
        if name == "stored_energy":
            values, expected = estimate_mean(records, weight)[0], mean
        elif name == "energy_fluctuation":
            values = estimate_standard_deviation(records)[0]
            expected = np.sqrt(p @ (weight - mean) ** 2)
        else:
            values, expected = estimate_entropy(records)[0], diagonal_entropy(p)
        errors = expected_standard_errors(
            p[np.newaxis], np.array([float(n)]), np.zeros(1), level_splitting=1.0
        )
        rows.append(((values - expected) / errors[name][0]) ** 2)
    return NullDistribution(rows, _number_of_sums(bound))


def draw_spin_scatter(counts: IntArray, *, bound: float) -> NullDistribution:
    """Return draws of a mean's squared deviation in errors estimated from the same shots.

    Args:
        counts: n_k, shape (num_times, N + 1), whose shares are drawn from: there is no reference.
        bound: smallest p-value that is to be told.
    """
    shots = counts.sum(axis=-1)
    rows = []
    for p, _, records in _draw(counts / shots[:, np.newaxis], shots, bound):
        weight = np.arange(p.size, dtype=np.float64)
        mean, error = estimate_mean(records, weight)
        rows.append(((mean - p @ weight) / error) ** 2)
    return NullDistribution(rows, _number_of_sums(bound))


def draw_pearson_scatter(
    populations: FloatArray, shots: IntArray, *, bound: float
) -> NullDistribution:
    """Return draws of Pearson's chi-square at each time; arguments as `draw_metric_scatter`'s."""
    rows = [
        pearson_cells(records, p).chi_square for p, _, records in _draw(populations, shots, bound)
    ]
    return NullDistribution(rows, _number_of_sums(bound))


def _draw(
    populations: FloatArray, shots: IntArray, bound: float
) -> Iterator[tuple[FloatArray, int, IntArray]]:
    """Yield the normalised populations, the shots and the records drawn, time by time."""
    rng = np.random.default_rng(0)
    num_times = shots.size
    for row, n in zip(populations, shots.tolist(), strict=True):
        p = np.clip(row, 0.0, None)
        p = p / p.sum()
        # Levels that no record would ever hold; neither metric nor test asks where the first is.
        held = np.flatnonzero(p * n > 1e-12)
        p = p[held[0] : held[-1] + 1] / p[held[0] : held[-1] + 1].sum()
        num_draws = min(_NUM_RECORDS, _NUM_ENTRIES // p.size) // num_times
        yield p, n, rng.multinomial(n, p, size=max(min(num_draws, int(100.0 / bound)), 500))


def _number_of_sums(bound: float) -> int:
    return int(min(100.0 / bound, _MOST_SUMS))
