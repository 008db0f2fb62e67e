"""Which circuits go into which job: batches within the limits of a device and its service."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from rzqiskit.validation import check_positive_integer

__all__ = ["Batch", "plan_batches"]


@dataclass(frozen=True, slots=True)
class Batch:
    """Circuits that go into one job.

    Attributes:
        index: its number.
        start: first circuit.
        stop: one past the last circuit.
        shots: shots of each circuit.
    """

    index: int
    start: int
    stop: int
    shots: int

    @property
    def num_circuits(self) -> int:
        """Number of circuits."""
        return self.stop - self.start


def plan_batches(
    num_circuits: int,
    shots: int,
    *,
    max_circuits: int | None = None,
    max_shots: int | None = None,
    max_executions: int | None = None,
    sizes: Sequence[int] | None = None,
    max_size: int | None = None,
) -> list[Batch]:
    """Return batches within the limits of a device.

    Args:
        num_circuits: circuits to run.
        shots: shots of each circuit.
        max_circuits: most circuits of one job; no limit when None, as for all limits.
        max_shots: most shots of one circuit in a job. More shots take several jobs, whose counts
            add up.
        max_executions: most shots of all circuits of a job together.
        sizes: what each circuit adds to the size of a job, bytes, shape (num_circuits,).
        max_size: largest job, bytes; goes with `sizes`.

    Returns:
        The batches, as even as the limits allow.

    Raises:
        ValueError: a circuit that alone is too large for a job.

    Examples:
        >>> [(b.start, b.stop, b.shots) for b in plan_batches(5, 7, max_circuits=3, max_shots=4)]
        [(0, 3, 4), (3, 5, 4), (0, 3, 3), (3, 5, 3)]
        >>> batches = plan_batches(4, 7, sizes=[1, 1, 1, 5], max_size=6)
        >>> [(batch.start, batch.stop) for batch in batches]
        [(0, 2), (2, 4)]
    """
    given = [limit for limit in (max_shots, max_executions) if limit is not None]
    batches: list[Batch] = []
    for round_shots in _even_parts(shots, min(given, default=None)):
        most = [limit for limit in (max_circuits,) if limit is not None]
        if max_executions is not None:
            most.append(max_executions // round_shots)
        start = 0
        for number in _parts_of_size(num_circuits, min(most, default=None), sizes, max_size):
            batches.append(Batch(len(batches), start, start + number, round_shots))
            start += number
    return batches


def _parts_of_size(
    num_circuits: int, most: int | None, sizes: Sequence[int] | None, max_size: int | None
) -> list[int]:
    """Return how many circuits each job has: the fewest even parts that are small enough."""
    if sizes is None or max_size is None:
        return _even_parts(num_circuits, most)
    check_positive_integer("max_size", max_size)
    if max(sizes, default=0) > max_size:
        worst = int(np.argmax(sizes))
        raise ValueError(
            f"`circuits` must take at most {max_size} bytes each, the largest job, got "
            f"{sizes[worst]} for circuit {worst}: fewer slices or smaller noise factors help, or "
            "no twirling."
        )
    ends = np.concatenate([[0], np.cumsum(sizes)])
    for number in range(1, num_circuits + 1):
        if most is not None and number * most < num_circuits:
            continue
        parts = _split(num_circuits, number)
        stops = np.cumsum(parts)
        if (ends[stops] - ends[stops - parts] <= max_size).all():
            return parts
    return []


def _even_parts(total: int, most: int | None) -> list[int]:
    return _split(total, -(-total // most) if most else 1)


def _split(total: int, number: int) -> list[int]:
    return [total // number + (part < total % number) for part in range(number)]
