"""Branched networks as linear maps over GF(2), on couplings that are drawn here anew."""

import itertools
from types import SimpleNamespace

import numpy as np
import pytest
from qiskit.circuit.library import CZGate
from qiskit.transpiler import CouplingMap, InstructionProperties, Target

from rzqiskit.circuits.compilation.branched import branched_networks
from rzqiskit.circuits.compilation.compiler import compile_circuits
from rzqiskit.circuits.compilation.networks import line_network
from rzqiskit.circuits.compilation.parity import parity_networks
from rzqiskit.circuits.compilation.places import best_places

KNOWN = [
    pytest.param(network, id=f"{network.name}-{num_qubits}")
    for num_qubits in range(2, 41)
    for network in branched_networks(num_qubits)
]


def shape_couplings(name, num_qubits):
    """Return the couplings of a shape: arms as equal as can be, or a rectangle by columns."""
    pairs = set()
    if name == "block":
        rows = 2 if num_qubits <= 6 else 3 if num_qubits <= 12 else 4
        for first, second in itertools.combinations(range(num_qubits), 2):
            (column, row), (other_column, other_row) = divmod(first, rows), divmod(second, rows)
            if abs(column - other_column) + abs(row - other_row) == 1:
                pairs.add((first, second))
        return pairs
    num_arms = {"spider": 3, "cross": 4}[name]
    end = 1
    for arm in range(num_arms):
        length = (num_qubits - 1 + num_arms - 1 - arm) // num_arms
        pairs.add((0, end))
        pairs.update((wire, wire + 1) for wire in range(end, end + length - 1))
        end += length
    assert end == num_qubits
    return pairs


@pytest.mark.parametrize("network", KNOWN)
def test_every_pair_once_on_the_couplings_of_the_shape(network):
    n = network.num_qubits
    for variant in (network, network.mirrored()):
        parity = np.eye(n, dtype=int)
        rotated, couplings = [], shape_couplings(network.name, n)
        for kind, wires in variant.steps:
            if kind != "phase":
                assert tuple(sorted(wires)) in couplings
            if kind == "cx":
                parity[wires[1]] = (parity[wires[1]] + parity[wires[0]]) % 2
                continue
            label = sum(parity[wire] for wire in wires) % 2
            rotated.append(frozenset(np.flatnonzero(label).tolist()))
        assert len(rotated) == n * (n - 1) // 2
        assert set(rotated) == {frozenset(pair) for pair in itertools.combinations(range(n), 2)}
        np.testing.assert_array_equal(parity, np.eye(n, dtype=int)[list(variant.order)])


@pytest.mark.parametrize("network", KNOWN)
def test_fewer_gates_than_on_a_line(network):
    n = network.num_qubits
    assert network.num_two_qubit_gates() < parity_networks(n)[-1].num_two_qubit_gates()
    # A CX for every pair, and one for each wire that has carried a pair and ends with one qubit.
    assert network.num_two_qubit_gates() >= n * (n - 1) // 2 + n - 1
    assert sum(network.uses().values()) == network.num_two_qubit_gates()


def lattice_target(seed, rows=3, columns=3):
    """Return a square lattice with random errors."""
    rng = np.random.default_rng(seed)
    couplings = {tuple(sorted(pair)) for pair in CouplingMap.from_grid(rows, columns).get_edges()}
    errors = {pair: rng.uniform(1e-3, 2e-2) for pair in sorted(couplings)}
    target = Target(num_qubits=rows * columns)
    target.add_instruction(
        CZGate(), {pair: InstructionProperties(error=error) for pair, error in errors.items()}
    )
    return target, errors


@pytest.mark.parametrize("network", [*branched_networks(5), line_network(5)], ids=lambda n: n.name)
@pytest.mark.parametrize("seed", range(2))
def test_no_place_is_better(network, seed):
    target, errors = lattice_target(seed)

    def cost(place):
        return sum(
            -count * np.log1p(-errors.get(tuple(sorted((place[a], place[b]))), 1.0))
            for (a, b), count in network.uses().items()
        )

    with np.errstate(divide="ignore"):
        costs = sorted(map(cost, itertools.permutations(range(9), network.num_qubits)))
    found = best_places(target, network, num_places=5)
    np.testing.assert_allclose([cost(place) for place in found], costs[:5], rtol=1e-12)


def test_faulty_couplings_are_no_place():
    (network,) = [item for item in branched_networks(6) if item.name == "cross"]
    target, _ = lattice_target(1)
    assert best_places(target, network)[0][0] == 4
    target.update_instruction_properties("cz", (1, 4), InstructionProperties(error=1.0))
    assert best_places(target, network) == []


def test_branches_win_where_the_calibration_says_so(charging):
    """On equal couplings the fewest gates win; on one good line amid bad ones the line does."""
    target = Target.from_configuration(
        ["rz", "sx", "cz", "measure"], 9, CouplingMap.from_grid(3, 3)
    )
    row = [(0, 1), (1, 2), (2, 5), (4, 5), (3, 4), (3, 6)]
    chosen = {}
    for name in ("equal", "row"):
        for pair in target["cz"]:
            good = name == "equal" or tuple(sorted(pair)) in row
            properties = InstructionProperties(error=0.002 if good else 0.05)
            target.update_instruction_properties("cz", pair, properties)
        (compiled,) = compile_circuits(charging(6, 2), SimpleNamespace(target=target))
        chosen[name] = compiled
    assert chosen["equal"].num_nonlocal_gates() <= 2 * 20
    used = {
        tuple(sorted(chosen["row"].find_bit(qubit).index for qubit in item.qubits))
        for item in chosen["row"].data
        if item.operation.name == "cz"
    }
    assert used <= set(row)
