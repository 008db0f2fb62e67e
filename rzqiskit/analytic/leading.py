r"""The leading closed form: free rotation by the pulse area (Eqs. 14, 22-27).

Without level splitting and interaction every cell turns about x by phi(t), the area of the pulse
up to t, and the populations are binomial with p = sin^2(phi/2). This is Eq. 22 written for any
pulse, since mu = pi - phi. Corrections are of second order in Delta T and eta T.

Notation: N cells, Delta `level_splitting`, f(t) the drive, phi(t) = ``drive.area(0, t)``. hbar = 1:
energies in the unit of Delta, times in its inverse.
"""

from __future__ import annotations

import math
from functools import partial

import numpy as np
import numpy.typing as npt

from rzqiskit.analytic.binomial import binomial_entropy, binomial_population
from rzqiskit.analytic.tier import Tier, divide_by_time
from rzqiskit.model import RosenZenerBattery, check_battery
from rzqiskit.validation import FloatArray, check_non_negative

__all__ = [
    "average_power",
    "diagonal_entropy",
    "energy_fluctuation",
    "final_diagonal_entropy_as_printed",
    "final_energy_fluctuation",
    "final_stored_energy",
    "instantaneous_power",
    "leading_tier",
    "maximum_stored_energy",
    "population",
    "stored_energy",
    "time_of_maximum_stored_energy",
]

VALIDITY = (
    "(Delta T)^2 + (eta T)^2 <= 0.2 (T: length of the pulse, eta = g N/2): error of E below "
    "0.05 N Delta times that sum for the sine-squared pulse, 0.6 for any pulse; Sigma is worst "
    "near its zeros, S with many cells"
)


def _pulse_area(battery: RosenZenerBattery, times: npt.ArrayLike) -> FloatArray:
    return np.asarray(check_battery(battery).drive.area(0.0, times), dtype=np.float64)


def stored_energy(battery: RosenZenerBattery, times: npt.ArrayLike) -> FloatArray:
    """Return the stored energy E = (N Delta/2)(1 - cos phi) (Eq. 22).

    Args:
        battery: any battery; its interaction does not enter.
        times: shape (num_times,), inverse energy.

    Returns:
        Shape (num_times,), energy.

    Examples:
        >>> from rzqiskit.drives import RectangularDrive
        >>> battery = RosenZenerBattery(num_qubits=4, drive=RectangularDrive(2.0, np.pi / 2))
        >>> stored_energy(battery, [0.0, np.pi / 4, np.pi / 2]).round(12)
        array([0., 2., 4.])
    """
    # sin^2(phi/2) instead of 1 - cos(phi): no cancellation at early times.
    half = np.sin(0.5 * _pulse_area(battery, times))
    return battery.num_qubits * battery.level_splitting * half**2


def average_power(battery: RosenZenerBattery, times: npt.ArrayLike) -> FloatArray:
    """Return the average power P = E/t of Eq. 22, zero at t = 0.

    Args:
        battery: any battery.
        times: shape (num_times,), inverse energy.

    Returns:
        Shape (num_times,), energy squared.

    Examples:
        >>> from rzqiskit.drives import RectangularDrive
        >>> battery = RosenZenerBattery(num_qubits=4, drive=RectangularDrive(2.0, np.pi / 2))
        >>> average_power(battery, [0.0, np.pi / 2]).round(6)
        array([0.      , 2.546479])
    """
    return divide_by_time(stored_energy(battery, times), times)


def instantaneous_power(battery: RosenZenerBattery, times: npt.ArrayLike) -> FloatArray:
    """Return the instantaneous power P_I = (N Delta/2) f sin(phi), the derivative of Eq. 22.

    Args:
        battery: any battery.
        times: shape (num_times,), inverse energy.

    Returns:
        Shape (num_times,), energy squared.

    Examples:
        >>> from rzqiskit.drives import RectangularDrive
        >>> battery = RosenZenerBattery(num_qubits=4, drive=RectangularDrive(2.0, np.pi / 2))
        >>> instantaneous_power(battery, [0.0, np.pi / 4]).round(12)
        array([0., 4.])
    """
    amplitude = 0.5 * battery.num_qubits * battery.level_splitting
    force = np.asarray(battery.drive.value(times), dtype=np.float64)
    return amplitude * force * np.sin(_pulse_area(battery, times))


def energy_fluctuation(battery: RosenZenerBattery, times: npt.ArrayLike) -> FloatArray:
    """Return the energy fluctuation Sigma = Delta sqrt(N)/2 |sin phi| (Eq. 20 with Eq. 22).

    Eq. 20 and Eq. 26 as printed lack a factor sqrt(Delta) and hold at Delta = 1.

    Args:
        battery: any battery.
        times: shape (num_times,), inverse energy.

    Returns:
        Shape (num_times,), energy.

    Examples:
        >>> from rzqiskit.drives import RectangularDrive
        >>> battery = RosenZenerBattery(num_qubits=4, drive=RectangularDrive(2.0, np.pi / 2))
        >>> energy_fluctuation(battery, [0.0, np.pi / 4]).round(12)
        array([0., 1.])
    """
    scale = 0.5 * battery.level_splitting * math.sqrt(battery.num_qubits)
    return scale * np.abs(np.sin(_pulse_area(battery, times)))


