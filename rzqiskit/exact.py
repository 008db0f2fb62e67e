"""The exact solution of the battery, for one or for many, in the co-moving frame."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt

from rzqiskit.correlations import (
    FROM_MOMENTS,
    correlations_from_moments,
    incoherent_ergotropy,
)
from rzqiskit.dicke.warm_up import Route, kernel_loading_seconds
from rzqiskit.drives import Drive
from rzqiskit.exact_report import (
    failure,
    held_tolerance,
    largest_power_tolerance,
    power_tolerance,
    report_attributes,
)
from rzqiskit.grid import BatteryGrid
from rzqiskit.model import RosenZenerBattery
from rzqiskit.schema import FRACTION_OF_PULSE, METRICS, make_dataset, provenance
from rzqiskit.validation import (
    FloatArray,
    check_choice,
    check_finite,
    check_integer,
    check_positive_integer,
    check_times,
)

if TYPE_CHECKING:
    import xarray as xr

__all__ = [
    "MAX_POPULATION_QUBITS",
    "MAX_TOLERANCE",
    "MAX_WINDOW_QUBITS",
    "MIN_TOLERANCE",
    "QUANTITIES",
    "ConvergenceError",
    "check_tolerance",
    "evolve_exact",
]

MIN_TOLERANCE = 1e-13
"""Below this, rounding decides and no step size helps."""
MAX_TOLERANCE = 1e-2
"""Above this, an error is no longer small."""
MAX_POPULATION_QUBITS = 4096
"""Widest battery whose populations are returned for every level, `num_qubits` + 1 a time."""
MAX_WINDOW_QUBITS = 10**11
"""Widest battery whose populations, and so the entropy, are computed at all."""

QUANTITIES = (
    *METRICS,
    "population",
    "population_window",
    "incoherent_ergotropy",
    *FROM_MOMENTS,
)
"""What `evolve_exact` can compute for one battery."""

_FROM_POPULATIONS = frozenset(
    {"population", "population_window", "diagonal_entropy", "incoherent_ergotropy"}
)


class ConvergenceError(RuntimeError):
    """The evolution needs more steps or levels than it was allowed.

    Attributes:
        index: which battery of a grid failed first, counted in C order; 0 for a single one.

    Examples:
        >>> import rzqiskit as rz
        >>> battery = rz.RosenZenerBattery(
        ...     num_qubits=100, drive=rz.RectangularDrive(3.0, 1.0), interaction=9.0
        ... )
        >>> try:
        ...     rz.evolve_exact(battery, [1.0], max_levels=8)
        ... except rz.ConvergenceError as error:
        ...     print(error)
        the state needs more than `max_levels` = 8 levels of the frame...
    """

    def __init__(self, message: str, index: int = 0) -> None:
        super().__init__(message)
        self.index = index


def evolve_exact(
    battery: RosenZenerBattery | BatteryGrid,
    times: npt.ArrayLike | None = None,
    *,
    tolerance: float = 1e-10,
    quantities: Collection[str] | None = None,
    time_unit: Literal["absolute", "duration"] = "absolute",
    max_levels: int = 5000,
    max_steps: int = 1_000_000,
    num_threads: int | None = None,
) -> xr.Dataset:
    """Return the exact evolution of one battery, or of every battery of a grid.

    The Schroedinger equation is solved in the frame that moves with the mean field (see
    `rzqiskit.dicke.frame`), at a cost that does not depend on the number of cells unless the
    interaction squeezes the state over the whole sphere.

    Args:
        battery: the battery, or a `BatteryGrid`, solved in one compiled call on several threads.
        times: shape (num_times,), strictly increasing from 0 upwards, inverse energy; after the
            pulse the cells are left to themselves (Theta = 0 in Eq. 1). None, for a grid only:
            no time series, and each battery up to the end of its pulse.
        tolerance: bound on the error of every metric asked for: of E in units of N Delta, of P_I
            in units of N Delta^2, of the others relative to their largest value over the run. P_I
            takes the smallest steps: without it a strong pulse is solved faster. Each step rounds
            by up to 5e-16, which adds up where a pulse is long: the attributes ``tolerance_held``,
            and ``tolerance_instantaneous_power`` for P_I, which magnifies it by max|f| / Delta,
            tell what was held.
        quantities: names out of `QUANTITIES`, at least one. None: the five metrics and, for one
            battery of at most `MAX_POPULATION_QUBITS` cells, its populations. Above,
            "population_window" gives the levels that carry weight. A grid takes metrics only.
        time_unit: "duration" reads `times` as fractions of each battery's pulse. The coordinate
            `time` of one battery is then absolute all the same; that of a grid, whose pulses
            differ, keeps the fractions and has the unit "duration".
        max_levels: levels of the frame that the state may fill before `ConvergenceError`.
        max_steps: steps that the integrator may take before it.
        num_threads: threads for a grid; all cores when None.

    Returns:
        Dataset by `rzqiskit.schema`: each quantity on `time` (and the dims of the grid); for each
        metric `maximum_<name>` over 0 <= t <= times[-1] and `time_of_maximum_<name>`, refined on
        the dense output of the integrator, and `final_<name>`, the value at times[-1]. The
        attributes tell the tolerance, the levels and steps used, the weight at the truncation
        edge, the drift of the norm, and how long the kernels took to load or compile.

    Raises:
        TypeError: an argument of the wrong type.
        ValueError: an argument out of range; populations of a battery too wide for them.
        ConvergenceError: `max_levels` or `max_steps` exceeded.

    Notes:
        Derived in docs/co_moving_frame.md. P and P_I vanish at t = 0, since <Jy> does. A grid gives
        the same bits whatever the threads; with the entropy also those of single runs, without it
        (solved eight at a time) the same to rounding.

    Examples:
        >>> import numpy as np
        >>> from rzqiskit import RosenZenerBattery, SineSquaredDrive
        >>> drive = SineSquaredDrive(amplitude=20.0, period=0.1 * np.pi)
        >>> battery = RosenZenerBattery(num_qubits=10, drive=drive, interaction=2.0)
        >>> exact = evolve_exact(battery, np.linspace(0.0, drive.period, 101))
        >>> print(f"{exact.maximum_stored_energy.item():.9f}")
        9.938707232
    """
    tolerance = check_tolerance(tolerance)
    limits = (
        check_positive_integer("max_levels", max_levels),
        check_integer("max_steps", max_steps, minimum=1, maximum=2**62),
    )
    check_choice("time_unit", time_unit, ("absolute", "duration"))
    if num_threads is not None:
        num_threads = check_positive_integer("num_threads", num_threads)
    if isinstance(battery, BatteryGrid):
        return _evolve_grid(battery, times, tolerance, quantities, time_unit, limits, num_threads)
    if not isinstance(battery, RosenZenerBattery):
        raise TypeError(
            f"`battery` must be a RosenZenerBattery or a BatteryGrid, got {type(battery).__name__}."
        )
    time = check_times(times)
    if time_unit == "duration":
        time *= battery.drive.duration
    names = _check_quantities(quantities, battery.num_qubits)
    return _evolve_one(battery, time, tolerance, names, limits)


def _check_quantities(quantities: Collection[str] | None, num_qubits: int) -> tuple[str, ...]:
    if quantities is None:
        names: tuple[str, ...] = METRICS
        if num_qubits <= MAX_POPULATION_QUBITS:
            names = ("population", *METRICS)
    else:
        if isinstance(quantities, str) or not isinstance(quantities, Iterable):
            raise TypeError(f"`quantities` must be a collection of names, got {quantities!r}.")
        names = tuple(dict.fromkeys(check_choice("quantities", n, QUANTITIES) for n in quantities))
        if not names:
            raise ValueError("`quantities` must name at least one quantity, got none.")
    needs_window = [name for name in names if name in _FROM_POPULATIONS]
    if needs_window and num_qubits > MAX_WINDOW_QUBITS:
        others = ", ".join(f'"{n}"' for n in METRICS if n != "diagonal_entropy")
        raise ValueError(
            f"`{needs_window[0]}` needs `num_qubits` of at most {MAX_WINDOW_QUBITS:g}, got "
            f"{num_qubits:g}; ask for quantities=({others})."
        )
    if "population" in names and num_qubits > MAX_POPULATION_QUBITS:
        raise ValueError(
            f"`population` needs `num_qubits` of at most {MAX_POPULATION_QUBITS}, got "
            f'{num_qubits}; ask for "population_window".'
        )
    return names


@lru_cache(maxsize=128)
def _encoded(drive: Drive) -> Any:
    from rzqiskit.dicke.pulses import encode_drive

    return encode_drive(drive)


@lru_cache(maxsize=32)
def _rotation(num_qubits: int) -> FloatArray | None:
    """Return the table that turns all levels of the frame at once; None if there are too many."""
    from rzqiskit.dicke.dense_rotation import DENSE_MAX_QUBITS, rotation_tables

    return rotation_tables([num_qubits])[0] if num_qubits <= DENSE_MAX_QUBITS else None


@lru_cache(maxsize=128)
def _described(battery: RosenZenerBattery) -> str:
    """Return what `provenance` tells of a battery; writing it takes longer than solving it."""
    return str(provenance(battery)["battery"])


def check_tolerance(tolerance: Any) -> float:
    """Return a tolerance that `evolve_exact` can keep."""
    cleaned = check_finite("tolerance", tolerance)
    if not MIN_TOLERANCE <= cleaned <= MAX_TOLERANCE:
        raise ValueError(
            f"`tolerance` must lie between {MIN_TOLERANCE:g} and {MAX_TOLERANCE:g}, got "
            f"{cleaned!r}."
        )
    return cleaned


def _evolve_one(
    battery: RosenZenerBattery,
    time: FloatArray,
    tolerance: float,
    names: tuple[str, ...],
    limits: tuple[int, int],
) -> xr.Dataset:
    from rzqiskit.dicke.observables import NUM_MOMENTS
    from rzqiskit.dicke.solver import REPORT_FIELDS, solve_battery

    num, delta = battery.num_qubits, battery.level_splitting
    drive = _encoded(battery.drive)
    wanted = _wanted(names)
    rotation, windowed, with_entropy = None, None, None
    route: Route = "moments"
    if not _FROM_POPULATIONS.isdisjoint(names):
        rotation, with_entropy = _rotation(num), "diagonal_entropy" in names
        windowed = True if rotation is None else None
        route = "window" if windowed else "dense"
    loading = kernel_loading_seconds(route)
    metrics = np.zeros((len(METRICS), time.size))
    wants_moments = any(name in FROM_MOMENTS for name in names)
    moments = np.zeros((NUM_MOMENTS, time.size if wants_moments else 0))
    maxima, report = np.zeros((len(METRICS), 2)), np.zeros(len(REPORT_FIELDS))

    def solve(populations: FloatArray, window_start: npt.NDArray[np.int64]) -> None:
        status = solve_battery(
            num, delta, battery.jz_squared_coefficient, *drive, time, float(time[-1]), tolerance,
            *limits, wanted, rotation, 0, windowed, with_entropy, metrics, moments, maxima, report,
            populations, window_start,
        )  # fmt: skip
        if status != 0:
            raise ConvergenceError(failure(status, limits, battery, report))

    nowhere = np.zeros(0, dtype=np.int64)
    window, start = np.zeros((0, 0)), nowhere
    dense = np.zeros((0, 0))
    needs_all = "population" in names or "incoherent_ergotropy" in names
    if num <= MAX_POPULATION_QUBITS and needs_all:
        dense = np.zeros((time.size, num + 1))
    solve(dense, nowhere)
    if "population_window" in names or (num > MAX_POPULATION_QUBITS and needs_all):
        # Once for the width of the widest window, once for its contents.
        start = np.zeros(time.size, dtype=np.int64)
        solve(np.zeros((time.size, 0)), start)
        window = np.zeros((time.size, int(report[-1])))
        solve(window, start)

    variables: dict[str, tuple[tuple[str, ...], Any]] = {}
    coords: dict[str, tuple[tuple[str, ...], Any]] = {"time": (("time",), time)}
    if wants_moments:
        variables.update(correlations_from_moments(battery, time, metrics[0], moments, names))
        if "collective_spin" in names:
            coords["axis"] = (("axis",), ["x", "y", "z"])
    if "population" in names:
        variables["population"] = (("time", "excitations"), dense)
        coords["excitations"] = (("excitations",), np.arange(num + 1))
    if "population_window" in names:
        variables["population_window"] = (("time", "window"), window)
        variables["window_start"] = (("time",), start)
    if "incoherent_ergotropy" in names:
        work = incoherent_ergotropy(dense if dense.size else window, delta)
        if not dense.size:  # the levels of the window start higher up
            work = work + delta * start * window.sum(axis=1)
        variables["incoherent_ergotropy"] = (("time",), work)
    for i, name in enumerate(METRICS):
        if name in names:
            variables[name] = (("time",), metrics[i])
            variables[f"maximum_{name}"] = ((), maxima[i, 0])
            variables[f"time_of_maximum_{name}"] = ((), maxima[i, 1])
            variables[f"final_{name}"] = ((), metrics[i, -1])
    attrs = provenance(
        None, solver="exact", tolerance=tolerance, kernel_loading_seconds=round(loading, 3),
        tolerance_held=held_tolerance(tolerance, report), **report_attributes(report),
    )  # fmt: skip
    if "instantaneous_power" in names:
        held = power_tolerance(tolerance, report, battery.drive, delta)
        attrs["tolerance_instantaneous_power"] = held
    attrs["battery"] = _described(battery)
    return make_dataset(variables, coords, attrs)


def _wanted(names: tuple[str, ...]) -> int:
    """Return the metrics among `names` as bits; whatever else is asked for needs all of them."""
    if any(name not in METRICS for name in names):
        return (1 << len(METRICS)) - 1
    return sum(1 << METRICS.index(name) for name in names)


def _evolve_grid(
    grid: BatteryGrid,
    times: npt.ArrayLike | None,
    tolerance: float,
    quantities: Collection[str] | None,
    time_unit: str,
    limits: tuple[int, int],
    num_threads: int | None,
) -> xr.Dataset:
    from rzqiskit.batches import solve_grid
    from rzqiskit.dicke.pulses import FORMULA_FIELDS

    time = np.empty(0) if times is None else check_times(times)
    names = _check_quantities(METRICS if quantities is None else quantities, 1)
    unknown = [name for name in names if name not in METRICS]
    if unknown:
        raise ValueError(f"`quantities` of a grid must be among {METRICS}, got {unknown[0]!r}.")
    widest = int(grid.parameter("num_qubits").max())
    _check_quantities(names, widest)
    route: Route = "moments"
    if "diagonal_entropy" in names:
        route = "window" if _rotation(widest) is None else "dense"
    elif type(grid.drive) in FORMULA_FIELDS:
        route = "lanes"
    loading = kernel_loading_seconds(route)
    metrics, maxima, report, status = solve_grid(
        grid,
        time,
        tolerance=tolerance,
        with_entropy="diagonal_entropy" in names,
        wanted=_wanted(names),
        relative=time_unit == "duration",
        limits=limits,
        num_threads=num_threads,
    )
    failed = np.flatnonzero(status)
    if failed.size:
        first = int(failed[0])
        message = failure(int(status[first]), limits, grid.battery(first), report[first])
        raise ConvergenceError(f"{message[:-1]}; battery {first} of the grid.", first)

    shape, dims = grid.shape, grid.dims
    variables: dict[str, tuple[tuple[str, ...], Any]] = {}
    for i, name in enumerate(METRICS):
        if name not in names:
            continue
        series = metrics[:, i, :]
        if time.size:
            variables[name] = ((*dims, "time"), series.reshape(*shape, time.size))
        variables[f"maximum_{name}"] = (dims, maxima[:, i, 0].reshape(shape))
        variables[f"time_of_maximum_{name}"] = (dims, maxima[:, i, 1].reshape(shape))
        variables[f"final_{name}"] = (dims, series[:, -1].reshape(shape))
    worst = report.max(axis=0)
    attrs = provenance(
        None, solver="exact", tolerance=tolerance, kernel_loading_seconds=round(loading, 3),
        tolerance_held=held_tolerance(tolerance, worst), time_unit=time_unit,
        grid=grid.to_dict(), **report_attributes(worst),
    )  # fmt: skip
    if "instantaneous_power" in names:
        held = largest_power_tolerance(tolerance, report, grid)
        attrs["tolerance_instantaneous_power"] = held
    coords = dict(grid.coords)
    if time.size:
        coords["time"] = (("time",), time)
    data = make_dataset(variables, coords, attrs)
    if time.size and time_unit == "duration":
        data["time"].attrs.update(FRACTION_OF_PULSE)
    return data
