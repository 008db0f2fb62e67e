"""The command ``compare`` in process, on small batteries."""

from __future__ import annotations

import io
import json
import re

import matplotlib.image
import numpy as np
import pytest
import xarray as xr
from typer.testing import CliRunner

from rzqiskit.analytic import METHODS
from rzqiskit.cli.app import app
from rzqiskit.cli.comparison_output import print_report
from rzqiskit.cli.progress import show_progress
from rzqiskit.comparison import compare, join_reports
from rzqiskit.drives import SineSquaredDrive
from rzqiskit.model import RosenZenerBattery

SMALL = [
    "compare", "--num-qubits", "3", "--drive-amplitude", "20,40", "--num-times", "13",
    "--circuit-stride", "3", "--num-steps", "4", "--shots", "500", "--seed", "5",
]  # fmt: skip


def run(*args: str, **kwargs):
    return CliRunner(**kwargs).invoke(app, args, prog_name="rzqiskit")


@pytest.fixture(scope="module")
def job(tmp_path_factory):
    folder = tmp_path_factory.mktemp("compare") / "out"
    result = run(*SMALL, "--output", str(folder), env={"NO_COLOR": "1"})
    assert result.exit_code == 0, result.stderr
    return result, folder


def test_table(job) -> None:
    result, folder = job
    lines = result.stdout.splitlines()
    assert lines[0] == "N = 3, Delta = 1, eta = 2 (ordered pairs), SineSquaredDrive;"
    assert lines[1] == "circuits of 4 slices of order 2, 500 shots"
    row = next(row for row, line in enumerate(lines) if line.startswith("metric"))
    assert lines[row - 1].split() == ["ideal", "max", "rms"]
    assert lines[row].split() == [
        "metric", "leading", "paper", "circuits", "circuits", "in", "se", "in", "se", "p-value"
    ]  # fmt: skip
    assert lines[row + 1] == 80 * "─"
    assert sum(line.strip().startswith("stored energy") for line in lines) == 2
    assert result.stdout.count("consistent") == 4
    assert lines[-2:] == [f"wrote {folder / 'compare.png'}", f"wrote {folder / 'compare.nc'}"]
    assert result.stderr == ""
    assert "\x1b" not in result.stdout
    assert max(map(len, lines[:-2])) <= 80
    assert not any(line != line.rstrip() for line in lines)


def test_every_number_is_shown_at_any_width(capsys, monkeypatch) -> None:
    battery = RosenZenerBattery(num_qubits=2, drive=SineSquaredDrive(20.0, 0.3), interaction=2.0)
    report = compare(battery, np.linspace(0.0, 0.3, 3), methods=METHODS, shots=50, seed=5)
    shown = {}
    for width in (60, 80, 100, 160):
        monkeypatch.setenv("COLUMNS", str(width))
        print_report(join_reports({20.0: report}))
        text = capsys.readouterr().out
        assert "…" not in text
        assert max(map(len, text.splitlines())) <= width
        rows = re.findall(r"^energy fluctuation +(.*)$", text, re.MULTILINE)
        shown[width] = [cell for cells in rows for cell in cells.split()]
    assert len(shown[160]) == len(METHODS) + 5
    assert shown[60] == shown[80] == shown[100] == shown[160]


def test_no_degree_of_freedom_is_no_verdict(tmp_path) -> None:
    small = [*SMALL, "--num-times", "2", "--final-time", "1e-3", "--circuit-stride", "1"]
    result = run(*small, "--shots", "4", "--output", str(tmp_path / "few"), env={"NO_COLOR": "1"})
    assert result.exit_code == 0
    verdicts = [line for line in result.stdout.splitlines() if "exact solver  " in line]
    assert verdicts
    assert all(line.split()[-4:] == ["0", "-", "not", "tested"] for line in verdicts)
    assert "consistent" not in result.stdout


def test_table_shows_the_numbers_of_the_file(job) -> None:
    result, folder = job
    with xr.open_datatree(folder / "compare.nc", engine="h5netcdf") as report:
        deviation = report["deviation"].to_dataset().load()
    rows = re.findall(r"^ *energy fluctuation +(.*)$", result.stdout, re.MULTILINE)
    for amplitude, row in zip((20.0, 40.0), rows, strict=True):
        entry = deviation.sel(drive_amplitude=amplitude, metric="energy_fluctuation")
        cells = row.split()
        largest = entry.largest_deviation.sel(comparison=["leading", "paper", "trotter", "circuit"])
        assert cells[:4] == [f"{value:.1e}" for value in largest.values]
        assert cells[4] == f"{entry.largest_standard_errors.sel(comparison='circuit'):.2f}"


