"""``rzqiskit compare --backend``."""

import json

import pytest
import xarray as xr
from typer.testing import CliRunner

from rzqiskit.cli.app import app

SMALL = (
    "compare", "--backend", "fake_manila", "--num-qubits", "3", "--num-times", "3",
    "--circuit-stride", "1", "--shots", "200", "--drive-amplitude", "10,20", "--num-steps", "1",
)  # fmt: skip


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def run(*args):
    return CliRunner().invoke(app, args, prog_name="rzqiskit")


def test_table_and_data(tmp_path):
    result = run(*SMALL, "--output", "here")
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert lines[0] == "fake_manila, 200 shots a circuit"
    assert max(map(len, lines)) <= 80
    headings = [line.split() for line in lines if line.startswith("metric")]
    assert headings == [
        ["metric", "circuits", "raw", "mitigated", "guided", "planned"],
        ["metric", "formula", "device", "together", "shots"],
    ]
    assert [line.split() for line in lines if line.startswith("   ")] == [
        ["ideal", "readout", "raw,", "as"], ["product", "both"],
    ]  # fmt: skip
    assert "without the" not in result.stdout
    titles = [line for line in lines if line.startswith("v0")]
    assert titles == 2 * [
        f"v0 = {amplitude}: mean-field frame, order 2, 1 slice" for amplitude in (10, 20)
    ]
    # The plan says nothing of the powers.
    assert [sum(line.startswith(f"{name} ") for line in lines) for name in (
        "stored energy", "average power", "diagonal entropy")] == [4, 2, 4]  # fmt: skip
    tree = xr.open_datatree(tmp_path / "here" / "compare.nc", engine="h5netcdf")
    assert (tmp_path / "here" / "compare.png").stat().st_size > 20_000
    assert tree["raw"].stored_energy.sizes == {"drive_amplitude": 2, "time": 3}
    raw = float(tree["budget"].measured.sel(
        drive_amplitude=20.0, metric="stored_energy", node="raw"
    ))  # fmt: skip
    planned = float(tree["budget"].planned.sel(
        drive_amplitude=20.0, metric="stored_energy", term="bias"
    ))  # fmt: skip
    row = [line.split() for line in lines if line.startswith("stored energy")][1]
    assert (row[3], row[-1]) == (f"{raw:.4f}", f"{planned:.4f}")
    tree.close()


def test_times_without_a_signal_are_told():
    """Forty slices leave nothing of J^2 for the guide but at t = 0."""
    noisy = (*SMALL, "--num-steps", "40", "--shots", "100", "--circuit-stride", "2",
             "--num-qubits", "4", "--drive-amplitude", "20", "--output", "here")  # fmt: skip
    table = run(*noisy).stdout
    told = "guided, v0 = 20: without the 1 of 2 times at which no signal is left\n"
    assert table.count("without the") == table.count(told) == 1


def test_narrow_terminals_take_columns_below(monkeypatch):
    monkeypatch.setenv("COLUMNS", "50")
    lines = run(*SMALL, "--drive-amplitude", "20", "--output", "here").stdout.splitlines()
    assert max(map(len, lines)) <= 50
    assert sum(line.startswith("metric") for line in lines) == 4


def test_json_is_the_same_table(tmp_path):
    payload = json.loads(run(*SMALL, "--output", "here", "--json").stdout)
    tree = xr.open_datatree(tmp_path / "here" / "compare.nc", engine="h5netcdf")
    measured = tree["budget"].measured.values
    assert payload["backend"] == "fake_manila"
    assert payload["files"] == {"figure": "here/compare.png", "data": "here/compare.nc"}
    assert payload["coords"]["drive_amplitude"] == [10.0, 20.0]
    assert payload["measured"][0][0][1] == measured[0, 0, 1]
    errors = tree["budget"].measured_stderr.values
    assert (payload["measured_stderr"][1][0][1], tree.attrs["seed"]) == (errors[1, 0, 1], 7)
    assert payload["num_lost"] == [[[0] * 4] * 5] * 2
    assert payload["planned"][0][1] == [None] * 4  # the plan says nothing of the average power
    tree.close()


def test_circuits_run_at_a_stride(tmp_path):
    result = run(*SMALL, "--num-times", "5", "--circuit-stride", "2", "--num-steps", "2",
                 "--output", "here")  # fmt: skip
    assert result.exit_code == 0
    assert ", 2 slices\n" in result.stdout
    tree = xr.open_datatree(tmp_path / "here" / "compare.nc", engine="h5netcdf")
    assert (tree["exact"].sizes["time"], tree["raw"].sizes["time"]) == (5, 3)
    tree.close()


def test_files_are_kept_unless_told_otherwise(tmp_path):
    assert run(*SMALL, "--output", "here").exit_code == 0
    before = (tmp_path / "here" / "compare.png").read_bytes()
    again = run(*SMALL, "--output", "here", "--seed", "8")
    assert again.exit_code == 2
    assert "compare.png" in again.stderr
    assert (tmp_path / "here" / "compare.png").read_bytes() == before
    assert run(*SMALL, "--output", "here", "--seed", "8", "--overwrite").exit_code == 0
    assert (tmp_path / "here" / "compare.png").read_bytes() != before


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (("compare", "--backend", "fake_torin"), "; did you mean fake_torino or"),
        ((*SMALL, "--no-shots"), "`no_shots` must not be given with --backend"),
        ((*SMALL, "--spacing", "area"), "`spacing` must not be given with --backend"),
        ((*SMALL, "--num-qubits", "7"), "`circuits` must"),
        (("compare", "--backend", "fake_torino", "--num-qubits", "40"),
         "`num_qubits` must be at most 28 to simulate noise (statevectors of 4 GiB), got 40."),
        ((*SMALL, "--fractional-gates"), "`fractional_gates` must be False on fake_manila"),
        (("compare", "--fractional-gates"), "`fractional_gates` must not be given without"),
    ],
)  # fmt: skip
def test_user_errors(tmp_path, args, message):
    result = run(*args)
    assert result.exit_code == 2
    assert message in result.stderr
    assert not any(tmp_path.iterdir())
