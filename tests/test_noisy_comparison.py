"""Exact, ideal and noisy circuits side by side, with the plan's budget."""

import importlib.metadata
import json

import numpy as np
import pytest
import xarray as xr
from qiskit_ibm_runtime.fake_provider import FakeManilaV2

import rzqiskit as rz
from rzqiskit.charging import run_charging
from rzqiskit.execution.noise import NoisySampler
from rzqiskit.execution.runtime.devices import find_fake_device
from rzqiskit.execution.scaled_noise import ScaledDevice
from rzqiskit.mitigation import (
    estimate_readout_errors,
    extrapolate_guided_metrics,
    mitigate_metrics,
)
from rzqiskit.noisy_comparison import BUDGET_TERMS, compare_on_device
from rzqiskit.noisy_comparison.deviations import summarize_deviations
from rzqiskit.planning import plan
from rzqiskit.schema import METRICS, validate_dataset

BATTERY = rz.RosenZenerBattery(
    num_qubits=5, drive=rz.SineSquaredDrive(20.0, 0.1 * np.pi), interaction=2.0
)
TIMES = np.linspace(0.0, 0.1 * np.pi, 5)
SHOTS = 4096


@pytest.fixture(scope="module")
def backend():
    return find_fake_device("fake_torino")


@pytest.fixture(scope="module")
def report(backend):
    return compare_on_device(BATTERY, TIMES, backend, shots=SHOTS, seed=3)


def test_nodes_follow_the_schema(report):
    assert set(report.children) == {
        "exact", "trotter", "raw", "readout", "guided", "calibration", "budget",
    }  # fmt: skip
    for name in ("exact", "trotter", "raw", "readout", "guided"):
        validate_dataset(report[name].to_dataset())
    assert "diagonal_entropy" not in report["guided"]
    assert "diagonal_entropy_stderr" in report["readout"]


def test_measured_deviations_are_those_of_the_nodes(report):
    exact = rz.evolve_exact(BATTERY, TIMES)
    for metric in METRICS:
        for node in ("trotter", "raw", "readout", "guided"):
            told = float(report["budget"].measured.sel(metric=metric, node=node))
            if metric in report[node]:
                found = float(abs(report[node][metric].values - exact[metric].values).max())
                assert told == pytest.approx(found, rel=1e-6)
            else:
                assert np.isnan(told)


def test_the_formula_and_the_budget_are_the_plans(report, backend):
    chosen = plan(BATTERY, target_error=0.01, times=TIMES, backend=backend, shots=SHOTS)
    attrs = report.attrs
    assert (attrs["num_steps"], attrs["order"], attrs["frame"]) == (
        chosen.num_steps, chosen.order, chosen.frame,
    )  # fmt: skip
    for metric in ("stored_energy", "energy_fluctuation", "diagonal_entropy"):
        planned = dict(
            zip(BUDGET_TERMS, report["budget"].planned.sel(metric=metric).values, strict=True)
        )
        # On the qubits that were measured: 5 standard errors, and what a prediction may miss.
        measured = float(report["budget"].measured.sel(metric=metric, node="raw"))
        assert abs(measured - planned["bias"]) < 5 * planned["shot_error"] + 0.05 * measured
    assert report["budget"].planned.sel(metric="average_power").isnull().all()


def test_the_plan_is_right_about_the_raw_circuits(report):
    """Noise predicted from the calibration alone, within its own size of the measured."""
    budget = report["budget"]
    for metric in ("stored_energy", "energy_fluctuation", "diagonal_entropy"):
        row = budget.sel(metric=metric)
        planned = float(row.planned.sel(term="bias"))
        measured = float(row.measured.sel(node="raw"))
        assert planned / 2 < measured < 2 * planned
        formula = float(row.planned.sel(term="trotter_error"))
        assert formula == pytest.approx(float(row.measured.sel(node="trotter")), rel=1e-5)


def test_raw_is_what_a_noisy_sampler_measures(report, backend):
    """5 sigma of two independent runs, 10 comparisons: false alarm below 1e-5."""
    attrs = report.attrs
    other = run_charging(
        BATTERY, TIMES, sampler=NoisySampler(backend, seed=8), backend=backend, shots=SHOTS,
        num_steps=attrs["num_steps"], order=attrs["order"], frame=attrs["frame"],
    )  # fmt: skip
    for metric in ("stored_energy", "instantaneous_power"):
        error = np.hypot(report["raw"][f"{metric}_stderr"], other[f"{metric}_stderr"])
        difference = abs(report["raw"][metric] - other[metric])
        assert (difference.values <= 5 * error.values + 1e-9).all()


