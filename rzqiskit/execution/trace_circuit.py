"""A circuit of collective layers as Aer runs it fastest, and how to read what it saved."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import numpy.typing as npt
from qiskit.circuit import Instruction, QuantumCircuit
from qiskit.circuit.library import UnitaryGate

from rzqiskit.execution.pair_blocks import pair_plan

__all__ = ["TraceCircuit", "XLayer"]

ComplexArray = npt.NDArray[np.complex128]
# (x, z, zz) is exp(-i x Jx) exp(-i (z Jz + zz Jz^2)).
XLayer = tuple[float, float, float]


class TraceCircuit:
    """Layers from |0...0> on, with saves between them.

    The cells that `PairPlan.waiting` names are rotated by the blocks of the next layer. The first
    layers of a circuit and its saves know that.

    Args:
        num_qubits: number N of cells.

    Attributes:
        circuit: for Aer's statevector, with `save_amplitudes` labelled "0", "1", ...
        num_layers: number of layers so far.

    Examples:
        >>> from qiskit_aer import AerSimulator
        >>> trace = TraceCircuit(2)
        >>> trace.append((np.pi / 2, 0.0, 0.0))
        >>> trace.save()
        >>> data = AerSimulator().run(trace.circuit).result().data()
        >>> (abs(next(trace.rows(data))) ** 2).round(12)
        array([0.25, 0.25, 0.25])
    """

    def __init__(self, num_qubits: int) -> None:
        self.circuit = QuantumCircuit(num_qubits)
        self.num_layers = 0
        self._plan = pair_plan(num_qubits)
        self._turn: ComplexArray = np.eye(2, dtype=np.complex128)
        self._turns: list[ComplexArray] = []
        self._saved_states = _saved_states(num_qubits, self._plan.waiting)

    def append(self, layer: XLayer) -> None:
        """Append a layer; the waiting cells' rotation waits for the next one or for a save."""
        x, z, zz = layer
        rotation = _rotation(x, z)
        single: Sequence[int] = self._plan.single
        if zz != 0.0:
            for block in self._plan.blocks:
                turn = _power(self._turn if block.turns_first else rotation, block.num_targets)
                self._append_table(block.matrices(zz, turn), block.qubits)
            self._turn = rotation
        else:
            single = sorted(set(range(self.circuit.num_qubits)) - set(self._plan.waiting))
            self._turn = rotation @ self._turn
        # RX(x) RZ(-z) up to a phase.
        for qubit in single:
            self.circuit.u(x, -0.5 * np.pi, 0.5 * np.pi - z, qubit)
        self.num_layers += 1

    def save(self) -> None:
        """Save the amplitudes of one state for each number of ones among the cells that are ready.

        With w waiting cells these are 2^w (N - w + 1), for all their bits: the rotation that waits
        is a matrix on them.
        """
        self.circuit.save_amplitudes(self._saved_states, label=str(len(self._turns)))
        self._turns.append(self._turn)

    def rows(self, data: Mapping[str, npt.ArrayLike]) -> Iterator[ComplexArray]:
        """Yield the amplitude of one state of k ones, k = 0, ..., N, at each save."""
        num_waiting = len(self._plan.waiting)
        ones = np.arange(self.circuit.num_qubits + 1)
        ready = np.minimum(ones, self.circuit.num_qubits - num_waiting)
        for index, turn in enumerate(self._turns):
            table = np.asarray(data[str(index)]).reshape(-1, 2**num_waiting)
            turns = _power(turn, num_waiting)
            yield np.einsum("kb,kb->k", turns[2 ** (ones - ready) - 1], table[ready])

    def _append_table(self, matrices: ComplexArray, qubits: tuple[int, ...]) -> None:
        if len(matrices) == 1:
            self.circuit.append(UnitaryGate(matrices[0], check_input=False), qubits)
        else:
            gate = Instruction("multiplexer", len(qubits), 0, list(matrices))
            self.circuit.append(gate, qubits, copy=False)


def _saved_states(num_qubits: int, waiting: Sequence[int]) -> list[int]:
    """Return states of 0, 1, ... ones among the ready cells, with all bits of the others."""
    ready = [qubit for qubit in range(num_qubits) if qubit not in waiting]
    ones = itertools.accumulate((1 << qubit for qubit in ready), initial=0)
    patterns = [0]
    for qubit in waiting:
        patterns += [pattern | 1 << qubit for pattern in patterns]
    return [some | pattern for some in ones for pattern in patterns]


def _power(rotation: ComplexArray, count: int) -> ComplexArray:
    """Return the rotation of `count` cells, shape (2^count, 2^count)."""
    power = np.eye(1, dtype=np.complex128)
    for _ in range(count):
        size = 2 * len(power)
        power = (power[:, None, :, None] * rotation[:, None, :]).reshape(size, size)
    return power


def _rotation(x: float, z: float) -> ComplexArray:
    """Return exp(-i x X / 2) exp(-i z |1><1|), which is RX(x) RZ(-z) up to a phase."""
    cosine, sine = np.cos(0.5 * x), np.sin(0.5 * x)
    return np.array([[cosine, -1j * sine], [-1j * sine, cosine]]) * [1.0, np.exp(-1j * z)]
