"""The sweep itself: chunks solved here or on a cluster, written as they finish."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Collection, Generator, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from rzqiskit.grid import BatteryGrid
from rzqiskit.sweeps.chunks import choose_chunk_shape, chunk_regions, measure_point_seconds
from rzqiskit.sweeps.progress import sweep_progress
from rzqiskit.sweeps.solve import BlockResult, solve_block
from rzqiskit.sweeps.specification import SweepSpecification
from rzqiskit.sweeps.store import (
    SweepStore,
    dataset_in_memory,
    failure_texts,
    open_sweep,
    region_of,
)
from rzqiskit.validation import check_positive_integer

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["SweepInterrupted", "SweepPointError", "sweep"]

_Chunks = Iterator[tuple[int, tuple[slice, ...]]]
_Results = Generator[tuple[int, BlockResult], None, None]


class SweepInterrupted(KeyboardInterrupt):
    """Ctrl-C during a sweep; the message says how to resume."""


class SweepPointError(RuntimeError):
    """A point of a sweep failed and ``strict=True`` was asked for.

    Attributes:
        point: its parameters.
    """

    def __init__(self, message: str, point: dict[str, Any]) -> None:
        super().__init__(message)
        self.point = point


class _Sink(Protocol):
    def write(self, chunk: int, result: BlockResult) -> None: ...


def sweep(
    grid: Mapping[str, Any] | BatteryGrid | SweepSpecification,
    *,
    quantities: Collection[str] | None = None,
    solver: str = "exact",
    paired: bool = False,
    store: str | os.PathLike[str] | None = None,
    client: Any = None,
    strict: bool = False,
    num_threads: int | None = None,
    show_progress: bool | None = None,
) -> xr.Dataset:
    """Return the summaries of every battery of a grid.

    With a `store` every chunk is written when it is finished; called again with the same grid and
    store, the sweep goes on where it was and computes only what is missing or damaged.

    Args:
        grid: a `BatteryGrid`, or name -> number or one-dimensional array, see
            `SweepSpecification.build`; each array is a dim with the parameter's name. Or a
            `SweepSpecification`, which says what `quantities`, `solver` and `paired` say.
        quantities: summaries such as "maximum_stored_energy"; all when None.
        solver: "exact", "analytic" or "circuit".
        paired: take the arrays point by point, along the dim "point".
        store: folder of the Zarr store; None keeps everything in memory.
        client: a ``dask.distributed.Client``; chunks are then solved by its workers. This process
            alone writes, so the workers need not see the store.
        strict: raise at the first point that fails instead of noting why.
        num_threads: threads of the exact solver in this process; all cores when None.
        show_progress: a bar on stderr; None for one in terminals and notebooks only.

    Returns:
        A Dataset with one dim for each array, the quantities, NaN where a point failed, and
        `failure`, the reason, empty where there is none. With a `store` it is read from there
        where it is used.

    Raises:
        TypeError: unknown parameter, wrong type.
        ValueError: array of a wrong shape, unknown solver or quantity.
        SpecificationError: `store` holds another sweep; the differences are listed.
        StoreError: `store` is something else, or another process writes to it.
        SweepPointError: a point failed, with `strict`.
        SweepInterrupted: Ctrl-C; finished chunks are kept.

    Notes:
        A point's numbers do not depend on the chunk, the number of workers or their order: the
        exact solver treats each by itself, circuits draw from a seed made of the point's `seed`
        and all its parameters.

    Examples:
        >>> from rzqiskit.drives import SineSquaredDrive
        >>> data = sweep(
        ...     {"drive": SineSquaredDrive(20.0, 0.3), "num_qubits": [2, 4],
        ...      "interaction": [0.0, 1.0, 2.0]},
        ...     quantities=["maximum_stored_energy"],
        ... )
        >>> data.maximum_stored_energy.dims
        ('num_qubits', 'interaction')
    """
    if isinstance(grid, SweepSpecification):
        specification = grid
    else:
        specification = SweepSpecification.build(
            grid, solver=solver, quantities=quantities, paired=paired
        )
    if num_threads is not None:
        check_positive_integer("num_threads", num_threads)
    num_workers = 1 if client is None else max(1, sum(client.nthreads().values()))
    # In one process the exact solver shares each chunk among its threads.
    threads = (num_threads or os.cpu_count() or 1) if client is None and solver == "exact" else 1

    def chunk_shape() -> tuple[int, ...]:
        if client is None:
            seconds = measure_point_seconds(specification)
        else:  # where the work will be done
            seconds = client.submit(measure_point_seconds, specification, pure=False).result()
        seconds = max(seconds, 1e-7)
        return choose_chunk_shape(specification.shape, seconds / threads, num_workers)

    def solve_all(sink: _Sink, chunks: _Chunks, total: int, done: int) -> None:
        results = (
            _solve_here(specification, chunks, num_threads)
            if client is None
            else _solve_on_cluster(specification, chunks, client, num_workers)
        )
        with contextlib.closing(results), sweep_progress(total, done, show_progress) as advance:
            for chunk, result in results:
                if strict and result.failures:
                    _raise_failure(specification, sink_regions[chunk], result)
                sink.write(chunk, result)
                advance(len(result.failures))

    if store is None:
        memory = _Memory(specification, chunk_shape())
        sink_regions = memory.regions
        solve_all(memory, iter(enumerate(memory.regions)), len(memory.regions), 0)
        return dataset_in_memory(specification, memory.values, memory.failures)

    path = Path(store)
    opened = (
        SweepStore(path) if path.exists() else SweepStore.create(path, specification, chunk_shape())
    )
    with opened as target:
        target.check_specification(specification)
        sink_regions = list(chunk_regions(specification.shape, target.chunk_shape))
        done = int(target.done.sum())
        try:
            solve_all(target, target.missing(), len(target.done), done)
        except KeyboardInterrupt:
            raise SweepInterrupted(
                f"{int(target.done.sum())} of {len(target.done)} chunks are done; the same sweep "
                f"with the store {path} goes on from there."
            ) from None
    return open_sweep(path)


class _Memory:
    """What a store is, without a disk."""

    def __init__(self, specification: SweepSpecification, chunk_shape: tuple[int, ...]) -> None:
        shape = specification.shape
        self.regions = list(chunk_regions(shape, chunk_shape))
        self.values = {}
        for name in specification.quantities:
            _, full, dtype, empty = specification.layout(name)
            self.values[name] = np.full(full, empty, dtype=dtype)
        self.failures = np.full(shape, "", dtype=object)

    def write(self, chunk: int, result: BlockResult) -> None:
        region = self.regions[chunk]
        for name, values in result.values.items():
            self.values[name][region_of(region, values)] = values
        self.failures[region] = failure_texts(region, result)


def _solve_here(
    specification: SweepSpecification, chunks: _Chunks, num_threads: int | None
) -> _Results:
    for chunk, region in chunks:
        yield chunk, solve_block(specification.block(region), num_threads)


def _solve_on_cluster(
    specification: SweepSpecification, chunks: _Chunks, client: Any, num_workers: int
) -> _Results:
    from distributed import as_completed

    def submit(chunk: int, region: tuple[slice, ...]) -> Any:
        # Pure functions of the same arguments would share a key, and so a result in the memory
        # of the cluster; every chunk is asked for once.
        future = client.submit(solve_block, specification.block(region), 1, pure=False)
        numbers[future.key] = chunk
        return future

    numbers: dict[str, int] = {}
    waiting = iter(chunks)
    running: Any = as_completed()  # type: ignore[no-untyped-call]
    # Three chunks a worker are under way: none waits for this process, and memory is bounded.
    for chunk, region in _take(waiting, 3 * num_workers):
        running.add(submit(chunk, region))
    try:
        for future in running:
            chunk, result = numbers.pop(future.key), future.result()
            future.release()
            for number, region in _take(waiting, 1):
                running.add(submit(number, region))
            yield chunk, result
    finally:
        client.cancel(list(running.futures))


def _take(chunks: _Chunks, count: int) -> _Chunks:
    for _ in range(count):
        try:
            yield next(chunks)
        except StopIteration:
            return


def _raise_failure(
    specification: SweepSpecification, region: tuple[slice, ...], result: BlockResult
) -> None:
    index, reason = min(result.failures.items())
    point = specification.block(region).point(index)
    swept = {name: point[name] for name in specification.axes}
    raise SweepPointError(f"the point {swept} failed: {reason}", point)
