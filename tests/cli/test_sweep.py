"""``rzqiskit sweep`` and ``rzqiskit show`` in process."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import sys
import time

import matplotlib.image
import numpy as np
import pytest
from typer.testing import CliRunner

from rzqiskit.cli.app import app
from rzqiskit.sweeps import load_specification, open_sweep, sweep
from rzqiskit.sweeps.solve import solve_block

SPECIFICATION = """\
quantities = ["final_stored_energy", "maximum_average_power"]
[drive]
shape = "SineSquaredDrive"
amplitude = { linspace = [5, 60, 12] }
period = { linspace = [0.1, 0.5, 9] }
[battery]
num_qubits = [0, 3]
pair_counting = ["ordered", "unordered"]
"""


def run(*args: object):
    return CliRunner().invoke(app, [str(arg) for arg in args], prog_name="rzqiskit")


@pytest.fixture
def plan(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "plan.toml"
    path.write_text(SPECIFICATION)
    return path


def test_sweep_writes_a_store(plan, tmp_path) -> None:
    result = run("sweep", plan)
    assert (result.exit_code, result.stderr) == (1, "")  # some failed, the others are there
    assert result.stdout == "432 points in plan.zarr, 216 failed\n"
    expected = sweep(load_specification(plan))
    stored = open_sweep(tmp_path / "plan.zarr")
    for name in ("final_stored_energy", "maximum_average_power"):
        assert np.array_equal(stored[name].values, expected[name].values, equal_nan=True)


def test_resume_after_an_interruption(plan, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr("rzqiskit.sweeps.chunks.MOST_POINTS", 108)
    calls = []

    def interrupted(specification, num_threads=None):
        calls.append(1)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return solve_block(specification, num_threads)

    monkeypatch.setattr("rzqiskit.sweeps.run.solve_block", interrupted)
    stopped = run("sweep", plan, "--store", tmp_path / "s")
    assert stopped.exit_code == 130
    assert stopped.stderr.count("\n") == 1
    assert f"rzqiskit sweep --resume {tmp_path / 's'}" in stopped.stderr
    finished = run("sweep", "--resume", tmp_path / "s")
    assert (finished.exit_code, finished.stderr) == (1, "")
    assert finished.stdout.endswith(", 216 failed\n")
    done = open_sweep(tmp_path / "s").attrs["chunks_done"].split()
    assert done[0] == done[2]


# Five seconds on one core: at least twenty chunks, of a fifth of a second.
LONG = """\
[drive]
shape = "SineSquaredDrive"
amplitude = { linspace = [1, 100, 100] }
period = 0.3
[battery]
num_qubits = 60
interaction = { linspace = [-3, 3, 50] }
"""
COMMAND = [sys.executable, "-c", "import sys; from rzqiskit.cli import main; sys.exit(main())"]


def as_in_a_terminal() -> None:
    # A shell lets what it starts in the background, such as these tests, ignore Ctrl-C.
    signal.signal(signal.SIGINT, signal.default_int_handler)


def as_in_a_terminal_on_one_core() -> None:
    as_in_a_terminal()
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})


def wait_for_chunks(store, number: int) -> None:
    manifest = store / "manifest.jsonl"
    deadline = time.monotonic() + 60.0
    while not manifest.exists() or len(manifest.read_text().splitlines()) <= number:
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.mark.parametrize("options", [[], ["--workers", "2"]])
def test_ctrl_c_in_a_terminal_ends_in_one_line(plan, tmp_path, options) -> None:
    plan.write_text(LONG)
    with subprocess.Popen(
        [*COMMAND, "sweep", "plan.toml", *options], stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, text=True, start_new_session=True,
        # Workers have one thread each anyway.
        preexec_fn=as_in_a_terminal if options else as_in_a_terminal_on_one_core,
    ) as process:  # fmt: skip
        wait_for_chunks(tmp_path / "plan.zarr", 1)
        # A terminal sends it to all processes of the group, so to the workers as well.
        os.killpg(process.pid, signal.SIGINT)
        stdout, stderr = process.communicate(timeout=60)
    assert (process.returncode, stdout) == (130, "")
    assert re.fullmatch(
        r"rzqiskit: interrupted: \d+ of \d+ chunks are done; the same sweep with the store "
        r"plan.zarr goes on from there. On the command line: rzqiskit sweep --resume plan.zarr\n",
        stderr,
    )


def test_workers_end_silently() -> None:
    # Whose heartbeat finds, once in fifty times, that Ctrl-C has stopped the scheduler before.
    code = (
        "import logging, signal, distributed\n"
        "from rzqiskit.cli.sweep import _deaf_worker_plugin\n"
        "_deaf_worker_plugin().setup(None)\n"
        "logging.getLogger('distributed.worker').error('Failed to communicate')\n"
        "signal.raise_signal(signal.SIGINT)\n"
        "print('still here')"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert (ran.stdout, ran.stderr) == ("still here\n", "")


def test_a_terminal_sees_rate_and_time_left(plan) -> None:
    import pty

    plan.write_text(LONG.replace("100] }", "10] }"))
    controller, terminal = pty.openpty()
    with subprocess.Popen(
        [*COMMAND, "sweep", "plan.toml"], stdout=subprocess.PIPE, stderr=terminal,
        env=os.environ | {"TERM": "xterm", "COLUMNS": "120"},
    ) as process:  # fmt: skip
        os.close(terminal)
        drawn = b""
        with contextlib.suppress(OSError):  # the other end is closed
            while part := os.read(controller, 4096):
                drawn += part
    os.close(controller)
    assert process.returncode == 0
    text = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", drawn.decode())
    assert re.search(r"sweep .* (\d+)/\1 chunks, [0-9.e+-]+/s \d+:\d\d:\d\d left 0:00:00", text), (
        text
    )


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["sweep"], "`specification` must be given, or --resume"),
        (["sweep", "plan.toml", "--resume", "s"], "and not both"),
        (["sweep", "--resume", "s", "--store", "t"], "`store` must not be given with --resume"),
        (["sweep", "--resume", "nowhere"], "`store` must be a folder that a sweep has written"),
        (["sweep", "none.toml"], "`specification` must be a readable file"),
        (["sweep", "plan.toml", "--workers", "-1"], "`workers` must be a non-negative integer"),
        (["show", "nowhere"], "`store` must be a folder that a sweep has written"),
        (["show", "nowhere", "--output", "x.gif"], "`output` must end in .png, .pdf or .svg"),
        (["show", "nowhere", "--output", "plan.png"], "`output` must not exist already"),
    ],
)
def test_user_errors(plan, tmp_path, args, message) -> None:
    (tmp_path / "plan.png").write_bytes(b"mine")
    result = run(*args)
    assert result.exit_code == 2
    assert result.stderr.startswith("rzqiskit: `")
    assert result.stderr.count("\n") == 1
    assert message in result.stderr


def test_an_error_in_the_file_names_its_line(plan) -> None:
    plan.write_text(SPECIFICATION.replace("[0, 3]", "[0, 3.5]"))
    result = run("sweep", plan)
    assert result.exit_code == 2
    assert "`num_qubits` must be made of integers" in result.stderr
    assert f"(line 7 of {plan})." in result.stderr


def test_another_sweep_in_the_store(plan) -> None:
    plan.write_text(SPECIFICATION.replace("[0, 3]", "[2, 3]"))
    whole = run("sweep", plan)
    assert (whole.exit_code, whole.stdout) == (0, "432 points in plan.zarr\n")
    plan.write_text(SPECIFICATION.replace("[0, 3]", "[3]"))
    result = run("sweep", plan)
    assert result.exit_code == 2
    assert "holds another: num_qubits: 1 value [3] here, 2 values [2, 3] there." in result.stderr


def test_strict_stops_in_one_line(plan) -> None:
    result = run("sweep", plan, "--strict")
    assert result.exit_code == 1
    assert result.stderr.count("\n") == 1
    assert "failed: `num_qubits` must be a positive integer, got 0." in result.stderr


def test_the_only_point_may_fail(plan) -> None:
    plan.write_text(
        """\
