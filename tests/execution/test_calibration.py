from __future__ import annotations

import numpy as np
import pytest
from qiskit.circuit import QuantumCircuit
from qiskit_aer import AerSimulator
from qiskit_aer.noise import NoiseModel, ReadoutError

from rzqiskit.execution.calibration import (
    build_readout_calibration_circuits,
    run_readout_calibration,
)
from rzqiskit.execution.runtime.devices import make_runtime_sampler
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


def test_twirled_readout_is_calibrated_as_it_is_run() -> None:
    """The runtime's own measurement twirling on Aer with asymmetric readout.

    Each qubit is turned by a random X in about half of 400 randomisations, to 1/40: with flips up
    to 0.11 apart that adds 0.003 to what 20000 shots leave open. 5 sigma on 12 flips and one
    energy: false alarm rate 8e-6.
    """
    shots = 20_000
    circuit = QuantumCircuit(6, 6)
    order = [3, 1, 4, 0, 5, 2]
    for gate_angle in (0.9, 0.0):
        circuit.sx(range(6))
        circuit.rz(gate_angle, range(6))
    circuit.measure(order, range(6))
    noise = noisy_readout()
    noise.add_basis_gates(["sx", "rz", "x"])
    results = {}
    for twirled in (False, True):
        simulator = AerSimulator(noise_model=noise, basis_gates=["sx", "rz", "x", "measure"])
        options = {"twirling": {"enable_measure": True, "num_randomizations": 400}}
        sampler = make_runtime_sampler(simulator, options=options if twirled else None, seed=3)
        zeros, ones = run_readout_calibration(circuit, sampler, shots=shots)
        counts = run_circuits([circuit], sampler, shots=shots)
        errors = estimate_readout_errors(zeros, ones, shots_of_zeros=shots, shots_of_ones=shots)
        results[twirled] = errors, counts
    plain, counts = results[False]
    twirled_errors, twirled_counts = results[True]
    assert counts.sum() == twirled_counts.sum() == shots
    assert (abs(plain.flip_up - UP[order]) < 5.0 * plain.flip_up_stderr).all()
    mean = 0.5 * (UP + DOWN)[order]
    uneven = abs(UP - DOWN)[order] / 40.0
    for found, error in zip(
        (twirled_errors.flip_up, twirled_errors.flip_down), twirled_errors.stderr, strict=True
    ):
        assert (abs(found - mean) < 5.0 * np.hypot(error, uneven)).all()
    # `twirled` says so without running it: the two calibrations agree.
    told = plain.twirled()
    spread = np.hypot(np.hypot(told.flip_up_stderr, twirled_errors.flip_up_stderr), uneven)
    assert (abs(told.flip_up - twirled_errors.flip_up) < 5.0 * spread).all()

    excited = np.cos(0.45) ** 2  # SX RZ(0.9) SX on |0>
    for errors, record in (
        (plain, counts),
        (twirled_errors, twirled_counts),
        (told, twirled_counts),
    ):
        mitigated = mitigate_metrics(record, errors, level_splitting=1.0, times=[1.0])
        energy, error = mitigated["stored_energy"]
        assert abs(energy[0] - 6 * excited) < 5.0 * np.hypot(error[0], 6 * 0.05 / 40.0)
        assert abs(record[0] @ np.arange(7) / shots - 6 * excited) > 12.0 * error[0]
    # The wrong calibration for twirled counts is seen.
    wrong = mitigate_metrics(twirled_counts, plain, level_splitting=1.0, times=[1.0])
    assert abs(wrong["stored_energy"][0][0] - 6 * excited) > 0.03
