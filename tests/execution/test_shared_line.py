"""Circuits of different numbers of layers on the same qubits, doing what they did."""

import numpy as np
import pytest
from qiskit.circuit import QuantumCircuit
from qiskit.providers.fake_provider import GenericBackendV2
from qiskit.quantum_info import Statevector
from qiskit.transpiler import CouplingMap
from qiskit_ibm_runtime.fake_provider import FakeTorino

from rzqiskit.circuits.compilation.compiler import compile_circuits
from rzqiskit.circuits.gates import CollectiveZZGate
from rzqiskit.execution.noise import measured_qubits
from rzqiskit.execution.shared_line import compile_on_shared_line


def layered(num_qubits, num_layers):
    """A circuit that treats every qubit differently at its end, so that bits can be told apart."""
    circuit = QuantumCircuit(num_qubits)
    for layer in range(num_layers):
        circuit.rx(0.4 + 0.1 * layer, range(num_qubits))
        circuit.append(CollectiveZZGate(num_qubits, 0.2), range(num_qubits))
    for qubit in range(num_qubits):
        circuit.rx(0.3 + 0.4 * qubit, qubit)
    circuit.measure_all()
    return circuit


def outcome_probabilities(circuit):
    """Probability of each outcome, bit i of which is classical bit i."""
    read = measured_qubits(circuit)
    state = Statevector(circuit.remove_final_measurements(inplace=False))
    return state.probabilities(read)


@pytest.mark.parametrize("network", ["auto", "line", "parity"])
def test_every_circuit_does_what_it_did(network):
    circuits = [layered(4, number) for number in (0, 1, 2, 3)]
    backend = GenericBackendV2(
        6, ["cz", "rz", "sx", "x"], coupling_map=CouplingMap.from_ring(6), seed=2
    )
    compiled = compile_on_shared_line(circuits, backend, network=network)
    assert len({tuple(sorted(measured_qubits(made))) for made in compiled}) == 1
    for made, circuit in zip(compiled, circuits, strict=True):
        np.testing.assert_allclose(
            outcome_probabilities(made), outcome_probabilities(circuit), atol=1e-9
        )


def test_the_line_is_that_of_the_deepest():
    device = FakeTorino()
    circuits = [layered(6, number) for number in (0, 1, 4, 2)]
    apart = [sorted(measured_qubits(made)) for made in compile_circuits(circuits, device)]
    assert len({tuple(qubits) for qubits in apart}) > 1  # left to themselves they go elsewhere
    shared = compile_on_shared_line(circuits, device)
    assert [sorted(measured_qubits(made)) for made in shared] == [apart[2]] * 4


def test_one_width_only():
    with pytest.raises(ValueError, match="`line` must have one entry for each of 3 qubits, got 4"):
        compile_on_shared_line([layered(3, 1), layered(4, 2)], FakeTorino())
    assert compile_on_shared_line([], FakeTorino()) == []
