"""A pulse cut for integrators that choose their own steps, and such an integrator."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from rzqiskit.drives.base import Drive
from rzqiskit.validation import FloatArray

__all__ = ["Piece", "integration_pieces", "solve_in_pieces"]

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


def solve_in_pieces(
    drive: Drive,
    slope: Callable[[float, Any], Any],
    state: FloatArray,
    *,
    rate: float,
    rtol: float,
    atol: float,
    mend: Callable[[FloatArray], FloatArray] | None = None,
) -> tuple[tuple[float, ...], tuple[Any, ...]]:
    """Return the dense solution of an equation of motion over the window of a pulse.

    Args:
        drive: the pulse.
        slope: of time and state, the derivative of the state.
        state: what it starts from, shape (num_unknowns,).
        rate: by how fast a cell turns without the pulse, energy.
        rtol: relative tolerance of DOP853.
        atol: absolute one.
        mend: applied to the state at the end of each piece, such as a norm that is known.

    Returns:
        The ends of the pieces, from 0 on, and functions of time that give the state on each.

    Raises:
        ValueError: the pulse is not finite, or no steps can follow it.
        FloatingPointError: a number overflows on the way.

    Examples:
        >>> from rzqiskit.drives import RectangularDrive
        >>> drive = RectangularDrive(2.0, 1.0)
        >>> edges, (solution,) = solve_in_pieces(
        ...     drive, lambda t, y: drive.value(t) * y, np.ones(1), rate=0.0, rtol=1e-9, atol=0.0
        ... )
        >>> edges, solution(0.5).round(6)
        ((0.0, 1.0), array([2.718282]))
    """
    from scipy.integrate import solve_ivp

    edges, solutions = [0.0], []
    for start, stop, step in integration_pieces(drive, rate=rate):
        # A number that overflows is no solution: an error, not a warning.
        with np.errstate(over="raise", invalid="raise"):
            piece = solve_ivp(
                slope, (start, stop), state, "DOP853", rtol=rtol, atol=atol, max_step=step,
                dense_output=True,
            )  # fmt: skip
        if not piece.success:
            raise ValueError(
                f"`drive` must be a pulse that steps of time can follow, got one that cannot be "
                f"followed beyond t = {piece.t[-1]:g}."
            )
        state = piece.y[:, -1] if mend is None else mend(piece.y[:, -1])
        edges.append(stop)
        solutions.append(piece.sol)
    return tuple(edges), tuple(solutions)
