import itertools

import numpy as np
import pytest

from rzqiskit.execution.pair_blocks import pair_plan

# One group, three groups, four groups, and the widths at which that changes.
WIDTHS = [1, 2, 3, 7, 8, 9, 11, 12, 13, 16, 20]


@pytest.mark.parametrize("num_qubits", WIDTHS)
def test_every_cell_is_rotated_once(num_qubits):
    plan = pair_plan(num_qubits)
    targets = [q for block in plan.blocks for q in block.qubits[: block.num_targets]]
    assert sorted([*targets, *plan.single]) == list(range(num_qubits))
    first = [
        q for block in plan.blocks if block.turns_first for q in block.qubits[: block.num_targets]
    ]
    assert sorted(first) == sorted(plan.waiting)


@pytest.mark.parametrize("num_qubits", WIDTHS)
def test_rotations_do_not_pass_couplings(num_qubits):
    # Which pairs a block couples is read off its numbers: second differences of the pair sums.
    plan = pair_plan(num_qubits)
    coupled_at = {}
    for position, block in enumerate(plan.blocks):
        sums = block.pair_sums.ravel()
        for (i, left), (j, right) in itertools.combinations(enumerate(block.qubits), 2):
            both = sums[2**i + 2**j] - sums[2**i] - sums[2**j] + sums[0]
            if both:
                assert both == 2.0
                coupled_at.setdefault(frozenset((left, right)), []).append(position)
    pairs = {frozenset(pair) for pair in itertools.combinations(range(num_qubits), 2)}
    assert coupled_at.keys() == pairs
    assert all(len(positions) == 1 for positions in coupled_at.values())
    for position, block in enumerate(plan.blocks):
        for target in block.qubits[: block.num_targets]:
            of_target = [at for pair, (at,) in coupled_at.items() if target in pair]
            if block.turns_first:
                assert min(of_target, default=position) >= position
            else:
                assert max(of_target, default=position) <= position


@pytest.mark.parametrize("num_qubits", [2, 7, 9, 12])
def test_blocks_make_up_the_layer(num_qubits):
    # Jz^2 from the numbers of ones, phases compared up to the common one.
    plan = pair_plan(num_qubits)
    states = np.arange(2**num_qubits)
    phases = np.ones(states.size, dtype=complex)
    for block in plan.blocks:
        rows = sum((states >> q & 1) << i for i, q in enumerate(block.qubits))
        unturned = block.matrices(0.7, np.eye(2**block.num_targets))
        diagonal = np.diagonal(unturned, axis1=1, axis2=2).ravel()
        phases *= diagonal[rows]
    spin = np.bitwise_count(states) - 0.5 * num_qubits
    expected = np.exp(-0.7j * (spin**2 - 0.25 * num_qubits))
    np.testing.assert_allclose(phases, expected, atol=1e-13)


def test_order_of_rotation_and_phases():
    # Two cells; the phases of a block do not commute with a rotation that mixes both.
    rotation = np.linalg.qr(np.random.default_rng(5).normal(size=(4, 4)))[0].astype(complex)
    plan = pair_plan(9)
    first, after = plan.blocks[0], plan.blocks[1]
    assert first.turns_first
    assert not after.turns_first
    for block in (first, after):
        phases = np.exp(-0.3j * block.pair_sums[5])
        expected = np.diag(phases) @ rotation if block.turns_first else rotation @ np.diag(phases)
        np.testing.assert_allclose(block.matrices(0.3, rotation)[5], expected, atol=1e-15)
