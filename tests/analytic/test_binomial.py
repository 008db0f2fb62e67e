"""Binomial populations of any number of cells, against mpmath and the limit of many."""

import mpmath
import numpy as np
import pytest
from scipy.stats import binom

import rzqiskit as rz
from rzqiskit.analytic import evolve_analytic
from rzqiskit.analytic.binomial import binomial_entropy, sampled_levels
from rzqiskit.analytic.log_binomials import log_binomials
from rzqiskit.analytic.rotated_levels import rotated_levels


def limit(n, p):
    """Return the entropy of many trials in bits, up to a relative 1/N^2."""
    variance = n * p * (1.0 - p)
    correction = (4.0 * p * (1.0 - p) - 1.0) / (12.0 * variance)
    return (0.5 * np.log(2.0 * np.pi * np.e * variance) + correction) / np.log(2.0)


@pytest.mark.parametrize("p", [1e-3, 0.3, 0.5, 0.9])
@pytest.mark.parametrize("n", [10**6, 10**8, 10**10, 10**13])
def test_entropy_of_many_cells(n, p):
    angle = 2.0 * np.arctan2(np.sqrt(p), np.sqrt(1.0 - p))
    # What the limit leaves out is of relative order 1/variance^2.
    tolerance = 1e-9 + 0.1 / (n * p) ** 2
    assert float(binomial_entropy(n, angle)) == pytest.approx(limit(n, p), abs=tolerance)


@pytest.mark.parametrize("n", [600, 5000, 10**5])
def test_strided_sums_are_the_whole_sum(n):
    angles = np.array([0.0, 0.02, 0.3, 1.0, 2.2, 3.1, np.pi, 4.0])
    _, stride = sampled_levels(n, angles)
    assert (stride.max() > 1.0) == (n > 5000)
    k = np.arange(n + 1)
    for angle, found in zip(angles, binomial_entropy(n, angles), strict=True):
        probabilities = binom.pmf(k, n, np.sin(angle / 2) ** 2)
        nonzero = probabilities[probabilities > 0.0]
        assert found == pytest.approx(-(nonzero * np.log2(nonzero)).sum(), abs=3e-9)


@pytest.mark.parametrize(("n", "p"), [(10**10, 0.3), (10**13, 0.5), (10**13, 1.0 - 1e-9), (7, 0.2)])
def test_logarithms_against_mpmath(n, p):
    deviation = np.sqrt(n * p * (1.0 - p))
    k = np.clip(np.floor(n * p + deviation * np.array([-6.0, -1.0, 0.0, 2.0])), 0, n)
    one = np.ones(k.size)
    # 1 - p is what it is in floats.
    found = log_binomials(k, float(n), p * one, (1.0 - p) * one)
    with mpmath.workdps(50):
        q = mpmath.mpf(1.0 - p)
        exact = [
            mpmath.loggamma(n + 1) - mpmath.loggamma(m + 1) - mpmath.loggamma(n - m + 1)
            + m * mpmath.log(1 - q) + (n - m) * mpmath.log(q)
            for m in (mpmath.mpf(int(level)) for level in k)
        ]  # fmt: skip
    # n p itself is rounded, which moves the distribution by 2e-16 n / deviation of its width.
    tolerance = 1e-12 + 1e-15 * n / max(deviation, 1.0)
    np.testing.assert_allclose(found, [float(value) for value in exact], atol=tolerance)


def test_certain_outcomes():
    logs = log_binomials(np.array([0.0, 1.0, 3.0, 2.0]), 3.0, np.array([0.0, 0, 1, 1]),
                         np.array([1.0, 1, 0, 0]))  # fmt: skip
    assert logs.tolist() == [0.0, -np.inf, 0.0, -np.inf]


@pytest.mark.parametrize("n", [10**6, 10**10, 10**13])
@pytest.mark.parametrize("angle", [1e-6, 0.4, 1.9, np.pi - 1e-2])
def test_turned_levels_of_many_cells_are_orthonormal(n, angle):
    levels, stride = sampled_levels(n, angle)
    columns = rotated_levels(n, angle, levels, num_levels=6)
    # n sin^2 itself is rounded, a shift by a part of the width.
    tolerance = 1e-9 + 1e-15 * n / (16.0 * stride)
    np.testing.assert_allclose(stride * columns @ columns.T, np.eye(6), atol=tolerance)


@pytest.mark.parametrize("method", ["leading", "second-order", "fourth-order"])
def test_entropy_of_ten_thousand_million_cells(method):
    # Splitting so weak that the state stays a binomial one.
    n = 10**10
    battery = rz.RosenZenerBattery(
        num_qubits=n, drive=rz.RectangularDrive(2.0, 1.0), level_splitting=1e-9
    )
    data = evolve_analytic(battery, [0.5, 1.0], method=method)
    expected = [limit(n, np.sin(angle / 2) ** 2) for angle in (1.0, 2.0)]
    np.testing.assert_allclose(data.diagonal_entropy, expected, atol=1e-7)
