"""Lab populations against dense eigenvectors, exact binomials, high precision and each other."""

from __future__ import annotations

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numba import njit
from scipy.linalg import expm
from scipy.stats import binom

from rzqiskit.dicke.binomial import log_binomial
from rzqiskit.dicke.ladder_rotation import rotate_ladder
from rzqiskit.dicke.rotations import (
    DENSE_MAX_QUBITS,
    entropy_bits,
    entropy_window,
    lab_populations,
    population_window,
    populations_dense,
    populations_window,
    rotation_tables,
    windowed_populations,
)

ANGLES = [
    0.0,
    5e-324,
    1e-300,
    1e-12,
    1e-6,
    1e-3,
    0.05,
    0.3,
    1.0,
    np.pi / 2 - 1e-9,
    np.pi / 2,
    1.8,
    2.7,
]
ANGLES += [np.pi - 1e-3, np.pi - 1e-12, np.pi]


def axis(theta, chi):
    return np.array([np.sin(theta) * np.cos(chi), np.sin(theta) * np.sin(chi), np.cos(theta)])


def random_state(rng, num_levels, decay=0.0):
    c = rng.normal(size=num_levels) + 1j * rng.normal(size=num_levels)
    c *= np.exp(-decay * np.arange(num_levels))
    return c / np.linalg.norm(c)


def frame_operator(num_qubits, a):
    """D = a1 Jx + a2 Jy + a3 k as a dense matrix."""
    k = np.arange(num_qubits)
    raising = np.diag(np.sqrt((k + 1.0) * (num_qubits - k)), -1)
    tilted = 0.5 * (a[0] - 1j * a[1]) * raising
    return tilted + tilted.conj().T + a[2] * np.diag(np.arange(num_qubits + 1.0))


def reference(amplitudes, num_qubits, a):
    """p_m from the eigenvectors of D, in ascending order of its eigenvalues m - N (1 - a3)/2."""
    values, vectors = np.linalg.eigh(frame_operator(num_qubits, a))
    expected = np.arange(num_qubits + 1) - 0.5 * num_qubits * (1.0 - a[2])
    np.testing.assert_allclose(values, expected, atol=1e-10 * num_qubits)
    return np.abs(vectors[: amplitudes.size].conj().T @ amplitudes) ** 2


def windowed(c, num_qubits, a):
    re, im = c.real.copy(), c.imag.copy()
    first, length = population_window(re, im, c.size, num_qubits, *a)
    out = np.empty(length)
    populations_window(re, im, c.size, num_qubits, *a, first, length, out)
    return first, out


def windowed_full(c, num_qubits, a):
    first, out = windowed(c, num_qubits, a)
    full = np.zeros(num_qubits + 1)
    full[first : first + out.size] = out
    return full


def entropy(p):
    p = p[p > 0.0]
    return float(-(p * np.log2(p)).sum())


