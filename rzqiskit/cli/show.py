"""``rzqiskit show``: what a store of a sweep holds, as a table and as a plot."""

from __future__ import annotations

import json
import math
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rzqiskit.cli.numbers import parse_number
from rzqiskit.cli.tables import Column, Section, print_lines, print_table

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["SHOW_HELP", "show_command"]

SHOW_HELP = (
    "Show the results of a sweep: its dims, the range of every quantity, what failed.\n\n"
    "With --output one quantity is drawn: a line over one dim, lines or a map over two, panels "
    "of them over three. Fix the others with --at."
)
_MOST_REASONS = 5


def show_command(
    store: Annotated[Path, typer.Argument(help="Folder of the store.")],
    at: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=VALUE", help="Take the nearest value of a dim; repeatable."),
    ] = None,
    quantity: Annotated[
        str | None, typer.Option(help="Quantity to draw (default the first).")
    ] = None,
    output: Annotated[
        Path | None, typer.Option(help="File of the plot: .png, .pdf or .svg.")
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace that file.")] = False,
) -> None:
    """Show the results of a sweep."""
    from rzqiskit.sweeps import open_sweep

    if output is not None and output.suffix not in (".png", ".pdf", ".svg"):
        raise ValueError(f"`output` must end in .png, .pdf or .svg, got {output}.")
    if output is not None and output.exists() and not overwrite:
        raise ValueError(f"`output` must not exist already (or give --overwrite), got {output}.")
    data = _select(open_sweep(store), at or [])
    quantities = [str(name) for name in data.data_vars if name != "failure"]
    if quantity is not None and quantity not in quantities:
        raise ValueError(f"`quantity` must be one of {', '.join(quantities)}, got {quantity!r}.")
    if output is not None:
        _check_drawable(data[quantity or quantities[0]])
    _print(data, quantities)
    if output is not None:
        _draw(data, quantity or quantities[0], output, overwrite)


def _select(data: xr.Dataset, at: list[str]) -> xr.Dataset:
    for entry in at:
        name, separator, text = entry.partition("=")
        if not separator or name not in data.dims:
            dims = ", ".join(str(dim) for dim in data.dims)
            raise ValueError(f"`at` must be NAME=VALUE with a dim out of {dims}, got {entry!r}.")
        if name not in data.coords:  # paired points have numbers only
            place = _finite("at", text)
            if place != int(place) or not 0 <= place < data.sizes[name]:
                raise ValueError(
                    f"`at` must be a point from 0 to {data.sizes[name] - 1}, got {entry!r}."
                )
            data = data.isel({name: int(place)})
        elif data[name].dtype.kind in "iuf":
            # Not by the index, which knows no nearest value of a dim that is not in order.
            data = data.isel({name: int(abs(data[name].values - _finite("at", text)).argmin())})
        elif text in data[name].values.tolist():
            data = data.sel({name: text})
        else:
            known = ", ".join(data[name].values.tolist())
            raise ValueError(f"`at` must name one of {known}, got {text!r}.")
    return data


def _check_drawable(values: xr.DataArray) -> None:
    if not 1 <= values.ndim <= 3:
        left = ", ".join(str(dim) for dim in values.dims) or "none"
        raise ValueError(f"`at` must leave one to three dims for the plot, left: {left}.")


def _finite(name: str, text: str) -> float:
    number = parse_number(name, text)
    if not math.isfinite(number):
        raise ValueError(f"`{name}` must be a finite number, got {text!r}.")
    return number


def _print(data: xr.Dataset, quantities: list[str]) -> None:
    import numpy as np
    from rich.console import Console

    console = Console(highlight=False)
    lines = [f"{data.attrs['solver']}, chunks done: {data.attrs['chunks_done']}"]
    for name in (str(name) for name in data.coords):
        values = data[name].values
        if values.size == 1:
            lines.append(f"{name} = {values.ravel().tolist()[0]}")
        elif values.dtype.kind in "iuf":
            lines.append(f"{name}: {values.size} values from {values.min():g} to {values.max():g}")
        else:
            lines.append(f"{name}: {', '.join(values.tolist())}")
    for name, device in json.loads(data.attrs.get("noise", "{}")).items():
        calibrated = device["calibrated"].partition("T")[0]
        lines.append(f"{name}: {device['device']} {device['version']}, calibrated {calibrated}")
    print_lines(console, *lines, "")
    rows = []
    for name in quantities:
        values = data[name].values
        known = values[np.isfinite(values)]
        span = [f"{known.min():.6g}", f"{known.max():.6g}"] if known.size else ["-", "-"]
        rows.append([name, data[name].attrs["units"], *span, str(known.size)])
    label = Column("quantity", is_label=True, align="left")
    columns = [label, *map(Column, ("unit", "smallest", "largest", "points"))]
    print_table(console, columns, [Section(rows)])
    reasons = Counter(data["failure"].values.ravel().tolist())
    reasons.pop("", None)
    print_lines(
        console,
        *(f"{number} failed: {reason}" for reason, number in reasons.most_common(_MOST_REASONS)),
    )


def _draw(data: xr.Dataset, quantity: str, output: Path, overwrite: bool) -> None:
    from matplotlib.figure import Figure

    from rzqiskit.cli.output import write_whole
    from rzqiskit.plotting import plot_style, plot_sweep, plot_sweep_panels

    with plot_style():
        if data[quantity].ndim == 3:
            figure = Figure(figsize=(9.0, 3.4), layout="constrained")
            rows = -(-len(plot_sweep_panels(data, quantity, figure)) // 3)
            figure.set_figheight(0.9 + 2.5 * rows)
        else:
            figure = Figure(figsize=(5.6, 3.8), layout="constrained")
            plot_sweep(data, quantity, ax=figure.subplots())
        with write_whole(output, overwrite=overwrite) as path:
            figure.savefig(path, dpi=200)
    typer.echo(f"wrote {output}")
