r"""A layer of all pairs in few Aer instructions, each of which also rotates some cells.

exp(-i zz Jz^2) couples every pair of cells. With the cells in groups, it is a product of blocks,
one for every two groups. Aer applies a block as a *multiplexer*, a table of matrices on a few
target cells, one matrix for each bit pattern of the others. As it multiplies matrices anyway, a
rotation of the targets goes along:

- the rotation of this layer, where no later block has the targets (`turns_first` False);
- the rotation of the layer *before*, which has waited so long, where no earlier block of this
  layer has the targets (`turns_first` True).

The order of the blocks finds such targets for every one of them. Measured with Aer 0.18 at N = 20,
nanoseconds for each amplitude: the rotation of one cell 2.4, a block with two targets 6, of which
the coupling is 1.3; the coupling alone 4 as a multiplexer and 5 to 23 as a `DiagonalGate`, whose
bits Aer looks at one by one.
"""

from __future__ import annotations

import functools
import itertools
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from rzqiskit.validation import FloatArray

__all__ = ["PairBlock", "PairPlan", "pair_plan"]

ComplexArray = npt.NDArray[np.complex128]
# Fewer blocks are larger tables: up to these widths that is faster. Wider batteries have four
# groups, six blocks. With more targets the matrices take more time than they save.
_ONE_GROUP_WIDTH = 7
_THREE_GROUPS_WIDTH = 11
_TARGETS = 2
# Two groups a block, the group of its targets, and whether these turn first. Among three groups,
# and among four, each block is the first one of its targets' group or the last one.
_Order = tuple[tuple[tuple[int, ...], int, bool], ...]
_ORDERS: dict[int, _Order] = {
    1: (((0,), 0, False),),
    3: (((0, 1), 0, True), ((1, 2), 1, False), ((0, 2), 2, False)),
    4: (
        ((0, 1), 0, True), ((1, 2), 2, True), ((2, 3), 3, True),
        ((1, 3), 1, False), ((0, 3), 3, False), ((0, 2), 0, False),
    ),
}  # fmt: skip


@dataclass(frozen=True)
class PairBlock:
    """Pairs of cells that one instruction couples, and the cells it rotates.

    Attributes:
        qubits: the cells, the targets first.
        num_targets: number t of cells that are rotated.
        turns_first: whether the rotation comes before the phases, or after them.
        pair_sums: sum of 2 s_i s_j over the block's pairs, s = -1/2 or 1/2 by the bit, shape
            (2^(m - t), 2^t) for m cells: rows count the bits of the others, columns the targets'.
    """

    qubits: tuple[int, ...]
    num_targets: int
    turns_first: bool
    pair_sums: FloatArray

    def matrices(self, zz: float, rotation: ComplexArray) -> ComplexArray:
        """Return the table of matrices, shape (2^(m - t), 2^t, 2^t).

        Args:
            zz: the layer's angle.
            rotation: of the targets, shape (2^t, 2^t).

        Returns:
            A matrix on the targets for each bit pattern of the other cells.
        """
        phases = np.exp(-1j * zz * self.pair_sums)
        return phases[:, :, None] * rotation if self.turns_first else rotation * phases[:, None, :]


@dataclass(frozen=True)
class PairPlan:
    """How the layers of one width are written.

    Attributes:
        blocks: in order.
        waiting: cells whose rotation waits for the next layer's blocks.
        single: cells that no block rotates.
    """

    blocks: tuple[PairBlock, ...]
    waiting: tuple[int, ...]
    single: tuple[int, ...]


@functools.cache
def pair_plan(num_qubits: int) -> PairPlan:
    """Return the blocks of a width.

    Args:
        num_qubits: number N of cells.

    Returns:
        The plan; every pair is in one block, every cell waits, is a target or is single.

    Examples:
        >>> plan = pair_plan(9)
        >>> for block in plan.blocks:
        ...     print(block.qubits, block.num_targets, block.turns_first)
        (0, 3, 1, 4, 6, 7) 2 True
        (1, 4, 2, 5, 7, 8) 2 False
        (2, 5, 0, 3, 6, 8) 2 False
        >>> plan.waiting, plan.single
        ((0, 3), (6, 7, 8))
    """
    if num_qubits <= _ONE_GROUP_WIDTH:
        num_groups = 1
    else:
        num_groups = 3 if num_qubits <= _THREE_GROUPS_WIDTH else 4
    # Neighbouring bits in different groups: a block of high bits only would hit the same few
    # sets of the cache with all its amplitudes.
    groups = [list(range(group, num_qubits, num_groups)) for group in range(num_groups)]
    free = [list(group) for group in groups]
    coupled: set[tuple[int, int]] = set()
    blocks, waiting = [], []
    for members, owner, turns_first in _ORDERS[num_groups]:
        targets, free[owner] = free[owner][:_TARGETS], free[owner][_TARGETS:]
        if turns_first:
            waiting += targets
        cells = sorted(itertools.chain.from_iterable(groups[group] for group in members))
        qubits = [*targets, *(cell for cell in cells if cell not in targets)]
        pairs = set(itertools.combinations(cells, 2)) - coupled
        coupled |= pairs
        sums = _pair_sums(qubits, pairs).reshape(-1, 2 ** len(targets))
        blocks.append(PairBlock(tuple(qubits), len(targets), turns_first, sums))
    single = sorted(itertools.chain.from_iterable(free))
    return PairPlan(tuple(blocks), tuple(waiting), tuple(single))


def _pair_sums(qubits: list[int], pairs: set[tuple[int, int]]) -> FloatArray:
    states = np.arange(2 ** len(qubits))
    spins = {qubit: (states >> position & 1) - 0.5 for position, qubit in enumerate(qubits)}
    sums = np.zeros(states.size)
    for left, right in pairs:
        sums += 2.0 * spins[left] * spins[right]
    return sums
