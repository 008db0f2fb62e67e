"""``rzqiskit sweep`` and ``rzqiskit show`` in process."""

from __future__ import annotations

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
    assert (result.exit_code, result.stderr) == (0, "")
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
    assert finished.exit_code == 0, finished.stderr
    done = open_sweep(tmp_path / "s").attrs["chunks_done"].split()
    assert done[0] == done[2]


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
    assert run("sweep", plan).exit_code == 0
    plan.write_text(SPECIFICATION.replace("[0, 3]", "[3]"))
    result = run("sweep", plan)
    assert result.exit_code == 2
    assert "holds another: num_qubits: 1 values [3] here, 2 values [0, 3] there." in result.stderr


def test_strict_stops_in_one_line(plan) -> None:
    result = run("sweep", plan, "--strict")
    assert result.exit_code == 1
    assert result.stderr.count("\n") == 1
    assert "failed: `num_qubits` must be a positive integer, got 0." in result.stderr


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
    assert row[1:] == ["energy", f"{stored.min():.6g}", f"{stored.max():.6g}", "216"]


def test_show_draws_what_is_left(plan, tmp_path) -> None:
    run("sweep", plan)
    at = ["--at", "num_qubits=3", "--at", "pair_counting=unordered"]
    for more, name in (([], "map.png"), (["--at", "drive_period=0.1pi"], "line.png")):
        result = run("show", "plan.zarr", *at, *more, "--output", name)
        assert result.exit_code == 0, result.stderr
        assert matplotlib.image.imread(tmp_path / name).shape[0] > 500
    refused = run("show", "plan.zarr", "--output", "four.png")
    assert refused.exit_code == 2
    assert "`data` must have one or two dims left" in refused.stderr
    assert not (tmp_path / "four.png").exists()


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ("--at=width=3", "`at` must be NAME=VALUE with a dim out of"),
        ("--at=num_qubits", "`at` must be NAME=VALUE"),
        ("--at=num_qubits=many", "`at` must be a number"),
        ("--at=pair_counting=both", "`at` must name one of ordered, unordered, got 'both'"),
        ("--quantity=E", "`quantity` must be one of final_stored_energy, maximum_average_power"),
    ],
)
def test_show_refuses(plan, option, message) -> None:
    run("sweep", plan)
    result = run("show", "plan.zarr", option)
    assert result.exit_code == 2
    assert message in result.stderr
