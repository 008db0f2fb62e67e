r"""Closed forms complete to second order in Delta and eta (derived in docs/derivations.md).

In the frame that turns with the pulse the perturbation is V = Delta Z + g Z^2 with
Z = Jz cos(phi) + Jy sin(phi). With the six integrals of `rzqiskit.analytic.frame_integrals`,

    E = (N Delta/2) [1 - c + (G^2/2) c + Y s + (N - 1) g^2 (Q^2/2 c - R s)],
    P_I = (N Delta/2) f [s - (G^2/2) s + Y c - (N - 1) g^2 (Q^2/2 s + R c)] = dE/dt,

c = cos(phi), s = sin(phi): the first line of the bracket is the mean field of the other N - 1
cells, the rest the pairs of excitations that only the interaction makes. Odd orders vanish in
every population, so what is left out is of fourth order. The populations are those of amplitudes
on levels 0..4, multiplied out and kept to second order; E and Sigma are their mean and (for few
excitations of the frame) their standard deviation, S their entropy.

Notation: N cells, Delta `level_splitting`, f the drive, phi its area, g `jz_squared_coefficient`
(2 eta/N ordered). hbar = 1: energies in the unit of Delta, times in its inverse.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from rzqiskit.analytic.frame_integrals import FrameIntegrals, frame_integrals_by_quadrature
from rzqiskit.analytic.second_order_state import (
    diagonal_entropy,
    frame_amplitudes,
    frame_excitations,
    population,
    tilted_pairs,
)
from rzqiskit.analytic.tier import Tier, divide_by_time, remember_last
from rzqiskit.model import RosenZenerBattery
from rzqiskit.validation import FloatArray

__all__ = [
    "average_power",
    "diagonal_entropy",
    "energy_fluctuation",
    "frame_amplitudes",
    "frame_excitations",
    "instantaneous_power",
    "population",
    "second_order_tier",
    "stored_energy",
    "tilted_pairs",
    "uniform_energy_fluctuation",
]

VALIDITY = (
    "(Delta T)^2 + (eta T)^2 <= 1.8 (T: length of the pulse, eta = g N/2), any N: error of E below "
    "0.003 N Delta times the square of that sum for the sine-squared pulse, 0.3 for any pulse; S "
    "and populations: below a quarter of an excitation in the turning frame to fourth order, "
    "beyond it off by tenths of a bit at most with the sine-squared pulse"
)
# Up to here levels 0..4 hold the state and its own fluctuation is taken, else the uniform form.
FEW_EXCITATIONS = 0.25


def _excess(battery: RosenZenerBattery, at: FrameIntegrals) -> FloatArray:
    """Return <X> = E/Delta - N sin^2(phi/2), all of it of second order."""
    n, g = battery.num_qubits, battery.jz_squared_coefficient
    s, c = np.sin(at.phi), np.cos(at.phi)
    pairs = (n - 1) * g**2 * (0.5 * at.Q**2 * c - at.R * s)
    return 0.5 * n * (0.5 * at.G**2 * c + at.Y * s + pairs)


def _variance(battery: RosenZenerBattery, at: FrameIntegrals) -> FloatArray:
    """Return <X^2>, the variance of the excitations to second order."""
    n, g = battery.num_qubits, battery.jz_squared_coefficient
    s, c = np.sin(at.phi), np.cos(at.phi)
    tilt = s**2 + 2.0 * s * c * at.Y + c**2 * at.G**2
    pairs = g * (2.0 * c**2 * at.Q**2 - 2.0 * s * c * at.R)
    squeezing = 2.0 * s**2 * (at.K - at.L) - 2.0 * s * c * at.G * at.Q
    return 0.25 * n * (tilt + (n - 1) * g * (pairs + squeezing))


def stored_energy(battery: RosenZenerBattery, at: FrameIntegrals) -> FloatArray:
    """Return the stored energy to second order.

    Args:
        battery: any battery.
        at: its integrals at the times wanted.

    Returns:
        Shape (num_times,), energy.

    Examples:
        >>> from rzqiskit.drives import SineSquaredDrive
        >>> drive = SineSquaredDrive(amplitude=10.0, period=0.1 * np.pi)
        >>> battery = RosenZenerBattery(num_qubits=10, drive=drive, interaction=2.0)
        >>> at = frame_integrals_by_quadrature(battery)([0.0, drive.period])
        >>> stored_energy(battery, at).round(4)
        array([0.    , 4.9537])
    """
    bare = battery.num_qubits * np.sin(0.5 * at.phi) ** 2
    return battery.level_splitting * (bare + _excess(battery, at))


def average_power(
    battery: RosenZenerBattery, at: FrameIntegrals, times: npt.ArrayLike
) -> FloatArray:
    """Return the average power E/t to second order, zero at t = 0.

    Args:
        battery: any battery.
        at: its integrals at `times`.
        times: shape (num_times,), inverse energy.

    Returns:
        Shape (num_times,), energy squared.

    Examples:
        >>> from rzqiskit.drives import RectangularDrive
        >>> battery = RosenZenerBattery(num_qubits=1, drive=RectangularDrive(np.pi, 1.0))
        >>> at = frame_integrals_by_quadrature(battery)([0.0, 1.0])
        >>> average_power(battery, at, [0.0, 1.0]).round(4)
        array([0.    , 0.8987])
    """
    return divide_by_time(stored_energy(battery, at), times)


def instantaneous_power(
    battery: RosenZenerBattery, at: FrameIntegrals, times: npt.ArrayLike
) -> FloatArray:
    """Return the instantaneous power to second order, Delta f <Jy>.

    Args:
        battery: any battery.
        at: its integrals at `times`.
        times: shape (num_times,), inverse energy.

    Returns:
        Shape (num_times,), energy squared.

    Examples:
        >>> from rzqiskit.drives import RectangularDrive
        >>> battery = RosenZenerBattery(num_qubits=1, drive=RectangularDrive(np.pi, 1.0))
        >>> at = frame_integrals_by_quadrature(battery)([0.0, 0.5])
        >>> instantaneous_power(battery, at, [0.0, 0.5]).round(4)
        array([0.    , 1.4912])
    """
    n, g, delta = battery.num_qubits, battery.jz_squared_coefficient, battery.level_splitting
    s, c = np.sin(at.phi), np.cos(at.phi)
    pairs = (n - 1) * g**2 * (0.5 * at.Q**2 * s + at.R * c)
    force = np.asarray(battery.drive.value(times), dtype=np.float64)
    return 0.5 * n * delta * force * (s - 0.5 * at.G**2 * s + at.Y * c - pairs)


def energy_fluctuation(battery: RosenZenerBattery, at: FrameIntegrals) -> FloatArray:
    """Return the standard deviation of the energy, from <X^2> and <X> to second order.

    It belongs to `population`: Sigma^2 = Delta^2 (<X^2> - <X>^2), X the excitations beyond the
    bare rotation. Where that is negative, far outside the validity of the tier, the real part of
    the root is returned, zero. See `expanded_energy_fluctuation` for many cells.

    Args:
        battery: any battery.
        at: its integrals at the times wanted.

    Returns:
        Shape (num_times,), energy.

    Examples:
        >>> from rzqiskit.drives import SineSquaredDrive
        >>> drive = SineSquaredDrive(amplitude=20.0, period=0.1 * np.pi)
        >>> battery = RosenZenerBattery(num_qubits=10, drive=drive, interaction=2.0)
        >>> at = frame_integrals_by_quadrature(battery)([0.0, drive.period])
        >>> energy_fluctuation(battery, at).round(3)
        array([0.   , 0.298])
    """
    variance = _variance(battery, at) - _excess(battery, at) ** 2
    return battery.level_splitting * np.sqrt(variance.astype(np.complex128)).real


def uniform_energy_fluctuation(battery: RosenZenerBattery, at: FrameIntegrals) -> FloatArray:
    """Return the standard deviation of the energy in a form that is good for any N.

    Sigma^2 = Delta^2 (<X^2> - <X>^2/N): Eq. 20, the part of independent cells, with the mean of
    second order, plus the correlation of the pairs of cells to second order. It differs from
    `energy_fluctuation` at fourth order only, by a term that there grows like N^2 instead of N.

    Args:
        battery: any battery.
        at: its integrals at the times wanted.

    Returns:
        Shape (num_times,), energy; zero where the truncated variance is negative.

    Examples:
        >>> from rzqiskit.drives import SineSquaredDrive
        >>> drive = SineSquaredDrive(amplitude=20.0, period=0.1 * np.pi)
        >>> battery = RosenZenerBattery(num_qubits=1000, drive=drive, interaction=2.0)
        >>> at = frame_integrals_by_quadrature(battery)([0.0, drive.period])
        >>> uniform_energy_fluctuation(battery, at).round(2)
        array([0.  , 1.94])
    """
    variance = _variance(battery, at) - _excess(battery, at) ** 2 / battery.num_qubits
    return battery.level_splitting * np.sqrt(variance.astype(np.complex128)).real


def second_order_tier(battery: RosenZenerBattery) -> Tier:
    """Return the tier "second-order" of `evolve_analytic` for this battery.

    While the turning frame holds less than a quarter of an excitation during the whole pulse
    (`frame_excitations`), Sigma, S and the populations are those of levels 0..4; with more, Sigma
    is `uniform_energy_fluctuation` and S and the populations those of `tilted_pairs`.

    Args:
        battery: any battery.

    Returns:
        The tier.

    Examples:
        >>> from rzqiskit.drives import RectangularDrive
        >>> battery = RosenZenerBattery(num_qubits=1, drive=RectangularDrive(np.pi, 1.0))
        >>> second_order_tier(battery).metrics["stored_energy"](np.array([1.0])).round(4)
        array([0.8987])
    """
    at = remember_last(frame_integrals_by_quadrature(battery))
    drive = battery.drive
    whole = at(np.union1d(np.linspace(0.0, drive.duration, 129), drive.landmarks))
    few = float(frame_excitations(battery, whole).max()) < FEW_EXCITATIONS
    metrics: dict[str, Callable[[FloatArray], FloatArray]] = {
        "stored_energy": lambda t: stored_energy(battery, at(t)),
        "average_power": lambda t: average_power(battery, at(t), t),
        "instantaneous_power": lambda t: instantaneous_power(battery, at(t), t),
    }
    if few:
        metrics["energy_fluctuation"] = lambda t: energy_fluctuation(battery, at(t))
        metrics["diagonal_entropy"] = lambda t: diagonal_entropy(battery, at(t))
        return Tier(metrics, lambda t: population(battery, at(t)), VALIDITY)
    from rzqiskit.analytic.squeezed import squeezed_entropy, squeezed_populations

    n = battery.num_qubits
    metrics["energy_fluctuation"] = lambda t: uniform_energy_fluctuation(battery, at(t))
    metrics["diagonal_entropy"] = lambda t: squeezed_entropy(n, *tilted_pairs(battery, at(t)))
    return Tier(metrics, lambda t: squeezed_populations(n, *tilted_pairs(battery, at(t))), VALIDITY)
