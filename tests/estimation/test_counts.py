from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from rzqiskit.estimation import estimate_mean, estimate_populations, merge_counts

records = hnp.arrays(np.int64, (2, 4), elements=st.integers(0, 50)).filter(
    lambda c: (c.sum(axis=-1) > 0).all()
)


@given(records, records, records)
def test_merging_is_commutative_and_associative(
    a: np.ndarray, b: np.ndarray, c: np.ndarray
) -> None:
    expected = merge_counts(a, b, c)
    np.testing.assert_array_equal(merge_counts(c, merge_counts(b, a)), expected)
    assert expected.sum() == a.sum() + b.sum() + c.sum()


@given(records, records)
def test_merged_estimates_are_weighted_by_shots(a: np.ndarray, b: np.ndarray) -> None:
    weight = (a.sum(axis=-1) / (a.sum(axis=-1) + b.sum(axis=-1)))[:, np.newaxis]
    merged, _ = estimate_populations(merge_counts(a, b))
    expected = weight * estimate_populations(a)[0] + (1.0 - weight) * estimate_populations(b)[0]
    np.testing.assert_allclose(merged, expected, atol=1e-14)
    # more shots, smaller error, wherever the spread does not grow
    for once, error in zip(estimate_mean(a, np.arange(4)), (None, 1), strict=True):
        if error is not None:
            four_times = estimate_mean(merge_counts(a, a, a, a), np.arange(4))[1]
            assert (four_times <= once).all()


def test_arguments_are_left_alone() -> None:
    first, second = np.array([[3, 0, 1]]), np.array([[5, 2, 0]])
    merge_counts(first, second)
    assert first.tolist() == [[3, 0, 1]]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([[1, -1]],), "`first` must not be negative, got -1"),
        (([[1, 0], [0, 0]],), "`first` must hold at least one shot each, got none at index 1"),
        (([[1, 0]], [[1, 0, 0]]), r"`others\[0\]` must have the shape of `first`, \(1, 2\)"),
        (([[1, 0], [1]],), "`first` must be a rectangular array"),
        (([[2**62, 2**62]],), r"`first` must hold at most 2\*\*53 shots each"),
        ((np.array([[2**63, 0]], dtype=np.uint64),), r"`first` must hold at most 2\*\*53 shots"),
        (
            ([[2**53, 0]], [[2**53, 0]]),
            r"`first and others together` must hold at most 2\*\*53 shots",
        ),
        (([3],), r"`first` must have N \+ 1 >= 2 entries on its last axis"),
    ],
)
def test_bad_counts(arguments: tuple[object, ...], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        merge_counts(*arguments)


@pytest.mark.parametrize("counts", [[[0.5, 0.5]], [[True, False]], [["1", "2"]]])
def test_counts_must_be_integers(counts: list[list[object]]) -> None:
    with pytest.raises(TypeError, match="`first` must be an array of integers, got dtype"):
        merge_counts(counts)
