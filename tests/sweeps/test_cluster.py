"""The same chunks on a cluster of processes, one of which is killed."""

from __future__ import annotations

import os
import signal
import threading
import time

import pytest
import xarray as xr

from rzqiskit.sweeps import sweep

pytestmark = pytest.mark.filterwarnings("ignore")  # the cluster's own, when a worker dies


@pytest.fixture(scope="module")
def client():
    from distributed import Client, LocalCluster

    with (
        LocalCluster(
            n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None
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


def test_strict_cancels_what_is_left(grid, small_chunks, client) -> None:
    from rzqiskit.sweeps import SweepPointError

    with pytest.raises(SweepPointError, match="`num_qubits` must be a positive integer, got 0"):
        sweep(grid | {"num_qubits": [0, 2]}, client=client, strict=True)
    deadline = time.monotonic() + 10.0
    while client.futures and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not client.futures


def test_a_killed_worker_loses_nothing(grid, small_chunks, tmp_path, client) -> None:
    here = sweep(grid | {"num_qubits": [2, 40]})
    pids = list(client.run(os.getpid).values())
    killer = threading.Timer(0.05, os.kill, (pids[0], signal.SIGKILL))
    killer.start()
    stored = sweep(grid | {"num_qubits": [2, 40]}, client=client, store=tmp_path / "s")
    killer.join()
    for name in here.data_vars:
        assert (stored[name].values == here[name].values).all()
    client.wait_for_workers(2, timeout=20)
    assert pids[0] not in client.run(os.getpid).values()
