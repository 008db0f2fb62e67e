"""Stores: resumed, damaged, torn, full, killed - nothing finished is lost, no half is believed."""

from __future__ import annotations

import json
import signal
import subprocess
import sys

import numpy as np
import pytest
import xarray as xr

from rzqiskit.drives import SineSquaredDrive
from rzqiskit.sweeps import (
    SpecificationError,
    StoreError,
    SweepInterrupted,
    SweepSpecification,
    open_sweep,
    sweep,
)
from rzqiskit.sweeps.solve import solve_block
from rzqiskit.sweeps.store import MANIFEST, SweepStore, _write_skeleton


@pytest.fixture
def solved_blocks(monkeypatch) -> list[int]:
    """Sizes of the blocks that are solved from now on."""
    sizes: list[int] = []

    def solve(specification, num_threads=None):
        sizes.append(specification.size)
        return solve_block(specification, num_threads)

    monkeypatch.setattr("rzqiskit.sweeps.run.solve_block", solve)
    return sizes


def equal(first: xr.Dataset, second: xr.Dataset) -> None:
    first, second = first.load().copy(), second.load().copy()
    first["failure"], second["failure"] = (d["failure"].astype(object) for d in (first, second))
    xr.testing.assert_equal(first, second)


def test_a_store_holds_what_memory_holds(grid, small_chunks, tmp_path) -> None:
    stored = sweep(grid, store=tmp_path / "s")
    equal(stored, sweep(grid))
    assert stored.attrs["chunks_done"] == "6 of 6"
    assert stored.maximum_stored_energy.attrs["units"] == "energy"
    read = xr.open_zarr(tmp_path / "s")
    assert np.array_equal(read.final_stored_energy, stored.final_stored_energy)


def test_texts_survive(grid, tmp_path) -> None:
    grid = grid | {"pair_counting": ["ordered", "unordered"], "num_qubits": [3, 0]}
    stored = sweep(grid, store=tmp_path / "s", quantities=["final_stored_energy"])
    assert stored.pair_counting.values.tolist() == ["ordered", "unordered"]
    assert stored.failure.values[1, 0, 0, 0] == "`num_qubits` must be a positive integer, got 0."
    equal(stored, sweep(grid, quantities=["final_stored_energy"]))


def test_a_finished_store_is_only_read(grid, small_chunks, tmp_path, solved_blocks) -> None:
    first = sweep(grid, store=tmp_path / "s").load()
    assert solved_blocks == [4] * 6
    equal(sweep(grid, store=tmp_path / "s"), first)
    assert solved_blocks == [4] * 6


def test_an_interrupted_sweep_goes_on(grid, small_chunks, tmp_path, monkeypatch) -> None:
    calls = []

    def interrupted(specification, num_threads=None):
        calls.append(1)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return solve_block(specification, num_threads)

    monkeypatch.setattr("rzqiskit.sweeps.run.solve_block", interrupted)
    with pytest.raises(SweepInterrupted, match=r"2 of 6 chunks are done; the same sweep with the"):
        sweep(grid, store=tmp_path / "s")
    half = open_sweep(tmp_path / "s")
    assert half.attrs["chunks_done"] == "2 of 6"
    assert int(np.isfinite(half.final_stored_energy).sum()) == 8
    whole = sweep(grid, store=tmp_path / "s")
    assert len(calls) == 3 + 4
    equal(whole, sweep(grid))


def test_another_sweep_is_refused_with_the_difference(grid, tmp_path) -> None:
    sweep(grid, store=tmp_path / "s")
    with pytest.raises(SpecificationError, match=r"holds another: interaction: 3 values"):
        sweep(grid | {"interaction": [0.0, 1.0, 5.0]}, store=tmp_path / "s")


