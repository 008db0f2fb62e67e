"""Solve one block of a sweep: the function that runs in this process or on a cluster."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from rzqiskit.drives import Drive
from rzqiskit.grid import BatteryGrid
from rzqiskit.model import RosenZenerBattery
from rzqiskit.schema import METRICS
from rzqiskit.sweeps.noise import NO_NOISE, run_noisy
from rzqiskit.sweeps.specification import COUNTS, SweepSpecification
from rzqiskit.validation import check_non_negative

__all__ = ["BlockResult", "battery_of_point", "solve_block"]


_RUN_SETTINGS = ("shots", "num_steps", "order", "frame", "spacing", "slices", "seed")


class BlockResult(NamedTuple):
    """What a block gives.

    Attributes:
        values: quantity -> array of the shape of the block, NaN where a point failed; counts have
            two more dims and are zero there.
        failures: index of a point in the block, the last dim running fastest -> why it failed.
    """

    values: dict[str, npt.NDArray[Any]]
    failures: dict[int, str]

    @property
    def num_failed(self) -> int:
        """Number of failed points."""
        return len(self.failures)

    @property
    def first_failure(self) -> tuple[int, str] | None:
        """Index and reason of the first failed point."""
        return min(self.failures.items(), default=None)


def solve_block(specification: SweepSpecification, num_threads: int | None = None) -> BlockResult:
    """Return the quantities on every point of `specification`.

    Args:
        specification: the sweep, or a block of one.
        num_threads: threads of the exact solver; all cores when None.

    Returns:
        The result. The same point gives the same bits in whatever block it is solved.
    """
    shapes, values = {}, {}
    for name in specification.quantities:
        _, shapes[name], dtype, empty = specification.layout(name)
        own = shapes[name][len(specification.shape) :]
        values[name] = np.full((specification.size, *own), empty, dtype=dtype)
    if specification.solver == "exact":
        failures = _solve_exact(specification, values, num_threads)
    else:
        solver = _analytic_point if specification.solver == "analytic" else _circuit_point
        failures = _solve_points(specification, values, solver)
    return BlockResult({n: v.reshape(shapes[n]) for n, v in values.items()}, failures)


def battery_of_point(drive: Drive, point: dict[str, Any]) -> RosenZenerBattery:
    """Return the battery of one point of a sweep.

    Args:
        drive: the pulse that ``drive_<field>`` modifies.
        point: see `SweepSpecification.point`.

    Raises:
        TypeError: a value of the wrong type.
        ValueError: a value out of range.
    """
    fields = {n.removeprefix("drive_"): v for n, v in point.items() if n.startswith("drive_")}
    names = ("num_qubits", "interaction", "level_splitting", "pair_counting")
    if fields:
        drive = dataclasses.replace(drive, **fields)  # type: ignore[type-var]
    return RosenZenerBattery(drive=drive, **{name: point[name] for name in names})


def _solve_exact(
    specification: SweepSpecification,
    values: dict[str, npt.NDArray[Any]],
    num_threads: int | None,
) -> dict[int, str]:
    failures: dict[int, str] = {}
    chosen = np.arange(specification.size)
    try:
        grid = _battery_grid(specification)
    except (TypeError, ValueError):
        # Some value is out of range: find the points with it, solve the others.
        sound = []
        for index in range(specification.size):
            point = specification.point(index)
            try:
                battery_of_point(specification.drive, point)
            except (TypeError, ValueError) as error:
                failures[index] = _reason(error)
            else:
                sound.append((index, point))
        if not sound:
            return failures
        chosen = np.array([index for index, _ in sound])
        grid = _grid_of_points(specification, [point for _, point in sound])
    _fill_exact(specification, grid, chosen, values, failures, num_threads)
    return failures


def _fill_exact(
    specification: SweepSpecification,
    grid: BatteryGrid,
    chosen: npt.NDArray[np.int64],
    values: dict[str, npt.NDArray[Any]],
    failures: dict[int, str],
    num_threads: int | None,
) -> None:
    from rzqiskit.batches import solve_grid
    from rzqiskit.exact import ConvergenceError, evolve_exact

    tolerance = specification.parameters["tolerance"]
    columns = {name: _metric_of(name) for name in values}
    # The steps need to be fine enough only for what is kept.
    wanted = sorted(set(columns.values()))
    solution = solve_grid(
        grid, np.empty(0), tolerance=tolerance, wanted=sum(1 << column for column in wanted),
        with_entropy=METRICS.index("diagonal_entropy") in wanted, num_threads=num_threads,
    )  # fmt: skip
    solved = solution.status == 0
    for name, target in values.items():
        if name.startswith("final_"):
            found = solution.metrics[:, columns[name], -1]
        else:
            found = solution.maxima[:, columns[name], int(name.startswith("time_of_"))]
        target[chosen[solved]] = found[solved]
    names = tuple(METRICS[column] for column in wanted)
    for place in np.flatnonzero(~solved):
        battery = grid.battery(int(place))
        try:
            evolve_exact(battery, [battery.drive.duration], tolerance=tolerance, quantities=names)
        except ConvergenceError as error:
            failures[int(chosen[place])] = _reason(error)
        else:  # it must not be believed that the two disagree
            failures[int(chosen[place])] = "the batched solver failed where the single one did not."


def _metric_of(name: str) -> int:
    """Return the column of the metric of "maximum_<metric>", "time_of_..." or "final_<metric>"."""
    return METRICS.index(name.split("maximum_")[-1].removeprefix("final_"))


def _battery_grid(specification: SweepSpecification) -> BatteryGrid:
    settings = ("tolerance",)
    parameters = {n: v for n, v in specification.parameters.items() if n not in settings}
    return BatteryGrid(specification.drive, paired=specification.paired, **parameters)


def _grid_of_points(specification: SweepSpecification, points: list[dict[str, Any]]) -> BatteryGrid:
    # Point by point: what is left of a grid with holes is no grid.
    swept = [name for name in specification.axes if name != "tolerance"]
    parameters = {
        name: np.array([point[name] for point in points]) if name in swept else value
        for name, value in specification.parameters.items()
        if name != "tolerance"
    }
    return BatteryGrid(specification.drive, paired=True, **parameters)


_PointSolver = Callable[[RosenZenerBattery, dict[str, Any]], Any]


def _solve_points(
    specification: SweepSpecification,
    values: dict[str, npt.NDArray[Any]],
    solver: _PointSolver,
) -> dict[int, str]:
    failures: dict[int, str] = {}
    for index in range(specification.size):
        point = specification.point(index)
        try:
            data = solver(battery_of_point(specification.drive, point), point)
        except Exception as error:
            # Whatever it is, it must not end a sweep of hours; the reason is kept.
            failures[index] = _reason(error)
            continue
        for name, target in values.items():
            if name in COUNTS:
                counts = data[name].values
                target[index, :, : counts.shape[-1]] = counts
            else:
                target[index] = float(data[name])
    return failures


def _reason(error: Exception) -> str:
    # Errors of this package speak for themselves, others need their name.
    text = " ".join(str(error).split())
    return text if text.startswith("`") else f"{type(error).__name__}: {text}"


def _analytic_point(battery: RosenZenerBattery, point: dict[str, Any]) -> Any:
    from rzqiskit.analytic import evolve_analytic

    times = np.linspace(0.0, battery.drive.duration, point["num_times"])
    return evolve_analytic(battery, times, method=point["method"])


def _circuit_point(battery: RosenZenerBattery, point: dict[str, Any]) -> Any:
    from rzqiskit.charging import run_charging

    times = np.linspace(0.0, battery.drive.duration, point["num_times"])
    settings = {name: point[name] for name in _RUN_SETTINGS}
    scale = check_non_negative("noise_scale", point["noise_scale"])
    if point["noise"] != NO_NOISE:
        return run_noisy(battery, times, point["noise"], noise_scale=scale, **settings)
    return run_charging(battery, times, **settings)
