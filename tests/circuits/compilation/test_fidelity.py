"""Predicted fidelity against numbers worked out by hand and against Aer's noise channels."""

import numpy as np
import pytest
from qiskit import QuantumCircuit
from qiskit.circuit import Delay, Measure
from qiskit.circuit.library import CZGate, SXGate
from qiskit.providers import QubitProperties
from qiskit.quantum_info import average_gate_fidelity
from qiskit.transpiler import InstructionProperties, Target
from qiskit_aer.noise import thermal_relaxation_error

from rzqiskit.circuits.compilation.fidelity import idle_fidelity, predicted_fidelity

T1, T2 = 120e-6, 80e-6


@pytest.fixture
def target():
    target = Target(num_qubits=3, qubit_properties=[QubitProperties(t1=T1, t2=T2)] * 3)
    couplings = {
        (0, 1): InstructionProperties(error=0.01, duration=60e-9),
        (1, 2): InstructionProperties(error=0.02, duration=100e-9),
    }
    target.add_instruction(CZGate(), couplings)
    pulses = {(q,): InstructionProperties(error=1e-3, duration=30e-9) for q in range(3)}
    target.add_instruction(SXGate(), pulses)
    reads = {(q,): InstructionProperties(error=0.03, duration=1e-6) for q in range(3)}
    target.add_instruction(Measure(), reads)
    target.add_instruction(Delay(0), {(q,): None for q in range(3)})
    return target


@pytest.mark.parametrize("duration", [1e-9, 1e-6, 50e-6, 1e-3])
def test_waiting_is_the_average_fidelity_of_thermal_relaxation(target, duration):
    channel = thermal_relaxation_error(T1, T2, duration).to_quantumchannel()
    expected = average_gate_fidelity(channel)
    assert idle_fidelity(target, 0, duration) == pytest.approx(expected, abs=1e-12)


def test_gates_multiply_and_waiting_counts(target):
    circuit = QuantumCircuit(3, 3)
    circuit.sx(0)
    circuit.cz(0, 1)
    circuit.sx(0)
    circuit.cz(1, 2)
    circuit.barrier()
    circuit.measure(range(3), range(3))
    gates = (1 - 1e-3) ** 2 * (1 - 0.01) * (1 - 0.02) * (1 - 0.03) ** 3
    # Qubit 0 is done after its second pulse and waits for the barrier while (1, 2) still runs.
    wait = 60e-9 + 100e-9 - 60e-9 - 30e-9
    idle = 0.5 + np.exp(-wait / T1) / 6 + np.exp(-wait / T2) / 3
    assert predicted_fidelity(circuit, target) == pytest.approx(gates * idle, rel=1e-12)


def test_a_circuit_can_be_asked_about_elsewhere(target):
    here, there = QuantumCircuit(3), QuantumCircuit(3)
    for circuit, place in ((here, (0, 1)), (there, (2, 1))):
        circuit.sx(place[0])
        circuit.cz(*place)
    # Calibrated as (1, 2) only: the other direction is the same coupling.
    assert predicted_fidelity(there, target) == pytest.approx((1 - 1e-3) * (1 - 0.02), rel=1e-12)
    assert predicted_fidelity(here, target, moved={0: 2}) == predicted_fidelity(there, target)


def test_a_faulty_gate_leaves_nothing(target):
    target.update_instruction_properties("cz", (0, 1), InstructionProperties(error=1.0))
    circuit = QuantumCircuit(2)
    circuit.cz(0, 1)
    assert predicted_fidelity(circuit, target) == 0.0


def test_a_target_without_calibration_predicts_one():
    bare = Target(num_qubits=2)
    bare.add_instruction(CZGate(), {(0, 1): None})
    circuit = QuantumCircuit(2)
    circuit.cz(0, 1)
    assert predicted_fidelity(circuit, bare) == 1.0
