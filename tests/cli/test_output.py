"""Files whole or not at all, and nothing replaced unasked."""

from __future__ import annotations

import os

import numpy as np
import pytest
import xarray as xr

from rzqiskit.cli.output import open_output_folder, write_netcdf, write_whole


def _open(folder, *, overwrite=False, names=("a.txt",)):
    return open_output_folder(folder, default="run", names=names, overwrite=overwrite)


def test_the_default_folder_is_always_new(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    for expected in ("run", "run-2", "run-3"):
        with _open(None) as folder:
            assert str(folder) == expected
            (folder / "a.txt").write_text("x")
    assert sorted(os.listdir(tmp_path)) == ["run", "run-2", "run-3"]


def test_a_folder_that_stays_empty_goes_away(tmp_path) -> None:
    with pytest.raises(ZeroDivisionError, match="by zero"), _open(tmp_path / "a" / "b"):
        _ = 1 / 0
    assert list(tmp_path.iterdir()) == []


def test_an_existing_folder_stays(tmp_path) -> None:
    with _open(tmp_path):
        pass
    assert tmp_path.is_dir()


def test_existing_files_are_refused_unless_asked(tmp_path) -> None:
    (tmp_path / "a.txt").write_text("precious")
    with pytest.raises(ValueError, match=r"`output` must not hold a\.txt already"), _open(tmp_path):
        pass
    with (
        _open(tmp_path, overwrite=True) as folder,
        write_whole(folder / "a.txt", overwrite=True) as part,
    ):
        part.write_text("new")
    assert (tmp_path / "a.txt").read_text() == "new"


def test_a_file_in_the_place_of_the_folder(tmp_path) -> None:
    (tmp_path / "file").write_text("")
    for folder in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(ValueError, match="`output` must be a folder that can be made"):
            _open(folder).__enter__()


def test_a_failed_write_leaves_nothing(tmp_path) -> None:
    def write() -> None:
        with write_whole(tmp_path / "a.txt", overwrite=False) as part:
            part.write_text("half")
            _ = 1 / 0

    with pytest.raises(ZeroDivisionError, match="by zero"):
        write()
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_appeared_meanwhile_is_kept(tmp_path) -> None:
    def write() -> None:
        with write_whole(tmp_path / "a.txt", overwrite=False) as part:
            part.write_text("mine")
            (tmp_path / "a.txt").write_text("theirs")

    with pytest.raises(ValueError, match=r"`output` must not hold a\.txt already"):
        write()
    assert [path.name for path in tmp_path.iterdir()] == ["a.txt"]
    assert (tmp_path / "a.txt").read_text() == "theirs"


def test_without_hard_links_it_is_the_same(tmp_path, monkeypatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", refuse)
    with write_whole(tmp_path / "a.txt", overwrite=False) as part:
        part.write_text("mine")
    assert (tmp_path / "a.txt").read_text() == "mine"

    def write_again() -> None:
        with write_whole(tmp_path / "a.txt", overwrite=False) as part:
            part.write_text("again")

    with pytest.raises(ValueError, match=r"`output` must not hold a\.txt already"):
        write_again()
    assert [path.name for path in tmp_path.iterdir()] == ["a.txt"]


def test_a_full_disk_is_one_line(tmp_path) -> None:
    def write() -> None:
        with write_whole(tmp_path / "a.txt", overwrite=False):
            raise OSError(28, "No space left on device")

    with pytest.raises(ValueError, match=r"`output` must be writable, .*: No space left"):
        write()


@pytest.mark.parametrize("kind", [xr.Dataset.copy, lambda data: xr.DataTree.from_dict({"a": data})])
def test_results_come_back_from_their_file(kind, tmp_path) -> None:
    data = kind(xr.Dataset({"x": ("t", np.arange(5.0))}, attrs={"seed": 7}))
    write_netcdf(data, tmp_path / "a.nc", overwrite=False)
    with xr.open_datatree(tmp_path / "a.nc", engine="h5netcdf") as found:
        assert found.identical(data if isinstance(data, xr.DataTree) else xr.DataTree(data))
    with pytest.raises(ValueError, match=r"`output` must not hold a\.nc already"):
        write_netcdf(data, tmp_path / "a.nc", overwrite=False)


def test_results_without_room_are_one_line(tmp_path) -> None:
    # HDF5 itself, writing to a file that cannot grow, would end the process.
    resource = pytest.importorskip("resource")
    data = xr.Dataset({"x": ("t", np.random.default_rng(7).random(50_000))})
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, limits[1]))
    try:
        with pytest.raises(ValueError, match=r"`output` must be writable, .*: File too large"):
            write_netcdf(data, tmp_path / "a.nc", overwrite=False)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_not_there_is_said_in_few_words(tmp_path) -> None:
    path = tmp_path / "none" / "a.nc"
    with pytest.raises(ValueError, match=r"must be writable, got .*a\.nc: No such file or direct"):
        write_netcdf(xr.Dataset(), path, overwrite=False)
