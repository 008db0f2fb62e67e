"""Measure sweeps: ``python tests/benchmarks/sweep.py [--scale 0.1]``.

1. A grid of 200 x 200 x 5 points (v0, T, eta) at N = 10 and N = 100, on one and two processes.
2. What the distributed path costs for each chunk.
3. 10^6 points into a store: time, and the largest memory of the process.
4. Time to resume that store when it is finished.

`--scale` shortens every grid. Numbers depend on what else the machine does.
"""

from __future__ import annotations

import argparse
import os
import resource
import tempfile
import time
from pathlib import Path

import numpy as np
from distributed import Client, LocalCluster

from rzqiskit.drives import SineSquaredDrive
from rzqiskit.sweeps import SweepSpecification, sweep
from rzqiskit.sweeps.solve import BlockResult
from rzqiskit.sweeps.store import SweepStore


def grid(scale: float, num_qubits: int) -> dict:
    side = max(4, round(200 * scale**0.5))
    return {
        "drive": SineSquaredDrive(20.0, 0.3),
        "num_qubits": num_qubits,
        "drive_amplitude": np.linspace(1.0, 100.0, side),
        "drive_period": np.linspace(0.01, 0.8, side),
        "interaction": np.linspace(-2.0, 2.0, 5),
    }


def seconds(call) -> float:
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def measure_processes(scale: float) -> None:
    for num_qubits in (10, 100):
        parameters = grid(scale, num_qubits)
        size = SweepSpecification.build(parameters).size
        taken = {}
        for num_workers in (1, 2):
            with (
                LocalCluster(
                    n_workers=num_workers, threads_per_worker=1, dashboard_address=None
                ) as cluster,
                Client(cluster) as client,
            ):
                # Kernels are loaded, and the first chunk is everyone's slowest.
                warm = parameters | {"interaction": [0.0], "drive_period": [0.1, 0.2]}
                sweep(warm, client=client)
                with tempfile.TemporaryDirectory() as folder:
                    store = Path(folder) / "s"
                    taken[num_workers] = seconds(
                        lambda p=parameters, c=client, s=store: sweep(p, client=c, store=s)
                    )
        efficiency = taken[1] / (2.0 * taken[2])
        print(
            f"N = {num_qubits:3d}, {size} points: {taken[1]:6.1f} s on 1 process "
            f"({1e3 * taken[1] / size:.3f} ms a point), {taken[2]:6.1f} s on 2, "
            f"efficiency {efficiency:.2f}"
        )


def measure_overhead() -> None:
    parameters = grid(0.01, 2) | {"interaction": [0.0]}
    specification = SweepSpecification.build(parameters)
    with (
        LocalCluster(n_workers=1, threads_per_worker=1, dashboard_address=None) as cluster,
        Client(cluster) as client,
        tempfile.TemporaryDirectory() as folder,
    ):
        sweep(specification, client=client)
        from rzqiskit.sweeps import chunks

        whole = seconds(lambda: sweep(specification, client=client, store=Path(folder) / "whole"))
        chunks.MOST_POINTS = 1
        each = seconds(lambda: sweep(specification, client=client, store=Path(folder) / "each"))
    print(
        f"distributed path with a store: {1e3 * (each - whole) / specification.size:.1f} ms a chunk"
    )


def measure_million(scale: float) -> None:
    side = round(1000 * scale**0.5)
    specification = SweepSpecification.build(
        {
            "drive": SineSquaredDrive(20.0, 0.3),
            "num_qubits": 10,
            "interaction": np.linspace(-2.0, 2.0, side),
            "drive_amplitude": np.linspace(1.0, 100.0, side),
        }
    )
    rng = np.random.default_rng(0)
    with tempfile.TemporaryDirectory() as folder:
        store = Path(folder) / "s"
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        # Chunks of 2000 points, numbers instead of solutions: this measures the store.
        with SweepStore.create(store, specification, (2, side)) as opened:

            def write_all() -> None:
                for chunk, region in list(opened.missing()):
                    shape = specification.block(region).shape
                    values = {name: rng.random(shape) for name in specification.quantities}
                    opened.write(chunk, BlockResult(values, {}))

            written = seconds(write_all)
        after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        resumed = seconds(lambda: sweep(specification, store=store))
        print(
            f"{specification.size} points, {len(specification.quantities)} quantities: written in "
            f"{written:.1f} s, memory grew by {after - before:.0f} MB, resumed in {resumed:.2f} s"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--scale", type=float, default=1.0)
    scale = parser.parse_args().scale
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    measure_million(scale)
    measure_overhead()
    measure_processes(scale)


if __name__ == "__main__":
    main()
