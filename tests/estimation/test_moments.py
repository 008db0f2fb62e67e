from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from scipy import stats

from rzqiskit.estimation import estimate_mean, estimate_populations, estimate_standard_deviation
from rzqiskit.estimation.moments import error_of_root


def outcomes(shots: int, p: list[float]) -> tuple[np.ndarray, np.ndarray]:
    """All records of `shots` shots and their multinomial probabilities."""
    records = np.array(
        [c for c in itertools.product(range(shots + 1), repeat=len(p)) if sum(c) == shots]
    )
    return records, stats.multinomial(shots, p).pmf(records)


def test_mean_and_variance_are_unbiased_by_enumeration() -> None:
    p = [0.5, 0.2, 0.1, 0.2]
    records, probability = outcomes(6, p)
    k = np.arange(4)
    mean, _ = estimate_mean(records, k)
    s, _ = estimate_standard_deviation(records)
    truth = float(np.dot(p, k))
    assert probability @ mean == pytest.approx(truth, rel=1e-12)
    assert probability @ s**2 == pytest.approx(float(np.dot(p, (k - truth) ** 2)), rel=1e-12)


def test_errors_against_textbook_formulas_for_many_shots() -> None:
    num_qubits, shots = 10, 10**8
    binomial = stats.binom(num_qubits, 0.3)
    pmf = binomial.pmf(np.arange(num_qubits + 1))
    counts = np.rint(shots * pmf).astype(np.int64)
    shots = int(counts.sum())
    mean, error = estimate_mean(counts, np.arange(num_qubits + 1))
    assert mean == pytest.approx(binomial.mean(), rel=1e-7)
    assert error == pytest.approx(binomial.std() / math.sqrt(shots), rel=1e-6)
    s, error = estimate_standard_deviation(counts)
    excess = float(binomial.stats(moments="k"))
    assert s == pytest.approx(binomial.std(), rel=1e-7)
    assert error == pytest.approx(
        binomial.std() * math.sqrt((excess + 2.0) / (4.0 * shots)), rel=1e-4
    )
    _, error = estimate_populations(counts)
    np.testing.assert_allclose(error, np.sqrt(pmf * (1.0 - pmf) / shots), rtol=0.05, atol=1.1e-8)


@pytest.mark.parametrize("shots", [1, 2, 3, 7, 50, 400])
def test_population_errors_hold_for_every_probability(shots: int) -> None:
    # Exact over the binomial, no sampling: <pull^2> never much over 1, whatever the truth.
    excited = np.arange(shots + 1)
    p, error = estimate_populations(np.stack([shots - excited, excited], axis=-1))
    for truth in np.geomspace(1e-3 / shots, 0.5, 300):
        weights = stats.binom.pmf(excited, shots, truth)
        square = weights @ ((p[:, 1] - truth) / error[:, 1]) ** 2
        assert square < 1.15


@pytest.mark.parametrize("shots", [1, 10, 4096])
@pytest.mark.parametrize("level", [0, 3])
def test_no_error_is_zero_where_all_shots_agree(shots: int, level: int) -> None:
    counts = np.zeros(4, dtype=np.int64)
    counts[level] = shots
    p, p_error = estimate_populations(counts)
    assert p[level] == 1.0
    # Wilson's interval for z = 1 reaches from 1 down to shots / (shots + 1)
    np.testing.assert_allclose(p_error, stats_wilson_reach(shots), rtol=1e-12)
    mean, error = estimate_mean(counts, np.arange(4))
    assert mean == level
    assert error == pytest.approx((3.0 if shots == 1 else 1.0) / (shots + 1))
    s, error = estimate_standard_deviation(counts)
    assert s == 0.0
    assert error == pytest.approx(1.5 if shots == 1 else 1.0 / math.sqrt(shots + 1))


def stats_wilson_reach(shots: int) -> float:
    one_sigma = 2.0 * stats.norm.cdf(1.0) - 1.0
    result = stats.binomtest(shots, shots, 0.5).proportion_ci(one_sigma, method="wilson")
    return 1.0 - float(result.low)


def test_one_shot_covers_everything_possible() -> None:
    # A single shot knows no spread: mean +- N/2, deviation 0 +- N/2.
    _, error = estimate_mean([0, 0, 1, 0, 0], np.arange(5))
    assert error == 2.0
    assert estimate_standard_deviation([0, 0, 1, 0, 0])[1] == 2.0


def test_linear_and_shift_invariant() -> None:
    rng = np.random.default_rng(11)
    counts = rng.integers(0, 40, size=(3, 6)) + 1
    k = np.arange(6.0)
    mean, error = estimate_mean(counts, k)
    shifted, shifted_error = estimate_mean(counts, -2.0 * k + 7.0)
    np.testing.assert_allclose(shifted, 7.0 - 2.0 * mean, rtol=1e-13)
    np.testing.assert_allclose(shifted_error, 2.0 * error, rtol=1e-12)
    mirrored, mirrored_error = estimate_standard_deviation(counts[:, ::-1])
    s, s_error = estimate_standard_deviation(counts)
    np.testing.assert_allclose(mirrored, s, rtol=1e-13)
    np.testing.assert_allclose(mirrored_error, s_error, rtol=1e-12)


