"""`compare` on a small battery, with right, noisy and coarse circuits; joined reports."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest
import xarray as xr
from qiskit_aer.noise import NoiseModel, ReadoutError

from rzqiskit.comparison import compare, join_reports
from rzqiskit.drives import GaussianDrive, SineSquaredDrive
from rzqiskit.execution.sampling import make_aer_sampler
from rzqiskit.model import RosenZenerBattery
from rzqiskit.schema import METRICS, validate_dataset

PERIOD = 0.1 * np.pi
TIMES = np.linspace(0.0, PERIOD, 13)


def battery_of(amplitude: float = 40.0) -> RosenZenerBattery:
    return RosenZenerBattery(
        num_qubits=4, drive=SineSquaredDrive(amplitude, PERIOD), interaction=2.0
    )


@pytest.fixture(scope="module")
def report() -> xr.DataTree:
    return compare(battery_of(), TIMES, shots=2000, seed=3, circuit_stride=3)


def test_nodes_follow_the_schema(report: xr.DataTree) -> None:
    assert set(report.groups) == {
        "/", "/exact", "/analytic", "/analytic/leading", "/analytic/paper", "/trotter", "/circuit",
        "/deviation",
    }  # fmt: skip
    for path in ("exact", "analytic/leading", "analytic/paper", "trotter", "circuit"):
        data = validate_dataset(report[path].to_dataset())
        expected = TIMES[::3] if path in ("trotter", "circuit") else TIMES
        assert np.array_equal(data.time, expected)
        assert set(METRICS) <= set(data.data_vars)
    assert report.attrs["num_steps"] == 16
    assert report.attrs["seed"] == 3
    assert RosenZenerBattery.from_dict(json.loads(report.attrs["battery"])) == battery_of()


def test_solvers_agree_as_far_as_they_should(report: xr.DataTree) -> None:
    deviation = report["deviation"].to_dataset()
    assert deviation.comparison.values.tolist() == [
        "leading", "paper", "trotter", "shots", "circuit"
    ]  # fmt: skip
    assert deviation.consistent.sel(comparison=["shots", "circuit"]).values.tolist() == [1.0, 1.0]
    largest = deviation.largest_deviation.sel(metric="stored_energy")
    assert 1e-6 < largest.sel(comparison="trotter") < 1e-2
    assert 1e-2 < largest.sel(comparison="leading") < 0.2
    exact, circuit = report["exact"].to_dataset(), report["circuit"].to_dataset()
    difference = np.abs(circuit.stored_energy.values - exact.stored_energy.values[::3])
    assert largest.sel(comparison="circuit") == difference.max()


def test_same_seed_same_counts(report: xr.DataTree) -> None:
    again = compare(battery_of(), TIMES, shots=2000, seed=3, circuit_stride=3, methods=())
    other = compare(battery_of(), TIMES, shots=2000, seed=4, circuit_stride=3, methods=())
    assert again["circuit"].counts.equals(report["circuit"].counts)
    assert not other["circuit"].counts.equals(report["circuit"].counts)
    assert "analytic" not in again.children


def test_noisy_readout_is_rejected_but_the_trotter_row_is_not_touched(report) -> None:
    noise = NoiseModel()
    noise.add_all_qubit_readout_error(ReadoutError([[0.98, 0.02], [0.02, 0.98]]))
    sampler = make_aer_sampler(seed=5, noise_model=noise)
    noisy = compare(battery_of(), TIMES, shots=2000, sampler=sampler, circuit_stride=3)
    deviation = noisy["deviation"].to_dataset()
    assert deviation.consistent.sel(comparison=["shots", "circuit"]).values.tolist() == [0.0, 0.0]
    assert deviation.counts_p_value.sel(comparison="circuit") < 1e-6
    same = report["deviation"].to_dataset().largest_deviation.sel(comparison="trotter")
    assert deviation.largest_deviation.sel(comparison="trotter").equals(same)


def test_coarse_steps_are_rejected_by_the_exact_solver_only() -> None:
    coarse = compare(battery_of(), TIMES, shots=20_000, num_steps=1, seed=5, circuit_stride=3)
    consistent = coarse["deviation"].to_dataset().consistent
    assert consistent.sel(comparison="shots") == 1.0
    assert consistent.sel(comparison="circuit") == 0.0


def test_without_shots() -> None:
    stages: list[str] = []
    report = compare(
        battery_of(), TIMES, shots=None, methods=["leading"], circuit_stride=6,
        on_stage=stages.append,
    )  # fmt: skip
    assert stages == ["exact", "analytic/leading", "circuit", "deviation"]
    assert "trotter" not in report.children
    assert "counts" not in report["circuit"]
    assert report["deviation"].comparison.values.tolist() == ["leading", "circuit"]


def test_any_pulse_has_its_closed_forms() -> None:
    battery = RosenZenerBattery(
        num_qubits=3, drive=GaussianDrive(10.0, 0.15, 0.05, 0.3), interaction=2.0
    )
    report = compare(battery, TIMES, shots=None, circuit_stride=6)
    assert list(report["analytic"].children) == ["leading"]
    assert list(compare(battery_of(), TIMES, shots=None)["analytic"].children) == [
        "leading", "paper",
    ]  # fmt: skip


def test_bad_input() -> None:
    wide = dataclasses.replace(battery_of(), num_qubits=5000)
    with pytest.raises(ValueError, match="`num_qubits` must be at most 4096 to compare popul"):
        compare(wide, TIMES)
    with pytest.raises(TypeError, match="`battery` must be a RosenZenerBattery, got str"):
        compare("battery", TIMES)
    with pytest.raises(ValueError, match="`circuit_stride` must be a positive integer, got 0"):
        compare(battery_of(), TIMES, circuit_stride=0)
    with pytest.raises(TypeError, match="`methods` must be a sequence of names, got 'leading'"):
        compare(battery_of(), TIMES, methods="leading")
    with pytest.raises(ValueError, match="`shots` must be a positive integer, got 0"):
        compare(battery_of(), TIMES, shots=0)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"significance": 2}, ValueError, "`significance` must be below 1, got 2"),
        ({"significance": "low"}, TypeError, "`significance` must be a real number, got 'low'"),
        ({"sampler": "aer"}, TypeError, "`sampler` must be a BaseSamplerV2, got str"),
        ({"sampler": make_aer_sampler(), "seed": 1}, ValueError, "`seed` must be None with a samp"),
        ({"sampler": make_aer_sampler(), "shots": None}, ValueError, "`sampler` must be None with"),
        ({"shots": None, "seed": 1}, ValueError, "`seed` must be None without shots"),
        ({"order": 3}, ValueError, "`order` must be one of 1, 2, 4, 6, got 3"),
        ({"frame": "nope"}, ValueError, "`frame` must be one of 'mean-field', .*, got 'nope'"),
        ({"num_steps": 0}, ValueError, "`num_steps` must be a positive integer, got 0"),
        ({"spacing": "odd"}, ValueError, "`spacing` must be one of 'time', 'area', got 'odd'"),
        ({"methods": ["nope"]}, ValueError, "`method` must be one of 'leading', .*, got 'nope'"),
        ({"methods": 3}, TypeError, "`methods` must be a sequence of names, got 3"),
    ],
)
def test_refused_before_anything_is_solved(options, error, message) -> None:
    stages: list[str] = []
    with pytest.raises(error, match=message):
        compare(battery_of(), TIMES, on_stage=stages.append, **options)
    assert stages == []


def test_join_keeps_every_number_and_battery(report: xr.DataTree) -> None:
    weak = compare(battery_of(20.0), TIMES, shots=2000, seed=3, circuit_stride=3)
    joined = join_reports({20.0: weak, 40.0: report})
    assert set(joined.groups) == set(report.groups)
    for path in ("exact", "analytic/paper", "circuit", "deviation"):
        data = joined[path].to_dataset()
        for amplitude, single in ((20.0, weak), (40.0, report)):
            picked = data.sel(drive_amplitude=amplitude)
            xr.testing.assert_equal(
                picked.drop_vars(["drive_amplitude", "battery"], errors="ignore"),
                single[path].to_dataset(),
            )
            assert json.loads(picked.battery.item()) == battery_of(amplitude).to_dict()
    assert joined["exact"].stored_energy.attrs["symbol"] == "E"
    assert joined["exact"].attrs["solver"] == report["exact"].attrs["solver"]


def test_joined_reports_survive_a_file(report: xr.DataTree, tmp_path) -> None:
    joined = join_reports({40.0: report})
    joined.to_netcdf(tmp_path / "report.nc", engine="h5netcdf")
    with xr.open_datatree(tmp_path / "report.nc", engine="h5netcdf") as read:
        xr.testing.assert_identical(read.load(), joined)


def test_join_refuses_unlike_reports(report: xr.DataTree) -> None:
    with pytest.raises(ValueError, match="`reports` must hold at least one report"):
        join_reports({})
    with pytest.raises(TypeError, match="`reports` must be a mapping of values to reports, got li"):
        join_reports([report])
    with pytest.raises(TypeError, match="`reports` must hold DataTrees, got Dataset"):
        join_reports({1.0: report["exact"].to_dataset()})
    with pytest.raises(ValueError, match="`reports` must all have the same nodes"):
        join_reports({1.0: report, 2.0: xr.DataTree.from_dict({"exact": xr.Dataset()})})
    late = compare(battery_of(), TIMES * 0.5, shots=2000, seed=3, circuit_stride=3)
    with pytest.raises(ValueError, match="same times and numbers of cells in `/exact`"):
        join_reports({1.0: report, 2.0: late})
