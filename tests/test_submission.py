"""Charging runs through a run folder, and what may never be found in one."""

import json
import logging
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

import rzqiskit as rz
from rzqiskit.charging import run_charging
from rzqiskit.execution.jobs import reopen_device
from rzqiskit.execution.noise import NoisySampler
from rzqiskit.execution.run_folder import RunFolder, RunFolderError
from rzqiskit.execution.runtime.devices import find_fake_device
from rzqiskit.schema import METRICS, validate_dataset
from rzqiskit.submission import (
    charging_status,
    collect_charging,
    estimate_submission,
    submit_charging,
)

DRIVE = rz.SineSquaredDrive(20.0, 0.1 * np.pi)
BATTERY = rz.RosenZenerBattery(num_qubits=5, drive=DRIVE, interaction=2.0)
TIMES = np.array([0.0, 0.1, 0.2, 0.28])
SHOTS = 4096


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs") / "run"
    returned = submit_charging(
        BATTERY, TIMES, "local:FakeTorino", num_steps=2, shots=SHOTS, seed=5, folder=folder,
        max_circuits_per_job=5,
    )  # fmt: skip
    assert returned == folder
    return folder


@pytest.fixture(scope="module")
def collected(finished):
    return collect_charging(finished)


def test_the_dataset_follows_the_schema(finished, collected, tmp_path):
    validate_dataset(collected)
    assert collected.counts.sum("excitations").values.tolist() == [SHOTS] * 4
    assert collected.counts_y.sum("excitations").values.tolist() == [SHOTS] * 4
    for name in METRICS:
        assert np.isfinite(collected[name]).all()
        assert np.isfinite(collected[f"maximum_{name}_stderr"])
    attrs = collected.attrs
    assert (attrs["backend"], attrs["complete"], attrs["jobs_collected"]) == (
        "local:FakeTorino", 1, len(RunFolder(finished).batches),
    )  # fmt: skip
    assert attrs["jobs_collected"] > 1
    collected.to_netcdf(tmp_path / "data.nc", engine="h5netcdf")
    assert xr.load_dataset(tmp_path / "data.nc", engine="h5netcdf").identical(collected)


def test_the_dataset_tells_where_it_comes_from(finished, collected):
    run = RunFolder(finished)
    attrs = collected.attrs
    assert (attrs["seed"], attrs["fractional_gates"], attrs["date"]) == (
        5, "false", run.record["created"],
    )  # fmt: skip
    assert json.loads(attrs["job_ids"]) == [run.attempts(batch)[0].job_id for batch in run.batches]
    layouts = {tuple(entry) for entry in run.record["layout"]}
    assert sorted(json.loads(attrs["qubits"])) == sorted(map(list, layouts))
    assert attrs["calibration_time"] == "2025-02-26T15:26:08+00:00"


def test_a_job_sent_again_has_a_calibration_of_its_own(tmp_path, monkeypatch):
    folder = submit_charging(
        BATTERY, TIMES[1:3], "local:FakeManilaV2", num_steps=1, shots=100, folder=tmp_path / "run",
        max_circuits_per_job=3, seed=1,
    )  # fmt: skip
    run = RunFolder(folder)
    first = run.record["calibration_time"]
    lost, kept = (run.attempts(batch)[0].job_id for batch in run.batches)
    reopen_device(run).service.cancel(lost)
    part = collect_charging(folder)
    assert json.loads(part.attrs["job_ids"]) == [None, kept]
    assert part.attrs["calibration_time"] == first
    later = "2099-01-01T00:00:00+00:00"
    monkeypatch.setattr("rzqiskit.execution.runtime.devices.Device.calibration_time", later)
    data = collect_charging(folder, resubmit=True)
    assert json.loads(data.attrs["calibration_time"]) == [first, later]
    again = run.attempts(run.batches[0])[1].job_id
    assert json.loads(data.attrs["job_ids"]) == [again, kept]
    assert validate_dataset(collect_charging(folder)).identical(data)


