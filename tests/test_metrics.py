from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import stats

from rzqiskit.metrics import (
    average_power,
    diagonal_entropy,
    energy_fluctuation,
    refined_maximum,
    sampled_maximum,
    stored_energy,
)


def distributions(min_size: int = 2, max_size: int = 40) -> st.SearchStrategy[np.ndarray]:
    weights = hnp.arrays(
        np.float64, st.integers(min_size, max_size), elements=st.floats(0.0, 1.0, width=32)
    )
    return weights.filter(lambda w: w.sum() > 1e-3).map(lambda w: w / w.sum())


@pytest.mark.parametrize("num_qubits", [1, 2, 10, 300])
@pytest.mark.parametrize("excited", [0.0, 1e-9, 0.2, 0.5, 1.0])
def test_binomial_populations(num_qubits: int, excited: float) -> None:
    binomial = stats.binom(num_qubits, excited)
    p = binomial.pmf(np.arange(num_qubits + 1))
    assert stored_energy(p, 1.5) == pytest.approx(1.5 * binomial.mean(), rel=1e-12, abs=1e-300)
    assert energy_fluctuation(p, 1.5) == pytest.approx(1.5 * binomial.std(), rel=1e-11, abs=1e-300)
    # scipy sums -p ln p by its own route
    entropy = float(binomial.entropy()) / math.log(2.0) if 0.0 < excited < 1.0 else 0.0
    assert diagonal_entropy(p) == pytest.approx(entropy, rel=1e-10, abs=1e-14)


def test_against_exact_rational_arithmetic() -> None:
    numerators = [3, 0, 5, 7, 1]
    p = [Fraction(n, 16) for n in numerators]
    mean = sum(k * q for k, q in enumerate(p))
    variance = sum(k * k * q for k, q in enumerate(p)) - mean**2
    floats = np.array(numerators) / 16.0
    assert stored_energy(floats, 1.0) == float(mean)
    assert energy_fluctuation(floats, 1.0) ** 2 == pytest.approx(float(variance), rel=1e-15)
    entropy = -sum(float(q) * math.log2(q) for q in p if q)
    assert diagonal_entropy(floats) == pytest.approx(entropy, rel=1e-15)


def test_variance_does_not_cancel() -> None:
    # sd of one level at a mean of 10^6: <k^2> - <k>^2 would keep 4 digits.
    p = np.zeros(10**6 + 1)
    p[-3:] = [0.5, 0.0, 0.5]
    assert energy_fluctuation(p, 1.0) == pytest.approx(1.0, rel=1e-12)
    # and a norm error of the kind a solver leaves must not be multiplied by k^2
    assert energy_fluctuation(p * (1.0 + 1e-7), 1.0) == pytest.approx(1.0, rel=1e-6)
    rare = 1e-18
    assert energy_fluctuation([1.0, rare], 1.0) == pytest.approx(1e-9, rel=1e-12)


def test_certain_state_has_no_fluctuation_and_positive_zero_entropy() -> None:
    for k in range(4):
        p = np.eye(4)[k]
        assert energy_fluctuation(p, 1.0) == 0.0
        assert math.copysign(1.0, float(diagonal_entropy(p))) == 1.0
        assert diagonal_entropy(p) == 0.0


@given(distributions())
def test_entropy_bounds_and_relabelling(p: np.ndarray) -> None:
    entropy = float(diagonal_entropy(p))
    assert -1e-12 <= entropy <= math.log2(p.size) + 1e-12
    assert float(diagonal_entropy(np.sort(p))) == pytest.approx(entropy, abs=1e-12)


@given(distributions(), st.floats(0.01, 100.0))
def test_units_and_reflection(p: np.ndarray, unit: float) -> None:
    num_qubits = p.size - 1
    energy, fluctuation = stored_energy(p, 1.0), energy_fluctuation(p, 1.0)
    assert stored_energy(p, unit) == pytest.approx(unit * energy, rel=1e-12)
    assert energy_fluctuation(p, unit) == pytest.approx(unit * fluctuation, rel=1e-12)
    assert stored_energy(p[::-1], 1.0) == pytest.approx(num_qubits - energy, abs=1e-12 * p.size)
    assert energy_fluctuation(p[::-1], 1.0) == pytest.approx(fluctuation, abs=1e-7)
    assert fluctuation <= num_qubits / 2 * (1 + 1e-12)


