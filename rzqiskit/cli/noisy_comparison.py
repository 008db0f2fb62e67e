"""``rzqiskit compare --backend``: what the noise of a device does to the metrics."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from rzqiskit.cli.comparison_output import DEVIATION_TITLE, IDEAL
from rzqiskit.cli.tables import Column, Section, print_lines, print_table
from rzqiskit.cli.wording import count

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import xarray as xr

    from rzqiskit.model import RosenZenerBattery

__all__ = ["compare_on_backend"]

FIGURE_NAME = "compare.png"
DATA_NAME = "compare.nc"
_HEADINGS = {
    "trotter": IDEAL,
    "raw": "raw",
    "readout": "readout\nmitigated",
    "guided": "guided",
    "trotter_error": "product\nformula",
    "device_error": "device",
    "bias": "both\ntogether",
    "shot_error": "shots",
}


def compare_on_backend(
    batteries: dict[float, RosenZenerBattery],
    times: npt.NDArray[np.float64],
    backend: str,
    fractional_gates: bool,
    *,
    circuit_stride: int,
    shots: int,
    formula: dict[str, Any],
    seed: int,
    output: Path | None,
    overwrite: bool,
    as_json: bool,
) -> None:
    """Compare on the simulated noise of a device, print deviations, write figure and data.

    Args:
        batteries: drive amplitude -> battery.
        times: shape (num_times,), inverse energy.
        backend: name of a fake device, or of one of the saved account, whose calibration is read.
        fractional_gates: whether the device has its fractional gates.
        circuit_stride: circuits run at every so many of the times.
        shots: shots of each circuit.
        formula: ``num_steps``, ``order`` and ``frame`` where the user gave them.
        seed: of the shots.
        output: folder of figure and data; a new one when None.
        overwrite: whether these may be there.
        as_json: print JSON instead of tables.

    Raises:
        ValueError: unknown device, too many cells for it, bad output folder.
    """
    from matplotlib.figure import Figure
    from rich.console import Console

    from rzqiskit.cli.output import open_output_folder, write_netcdf, write_whole
    from rzqiskit.cli.progress import show_progress
    from rzqiskit.plotting import plot_noisy_comparison

    device = _open_backend(backend, fractional_gates)
    with open_output_folder(
        output, default="rzqiskit-compare", names=(FIGURE_NAME, DATA_NAME), overwrite=overwrite
    ) as folder:
        with show_progress(Console(stderr=True), len(batteries)) as advance:
            from rzqiskit.comparison import join_reports
            from rzqiskit.noisy_comparison import compare_on_device
            from rzqiskit.validation import check_seed

            random = check_seed(seed)  # one for all, so that batteries have shots of their own
            reports = {}
            for amplitude, battery in batteries.items():
                advance(f"v0 = {amplitude:g}: {device.name}")
                reports[amplitude] = compare_on_device(
                    battery,
                    times,
                    device,
                    circuit_stride=circuit_stride,
                    shots=shots,
                    seed=random,
                    **formula,
                )
        report = join_reports(reports)
        report.attrs["seed"] = seed
        files = {"figure": folder / FIGURE_NAME, "data": folder / DATA_NAME}
        write_netcdf(report, files["data"], overwrite=overwrite)
        # A bare Figure draws with Agg, whatever display the user has.
        figure = plot_noisy_comparison(report, figure=Figure())
        with write_whole(files["figure"], overwrite=overwrite) as part:
            figure.savefig(part, dpi=200)
    if as_json:
        import json

        names = {name: str(path) for name, path in files.items()}
        typer.echo(json.dumps({**_payload(report), "files": names}, indent=2))
    else:
        _print(report, reports)
        for path in files.values():
            typer.echo(f"wrote {path}")


def _open_backend(name: str, fractional_gates: bool) -> Any:
    import tempfile

    from rzqiskit.execution.runtime.devices import find_fake_device, is_rehearsal, open_device

    if is_rehearsal(name):
        return find_fake_device(name.removeprefix("local:"), fractional_gates=fractional_gates)
    with tempfile.TemporaryDirectory() as folder:  # only its calibration is read
        return open_device(name, Path(folder), fractional_gates=fractional_gates).backend


def _payload(report: xr.DataTree) -> dict[str, Any]:
    import math

    def plain(value: Any) -> Any:
        if isinstance(value, list):
            return [plain(entry) for entry in value]
        return value if not isinstance(value, float) or math.isfinite(value) else None

    budget = report["budget"].to_dataset()
    deviations = (
        "measured", "measured_stderr", "rms_deviation", "rms_deviation_stderr", "num_lost",
        "planned",
    )  # fmt: skip
    return {
        "backend": report.attrs["backend"],
        "dims": {name: list(map(str, budget[name].dims)) for name in deviations},
        "coords": {
            name: budget[name].values.tolist()
            for name in ("drive_amplitude", "metric", "node", "term")
        },
        **{name: plain(budget[name].values.tolist()) for name in deviations},
    }  # fmt: skip


def _print(report: xr.DataTree, reports: dict[float, xr.DataTree]) -> None:
    from rich.console import Console

    budget = report["budget"].to_dataset()
    console = Console(highlight=False)
    print_lines(
        console,
        f"{report.attrs['backend']}, {count(int(report.attrs['shots']), 'shot')} a circuit",
        "",
        DEVIATION_TITLE,
        "",
    )
    titles = {
        amplitude: f"v0 = {amplitude:g}: {single.attrs['frame']} frame, "
        f"order {single.attrs['order']}, {count(int(single.attrs['num_steps']), 'slice')}"
        for amplitude, single in reports.items()
    }
    nodes = [str(name) for name in budget["node"].values]
    label = Column("metric", is_label=True, align="left")
    print_table(
        console,
        [label, *(Column(_HEADINGS[name]) for name in nodes), Column("raw, as\nplanned")],
        _sections(titles, budget, ["measured", "planned"], {"node": nodes, "term": ["bias"]}),
    )
    print_lines(console, *_lost(budget, num_times=report["raw"].sizes["time"]))
    print_lines(
        console, "", "What the plan expects of the raw circuits; shots as one standard error.", ""
    )
    terms = [str(name) for name in budget["term"].values]
    print_table(
        console,
        [label, *(Column(_HEADINGS[name]) for name in terms)],
        _sections(titles, budget, ["planned"], {"term": terms}),
    )


def _lost(budget: xr.Dataset, num_times: int) -> list[str]:
    """Return a line for each node and amplitude of which the table leaves out times."""
    return [
        f"{node}, v0 = {amplitude:g}: without the {number} of {count(num_times, 'time')} "
        "at which no signal is left"
        for node in budget["node"].values.tolist()
        for amplitude in budget["drive_amplitude"].values.tolist()
        if (number := int(budget["num_lost"].sel(node=node, drive_amplitude=amplitude).max()))
    ]


def _sections(
    titles: dict[float, str], budget: xr.Dataset, names: list[str], pick: dict[str, list[str]]
) -> list[Section]:
    """Return a section for each amplitude; metrics of which nothing is known are left out."""
    sections = []
    for amplitude, title in titles.items():
        rows = []
        for metric in budget["metric"].values.tolist():
            row = budget.sel({"drive_amplitude": amplitude, "metric": metric, **pick})
            values = [value for name in names for value in row[name].values.tolist()]
            cells = ["-" if value != value else f"{value:.4f}" for value in values]
            if any(cell != "-" for cell in cells):
                rows.append([metric.replace("_", " "), *cells])
        sections.append(Section(rows, title=title))
    return sections
