"""What a claim of the paper is, and how a verdict follows from numbers."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from rzqiskit.model import PAIR_COUNTINGS, PairCounting

__all__ = [
    "FAILS",
    "HOLDS",
    "Claim",
    "Finding",
    "across_countings",
    "finding_by_counting",
    "grade",
    "or_below",
    "percent",
    "round_up",
]

HOLDS, FAILS = "holds", "fails"
WITHIN = "holds within "


@dataclass(frozen=True, slots=True)
class Finding:
    """What the computation of a claim gave.

    Attributes:
        verdict: "holds", "holds within <x>", "fails", or "holds only for <condition>"; always
            computed from the numbers.
        summary: the numbers in one or two sentences.
        numbers: the same for machines.
    """

    verdict: str
    summary: str
    numbers: Mapping[Any, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Claim:
    """A checkable statement of the paper.

    Attributes:
        name: short name, unique.
        place: equation, section or figure where the paper says it.
        statement: the statement, in our words.
        tried: the range of parameters in which it was checked.
        figure: the figure that shows it, "" where none does.
        recorded: the verdict that `rzqiskit validate` expects.
        evaluate: computes it.
    """

    name: str
    place: str
    statement: str
    tried: str
    figure: str
    recorded: str
    evaluate: Callable[[], Finding]


def round_up(value: float) -> float:
    """Return the smallest of ..., 0.5, 1, 2, 5, 10, 20, ... that is not below `value`.

    Args:
        value: not negative; 0 is its own bound.

    Returns:
        The bound.

    Examples:
        >>> [round_up(value) for value in (0.0031, 1.0, 17.2)]
        [0.005, 1.0, 20.0]
    """
    if value == 0.0:
        return 0.0
    decade = 10.0 ** math.floor(math.log10(value))
    for factor in (1.0, 2.0, 5.0, 10.0):
        if value <= factor * decade * (1.0 + 1e-9):
            return float(f"{factor * decade:.3g}")
    raise AssertionError


def or_below(value: float, bound: float = 1e-9) -> str:
    """Return `value` with one digit, or "under <bound>": rounding noise is no number to print.

    Args:
        value: a deviation.
        bound: below it the value is noise.

    Examples:
        >>> or_below(3.2e-15), or_below(0.034)
        ('under 1e-09', '0.03')
    """
    return f"under {bound:.0e}" if abs(value) < bound else f"{value:.1g}"


def percent(share: float) -> str:
    """Return a share in percent, with two digits or whole.

    Args:
        share: 1 is 100 %.

    Examples:
        >>> percent(0.03474), percent(3.93)
        ('3.5 %', '393 %')
    """
    return f"{100.0 * share:.2g} %" if share < 0.995 else f"{100.0 * share:.0f} %"


def grade(deviation: float, *, exact: float = 1e-6, tolerable: float = 0.05) -> str:
    """Return the verdict on a relative deviation.

    Args:
        deviation: how far the statement is from the truth, relative to the scale that matters.
        exact: up to here the statement simply holds.
        tolerable: up to here it holds within a bound, which `round_up` makes from the deviation;
            beyond, and where the deviation is not finite, it fails.

    Returns:
        The verdict.

    Examples:
        >>> grade(1e-9), grade(0.0172), grade(0.3), grade(float("nan"))
        ('holds', 'holds within 2 %', 'fails', 'fails')
    """
    if deviation <= exact:
        return HOLDS
    if deviation <= tolerable:
        return f"{WITHIN}{100.0 * round_up(deviation):g} %"
    return FAILS


def across_countings(verdicts: Mapping[Any, str]) -> str:
    """Return one verdict from those of the two pair countings.

    Args:
        verdicts: pair counting -> verdict.

    Returns:
        The verdict where they agree, the wider bound where both hold within some, and "holds only
        for pair_counting=..." where one fails.

    Examples:
        >>> across_countings({"ordered": "fails", "unordered": "holds"})
        'holds only for pair_counting=unordered'
        >>> across_countings({"ordered": "holds", "unordered": "holds within 2 %"})
        'holds within 2 %'
    """
    good = {name: verdict for name, verdict in verdicts.items() if verdict != FAILS}
    if not good:
        return FAILS
    if len(good) < len(verdicts):
        (name, verdict), *_ = good.items()
        bound = f" ({verdict.removeprefix('holds ')})" if verdict != HOLDS else ""
        return f"holds only for pair_counting={name}{bound}"
    return max(good.values(), key=_bound)


def _bound(verdict: str) -> float:
    return float(verdict.removeprefix(WITHIN).removesuffix(" %")) if verdict != HOLDS else 0.0


def finding_by_counting(
    measure: Callable[[PairCounting], tuple[str, float]], summary: str
) -> Finding:
    """Return the finding of one number for each pair counting.

    Args:
        measure: gives the verdict and the number of a pair counting.
        summary: a format string with the fields ``ordered`` and ``unordered``.

    Examples:
        >>> finding_by_counting(lambda counting: (HOLDS, float(len(counting))), "{ordered:g}")
        Finding(verdict='holds', summary='7', numbers={'ordered': 7.0, 'unordered': 9.0})
    """
    measured = {counting: measure(counting) for counting in PAIR_COUNTINGS}
    numbers = {counting: number for counting, (_, number) in measured.items()}
    verdict = across_countings({counting: verdict for counting, (verdict, _) in measured.items()})
    return Finding(verdict, summary.format(**numbers), numbers)