@given(distributions(3, 12), distributions(3, 12))
def test_mixing_is_linear_in_energy_and_concave_in_entropy(p: np.ndarray, q: np.ndarray) -> None:
    size = max(p.size, q.size)
    p, q = np.pad(p, (0, size - p.size)), np.pad(q, (0, size - q.size))
    mixed = 0.3 * p + 0.7 * q
    energy = 0.3 * stored_energy(p, 1.0) + 0.7 * stored_energy(q, 1.0)
    assert stored_energy(mixed, 1.0) == pytest.approx(energy, abs=1e-12)
    assert diagonal_entropy(mixed) >= (
        0.3 * diagonal_entropy(p) + 0.7 * diagonal_entropy(q) - 1e-12
    )


def test_leading_axes_are_kept() -> None:
    rng = np.random.default_rng(3)
    p = rng.dirichlet(np.ones(6), size=(2, 3))
    for function in (lambda q: stored_energy(q, 2.0), lambda q: energy_fluctuation(q, 2.0)):
        assert function(p).shape == (2, 3)
        assert function(p)[1, 2] == pytest.approx(float(function(p[1, 2])), rel=1e-14)
    assert diagonal_entropy(p).shape == (2, 3)


def test_average_power_and_its_limit() -> None:
    times = np.array([0.0, 0.1, 0.4])
    energy = np.array([[0.0, 1.0, 2.0], [5.0, 5.0, 0.0]])
    np.testing.assert_allclose(average_power(energy, times), [[0, 10, 5], [0, 50, 0]])


@pytest.mark.parametrize("phase", np.linspace(0.0, 0.29, 7))
@pytest.mark.parametrize("search", ["refined", "sampled"])
def test_maximum_of_a_smooth_curve(phase: float, search: str) -> None:
    # d/dt [sin(3 t + a) e^{-t}] = 0 at tan(3 t + a) = 3
    def curve(t: float | np.ndarray) -> float | np.ndarray:
        return np.sin(3.0 * t + phase) * np.exp(-t)

    times = np.linspace(0.0, 3.0, 61)
    expected_time = (math.atan(3.0) - phase) / 3.0
    expected = math.sin(math.atan(3.0)) * math.exp(-expected_time)
    if search == "refined":
        maximum, time = refined_maximum(curve, times, curve(times))
        assert maximum == pytest.approx(expected, rel=1e-14)
        assert time == pytest.approx(expected_time, abs=1e-6)
    else:
        maximum, time = sampled_maximum(times, curve(times))
        assert maximum == pytest.approx(expected, abs=2e-6)
        assert time == pytest.approx(expected_time, abs=1e-4)
        assert maximum >= curve(times).max()


def test_sampled_maximum_converges_with_the_fifth_power() -> None:
    sizes = np.array([17, 33, 65, 129])
    errors = []
    for size in sizes:
        # averaged over offsets: a sample on the peak has no error at all
        offsets = np.linspace(0.0, 1.0, 16, endpoint=False)
        deviations = []
        for offset in offsets:
            times = np.linspace(0.0, 4.0, size) + offset * 4.0 / (size - 1)
            maximum, _ = sampled_maximum(times, 1.0 / (1.0 + (times - 2.3) ** 2) + 0.1 * times)
            deviations.append(maximum - _lorentzian_maximum())
        errors.append(np.sqrt(np.mean(np.square(deviations))))
    slope = np.polyfit(np.log(1.0 / (sizes - 1)), np.log(errors), 1)[0]
    assert 4.7 < slope < 6.3


def _lorentzian_maximum() -> float:
    # stationary where 2 x = 0.1 (1 + x^2)^2, by fixed-point iteration
    x = 0.05
    for _ in range(60):
        x = 0.05 * (1.0 + x * x) ** 2
    return 1.0 / (1.0 + x * x) + 0.1 * (x + 2.3)


def test_the_lower_sample_may_have_the_higher_peak() -> None:
    # Two humps; the sample nearest to the higher one is lower than the other hump's.
    def curve(t: float | np.ndarray) -> float | np.ndarray:
        return np.exp(-(((t - 1.0) / 0.3) ** 2)) + 1.01 * np.exp(-(((t - 3.25) / 0.3) ** 2))

    times = np.arange(0.0, 5.01, 0.1)
    assert times[np.argmax(curve(times))] == pytest.approx(1.0)
    for maximum, time in (
        refined_maximum(curve, times, curve(times)),
        sampled_maximum(times, curve(times)),
    ):
        assert maximum == pytest.approx(1.01, abs=1e-3)
        assert time == pytest.approx(3.25, abs=1e-3)


