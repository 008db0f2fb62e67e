"""What workers encode is what Zarr reads."""

from __future__ import annotations

import numpy as np
import pytest
import zarr

from rzqiskit.drives import SineSquaredDrive
from rzqiskit.sweeps import SweepSpecification
from rzqiskit.sweeps.encoding import FAILURE, chunk_checksum, encode_block
from rzqiskit.sweeps.solve import BlockResult
from rzqiskit.sweeps.store import SweepStore

QUANTITIES = ("final_stored_energy", "maximum_stored_energy", "counts")


@pytest.fixture
def opened(tmp_path):
    """A store of 5 x 3 points in chunks of 2 x 2, so that the last of each dim is cut short."""
    specification = SweepSpecification.build(
        {
            "drive": SineSquaredDrive(20.0, 0.3), "num_qubits": [1, 2, 3, 4, 7],
            "seed": [1, 2, 3], "num_times": 4,
        },
        solver="circuit", quantities=QUANTITIES,
    )  # fmt: skip
    with SweepStore.create(tmp_path / "s", specification, (2, 2)) as store:
        yield store


def random_result(rng: np.random.Generator, shape: tuple[int, int]) -> BlockResult:
    # Counts of a block of narrow batteries: one column for each of their weights, not of all.
    values = {name: rng.normal(size=shape) for name in QUANTITIES[:2]}
    values["counts"] = rng.integers(0, 9, size=(*shape, 4, 3))
    return BlockResult(values, {0: "`seed` must be α, β.", shape[0] * shape[1] - 1: "x" * 300})


def test_zarr_reads_every_chunk(opened) -> None:
    rng = np.random.default_rng(0)
    results = {}
    for chunk, region in opened.missing():
        shape = tuple(part.stop - part.start for part in region)
        results[chunk] = random_result(rng, shape)
        opened.write(chunk, results[chunk])
    assert {result.values["counts"].shape[:2] for result in results.values()} == {
        (2, 2), (2, 1), (1, 2), (1, 1),
    }  # fmt: skip
    group = zarr.open_group(str(opened.path), mode="r")
    for chunk, result in results.items():
        region = opened.regions[chunk]
        for name in QUANTITIES[:2]:
            assert np.array_equal(group[name][region], result.values[name])
        counts = group["counts"][region]
        assert np.array_equal(counts[..., :3], result.values["counts"])
        assert counts.shape[-1] == 8
        assert not counts[..., 3:].any()
        texts = group[FAILURE][region].ravel()
        assert {i: texts[i] for i in np.flatnonzero(texts != "")} == result.failures


def test_bytes_are_those_of_zarr(opened) -> None:
    result = random_result(np.random.default_rng(1), (2, 2))
    opened.write(0, result)
    group = zarr.open_group(str(opened.path), mode="r+")
    mine = {name: (opened.path / name / "c" / "0" / "0").read_bytes() for name in QUANTITIES[:2]}
    for name, data in mine.items():
        group[name][:2, :2] = result.values[name] + 1.0
        assert (opened.path / name / "c" / "0" / "0").read_bytes() != data
        group[name][:2, :2] = result.values[name]
        assert (opened.path / name / "c" / "0" / "0").read_bytes() == data


def test_chunks_of_nothing_have_no_file(opened) -> None:
    full = random_result(np.random.default_rng(2), (2, 2))
    opened.write(0, full)
    empty = BlockResult(
        {
            "final_stored_energy": np.full((2, 2), np.nan),
            "maximum_stored_energy": np.array([[np.nan, np.nan], [np.nan, 0.0]]),
            "counts": np.zeros((2, 2, 4, 3), dtype=np.int64),
        },
        {},
    )
    encoded = encode_block(opened.layouts, (2, 2), empty)
    assert set(encoded.files) == {"maximum_stored_energy"}
    # What an earlier write left is gone, and the checksum knows.
    opened.write(0, encoded)
    assert not (opened.path / "final_stored_energy" / "c" / "0" / "0").exists()
    assert not (opened.path / "counts" / "c" / "0" / "0" / "0" / "0").exists()
    assert (opened.path / "maximum_stored_energy" / "c" / "0" / "0").exists()
    assert np.isnan(zarr.open_group(str(opened.path))["final_stored_energy"][:2, :2]).all()
    assert (
        opened._checksum(0) == encoded.sha256 != encode_block(opened.layouts, (2, 2), full).sha256
    )


def test_the_checksum_sees_names_and_bytes(opened) -> None:
    layouts = opened.layouts
    texts = [
        chunk_checksum(layouts, files)
        for files in ({}, {"counts": b"a"}, {"counts": b"b"}, {"final_stored_energy": b"a"})
    ]
    assert len(set(texts)) == 4


def test_failures_are_told_without_the_numbers(opened) -> None:
    result = random_result(np.random.default_rng(3), (2, 2))
    encoded = encode_block(opened.layouts, (2, 2), result)
    assert encoded.num_failed == result.num_failed == 2
    assert encoded.first_failure == (0, "`seed` must be α, β.")
    assert BlockResult({}, {}).first_failure is None
