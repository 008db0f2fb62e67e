"""Runs whose circuits are special: lost guides, odd factors, few gates, twirls, other gates."""

import numpy as np
import pytest

import rzqiskit as rz
from rzqiskit.execution.run_folder import RunFolder
from rzqiskit.mitigation import extrapolate_metrics
from rzqiskit.submission import (
    collect_all_mitigations,
    collect_charging,
    describe_jobs,
    estimate_submission,
    submit_charging,
)
from rzqiskit.submission.measured import MeasuredRun

BATTERY = rz.RosenZenerBattery(
    num_qubits=6, drive=rz.SineSquaredDrive(20.0, 0.1 * np.pi), interaction=2.0
)
TIMES = np.array([0.1, 0.2, 0.28])
SHOTS = 4096


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
        BATTERY, TIMES, "local:FakeTorino", num_steps=2, shots=4 * SHOTS, seed=6,
        total_spin=True, folder=tmp_path / "run",
    )  # fmt: skip
    tree = collect_all_mitigations(folder)
    assert list(tree.children) == ["raw", "readout", "guided"]
    assert "noise_factor" not in tree["guided"].coords
    exact = rz.evolve_exact(BATTERY, TIMES)
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
    readouts = MeasuredRun(run).readouts
    for kind, metric in (("z", "stored_energy"), ("y", "instantaneous_power")):
        place = [row[0] for row in run.record["purpose"]["circuits"]].index(kind)
        by_hand = extrapolate_metrics(
            shown[kind], data.folded_counts, level_splitting=1.0, times=[0.2],
            counts_y=data.folded_counts_y, drive_values=[float(battery.drive.value(0.2))],
            readout=readouts[tuple(sorted(run.record["layout"][place]))],
        )  # fmt: skip
        np.testing.assert_allclose(data[metric], by_hand[metric][0], rtol=1e-5)
    raw = collect_charging(folder)
    ideal = rz.evolve_exact(battery, [0.2])
    assert abs(data.stored_energy - ideal.stored_energy) < abs(
        raw.stored_energy - ideal.stored_energy
    )


def test_bases_of_which_only_some_entangle(tmp_path):
    """With one slice Z circuits have no layer, Y and X circuits one: Z cannot show its noise."""
    times = [0.06, 0.15, 0.25]
    for factors, described in (((1, 3, 5), "3 Z, 9 Y, 9 X, 9 guide"), ((1,), "3 Z, 3 Y, 3 X, 3")):
        folder = submit_charging(
            BATTERY, times, "local:FakeTorino", num_steps=1, shots=8000, seed=2,
            noise_factors=factors, total_spin=True, folder=tmp_path / f"run{len(factors)}",
        )  # fmt: skip
        assert describe_jobs(folder)[0].startswith(described)
        tree = collect_all_mitigations(folder)
        ideal = rz.run_charging(BATTERY, times, shots=None, num_steps=1).instantaneous_power
        error = {
            name: abs(node.instantaneous_power - ideal).values
            for name, node in tree.children.items()
        }
        guided = tree["guided"]
        # At its own error bars; the noise is large against them where the power is.
        assert (error["guided"] < 4 * guided.instantaneous_power_stderr.values).all()
        assert error["guided"].max() < 0.4 * error["readout"].max() < 0.4 * error["raw"].max()
        np.testing.assert_allclose(guided.stored_energy, tree["readout"].stored_energy, atol=1e-12)
        # The witness tells of circuits that are all as long.
        lost = 12.0 - guided.total_spin_squared.values
        assert (lost > 5 * guided.total_spin_squared_stderr.values).all()


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


def test_twirled_readout_is_calibrated_twirled(tmp_path):
    """Measurement twirling acts on the calibration too, which then shows symmetric flips."""
    battery = rz.RosenZenerBattery(num_qubits=5, drive=BATTERY.drive, interaction=2.0)
    asymmetry = {}
    for name, options in (("plain", None), ("twirled", {"twirling": {"enable_measure": True}})):
        folder = submit_charging(
            battery, [0.0, 0.3], "local:FakeSherbrooke", num_steps=1, shots=20_000, seed=3,
            options=options, folder=tmp_path / name,
        )  # fmt: skip
        assert MeasuredRun(RunFolder(folder)).readouts == {}  # nothing is fetched yet
        raw, mitigated = collect_charging(folder), collect_charging(folder, mitigation="readout")
        (readout, *_) = MeasuredRun(RunFolder(folder)).readouts.values()
        difference = readout.flip_down - readout.flip_up
        asymmetry[name] = np.abs(difference / np.hypot(*readout.stderr)).max()
        # At t = 0 nothing but readout errs.
        assert raw.stored_energy[0] > 10 * raw.stored_energy_stderr[0]
        assert mitigated.stored_energy[0] < 5 * mitigated.stored_energy_stderr[0]
    # Five qubits at 5 sigma: false alarm 3e-6.
    assert asymmetry["plain"] > 7.0
    assert asymmetry["twirled"] < 5.0


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
    with pytest.raises(ValueError, match=r"`extrapolation` must be left out .* got 'linear'"):
        collect_charging(folder, mitigation="readout", extrapolation="linear")
