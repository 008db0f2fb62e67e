"""The command ``reproduce`` in process, on the cheapest figure."""

from __future__ import annotations

import re

import matplotlib.image
import pytest
import xarray as xr
from typer.testing import CliRunner

from rzqiskit.cli.app import app


def run(*args: str):
    return CliRunner().invoke(app, ["reproduce", *args], prog_name="rzqiskit")


@pytest.fixture(scope="module")
def job(tmp_path_factory):
    folder = tmp_path_factory.mktemp("reproduce") / "out"
    result = run(
        "fig6", "--shots", "20", "--seed", "4", "--num-threads", "1", "--output", str(folder)
    )
    assert result.exit_code == 0, result.stderr
    return result, folder


def test_writes_a_picture_and_the_data(job) -> None:
    result, folder = job
    files = [folder / "fig6.nc", folder / "fig6.png"]
    agreement, *written = result.stdout.splitlines()
    assert written == [f"wrote {path}" for path in files]
    found = re.fullmatch(
        r"fig6: circuits off the exact solution by (\d+\.\d\d) standard errors "
        r"\(root mean square\), at most (\d+\.\d)",
        agreement,
    )
    assert found is not None
    with xr.open_datatree(files[0], engine="h5netcdf") as tree:
        attrs = tree["circuit"].attrs
        assert f"{attrs['rms_standard_errors']:.2f}" == found[1]
        assert f"{attrs['largest_standard_errors']:.1f}" == found[2]
    assert sorted(folder.iterdir()) == files
    assert matplotlib.image.imread(files[1]).shape[2] == 4
    with xr.open_datatree(files[0], engine="h5netcdf") as tree:
        assert tree.attrs["figure"] == "fig6"
        assert tree.attrs["seed"] == 4
        assert tree["exact"].sizes["interaction"] == 281


def test_does_not_replace_files(job) -> None:
    _, folder = job
    before = (folder / "fig6.nc").stat().st_mtime_ns
    result = run("fig6", "--output", str(folder))
    assert result.exit_code == 2
    assert "must not hold fig6.png already" in result.stderr
    assert (folder / "fig6.nc").stat().st_mtime_ns == before


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["fig1"], "`figure` must be"),
        (["fig6", "--shots", "0"], "`shots` must be a positive integer, got 0."),
        (["fig6", "--shots", "1000001"], "`shots` must be at most 1000000, got 1000001."),
        (["fig6", "--num-threads", "0"], "`num_threads` must be a positive integer, got 0."),
    ],
)
def test_wrong_options(arguments, message, tmp_path) -> None:
    result = run(*arguments, "--output", str(tmp_path / "new"))
    assert result.exit_code == 2
    assert message in result.stderr
    assert not (tmp_path / "new").exists()
