"""A layered circuit on the wires of a line: networks chained by the order they leave."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from qiskit.circuit import ClassicalRegister, Clbit, QuantumCircuit, QuantumRegister, Qubit
from qiskit.synthesis import OneQubitEulerDecomposer

from rzqiskit.circuits.compilation.blocks import (
    Gate1,
    Gate2,
    Operation,
    fuse_blocks,
    rotation_z,
)
from rzqiskit.circuits.compilation.layers import LayeredCircuit
from rzqiskit.circuits.compilation.networks import Network

__all__ = ["chain_networks", "write_circuit"]

Matrix = npt.NDArray[np.complex128]

_HADAMARD: Matrix = np.array([[1, 1], [1, -1]], dtype=np.complex128) / np.sqrt(2)
_PAULI_X: Matrix = np.array([[0, 1], [1, 0]], dtype=np.complex128)
_PAULI_Z: Matrix = np.diag([1.0 + 0j, -1.0])
_EULER = OneQubitEulerDecomposer("U")


def chain_networks(
    layered: LayeredCircuit, networks: tuple[Network, Network], *, native_rzz: bool
) -> tuple[list[Operation], tuple[int, ...]]:
    """Return the gates of all layers on the wires of a line, and where the qubits end.

    Wire w starts with qubit w. When every second layer runs the network of the first backwards, it
    begins with the pairs with which the layer before ended, and their blocks are fused.

    Args:
        layered: the circuit.
        networks: the network of the first, third, ... layer and that of the second, fourth, ...
        native_rzz: whether RZZ is a gate of the device.

    Returns:
        The gates, and for each wire the qubit that it holds at the end.
    """
    order = list(range(layered.num_qubits))
    operations: list[Operation] = []
    for layer, angle in enumerate(layered.angles):
        operations += _local_layer(layered.local[layer], order)
        part = networks[layer % 2]
        for kind, wires in part.steps:
            if kind == "phase":
                operations.append(Gate1(wires[0], rotation_z(angle)))
            else:
                gate_angle = angle if kind == "rzz" else 0.0
                operations.append(Gate2(kind, (wires[0], wires[1]), gate_angle))
        order = [order[origin] for origin in part.order]
    operations += _local_layer(layered.local[-1], order)
    return fuse_blocks(operations, layered.num_qubits, native_rzz=native_rzz), tuple(order)


def _local_layer(unitaries: Matrix, order: list[int]) -> list[Operation]:
    return [Gate1(wire, unitaries[qubit]) for wire, qubit in enumerate(order)]


def write_circuit(
    operations: list[Operation],
    layered: LayeredCircuit,
    order: tuple[int, ...],
    *,
    entangler: str,
    native_rzz: bool,
    bits: tuple[list[Qubit], list[Clbit]],
    registers: tuple[list[QuantumRegister], list[ClassicalRegister]],
) -> QuantumCircuit:
    """Return the circuit in the gates ``u``, `entangler` and, where native, ``rzz``.

    A measurement goes to the wire that holds its qubit at the end, so that every classical bit
    still reads the qubit it read before.

    Args:
        operations: the gates on the wires.
        layered: the circuit they come from; its measurements are written.
        order: for each wire the qubit that it holds at the end.
        entangler: ``cx`` or ``cz``.
        native_rzz: whether RZZ is written as such, its angle folded into [0, pi/2]; otherwise as
            two `entangler` gates.
        bits: the qubits (one a wire) and classical bits of the new circuit.
        registers: its registers.
    """
    circuit = QuantumCircuit(*bits, *registers[0], *registers[1])
    writer = _Writer(circuit, entangler)
    for operation in operations:
        if isinstance(operation, Gate1):
            writer.one(operation.wire, operation.matrix)
        elif operation.name == "cx":
            writer.cx(*operation.wires)
        elif native_rzz:
            writer.rzz(operation.angle, *operation.wires)
        else:
            writer.cx(*operation.wires)
            writer.one(operation.wires[1], rotation_z(operation.angle))
            writer.cx(*operation.wires)
    for wire in range(layered.num_qubits):
        writer.flush(wire)
    if layered.barrier:
        circuit.barrier()
    wire_of = {qubit: wire for wire, qubit in enumerate(order)}
    for qubit, clbit in layered.measured:
        circuit.measure(wire_of[qubit], clbit)
    return circuit


class _Writer:
    """Collects one-qubit gates on each wire until a two-qubit gate needs the wire."""

    def __init__(self, circuit: QuantumCircuit, entangler: str) -> None:
        self._circuit = circuit
        self._entangler = entangler
        self._pending: list[Matrix | None] = [None] * circuit.num_qubits

    def one(self, wire: int, matrix: Matrix) -> None:
        before = self._pending[wire]
        self._pending[wire] = matrix if before is None else matrix @ before

    def flush(self, wire: int) -> None:
        matrix, self._pending[wire] = self._pending[wire], None
        if matrix is None:
            return
        theta, phi, lam = _EULER.angles(matrix)
        if abs(theta) > 1e-14 or abs(np.sin((phi + lam) / 2)) > 1e-14:
            self._circuit.u(theta, phi, lam, wire)

    def cx(self, control: int, target: int) -> None:
        if self._entangler == "cz":
            self.one(target, _HADAMARD)
        self.flush(control)
        self.flush(target)
        if self._entangler == "cz":
            self._circuit.cz(control, target)
            self.one(target, _HADAMARD)
        else:
            self._circuit.cx(control, target)

    def rzz(self, angle: float, first: int, second: int) -> None:
        """Write RZZ with its angle folded into [0, pi/2], which is all that devices offer.

        RZZ(angle + pi) is RZZ(angle) and a Z on both qubits up to a phase, and an X on one side
        before and after turns the sign.
        """
        half_turns = round(angle / np.pi)
        folded = angle - half_turns * np.pi
        if half_turns % 2:
            self.one(first, _PAULI_Z)
            self.one(second, _PAULI_Z)
        if folded < 0.0:
            self.one(first, _PAULI_X)
        self.flush(first)
        self.flush(second)
        self._circuit.rzz(min(abs(folded), np.pi / 2), first, second)
        if folded < 0.0:
            self.one(first, _PAULI_X)
