"""Recognition of symmetric circuits: everything symmetric is run right, all else is refused."""

from __future__ import annotations

import io
from itertools import combinations

import numpy as np
import pytest
from qiskit import QuantumCircuit, qpy, transpile
from qiskit.circuit import Parameter
from qiskit.circuit.library import PauliEvolutionGate, QFTGate
from qiskit.quantum_info import SparsePauliOp, Statevector
from scipy.stats import unitary_group

from rzqiskit.circuits.gates import CollectiveZZGate
from rzqiskit.dicke.layers import state_populations
from rzqiskit.emulator import SymmetryError, circuit_states

FIXED = ["h", "x", "y", "z", "s", "sdg", "t", "tdg", "sx", "sxdg"]
NUM_ANGLES = {"rx": 1, "ry": 1, "rz": 1, "p": 1, "u": 3, "r": 2}
PAIRS = ["rzz", "cp", "cz", "cs", "csdg", "rxx", "ryy", "cx-rz-cx", "collective_zz"]


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


def add_single_layer(circuit, rng, kind):
    angles = rng.uniform(-6, 6, NUM_ANGLES.get(kind, 0))
    matrix = unitary_group.rvs(2, random_state=rng)
    for qubit in rng.permutation(circuit.num_qubits).tolist():
        if kind == "unitary":
            circuit.unitary(matrix, [qubit])
        else:
            getattr(circuit, kind)(*angles, qubit)


def add_pair_layer(circuit, rng, kind):
    angle = rng.uniform(-3, 3)
    if kind == "collective_zz":
        circuit.append(
            CollectiveZZGate(circuit.num_qubits, angle),
            rng.permutation(circuit.num_qubits).tolist(),
        )
        return
    for pair in rng.permutation(list(combinations(range(circuit.num_qubits), 2))).tolist():
        first, second = rng.permutation(pair).tolist()
        if kind == "cx-rz-cx":
            circuit.cx(first, second)
            circuit.rz(angle, second)
            circuit.cx(first, second)
        elif kind in {"cz", "cs", "csdg"}:
            getattr(circuit, kind)(first, second)
        else:
            getattr(circuit, kind)(angle, first, second)


def random_circuit(num_qubits, num_layers, rng):
    circuit = QuantumCircuit(num_qubits)
    for _ in range(num_layers):
        if rng.random() < 0.6:
            add_single_layer(circuit, rng, rng.choice([*FIXED, *NUM_ANGLES, "unitary"]))
        else:
            add_pair_layer(circuit, rng, rng.choice(PAIRS))
    return circuit


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


def layer_of_pairs(circuit, angle=0.3, skip=()):
    for pair in combinations(range(circuit.num_qubits), 2):
        if pair not in skip:
            circuit.rzz(angle, *pair)


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