def test_file_is_what_the_library_computes(job) -> None:
    _, folder = job
    battery = RosenZenerBattery(
        num_qubits=3, drive=SineSquaredDrive(40.0, 0.1 * np.pi), interaction=2.0
    )
    expected = compare(
        battery, np.linspace(0.0, 0.1 * np.pi, 13), shots=500, num_steps=4, seed=5,
        circuit_stride=3,
    )  # fmt: skip
    with xr.open_datatree(folder / "compare.nc", engine="h5netcdf") as report:
        for path in ("exact", "analytic/leading", "analytic/paper", "trotter", "circuit"):
            data = report[path].to_dataset().sel(drive_amplitude=40.0)
            # Aer's sums differ in the last bit from run to run.
            xr.testing.assert_allclose(
                data.load().drop_vars(["drive_amplitude", "battery"]),
                expected[path].to_dataset(),
                rtol=1e-11,
                atol=1e-11,
            )
        assert json.loads(report["exact"].battery.values[1]) == battery.to_dict()


def test_figure(job) -> None:
    _, folder = job
    pixels = matplotlib.image.imread(folder / "compare.png")
    assert pixels.shape[0] > 800
    assert pixels.shape[1] > 1200
    assert sorted(path.name for path in folder.iterdir()) == ["compare.nc", "compare.png"]


def test_json(tmp_path) -> None:
    result = run(*SMALL, "--output", str(tmp_path), "--json")
    assert result.exit_code == 0, result.stderr
    payload = json.loads(result.stdout, parse_constant=lambda name: pytest.fail(name))
    deviation = payload["deviation"]
    assert deviation["coords"]["drive_amplitude"] == [20.0, 40.0]
    assert deviation["coords"]["comparison"] == ["leading", "paper", "trotter", "shots", "circuit"]
    assert np.shape(deviation["variables"]["largest_deviation"]) == (2, 5, 5)
    assert deviation["variables"]["p_value"][0][0] == [None] * 5
    assert payload["settings"]["shots"] == 500
    assert RosenZenerBattery.from_dict(payload["batteries"][0]).drive.amplitude == 20.0
    with xr.open_datatree(tmp_path / "compare.nc", engine="h5netcdf") as report:
        assert payload["summaries"]["exact"]["maximum_stored_energy"] == pytest.approx(
            report["exact"].maximum_stored_energy.values
        )
    assert payload["files"]["figure"] == str(tmp_path / "compare.png")


def test_same_seed_same_job_whatever_the_other_drives(job, tmp_path) -> None:
    alone = [*SMALL, "--drive-amplitude", "40", "--output", str(tmp_path / "alone")]
    assert run(*alone).exit_code == 0
    with (
        xr.open_datatree(job[1] / "compare.nc", engine="h5netcdf") as both,
        xr.open_datatree(tmp_path / "alone" / "compare.nc", engine="h5netcdf") as single,
    ):
        first = both["circuit"].counts.sel(drive_amplitude=40.0)
        assert np.array_equal(first, single["circuit"].counts.sel(drive_amplitude=40.0))


def test_without_shots(tmp_path) -> None:
    result = run(*SMALL[:-4], "--no-shots", "--output", str(tmp_path))
    assert result.exit_code == 0, result.stderr
    assert "p-value" not in result.stdout
    assert "circuits of 4 slices of order 2, no shots" in result.stdout
    # Without shots there is nothing but ideal circuits.
    assert [line.split() for line in result.stdout.splitlines() if "ideal" in line] == [["ideal"]]
    with xr.open_datatree(tmp_path / "compare.nc", engine="h5netcdf") as report:
        assert "trotter" not in report.children


