"""Plots of sweeps: a line, lines, a map with the curves of full charging."""

from __future__ import annotations

import json

import matplotlib.colors
import numpy as np
import pytest
from matplotlib.figure import Figure

from rzqiskit.plotting import plot_sweep, plot_sweep_panels
from rzqiskit.schema import SchemaError, make_dataset


def make(dims: dict[str, np.ndarray], attrs: dict | None = None):
    shape = tuple(len(values) for values in dims.values())
    values = np.arange(np.prod(shape), dtype=float).reshape(shape)
    return make_dataset(
        {"final_stored_energy": (tuple(dims), values)},
        {name: ((name,), values) for name, values in dims.items()},
        attrs or {},
    )


def test_one_dim_is_a_line() -> None:
    ax = plot_sweep(make({"interaction": np.linspace(0, 1, 5)}), "final_stored_energy")
    (line,) = ax.lines
    assert line.get_xdata().tolist() == [0.0, 0.25, 0.5, 0.75, 1.0]
    assert line.get_ydata().tolist() == [0.0, 1.0, 2.0, 3.0, 4.0]
    assert ax.get_xlabel() == r"$\eta$"
    assert ax.get_ylabel() == r"final stored energy  $E(\tau)$"


def test_a_short_dim_or_texts_are_lines_over_the_other() -> None:
    data = make({"interaction": np.linspace(0, 1, 12), "num_qubits": np.array([2, 4])})
    ax = plot_sweep(data, "final_stored_energy")
    assert [line.get_label() for line in ax.lines] == ["$N = 2$", "$N = 4$"]
    assert ax.lines[1].get_ydata().tolist() == data.final_stored_energy.values[:, 1].tolist()
    texts = make({"pair_counting": np.array(["a"] * 9 + ["b"]), "num_qubits": np.arange(2)})
    ax = plot_sweep(texts, "final_stored_energy")
    assert len(ax.lines) == 10
    assert ax.get_xlabel() == "$N$"


@pytest.mark.parametrize("kind", ["SineSquaredDrive", "SechDrive"])
def test_two_long_dims_are_a_map(kind) -> None:
    amplitudes, periods = np.linspace(1, 60, 10), np.linspace(0.1, 0.5, 8)
    attrs = {"specification": json.dumps({"drive": {"type": kind}})}
    data = make({"drive_amplitude": amplitudes, "drive_period": periods}, attrs)
    ax = plot_sweep(data, "final_stored_energy")
    (mesh,) = (c for c in ax.collections if hasattr(c, "get_array") and c.get_array() is not None)
    assert np.array_equal(mesh.get_array(), data.final_stored_energy.values.T)
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("$v_0$", "$T$")
    # v0 T reaches 60 * 0.5 = 9.5 pi: the curves 2 pi and 6 pi, for the sine-squared pulse only.
    products = [np.unique((line.get_xdata() * line.get_ydata() / np.pi).round(9)).tolist()
                for line in ax.lines]  # fmt: skip
    assert products == ([[2.0], [6.0]] if kind == "SineSquaredDrive" else [])


def test_texts_of_a_store_are_lines_too() -> None:
    data = make({"num_steps": np.array([1, 2, 4]), "noise": np.array(["none", "FakeTorino"])})
    # As Zarr gives them back: Python's own strings.
    data = data.assign_coords(noise=data.noise.astype(object))
    ax = plot_sweep(data, "final_stored_energy")
    assert [line.get_label() for line in ax.lines] == ["noise = none", "noise = FakeTorino"]
    assert ax.lines[1].get_ydata().tolist() == [1.0, 3.0, 5.0]


def test_three_dims_are_panels_of_maps() -> None:
    amplitudes, periods = np.linspace(1, 60, 10), np.linspace(0.1, 0.5, 8)
    attrs = {"specification": json.dumps({"drive": {"type": "SineSquaredDrive"}})}
    data = make(
        {"drive_amplitude": amplitudes, "interaction": np.arange(4.0), "drive_period": periods},
        attrs,
    )
    figure = Figure(layout="constrained")
    axes = plot_sweep_panels(data, "final_stored_energy", figure)
    assert [ax.get_title() for ax in axes] == [rf"$\eta = {value}$" for value in range(4)]
    assert len(figure.axes) == 4 + 1  # no empty panel, one colour bar
    for index, ax in enumerate(axes):
        (mesh,) = (c for c in ax.collections if c.get_array() is not None)
        assert np.array_equal(mesh.get_array(), data.final_stored_energy.values[:, index].T)
        assert mesh.get_clim() == (0.0, 319.0)
        assert len(ax.lines) == 2  # the curves of full charging
    figure.draw_without_rendering()
    assert axes[0].get_ylabel() == "$T$"
    assert axes[0].get_ylim() == axes[3].get_ylim()


