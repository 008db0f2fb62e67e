"""The search that found the branched networks: simulated annealing over CX circuits.

    python tests/benchmarks/search_networks.py spider 7 --seconds 10 --seed 1

prints one line of ``rzqiskit/circuits/compilation/branched.txt``, or nothing where no complete
network was found; try more seconds or another seed. Minutes are needed from 12 qubits on.

A state is a list of CX. It is run from single qubits; a CX between labels that share no qubit (and
not the ground) is skipped, so that every wire carries one or two qubits throughout. Once all pairs
have occurred, or the list ends, CX that bring single qubits back are added as early as they can be.
The cost is the number of CX, plus the depth at the price of waiting, plus a penalty for every pair
missed and every wire not brought back, which grows while the temperature falls.
"""

from __future__ import annotations

import argparse
import itertools
import sys
import time

import numba
import numpy as np

# Waiting for one CX costs a qubit this much of a CX: T1 and T2 against errors of 2024's devices.
WAITING = 0.076
PENALTY = 4.0
COLDEST = 0.15


def couplings(shape: str, num_qubits: int) -> list[tuple[int, int]]:
    """Return the coupled wires of a shape."""
    n = num_qubits
    if shape == "block":
        rows = 2 if n <= 6 else 3 if n <= 12 else 4
        down = [(k, k + 1) for k in range(n - 1) if (k + 1) % rows]
        return down + [(k, k + rows) for k in range(n - rows)]
    if shape == "comb":
        # Site, site, its tooth, site, site, its tooth, ...
        return [(k - 2 if k % 3 == 0 else k - 1, k) for k in range(1, n)]
    num_arms = {"line": 2, "spider": 3, "cross": 4}[shape]
    pairs, end = [], 1
    for arm in range(num_arms):
        length = (n - 1 + num_arms - 1 - arm) // num_arms
        wires = [0, *range(end, end + length)]
        pairs += list(itertools.pairwise(wires))
        end += length
    return pairs


@numba.njit
def _apply(move, ends, depth, seen):
    """Run a CX; return the number of pairs it makes for the first time, -1 where it is skipped."""
    control, target = move
    a, b = ends[control]
    c, d = ends[target]
    if a == c:
        x, y = b, d
    elif a == d:
        x, y = b, c
    elif b == c:
        x, y = a, d
    elif b == d:
        x, y = a, c
    else:
        return -1
    ends[target] = (x, y)
    depth[control] = depth[target] = max(depth[control], depth[target]) + 1
    if x == 0 or y == 0 or seen[x, y]:
        return 0
    seen[x, y] = seen[y, x] = True
    return 1


@numba.njit
def _run(sequence, length, moves, num_qubits, ended):
    """Return CX, cost of depth, pairs missed, wires not brought back, and length of the run part.

    `ended` receives the CX that were run, the added ones included.
    """
    ends = np.zeros((num_qubits, 2), dtype=np.int64)
    ends[:, 1] = np.arange(1, num_qubits + 1)
    depth = np.zeros(num_qubits, dtype=np.int64)
    seen = np.zeros((num_qubits + 1, num_qubits + 1), dtype=np.bool_)
    missing, count = num_qubits * (num_qubits - 1) // 2, 0
    for position in range(length):
        if missing == 0:
            break
        new = _apply(moves[sequence[position]], ends, depth, seen)
        if new >= 0:
            ended[count] = sequence[position]
            count += 1
            missing -= new
    kept = count
    while True:
        best, earliest = -1, 1 << 30
        for index in range(len(moves)):
            control, target = moves[index]
            if ends[control].min() > 0 or ends[target].min() == 0:
                continue
            single = ends[control].max()
            if single in (ends[target, 0], ends[target, 1]):
                start = max(depth[control], depth[target])
                if start < earliest:
                    best, earliest = index, start
        if best < 0:
            break
        _apply(moves[best], ends, depth, seen)
        ended[count] = best
        count += 1
    stuck = 0
    for wire in range(num_qubits):
        stuck += ends[wire].min() > 0
    return count, 0.7 * depth.max() + 0.3 * depth.mean(), missing, stuck, kept


@numba.njit
def _nearby(sequence, length, place, moves, rng):
    """Return a random CX, mostly one on a wire of the CX at `place`."""
    move = rng.integers(0, len(moves))
    if length and rng.integers(0, 4):
        wire = moves[sequence[min(place, length - 1)], rng.integers(0, 2)]
        while moves[move, 0] != wire and moves[move, 1] != wire:
            move = rng.integers(0, len(moves))
    return move


@numba.njit
def _insert(changed, length, place, move):
    changed[place + 1 : length + 1] = changed[place:length].copy()
    changed[place] = move
    return length + 1


@numba.njit
def _delete(changed, length, place):
    changed[place : length - 1] = changed[place + 1 : length].copy()
    return length - 1