def test_the_device_road_gives_what_a_noisy_sampler_gives(collected):
    """Two roads to the same distribution. 2 x 24 bins at 5 sigma: false alarm below 1e-4."""
    backend = find_fake_device("fake_torino")
    direct = run_charging(
        BATTERY, TIMES, sampler=NoisySampler(backend, seed=9), backend=backend, shots=4 * SHOTS,
        num_steps=2,
    )  # fmt: skip
    for name in ("counts", "counts_y"):
        p, q = collected[name].values / SHOTS, direct[name].values / (4 * SHOTS)
        pooled = (4 * q + p) / 5
        error = np.sqrt(pooled * (1 - pooled) * 1.25 / SHOTS)
        assert (np.abs(p - q) <= 5 * error + 5 / SHOTS).all()
    exact = rz.evolve_exact(BATTERY, TIMES)
    assert abs(collected.stored_energy - exact.stored_energy).max() > 0.1  # the noise is there


def test_readout_mitigation_brings_the_energy_closer(finished, collected):
    mitigated = collect_charging(finished, mitigation="readout")
    exact = rz.evolve_exact(BATTERY, TIMES)
    raw_error = abs(collected.stored_energy - exact.stored_energy)
    new_error = abs(mitigated.stored_energy - exact.stored_energy)
    # At t = 0 nothing but readout errs.
    assert raw_error[0] > 10 * collected.stored_energy_stderr[0]
    assert new_error[0] < 5 * mitigated.stored_energy_stderr[0]
    assert new_error.mean() < 0.8 * raw_error.mean()
    assert (mitigated.stored_energy_stderr >= collected.stored_energy_stderr).all()
    np.testing.assert_array_equal(mitigated.counts, collected.counts)  # raw counts stay beside
    assert mitigated.attrs["mitigation"] == "readout"


def test_collecting_again_changes_nothing(finished, collected):
    assert collect_charging(finished).identical(collected)
    assert {status.state for status in charging_status(finished)} == {"collected"}


def test_a_collected_run_needs_no_device(finished, collected, monkeypatch):
    def gone(*_, **__):
        raise ValueError("`backend` must be there, got nothing.")

    monkeypatch.setattr("rzqiskit.execution.jobs.open_device", gone)
    assert collect_charging(finished).identical(collected)
    assert {status.state for status in charging_status(finished)} == {"collected"}


def test_what_is_missing_is_missing(tmp_path):
    # Five cells on five qubits: one calibration serves all.
    folder = submit_charging(
        BATTERY, TIMES[1:3], "local:FakeManilaV2", num_steps=1, shots=100, folder=tmp_path / "run",
        max_circuits_per_job=3, seed=1,
    )  # fmt: skip
    run = RunFolder(folder)
    service = reopen_device(run).service
    service.pause()
    nothing = collect_charging(folder)
    assert nothing.attrs["jobs_queued"] == len(run.batches) == 2
    assert nothing.counts.sum() == 0
    assert nothing.stored_energy.isnull().all()
    # Of Z, Z, Y | Y, 0, 1 only the first job is fetched.
    second = run.attempts(run.batches[1])[0].job_id
    service.resume()
    service.cancel(second)
    part = collect_charging(folder)
    assert (part.attrs["jobs_collected"], part.attrs["jobs_cancelled"]) == (1, 1)
    assert part.attrs["complete"] == 0
    assert part.shots.values.tolist() == [100, 100]
    assert np.isfinite(part.stored_energy).all()
    assert np.isfinite(part.instantaneous_power).values.tolist() == [True, False]
    assert np.isnan(part.maximum_stored_energy)
    assert collect_charging(folder, mitigation="readout").stored_energy.isnull().all()
    everything = collect_charging(folder, resubmit=True)
    assert everything.attrs["complete"] == 1
    assert np.isfinite(everything.maximum_stored_energy)
    np.testing.assert_array_equal(everything.counts, part.counts)
    np.testing.assert_array_equal(everything.counts_y[0], part.counts_y[0])


