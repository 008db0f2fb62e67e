"""Networks: orders of two-qubit gates on a line that let every pair of qubits meet once.

A network is a short program for the wires 0..N-1 of a line, written down once and for every angle:

- ``cx``: a CX from one wire to a neighbour,
- ``phase``: an RZ of the layer's angle, on a wire that carries the parity of two qubits,
- ``rzz``: an RZZ of the layer's angle between two neighbours that carry one qubit each (two CX and
  an RZ where the device has no such gate).

It may leave the qubits in another order than it found them. All couplings of the battery are equal,
so the next layer starts from the order that it finds and nothing is ever swapped back.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from itertools import product
from typing import Literal, NamedTuple, TypeAlias

__all__ = ["Network", "Step", "line_network", "parity_networks"]

StepKind: TypeAlias = Literal["cx", "phase", "rzz"]


class Step(NamedTuple):
    """One gate of a network: ``cx`` (control, target), ``phase`` (wire,), ``rzz`` (wire, wire)."""

    kind: StepKind
    wires: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Network:
    """A program on a line in which every pair of qubits gets one ZZ rotation.

    Attributes:
        name: the kind of network.
        num_qubits: N, the length of the line.
        steps: the gates in order.
        order: wire w holds at the end the qubit that was on wire ``order[w]`` at the start.
    """

    name: str
    num_qubits: int
    steps: tuple[Step, ...]
    order: tuple[int, ...]

    def mirrored(self) -> Network:
        """Return the same gates in reverse, which take the qubits back to where they were.

        Run after the network it begins with the pairs that the network ended with: rotations of
        two neighbouring layers on the same pair then fuse into one block.
        """
        order = [0] * self.num_qubits
        for wire, origin in enumerate(self.order):
            order[origin] = wire
        return Network(self.name, self.num_qubits, self.steps[::-1], tuple(order))

    def num_two_qubit_gates(self, *, native_rzz: bool = False) -> int:
        """Return the number of two-qubit gates; an RZZ counts one where it is native, else two."""
        cost = {"cx": 1, "phase": 0, "rzz": 1 if native_rzz else 2}
        return sum(cost[step.kind] for step in self.steps)

    def two_qubit_depth(self, *, native_rzz: bool = False) -> int:
        """Return the depth counted in two-qubit gates."""
        depth = [0] * self.num_qubits
        cost = {"cx": 1, "rzz": 1 if native_rzz else 2}
        for kind, wires in self.steps:
            if kind != "phase":
                first, second = wires
                depth[first] = depth[second] = max(depth[first], depth[second]) + cost[kind]
        return max(depth, default=0)


@lru_cache(maxsize=64)
def line_network(num_qubits: int) -> Network:
    """Return the swap network: N rows of neighbours that rotate and change places.

    Rotation and swap together cost three CX. The first and the last row need no swap: their qubits
    part anyway, and the order is free. (N - 1)(3N - 2)/2 two-qubit gates in depth 3N - 2, and
    N - 1 gates fewer where RZZ is native. The order is reversed at the end but for those two rows.

    Examples:
        >>> network = line_network(10)
        >>> network.num_two_qubit_gates(), network.two_qubit_depth()
        (126, 28)
        >>> network.num_two_qubit_gates(native_rzz=True)
        117
    """
    order = list(range(num_qubits))
    steps: list[Step] = []
    for row in range(num_qubits):
        swapping = 0 < row < num_qubits - 1
        for upper in range(row % 2, num_qubits - 1, 2):
            lower = upper + 1
            if swapping:
                steps += [
                    Step("cx", (upper, lower)),
                    Step("phase", (lower,)),
                    Step("cx", (lower, upper)),
                    Step("cx", (upper, lower)),
                ]
                order[upper], order[lower] = order[lower], order[upper]
            else:
                steps.append(Step("rzz", (upper, lower)))
    return Network("line", num_qubits, tuple(steps), tuple(order))


# Fewest CX possible, found by exhaustive (A*) search over all CX circuits on the line, up to six
# qubits; the seventh by a beam search. "a>b": control a, target b. Lower bound: one CX for every
# pair and one to undo the first parity of every wire but one.
_SHORTEST = {
    3: "1>0 2>1 0>1 2>1 1>0",
    4: "1>0 2>1 3>2 2>1 0>1 2>1 3>2 2>1 1>0",
}


@lru_cache(maxsize=64)
def parity_networks(num_qubits: int) -> tuple[Network, ...]:
    """Return the parity-label networks known for a line of N qubits, shallowest first.

    Every wire carries the parity of one or two qubits; a CX onto a wire moves it to the parity of
    another pair, which gets its RZ there. No gate is spent on swaps.

    Examples:
        >>> [(n.num_two_qubit_gates(), n.two_qubit_depth()) for n in parity_networks(10)]
        [(97, 28)]
    """
    found = []
    if num_qubits in _SHORTEST:
        moves = [move.split(">") for move in _SHORTEST[num_qubits].split()]
        found.append(_with_phases(num_qubits, [(int(c), int(t)) for c, t in moves]))
    if num_qubits >= 2:
        found.append(_path_network(num_qubits))
    else:
        found.append(Network("parity", num_qubits, (), tuple(range(num_qubits))))
    found.sort(key=lambda network: (network.two_qubit_depth(), network.num_two_qubit_gates()))
    best: list[Network] = []
    for network in found:
        if not best or network.num_two_qubit_gates() < best[-1].num_two_qubit_gates():
            best.append(network)
    return tuple(best)


def _path_network(num_qubits: int) -> Network:
    """Return the network of the reversed path, about N^2 CX in depth 3N - 2.

    Label the qubits 1..N and a ground 0, the constant parity, and let a wire that carries the
    parity of qubits a and b be an edge (a, b), a wire with qubit a alone the edge (0, a). The wires
    are then a spanning tree, and a CX between two edges (a, b), (b, c) replaces the target by
    (a, c). A ladder turns the star around 0 into a path through all vertices; rows of CX onto every
    other wire from both its neighbours then exchange neighbouring vertices along the path, as in an
    odd-even sort, so that every pair becomes an edge; a second ladder leads back to a star.
    """
    middle = num_qubits // 2
    grounds = range(max(middle - 3, 0), min(middle + 3, num_qubits) + 1)
    candidates = (
        _path_moves(num_qubits, ground, parity, left_first)
        for ground, parity, left_first in product(grounds, (0, 1), (True, False))
    )
    networks = [_with_phases(num_qubits, moves) for moves in candidates]
    return min(networks, key=lambda n: (n.two_qubit_depth(), n.num_two_qubit_gates()))


def _path_moves(
    num_qubits: int, ground: int, parity: int, left_first: bool
) -> list[tuple[int, int]]:
    """Return the CX of a path network; vertex 0 is at position `ground` of the first path."""
    labels = _Labels(num_qubits)
    for wire in range(ground - 1):
        labels.cx(wire + 1, wire)
    for wire in range(num_qubits - 1, ground, -1):
        labels.cx(wire - 1, wire)
    row = 0
    while len(labels.pairs) < num_qubits * (num_qubits - 1) // 2:
        for side in (-1, 1) if left_first == (row % 2 == 0) else (1, -1):
            for wire in range((parity + row) % 2, num_qubits, 2):
                if 0 <= wire + side < num_qubits:
                    labels.cx(wire + side, wire)
        row += 1
    singles = [wire for wire in range(num_qubits) if labels[wire].bit_count() == 1]
    for wire in range(singles[0] - 1, -1, -1):
        labels.cx(wire + 1, wire)
    for wire in range(singles[-1] + 1, num_qubits):
        labels.cx(wire - 1, wire)
    return labels.moves


class _Labels:
    """The parity on every wire as a bit mask of qubits, and the pairs that have occurred."""

    def __init__(self, num_qubits: int) -> None:
        self._masks = [1 << wire for wire in range(num_qubits)]
        self.pairs: set[int] = set()
        self.moves: list[tuple[int, int]] = []

    def __getitem__(self, wire: int) -> int:
        return self._masks[wire]

    def cx(self, control: int, target: int) -> bool:
        """Apply a CX and return whether the target now carries a pair for the first time."""
        self.moves.append((control, target))
        mask = self._masks[target] = self._masks[target] ^ self._masks[control]
        if mask.bit_count() != 2 or mask in self.pairs:
            return False
        self.pairs.add(mask)
        return True


def _with_phases(num_qubits: int, moves: Iterable[tuple[int, int]]) -> Network:
    """Return the network of these CX, with a phase wherever a pair occurs for the first time."""
    labels = _Labels(num_qubits)
    steps: list[Step] = []
    for control, target in moves:
        steps.append(Step("cx", (control, target)))
        if labels.cx(control, target):
            steps.append(Step("phase", (target,)))
    steps = _fuse_rotations(steps)
    order = tuple(labels[wire].bit_length() - 1 for wire in range(num_qubits))
    return Network("parity", num_qubits, tuple(steps), order)


def _fuse_rotations(steps: list[Step]) -> list[Step]:
    """Write CX, phase, CX on one pair with nothing between as the RZZ that it is."""
    fused: list[Step] = []
    for step in steps:
        if (
            len(fused) >= 2
            and step.kind == "cx"
            and fused[-2] == step
            and fused[-1] == Step("phase", (step.wires[1],))
        ):
            fused[-2:] = [Step("rzz", step.wires)]
        else:
            fused.append(step)
    return fused
