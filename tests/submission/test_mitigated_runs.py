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


def _calibration(run, num_qubits=N):
    """Readout errors from the folder's own last two circuits, counted bit by bit."""
    ones = [
        [sum(n for outcome, n in seen.items() if outcome & 1 << bit) for bit in range(num_qubits)]
        for seen in run.counts()[-2:]
    ]
    shots = run.record["shots"]
    return estimate_readout_errors(*ones, shots_of_zeros=shots, shots_of_ones=shots)


def test_the_right_counts_go_into_the_fit(finished, tree):
    readout = _calibration(RunFolder(finished))
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


def test_a_guide_that_is_lost(tmp_path):
    """At 81 times the noise nothing is left of J^2: the other factors still extrapolate."""
    battery = rz.RosenZenerBattery(num_qubits=4, drive=BATTERY.drive, interaction=2.0)
    known = {"shots": 1000, "seed": 1, "total_spin": True}
    folder = submit_charging(
        battery, [0.1, 0.2], "local:FakeSherbrooke", num_steps=3, noise_factors=(1, 3, 81),
        folder=tmp_path / "run", **known,
    )  # fmt: skip
    data = collect_charging(folder, mitigation="guided")
    ideal = rz.evolve_exact(battery, [0.1, 0.2])
    # 5 of its own error bars
    assert (abs(data.stored_energy - ideal.stored_energy) < 5 * data.stored_energy_stderr).all()
    # Where nothing is left without amplification, nothing is made up.
    deep = submit_charging(
        battery, [0.0, 0.2], "local:FakeSherbrooke", num_steps=150, noise_factors=(1, 3),
        folder=tmp_path / "deep", **known,
    )  # fmt: skip
    gone = collect_charging(deep, mitigation="guided")
    assert gone.attrs["complete"] == 1
    assert np.isfinite(gone.stored_energy).values.tolist() == [True, False]
    assert np.isnan(gone.maximum_stored_energy)
    assert np.isfinite(collect_charging(deep, mitigation="readout").maximum_stored_energy)


def test_the_guide_needs_no_folded_circuits(tmp_path):
    folder = submit_charging(
        BATTERY, TIMES[1:], "local:FakeTorino", num_steps=2, shots=4 * SHOTS, seed=6,
        total_spin=True, folder=tmp_path / "run",
    )  # fmt: skip
    tree = collect_all_mitigations(folder)
    assert list(tree.children) == ["raw", "readout", "guided"]
    assert "noise_factor" not in tree["guided"].coords
    exact = rz.evolve_exact(BATTERY, TIMES[1:])
    error = {
        name: float(abs(node.stored_energy - exact.stored_energy).mean())
        for name, node in tree.children.items()
    }
    assert error["guided"] < 0.5 * error["raw"]
    pull = (tree["guided"].stored_energy - exact.stored_energy) / tree[
        "guided"
    ].stored_energy_stderr
    assert (abs(pull) < 4).all()


def test_factors_that_are_no_odd_integers(tmp_path):
    battery = rz.RosenZenerBattery(num_qubits=4, drive=BATTERY.drive, interaction=2.0)
    folder = submit_charging(
        battery, [0.2], "local:FakeTorino", num_steps=2, shots=4000, seed=1,
        noise_factors=(1, 1.5, 2.2), folder=tmp_path / "run",
    )  # fmt: skip
    run = RunFolder(folder)
    numbers = {}
    for (kind, _, factor, shown), circuit in zip(
        run.record["purpose"]["circuits"], run.circuits(), strict=True
    ):
        if kind in ("z", "y"):
            number = numbers.setdefault(kind, circuit.count_ops()["cz"])
            assert circuit.count_ops()["cz"] == pytest.approx(shown * number)
            assert abs(shown - factor) <= 1 / number + 1e-12
    data = collect_charging(folder, mitigation="zero_noise")
    assert data.noise_factor.values.tolist() == [1.0, 1.5, 2.2]
    # Each basis is extrapolated in what its own gates could show.
    shown = {
        kind: [row[3] for row in run.record["purpose"]["circuits"] if row[0] == kind]
        for kind in ("z", "y")
    }
    assert shown["z"] != shown["y"]
    for kind, metric in (("z", "stored_energy"), ("y", "instantaneous_power")):
        by_hand = extrapolate_metrics(
            shown[kind], data.folded_counts, level_splitting=1.0, times=[0.2],
            counts_y=data.folded_counts_y, drive_values=[float(battery.drive.value(0.2))],
            readout=_calibration(run, 4),
        )  # fmt: skip
        np.testing.assert_allclose(data[metric], by_hand[metric][0], rtol=1e-5)
    raw = collect_charging(folder)
    ideal = rz.evolve_exact(battery, [0.2])
    assert abs(data.stored_energy - ideal.stored_energy) < abs(
        raw.stored_energy - ideal.stored_energy
    )


def test_bases_of_which_only_some_entangle(tmp_path):
    """With one slice Z circuits have no layer, Y and X circuits one: Z serves every factor."""
    folder = submit_charging(
        BATTERY, [0.15], "local:FakeTorino", num_steps=1, shots=8000, seed=2,
        noise_factors=(1, 3, 5), total_spin=True, folder=tmp_path / "run",
    )  # fmt: skip
    assert describe_jobs(folder) == ["1 Z, 3 Y, 3 X, 2 calibration; noise 1, 3, 5"]
    tree = collect_all_mitigations(folder)
    ideal = rz.run_charging(BATTERY, [0.15], shots=None, num_steps=1)
    error = {
        name: abs(float(node.instantaneous_power[0] - ideal.instantaneous_power[0]))
        for name, node in tree.children.items()
    }
    guided = tree["guided"]
    assert error["guided"] < 0.4 * error["readout"] < 0.4 * error["raw"]
    assert error["guided"] < 4 * guided.instantaneous_power_stderr[0]
    assert float(guided.stored_energy[0]) == pytest.approx(
        float(tree["readout"].stored_energy[0]), abs=1e-12
    )


