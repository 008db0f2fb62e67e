"""Figs. 3-5 of the paper in the project's style: maps over the pulse, and cuts through them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.lines import Line2D

from rzqiskit.plotting.style import plot_style, series_colors, series_markers

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure

__all__ = ["plot_cuts", "plot_maps"]

_INK = "#222222"
_AMPLITUDE, _PERIOD = r"pulse amplitude  $v_0/\Delta$", r"pulse period  $\Delta T/\pi$"
_CUT_LINES = (
    ("final_stored_energy", r"final stored energy  $E(\tau)/\Delta$"),
    ("final_energy_fluctuation", r"final energy fluctuation  $\Sigma(\tau)/\Delta$"),
    ("final_diagonal_entropy", r"final diagonal entropy  $S(\tau)$ (bits)"),
)


def plot_maps(
    data: xr.DataTree,
    panels: Sequence[tuple[str, str]],
    *,
    num_curves: Sequence[int | None],
    cmap: str,
    curve_color: str,
    contours: bool,
    figure: Figure,
) -> Figure:
    """Draw maps over amplitude and period, circuits as discs in the colours of the map.

    Args:
        data: what `reproduce_figure` returns for Figs. 3 and 5.
        panels: for each panel the variable and the label of its colours.
        num_curves: for each panel how many curves v0 T = (4n + 2) pi to draw; all when None.
        cmap: colours of the maps.
        curve_color: colour of the curves.
        contours: whether to draw contour lines, for both pair countings.
        figure: an empty Figure.

    Returns:
        The Figure.
    """
    exact = data["exact"].to_dataset()
    circuit = data["circuit"].to_dataset()
    amplitudes, periods = exact["drive_amplitude"].values, exact["drive_period"].values
    with plot_style():
        figure.set_layout_engine("constrained", w_pad=0.08, h_pad=0.06)
        figure.set_size_inches(4.55 * len(panels), 4.1)
        axes = figure.subplots(1, len(panels), squeeze=False)[0]
        for index, (ax, (name, label), number) in enumerate(
            zip(axes, panels, num_curves, strict=True)
        ):
            values = exact[name].sel(pair_counting="ordered").transpose("drive_period", ...)
            once = exact[name].sel(pair_counting="unordered").transpose("drive_period", ...)
            low, high = 0.0, float(values.max())
            mesh = ax.pcolormesh(
                amplitudes, periods / math.pi, values.values, cmap=cmap, vmin=low, vmax=high,
                shading="nearest", rasterized=True,
            )  # fmt: skip
            levels = np.linspace(low, high, 5)[1:-1]
            drawn = ((values, "solid", 0.8), (once, "dotted", 1.1)) if contours else ()
            for counted, style, width in drawn:
                ax.contour(
                    amplitudes, periods / math.pi, counted.values, levels=levels, colors="white",
                    linewidths=width, linestyles=style, alpha=0.75,
                )  # fmt: skip
            _draw_curves(ax, amplitudes, float(periods[-1]), number, curve_color)
            measured = circuit[name].transpose("drive_period", "drive_amplitude")
            x, y = np.meshgrid(measured["drive_amplitude"], measured["drive_period"] / math.pi)
            ax.scatter(
                x, y, c=measured.values, cmap=cmap, vmin=low, vmax=high, s=34.0,
                edgecolors="white", linewidths=0.9, zorder=4.0,
            )  # fmt: skip
            figure.colorbar(mesh, ax=ax, label=label, pad=0.02, aspect=28)
            ax.grid(visible=False)
            ax.set_xlim(0.0, float(amplitudes[-1]))
            ax.set_ylim(0.0, float(periods[-1]) / math.pi)
            ax.set_xlabel(_AMPLITUDE)
            ax.set_ylabel(_PERIOD)
            ax.set_title(f"({'abcd'[index]})", loc="left", fontweight="bold", pad=4.0)
        shots = circuit.attrs["shots"]
        handles = [
            Line2D([], [], color=curve_color, linestyle="dashed", linewidth=1.6,
                   label=r"$v_0T = (4n+2)\,\pi$"),
            Line2D([], [], color="#777777", linestyle="none", marker="o", markersize=5.5,
                   label=f"circuits, {shots} shot{'' if shots == 1 else 's'}"),
        ]  # fmt: skip
        if contours:
            handles[1:1] = [
                Line2D([], [], color="#999999", linewidth=1.0, label="contours, pairs twice"),
                Line2D([], [], color="#999999", linewidth=1.2, linestyle="dotted",
                       label="contours, pairs once"),
            ]  # fmt: skip
        figure.legend(
            handles=handles, loc="outside lower center", ncols=4, columnspacing=2.0, borderpad=0.1
        )
    return figure


def _draw_curves(ax: Any, amplitudes: Any, last: float, number: int | None, color: str) -> None:
    v0 = np.linspace(float(amplitudes[0]), float(amplitudes[-1]), 800)
    n = 0
    while (4 * n + 2) * math.pi / v0[-1] <= last and (number is None or n < number):
        period = (4 * n + 2) * math.pi / v0
        shown = period <= last
        ax.plot(
            v0[shown], period[shown] / math.pi, color=color, linestyle="dashed", linewidth=1.6,
            zorder=3.0,
        )  # fmt: skip
        n += 1


def plot_cuts(data: xr.DataTree, *, figure: Figure) -> Figure:
    """Draw Fig. 4: three final values along four cuts.

    Args:
        data: what `reproduce_figure` returns for Fig. 4.
        figure: an empty Figure.

    Returns:
        The Figure.
    """
    with plot_style():
        figure.set_layout_engine("constrained", h_pad=0.06, w_pad=0.06)
        figure.set_size_inches(8.6, 6.6)
        axes = figure.subplots(2, 2).ravel()
        panel = 0
        for group, cut, along in (
            ("by_amplitude", "drive_period", "drive_amplitude"),
            ("by_period", "drive_amplitude", "drive_period"),
        ):
            nodes = {name: data[f"{group}/{name}"].to_dataset() for name in data[group].children}
            for value in nodes["exact"][cut].values:
                pick = {name: node.sel({cut: value}) for name, node in nodes.items()}
                _draw_cut(axes[panel], pick, along, float(value))
                axes[panel].set_title(f"({'abcd'[panel]})", loc="left", fontweight="bold", pad=4.0)
                title = (
                    rf"$\Delta T = {value / math.pi:.1g}\,\pi$"
                    if cut == "drive_period"
                    else rf"$v_0/\Delta = {value:g}$"
                )
                axes[panel].set_title(title, loc="right", pad=4.0)
                panel += 1
        colors, markers = series_colors(3), series_markers(3)
        quantities = [
            Line2D([], [], color=color, marker=marker, markersize=4.0, markerfacecolor="white",
                   label=label)
            for color, marker, (_, label) in zip(colors, markers, _CUT_LINES, strict=True)
        ]  # fmt: skip
        figure.legend(handles=quantities, loc="outside upper center", ncols=3, columnspacing=2.0)
        sources = [
            Line2D([], [], color=_INK, linewidth=3.4, alpha=0.32, label="exact, pairs twice"),
            Line2D([], [], color=_INK, linewidth=1.2, linestyle="dotted",
                   label="exact, pairs once"),
            Line2D([], [], color=_INK, linewidth=1.0, dashes=(4.5, 2.0),
                   label="closed form (leading)"),
            Line2D([], [], color=_INK, linestyle="none", marker="o", markersize=4.0,
                   markerfacecolor="white", label="circuits"),
            Line2D([], [], color="#888888", linewidth=0.8, linestyle="dashdot",
                   label=r"$v_0T = (4n+2)\,\pi$"),
        ]  # fmt: skip
        figure.legend(handles=sources, loc="outside lower center", ncols=5, columnspacing=1.8)
    return figure


def _draw_cut(ax: Any, nodes: dict[str, xr.Dataset], along: str, fixed: float) -> None:
    scale = math.pi if along == "drive_period" else 1.0
    for color, marker, (name, _) in zip(
        series_colors(3), series_markers(3), _CUT_LINES, strict=True
    ):
        exact = nodes["exact"][name]
        x = exact[along].values / scale
        ax.plot(
            x, exact.sel(pair_counting="ordered").values, color=color, linewidth=3.4, alpha=0.32,
            solid_capstyle="round", zorder=2.0,
        )  # fmt: skip
        ax.plot(
            x, exact.sel(pair_counting="unordered").values, color=color, linewidth=1.2,
            linestyle="dotted", zorder=2.4,
        )  # fmt: skip
        ax.plot(
            x, nodes["leading"][name].values, color=color, linewidth=1.0, dashes=(4.5, 2.0),
            zorder=2.3,
        )  # fmt: skip
        measured = nodes["circuit"]
        ax.errorbar(
            measured[along].values / scale, measured[name].values,
            yerr=measured[f"{name}_stderr"].values, color=color, linestyle="none", marker=marker,
            markersize=4.0, markerfacecolor="white", markeredgewidth=1.0, elinewidth=1.0,
            zorder=3.0,
        )  # fmt: skip
    last = float(nodes["exact"][along].values[-1])
    n = 0
    while (4 * n + 2) * math.pi / fixed <= last * (1.0 + 1e-9):
        ax.axvline(
            (4 * n + 2) * math.pi / fixed / scale, color="#888888", linewidth=0.8,
            linestyle="dashdot", zorder=1.0,
        )  # fmt: skip
        n += 1
    ax.set_xlim(0.0, last / scale * 1.01)
    ax.set_ylim(bottom=-0.2)
    ax.set_xlabel(_AMPLITUDE if along == "drive_amplitude" else _PERIOD)
    ax.set_ylabel("final values")
