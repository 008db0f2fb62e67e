"""The comparison in one figure: exact lines, closed forms as dashes, circuits as markers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.lines import Line2D

from rzqiskit.plotting.metrics import plot_metric
from rzqiskit.plotting.style import (
    axis_label,
    coordinate_label,
    plot_style,
    series_colors,
    series_markers,
)
from rzqiskit.schema import METRICS, SchemaError
from rzqiskit.validation import check_choice

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure

__all__ = ["plot_comparison"]

# The panels of the paper's Fig. 2.
_PANELS = ("stored_energy", "average_power", "energy_fluctuation", "diagonal_entropy")
_INK = "#222222"


def plot_comparison(
    report: xr.DataTree,
    *,
    method: str = "leading",
    metrics: Sequence[str] = _PANELS,
    figure: Figure | None = None,
) -> Figure:
    """Draw what `compare` found, one panel a metric, and return the Figure.

    Broad pale lines are the exact solution, dashes the closed form, markers with error bars of
    one standard error the circuits (without error bars, as ideal circuits, where no shots were
    taken).
    One colour and one marker for each swept value.

    Args:
        report: the tree that `compare` or `join_reports` returns, with at most one swept dim.
        method: which node under ``analytic`` to draw.
        metrics: names of `schema.METRICS`, one panel each, two panels a row.
        figure: an empty Figure to draw on; a new one of ``pyplot`` when None.

    Returns:
        The Figure.

    Raises:
        ValueError: `metrics` is empty or names no metric.
        SchemaError: the report has no such node, or more than one swept dim.
    """
    if isinstance(metrics, str) or not metrics:
        raise ValueError(f"`metrics` must be a non-empty sequence of names, got {metrics!r}.")
    for name in metrics:
        check_choice("metrics", name, METRICS)
    nodes = {}
    for key, path in (("exact", "exact"), ("analytic", f"analytic/{method}"), ("circuit",) * 2):
        if f"/{path}" not in report.groups:
            raise SchemaError(f"`report` must have the node `{path}`.")
        nodes[key] = report[path].to_dataset()
    swept = [str(dim) for dim in nodes["exact"]["stored_energy"].dims if dim != "time"]
    if len(swept) > 1:
        raise SchemaError(f"`report` must have at most one swept dim, got {swept}.")

    num_rows = -(-len(metrics) // 2)
    num_columns = min(2, len(metrics))
    with plot_style():
        if figure is None:
            figure = plt.figure(layout="constrained")
        figure.set_layout_engine("constrained", h_pad=0.06, w_pad=0.06, hspace=0.03, wspace=0.04)
        figure.set_size_inches(3.75 * num_columns, 0.75 + 2.45 * num_rows)
        panels = figure.subplots(num_rows, num_columns, sharex=True, squeeze=False)
        for index, ax in enumerate(panels.ravel()):
            if index >= len(metrics):
                ax.set_visible(False)
                continue
            _draw_panel(ax, nodes, metrics[index], swept)
            ax.set_title(f"({'abcde'[index]})", loc="left", fontweight="bold", pad=4.0)
            if index + num_columns < len(metrics):
                ax.set_xlabel("")
            else:
                ax.tick_params(labelbottom=True)
        _draw_legend(figure, nodes, swept, method)
    return figure


def _draw_panel(ax: Any, nodes: dict[str, xr.Dataset], name: str, swept: list[str]) -> None:
    num_series = nodes["exact"].sizes[swept[0]] if swept else 1
    colors, markers = series_colors(num_series), series_markers(num_series)
    for index in range(num_series):
        pick = {swept[0]: index} if swept else {}
        color = {"color": colors[index], "label": "_"}
        plot_metric(
            nodes["exact"].isel(pick), name, ax=ax,
            **color, linewidth=3.8, alpha=0.32, solid_capstyle="round", zorder=2.0,
        )  # fmt: skip
        plot_metric(
            nodes["analytic"].isel(pick), name, ax=ax,
            **color, linewidth=1.1, dashes=(4.5, 2.0), zorder=2.5,
        )  # fmt: skip
        plot_metric(
            nodes["circuit"].isel(pick), name, ax=ax,
            **color, marker=markers[index], linestyle="none", markersize=3.6,
            markerfacecolor="white", markeredgewidth=1.0,
            **({"elinewidth": 1.0} if f"{name}_stderr" in nodes["circuit"] else {}), zorder=3.0,
        )  # fmt: skip
    last = float(nodes["exact"]["time"].values[-1])
    ax.set_xlim(-0.02 * last, 1.02 * last)
    ax.set_ylabel(axis_label(nodes["exact"], name))
    if np.all(nodes["exact"][name].values >= 0.0):
        ax.set_ylim(bottom=-0.03 * ax.get_ylim()[1])


def _draw_legend(
    figure: Figure, nodes: dict[str, xr.Dataset], swept: list[str], method: str
) -> None:
    has_shots = any(str(name).endswith("_stderr") for name in nodes["circuit"])
    sources = [
        Line2D([], [], color=_INK, linewidth=3.8, alpha=0.32, label="exact"),
        Line2D(
            [], [], color=_INK, linewidth=1.1, dashes=(4.5, 2.0), label=f"closed form ({method})"
        ),
        Line2D(
            [], [], color=_INK, linestyle="none", marker="o", markersize=3.8,
            markerfacecolor="white", markeredgewidth=1.0,
            label="circuits" if has_shots else "ideal circuits",
        ),
    ]  # fmt: skip
    series = []
    if swept:
        values = nodes["exact"][swept[0]].values
        colors, markers = series_colors(len(values)), series_markers(len(values))
        series = [
            Line2D(
                [], [], color=color, marker=marker, markersize=3.8, markerfacecolor="white",
                linewidth=1.4, label=coordinate_label(nodes["exact"], swept[0], value.item()),
            )
            for color, marker, value in zip(colors, markers, values, strict=True)
        ]  # fmt: skip
    if series:
        figure.legend(
            handles=series, loc="outside upper center", ncols=min(6, len(series)),
            columnspacing=2.4, borderpad=0.1,
        )  # fmt: skip
    figure.legend(
        handles=sources, loc="outside lower center", ncols=3, columnspacing=2.4, borderpad=0.1
    )
