"""Exact probabilities of noisy circuits against shots and against Aer."""

import numpy as np
import pytest
from qiskit.circuit import QuantumCircuit
from qiskit_ibm_runtime.fake_provider import FakeManilaV2

from rzqiskit.execution.noise import NoisySampler, readout_flips
from rzqiskit.execution.noisy_probabilities import (
    noisy_bit_string_probabilities,
    noisy_weight_probabilities,
)
from rzqiskit.execution.sampling import run_circuits


def lopsided():
    circuit = QuantumCircuit(5, 3)
    for angle, qubit, other in ((2.2, 3, 2), (0.7, 1, None)):
        circuit.sx(qubit)
        circuit.rz(np.pi - angle, qubit)
        circuit.sx(qubit)
        if other is not None:
            circuit.cx(qubit, other)
    circuit.cx(2, 1)
    circuit.measure([1, 3, 2], [0, 1, 2])
    return circuit


def test_shots_scatter_about_the_probabilities():
    """Chi-square of 8 bit strings: 7 degrees of freedom, above 53 once in 3e8."""
    backend, shots = FakeManilaV2(), 100_000
    (expected,) = noisy_bit_string_probabilities([lopsided()], backend)
    result = NoisySampler(backend, seed=3).run([lopsided()], shots=shots).result()
    counts = np.zeros(8)
    for key, value in result[0].data.c.get_int_counts().items():
        counts[key] = value
    assert np.sum((counts - shots * expected) ** 2 / (shots * expected)) < 53.0
    weights = run_circuits([lopsided()], NoisySampler(backend, seed=4), shots=shots)[0]
    (by_weight,) = noisy_weight_probabilities([lopsided()], backend)
    assert np.sum((weights - shots * by_weight) ** 2 / (shots * by_weight)) < 45.0


def test_readout_is_asymmetric_and_by_bit():
    backend = FakeManilaV2()
    circuit = QuantumCircuit(5, 2)
    circuit.measure([4, 0], [0, 1])
    (read,) = noisy_bit_string_probabilities([circuit], backend)
    (first, _), (second, _) = readout_flips(backend, [4, 0])
    expected = [(1 - first) * (1 - second), first * (1 - second), (1 - first) * second,
                first * second]  # fmt: skip
    np.testing.assert_allclose(read, expected, rtol=1e-12)
    assert first != second


def test_too_many_qubits():
    circuit = QuantumCircuit(14, 14)
    circuit.measure(range(14), range(14))
    with pytest.raises(ValueError, match="at most 13 qubits"):
        noisy_bit_string_probabilities([circuit], FakeManilaV2())
