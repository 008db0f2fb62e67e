"""The drawn figures: every line and marker is the data's, and nothing is missing."""

from __future__ import annotations

import math

import numpy as np
import pytest
import xarray as xr
from matplotlib.collections import PathCollection, QuadMesh
from matplotlib.figure import Figure

from rzqiskit.plotting.reproduction import plot_reproduction
from rzqiskit.reproduction.final_values import final_value_cuts
from rzqiskit.reproduction.maps import amplitude_period_maps
from rzqiskit.reproduction.scaling import scaling
from rzqiskit.reproduction.transition import transition
from rzqiskit.schema import SchemaError


def _named(tree: xr.DataTree, number: str) -> xr.DataTree:
    tree.attrs = {**tree.attrs, "figure": number}
    return tree


@pytest.fixture(scope="module")
def maps() -> xr.DataTree:
    return amplitude_period_maps(num_amplitudes=8, num_periods=6, num_circuit_points=2, shots=50)


@pytest.mark.parametrize(
    ("number", "names", "num_curves"),
    [
        ("fig3", ("maximum_stored_energy", "final_stored_energy"), (1, 3)),
        ("fig5", ("final_energy_fluctuation", "final_diagonal_entropy"), (3, 3)),
    ],
)
def test_maps(maps, number, names, num_curves) -> None:
    figure = plot_reproduction(_named(maps, number), figure=Figure())
    exact, circuit = maps["exact"].to_dataset(), maps["circuit"].to_dataset()
    panels = [ax for ax in figure.axes if ax.get_xlabel().startswith("pulse amplitude")]
    assert len(panels) == 2
    for ax, name, number_of_curves in zip(panels, names, num_curves, strict=True):
        [mesh] = [c for c in ax.collections if isinstance(c, QuadMesh)]
        shown = exact[name].sel(pair_counting="ordered").transpose("drive_period", ...)
        np.testing.assert_array_equal(mesh.get_array().reshape(shown.shape), shown.values)
        [discs] = [c for c in ax.collections if isinstance(c, PathCollection)]
        measured = circuit[name].transpose("drive_period", "drive_amplitude")
        np.testing.assert_array_equal(discs.get_array(), measured.values.ravel())
        # Same colours for the same numbers, or agreement could not be seen.
        assert discs.get_clim() == mesh.get_clim()
        y = discs.get_offsets()[:, 1]
        assert set(np.round(y * math.pi, 12)) == set(np.round(circuit["drive_period"].values, 12))
        # Curves v0 T = (4n + 2) pi: (2, 6, 10) pi fit below 60 * 0.2 pi = 12 pi.
        curves = [line for line in ax.lines if line.get_linestyle() == "--"]
        assert len(curves) == number_of_curves
        for n, curve in enumerate(curves):
            v0, period = curve.get_data()
            np.testing.assert_allclose(v0 * period, 4 * n + 2, rtol=1e-12)


def test_cuts() -> None:
    tree = _named(final_value_cuts(num_points=6, num_circuit_points=2, shots=50), "fig4")
    figure = plot_reproduction(tree, figure=Figure())
    assert len(figure.axes) == 4
    exact = tree["by_amplitude/exact"].to_dataset().isel(drive_period=1)
    drawn = [line.get_ydata() for line in figure.axes[1].lines]
    for name in ("final_stored_energy", "final_energy_fluctuation", "final_diagonal_entropy"):
        for counting in ("ordered", "unordered"):
            values = exact[name].sel(pair_counting=counting).values
            assert any(len(y) == 6 and np.array_equal(y, values) for y in drawn), name
    titles = [ax.get_title(loc="right") for ax in figure.axes]
    assert titles[1] == r"$\Delta T = 0.2\,\pi$"
    assert titles[2] == r"$v_0/\Delta = 10$"


