"""The options that describe a product formula, shared by the commands that build circuits."""

from __future__ import annotations

from typing import Annotated

import typer

from rzqiskit.circuits.product_formula import FRAMES, ORDERS, SLICES, SPACINGS

__all__ = [
    "FORMULA_PANEL",
    "METHODS",
    "SOLVER_PANEL",
    "FrameOption",
    "MethodOption",
    "OrderOption",
    "SlicesOption",
    "SpacingOption",
]

FORMULA_PANEL = "Circuits"
SOLVER_PANEL = "Solvers"
# Those of `rzqiskit.analytic`, which takes too long to import for a help text; a test compares.
METHODS = ("leading", "paper", "magnus", "second-order", "fourth-order", "co-moving")

OrderOption = Annotated[
    int,
    typer.Option(
        metavar="ORDER",
        help=f"Order of the product formula: {', '.join(map(str, ORDERS))}.",
        rich_help_panel=FORMULA_PANEL,
    ),
]
FrameOption = Annotated[
    str,
    typer.Option(
        metavar="FRAME",
        help=f"Interaction picture of the formula: {', '.join(FRAMES)}.",
        rich_help_panel=FORMULA_PANEL,
    ),
]
SpacingOption = Annotated[
    str,
    typer.Option(
        metavar="SPACING",
        help=f"What is equal in all slices, {' or '.join(SPACINGS)} (area of the pulse).",
        rich_help_panel=FORMULA_PANEL,
    ),
]
SlicesOption = Annotated[
    str,
    typer.Option(
        metavar="SLICES",
        help=f"Slices for each time, or shared by all times: {', '.join(SLICES)}.",
        rich_help_panel=FORMULA_PANEL,
    ),
]
MethodOption = Annotated[
    list[str] | None,
    typer.Option(
        metavar="METHOD",
        help=f"Closed form to evaluate: {', '.join(METHODS)}; repeat for several. The first is "
        "drawn (default leading, and paper for the sine-squared pulse).",
        rich_help_panel=SOLVER_PANEL,
    ),
]
