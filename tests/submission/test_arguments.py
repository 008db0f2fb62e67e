"""What submissions and collections take, and what they refuse before any work."""

import json
from pathlib import Path

import numpy as np
import pytest

import rzqiskit as rz
from rzqiskit.execution.run_folder import RunFolder
from rzqiskit.submission import (
    charging_status,
    collect_all_mitigations,
    collect_charging,
    describe_jobs,
    estimate_submission,
    submit_charging,
)

BATTERY = rz.RosenZenerBattery(num_qubits=2, drive=rz.SineSquaredDrive(20.0, 0.3), interaction=2.0)
DEVICE = "local:FakeManilaV2"


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs") / "run"
    submit_charging(BATTERY, [0.3], DEVICE, num_steps=1, shots=10, seed=1, folder=folder)
    collect_charging(folder)
    return folder


def test_numbers_and_flags_of_numpy(tmp_path):
    plain = {
        "num_steps": 1, "order": 2, "shots": 10, "seed": 7, "max_circuits_per_job": 4,
        "fractional_gates": False, "readout_calibration": True, "total_spin": False,
        "noise_factors": [1.0, 3.0],
    }  # fmt: skip
    numpy = {
        name: np.asarray(value)[()] if name != "noise_factors" else np.array(value)
        for name, value in plain.items()
    }
    assert isinstance(numpy["seed"], np.int64)
    assert isinstance(numpy["total_spin"], np.bool_)
    battery = rz.RosenZenerBattery(
        num_qubits=np.int64(2), drive=BATTERY.drive, interaction=np.float32(2.0)
    )
    records, counts = [], []
    for name, given, charged in (("plain", plain, BATTERY), ("numpy", numpy, battery)):
        folder = submit_charging(charged, [0.3], DEVICE, folder=tmp_path / name, **given)
        record = RunFolder(folder).record
        records.append({key: record[key] for key in ("purpose", "seed", "shots", "batches")})
        counts.append(collect_charging(folder).counts.values.tolist())
    assert json.dumps(records[0]) == json.dumps(records[1])
    assert counts[0] == counts[1]


def test_no_part_of_a_folder_is_left_behind(tmp_path, monkeypatch):
    def fail(part, path):
        raise KeyboardInterrupt

    monkeypatch.setattr("rzqiskit.execution.run_folder.move_folder", fail)
    with pytest.raises(KeyboardInterrupt):
        submit_charging(BATTERY, [0.3], DEVICE, num_steps=1, shots=10, folder=tmp_path / "run")
    assert not any(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"total_spin": "no"}, TypeError, "`total_spin` must be True or False, got 'no'"),
        ({"readout_calibration": "no"}, TypeError, "`readout_calibration` must be True or False"),
        ({"fractional_gates": 1}, TypeError, "`fractional_gates` must be True or False, got 1"),
        ({"shots": 10**400}, ValueError, "`shots` must be at most 100000000, got"),
        ({"shots": 10**8 + 1}, ValueError, "`shots` must be at most 100000000, got 100000001"),
        ({"noise_factors": (1, 1e19)}, ValueError, r"`noise_factors` must be at most 1000, got 1e"),
        ({"noise_factors": (1, 1e300)}, ValueError, "`noise_factors` must be at most 1000, got 1e"),
        ({"num_steps": 1.5}, TypeError, "`num_steps` must be an integer, got 1.5"),
        ({"folder": 3}, TypeError, "`folder` must be a path, got int"),
        ({"folder": b"run"}, TypeError, "`folder` must be a path, got bytes"),
    ],
)
def test_what_is_refused_leaves_nothing(tmp_path, arguments, error, message):
    given = {"folder": tmp_path / "run", "num_steps": 1, **arguments}
    with pytest.raises(error, match=message):
        submit_charging(BATTERY, [0.3], DEVICE, **given)
    assert not any(tmp_path.iterdir())


@pytest.mark.parametrize("act", [collect_charging, collect_all_mitigations])
@pytest.mark.parametrize("resubmit", ["no", 0, None])
def test_what_is_no_flag_resubmits_nothing(finished, act, resubmit):
    with pytest.raises(TypeError, match="`resubmit` must be True or False, got"):
        act(finished, resubmit=resubmit)


@pytest.mark.parametrize(
    "act", [collect_charging, collect_all_mitigations, charging_status, describe_jobs]
)
@pytest.mark.parametrize("folder", [None, 3, b"run"])
def test_what_is_no_folder(act, folder):
    with pytest.raises(TypeError, match="`folder` must be a path, got"):
        act(folder)


def test_folders_by_text_and_by_path(finished):
    assert collect_charging(str(finished)).identical(collect_charging(Path(finished)))


def test_no_delay_between_shots_is_a_delay():
    default, none, some = (
        estimate_submission(
            BATTERY, [0.3], "local:FakeTorino", num_steps=1, shots=1000, options=options
        )
        for options in (
            None, {"execution": {"rep_delay": 0.0}}, {"execution": {"rep_delay": 1e-4}},
        )
    )  # fmt: skip
    shots = 1000 * default.num_circuits
    assert default.device_seconds - none.device_seconds == pytest.approx(shots * 250e-6)
    assert some.device_seconds - none.device_seconds == pytest.approx(shots * 1e-4)
