"""``rzqiskit reproduce``: the paper's figures, computed, drawn and stored."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["REPRODUCE_HELP", "reproduce_command"]

ALL = "all"
MOST_SHOTS = 10**6  # of some 40 circuits at a time on Aer, which keeps 100 bytes of each

REPRODUCE_HELP = (
    "Recompute figures of the paper: fig2 ... fig7, or all (default).\n\n"
    "Each comes from the exact solver with both ways to count pairs, from the closed forms where "
    "the paper has them, and from circuits (on Aer up to 14 cells, on the collective emulator "
    "beyond). Writes a picture and a netCDF file for each."
)


def reproduce_command(
    figures: Annotated[
        list[str] | None,
        typer.Argument(metavar="FIGURE", help="fig2 ... fig7, or all.", show_default=False),
    ] = None,
    shots: Annotated[int, typer.Option(help="Shots of each circuit.")] = 4096,
    seed: Annotated[int, typer.Option(help="Seed of the shots.")] = 7,
    num_threads: Annotated[
        int | None, typer.Option(help="Threads of the exact solver (default all cores).")
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(help="Folder for the files (default a new rzqiskit-reproduce)."),
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace files there.")] = False,
) -> None:
    """Compute, draw and store figures of the paper."""
    from rich.console import Console

    from rzqiskit.cli.output import open_output_folder
    from rzqiskit.cli.progress import show_progress
    from rzqiskit.reproduction.figures import FIGURES, reproduce_figure
    from rzqiskit.validation import check_choice, check_integer, check_positive_integer

    wanted = figures or [ALL]
    for name in wanted:
        check_choice("figure", name, (*FIGURES, ALL))
    chosen = [name for name in FIGURES if name in wanted or ALL in wanted]
    check_integer("shots", shots, minimum=1, maximum=MOST_SHOTS)
    check_integer("seed", seed, minimum=0)
    if num_threads is not None:
        check_positive_integer("num_threads", num_threads)
    names = [f"{name}{suffix}" for name in chosen for suffix in (".png", ".nc")]
    with open_output_folder(
        output, default="rzqiskit-reproduce", names=names, overwrite=overwrite
    ) as folder:
        written: list[Path] = []
        with show_progress(Console(stderr=True), len(chosen)) as advance:
            reports = []
            for name in chosen:
                advance(name)
                data = reproduce_figure(name, shots=shots, seed=seed, num_threads=num_threads)
                written += _write(data, folder / name, overwrite)
                reports.append(f"{name}: {_agreement(data)}")
        for line in reports:
            typer.echo(line)
        for path in written:
            typer.echo(f"wrote {path}")


def _agreement(data: xr.DataTree) -> str:
    """Return how far the circuits are from the exact solution, in standard errors."""
    import math

    squares, largest, number = 0.0, 0.0, 0
    for node in data.subtree:
        if "num_comparisons" in node.attrs:
            number += node.attrs["num_comparisons"]
            squares += node.attrs["rms_standard_errors"] ** 2 * node.attrs["num_comparisons"]
            largest = max(largest, node.attrs["largest_standard_errors"])
        elif "rms_standard_errors" in node.data_vars:  # the table of `compare`
            table = node.to_dataset().sel(comparison="circuit")
            rms = table["rms_standard_errors"].values.ravel()
            number += rms.size
            squares += float((rms**2).sum())
            largest = max(largest, float(table["largest_standard_errors"].max()))
    return (
        f"circuits off the exact solution by {math.sqrt(squares / number):.2f} standard errors "
        f"(root mean square), at most {largest:.1f}"
    )


def _write(data: xr.DataTree, stem: Path, overwrite: bool) -> list[Path]:
    from matplotlib.figure import Figure

    from rzqiskit.cli.output import write_netcdf, write_whole
    from rzqiskit.plotting.reproduction import plot_reproduction

    files = [stem.with_suffix(".nc"), stem.with_suffix(".png")]
    write_netcdf(data, files[0], overwrite=overwrite)
    # A bare Figure draws with Agg, whatever display the user has.
    figure = plot_reproduction(data, figure=Figure())
    with write_whole(files[1], overwrite=overwrite) as path:
        figure.savefig(path, dpi=200)
    return files
