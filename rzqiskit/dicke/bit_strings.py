"""Bit strings drawn uniformly among those of given Hamming weights, packed as they are drawn."""

from __future__ import annotations

from typing import Any

from rzqiskit.dicke.compiled import kernel

__all__ = ["draw_bit_strings"]


@kernel
def draw_bit_strings(
    weights: Any, num_qubits: int, starts: Any, cells: Any, masks: Any, generator: Any, out: Any
) -> None:
    """Set the bits of one string for each weight in `out`, which must hold zeros.

    Selection sampling: qubit q is 1 with probability (ones left) / (qubits left). `weights`: shape
    (num_shots,), int64; the bits of qubit q are ``masks[t]`` of byte ``cells[t]`` for t from
    ``starts[q]`` to ``starts[q + 1]``, as many as it is measured into; `generator`: numpy's;
    `out`: shape (num_shots, num_bytes), uint8.
    """
    for shot in range(weights.size):
        left = weights[shot]
        for qubit in range(num_qubits):
            if left == 0:
                break
            if generator.random() * (num_qubits - qubit) < left:
                left -= 1
                for t in range(starts[qubit], starts[qubit + 1]):
                    out[shot, cells[t]] |= masks[t]
