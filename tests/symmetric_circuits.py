"""Builders of permutation-symmetric circuits, gate by gate."""

from __future__ import annotations

from itertools import combinations

from qiskit import QuantumCircuit
from scipy.stats import unitary_group

from rzqiskit.circuits.gates import CollectiveZZGate

FIXED = ["h", "x", "y", "z", "s", "sdg", "t", "tdg", "sx", "sxdg"]
NUM_ANGLES = {"rx": 1, "ry": 1, "rz": 1, "p": 1, "u": 3, "r": 2}
PAIRS = ["rzz", "cp", "cz", "cs", "csdg", "rxx", "ryy", "cx-rz-cx", "collective_zz"]


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


def layer_of_pairs(circuit, angle=0.3, skip=()):
    for pair in combinations(range(circuit.num_qubits), 2):
        if pair not in skip:
            circuit.rzz(angle, *pair)
