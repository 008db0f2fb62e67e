"""What ``rzqiskit compare`` prints: a table of deviations, the verdicts, or JSON."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import xarray as xr
    from rich.table import Table

__all__ = ["print_report", "report_to_dict"]

_DIM = "drive_amplitude"
_DEVIATION_TITLE = "Largest deviation from the exact solver over time, in the unit of the metric."
_STANDARD_ERRORS_TITLE = "Of the circuit also in standard errors (se): largest, root mean square."
_VERDICT_TITLE = "All counts together: Pearson's chi-square and its degrees of freedom."
_AGAINST = {"circuit": "exact solver", "shots": "circuit without shots"}


def print_report(report: xr.DataTree) -> None:
    """Print the deviations of every metric and, where there were shots, the verdicts.

    Args:
        report: what `join_reports` returned, with the dim `drive_amplitude`.
    """
    from rich.console import Console
    from rich.measure import Measurement

    deviation = report["deviation"].to_dataset()
    battery = json.loads(str(report["exact"].coords["battery"].values[0]))
    measured = "shots" in deviation["comparison"].values
    num_p_values = int(deviation["p_value"].sel(comparison="circuit").notnull().sum())
    parts: list[Any] = [_headline(battery, report.attrs), "", _DEVIATION_TITLE]
    if measured:
        parts.append(_STANDARD_ERRORS_TITLE)
    parts += ["", _deviation_table(deviation)]
    if measured:
        parts += [
            "",
            _VERDICT_TITLE,
            "",
            _verdict_table(deviation),
            "",
            "A rejection is a false alarm with a probability of at most "
            f"{deviation.attrs['significance']:g};",
            f"of the {num_p_values} p-values 5 % lie below 0.05 by chance."
            if num_p_values
            else "no metric had shots enough for a p-value of its own.",
        ]
    console = Console(highlight=False)
    widths = [Measurement.get(console, console.options.update(width=500), part).maximum
              for part in parts]  # fmt: skip
    # Columns are never cut: a pipe has no width of its own, and a narrow terminal may wrap.
    console = Console(highlight=False, width=max(console.width, *widths))
    with console.capture() as capture:
        console.print(*parts, sep="\n")
    console.file.write("\n".join(line.rstrip() for line in capture.get().splitlines()) + "\n")


def _headline(battery: dict[str, Any], attrs: Mapping[Any, Any]) -> str:
    shots = attrs["shots"] if isinstance(attrs["shots"], int) else "no"
    splitting, interaction = battery["level_splitting"], battery["interaction"]
    return (
        f"N = {battery['num_qubits']}, Delta = {splitting:g}, eta = {interaction:g} "
        f"({battery['pair_counting']} pairs), {battery['drive']['type']};\n"
        f"circuits of {attrs['num_steps']} steps of order {attrs['order']}, {shots} shots"
    )


def _new_table() -> Table:
    from rich import box
    from rich.table import Table

    return Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False, show_edge=False)


def _deviation_table(deviation: xr.Dataset) -> Table:
    comparisons = [str(name) for name in deviation["comparison"].values]
    shown = [name for name in comparisons if name != "shots"]
    measured = "shots" in comparisons
    table = _new_table()
    table.add_column("metric", no_wrap=True)
    for heading in [*shown, *(("max/se", "rms/se", "p-value") if measured else ())]:
        table.add_column(heading, justify="right", no_wrap=True)
    circuit = deviation.sel(comparison="circuit")
    metrics = [str(name) for name in deviation["metric"].values]
    for row, amplitude in enumerate(deviation[_DIM].values):
        table.add_row(f"[bold]v0 = {amplitude:g}[/]")
        for column, metric in enumerate(metrics):
            pick = {_DIM: row, "metric": column}
            largest = deviation["largest_deviation"].isel(pick)
            cells = [_number(float(largest.sel(comparison=name)), ".1e") for name in shown]
            if measured:
                cells += [
                    _number(float(circuit["largest_standard_errors"].isel(pick)), ".2f"),
                    _number(float(circuit["rms_standard_errors"].isel(pick)), ".2f"),
                    _p_value(float(circuit["p_value"].isel(pick))),
                ]
            table.add_row(metric.replace("_", " "), *cells, end_section=column == len(metrics) - 1)
    return table


def _verdict_table(deviation: xr.Dataset) -> Table:
    table = _new_table()
    table.add_column("v0", justify="right", no_wrap=True)
    table.add_column("counts against", no_wrap=True)
    for heading in ("chi-square", "degrees", "p-value", "verdict"):
        table.add_column(heading, justify="right", no_wrap=True)
    for row, amplitude in enumerate(deviation[_DIM].values):
        for name, against in _AGAINST.items():
            entry = deviation.isel({_DIM: row}).sel(comparison=name)
            verdict = float(entry["consistent"])
            degrees = int(entry["counts_degrees_of_freedom"])
            if math.isnan(verdict):
                told = "not tested"
            else:
                told = "[green]consistent[/]" if verdict == 1.0 else "[bold red]rejected[/]"
            table.add_row(
                f"{amplitude:g}" if name == "circuit" else "",
                against,
                f"{float(entry['counts_chi_square']):.1f}",
                f"{degrees}",
                _p_value(float(entry["counts_p_value"])),
                told,
                end_section=name == "shots",
            )
    return table


def _number(value: float, spec: str) -> str:
    return "-" if math.isnan(value) else format(value, spec)


def _p_value(value: float) -> str:
    if math.isnan(value):
        return "-"
    return f"{value:.3f}" if value >= 0.001 else f"{value:.0e}"


def report_to_dict(report: xr.DataTree, settings: dict[str, Any]) -> dict[str, Any]:
    """Return the report's settings, deviations and summaries in a form that JSON can hold.

    Args:
        report: what `join_reports` returned.
        settings: recorded as they are.

    Returns:
        A dict with the keys ``batteries``, ``settings``, ``deviation`` (dims, coords, units and
        one nested list a variable) and ``summaries`` (node -> name -> one number per drive). A
        number that does not exist (NaN, infinity) is None.
    """
    deviation = report["deviation"].to_dataset()
    summaries: dict[str, Any] = {}
    for path in ("exact", *(f"analytic/{name}" for name in settings["methods"]), "circuit"):
        node = report[path].to_dataset()
        summaries[path] = {
            str(name): _as_list(values.values)
            for name, values in node.data_vars.items()
            if str(name).startswith(("maximum_", "time_of_maximum_", "final_"))
        }
    return {
        "batteries": [json.loads(str(text)) for text in report["exact"].coords["battery"].values],
        "settings": settings,
        "deviation": {
            "dims": [_DIM, "comparison", "metric"],
            "coords": {str(name): _as_list(deviation[name].values) for name in deviation.coords
                       if name != "battery"},
            "significance": deviation.attrs["significance"],
            "variables": {
                str(name): _as_list(values.transpose(_DIM, "comparison", ...).values)
                for name, values in deviation.data_vars.items()
            },
        },
        "summaries": summaries,
    }  # fmt: skip


def _as_list(values: npt.NDArray[np.generic]) -> Any:
    def clean(entry: Any) -> Any:
        if isinstance(entry, list):
            return [clean(item) for item in entry]
        if isinstance(entry, float) and not math.isfinite(entry):
            return None
        return entry

    return clean(values.tolist())
