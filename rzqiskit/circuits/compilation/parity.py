"""Parity-label networks: CX gates that carry parities along a line instead of swapping qubits.

Label the qubits 1..N, and let 0 be the constant parity, the ground. A wire that carries the parity
of qubits a and b is an edge (a, b), a wire with qubit a alone the edge (0, a): the wires are always
a spanning tree, at first (and at last) the star around the ground. A CX between edges (a, b) and
(b, c) makes the target the edge (a, c), where the pair gets its RZ when it occurs for the first
time. A ladder of CX turns the star into a path through all vertices; a CX from edge (b, c) onto
both its neighbours in the path a-b-c-d exchanges b and c; and a second ladder leads back to a star.
Exchanges in the pattern of an odd-even sort bring every pair together, at two CX for each, where a
swap network spends three.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from itertools import product

from rzqiskit.circuits.compilation.labels import Labels, Moves, parse_moves, with_phases
from rzqiskit.circuits.compilation.networks import Network

__all__ = ["parity_networks"]

# Up to here needless exchanges are looked for one by one, in time of order N^4.
_PRUNED_WIDTH = 32

# The fewest CX that all pairs of a short line need; "a>b" is a CX from wire a to wire b. Up to six
# qubits found by A* search over all CX circuits on the line (the bound: pairs still missing and
# wires that do not carry one qubit; a CX mends one of them), so that nothing shorter exists. The
# shallower one of six and the one of seven come from a beam search.
_SEARCHED: dict[int, tuple[str, ...]] = {
    3: ("1>0 2>1 0>1 2>1 1>0",),
    4: ("1>0 2>1 3>2 2>1 0>1 2>1 3>2 2>1 1>0",),
    5: ("3>4 2>3 1>2 0>1 1>2 3>4 3>2 4>3 3>2 1>2 3>2 0>1 1>2 2>3 3>4",),
    6: (
        "1>0 2>1 3>2 4>3 1>2 3>2 1>2 0>1 1>2 5>4 3>2 4>3 1>2 3>2 2>1 4>5 5>4 3>4 4>3 0>1 2>1 3>2 "
        "2>1 1>0",
        "1>0 2>1 3>2 1>2 4>3 2>3 5>4 4>3 2>3 1>2 2>3 0>1 2>1 1>2 2>3 4>3 5>4 2>3 4>3 3>2 1>2 2>1 "
        "1>0",
    ),
    7: (
        "5>6 4>5 3>4 5>4 2>3 3>4 5>4 6>5 1>2 5>4 3>4 0>1 2>1 2>3 1>2 3>2 3>4 2>3 3>4 5>4 6>5 5>4 "
        "3>4 1>0 0>1 5>4 2>1 1>2 2>3 3>4 4>5 5>6",
    ),
}


@lru_cache(maxsize=64)
def parity_networks(num_qubits: int) -> tuple[Network, ...]:
    """Return the parity-label networks known for a line of N qubits, shallowest first.

    Every later one has fewer CX and more depth. The first has at most N^2 - 3 CX in depth 3N - 2
    (N > 4).

    Examples:
        >>> [(n.num_two_qubit_gates(), n.two_qubit_depth()) for n in parity_networks(10)]
        [(97, 28), (86, 29), (85, 30)]
    """
    if num_qubits < 2:
        return (Network("parity", num_qubits, (), tuple(range(num_qubits))),)
    moves = list(_travelling_ground(num_qubits))
    moves += _resting_ground(num_qubits)
    for text in _SEARCHED.get(num_qubits, ()):
        moves.append(parse_moves(text))
    found = [with_phases("parity", num_qubits, candidate) for candidate in moves]
    found.sort(key=lambda network: (network.two_qubit_depth(), network.num_two_qubit_gates()))
    best = found[:1]
    for network in found:
        if network.num_two_qubit_gates() < best[-1].num_two_qubit_gates():
            best.append(network)
    return tuple(best)


def _travelling_ground(num_qubits: int) -> Iterator[Moves]:
    """Yield networks in which the ground starts near the middle and is exchanged like the others.

    Two ladders of half the length run at the same time, which makes these the shallowest.
    """
    middle = num_qubits // 2
    grounds = range(max(middle - 3, 0), min(middle + 3, num_qubits) + 1)
    for ground, parity, left_first in product(grounds, (0, 1), (True, False)):
        labels = Labels(num_qubits)
        for wire in range(ground - 1):
            labels.cx(wire + 1, wire)
        for wire in range(num_qubits - 1, ground, -1):
            labels.cx(wire - 1, wire)
        row = 0
        while not labels.complete():
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
        yield labels.moves


def _resting_ground(num_qubits: int) -> Iterator[Moves]:
    """Yield networks in which the ground stays on wire 0, with needless exchanges left out.

    The first ladder reaches wire 0 last and the second leaves it first, so that exchanges at the
    left end would only have to be waited for: those are tried first when some are left out.
    """
    if num_qubits > _PRUNED_WIDTH:
        yield _resting_moves(num_qubits, _exchange_rows(num_qubits, 0, num_qubits - 2)).moves
        return
    for parity, num_rows in product((0, 1), (num_qubits, num_qubits + 1)):
        exchanges = _exchange_rows(num_qubits, parity, num_rows)

        def slack(exchange: tuple[int, int], centre: float = (num_rows - 1) / 2) -> float:
            row, wire = exchange
            return wire - 2 * abs(row - centre)

        for exchange in sorted(exchanges, key=slack):
            fewer = [kept for kept in exchanges if kept != exchange]
            if _resting_moves(num_qubits, fewer).complete():
                exchanges = fewer
        for prompt in (True, False):
            labels = _resting_moves(num_qubits, exchanges, prompt=prompt)
            if labels.complete():
                yield labels.moves


def _exchange_rows(num_qubits: int, parity: int, num_rows: int) -> list[tuple[int, int]]:
    """Return (row, wire) of the exchanges of an odd-even sort; wire 0 holds the ground."""
    return [
        (row, wire)
        for row in range(num_rows)
        for wire in range(1, num_qubits)
        if wire % 2 == (parity + row) % 2
    ]


def _resting_moves(
    num_qubits: int, exchanges: list[tuple[int, int]], *, prompt: bool = False
) -> Labels:
    """Return the wires after ladder, exchanges and ladder.

    Args:
        num_qubits: N.
        exchanges: (row, wire) in order of rows.
        prompt: whether the two CX of the exchanges of a row are ordered by when their wires are
            free, which saves depth, rather than all to the right first.
    """
    labels = Labels(num_qubits)
    for wire in range(num_qubits - 1, 0, -1):
        labels.cx(wire - 1, wire)
    rows: dict[int, list[tuple[int, int]]] = {}
    for row, wire in exchanges:
        sides = (wire + 1, wire - 1) if wire + 1 < num_qubits else (wire - 1,)
        rows.setdefault(row, []).extend((wire, side) for side in sides)
    for moves in rows.values():
        remaining = list(moves)
        while remaining:
            following = min(remaining, key=labels.start) if prompt else remaining[0]
            remaining.remove(following)
            labels.cx(*following)
    for wire in range(1, num_qubits):
        labels.cx(wire - 1, wire)
    return labels
