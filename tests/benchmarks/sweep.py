"""Measure sweeps: ``python tests/benchmarks/sweep.py [--scale 0.1] [--entropy]``, about 6 minutes.

1. 10^6 points solved into a store by one thread: time, growth of the memory beside the size of a
   chunk (and the same for 10^5 points), and the time to resume the finished store; also of one
   with 5000 chunks, as points that cost much more would have, filled with random numbers.
2. What the distributed path costs for each chunk.
3. A grid of 200 x 200 x 5 points (v0, T, eta) at N = 10 and N = 100, on one and two processes.
   One process is this one with one thread and no cluster, two are workers of a LocalCluster with
   one thread each; every one has its kernels loaded before, and starting the cluster is not
   counted. Without the entropy S, and at N = 10 with it; ``--entropy`` adds N = 100 with S, which
   takes some ten minutes more.

`--scale` shortens every grid. Numbers depend on what else the machine does.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from distributed import Client, LocalCluster

from rzqiskit.drives import SineSquaredDrive
from rzqiskit.sweeps import SweepSpecification, chunks, sweep
from rzqiskit.sweeps.chunks import measure_point_seconds
from rzqiskit.sweeps.solve import BlockResult
from rzqiskit.sweeps.specification import SUMMARIES
from rzqiskit.sweeps.store import SweepStore

WITHOUT_ENTROPY = tuple(name for name in SUMMARIES if "entropy" not in name)


def seconds(call) -> float:
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def local_cluster(num_workers: int) -> LocalCluster:
    return LocalCluster(n_workers=num_workers, threads_per_worker=1, dashboard_address=":0")


def chunks_of(store: Path) -> tuple[int, list[int]]:
    """Return how many chunks a store has, and their shape."""
    header, *lines = (store / "manifest.jsonl").read_text().splitlines()
    return len(lines), json.loads(header)["chunk_shape"]


def large_sweep(size: int) -> SweepSpecification:
    return SweepSpecification.build(
        {
            "drive": SineSquaredDrive(20.0, 0.3),
            "num_qubits": 10,
            "interaction": np.linspace(-2.0, 2.0, round(size / 1000)),
            "drive_amplitude": np.linspace(1.0, 20.0, 1000),
        },
        quantities=WITHOUT_ENTROPY,
    )


def peak_memory() -> float:
    """Return the peak of this process in MB; ru_maxrss of a new one starts at its parent's."""
    found = re.search(r"VmHWM:\s+(\d+)", Path("/proc/self/status").read_text())
    return int(found[1]) / 1024 if found else float("nan")


def measure_large(size: int) -> None:
    """Run in a process of its own, whose peak of memory is then that of the sweep."""
    specification = large_sweep(size)
    with tempfile.TemporaryDirectory() as folder:  # loads kernels and libraries
        sweep(large_sweep(10_000), store=Path(folder) / "s", num_threads=1)
    before = peak_memory()
    with tempfile.TemporaryDirectory() as folder:
        store = Path(folder) / "s"
        taken = seconds(lambda: sweep(specification, store=store, num_threads=1))
        growth = peak_memory() - before
        resumed = seconds(lambda: sweep(specification, store=store))
        number, shape = chunks_of(store)
        in_chunk = np.prod(shape) * len(specification.quantities) * 8 / 2**20
        print(
            f"{size} points, {len(specification.quantities)} quantities: {taken:.1f} s on one "
            f"thread, memory grew by {growth:.0f} MB (a chunk has {in_chunk:.1f} MB, the results "
            f"{size * len(specification.quantities) * 8 / 2**20:.0f} MB), finished store resumed "
            f"in {resumed:.2f} s ({number} chunks)",
            flush=True,
        )


