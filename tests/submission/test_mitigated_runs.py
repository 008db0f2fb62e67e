"""Runs with folded and X-basis circuits: what is sent, and what comes back mitigated."""

import numpy as np
import pytest
import xarray as xr

import rzqiskit as rz
from rzqiskit.execution.jobs import reopen_device
from rzqiskit.execution.run_folder import RunFolder
from rzqiskit.mitigation import (
    estimate_readout_errors,
    extrapolate_guided_metrics,
    extrapolate_metrics,
)
from rzqiskit.schema import validate_dataset
from rzqiskit.submission import (
    collect_all_mitigations,
    collect_charging,
    describe_jobs,
    estimate_submission,
    submit_charging,
)

N = 6
BATTERY = rz.RosenZenerBattery(
    num_qubits=N, drive=rz.SineSquaredDrive(20.0, 0.1 * np.pi), interaction=2.0
)
TIMES = np.array([0.0, 0.1, 0.2, 0.28])
SHOTS = 4096
FACTORS = (1, 3, 5)
SETTINGS = {"num_steps": 2, "noise_factors": FACTORS, "total_spin": True, "shots": SHOTS}
EXTRAPOLATED = {"stored_energy", "average_power", "energy_fluctuation", "instantaneous_power"}


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    return submit_charging(
        BATTERY, TIMES, "local:FakeTorino", seed=5, max_circuits_per_job=12,
        folder=tmp_path_factory.mktemp("runs") / "run", **SETTINGS,
    )  # fmt: skip


@pytest.fixture(scope="module")
def tree(finished):
    return collect_all_mitigations(finished)


@pytest.fixture(scope="module")
def exact():
    return rz.evolve_exact(BATTERY, TIMES)


def test_what_was_sent(finished):
    """At t = 0 nothing entangles: nine circuits at three times, three at one, a calibration."""
    run = RunFolder(finished)
    roles = run.record["purpose"]["circuits"]
    circuits = run.circuits()
    assert len(circuits) == len(roles) == 3 * (3 * 3 + 1) + 2
    assert describe_jobs(finished)[-1].endswith("X, 2 calibration; noise 1, 3, 5")
    layouts = {tuple(sorted(entry)) for entry in run.record["layout"]}
    assert len(layouts) == 1  # J^2 of one set of qubits
    plain = {}
    for (kind, index, factor, shown), circuit, layout in zip(
        roles, circuits, run.record["layout"], strict=True
    ):
        if index is None:
            continue
        number = circuit.count_ops().get("cz", 0)
        assert circuit.name == f"charging_{kind}_{index}"
        if factor == 1:
            plain[kind, index] = number, layout
            assert (number == 0) == (index == 0)
        assert shown == factor
        assert number == factor * plain[kind, index][0]
        assert layout == plain[kind, index][1]  # bit by bit


def test_the_estimate_is_what_is_sent(finished):
    estimate = estimate_submission(
        BATTERY, TIMES, "local:FakeTorino", max_circuits_per_job=12, **SETTINGS
    )
    run = RunFolder(finished)
    assert (estimate.num_circuits, estimate.num_jobs) == (32, len(run.batches)) == (32, 3)
    assert estimate.contents == "10 Z, 10 Y, 10 X, 2 calibration; noise 1, 3, 5"
    joint = [circuit.count_ops().get("cz", 0) for circuit in run.circuits()]
    assert estimate.largest_num_two_qubit_gates == max(joint)