def test_other_parameters_arrive(tmp_path) -> None:
    result = run(
        "compare", "--num-qubits", "2", "--interaction", "-0.5", "--level-splitting", "2",
        "--pair-counting", "unordered", "--drive", "gaussian", "--drive-width", "0.2",
        "--drive-duration", "1", "--drive-amplitude", "3", "--final-time", "0.8",
        "--num-times", "5", "--circuit-stride", "2", "--num-steps", "3", "--order", "4",
        "--frame", "drive", "--spacing", "area", "--slices", "shared",
        "--shots", "100", "--tolerance", "1e-8", "--output", str(tmp_path), "--json",
    )  # fmt: skip
    assert result.exit_code == 0, result.stderr
    payload = json.loads(result.stdout)
    assert payload["batteries"] == [
        {
            "type": "RosenZenerBattery", "version": 1, "num_qubits": 2, "interaction": -0.5,
            "level_splitting": 2.0, "pair_counting": "unordered",
            "drive": {"type": "GaussianDrive", "version": 1, "amplitude": 3.0, "center": 0.5,
                      "width": 0.2, "duration": 1.0},
        }
    ]  # fmt: skip
    assert payload["settings"] == {
        "shots": 100, "num_steps": 3, "order": 4, "methods": ["leading"], "tolerance": 1e-8,
        "circuit_stride": 2, "seed": 7, "frame": "drive", "spacing": "area", "slices": "shared",
    }  # fmt: skip
    with xr.open_datatree(tmp_path / "compare.nc", engine="h5netcdf") as report:
        assert report["exact"].time.values == pytest.approx([0.0, 0.2, 0.4, 0.6, 0.8])
        assert report["circuit"].time.values == pytest.approx([0.0, 0.4, 0.8])


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["--num-qubits", "0"], "`num_qubits` must be a positive integer, got 0."),
        (["--num-qubits", "5000"], "`num_qubits` must be at most 4096 to compare populations"),
        (["--drive-amplitude", "nan"], "`amplitude` must be finite, got nan."),
        (["--drive-amplitude", "1,1"], "`drive_amplitude` must hold different numbers"),
        (["--drive-period", "-1"], "`period` must be positive, got -1.0."),
        (["--no-shots"], "`shots` must not be given with --no-shots."),
        (["--drive-width", "1"], "`drive_width` must not be given with the drive 'sine-squared'."),
        (["--pair-counting", "both"], "`pair_counting` must be one of 'ordered', 'unordered'"),
        (["--num-times", "1"], "`num_times` must be an integer of at least 2, got 1."),
        (["--circuit-stride", "0"], "`circuit_stride` must be a positive integer, got 0."),
        (["--final-time", "0"], "`final_time` must be positive, got 0.0."),
        (["--shots", "-5"], "`shots` must be a positive integer, got -5."),
        (["--shots", str(10**9 + 1)], "`shots` must be at most 1000000000, got 1000000001."),
        (
            ["--backend", "FakeTorino", "--shots", "2000001"],
            "`shots` must be at most 2000000 with --backend and 5 times, got 2000001.",
        ),
        (["--num-times", str(10**9)], "`num_times` must be at most 5592405, got 1000000000."),
        (["--seed", "-1"], "`seed` must be a non-negative integer, got -1."),
        (["--seed", str(2**63)], "`seed` must be below 2**63, which files can hold"),
        (["--order", "3"], "`order` must be one of"),
        (
            ["--frame", "window"],
            "`frame` must be one of 'mean-field', 'drive', 'lab', got 'window'.",
        ),
        (["--slices", "some"], "`slices` must be one of"),
        (["--method", "best"], "`method` must be one of"),
        (["--tolerance", "zero"], "`tolerance` must be a number"),
        (["--drive", "rectangular", "--method", "paper"], "`drive` must be a SineSquaredDrive"),
    ],
)
def test_user_errors_are_one_line_and_leave_nothing(args, message, tmp_path) -> None:
    result = run(*SMALL, "--output", str(tmp_path / "out"), *args)
    assert result.exit_code == 2
    assert result.stderr.startswith("rzqiskit: ")
    assert result.stderr.count("\n") == 1
    assert message in result.stderr
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_overwritten_unasked(job, tmp_path) -> None:
    _, folder = job
    before = (folder / "compare.nc").read_bytes()
    refused = run(*SMALL, "--output", str(folder))
    assert refused.exit_code == 2
    assert "`output` must not hold compare.png already" in refused.stderr
    assert (folder / "compare.nc").read_bytes() == before
    (tmp_path / "compare.nc").write_text("old")
    assert run(*SMALL, "--output", str(tmp_path), "--overwrite").exit_code == 0
    assert (tmp_path / "compare.nc").read_bytes()[:4] == b"\x89HDF"


def test_progress_draws_in_a_terminal_only() -> None:
    from rich.console import Console

    drawn = {}
    for terminal in (True, False):
        stream = io.StringIO()
        with show_progress(Console(file=stream, force_terminal=terminal), 2) as advance:
            advance("first stage")
            advance("second stage")
        drawn[terminal] = stream.getvalue()
    assert "second stage" in drawn[True]
    assert "1/2" in drawn[True]
    assert drawn[False].strip() == ""
