"""Readout mitigation by mthree, against the full tensor product and against our own inversion.

mthree computes its matrices in single precision, which the tolerances allow for.
"""

from __future__ import annotations

import sys
from math import comb

import mthree
import numpy as np
import pytest

from rzqiskit.mitigation import (
    CorrectedCounts,
    MissingPackageError,
    ReadoutErrors,
    correct_by_mthree,
    estimate_readout_errors,
    extrapolate_metrics,
    mitigate_mean,
    mitigate_metrics,
    mitigate_total_spin_squared,
)

N = 4
UP = np.array([0.01, 0.03, 0.002, 0.05])
DOWN = np.array([0.04, 0.02, 0.09, 0.06])
READOUT = ReadoutErrors(UP, DOWN)
WEIGHTS = np.array([outcome.bit_count() for outcome in range(2**N)])
K = np.arange(N + 1)


def confusion(up: np.ndarray = UP, down: np.ndarray = DOWN) -> np.ndarray:
    """The full tensor product, entry by entry: bit i of an outcome is qubit i."""
    matrix = np.ones((2**N, 2**N))
    for read in range(2**N):
        for true in range(2**N):
            for bit in range(N):
                flip = down[bit] if true >> bit & 1 else up[bit]
                matrix[read, true] *= flip if (read ^ true) >> bit & 1 else 1.0 - flip
    return matrix


def symmetric(p: np.ndarray) -> np.ndarray:
    return np.array([p[weight] / comb(N, weight) for weight in WEIGHTS])


def as_outcomes(numbers: np.ndarray) -> dict[int, int]:
    return {outcome: int(number) for outcome, number in enumerate(numbers) if number}


def test_all_outcomes_seen_give_the_full_inversion() -> None:
    # Any state: nothing symmetric about it.
    p = np.random.default_rng(3).dirichlet(np.ones(2**N))
    numbers = np.rint(1e9 * confusion() @ p)
    corrected = correct_by_mthree(as_outcomes(numbers), READOUT)
    for values in (K, K**2, np.array([1.0, 0.0, 0.0, 0.0, -3.0])):
        mean, _ = mitigate_mean(corrected, values, READOUT)
        assert mean == pytest.approx(values[WEIGHTS] @ p, abs=3e-6)


def test_it_needs_no_symmetry_and_the_weights_do() -> None:
    # One cell full, the one that is read worst.
    p = np.zeros(2**N)
    p[0b0100] = 1.0
    numbers = np.rint(1e9 * confusion() @ p)
    weights = np.bincount(WEIGHTS, weights=numbers).astype(np.int64)
    corrected = correct_by_mthree(as_outcomes(numbers), READOUT)
    assert mitigate_mean(corrected, K, READOUT)[0] == pytest.approx(1.0, abs=1e-6)
    assert mitigate_mean(weights, K, READOUT)[0] < 0.99


def test_it_is_what_mthree_says() -> None:
    rng = np.random.default_rng(5)
    numbers = rng.multinomial(300, confusion() @ symmetric(np.array([0.5, 0.3, 0.2, 0.0, 0.0])))
    outcomes = as_outcomes(numbers)
    assert 5 < len(outcomes) < 16  # a part of all
    mitigation = mthree.M3Mitigation(None)
    mitigation.cals_from_matrices(
        [np.array([[1 - up, down], [up, 1 - down]]) for up, down in zip(UP, DOWN, strict=True)]
    )
    strings = {f"{outcome:04b}": number for outcome, number in outcomes.items()}
    quasi = mitigation.apply_correction(strings, range(N), distance=N, method="direct")
    expected = sum(value * string.count("1") for string, value in quasi.items())
    corrected = correct_by_mthree(outcomes, READOUT)
    assert mitigate_mean(corrected, K, READOUT)[0] == pytest.approx(expected, abs=1e-6)


def test_it_agrees_with_our_inversion_on_symmetric_states() -> None:
    """Two estimates from the same shots: they differ by less than the shots' own error."""
    rng = np.random.default_rng(8)
    times = np.linspace(0.1, 1.0, 6)
    true = np.stack([rng.dirichlet(np.ones(N + 1)) for _ in times])
    records = [rng.multinomial(4096, confusion() @ symmetric(p)) for p in true]
    counts = np.stack([np.bincount(WEIGHTS, weights=row) for row in records]).astype(np.int64)
    corrected = CorrectedCounts.stack(
        [correct_by_mthree(as_outcomes(row), READOUT) for row in records]
    )
    np.testing.assert_array_equal(corrected.counts, counts)
    known = {"level_splitting": 1.3, "times": times, "drive_values": np.cos(times)}
    ours = mitigate_metrics(counts, READOUT, counts_y=counts, **known)
    theirs = mitigate_metrics(corrected, READOUT, counts_y=corrected, **known)
    assert ours.keys() == theirs.keys()
    for name, (value, error) in ours.items():
        other, other_error = theirs[name]
        assert (np.abs(value - other) < 0.3 * error).all(), name
        # that of the entropy is a bootstrap's
        tolerance = 0.25 if name == "diagonal_entropy" else 0.1
        np.testing.assert_allclose(other_error, error, rtol=tolerance, err_msg=name)
    assert not np.array_equal(ours["stored_energy"][0], theirs["stored_energy"][0])
    spin = mitigate_total_spin_squared(corrected, corrected, corrected, READOUT)
    expected = mitigate_total_spin_squared(counts, counts, counts, READOUT)
    np.testing.assert_allclose(spin[0], expected[0], atol=0.3 * expected[1].min())
    np.testing.assert_allclose(spin[1], expected[1], rtol=0.1)


