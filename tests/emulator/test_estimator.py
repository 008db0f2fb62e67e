"""DickeEstimator against Qiskit's state-vector estimator and dense collective spins."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from qiskit import QuantumCircuit
from qiskit.circuit import Parameter
from qiskit.primitives import BaseEstimatorV2, StatevectorEstimator
from qiskit.quantum_info import Operator, SparseObservable, SparsePauliOp, Statevector

from rzqiskit.circuits.gates import CollectiveZZGate
from rzqiskit.emulator import DickeEstimator, SymmetryError


def entangled_circuit(num_qubits):
    circuit = QuantumCircuit(num_qubits)
    circuit.u(0.9, 0.4, -0.3, range(num_qubits))
    circuit.append(CollectiveZZGate(num_qubits, 0.45), range(num_qubits))
    circuit.u(1.4, -1.2, 0.8, range(num_qubits))
    circuit.append(CollectiveZZGate(num_qubits, -0.3), range(num_qubits))
    circuit.rz(0.4, range(num_qubits))
    return circuit


def pauli(num_qubits, letters):
    """A label with the given {qubit: letter}."""
    return "".join(letters.get(q, "I") for q in reversed(range(num_qubits)))


@pytest.mark.parametrize("num_qubits", [1, 2, 3, 6])
def test_values_equal_the_state_vector(num_qubits):
    circuit = entangled_circuit(num_qubits)
    rng = np.random.default_rng(num_qubits)
    labels = ["I" * num_qubits]
    for letter in "XYZ":
        for size in range(1, num_qubits + 1):
            qubits = rng.permutation(num_qubits)[:size].tolist()
            labels.append(pauli(num_qubits, dict.fromkeys(qubits, letter)))
    if num_qubits > 1:
        for pair in ("XY", "YX", "ZX", "ZY"):
            first, second = rng.permutation(num_qubits)[:2].tolist()
            labels.append(pauli(num_qubits, {first: pair[0], second: pair[1]}))
    observables = [*labels, SparsePauliOp(labels, rng.normal(size=len(labels)))]
    expected = StatevectorEstimator().run([(circuit.decompose(), observables)]).result()[0].data.evs
    found = DickeEstimator().run([(circuit, observables)]).result()[0].data.evs
    np.testing.assert_allclose(found, expected, rtol=0.0, atol=1e-12)


def test_projectors_are_opened_into_paulis():
    circuit = entangled_circuit(3)
    observable = SparseObservable.from_sparse_list(
        [("+", [2], 0.5), ("01", [0, 1], 2.0)], num_qubits=3
    )
    found = DickeEstimator().run([(circuit, observable)]).result()[0].data.evs
    dense = SparsePauliOp.from_sparse_observable(observable.as_paulis())
    expected = Statevector(circuit.decompose()).expectation_value(dense).real
    assert found == pytest.approx(expected, abs=1e-12)


def test_parity_of_hundreds_of_qubits_is_stable():
    """<Z...Z> of a product state is cos(theta)^N; so is every shorter string's."""
    num_qubits, theta = 400, 0.05
    circuit = QuantumCircuit(num_qubits)
    circuit.rx(theta, range(num_qubits))
    sizes = [1, 2, 3, 50, 200, 201, 390, 399, 400]
    observables = ["I" * (num_qubits - size) + "Z" * size for size in sizes]
    found = DickeEstimator().run([(circuit, observables)]).result()[0].data.evs
    np.testing.assert_allclose(found, np.cos(theta) ** np.array(sizes), rtol=0.0, atol=1e-12)


def test_circuits_and_observables_broadcast():
    theta = Parameter("theta")
    circuit = QuantumCircuit(3)
    circuit.rx(theta, range(3))
    values = np.linspace(0.0, 2.0, 4)
    observables = [["ZII"], ["IYI"]]
    result = DickeEstimator().run([(circuit, observables, values[:, None])]).result()[0]
    np.testing.assert_allclose(result.data.evs, [np.cos(values), -np.sin(values)], atol=1e-13)
    np.testing.assert_array_equal(result.data.stds, np.zeros((2, 4)))
    assert isinstance(DickeEstimator(), BaseEstimatorV2)


def test_precision_is_the_spread_of_the_noise():
    circuit = QuantumCircuit(2)
    circuit.rx(1.0, [0, 1])
    observables = ["ZI"] * 4000
    runs = [
        DickeEstimator(seed=5).run([(circuit, observables)], precision=0.1).result()[0].data
        for _ in range(2)
    ]
    np.testing.assert_array_equal(runs[0].evs, runs[1].evs)
    np.testing.assert_array_equal(runs[0].stds, np.full(4000, 0.1))
    # five sigma of a mean and of a standard deviation: false alarm 1e-6
    assert abs(runs[0].evs.mean() - np.cos(1.0)) < 5 * 0.1 / np.sqrt(4000)
    assert abs(runs[0].evs.std() - 0.1) < 5 * 0.1 / np.sqrt(8000)


