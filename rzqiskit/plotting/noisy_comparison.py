"""A battery on a noisy device in one figure: exact, ideal circuits, raw, mitigated, and the budget.

One column for each swept value; a row of panels for each metric, and below them the largest
deviations from the exact solver, measured beside planned.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from rzqiskit.plotting.metrics import plot_metric
from rzqiskit.plotting.style import axis_label, coordinate_label, plot_style, series_colors
from rzqiskit.schema import METRICS, SchemaError, describe
from rzqiskit.validation import check_choice

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["plot_noisy_comparison"]

_PANELS = ("stored_energy", "energy_fluctuation", "diagonal_entropy")
_INK = "#222222"
# node -> its word and marker
_MEASURED = {"raw": ("raw", "v"), "readout": ("readout mitigated", "s"),
             "guided": ("guided", "o")}  # fmt: skip
_BARS = ("trotter", "plan", "raw", "readout", "guided")


def plot_noisy_comparison(
    report: xr.DataTree, *, metrics: Sequence[str] = _PANELS, figure: Figure | None = None
) -> Figure:
    """Draw what `compare_on_device` found and return the Figure.

    Broad pale lines are the exact solution, crosses the ideal circuits, markers with error bars
    of one standard error what the noisy ones measure: raw, readout mitigated, and guided to zero
    noise. The bars of the last row are the largest deviations from the exact solution at any time,
    each in the unit of its metric; beside the raw one stands what the plan expected of it, where it
    plans for the metric.

    Args:
        report: the tree that `compare_on_device` returns, or several joined by `join_reports`
            along one dim.
        metrics: names of `schema.METRICS`, one row of panels each.
        figure: an empty Figure to draw on; a new one of ``pyplot`` when None.

    Returns:
        The Figure.

    Raises:
        ValueError: `metrics` is empty or names no metric.
        SchemaError: the report lacks a node, or has more than one swept dim.
    """
    if isinstance(metrics, str) or not metrics:
        raise ValueError(f"`metrics` must be a non-empty sequence of names, got {metrics!r}.")
    for name in metrics:
        check_choice("metrics", name, METRICS)
    nodes = {}
    for name in ("exact", "trotter", *_MEASURED, "budget"):
        if f"/{name}" not in report.groups:
            raise SchemaError(f"`report` must have the node `{name}`.")
        nodes[name] = report[name].to_dataset()
    swept = [str(dim) for dim in nodes["exact"]["stored_energy"].dims if dim != "time"]
    if len(swept) > 1:
        raise SchemaError(f"`report` must have at most one swept dim, got {swept}.")
    num_columns = nodes["exact"].sizes[swept[0]] if swept else 1
    colors = dict(zip(("trotter", *_MEASURED), series_colors(4), strict=True))
    with plot_style():
        if figure is None:
            figure = plt.figure(layout="constrained")
        figure.set_layout_engine("constrained", h_pad=0.05, w_pad=0.05)
        figure.set_size_inches(max(4.6, 3.1 * num_columns), 1.4 + 2.1 * (len(metrics) + 1))
        panels = figure.subplots(len(metrics) + 1, num_columns, squeeze=False)
        for column in range(num_columns):
            pick = {swept[0]: column} if swept else {}
            chosen = {name: node.isel(pick) for name, node in nodes.items()}
            for ax, name in zip(panels[:, column], metrics, strict=False):
                _draw_metric(ax, chosen, name, colors)
                if name != metrics[-1]:
                    ax.set_xlabel("")
            _draw_budget(panels[-1, column], chosen["budget"], metrics, colors)
            if swept:
                value = nodes["exact"][swept[0]].values[column].item()
                panels[0, column].set_title(coordinate_label(nodes["exact"], swept[0], value))
        for row, name in enumerate(metrics):
            panels[row, 0].set_ylabel(axis_label(nodes["exact"], name))
        panels[-1, 0].set_ylabel("largest deviation")
        # A single column is narrower than three entries.
        _draw_legend(figure, colors, 2 if num_columns == 1 else 3)
    return figure


def _draw_metric(ax: Axes, nodes: dict[str, xr.Dataset], name: str, colors: dict[str, str]) -> None:
    plot_metric(
        nodes["exact"], name, ax=ax,
        color=_INK, linewidth=3.8, alpha=0.25, label="_", solid_capstyle="round", zorder=2.0,
    )  # fmt: skip
    plot_metric(
        nodes["trotter"], name, ax=ax,
        color=colors["trotter"], marker="x", linestyle="none", markersize=5.5, label="_",
        zorder=2.5,
    )  # fmt: skip
    for node, (_, marker) in _MEASURED.items():
        if name not in nodes[node]:
            continue
        plot_metric(
            nodes[node], name, ax=ax,
            color=colors[node], marker=marker, linestyle="none", markersize=3.6, label="_",
            markerfacecolor=colors[node] if node == "guided" else "white",
            markeredgewidth=1.0, elinewidth=1.0, zorder=3.0,
        )  # fmt: skip
    ax.set_ylabel("")
    if np.all(nodes["exact"][name].values >= 0.0):
        # Error bars of what cannot be negative may reach below; the axis need not.
        ax.set_ylim(bottom=max(ax.get_ylim()[0], -0.15 * ax.get_ylim()[1]))


def _draw_budget(
    ax: Axes, budget: xr.Dataset, metrics: Sequence[str], colors: dict[str, str]
) -> None:
    width = 0.8 / len(_BARS)
    for place, name in enumerate(metrics):
        measured, planned = budget["measured"].sel(metric=name), budget["planned"].sel(metric=name)
        for index, bar in enumerate(_BARS):
            at = place + (index - 0.5 * (len(_BARS) - 1)) * width
            if bar == "plan":
                height = float(planned.sel(term="bias"))
                style: dict[str, Any] = {"facecolor": "none", "edgecolor": _INK, "hatch": "////"}
            else:
                height = float(measured.sel(node=bar))
                style = {"facecolor": colors[bar], "edgecolor": colors[bar]}
            if np.isfinite(height):
                ax.bar(at, height, 0.9 * width, linewidth=0.8, **style)
    ax.set_xticks(range(len(metrics)), [f"${describe(name).symbol}$" for name in metrics])
    ax.grid(False, axis="x")


def _draw_legend(figure: Figure, colors: dict[str, str], num_entries: int) -> None:
    handles: list[Any] = [
        Line2D([], [], color=_INK, linewidth=3.8, alpha=0.25, label="exact"),
        Line2D(
            [], [], color=colors["trotter"], marker="x", linestyle="none", markersize=5.5,
            label="ideal circuits",
        ),
    ]  # fmt: skip
    handles += [
        Line2D(
            [], [], color=colors[node], marker=marker, linestyle="none", markersize=4.2,
            markerfacecolor=colors[node] if node == "guided" else "white", label=label,
        )
        for node, (label, marker) in _MEASURED.items()
    ]  # fmt: skip
    handles.append(Patch(facecolor="none", edgecolor=_INK, hatch="////", label="raw, as planned"))
    figure.legend(
        handles=handles, loc="outside lower center", ncols=num_entries, columnspacing=2.0,
        borderpad=0.1,
    )  # fmt: skip
