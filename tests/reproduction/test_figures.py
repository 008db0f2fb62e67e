"""The figures' data, at small size, against the lab-frame oracle and through netCDF."""

from __future__ import annotations

import math

import numpy as np
import pytest
import xarray as xr
from oracles import lab_frame

from rzqiskit.reproduction import FIGURES, reproduce_figure
from rzqiskit.reproduction.charging_curves import charging_curves
from rzqiskit.reproduction.claims.agreement import fig2_exact
from rzqiskit.reproduction.final_values import FINAL_METRICS, final_value_cuts
from rzqiskit.reproduction.instances import (
    AMPLITUDES,
    PERIOD,
    full_charging_amplitude,
    paper_battery,
    sample_range,
)
from rzqiskit.reproduction.maps import amplitude_period_maps, solve_maps
from rzqiskit.reproduction.scaling import SCALING_METRICS, scaling, solve_scaling, solve_wide
from rzqiskit.reproduction.transition import transition
from rzqiskit.schema import METRICS, validate_dataset

COUNTINGS = ("ordered", "unordered")


def test_captions() -> None:
    battery = paper_battery()
    assert (battery.num_qubits, battery.interaction_ratio) == (10, 2.0)
    assert math.isclose(battery.drive.duration, 0.1 * math.pi)
    assert AMPLITUDES == (10.0, 20.0, 40.0, 60.0)
    # The paper's v0/Delta = 20 and 60 at Delta T = 0.1 pi are the first two full charges.
    assert math.isclose(full_charging_amplitude(PERIOD, 0), 20.0)
    assert math.isclose(full_charging_amplitude(PERIOD, 1), 60.0)
    assert sample_range((1.0, 3.0), 4).tolist() == [1.5, 2.0, 2.5, 3.0]


def test_fig2(tmp_path) -> None:
    tree = charging_curves(num_times=9, circuit_stride=4, shots=200, seed=1)
    times = np.linspace(0.0, PERIOD, 9)
    for node, counting in (("exact", "ordered"), ("unordered/exact", "unordered")):
        for amplitude in AMPLITUDES:
            battery = paper_battery(amplitude=amplitude, pair_counting=counting)
            exact = lab_frame(battery, times, tolerance=1e-12)
            curve = tree[node].to_dataset().sel(drive_amplitude=amplitude)
            for name in METRICS:
                np.testing.assert_allclose(curve[name], exact[name], rtol=0.0, atol=2e-7)
    assert tree["circuit"].sizes["time"] == 3
    assert {"paper", "leading", "second-order"} <= set(tree["analytic"].children)


def test_maps_and_their_circuits() -> None:
    tree = amplitude_period_maps(
        num_amplitudes=6, num_periods=4, num_circuit_points=2, shots=5000, seed=4
    )
    exact, circuit = tree["exact"].to_dataset(), tree["circuit"].to_dataset()
    assert exact["drive_amplitude"].values.tolist() == [10.0, 20.0, 30.0, 40.0, 50.0, 60.0]
    for counting in COUNTINGS:
        for amplitude in (10.0, 40.0):
            for period in exact["drive_period"].values[[0, 3]]:
                battery = paper_battery(amplitude=amplitude, period=period, pair_counting=counting)
                fine = np.linspace(0.0, period, 600)
                oracle = lab_frame(battery, fine, tolerance=1e-10)
                point = exact.sel(
                    pair_counting=counting, drive_amplitude=amplitude, drive_period=period
                )
                for name in FINAL_METRICS:
                    assert abs(float(point[f"final_{name}"]) - oracle[name][-1]) < 1e-6
                top = oracle["stored_energy"].max()
                assert -1e-6 < float(point["maximum_stored_energy"]) - top < 1e-3
    # 4 points x 3 finals at 5 sigma: a false alarm in 7e-6 of all seeds.
    for amplitude in circuit["drive_amplitude"].values:
        for period in circuit["drive_period"].values:
            oracle = lab_frame(
                paper_battery(amplitude=amplitude, period=period), [period], tolerance=1e-10
            )
            point = circuit.sel(drive_amplitude=amplitude, drive_period=period)
            for name in FINAL_METRICS:
                error = float(point[f"final_{name}_stderr"])
                assert abs(float(point[f"final_{name}"]) - oracle[name][0]) < 5.0 * error


