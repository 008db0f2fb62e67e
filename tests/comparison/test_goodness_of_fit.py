"""Expected errors against the scatter of repeated draws; Pearson's test against SciPy's."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binom, chisquare

from rzqiskit.comparison.goodness_of_fit import (
    expected_standard_errors,
    is_informative,
    pearson_test,
)
from rzqiskit.estimation import estimate_metrics

SHOTS, NUM_QUBITS = 2000, 8
PROBABILITIES = (0.02, 0.3, 0.9)


@pytest.fixture(scope="module")
def populations() -> np.ndarray:
    p = binom.pmf(np.arange(NUM_QUBITS + 1), NUM_QUBITS, np.array(PROBABILITIES)[:, None])
    return p / p.sum(axis=-1, keepdims=True)


def test_expected_errors_are_the_scatter_of_estimates(populations: np.ndarray) -> None:
    rng = np.random.default_rng(11)
    times = np.array([0.5, 1.0, 2.0])
    repeats = 1500
    drawn = [
        estimate_metrics(rng.multinomial(SHOTS, populations), level_splitting=2.0, times=times)
        for _ in range(repeats)
    ]
    errors = expected_standard_errors(
        populations, np.full(3, float(SHOTS)), times, level_splitting=2.0
    )
    assert set(errors) == set(drawn[0]) - {"population"}
    for name, error in errors.items():
        scatter = np.std([estimate[name][0] for estimate in drawn], axis=0)
        # The relative error of a scatter of n draws is 1/sqrt(2n) = 1.8 %; 5 sigma and 2 % for
        # the terms of higher order in 1/SHOTS. False alarms: under 1e-5 for the 12 numbers.
        assert scatter == pytest.approx(error, rel=0.112), name


def test_expected_errors_vanish_where_the_estimate_is_not_normal() -> None:
    # One cell at p = 1/2: fluctuation and entropy are at their largest, d/dp = 0.
    errors = expected_standard_errors(
        np.array([[0.5, 0.5]]), np.array([1000.0]), np.array([1.0]), level_splitting=1.0
    )
    assert errors["energy_fluctuation"][0] == 0.0
    assert errors["diagonal_entropy"][0] == 0.0
    assert errors["stored_energy"][0] == pytest.approx(np.sqrt(0.25 / 1000.0))


def test_informative_needs_five_shots_outside_the_most_likely_level() -> None:
    populations = np.array([[1.0, 0.0], [0.996, 0.004], [0.99, 0.01]])
    assert is_informative(populations, np.full(3, 1000.0)).tolist() == [False, False, True]


def test_pearson_equals_scipy_where_every_level_is_common() -> None:
    probabilities = np.array([0.2, 0.5, 0.3])
    counts = np.array([[230, 480, 290]])
    statistic, p_value = chisquare(counts[0], 1000 * probabilities)
    test = pearson_test(counts, probabilities[None])
    assert test.degrees_of_freedom == 2
    assert test.chi_square == pytest.approx(statistic)
    assert test.p_value == pytest.approx(p_value)
    assert test.rare_p_value == 1.0


def test_pearson_adds_up_over_times_and_merges_rare_levels() -> None:
    # 1000 shots: the levels of 4 expected counts each are merged into one cell of 8.
    probabilities = np.array([0.592, 0.4, 0.004, 0.004])
    counts = np.array([[600, 390, 7, 3], [580, 410, 2, 8]])
    merged = np.array([[600, 390, 10], [580, 410, 10]])
    expected = sum(chisquare(row, [592.0, 400.0, 8.0])[0] for row in merged)
    test = pearson_test(counts, np.tile(probabilities, (2, 1)))
    assert test.chi_square == pytest.approx(expected)
    assert test.degrees_of_freedom == 4


def test_an_outcome_that_should_not_occur_is_seen() -> None:
    populations = np.array([[1.0, 0.0], [1.0, 1e-9]])
    right = pearson_test(np.array([[500, 0], [500, 0]]), populations)
    wrong = pearson_test(np.array([[500, 0], [499, 1]]), populations)
    assert right.rare_p_value == pytest.approx(1.0)
    assert wrong.rare_p_value < 1e-5
    assert right.degrees_of_freedom == wrong.degrees_of_freedom == 0


def test_p_values_are_uniform_when_the_populations_are_right(populations: np.ndarray) -> None:
    rng = np.random.default_rng(5)
    p_values = [
        pearson_test(rng.multinomial(SHOTS, populations), populations).p_value for _ in range(1000)
    ]
    # 1000 draws of a uniform variable: 100 +- 9.5 below 0.1; 5 sigma, false alarms 6e-7.
    assert abs(np.sum(np.array(p_values) < 0.1) - 100) < 5 * 9.5
