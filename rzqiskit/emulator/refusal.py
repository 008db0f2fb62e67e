"""How a circuit that is not permutation symmetric is refused: what is named, and why."""

from __future__ import annotations

from collections import Counter
from itertools import combinations
from typing import Any

from qiskit.circuit import QuantumCircuit

__all__ = ["GateLog", "SymmetryError", "first_departure", "refusal"]


class SymmetryError(ValueError):
    """A circuit that does something else to one qubit than to another.

    Attributes:
        index: position in ``circuit.data`` of the first offending instruction, None if it is not
            one instruction.
        name: name of that instruction.

    Examples:
        >>> from qiskit import QuantumCircuit
        >>> from rzqiskit.emulator import DickeSampler, SymmetryError
        >>> circuit = QuantumCircuit(3)
        >>> _ = circuit.rx(0.1, [0, 1])  # the third qubit is left out
        >>> circuit.measure_all()
        >>> try:
        ...     DickeSampler().run([circuit])
        ... except SymmetryError as error:
        ...     print(error.index, error.name)
        0 rx
    """

    def __init__(self, message: str, index: int | None = None, name: str | None = None) -> None:
        super().__init__(message)
        self.index = index
        self.name = name


class GateLog:
    """Every rotation of every qubit and every gate of every pair, with the instructions' indices.

    Attributes:
        rotations: (rotation, index) in order, by qubit.
        pairs: (gate, index) in order, by pair.
    """

    def __init__(self) -> None:
        self.rotations: dict[int, list[tuple[Any, int]]] = {}
        self.pairs: dict[tuple[int, int], list[tuple[Any, int]]] = {}


def refusal(circuit: QuantumCircuit, index: int, reason: str) -> SymmetryError:
    """Return the error that names instruction `index` of `circuit`."""
    instruction = circuit.data[index]
    qubits = ", ".join(str(circuit.find_bit(bit).index) for bit in instruction.qubits[:4])
    if len(instruction.qubits) > 4:
        qubits += ", ..."
    return SymmetryError(
        f"instruction {index} (`{instruction.name}` on {qubits}) breaks the permutation symmetry "
        f"of the circuit: it {reason}.",
        index,
        instruction.name,
    )


def first_departure(log: GateLog, num_qubits: int) -> tuple[int, str] | None:
    """Return (instruction index, reason) of the earliest departure from what most members get.

    Args:
        log: what every qubit and pair of the circuit got.
        num_qubits: width of the circuit.
    """
    found = _departures(log.rotations, list(range(num_qubits)))
    if log.pairs:
        found += _departures(log.pairs, list(combinations(range(num_qubits), 2)))
    return min(found, default=None)


def _departures(log: dict[Any, list[tuple[Any, int]]], members: list[Any]) -> list[tuple[int, str]]:
    """Return (instruction index, reason) where members depart from what most of them get."""
    gates = {member: tuple(gate for gate, _ in log.get(member, ())) for member in members}
    counted = Counter(gates.values())
    # Of two equally common sequences the shorter is the rule, the longer does too much.
    rule = max(counted, key=lambda sequence: (counted[sequence], -len(sequence)))
    found = []
    for member in members:
        own = gates[member]
        if own == rule:
            continue
        same = next(
            (k for k, (a, b) in enumerate(zip(own, rule, strict=False)) if a != b),
            min(len(own), len(rule)),
        )
        label = f"qubit {member}" if isinstance(member, int) else "qubits {} and {}".format(*member)
        if len(own) >= len(rule):
            index = log[member][same][1]
            found.append((index, f"acts on {label}, but not alike on the others"))
        else:
            index = min(log[other][same][1] for other in members if gates[other] == rule)
            found.append((index, f"acts on others, but not alike on {label}"))
    return found