@pytest.mark.parametrize("center", [0.04, 0.05, 0.93, 0.98, 1.2, -0.3])
def test_maximum_in_or_beyond_the_outermost_interval(center: float) -> None:
    times = np.linspace(0.0, 1.0, 11)
    inside = min(max(center, 0.0), 1.0)
    for maximum, time in (
        refined_maximum(lambda t: -((t - center) ** 2), times, -((times - center) ** 2)),
        sampled_maximum(times, -((times - center) ** 2)),
    ):
        assert maximum == pytest.approx(-((inside - center) ** 2), abs=1e-12)
        assert time == pytest.approx(inside, abs=1e-6)


def test_kink_is_not_overshot() -> None:
    times = np.linspace(0.0, 1.0, 11)
    ramp = np.minimum(times, 0.5)
    assert sampled_maximum(times, ramp) == (0.5, 0.5)
    assert refined_maximum(lambda t: min(t, 0.5), times, ramp) == (0.5, 0.5)


@pytest.mark.parametrize("peak", [[0.9, 1.0, 0.0], [0.0, 1.0, 0.0]])
def test_jumps_and_spikes_are_not_overshot(peak: list[float]) -> None:
    times = np.arange(9.0)
    values = np.r_[np.zeros(3), peak, np.zeros(3)]
    assert sampled_maximum(times, values) == (1.0, 4.0)


def test_constant_and_single_samples() -> None:
    assert sampled_maximum([0.0, 1.0, 2.0], [3.0, 3.0, 3.0]) == (3.0, 0.0)
    assert sampled_maximum([0.5], [3.0]) == (3.0, 0.5)
    assert sampled_maximum([0.5, 1.0], [3.0, 4.0]) == (4.0, 1.0)
    assert refined_maximum(lambda t: 3.0, [0.0, 1.0, 2.0], [3.0, 3.0, 3.0]) == (3.0, 0.0)
    maximum, time = refined_maximum(lambda t: t * (2.0 - t), [0.0, 2.0], [0.0, 0.0])
    assert (maximum, time) == pytest.approx((1.0, 1.0), abs=1e-7)


def test_refinement_spends_nothing_where_it_cannot_win() -> None:
    calls: list[float] = []

    def curve(t: float) -> float:
        calls.append(t)
        return math.sin(t) * math.exp(-0.1 * t)

    times = np.linspace(0.0, 40.0, 400)
    values = np.sin(times) * np.exp(-0.1 * times)
    refined_maximum(curve, times, values)
    assert max(calls) < math.pi
    assert len(calls) < 40


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: stored_energy([0.5, np.nan], 1.0), "`populations` must be finite, got nan"),
        (lambda: stored_energy(1.0, 1.0), r"`populations` must have N \+ 1 >= 2 entries"),
        (lambda: stored_energy([0.5, 0.5], -1.0), "`level_splitting` must not be negative"),
        (lambda: energy_fluctuation([1.1, -0.1], 1.0), "`populations` must not be negative"),
        (lambda: energy_fluctuation([0.0, 0.0], 1.0), "`populations` must have a positive sum"),
        (lambda: diagonal_entropy([1.1, -0.1]), "`populations` must not be negative, got -0.1"),
        (lambda: diagonal_entropy([[0.5, 0.5], [1.0]]), "`populations` must be a rectangular"),
        (lambda: average_power([1.0], [0.0, 1.0]), "`stored_energy` must have 2 entries"),
        (lambda: average_power([1.0, 2.0], [-1.0, 1.0]), "`times` must not be below 0"),
        (lambda: sampled_maximum([0.0, 1.0], [1.0]), "`values` must have the shape of `times`"),
        (lambda: sampled_maximum([1.0, 0.0], [1.0, 2.0]), "`times` must be strictly increasing"),
        (lambda: refined_maximum(math.sin, [0.0], [np.inf]), "`values` must be finite, got inf"),
    ],
)
def test_bad_values(call, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()


@pytest.mark.parametrize("populations", [["a", "b"], [True, False], [1j, 0]])
def test_bad_types(populations: list[object]) -> None:
    with pytest.raises(
        TypeError, match="`populations` must be an array of real numbers, got dtype"
    ):
        stored_energy(populations, 1.0)


def test_a_function_without_values_between_the_samples_has_no_maximum():
    samples = ([0.0, 1.0, 2.0], [0.0, 1.0, 0.0])
    with pytest.raises(ValueError, match=r"^`function` must be finite, got nan at 0\.\d+\.$"):
        refined_maximum(lambda time: np.nan, *samples)
    with pytest.raises(ValueError, match=r"^`function` must be finite, got inf at 1\.\d+\.$"):
        refined_maximum(lambda time: 1.0 if time < 1.0 else np.inf, *samples)
    with pytest.raises(TypeError, match=r"^`function` must be callable, got NoneType\.$"):
        refined_maximum(None, *samples)
