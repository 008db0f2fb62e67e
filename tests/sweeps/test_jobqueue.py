"""Workers that are jobs, by the machinery of dask-jobqueue, whose queue is this machine."""

from __future__ import annotations

from typing import Any

import numpy as np
import psutil
import pytest

from rzqiskit.sweeps import open_sweep, sweep
from rzqiskit.sweeps.store import SweepStore

jobqueue = pytest.importorskip("dask_jobqueue.local")
pytestmark = pytest.mark.filterwarnings("ignore")  # the cluster's own, when a job dies


def test_a_killed_job_loses_nothing(grid, small_chunks, tmp_path, monkeypatch) -> None:
    from distributed import Client

    monkeypatch.chdir(tmp_path)
    grid = grid | {"num_qubits": [2, 40]}
    here = sweep(grid)
    monkeypatch.setattr("rzqiskit.sweeps.chunks.MOST_POINTS", 1)
    with (
        jobqueue.LocalCluster(
            cores=1, processes=1, memory="1GB", scheduler_options={"dashboard_address": ":0"}
        ) as cluster,
        Client(cluster) as client,
    ):
        cluster.scale(jobs=2)
        client.wait_for_workers(2, timeout=60)
        first, second = (int(job.job_id) for job in cluster.workers.values())
        write, killed = SweepStore.write, []

        def write_and_kill(store: SweepStore, chunk: int, result: Any) -> None:
            write(store, chunk, result)
            if int(store.done.sum()) == 3:
                # The job with all its processes, as a queue ends it.
                for process in [*psutil.Process(first).children(True), psutil.Process(first)]:
                    process.kill()
                    killed.append(process.pid)

        monkeypatch.setattr(SweepStore, "write", write_and_kill)
        stored = sweep(grid, client=client, store=tmp_path / "s")
        assert first in killed
        assert psutil.pid_exists(second)
        assert stored.attrs["chunks_done"] == "24 of 24"
    for name in here.data_vars:
        assert np.array_equal(open_sweep(tmp_path / "s")[name].values, here[name].values)
