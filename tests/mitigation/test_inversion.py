from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import optimize, stats

from rzqiskit.estimation import estimate_metrics
from rzqiskit.mitigation import (
    ReadoutErrors,
    estimate_readout_errors,
    mitigate_mean,
    mitigate_metrics,
    mitigate_total_spin_squared,
    nearest_distribution,
)

REPETITIONS = 1500
METRICS = ("stored_energy", "energy_fluctuation", "diagonal_entropy", "instantaneous_power")


def flips(num_qubits: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(num_qubits)
    return rng.uniform(0.005, 0.03, num_qubits), rng.uniform(0.01, 0.06, num_qubits)


def read(
    rng: np.random.Generator, truth: np.ndarray, shots: int, up: np.ndarray, down: np.ndarray
) -> np.ndarray:
    """Counts of one record, shot by shot and bit by bit: a random subset, then random flips."""
    n = up.size
    weight = rng.choice(n + 1, p=truth, size=shots)
    ranks = rng.random((shots, n)).argsort(axis=1).argsort(axis=1)
    bits = ranks < weight[:, np.newaxis]
    flip = rng.random((shots, n)) < np.where(bits, down, up)
    return np.bincount((bits ^ flip).sum(axis=1), minlength=n + 1)


def test_inversion_undoes_a_readout_simulated_bit_by_bit() -> None:
    # One large record: the raw energy is off by tens of sigma, the mitigated one by less than 5
    # (false alarm rate 6e-7).
    rng = np.random.default_rng(3)
    n, shots = 6, 400_000
    up, down = flips(n)
    truth = stats.binom.pmf(np.arange(n + 1), n, 0.8)
    counts = read(rng, truth, shots, up, down)[np.newaxis]
    arguments = {"level_splitting": 1.0, "times": [1.0]}
    raw = estimate_metrics(counts, **arguments)
    mitigated = mitigate_metrics(counts, ReadoutErrors(up, down), **arguments)
    exact = {
        "stored_energy": 0.8 * n,
        "energy_fluctuation": math.sqrt(0.16 * n),
        "diagonal_entropy": float(stats.entropy(truth, base=2.0)),
    }
    for name, value in exact.items():
        assert abs(raw[name][0][0] - value) > 20.0 * raw[name][1][0], name
        assert abs(mitigated[name][0][0] - value) < 5.0 * mitigated[name][1][0], name
        assert mitigated[name][1][0] > raw[name][1][0], name
    population, error = mitigated["population"]
    assert (abs(population[0] - truth) < 5.0 * error[0]).all()


# Truth, shots and calibration all drawn anew. Mean and variance of 1500 pulls scatter by 0.026 and
# 0.037; bounds are 5 of these (false alarm rate 6e-7 a check) plus what skew and the projection
# do: the entropy's error may be up to a fifth too large.
@pytest.mark.parametrize(("num_qubits", "excited"), [(2, 0.3), (6, 0.5), (10, 0.8)])
@pytest.mark.parametrize("calibration_shots", [500, 20_000])
def test_coverage(num_qubits: int, excited: float, calibration_shots: int) -> None:
    shots = 4096
    rng = np.random.default_rng([num_qubits, calibration_shots])
    up, down = flips(num_qubits)
    truth = stats.binom.pmf(np.arange(num_qubits + 1), num_qubits, excited)
    expected = ReadoutErrors(up, down).weight_confusion() @ truth
    exact = {
        "stored_energy": excited * num_qubits,
        "energy_fluctuation": math.sqrt(excited * (1.0 - excited) * num_qubits),
        "diagonal_entropy": float(stats.entropy(truth, base=2.0)),
        "instantaneous_power": (excited - 0.5) * num_qubits,
    }
    pulls: dict[str, list[float]] = {name: [] for name in exact}
    for _ in range(REPETITIONS // 10):
        readout = estimate_readout_errors(
            rng.binomial(calibration_shots, up),
            rng.binomial(calibration_shots, 1.0 - down),
            shots_of_zeros=calibration_shots,
            shots_of_ones=calibration_shots,
        )
        mitigated = mitigate_metrics(
            rng.multinomial(shots, expected, size=1),
            readout,
            level_splitting=1.0,
            times=[1.0],
            counts_y=rng.multinomial(shots, expected, size=1),
            drive_values=[1.0],
        )
        for name, value in exact.items():
            pulls[name].append((mitigated[name][0][0] - value) / mitigated[name][1][0])
    count = len(pulls["stored_energy"])
    for name, pull in pulls.items():
        assert abs(np.mean(pull)) < 5.0 / math.sqrt(count) + 0.1, name
        assert -0.4 < np.var(pull) - 1.0 < 5.0 * math.sqrt(2.0 / count), name


@pytest.mark.parametrize("excited", [0.0, 2e-3])
def test_a_fluctuation_near_zero_has_an_honest_error(excited: float) -> None:
    """All weight in one level, or little elsewhere: t = 0 of any mitigated measurement."""
    rng = np.random.default_rng(21)
    n, shots, runs = 5, 2000, 200
    up, down = flips(n)
    confusion = ReadoutErrors(up, down).weight_confusion()
    pulls = []
    for _ in range(runs):
        readout = estimate_readout_errors(
            rng.binomial(8000, up),
            rng.binomial(8000, 1.0 - down),
            shots_of_zeros=8000,
            shots_of_ones=8000,
        )
        counts = rng.multinomial(shots, confusion @ stats.binom.pmf(np.arange(n + 1), n, excited))
        sigma, error = estimate_fluctuation(counts, readout)
        pulls.append((sigma - math.sqrt(n * excited * (1.0 - excited))) / error)
    # One sigma of a root mean square of 200: 0.05, twice that where half of them are 0.
    assert 0.5 < np.sqrt(np.mean(np.square(pulls))) < 1.35


def estimate_fluctuation(counts: np.ndarray, readout: ReadoutErrors) -> tuple[float, float]:
    (sigma,), (error,) = mitigate_metrics(
        counts[np.newaxis], readout, level_splitting=1.0, times=[1.0]
    )["energy_fluctuation"]
    return sigma, error


def test_readout_that_nearly_tells_nothing_biases_no_entropy() -> None:
    """Ones read as zeros more often than not is allowed while zeros are read well."""
    rng = np.random.default_rng(22)
    up, down = np.full(4, 0.05), np.full(4, 0.6)
    readout = ReadoutErrors(up, down, np.full(4, 0.005), np.full(4, 0.005))
    truth = stats.binom.pmf(np.arange(5), 4, 0.3)
    exact = float(stats.entropy(truth, base=2.0))
    counts = rng.multinomial(20_000, readout.weight_confusion() @ truth, size=40)
    mitigated = mitigate_metrics(
        counts, readout, level_splitting=1.0, times=np.arange(1.0, 41.0)
    )["diagonal_entropy"]  # fmt: skip
    # 40 values: the mean is known to 0.16 of an error; 5 sigma.
    assert abs(np.mean((mitigated[0] - exact) / mitigated[1])) < 0.8


@pytest.mark.parametrize(("num_qubits", "excited"), [(2, 0.3), (4, 0.1)])
def test_few_shots_in_two_levels_have_an_honest_fluctuation(
    num_qubits: int, excited: float
) -> None:
    """Shared evenly by two levels, counts scatter in no square, as if Sigma were known."""
    rng = np.random.default_rng(23)
    readout = ReadoutErrors(np.full(num_qubits, 0.01), np.full(num_qubits, 0.03))
    truth = stats.binom.pmf(np.arange(num_qubits + 1), num_qubits, excited)
    counts = rng.multinomial(30, readout.weight_confusion() @ truth, size=600)
    sigma, error = mitigate_metrics(
        counts, readout, level_splitting=1.0, times=np.arange(1.0, 601.0)
    )["energy_fluctuation"]  # fmt: skip
    pulls = (sigma - math.sqrt(num_qubits * excited * (1.0 - excited))) / error
    # One sigma of a root mean square of 600: 0.03; 0.85 and 1.0 as it is, 1.7 and 1.6 before.
    assert 0.6 < np.sqrt(np.mean(pulls**2)) < 1.2
    assert np.mean(np.abs(pulls) > 3.0) < 0.02


def test_a_flip_that_was_never_seen_is_not_known() -> None:
    """The entropy's error has the whole scatter of the calibration, on both sides of zero."""
    share, unknown = 0.02, 0.005
    readout = ReadoutErrors([0.0], [0.04], [unknown], [1e-5])
    counts = [[980_000, 20_000]]
    _, error = mitigate_metrics(counts, readout, level_splitting=1.0, times=[1.0])[
        "diagonal_entropy"
    ]
    # dS/dp dp, with dp = (1 - p) / (1 - up - down) d(up); 5 sigma of 200 draws: a quarter.
    p = share / 0.96
    slope = math.log2((1.0 - p) / p) * (1.0 - p) / 0.96
    assert error[0] == pytest.approx(slope * unknown, rel=0.25)


def test_total_spin_without_readout_errors() -> None:
    # Ground state of 5 cells, X and Y binomial with 1/2; truth 35/4. Shots and a poor calibration
    # drawn anew 600 times: mean within 5 / sqrt(600), variance within 5 sqrt(2 / 600) (6e-7 each).
    rng = np.random.default_rng(6)
    n, shots, calibration_shots = 5, 2000, 400
    up, down = flips(n)
    confusion = ReadoutErrors(up, down).weight_confusion()
    half = confusion @ stats.binom.pmf(np.arange(n + 1), n, 0.5)
    ground = confusion[:, 0]
    pulls = []
    for _ in range(600):
        readout = estimate_readout_errors(
            rng.binomial(calibration_shots, up),
            rng.binomial(calibration_shots, 1.0 - down),
            shots_of_zeros=calibration_shots,
            shots_of_ones=calibration_shots,
        )
        x, y, z = (rng.multinomial(shots, p) for p in (half, half, ground))
        value, error = mitigate_total_spin_squared(x, y, z, readout)
        pulls.append(float((value - 8.75) / error))
    assert abs(np.mean(pulls)) < 5.0 / math.sqrt(600) + 0.1
    assert abs(np.var(pulls) - 1.0) < 5.0 * math.sqrt(2.0 / 600) + 0.05


def test_error_of_the_calibration_is_counted() -> None:
    counts = np.array([[4000, 96, 0]])
    exact = mitigate_mean(counts, [0, 1, 2], ReadoutErrors([0.02] * 2, [0.02] * 2))
    known = ReadoutErrors([0.02] * 2, [0.02] * 2, [0.01] * 2, [0.0] * 2)
    value, error = mitigate_mean(counts, [0, 1, 2], known)
    assert value == exact[0]
    # d<k>/d(flip_up of one qubit) = -(1 - <k>/2) / (1 - up - down) for identical qubits
    slope = (1.0 - value[0] / 2.0) / 0.96
    assert error[0] ** 2 - exact[1][0] ** 2 == pytest.approx(2 * (0.01 * slope) ** 2, rel=0.02)


def test_without_readout_errors_nothing_changes() -> None:
    rng = np.random.default_rng(4)
    counts = rng.multinomial(1000, [0.1, 0.2, 0.3, 0.4], size=3)
    arguments = {
        "level_splitting": 2.0,
        "times": [0.0, 0.5, 1.0],
        "counts_y": counts[:, ::-1],
        "drive_values": [0.0, 1.0, -2.0],
    }
    raw = estimate_metrics(counts, **arguments)
    mitigated = mitigate_metrics(counts, ReadoutErrors(np.zeros(3), np.zeros(3)), **arguments)
    assert list(mitigated) == list(raw)
    for name, (values, errors) in raw.items():
        loose = name in ("diagonal_entropy", "energy_fluctuation")
        np.testing.assert_allclose(mitigated[name][0], values, atol=5e-3 if loose else 1e-12)
        np.testing.assert_allclose(mitigated[name][1], errors, rtol=0.25 if loose else 1e-3)


def test_few_shots_leave_no_bias() -> None:
    # No readout errors: Sigma^2 is the unbiased sample variance but for the unseen shot and what
    # few shots add to the error of the mean, and S as free of bias as the jackknife.
    counts = np.array([[3, 9, 8, 5]])
    arguments = {"level_splitting": 1.0, "times": [1.0]}
    raw = estimate_metrics(counts, **arguments)
    mitigated = mitigate_metrics(counts, ReadoutErrors(np.zeros(3), np.zeros(3)), **arguments)
    excess = mitigated["energy_fluctuation"][0] ** 2 - raw["energy_fluctuation"][0] ** 2
    widened = raw["energy_fluctuation"][0] ** 2 * (24.0 / 23.0 - 1.0) / 25.0
    assert excess == pytest.approx(1.0 / 26.0**2 + widened, rel=1e-9)
    plug_in = stats.entropy(counts[0], base=2.0)
    correction = raw["diagonal_entropy"][0] - plug_in
    assert correction > 0.08
    assert mitigated["diagonal_entropy"][0] - plug_in == pytest.approx(correction, rel=0.25)


@pytest.mark.parametrize("shots", [1, 2, 4096])
def test_certain_records_keep_an_error(shots: int) -> None:
    readout = ReadoutErrors(np.full(4, 0.01), np.full(4, 0.03))
    mitigated = mitigate_metrics([[shots, 0, 0, 0, 0]], readout, level_splitting=1.0, times=[1.0])
    for name, (_, errors) in mitigated.items():
        assert (errors > 1.0 / (shots + 2.0)).all(), name


@given(hnp.arrays(np.float64, (3, 5), elements=st.floats(-2.0, 2.0)))
def test_nearest_distribution_against_a_general_solver(quasi: np.ndarray) -> None:
    result = nearest_distribution(quasi)
    assert (result >= 0.0).all()
    np.testing.assert_allclose(result.sum(axis=-1), 1.0, atol=1e-12)
    # non-negative least squares with the sum as a heavily weighted equation
    for row, nearest in zip(quasi, result, strict=True):
        shifted = row + (1.0 - row.sum()) / row.size  # same projection, well scaled
        system = np.vstack([np.eye(row.size), np.full((1, row.size), 1e4)])
        expected, _ = optimize.nnls(system, np.r_[shifted, 1e4])
        np.testing.assert_allclose(nearest, expected, atol=1e-5)


@given(hnp.arrays(np.float64, 6, elements=st.floats(0.0, 1.0)).filter(lambda p: p.sum() > 0.1))
def test_a_distribution_is_its_own_nearest(p: np.ndarray) -> None:
    p = p / p.sum()
    np.testing.assert_allclose(nearest_distribution(p), p, atol=1e-14)


GOOD = ReadoutErrors([0.01, 0.02], [0.03, 0.04])


@pytest.mark.parametrize(
    ("counts", "readout", "message"),
    [
        ([[1, 2]], GOOD, "`counts` must have 3 entries on the last axis for the 2 qubits"),
        ([[1, 2, -1]], GOOD, "`counts` must not be negative"),
        (
            [[1] * 13],
            ReadoutErrors(np.full(12, 0.45), np.full(12, 0.45)),
            "`readout` must be good enough to be inverted",
        ),
    ],
)
def test_bad_input(counts: object, readout: ReadoutErrors, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        mitigate_mean(counts, np.arange(len(counts[0])), readout)


def test_bad_readout_type() -> None:
    with pytest.raises(TypeError, match="`readout` must be ReadoutErrors, got float"):
        mitigate_mean([[1, 2, 3]], [0, 1, 2], 0.02)


def test_quasi_must_be_finite() -> None:
    with pytest.raises(ValueError, match="`quasi` must be finite, got nan"):
        nearest_distribution([0.5, np.nan])


@pytest.mark.parametrize("quasi", [[], 1.0])
def test_quasi_must_have_entries(quasi: object) -> None:
    with pytest.raises(ValueError, match="`quasi` must have at least one entry on its last axis"):
        nearest_distribution(quasi)


def test_values_must_be_as_many_numbers_as_weights() -> None:
    with pytest.raises(TypeError, match="`values` must be an array of real numbers, got"):
        mitigate_mean([[1, 2, 3]], ["a", "b", "c"], GOOD)
    with pytest.raises(ValueError, match=r"`values` must have the shape \(3,\), got \(2,\)"):
        mitigate_mean([[1, 2, 3]], [0.0, 1.0], GOOD)
