"""The four panels: which artist shows which node."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pytest
import xarray as xr
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

from rzqiskit.plotting import plot_comparison
from rzqiskit.schema import SchemaError

AMPLITUDES = [10.0, 20.0, 40.0]


def test_lines_are_exact_dashes_analytic_markers_circuits(make_report) -> None:
    report = make_report(AMPLITUDES)
    figure = plot_comparison(report)
    factors = (1, 2, 4, 5)  # energy, power, fluctuation, entropy: the paper's panels
    assert len(figure.axes) == 4
    for ax, factor in zip(figure.axes, factors, strict=True):
        assert len(ax.lines) == 3 * len(AMPLITUDES)
        assert len(ax.containers) == len(AMPLITUDES)
        for index in range(len(AMPLITUDES)):
            exact, dashes, circuit = ax.lines[3 * index : 3 * index + 3]
            assert not exact.is_dashed()
            assert exact.get_ydata() == pytest.approx(factor * (1 + np.linspace(0, 1, 9)))
            assert dashes.is_dashed()
            assert dashes.get_ydata() == pytest.approx(1.1 * exact.get_ydata())
            assert circuit.get_linestyle() == "None"
            assert circuit.get_xdata() == pytest.approx(np.linspace(0, 1, 5))
            assert len({to_hex(line.get_color()) for line in (exact, dashes, circuit)}) == 1
        markers = [ax.lines[3 * index + 2].get_marker() for index in range(3)]
        assert len(set(markers)) == 3  # told apart without colour
    assert [ax.get_title(loc="left") for ax in figure.axes] == ["(a)", "(b)", "(c)", "(d)"]
    texts = [text.get_text() for legend in figure.legends for text in legend.get_texts()]
    assert texts == [
        r"$v_0/\Delta = 10$", r"$v_0/\Delta = 20$", r"$v_0/\Delta = 40$",
        "exact", "closed form (leading)", "circuits",
    ]  # fmt: skip


def test_error_bars_only_with_shots(make_report) -> None:
    assert plot_comparison(make_report([10.0, 20.0])).axes[0].containers
    ideal = plot_comparison(make_report([10.0, 20.0], stderr=None))
    assert not ideal.axes[0].containers
    assert ideal.legends[-1].get_texts()[-1].get_text() == "ideal circuits"


def test_one_battery_needs_no_sweep(make_report) -> None:
    figure = plot_comparison(make_report(None), metrics=["instantaneous_power"])
    (ax,) = figure.axes
    assert len(ax.lines) == 3
    assert ax.get_xlabel() == r"time  $\Delta\,t$"
    (legend,) = figure.legends
    assert len(legend.get_texts()) == 3


def test_five_panels_hide_the_sixth(make_report) -> None:
    metrics = ["stored_energy", "average_power", "instantaneous_power", "energy_fluctuation",
               "diagonal_entropy"]  # fmt: skip
    figure = plot_comparison(make_report(AMPLITUDES), metrics=metrics)
    assert [ax.get_visible() for ax in figure.axes] == [True] * 5 + [False]
    # The panel above the hidden one carries the time axis of its column.
    assert figure.axes[3].get_xlabel() == figure.axes[4].get_xlabel() != ""


def test_a_figure_of_mine_is_used_and_drawn(make_report, tmp_path) -> None:
    mine = Figure()
    assert plot_comparison(make_report(AMPLITUDES), figure=mine) is mine
    assert plt.get_fignums() == []
    mine.savefig(tmp_path / "figure.png", dpi=60)
    pixels = plt.imread(tmp_path / "figure.png")
    assert pixels.shape[:2] == (round(60 * mine.get_figheight()), round(60 * mine.get_figwidth()))
    assert len(np.unique(pixels.reshape(-1, pixels.shape[-1]), axis=0)) > 100


def test_bad_input(make_report) -> None:
    report = make_report(AMPLITUDES)
    with pytest.raises(SchemaError, match="must have the node `analytic/paper`"):
        plot_comparison(report, method="paper")
    with pytest.raises(ValueError, match="`metrics` must be a non-empty sequence"):
        plot_comparison(report, metrics=[])
    with pytest.raises(ValueError, match="`metrics` must be one of"):
        plot_comparison(report, metrics=["energy"])
    twice = xr.DataTree.from_dict(
        {path: report[path].to_dataset().expand_dims("interaction")
         for path in ("exact", "analytic/leading", "circuit")}
    )  # fmt: skip
    with pytest.raises(SchemaError, match="at most one swept dim"):
        plot_comparison(twice)