def test_three_dims_are_panels_of_lines() -> None:
    data = make(
        {
            "num_steps": np.array([1, 2, 4]), "noise": np.array(["none", "a", "b", "c"]),
            "drive_amplitude": np.linspace(0, 1, 20),
        }
    )  # fmt: skip
    figure = Figure(layout="constrained")
    axes = plot_sweep_panels(data, "final_stored_energy", figure)
    assert [ax.get_title() for ax in axes] == [
        f"noise = {name}" for name in ["none", "a", "b", "c"]
    ]
    assert [len(ax.lines) for ax in axes] == [3] * 4
    assert [ax.get_legend() is not None for ax in axes] == [True, False, False, False]
    expected = data.final_stored_energy.values[2, 3]
    assert axes[3].lines[2].get_ydata().tolist() == expected.tolist()
    assert axes[0].get_ylim() == axes[3].get_ylim()


def test_a_sweep_without_any_number_is_still_drawn() -> None:
    data = make({name: np.arange(9.0) for name in ("interaction", "drive_amplitude", "seed")})
    data["final_stored_energy"][:] = np.nan
    figure = Figure(layout="constrained")
    assert len(plot_sweep_panels(data, "final_stored_energy", figure)) == 9


def test_bad_panels() -> None:
    two = make({"interaction": np.arange(2.0), "num_qubits": np.arange(2)})
    with pytest.raises(SchemaError, match="must have three dims left, one of them of at most 9"):
        plot_sweep_panels(two, "final_stored_energy", Figure())
    long = make({name: np.arange(10.0) for name in ("interaction", "drive_amplitude", "seed")})
    with pytest.raises(SchemaError, match=r"got \{'interaction': 10, .*; select"):
        plot_sweep_panels(long, "final_stored_energy", Figure())
    with pytest.raises(SchemaError, match="must have the quantity `maximum_stored_energy`"):
        plot_sweep_panels(long, "maximum_stored_energy", Figure())


def test_bad_input() -> None:
    data = make({"interaction": np.arange(2.0), "num_qubits": np.arange(2), "shots": np.arange(2)})
    with pytest.raises(SchemaError, match="one or two dims left"):
        plot_sweep(data, "final_stored_energy")
    with pytest.raises(SchemaError, match="must have the quantity `maximum_stored_energy`"):
        plot_sweep(data, "maximum_stored_energy")


def test_whole_numbers_have_whole_ticks() -> None:
    for last in (2, 3, 9, 40):
        ax = plot_sweep(make({"num_steps": np.arange(1, last + 1)}), "final_stored_energy")
        ticks = ax.get_xticks()
        assert np.array_equal(ticks, ticks.round())
        assert np.sum((ticks >= 1) & (ticks <= last)) >= 2
    ax = plot_sweep(make({"interaction": np.array([1.0, 2.0])}), "final_stored_energy")
    assert (ax.get_xticks() % 1.0 > 0.1).any()
    data = make({"drive_amplitude": np.linspace(1.0, 2.0, 9), "num_qubits": np.arange(1, 9)})
    ax = plot_sweep(data, "final_stored_energy")
    axes = {"$N$": ax.xaxis, "$v_0$": ax.yaxis}
    assert set(axes) == {ax.get_xlabel(), ax.get_ylabel()}
    ticks = axes["$N$"].get_majorticklocs()
    assert np.array_equal(ticks, ticks.round())


def test_standard_errors_are_bars() -> None:
    data = make({"num_steps": np.array([1, 2, 4]), "noise": np.array(["none", "FakeTorino"])})
    errors = np.array([[0.1, 0.2], [0.3, 0.4], [0.5, np.nan]])
    data["final_stored_energy_stderr"] = (data.final_stored_energy.dims, errors)
    ax = plot_sweep(data, "final_stored_energy")
    assert [line.get_marker() for line in ax.lines] == ["o", "o"]
    for index, (line, (bars,)) in enumerate(
        zip(ax.lines, (c.lines[2] for c in ax.containers), strict=True)
    ):
        values = data.final_stored_energy.values[:, index]
        drawn = np.array([segment[:, 1] for segment in bars.get_segments() if len(segment)])
        expected = np.stack([values - errors[:, index], values + errors[:, index]], axis=1)
        np.testing.assert_allclose(drawn, expected[: len(drawn)])
        assert len(drawn) == 3 - index  # none at the one that is unknown
        assert matplotlib.colors.same_color(bars.get_color()[0], line.get_color())
    assert [text.get_text() for text in ax.get_legend().get_texts()] == [
        "noise = none", "noise = FakeTorino",
    ]  # fmt: skip
    ax = plot_sweep(data.drop_vars("final_stored_energy_stderr"), "final_stored_energy")
    assert ax.containers == []


