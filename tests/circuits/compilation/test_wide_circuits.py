"""Compiled circuits of 16 and 20 cells do what they did before: by states and stabilizers."""

import numpy as np
import pytest
from measured_circuits import on_read_qubits
from qiskit import QuantumCircuit
from qiskit.quantum_info import Clifford, StabilizerState
from qiskit_aer import AerSimulator

from rzqiskit.circuits.compilation.compiler import compile_circuits
from rzqiskit.circuits.gates import CollectiveZZGate


@pytest.mark.parametrize(
    ("name", "network", "num_qubits", "num_layers"),
    [
        ("FakeMarrakesh", "line", 20, 1),
        ("FractionalBoston", "line", 16, 2),
        ("FractionalBoston", "parity", 16, 2),
        ("FractionalBoston", "fractional", 16, 2),
        ("FakeNighthawk", "branched", 16, 2),
    ],
)
def test_wide_circuits_by_simulation(devices, charging, name, network, num_qubits, num_layers):
    circuit = charging(num_qubits, num_layers, uneven=num_qubits)
    (compiled,) = compile_circuits(circuit, devices[name], network=network)
    found, expected = (
        probabilities(on_read_qubits(measured))
        for measured in (compiled, circuit.decompose("collective_zz"))
    )
    np.testing.assert_allclose(found, expected, atol=1e-12)


def probabilities(circuit):
    circuit.save_probabilities()
    return AerSimulator(method="statevector").run(circuit).result().data()["probabilities"]


@pytest.mark.parametrize(
    ("name", "network", "num_qubits"),
    [
        ("FakeNighthawk", "parity", 20),
        ("FractionalBoston", "parity", 16),
        ("FractionalBoston", "fractional", 20),
        ("FakeNighthawk", "branched", 16),
    ],
)
def test_clifford_points_of_wide_circuits(devices, name, network, num_qubits):
    """At multiples of pi/2 both circuits are Clifford: their stabilizer states must agree.

    Not so the line's: it prepares its first pairs as states, and Clifford states that are maximally
    entangled by gates that are not Clifford. It is simulated instead.
    """
    rng = np.random.default_rng(num_qubits)
    circuit = QuantumCircuit(num_qubits, num_qubits)
    for angle in (np.pi / 2, -np.pi / 2):
        for qubit in range(num_qubits):
            circuit.rx(np.pi / 2 * rng.integers(4), qubit)
            circuit.rz(np.pi / 2 * rng.integers(4), qubit)
        circuit.append(CollectiveZZGate(num_qubits, angle), range(num_qubits))
    for qubit in range(num_qubits):
        circuit.rx(np.pi / 2 * rng.integers(4), qubit)
    circuit.measure(range(num_qubits), range(num_qubits))
    (compiled,) = compile_circuits(circuit, devices[name], network=network)
    found = stabilizer_state(compiled)
    expected = stabilizer_state(circuit.decompose("collective_zz"))
    assert found.equiv(expected)
    # Without its last layer it is another state.
    circuit.data.pop(-1 - 2 * num_qubits)
    assert not found.equiv(stabilizer_state(circuit.decompose("collective_zz")))


def stabilizer_state(circuit):
    """Return the state before measurement, its angles rounded to the multiples of pi/2 they are."""
    bare = on_read_qubits(circuit)
    exact = QuantumCircuit(bare.num_qubits)
    for item in bare.data:
        angles = [round(float(angle) / (np.pi / 2)) * np.pi / 2 for angle in item.operation.params]
        np.testing.assert_allclose(angles, item.operation.params, atol=1e-9)
        operation = item.operation.to_mutable()
        operation.params = angles
        exact.append(operation, [bare.find_bit(qubit).index for qubit in item.qubits])
    return StabilizerState(Clifford.from_circuit(exact))
