"""Collective layers on a frame state against the same layers in the lab's Dicke basis."""

from __future__ import annotations

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rzqiskit.dicke import layers
from rzqiskit.dicke.layers import (
    FrameState,
    apply_rotation,
    apply_squeezing,
    ground_state,
    spin_mean_covariance,
    state_populations,
)

AXES = {"x": (1.0, 0.0, 0.0), "y": (0.0, 1.0, 0.0), "z": (0.0, 0.0, 1.0)}


class LabState:
    """The same state as N + 1 lab amplitudes, rotated by dense diagonalisation."""

    def __init__(self, num_qubits):
        k = np.arange(num_qubits)
        raising = np.diag(np.sqrt((k + 1.0) * (num_qubits - k)), -1).astype(complex)
        self.m = np.arange(num_qubits + 1) - num_qubits / 2
        self.spin = [
            0.5 * (raising + raising.T),
            -0.5j * (raising - raising.T),
            np.diag(self.m).astype(complex),
        ]
        self.psi = np.zeros(num_qubits + 1, dtype=complex)
        self.psi[0] = 1.0

    def rotate(self, axis, angle):
        n = np.asarray(axis) / np.linalg.norm(axis)
        values, vectors = np.linalg.eigh(sum(c * j for c, j in zip(n, self.spin, strict=True)))
        self.psi = vectors @ (np.exp(-1j * angle * values) * (vectors.conj().T @ self.psi))

    def squeeze(self, strength):
        # Many turns of phase: reduced in high precision, as doubles would lose digits.
        with mpmath.workdps(40):
            turns = [mpmath.expj(-mpmath.mpf(strength) * mpmath.mpf(m) ** 2) for m in self.m]
        self.psi = np.array([complex(turn) for turn in turns]) * self.psi

    def moments(self):
        images = [j @ self.psi for j in self.spin]
        mean = np.array([np.vdot(self.psi, image).real for image in images])
        second = np.array([[np.vdot(a, b).real for b in images] for a in images])
        return mean, second - np.outer(mean, mean)


def full_populations(state):
    first, p = state_populations(state)
    full = np.zeros(state.num_qubits + 1)
    full[first : first + p.size] = p
    return full


def assert_same(state, lab, num_qubits):
    np.testing.assert_allclose(full_populations(state), np.abs(lab.psi) ** 2, rtol=0, atol=1e-13)
    mean, covariance = spin_mean_covariance(state)
    expected_mean, expected_covariance = lab.moments()
    np.testing.assert_allclose(mean, expected_mean, rtol=0, atol=5e-14 * (num_qubits + 1))
    bound = 1e-14 * (num_qubits + 1) ** 2
    np.testing.assert_allclose(covariance, expected_covariance, rtol=0, atol=bound)


@pytest.mark.parametrize("num_qubits", [1, 2, 3, 8, 9, 60, 200, 201, 350])
@pytest.mark.parametrize("scale", [0.5, 3.0])
def test_random_layers_equal_the_lab_basis(num_qubits, scale):
    rng = np.random.default_rng(1000 * num_qubits + int(scale))
    state, lab = ground_state(num_qubits), LabState(num_qubits)
    for _ in range(6):
        axis, angle = rng.normal(size=3), rng.uniform(-6, 6)
        state, strength = apply_rotation(state, axis, angle), scale * rng.normal() / num_qubits
        state = apply_squeezing(state, strength)
        lab.rotate(axis, angle)
        lab.squeeze(strength)
        assert_same(state, lab, num_qubits)


@pytest.mark.parametrize("num_qubits", [2, 5, 14, 201, 240])
@pytest.mark.parametrize("strength", [np.pi / 2, np.pi / 3, 1.0, np.pi, -4.0, 50.0, -2 * np.pi])
def test_strong_squeezing_uses_the_whole_ladder_when_it_must(num_qubits, strength):
    state, lab = ground_state(num_qubits), LabState(num_qubits)
    for axis, angle in ((AXES["y"], 1.3), (AXES["x"], 0.4)):
        state = apply_squeezing(apply_rotation(state, axis, angle), strength)
        lab.rotate(axis, angle)
        lab.squeeze(strength)
    assert_same(state, lab, num_qubits)


def test_the_lower_hemisphere_and_the_poles():
    for angle in (0.0, 1e-9, 1e-4, np.pi - 1e-4, np.pi, np.pi + 0.2, 2.5):
        for num_qubits in (30, 260):
            state, lab = ground_state(num_qubits), LabState(num_qubits)
            for axis, turn in ((AXES["x"], angle), (AXES["y"], 0.3)):
                state = apply_squeezing(apply_rotation(state, axis, turn), 1.0 / num_qubits)
                lab.rotate(axis, turn)
                lab.squeeze(1.0 / num_qubits)
            assert_same(state, lab, num_qubits)