def test_transition() -> None:
    tree = _named(transition(num_interactions=8, num_circuit_points=2, shots=20), "fig6")
    figure = plot_reproduction(tree, figure=Figure())
    left, right = figure.axes[:2]
    ground = tree["spectrum/unordered"]["ground_state_energy"].values / 50.0
    assert any(
        len(line.get_ydata()) == ground.size and np.allclose(line.get_ydata(), ground)
        for line in left.lines
    )
    per_cell = tree["exact"]["maximum_stored_energy"].sel(
        num_qubits=100, pair_counting="ordered"
    ).values / 100.0  # fmt: skip
    assert any(
        len(line.get_ydata()) == 8 and np.allclose(line.get_ydata(), per_cell, rtol=1e-14, atol=0.0)
        for line in right.lines
    )
    low, high = right.get_ylim()
    assert low < per_cell.min()
    assert high > per_cell.max()
    # Stars are on maxima within the axis; a curve that still rises at its end has none.
    curves = tree["exact"]["maximum_stored_energy"]
    best = curves.argmax("interaction")
    inside = (best > 0) & (best < curves.sizes["interaction"] - 1)
    assert bool(inside.any())
    assert not bool(inside.all())
    stars = [line for line in right.lines if line.get_marker() == "*"]
    assert len(stars) == int(inside.sum())
    # No marker is cut by the edge, no legend covers a panel.
    figure.draw_without_rendering()
    edges = right.get_xlim()
    assert edges[0] < tree["circuit"]["interaction"].values.min()
    assert edges[1] > tree["circuit"]["interaction"].values.max()
    for legend in (*figure.legends, left.get_legend(), right.get_legend()):
        box = legend.get_window_extent()
        assert figure.bbox.x0 <= box.x0 < box.x1 <= figure.bbox.x1
        assert figure.bbox.y0 <= box.y0 < box.y1 <= figure.bbox.y1
        assert not any(box.overlaps(ax.get_window_extent()) for ax in (left, right))
    # The inset keeps clear of the transitions.
    (inset,) = left.child_axes
    last = max(node.attrs["ground_state_transition"] for node in (
        tree["spectrum/ordered"], tree["spectrum/unordered"]))  # fmt: skip
    assert inset.get_tightbbox().x0 > left.transData.transform((last, 0.0))[0]


def test_scaling() -> None:
    tree = scaling(
        num_qubits=(1, 2, 4), wide_num_qubits=(100, 1000, 2000), circuit_num_qubits=(2, 3),
        wide_circuit_num_qubits=(200,), shots=100, seed=1,
    )  # fmt: skip
    figure = plot_reproduction(_named(tree, "fig7"), figure=Figure())
    assert len(figure.axes) == 8
    energy, entropy = figure.axes[0], figure.axes[7]
    assert energy.get_xlim()[1] > 1.02 * 4  # room for the markers of the largest N
    values = tree["exact"]["maximum_stored_energy"].sel(pair_counting="ordered", interaction=15.0)
    assert any(np.array_equal(line.get_ydata(), values.values) for line in energy.lines)
    assert entropy.get_xscale() == "log"
    wide = tree["wide"]["maximum_diagonal_entropy"].sel(pair_counting="ordered")
    lines = [np.asarray(line.get_ydata()) for line in entropy.lines]
    for interaction in wide["interaction"]:
        values = wide.sel(interaction=interaction).values
        assert np.isfinite(values).all()
        assert any(np.array_equal(line, values) for line in lines)
    per_cell = figure.axes[4]
    share = tree["wide"]["maximum_stored_energy"].sel(pair_counting="ordered", interaction=1.0)
    assert any(
        np.array_equal(line.get_ydata(), (share / share["num_qubits"]).values)
        for line in per_cell.lines
    )


def test_a_tree_that_is_no_figure(maps) -> None:
    with pytest.raises(SchemaError, match=r"must have the attribute figure = fig2 \.\.\. fig7"):
        plot_reproduction(_named(maps, "fig1"))