@pytest.mark.parametrize(
    ("solve", "name"),
    [
        (lambda: solve_maps(2, 2), "maximum_stored_energy"),
        (lambda: solve_scaling((2, 3)), "maximum_stored_energy"),
        (lambda: fig2_exact(20.0, "ordered"), "stored_energy"),
    ],
    ids=["maps", "scaling", "fig2"],
)
def test_what_is_kept_is_not_what_is_given_out(solve, name) -> None:
    first = solve()
    expected = first[name].values.copy()
    first[name].values[:] = -1.0
    first[name].attrs["units"] = first.attrs["solver"] = "none"
    again = solve()
    np.testing.assert_array_equal(again[name], expected)
    assert (again[name].attrs["units"], again.attrs["solver"]) == ("energy", "exact")


def test_fig4_cuts() -> None:
    tree = final_value_cuts(num_points=5, num_circuit_points=2, shots=200, seed=1)
    for group, along in (("by_amplitude", "drive_amplitude"), ("by_period", "drive_period")):
        exact = tree[f"{group}/exact"].to_dataset()
        leading = tree[f"{group}/leading"].to_dataset()
        assert exact.sizes[along] == 5
        area = exact["drive_amplitude"] * exact["drive_period"]
        np.testing.assert_allclose(
            leading["final_stored_energy"],
            (5.0 * (1.0 - np.cos(0.5 * area))).transpose(*leading["final_stored_energy"].dims),
            atol=1e-12,
        )
        point = {"drive_amplitude": -1, "drive_period": -1}
        battery = paper_battery(
            amplitude=float(exact["drive_amplitude"][-1]),
            period=float(exact["drive_period"][-1]),
            pair_counting="unordered",
        )
        oracle = lab_frame(battery, [battery.drive.duration], tolerance=1e-10)
        for name in FINAL_METRICS:
            value = exact[f"final_{name}"].sel(pair_counting="unordered").isel(point)
            assert abs(float(value) - oracle[name][0]) < 1e-6
            assert float(tree[f"{group}/circuit"][f"final_{name}_stderr"].min()) > 0.0


def test_fig6_small() -> None:
    tree = transition(num_interactions=15, num_circuit_points=2, shots=300, seed=1)
    for counting, expected in (("ordered", 0.505), ("unordered", 1.0101)):
        found = tree[f"spectrum/{counting}"].attrs["ground_state_transition"]
        assert abs(found - expected) < 1e-3
    battery = paper_battery(interaction=2.0, pair_counting="unordered")
    fine = np.linspace(0.8, 1.0, 400) * PERIOD
    top = lab_frame(battery, fine, tolerance=1e-11)["stored_energy"].max()
    point = (
        tree["exact"].to_dataset().sel(num_qubits=10, pair_counting="unordered", interaction=2.0)
    )
    assert 0.0 <= float(point["maximum_stored_energy"]) - top < 1e-5
    assert (tree["circuit"]["maximum_stored_energy_stderr"] < 0.05).all()


@pytest.fixture(scope="module")
def fig7() -> xr.DataTree:
    return scaling(
        num_qubits=(1, 2, 5), wide_num_qubits=(100, 3000, 10**6), circuit_num_qubits=(2, 20),
        wide_circuit_num_qubits=(10**5,), shots=400, seed=1,
    )  # fmt: skip


def test_fig7_small(fig7) -> None:
    exact = fig7["exact"].to_dataset()
    fine = np.linspace(0.0, PERIOD, 800)
    for num_qubits, counting, interaction in ((5, "ordered", -30.0), (2, "unordered", 15.0)):
        battery = paper_battery(
            num_qubits=num_qubits, pair_counting=counting, interaction=interaction
        )
        oracle = lab_frame(battery, fine, tolerance=1e-10)
        point = exact.sel(num_qubits=num_qubits, pair_counting=counting, interaction=interaction)
        for name in SCALING_METRICS:
            excess = float(point[f"maximum_{name}"]) - oracle[name].max()
            assert -1e-6 < excess < 1e-4 * oracle[name].max(), name
    # One cell feels no interaction.
    single = exact["maximum_stored_energy"].sel(num_qubits=1)
    assert float(single.max() - single.min()) < 1e-6


