"""Devices and charging circuits for the tests of the compiler."""

import copy
import warnings
from types import SimpleNamespace

import numpy as np
import pytest
from measured_circuits import on_read_qubits
from qiskit import QuantumCircuit
from qiskit.circuit import Parameter
from qiskit.circuit.library import RXGate, RZZGate
from qiskit.quantum_info import Statevector
from qiskit.transpiler import InstructionProperties
from qiskit_ibm_runtime import fake_provider

from rzqiskit.circuits.gates import CollectiveZZGate


@pytest.fixture(scope="session")
def devices():
    """Return the fakes by name, with a Boston that has its fractional gates."""
    names = ("FakeMarrakesh", "FakeTorino", "FakeSherbrooke", "FakeNighthawk")
    with warnings.catch_warnings():
        # The Nighthawk snapshot says that its errors are not typical.
        warnings.simplefilter("ignore", UserWarning)
        found = {
            name: SimpleNamespace(target=getattr(fake_provider, name)().target) for name in names
        }
    found["FractionalBoston"] = SimpleNamespace(target=fractional_boston())
    return found


def fractional_boston():
    """Return the target of FakeBoston with the rx and rzz of its calibration snapshot."""
    boston = fake_provider.FakeBoston()
    target = copy.deepcopy(boston.target)
    boston._set_props_dict_from_json()
    gates = {"rx": RXGate(Parameter("angle")), "rzz": RZZGate(Parameter("angle"))}
    for name, gate in gates.items():
        properties = {}
        for entry in boston._props_dict["gates"]:
            values = {item["name"]: item["value"] for item in entry["parameters"]}
            if entry["gate"] == name and values["gate_error"] < 1.0:
                properties[tuple(entry["qubits"])] = InstructionProperties(
                    error=values["gate_error"], duration=values["gate_length"] * 1e-9
                )
        bounds = {"angle_bounds": [(0.0, np.pi / 2)]} if name == "rzz" else {}
        target.add_instruction(gate, properties, **bounds)
    return target


@pytest.fixture(scope="session")
def charging():
    """Return a function that makes charging circuits like the ones of the builder."""
    return charging_circuit


def charging_circuit(num_qubits, num_layers, *, uneven=None, angle=0.17):
    """Return a measured circuit; a seed `uneven` gives every qubit one-qubit gates of its own."""
    circuit = QuantumCircuit(num_qubits, name=f"charging-{num_layers}", metadata={"time": 0.5})
    rng = np.random.default_rng(uneven)

    def local_layer(layer):
        for qubit in range(num_qubits):
            if uneven is None:
                circuit.rx(0.31 + 0.1 * layer, qubit)
                circuit.rz(-0.2, qubit)
            else:
                circuit.u(*rng.normal(size=3), qubit)

    for layer in range(num_layers):
        local_layer(layer)
        circuit.append(CollectiveZZGate(num_qubits, angle + 0.05 * layer), range(num_qubits))
    local_layer(num_layers)
    circuit.measure_all()
    return circuit


@pytest.fixture(scope="session")
def outcome_probabilities():
    """Return a function: probabilities of the classical bits of a measured circuit."""
    return _outcome_probabilities


def _outcome_probabilities(circuit):
    return Statevector(on_read_qubits(circuit)).probabilities()


@pytest.fixture(scope="session")
def check_isa():
    """Return a function that fails unless every gate, coupling and angle is in the target."""
    return _check_isa


def _check_isa(circuit, target):
    assert circuit.num_qubits == target.num_qubits
    for instruction in circuit.data:
        operation = instruction.operation
        if operation.name == "barrier":
            continue
        qubits = tuple(circuit.find_bit(qubit).index for qubit in instruction.qubits)
        assert target.instruction_supported(
            operation.name, qubits, parameters=list(operation.params)
        ), (operation, qubits)
        if operation.name == "rzz":
            assert 0.0 <= operation.params[0] <= np.pi / 2
