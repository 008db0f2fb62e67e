import numpy as np
import pytest
from qiskit import QuantumCircuit
from qiskit.circuit.library import CZGate, Measure, SXGate
from qiskit.transpiler import InstructionProperties, QubitProperties, Target
from qiskit_aer import AerSimulator
from qiskit_aer.noise import NoiseModel, ReadoutError, depolarizing_error

from rzqiskit.execution.survival import cell_survival

ERROR_TWO, ERROR_ONE, READOUT = 0.01, 0.001, 0.02


def make_target(num_qubits, **durations):
    properties = [QubitProperties(t1=1e-4, t2=5e-5)] * num_qubits
    target = Target(num_qubits=num_qubits, qubit_properties=properties)
    pairs = [(a, b) for a in range(num_qubits) for b in range(num_qubits) if a != b]
    target.add_instruction(
        CZGate(), {p: InstructionProperties(durations.get("cz"), ERROR_TWO) for p in pairs}
    )
    for gate, error in ((SXGate(), ERROR_ONE), (Measure(), READOUT)):
        entries = {
            (q,): InstructionProperties(durations.get(gate.name), error) for q in range(num_qubits)
        }
        target.add_instruction(gate, entries)
    return target


def test_depolarised_gates_lose_what_aer_loses():
    # Excited cells under diagonal gates: <Z> is lost to depolarisation alone.
    circuit = QuantumCircuit(3)
    circuit.sx([0, 1, 2])
    circuit.sx([0, 1, 2])
    for first, second in ((0, 1), (1, 2), (0, 1), (0, 2)):
        circuit.cz(first, second)
    circuit.measure_all()
    survival = cell_survival(circuit, make_target(3))
    noise = NoiseModel()
    noise.add_all_qubit_quantum_error(depolarizing_error(4 / 3 * ERROR_TWO, 2), ["cz"])
    noise.add_all_qubit_quantum_error(depolarizing_error(2 * ERROR_ONE, 1), ["sx"])
    readout = [[1 - READOUT, READOUT], [READOUT, 1 - READOUT]]
    noise.add_all_qubit_readout_error(ReadoutError(readout))
    simulator = AerSimulator(method="density_matrix", noise_model=noise)
    counts = simulator.run(circuit, shots=400_000, seed_simulator=4).result().get_counts()
    excited = sum(bits.count("1") * n for bits, n in counts.items()) / (3 * 400_000)
    # 5 sigma of a proportion near 0.95 over a million bits: 1e-3, false-alarm rate 6e-7.
    assert 2 * excited - 1 == pytest.approx(survival.gates * survival.readout, abs=2e-3)
    assert survival.num_two_qubit_gates == 4
    assert survival.flip_probability == pytest.approx(1 - excited, abs=1e-3)


def test_waiting_cells_relax():
    circuit = QuantumCircuit(3, 3)
    circuit.sx(0)
    for _ in range(20):
        circuit.cz(1, 2)
    circuit.cz(0, 1)
    circuit.measure(range(3), range(3))
    without = cell_survival(circuit, make_target(3))
    waiting = cell_survival(circuit, make_target(3, cz=1e-6, sx=0.0))
    # Cell 0 waits 20 us; fidelity 1/2 + e^(-t/T1)/6 + e^(-t/T2)/3.
    kept = np.exp(-20e-6 / 1e-4) / 3 + np.exp(-20e-6 / 5e-5) * 2 / 3
    assert waiting.gates == pytest.approx(without.gates * kept ** (1 / 3), rel=1e-9)


def test_unmeasured_circuits_are_refused():
    with pytest.raises(ValueError, match=r"`circuit` must be measured, got .* without measurement"):
        cell_survival(QuantumCircuit(2), make_target(2))
