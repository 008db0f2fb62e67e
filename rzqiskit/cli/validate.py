"""``rzqiskit validate``: every statement of the paper computed again, with its verdict."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rzqiskit.cli.wording import count

if TYPE_CHECKING:
    from rich.text import Text

    from rzqiskit.reproduction.claims import Outcome

__all__ = ["VALIDATE_HELP", "validate_command"]

VALIDATE_HELP = (
    "Compute every checkable statement of the paper again and print the verdicts.\n\n"
    "The exit code is 0 when all verdicts are the recorded ones and 1 when one has changed."
)


_NEAR_NAMES = 3
_NEARNESS = 0.6
# In fewer columns the place stands below the name; fewer than the least hold no statement.
_NARROW = 100
_LEAST_WIDTH = 60


def validate_command(
    claims: Annotated[
        list[str] | None,
        typer.Argument(metavar="CLAIM", help="Names of claims (default all).",
                       show_default=False),
    ] = None,
    errata: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Also write what was found as a Markdown page."),
    ] = None,
    details: Annotated[
        bool, typer.Option("--details", help="Print the numbers behind each verdict.")
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="Print JSON, no table.")] = False,
) -> None:  # fmt: skip
    """Compute the verdicts on the paper's statements."""
    from rich.console import Console

    from rzqiskit.cli.output import write_whole
    from rzqiskit.cli.progress import show_progress
    from rzqiskit.reproduction.claims import CLAIMS, render_errata, validate_claims

    names = [claim.name for claim in CLAIMS]
    for name in claims or []:
        _check_claim(name, names)
    if errata is not None and claims:
        raise ValueError("`errata` must be written from all claims, got a choice of them.")
    if errata is not None and (errata.is_dir() or not errata.parent.is_dir()):
        raise ValueError(f"`errata` must be a file in an existing folder, got {errata}.")
    with show_progress(Console(stderr=True), len(claims or names)) as advance:
        outcomes = validate_claims(claims, on_claim=advance)
    if errata is not None:
        with write_whole(errata, overwrite=True, option="errata") as path:
            path.write_text(render_errata(outcomes), encoding="utf-8")
    if json:
        _print_json(outcomes)
    else:
        _print_table(outcomes, details=details)
        if errata is not None:
            typer.echo(f"wrote {errata}")
    if not all(outcome.unchanged for outcome in outcomes):
        raise typer.Exit(1)


def _check_claim(name: str, names: list[str]) -> None:
    import difflib

    if name in names:
        return
    # One word in common is near as well, however long the rest is.
    alike = [known for known in names if set(name.lower().split("-")) & set(known.split("-"))]
    near = difflib.get_close_matches(name.lower(), names, n=_NEAR_NAMES, cutoff=_NEARNESS)
    near += [known for known in alike if known not in near]
    hint = f"did you mean {' or '.join(near[:_NEAR_NAMES])}? " if near else ""
    raise ValueError(
        f"`claim` must be the name of a claim, got {name!r}; {hint}rzqiskit validate "
        f"without a name computes and lists all {len(names)}."
    )


def _print_json(outcomes: list[Outcome]) -> None:
    import json
    import math

    rows = [
        {
            "name": outcome.claim.name,
            "place": outcome.claim.place,
            "statement": outcome.claim.statement,
            "tried": outcome.claim.tried,
            "figure": outcome.claim.figure or None,
            "verdict": outcome.finding.verdict,
            "recorded": outcome.claim.recorded,
            "unchanged": outcome.unchanged,
            "summary": outcome.finding.summary,
            "numbers": {
                name: float(value) if math.isfinite(value) else None
                for name, value in outcome.finding.numbers.items()
            },
        }
        for outcome in outcomes
    ]
    typer.echo(json.dumps(rows, indent=2, allow_nan=False))


def _print_table(outcomes: list[Outcome], *, details: bool) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table

    console = Console(highlight=False)
    # A pipe has no width of its own: there the table gets one on which a verdict fits a line.
    has_width = console.is_terminal or "COLUMNS" in os.environ
    console = Console(highlight=False, width=max(console.width, _LEAST_WIDTH if has_width else 150))
    is_narrow = console.width < _NARROW
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False, show_edge=False)
    table.add_column("claim", no_wrap=True)
    if not is_narrow:
        table.add_column("place")
    table.add_column("statement", ratio=3)
    table.add_column("verdict", ratio=2)
    for outcome in outcomes:
        names, place = _plain(outcome.claim.name), _plain(outcome.claim.place)
        if is_narrow:
            names.append("\n").append_text(place)
        statement = _plain(outcome.claim.statement)
        if details:
            statement.append(f"\n{outcome.finding.summary}", style="dim")
            statement.append(f"\nTried: {outcome.claim.tried}.", style="dim")
        table.add_row(
            *([names] if is_narrow else [names, place]), statement, _verdict(outcome),
            end_section=details or is_narrow,
        )  # fmt: skip
    with console.capture() as capture:
        console.print(table)
    lines = [line.rstrip() for line in capture.get().splitlines()]
    changed = sum(not outcome.unchanged for outcome in outcomes)
    summary = (
        f"{changed} of {count(len(outcomes), 'verdict')} changed"
        if changed
        else "the verdict as recorded"
        if len(outcomes) == 1
        else f"all {len(outcomes)} verdicts as recorded"
    )
    console.file.write("\n".join([*lines, "", summary]) + "\n")


def _plain(words: str) -> Text:
    from rich.text import Text

    return Text(words)  # not markup: "[1 - cos]" is no style


def _verdict(outcome: Outcome) -> Text:
    from rich.text import Text

    verdict = outcome.finding.verdict
    colors = {"holds": "green", "fails": "red"}
    color = "yellow" if verdict.startswith("holds only") else colors[verdict.split()[0]]
    text = Text(verdict, style=color)
    if not outcome.unchanged:
        text.append(f"\nwas: {outcome.claim.recorded}", style="bold red")
    return text