def test_nothing_to_extrapolate_without_entangling_gates(report):
    """The plan has one slice here: its Z circuits have no pair layer, its Y circuits one."""
    for metric in ("stored_energy", "energy_fluctuation"):
        for name in (metric, f"{metric}_stderr"):
            np.testing.assert_array_equal(report["guided"][name], report["readout"][name])
    late = slice(2, None)
    power = "instantaneous_power"
    assert (report["guided"][power][late] != report["readout"][power][late]).all()
    # Not misled by Z circuits without noise: 4 of its own error bars.
    pull = abs(report["guided"][power] - report["trotter"][power])
    assert (pull <= 4 * report["guided"][f"{power}_stderr"] + 1e-9).all()


@pytest.fixture(scope="module")
def folded(backend):
    return compare_on_device(
        BATTERY, TIMES, backend, shots=SHOTS, num_steps=2, order=2, frame="mean-field", seed=3
    )


def test_each_mitigation_helps_at_a_price(folded):
    measured = folded["budget"].measured.sel(metric="stored_energy")
    assert float(measured.sel(node="readout")) < 0.8 * float(measured.sel(node="raw"))
    assert float(measured.sel(node="guided")) < 0.4 * float(measured.sel(node="raw"))
    errors = [folded[node].stored_energy_stderr.mean() for node in ("raw", "readout", "guided")]
    assert errors[0] < errors[1] < errors[2]


def test_guided_extrapolation_is_the_ideal_circuit_within_its_errors(folded):
    """5 standard errors at 4 times, three metrics; P_I's model error allows for a little more."""
    for metric in ("stored_energy", "energy_fluctuation", "instantaneous_power"):
        pull = folded["guided"][metric] - folded["trotter"][metric]
        pull = abs(pull.values[1:]) / (folded["guided"][f"{metric}_stderr"].values[1:] + 1e-9)
        assert pull.max() < 5.0
        raw = abs(folded["raw"][metric] - folded["trotter"][metric]).values[1:]
        assert (raw / folded["raw"][f"{metric}_stderr"].values[1:]).max() > 8.0


def test_a_formula_of_ones_own(backend):
    report = compare_on_device(
        BATTERY, TIMES[1:3], backend, shots=100, num_steps=2, order=2, frame="drive", seed=1
    )
    assert (report.attrs["num_steps"], report.attrs["frame"]) == (2, "drive")


SMALL = rz.RosenZenerBattery(num_qubits=3, drive=rz.SineSquaredDrive(20.0, 0.3), interaction=2.0)


def test_a_lost_guide_is_not_the_best_method():
    """Six times the errors of the device: no J^2 is left to guide, so nothing is known."""
    noisy = ScaledDevice(FakeManilaV2(), 6.0)
    report = compare_on_device(
        SMALL, [0.2, 0.3], noisy, shots=100, num_steps=8, order=2, frame="mean-field", seed=3
    )
    assert report["guided"].stored_energy.isnull().all()
    budget = report["budget"].sel(metric="stored_energy")
    assert np.isnan(budget.measured.sel(node="guided"))
    assert budget.num_lost.sel(node=["raw", "readout", "guided"]).values.tolist() == [0, 0, 2]
    # What a node never holds is not lost to it.
    entropy = report["budget"].sel(metric="diagonal_entropy", node="guided")
    assert (np.isnan(entropy.measured), entropy.num_lost) == (True, 0)


def test_a_readout_that_tells_nothing_leaves_the_raw_data():
    """At fifteen times the errors a cell is read as often as 1 whatever it holds."""
    report = compare_on_device(
        SMALL, [0.2, 0.3], ScaledDevice(FakeManilaV2(), 15.0), shots=100, num_steps=1, order=2,
        frame="mean-field", seed=3,
    )  # fmt: skip
    assert np.isfinite(report["raw"].stored_energy).all()
    assert (report["raw"].counts.sum("excitations") == 100).all()
    for name in ("readout", "guided"):
        assert report[name].stored_energy.isnull().all()
    budget = report["budget"].sel(metric="stored_energy", node=["raw", "readout", "guided"])
    assert budget.num_lost.values.tolist() == [0, 2, 2]


