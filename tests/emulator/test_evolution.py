"""Schedules without circuits: against the circuits, the exact engine's limit and their own law."""

from __future__ import annotations

import numpy as np
import pytest
from qiskit.quantum_info import Statevector

from rzqiskit.circuits.charging import build_charging_circuits
from rzqiskit.circuits.product_formula import charging_schedule
from rzqiskit.dicke.layers import ground_state, spin_mean_covariance, state_populations
from rzqiskit.drives import SineSquaredDrive
from rzqiskit.emulator import evolve_schedule, sample_hamming_weights
from rzqiskit.model import RosenZenerBattery


def battery(num_qubits, interaction=2.0):
    return RosenZenerBattery(
        num_qubits=num_qubits,
        drive=SineSquaredDrive(20.0, 0.1 * np.pi),
        interaction=interaction,
    )


@pytest.mark.parametrize("basis", ["z", "y", "x"])
@pytest.mark.parametrize("order", [1, 2, 4])
def test_schedules_equal_their_circuits(basis, order):
    [circuit] = build_charging_circuits(battery(7), [0.2], num_steps=3, order=order, basis=basis)
    circuit = circuit.remove_final_measurements(inplace=False).decompose("collective_zz")
    weights = np.bitwise_count(np.arange(2**7))
    expected = np.bincount(weights, weights=np.abs(Statevector(circuit).data) ** 2, minlength=8)
    schedule = charging_schedule(battery(7), 0.2, num_steps=3, order=order, basis=basis)
    first, found = state_populations(evolve_schedule(schedule))
    assert first == 0
    np.testing.assert_allclose(found, expected, rtol=0.0, atol=1e-12)


def test_a_million_cells_approach_their_mean_field():
    """Per cell the energy has a limit for large N, reached with corrections of order 1/N."""
    energies = []
    for num_qubits in (10**4, 10**5, 10**6):
        schedule = charging_schedule(battery(num_qubits), 0.2, num_steps=8, order=2, basis="y")
        mean, _ = spin_mean_covariance(evolve_schedule(schedule))
        energies.append(mean[2] / num_qubits)
    steps = np.diff(energies)
    assert steps[1] / steps[0] == pytest.approx(0.1, abs=0.01)


def test_sampled_weights_follow_the_populations():
    schedule = charging_schedule(battery(10**6), 0.2, num_steps=4, order=2)
    state = evolve_schedule(schedule)
    first, p = state_populations(state)
    shots = 10**6
    start, counts = sample_hamming_weights(state, shots, seed=3)
    assert (start, counts.size, counts.sum()) == (first, p.size, shots)
    cumulative, expected = np.cumsum(counts) / shots, np.cumsum(p)
    # Kolmogorov's bound at five sigma: 2 exp(-2 n d^2) = 6e-7
    assert np.abs(cumulative - expected).max() < 2.74 / np.sqrt(shots)
    _, again = sample_hamming_weights(state, shots, seed=3)
    np.testing.assert_array_equal(counts, again)


@pytest.mark.parametrize(
    ("shots", "seed", "error", "message"),
    [
        (0, 1, ValueError, "`shots` must be a positive integer, got 0"),
        (2.5, 1, TypeError, "`shots` must be an integer, got 2.5"),
        (5, -3, ValueError, "`seed` must be a non-negative integer, got -3"),
    ],
)
def test_bad_input_is_refused(shots, seed, error, message):
    state = ground_state(4)
    with pytest.raises(error, match=message):
        sample_hamming_weights(state, shots, seed=seed)
