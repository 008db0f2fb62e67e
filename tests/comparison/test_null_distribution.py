"""p-values far out, where few shots are excited, against repetitions drawn and summed here."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binom, chi2, norm

from rzqiskit.comparison import deviation_table
from rzqiskit.comparison.null_distribution import (
    NullDistribution,
    draw_metric_scatter,
    draw_pearson_scatter,
    draw_spin_scatter,
)

NUM_TIMES, NUM_QUBITS, SHOTS = 12, 4, 1000
BOUND = 1e-3 / 7
EXPECTED = np.linspace(5.1, 9.0, NUM_TIMES)
POPULATIONS = binom.pmf(
    np.arange(NUM_QUBITS + 1), NUM_QUBITS, EXPECTED[:, None] / (NUM_QUBITS * SHOTS)
)
WEIGHT = np.arange(NUM_QUBITS + 1)


@pytest.fixture(scope="module")
def repeats() -> np.ndarray:
    """Shape (num_times, 50000, N + 1)."""
    rng = np.random.default_rng(3)
    return np.stack([rng.multinomial(SHOTS, p, size=50000) for p in POPULATIONS])


def _energy(counts: np.ndarray) -> np.ndarray:
    variance = NUM_QUBITS * _probability() * (1.0 - _probability()) / SHOTS
    return (counts @ WEIGHT / SHOTS - NUM_QUBITS * _probability()) ** 2 / variance


def _fluctuation(counts: np.ndarray) -> np.ndarray:
    p = _probability()
    mean = counts @ WEIGHT / SHOTS
    sigma = np.sqrt((counts @ WEIGHT**2 / SHOTS - mean**2) * SHOTS / (SHOTS - 1))
    second = NUM_QUBITS * p * (1 - p)
    fourth = second * (1 + (3 * NUM_QUBITS - 6) * p * (1 - p))
    return (sigma - np.sqrt(second)) ** 2 / ((fourth - second**2) / (4.0 * second * SHOTS))


def _pearson(counts: np.ndarray) -> np.ndarray:
    # Level 0 and everything else: two cells, all others being rare.
    empty = (1.0 - _probability()) ** NUM_QUBITS
    return (counts[..., 0] - SHOTS * empty) ** 2 / (SHOTS * empty * (1.0 - empty))


def _probability() -> np.ndarray:
    return (EXPECTED / (NUM_QUBITS * SHOTS))[:, None]


@pytest.mark.parametrize("name", ["stored_energy", "energy_fluctuation", "pearson"])
def test_p_values_far_out_are_those_of_repetitions(repeats: np.ndarray, name: str) -> None:
    statistic = {"stored_energy": _energy, "energy_fluctuation": _fluctuation}.get(name, _pearson)
    sums = statistic(repeats).sum(axis=0)
    observed = float(np.quantile(sums, 0.998))
    shots = np.full(NUM_TIMES, SHOTS)
    if name == "pearson":
        drawn = draw_pearson_scatter(POPULATIONS, shots, bound=BOUND)
    else:
        drawn = draw_metric_scatter(name, POPULATIONS, shots, bound=BOUND)
    # 100 +- 10 repetitions lie beyond, and 200 +- 14 of the sums: 12 % in all, 5 sigma.
    assert drawn.p_value(observed, NUM_TIMES) == pytest.approx(2e-3, rel=0.6)
    assert chi2.sf(observed, NUM_TIMES) < {"energy_fluctuation": 4e-4}.get(name, 1.2e-3)


def test_estimated_errors_are_drawn_with_the_estimates() -> None:
    rng = np.random.default_rng(4)
    p = np.array([0.97, 0.03])
    counts = rng.multinomial(1000, p, size=200_000)
    mean = counts[:, 1] / 1000
    z = (mean - 0.03) / np.sqrt(mean * (1.0 - mean) / 1000)
    observed = float(np.quantile(z**2, 0.998))
    drawn = draw_spin_scatter(np.array([[970, 30]]), bound=BOUND)
    # 400 +- 20 and 200 +- 14: 9 %, 5 sigma, and the unseen shot's 3 % of the error.
    assert drawn.p_value(observed, 1) == pytest.approx(2e-3, rel=0.6)
    assert chi2.sf(observed, 1) < 1e-3


def test_chi_square_bounds_from_below_and_reaches_beyond_the_draws() -> None:
    narrow = NullDistribution([np.zeros(100)], 1000)
    assert narrow.p_value(4.0, 1) == pytest.approx(2.0 * norm.sf(2.0))
    # Twice as wide as chi-square: beyond the draws as much larger than it as at their end.
    wide = NullDistribution([4.0 * np.random.default_rng(5).standard_normal(20_000) ** 2], 20_000)
    far = wide.p_value(400.0, 1)
    assert 2.0 * norm.sf(20.0) < far < 1e-60
    assert wide.p_value(400.0, 1) == far
    assert wide.p_value(1e5, 1) == 0.0


def test_the_same_outcome_counts_as_one_as_extreme() -> None:
    """No shot excited of 5.1 expected: e^-5.1, whatever its distance by chi-square."""
    p = binom.pmf(WEIGHT, NUM_QUBITS, 5.1 / (NUM_QUBITS * SHOTS))
    drawn = draw_metric_scatter("energy_fluctuation", p[None], np.array([SHOTS]), bound=BOUND)
    observed = float(drawn.scatter[0].max())
    second = NUM_QUBITS * 5.1 / (NUM_QUBITS * SHOTS)
    assert observed == pytest.approx(second / (second / (4.0 * SHOTS * second)), rel=0.05)
    # 610 of 1e5 sums, put together from 2e5 records: 5 %, 5 sigma.
    assert drawn.p_value(observed * (1.0 + 1e-13), 1) == pytest.approx(np.exp(-5.1), rel=0.25)


def test_the_table_draws_small_p_values(make_model, make_measurement) -> None:
    """The least likely of 100 right measurements of five to nine excited shots."""
    times = np.linspace(0.0, 0.1 * np.pi, 1001)[118:130]
    exact = make_model(times)
    rng = np.random.default_rng(6)
    error = np.sqrt(exact.energy_fluctuation.values**2 / 4096)

    def distance(measured) -> float:
        deviation = measured.energy_fluctuation.values - exact.energy_fluctuation.values
        return float(np.sum((deviation / error) ** 2))

    measured = max((make_measurement(times, rng=rng) for _ in range(100)), key=distance)
    row = deviation_table(exact, level_splitting=1.0, analytic={}, circuit=measured).sel(
        comparison="circuit"
    )
    entry = row.sel(metric="energy_fluctuation")
    assert entry.p_value > 2.0 * chi2.sf(entry.chi_square, entry.degrees_of_freedom)
    assert row.consistent == 1.0
