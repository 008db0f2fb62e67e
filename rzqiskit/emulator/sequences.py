"""Sequences of gates as small integers, so that two qubits compare in one step.

What happened to a qubit (or a pair) is a node; equal histories are the same node, whatever the
number of qubits that share it and whether angles are numbers or parameters.
"""

from __future__ import annotations

import math
from typing import Any

from rzqiskit.emulator.gate_table import Angle, Rotation

__all__ = ["EMPTY", "PairHistories", "QubitHistories"]

EMPTY = 0
_SMALL = 1e-14  # an angle sum this close to whole turns is one


class QubitHistories:
    """Interned sequences of single-qubit rotations.

    Neighbouring rotations about one axis by numbers are added, and dropped when they cancel, so
    that a gate followed by its inverse leaves no trace.
    """

    def __init__(self) -> None:
        self._parent = [EMPTY]
        self._rotation: list[Rotation] = [("z", 0.0)]
        self._known: dict[tuple[int, Any, Angle], int] = {}

    def extend(self, node: int, rotation: Rotation) -> int:
        """Return the node of `node` followed by one more rotation."""
        axis, angle = rotation
        if isinstance(angle, float):
            last_axis, last_angle = self._rotation[node]
            if node != EMPTY and last_axis == axis and isinstance(last_angle, float):
                angle += last_angle
                node = self._parent[node]
            if abs(math.remainder(angle, 2.0 * math.pi)) < _SMALL:
                return node
        key = (node, axis, angle)
        found = self._known.get(key)
        if found is None:
            found = len(self._parent)
            self._known[key] = found
            self._parent.append(node)
            self._rotation.append((axis, angle))
        return found

    def rotations(self, node: int) -> list[Rotation]:
        """Return the rotations of a node, first applied first."""
        found = []
        while node != EMPTY:
            found.append(self._rotation[node])
            node = self._parent[node]
        return found[::-1]


class PairHistories:
    """Interned sets, with repetition, of diagonal pair gates; their order means nothing.

    A member is (zz, z, angle): ``exp(-i angle/2 [zz Z Z + z (Z 1 + 1 Z)])``.
    """

    def __init__(self) -> None:
        self._members: list[tuple[int, ...]] = [()]
        self._nodes: dict[tuple[int, ...], int] = {(): EMPTY}
        self._gates: list[tuple[float, float, Angle]] = []
        self._gate_index: dict[tuple[float, float, Angle], int] = {}
        self._known: dict[tuple[int, int], int] = {}

    def gate(self, zz: float, z: float, angle: Angle) -> int:
        """Return the index of a gate."""
        key = (zz * angle, z * angle, 1.0) if isinstance(angle, float) else (zz, z, angle)
        index = self._gate_index.get(key)
        if index is None:
            index = len(self._gates)
            self._gate_index[key] = index
            self._gates.append(key)
        return index

    def extend(self, node: int, gate: int) -> int:
        """Return the node of `node` with one more gate."""
        found = self._known.get((node, gate))
        if found is None:
            members = tuple(sorted((*self._members[node], gate)))
            found = self._nodes.get(members)
            if found is None:
                found = len(self._members)
                self._nodes[members] = found
                self._members.append(members)
            self._known[node, gate] = found
        return found

    def gates(self, node: int) -> list[tuple[float, float, Angle]]:
        """Return the members (zz, z, angle) of a node."""
        return [self._gates[index] for index in self._members[node]]
