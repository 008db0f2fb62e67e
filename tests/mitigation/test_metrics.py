from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from rzqiskit.estimation import estimate_total_spin_squared
from rzqiskit.mitigation import ReadoutErrors, extrapolate_metrics, guide_noise

# Cells in a product state, each depolarised by exp(-c x): measured along an axis where the pure
# cell has the mean a, the Hamming weight is binomial with p = (1 + a exp(-c x)) / 2. Everything is
# known by hand.
N, DELTA = 6, 1.5
AXES = {"x": 0.48, "y": 0.36, "z": 0.8}  # a unit vector
FACTORS = np.array([1.0, 3.0, 5.0])
ENERGY = DELTA * N * (1.0 + AXES["z"]) / 2.0
SIGMA = DELTA * math.sqrt(N * (1.0 - AXES["z"] ** 2)) / 2.0


def pmf(axis: str, rate: float) -> np.ndarray:
    excited = (1.0 + AXES[axis] * np.exp(-rate * FACTORS)) / 2.0
    return stats.binom.pmf(np.arange(N + 1), N, excited[:, np.newaxis])


def test_exact_for_exponential_decay() -> None:
    rate = 0.1
    counts = {
        axis: np.rint(1e10 * pmf(axis, rate)).astype(np.int64)[:, np.newaxis] for axis in "zy"
    }
    result = extrapolate_metrics(
        FACTORS,
        counts["z"],
        level_splitting=DELTA,
        times=[0.5],
        counts_y=counts["y"],
        drive_values=[-2.0],
    )
    assert result["stored_energy"][0] == pytest.approx(ENERGY, rel=1e-5)
    assert result["average_power"][0] == pytest.approx(ENERGY / 0.5, rel=1e-5)
    assert result["energy_fluctuation"][0] == pytest.approx(SIGMA, rel=1e-4)
    power = DELTA * -2.0 * N * AXES["y"] / 2.0
    assert result["instantaneous_power"][0] == pytest.approx(power, rel=1e-5)


# 2000 pulls: mean within 5 / sqrt(2000) = 0.11, variance within 5 sqrt(2 / 2000) = 0.16 (false
# alarm rate 6e-7 each). 0.1 more for what is not linear; a readout error counted as independent
# or Sigma's root make an error bar too large, not too small.
@pytest.mark.parametrize("method", ["exponential", "quadratic"])
@pytest.mark.parametrize("with_readout", [False, True])
def test_coverage(method: str, with_readout: bool) -> None:
    rng = np.random.default_rng(31)
    rate, shots, times = 0.06, 8192, np.arange(1.0, 2001.0)
    p = {axis: pmf(axis, rate) for axis in "zy"}
    readout = None
    if with_readout:
        readout = ReadoutErrors(np.full(N, 0.01), np.full(N, 0.04))
        p = {axis: q @ readout.weight_confusion().T for axis, q in p.items()}
    counts = {
        axis: np.stack([rng.multinomial(shots, row, size=times.size) for row in q])
        for axis, q in p.items()
    }
    result = extrapolate_metrics(
        FACTORS,
        counts["z"],
        level_splitting=DELTA,
        times=times,
        counts_y=counts["y"],
        drive_values=np.ones(times.size),
        readout=readout,
        method=method,
    )
    truths = {
        "stored_energy": ENERGY,
        "energy_fluctuation": SIGMA,
        "instantaneous_power": DELTA * N * AXES["y"] / 2.0,
    }
    for name, truth in truths.items():
        value, error = result[name]
        pull = (value - truth) / error
        # a parabola through exp(-0.06 x) misses by less than half an error
        assert abs(pull.mean()) < 0.11 + (0.15 if method == "exponential" else 0.5), name
        assert -0.3 < pull.var() - 1.0 < 0.16 + 0.1, name


def test_guided_by_the_total_spin() -> None:
    # Noise of unknown strength for each circuit; X, Y and Z counts tell it. Z counts serve both
    # the guide and E, which the error neglects: the pulls must cover all the same.
    rng = np.random.default_rng(32)
    rate, shots, repeats = 0.1, 20_000, 400
    counts = {
        axis: np.stack([rng.multinomial(shots, row, size=repeats) for row in pmf(axis, rate)])
        for axis in "xyz"
    }
    spin, spin_error = estimate_total_spin_squared(counts["x"], counts["y"], counts["z"])
    noise, noise_error = guide_noise(spin, spin_error, ideal=N / 2 * (N / 2 + 1), mixed=0.75 * N)
    # pairs decay twice as fast as single qubits
    np.testing.assert_allclose(noise.mean(axis=1), 2.0 * rate * FACTORS, atol=0.02)
    result = extrapolate_metrics(
        noise,
        counts["z"],
        level_splitting=DELTA,
        times=np.arange(1.0, repeats + 1.0),
        noise_stderr=noise_error,
    )
    for name, truth in (("stored_energy", ENERGY), ("energy_fluctuation", SIGMA)):
        value, error = result[name]
        pull = (value - truth) / error
        # 5 sigma of 400 pulls: 0.25 and 0.35
        assert abs(pull.mean()) < 0.25 + 0.2, name
        assert -0.9 < pull.var() - 1.0 < 0.35, name


