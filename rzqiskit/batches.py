"""Solve every battery of a grid in compiled calls on several threads; arrays out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from rzqiskit.cores import usable_cores
from rzqiskit.dicke.lanes import HAND_OVER, solve_lanes
from rzqiskit.dicke.pulses import FORMULA_FIELDS, EncodedDrive, encode_drive
from rzqiskit.dicke.rotations import DENSE_MAX_QUBITS, rotation_tables
from rzqiskit.dicke.solver import NUM_METRICS, REPORT_FIELDS, solve_batch
from rzqiskit.dicke.warm_up import Route
from rzqiskit.drives import GaussianDrive, SechDrive
from rzqiskit.drives.shapes import is_narrow
from rzqiskit.grid import BatteryGrid
from rzqiskit.validation import FloatArray, check_positive_integer

__all__ = ["GridSolution", "solve_grid"]

_LANE_CHUNK = 128  # batteries of a chunk that is solved in lanes, at least


class GridSolution(NamedTuple):
    """Numbers of every battery of a grid, which the leading axis counts in C order.

    Attributes:
        metrics: shape (size, 5, num_times), in the order of `schema.METRICS`; without times, one
            column: the end of each pulse.
        maxima: shape (size, 5, 2), the maximum over the run and its time.
        report: shape (size, 9), see `rzqiskit.dicke.solver.REPORT_FIELDS`.
        status: shape (size,), 0 where solved; other rows are meaningless.
    """

    metrics: FloatArray
    maxima: FloatArray
    report: FloatArray
    status: npt.NDArray[np.int64]


def solve_grid(
    grid: BatteryGrid,
    times: FloatArray,
    *,
    tolerance: float,
    with_entropy: bool = True,
    wanted: int | None = None,
    relative: bool = False,
    limits: tuple[int, int] = (5000, 1_000_000),
    num_threads: int | None = None,
) -> GridSolution:
    """Return the solution of every battery of `grid`; nothing is raised where one fails.

    Args:
        grid: the batteries.
        times: shape (num_times,), in units of each pulse's duration where `relative`; empty for
            the ends of the pulses only.
        tolerance: see `evolve_exact`.
        with_entropy: whether to compute S; zero otherwise.
        wanted: bits of the metrics that have to keep the tolerance, in the order of
            `schema.METRICS`; the numbers of the others mean nothing. All when None.
        relative: see `times`.
        limits: `max_levels` and `max_steps` of `evolve_exact`.
        num_threads: all cores when None.
    """
    if times.size == 0:
        times, relative = np.ones(1), True
    wanted = (1 << NUM_METRICS) - 1 if wanted is None else wanted
    threads = _num_threads(num_threads)
    solution = GridSolution(
        np.zeros((grid.size, NUM_METRICS, times.size)),
        np.zeros((grid.size, NUM_METRICS, 2)),
        np.zeros((grid.size, len(REPORT_FIELDS))),
        np.zeros(grid.size, dtype=np.int64),
    )
    # Copies throughout: a read-only view would be another type, and compile the kernel anew.
    num = np.array(grid.parameter("num_qubits"), dtype=np.int64)
    delta = np.array(grid.parameter("level_splitting"), dtype=np.float64)
    g = np.array(grid.jz_squared_coefficient(), dtype=np.float64)
    times = np.array(times, dtype=np.float64)
    for drive, parameters, durations, chosen in _common_drives(grid):
        for route, members in _by_route(num[chosen], with_entropy):
            whole = members.size == grid.size
            # A view where the whole grid shares one encoding, copies written back otherwise.
            batteries = chosen[members]
            inputs = [a if whole else a[batteries] for a in (num, delta, g)]
            results = solution if whole else [a[batteries] for a in solution]
            rotation, offsets = None, np.zeros(members.size, dtype=np.int64)
            if route == "dense":
                rotation, offsets = rotation_tables(inputs[0].tolist())
            arguments = (
                *inputs, drive.kind, parameters[members], durations[members], drive.edges,
                drive.coefficients, times, relative, tolerance, *limits, wanted, rotation, offsets,
                True if route == "window" else None, None if route == "moments" else True, *results,
            )  # fmt: skip
            formula = drive.coefficients.shape[0] == 0
            in_lanes = route == "moments" and formula and drive.edges.size == 2
            _solve_chunks(arguments, in_lanes, threads)
            if not whole:
                for target, values in zip(solution, results, strict=True):
                    target[batteries] = values
    return solution


def _by_route(
    num_qubits: npt.NDArray[np.int64], with_entropy: bool
) -> Iterator[tuple[Route, npt.NDArray[np.int64]]]:
    """Yield how the populations are had, if at all, and which batteries have them so."""
    if not with_entropy:
        yield "moments", np.arange(num_qubits.size)
        return
    routes: tuple[tuple[Route, npt.NDArray[np.bool_]], ...] = (
        ("dense", num_qubits <= DENSE_MAX_QUBITS),
        ("window", num_qubits > DENSE_MAX_QUBITS),
    )
    for route, chosen in routes:
        if chosen.any():
            yield route, np.flatnonzero(chosen)


def _solve_chunks(arguments: tuple[Any, ...], in_lanes: bool, threads: int) -> None:
    """Solve all batteries in chunks on several threads."""
    size = len(arguments[0])
    # Neighbours in a grid cost alike, distant ones do not: small chunks, taken as they come.
    num_chunks = min(size, 16 * threads)
    solve: Callable[..., None] = solve_batch
    if in_lanes:
        solve = _solve_in_lanes
        # Towards the end of a chunk some lanes idle.
        num_chunks = min(num_chunks, max(threads, size // _LANE_CHUNK), size)
    edges = np.linspace(0, size, num_chunks + 1).astype(int)
    chunks = [(int(low), int(high)) for low, high in pairwise(edges)]
    if threads == 1 or len(chunks) == 1:
        for first, last in chunks:
            solve(first, last, *arguments)
        return
    with ThreadPoolExecutor(threads) as pool:
        for done in [pool.submit(solve, *chunk, *arguments) for chunk in chunks]:
            done.result()


def _solve_in_lanes(first: int, last: int, *arguments: Any) -> None:
    """Solve batteries first <= i < last in lanes, and those that do not fit one after the other."""
    num, delta, g, kind, parameters, durations, _, coefficients, times, relative = arguments[:10]
    tolerance, max_levels, max_steps, wanted = arguments[10:14]
    metrics, maxima, report, status = arguments[-4:]
    solve_lanes(
        first, last, num, delta, g, kind, parameters, durations, coefficients, times, relative,
        tolerance, max_levels, max_steps, wanted, metrics, maxima, report, status,
    )  # fmt: skip
    left = np.flatnonzero(status[first:last] == HAND_OVER) + first
    for run in np.split(left, np.flatnonzero(np.diff(left) > 1) + 1):
        if run.size:
            solve_batch(int(run[0]), int(run[-1]) + 1, *arguments)


def _common_drives(
    grid: BatteryGrid,
) -> Iterator[tuple[EncodedDrive, FloatArray, FloatArray, npt.NDArray[np.int64]]]:
    """Yield encoded drive, formula parameters (n, 4), durations (n,) and which batteries."""
    if type(grid.drive) in FORMULA_FIELDS:
        parameters = np.zeros((grid.size, 4))
        for column, name in enumerate(FORMULA_FIELDS[type(grid.drive)][1]):
            parameters[:, column] = grid.parameter(f"drive_{name}")
        durations = np.array(grid.parameter(grid.duration_name), dtype=np.float64)
        for alike in _by_landmarks(grid, durations):
            encoded = encode_drive(grid.battery(int(alike[0])).drive)
            yield encoded, parameters[alike], durations[alike], alike
        return
    groups: dict[int, list[int]] = {}
    for index, number in enumerate(grid.drive_numbers()):
        groups.setdefault(int(number), []).append(index)
    for members in groups.values():
        drive = grid.battery(members[0]).drive
        yield (
            encode_drive(drive),
            np.zeros((len(members), 4)),
            np.full(len(members), drive.duration),
            np.array(members),
        )


def _by_landmarks(grid: BatteryGrid, durations: FloatArray) -> Iterator[npt.NDArray[np.int64]]:
    """Yield the batteries whose pulse, a formula, has no landmarks, and those that share them."""
    if not isinstance(grid.drive, (GaussianDrive, SechDrive)):
        yield np.arange(grid.size)
        return
    centers, widths = grid.parameter("drive_center"), grid.parameter("drive_width")
    narrow = is_narrow(widths, durations)
    if not narrow.all():
        yield np.flatnonzero(~narrow)
    places = np.flatnonzero(narrow)
    if places.size:
        rows = np.column_stack([centers[places], widths[places], durations[places]])
        _, group = np.unique(rows, axis=0, return_inverse=True)
        order = np.argsort(group, kind="stable")
        yield from np.split(places[order], np.flatnonzero(np.diff(group[order])) + 1)


def _num_threads(num_threads: int | None) -> int:
    if num_threads is not None:
        return check_positive_integer("num_threads", num_threads)
    return usable_cores()
