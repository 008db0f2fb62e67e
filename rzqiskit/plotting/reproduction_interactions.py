"""Figs. 6 and 7 of the paper in the project's style: interactions and the number of cells."""

from __future__ import annotations

import itertools
import json
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.lines import Line2D

from rzqiskit.plotting.style import plot_style, series_colors, series_markers

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure

__all__ = ["plot_scaling", "plot_transition"]

_INK = "#222222"
_COUNTINGS = {"ordered": "pairs twice (Eq. 4)", "unordered": "pairs once"}
_SCALING = (
    ("maximum_stored_energy", r"$E_\max/\Delta$", r"$E_\max/(N\Delta)$", 1.0),
    ("maximum_average_power", r"$P_\max/\Delta^2$", r"$P_\max/(N\Delta^2)$", 1.0),
    ("maximum_energy_fluctuation", r"$\Sigma_\max/\Delta$", r"$\Sigma_\max/(N\Delta)$", 1.0),
    ("maximum_diagonal_entropy", r"$S_\max$ (bits)", r"$S_\max$ (bits)", 0.0),
)
# Legends stand below the axis label, where there is nothing to cover.
_BELOW: dict[str, Any] = {
    "loc": "upper center", "bbox_to_anchor": (0.5, -0.16), "ncols": 3, "columnspacing": 2.0,
}  # fmt: skip
_WORDS = ("maximum stored energy", "maximum power", "maximum fluctuation", "maximum entropy")


def plot_transition(data: xr.DataTree, *, figure: Figure) -> Figure:
    """Draw Fig. 6: the two lowest levels with the order parameter, and E_max, against lambda.

    Args:
        data: what `reproduce_figure` returns for Fig. 6.
        figure: an empty Figure.

    Returns:
        The Figure.
    """
    colors = dict(zip(_COUNTINGS, series_colors(2), strict=True))
    with plot_style():
        figure.set_layout_engine("constrained", w_pad=0.08)
        figure.set_size_inches(9.6, 4.8)
        left, right = figure.subplots(1, 2)
        spectra = {name: data[f"spectrum/{name}"].to_dataset() for name in _COUNTINGS}
        # Right of both transitions, ticks and label included.
        inset = left.inset_axes((0.68, 0.13, 0.3, 0.33))
        for name, levels in spectra.items():
            half = 0.5 * levels.attrs["num_qubits"]
            x = levels["interaction"].values
            left.plot(x, levels["ground_state_energy"] / half, color=colors[name], linewidth=1.8)
            left.plot(
                x, levels["first_excited_energy"] / half, color=colors[name], linewidth=1.4,
                dashes=(3.0, 1.6),
            )  # fmt: skip
            inset.plot(x, levels["order_parameter"].values, color=colors[name], linewidth=1.3)
            for ax in (left, inset):
                ax.axvline(
                    levels.attrs["ground_state_transition"], color=colors[name], linewidth=0.9,
                    linestyle="dashdot", alpha=0.7,
                )  # fmt: skip
        inset.set_xlabel(r"$\lambda$", fontsize=8, labelpad=2.0)
        inset.set_ylabel(r"$\langle J_z\rangle/(N/2)$", fontsize=8, labelpad=5.0)
        inset.tick_params(labelsize=7)
        left.set_xlim(float(x[0]), float(x[-1]))
        inset.set_xlim(float(x[0]), float(x[-1]))
        left.set_xlabel(r"interaction  $\lambda = \eta/\Delta$")
        left.set_ylabel(r"level energy  $\varepsilon/(N/2)\Delta$")
        left.set_title("(a)", loc="left", fontweight="bold", pad=4.0)
        left.set_title(f"undriven levels, $N = {2 * half:.0f}$", loc="right", pad=4.0)
        left.legend(
            handles=[
                Line2D([], [], color=_INK, linewidth=1.8, label="ground state"),
                Line2D([], [], color=_INK, linewidth=1.4, dashes=(3.0, 1.6), label="first excited"),
                Line2D([], [], color=_INK, linewidth=0.9, linestyle="dashdot", label="transition"),
            ],
            **_BELOW,
        )
        _draw_charging(right, data, spectra, colors)
        countings = [
            Line2D([], [], color=color, linewidth=1.9, label=_COUNTINGS[counting])
            for counting, color in colors.items()
        ]
        figure.legend(handles=countings, loc="outside upper center", ncols=2, columnspacing=2.4)
    return figure


