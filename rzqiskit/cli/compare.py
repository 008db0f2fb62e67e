"""``rzqiskit compare``: circuits, exact solver and closed forms on the same battery."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rzqiskit.cli.battery_options import SeveralBatteriesOptions, build_batteries
from rzqiskit.cli.drive_options import DriveShape
from rzqiskit.cli.formula_options import (
    FORMULA_PANEL,
    SOLVER_PANEL,
    FormulaOptions,
    MethodOption,
)
from rzqiskit.cli.numbers import parse_number
from rzqiskit.cli.option_groups import spread_options

if TYPE_CHECKING:
    import xarray as xr

    from rzqiskit.model import RosenZenerBattery

__all__ = ["COMPARE_HELP", "compare_command"]

FIGURE_NAME = "compare.png"
DATA_NAME = "compare.nc"

MOST_POPULATIONS = 2**27  # a GiB
MOST_NOISY_SHOTS = 10**7  # of all times: some 1200 bytes each, of all bases, while Aer keeps them

# One line a paragraph: Typer keeps the line breaks of a docstring.
COMPARE_HELP = (
    "Recompute the charging of a battery three ways and tell how far they are apart.\n\n"
    "Circuits on Aer with shots, the exact solver and the closed forms; by default the "
    "paper's Fig. 2. Prints the deviations, writes a figure and a netCDF file. Numbers may be "
    "typed as 0.1pi or pi/10."
)

_TIMES, _CIRCUITS, _OUTPUT = "Times", FORMULA_PANEL, "Output"


@spread_options
def compare_command(
    *,
    context: typer.Context,
    battery: SeveralBatteriesOptions,
    final_time: Annotated[
        str | None,
        typer.Option(
            metavar="NUMBER",
            help="Last time (default the drive's duration).",
            rich_help_panel=_TIMES,
        ),
    ] = None,
    num_times: Annotated[
        int, typer.Option(help="Number of times from 0 to the last.", rich_help_panel=_TIMES)
    ] = 201,
    circuit_stride: Annotated[
        int,
        typer.Option(help="Run circuits at every so many of the times.", rich_help_panel=_TIMES),
    ] = 8,
    method: MethodOption = None,
    tolerance: Annotated[
        str,
        typer.Option(
            metavar="NUMBER", help="Tolerance of the exact solver.", rich_help_panel=SOLVER_PANEL
        ),
    ] = "1e-10",
    num_steps: Annotated[
        int, typer.Option(help="Slices of each circuit.", rich_help_panel=_CIRCUITS)
    ] = 16,
    formula: FormulaOptions,
    shots: Annotated[
        int, typer.Option(help="Shots of each circuit.", rich_help_panel=_CIRCUITS)
    ] = 4096,
    no_shots: Annotated[
        bool,
        typer.Option(
            "--no-shots",
            help="Ideal circuits: exact probabilities, no shots.",
            rich_help_panel=_CIRCUITS,
        ),
    ] = False,
    seed: Annotated[int, typer.Option(help="Seed of the shots.", rich_help_panel=_CIRCUITS)] = 7,
    backend: Annotated[
        str | None,
        typer.Option(
            help="Simulate the noise of a device, such as fake_torino, raw and mitigated; slices, "
            "order and frame are those of the plan for it unless given.",
            rich_help_panel=_CIRCUITS,
        ),
    ] = None,
    fractional_gates: Annotated[
        bool,
        typer.Option(
            "--fractional-gates",
            help="With --backend: with the device's RZZ gates.",
            rich_help_panel=_CIRCUITS,
        ),
    ] = False,
    output: Annotated[
        Path | None,
        typer.Option(
            help=f"Folder for {FIGURE_NAME} and {DATA_NAME} (default a new rzqiskit-compare).",
            rich_help_panel=_OUTPUT,
        ),
    ] = None,
    overwrite: Annotated[
        bool,
        typer.Option("--overwrite", help="Replace files there.", rich_help_panel=_OUTPUT),
    ] = False,
    json: Annotated[
        bool, typer.Option("--json", help="Print JSON, no tables.", rich_help_panel=_OUTPUT)
    ] = False,
) -> None:
    """Compare the circuits of a battery with the exact solver and the closed forms."""
    from rzqiskit.cli.output import open_output_folder
    from rzqiskit.validation import (
        check_integer,
        check_positive,
        check_positive_integer,
    )

    batteries = build_batteries(battery)
    last = next(iter(batteries.values())).drive.duration
    if final_time is not None:
        last = check_positive("final_time", parse_number("final_time", final_time))
    if method is None:
        method = ["leading", "paper"] if battery.drive is DriveShape.SINE_SQUARED else ["leading"]
    settings = {
        "shots": None if no_shots else check_positive_integer("shots", shots),
        "seed": None if no_shots else check_integer("seed", seed, minimum=0),
        "num_steps": check_positive_integer("num_steps", num_steps),
        "order": check_positive_integer("order", formula.order),
        "frame": formula.frame,
        "spacing": formula.spacing,
        "slices": formula.slices,
        "methods": method,
        "tolerance": check_positive("tolerance", parse_number("tolerance", tolerance)),
        "circuit_stride": check_positive_integer("circuit_stride", circuit_stride),
    }
    if fractional_gates and backend is None:
        raise ValueError("`fractional_gates` must not be given without --backend.")
    check_integer("num_times", num_times, minimum=2)
    _check_sizes(battery.num_qubits, len(batteries), num_times, backend is not None, settings)
    if seed >= 2**63:
        raise ValueError(f"`seed` must be below 2**63, which files can hold, got {seed}.")

    if backend is not None:
        _compare_on_backend(
            context, batteries, (backend, fractional_gates), last, num_times, settings, output,
            overwrite, json,
        )  # fmt: skip
        return
    for name in ("shots", "seed"):
        if no_shots and _is_given(context, name):
            raise ValueError(f"`{name}` must not be given with --no-shots.")
    names = (FIGURE_NAME, DATA_NAME)
    with open_output_folder(
        output, default="rzqiskit-compare", names=names, overwrite=overwrite
    ) as folder:
        report = _compare_all(batteries, last, num_times, settings)
        files = _write(report, folder, method[0], overwrite)
        _show(report, files, settings, as_json=json)


def _check_sizes(
    num_qubits: int, num_batteries: int, num_times: int, noisy: bool, settings: dict[str, Any]
) -> None:
    """Refuse at once what would fill the memory, where the system ends the process."""
    from rzqiskit.cli.wording import count
    from rzqiskit.exact import MAX_POPULATION_QUBITS
    from rzqiskit.validation import check_integer

    num_solutions = num_batteries * (1 + len(settings["methods"]))
    # Beyond this number of cells the comparison itself refuses them.
    num_levels = 1 + min(num_qubits, MAX_POPULATION_QUBITS)
    most = max(2, MOST_POPULATIONS // (num_solutions * num_levels))
    check_integer("num_times", num_times, minimum=2, maximum=most)
    num_points = -(-num_times // settings["circuit_stride"])
    most = max(1, MOST_NOISY_SHOTS // num_points)
    if noisy and settings["shots"] is not None and settings["shots"] > most:
        raise ValueError(
            f"`shots` must be at most {most} with --backend and {count(num_points, 'time')}, got "
            f"{settings['shots']}."
        )


def _is_given(context: typer.Context, name: str) -> bool:
    source = context.get_parameter_source(name)
    return source is not None and source.name != "DEFAULT"


def _compare_on_backend(
    context: typer.Context,
    batteries: dict[float, RosenZenerBattery],
    backend: tuple[str, bool],
    last: float,
    num_times: int,
    settings: dict[str, Any],
    output: Path | None,
    overwrite: bool,
    as_json: bool,
) -> None:
    import numpy as np

    from rzqiskit.cli.noisy_comparison import compare_on_backend

    for name in ("no_shots", "spacing", "slices", "method", "tolerance"):
        if _is_given(context, name):
            raise ValueError(f"`{name}` must not be given with --backend.")
    compare_on_backend(
        batteries,
        np.linspace(0.0, last, num_times),
        *backend,
        circuit_stride=settings["circuit_stride"],
        shots=settings["shots"],
        formula={
            name: settings[name]
            for name in ("num_steps", "order", "frame")
            if _is_given(context, name)
        },
        seed=settings["seed"],
        output=output,
        overwrite=overwrite,
        as_json=as_json,
    )


def _compare_all(
    batteries: dict[float, RosenZenerBattery],
    last: float,
    num_times: int,
    settings: dict[str, Any],
) -> xr.DataTree:
    from rich.console import Console

    from rzqiskit.cli.progress import show_progress

    num_stages = (2 if settings["shots"] is None else 3) + 1 + len(settings["methods"])
    with show_progress(Console(stderr=True), len(batteries) * num_stages) as advance:
        advance("loading the solvers")
        import numpy as np

        from rzqiskit.comparison import compare, join_reports

        times = np.linspace(0.0, last, num_times)
        reports = {}
        for amplitude, battery in batteries.items():

            def on_stage(node: str, label: str = f"v0 = {amplitude:g}") -> None:
                advance(f"{label}: {node}")

            reports[amplitude] = compare(battery, times, **settings, on_stage=on_stage)
        return join_reports(reports)


def _write(report: xr.DataTree, folder: Path, method: str, overwrite: bool) -> dict[str, Path]:
    from matplotlib.figure import Figure

    from rzqiskit.cli.output import write_netcdf, write_whole
    from rzqiskit.plotting import plot_comparison

    files = {"figure": folder / FIGURE_NAME, "data": folder / DATA_NAME}
    write_netcdf(report, files["data"], overwrite=overwrite)
    # A bare Figure draws with Agg, whatever display the user has.
    figure = plot_comparison(report, method=method, figure=Figure())
    with write_whole(files["figure"], overwrite=overwrite) as path:
        figure.savefig(path, dpi=200)
    return files


def _show(
    report: xr.DataTree, files: dict[str, Path], settings: dict[str, Any], *, as_json: bool
) -> None:
    from rzqiskit.cli.comparison_output import print_report, report_to_dict

    if as_json:
        import json

        payload = report_to_dict(report, settings)
        payload["files"] = {name: str(path) for name, path in files.items()}
        typer.echo(json.dumps(payload, indent=2, allow_nan=False))
    else:
        print_report(report)
        for path in files.values():
            typer.echo(f"wrote {path}")