def test_extrapolation_takes_it() -> None:
    # Cells depolarised by exp(-c x), as in test_metrics: everything is known by hand.
    factors, rate, polarisation = np.array([1.0, 3.0]), 0.1, 0.8
    records = []
    for factor in factors:
        full = (1.0 + polarisation * np.exp(-rate * factor)) / 2.0
        p = np.array([comb(N, k) * full**k * (1.0 - full) ** (N - k) for k in K])
        numbers = np.rint(1e9 * confusion() @ symmetric(p))
        records.append(correct_by_mthree(as_outcomes(numbers), READOUT))
    runs = CorrectedCounts.stack(records, (2, 1))
    result = extrapolate_metrics(
        factors, runs, level_splitting=1.0, times=[1.0], counts_y=runs, drive_values=[2.0],
        readout=READOUT,
    )  # fmt: skip
    assert result["stored_energy"][0] == pytest.approx(N * (1 + polarisation) / 2, abs=1e-5)
    sigma = np.sqrt(N * (1 - polarisation**2)) / 2
    assert result["energy_fluctuation"][0] == pytest.approx(sigma, abs=1e-5)
    with pytest.raises(ValueError, match="`readout` must be given with `CorrectedCounts`"):
        extrapolate_metrics(factors, runs, level_splitting=1.0, times=[1.0])


def test_coverage_with_a_measured_calibration() -> None:
    """Shots and calibration drawn anew 1500 times; strings that were not seen bias nothing.

    5 sigma: mean of the pulls within 5 / sqrt(1500) = 0.13, variance within
    5 sqrt(2 / 1500) = 0.18; false alarm 6e-7 each. 0.1 more for what is not linear.
    """
    rng = np.random.default_rng(12)
    p = np.array([0.05, 0.15, 0.2, 0.35, 0.25])
    read = confusion() @ symmetric(p)
    shots, calibration_shots = 2000, 1000
    pulls = {"mean": [], "square": []}
    for _ in range(1500):
        readout = estimate_readout_errors(
            rng.binomial(calibration_shots, UP), rng.binomial(calibration_shots, 1.0 - DOWN),
            shots_of_zeros=calibration_shots, shots_of_ones=calibration_shots,
        )  # fmt: skip
        corrected = correct_by_mthree(as_outcomes(rng.multinomial(shots, read)), readout)
        for name, values in (("mean", K), ("square", K**2)):
            mean, error = mitigate_mean(corrected, values, readout)
            pulls[name].append((mean - values @ p) / error)
    for name, found in pulls.items():
        assert abs(np.mean(found)) < 0.13 + 0.1, name
        assert -0.2 < np.var(found) - 1.0 < 0.18 + 0.1, name


def test_errors(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ValueError, match="`outcomes` must hold at least one shot, got none"):
        correct_by_mthree({3: 0}, READOUT)
    with pytest.raises(ValueError, match=r"`outcomes` must be numbers of 4 bits .* got 16"):
        correct_by_mthree({16: 1}, READOUT)
    with pytest.raises(TypeError, match="`readout` must be ReadoutErrors, got float"):
        correct_by_mthree({1: 1}, 0.1)  # type: ignore[arg-type]
    wide = ReadoutErrors(np.full(14, 0.01), np.full(14, 0.01))
    with pytest.raises(ValueError, match="at most 8192 different ones for mthree, got 9000"):
        correct_by_mthree(dict.fromkeys(range(9000), 1), wide)
    with pytest.raises(ValueError, match=r"`inverse` must have the shape \(2, 2\), got \(3, 3\)"):
        CorrectedCounts([3, 4], np.eye(3))
    with pytest.raises(ValueError, match="`inverse` must be finite, got nan"):
        CorrectedCounts([3, 4], np.full((2, 2), np.nan))
    monkeypatch.setitem(sys.modules, "mthree", None)
    with pytest.raises(MissingPackageError, match=r'pip install "rzqiskit\[mitigation\]"'):
        correct_by_mthree({1: 1}, READOUT)


def test_outcomes_and_shots_are_integers() -> None:
    with pytest.raises(TypeError, match=r"`outcomes` must be an integer, got 2\.7"):
        correct_by_mthree({0: 2.7}, READOUT)
    with pytest.raises(TypeError, match="`outcomes` must be a mapping, got list"):
        correct_by_mthree([1, 2], READOUT)