quantities = ["final_stored_energy"]
[drive]
shape = "SineSquaredDrive"
amplitude = 20
period = 0.3
[battery]
num_qubits = -4
"""
    )
    result = run("sweep", plan)
    assert (result.exit_code, result.stderr) == (1, "")
    assert result.stdout == "1 point in plan.zarr, 1 failed\n"
    shown = run("show", "plan.zarr").stdout.splitlines()
    assert shown[-1] == "1 failed: `num_qubits` must be a positive integer, got -4."


def test_a_store_with_damaged_metadata(plan, tmp_path) -> None:
    run("sweep", plan)
    metadata = tmp_path / "plan.zarr" / "zarr.json"
    metadata.write_text(metadata.read_text()[:200])
    for arguments in (["show", "plan.zarr"], ["sweep", "--resume", "plan.zarr"], ["sweep", plan]):
        result = run(*arguments)
        assert result.exit_code == 2
        assert result.stderr.count("\n") == 1
        assert "`store` must have readable metadata, but plan.zarr/zarr.json" in result.stderr


@pytest.mark.parametrize("address", ["tcp://127.0.0.1:9", "nonsense://127.0.0.1:9"])
def test_no_scheduler_at_the_address(plan, tmp_path, address) -> None:
    result = subprocess.run(
        [*COMMAND, "sweep", "plan.toml", "--scheduler", address], capture_output=True, text=True,
        env=os.environ | {"DASK_DISTRIBUTED__COMM__TIMEOUTS__CONNECT": "500ms"}, check=False,
    )  # fmt: skip
    assert result.returncode == 2
    assert result.stderr.startswith(
        f"rzqiskit: `scheduler` must be the address of a running dask scheduler, got {address!r}: "
    )
    assert result.stderr.count("\n") == 1
    assert not (tmp_path / "plan.zarr").exists()


def test_show_takes_the_nearest_of_values_in_any_order(plan) -> None:
    plan.write_text(SPECIFICATION.replace("[0, 3]", "[3, 0, 5]"))
    run("sweep", plan)
    for asked, taken in (("4.4", 5), ("2.9", 3), ("-1", 0)):
        result = run("show", "plan.zarr", "--at", f"num_qubits={asked}")
        assert f"num_qubits = {taken}" in result.stdout.splitlines(), result.output


def test_show(plan, tmp_path) -> None:
    run("sweep", plan)
    result = run("show", "plan.zarr")
    assert result.exit_code == 0, result.stderr
    lines = result.stdout.splitlines()
    assert lines[0].startswith("exact, chunks done: ")
    assert "num_qubits: 2 values from 0 to 3" in lines
    assert "pair_counting: ordered, unordered" in lines
    assert lines[-1] == "216 failed: `num_qubits` must be a positive integer, got 0."
    row = next(line.split() for line in lines if line.startswith("final_stored_energy"))
    stored = open_sweep("plan.zarr").final_stored_energy
    assert max(map(len, lines)) <= 80
    assert row[1:] == ["energy", f"{stored.min():.6g}", f"{stored.max():.6g}", "216"]


def test_show_draws_what_is_left(plan, tmp_path) -> None:
    run("sweep", plan)
    at = ["--at", "num_qubits=3", "--at", "pair_counting=unordered"]
    for options, name in (
        (at[:2], "panels.png"),
        (at, "map.png"),
        ([*at, "--at", "drive_period=0.1pi"], "line.png"),
    ):
        result = run("show", "plan.zarr", *options, "--output", name)
        assert result.exit_code == 0, result.stderr
        assert matplotlib.image.imread(tmp_path / name).shape[0] > 500
    refused = run("show", "plan.zarr", "--output", "four.png")
    assert refused.exit_code == 2
    assert "`at` must leave one to three dims for the plot, left: num_qubits, " in refused.stderr
    assert refused.stdout == ""
    assert not (tmp_path / "four.png").exists()


def test_noise_from_a_file_to_a_figure(plan, tmp_path) -> None:
    plan.write_text(
        """\
