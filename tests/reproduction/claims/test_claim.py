"""From numbers to verdicts."""

from __future__ import annotations

import math

import pytest

from rzqiskit.reproduction.claims.claim import (
    across_countings,
    grade,
    or_below,
    percent,
    round_up,
)


@pytest.mark.parametrize(
    ("value", "bound"),
    [
        (0.0, 0.0),
        (0.2, 0.2),
        (0.2001, 0.5),
        (0.5, 0.5),
        (0.9, 1.0),
        (3.0, 5.0),
        (7e-4, 1e-3),
        (51.0, 100.0),
    ],
)
def test_round_up(value: float, bound: float) -> None:
    assert round_up(value) == bound


@pytest.mark.parametrize(
    ("deviation", "verdict"),
    [
        (0.0, "holds"),
        (1e-6, "holds"),
        (2e-6, "holds within 0.0002 %"),
        (0.0501, "fails"),
        (0.05, "holds within 5 %"),
        (math.inf, "fails"),
        (math.nan, "fails"),
    ],
)
def test_grade(deviation: float, verdict: str) -> None:
    assert grade(deviation) == verdict


def test_grade_with_its_own_limits() -> None:
    assert grade(0.09, tolerable=0.1) == "holds within 10 %"
    assert grade(0.01, exact=0.02) == "holds"


@pytest.mark.parametrize(
    ("ordered", "unordered", "verdict"),
    [
        ("holds", "holds", "holds"),
        ("fails", "fails", "fails"),
        ("holds", "fails", "holds only for pair_counting=ordered"),
        ("fails", "holds within 2 %", "holds only for pair_counting=unordered (within 2 %)"),
        ("holds within 0.5 %", "holds within 10 %", "holds within 10 %"),
    ],
)
def test_across_countings(ordered: str, unordered: str, verdict: str) -> None:
    assert across_countings({"ordered": ordered, "unordered": unordered}) == verdict


def test_numbers_in_words() -> None:
    assert percent(0.9999) == "100 %"
    assert percent(0.00123) == "0.12 %"
    assert or_below(5e-10) == "under 1e-09"
    assert or_below(2e-5, 1e-6) == "2e-05"