def test_errors_of_the_guide_reach_the_fluctuation() -> None:
    # Against finite differences in each noise factor, where shots are practically infinite.
    counts = np.rint(1e12 * pmf("z", 0.1)).astype(np.int64)[:, np.newaxis]
    arguments = {"level_splitting": DELTA, "times": [1.0]}
    spread = np.array([0.02, 0.05, 0.1])
    result = extrapolate_metrics(FACTORS, counts, noise_stderr=spread, **arguments)
    changes = {"stored_energy": [], "energy_fluctuation": []}
    for index in range(3):
        ends = []
        for sign in (1.0, -1.0):
            # the same effective weights, a shifted abscissa
            shifted = FACTORS + sign * 1e-3 * spread * np.eye(3)[index]
            ends.append(extrapolate_metrics(shifted, counts, noise_stderr=spread, **arguments))
        for name, list_of in changes.items():
            list_of.append((ends[0][name][0][0] - ends[1][name][0][0]) / 2e-3)
    for name, list_of in changes.items():
        assert result[name][1][0] == pytest.approx(math.hypot(*list_of), rel=0.05), name


def test_square_of_the_mean_leaves_no_bias() -> None:
    # 200 shots, no noise: the mean of 20000 values of Sigma^2 within 5 sigma (6e-7).
    rng = np.random.default_rng(33)
    p = stats.binom.pmf(np.arange(N + 1), N, 0.6)
    counts = rng.multinomial(200, p, size=(2, 20_000))
    result = extrapolate_metrics(
        [1, 3], counts, level_splitting=1.0, times=np.arange(1.0, 20_001.0), method="linear"
    )
    square = result["energy_fluctuation"][0] ** 2
    # an unseen shot, 2.5 / 201^2, is all that the correction is too large by
    assert abs(square.mean() - 1.44) < 5.0 * square.std() / np.sqrt(20_000) + 1e-4


def test_mitigated_errors_are_larger_than_raw_ones() -> None:
    counts = np.rint(4096 * pmf("z", 0.1)).astype(np.int64)[:, np.newaxis]
    arguments = {"level_splitting": DELTA, "times": [1.0]}
    k = np.arange(N + 1)
    mean = counts[0, 0] @ k / counts[0, 0].sum()
    raw = DELTA * math.sqrt((counts[0, 0] @ (k - mean) ** 2) / counts[0, 0].sum() ** 2)
    errors = [
        extrapolate_metrics(FACTORS, counts, method=method, **arguments)["stored_energy"][1][0]
        for method in ("linear", "exponential", "quadratic")
    ]
    assert raw < errors[0] < errors[2]
    assert raw < errors[1] < errors[2]


def test_negative_variance_becomes_zero_with_an_error() -> None:
    # the fluctuation grows so fast with the noise that it extrapolates below zero
    counts = [[[0, 0, 50, 950]], [[20, 180, 400, 400]]]
    result = extrapolate_metrics([1, 3], counts, level_splitting=1.0, times=[1.0], method="linear")
    sigma, error = result["energy_fluctuation"]
    assert sigma == 0.0
    assert error > 0.05
    assert "instantaneous_power" not in result


@pytest.mark.parametrize("excited", [0.0, 1e-3, 1e-2])
def test_a_fluctuation_near_zero_has_an_honest_error(excited: float) -> None:
    rng = np.random.default_rng(12)
    n, factors, runs = 4, np.array([1.0, 3.0, 5.0]), 400
    # Cells that depolarise independently: exponentials of <m> and <m^2>.
    left = 0.5 + (excited - 0.5) * np.exp(-0.05 * factors)
    counts = np.array(
        [rng.multinomial(2000, stats.binom.pmf(np.arange(n + 1), n, p), size=runs) for p in left]
    )
    sigma, error = extrapolate_metrics(
        factors, counts, level_splitting=1.0, times=np.arange(1.0, runs + 1.0)
    )["energy_fluctuation"]
    pulls = (sigma - np.sqrt(n * excited * (1.0 - excited))) / error
    # One sigma of a root mean square of 400: 0.035, twice that where half of them are 0.
    assert 0.55 < np.sqrt(np.mean(pulls**2)) < 1.25


COUNTS = np.full((3, 2, 4), 10)


@pytest.mark.parametrize(
    ("factors", "counts", "changes", "message"),
    [
        (
            FACTORS,
            COUNTS[0],
            {},
            r"`counts` must have the shape \(num_factors, num_times, N \+ 1\)",
        ),
        (FACTORS, COUNTS[:, :1], {}, "with num_times = 2, got"),
        (FACTORS[:2], COUNTS, {}, r"`noise_factors` must have the shape \(3,\)"),
        (FACTORS, COUNTS, {"counts_y": COUNTS}, "must go together, got no drive_values"),
        (FACTORS, COUNTS, {"drive_values": [1, 1]}, "must go together, got no counts_y"),
        (
            FACTORS,
            COUNTS,
            {"counts_y": COUNTS[..., :3], "drive_values": [1.0, 1.0]},
            "`counts_y` must have the shape of `counts`",
        ),
        (
            FACTORS,
            COUNTS,
            {"counts_y": COUNTS, "drive_values": [1.0, np.nan]},
            "`drive_values` must be finite, got nan",
        ),
        (
            FACTORS,
            COUNTS,
            {"counts_y": COUNTS, "drive_values": [1.0]},
            r"`drive_values` must have the shape \(2,\), got \(1,\)",
        ),
        (
            FACTORS,
            COUNTS,
            {"readout": ReadoutErrors([0.1], [0.1])},
            "`counts` must have 2 entries on the last axis for the 1 qubits",
        ),
    ],
)
def test_bad_input(
    factors: np.ndarray, counts: np.ndarray, changes: dict[str, object], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        extrapolate_metrics(factors, counts, level_splitting=1.0, times=[0.5, 1.0], **changes)


def test_bad_types() -> None:
    with pytest.raises(TypeError, match="`drive_values` must be an array of real numbers, got"):
        extrapolate_metrics(
            FACTORS, COUNTS, level_splitting=1.0, times=[0.5, 1.0], counts_y=COUNTS,
            drive_values=["a", "b"],
        )  # fmt: skip
