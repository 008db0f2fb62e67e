"""Fused blocks against the gates they replace, on random circuits of four wires."""

import numpy as np
import pytest
from qiskit import QuantumCircuit
from qiskit.quantum_info import Operator, Statevector, random_unitary

from rzqiskit.circuits.compilation.blocks import (
    Gate1,
    Gate2,
    fuse_blocks,
    rotation_x,
    rotation_z,
)


def circuit_of(operations, num_wires):
    circuit = QuantumCircuit(num_wires)
    for operation in operations:
        if isinstance(operation, Gate1):
            circuit.unitary(operation.matrix, [operation.wire])
        elif operation.name == "cx":
            circuit.cx(*operation.wires)
        else:
            circuit.rzz(operation.angle, *operation.wires)
    return circuit


def num_cx(operations, native_rzz):
    cost = {"cx": 1, "rzz": 1 if native_rzz else 2}
    return sum(cost[item.name] for item in operations if isinstance(item, Gate2))


def random_operations(seed, num_wires, length):
    rng = np.random.default_rng(seed)
    operations = []
    for _ in range(length):
        kind = rng.integers(5)
        if kind < 2:
            unitary = random_unitary(2, seed=rng).data
            operations.append(Gate1(int(rng.integers(num_wires)), unitary))
        else:
            upper = int(rng.integers(num_wires - 1))
            wires = (upper, upper + 1) if rng.integers(2) else (upper + 1, upper)
            name = "cx" if kind == 2 else "rzz"
            operations.append(Gate2(name, wires, float(rng.normal()) if name == "rzz" else 0.0))
    return operations


@pytest.mark.parametrize("native_rzz", [False, True])
@pytest.mark.parametrize("seed", range(40))
def test_the_state_is_the_same_and_never_dearer(seed, native_rzz):
    operations = random_operations(seed, 4, 30)
    fused = fuse_blocks(operations, 4, native_rzz=native_rzz)
    assert num_cx(fused, native_rzz) <= num_cx(operations, native_rzz)
    before = Statevector(circuit_of(operations, 4)).data
    after = Statevector(circuit_of(fused, 4)).data
    assert abs(np.vdot(before, after)) == pytest.approx(1.0, abs=1e-13)


def busy_start(num_wires):
    """Return gates that leave no wire in a known product state."""
    return [Gate2("cx", (wire, wire + 1)) for wire in range(num_wires - 1)]


@pytest.mark.parametrize("angles", [(0.4, 0.4), (0.1, -1.7), (np.pi / 2, np.pi), (0.0, 0.3)])
@pytest.mark.parametrize("seed", range(4))
def test_two_rotations_of_one_pair_are_two_cx(angles, seed):
    first, second = (random_unitary(2, seed=10 * seed + k).data for k in range(2))
    rotations = [
        Gate2("rzz", (1, 2), angles[0]),
        Gate1(1, first),
        Gate1(2, second),
        Gate2("rzz", (2, 1), angles[1]),
    ]
    start = [*busy_start(4), Gate1(0, first)]
    fused = fuse_blocks(start + rotations, 4, native_rzz=False)
    assert num_cx(start + rotations, False) - num_cx(fused, False) == 2
    expected = Operator(circuit_of(start + rotations, 4)).data
    found = Operator(circuit_of(fused, 4)).data
    # One phase between the two unitaries, not only between their action on one state.
    phase = found[np.abs(expected) > 0.1][0] / expected[np.abs(expected) > 0.1][0]
    np.testing.assert_allclose(found, phase * expected, atol=1e-13)


def test_two_rotations_stay_where_the_device_has_them():
    rotations = [Gate2("rzz", (1, 2), 0.3), Gate1(1, rotation_x(0.2)), Gate2("rzz", (1, 2), 0.4)]
    fused = fuse_blocks(busy_start(3) + rotations, 3, native_rzz=True)
    assert [item for item in fused if isinstance(item, Gate2)][-2:] == [rotations[0], rotations[2]]


def test_a_first_pair_costs_one_cx_and_a_product_none():
    entangled = [
        Gate1(0, rotation_x(0.7)),
        Gate1(1, rotation_x(-0.4)),
        Gate2("rzz", (0, 1), 0.9),
        Gate1(0, rotation_x(0.3)),
    ]
    assert num_cx(fuse_blocks(entangled, 2, native_rzz=False), False) == 1
    product = [Gate2("rzz", (0, 1), 0.9), Gate1(0, rotation_z(0.3))]
    assert num_cx(fuse_blocks(product, 2, native_rzz=False), False) == 0


def test_a_wire_without_partner_keeps_its_gates():
    (only,) = fuse_blocks(
        [Gate1(0, rotation_x(0.7)), Gate1(0, rotation_x(0.1))], 1, native_rzz=True
    )
    np.testing.assert_allclose(only.matrix, rotation_x(0.8), atol=1e-15)
