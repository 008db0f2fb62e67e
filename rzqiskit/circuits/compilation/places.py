"""Where a network fits on a device: one physical qubit a wire, used wires coupled."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import TypeAlias

from qiskit.transpiler import Target

from rzqiskit.circuits.compilation.layout import Costs, couplings, device_costs
from rzqiskit.circuits.compilation.networks import Network

__all__ = ["best_places", "fits", "uncoupled_neighbours"]

_BEAM_WIDTH = 1000

# Cost, physical qubits of the wires so far, and the same as a bit mask.
_Place: TypeAlias = tuple[float, tuple[int, ...], int]


def best_places(
    target: Target, network: Network, *, num_layers: int = 1, num_places: int = 1
) -> list[tuple[int, ...]]:
    """Return the places with the smallest calibrated error for a network, best first.

    Every coupling counts as often as the network uses it. The search adds wire after wire and keeps
    a beam of the best beginnings.

    Args:
        target: the device.
        network: a network whose gates join all its wires.
        num_layers: number of ZZ layers; more of them make readout matter less.
        num_places: number of places wanted.

    Returns:
        At most `num_places` places, the physical qubit of every wire; none where none was found.

    Examples:
        >>> from qiskit.transpiler import CouplingMap
        >>> from rzqiskit.circuits.compilation.networks import line_network
        >>> target = Target.from_configuration(["rz", "sx", "cz"], 3, CouplingMap.from_line(3))
        >>> best_places(target, line_network(3), num_places=5)
        [(0, 1, 2), (2, 1, 0)]
    """
    costs = device_costs(target, network.num_qubits, max(num_layers, 1))
    weights: list[dict[int, float]] = [{} for _ in range(network.num_qubits)]
    for (first, second), count in network.uses().items():
        weights[first][second] = weights[second][first] = float(count * max(num_layers, 1))
    order = _search_order(weights)
    beam: list[_Place] = [
        (cost, (qubit,), 1 << qubit) for qubit, cost in sorted(costs.qubit.items())
    ]
    for position, wire in enumerate(order[1:], start=1):
        joined = [
            (earlier, weights[wire][other])
            for earlier, other in enumerate(order[:position])
            if other in weights[wire]
        ]
        longer = [entry for place in beam for entry in _extensions(costs, joined, place)]
        beam = sorted(longer)[:_BEAM_WIDTH]
    rank = {wire: position for position, wire in enumerate(order)}
    return [
        tuple(qubits[rank[wire]] for wire in range(network.num_qubits))
        for _, qubits, _ in beam[:num_places]
    ]


def _search_order(weights: Sequence[dict[int, float]]) -> list[int]:
    """Return the wires in an order in which each has as many earlier neighbours as can be."""
    order = [0]
    while len(order) < len(weights):
        free = [wire for wire in range(len(weights)) if wire not in order]
        order.append(max(free, key=lambda wire: (len(weights[wire].keys() & set(order)), -wire)))
    return order


def _extensions(
    costs: Costs, joined: Sequence[tuple[int, float]], place: _Place
) -> Iterator[_Place]:
    """Yield the places with one more wire, given its earlier neighbours and gates with them."""
    cost, qubits, taken = place
    for qubit in costs.coupling[qubits[joined[0][0]]]:
        if taken >> qubit & 1:
            continue
        coupling = costs.coupling[qubit]
        total = sum(weight * coupling.get(qubits[earlier], math.inf) for earlier, weight in joined)
        if total < math.inf:
            yield cost + costs.qubit[qubit] + total, (*qubits, qubit), taken | 1 << qubit


def fits(target: Target, network: Network, qubits: Sequence[int]) -> bool:
    """Return whether these physical qubits, one a wire, have all the couplings of a network."""
    coupled = _couplings(target)
    return len(qubits) == network.num_qubits and all(
        frozenset((qubits[first], qubits[second])) in coupled for first, second in network.uses()
    )


def uncoupled_neighbours(target: Target, qubits: Sequence[int]) -> tuple[int, int] | None:
    """Return the first two qubits in a row that are not coupled, None where these are a line."""
    coupled = _couplings(target)
    for pair in pairwise(qubits):
        if frozenset(pair) not in coupled:
            return pair
    return None


def _couplings(target: Target) -> set[frozenset[int]]:
    return {frozenset(pair) for pair in couplings(target)}
