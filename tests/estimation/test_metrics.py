from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import stats

from rzqiskit.estimation import estimate_metrics, estimate_total_spin_squared
from rzqiskit.metrics import diagonal_entropy, energy_fluctuation, stored_energy

REPETITIONS = 3000


def pulls(num_qubits: int, shots: int, excited: float) -> dict[str, np.ndarray]:
    """(estimate - truth) / error of every metric, `REPETITIONS` independent records.

    The truth is that of the binomial distribution as scipy knows it. The repetitions stand in the
    place of times; the drive is 1.
    """
    rng = np.random.default_rng([num_qubits, shots, int(1e6 * excited)])
    binomial = stats.binom(num_qubits, excited)
    pmf = binomial.pmf(np.arange(num_qubits + 1))
    times = np.arange(1.0, REPETITIONS + 1.0)
    estimates = estimate_metrics(
        rng.multinomial(shots, pmf, size=REPETITIONS),
        level_splitting=1.5,
        times=times,
        counts_y=rng.multinomial(shots, pmf, size=REPETITIONS),
        drive_values=np.ones(REPETITIONS),
    )
    energy = 1.5 * binomial.mean()
    truths = {
        "stored_energy": energy,
        "average_power": energy / times,
        "instantaneous_power": energy - 0.75 * num_qubits,
        "energy_fluctuation": 1.5 * binomial.std(),
        "diagonal_entropy": float(stats.entropy(pmf, base=2.0)),
    }
    result = {
        name: (estimates[name][0] - truth) / estimates[name][1] for name, truth in truths.items()
    }
    population, error = estimates["population"]
    for level in range(num_qubits + 1):
        result[f"population {level}"] = (population[:, level] - pmf[level]) / error[:, level]
    return result


# Mean and variance of 3000 normal pulls scatter by 1/sqrt(3000) = 0.018 and sqrt(2/3000) = 0.026;
# the bounds are 5 of these, so a right error bar fails a check with probability 6e-7 (about
# 5e-5 over the whole table). A skew of the counts shifts the mean pull by -skew / 2 sqrt(n): below
# 0.02 here, allowed for by 0.03.
@pytest.mark.parametrize(
    ("num_qubits", "shots", "excited"),
    [(1, 4096, 0.2), (4, 4096, 0.3), (4, 16384, 0.1), (10, 4096, 0.5), (14, 16384, 0.7)],
)
def test_coverage_of_the_error_bars(num_qubits: int, shots: int, excited: float) -> None:
    for name, pull in pulls(num_qubits, shots, excited).items():
        if name.startswith("population"):
            level = int(name.split()[1])
            if shots * stats.binom.pmf(level, num_qubits, excited) < 100:
                continue  # the edges: next test
        assert abs(pull.mean()) < 5.0 / np.sqrt(REPETITIONS) + 0.03, name
        assert abs(pull.var() - 1.0) < 5.0 * np.sqrt(2.0 / REPETITIONS) + 0.02, name


# Near the edges a count is 0, 1, 2, ..: no error bar has normal pulls. What is asked for is that
# it covers: mean square pull at most 1.15 (1.152 is the exact worst case of a population, at five
# expected counts of many) plus 5 sigma of its scatter over the repetitions.
@pytest.mark.parametrize("num_qubits", [1, 4, 10])
@pytest.mark.parametrize("shots", [256, 4096])
@pytest.mark.parametrize("expected_excitations", [0.0, 0.2, 1.0, 3.0, 10.0])
@pytest.mark.parametrize("full", [False, True])
def test_error_bars_cover_at_the_edges(
    num_qubits: int, shots: int, expected_excitations: float, full: bool
) -> None:
    excited = expected_excitations / (shots * num_qubits)
    for name, pull in pulls(num_qubits, shots, 1.0 - excited if full else excited).items():
        square = pull**2
        scatter = square.std() / np.sqrt(REPETITIONS)
        assert square.mean() < 1.15 + 5.0 * scatter + 0.1, name
        assert abs(pull.mean()) < 0.35 + 5.0 * pull.std() / np.sqrt(REPETITIONS), name


@given(
    hnp.arrays(np.int64, (2, 5), elements=st.integers(0, 1000)).filter(
        lambda c: (c.sum(axis=-1) > 1).all()
    )
)
def test_values_agree_with_the_metrics_of_the_populations(counts: np.ndarray) -> None:
    shots = counts.sum(axis=-1)
    estimates = estimate_metrics(counts, level_splitting=2.0, times=[0.0, 0.5])
    p, _ = estimates["population"]
    energy = stored_energy(p, 2.0)
    np.testing.assert_allclose(estimates["stored_energy"][0], energy, atol=1e-12)
    np.testing.assert_allclose(estimates["average_power"][0], [0.0, energy[1] / 0.5], atol=1e-12)
    bessel = np.sqrt(shots / (shots - 1))
    sigma = bessel * energy_fluctuation(p, 2.0)
    np.testing.assert_allclose(estimates["energy_fluctuation"][0], sigma, atol=1e-9)
    # the correction of the bias only adds, and no more than the levels can hide
    correction = estimates["diagonal_entropy"][0] - diagonal_entropy(p)
    assert (correction > -1e-12).all()
    assert (correction < 4 * 1.5 / (shots - 1) / np.log(2.0) + 1e-12).all()
    for name, (_, stderr) in estimates.items():
        positive = stderr[1:] if name == "average_power" else stderr
        assert (positive > 0.0).all(), name


