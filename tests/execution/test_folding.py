from __future__ import annotations

import numpy as np
import pytest
from qiskit import transpile
from qiskit.circuit import Parameter, QuantumCircuit
from qiskit.providers.fake_provider import GenericBackendV2
from qiskit.quantum_info import DensityMatrix, Operator, Statevector
from qiskit.transpiler import CouplingMap
from qiskit_aer import AerSimulator
from qiskit_aer.noise import NoiseModel, depolarizing_error

from rzqiskit.circuits.compilation.compiler import compile_circuits
from rzqiskit.circuits.gates import CollectiveZZGate
from rzqiskit.execution.folding import (
    fold_collective_layers,
    fold_entanglers,
    nearest_noise_factor,
)
from rzqiskit.mitigation import extrapolate_to_zero_noise


def layered(num_qubits: int, angles: list[float]) -> QuantumCircuit:
    circuit = QuantumCircuit(num_qubits)
    for index, angle in enumerate(angles):
        circuit.rx(0.4 + 0.1 * index, range(num_qubits))
        circuit.append(CollectiveZZGate(num_qubits, angle), range(num_qubits))
    circuit.rx(0.3, range(num_qubits))
    return circuit


@pytest.mark.parametrize("factor", [1, 5 / 3, 7 / 3, 3, 11 / 3, 5])
def test_folded_layers_do_the_same(factor: float) -> None:
    circuit = layered(3, [0.2, -0.5, 0.3])
    folded = fold_collective_layers(circuit, factor)
    assert Operator(folded).equiv(Operator(circuit))
    assert folded.count_ops()["collective_zz"] == round(3 * factor)
    assert folded.metadata["noise_factor"] == factor
    # every layer is repeated as often as any other, or once more
    runs = [abs(item.operation.params[0]) for item in folded.data if item.name == "collective_zz"]
    _, repeats = np.unique(runs, return_counts=True)
    assert np.ptp(repeats) <= 2
    assert circuit.count_ops()["collective_zz"] == 3
    assert circuit.metadata == {}


def test_free_parameters_stay_free() -> None:
    angle = Parameter("angle")
    circuit = QuantumCircuit(3)
    circuit.append(CollectiveZZGate(3, angle), range(3))
    folded = fold_collective_layers(circuit, 3).assign_parameters({angle: 0.4})
    assert Operator(folded).equiv(Operator(circuit.assign_parameters({angle: 0.4})))


def test_compiled_folds_are_not_optimised_away() -> None:
    circuit = layered(4, [0.2, 0.3])
    circuit.measure_all()
    backend = GenericBackendV2(5, ["cz", "rz", "sx", "x"], coupling_map=CouplingMap.from_line(5))
    plain, folded = compile_circuits(
        [circuit, fold_collective_layers(circuit, 3)], backend, network="parity"
    )
    assert folded.count_ops()["cz"] == 3 * plain.count_ops()["cz"]
    threefold = fold_entanglers(plain, 3)
    assert threefold.count_ops()["cz"] == 3 * plain.count_ops()["cz"]
    again = transpile(threefold, backend, optimization_level=3, initial_layout=range(5))
    assert again.count_ops()["cz"] == threefold.count_ops()["cz"]


@pytest.mark.parametrize("factor", [1, 1.5, 3, 4.5])
def test_folded_entanglers_do_the_same_on_the_same_qubits(factor: float) -> None:
    circuit = layered(3, [0.2])
    circuit.measure_all()
    backend = GenericBackendV2(
        4, ["cx", "rz", "sx", "x"], coupling_map=[[2, 0], [0, 3], [3, 1]], seed=1
    )
    compiled = compile_circuits(circuit, backend, network="line")[0]
    num_gates = compiled.count_ops()["cx"]
    factor = 1.0 + 2.0 * round((factor - 1.0) * num_gates / 2.0) / num_gates
    folded = fold_entanglers(compiled, factor)
    assert folded.count_ops()["cx"] == round(factor * num_gates)
    assert folded.layout.final_index_layout() == compiled.layout.final_index_layout()
    states = [Statevector(c.remove_final_measurements(inplace=False)) for c in (compiled, folded)]
    assert states[0].equiv(states[1])
    readings = [
        [
            (c.find_bit(i.qubits[0]).index, c.find_bit(i.clbits[0]).index)
            for i in c.data
            if i.name == "measure"
        ]
        for c in (compiled, folded)
    ]
    assert readings[0] == readings[1]