@numba.njit
def _changed(sequence, length, changed, moves, rng):
    """Write a random variation of the list into `changed` and return its length."""
    changed[:length] = sequence[:length]
    kind = rng.integers(0, 100)
    if length < 3 or 25 <= kind < 45:
        place = rng.integers(0, length + 1)
        return _insert(changed, length, place, _nearby(sequence, length, place, moves, rng))
    place = rng.integers(0, length)
    move = sequence[place]
    other = min(max(place + rng.integers(-20, 21), 0), length - 1)
    if kind < 25:
        return _delete(changed, length, place)
    if kind < 55:
        changed[place] = _nearby(sequence, length, place, moves, rng)
    elif kind < 60:
        # Moves stand in pairs: a CX and its reverse.
        changed[place] = move ^ 1
    elif kind < 75:
        length = _delete(changed, length, place)
        length = _insert(changed, length, other, move)
    elif kind < 83:
        # An exchange: one wire onto two of its neighbours.
        move = _nearby(sequence, length, place, moves, rng)
        second = rng.integers(0, len(moves))
        while moves[second, 0] != moves[move, 0]:
            second = rng.integers(0, len(moves))
        length = _insert(changed, length, place, move)
        length = _insert(changed, length, min(place + rng.integers(0, 4), length), second)
    elif kind < 92:
        wire = moves[move, 0]
        length = _delete(changed, length, place)
        for index in range(place, min(place + 8, length)):
            gate = changed[index]
            if (moves[gate, 0] == wire or moves[gate, 1] == wire) and rng.integers(0, 2):
                return _delete(changed, length, index)
    else:
        changed[place], changed[other] = sequence[other], sequence[place]
    return length


@numba.njit
def _anneal(moves, num_qubits, rounds, first, num_rounds, hottest, penalty, state, length, rng):
    """Run a part of the annealing in place; return length, cost and the best network so far."""
    changed, ended = np.zeros_like(state), np.zeros_like(state)
    best, lowest = np.zeros(0, dtype=np.int64), np.inf
    current = np.inf
    for step in range(rounds):
        done = (first + step) / num_rounds
        temperature = hottest * (COLDEST / hottest) ** done
        weight = PENALTY * (penalty / PENALTY) ** min(1.0, done / 0.7)
        proposed = _changed(state, length, changed, moves, rng) if step else length
        if step == 0:
            changed[:length] = state[:length]
        if proposed + 4 * num_qubits >= len(state):
            continue
        count, depth, missing, stuck, kept = _run(changed, proposed, moves, num_qubits, ended)
        cost = count + WAITING * num_qubits * depth
        total = cost + weight * (missing + stuck)
        if total <= current or rng.random() < np.exp((current - total) / temperature):
            current, length = total, kept
            state[:kept] = ended[:kept]
            if missing + stuck == 0 and cost < lowest:
                best, lowest = ended[:count].copy(), cost
    return length, lowest, best


def search(
    shape: str, num_qubits: int, *, seconds: float, seed: int, hottest: float, penalty: float
) -> list[tuple[int, int]]:
    """Return the best network of one annealing run, empty where none is complete."""
    pairs = couplings(shape, num_qubits)
    moves = np.array([move for a, b in pairs for move in ((a, b), (b, a))])
    state = np.zeros(8 * num_qubits**2 + 64, dtype=np.int64)
    rng = np.random.default_rng(seed)
    # Compile, then see how many rounds fit into the time, so that a run can be repeated by rounds.
    _anneal(moves, num_qubits, 10, 0, 10, hottest, penalty, state.copy(), 0, rng)
    start = time.process_time()
    _anneal(moves, num_qubits, 20_000, 0, 20_000, hottest, penalty, state.copy(), 0, rng)
    num_rounds = int(20_000 * seconds / (time.process_time() - start))
    length, lowest, best = 0, np.inf, np.zeros(0, dtype=np.int64)
    part = max(num_rounds // 50, 1)
    for first in range(0, num_rounds, part):
        length, cost, found = _anneal(
            moves, num_qubits, part, first, num_rounds, hottest, penalty, state, length, rng
        )
        if cost < lowest:
            lowest, best = cost, found
    return [(int(moves[index, 0]), int(moves[index, 1])) for index in best]


def main() -> None:
    """Print the network that one run finds."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("shape", choices=["line", "spider", "cross", "comb", "block"])
    parser.add_argument("num_qubits", type=int)
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--hottest", type=float, default=2.0, help="first temperature, in CX")
    parser.add_argument("--penalty", type=float, default=12.0, help="last penalty, in CX")
    options = parser.parse_args()
    network = search(
        options.shape,
        options.num_qubits,
        seconds=options.seconds,
        seed=options.seed,
        hottest=options.hottest,
        penalty=options.penalty,
    )
    if network:
        moves = " ".join(f"{control}>{target}" for control, target in network)
        sys.stdout.write(f"{options.shape} {options.num_qubits}: {moves}\n")


if __name__ == "__main__":
    main()