def test_spin_moments_equal_dense_collective_spins():
    num_qubits = 5
    circuit = entangled_circuit(num_qubits)
    psi = Statevector(circuit.decompose()).data
    spins = []
    for letter, sign in (("X", 1), ("Y", -1), ("Z", -1)):
        labels = [pauli(num_qubits, {q: letter}) for q in range(num_qubits)]
        spins.append(sign * 0.5 * Operator(SparsePauliOp(labels)).data)
    mean, covariance = DickeEstimator().spin_moments(circuit)
    expected = np.array([np.vdot(psi, spin @ psi).real for spin in spins])
    np.testing.assert_allclose(mean[0], expected, atol=1e-12)
    second = [[np.vdot(a @ psi, b @ psi).real for b in spins] for a in spins]
    np.testing.assert_allclose(covariance[0], second - np.outer(expected, expected), atol=1e-12)


def test_spin_moments_of_ten_thousand_qubits_and_a_sweep():
    theta = Parameter("theta")
    circuit = QuantumCircuit(10_000)
    circuit.rx(theta, range(10_000))
    mean, covariance = DickeEstimator().spin_moments(circuit, [[0.3], [np.pi]])
    np.testing.assert_allclose(mean[:, 2], -5000 * np.cos([0.3, np.pi]), rtol=1e-12)
    np.testing.assert_allclose(covariance[:, 0, 0], 2500.0, rtol=1e-12)
    assert covariance.shape == (2, 3, 3)


def test_pair_sum_of_many_qubits():
    num_qubits = 60
    circuit = QuantumCircuit(num_qubits)
    circuit.ry(0.7, range(num_qubits))
    pairs = [("ZX", list(pair), 1.0) for pair in combinations(range(num_qubits), 2)]
    observable = SparsePauliOp.from_sparse_list(pairs, num_qubits=num_qubits)
    found = DickeEstimator().run([(circuit, observable)]).result()[0].data.evs
    assert found == pytest.approx(len(pairs) * np.cos(0.7) * np.sin(0.7), rel=1e-12)


@pytest.mark.parametrize("num_qubits", [3, 5, 9])
def test_strings_of_mixed_letters_equal_the_state_vector(num_qubits):
    circuit = entangled_circuit(num_qubits)
    rng = np.random.default_rng(num_qubits)
    letters = ["".join(rng.choice(list("IXYZ"), size=num_qubits)) for _ in range(30)]
    expected = StatevectorEstimator().run([(circuit.decompose(), letters)]).result()[0].data.evs
    found = DickeEstimator().run([(circuit, letters)]).result()[0].data.evs
    np.testing.assert_allclose(found, expected, rtol=0.0, atol=1e-12)


@pytest.mark.parametrize("num_qubits", [12, 300, 10_000])
def test_mixed_strings_factorise_in_a_product_state_of_any_width(num_qubits):
    circuit = QuantumCircuit(num_qubits)
    circuit.u(1.1, 0.7, 0.0, range(num_qubits))
    x, y, z = np.sin(1.1) * np.cos(0.7), np.sin(1.1) * np.sin(0.7), np.cos(1.1)
    for numbers in ((1, 1, 1), (2, 0, 3), (3, 1, 2), (4, 4, 4), (0, 11, 1)):
        label = "X" * numbers[0] + "Y" * numbers[1] + "Z" * numbers[2]
        observable = SparsePauliOp.from_sparse_list(
            [(label, list(range(len(label))), 1.0)], num_qubits=num_qubits
        )
        found = DickeEstimator().run([(circuit, observable)]).result()[0].data.evs
        expected = x ** numbers[0] * y ** numbers[1] * z ** numbers[2]
        assert found == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize(
    ("observable", "message"),
    [
        (
            "X" * 12 + "Z",
            "more than 12 qubits must have one kind of letter, got one with 12 X, 0 Y",
        ),
        (SparsePauliOp(["Z" + "I" * 12], [1j]), "Hermitian"),
    ],
)
def test_other_observables_are_refused(observable, message):
    with pytest.raises(ValueError, match=message):
        DickeEstimator().run([(entangled_circuit(13), observable)])


def test_unsymmetric_circuits_and_bad_precision_are_refused():
    circuit = QuantumCircuit(2)
    circuit.h(0)
    with pytest.raises(SymmetryError, match=r"instruction 0 \(`h` on 0\)"):
        DickeEstimator().run([(circuit, "ZZ")])
    with pytest.raises(ValueError, match=r"`precision` must not be negative, got -0\.1"):
        DickeEstimator().run([(entangled_circuit(2), "ZZ")], precision=-0.1)
    with pytest.raises(ValueError, match=r"`parameter_values` must have shape \(num_bindings, 0\)"):
        DickeEstimator().spin_moments(entangled_circuit(2), [[0.1]])
