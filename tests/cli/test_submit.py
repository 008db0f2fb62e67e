"""``rzqiskit submit``, ``status`` and ``collect``, in processes of their own where it matters."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import xarray as xr
from typer.testing import CliRunner

from rzqiskit.cli.app import app
from rzqiskit.execution.jobs import ExecutionError, reopen_device
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
    assert sent.exit_code == 0
    # Every line but the last is there before anything is sent.
    assert sent.stdout.splitlines() == [
        "battery          N = 3, Delta = 1, eta = 2 (ordered pairs)",
        "drive            SineSquaredDrive, amplitude 20, period 0.314159",
        "times            2, up to 0.314159",
        "slices           1 for each time, order 2, mean-field frame, equal time",
        "bases            Z, Y; noise 1; with readout calibration",
        "shots each       200",
        "device           local:FakeManilaV2",
        "folder           run",
        "sent 6 circuits in 2 jobs, see run: rzqiskit status run, rzqiskit collect run",
    ]
    there = run_apart("status", "run")
    assert (there.returncode, there.stderr) == (0, "")
    assert there.stdout.endswith("2 jobs: 2 done\n")
    collected = run_apart("collect", "run", "--mitigation", "readout")
    assert (collected.returncode, collected.stderr) == (0, "")
    assert "wrote run/charging-readout.nc" in collected.stdout
    assert collected.stdout.count("200") == 2
    assert max(map(len, collected.stdout.splitlines())) <= 80
    data = xr.load_dataset(tmp_path / "run" / "charging-readout.nc", engine="h5netcdf")
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
    again = run("collect", "run", "--mitigation", "readout", "--output", "raw.nc", "--overwrite")
    assert again.exit_code == 0
    replaced = xr.load_dataset(tmp_path / "raw.nc", engine="h5netcdf")
    assert replaced.attrs["mitigation"] == "readout"
    unknown = run("collect", "run", "--mitigation", "zne")
    assert unknown.exit_code == 2
    assert "'zero_noise', 'guided', 'all', got 'zne'." in unknown.stderr


def test_a_mitigated_run_from_end_to_end(tmp_path):
    asked = ("--num-steps", "2", "--noise-factors", "1,3", "--total-spin")
    dry = run(*SMALL, *asked, "--dry-run")
    assert "circuits         14 in 1 job" in dry.stdout
    assert "of these         4 Z, 4 Y, 4 X, 2 calibration; noise 1, 3" in dry.stdout
    assert run(*SMALL, *asked, "--folder", "run", "--seed", "3").exit_code == 0
    status = run_apart("status", "run")
    first, job_id, total = status.stdout.splitlines()
    assert first == ("job 1  done        circuits 0-13: 4 Z, 4 Y, 4 X, 2 calibration; noise 1, 3")
    assert job_id.strip() == RunFolder(Path("run")).attempts(
        RunFolder(Path("run")).batches[0])[-1].job_id  # fmt: skip
    assert total == "1 job: 1 done"
    everything = run_apart("collect", "run", "--mitigation", "all")
    assert (everything.returncode, everything.stderr) == (0, "")
    headings = [line for line in everything.stdout.splitlines() if "mitigation" in line]
    assert [line.split(": ")[1] for line in headings] == ["none", "readout", "zero_noise", "guided"]
    assert "J^2 is 3.75 without errors, 2.25 where all is lost" in everything.stdout
    with xr.open_datatree(tmp_path / "run" / "charging-all.nc", engine="h5netcdf") as tree:
        together = tree["guided"].to_dataset().load()
    alone = run("collect", "run", "--mitigation", "guided", "--output", "guided.nc")
    assert alone.exit_code == 0
    assert "+-" in alone.stdout
    data = xr.load_dataset(tmp_path / "guided.nc", engine="h5netcdf")
    assert data.identical(together)
    other = run(
        "collect", "run", "--mitigation", "zero_noise", "--readout-method", "mthree",
        "--extrapolation", "linear", "--output", "other.nc",
    )  # fmt: skip
    assert other.exit_code == 0
    attrs = xr.load_dataset(tmp_path / "other.nc", engine="h5netcdf").attrs
    assert (attrs["readout_method"], attrs["extrapolation"]) == ("mthree", "linear")


def test_what_the_circuits_do_not_allow_is_told_in_one_line(monkeypatch):
    run(*SMALL, "--folder", "run", "--seed", "3")
    refused = run("collect", "run", "--mitigation", "zero_noise")
    assert refused.exit_code == 2
    assert refused.stderr.count("\n") == 1
    assert "(--noise-factors 1,3,5)" in refused.stderr
    monkeypatch.setitem(sys.modules, "mthree", None)
    missing = run("collect", "run", "--mitigation", "readout", "--readout-method", "mthree")
    assert missing.exit_code == 1
    assert missing.stderr.count("\n") == 1
    assert 'pip install "rzqiskit[mitigation]"' in missing.stderr


def test_the_help_speaks_of_one_amplitude():
    text = " ".join(run("submit", "--help").stdout.split())
    assert "with commas" not in text
    assert "Amplitude v0" in text


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


def test_the_summary_comes_before_anything_is_sent(monkeypatch):
    def broken(*_: object, **__: object) -> None:
        raise ExecutionError("no answer")

    monkeypatch.setattr("rzqiskit.submission.submit_charging", broken)
    samples = Path("pulse.txt")
    samples.write_text("0 0\n0.1 5\n0.2 0\n")
    result = run(*SMALL, "--drive", "sampled", "--drive-samples", "pulse.txt", "--slices",
                 "shared", "--no-calibration", "--num-times", "1")  # fmt: skip
    assert result.exit_code == 1
    assert result.stdout.splitlines() == [
        "battery          N = 3, Delta = 1, eta = 2 (ordered pairs)",
        "drive            SampledDrive, 3 times, 3 values",
        "times            0.2",
        "slices           1 shared by all times, order 2, mean-field frame, equal time",
        "bases            Z, Y; noise 1; without readout calibration",
        "shots each       200",
        "device           local:FakeManilaV2",
        "folder           a new one here",
    ]


def test_a_dry_run_sends_and_writes_nothing(tmp_path):
    result = run(*SMALL, "--dry-run", "--max-circuits-per-job", "4")
    assert result.exit_code == 0
    for line in ("circuits         6 in 2 jobs", "shots each       200", "device time      0.3 s"):
        assert line in result.stdout
    assert "two-qubit gates" in result.stdout
    assert "two-qubit depth" in result.stdout
    assert "battery          N = 3, " in result.stdout
    assert "device           local:FakeManilaV2\n" in result.stdout
    assert max(map(len, result.stdout.splitlines())) <= 80
    assert result.stdout.endswith("nothing was sent\n")
    assert not any(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (("submit", "--backend", "local:FakeTorin"), "; did you mean fake_torino or"),
        (("submit",), "Missing option '--backend'"),
        ((*SMALL, "--options", "{"), "`options` must be a JSON object, got '{'"),
        ((*SMALL, "--options", '{"x": 1}'), "`options` must be the runtime's sampler options"),
        ((*SMALL, "--num-times", "0"), "`num_times` must be a positive integer, got 0"),
        ((*SMALL, "--noise-factors", "3,5"), "`noise_factors` must start with 1 and increase"),
        ((*SMALL, "--noise-factors", "1,x"), "`noise_factors` must be a number such as"),
        (("collect", ".", "--readout-method", "mthree"), "`readout_method` must be left out"),
        (("collect", ".", "--extrapolation", "x"), "`extrapolation` must be one of 'exponential'"),
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
