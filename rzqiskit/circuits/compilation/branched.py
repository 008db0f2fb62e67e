"""Branched networks: parity labels on a piece of a device that is more than a line.

On a line a wire can take the label of two others only, and half of the CX make pairs that have been
there before. With a third neighbour nearly every CX can make a new one: N(N - 1)/2 pairs and a CX
for each wire but one to carry a single qubit again are the least there can be. Known shapes:

- ``spider``: three arms, as equal as can be, around one site; every heavy-hex device has many, as
  the arms may bend;
- ``cross``: four arms around one site of a square lattice;
- ``block``: a rectangle of a square lattice, of two rows up to six qubits, of three up to twelve
  and of four beyond, its last column cut off where N wants it.

No rule for them is known to us. They were found once, by simulated annealing over CX circuits
(`tests/benchmarks/search_networks.py`), and are read from ``branched.txt``.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from importlib.resources import files

from rzqiskit.circuits.compilation.labels import parse_moves, with_phases
from rzqiskit.circuits.compilation.networks import Network

__all__ = ["branched_networks", "following_network"]


@lru_cache(maxsize=1)
def _catalogue() -> dict[int, tuple[tuple[str, str], ...]]:
    """Return (shape, CX gates) of the known networks by number of qubits."""
    text = files(__package__).joinpath("branched.txt").read_text(encoding="ascii")
    known: dict[int, tuple[tuple[str, str], ...]] = {}
    for line in text.splitlines():
        heading, _, moves = line.partition(":")
        shape, num_qubits = heading.split()
        known[int(num_qubits)] = (*known.get(int(num_qubits), ()), (shape, moves))
    return known


@lru_cache(maxsize=64)
def branched_networks(num_qubits: int) -> tuple[Network, ...]:
    """Return the branched networks known for N qubits, none where there is none.

    The name of a network is its shape.

    Examples:
        >>> min(network.num_two_qubit_gates() for network in branched_networks(6))
        20
    """
    return tuple(
        with_phases(shape, num_qubits, parse_moves(moves))
        for shape, moves in _catalogue().get(num_qubits, ())
    )


@lru_cache(maxsize=64)
def following_network(network: Network) -> Network:
    """Return the network for every second layer that keeps a circuit shallowest.

    The shape may be turned onto itself in any way: the wires on which the first layer ends early
    are to be the ones on which the second begins.
    """
    turned = [
        variant.moved(wires)
        for variant in (network, network.mirrored())
        for wires in _symmetries(network)
    ]
    return min(turned, key=lambda second: _chain_depth(network, second))


def _chain_depth(first: Network, second: Network) -> int:
    steps = (first.steps + second.steps) * 2
    return Network("chain", first.num_qubits, steps, first.order).two_qubit_depth()


def _symmetries(network: Network) -> Iterator[tuple[int, ...]]:
    """Yield the permutations of the wires that take coupled wires to coupled wires."""
    coupled = set(network.uses())
    coupled |= {(second, first) for first, second in coupled}

    def extend(images: tuple[int, ...]) -> Iterator[tuple[int, ...]]:
        wire = len(images)
        if wire == network.num_qubits:
            yield images
            return
        for image in range(network.num_qubits):
            if image not in images and all(
                ((earlier, wire) in coupled) == ((images[earlier], image) in coupled)
                for earlier in range(wire)
            ):
                yield from extend((*images, image))

    return extend(())