def population(battery: RosenZenerBattery, times: npt.ArrayLike) -> FloatArray:
    """Return the binomial populations with p = sin^2(phi/2).

    Args:
        battery: any battery.
        times: shape (num_times,), inverse energy.

    Returns:
        Shape (num_times, N + 1), probability of k excited cells.

    Examples:
        >>> from rzqiskit.drives import RectangularDrive
        >>> battery = RosenZenerBattery(num_qubits=2, drive=RectangularDrive(2.0, np.pi / 2))
        >>> population(battery, [np.pi / 4]).round(12)
        array([[0.25, 0.5 , 0.25]])
    """
    return binomial_population(battery.num_qubits, _pulse_area(battery, times))


def diagonal_entropy(battery: RosenZenerBattery, times: npt.ArrayLike) -> FloatArray:
    """Return the entropy of the binomial distribution with p = sin^2(phi/2).

    The right leading form: Eqs. 21 and 27 as printed miss it by 0.2-0.3 bit in between their
    zeros and have no value at N = 1, see `final_diagonal_entropy_as_printed`.

    Args:
        battery: any battery.
        times: shape (num_times,), inverse energy.

    Returns:
        Shape (num_times,), bit.

    Examples:
        >>> from rzqiskit.drives import RectangularDrive
        >>> battery = RosenZenerBattery(num_qubits=2, drive=RectangularDrive(2.0, np.pi / 2))
        >>> diagonal_entropy(battery, [0.0, np.pi / 4]).round(12)
        array([0. , 1.5])
    """
    return binomial_entropy(battery.num_qubits, _pulse_area(battery, times))


def maximum_stored_energy(battery: RosenZenerBattery) -> float:
    """Return the largest stored energy during the pulse, E_max (Eq. 23, for any pulse).

    N Delta once |phi| reaches pi (for the sine-squared pulse: v0 T >= 2 pi), else E at the
    largest |phi|.

    Args:
        battery: any battery.

    Returns:
        Energy.

    Examples:
        >>> from rzqiskit.drives import SineSquaredDrive
        >>> drive = SineSquaredDrive(amplitude=30.0, period=0.1 * np.pi)
        >>> maximum_stored_energy(RosenZenerBattery(num_qubits=7, drive=drive))
        7.0
    """
    best = time_of_maximum_stored_energy(battery)
    if abs(math.cos(0.5 * float(battery.drive.area(0.0, best)))) < 1e-12:
        return battery.num_qubits * battery.level_splitting
    return float(stored_energy(battery, best))


def time_of_maximum_stored_energy(
    battery: RosenZenerBattery, *, start: float = 0.0, stop: float | None = None
) -> float:
    """Return the time t_max of the largest stored energy (Eq. 24, for any pulse).

    The first root of phi(t) = (2n + 1) pi, found by bracketing; without one, the time of the
    largest energy, which is T for a pulse that never changes sign.

    Args:
        battery: any battery.
        start: begin of the search, inverse energy.
        stop: end of the search; the end of the pulse when None.

    Returns:
        Inverse energy.

    Raises:
        TypeError: no battery, or `start` or `stop` is no number.
        ValueError: `start` below zero or `stop` below `start`.

    Examples:
        >>> from rzqiskit.drives import SineSquaredDrive
        >>> drive = SineSquaredDrive(amplitude=20.0, period=0.1 * np.pi)
        >>> battery = RosenZenerBattery(num_qubits=10, drive=drive)
        >>> round(time_of_maximum_stored_energy(battery) / drive.period, 12)
        1.0
    """
    from scipy.optimize import brentq

    from rzqiskit.metrics import refined_maximum

    drive = check_battery(battery).drive
    start = check_non_negative("start", start)
    end = drive.duration if stop is None else check_non_negative("stop", stop)
    if end < start:
        raise ValueError(f"`stop` must not be below `start`, got {end:g} < {start:g}.")
    if end == start:
        return end
    grid = _search_grid(battery, start, end)
    area = _pulse_area(battery, grid)
    # cos(phi/2) changes sign exactly at the odd multiples of pi.
    level = np.cos(0.5 * area)
    level[np.abs(level) < 1e-14] = 0.0
    for index in np.flatnonzero(level[:-1] * level[1:] <= 0.0):
        for edge in (index, index + 1):
            if level[edge] == 0.0:
                return float(grid[edge])
        return float(
            brentq(
                lambda t: math.cos(0.5 * float(drive.area(0.0, t))),
                grid[index], grid[index + 1], xtol=4e-16 * end, rtol=1e-15,
            )
        )  # fmt: skip

    def turned(angle: float) -> float:
        # How far from a multiple of 2 pi: sharp where cos(phi/2) is 1 but for rounding.
        return abs(math.remainder(angle, 2.0 * math.pi))

    samples = [turned(angle) for angle in area.tolist()]
    return refined_maximum(lambda t: turned(float(drive.area(0.0, t))), grid, samples)[1]