def test_deviations_of_the_times_that_are_left():
    """At t = 0 no gate disturbs anything."""
    noisy = ScaledDevice(FakeManilaV2(), 6.0)
    report = compare_on_device(
        SMALL, [0.0, 0.3], noisy, shots=100, num_steps=8, order=2, frame="mean-field", seed=3
    )
    guided = report["guided"].stored_energy.values
    assert np.isfinite(guided).tolist() == [True, False]
    budget = report["budget"].sel(metric="stored_energy", node="guided")
    assert budget.num_lost == 1
    assert budget.measured == abs(guided[0] - report["exact"].stored_energy.values[0])


def test_a_single_cell_has_no_guide(backend):
    """No circuit has an entangling gate: readout errors are all that there is to undo."""
    single = rz.RosenZenerBattery(num_qubits=1, drive=SMALL.drive, interaction=2.0)
    report = compare_on_device(single, [0.1, 0.3], backend, shots=500, seed=3)
    guided, readout = report["guided"].to_dataset(), report["readout"].to_dataset()
    names = {"stored_energy", "average_power", "energy_fluctuation", "instantaneous_power"}
    assert {name for name in guided if not name.endswith("_stderr")} >= names
    for name in names:
        for variable in (name, f"{name}_stderr"):
            np.testing.assert_array_equal(guided[variable], readout[variable])
    assert "diagonal_entropy" not in guided
    # 5 sigma of 2 points: a false alarm in 1e-6 of all seeds.
    off = abs(guided.stored_energy - report["exact"].stored_energy)
    assert (off.values < 5 * guided.stored_energy_stderr.values).all()
    assert report["budget"].num_lost.sum() == 0
    folded = report["raw"].folded_counts.sum("excitations")
    assert folded.sel(noise_factor=1.0).values.tolist() == [500, 500]
    assert (folded.sel(noise_factor=[3.0, 5.0]) == 0).all()  # nothing could be folded


def test_everything_follows_from_the_counts_that_are_kept(folded):
    """The estimates of a reader of the tree, who has neither circuits nor sampler."""
    raw, calibration = folded["raw"].to_dataset(), folded["calibration"].to_dataset()
    for name in ("readout", "guided"):
        for variable in raw:
            if "counts" in variable or variable == "shots":
                assert raw[variable].equals(folded[name][variable])
    weights = np.arange(BATTERY.num_qubits + 1)
    np.testing.assert_allclose(raw.stored_energy, raw.counts.values @ weights / SHOTS, rtol=1e-12)
    assert (raw.folded_counts_x.sum("excitations") == SHOTS).all()
    assert raw.noise_factor.values.tolist() == [1.0, 3.0, 5.0]
    for suffix in ("", "_y", "_x"):
        first = raw[f"folded_counts{suffix}"].sel(noise_factor=1.0, drop=True)
        np.testing.assert_array_equal(first, raw[f"counts{suffix}"])
    shots = folded.attrs["calibration_shots"]
    readout = estimate_readout_errors(
        calibration.readout_zeros.values, calibration.readout_ones.values,
        shots_of_zeros=shots, shots_of_ones=shots,
    )  # fmt: skip
    arguments = {
        "level_splitting": 1.0, "times": TIMES, "drive_values": BATTERY.drive.value(TIMES),
    }  # fmt: skip
    found = {
        "readout": mitigate_metrics(
            raw.counts.values, readout, counts_y=raw.counts_y.values, **arguments
        ),
        "guided": extrapolate_guided_metrics(
            calibration.guide_counts.values,
            counts_x=raw.folded_counts_x.values,
            counts_y=raw.folded_counts_y.values,
            readout=readout,
            **arguments,
        ),
    }
    for node, estimates in found.items():
        for name, (values, stderr) in estimates.items():
            # At t = 0 nothing is extrapolated.
            for variable, expected in ((name, values), (f"{name}_stderr", stderr)):
                kept = folded[node][variable].values
                np.testing.assert_allclose(kept[1:], expected[1:], rtol=1e-9)


def test_where_it_comes_from(folded, report):
    attrs = folded["raw"].attrs
    assert (attrs["seed"], attrs["shots"], attrs["calibration_shots"]) == (3, SHOTS, 4 * SHOTS)
    for package in ("qiskit", "qiskit-aer"):
        version = importlib.metadata.version(package)
        assert attrs[f"{package.replace('-', '_')}_version"] == version
    assert attrs["backend"] == "fake_torino"
    assert attrs["calibration_time"].startswith("202")
    read = folded["calibration"].qubit.values.tolist()
    assert sorted(read) == sorted(json.loads(attrs["line"]))
    for name, value in folded.attrs.items():
        assert folded["budget"].attrs[name] == folded["guided"].attrs[name] == value