def test_twirling_and_decoupling_pass_through(tmp_path):
    """Twirled runs may have more shots than asked for; they are counted as they come."""
    folder = submit_charging(
        BATTERY, [0.2], "local:FakeTorino", num_steps=1, shots=1000, folder=tmp_path / "run",
        options={"twirling": {"enable_measure": True}, "dynamical_decoupling": {"enable": True}},
        readout_calibration=False, seed=1,
    )  # fmt: skip
    data = collect_charging(folder)
    assert data.shots.values.tolist() == [1024]
    assert json.loads(data.attrs["options"])["twirling"] == {"enable_measure": True}
    with pytest.raises(ValueError, match="`mitigation` must be 'none' for a run without"):
        collect_charging(folder, mitigation="readout")


def test_the_estimate_is_what_is_sent(finished):
    estimate = estimate_submission(
        BATTERY, TIMES, "local:FakeTorino", num_steps=2, shots=SHOTS, max_circuits_per_job=5
    )
    run = RunFolder(finished)
    circuits = run.circuits()
    assert (estimate.num_circuits, estimate.num_jobs) == (len(circuits), len(run.batches))
    joint = [sum(len(item.qubits) == 2 for item in circuit.data) for circuit in circuits]
    assert estimate.largest_num_two_qubit_gates == max(joint)
    assert 1e-6 < estimate.circuit_seconds < 20e-6
    # 250 us between shots are nearly everything.
    assert estimate.device_seconds == pytest.approx(len(circuits) * SHOTS * 250e-6, rel=0.05)
    assert estimate.device_seconds > len(circuits) * SHOTS * 250e-6


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"battery": "b"}, TypeError, "`battery` must be a RosenZenerBattery, got str"),
        ({"shots": 0}, ValueError, "`shots` must be a positive integer, got 0"),
        ({"times": [0.2, 0.1]}, ValueError, "`times` must be strictly increasing"),
        ({"backend": "local:FakeTorin"}, ValueError, "did you mean fake_torino or"),
        ({"backend": "local:FakeManilaV2"}, None, None),
        ({"backend": 3}, TypeError, "`backend` must be a name, a backend of the runtime or a fake"),
        ({"max_circuits_per_job": 0}, ValueError, "`max_circuits_per_job` must be a positive"),
        ({"options": {"x": 1}}, ValueError, "`options` must be the runtime's sampler options"),
        ({"seed": -1}, ValueError, "`seed` must be a non-negative integer, got -1"),
    ],
)
def test_bad_arguments_leave_no_folder(tmp_path, arguments, error, message):
    given = {"battery": BATTERY, "times": [0.1], "backend": "local:FakeTorino", **arguments}
    given |= {"folder": tmp_path / "run", "num_steps": 1}
    if error is None:  # just wide enough
        submit_charging(given.pop("battery"), given.pop("times"), given.pop("backend"), **given)
        return
    with pytest.raises(error, match=message):
        submit_charging(given.pop("battery"), given.pop("times"), given.pop("backend"), **given)
    assert not any(tmp_path.iterdir())


def test_too_many_cells(tmp_path):
    wide = rz.RosenZenerBattery(num_qubits=6, drive=DRIVE, interaction=2.0)
    with pytest.raises(ValueError, match="`battery` must have at most 5 cells on local:FakeManila"):
        submit_charging(wide, [0.1], "local:FakeManilaV2", folder=tmp_path / "run")


def test_too_many_cells_to_rehearse(tmp_path):
    wide = rz.RosenZenerBattery(num_qubits=29, drive=DRIVE, interaction=2.0)
    with pytest.raises(ValueError, match="`num_qubits` must be at most 28 to simulate noise"):
        submit_charging(wide, [0.1], "local:FakeTorino", folder=tmp_path / "run")
    assert not any(tmp_path.iterdir())


def test_folders_are_never_overwritten(finished):
    with pytest.raises(ValueError, match="`folder` must not exist yet"):
        submit_charging(BATTERY, TIMES, "local:FakeTorino", folder=finished)