def test_the_datasets_follow_the_schema(finished, tree, tmp_path):
    assert list(tree.children) == ["raw", "readout", "zero_noise", "guided"]
    for name, node in tree.children.items():
        data = validate_dataset(node.to_dataset())
        assert data.attrs["complete"] == 1
        assert data.counts.sum("excitations").values.tolist() == [SHOTS] * 4
        for basis in ("", "_x", "_y"):
            folded = data[f"folded_counts{basis}"]
            assert folded.dims == ("noise_factor", "time", "excitations")
            np.testing.assert_array_equal(folded.sel(noise_factor=1), data[f"counts{basis}"])
            # what is there once is not made to look like three measurements
            shots = folded.sum("excitations").values
            assert shots[:, 0].tolist() == [SHOTS, 0, 0]
            assert (shots[:, 1:] == SHOTS).all()
            np.testing.assert_array_equal(folded, tree["raw"][f"folded_counts{basis}"])
        metrics = EXTRAPOLATED & set(data)
        assert metrics == EXTRAPOLATED
        assert (
            ("diagonal_entropy" in data) == ("population" in data) == (name in ("raw", "readout"))
        )
        for metric in metrics:
            assert np.isfinite(data[metric]).all()
            assert np.isfinite(data[f"maximum_{metric}_stderr"])
    single = collect_charging(finished, mitigation="guided")
    assert single.identical(tree["guided"].to_dataset())
    tree.to_netcdf(tmp_path / "all.nc", engine="h5netcdf")
    with xr.open_datatree(tmp_path / "all.nc", engine="h5netcdf") as stored:
        assert stored.identical(tree)


def test_the_spin_witnesses_the_noise(tree):
    ideal = N / 2 * (N / 2 + 1)
    raw, readout = tree["raw"], tree["readout"]
    # At t = 0 nothing but readout errs: undone, nothing is missing (5 sigma, false alarm 6e-7).
    assert raw.total_spin_squared[0] < ideal - 5 * raw.total_spin_squared_stderr[0]
    assert abs(readout.total_spin_squared[0] - ideal) < 5 * readout.total_spin_squared_stderr[0]
    assert (readout.total_spin_squared[1:] < ideal - 0.2).all()
    assert (readout.total_spin_squared > raw.total_spin_squared).all()
    for name in ("zero_noise", "guided"):  # not extrapolated: it tells of the circuits as they are
        np.testing.assert_array_equal(tree[name].total_spin_squared, readout.total_spin_squared)


def test_mitigation_brings_the_energy_closer(tree, exact):
    error = {
        name: np.abs(node.stored_energy - exact.stored_energy).values
        for name, node in tree.children.items()
    }
    mean = {name: values[1:].mean() for name, values in error.items()}
    assert mean["readout"] < 0.9 * mean["raw"]
    assert mean["zero_noise"] < 0.5 * mean["readout"]
    assert mean["guided"] < 0.4 * mean["raw"]
    # Honest: guided within 4 of its error bars (the formula's own error is a tenth of one).
    assert (error["guided"] < 4 * tree["guided"].stored_energy_stderr).all()
    for metric in ("stored_energy", "energy_fluctuation", "instantaneous_power"):
        spread = [tree[name][f"{metric}_stderr"][1:3].mean() for name in tree.children]
        assert (np.diff(spread) > 0).all(), metric  # each step is paid for
    # Without gates to fold there is nothing to extrapolate.
    assert float(tree["guided"].stored_energy[0]) == pytest.approx(
        float(tree["readout"].stored_energy[0]), abs=1e-12
    )


def calibration(run):
    """Readout errors from the folder's own last two circuits, counted bit by bit."""
    ones = [
        [sum(n for outcome, n in seen.items() if outcome & 1 << bit) for bit in range(N)]
        for seen in run.counts()[-2:]
    ]
    shots = run.record["shots"]
    return estimate_readout_errors(*ones, shots_of_zeros=shots, shots_of_ones=shots)