@pytest.mark.parametrize("num_qubits", [1, 2, 3, 10, 31, 100, 199, 200, 201, 300])
def test_both_routes_equal_the_eigenvectors_at_every_angle(num_qubits):
    rng = np.random.default_rng(num_qubits)
    for theta in ANGLES:
        for num_levels in {1, 2, min(30, num_qubits + 1), num_qubits // 2 + 1, num_qubits + 1}:
            a = axis(theta, rng.uniform(-np.pi, np.pi))
            c = random_state(rng, num_levels, rng.choice([0.0, 0.5]))
            expected = reference(c, num_qubits, a)
            for found in (windowed_full(c, num_qubits, a), lab_populations(c, num_qubits, a)):
                np.testing.assert_allclose(found, expected, rtol=0.0, atol=1e-13)
                assert abs(entropy(found) - entropy(expected)) < 1e-12


def test_against_the_matrix_exponential_of_a_tilt():
    num_qubits, theta, chi = 24, 0.9, 2.2
    rng = np.random.default_rng(5)
    c = random_state(rng, 9)
    turn = frame_operator(num_qubits, axis(np.pi / 2, chi + np.pi / 2))
    full = np.zeros(num_qubits + 1, dtype=complex)
    full[: c.size] = c
    expected = np.abs(expm(1j * theta * turn) @ full) ** 2
    np.testing.assert_allclose(
        lab_populations(c, num_qubits, axis(theta, chi)), expected, atol=1e-13
    )


def test_binomial_weights_have_full_relative_accuracy():
    mpmath.mp.dps = 40
    for num_qubits in (7, 40, 1000, 10**6, 10**9):
        for p in (1e-3, 0.3, 0.5):
            mean, sd = num_qubits * p, (num_qubits * p * (1 - p)) ** 0.5
            for offset in (-6.0, -1.0, 0.0, 0.5, 3.0, 8.0):
                m = min(max(round(mean + offset * sd), 0), num_qubits)
                exact = mpmath.log(mpmath.binomial(num_qubits, m)) + m * mpmath.log(mpmath.mpf(p))
                exact += (num_qubits - m) * mpmath.log1p(-mpmath.mpf(p))
                # The rounding of N p shifts the mean by one unit in its last place.
                bound = 1e-14 * (1.0 + abs(float(exact))) + 1e-15 * mean * abs(offset) / sd
                assert abs(log_binomial(float(m), float(num_qubits), p) - float(exact)) < bound


def test_a_million_spins_in_a_coherent_state_are_binomial():
    theta = 0.8
    first, found = windowed(np.array([1.0 + 0j]), 10**6, axis(theta, 0.4))
    expected = binom.pmf(np.arange(first, first + found.size), 10**6, np.sin(theta / 2) ** 2)
    np.testing.assert_allclose(found, expected, rtol=0.0, atol=1e-13)
    assert abs(found.sum() - 1.0) < 3e-14


def moments(c, num_qubits, a):
    """Mean and variance of the lab level from <D> and <D^2>, on K + 1 levels: no rotation."""
    size = min(c.size + 1, num_qubits + 1)
    k = np.arange(size - 1)
    raising = np.diag(np.sqrt((k + 1.0) * (num_qubits - k)), -1)
    tilted = 0.5 * (a[0] - 1j * a[1]) * raising
    operator = tilted + tilted.conj().T + a[2] * np.diag(np.arange(size * 1.0))
    full = np.zeros(size, dtype=complex)
    full[: c.size] = c
    image = operator @ full
    mean = np.vdot(full, image).real
    defect = (a[0] ** 2 + a[1] ** 2) / (1 + a[2]) if a[2] > 0 else 1 - a[2]
    return mean + 0.5 * num_qubits * defect, np.vdot(image, image).real - mean**2


@pytest.mark.parametrize("num_qubits", [1000, 10**4, 10**6, 10**9])
@pytest.mark.parametrize("num_levels", [1, 30, 100])
def test_norm_mean_and_variance_equal_the_moments_of_the_frame_operator(num_qubits, num_levels):
    rng = np.random.default_rng(num_levels)
    near = 2.0 * np.sqrt(num_levels / num_qubits)  # where the routes change hands
    thetas = [0.0, 1e-9, 0.5 * near, 0.97 * near, 1.03 * near, 3.0 * near, 1.2, np.pi / 2]
    thetas += [np.pi - 0.5 * near, np.pi - 1.03 * near, np.pi]
    if num_qubits == 10**9:
        thetas = [theta for theta in thetas if np.sin(theta) < 0.2]
    for theta in thetas:
        a = axis(theta, rng.uniform(-np.pi, np.pi))
        c = random_state(rng, num_levels, rng.choice([0.05, 0.4]))
        first, p = windowed(c, num_qubits, a)
        mean, variance = moments(c, num_qubits, a)
        offset = np.arange(p.size) + (first - mean)
        assert abs(p.sum() - 1.0) < 1e-13
        assert abs(p @ offset) < 1e-9 * np.sqrt(variance + 1.0) + 4e-16 * num_qubits
        assert abs(p @ offset**2 - variance) < 1e-11 * (variance + 1.0)


def test_over_squeezed_state_on_the_whole_ladder_of_thousands():
    num_qubits = 1500
    rng = np.random.default_rng(11)
    c = random_state(rng, num_qubits + 1)
    for theta in (1e-3, 0.7, np.pi / 2, 2.9):
        a = axis(theta, 1.0)
        p = windowed_full(c, num_qubits, a)
        mean, variance = moments(c, num_qubits, a)
        levels = np.arange(num_qubits + 1)
        assert abs(p.sum() - 1.0) < 1e-13
        assert abs(p @ levels - mean) < 1e-10 * num_qubits
        assert abs(p @ (levels - mean) ** 2 - variance) < 1e-11 * num_qubits**2
    # A turn by pi exchanges the ends of the ladder.
    np.testing.assert_allclose(
        windowed_full(c, num_qubits, axis(np.pi, 0.0)), np.abs(c[::-1]) ** 2, atol=1e-13
    )


def test_levels_far_in_the_binomial_tail_do_not_underflow():
    """Level K - 1 = 449 of N = 1400 reaches cells where the binomial weight is below 1e-300."""
    num_qubits, theta = 1400, 1.4
    c = np.zeros(450, dtype=complex)
    c[0], c[-1] = 0.6, 0.8j
    a = axis(theta, 0.7)
    np.testing.assert_allclose(
        windowed_full(c, num_qubits, a), reference(c, num_qubits, a), rtol=0.0, atol=1e-13
    )


def test_a_small_far_lump_stays_inside_the_window():
    """A weight of 1e-9 at level 400 lies hundreds of standard deviations of k = 0 away."""
    num_qubits = 10**5
    c = np.zeros(401, dtype=complex)
    c[400] = 10**-4.5
    c[0] = np.sqrt(1.0 - 1e-9)
    first, p = windowed(c, num_qubits, axis(1.1, 0.0))
    mean, variance = moments(c, num_qubits, axis(1.1, 0.0))
    offset = np.arange(p.size) + (first - mean)
    assert abs(p.sum() - 1.0) < 1e-14 * 3
    assert abs(p @ offset**2 - variance) < 1e-12 * variance


@settings(max_examples=60, deadline=None)
@given(
    num_qubits=st.integers(1, DENSE_MAX_QUBITS),
    seed=st.integers(0, 2**32 - 1),
    theta=st.floats(0.0, np.pi),
    fraction=st.floats(0.0, 1.0),
)
def test_routes_agree(num_qubits, seed, theta, fraction):
    rng = np.random.default_rng(seed)
    c = random_state(rng, 1 + round(fraction * num_qubits))
    a = axis(theta, rng.uniform(-np.pi, np.pi))
    dense = lab_populations(c, num_qubits, a)
    np.testing.assert_allclose(windowed_full(c, num_qubits, a), dense, rtol=0.0, atol=1e-13)


@pytest.mark.parametrize("num_qubits", [10**4, 10**6, 10**9])
@pytest.mark.parametrize("num_levels", [1, 30, 150])
def test_recurrence_and_rotation_agree_where_both_hold(num_qubits, num_levels):
    """The same window by the Chebyshev rotation, with room to spare at its end."""
    rng = np.random.default_rng(num_levels)
    for factor in (1.001, 1.5, 4.0):
        theta = 2 * factor * np.sqrt(num_levels / num_qubits)
        c = random_state(rng, num_levels, rng.choice([0.0, 0.3]))
        first, found = windowed(c, num_qubits, axis(theta, 0.0))
        turned = np.empty((2, min(first + found.size + 100, num_qubits + 1)))
        rotate_ladder(np.stack([c.real, c.imag]), num_qubits, theta, turned)
        expected = np.sum(turned**2, axis=0)
        np.testing.assert_allclose(found, expected[first : first + found.size], rtol=0, atol=1e-14)
        assert expected[:first].sum() + expected[first + found.size :].sum() < 1e-16
        assert abs(entropy(found) - entropy(expected)) < 1e-12


def test_tables_of_a_mixed_batch_serve_each_width():
    widths = [5, 12, 5, 500, 1]
    table, offsets = rotation_tables(widths)
    assert offsets[0] == offsets[2]
    rng = np.random.default_rng(1)
    for width, offset in zip(widths, offsets, strict=True):
        if width > DENSE_MAX_QUBITS:
            continue
        c = random_state(rng, width + 1)
        out = np.empty(width + 1)
        a = axis(0.6, -0.3)
        populations_dense(c.real.copy(), c.imag.copy(), c.size, width, *a, table, offset, out)
        np.testing.assert_allclose(out, reference(c, width, a), atol=1e-13)


def test_kernels_compile_inside_other_kernels():
    @njit
    def entropy_of(re, im, num_qubits, a1, a2, a3):
        first, length = population_window(re, im, re.size, num_qubits, a1, a2, a3)
        out = np.empty(length)
        populations_window(re, im, re.size, num_qubits, a1, a2, a3, first, length, out)
        return entropy_bits(out, length)

    # The entropy of a wide binomial is that of a Gaussian up to O(1/N).
    found = entropy_of(np.array([1.0]), np.array([0.0]), 10**6, 1.0, 0.0, 0.0)
    assert abs(found - 0.5 * np.log2(np.pi * np.e * 10**6 / 2)) < 1e-6


def test_entropy_counts_zero_as_nothing():
    assert entropy_bits(np.array([0.0, 1.0, 0.0]), 3) == 0.0
    assert entropy_bits(np.full(256, 1.0 / 256), 256) == pytest.approx(8.0, abs=1e-13)
    assert entropy_bits(np.array([0.5, 0.5, 0.7]), 2) == pytest.approx(1.0, abs=1e-15)


@pytest.mark.parametrize("num_qubits", [10**7, 10**9, 10**11])
@pytest.mark.parametrize("theta", [0.2, 1.0, 2.5])
def test_entropy_of_very_many_aligned_spins_is_that_of_the_binomial(num_qubits, theta):
    # H = ln(2 pi e v)/2 + (4 p q - 1)/(12 v) + O(1/v^2), v = N p q
    p = np.sin(theta / 2) ** 2
    v = num_qubits * p * (1 - p)
    expected = 0.5 * np.log2(2 * np.pi * np.e * v) + (4 * p * (1 - p) - 1) / (12 * v * np.log(2))
    one, none = np.ones(1), np.zeros(1)
    axis = np.sin(theta), 0.0, np.cos(theta)
    assert entropy_window(one, none, 1, num_qubits, *axis) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("seed", range(8))
def test_entropy_by_strides_equals_the_sum_over_all_levels(seed):
    rng = np.random.default_rng([31, seed])
    num_qubits = int(rng.choice([10**5, 10**7, 10**8, 10**9]))
    num_levels, theta = int(rng.choice([2, 7, 16, 40])), rng.uniform(0.1, np.pi - 0.1)
    is_real = seed % 2 == 1  # then p has zeros, near which p log p is not smooth
    chi = 0.0 if is_real else rng.uniform(0.0, 6.0)
    c = rng.normal(size=num_levels) + 1j * (not is_real) * rng.normal(size=num_levels)
    c /= np.linalg.norm(c)
    axis = np.sin(theta) * np.cos(chi), np.sin(theta) * np.sin(chi), np.cos(theta)
    _, p = windowed_populations(c, num_qubits, axis)
    expected = -(p * np.log2(np.where(p > 0.0, p, 1.0))).sum()
    found = entropy_window(c.real.copy(), c.imag.copy(), num_levels, num_qubits, *axis)
    assert found == pytest.approx(expected, rel=2e-12)


def test_axis_is_normalised_to_rounding_and_inputs_stay_unchanged():
    c = random_state(np.random.default_rng(3), 6)
    a = axis(0.4, 0.2)
    before = c.copy(), a.copy()
    scaled = lab_populations(c, 50, a * (1.0 + 1e-10))
    np.testing.assert_allclose(scaled, lab_populations(c, 50, a), atol=1e-13)
    np.testing.assert_array_equal(c, before[0])
    np.testing.assert_array_equal(a, before[1])


@pytest.mark.parametrize(
    ("amplitudes", "num_qubits", "direction", "message"),
    [
        ([1.0], 0, [0, 0, 1], "`num_qubits` must be a positive integer, got 0"),
        ([1.0, 0, 0, 0], 2, [0, 0, 1], "`amplitudes` must be one-dimensional with 1 to 3 entries"),
        ([[1.0]], 2, [0, 0, 1], "`amplitudes` must be one-dimensional"),
        ([float("nan")], 2, [0, 0, 1], "`amplitudes` must be finite"),
        ([1.0], 2, [0, 0, 1.1], "`axis` must be a unit vector"),
        ([1.0], 2, [0, float("nan"), 1], "`axis` must be a unit vector"),
    ],
)
def test_bad_input_is_refused(amplitudes, num_qubits, direction, message):
    with pytest.raises(ValueError, match=message):
        windowed_populations(amplitudes, num_qubits, direction)


def test_all_populations_of_too_many_spins_are_refused():
    with pytest.raises(ValueError, match="`num_qubits` must be at most 100000000 for all"):
        lab_populations([1.0], 10**12, [0.0, 0.0, 1.0])