def test_continuation_joins_the_figure_and_reaches_a_million(fig7) -> None:
    wide = fig7["wide"].to_dataset()
    inside = solve_scaling((100,)).sel(num_qubits=100)
    for name in SCALING_METRICS:
        np.testing.assert_allclose(
            wide[f"maximum_{name}"].sel(num_qubits=100), inside[f"maximum_{name}"], rtol=1e-5
        )
    million = wide.sel(num_qubits=10**6)
    assert float(million["maximum_stored_energy"].min()) > 0.0
    # Whatever the coupling, once N is large the spread is sqrt(N) times a number of its own.
    entropy = wide["maximum_diagonal_entropy"]
    slope = (entropy.sel(num_qubits=10**6) - entropy.sel(num_qubits=3000)) / math.log2(1e6 / 3000)
    np.testing.assert_allclose(slope, 0.5, atol=0.01)
    # g is the same for (ordered, 15) and (unordered, 30).
    for name in SCALING_METRICS[:3]:
        values = million[f"maximum_{name}"]
        twice = float(values.sel(pair_counting="ordered", interaction=15.0))
        once = float(values.sel(pair_counting="unordered", interaction=30.0))
        assert math.isclose(twice, once, rel_tol=1e-9)
    only = solve_wide((300,))
    assert only.sizes["num_qubits"] == 1


def test_entropy_of_a_million_cells_on_the_emulator(fig7) -> None:
    point = fig7["wide_circuit"].to_dataset().sel(num_qubits=10**5, interaction=1.0)
    exact = 9.3534  # bits, from the co-moving frame; log2 sqrt(pi e N/2) = 9.351
    # 5 sigma: a false alarm in 6e-7 of all seeds.
    error = float(point["maximum_diagonal_entropy_stderr"])
    assert 0.0 < error < 0.01
    assert abs(float(point["maximum_diagonal_entropy"]) - exact) < 5.0 * error


def test_every_node_follows_the_schema_and_survives_a_file(fig7, tmp_path) -> None:
    for node in fig7.children.values():
        validate_dataset(node.to_dataset())
    path = tmp_path / "fig7.nc"
    fig7.to_netcdf(path, engine="h5netcdf")
    with xr.open_datatree(path, engine="h5netcdf") as again:
        for name in fig7.children:
            xr.testing.assert_equal(again[name].to_dataset(), fig7[name].to_dataset())


def test_provenance_and_unknown_figures() -> None:
    tree = reproduce_figure("fig6", shots=10, seed=3, num_threads=1)
    assert tree.attrs["figure"] == "fig6"
    assert tree.attrs["shots"] == 10
    assert "rzqiskit_version" in tree.attrs
    assert FIGURES == ("fig2", "fig3", "fig4", "fig5", "fig6", "fig7")
    with pytest.raises(ValueError, match=r"`figure` must be .*'fig1'"):
        reproduce_figure("fig1")


@pytest.fixture
def nothing_solves(monkeypatch) -> None:
    def solve(*_, **__):
        raise AssertionError("solved first")

    for module in ("final_values", "maps", "scaling", "transition", "measurement"):
        monkeypatch.setattr(f"rzqiskit.reproduction.{module}.evolve_exact", solve)


@pytest.mark.usefixtures("nothing_solves")
@pytest.mark.parametrize("figure", FIGURES)
def test_bad_options_are_refused_at_once(figure) -> None:
    with pytest.raises(ValueError, match="`seed` must be a non-negative integer, got -1"):
        reproduce_figure(figure, seed=-1)
    with pytest.raises(TypeError, match=r"`shots` must be an integer, got 0\.5"):
        reproduce_figure(figure, shots=0.5)
    with pytest.raises(ValueError, match="`num_threads` must be a positive integer, got 0"):
        reproduce_figure(figure, num_threads=0)


@pytest.mark.usefixtures("nothing_solves")
@pytest.mark.parametrize("make", [amplitude_period_maps, final_value_cuts, scaling, transition])
def test_bad_seeds_are_refused_before_solving(make) -> None:
    with pytest.raises(ValueError, match="`seed` must be a non-negative integer, got -1"):
        make(seed=-1)


def test_bad_instances_are_refused() -> None:
    with pytest.raises(ValueError, match=r"`period` must be positive, got 0\.0"):
        full_charging_amplitude(0)
    with pytest.raises(ValueError, match="`n` must be a non-negative integer, got -1"):
        full_charging_amplitude(PERIOD, -1)
    with pytest.raises(ValueError, match="`num_samples` must be a positive integer, got 0"):
        sample_range((0.0, 1.0), 0)
    with pytest.raises(ValueError, match="`num_circuit_points` must be a positive integer, got 0"):
        amplitude_period_maps(num_circuit_points=0)
