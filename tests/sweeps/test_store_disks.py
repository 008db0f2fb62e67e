"""Stores whose disk lost something, has no locks, or may only be read."""

from __future__ import annotations

import errno
import os
import shutil

import pytest
import xarray as xr

from rzqiskit.drives import SineSquaredDrive
from rzqiskit.sweeps import StoreError, open_sweep, sweep
from rzqiskit.sweeps.store import MANIFEST

WANTED = ["final_stored_energy"]


@pytest.fixture(autouse=True)
def no_measuring(monkeypatch) -> None:
    monkeypatch.setattr("rzqiskit.sweeps.run.measure_point_seconds", lambda _: 1e-3)


def refusing(code):
    def refuse(*_):
        raise OSError(code, os.strerror(code))

    return refuse


def assert_same(stored: xr.Dataset, kept: xr.Dataset) -> None:
    assert stored.attrs["chunks_done"].startswith("1 of 1")
    xr.testing.assert_identical(stored.load().drop_attrs(deep=False), kept.drop_attrs(deep=False))


def test_a_paired_sweep_keeps_its_parameters(tmp_path) -> None:
    """They are no dims, so that xarray takes them for data."""
    grid = {
        "drive": SineSquaredDrive(20.0, 0.3), "num_qubits": [3, 5, 2], "interaction": [1.0, 2.0, 0],
        "pair_counting": ["ordered", "unordered", "ordered"],
    }  # fmt: skip
    stored = sweep(grid, paired=True, quantities=WANTED, store=tmp_path / "s")
    assert_same(stored, sweep(grid, paired=True, quantities=WANTED))
    assert stored.num_qubits.dims == ("point",)


def test_coordinates_are_those_of_the_manifest(grid, tmp_path) -> None:
    stored = sweep(grid, quantities=WANTED, store=tmp_path / "s").load()
    shutil.rmtree(tmp_path / "s" / "interaction" / "c")
    assert not xr.open_zarr(tmp_path / "s").interaction.any()  # what is lost reads as zeros
    assert_same(open_sweep(tmp_path / "s"), stored)


def test_a_manifest_of_other_chunks(grid, tmp_path) -> None:
    sweep(grid, quantities=WANTED, store=tmp_path / "s")
    manifest = tmp_path / "s" / MANIFEST
    whole = manifest.read_text()
    manifest.write_text(whole.replace('"chunk_shape": [2, 3, 4]', '"chunk_shape": [2, 3, 1]'))
    assert manifest.read_text() != whole
    with pytest.raises(StoreError, match=r"of chunks \(2, 3, 4\), the manifest of \(2, 3, 1\)"):
        sweep(grid, quantities=WANTED, store=tmp_path / "s")


def test_a_disk_without_locks(grid, tmp_path, monkeypatch) -> None:
    """As those of some clusters."""
    monkeypatch.setattr("fcntl.flock", refusing(errno.ENOSYS))
    stored = sweep(grid, quantities=WANTED, store=tmp_path / "s")
    assert_same(stored, sweep(grid, quantities=WANTED))


def test_a_store_that_one_may_only_read(grid, tmp_path, monkeypatch) -> None:
    stored = sweep(grid, quantities=WANTED, store=tmp_path / "s").load()
    monkeypatch.setattr("rzqiskit.sweeps.store.os.open", refusing(errno.EROFS))
    assert_same(open_sweep(tmp_path / "s"), stored)
    with pytest.raises(StoreError, match=r"must be one to write to, got .*s: Read-only file"):
        sweep(grid, quantities=WANTED, store=tmp_path / "s")
