"""Recognition of symmetric circuits: everything symmetric is run right, all else is refused."""

from __future__ import annotations

import io
from itertools import combinations

import numpy as np
import pytest
from qiskit import QuantumCircuit, qpy, transpile
from qiskit.circuit import Parameter
from qiskit.circuit.library import PauliEvolutionGate
from qiskit.quantum_info import SparsePauliOp, Statevector
from symmetric_circuits import (
    FIXED,
    NUM_ANGLES,
    PAIRS,
    add_pair_layer,
    add_single_layer,
    layer_of_pairs,
    random_circuit,
)

from rzqiskit.circuits.gates import CollectiveZZGate
from rzqiskit.dicke.layers import state_populations
from rzqiskit.emulator import SymmetryError, circuit_states


def exact_populations(circuit):
    """Hamming-weight populations from all 2^N amplitudes."""
    weights = np.bitwise_count(np.arange(2**circuit.num_qubits))
    p = np.abs(Statevector(circuit).data) ** 2
    return np.bincount(weights, weights=p, minlength=circuit.num_qubits + 1)


def assert_emulated(circuit, expected=None):
    [state] = circuit_states(circuit)
    first, window = state_populations(state)
    found = np.zeros(circuit.num_qubits + 1)
    found[first : first + window.size] = window
    reference = exact_populations(circuit) if expected is None else expected
    np.testing.assert_allclose(found, reference, rtol=0.0, atol=1e-12)


def reordered(circuit, rng):
    """The same circuit with its instructions in another order that keeps each qubit's own."""
    queue = list(circuit.data)
    shuffled = circuit.copy_empty_like()
    while queue:
        free, blocked = [], set()
        for place, instruction in enumerate(queue):
            if blocked.isdisjoint(instruction.qubits):
                free.append(place)
            blocked.update(instruction.qubits)
        shuffled.append(queue.pop(int(rng.choice(free))))
    return shuffled


@pytest.mark.parametrize("kind", [*FIXED, *NUM_ANGLES, "unitary", *PAIRS])
def test_each_gate_alone_does_what_qiskit_says(kind):
    rng = np.random.default_rng(sum(map(ord, kind)))
    circuit = QuantumCircuit(4)
    circuit.u(0.7, 0.3, -1.1, range(4))
    if kind in PAIRS:
        add_pair_layer(circuit, rng, kind)
    else:
        add_single_layer(circuit, rng, kind)
    circuit.u(1.9, -0.4, 0.8, range(4))
    assert_emulated(circuit)


@pytest.mark.parametrize("num_qubits", [1, 2, 3, 4, 6])
def test_random_symmetric_circuits_in_any_commuting_order(num_qubits):
    rng = np.random.default_rng(num_qubits)
    for _ in range(12):
        circuit = random_circuit(num_qubits, 9, rng)
        expected = exact_populations(circuit)
        assert_emulated(circuit, expected)
        assert_emulated(reordered(circuit, rng), expected)


def test_equal_rotations_in_different_forms_are_one():
    circuit = QuantumCircuit(4)
    circuit.h([0, 1])
    circuit.ry(np.pi / 2, 2)
    circuit.rx(np.pi, 2)
    circuit.u(np.pi / 2, 0.0, np.pi, 3)
    circuit.cp(0.4, 0, 1)
    for pair in list(combinations(range(4), 2))[1:]:
        circuit.rzz(-0.2, *pair)
        circuit.rz(0.2, pair)
    circuit.rz(2 * np.pi + 0.1, [0, 1])
    circuit.p(0.1, [2, 3])
    circuit.rx(0.7, range(4))
    assert_emulated(circuit)


def test_pair_gates_that_turn_single_qubits_unequally_are_refused():
    circuit = QuantumCircuit(3)
    circuit.h(range(3))
    circuit.cp(0.4, 0, 1)
    circuit.rzz(-0.2, 0, 2)
    circuit.rzz(-0.2, 1, 2)
    circuit.rx(0.7, range(3))
    with pytest.raises(SymmetryError, match="`cp` on 0, 1") as caught:
        circuit_states(circuit)
    assert caught.value.index == 3


def test_parameters_compare_as_symbols_and_as_numbers():
    a, b = Parameter("a"), Parameter("b")
    circuit = QuantumCircuit(2)
    circuit.rx(2 * a + b, 0)
    circuit.rx(b + 2 * a, 1)
    circuit.rzz(a * b, 0, 1)
    circuit.ry(a, 0)
    circuit.ry(b, 1)
    states = circuit_states(circuit, [[0.3, 0.3], [0.9, 0.9]])
    for value, state in zip((0.3, 0.9), states, strict=True):
        expected = exact_populations(circuit.assign_parameters({a: value, b: value}))
        np.testing.assert_allclose(state_populations(state)[1], expected, atol=1e-12)
    with pytest.raises(SymmetryError, match=r"instruction 4 \(`ry` on 1\)"):
        circuit_states(circuit, [[0.3, 0.3], [0.3, 0.4]])


