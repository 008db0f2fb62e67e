"""How a grid is cut."""

from __future__ import annotations

import math
import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rzqiskit.sweeps.chunks import (
    SHORTEST_SECONDS,
    TARGET_SECONDS,
    choose_chunk_shape,
    chunk_regions,
    measure_point_seconds,
    num_chunks,
)
from rzqiskit.sweeps.specification import SweepSpecification

shapes = st.lists(st.integers(1, 9), max_size=4).map(tuple)


@given(shapes, st.data())
def test_regions_cover_every_point_once(shape, data) -> None:
    chunk_shape = tuple(data.draw(st.integers(1, length)) for length in shape)
    covered = np.zeros(shape, dtype=int)
    regions = list(chunk_regions(shape, chunk_shape))
    for region in regions:
        covered[region] += 1
    assert (covered == 1).all()
    assert len(regions) == num_chunks(shape, chunk_shape)


@pytest.mark.parametrize("num_workers", [1, 2, 16])
@pytest.mark.parametrize("point_seconds", [1e-6, 1e-4, 3e-3, 0.5, 20.0])
def test_chunks_are_long_enough_and_not_too_long(point_seconds, num_workers) -> None:
    shape = (200, 200, 5)
    chunk = choose_chunk_shape(shape, point_seconds, num_workers)
    seconds = math.prod(chunk) * point_seconds
    assert all(1 <= length <= whole for length, whole in zip(chunk, shape, strict=True))
    assert seconds >= min(SHORTEST_SECONDS, math.prod(shape) * point_seconds) * 0.999
    # Rounding up to whole rows makes at most twice the target of chunks that are not one point.
    assert seconds <= 2.0 * TARGET_SECONDS or math.prod(chunk) == 1


def test_short_sweeps_still_feed_every_worker() -> None:
    chunk = choose_chunk_shape((1000,), 0.01, 8)
    assert num_chunks((1000,), chunk) >= 8 * 5


def test_a_single_point_is_one_chunk() -> None:
    assert choose_chunk_shape((), 1.0, 4) == ()
    assert list(chunk_regions((), ())) == [()]


def test_points_are_measured_on_a_spread_of_them(grid, monkeypatch) -> None:
    solved = []

    def solve(specification, num_threads=None):
        solved.append([specification.point(i) for i in range(specification.size)])
        time.sleep(0.002 * specification.size)

    monkeypatch.setattr("rzqiskit.sweeps.chunks.solve_block", solve)
    seconds = measure_point_seconds(SweepSpecification.build(grid))
    # 24 points in all: 1 to warm up, then 1, 4, 16 and all, unless that took long enough before.
    assert [len(points) for points in solved] in ([1, 1, 4, 16, 24], [1, 1, 4, 16])
    assert 0.002 <= seconds < 0.02
    assert {point["num_qubits"] for point in solved[3]} == {2, 5}


def test_loading_kernels_is_not_counted(grid, monkeypatch) -> None:
    loaded = []

    def solve(specification, num_threads=None):
        good = [i for i in range(specification.size) if specification.point(i)["num_qubits"]]
        if good and not loaded:
            loaded.append(1)
            time.sleep(0.5)
        time.sleep(0.001 * len(good))

    monkeypatch.setattr("rzqiskit.sweeps.chunks.solve_block", solve)
    # So many bad points that the first ones solved load nothing.
    for numbers in ([0, 2], [0, 0, 0, 0, 0, 0, 0, 2], [2, 0]):
        loaded.clear()
        specification = SweepSpecification.build(grid | {"num_qubits": numbers})
        assert measure_point_seconds(specification) < 0.005
        assert loaded