def test_folded_fractional_gates_keep_their_angles() -> None:
    circuit = QuantumCircuit(3)
    circuit.h(range(3))
    circuit.rzz(0.3, 0, 1)
    circuit.rzz(1.2, 2, 1)
    folded = fold_entanglers(circuit, 5)
    assert Operator(folded).equiv(Operator(circuit))
    angles = [item.operation.params[0] for item in folded.data if item.name == "rzz"]
    assert angles == [0.3] * 5 + [1.2] * 5  # positive, as devices want them
    assert folded.count_ops()["x"] == 8


def test_nearest_factors_can_be_shown() -> None:
    circuit = QuantumCircuit(2)
    for _ in range(7):
        circuit.cz(0, 1)
    for wanted in np.linspace(1.0, 5.0, 30):
        factor = nearest_noise_factor(circuit, wanted)
        assert abs(factor - wanted) <= 1.0 / 7.0 + 1e-12
        assert fold_entanglers(circuit, factor).count_ops()["cz"] == round(7 * factor)
    assert nearest_noise_factor(QuantumCircuit(2), 3) == 1.0


def test_noise_grows_with_the_factor_and_extrapolates_away() -> None:
    # Depolarising CZ: <Z> of the folded circuit is the density matrix with every channel thrice.
    circuit = layered(3, [0.3, 0.4])
    backend = GenericBackendV2(3, ["cz", "rz", "sx", "x"], coupling_map=CouplingMap.from_line(3))
    measured = circuit.copy()
    measured.measure_all()
    compiled = compile_circuits(measured, backend, network="parity")[0]
    noise = NoiseModel(basis_gates=["cz", "rz", "sx", "x"])
    noise.add_all_qubit_quantum_error(depolarizing_error(0.01, 2), "cz")
    simulator = AerSimulator(method="density_matrix", noise_model=noise)
    weight = np.array([bin(index).count("1") for index in range(8)])
    energies = []
    for factor in (1, 3, 5):
        folded = fold_entanglers(compiled, factor).remove_final_measurements(inplace=False)
        folded.save_density_matrix()
        rho = DensityMatrix(simulator.run(folded).result().data()["density_matrix"])
        energies.append(float(weight @ rho.probabilities()))
    exact = float(weight @ Statevector(circuit).probabilities())
    errors = [abs(energy - exact) for energy in energies]
    assert errors[0] < errors[1] < errors[2]
    value, _ = extrapolate_to_zero_noise(
        [1, 3, 5], energies, [1e-6] * 3, method="exponential", asymptote=1.5
    )
    assert abs(value - exact) < 0.06 * errors[0]


def test_nothing_to_fold() -> None:
    circuit = QuantumCircuit(2)
    circuit.rx(0.1, 0)
    for folded in (fold_collective_layers(circuit, 3), fold_entanglers(circuit, 3)):
        assert folded.metadata["noise_factor"] == 1.0
        assert folded.count_ops() == circuit.count_ops()


@pytest.mark.parametrize("factor", [2.0, 0.5, 3.1])
def test_factors_that_cannot_be_shown(factor: float) -> None:
    with pytest.raises(ValueError, match=r"`noise_factor` must be 1 \+ 2 m / 3 with an integer"):
        fold_collective_layers(layered(2, [0.1, 0.2, 0.3]), factor)


def test_bad_circuits() -> None:
    circuit = QuantumCircuit(2)
    circuit.swap(0, 1)
    with pytest.raises(ValueError, match=r"entangle by 'cx', 'cz', 'ecr' or 'rzz' only .*'swap'"):
        fold_entanglers(circuit, 3)
    with pytest.raises(ValueError, match=r"entangle by 'cx', 'cz', 'ecr' or 'rzz' only .*'swap'"):
        nearest_noise_factor(circuit, 3)
    with pytest.raises(ValueError, match=r"`noise_factor` must be at least 1, got 0\.5"):
        nearest_noise_factor(QuantumCircuit(2), 0.5)
    with pytest.raises(TypeError, match="`circuit` must be a QuantumCircuit, got str"):
        fold_collective_layers("circuit", 3)
    with pytest.raises(ValueError, match="`noise_factor` must be finite, got nan"):
        fold_collective_layers(layered(2, [0.1]), float("nan"))


@pytest.mark.parametrize("factor", [1000.5, 1e19, 1e300])
def test_factors_that_no_circuit_could_hold(factor):
    circuit = QuantumCircuit(2)
    circuit.cz(0, 1)
    for fold in (fold_entanglers, fold_collective_layers, nearest_noise_factor):
        with pytest.raises(ValueError, match="`noise_factor` must be at most 1000, got 1"):
            fold(circuit, factor)
    assert fold_entanglers(circuit, 999).count_ops()["cz"] == 999
