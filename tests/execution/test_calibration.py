from __future__ import annotations

import numpy as np
import pytest
from qiskit.circuit import QuantumCircuit
from qiskit_aer.noise import NoiseModel, ReadoutError

from rzqiskit.execution.calibration import (
    build_readout_calibration_circuits,
    run_readout_calibration,
)
from rzqiskit.execution.sampling import make_aer_sampler, run_circuits
from rzqiskit.mitigation import estimate_readout_errors, mitigate_metrics

UP = np.array([0.01, 0.02, 0.03, 0.05, 0.08, 0.10])
DOWN = np.array([0.12, 0.02, 0.06, 0.01, 0.04, 0.15])


def noisy_readout() -> NoiseModel:
    noise = NoiseModel(basis_gates=["rx", "x", "cz"])
    for qubit, (up, down) in enumerate(zip(UP, DOWN, strict=True)):
        noise.add_readout_error(ReadoutError([[1 - up, up], [down, 1 - down]]), [qubit])
    return noise


def measured(order: list[int]) -> QuantumCircuit:
    """Six wires of which the ones in `order` are read, the first of them into bit 0."""
    circuit = QuantumCircuit(6, len(order), name="charging")
    circuit.rx(2.0, order)
    circuit.measure(order, range(len(order)))
    return circuit


def test_errors_come_by_classical_bit() -> None:
    # A layout that is no identity, on five of six qubits. 5 sigma on each of ten flip
    # probabilities: false alarm rate 6e-6.
    order = [4, 1, 5, 0, 3]
    shots = 20_000
    sampler = make_aer_sampler(seed=3, noise_model=noisy_readout())
    zeros, ones = run_readout_calibration(measured(order), sampler, shots=shots)
    errors = estimate_readout_errors(zeros, ones, shots_of_zeros=shots, shots_of_ones=shots)
    assert (abs(errors.flip_up - UP[order]) < 5.0 * errors.flip_up_stderr).all()
    assert (abs(errors.flip_down - DOWN[order]) < 5.0 * errors.flip_down_stderr).all()


def test_calibrate_run_and_mitigate() -> None:
    # The whole road; raw energy off by over ten sigma, mitigated within 5 (false alarm 6e-7 each).
    shots = 20_000
    circuit = measured([4, 1, 5, 0, 3])
    zeros, ones = run_readout_calibration(
        circuit, make_aer_sampler(seed=4, noise_model=noisy_readout()), shots=shots
    )
    readout = estimate_readout_errors(zeros, ones, shots_of_zeros=shots, shots_of_ones=shots)
    sampler = make_aer_sampler(seed=5, noise_model=noisy_readout())
    counts = run_circuits([circuit], sampler, shots=shots)
    mitigated = mitigate_metrics(counts, readout, level_splitting=1.0, times=[1.0])
    excited = np.sin(1.0) ** 2
    raw = counts[0] @ np.arange(6) / shots
    energy, error = mitigated["stored_energy"]
    assert abs(raw - 5 * excited) > 10.0 * error[0]
    assert abs(energy[0] - 5 * excited) < 5.0 * error[0]
    sigma, error = mitigated["energy_fluctuation"]
    assert abs(sigma[0] - np.sqrt(5 * excited * (1.0 - excited))) < 5.0 * error[0]


def test_circuits_keep_registers_and_bits() -> None:
    circuit = measured([2, 0, 5])
    circuit.metadata = {"time": 0.5}
    zeros, ones = build_readout_calibration_circuits(circuit)
    assert (zeros.name, ones.name) == ("readout_zeros", "readout_ones")
    assert zeros.cregs == circuit.cregs
    assert [item.name for item in zeros.data] == ["measure"] * 3
    flipped = {ones.find_bit(item.qubits[0]).index for item in ones.data if item.name == "x"}
    assert flipped == {0, 2, 5}
    assert circuit.metadata == {"time": 0.5}


def test_bad_circuits() -> None:
    with pytest.raises(TypeError, match="`circuit` must be a QuantumCircuit, got list"):
        build_readout_calibration_circuits([])
    with pytest.raises(ValueError, match="`circuit` must be measured"):
        build_readout_calibration_circuits(QuantumCircuit(2, 2))
    twice = QuantumCircuit(2, 2)
    twice.measure([0, 0], [0, 1])
    with pytest.raises(ValueError, match="must measure each qubit once"):
        build_readout_calibration_circuits(twice)


def test_bad_runs() -> None:
    circuit = measured([0])
    with pytest.raises(TypeError, match="`sampler` must be a BaseSamplerV2, got str"):
        run_readout_calibration(circuit, "aer", shots=10)
    with pytest.raises(ValueError, match="`shots` must be a positive integer, got 0"):
        run_readout_calibration(circuit, make_aer_sampler(seed=1), shots=0)