def test_maps_end_at_zero_where_nothing_is_below() -> None:
    amplitudes, periods = np.linspace(0, 70, 8), np.linspace(0.02, 0.8, 10)
    ax = plot_sweep(
        make({"drive_amplitude": amplitudes, "drive_period": periods}), "final_stored_energy"
    )
    step = periods[1] - periods[0]
    assert ax.get_xlim() == pytest.approx((0.0, 75.0))
    assert ax.get_ylim() == pytest.approx((0.0, 0.8 + step / 2))
    # Edges above zero stay; amplitudes and interactions may be below.
    data = make({"drive_period": np.linspace(1, 2, 11), "interaction": np.linspace(0, 1, 11)})
    ax = plot_sweep(data, "final_stored_energy")
    assert ax.get_xlim() == pytest.approx((-0.05, 1.05))
    assert ax.get_ylim() == pytest.approx((0.95, 2.05))
    data = make({"drive_period": np.linspace(1, 2, 11), "drive_amplitude": np.linspace(-1, 1, 11)})
    assert plot_sweep(data, "final_stored_energy").get_xlim() == pytest.approx((-1.1, 1.1))


def test_curves_of_full_charging_have_a_name() -> None:
    attrs = {"specification": json.dumps({"drive": {"type": "SineSquaredDrive"}})}
    dims = {"drive_amplitude": np.linspace(1, 60, 10), "drive_period": np.linspace(0.1, 0.5, 8)}
    name = [r"$v_0\,T = (4n + 2)\,\pi$"]
    ax = plot_sweep(make(dims, attrs), "final_stored_energy")
    assert [text.get_text() for text in ax.get_legend().get_texts()] == name
    figure = Figure(layout="constrained")
    panels = make({"num_qubits": np.array([2, 4]), **dims}, attrs)
    axes = plot_sweep_panels(panels, "final_stored_energy", figure)
    assert [ax.get_legend() for ax in axes] == [None, None]
    (legend,) = figure.legends
    assert [text.get_text() for text in legend.get_texts()] == name
    figure.draw_without_rendering()
    # The legend hides nothing of the maps.
    lowest = legend.get_window_extent().y0
    assert all(ax.get_window_extent().y1 < lowest for ax in axes)
    weak = dims | {"drive_amplitude": np.linspace(0.1, 1.0, 10)}
    assert plot_sweep(make(weak, attrs), "final_stored_energy").get_legend() is None


def test_values_in_any_order_are_drawn_in_order() -> None:
    rng = np.random.default_rng(7)
    mixed = {"drive_amplitude": rng.permutation(np.linspace(1, 60, 10)),
             "drive_period": rng.permutation(np.linspace(0.1, 0.5, 9)),
             "interaction": np.array([2.0, -1.0])}  # fmt: skip
    data = make(mixed)
    data["final_stored_energy_stderr"] = 0.1 * data.final_stored_energy
    kept = data.copy(deep=True)
    expected = data.sortby(list(mixed))
    line = data.isel(drive_period=3, interaction=0)
    [drawn] = plot_sweep(line, "final_stored_energy").lines
    assert drawn.get_xdata().tolist() == np.linspace(1, 60, 10).tolist()
    assert np.array_equal(drawn.get_ydata(), line.final_stored_energy.sortby("drive_amplitude"))
    figure = Figure()
    axes = plot_sweep_panels(data, "final_stored_energy", figure)
    assert [ax.get_title() for ax in axes] == [r"$\eta = -1$", r"$\eta = 2$"]
    for ax, value in zip(axes, (-1.0, 2.0), strict=True):
        cells = ax.collections[0].get_array()
        panel = expected.final_stored_energy.sel(interaction=value)
        assert np.array_equal(cells, panel.transpose("drive_period", "drive_amplitude"))
    assert data.identical(kept)
