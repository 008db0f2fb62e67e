"""Undriven levels against the diagonalised Hamiltonian of separate qubits and brute force."""

from __future__ import annotations

import itertools
from fractions import Fraction

import numpy as np
import pytest

import rzqiskit as rz
from rzqiskit.schema import validate_dataset


@pytest.mark.parametrize("pair_counting", ["ordered", "unordered"])
def test_levels_from_pauli_matrices(pair_counting):
    num, eta, delta = 4, 1.7, 1.3
    spins = np.array(list(itertools.product([-1, 1], repeat=num)))
    energies = 0.5 * delta * spins.sum(axis=1)
    for i, j in itertools.permutations(range(num), 2):
        share = eta / (2 * num) * (1.0 if pair_counting == "ordered" else 0.5)
        energies = energies + share * spins[:, i] * spins[:, j]
    by_excitations = {k: energies[(spins == 1).sum(axis=1) == k] for k in range(num + 1)}
    for values in by_excitations.values():
        assert np.ptp(values) < 1e-12  # all symmetric
    spectrum = rz.undriven_spectrum(num, [eta], level_splitting=delta, pair_counting=pair_counting)
    levels = spectrum.level_energy.values[0]
    offset = levels - [by_excitations[k][0] for k in range(num + 1)]
    assert np.ptp(offset) < 1e-12  # Jz^2 against sum of pairs: a constant


@pytest.mark.parametrize("num_qubits", [1, 2, 3, 10, 100, 101])
@pytest.mark.parametrize("delta", [0.0, 1.0, 2.5])
def test_lowest_two_levels_by_brute_force(num_qubits, delta):
    eta = np.linspace(-3.0, 3.0, 241)
    spectrum = validate_dataset(rz.undriven_spectrum(num_qubits, eta, level_splitting=delta))
    ordered = np.sort(spectrum.level_energy.values, axis=1)
    assert np.allclose(spectrum.ground_state_energy, ordered[:, 0], rtol=0, atol=1e-11)
    assert np.allclose(spectrum.first_excited_energy, ordered[:, 1], rtol=0, atol=1e-11)
    assert np.allclose(spectrum.energy_gap, ordered[:, 1] - ordered[:, 0], rtol=0, atol=1e-11)
    ground = np.argmin(spectrum.level_energy.values, axis=1)
    unique = spectrum.energy_gap.values > 1e-9
    order = (2.0 * ground - num_qubits) / num_qubits
    assert np.array_equal(spectrum.order_parameter.values[unique], order[unique])


@pytest.mark.parametrize("pair_counting", ["ordered", "unordered"])
@pytest.mark.parametrize("num_qubits", [2, 7, 100, 10**6])
def test_the_ground_state_leaves_at_the_transition(num_qubits, pair_counting):
    transition = rz.ground_state_transition(
        num_qubits, level_splitting=1.5, pair_counting=pair_counting
    )
    around = transition * np.array([1.0 - 1e-7, 1.0 + 1e-7])
    spectrum = rz.undriven_spectrum(
        num_qubits, around, level_splitting=1.5, pair_counting=pair_counting
    )
    assert spectrum.order_parameter.values[0] == -1.0
    assert spectrum.order_parameter.values[1] > -1.0
    assert spectrum.attrs["ground_state_transition"] == transition


@pytest.mark.parametrize("num_qubits", [11, 10**6, 10**9, 10**12, 2**53])
def test_lowest_two_levels_in_exact_arithmetic(num_qubits):
    eta = np.sort(np.random.default_rng(5).uniform(0.6, 4.0, 30))
    spectrum = rz.undriven_spectrum(num_qubits, eta)
    for i, value in enumerate(eta):
        g = Fraction(2.0 * value / num_qubits)

        def energy(k, g=g):
            m = k - Fraction(num_qubits, 2)
            return m + g * m**2

        vertex = int(Fraction(num_qubits, 2) - 1 / (2 * g))
        near = range(max(vertex - 3, 0), min(vertex + 4, num_qubits) + 1)
        ground, excited = sorted(near, key=energy)[:2]
        gap = float(energy(excited) - energy(ground))
        # Two levels may be as close as rounding of Delta: gaps in units of it.
        assert spectrum.energy_gap[i].item() == pytest.approx(gap, rel=0, abs=1e-15)
        assert spectrum.energy_gap[i] >= 0.0
        if gap > 1e-15:
            order = float((2 * ground - num_qubits) / Fraction(num_qubits))
            assert spectrum.order_parameter[i].item() == pytest.approx(
                order, rel=0, abs=0.5 / num_qubits
            )


def test_the_papers_transition_needs_each_pair_once():
    # Fig. 6(a), N = 100: lambda = 1 up to 1/N with "unordered", 1/2 with Eq. 4 as printed.
    assert rz.ground_state_transition(100, pair_counting="unordered") == pytest.approx(100 / 99)
    assert rz.ground_state_transition(100) == pytest.approx(50 / 99)


def test_one_cell_has_no_transition():
    assert rz.ground_state_transition(1) == np.inf
    assert (rz.undriven_spectrum(1, [-5.0, 0.0, 5.0]).energy_gap == 1.0).all()


@pytest.mark.parametrize(
    ("arguments", "options", "message"),
    [
        ((0, [1.0]), {}, "`num_qubits` must be a positive integer, got 0"),
        ((10**20, [1.0]), {}, "`num_qubits` must be at most 9007199254740992, got 10{20}"),
        ((3, [1.0, 0.5]), {}, "`interaction` must be strictly increasing"),
        ((4, [-1e308, 1.0]), {}, "must leave the levels finite, got -1e[+]308 and 1 for 4 cells"),
        ((10**9, [1.0]), {"level_splitting": 1e300}, "must leave the levels finite, got 1 and 1e"),
        ((3, [np.nan]), {}, "`interaction` must be finite"),
        ((3, [1.0]), {"level_splitting": -1.0}, "`level_splitting` must not be negative"),
        ((3, [1.0]), {"pair_counting": "twice"}, "`pair_counting` must be one of"),
    ],
)
def test_bad_input(arguments, options, message):
    with pytest.raises(ValueError, match=message):
        rz.undriven_spectrum(*arguments, **options)


def test_the_strongest_interactions_have_levels():
    spectrum = rz.undriven_spectrum(4, [-2e307, 2e307], level_splitting=1e306)
    assert all(np.isfinite(values).all() for values in spectrum.values())
    assert (spectrum.energy_gap > 0.0).all()


def test_no_transition_of_what_is_no_battery():
    with pytest.raises(ValueError, match="`num_qubits` must be at most 9007199254740992"):
        rz.ground_state_transition(2**53 + 1)
