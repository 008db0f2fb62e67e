"""The same chunks on a cluster of processes, one of which is killed."""

from __future__ import annotations

import os
import signal
import threading
import time

import dask
import numpy as np
import pytest
import xarray as xr
from distributed import Client, LocalCluster

from rzqiskit.sweeps import SweepPointError, SweepSpecification, open_sweep, sweep
from rzqiskit.sweeps.chunks import chunk_regions
from rzqiskit.sweeps.cluster import (
    count_threads,
    planned_threads,
    solve_on_cluster,
    solve_on_worker,
)

pytestmark = pytest.mark.filterwarnings("ignore")  # the cluster's own, when a worker dies


@pytest.fixture(scope="module")
def client():
    with (
        # How long dask looks for the results of a worker that is dead: 30 s by default.
        dask.config.set({"distributed.comm.timeouts.connect": "2s"}),
        LocalCluster(
            n_workers=2, threads_per_worker=1, processes=True, dashboard_address=":0"
        ) as cluster,
        Client(cluster) as client,
    ):
        yield client


def test_a_cluster_gives_the_same_bits(grid, small_chunks, tmp_path, client) -> None:
    here = sweep(grid)
    xr.testing.assert_identical(sweep(grid, client=client), here)
    stored = sweep(grid, client=client, store=tmp_path / "s")
    assert stored.attrs["chunks_done"] == "6 of 6"
    for name in here.data_vars:
        assert (stored[name].values == here[name].values).all()


def test_lanes_give_the_same_bits(grid, monkeypatch, client) -> None:
    # Without the entropy batteries are solved several at a time; neighbours must not matter.
    grid = grid | {"num_qubits": [5, 12], "drive_amplitude": np.linspace(1.0, 80.0, 97)}
    quantities = ["maximum_stored_energy", "time_of_maximum_average_power", "final_stored_energy"]
    here = sweep(grid, quantities=quantities)
    monkeypatch.setattr("rzqiskit.sweeps.run.measure_on_cluster", lambda *_: 1e-3)
    for most in (5, 61):
        monkeypatch.setattr("rzqiskit.sweeps.chunks.MOST_POINTS", most)
        xr.testing.assert_identical(sweep(grid, quantities=quantities, client=client), here)


def test_strict_cancels_what_is_left(grid, small_chunks, client) -> None:
    with pytest.raises(SweepPointError, match="`num_qubits` must be a positive integer, got 0"):
        sweep(grid | {"num_qubits": [0, 2]}, client=client, strict=True)
    deadline = time.monotonic() + 10.0
    while client.futures and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not client.futures


def test_strict_reads_the_reason_from_encoded_chunks(grid, small_chunks, tmp_path, client) -> None:
    with pytest.raises(SweepPointError, match="`num_qubits` must be a positive integer, got 0"):
        sweep(grid | {"num_qubits": [2, 0]}, client=client, strict=True, store=tmp_path / "s")


def test_failures_come_back_encoded(grid, small_chunks, tmp_path, client) -> None:
    grid = grid | {"num_qubits": [2, 0]}
    stored = sweep(grid, client=client, store=tmp_path / "s")
    expected = sweep(grid)
    assert np.array_equal(stored.failure.values, expected.failure.values)
    assert stored.failure.values[1, 0, 0] == "`num_qubits` must be a positive integer, got 0."
    assert np.array_equal(stored.final_stored_energy, expected.final_stored_energy, equal_nan=True)


def test_workers_may_come_later(grid, small_chunks, tmp_path) -> None:
    with (
        LocalCluster(
            n_workers=0, threads_per_worker=1, processes=False, dashboard_address=":0"
        ) as cluster,
        Client(cluster) as client,
    ):
        assert count_threads(client) == 0
        assert planned_threads(client) == 1
        scaling = threading.Timer(0.3, cluster.scale, (2,))
        scaling.start()
        stored = sweep(grid, client=client, store=tmp_path / "s")
        scaling.join()
        cluster.scale(5)
        assert planned_threads(client) == 5  # there or not
        assert stored.attrs["chunks_done"] == "6 of 6"


def test_more_workers_get_more_chunks(grid, monkeypatch) -> None:
    monkeypatch.setattr("rzqiskit.sweeps.cluster._COUNT_EVERY_SECONDS", 0.0)
    monkeypatch.setattr("rzqiskit.sweeps.cluster._LEAST_UNDER_WAY", 2)
    monkeypatch.setattr("rzqiskit.sweeps.cluster.CHUNKS_UNDER_WAY", 2)
    specification = SweepSpecification.build(grid)
    regions = list(chunk_regions(specification.shape, (1, 1, 1)))
    taken = 0

    def chunks():
        nonlocal taken
        for pair in enumerate(regions):
            taken += 1
            yield pair

    with (
        LocalCluster(
            n_workers=1, threads_per_worker=1, processes=False, dashboard_address=":0"
        ) as cluster,
        Client(cluster) as client,
    ):
        results = solve_on_cluster(specification, chunks(), client)
        found = [next(results)[0]]
        assert taken == 2
        cluster.scale(3)
        client.wait_for_workers(3, timeout=20)
        found += [next(results)[0], next(results)[0]]
        # Two that were done, and two for each of three threads.
        assert taken == 2 + 2 * 3
        found += [chunk for chunk, _ in results]
    assert sorted(found) == list(range(24))


def test_a_chunk_that_kills_its_workers_does_not_take_the_others_along(
    grid, small_chunks, tmp_path, monkeypatch, client
) -> None:
    from distributed import KilledWorker

    monkeypatch.setattr("rzqiskit.sweeps.cluster.solve_on_worker", _die_of_strong_pulses)
    grid = {"drive": grid["drive"], "num_qubits": 2, "drive_amplitude": [1.0, 2.0, 99.0, 3.0]}
    monkeypatch.setattr("rzqiskit.sweeps.chunks.MOST_POINTS", 1)
    client.run_on_scheduler(_allow_deaths, number=1)
    with pytest.raises(KilledWorker, match="die_of_strong_pulses"):
        sweep(grid, client=client, store=tmp_path / "s")
    client.run_on_scheduler(_allow_deaths, number=3)
    half = open_sweep(tmp_path / "s")
    assert half.attrs["chunks_done"] == "3 of 4"
    monkeypatch.undo()
    assert np.isfinite(sweep(grid, store=tmp_path / "s").final_stored_energy).all()


def _die_of_strong_pulses(block, layouts):
    if block.axes["drive_amplitude"].max() > 50.0:
        os._exit(1)
    return solve_on_worker(block, layouts)


def _allow_deaths(dask_scheduler, number: int) -> None:
    dask_scheduler.allowed_failures = number


def test_a_killed_worker_loses_nothing(grid, small_chunks, tmp_path, client) -> None:
    here = sweep(grid | {"num_qubits": [2, 40]})
    client.wait_for_workers(2, timeout=20)  # the test before may have killed some
    pids = list(client.run(os.getpid).values())
    killer = threading.Timer(0.05, os.kill, (pids[0], signal.SIGKILL))
    killer.start()
    stored = sweep(grid | {"num_qubits": [2, 40]}, client=client, store=tmp_path / "s")
    killer.join()
    for name in here.data_vars:
        assert (stored[name].values == here[name].values).all()
    client.wait_for_workers(2, timeout=20)
    assert pids[0] not in client.run(os.getpid).values()
