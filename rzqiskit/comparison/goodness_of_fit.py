"""How far measured counts may stray from given populations: expected errors and count tests.

All errors here are those that the *reference* populations predict for the given number of shots,
never those estimated from the counts themselves: an estimated error is smallest just where the
counts came out too small, so that deviations divided by it have heavy tails.

Notation: n shots, p_k the populations, k = 0..N, moments of k under p.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from rzqiskit.validation import FloatArray

__all__ = [
    "CountTest",
    "PearsonCells",
    "expected_standard_errors",
    "is_informative",
    "pearson_cells",
    "pearson_test",
]

# Cells and points with fewer expected counts than this are no longer near a normal distribution.
MINIMUM_EXPECTED = 5.0


def is_informative(populations: FloatArray, shots: FloatArray) -> npt.NDArray[np.bool_]:
    """Return where at least five shots are expected outside the most likely level.

    Args:
        populations: shape (num_times, N + 1).
        shots: shape (num_times,).

    Returns:
        Shape (num_times,). Elsewhere nearly every shot falls into one level, and a metric's
        deviation is a rare event, not a normal variable.
    """
    return np.asarray(shots * (1.0 - populations.max(axis=-1)) >= MINIMUM_EXPECTED)


def expected_standard_errors(
    populations: FloatArray, shots: FloatArray, times: FloatArray, *, level_splitting: float
) -> dict[str, FloatArray]:
    """Return the standard errors of the metrics that `shots` draws from `populations` have.

    Args:
        populations: p_k, shape (num_times, N + 1).
        shots: n, shape (num_times,).
        times: shape (num_times,), inverse energy.
        level_splitting: Delta, energy.

    Returns:
        Shape (num_times,) each, in the unit of the metric. The energy's and the power's are exact:
        Delta sd(k) / sqrt(n). The fluctuation's and the entropy's are first order in 1/n, from
        Var(s^2) = (mu_4 - mu_2^2)/n and Var(S) = Var(log2 p_k)/n, and zero where the first order
        vanishes (a fluctuation or an entropy at its largest) and what is left, 2 mu_2^2 / n^2 and
        (K - 1)/(2 n^2 ln^2 2) for K occupied levels, is over a fiftieth of it: the estimate is no
        normal variable there.
    """
    levels = np.arange(populations.shape[-1], dtype=np.float64)
    mean = populations @ levels
    offsets = levels - mean[:, None]
    second = np.sum(populations * offsets**2, axis=-1)
    fourth = np.sum(populations * offsets**4, axis=-1)
    energy = level_splitting * np.sqrt(second / shots)
    power = np.divide(energy, times, out=np.zeros_like(energy), where=times > 0.0)

    first_order = np.maximum(fourth - second**2, 0.0) / shots
    normal = first_order >= 50.0 * 2.0 * (second / shots) ** 2
    fluctuation = np.zeros_like(energy)
    np.divide(
        level_splitting * np.sqrt(first_order), 2.0 * np.sqrt(second),
        out=fluctuation, where=normal & (second > 0.0),
    )  # fmt: skip

    bits = -np.log2(populations, out=np.zeros_like(populations), where=populations > 0.0)
    mean_bits = np.sum(populations * bits, axis=-1)
    first_order = np.sum(populations * (bits - mean_bits[:, None]) ** 2, axis=-1) / shots
    num_occupied = np.sum(populations * shots[:, None] >= MINIMUM_EXPECTED, axis=-1)
    second_order = np.maximum(num_occupied - 1, 0) / (2.0 * (shots * np.log(2.0)) ** 2)
    entropy = np.where(first_order >= 50.0 * second_order, np.sqrt(first_order), 0.0)
    return {
        "stored_energy": energy,
        "average_power": power,
        "energy_fluctuation": fluctuation,
        "diagonal_entropy": entropy,
    }


@dataclass(frozen=True, slots=True)
class CountTest:
    """Pearson's test of counts against populations.

    Attributes:
        chi_square: sum over the cells of (observed - expected)^2 / expected.
        degrees_of_freedom: number of cells minus one, summed over the times.
        p_value: probability of a larger `chi_square` if the populations are right and every cell
            normal; 1 where nothing could be tested.
        rare_p_value: two-sided Poisson probability of the number of shots in the cells too rare
            for a cell of their own, all times together.
    """

    chi_square: float
    degrees_of_freedom: int
    p_value: float
    rare_p_value: float


def pearson_test(counts: npt.NDArray[np.int64], populations: FloatArray) -> CountTest:
    """Return Pearson's test of `counts` against `populations`, the times being independent.

    Levels with fewer than five expected counts are merged into one cell per time; where that cell
    is still rare it is left out and counted, over all times, by a Poisson test of its own, so
    that no outcome goes unseen.

    Args:
        counts: n_k, shape (num_times, N + 1).
        populations: p_k, same shape; each row is normalised here.

    Returns:
        The test.
    """
    from scipy.stats import chi2, poisson

    probabilities = np.clip(populations, 0.0, None)
    probabilities = probabilities / probabilities.sum(axis=-1, keepdims=True)
    rows = [pearson_cells(row[np.newaxis], p) for row, p in zip(counts, probabilities, strict=True)]
    chi_square = float(sum(row.chi_square[0] for row in rows))
    degrees = sum(row.degrees_of_freedom for row in rows)
    rare_expected = sum(row.rare_expected for row in rows)
    rare_observed = sum(int(row.rare_observed[0]) for row in rows)
    below = float(poisson.cdf(rare_observed, rare_expected))
    above = float(poisson.sf(rare_observed - 1, rare_expected))
    return CountTest(
        chi_square=chi_square,
        degrees_of_freedom=degrees,
        p_value=float(chi2.sf(chi_square, degrees)) if degrees else 1.0,
        rare_p_value=min(1.0, 2.0 * min(below, above)),
    )


@dataclass(frozen=True, slots=True)
class PearsonCells:
    """Pearson's test at one time, for several records of the same shots.

    Attributes:
        chi_square: shape (num_records,).
        degrees_of_freedom: number of cells minus one.
        rare_expected: expected counts in the cell that is too rare.
        rare_observed: counts in it, shape (num_records,).
    """

    chi_square: FloatArray
    degrees_of_freedom: int
    rare_expected: float
    rare_observed: npt.NDArray[np.int64]


def pearson_cells(records: npt.NDArray[np.int64], probability: FloatArray) -> PearsonCells:
    """Return what `pearson_test` adds up over the times.

    Args:
        records: n_k, shape (num_records, N + 1), all of the same number of shots.
        probability: p_k, shape (N + 1,), adding up to 1.
    """
    expected = probability * records[0].sum()
    common = expected >= MINIMUM_EXPECTED
    cells = expected[common]
    seen = records[:, common].astype(np.float64)
    rest, rest_seen = float(expected[~common].sum()), records[:, ~common].sum(axis=-1)
    is_rare = rest < MINIMUM_EXPECTED
    if is_rare:
        # What remains is multinomial, given how many shots it holds.
        cells = cells * (seen.sum(axis=-1, keepdims=True) / max(cells.sum(), 1.0))
    else:
        cells, seen = np.append(cells, rest), np.column_stack([seen, rest_seen])
    squares = np.zeros_like(seen)
    np.divide((seen - cells) ** 2, cells, out=squares, where=np.broadcast_to(cells > 0, seen.shape))
    return PearsonCells(
        squares.sum(axis=-1),
        max(seen.shape[-1] - 1, 0),
        rest if is_rare else 0.0,
        rest_seen if is_rare else np.zeros_like(rest_seen),
    )
