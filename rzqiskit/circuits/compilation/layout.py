"""The best line of a device: a path of coupled qubits with the smallest expected error."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import combinations
from typing import TypeAlias

from qiskit.transpiler import Target

from rzqiskit.circuits.compilation.fidelity import idle_fidelity, operation_error
from rzqiskit.validation import check_positive_integer

__all__ = ["Costs", "best_lines", "couplings", "device_costs", "two_qubit_gate"]

# Entanglers that are worth one CX up to one-qubit gates.
_ENTANGLERS = ("cx", "cz", "ecr")

# Kept paths of each length. Up to 30 qubits on the 120- to 156-qubit devices, two hundred find the
# line that four thousand find.
_BEAM_WIDTH = 400
_ROOMY_WIDTH = 200


def two_qubit_gate(target: Target) -> str:
    """Return the name of the entangling gate of a device: ``cx``, ``cz`` or ``ecr``.

    Raises:
        ValueError: the device has none of them.
    """
    available = [name for name in _ENTANGLERS if name in target]
    if not available:
        raise ValueError(
            "`backend` must have one of the gates 'cx', 'cz', 'ecr', got "
            f"{sorted(target.operation_names)}."
        )
    return available[0]


def couplings(target: Target) -> list[tuple[int, int]]:
    """Return the pairs of qubits that the entangling gate joins; all pairs of a simulator."""
    gate = two_qubit_gate(target)
    # The gates of simulators are for any qubits.
    if None in target[gate]:
        return list(combinations(range(target.num_qubits), 2))
    return list(target.build_coupling_map(gate).get_edges())


@dataclass(frozen=True, slots=True)
class Costs:
    """Expected error of a qubit and of a coupling, as negative logarithms of fidelities.

    Attributes:
        qubit: cost of each usable qubit: its pulses, waiting and readout.
        coupling: cost of one gate on each usable coupling, by qubit and neighbour.
        uses: number of gates of an average coupling.
    """

    qubit: dict[int, float]
    coupling: dict[int, dict[int, float]]
    uses: float


def best_lines(
    target: Target, num_qubits: int, *, num_layers: int = 1, num_lines: int = 1
) -> list[tuple[int, ...]]:
    """Return the lines of coupled qubits with the smallest calibrated error, best first.

    A network of one layer uses each of the N - 1 couplings about N times and then reads each qubit
    once; that and the waiting (T1, T2) is weighed. Couplings and qubits that are marked faulty
    (error 1) are left out. The search keeps a beam of the best paths: a greedy search many times
    over, exact where the beam holds all paths.

    Args:
        target: the device.
        num_qubits: N, the number of qubits of the line.
        num_layers: number of ZZ layers; more of them make readout matter less.
        num_lines: number of lines wanted, a line and its reverse being one.

    Returns:
        At most `num_lines` lines, physical qubits in order.

    Raises:
        ValueError: no such line was found in the device.

    Examples:
        >>> from qiskit.transpiler import CouplingMap
        >>> target = Target.from_configuration(["rz", "sx", "cz"], 5, CouplingMap.from_line(5))
        >>> best_lines(target, 5)
        [(0, 1, 2, 3, 4)]
    """
    check_positive_integer("num_qubits", num_qubits)
    costs = device_costs(target, num_qubits, max(num_layers, 1))
    found: list[tuple[int, ...]] = []
    # Wide lines leave little choice: when the cheap paths all end blind, look for room instead.
    paths = _search(costs, num_qubits, _BEAM_WIDTH) or _search(
        costs, num_qubits, _ROOMY_WIDTH, roomy=True
    )
    for _, line, _ in paths:
        forward = min(line, line[::-1])
        if forward not in found:
            found.append(forward)
        if len(found) == num_lines:
            break
    if not found:
        raise ValueError(
            f"`circuits` must fit on a line of coupled qubits of the device, got {num_qubits} "
            f"qubits for a device of {target.num_qubits} on which no such line was found."
        )
    return found


def device_costs(target: Target, num_qubits: int, num_layers: int) -> Costs:
    """Return what the qubits and couplings of a device cost circuits of that size.

    Qubits and couplings that are marked faulty (error 1) are left out.
    """
    gate = two_qubit_gate(target)
    uses = float(num_layers * num_qubits)
    pulse = "sx" if "sx" in target else "u"
    durations = [entry.duration for entry in target[gate].values() if entry and entry.duration]
    waiting = uses * (sum(durations) / len(durations) if durations else 0.0)
    qubit_cost = {}
    for qubit in range(target.num_qubits):
        errors = (
            operation_error(target, "measure", (qubit,)),
            operation_error(target, pulse, (qubit,)),
        )
        if max(errors) < 1.0:
            qubit_cost[qubit] = (
                -math.log1p(-errors[0])
                - 2 * uses * math.log1p(-errors[1])
                - math.log(idle_fidelity(target, qubit, waiting))
            )
    coupling: dict[int, dict[int, float]] = {qubit: {} for qubit in qubit_cost}
    for first, second in couplings(target):
        if first not in qubit_cost or second not in qubit_cost:
            continue
        error = operation_error(target, gate, (first, second))
        if error < 1.0:
            cost = -math.log1p(-error)
            known = coupling[first].get(second, math.inf)
            coupling[first][second] = coupling[second][first] = min(cost, known)
    return Costs(qubit_cost, coupling, uses)


# Cost, path, and the visited qubits as a bit mask.
_Path: TypeAlias = tuple[float, tuple[int, ...], int]


def _search(costs: Costs, num_qubits: int, width: int, *, roomy: bool = False) -> list[_Path]:
    """Return the paths that a beam search finds, cheapest first.

    With `roomy` the beam keeps the paths that cut off the fewest qubits, whatever they cost.
    """
    beam: list[_Path] = [
        (cost, (qubit,), 1 << qubit) for qubit, cost in sorted(costs.qubit.items())
    ]
    for length in range(1, num_qubits):
        longer: dict[tuple[int, int], _Path] = {}
        for cost, path, visited in beam:
            for neighbour, coupling_cost in costs.coupling[path[-1]].items():
                if visited >> neighbour & 1:
                    continue
                new_cost = cost + costs.uses * coupling_cost + costs.qubit[neighbour]
                new_visited = visited | 1 << neighbour
                key = (neighbour, new_visited)
                if key not in longer or new_cost < longer[key][0]:
                    longer[key] = (new_cost, (*path, neighbour), new_visited)
        missing = num_qubits - length - 1
        if roomy:
            ranked = [(_room(costs, entry), entry) for entry in longer.values()]
            ranked = [item for item in ranked if item[0][0] >= missing]
            ranked.sort(key=lambda item: (item[0][1] - item[0][0], item[1]))
            beam = [entry for _, entry in ranked[:width]]
            continue
        beam = []
        for entry in sorted(longer.values()):
            if _room(costs, entry, enough=missing)[0] >= missing:
                beam.append(entry)
                if len(beam) == width:
                    break
    return sorted(beam)


def _room(costs: Costs, path: _Path, *, enough: int | None = None) -> tuple[int, int]:
    """Return how many unvisited qubits the tail reaches, and how many of them are dead ends.

    The count stops at `enough`.
    """
    tail, visited = path[1][-1], path[2]
    seen, frontier, count, dead_ends = visited, [tail], 0, 0
    while frontier and (enough is None or count < enough):
        qubit = frontier.pop()
        free = [other for other in costs.coupling[qubit] if not visited >> other & 1]
        dead_ends += qubit != tail and len(free) <= 1
        for neighbour in free:
            if not seen >> neighbour & 1:
                seen |= 1 << neighbour
                count += 1
                frontier.append(neighbour)
    return count, dead_ends