@settings(max_examples=40, deadline=None)
@given(
    num_qubits=st.integers(1, 400),
    strength=st.floats(-0.02, 0.02),
    split=st.floats(0.0, 1.0),
    angle=st.floats(-7.0, 7.0),
)
def test_squeezing_adds_up_and_keeps_norm_and_length_of_the_spin(
    num_qubits, strength, split, angle
):
    start = apply_rotation(ground_state(num_qubits), [0.2, 1.0, 0.1], angle)
    once = apply_squeezing(start, strength)
    twice = apply_squeezing(apply_squeezing(start, split * strength), (1 - split) * strength)
    for state in (once, twice):
        assert abs(np.linalg.norm(state.amplitudes) - 1.0) < 1e-13
        np.testing.assert_allclose(state.triad @ state.triad.T, np.eye(3), atol=1e-14)
        mean, covariance = spin_mean_covariance(state)
        length = mean @ mean + np.trace(covariance)
        assert length == pytest.approx(num_qubits / 2 * (num_qubits / 2 + 1), rel=1e-12)
    turned = [apply_rotation(state, [1.0, 0.3, 0.0], 1.0) for state in (once, twice)]
    np.testing.assert_allclose(full_populations(turned[0]), full_populations(turned[1]), atol=1e-13)
    back = apply_squeezing(once, -strength)
    np.testing.assert_allclose(full_populations(back), full_populations(start), atol=1e-13)


def test_thousands_of_spins_become_a_ghz_state():
    """exp(-i pi/2 Jz^2) turns all spins along x into two opposite coherent states."""
    num_qubits = 4000
    state = apply_rotation(ground_state(num_qubits), AXES["y"], np.pi / 2)
    state = apply_rotation(apply_squeezing(state, np.pi / 2), AXES["y"], np.pi / 2)
    p = full_populations(state)
    np.testing.assert_allclose(p[[0, -1]], 0.5, atol=1e-12)
    assert p[1:-1].sum() < 1e-12


def test_one_axis_twisting_of_a_million_spins_has_the_textbook_moments():
    """Kitagawa, Ueda, Phys. Rev. A 47, 5138 (1993): <J_x>, <J_y^2>, <J_z^2> after twisting."""

    def cosine_power(angle, exponent):
        return np.exp(exponent * np.log1p(-2 * np.sin(0.5 * angle) ** 2))

    num_qubits, c = 10**6, 6e-6
    state = apply_rotation(ground_state(num_qubits), AXES["y"], -np.pi / 2)
    mean, covariance = spin_mean_covariance(apply_squeezing(state, c))
    j = num_qubits / 2
    assert mean[0] == pytest.approx(j * cosine_power(c, 2 * j - 1), rel=1e-12)
    square = 0.5 * j * (1 + 0.5 * (2 * j - 1) * (1 - cosine_power(2 * c, 2 * j - 2)))
    assert covariance[1, 1] == pytest.approx(square, rel=1e-9)
    assert covariance[2, 2] == pytest.approx(j / 2, rel=1e-12)


def test_levels_grow_with_the_state_and_not_with_its_width():
    sizes = []
    for num_qubits in (10**3, 10**6, 10**9):
        state = ground_state(num_qubits)
        for _ in range(10):
            state = apply_rotation(state, AXES["x"], 0.2)
            state = apply_squeezing(state, 0.1 / num_qubits)
        sizes.append(state.amplitudes.size)
        assert abs(state_populations(state)[1].sum() - 1.0) < 1e-13
    assert sizes[1] == sizes[2] < 120
    assert abs(sizes[0] - sizes[1]) < 12


def test_layers_change_nothing_but_their_result():
    state = apply_squeezing(apply_rotation(ground_state(300), AXES["x"], 1.0), 0.01)
    triad, amplitudes = state.triad.copy(), state.amplitudes.copy()
    apply_squeezing(apply_rotation(state, AXES["y"], 1.0), 0.02)
    np.testing.assert_array_equal(state.triad, triad)
    np.testing.assert_array_equal(state.amplitudes, amplitudes)


def test_over_squeezing_beyond_the_largest_ladder_is_refused():
    state = apply_rotation(ground_state(10**6), AXES["x"], 1.5)
    with pytest.raises(ValueError, match=r"`strength` must squeeze the state less: .* 32768"):
        apply_squeezing(state, 0.5)


def test_every_way_of_squeezing_agrees(monkeypatch):
    """Truncated and whole ladder at the same width, the latter forced."""
    state = apply_rotation(ground_state(260), [0.3, 1.0, 0.0], 1.1)
    truncated = apply_squeezing(state, 0.004)
    assert truncated.amplitudes.size < 100
    monkeypatch.setattr(layers, "DENSE_MAX_QUBITS", 260)
    whole = apply_squeezing(state, 0.004)
    overlap_free = [full_populations(apply_rotation(s, AXES["x"], 0.7)) for s in (truncated, whole)]
    np.testing.assert_allclose(overlap_free[0], overlap_free[1], rtol=0, atol=1e-13)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda s: apply_rotation(s, [0, 0, 0], 1.0), "`axis` must be a direction"),
        (lambda s: apply_rotation(s, [0, 1], 1.0), "`axis` must be a direction"),
        (lambda s: apply_rotation(s, [0, 1, 0], float("nan")), "`angle` must be finite"),
        (lambda s: apply_squeezing(s, float("inf")), "`strength` must be finite"),
        (lambda s: ground_state(0), "`num_qubits` must be a positive integer"),
    ],
)
def test_bad_input_is_refused(call, message):
    state = ground_state(3)
    with pytest.raises(ValueError, match=message):
        call(state)


def test_frame_state_shows_the_lab_axis_in_its_own_triad():
    state = FrameState(4, apply_rotation(ground_state(4), AXES["x"], 0.3).triad, np.ones(1) + 0j)
    np.testing.assert_allclose(state.lab_axis, [0.0, np.sin(0.3), np.cos(0.3)], atol=1e-15)
