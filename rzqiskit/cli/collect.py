"""``rzqiskit status`` and ``rzqiskit collect``: where the jobs of a run folder are, what came."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rzqiskit.cli.tables import Column, Section, print_lines, print_table
from rzqiskit.cli.wording import count

if TYPE_CHECKING:
    import xarray as xr

    from rzqiskit.execution.jobs import BatchStatus

__all__ = ["COLLECT_HELP", "STATUS_HELP", "collect_command", "status_command"]

STATUS_HELP = "Tell where the jobs of a run folder are; fetch and send nothing."
COLLECT_HELP = (
    "Fetch what is finished of a run folder, print the metrics and write them to a netCDF file.\n\n"
    "May be repeated: what is there is not fetched again, and nothing counts twice. Jobs that "
    "failed or never arrived are sent again with --resubmit only. Ends with code 3 while "
    "something is missing."
)

DATA_NAME = "charging.nc"
INCOMPLETE = 3

FolderArgument = Annotated[Path, typer.Argument(help="Run folder of rzqiskit submit.")]


def status_command(folder: FolderArgument) -> None:
    """Tell where the jobs of a run folder are."""
    from rzqiskit.submission import charging_status, describe_jobs

    _print_states(charging_status(folder), describe_jobs(folder))


def collect_command(
    folder: FolderArgument,
    mitigation: Annotated[
        str,
        typer.Option(
            help="none; readout, by the run's own calibration; zero_noise, extrapolated in the "
            "factors of the folded circuits; guided, along what J^2 shows of the noise; or all, "
            "as far as the run has circuits for them."
        ),
    ] = "none",
    readout_method: Annotated[
        str,
        typer.Option(help="How readout errors are undone: inversion, or mthree on bit strings."),
    ] = "inversion",
    extrapolation: Annotated[
        str,
        typer.Option(help="Curve of zero_noise: exponential, linear, quadratic or richardson."),
    ] = "exponential",
    resubmit: Annotated[
        bool,
        typer.Option(
            "--resubmit",
            help="Send again what failed, was cancelled or lost, never arrived or cannot be read.",
        ),
    ] = False,
    output: Annotated[
        Path | None,
        typer.Option(
            help=f"netCDF file (default {DATA_NAME} or charging-<mitigation>.nc in the run folder)."
        ),
    ] = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace the file given as output.")
    ] = False,
) -> None:
    """Fetch what is finished of a run folder."""
    from rzqiskit.cli.output import write_netcdf
    from rzqiskit.submission import (
        charging_status,
        collect_all_mitigations,
        collect_charging,
        describe_jobs,
    )
    from rzqiskit.submission.estimating import MITIGATIONS
    from rzqiskit.validation import check_choice

    check_choice("mitigation", mitigation, (*MITIGATIONS, "all"))
    settings: dict[str, Any] = {
        "readout_method": readout_method, "extrapolation": extrapolation, "resubmit": resubmit,
    }  # fmt: skip
    result: xr.Dataset | xr.DataTree
    if mitigation == "all":
        result = collect_all_mitigations(folder, **settings)
        for node in result.children.values():
            _print_data(node.to_dataset())
    else:
        chosen: Any = mitigation  # checked there
        result = collect_charging(folder, mitigation=chosen, **settings)
        _print_data(result)
    name = DATA_NAME if mitigation == "none" else f"charging-{mitigation}.nc"
    target = output if output is not None else folder / name
    # The default file is ours: it grows with every collection.
    write_netcdf(result, target, overwrite=overwrite or output is None)
    typer.echo(f"wrote {target}")
    if not result.attrs["complete"]:
        _print_states(charging_status(folder), describe_jobs(folder))
        raise typer.Exit(INCOMPLETE)


def _print_states(statuses: list[BatchStatus], contents: list[str]) -> None:
    from rzqiskit.execution.jobs import summarize_states

    for status, text in zip(statuses, contents, strict=True):
        batch = status.batch
        name = f"job {batch.index + 1}  "
        sent = (
            f"circuit {batch.start}"
            if batch.stop - batch.start == 1
            else f"circuits {batch.start}-{batch.stop - 1}"
        )
        typer.echo(f"{name}{status.state:12}{sent}: {text}")
        # What finds the job again, or says why it failed, has a line of its own.
        said = " ".join([status.job_id or "", *status.message.split()]).strip()
        if said:
            typer.echo(f"{' ' * len(name)}{said}")
    total = ", ".join(f"{number} {state}" for state, number in summarize_states(statuses).items())
    typer.echo(f"{count(len(statuses), 'job')}: {total}")


def _print_data(data: xr.Dataset) -> None:
    from rich.console import Console

    headings = {
        "stored_energy": "E",
        "energy_fluctuation": "Sigma",
        "instantaneous_power": "P_I",
        "diagonal_entropy": "S",
        "total_spin_squared": "J^2",
    }
    columns = {name: heading for name, heading in headings.items() if name in data}
    console = Console(highlight=False)
    print_lines(console, f"{data.attrs['backend']}, mitigation: {data.attrs['mitigation']}")
    if "total_spin_squared" in data:
        half = (data.sizes["excitations"] - 1) / 2
        print_lines(
            console,
            f"J^2 is {half * (half + 1):g} without errors, {1.5 * half:g} where all is lost",
        )
    rows = []
    for index, time in enumerate(data.time.values.tolist()):
        point = data.isel(time=index)
        cells = [
            f"{round(float(point[name]), 3) + 0.0:.3f} +- {float(point[f'{name}_stderr']):.3f}"
            for name in columns
        ]
        rows.append([f"{time:.4f}", str(int(point.shots)), *cells])
    labels = [Column(heading, is_label=True) for heading in ("t", "shots")]
    # Each column by itself: as many as fit beside each other.
    values = [Column(heading, group=place) for place, heading in enumerate(columns.values())]
    console.print()
    print_table(console, [*labels, *values], [Section(rows)])
    console.print()