@pytest.mark.parametrize("damage", ["truncate", "flip", "remove"])
def test_damaged_chunks_are_computed_again(
    grid, small_chunks, tmp_path, solved_blocks, damage
) -> None:
    whole = sweep(grid, store=tmp_path / "s").load()
    solved_blocks.clear()
    chunk = tmp_path / "s" / "final_stored_energy" / "c" / "1" / "2" / "0"
    data = chunk.read_bytes()
    if damage == "remove":
        chunk.unlink()
    elif damage == "truncate":
        chunk.write_bytes(data[: len(data) // 2])
    else:
        chunk.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    with SweepStore(tmp_path / "s") as store:
        assert store.num_damaged == 1
    equal(sweep(grid, store=tmp_path / "s"), whole)
    assert solved_blocks == [4]


@pytest.mark.parametrize("keep", [0, 1, 30, -1])
def test_a_torn_manifest_line_is_not_believed(
    grid, small_chunks, tmp_path, solved_blocks, keep
) -> None:
    whole = sweep(grid, store=tmp_path / "s").load()
    solved_blocks.clear()
    manifest = tmp_path / "s" / MANIFEST
    *lines, last = manifest.read_text().splitlines()
    manifest.write_text("\n".join([*lines, last[:keep]]))
    equal(sweep(grid, store=tmp_path / "s"), whole)
    assert solved_blocks == [4]
    # The repaired manifest is whole again.
    solved_blocks.clear()
    sweep(grid, store=tmp_path / "s")
    assert solved_blocks == []


def test_chunks_without_a_line_are_not_believed(grid, small_chunks, tmp_path) -> None:
    sweep(grid, store=tmp_path / "s")
    manifest = tmp_path / "s" / MANIFEST
    lines = manifest.read_text().splitlines()
    manifest.write_text("\n".join(lines[:3]) + "\n")
    with SweepStore(tmp_path / "s") as store:
        assert store.done.sum() == 2


def test_folders_that_are_no_store(grid, tmp_path) -> None:
    (tmp_path / "other").mkdir()
    with pytest.raises(StoreError, match="must be a folder that a sweep has written"):
        sweep(grid, store=tmp_path / "other")
    with pytest.raises(StoreError, match="must be a folder that a sweep has written"):
        open_sweep(tmp_path / "nowhere")
    sweep(grid, store=tmp_path / "s")
    manifest = tmp_path / "s" / MANIFEST
    text = manifest.read_text()
    manifest.write_text(text.replace('"interaction": [0.0', '"interaction": [0.5', 1))
    with pytest.raises(StoreError, match="whose specification was changed"):
        open_sweep(tmp_path / "s")
    manifest.write_text("{")
    with pytest.raises(StoreError, match="must have a readable manifest"):
        open_sweep(tmp_path / "s")


def test_the_only_point_may_fail(tmp_path) -> None:
    point = {"drive": SineSquaredDrive(20.0, 0.3), "num_qubits": -4}
    data = sweep(point, store=tmp_path / "s").load()
    assert data.failure.item() == "`num_qubits` must be a positive integer, got -4."
    assert np.isnan(data.final_stored_energy.item())
    assert data.attrs["chunks_done"] == "1 of 1"


@pytest.mark.parametrize("array", ["", "final_stored_energy"])
def test_damaged_metadata_are_told_and_nothing_is_lost(
    grid, small_chunks, tmp_path, solved_blocks, array
) -> None:
    whole = sweep(grid, store=tmp_path / "s").load()
    metadata = tmp_path / "s" / array / "zarr.json"
    text = metadata.read_text()
    solved_blocks.clear()
    for damaged in (text[: len(text) // 2], "", "[]", "{}", text.replace('"zarr_format": 3', "")):
        metadata.write_text(damaged)
        before = {file: file.read_bytes() for file in (tmp_path / "s").rglob("*") if file.is_file()}
        with pytest.raises(StoreError, match=r"must have readable metadata, but .*zarr.json is "):
            sweep(grid, store=tmp_path / "s")
        if not array:  # which repeats what the arrays say
            with pytest.raises(StoreError, match=r"must have readable metadata, but .*zarr.json"):
                open_sweep(tmp_path / "s")
        assert before == {
            file: file.read_bytes() for file in (tmp_path / "s").rglob("*") if file.is_file()
        }
    metadata.write_text(text)
    equal(sweep(grid, store=tmp_path / "s"), whole)
    assert solved_blocks == []


def test_two_writers_are_one_too_many(grid, tmp_path) -> None:
    sweep(grid, store=tmp_path / "s")
    with (
        SweepStore(tmp_path / "s"),
        pytest.raises(StoreError, match="must not be written to by another process"),
    ):
        sweep(grid, store=tmp_path / "s")
    sweep(grid, store=tmp_path / "s")


def test_creation_is_whole_or_nothing(grid, tmp_path, monkeypatch) -> None:
    specification = SweepSpecification.build(grid)

    def fail(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("rzqiskit.sweeps.store._write_skeleton", fail)
    with pytest.raises(OSError, match="No space left"):
        SweepStore.create(tmp_path / "s", specification, (1, 1, 4))
    assert not (tmp_path / "s").exists()


@pytest.mark.parametrize("failing", ["write_text", "rename"])
def test_a_creation_that_fails_leaves_nothing(grid, tmp_path, monkeypatch, failing) -> None:
    def fail(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(f"pathlib.Path.{failing}", fail)
    with pytest.raises(OSError, match="No space left"):
        SweepStore.create(tmp_path / "s", SweepSpecification.build(grid), (1, 1, 4))
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def meanwhile(monkeypatch):
    """Let something happen when the next store is written, but not yet where it is to be."""

    def interpose(action) -> None:
        def interposed(*arguments) -> None:
            monkeypatch.setattr("rzqiskit.sweeps.store._write_skeleton", _write_skeleton)
            _write_skeleton(*arguments)
            action()

        monkeypatch.setattr("rzqiskit.sweeps.store._write_skeleton", interposed)

    return interpose


def test_a_store_that_another_process_made_meanwhile_is_joined(
    grid, small_chunks, tmp_path, solved_blocks, meanwhile
) -> None:
    store = tmp_path / "s"

    def half() -> None:
        sweep(grid, store=store)
        manifest = store / MANIFEST
        manifest.write_text("".join(manifest.read_text().splitlines(keepends=True)[:4]))

    meanwhile(half)
    whole = sweep(grid, store=store)
    assert solved_blocks == [4] * (6 + 3)
    equal(whole, sweep(grid))
    assert [path.name for path in tmp_path.iterdir()] == ["s"]
    # Not the same sweep: told as ever.
    meanwhile(lambda: sweep(grid, store=tmp_path / "t"))
    with pytest.raises(SpecificationError, match=r"holds another: interaction: 3 values"):
        sweep(grid | {"interaction": [0.0, 1.0, 5.0]}, store=tmp_path / "t")


def test_of_two_who_make_a_store_at_once_one_writes(grid, tmp_path, meanwhile) -> None:
    others = []
    specification = SweepSpecification.build(grid)
    meanwhile(lambda: others.append(SweepStore.create(tmp_path / "s", specification, (1, 1, 4))))
    with pytest.raises(StoreError, match=r"must not be written to by another process, got .*s\."):
        sweep(grid, store=tmp_path / "s")
    (other,) = others
    with other:
        assert not other.done.any()
        for chunk, region in other.missing():
            other.write(chunk, solve_block(specification.block(region)))
    assert [path.name for path in tmp_path.iterdir()] == ["s"]
    equal(open_sweep(tmp_path / "s"), sweep(grid))


def test_something_else_that_appears_meanwhile_stays(grid, tmp_path, meanwhile) -> None:
    meanwhile(lambda: (tmp_path / "s").write_text("mine"))
    with pytest.raises(StoreError, match="must be a folder that a sweep has written"):
        sweep(grid, store=tmp_path / "s")
    assert (tmp_path / "s").read_text() == "mine"
    assert [path.name for path in tmp_path.iterdir()] == ["s"]


SCRIPT = """
import resource, signal, sys
import numpy as np
from rzqiskit.drives import SineSquaredDrive
from rzqiskit.sweeps import sweep
import rzqiskit.sweeps.chunks as chunks, rzqiskit.sweeps.run as run

def main(store, blocks_until_full):
    chunks.MOST_POINTS = 4
    run.measure_point_seconds = lambda _: 1e-3
    solve, solved = run.solve_block, []
    def watched(*args):
        print("block", flush=True)
        if len(solved) == blocks_until_full:
            # From now on no file may be longer than this: the system refuses to write more.
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (30, 30))
        solved.append(1)
        return solve(*args)
    run.solve_block = watched
    grid = {
        "drive": SineSquaredDrive(20.0, 0.1 * np.pi), "num_qubits": [2, 5],
        "interaction": [0.0, 1.0, 2.0], "drive_amplitude": [10.0, 20.0, 40.0, 60.0],
    }
    sweep(grid, store=store)

if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
"""


def test_kill_minus_nine_loses_nothing_that_was_finished(
    grid, small_chunks, tmp_path, solved_blocks
) -> None:
    script = tmp_path / "job.py"
    script.write_text(SCRIPT)
    store = tmp_path / "s"
    with subprocess.Popen(
        [sys.executable, script, store, "-1"], stdout=subprocess.PIPE, text=True
    ) as process:
        for _ in range(4):  # the fourth block is being solved when it dies
            assert process.stdout is not None
            assert process.stdout.readline() == "block\n"
        process.send_signal(signal.SIGKILL)
    assert process.returncode == -signal.SIGKILL
    with SweepStore(store) as opened:
        finished = int(opened.done.sum())
        assert opened.num_damaged == 0
    assert 3 <= finished < 6
    equal(sweep(grid, store=store), sweep(grid))
    assert solved_blocks[: 6 - finished] == [4] * (6 - finished)


def test_a_full_disk_loses_nothing_that_was_finished(
    grid, small_chunks, tmp_path, solved_blocks
) -> None:
    script = tmp_path / "job.py"
    script.write_text(SCRIPT)
    store = tmp_path / "s"
    result = subprocess.run(
        [sys.executable, script, store, "2"], capture_output=True, text=True, check=False
    )
    assert result.returncode == 1
    assert "OSError" in result.stderr
    with SweepStore(store) as opened:
        assert opened.done.sum() == 2
    solved_blocks.clear()
    equal(sweep(grid, store=store), sweep(grid))
    assert solved_blocks[:4] == [4] * 4


def test_the_manifest_is_readable_text(grid, small_chunks, tmp_path) -> None:
    sweep(grid, store=tmp_path / "s")
    first, *lines = (tmp_path / "s" / MANIFEST).read_text().splitlines()
    header = json.loads(first)
    assert header["chunk_shape"] == [1, 1, 4]
    assert sorted(json.loads(line)["chunk"] for line in lines) == list(range(6))
