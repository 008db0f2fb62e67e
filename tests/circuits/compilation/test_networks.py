"""Networks as linear maps over GF(2): every pair once, at the promised price."""

import itertools

import numpy as np
import pytest

from rzqiskit.circuits.compilation.networks import line_network
from rzqiskit.circuits.compilation.parity import parity_networks

WIDTHS = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 13, 16, 20, 41]


def networks(num_qubits):
    for network in (line_network(num_qubits), *parity_networks(num_qubits)):
        yield network
        yield network.mirrored()
        yield network.reflected()


@pytest.mark.parametrize("num_qubits", WIDTHS)
def test_every_pair_is_rotated_once_and_the_order_is_as_stated(num_qubits):
    pairs = {frozenset(pair) for pair in itertools.combinations(range(num_qubits), 2)}
    for network in networks(num_qubits):
        # Row w of the matrix over GF(2): the parity of input qubits on wire w.
        parity = np.eye(num_qubits, dtype=int)
        rotated = []
        for kind, wires in network.steps:
            if kind != "phase":
                assert abs(wires[0] - wires[1]) == 1
            if kind == "cx":
                parity[wires[1]] = (parity[wires[1]] + parity[wires[0]]) % 2
                continue
            label = sum(parity[wire] for wire in wires) % 2
            rotated.append(frozenset(np.flatnonzero(label).tolist()))
        assert len(rotated) == len(pairs)
        assert set(rotated) == pairs
        np.testing.assert_array_equal(parity, np.eye(num_qubits, dtype=int)[list(network.order)])


@pytest.mark.parametrize("num_qubits", WIDTHS[1:])
def test_price_of_the_line_network(num_qubits):
    n = num_qubits
    network = line_network(n)
    assert network.num_two_qubit_gates() == (n - 1) * (3 * n - 2) // 2
    assert network.num_two_qubit_gates(native_rzz=True) == (n - 1) * (3 * n - 2) // 2 - (n - 1)
    assert network.two_qubit_depth() == max(3 * n - 2, 2) - (2 if n == 2 else 0)


@pytest.mark.parametrize("num_qubits", WIDTHS[2:])
def test_price_of_the_parity_networks(num_qubits):
    n = num_qubits
    shallow, *fewer = parity_networks(n)
    if n > 4:
        assert shallow.num_two_qubit_gates() <= n * n + 2 * n - 3
        assert shallow.num_two_qubit_gates() <= n * n - 3
        assert shallow.two_qubit_depth() <= 3 * n - 2
    before = shallow
    for network in fewer:
        assert network.num_two_qubit_gates() < before.num_two_qubit_gates()
        assert network.two_qubit_depth() >= before.two_qubit_depth()
        before = network


@pytest.mark.parametrize(("num_qubits", "fewest"), [(3, 5), (4, 9), (5, 15), (6, 23), (7, 32)])
def test_searched_networks_of_short_lines(num_qubits, fewest):
    assert parity_networks(num_qubits)[-1].num_two_qubit_gates() == fewest


def test_nothing_shorter_exists_for_four_qubits():
    # Breadth-first over all CX circuits of a line of four: (parities on the wires, pairs seen).
    bit = {
        (1 << i) | (1 << j): 1 << k for k, (i, j) in enumerate(itertools.combinations(range(4), 2))
    }
    start = ((1, 2, 4, 8), 0)
    seen, layer, length = {start}, [start], 0
    while not any(
        visited == 63 and all(mask.bit_count() == 1 for mask in masks) for masks, visited in layer
    ):
        following = []
        for masks, visited in layer:
            for upper in range(3):
                for control, target in ((upper, upper + 1), (upper + 1, upper)):
                    new = list(masks)
                    new[target] ^= masks[control]
                    state = (tuple(new), visited | bit.get(new[target], 0))
                    if state not in seen:
                        seen.add(state)
                        following.append(state)
        layer, length = following, length + 1
    assert parity_networks(4)[-1].num_two_qubit_gates() == length


def test_mirrored_twice_is_the_network_itself():
    for network in networks(7):
        assert network.mirrored().mirrored() == network
        assert network.reflected().reflected() == network
