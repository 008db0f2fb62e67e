"""What is not permutation symmetric is refused, and the offending instruction named."""

from __future__ import annotations

import numpy as np
import pytest
from qiskit import QuantumCircuit
from qiskit.circuit.library import QFTGate
from symmetric_circuits import layer_of_pairs, random_circuit

from rzqiskit.circuits.gates import CollectiveZZGate
from rzqiskit.emulator import SymmetryError, circuit_states


def test_one_gate_too_many_or_too_few_is_always_refused():
    rng = np.random.default_rng(17)
    named = total = 0
    for _ in range(60):
        circuit = random_circuit(int(rng.integers(3, 6)), 7, rng)
        if len(circuit.data) < 2:
            continue
        place, odd = int(rng.integers(len(circuit.data))), circuit.copy_empty_like()
        for index, instruction in enumerate(circuit.data):
            if index == place:
                qubits = rng.permutation(circuit.num_qubits)[:2].tolist()
                kind = rng.choice(["rx", "rz", "rzz"])
                getattr(odd, kind)(0.37, *(qubits if kind == "rzz" else qubits[:1]))
            odd.append(instruction)
        with pytest.raises(SymmetryError, match=r"instruction \d+ \(`\w+` on .* breaks") as caught:
            circuit_states(odd)
        total += 1
        named += caught.value.index == place
    assert total > 40
    # Between the two cx of a pair rotation it is the cx that is named.
    assert named > 0.9 * total


def odd_angle():
    circuit = QuantumCircuit(4)
    circuit.h(range(4))
    for qubit in range(4):
        circuit.rx(0.2 if qubit != 2 else 0.3, qubit)
    return circuit, 6, "rx"


def single_gate():
    circuit = QuantumCircuit(5)
    circuit.ry(0.1, 3)
    return circuit, 0, "ry"


def two_qubits_tie():
    circuit = QuantumCircuit(2)
    circuit.x([0, 1])
    circuit.ry(0.1, 1)
    return circuit, 2, "ry"


def missing_gate():
    circuit = QuantumCircuit(4)
    circuit.h(range(4))
    circuit.rx(0.2, [0, 1, 3])
    layer_of_pairs(circuit)
    return circuit, 4, "rx"


def missing_between_layers():
    circuit = QuantumCircuit(4)
    circuit.h(range(4))
    layer_of_pairs(circuit)
    circuit.rx(0.2, [0, 1, 3])
    layer_of_pairs(circuit)
    return circuit, 10, "rx"


def extra_between_layers():
    circuit = QuantumCircuit(4)
    circuit.h(range(4))
    layer_of_pairs(circuit)
    circuit.rx(0.2, 3)
    layer_of_pairs(circuit)
    return circuit, 10, "rx"


def missing_pair():
    circuit = QuantumCircuit(4)
    circuit.h(range(4))
    layer_of_pairs(circuit, skip=[(1, 2)])
    return circuit, 4, "rzz"


def odd_pair():
    circuit = QuantumCircuit(4)
    circuit.h(range(4))
    layer_of_pairs(circuit)
    circuit.rzz(0.1, 2, 3)
    return circuit, 10, "rzz"


def lone_cx():
    circuit = QuantumCircuit(3)
    circuit.h(range(3))
    circuit.cx(0, 1)
    return circuit, 3, "cx"


def cx_chain():
    circuit = QuantumCircuit(3)
    circuit.cx(0, 1)
    circuit.cx(1, 2)
    circuit.rz(0.1, 2)
    circuit.cx(1, 2)
    circuit.cx(0, 1)
    return circuit, 0, "cx"


def three_qubit_gate():
    circuit = QuantumCircuit(3)
    circuit.h(range(3))
    circuit.ccx(0, 1, 2)
    return circuit, 3, "ccx"


def order_matters():
    """Pairs before the rotation on one side, after it on the other."""
    circuit = QuantumCircuit(3)
    circuit.rzz(0.1, 0, 1)
    circuit.rx(0.2, range(3))
    circuit.rzz(0.1, 0, 2)
    circuit.rzz(0.1, 1, 2)
    return circuit, None, None


def mid_circuit_measurement():
    circuit = QuantumCircuit(2, 2)
    circuit.h([0, 1])
    circuit.measure(0, 0)
    circuit.x([0, 1])
    return circuit, 3, "x"


def mid_circuit_reset():
    circuit = QuantumCircuit(2)
    circuit.h([0, 1])
    circuit.reset([0, 1])
    return circuit, 2, "reset"


def control_flow():
    circuit = QuantumCircuit(2, 1)
    with circuit.if_test((circuit.clbits[0], 1)):
        circuit.x([0, 1])
    return circuit, 0, "if_else"


def quantum_fourier_transform():
    circuit = QuantumCircuit(4)
    circuit.append(QFTGate(4), range(4))
    return circuit, 0, "qft"


def part_of_the_register():
    circuit = QuantumCircuit(4)
    circuit.h(range(4))
    circuit.append(CollectiveZZGate(3, 0.2), range(3))
    return circuit, 4, "collective_zz"


@pytest.mark.parametrize(
    "build",
    [
        odd_angle,
        single_gate,
        two_qubits_tie,
        missing_gate,
        missing_between_layers,
        extra_between_layers,
        missing_pair,
        odd_pair,
        lone_cx,
        cx_chain,
        three_qubit_gate,
        order_matters,
        mid_circuit_measurement,
        mid_circuit_reset,
        control_flow,
        quantum_fourier_transform,
        part_of_the_register,
    ],
    ids=lambda build: build.__name__,
)
def test_what_is_not_symmetric_is_refused_by_name(build):
    circuit, index, name = build()
    pattern = r"instruction \d+" if index is None else rf"instruction {index} \(`{name}` on"
    with pytest.raises(SymmetryError, match=pattern) as caught:
        circuit_states(circuit)
    assert isinstance(caught.value, ValueError)
    if index is not None:
        assert (caught.value.index, caught.value.name) == (index, name)
