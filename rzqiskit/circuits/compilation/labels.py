"""Labels: the parity that every wire carries, followed through a circuit of CX gates."""

from __future__ import annotations

from collections.abc import Iterable

from rzqiskit.circuits.compilation.networks import Network, Step

__all__ = ["Labels", "Moves", "parse_moves", "with_phases"]

Moves = list[tuple[int, int]]


def parse_moves(text: str) -> Moves:
    """Return the CX gates of a text such as "1>0 2>1": control and target of each."""
    pairs = [move.split(">") for move in text.split()]
    return [(int(control), int(target)) for control, target in pairs]


class Labels:
    """The parity on every wire as a bit mask of qubits, the CX so far and the pairs they made."""

    def __init__(self, num_qubits: int) -> None:
        self._masks = [1 << wire for wire in range(num_qubits)]
        self._depth = [0] * num_qubits
        self._pairs: set[int] = set()
        self.moves: Moves = []

    def __getitem__(self, wire: int) -> int:
        return self._masks[wire]

    def complete(self) -> bool:
        """Return whether every pair has occurred."""
        return len(self._pairs) == len(self._masks) * (len(self._masks) - 1) // 2

    def start(self, move: tuple[int, int]) -> tuple[int, int, int]:
        """Return when a CX can start, ties broken by its wires."""
        control, target = move
        return max(self._depth[control], self._depth[target]), control, target

    def cx(self, control: int, target: int) -> bool:
        """Apply a CX and return whether the target now carries a pair for the first time."""
        self.moves.append((control, target))
        free = max(self._depth[control], self._depth[target]) + 1
        self._depth[control] = self._depth[target] = free
        mask = self._masks[target] = self._masks[target] ^ self._masks[control]
        if mask.bit_count() != 2 or mask in self._pairs:
            return False
        self._pairs.add(mask)
        return True


def with_phases(name: str, num_qubits: int, moves: Iterable[tuple[int, int]]) -> Network:
    """Return the network of these CX, with a phase wherever a pair occurs for the first time."""
    labels = Labels(num_qubits)
    steps: list[Step] = []
    for control, target in moves:
        steps.append(Step("cx", (control, target)))
        if labels.cx(control, target):
            steps.append(Step("phase", (target,)))
    steps = _fuse_rotations(steps)
    order = tuple(labels[wire].bit_length() - 1 for wire in range(num_qubits))
    return Network(name, num_qubits, tuple(steps), order)


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
