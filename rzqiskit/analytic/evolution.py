"""The analytic solution of the battery as a Dataset, whatever the tier."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from rzqiskit.analytic.fourth_order import fourth_order_tier
from rzqiskit.analytic.leading import leading_tier
from rzqiskit.analytic.magnus import magnus_tier
from rzqiskit.analytic.paper import paper_tier
from rzqiskit.analytic.second_order import second_order_tier
from rzqiskit.analytic.tier import Tier
from rzqiskit.metrics import refined_maximum
from rzqiskit.model import RosenZenerBattery, check_battery
from rzqiskit.schema import METRICS, make_dataset, provenance
from rzqiskit.validation import FloatArray, check_choice, check_times

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["METHODS", "evolve_analytic"]

METHODS = ("leading", "paper", "magnus", "second-order", "fourth-order", "co-moving")

# Above this many numbers (128 MiB) the populations are left out; every metric stays.
_LARGEST_POPULATION = 2**24

# Times at which maxima are looked for, at least over the run and at most in one piece of the pulse.
_FEWEST_SAMPLES = 257
_MOST_SAMPLES = 20_000


def evolve_analytic(
    battery: RosenZenerBattery, times: npt.ArrayLike, *, method: str = "leading"
) -> xr.Dataset:
    """Return the evolution of the battery by one of the closed forms.

    Args:
        battery: the battery. Method "paper" needs a `SineSquaredDrive`.
        times: shape (num_times,), strictly increasing from 0 or above, inverse energy. Beyond the
            pulse the battery keeps what it has.
        method: "leading" (Eqs. 22-27, free rotation by the pulse area), "paper" (Eqs. 17-21 as
            printed), "magnus" (Eq. 15 with integrals up to t, exact in N + 1 levels, N <= 200),
            "second-order" (complete to second order in Delta and eta), "fourth-order" (by iterated
            integrals) or "co-moving" (mean field with Gaussian fluctuations, right up to 1/N).

    Returns:
        A Dataset with dim `time`: the five metrics of ``rzqiskit.schema.METRICS``, the summaries
        `maximum_<name>`, `time_of_maximum_<name>` (over the span of `times`, refined on the closed
        form between the samples) and `final_<name>` (at the last time), and `population` over
        `excitations` where the tier defines one and it has at most 2^24 entries. Attribute
        `validity` says where the tier can be trusted.

    Raises:
        TypeError: `battery` is no battery, `times` no real numbers.
        ValueError: bad times, unknown method, a drive or a number of cells that it does not cover.

    Notes:
        The printed Eq. 18 diverges at t = 0, where Eq. 17 is not zero; its maximum is searched
        beyond that divergence.

    Examples:
        >>> from rzqiskit.drives import SineSquaredDrive
        >>> drive = SineSquaredDrive(amplitude=40.0, period=0.1 * np.pi)
        >>> battery = RosenZenerBattery(num_qubits=10, drive=drive, interaction=2.0)
        >>> data = evolve_analytic(battery, np.linspace(0.0, drive.period, 11))
        >>> round(float(data.maximum_stored_energy), 9)
        10.0
        >>> round(float(data.time_of_maximum_stored_energy / drive.period), 9)
        0.5
    """
    check_battery(battery)
    time = check_times(times)
    tier = _tier(battery, check_choice("method", method, METHODS))
    values = {name: tier.metrics[name](time) for name in METRICS}
    variables: dict[str, tuple[tuple[str, ...], Any]] = {}
    coords: dict[str, tuple[tuple[str, ...], Any]] = {"time": (("time",), time)}
    num_levels = battery.num_qubits + 1
    if tier.population is not None and num_levels * time.size <= _LARGEST_POPULATION:
        variables["population"] = (("time", "excitations"), tier.population(time))
        coords["excitations"] = (("excitations",), np.arange(num_levels))
    maxima = _refined_maxima(battery, tier, time)
    for name in METRICS:
        variables[name] = (("time",), values[name])
        variables[f"maximum_{name}"], variables[f"time_of_maximum_{name}"] = (
            ((), number) for number in maxima[name]
        )
        variables[f"final_{name}"] = ((), float(values[name][-1]))
    attrs = provenance(battery, solver="analytic", method=method, validity=tier.validity)
    return make_dataset(variables, coords, attrs)


def _tier(battery: RosenZenerBattery, method: str) -> Tier:
    if method == "leading":
        return leading_tier(battery)
    if method == "paper":
        return paper_tier(battery)
    if method == "magnus":
        return magnus_tier(battery)
    if method == "second-order":
        return second_order_tier(battery)
    if method == "fourth-order":
        return fourth_order_tier(battery)
    # Needs compiled code, which the formulas do without.
    from rzqiskit.analytic.co_moving import co_moving_tier

    return co_moving_tier(battery)


def _refined_maxima(
    battery: RosenZenerBattery, tier: Tier, times: FloatArray
) -> dict[str, tuple[float, float]]:
    """Return the maximum of every metric on the span of `times` and when it is reached.

    A grid fine enough for the fastest rotation finds the peaks, also between sparse `times`.
    """
    start, stop = float(times[0]), float(times[-1])
    grid = np.union1d(times, _search_times(battery, start, stop))
    maxima = {}
    for name in METRICS:
        first = 0
        function = tier.metrics[name]
        samples = function(grid)
        if name == "average_power" and tier.singular_start and start == 0.0 and grid.size > 2:
            rising = np.flatnonzero(np.diff(samples[1:]) >= 0.0)
            diverges = samples[1] > samples[2]
            first = (1 + int(rising[0]) if rising.size else grid.size - 1) if diverges else 0

        def at_one_time(
            time: float, function: Callable[[FloatArray], FloatArray] = function
        ) -> float:
            return float(function(np.array([time]))[0])

        maxima[name] = refined_maximum(at_one_time, grid[first:], samples[first:])
    if tier.maxima is not None:
        maxima.update(tier.maxima(start, stop))
    return maxima


def _search_times(battery: RosenZenerBattery, start: float, stop: float) -> FloatArray:
    """Return times so dense that a peak of a metric shows on them."""
    drive = battery.drive
    end = min(stop, drive.duration)
    marks = [mark for mark in drive.landmarks if start < mark < end]
    edges = np.array([min(start, end), *marks, end])
    inner = np.linspace(edges[:-1], edges[1:], _FEWEST_SAMPLES, axis=-1)
    turns = np.abs(drive.value(inner)).max(axis=1) * np.diff(edges) / math.pi
    # As finely as the pulse turns; each piece by three times at least, all by 257 or more.
    least = max(3, _FEWEST_SAMPLES // turns.size)
    numbers = np.clip(16.0 * turns, least, _MOST_SAMPLES).astype(np.int64).tolist()
    if not marks:
        return np.linspace(start, stop, numbers[0])
    even = np.linspace(start, stop, _FEWEST_SAMPLES)
    return np.unique(np.concatenate([even, *map(np.linspace, edges[:-1], edges[1:], numbers)]))
