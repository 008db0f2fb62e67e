"""``rzqiskit submit``, ``status`` and ``collect``, in processes of their own where it matters."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import xarray as xr
from typer.testing import CliRunner

from rzqiskit.cli.app import app
from rzqiskit.execution.jobs import reopen_device
from rzqiskit.execution.run_folder import RunFolder
from rzqiskit.schema import validate_dataset

SMALL = (
    "submit", "--backend", "local:FakeManilaV2", "--num-qubits", "3", "--num-times", "2",
    "--num-steps", "1", "--shots", "200",
)  # fmt: skip


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def run(*args):
    return CliRunner().invoke(app, args, prog_name="rzqiskit")


def run_apart(*args):
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", "from rzqiskit.cli import main; main()", *args],
        capture_output=True, text=True, check=False, timeout=120, env={**os.environ},
    )  # fmt: skip


def test_submit_here_collect_there(tmp_path):
    sent = run(*SMALL, "--folder", "run", "--seed", "3", "--max-circuits-per-job", "4")
    assert (sent.exit_code, sent.stdout.split(",")[0]) == (0, "sent")
    there = run_apart("status", "run")
    assert (there.returncode, there.stderr) == (0, "")
    assert there.stdout.endswith("2 jobs: 2 done\n")
    collected = run_apart("collect", "run", "--mitigation", "readout")
    assert (collected.returncode, collected.stderr) == (0, "")
    assert "wrote run/charging.nc" in collected.stdout
    assert collected.stdout.count("200") == 2
    data = xr.load_dataset(tmp_path / "run" / "charging.nc", engine="h5netcdf")
    validate_dataset(data)
    assert data.sizes == {"time": 2, "excitations": 4}
    assert data.attrs["mitigation"] == "readout"
    assert float(data.time[-1]) == pytest.approx(0.31415926)
    raw = run("collect", "run", "--output", "raw.nc")
    assert raw.exit_code == 0
    assert (tmp_path / "raw.nc").exists()
    refused = run("collect", "run", "--output", "raw.nc")
    assert (refused.exit_code, refused.stderr.split(" (")[0]) == (
        2, "rzqiskit: `output` must not hold raw.nc already",
    )  # fmt: skip


def test_collecting_too_early_says_what_is_missing():
    run(*SMALL, "--folder", "run", "--seed", "3", "--max-circuits-per-job", "4")
    folder = RunFolder(Path("run"))
    service = reopen_device(folder).service
    service.pause()
    early = run("collect", "run")
    assert early.exit_code == 3
    assert early.stdout.endswith("2 jobs: 2 queued\n")
    service.cancel(folder.attempts(folder.batches[0])[0].job_id)
    service.resume()
    part = run("collect", "run")
    assert part.exit_code == 3
    assert part.stdout.endswith("2 jobs: 1 collected, 1 cancelled\n")
    assert run("collect", "run", "--resubmit").exit_code == 0


def test_a_dry_run_sends_and_writes_nothing(tmp_path):
    result = run(*SMALL, "--dry-run", "--max-circuits-per-job", "4")
    assert result.exit_code == 0
    for line in ("circuits         6 in 2 jobs", "shots each       200", "device time      0.3 s"):
        assert line in result.stdout
    assert "two-qubit gates" in result.stdout
    assert "two-qubit depth" in result.stdout
    assert result.stdout.endswith("nothing was sent\n")
    assert not any(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (("submit", "--backend", "local:FakeTorin"), "known fake device (fake_torino"),
        (("submit",), "Missing option '--backend'"),
        ((*SMALL, "--options", "{"), "`options` must be a JSON object, got '{'"),
        ((*SMALL, "--options", '{"x": 1}'), "`options` must be the runtime's sampler options"),
        ((*SMALL, "--num-times", "0"), "`num_times` must be a positive integer, got 0"),
        ((*SMALL, "--dry-run", "--folder", "x"), "`folder` must not be given with --dry-run"),
        ((*SMALL, "--num-qubits", "6"), "`battery` must have at most 5 cells"),
        (("status", "nowhere"), "`folder` must be a run folder, got nowhere"),
        (("collect", "nowhere"), "`folder` must be a run folder, got nowhere"),
        (("collect", "."), "`folder` must hold run.json, got ."),
        (("collect", ".", "--mitigation", "magic"), "`mitigation` must be one of 'none'"),
    ],
)
def test_user_errors_are_one_line(args, message):
    result = run(*args)
    assert result.exit_code == 2
    assert result.stderr.count("\n") == 1
    assert message in result.stderr


def test_a_truncated_run_is_named():
    run(*SMALL, "--folder", "run")
    place = RunFolder(Path("run")).path / "run.json"
    place.write_bytes(place.read_bytes()[:-10])
    result = run("collect", "run")
    assert result.exit_code == 2
    assert "run.json is truncated or changed" in result.stderr