def test_a_tree_survives_a_file(folded, tmp_path):
    folded.to_netcdf(tmp_path / "report.nc", engine="h5netcdf")
    with xr.open_datatree(tmp_path / "report.nc", engine="h5netcdf") as read:
        xr.testing.assert_identical(read.load(), folded)


def test_largest_deviation_has_the_error_of_its_point(folded):
    exact = folded["exact"].to_dataset()
    budget = folded["budget"].to_dataset()
    for node in ("raw", "readout", "guided"):
        for metric in ("stored_energy", "energy_fluctuation", "instantaneous_power"):
            deviation = abs(folded[node][metric].values - exact[metric].values)
            told = budget.sel(metric=metric, node=node)
            error = folded[node][f"{metric}_stderr"].values[np.argmax(deviation)]
            assert told.measured_stderr == pytest.approx(float(error), rel=1e-9)
    ideal = budget.sel(node="trotter")
    assert (ideal.measured_stderr == 0.0).all()
    assert (ideal.rms_deviation_stderr == 0.0).all()
    expected = [
        np.sqrt(np.mean((folded["trotter"][name].values - exact[name].values) ** 2))
        for name in METRICS
    ]
    np.testing.assert_allclose(ideal.rms_deviation, expected, rtol=1e-12)


@pytest.mark.parametrize("scale", [0.0, 0.3, 1.0, 10.0])
def test_rms_deviation_has_no_bias_of_the_noise_and_an_honest_error(scale):
    """Drawn deviations of unlike errors. 4000 draws: a mean is known to 0.016 of its scatter."""
    rng = np.random.default_rng(61)
    stderr = np.array([0.1, 0.2, 0.15, 0.3, 0.2, 0.1, 0.25, 0.2])
    true = scale * np.array([0.3, -0.1, 0.2, 0.4, -0.3, 0.0, 0.1, 0.2])
    drawn = [
        summarize_deviations(true + stderr * rng.standard_normal(stderr.size), stderr)
        for _ in range(4000)
    ]
    rms, error, largest = (
        np.array([told[name] for told in drawn])
        for name in ("rms_deviation", "rms_deviation_stderr", "measured")
    )
    truth = np.sqrt(np.mean(true**2))
    assert (error > 0.0).all()
    assert np.mean(np.abs(rms - truth) < error) > 0.6
    assert np.mean(np.abs(rms - truth) < 2.0 * error) > 0.9
    if scale >= 1.0:
        assert abs(rms.mean() - truth) < 0.3 * rms.std()  # a root is low
        assert 0.8 < rms.std() / np.sqrt(np.mean(error**2)) < 1.2
    if scale <= 1.0:
        assert largest.mean() - np.abs(true).max() > 0.05  # what the largest of them cannot help


def test_nothing_known_is_told_as_nothing():
    assert summarize_deviations(np.full(3, np.nan), np.full(3, np.nan)) == {"num_lost": 3}


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"shots": 0}, ValueError, "`shots` must be a positive integer, got 0"),
        ({"seed": -1}, ValueError, "`seed` must be a non-negative integer, got -1"),
        ({"frame": "nope"}, ValueError, "`frame` must be one of 'mean-field', .*, got 'nope'"),
        ({"order": 3}, ValueError, "`order` must be one of 1, 2, 4, 6, got 3"),
        ({"num_steps": 0}, ValueError, "`num_steps` must be a positive integer, got 0"),
        ({"backend": "fake_torino"}, TypeError, "`backend` must have a target, got str"),
        ({"battery": "nope"}, TypeError, "`battery` must be a RosenZenerBattery, got str"),
    ],
)
def test_refused_before_anything_is_solved(monkeypatch, backend, arguments, error, message):
    def solve(*_, **__):
        raise AssertionError("solved first")

    # Where planning, too, starts.
    monkeypatch.setattr("rzqiskit.exact.evolve_exact", solve)
    given = {"battery": BATTERY, "times": TIMES, "backend": backend} | arguments
    with pytest.raises(error, match=message):
        compare_on_device(**given)