def test_fractional_gates_are_folded_too(tmp_path):
    battery = rz.RosenZenerBattery(num_qubits=4, drive=BATTERY.drive, interaction=2.0)
    folder = submit_charging(
        battery, [0.3], "local:FakeFractionalBackend", num_steps=2, shots=500, seed=7,
        network="fractional", fractional_gates=True, noise_factors=(1, 3), folder=tmp_path / "run",
    )  # fmt: skip
    plain, folded = RunFolder(folder).circuits()[:2]
    assert folded.count_ops()["rzz"] == 3 * plain.count_ops()["rzz"]
    data = collect_charging(folder, mitigation="zero_noise")
    assert np.isfinite(data.stored_energy).all()
    assert data.attrs["jobs_collected"] == 1


def test_one_cell_has_nothing_to_fold(tmp_path):
    single = rz.RosenZenerBattery(num_qubits=1, drive=BATTERY.drive, interaction=2.0)
    folder = submit_charging(
        single, [0.1], "local:FakeManilaV2", num_steps=1, shots=2000, seed=1, folder=tmp_path / "r",
        noise_factors=(1, 3), total_spin=True,
    )  # fmt: skip
    data = collect_charging(folder, mitigation="guided")
    exact = rz.evolve_exact(single, [0.1])
    assert abs(data.stored_energy - exact.stored_energy) < 5 * data.stored_energy_stderr


def test_twirled_circuits_go_into_jobs_that_the_service_takes(tmp_path, monkeypatch):
    monkeypatch.setattr("rzqiskit.execution.jobs.MAX_PAYLOAD", 150_000)
    battery = rz.RosenZenerBattery(num_qubits=3, drive=BATTERY.drive, interaction=2.0)
    settings = {
        "num_steps": 2, "shots": 64, "noise_factors": (1, 3),
        "options": {"twirling": {"enable_gates": True, "enable_measure": True}},
    }  # fmt: skip
    estimate = estimate_submission(battery, [0.1, 0.2], "local:FakeManilaV2", **settings)
    folder = submit_charging(
        battery, [0.1, 0.2], "local:FakeManilaV2", seed=1, folder=tmp_path / "run", **settings
    )
    run = RunFolder(folder)
    assert len(run.batches) == estimate.num_jobs > 2
    payloads = [path.stat().st_size for path in folder.glob("local_service/jobs/*.job.json")]
    assert len(payloads) == len(run.batches)
    assert max(payloads) < 151_000  # with tag and time
    assert collect_charging(folder, mitigation="readout").attrs["complete"] == 1


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"noise_factors": 3}, TypeError, "`noise_factors` must be a sequence of numbers, got int"),
        ({"noise_factors": "1,3"}, TypeError, "`noise_factors` must be a sequence of numbers"),
        ({"noise_factors": ()}, ValueError, r"must start with 1 and increase strictly, got \(\)"),
        ({"noise_factors": (3, 5)}, ValueError, r"must start with 1 .*, got \(3, 5\)"),
        ({"noise_factors": (1, 5, 3)}, ValueError, r"must start with 1 .*, got \(1, 5, 3\)"),
        ({"noise_factors": (1, float("nan"))}, ValueError, "`noise_factors` must be finite"),
        (
            {"noise_factors": (1, 1.01)},
            ValueError,
            r"must differ on every circuit, got \(1, 1\.01\), which become \(1, 1\) on 'charg",
        ),
    ],
)
def test_bad_arguments_leave_no_folder(tmp_path, arguments, error, message):
    with pytest.raises(error, match=message):
        submit_charging(
            BATTERY, [0.1], "local:FakeTorino", num_steps=2, folder=tmp_path / "run", **arguments
        )
    assert not any(tmp_path.iterdir())


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


def test_mitigation_that_the_circuits_do_not_allow(tmp_path):
    battery = rz.RosenZenerBattery(num_qubits=3, drive=BATTERY.drive, interaction=2.0)
    folder = submit_charging(
        battery, [0.2], "local:FakeManilaV2", num_steps=2, shots=50, seed=1, folder=tmp_path / "a"
    )
    for name, missing in (
        ("zero_noise", r"folded circuits: submit with noise_factors=\(1, 3, 5\)"),
        ("guided", r"circuits in the X basis: submit with total_spin=True"),
    ):
        with pytest.raises(ValueError, match=rf"'none' or 'readout' for a run without {missing}"):
            collect_charging(folder, mitigation=name)
    assert list(collect_all_mitigations(folder).children) == ["raw", "readout"]
    folder = submit_charging(
        battery, [0.2], "local:FakeManilaV2", num_steps=2, shots=50, seed=1, folder=tmp_path / "b",
        noise_factors=(1, 3), readout_calibration=False,
    )  # fmt: skip
    with pytest.raises(
        ValueError, match=r"must be 'none' for a run without readout calibration: s"
    ):
        collect_charging(folder, mitigation="zero_noise")
    folder = submit_charging(
        battery, [0.2], "local:FakeManilaV2", num_steps=2, shots=50, seed=1, folder=tmp_path / "c",
        noise_factors=(1, 3),
    )  # fmt: skip
    with pytest.raises(ValueError, match="must do with the run's 2 noise factors, got 'quadratic'"):
        collect_charging(folder, mitigation="zero_noise", extrapolation="quadratic")
