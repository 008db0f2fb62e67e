"""Columns of values, rows of metrics, bars of deviations: which artist shows which node."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pytest
import xarray as xr
from matplotlib.figure import Figure

from rzqiskit.plotting import plot_noisy_comparison
from rzqiskit.schema import METRICS, SchemaError

NODES = ["trotter", "raw", "readout", "guided"]
TERMS = ["trotter_error", "device_error", "bias", "shot_error"]


@pytest.fixture
def make_noisy_report(make_result):
    def make(amplitudes: list[float] | None) -> xr.DataTree:
        times = np.linspace(0.0, 1.0, 9)
        nodes = {"exact": make_result(times), "trotter": make_result(times[::2])}
        for name in ("raw", "readout", "guided"):
            nodes[name] = make_result(times[::2], stderr=0.1)
        nodes["guided"] = nodes["guided"].drop_vars(
            ["diagonal_entropy", "diagonal_entropy_stderr", "population"]
        )
        measured = np.arange(1.0, 1.0 + len(METRICS) * len(NODES)).reshape(len(METRICS), -1)
        measured[METRICS.index("diagonal_entropy"), -1] = np.nan
        planned = np.full((len(METRICS), len(TERMS)), np.nan)
        planned[METRICS.index("stored_energy")] = [0.1, 0.2, 7.0, 0.4]
        nodes["budget"] = xr.Dataset(
            {"measured": (("metric", "node"), measured), "planned": (("metric", "term"), planned)},
            {"metric": list(METRICS), "node": NODES, "term": TERMS},
        )
        if amplitudes is not None:
            index = xr.DataArray(amplitudes, dims="drive_amplitude", name="drive_amplitude")
            for name, data in nodes.items():
                joined = xr.concat([data] * len(amplitudes), index)
                if name != "budget":
                    battery = joined.attrs.pop("battery")
                    joined = joined.assign_coords(
                        battery=("drive_amplitude", [battery] * len(amplitudes))
                    )
                nodes[name] = joined
        return xr.DataTree.from_dict(nodes)

    return make


def test_every_node_has_its_artist(make_noisy_report) -> None:
    figure = plot_noisy_comparison(make_noisy_report([10.0, 20.0]))
    assert len(figure.axes) == 2 * 4
    for column in range(2):
        energy = figure.axes[column]
        exact, trotter, *measured = energy.lines
        assert exact.get_linestyle() == "-"
        assert exact.get_ydata() == pytest.approx(1.0 + np.linspace(0, 1, 9))
        assert (trotter.get_marker(), trotter.get_linestyle()) == ("x", "None")
        assert [line.get_marker() for line in measured] == ["v", "s", "o"]
        assert len(energy.containers) == 3  # error bars
        entropy = figure.axes[4 + column]
        assert len(entropy.containers) == 2  # cannot be extrapolated
        assert energy.get_title() == rf"$v_0/\Delta = {10 * (column + 1)}$"
    assert figure.axes[0].get_ylabel().startswith("stored energy")
    assert figure.axes[1].get_ylabel() == ""
    (legend,) = figure.legends
    assert [text.get_text() for text in legend.get_texts()] == [
        "exact", "ideal circuits", "raw", "readout mitigated", "guided", "raw, as planned",
    ]  # fmt: skip


def test_bars_are_the_budget(make_noisy_report) -> None:
    report = make_noisy_report(None)
    figure = plot_noisy_comparison(report, metrics=["stored_energy", "diagonal_entropy"])
    bars = figure.axes[-1].patches
    budget = report["budget"].measured
    energy = [float(budget.sel(metric="stored_energy", node=node)) for node in NODES]
    entropy = [float(budget.sel(metric="diagonal_entropy", node=node)) for node in NODES[:-1]]
    # The plan stands between the formula and the raw circuits, where it says something.
    expected = [energy[0], 7.0, *energy[1:], *entropy]
    assert [bar.get_height() for bar in bars] == pytest.approx(expected)
    assert [bool(bar.get_hatch()) for bar in bars] == [False, True] + [False] * 6
    left = [bar.get_x() for bar in bars]
    assert left == sorted(left)
    assert [text.get_text() for text in figure.axes[-1].get_xticklabels()] == ["$E$", "$S$"]


@pytest.mark.parametrize("amplitudes", [None, [20.0], [10.0, 20.0], [10.0, 20.0, 30.0]])
def test_the_legend_is_within_the_figure(make_noisy_report, amplitudes) -> None:
    figure = plot_noisy_comparison(make_noisy_report(amplitudes))
    figure.draw_without_rendering()
    (legend,) = figure.legends
    box, whole = legend.get_window_extent(), figure.bbox
    assert whole.x0 <= box.x0 < box.x1 <= whole.x1
    assert whole.y0 <= box.y0 < box.y1 < figure.axes[-1].get_tightbbox().y0


def test_draws_on_a_figure_of_the_callers(make_noisy_report) -> None:
    figure = Figure()
    assert plot_noisy_comparison(make_noisy_report([10.0]), figure=figure) is figure
    assert plt.get_fignums() == []


def test_bad_input(make_noisy_report) -> None:
    report = make_noisy_report(None)
    with pytest.raises(ValueError, match="`metrics` must be a non-empty sequence"):
        plot_noisy_comparison(report, metrics=[])
    with pytest.raises(ValueError, match="`metrics` must be one of"):
        plot_noisy_comparison(report, metrics=["population"])
    del report["raw"]
    with pytest.raises(SchemaError, match="`report` must have the node `raw`"):
        plot_noisy_comparison(report)
