"""What a charging circuit consists of: one-qubit gates, collective ZZ layers and readout."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
from qiskit.circuit import Clbit, Gate, Measure, ParameterExpression
from qiskit.dagcircuit import DAGCircuit

from rzqiskit.circuits.gates import collective_zz_angle
from rzqiskit.validation import check_finite

__all__ = ["LayeredCircuit", "read_layers"]

Matrix = npt.NDArray[np.complex128]


@dataclass(frozen=True, slots=True)
class LayeredCircuit:
    """A circuit as alternating one-qubit layers and collective ZZ layers.

    Attributes:
        num_qubits: N.
        local: one-qubit unitaries before each ZZ layer and after the last one, shape
            (num_layers + 1, num_qubits, 2, 2), by qubit of the circuit.
        angles: angle of each ZZ layer in radians, shape (num_layers,).
        measured: (qubit, classical bit) of every measurement, in order.
        barrier: whether the readout stands behind a barrier.
    """

    num_qubits: int
    local: Matrix
    angles: tuple[float, ...]
    measured: tuple[tuple[int, Clbit], ...]
    barrier: bool


@dataclass(slots=True)
class _Reader:
    num_qubits: int
    local: list[Matrix] = field(default_factory=list)
    angles: list[float] = field(default_factory=list)
    measured: list[tuple[int, Clbit]] = field(default_factory=list)
    barrier: bool = False

    def open_layer(self) -> None:
        self.local.append(np.tile(np.eye(2, dtype=np.complex128), (self.num_qubits, 1, 1)))


def read_layers(dag: DAGCircuit) -> LayeredCircuit:
    """Return the layers of a circuit of one-qubit gates, collective ZZ gates and final readout.

    Barriers between layers are dropped: the networks join neighbouring layers on purpose.

    Args:
        dag: the circuit, its collective gates not yet decomposed.

    Raises:
        ValueError: a parameter is unbound or an angle not finite, there is no measurement, a
            measurement is not final, or the circuit holds anything else (named in the message).
    """
    reader = _Reader(dag.num_qubits())
    reader.open_layer()
    index = {qubit: position for position, qubit in enumerate(dag.qubits)}
    finished: set[int] = set()
    for node in dag.topological_op_nodes():
        qubits = [index[qubit] for qubit in node.qargs]
        name = node.op.name
        if name == "barrier":
            reader.barrier = True
            continue
        if not finished.isdisjoint(qubits):
            raise ValueError(
                f"`circuits` must measure at the end only, got {name!r} on qubit "
                f"{min(finished.intersection(qubits))} after its measurement."
            )
        if type(node.op) is Measure or name == "measure":
            reader.measured.append((qubits[0], node.cargs[0]))
            finished.add(qubits[0])
            continue
        reader.barrier = False
        _check_bound(node.op)
        angle = collective_zz_angle(node.op)
        if angle is not None:
            _add_collective(reader, qubits, check_finite("theta", float(angle)))
        elif isinstance(node.op, Gate) and len(qubits) == 1:
            unitary = np.asarray(node.op.to_matrix(), dtype=np.complex128)
            if not np.isfinite(unitary).all():
                raise ValueError(f"`circuits` must have finite angles, got {name!r} with NaN.")
            reader.local[-1][qubits[0]] = unitary @ reader.local[-1][qubits[0]]
        else:
            raise ValueError(
                "`circuits` must consist of one-qubit gates, collective ZZ gates and final "
                f"measurements, got {name!r} on qubits {qubits}."
            )
    if not reader.measured:
        raise ValueError("`circuits` must be measured, got a circuit without a measurement.")
    return LayeredCircuit(
        num_qubits=reader.num_qubits,
        local=np.array(reader.local),
        angles=tuple(reader.angles),
        measured=tuple(reader.measured),
        barrier=reader.barrier,
    )


def _check_bound(operation: Any) -> None:
    for parameter in operation.params:
        if isinstance(parameter, ParameterExpression) and parameter.parameters:
            names = ", ".join(sorted(free.name for free in parameter.parameters))
            raise ValueError(
                f"`circuits` must have every parameter bound, got {operation.name!r} with the "
                f"free parameter(s) {names}."
            )


def _add_collective(reader: _Reader, qubits: list[int], angle: float) -> None:
    if len(qubits) != reader.num_qubits:
        raise ValueError(
            "`circuits` must apply every collective ZZ gate to all their qubits, got one on "
            f"{len(qubits)} of {reader.num_qubits}."
        )
    # Without a pair or without an angle there is nothing to do.
    if len(qubits) > 1 and angle != 0.0:
        reader.angles.append(angle)
        reader.open_layer()