def _draw_charging(
    ax: Any, data: xr.DataTree, spectra: dict[str, xr.Dataset], colors: dict[str, str]
) -> None:
    exact, circuit = data["exact"].to_dataset(), data["circuit"].to_dataset()
    name = "maximum_stored_energy"
    sizes = exact["num_qubits"].values.tolist()
    paper_size = json.loads(circuit.attrs["grid"])["parameters"]["num_qubits"]
    others = itertools.cycle((":", "--", "-."))
    styles: dict[int, Any] = {n: "-" if n == paper_size else next(others) for n in sizes}
    for num_qubits in sizes:
        for counting, color in colors.items():
            curve = exact[name].sel(num_qubits=num_qubits, pair_counting=counting) / num_qubits
            x = curve["interaction"].values
            main = num_qubits == paper_size
            ax.plot(
                x, curve.values, color=color, linestyle=styles[num_qubits],
                linewidth=1.9 if main else 1.1, alpha=1.0 if main else 0.8,
            )  # fmt: skip
            best = int(np.argmax(curve.values))
            # At an end of the axis the curve still rises, and has its maximum elsewhere.
            if 0 < best < x.size - 1:
                ax.plot(
                    x[best], curve.values[best], marker="*", markersize=9.0 if main else 6.5,
                    color=color, markeredgecolor="white", markeredgewidth=0.5, zorder=4.0,
                )  # fmt: skip
    ax.errorbar(
        circuit["interaction"].values, circuit[name].values / paper_size,
        yerr=circuit[f"{name}_stderr"].values / paper_size, color=colors["ordered"],
        linestyle="none", marker="o", markersize=4.2, markerfacecolor="white", markeredgewidth=1.0,
        elinewidth=1.0, zorder=3.0,
    )  # fmt: skip
    for counting, color in colors.items():
        ax.axvline(
            spectra[counting].attrs["ground_state_transition"], color=color, linewidth=0.9,
            linestyle="dashdot", alpha=0.7,
        )  # fmt: skip
    ax.set_xlabel(r"interaction  $\lambda = \eta/\Delta$")
    ax.set_ylabel(r"maximum stored energy  $E_\max/(N\Delta)$")
    ax.set_title("(b)", loc="left", fontweight="bold", pad=4.0)
    ax.set_title(r"$v_0/\Delta = 20,\ \Delta T = 0.1\,\pi$", loc="right", pad=4.0)
    ax.margins(x=0.02)  # room for the markers at the ends
    ax.ticklabel_format(axis="y", useOffset=False)
    handles = [
        Line2D([], [], color=_INK, linestyle=styles[num], linewidth=1.3, label=f"$N = {num}$")
        for num in sizes
    ]
    handles += [
        Line2D([], [], color=_INK, linestyle="none", marker="*", markersize=8, label="maximum"),
        Line2D([], [], color=colors["ordered"], linestyle="none", marker="o", markersize=4.2,
               markerfacecolor="white", label=f"circuits, $N = {paper_size}$"),
    ]  # fmt: skip
    # Small batteries fall far below: the axis follows those of the paper's size and above.
    wide = exact[name].sel(num_qubits=[n for n in sizes if n >= paper_size])
    share = wide / wide["num_qubits"]
    low, high = float(share.min()), float(share.max())
    ax.set_ylim(low - 0.05 * (high - low), high + 0.08 * (high - low))
    ax.legend(handles=handles, **_BELOW)


