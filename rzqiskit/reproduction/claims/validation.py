"""Run the claims, and write what was found as the errata page."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from rzqiskit.reproduction.claims.catalogue import CLAIMS
from rzqiskit.reproduction.claims.claim import FAILS, HOLDS, Claim, Finding
from rzqiskit.validation import check_choice

__all__ = ["Outcome", "render_errata", "validate_claims"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """A claim with what was found now.

    Attributes:
        claim: the claim.
        finding: verdict and numbers.
    """

    claim: Claim
    finding: Finding

    @property
    def unchanged(self) -> bool:
        """Whether the verdict is the recorded one."""
        return self.finding.verdict == self.claim.recorded


def validate_claims(
    names: Iterable[str] | None = None, *, on_claim: Callable[[str], None] | None = None
) -> list[Outcome]:
    """Return what the claims of the paper come to when they are computed now.

    Args:
        names: of claims; all when None.
        on_claim: called with the name of each claim before it is computed, for a progress display.

    Returns:
        One outcome for each claim, in the order of the paper.

    Raises:
        TypeError: `names` is no collection of names.
        ValueError: an unknown name.

    Examples:
        >>> [outcome] = validate_claims(["pair-sum"])
        >>> outcome.finding.verdict, outcome.unchanged
        ('holds', True)
    """
    known = [claim.name for claim in CLAIMS]
    if names is not None and (isinstance(names, str) or not isinstance(names, Iterable)):
        raise TypeError(f"`names` must be a sequence of names, got {names!r}.")
    wanted = known if names is None else [check_choice("claim", name, known) for name in names]
    outcomes = []
    for claim in CLAIMS:
        if claim.name in wanted:
            if on_claim is not None:
                on_claim(claim.name)
            outcomes.append(Outcome(claim, claim.evaluate()))
    return outcomes


_TITLE = """# The paper's statements, checked

W.-X. Guo, F.-M. Yang, F.-Q. Dou, "Analytically solvable many-body Rosen-Zener quantum battery",
Phys. Rev. A 109, 032201 (2024). Each statement below was computed again, the verdict follows from
the numbers. This page is written by `rzqiskit validate --errata docs/errata.md`; do not edit it.

"Pairs counted twice" is Eq. 4 as printed (`pair_counting="ordered"`, g = 2 eta/N), "counted once"
the reading under which the paper's transition lies at lambda = 1 (`"unordered"`, g = eta/N). Where
a verdict names no counting it is that of both. Unless stated otherwise N = 10, lambda = 2 and
Delta T = 0.1 pi as in Fig. 2, and Delta = 1.

A quantity "holds within x" where it is off by at most x of its own largest value, of N Delta, or of
the scale that the entry names; off by more than 5 % it fails (10 % for relations that the paper
calls approximate). "Good agreement" is judged by the same bound.
"""

_SECTIONS: tuple[tuple[str, str, Callable[[str], bool]], ...] = (
    (
        "What holds",
        "These statements and formulas are right, exactly or within the bound given.",
        lambda verdict: verdict == HOLDS or verdict.startswith("holds within"),
    ),
    (
        "What holds under a condition",
        "No single way to count pairs makes all of these true: the transition at lambda = 1 and "
        "Fig. 7 need each pair counted once, the maximum of Fig. 6(b) at lambda = 1 needs Eq. 4 as "
        "printed.",
        lambda verdict: verdict.startswith("holds only for"),
    ),
    (
        "What fails",
        "With what is right instead, where it is known.",
        lambda verdict: verdict == FAILS,
    ),
)


def render_errata(outcomes: Iterable[Outcome]) -> str:
    """Return the errata page in Markdown.

    Args:
        outcomes: of all claims.

    Returns:
        The page.

    Examples:
        >>> page = render_errata(validate_claims(["pair-sum"]))
        >>> "**holds**" in page
        True
    """
    outcomes = list(outcomes)
    parts = [_TITLE, _overview(outcomes)]
    for title, introduction, belongs in _SECTIONS:
        chosen = [outcome for outcome in outcomes if belongs(outcome.finding.verdict)]
        if chosen:
            parts += [f"## {title}\n\n{introduction}\n", *map(_entry, chosen)]
    return "\n".join(parts)


def _overview(outcomes: list[Outcome]) -> str:
    counts = [
        f"{sum(map(belongs, (o.finding.verdict for o in outcomes)))} {title.removeprefix('What ')}"
        for title, _, belongs in _SECTIONS
    ]
    return f"Of {len(outcomes)} statements " + ", ".join(counts).replace("holds", "hold").replace(
        "fails", "fail"
    ).replace(" hold under", " hold only under") + ".\n"  # fmt: skip


def _entry(outcome: Outcome) -> str:
    claim, finding = outcome.claim, outcome.finding
    shown = f" Shown by: `rzqiskit reproduce {claim.figure}`." if claim.figure else ""
    return (
        f"### `{claim.name}` ({claim.place})\n\n"
        f"> {claim.statement}\n\n"
        f"**{finding.verdict}**. {finding.summary}\n\n"
        f"Tried: {claim.tried}.{shown}\n"
    )
