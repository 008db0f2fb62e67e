"""Networks: orders of two-qubit gates on coupled wires that let every pair of qubits meet once.

A network is a short program for the wires 0..N-1, written down once and for every angle. The wires
are a line, of which neighbours are coupled, unless the network says otherwise (`branched.py`):

- ``cx``: a CX from one wire to a neighbour,
- ``phase``: an RZ of the layer's angle, on a wire that carries the parity of two qubits,
- ``rzz``: an RZZ of the layer's angle between two neighbours that carry one qubit each (two CX and
  an RZ where the device has no such gate).

It may leave the qubits in another order than it found them. All couplings of the battery are equal,
so the next layer starts from the order that it finds and nothing is ever swapped back.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, NamedTuple, TypeAlias

__all__ = ["Network", "Step", "line_network"]

StepKind: TypeAlias = Literal["cx", "phase", "rzz"]


class Step(NamedTuple):
    """One gate of a network: ``cx`` (control, target), ``phase`` (wire,), ``rzz`` (wire, wire)."""

    kind: StepKind
    wires: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Network:
    """A program in which every pair of qubits gets one ZZ rotation.

    Attributes:
        name: the kind of network.
        num_qubits: N, the number of wires.
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

    def moved(self, wires: Sequence[int]) -> Network:
        """Return the network with wire w in the place of ``wires[w]``."""
        steps = tuple(
            Step(kind, tuple(wires[wire] for wire in old_wires)) for kind, old_wires in self.steps
        )
        order = [0] * self.num_qubits
        for wire, origin in enumerate(self.order):
            order[wires[wire]] = wires[origin]
        return Network(self.name, self.num_qubits, steps, tuple(order))

    def reflected(self) -> Network:
        """Return the network with the line turned around.

        Where a network ends on a ladder along the line, the reflected one can start behind it
        while it still runs.
        """
        return self.moved(range(self.num_qubits)[::-1])

    def num_two_qubit_gates(self, *, native_rzz: bool = False) -> int:
        """Return the number of two-qubit gates; an RZZ counts one where it is native, else two."""
        cost = {"cx": 1, "phase": 0, "rzz": 1 if native_rzz else 2}
        return sum(cost[step.kind] for step in self.steps)

    def uses(self, *, native_rzz: bool = False) -> dict[tuple[int, int], int]:
        """Return the number of two-qubit gates on each pair of wires that must be coupled."""
        cost = {"cx": 1, "rzz": 1 if native_rzz else 2}
        counts: dict[tuple[int, int], int] = {}
        for kind, wires in self.steps:
            if kind != "phase":
                pair = (min(wires), max(wires))
                counts[pair] = counts.get(pair, 0) + cost[kind]
        return counts

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