@given(st.floats(0.01, 100.0))
def test_scales_with_the_unit_of_energy(unit: float) -> None:
    counts = np.array([[90, 10, 0], [20, 30, 50]])
    arguments = {"counts_y": counts, "drive_values": [1.0, -2.0]}
    one = estimate_metrics(counts, level_splitting=1.0, times=[0.1, 0.2], **arguments)
    scaled = estimate_metrics(counts, level_splitting=unit, times=[0.1, 0.2], **arguments)
    for name in one:
        factor = 1.0 if name in ("population", "diagonal_entropy") else unit
        for a, b in zip(scaled[name], one[name], strict=True):
            np.testing.assert_allclose(a, factor * b, rtol=1e-12)


def test_unequal_shots_and_what_is_known_without_measuring() -> None:
    counts = np.array([[64, 0, 0], [100, 200, 100], [1, 0, 0]])
    estimates = estimate_metrics(
        counts,
        level_splitting=1.0,
        times=[0.0, 0.5, 1.0],
        counts_y=counts[:, ::-1],
        drive_values=[0.0, 3.0, -3.0],
    )
    power, power_error = estimates["average_power"]
    assert (power[0], power_error[0]) == (0.0, 0.0)
    instantaneous, error = estimates["instantaneous_power"]
    assert (instantaneous[0], error[0]) == (0.0, 0.0)
    # k - N/2 = +1 for the single shot, times Delta f = -3
    assert instantaneous[2] == -3.0
    assert error[2] == pytest.approx(3.0 * 1.0)
    energy_error = estimates["stored_energy"][1]
    assert energy_error == pytest.approx([1 / 65, np.hypot(np.sqrt(0.5 / 398), 1 / 401), 1.0])


@pytest.mark.parametrize("num_qubits", [1, 2, 7])
def test_total_spin_of_symmetric_and_of_mixed_states(num_qubits: int) -> None:
    # A coherent state along z is binomial with 1/2 in X and Y: J^2 = N/2 (N/2 + 1). The fully
    # mixed state of the cells is binomial with 1/2 in every basis: J^2 = 3 N / 4.
    # 5 sigma: false alarm rate 6e-7 a check.
    rng = np.random.default_rng(num_qubits)
    half = stats.binom.pmf(np.arange(num_qubits + 1), num_qubits, 0.5)
    ground = np.eye(num_qubits + 1)[0]
    x, y, mixed = (rng.multinomial(4096, half, size=50) for _ in range(3))
    spin = num_qubits / 2
    for z, truth in (
        (rng.multinomial(4096, ground, size=50), spin * (spin + 1.0)),
        (mixed, 0.75 * num_qubits),
    ):
        value, error = estimate_total_spin_squared(x, y, z)
        combined = np.sqrt(np.sum(error**2)) / 50
        assert abs(value.mean() - truth) <= 5.0 * combined + 1e-12
        # one cell has J^2 = 3/4 whatever is measured, without error
        assert ((error > 0.0) == (num_qubits > 1)).all()


GOOD = np.array([[5, 5, 0], [1, 8, 1]])


@pytest.mark.parametrize(
    ("counts", "changes", "message"),
    [
        (GOOD[0], {}, r"`counts` must have the shape \(num_times, N \+ 1\) with num_times = 2"),
        (GOOD, {"times": [0.0, 0.5, 1.0]}, "with num_times = 3"),
        (GOOD, {"level_splitting": -1.0}, "`level_splitting` must not be negative"),
        (GOOD, {"counts_y": GOOD}, "`drive_values` must be given with `counts_y`, got None"),
        (GOOD, {"drive_values": [1, 1]}, "`counts_y` must be given with `drive_values`, got None"),
        (
            GOOD,
            {"counts_y": GOOD[:, :2], "drive_values": [1.0, 1.0]},
            r"`counts_y` must have the shape of `counts`, \(2, 3\), got \(2, 2\)",
        ),
        (
            GOOD,
            {"counts_y": GOOD, "drive_values": [1.0]},
            r"`drive_values` must have the shape \(2,\)",
        ),
        (
            GOOD,
            {"counts_y": GOOD, "drive_values": [1.0, np.inf]},
            "`drive_values` must be finite, got inf",
        ),
    ],
)
def test_bad_input(counts: np.ndarray, changes: dict[str, object], message: str) -> None:
    arguments = {"level_splitting": 1.0, "times": [0.0, 0.5], **changes}
    with pytest.raises(ValueError, match=message):
        estimate_metrics(counts, **arguments)


def test_bad_drive_values_type() -> None:
    with pytest.raises(TypeError, match="`drive_values` must be an array of real numbers"):
        estimate_metrics(
            GOOD, level_splitting=1.0, times=[0, 1], counts_y=GOOD, drive_values=["a", "b"]
        )


def test_total_spin_needs_one_shape() -> None:
    with pytest.raises(ValueError, match="`counts_x` must have the shape of `counts_z`"):
        estimate_total_spin_squared(GOOD[:, :2], GOOD, GOOD)
