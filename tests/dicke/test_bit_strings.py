"""Bit strings of given Hamming weight: exact weights, uniform among their permutations."""

from __future__ import annotations

from itertools import combinations

import numpy as np

from rzqiskit.dicke.bit_strings import draw_bit_strings


def draw(weights, num_qubits, seed):
    """Strings as an array of bits, qubit q in column q, one byte for each."""
    weights = np.asarray(weights, dtype=np.int64)
    out = np.zeros((weights.size, num_qubits), dtype=np.uint8)
    starts, cells = np.arange(num_qubits + 1), np.arange(num_qubits)
    masks = np.ones(num_qubits, dtype=np.uint8)
    draw_bit_strings(weights, num_qubits, starts, cells, masks, np.random.default_rng(seed), out)
    return out


def test_every_string_has_its_weight():
    weights = np.random.default_rng(0).integers(0, 41, size=500)
    np.testing.assert_array_equal(draw(weights, 40, 1).sum(axis=1), weights)


def test_all_strings_of_a_weight_are_equally_likely():
    shots = 60_000
    strings = draw(np.full(shots, 2), 5, 2)
    for pair in combinations(range(5), 2):
        found = int((strings[:, list(pair)].sum(axis=1) == 2).sum())
        # 10 binomial counts of p = 1/10, five sigma: false alarm below 6e-6
        assert abs(found - shots / 10) < 5 * np.sqrt(shots * 0.09)


def test_bits_go_where_they_are_asked_to():
    """Qubit 0 into two cells, qubit 1 nowhere, qubit 2 into bit 3 of a byte."""
    out = np.zeros((1, 2), dtype=np.uint8)
    draw_bit_strings(
        np.array([3]),
        3,
        np.array([0, 2, 2, 3]),
        np.array([0, 1, 1]),
        np.array([1, 128, 8], dtype=np.uint8),
        np.random.default_rng(0),
        out,
    )
    assert out.tolist() == [[1, 136]]
