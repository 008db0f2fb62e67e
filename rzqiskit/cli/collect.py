"""``rzqiskit status`` and ``rzqiskit collect``: where the jobs of a run folder are, what came."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

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
    from rzqiskit.submission import charging_status

    _print_states(charging_status(folder))


def collect_command(
    folder: FolderArgument,
    mitigation: Annotated[
        str, typer.Option(help="none, or readout by the run's own calibration.")
    ] = "none",
    resubmit: Annotated[
        bool,
        typer.Option("--resubmit", help="Send again what failed, was cancelled or never arrived."),
    ] = False,
    output: Annotated[
        Path | None, typer.Option(help=f"netCDF file (default {DATA_NAME} in the run folder).")
    ] = None,
) -> None:
    """Fetch what is finished of a run folder."""
    from rzqiskit.cli.output import write_whole
    from rzqiskit.submission import charging_status, collect_charging

    data = collect_charging(folder, mitigation=mitigation, resubmit=resubmit)  # type: ignore[arg-type]  # checked there
    _print_data(data)
    target = output if output is not None else folder / DATA_NAME
    # The default file is ours: it grows with every collection.
    with write_whole(target, overwrite=output is None) as path:
        data.to_netcdf(path, engine="h5netcdf")
    typer.echo(f"wrote {target}")
    if not data.attrs["complete"]:
        _print_states(charging_status(folder))
        raise typer.Exit(INCOMPLETE)


def _print_states(statuses: list[BatchStatus]) -> None:
    from rzqiskit.execution.jobs import summarize_states

    for status in statuses:
        batch = status.batch
        where = f"{status.state:12}{status.job_id or '-'}"
        typer.echo(
            f"job {batch.index + 1}  circuits {batch.start}-{batch.stop - 1}  {where}"
            + (f"  {' '.join(status.message.split())}" if status.message else "")
        )
    total = ", ".join(f"{number} {state}" for state, number in summarize_states(statuses).items())
    typer.echo(f"{len(statuses)} jobs: {total}")


def _print_data(data: xr.Dataset) -> None:
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.measure import Measurement
    from rich.table import Table

    columns = {
        "stored_energy": "E",
        "energy_fluctuation": "Sigma",
        "instantaneous_power": "P_I",
        "diagonal_entropy": "S",
    }
    typer.echo(f"{data.attrs['backend']}, mitigation: {data.attrs['mitigation']}")
    table = Table(box=SIMPLE_HEAD, header_style="")
    for heading in ("t", "shots", *columns.values()):
        table.add_column(heading, justify="right", no_wrap=True)
    for index, time in enumerate(data.time.values.tolist()):
        point = data.isel(time=index)
        cells = [
            f"{round(float(point[name]), 3) + 0.0:.3f} +- {float(point[f'{name}_stderr']):.3f}"
            for name in columns
        ]
        table.add_row(f"{time:.4f}", str(int(point.shots)), *cells)
    console = Console()
    width = Measurement.get(console, console.options.update(width=500), table).maximum
    # Columns are never cut: a pipe has no width of its own, and a narrow terminal may wrap.
    Console(width=max(console.width, width)).print(table)