def test_the_right_counts_go_into_the_fit(finished, tree):
    readout = calibration(RunFolder(finished))
    raw = tree["raw"].isel(time=slice(1, None))
    z, y, x = (raw[f"folded_counts{basis}"].values for basis in ("", "_y", "_x"))
    known = {
        "level_splitting": 1.0, "times": TIMES[1:], "counts_y": y,
        "drive_values": np.asarray(BATTERY.drive.value(TIMES[1:])), "readout": readout,
    }  # fmt: skip
    by_hand = {
        "zero_noise": extrapolate_metrics(FACTORS, z, method="exponential", **known),
        "guided": extrapolate_guided_metrics(z, counts_x=x, **known),
    }
    for name, metrics in by_hand.items():
        for metric, (value, error) in metrics.items():
            np.testing.assert_allclose(tree[name][metric][1:], value, rtol=1e-5, atol=1e-9)
            np.testing.assert_allclose(
                tree[name][f"{metric}_stderr"][1:], error, rtol=1e-5, atol=1e-9
            )
    linear = collect_charging(finished, mitigation="zero_noise", extrapolation="linear")
    value, _ = extrapolate_metrics(FACTORS, z, method="linear", **known)["stored_energy"]
    np.testing.assert_allclose(linear.stored_energy[1:], value, rtol=1e-5)
    assert linear.attrs["extrapolation"] == "linear"


def test_mthree_undoes_the_readout_of_every_method(finished, tree):
    for name in ("readout", "zero_noise", "guided"):
        data = collect_charging(finished, mitigation=name, readout_method="mthree")
        assert data.attrs["readout_method"] == "mthree"
        ours = tree[name]
        for metric in ("stored_energy", "instantaneous_power", "energy_fluctuation"):
            error = ours[f"{metric}_stderr"]
            # the same shots: apart by less than the error of either
            assert (abs(data[metric] - ours[metric]) <= 0.5 * error).all(), (name, metric)
            np.testing.assert_allclose(data[f"{metric}_stderr"], error, rtol=0.15, atol=1e-12)
        assert not np.array_equal(data.stored_energy, ours.stored_energy)
        np.testing.assert_array_equal(data.counts, ours.counts)


def test_what_is_missing_is_missing(tmp_path):
    """Nothing is extrapolated from a part of its circuits; the rest is there meanwhile."""
    battery = rz.RosenZenerBattery(num_qubits=3, drive=BATTERY.drive, interaction=2.0)
    folder = submit_charging(
        battery, [0.1, 0.2], "local:FakeManilaV2", num_steps=2, shots=200, seed=1,
        noise_factors=(1, 3), folder=tmp_path / "run", max_circuits_per_job=4,
    )  # fmt: skip
    run = RunFolder(folder)
    assert describe_jobs(folder) == [
        "4 Z; noise 1, 3", "3 Y; noise 1, 3", "1 Y, 2 calibration; noise 1, 3",
    ]  # fmt: skip
    service = reopen_device(run).service
    service.pause()
    collect_charging(folder)
    service.cancel(run.attempts(run.batches[1])[0].job_id)
    service.resume()
    part = collect_all_mitigations(folder)
    assert part.attrs["complete"] == 0
    assert np.isfinite(part["zero_noise"].stored_energy).all()
    assert part["zero_noise"].instantaneous_power.isnull().all()
    assert np.isnan(part["zero_noise"].maximum_stored_energy)
    whole = collect_all_mitigations(folder, resubmit=True)
    assert whole.attrs["complete"] == 1
    np.testing.assert_array_equal(
        whole["zero_noise"].stored_energy, part["zero_noise"].stored_energy
    )
    assert np.isfinite(whole["zero_noise"].instantaneous_power).all()
    assert collect_all_mitigations(folder).identical(whole)
    with pytest.raises(ValueError, match=r"'none', 'readout' or 'zero_noise' .*total_spin=True"):
        collect_charging(folder, mitigation="guided")


def test_methods_that_do_not_go_together(finished):
    with pytest.raises(ValueError, match="`readout_method` must be left out without mitigation"):
        collect_charging(finished, readout_method="mthree")
    with pytest.raises(ValueError, match="`readout_method` must be one of 'inversion', 'mthree'"):
        collect_charging(finished, mitigation="readout", readout_method="magic")
    with pytest.raises(ValueError, match="`extrapolation` must be one of 'exponential', 'linear'"):
        collect_charging(finished, mitigation="guided", extrapolation="magic")


def test_the_guide_has_a_curve_of_its_own(finished):
    with pytest.raises(ValueError, match="must be 'exponential' when guided, got 'linear'"):
        collect_charging(finished, mitigation="guided", extrapolation="linear")