def test_deviation_of_a_fair_coin() -> None:
    # p (1 - p) is flat at p = 1/2: only ten shots of a normal distribution's mu_4 = 3 s^4, the
    # second order 2 s^4 / n (n - 1), widened by 1 + 5/n and a little, and an unseen shot (at most
    # 2 levels^2 off for a mean between two levels, and by the spread itself) are left.
    s, error = estimate_standard_deviation([50, 50])
    assert s == pytest.approx(math.sqrt(0.25 * 100 / 99))
    variance = float(s) ** 2
    fourth = (100 * 0.0625 + 10 * 3 * variance**2) / 110
    widening = 1.0 + 0.05 * (1.0 + 11.0 / 97.0 * variance / (variance + 4.0))
    of_variance = widening * (fourth / 100 - variance**2 * 97 / (100 * 99))
    of_variance += (2.0**2 + 3.0 * variance) / 101**2
    assert error == pytest.approx(
        math.sqrt(of_variance) / math.sqrt(4.0 * variance + math.sqrt(of_variance)), rel=1e-9
    )


def test_values_may_differ_between_records() -> None:
    rng = np.random.default_rng(14)
    counts = rng.integers(0, 40, size=(3, 6)) + 1
    values = rng.standard_normal((3, 6))
    together = np.array(estimate_mean(counts, values))
    one_by_one = np.array([estimate_mean(c, v) for c, v in zip(counts, values, strict=True)]).T
    np.testing.assert_allclose(together, one_by_one, rtol=1e-13)


def test_a_million_cells_do_not_cancel() -> None:
    counts = np.zeros(10**6 + 1, dtype=np.int64)
    counts[-3:] = [500, 0, 500]
    mean, error = estimate_mean(counts, np.arange(10**6 + 1))
    assert mean == 10**6 - 1.0
    assert error == pytest.approx(math.sqrt(1.0 / 998.0 + 1.0 / 1001.0**2), rel=1e-9)
    assert estimate_standard_deviation(counts)[0] == pytest.approx(math.sqrt(1000 / 999), rel=1e-12)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ([1.0, 2.0], r"`values` must have the shape \(3,\), got \(2,\)"),
        ([1.0, np.nan, 2.0], "`values` must be finite, got nan"),
    ],
)
def test_bad_values(values: list[float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        estimate_mean([1, 2, 3], values)


# The largest and least root mean square of (estimate - truth) / error over binomial distributions
# with p = 0.1 to 0.5, see docs/error_bars.md. 40000 records: within 0.02 at 5 sigma of values whose
# fourth moment is four times a normal variable's (false alarm rate 6e-7 a check).
@pytest.mark.parametrize(
    ("shots", "of_mean", "of_deviation"),
    [
        (5, (1.0, 1.16), (0.66, 1.20)),
        (8, (1.0, 1.10), (0.72, 1.18)),
        (12, (1.0, 1.07), (0.81, 1.16)),
        (30, (0.98, 1.06), (0.97, 1.21)),
        (300, (0.98, 1.03), (0.96, 1.09)),
    ],
)
@pytest.mark.parametrize("num_qubits", [4, 10])
def test_few_shots_keep_honest_errors(
    shots: int, num_qubits: int, of_mean: tuple[float, float], of_deviation: tuple[float, float]
) -> None:
    rng = np.random.default_rng(15)
    for p in (0.1, 0.3, 0.5):
        k = np.arange(num_qubits + 1)
        counts = rng.multinomial(shots, stats.binom.pmf(k, num_qubits, p), size=40_000)
        mean, error = estimate_mean(counts, k)
        pull = math.sqrt(np.mean(((mean - num_qubits * p) / error) ** 2))
        assert of_mean[0] - 0.02 < pull < of_mean[1] + 0.02
        s, error = estimate_standard_deviation(counts)
        truth = math.sqrt(num_qubits * p * (1.0 - p))
        pull = math.sqrt(np.mean(((s - truth) / error) ** 2))
        assert of_deviation[0] - 0.02 < pull < of_deviation[1] + 0.02


@pytest.mark.parametrize("truth", [0.0, 0.1, 1.0, 3.0, 30.0])
def test_error_of_a_root_covers_down_to_zero(truth: float) -> None:
    # Squares with the error 1, cut off at zero.
    square = np.maximum(truth + np.random.default_rng(7).standard_normal(40_000), 0.0)
    error = error_of_root(square, np.ones_like(square))
    assert 0.7 < np.sqrt(np.mean(((np.sqrt(square) - math.sqrt(truth)) / error) ** 2)) < 1.15
    assert error_of_root(np.array([100.0]), np.array([0.01])) == pytest.approx(5e-4, rel=1e-3)
    assert error_of_root(np.zeros(1), np.zeros(1)) == 0.0


@pytest.mark.parametrize("shots", [5, 8, 12])
@pytest.mark.parametrize("num_qubits", [40, 1000])
def test_few_shots_of_many_levels_keep_honest_errors(shots: int, num_qubits: int) -> None:
    k = np.arange(num_qubits + 1)
    counts = np.random.default_rng(16).multinomial(
        shots, stats.binom.pmf(k, num_qubits, 0.5), size=2000
    )
    s, error = estimate_standard_deviation(counts)
    pull = np.sqrt(np.mean(((s - 0.5 * math.sqrt(num_qubits)) / error) ** 2))
    # Within 0.06 of 0.97 to 1.22 (tests/benchmarks/error_bars.py) at 5 sigma, with tails.
    assert 0.8 < pull < 1.35


def test_values_must_be_numbers() -> None:
    with pytest.raises(TypeError, match="`values` must be an array of real numbers, got"):
        estimate_mean([1, 2, 3], ["a", "b", "c"])
