"""The sweep itself: chunks solved here or on a cluster, written as they finish."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Collection, Generator, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rzqiskit.cores import usable_cores
from rzqiskit.grid import BatteryGrid
from rzqiskit.sweeps.chunks import choose_chunk_shape, measure_point_seconds
from rzqiskit.sweeps.cluster import measure_on_cluster, planned_threads, solve_on_cluster
from rzqiskit.sweeps.encoding import EncodedBlock
from rzqiskit.sweeps.memory import SweepMemory
from rzqiskit.sweeps.progress import sweep_progress
from rzqiskit.sweeps.provenance import sweep_provenance
from rzqiskit.sweeps.solve import BlockResult, solve_block
from rzqiskit.sweeps.specification import SweepSpecification
from rzqiskit.sweeps.store import SweepStore, open_sweep
from rzqiskit.validation import check_flag, check_positive_integer

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["SweepInterrupted", "SweepPointError", "sweep"]

_Chunks = Iterator[tuple[int, tuple[slice, ...]]]
_Results = Generator[tuple[int, Any], None, None]


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
        client: a ``dask.distributed.Client``; chunks are then solved by its workers, also by
            those that join later. This process alone writes, so the workers need not see the
            store.
        strict: raise at the first point that fails instead of noting why.
        num_threads: threads of the exact solver in this process; all cores when None.
        show_progress: a bar on stderr; None for one in terminals and notebooks only.

    Returns:
        A Dataset with one dim for each array, the quantities, NaN where a point failed, and
        `failure`, the reason, empty where there is none. With a `store` it is read from there
        where it is used.

    Raises:
        TypeError: unknown parameter, wrong type.
        ValueError: array of a wrong shape, unknown solver or quantity, or another one than the
            `SweepSpecification` says.
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
        given = {
            "quantities": quantities is not None,
            "solver": solver not in ("exact", grid.solver),
            "paired": paired and not grid.paired,
        }
        for name in (name for name, is_given in given.items() if is_given):
            raise ValueError(f"`{name}` must be left out with a SweepSpecification, which says it.")
    else:
        specification = SweepSpecification.build(
            grid, solver=solver, quantities=quantities, paired=paired
        )
    if num_threads is not None:
        check_positive_integer("num_threads", num_threads)
    strict = check_flag("strict", strict)
    if client is not None and not hasattr(client, "submit"):
        raise TypeError(f"`client` must be a dask.distributed.Client, got {type(client).__name__}.")
    # In one process the exact solver shares each chunk among its threads.
    shared = client is None and specification.solver == "exact"
    threads = (num_threads or usable_cores()) if shared else 1

    def chunk_shape() -> tuple[int, ...]:
        if client is None:
            seconds, num_workers = measure_point_seconds(specification), 1
        else:  # where the work will be done, once there is a worker
            seconds = measure_on_cluster(specification, client)
            num_workers = planned_threads(client)
        seconds = max(seconds, 1e-7)
        return choose_chunk_shape(specification.shape, seconds / threads, num_workers)

    def solve_all(sink: SweepMemory | SweepStore, chunks: _Chunks, done: int) -> None:
        results: _Results
        if client is None:
            results = _solve_here(specification, chunks, num_threads)
        else:
            layouts = sink.layouts if isinstance(sink, SweepStore) else None
            results = solve_on_cluster(specification, chunks, client, layouts)
        total = len(sink.regions)
        with contextlib.closing(results), sweep_progress(total, done, show_progress) as advance:
            for chunk, result in results:
                if strict and result.num_failed:
                    _raise_failure(specification, sink.regions[chunk], result)
                sink.write(chunk, result)
                advance(result.num_failed)

    if store is None:
        memory = SweepMemory(specification, chunk_shape())
        solve_all(memory, memory.missing(), 0)
        return memory.dataset(sweep_provenance(specification))

    path = Path(store)
    opened = (
        SweepStore(path) if path.exists() else SweepStore.create(path, specification, chunk_shape())
    )
    with opened as target:
        target.check_specification(specification)
        done = int(target.done.sum())
        try:
            solve_all(target, target.missing(), done)
        except KeyboardInterrupt:
            raise SweepInterrupted(
                f"{int(target.done.sum())} of {len(target.done)} chunks are done; the same sweep "
                f"with the store {path} goes on from there."
            ) from None
    return open_sweep(path)


def _solve_here(
    specification: SweepSpecification, chunks: _Chunks, num_threads: int | None
) -> _Results:
    for chunk, region in chunks:
        yield chunk, solve_block(specification.block(region), num_threads)


def _raise_failure(
    specification: SweepSpecification,
    region: tuple[slice, ...],
    result: BlockResult | EncodedBlock,
) -> None:
    assert result.first_failure is not None
    index, reason = result.first_failure
    point = specification.block(region).point(index)
    swept = {name: point[name] for name in specification.axes}
    raise SweepPointError(f"the point {swept} failed: {reason}", point)
