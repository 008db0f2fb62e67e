"""Chunks solved by the workers of a dask cluster, however many there are from time to time."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Generator, Iterator, Mapping
from typing import Any

from rzqiskit.sweeps.allocation import keep_freed_memory
from rzqiskit.sweeps.chunks import measure_point_seconds
from rzqiskit.sweeps.encoding import ChunkLayout, EncodedBlock, encode_block
from rzqiskit.sweeps.solve import BlockResult, solve_block
from rzqiskit.sweeps.specification import SweepSpecification

__all__ = [
    "count_threads",
    "measure_on_cluster",
    "planned_threads",
    "solve_on_cluster",
    "solve_on_worker",
]

# Under way for each thread: none waits for this process, memory is bounded, and a cluster that
# scales by the tasks waiting sees that there is work for more workers than it has.
CHUNKS_UNDER_WAY = 8
_LEAST_UNDER_WAY = 16
_COUNT_EVERY_SECONDS = 2.0


def count_threads(client: Any) -> int:
    """Return how many chunks the workers of a client solve at a time, 0 without workers yet.

    Args:
        client: a ``dask.distributed.Client``.
    """
    return sum(client.nthreads().values())


def planned_threads(client: Any) -> int:
    """Return how many chunks the cluster will solve at a time when all workers asked for are there.

    Args:
        client: a ``dask.distributed.Client``; one without a cluster object knows those it has.
    """
    planned = len(getattr(client.cluster, "plan", ()))
    return max(1, planned, count_threads(client))


def measure_on_cluster(specification: SweepSpecification, client: Any) -> float:
    """Return `measure_point_seconds` of a worker; waits until there is one.

    Args:
        specification: the sweep.
        client: a ``dask.distributed.Client``.
    """
    return float(client.submit(_measure_on_worker, specification, pure=False).result())


def solve_on_worker(
    block: SweepSpecification, layouts: Mapping[str, ChunkLayout] | None
) -> BlockResult | EncodedBlock:
    """Return the numbers of a block, or their bytes: the task of a worker.

    Args:
        block: of the sweep.
        layouts: of the store; None for numbers.
    """
    keep_freed_memory()
    result = solve_block(block, num_threads=1)
    return result if layouts is None else encode_block(layouts, block.shape, result)


def _measure_on_worker(specification: SweepSpecification) -> float:
    keep_freed_memory()
    return measure_point_seconds(specification)


def solve_on_cluster(
    specification: SweepSpecification,
    chunks: Iterator[tuple[int, tuple[slice, ...]]],
    client: Any,
    layouts: Mapping[str, ChunkLayout] | None = None,
) -> Generator[tuple[int, Any], None, None]:
    """Yield the chunks with their results as they finish.

    Args:
        specification: the whole sweep.
        chunks: number and region of each.
        client: a ``dask.distributed.Client``. Workers may join and leave at any time; what a lost
            one was at is solved by another.
        layouts: of a store, for which the workers then encode their results; None for numbers.

    Yields:
        Number of a chunk, and its `EncodedBlock` or `BlockResult`.

    Raises:
        distributed.KilledWorker: a chunk on which too many workers died, again also when it was
            the only one; raised when all others are done.
    """
    from distributed import KilledWorker, as_completed

    def submit_until(wanted: int) -> None:
        while len(under_way) < wanted:
            chunk, region = next(waiting, (None, ()))
            if chunk is None:
                return
            # Pure functions of the same arguments would share a key, and so a result in the
            # memory of the cluster; every chunk is asked for once.
            future = client.submit(
                solve_on_worker, specification.block(region), layouts, pure=False
            )
            under_way[future.key] = (chunk, region)
            running.add(future)

    under_way: dict[str, tuple[int, tuple[slice, ...]]] = {}
    suspects: list[tuple[int, tuple[slice, ...]]] = []
    errors: list[BaseException] = []
    waiting: Iterator[Any] = iter(chunks)
    running: Any = as_completed(  # type: ignore[no-untyped-call]
        with_results=True, raise_errors=False
    )
    wanted, counted, alone = 0, -math.inf, False
    try:
        while True:
            if not alone and time.monotonic() - counted >= _COUNT_EVERY_SECONDS:
                wanted = max(CHUNKS_UNDER_WAY * count_threads(client), _LEAST_UNDER_WAY)
                counted = time.monotonic()
            submit_until(wanted)
            if not under_way:
                if not suspects:
                    break
                # Those that were on a worker when it died too often need not be why it died.
                waiting, suspects, wanted, alone = iter(suspects), [], 1, True
                continue
            future, result = next(running)
            if future.status in ("pending", "lost"):
                # Its worker died before the result was here: it is computed again.
                running.add(future)
                continue
            chunk, region = under_way.pop(future.key)
            if future.status == "finished":
                future.release()
                yield chunk, result
                continue
            error = _error_of(future)
            if isinstance(error, KilledWorker) and not alone:
                suspects.append((chunk, region))
            else:
                errors.append(error)
    finally:
        client.cancel(list(running.futures))
        running.clear()  # also of those whose results have come and are not wanted
    if errors:
        raise errors[0]


def _error_of(future: Any) -> BaseException:
    try:
        future.result(timeout=_COUNT_EVERY_SECONDS)
    except (Exception, asyncio.CancelledError) as error:
        return error
    return RuntimeError(f"the chunk {future.key} was lost.")