def test_a_run_of_another_kind(finished, tmp_path):
    from rzqiskit.execution.jobs import create_run

    run = RunFolder(finished)
    create_run(
        tmp_path / "other", run.circuits(), reopen_device(run), shots=1, options={},
        purpose={"kind": "something"},
    )  # fmt: skip
    with pytest.raises(RunFolderError, match="`folder` must hold a charging run"):
        collect_charging(tmp_path / "other")


TOKEN = "PLANTED-b5d1a7e4c0ffee-TOKEN"


def test_no_token_is_ever_written_logged_or_printed(tmp_path):
    """The whole road in a process with a token in its environment and in its saved account."""
    home = tmp_path / "home"
    (home / ".qiskit").mkdir(parents=True)
    accounts = {
        "default-ibm-quantum-platform": {
            "channel": "ibm_quantum_platform",
            "url": "https://cloud.ibm.com",
            "token": TOKEN,
            "instance": "crn:v1:bluemix:public:quantum-computing:us-east:a/0:0::",
            "verify": True,
            "private_endpoint": False,
        }
    }
    (home / ".qiskit" / "qiskit-ibm.json").write_text(json.dumps(accounts))
    # A service that quotes the token in every error, as a careless one might.
    script = f"""
import logging, socket, sys
def no_network(*args, **kwargs):
    raise AssertionError("reached for the network")
socket.socket.connect = socket.create_connection = socket.getaddrinfo = no_network
logging.basicConfig(level=logging.DEBUG)
from pathlib import Path
import rzqiskit as rz
from rzqiskit.execution.runtime.rehearsal import RehearsalService
from rzqiskit.execution.jobs import ExecutionError
from rzqiskit.submission import charging_status, collect_charging, submit_charging

RehearsalService.active_account = lambda self: {{"token": {TOKEN!r}}}
battery = rz.RosenZenerBattery(num_qubits=3, drive=rz.SineSquaredDrive(20.0, 0.3), interaction=2.0)
folder = Path(sys.argv[1])
real = RehearsalService._run
def refuse(self, *args, **kwargs):
    raise ValueError("refused, header: Bearer {TOKEN}")
RehearsalService._run = refuse
try:
    submit_charging(battery, [0.1], "local:FakeManilaV2", num_steps=1, shots=10, folder=folder)
except ExecutionError as error:
    print(error)
RehearsalService._run = real
from rzqiskit.execution.runtime.rehearsal import _FileClient
honest = _FileClient.job_get
def fail(self, job_id, **kwargs):
    state = {{"status": "FAILED", "reason": "failed with {TOKEN}"}}
    return {{"id": job_id, "state": state, "status": state}}
_FileClient.job_get = fail
print(collect_charging(folder, resubmit=True).attrs)
print(charging_status(folder))
_FileClient.job_get = honest
print(collect_charging(folder, resubmit=True).attrs)
"""
    environment = {
        **os.environ, "HOME": str(home), "QISKIT_IBM_TOKEN": TOKEN,
        "QISKIT_IBM_RUNTIME_TOKEN": TOKEN,
    }  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path / "run")],
        capture_output=True, text=True, check=False, env=environment, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "Bearer <token>" in done.stdout  # the errors were there
    assert "failed with <token>" in done.stdout
    assert "'complete': 1" in done.stdout
    assert TOKEN not in done.stdout
    assert TOKEN not in done.stderr
    scanned = 0
    for path in (tmp_path / "run").rglob("*"):
        if path.is_file():
            scanned += 1
            assert TOKEN.encode() not in path.read_bytes(), path
    assert scanned > 8


def test_nothing_is_logged_above_debug_by_us(finished, caplog):
    with caplog.at_level(logging.DEBUG, logger="rzqiskit"):
        charging_status(finished)
    assert [record for record in caplog.records if record.name.startswith("rzqiskit")] == []
    assert Path(finished).exists()