def _search_grid(battery: RosenZenerBattery, start: float, end: float) -> FloatArray:
    """Return times dense enough that phi moves by well under pi from one to the next."""
    drive = battery.drive
    marks = (*drive.landmarks, drive.duration)
    edges = np.array([start, *(mark for mark in marks if start < mark < end), end])
    inner = np.linspace(edges[:-1], edges[1:], 65, axis=-1)
    # Where the pulse is strong, as finely as it turns.
    turns = np.abs(drive.value(inner)).max(axis=1) * np.diff(edges) / np.pi
    numbers = np.clip(4.0 * turns, 2, 200_000).astype(np.int64).tolist()
    pieces = map(np.linspace, edges[:-1], edges[1:], numbers)
    return np.unique(np.concatenate([np.linspace(start, end, 257), inner.ravel(), *pieces]))


def final_stored_energy(battery: RosenZenerBattery) -> float:
    """Return the stored energy at the end of the pulse, E(tau) (Eq. 25, for any pulse).

    Args:
        battery: any battery.

    Returns:
        Energy.

    Examples:
        >>> from rzqiskit.drives import SineSquaredDrive
        >>> drive = SineSquaredDrive(amplitude=10.0, period=0.1 * np.pi)
        >>> round(final_stored_energy(RosenZenerBattery(num_qubits=10, drive=drive)), 12)
        5.0
    """
    return float(stored_energy(battery, battery.drive.duration))


def final_energy_fluctuation(battery: RosenZenerBattery) -> float:
    """Return Sigma(tau) = Delta sqrt(N)/2 |sin phi(T)| (Eq. 26 with its factor Delta).

    Args:
        battery: any battery.

    Returns:
        Energy.

    Examples:
        >>> from rzqiskit.drives import SineSquaredDrive
        >>> drive = SineSquaredDrive(amplitude=10.0, period=0.1 * np.pi)
        >>> round(final_energy_fluctuation(RosenZenerBattery(num_qubits=4, drive=drive)), 12)
        1.0
    """
    return float(energy_fluctuation(battery, battery.drive.duration))


def final_diagonal_entropy_as_printed(battery: RosenZenerBattery) -> float:
    """Return S(tau) = log2 sqrt((N - 1) e^(pi/2)) |sin phi(T)| (Eq. 27 as printed).

    The right leading value is `diagonal_entropy` at the end of the pulse.

    Args:
        battery: a battery of at least two cells.

    Returns:
        Bit.

    Raises:
        ValueError: one cell, where Eq. 27 takes the logarithm of zero.

    Examples:
        >>> from rzqiskit.drives import SineSquaredDrive
        >>> drive = SineSquaredDrive(amplitude=10.0, period=0.1 * np.pi)
        >>> battery = RosenZenerBattery(num_qubits=10, drive=drive)
        >>> round(final_diagonal_entropy_as_printed(battery), 3)
        2.718
    """
    if battery.num_qubits < 2:
        raise ValueError(f"`num_qubits` must be at least 2 in Eq. 27, got {battery.num_qubits}.")
    scale = 0.5 * (math.log2(battery.num_qubits - 1.0) + 0.5 * math.pi * math.log2(math.e))
    return scale * abs(math.sin(float(_pulse_area(battery, battery.drive.duration))))


def leading_tier(battery: RosenZenerBattery) -> Tier:
    """Return the tier "leading" of `evolve_analytic` for this battery.

    Args:
        battery: any battery.

    Returns:
        The tier.

    Examples:
        >>> from rzqiskit.drives import RectangularDrive
        >>> battery = RosenZenerBattery(num_qubits=2, drive=RectangularDrive(2.0, np.pi / 2))
        >>> leading_tier(battery).metrics["stored_energy"](np.array([np.pi / 4])).round(12)
        array([1.])
    """
    functions = {
        "stored_energy": stored_energy,
        "average_power": average_power,
        "instantaneous_power": instantaneous_power,
        "energy_fluctuation": energy_fluctuation,
        "diagonal_entropy": diagonal_entropy,
    }

    def maxima(start: float, stop: float) -> dict[str, tuple[float, float]]:
        time = time_of_maximum_stored_energy(battery, start=start, stop=stop)
        return {"stored_energy": (float(stored_energy(battery, time)), time)}

    return Tier(
        metrics={name: partial(function, battery) for name, function in functions.items()},
        population=partial(population, battery),
        validity=VALIDITY,
        maxima=maxima,
    )
