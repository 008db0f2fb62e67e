"""How a grid is cut into chunks: rectangles of about one second of work each."""

from __future__ import annotations

import dataclasses
import itertools
import math
import time
from collections.abc import Iterator

import numpy as np

from rzqiskit.sweeps.solve import solve_block
from rzqiskit.sweeps.specification import SweepSpecification

__all__ = [
    "choose_chunk_shape",
    "chunk_regions",
    "from_the_end",
    "measure_point_seconds",
    "num_chunks",
]

# Long against the cost of handing out a task and of writing a chunk, short against patience.
TARGET_SECONDS = 1.0
# So that no worker idles while the last ones finish.
CHUNKS_PER_WORKER = 16
SHORTEST_SECONDS = 0.2
# A chunk of every quantity in memory: about 30 MB.
MOST_POINTS = 250_000
_PROBE_SECONDS = 0.3
_LOADING_SECONDS = 5.0
_MOST_PROBES = 256


def measure_point_seconds(specification: SweepSpecification) -> float:
    """Return the seconds that a point of the sweep takes on one thread, measured on a few.

    Args:
        specification: the sweep; points spread evenly over it are solved, for about 0.3 s.
    """
    size = specification.size
    # In no order, so that the first few are not all in the cheap corner.
    spread = np.linspace(0, size - 1, min(size, _MOST_PROBES)).astype(int)
    probes = np.random.default_rng(0).permutation(np.unique(spread)).tolist()
    # The first call compiles the kernels and loads libraries: not what the others will cost.
    _solve_seconds(specification, probes[:1])
    num_probes = 1
    while True:
        # Together, as in a chunk: the cost of a call is shared.
        seconds = _solve_seconds(specification, probes[:num_probes])
        if _PROBE_SECONDS / 4.0 < seconds < _LOADING_SECONDS:
            # Or did these need what the first one, which may have failed, had not loaded?
            seconds = min(seconds, _solve_seconds(specification, probes[:num_probes]))
        if num_probes >= len(probes) or seconds > _PROBE_SECONDS / 4.0:
            return seconds / num_probes
        num_probes = min(4 * num_probes, len(probes))


def _solve_seconds(specification: SweepSpecification, indices: list[int]) -> float:
    points = [specification.point(index) for index in indices]
    parameters = dict(specification.parameters)
    for name in specification.axes:
        parameters[name] = np.array([point[name] for point in points])
    paired = dataclasses.replace(specification, parameters=parameters, paired=True)
    start = time.perf_counter()
    solve_block(paired, num_threads=1)
    return time.perf_counter() - start


def choose_chunk_shape(
    shape: tuple[int, ...], point_seconds: float, num_workers: int
) -> tuple[int, ...]:
    """Return the lengths of a chunk along each dim.

    Chunks take about a second; less where there would be too few of them for the workers, but
    never under a fifth of a second unless the whole sweep is that short.

    Args:
        shape: lengths of the dims.
        point_seconds: what a point costs.
        num_workers: how many chunks are solved at a time.

    Returns:
        The lengths. The last dims are taken whole first.

    Examples:
        >>> choose_chunk_shape((200, 200, 5), 1e-3, 1)
        (1, 200, 5)
        >>> choose_chunk_shape((3, 4), 10.0, 2)
        (1, 1)
    """
    size = math.prod(shape)
    fair = size * point_seconds / (CHUNKS_PER_WORKER * num_workers)
    seconds = max(SHORTEST_SECONDS, min(TARGET_SECONDS, fair))
    # Rounded up: no chunk but the last of a row is shorter than meant.
    wanted = max(1, min(math.ceil(seconds / point_seconds), MOST_POINTS, max(size, 1)))
    lengths: list[int] = []
    for length in reversed(shape):
        lengths.append(min(length, wanted))
        wanted = max(1, math.ceil(wanted / length))
    return tuple(reversed(lengths))


def chunk_regions(
    shape: tuple[int, ...], chunk_shape: tuple[int, ...]
) -> Iterator[tuple[slice, ...]]:
    """Yield the region of every chunk, the last dim running fastest.

    Args:
        shape: lengths of the dims.
        chunk_shape: lengths of a chunk.

    Examples:
        >>> [region[0] for region in chunk_regions((5,), (2,))]
        [slice(0, 2, None), slice(2, 4, None), slice(4, 5, None)]
    """
    starts = [range(0, length, step) for length, step in zip(shape, chunk_shape, strict=True)]
    for corner in itertools.product(*starts):
        yield tuple(
            slice(start, min(start + step, length))
            for start, step, length in zip(corner, chunk_shape, shape, strict=True)
        )


def from_the_end(regions: list[tuple[slice, ...]]) -> Iterator[tuple[int, tuple[slice, ...]]]:
    """Yield number and region of every chunk, the last first.

    Most grids ascend, and larger parameters cost more: with the cheap chunks at the end no worker
    waits long for the last one.

    Args:
        regions: of the chunks, in the order of their numbers.
    """
    for chunk in range(len(regions) - 1, -1, -1):
        yield chunk, regions[chunk]


def num_chunks(shape: tuple[int, ...], chunk_shape: tuple[int, ...]) -> int:
    """Return how many chunks there are.

    Args:
        shape: lengths of the dims.
        chunk_shape: lengths of a chunk.
    """
    return math.prod(-(-length // step) for length, step in zip(shape, chunk_shape, strict=True))
