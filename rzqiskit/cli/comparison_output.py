"""What ``rzqiskit compare`` prints: a table of deviations, the verdicts, or JSON."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from rzqiskit.cli.tables import Column, Section, print_lines, print_table
from rzqiskit.cli.wording import count, describe_battery

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import xarray as xr
    from rich.text import Text

__all__ = ["DEVIATION_TITLE", "IDEAL", "print_report", "report_to_dict"]

IDEAL = "ideal\ncircuits"
DEVIATION_TITLE = "Largest deviation from the exact solver over time, in the unit of the metric."

_DIM = "drive_amplitude"
_CIRCUITS_TITLE = (
    "Ideal circuits are without shots; of those with shots also in standard errors",
    "(se): largest and root mean square.",
)
_VERDICT_TITLE = "All counts together: Pearson's chi-square and its degrees of freedom."
_AGAINST = {"circuit": "exact solver", "shots": "ideal circuits"}


def print_report(report: xr.DataTree) -> None:
    """Print the deviations of every metric and, where there were shots, the verdicts.

    Args:
        report: what `join_reports` returned, with the dim `drive_amplitude`.
    """
    from rich.console import Console

    deviation = report["deviation"].to_dataset()
    battery = json.loads(str(report["exact"].coords["battery"].values[0]))
    measured = "shots" in deviation["comparison"].values
    console = Console(highlight=False)
    print_lines(console, *_headline(battery, report.attrs), "", DEVIATION_TITLE)
    if measured:
        print_lines(console, *_CIRCUITS_TITLE)
    console.print()
    print_table(console, *_deviation_table(deviation))
    if not measured:
        return
    print_lines(console, "", _VERDICT_TITLE, "")
    print_table(console, *_verdict_table(deviation))
    num_p_values = int(deviation["p_value"].sel(comparison="circuit").notnull().sum())
    print_lines(
        console,
        "",
        "A rejection is a false alarm with a probability of at most "
        f"{deviation.attrs['significance']:g};",
        f"of {count(num_p_values, 'p-value')} 5 % lie below 0.05 by chance."
        if num_p_values
        else "no metric had shots enough for a p-value of its own.",
    )


def _headline(battery: dict[str, Any], attrs: Mapping[Any, Any]) -> list[str]:
    shots = attrs["shots"] if isinstance(attrs["shots"], int) else None
    return [
        f"{describe_battery(battery)}, {battery['drive']['type']};",
        f"circuits of {count(int(attrs['num_steps']), 'slice')} of order {attrs['order']}, "
        + ("no shots" if shots is None else count(shots, "shot")),
    ]


def _deviation_table(deviation: xr.Dataset) -> tuple[list[Column], list[Section]]:
    comparisons = [str(name) for name in deviation["comparison"].values]
    shown = [name for name in comparisons if name != "shots"]
    measured = "shots" in comparisons
    headings = {"trotter": IDEAL, "circuit": "circuits" if measured else IDEAL}
    columns = [Column("metric", is_label=True, align="left")]
    columns += [Column(headings.get(name, name), group=name in headings) for name in shown]
    if measured:
        columns += [Column(name, group=1) for name in ("max\nin se", "rms\nin se", "p-value")]
    circuit = deviation.sel(comparison="circuit")
    sections = []
    for row, amplitude in enumerate(deviation[_DIM].values):
        rows = []
        for column, metric in enumerate(deviation["metric"].values):
            pick = {_DIM: row, "metric": column}
            largest = deviation["largest_deviation"].isel(pick)
            cells = [_number(float(largest.sel(comparison=name)), ".1e") for name in shown]
            if measured:
                cells += [
                    _number(float(circuit["largest_standard_errors"].isel(pick)), ".2f"),
                    _number(float(circuit["rms_standard_errors"].isel(pick)), ".2f"),
                    _p_value(float(circuit["p_value"].isel(pick))),
                ]
            rows.append([str(metric).replace("_", " "), *cells])
        sections.append(Section(rows, title=f"v0 = {amplitude:g}"))
    return columns, sections


def _verdict_table(deviation: xr.Dataset) -> tuple[list[Column], list[Section]]:
    columns = [
        Column("v0", is_label=True),
        Column("counts against", is_label=True, align="left"),
        *map(Column, ("chi-square", "degrees", "p-value", "verdict")),
    ]
    sections = []
    for place, amplitude in enumerate(deviation[_DIM].values):
        rows: list[list[str | Text]] = []
        for name, against in _AGAINST.items():
            entry = deviation.isel({_DIM: place}).sel(comparison=name)
            rows.append([
                f"{amplitude:g}" if name == "circuit" else "",
                against,
                f"{float(entry['counts_chi_square']):.1f}",
                f"{int(entry['counts_degrees_of_freedom'])}",
                _p_value(float(entry["counts_p_value"])),
                _told(float(entry["consistent"])),
            ])  # fmt: skip
        sections.append(Section(rows))
    return columns, sections


def _told(verdict: float) -> Text:
    from rich.text import Text

    if math.isnan(verdict):
        return Text("not tested")
    if verdict == 1.0:
        return Text("consistent", style="green")
    return Text("rejected", style="bold red")


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
