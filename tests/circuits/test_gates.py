"""The collective ZZ gate against the matrix exponential, and through every file format."""

import copy
import io
import pickle

import numpy as np
import pytest
import scipy.linalg
from qiskit import QuantumCircuit, qasm3, qpy, transpile
from qiskit.circuit import Gate, Parameter
from qiskit.circuit.library import RZZGate
from qiskit.quantum_info import Operator, SparsePauliOp, Statevector
from qiskit_aer import AerSimulator

from rzqiskit.circuits.gates import CollectiveZZGate, collective_zz_angle


def exponential(num_qubits: int, theta: float) -> np.ndarray:
    terms = [("ZZ", [i, j], 1.0) for i in range(num_qubits) for j in range(i)]
    if not terms:
        return np.eye(2**num_qubits)
    generator = SparsePauliOp.from_sparse_list(terms, num_qubits).to_matrix()
    return scipy.linalg.expm(-0.5j * theta * generator)


def example(angle, num_qubits: int = 5) -> QuantumCircuit:
    """Return a circuit that is sensitive to the gate, its sign and the order of the qubits."""
    circuit = QuantumCircuit(num_qubits)
    for qubit in range(num_qubits):
        circuit.rx(0.3 + 0.2 * qubit, qubit)
    circuit.append(CollectiveZZGate(num_qubits, angle), range(num_qubits))
    for qubit in range(num_qubits):
        circuit.rx(0.7 - 0.1 * qubit, qubit)
    return circuit


@pytest.mark.parametrize("num_qubits", [1, 2, 3, 5])
@pytest.mark.parametrize("theta", [0.0, 0.37, -2.1, 9.0])
def test_matrix_and_definition_equal_the_exponential(num_qubits, theta):
    gate = CollectiveZZGate(num_qubits, theta)
    expected = exponential(num_qubits, theta)
    np.testing.assert_allclose(gate.to_matrix(), expected, atol=1e-13)
    np.testing.assert_allclose(Operator(gate.definition).data, expected, atol=1e-13)
    np.testing.assert_allclose(np.asarray(gate, dtype=complex), expected, atol=1e-13)


def test_two_qubits_are_the_gate_of_qiskit():
    np.testing.assert_allclose(
        CollectiveZZGate(2, 0.6).to_matrix(), RZZGate(0.6).to_matrix(), atol=1e-15
    )


@pytest.mark.parametrize("theta", [0.4, Parameter("a"), 2 * Parameter("a") + Parameter("b")])
def test_inverse_and_power(theta):
    gate = CollectiveZZGate(4, theta)
    assert gate.inverse() == CollectiveZZGate(4, -theta)
    assert gate.inverse().inverse() == gate
    assert gate.power(-1) == gate.inverse()
    assert gate**2.5 == CollectiveZZGate(4, 2.5 * theta)
    assert gate.inverse() != gate


def test_power_repeat_and_control_agree_with_the_matrix():
    gate = CollectiveZZGate(3, 0.4)
    once = exponential(3, 0.4)
    np.testing.assert_allclose(Operator(gate.power(3)).data, once @ once @ once, atol=1e-13)
    np.testing.assert_allclose(Operator(gate.repeat(3)).data, once @ once @ once, atol=1e-13)
    controlled = Operator(gate.control(1, annotated=True)).data
    np.testing.assert_allclose(controlled[1::2, 1::2], once, atol=1e-13)
    np.testing.assert_allclose(controlled[::2, ::2], np.eye(8), atol=1e-13)
    circuit = QuantumCircuit(3)
    circuit.append(gate, range(3))
    inverted = circuit.inverse()
    assert isinstance(inverted.data[0].operation, CollectiveZZGate)
    np.testing.assert_allclose(Operator(inverted).data, once.conj().T, atol=1e-13)


def test_equality_sees_width_and_angle():
    a, b = Parameter("a"), Parameter("b")
    assert CollectiveZZGate(4, 0.5) == CollectiveZZGate(4, 0.5)
    assert CollectiveZZGate(4, 0.5) != CollectiveZZGate(5, 0.5)
    assert CollectiveZZGate(4, 0.5) != CollectiveZZGate(4, 0.6)
    assert CollectiveZZGate(4, a) == CollectiveZZGate(4, a)
    assert CollectiveZZGate(4, a) != CollectiveZZGate(4, b)
    assert CollectiveZZGate(4, a) != CollectiveZZGate(4, 0.5)
    assert CollectiveZZGate(2, 0.5) != RZZGate(0.5)
    assert CollectiveZZGate(2, 0.5) != "collective_zz"


def test_copies_are_equal_and_independent():
    gate = CollectiveZZGate(4, 0.5, label="interaction")
    for duplicate in (copy.deepcopy(gate), gate.copy(), pickle.loads(pickle.dumps(gate))):
        assert duplicate == gate
        assert duplicate.label == "interaction"
        duplicate.params = [0.25]
        assert duplicate != gate
    assert gate.theta == 0.5


