"""A pulse cut for integrators that choose their own steps."""

from __future__ import annotations

import itertools
from typing import NamedTuple

import numpy as np

from rzqiskit.drives.base import Drive

__all__ = ["Piece", "integration_pieces"]

# Enough to see a bump in the middle of a dark window; narrower peaks have landmarks.
_FEWEST_STEPS = 16.0
_NUM_SAMPLES = 33


class Piece(NamedTuple):
    """A stretch of the pulse without a jump inside.

    Attributes:
        start: inverse energy.
        stop: inverse energy.
        longest_step: what a step may be at most, inverse energy.
    """

    start: float
    stop: float
    longest_step: float


def integration_pieces(drive: Drive, *, rate: float = 0.0) -> list[Piece]:
    """Return the stretches between the landmarks of a pulse, with the longest step on each.

    Steps are so short that none can leap over a peak, and that a cell turns by less than about a
    radian in each: a longer trial step of a Runge-Kutta method overflows before it is refused.

    Args:
        drive: the pulse.
        rate: by how fast a cell turns without it, energy.

    Returns:
        The pieces, which cover the window, first one first.

    Raises:
        ValueError: the pulse is not finite at one of 35 times of a piece.

    Examples:
        >>> from rzqiskit.drives import RectangularDrive, SampledDrive
        >>> integration_pieces(RectangularDrive(10.0, 1.0))
        [Piece(start=0.0, stop=1.0, longest_step=0.0625)]
        >>> sampled = SampledDrive([0.0, 0.5, 2.0], [0.0, 60.0, 0.0])
        >>> [piece.stop for piece in integration_pieces(sampled)]
        [0.5, 2.0]
    """
    # Nodes without a period, lest all of them meet the zeros of an oscillating pulse.
    nodes = 0.5 - 0.5 * np.polynomial.legendre.leggauss(_NUM_SAMPLES)[0]
    fractions = np.concatenate(([0.0], nodes, [1.0]))
    edges = np.array([0.0, *drive.landmarks, drive.duration])
    times = edges[:-1, None] + np.diff(edges)[:, None] * fractions
    values = np.asarray(drive.value(times))
    if not np.isfinite(values).all():
        bad = float(times[~np.isfinite(values)].flat[0])
        raise ValueError(f"`drive` must be finite in its window, got another value at t = {bad:g}.")
    turning = np.abs(values).max(axis=1) + abs(rate)
    even = drive.duration / _FEWEST_STEPS
    steps = np.minimum(even, 2.0 / np.maximum(turning, 2.0 / even)).tolist()
    pairs = itertools.pairwise(edges.tolist())
    return [Piece(*pair, step) for pair, step in zip(pairs, steps, strict=True)]
