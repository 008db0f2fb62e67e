from __future__ import annotations

import itertools
import math
from functools import reduce

import numpy as np
import pytest
from scipy import stats

from rzqiskit.mitigation import ReadoutErrors, estimate_readout_errors


def confusion_over_bit_strings(up: list[float], down: list[float]) -> np.ndarray:
    """A[j, k] by brute force over all 2^N true and read strings."""
    size = len(up)
    full = reduce(
        np.kron, [np.array([[1 - u, d], [u, 1 - d]]) for u, d in zip(up, down, strict=True)]
    )
    weight = np.array([sum(bits) for bits in itertools.product((0, 1), repeat=size)])
    matrix = np.zeros((size + 1, size + 1))
    for k in range(size + 1):
        state = (weight == k) / math.comb(size, k)
        matrix[:, k] = np.bincount(weight, weights=full @ state, minlength=size + 1)
    return matrix


UP, DOWN = [0.01, 0.0, 0.2, 0.03, 0.05], [0.02, 0.1, 0.3, 0.0, 0.04]


@pytest.mark.parametrize("size", [1, 2, 5])
def test_confusion_of_weights_against_all_bit_strings(size: int) -> None:
    expected = confusion_over_bit_strings(UP[:size], DOWN[:size])
    result = ReadoutErrors(UP[:size], DOWN[:size]).weight_confusion()
    np.testing.assert_allclose(result, expected, atol=1e-14)


def test_confusion_of_equal_qubits_is_a_convolution_of_binomials() -> None:
    n, up, down = 60, 0.02, 0.07
    matrix = ReadoutErrors(np.full(n, up), np.full(n, down)).weight_confusion()
    np.testing.assert_allclose(matrix.sum(axis=0), 1.0, rtol=1e-12)
    for k in (0, 13, 60):
        expected = np.convolve(
            stats.binom.pmf(np.arange(n - k + 1), n - k, up),
            stats.binom.pmf(np.arange(k + 1), k, 1.0 - down),
        )
        np.testing.assert_allclose(matrix[:, k], expected, rtol=1e-10, atol=1e-300)


def test_order_of_qubits_does_not_matter() -> None:
    order = [3, 0, 4, 2, 1]
    one = ReadoutErrors(UP, DOWN).weight_confusion()
    other = ReadoutErrors(np.array(UP)[order], np.array(DOWN)[order]).weight_confusion()
    np.testing.assert_allclose(other, one, atol=1e-14)


def test_gradient_against_differences() -> None:
    gradient = ReadoutErrors(UP, DOWN).weight_confusion_gradient()
    flips = np.concatenate([UP, DOWN])
    for index in range(flips.size):
        step = np.zeros_like(flips)
        step[index] = 1e-6
        above, below = flips + step, flips - step
        difference = confusion_over_bit_strings(above[:5], above[5:])
        difference = difference - confusion_over_bit_strings(below[:5], below[5:])
        np.testing.assert_allclose(gradient[index], difference / 2e-6, atol=1e-8)


def test_twirling_symmetrises() -> None:
    # X before, reading flipped after: 0 and 1 swap their errors; both halves mixed.
    twirled = ReadoutErrors([0.01, 0.2], [0.05, 0.0]).twirled()
    np.testing.assert_allclose(twirled.flip_up, [0.03, 0.1])
    np.testing.assert_allclose(twirled.flip_down, twirled.flip_up)
    errors = ReadoutErrors([0.01], [0.05], [0.003], [0.004]).twirled()
    assert errors.flip_up_stderr == pytest.approx([0.0025])


def test_estimates_from_calibration_counts() -> None:
    # 5 sigma on the mean of 400 calibrations: false alarm rate 6e-7 a check.
    rng = np.random.default_rng(2)
    up, down = np.array([0.01, 0.05]), np.array([0.03, 0.002])
    pulls = []
    for _ in range(400):
        errors = estimate_readout_errors(
            rng.binomial(2000, up),
            rng.binomial(4000, 1.0 - down),
            shots_of_zeros=2000,
            shots_of_ones=4000,
        )
        pulls.append(
            [
                (errors.flip_up - up) / errors.flip_up_stderr,
                (errors.flip_down - down) / errors.flip_down_stderr,
            ]
        )
    pulls = np.array(pulls)
    assert (abs(pulls.mean(axis=0)) < 0.1 + 5.0 / 20.0).all()
    assert (abs(pulls.var(axis=0) - 1.0) < 5.0 * np.sqrt(2.0 / 400) + 0.1).all()


def test_perfect_calibration_is_not_perfectly_known() -> None:
    errors = estimate_readout_errors([0], [100], shots_of_zeros=100, shots_of_ones=100)
    assert errors.flip_up_stderr == pytest.approx([1.0 / 101.0])
    assert errors.flip_down_stderr == pytest.approx([1.0 / 101.0])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([0.1, 0.1], [0.1]), r"`flip_down` must have the shape of `flip_up`, \(2,\), got \(1,\)"),
        (([1.2], [0.1]), r"`flip_up` must lie in 0..1, got 1.2"),
        (([0.1], [np.nan]), r"`flip_down` must lie in 0..1, got nan"),
        (([0.1, 0.5], [0.1, 0.5]), "must add up to less than 1, got 0.5 and 0.5 at qubit 1"),
        (([], []), "`flip_up` must be one-dimensional and not empty"),
        (([0.1], [0.1], [0.1, 0.2]), "`flip_up_stderr` must have the shape of `flip_up`"),
        (([0.1], [0.1], [-0.1]), r"`flip_up_stderr` must lie in 0..1, got -0.1"),
    ],
)
def test_bad_errors(arguments: tuple[object, ...], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        ReadoutErrors(*arguments)


def test_bad_types() -> None:
    with pytest.raises(TypeError, match="`flip_up` must be an array of real numbers"):
        ReadoutErrors(["a"], [0.1])
    with pytest.raises(TypeError, match="`ones_of_zeros` must be an array of integers"):
        estimate_readout_errors([0.5], [1], shots_of_zeros=10, shots_of_ones=10)


@pytest.mark.parametrize(
    ("zeros", "ones", "shots", "message"),
    [
        ([11], [5], 10, r"`ones_of_zeros` must lie in 0..10, got 11"),
        ([1], [-5], 10, r"`ones_of_ones` must lie in 0..10, got -5"),
        ([1], [5], 0, "`shots_of_zeros` must be a positive integer, got 0"),
        ([[1]], [5], 10, "`ones_of_zeros` must be one-dimensional"),
        ([9], [1], 10, "must add up to less than 1"),
    ],
)
def test_bad_calibration(zeros: object, ones: object, shots: int, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        estimate_readout_errors(zeros, ones, shots_of_zeros=shots, shots_of_ones=shots)


@pytest.mark.parametrize("places", [[2], [0, 0], []])
def test_qubits_to_be_reordered_must_be_there(places: list[int]) -> None:
    with pytest.raises(ValueError, match=r"`qubits` must be different numbers in 0\.\.1, got"):
        ReadoutErrors([0.1, 0.2], [0.1, 0.2]).reordered(places)


def test_places_are_integers() -> None:
    with pytest.raises(TypeError, match=r"`qubits` must be an integer, got 0\.7"):
        ReadoutErrors([0.1, 0.2], [0.1, 0.2]).reordered([0.7, 1])