def test_binding_reaches_the_definition():
    a, b = Parameter("a"), Parameter("b")
    circuit = example(2 * a - b)
    assert set(circuit.parameters) == {a, b}
    bound = circuit.assign_parameters({a: 0.3, b: 0.1})
    np.testing.assert_allclose(Operator(bound).data, Operator(example(0.5)).data, atol=1e-13)
    late = transpile(circuit, basis_gates=["rz", "sx", "cx"], seed_transpiler=1)
    late = late.assign_parameters({a: 0.3, b: 0.1})
    assert Operator(late).equiv(Operator(example(0.5)))


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_angles_that_are_not_finite_are_refused(value):
    with pytest.raises(ValueError, match=r"`theta` must be finite, got"):
        CollectiveZZGate(4, value)


def test_qiskit_refuses_to_bind_what_is_not_finite():
    a = Parameter("a")
    circuit = example(a)
    with pytest.raises(RuntimeError, match="Binding to NaN"):
        circuit.assign_parameters({a: float("nan")})
    with pytest.raises(ZeroDivisionError, match="infinite value"):
        circuit.assign_parameters({a: float("inf")})


@pytest.mark.parametrize("value", ["0.1", None, 1j, True, [0.1]])
def test_angles_that_are_not_real_are_refused(value):
    with pytest.raises(TypeError, match=r"`theta` must be a real number, got"):
        CollectiveZZGate(4, value)


def test_bad_widths_and_exponents_are_refused():
    with pytest.raises(ValueError, match=r"`num_qubits` must be a positive integer, got 0\."):
        CollectiveZZGate(0, 0.1)
    with pytest.raises(TypeError, match=r"`num_qubits` must be an integer, got 2\.5"):
        CollectiveZZGate(2.5, 0.1)
    with pytest.raises(ValueError, match=r"`exponent` must be finite"):
        CollectiveZZGate(2, 0.1).power(float("nan"))


@pytest.mark.parametrize(
    "angle", [0.4, Parameter("a"), 2 * Parameter("a") + Parameter("b")], ids=str
)
def test_qpy_round_trip(angle):
    circuit = example(angle)
    circuit.append(CollectiveZZGate(3, angle), [4, 0, 2])
    circuit.append(CollectiveZZGate(5, angle).inverse(), range(5))
    stream = io.BytesIO()
    qpy.dump(circuit, stream)
    stream.seek(0)
    (loaded,) = qpy.load(stream)
    assert loaded == circuit
    assert circuit == loaded
    assert loaded != example(angle)
    values = {p: 0.3 + 0.2 * i for i, p in enumerate(circuit.parameters)}
    np.testing.assert_allclose(
        Operator(loaded.assign_parameters(values)).data,
        Operator(circuit.assign_parameters(values)).data,
        atol=1e-13,
    )
    gates = [i for i in loaded.data if i.operation.name == "collective_zz"]
    assert [type(i.operation) for i in gates] == [Gate] * 3
    assert CollectiveZZGate(5, collective_zz_angle(gates[0].operation)) == CollectiveZZGate(
        5, angle
    )


def test_openqasm3_round_trip_of_several_angles_and_widths():
    circuit = example(0.4)
    circuit.append(CollectiveZZGate(3, -1.3), [4, 0, 2])
    circuit.append(CollectiveZZGate(5, 0.4), range(5))
    loaded = qasm3.loads(qasm3.dumps(circuit))
    np.testing.assert_allclose(Operator(loaded).data, Operator(circuit).data, atol=1e-12)
    angles = [collective_zz_angle(i.operation) for i in loaded.data]
    found = [angle for angle in angles if angle is not None]
    assert found == pytest.approx([0.4, -1.3, 0.4], abs=1e-12)


def test_openqasm3_round_trip_of_a_parameter():
    a = Parameter("a")
    circuit = example(a)
    loaded = qasm3.loads(qasm3.dumps(circuit))
    assert [p.name for p in loaded.parameters] == ["a"]
    np.testing.assert_allclose(
        Operator(loaded.assign_parameters([0.7])).data, Operator(example(0.7)).data, atol=1e-12
    )


@pytest.mark.parametrize("level", [0, 1, 2, 3])
def test_plain_transpile_and_aer(level):
    circuit = example(0.9)
    expected = Statevector(circuit.decompose("collective_zz")).probabilities()
    simulator = AerSimulator(method="statevector")
    compiled = transpile(circuit, simulator, optimization_level=level, seed_transpiler=5)
    compiled.save_probabilities()
    found = simulator.run(compiled).result().data()["probabilities"]
    np.testing.assert_allclose(found, expected, atol=1e-12)


def test_statevector_and_operator_take_the_gate_as_it_is():
    circuit = example(0.9)
    flat = circuit.decompose("collective_zz")
    np.testing.assert_allclose(Statevector(circuit).data, Statevector(flat).data, atol=1e-13)
    np.testing.assert_allclose(Operator(circuit).data, Operator(flat).data, atol=1e-13)


def test_recognition_goes_by_the_definition():
    uneven = QuantumCircuit(3)
    uneven.rzz(0.1, 0, 1)
    uneven.rzz(0.1, 0, 2)
    missing = Gate("collective_zz", 3, [0.1])
    missing.definition = uneven.copy()
    uneven.rzz(0.2, 1, 2)
    impostor = Gate("collective_zz", 3, [0.1])
    impostor.definition = uneven
    assert collective_zz_angle(missing) is None
    assert collective_zz_angle(impostor) is None
    assert collective_zz_angle(Gate("collective_zz", 3, [0.1])) is None
    assert impostor != CollectiveZZGate(3, 0.1)
    assert collective_zz_angle(CollectiveZZGate(1, 0.1)) == 0.1