def measure_resuming(size: int) -> None:
    specification, rng = large_sweep(size), np.random.default_rng(0)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "s"
        with SweepStore.create(path, specification, (1, 200)) as store:
            for chunk, region in list(store.missing()):
                shape = tuple(part.stop - part.start for part in region)
                values = {name: rng.random(shape) for name in specification.quantities}
                store.write(chunk, BlockResult(values, {}))
            number = len(store.regions)
        resumed = seconds(lambda: sweep(specification, store=path))
    print(
        f"{size} points in {number} chunks: finished store resumed in {resumed:.2f} s", flush=True
    )


def measure_overhead(scale: float) -> None:
    parameters = {
        "drive": SineSquaredDrive(20.0, 0.3),
        "num_qubits": 2,
        "drive_amplitude": np.linspace(1.0, 10.0, max(20, round(400 * scale))),
    }
    specification = SweepSpecification.build(parameters)
    most = chunks.MOST_POINTS
    with (
        local_cluster(1) as cluster,
        Client(cluster) as client,
        tempfile.TemporaryDirectory() as folder,
    ):
        client.run(measure_point_seconds, specification)
        times = {}
        for name, points in (("whole", most), ("each", 1)):
            chunks.MOST_POINTS = points
            for kind, store in (("memory", None), ("store", Path(folder) / name)):
                times[name, kind] = min(
                    seconds(
                        lambda s=store, i=i: sweep(
                            specification, client=client, store=s and s.with_name(f"{s.name}-{i}")
                        )
                    )
                    for i in range(3)
                )
    chunks.MOST_POINTS = most
    for kind in ("memory", "store"):
        overhead = (times["each", kind] - times["whole", kind]) / specification.size
        print(f"distributed path into {kind}: {1e3 * overhead:.1f} ms a chunk", flush=True)


def measure_processes(scale: float, num_qubits: int, *, with_entropy: bool) -> None:
    side = max(4, round(200 * scale**0.5))
    specification = SweepSpecification.build(
        {
            "drive": SineSquaredDrive(20.0, 0.3),
            "num_qubits": num_qubits,
            "drive_amplitude": np.linspace(1.0, 100.0, side),
            "drive_period": np.linspace(0.01, 0.8, side),
            "interaction": np.linspace(-2.0, 2.0, 5),
        },
        quantities=SUMMARIES if with_entropy else WITHOUT_ENTROPY,
    )
    measure_point_seconds(specification)
    with (
        local_cluster(2) as cluster,
        Client(cluster) as client,
        tempfile.TemporaryDirectory() as folder,
    ):
        client.run(measure_point_seconds, specification)
        one, two = Path(folder) / "one", Path(folder) / "two"
        alone = seconds(lambda: sweep(specification, store=one, num_threads=1))
        together = seconds(lambda: sweep(specification, store=two, client=client))
        number, shape = chunks_of(two)
    print(
        f"N = {num_qubits:3d}, {specification.size} points {'with' if with_entropy else 'without'} "
        f"S: {alone:6.1f} s on 1 process ({1e3 * alone / specification.size:.4f} ms a point), "
        f"{together:6.1f} s on 2 ({number} chunks of {'x'.join(map(str, shape))}, "
        f"{2.0 * together / number:.2f} s each), "
        f"efficiency {alone / (2.0 * together):.2f}",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--scale", type=float, default=1.0)
    parser.add_argument("--entropy", action="store_true", help="also N = 100 with S")
    parser.add_argument("--large", type=int, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.large is not None:
        measure_large(arguments.large)
        return
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}", flush=True)
    for size in (100_000, 1_000_000):
        size = max(1000, round(size * arguments.scale / 1000) * 1000)
        subprocess.run([sys.executable, __file__, "--large", str(size)], check=True)
    measure_resuming(size)
    measure_overhead(arguments.scale)
    measure_processes(arguments.scale, 10, with_entropy=False)
    measure_processes(arguments.scale, 100, with_entropy=False)
    measure_processes(arguments.scale, 10, with_entropy=True)
    if arguments.entropy:
        measure_processes(arguments.scale, 100, with_entropy=True)


if __name__ == "__main__":
    main()