def plot_scaling(data: xr.DataTree, *, figure: Figure) -> Figure:
    """Draw Fig. 7: four maxima against N, as in the paper and, below, up to a million cells.

    Args:
        data: what `reproduce_figure` returns for Fig. 7.
        figure: an empty Figure.

    Returns:
        The Figure.
    """
    nodes = {name: node.to_dataset() for name, node in data.children.items()}
    interactions = nodes["exact"]["interaction"].values.tolist()
    largest = float(nodes["exact"]["num_qubits"].values[-1])
    colors = dict(zip(interactions, series_colors(len(interactions)), strict=True))
    markers = dict(zip(interactions, series_markers(len(interactions)), strict=True))
    with plot_style():
        figure.set_layout_engine("constrained", h_pad=0.07, w_pad=0.07)
        figure.set_size_inches(13.6, 6.6)
        axes = figure.subplots(2, 4)
        for column, (name, symbol, per_cell, power) in enumerate(_SCALING):
            top, bottom = axes[:, column]
            for interaction in interactions:
                pick = {"interaction": interaction}
                style = {"color": colors[interaction], "marker": markers[interaction]}
                for ax, exact, divide in ((top, "exact", 0.0), (bottom, "wide", power)):
                    _draw_series(ax, nodes[exact][name].sel(pick), divide, style)
                _draw_circuits(top, nodes["circuit"], name, interaction, 0.0, style)
                if interaction in nodes["wide_circuit"]["interaction"].values:
                    _draw_circuits(bottom, nodes["wide_circuit"], name, interaction, power, style)
            bottom.set_xscale("log")
            if power and name != "maximum_energy_fluctuation":
                bottom.set_ylim(bottom=0.0)
            elif power:
                bottom.set_yscale("log")
            top.set_xlim(-0.02 * largest, 1.03 * largest)  # room for the markers at the ends
            top.set_ylabel(f"{_WORDS[column]}  {symbol}")
            bottom.set_ylabel(f"{_WORDS[column]}  {per_cell}")
            for ax in (top, bottom):
                ax.set_xlabel("number of cells  $N$")
            top.set_title(f"({'abcd'[column]})", loc="left", fontweight="bold", pad=4.0)
        handles = [
            Line2D([], [], color=colors[value], marker=markers[value], markersize=4.2,
                   markerfacecolor="white", label=rf"$\lambda = {value:g}$")
            for value in interactions
        ]  # fmt: skip
        figure.legend(handles=handles, loc="outside upper center", ncols=5, columnspacing=2.4)
        sources = [
            Line2D([], [], color=_INK, linewidth=1.5, label="exact, pairs twice (Eq. 4)"),
            Line2D([], [], color=_INK, linewidth=1.0, dashes=(4.0, 2.0), label="exact, pairs once"),
            Line2D([], [], color=_INK, linestyle="none", marker="o", markersize=4.2,
                   markerfacecolor="white", label="circuits, pairs twice"),
        ]  # fmt: skip
        figure.legend(handles=sources, loc="outside lower center", ncols=3, columnspacing=2.4)
    return figure


def _draw_series(ax: Any, values: xr.DataArray, power: float, style: dict[str, Any]) -> None:
    x = values["num_qubits"].values
    for counting, line in (
        ("ordered", {"linewidth": 1.5}),
        ("unordered", {"linewidth": 1.0, "dashes": (4.0, 2.0)}),
    ):
        y = values.sel(pair_counting=counting).values / x**power
        ax.plot(x, y, color=style["color"], **line)


def _draw_circuits(
    ax: Any, data: xr.Dataset, name: str, interaction: float, power: float, style: dict[str, Any]
) -> None:
    pick = data.sel(interaction=interaction)
    x = pick["num_qubits"].values
    ax.errorbar(
        x, pick[name].values / x**power, yerr=pick[f"{name}_stderr"].values / x**power,
        linestyle="none", markersize=4.2, markerfacecolor="white", markeredgewidth=1.0,
        elinewidth=1.0, zorder=3.0, **style,
    )  # fmt: skip
