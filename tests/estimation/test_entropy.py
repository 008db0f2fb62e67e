from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import stats
from scipy.special import digamma

from rzqiskit.estimation import estimate_entropy


def plug_in(counts: np.ndarray) -> np.ndarray:
    return stats.entropy(counts, base=2.0, axis=-1)


def miller_madow(counts: np.ndarray) -> np.ndarray:
    shots = counts.sum(axis=-1)
    return plug_in(counts) + ((counts > 0).sum(axis=-1) - 1) / (2.0 * shots * math.log(2.0))


def chao_shen(counts: np.ndarray) -> np.ndarray:
    values = []
    for record in counts:
        seen, shots = record[record > 0], record.sum()
        singletons = min(int((seen == 1).sum()), shots - 1)
        p = (1.0 - singletons / shots) * seen / shots
        values.append(-np.sum(p * np.log2(p) / (1.0 - (1.0 - p) ** shots)))
    return np.array(values)


def grassberger(counts: np.ndarray) -> np.ndarray:
    values = []
    for record in counts:
        n, shots = record[record > 0].astype(float), record.sum()
        g = digamma(n) + 0.5 * (-1.0) ** n * (digamma((n + 1) / 2) - digamma(n / 2))
        values.append((math.log(shots) - np.sum(n * g) / shots) / math.log(2.0))
    return np.array(values)


def jackknife(counts: np.ndarray) -> np.ndarray:
    """Leave out every single shot, by brute force."""
    values = []
    for record in counts:
        shots = int(record.sum())
        total = 0.0
        for level, number in enumerate(record):
            if number:
                without = record.copy()
                without[level] -= 1
                total += number * plug_in(without)
        values.append(shots * plug_in(record) - (shots - 1) * total / shots)
    return np.array(values)


def populations(num_qubits: int) -> dict[str, np.ndarray]:
    k = np.arange(num_qubits + 1)
    shapes = {f"binomial {q}": stats.binom.pmf(k, num_qubits, q) for q in (0.001, 0.01, 0.1, 0.5)}
    shapes["uniform"] = np.ones(k.size)
    shapes["geometric"] = 0.5**k
    shapes["split"] = (k - num_qubits / 2) ** 2 + 0.01
    return {name: p / p.sum() for name, p in shapes.items()}


@given(hnp.arrays(np.int64, (1, 5), elements=st.integers(0, 30)).filter(lambda c: int(c.sum()) > 1))
def test_is_the_jackknife(counts: np.ndarray) -> None:
    assert estimate_entropy(counts)[0] == pytest.approx(jackknife(counts), abs=1e-11)


@given(
    hnp.arrays(np.int64, (5,), elements=st.integers(0, 30)).filter(lambda c: int(c.sum()) > 0),
    st.permutations(range(5)),
)
def test_levels_may_be_relabelled(counts: np.ndarray, order: list[int]) -> None:
    value, error = estimate_entropy(counts)
    other, other_error = estimate_entropy(counts[order])
    assert other == pytest.approx(float(value), abs=1e-12)
    assert other_error == pytest.approx(float(error), rel=1e-9)
    assert error > 0.0


def test_least_biased_of_the_candidates() -> None:
    # Mean square of the bias over seven shapes at 256 shots, where it is largest, on each N. The
    # noise of 1500 records a shape would be 1.6e-3 bit, but for the control variate.
    rng = np.random.default_rng(20)
    candidates = (plug_in, miller_madow, chao_shen, grassberger)
    for num_qubits in (4, 10, 14):
        squares = {function.__name__: 0.0 for function in candidates}
        own = 0.0
        for p in populations(num_qubits).values():
            counts = rng.multinomial(256, p, size=1500)
            truth = float(stats.entropy(p, base=2.0))
            # control variate: the first-order fluctuation has mean 0 and is common to all
            information = -np.log2(np.where(p > 0, p, 1.0))
            control = counts @ information / 256 - truth
            for function in candidates:
                squares[function.__name__] += np.mean(function(counts) - truth - control) ** 2
            own += np.mean(estimate_entropy(counts)[0] - truth - control) ** 2
        assert own < 0.5 * squares["miller_madow"]
        assert own < 0.2 * squares["chao_shen"]
        assert own < 0.8 * squares["grassberger"]
        assert own < 0.01 * squares["plug_in"]
        assert math.sqrt(own / 7) < 2e-3


@pytest.mark.parametrize("num_qubits", [1, 4, 14])
@pytest.mark.parametrize("shots", [64, 1024])
def test_error_is_honest_where_the_first_order_vanishes(num_qubits: int, shots: int) -> None:
    # Equal populations: the delta method's variance is 0, yet the estimate scatters as chi^2.
    # The mean square pull must not exceed 1; with 2000 records its noise is below 0.06, so 1.0
    # stands over 5 sigma above the measured 0.25..0.8. False alarm rate below 3e-7 a case.
    rng = np.random.default_rng(5)
    p = np.full(num_qubits + 1, 1.0 / (num_qubits + 1))
    value, error = estimate_entropy(rng.multinomial(shots, p, size=2000))
    pull = (value - math.log2(num_qubits + 1)) / error
    assert 0.1 < np.mean(pull**2) < 1.0
    # One level has all: one excited shot in a thousand is enough to be seen or not.
    p = np.zeros(num_qubits + 1)
    p[:2] = [1.0 - 1.0 / shots, 1.0 / shots]
    value, error = estimate_entropy(rng.multinomial(shots, p, size=2000))
    pull = (value - stats.entropy(p, base=2.0)) / error
    assert 0.1 < np.mean(pull**2) < 1.2


def test_certain_and_single_shots() -> None:
    value, error = estimate_entropy([4096, 0, 0])
    assert value == 0.0
    # the entropy that one unseen shot would bring
    assert error == pytest.approx(stats.entropy([4096, 1], base=2.0), rel=0.01)
    assert estimate_entropy([0, 1, 0]) == (0.0, pytest.approx(math.log2(3.0)))


def test_allowance_for_levels_that_shots_do_not_resolve() -> None:
    # 4096 shots on some 2000 levels: every estimator is still low; the error must say so.
    k = np.arange(-3000, 3001)
    p = np.exp(-(k**2) / (2.0 * 500.0**2))
    p /= p.sum()
    value, error = estimate_entropy(np.random.default_rng(6).multinomial(4096, p, size=40))
    truth = float(stats.entropy(p, base=2.0))
    assert np.mean(plug_in(np.random.default_rng(6).multinomial(4096, p))) < truth - 0.4
    assert np.mean(value) == pytest.approx(truth, abs=0.09)
    assert np.sqrt(np.mean(((value - truth) / error) ** 2)) < 1.5


@pytest.mark.parametrize("shots", [5, 8, 20])
@pytest.mark.parametrize("num_qubits", [100, 1000])
def test_shots_that_see_no_level_twice_say_so(shots: int, num_qubits: int) -> None:
    p = stats.binom.pmf(np.arange(num_qubits + 1), num_qubits, 0.5)
    counts = np.random.default_rng(17).multinomial(shots, p, size=1000)
    entropy, error = estimate_entropy(counts)
    exact = float(stats.entropy(p, base=2.0))
    # Too small by a half otherwise (1.4 to 1.7), and 15 % of the truths beyond three errors.
    assert 0.7 < np.sqrt(np.mean(((entropy - exact) / error) ** 2)) < 1.35
    assert np.mean(np.abs(entropy - exact) > 3.0 * error) < 0.06