solver = "circuit"
quantities = ["final_stored_energy"]
[drive]
shape = "SineSquaredDrive"
amplitude = 20
period = 0.3
[battery]
num_qubits = 2
[settings]
noise = ["none", "FakeManilaV2"]
noise_scale = { linspace = [0, 2, 3] }
shots = 100
num_times = 4
"""
    )
    assert run("sweep", plan).stdout == "6 points in plan.zarr\n"
    result = run("show", "plan.zarr", "--output", "noise.png")
    assert result.exit_code == 0, result.stderr
    lines = result.stdout.splitlines()
    assert "noise: none, FakeManilaV2" in lines
    assert "noise_scale: 3 values from 0 to 2" in lines
    assert any(re.fullmatch(r"FakeManilaV2: fake_manila \S+, calibrated 20\d\d-\d\d-\d\d", line)
               for line in lines)  # fmt: skip
    assert matplotlib.image.imread(tmp_path / "noise.png").shape[0] > 500


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ("--at=width=3", "`at` must be NAME=VALUE with a dim out of"),
        ("--at=num_qubits", "`at` must be NAME=VALUE"),
        ("--at=num_qubits=many", "`at` must be a number"),
        ("--at=drive_period=nan", "`at` must be a finite number, got 'nan'."),
        ("--at=drive_period=inf", "`at` must be a finite number, got 'inf'."),
        ("--at=pair_counting=both", "`at` must name one of ordered, unordered, got 'both'"),
        ("--quantity=E", "`quantity` must be one of final_stored_energy, maximum_average_power"),
    ],
)
def test_show_refuses(plan, option, message) -> None:
    run("sweep", plan)
    result = run("show", "plan.zarr", option)
    assert result.exit_code == 2
    assert message in result.stderr