def test_rotations_that_cancel_after_the_pairs_leave_the_layer_open():
    circuit = QuantumCircuit(3)
    circuit.h(range(3))
    circuit.rzz(0.4, 0, 1)
    circuit.x([0, 0, 1, 1])
    circuit.rzz(0.4, 0, 2)
    circuit.rzz(0.4, 1, 2)
    circuit.sx(2)
    circuit.sxdg(2)
    circuit.rx(0.9, range(3))
    assert_emulated(circuit)


def test_swaps_barriers_delays_and_first_resets_change_nothing():
    circuit = QuantumCircuit(3)
    circuit.reset(range(3))
    circuit.barrier()
    circuit.h(range(3))
    circuit.rzz(0.4, 0, 1)
    circuit.swap(0, 2)
    circuit.rzz(0.4, 0, 1)
    circuit.delay(100, 1)
    circuit.swap(1, 2)
    circuit.rzz(0.4, 0, 1)
    circuit.id(range(3))
    circuit.ry(0.3, range(3))
    expected = QuantumCircuit(3)
    expected.h(range(3))
    layer_of_pairs(expected, 0.4)
    expected.ry(0.3, range(3))
    assert_emulated(circuit, exact_populations(expected))


def test_composite_gates_are_opened():
    inner = QuantumCircuit(3)
    inner.rx(0.3, range(3))
    layer_of_pairs(inner, 0.5)
    circuit = QuantumCircuit(3)
    circuit.append(inner.to_gate(label="slice"), [2, 0, 1])
    operator = SparsePauliOp(["ZZI", "ZIZ", "IZZ"]) + SparsePauliOp(["XII", "IXI", "IIX"])
    circuit.append(PauliEvolutionGate(operator, time=0.4), range(3))
    circuit.append(inner.to_instruction(), range(3))
    expected = circuit.decompose(reps=4)
    assert_emulated(circuit, exact_populations(expected))


def test_circuits_survive_qpy_qasm_and_a_basis_of_cx():
    from qiskit import qasm3

    circuit = QuantumCircuit(4)
    circuit.h(range(4))
    circuit.append(CollectiveZZGate(4, 0.35), range(4))
    circuit.rx(0.8, range(4))
    circuit.append(CollectiveZZGate(4, -0.15), range(4))
    circuit.ry(0.8, range(4))
    expected = exact_populations(circuit)
    stream = io.BytesIO()
    qpy.dump(circuit, stream)
    stream.seek(0)
    assert_emulated(qpy.load(stream)[0], expected)
    assert_emulated(qasm3.loads(qasm3.dumps(circuit)), expected)
    assert_emulated(transpile(circuit, basis_gates=["cx", "rz", "sx", "x"]), expected)
    assert_emulated(transpile(circuit, basis_gates=["rzz", "u"], optimization_level=2), expected)


def test_recognition_is_nearly_linear_in_the_number_of_gates():
    """Twice the qubits, four times the gates: the pass must not take sixteen times as long."""
    from time import process_time

    seconds = []
    for num_qubits in (75, 150):
        circuit = QuantumCircuit(num_qubits)
        circuit.h(range(num_qubits))
        layer_of_pairs(circuit, 0.01)
        best = np.inf
        for _ in range(3):
            start = process_time()
            circuit_states(circuit)
            best = min(best, process_time() - start)
        seconds.append(best)
    assert seconds[1] < 9 * seconds[0]


@pytest.mark.parametrize("angle", [np.nan, np.inf])
def test_fixed_angles_must_be_finite(angle):
    circuit = QuantumCircuit(2)
    circuit.h([0, 1])
    circuit.rx(angle, [0, 1])
    with pytest.raises(ValueError, match=r"angles must be finite, got \w+ in instruction 2"):
        circuit_states(circuit)


@pytest.mark.parametrize("angle", [1e-9, 1e-200, 5e-324])
def test_tiny_angles_from_parameters_are_no_trouble(angle):
    theta = Parameter("theta")
    circuit = QuantumCircuit(3)
    circuit.rx(theta, range(3))
    layer_of_pairs(circuit, theta)
    circuit.ry(theta, range(3))
    [state] = circuit_states(circuit, [[angle]])
    np.testing.assert_allclose(state_populations(state)[1], [1, 0, 0, 0], atol=1e-15)


def test_only_circuits_with_qubits_are_taken():
    with pytest.raises(ValueError, match="`circuit` must have at least one qubit, got none"):
        circuit_states(QuantumCircuit(0))
    with pytest.raises(TypeError, match="`circuit` must be a QuantumCircuit, got str"):
        circuit_states("h q[0]")
