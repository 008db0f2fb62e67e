"""The options that describe a product formula, shared by the commands that build circuits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

import typer

from rzqiskit.circuits.product_formula import FRAMES, ORDERS, SLICES, SPACINGS

__all__ = [
    "FORMULA_PANEL",
    "METHODS",
    "SOLVER_PANEL",
    "FormulaOptions",
    "MethodOption",
]

FORMULA_PANEL = "Circuits"
SOLVER_PANEL = "Solvers"
# Those of `rzqiskit.analytic`, which takes too long to import for a help text; a test compares.
METHODS = ("leading", "paper", "magnus", "second-order", "fourth-order", "co-moving")

MethodOption = Annotated[
    list[str] | None,
    typer.Option(
        metavar="METHOD",
        help=f"Closed form to evaluate: {', '.join(METHODS)}; repeat for several. The first is "
        "drawn (default leading, and paper for the sine-squared pulse).",
        rich_help_panel=SOLVER_PANEL,
    ),
]


def _formula_option(metavar: str, help: str) -> Any:
    return typer.Option(metavar=metavar, help=help, rich_help_panel=FORMULA_PANEL)


@dataclass(frozen=True)
class FormulaOptions:
    """A product formula but for its number of slices; a field is a flag."""

    order: Annotated[
        int,
        _formula_option("ORDER", f"Order of the product formula: {', '.join(map(str, ORDERS))}."),
    ] = 2
    frame: Annotated[
        str, _formula_option("FRAME", f"Interaction picture of the formula: {', '.join(FRAMES)}.")
    ] = FRAMES[0]
    spacing: Annotated[
        str,
        _formula_option(
            "SPACING", f"What is equal in all slices, {' or '.join(SPACINGS)} (area of the pulse)."
        ),
    ] = SPACINGS[0]
    slices: Annotated[
        str,
        _formula_option(
            "SLICES", f"Slices for each time, or shared by all times: {', '.join(SLICES)}."
        ),
    ] = SLICES[0]
