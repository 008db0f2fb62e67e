"""Two-qubit blocks with fewer CX than gate by gate: fused rotations, and known initial states.

Between two networks the same pair of qubits is often rotated twice with only one-qubit gates
between. The two rotations and what is between them need two CX together, not four, since

    RZZ(t2) (RX(b0) x RX(b1)) RZZ(t1)

keeps the parity XX: in each of its two sectors it is one SU(2) matrix, whose Euler angles give the
block as RX gates around exp(-i/2 (p ZZ + q YY)), and that core is two CX. And as long as a pair has
met nobody else, its state is known: any two-qubit state is made with one CX.

Notation: p, q angles of the core; a, theta, b Euler angles of RZ(a) RX(theta) RZ(b). Everything
holds up to a global phase.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

__all__ = ["Gate1", "Gate2", "Operation", "fuse_blocks", "rotation_x", "rotation_z"]

Matrix = npt.NDArray[np.complex128]


class Gate1(NamedTuple):
    """A one-qubit gate: the wire and its unitary, shape (2, 2)."""

    wire: int
    matrix: Matrix


class Gate2(NamedTuple):
    """A two-qubit gate: ``cx`` (control, target), or ``rzz`` with its angle in radians."""

    name: str
    wires: tuple[int, int]
    angle: float = 0.0


Operation = Gate1 | Gate2


def rotation_x(angle: float) -> Matrix:
    """Return RX(angle), shape (2, 2)."""
    c, s = np.cos(angle / 2), np.sin(angle / 2)
    return np.array([[c, -1j * s], [-1j * s, c]], dtype=np.complex128)


def rotation_z(angle: float) -> Matrix:
    """Return RZ(angle), shape (2, 2)."""
    phase = np.exp(-0.5j * angle)
    return np.array([[phase, 0.0], [0.0, phase.conjugate()]], dtype=np.complex128)


@dataclass(slots=True)
class _Block:
    """Neighbouring gates on one pair; `start` is set while nothing acted on the pair before."""

    wires: tuple[int, int]
    gates: list[Operation] = field(default_factory=list)
    start: tuple[Matrix, Matrix] | None = None


def fuse_blocks(
    operations: Iterable[Operation], num_wires: int, *, native_rzz: bool
) -> list[Operation]:
    """Return the same circuit on the initial state |0..0> with fewer two-qubit gates.

    Args:
        operations: the gates in order.
        num_wires: number of wires.
        native_rzz: whether an RZZ is one gate of the device, so that two of them are as good as
            two CX.

    Returns:
        Gates in order. The state they make of |0..0> is the same up to a global phase; the unitary
        need not be.
    """
    fused: list[Operation] = []
    for item in _blocks(operations, num_wires):
        if isinstance(item, _Block):
            fused += _shorten(item, native_rzz)
        else:
            fused.append(item)
    return fused


def _blocks(operations: Iterable[Operation], num_wires: int) -> Iterator[_Block | Gate1]:
    """Yield blocks and lone one-qubit gates, in an order that makes the same circuit."""
    items: list[_Block | Gate1] = []
    current: list[_Block | None] = [None] * num_wires
    # What acted so far on a wire that has met no other yet.
    lone: list[Matrix | None] = [np.eye(2, dtype=np.complex128) for _ in range(num_wires)]
    for operation in operations:
        if isinstance(operation, Gate1):
            wire = operation.wire
            block, before = current[wire], lone[wire]
            if before is not None:
                lone[wire] = operation.matrix @ before
            elif block is not None:
                block.gates.append(operation)
            else:
                items.append(operation)
            continue
        first, second = operation.wires
        block = current[first]
        if block is None or block is not current[second]:
            block = _Block((min(first, second), max(first, second)))
            starts = [lone[wire] for wire in block.wires]
            if starts[0] is not None and starts[1] is not None:
                block.start = (starts[0], starts[1])
            else:
                for wire, matrix in zip(block.wires, starts, strict=True):
                    if matrix is not None:
                        items.append(Gate1(wire, matrix))
            items.append(block)
            current[first] = current[second] = block
            lone[first] = lone[second] = None
        block.gates.append(operation)
    yield from items
    for wire, matrix in enumerate(lone):
        if matrix is not None:
            yield Gate1(wire, matrix)


def _shorten(block: _Block, native_rzz: bool) -> list[Operation]:
    cost = {"cx": 1, "rzz": 1 if native_rzz else 2}
    total = sum(cost[gate.name] for gate in block.gates if isinstance(gate, Gate2))
    if block.start is not None and total > 1:
        return _prepare(block)
    num_rotations = sum(gate.name == "rzz" for gate in block.gates if isinstance(gate, Gate2))
    gates = list(block.gates) if native_rzz or num_rotations < 2 else _fuse_rotations(block)
    if block.start is None:
        return gates
    return [
        *(Gate1(wire, matrix) for wire, matrix in zip(block.wires, block.start, strict=True)),
        *gates,
    ]


def _prepare(block: _Block) -> list[Operation]:
    """Return one CX and one-qubit gates that make the state of a block that starts at |00>."""
    if block.start is None:
        raise ValueError("only a block that starts at a known state can be prepared.")
    # amplitudes[i, j]: first wire of the block in i, second in j
    amplitudes: Matrix = np.outer(block.start[0][:, 0], block.start[1][:, 0])
    for gate in block.gates:
        amplitudes = _apply(gate, amplitudes, block.wires)
    left, schmidt, right = np.linalg.svd(amplitudes)
    first, second = block.wires
    entangling: list[Operation] = [
        Gate1(first, _rotation_y(2 * np.arctan2(schmidt[1], schmidt[0]))),
        Gate2("cx", (first, second)),
    ]
    if schmidt[1] < 1e-15:
        entangling = []
    return [*entangling, Gate1(first, left), Gate1(second, right.T)]


def _apply(gate: Operation, amplitudes: Matrix, wires: tuple[int, int]) -> Matrix:
    if isinstance(gate, Gate1):
        if gate.wire == wires[0]:
            return gate.matrix @ amplitudes
        return amplitudes @ gate.matrix.T
    if gate.name == "rzz":
        phase = np.exp(-0.5j * gate.angle)
        rotated: Matrix = amplitudes * np.array(
            [[phase, phase.conjugate()], [phase.conjugate(), phase]]
        )
        return rotated
    flipped = amplitudes.copy()
    if gate.wires == wires:
        flipped[1] = amplitudes[1, ::-1]
    else:
        flipped[:, 1] = amplitudes[::-1, 1]
    return flipped


def _rotation_y(angle: float) -> Matrix:
    c, s = np.cos(angle / 2), np.sin(angle / 2)
    return np.array([[c, -s], [s, c]], dtype=np.complex128)


def _fuse_rotations(block: _Block) -> list[Operation]:
    """Return the gates of a block with each two RZZ in a row made of two CX."""
    gates: list[Operation] = []
    pending: Gate2 | None = None
    between = {wire: np.eye(2, dtype=np.complex128) for wire in block.wires}

    def flush() -> None:
        nonlocal pending
        if pending is not None:
            gates.append(pending)
            gates.extend(Gate1(wire, matrix) for wire, matrix in between.items())
        pending = None
        for wire in block.wires:
            between[wire] = np.eye(2, dtype=np.complex128)

    for gate in block.gates:
        if isinstance(gate, Gate1):
            if pending is None:
                gates.append(gate)
            else:
                between[gate.wire] = gate.matrix @ between[gate.wire]
        elif gate.name != "rzz":
            flush()
            gates.append(gate)
        elif pending is None:
            pending = gate
        else:
            middle = (between[block.wires[0]], between[block.wires[1]])
            gates += _two_rotations(block.wires, pending.angle, middle, gate.angle)
            pending = None
            flush()
    flush()
    return gates


def _two_rotations(
    wires: tuple[int, int], before: float, middle: tuple[Matrix, Matrix], after: float
) -> list[Operation]:
    """Return RZZ(after) (middle) RZZ(before) with two CX."""
    # RZ commutes with both rotations, so only the RX part of the middle stays between them.
    euler = [_euler_zxz(matrix) for matrix in middle]
    sectors = []
    for sign in (1, -1):
        x_angle = euler[0][1] + sign * euler[1][1]
        matrix = rotation_x(after) @ rotation_z(x_angle) @ rotation_x(before)
        sectors.append(_euler_zxz(matrix))
    (a_even, theta_even, b_even), (a_odd, theta_odd, b_odd) = sectors
    p, q = (theta_even + theta_odd) / 2, (theta_odd - theta_even) / 2
    first, second = wires
    quarter = rotation_z(np.pi / 2)
    outer = [rotation_x((a_even + a_odd) / 2), rotation_x((a_even - a_odd) / 2)]
    inner = [rotation_x((b_even + b_odd) / 2), rotation_x((b_even - b_odd) / 2)]
    # RZ(pi/2) on both turns the YY of the core into the XX that a CX makes of an X.
    return [
        *(
            Gate1(wire, quarter.conj().T @ x @ rotation_z(e[2]))
            for wire, x, e in zip(wires, inner, euler, strict=True)
        ),
        Gate2("cx", (first, second)),
        Gate1(first, rotation_x(q)),
        Gate1(second, rotation_z(p)),
        Gate2("cx", (first, second)),
        *(
            Gate1(wire, rotation_z(e[0]) @ x @ quarter)
            for wire, x, e in zip(wires, outer, euler, strict=True)
        ),
    ]


def _euler_zxz(matrix: Matrix) -> tuple[float, float, float]:
    """Return (a, theta, b) with RZ(a) RX(theta) RZ(b) equal to `matrix` up to a phase."""
    special = matrix / np.sqrt(matrix[0, 0] * matrix[1, 1] - matrix[0, 1] * matrix[1, 0])
    theta = 2 * np.arctan2(abs(special[1, 0]), abs(special[0, 0]))
    total = -2 * np.angle(special[0, 0])
    difference = 2 * (np.angle(special[1, 0]) + np.pi / 2)
    return (total + difference) / 2, float(theta), (total - difference) / 2
