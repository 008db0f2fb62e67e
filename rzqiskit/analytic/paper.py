r"""The paper's analytic solution as printed, Eqs. 17-21.

Kept with its defects (docs/derivations.md lists them), so that they can be measured. Two things
are not as printed:

* The removable singularities of B_n are removed, see `rzqiskit.analytic.gauge`, whose functions
  for Eq. 14, A_n, B_n and C_n this module offers too.
* Delta, which the paper sets to 1 in places, is restored so that every quantity has its unit:
  lambda -> eta in A_n and B_n, a factor Delta on the second term of Eqs. 17-19, Delta^2 in Eq. 20.

The formulas are those of g = 2 eta / N (each pair counted twice); with another counting,
eta -> g N / 2. Only for the pulse v0 sin^2(pi t / T). hbar = 1: energies in the unit of Delta,
times in its inverse.
"""

from __future__ import annotations

import math
from functools import partial

import numpy as np
import numpy.typing as npt

from rzqiskit.analytic.binomial import binomial_entropy
from rzqiskit.analytic.gauge import (
    gauge_angle,
    gauge_coefficients,
    integrated_coefficients,
    require_sine_squared,
    squared_energy_coefficients,
)
from rzqiskit.analytic.tier import Tier, divide_by_time
from rzqiskit.model import RosenZenerBattery
from rzqiskit.validation import FloatArray

__all__ = [
    "average_power",
    "diagonal_entropy",
    "energy_fluctuation",
    "gauge_angle",
    "gauge_coefficients",
    "instantaneous_power",
    "integrated_coefficients",
    "paper_tier",
    "squared_energy_coefficients",
    "stored_energy",
]

VALIDITY = (
    "as printed: energy not zero at t = 0; error of E about that of `leading` on the whole, four "
    "times larger on the paper's curve v0 = 10; at N = 1 a constant interaction changes E"
)


def _correction(battery: RosenZenerBattery) -> tuple[float, float, float]:
    """Return B_2, B_3, N^2 Delta (B_8 + B_9)/4 (cos b - 1)/b^2 with b^2 = B_2^2 + B_3^2."""
    b = integrated_coefficients(battery)
    norm = math.hypot(b[1], b[2])
    # (cos b - 1)/b^2 = -sinc^2(b/2)/2 has its limit at b = 0.
    ratio = -0.5 * float(np.sinc(norm / (2.0 * np.pi))) ** 2
    scale = 0.25 * battery.num_qubits**2 * battery.level_splitting * (b[7] + b[8]) * ratio
    return float(b[1]), float(b[2]), float(scale)


def stored_energy(battery: RosenZenerBattery, times: npt.ArrayLike) -> FloatArray:
    """Return the stored energy of Eq. 17.

    Not zero at t = 0: the B_n are integrals up to T, whatever t is.

    Args:
        battery: a battery driven by a `SineSquaredDrive`.
        times: shape (num_times,), inverse energy.

    Returns:
        Shape (num_times,), energy.

    Raises:
        ValueError: another drive.

    Examples:
        >>> from rzqiskit.drives import SineSquaredDrive
        >>> drive = SineSquaredDrive(amplitude=10.0, period=0.1 * np.pi)
        >>> battery = RosenZenerBattery(num_qubits=10, drive=drive, interaction=2.0)
        >>> stored_energy(battery, [0.0]).round(3)
        array([0.112])
    """
    mu = gauge_angle(battery, times)
    b2, b3, scale = _correction(battery)
    leading = 0.5 * battery.num_qubits * battery.level_splitting * (1.0 + np.cos(mu))
    return leading + scale * (b2 * np.cos(mu) + b3 * np.sin(mu))


def average_power(battery: RosenZenerBattery, times: npt.ArrayLike) -> FloatArray:
    """Return the average power of Eq. 18, E/t with Eq. 17; zero at t = 0 by convention.

    As t -> 0 it diverges like E(0)/t, since Eq. 17 does not vanish there.

    Args:
        battery: a battery driven by a `SineSquaredDrive`.
        times: shape (num_times,), inverse energy.

    Returns:
        Shape (num_times,), energy squared.

    Raises:
        ValueError: another drive.

    Examples:
        >>> from rzqiskit.drives import SineSquaredDrive
        >>> drive = SineSquaredDrive(amplitude=10.0, period=0.1 * np.pi)
        >>> battery = RosenZenerBattery(num_qubits=10, drive=drive, interaction=2.0)
        >>> average_power(battery, [0.0, 0.001]).round(0)
        array([  0., 112.])
    """
    return divide_by_time(stored_energy(battery, times), times)


def instantaneous_power(battery: RosenZenerBattery, times: npt.ArrayLike) -> FloatArray:
    """Return the instantaneous power of Eq. 19, the time derivative of Eq. 17.

    Args:
        battery: a battery driven by a `SineSquaredDrive`.
        times: shape (num_times,), inverse energy.

    Returns:
        Shape (num_times,), energy squared.

    Raises:
        ValueError: another drive.

    Examples:
        >>> from rzqiskit.drives import SineSquaredDrive
        >>> drive = SineSquaredDrive(amplitude=10.0, period=0.1 * np.pi)
        >>> battery = RosenZenerBattery(num_qubits=10, drive=drive, interaction=2.0)
        >>> instantaneous_power(battery, [0.0, drive.period / 2]).round(3)
        array([ 0.   , 35.355])
    """
    mu = gauge_angle(battery, times)
    b2, b3, scale = _correction(battery)
    force = np.asarray(battery.drive.value(times), dtype=np.float64)
    leading = 0.5 * battery.num_qubits * battery.level_splitting * np.sin(mu)
    return force * (leading - scale * (b3 * np.cos(mu) - b2 * np.sin(mu)))


def energy_fluctuation(battery: RosenZenerBattery, times: npt.ArrayLike) -> FloatArray:
    """Return the energy fluctuation of Eq. 20 with Eq. 17, its missing factor Delta restored.

    Sigma^2 = N Delta^2/4 - (E - N Delta/2)^2/N. Where Eq. 17 leaves 0 <= E <= N Delta the radicand
    is negative and the root imaginary; its real part, zero, is returned.

    Args:
        battery: a battery driven by a `SineSquaredDrive`.
        times: shape (num_times,), inverse energy.

    Returns:
        Shape (num_times,), energy.

    Raises:
        ValueError: another drive.

    Examples:
        >>> from rzqiskit.drives import SineSquaredDrive
        >>> drive = SineSquaredDrive(amplitude=10.0, period=0.1 * np.pi)
        >>> battery = RosenZenerBattery(num_qubits=10, drive=drive, interaction=2.0)
        >>> energy_fluctuation(battery, [drive.period]).round(3)
        array([1.581])
    """
    energy = stored_energy(battery, times)
    full = battery.num_qubits * battery.level_splitting
    # N Delta^2/4 - (E - N Delta/2)^2/N = E (N Delta - E)/N, without the cancellation.
    radicand = np.asarray(energy * (full - energy) / battery.num_qubits, dtype=np.complex128)
    return np.sqrt(radicand).real


def diagonal_entropy(battery: RosenZenerBattery, times: npt.ArrayLike) -> FloatArray:
    """Return the diagonal entropy of Eq. 21.

    Two readings where the printed formula has no value: at N = 1, whose sqrt(N - 1) gives
    log2(0), the entropy of the one cell with the excitation (1 + cos mu)/2 of Eq. 22, which Eq. 21
    stands for; and for a negative argument of the logarithm (|eta| T of the order of N and above)
    the real part, log2 of its modulus.

    Args:
        battery: a battery driven by a `SineSquaredDrive`.
        times: shape (num_times,), inverse energy.

    Returns:
        Shape (num_times,), bit.

    Raises:
        ValueError: another drive.

    Examples:
        >>> from rzqiskit.drives import SineSquaredDrive
        >>> drive = SineSquaredDrive(amplitude=10.0, period=0.1 * np.pi)
        >>> battery = RosenZenerBattery(num_qubits=10, drive=drive, interaction=2.0)
        >>> diagonal_entropy(battery, [0.0, drive.period]).round(3)
        array([0.   , 2.718])
    """
    mu = gauge_angle(battery, times)
    if battery.num_qubits == 1:
        return binomial_entropy(1, np.pi - mu)
    b = integrated_coefficients(battery)
    bracket = 1.0 - b[7] * b[8] * (b[1] * np.cos(mu) - b[2] * np.sin(mu))
    prefactor = 0.5 * (math.log2(battery.num_qubits - 1.0) + 0.5 * math.pi * math.log2(math.e))
    return np.abs(np.sin(mu)) * (prefactor + np.log2(np.abs(bracket)))


def paper_tier(battery: RosenZenerBattery) -> Tier:
    """Return the tier "paper" of `evolve_analytic` for this battery.

    Args:
        battery: a battery driven by a `SineSquaredDrive`.

    Returns:
        The tier; it has no populations, which the paper does not give.

    Raises:
        ValueError: another drive.

    Examples:
        >>> from rzqiskit.drives import SineSquaredDrive
        >>> drive = SineSquaredDrive(amplitude=10.0, period=0.1 * np.pi)
        >>> paper_tier(RosenZenerBattery(num_qubits=10, drive=drive)).population is None
        True
    """
    require_sine_squared(battery)

    functions = {
        "stored_energy": stored_energy,
        "average_power": average_power,
        "instantaneous_power": instantaneous_power,
        "energy_fluctuation": energy_fluctuation,
        "diagonal_entropy": diagonal_entropy,
    }
    metrics = {name: partial(function, battery) for name, function in functions.items()}
    return Tier(metrics=metrics, population=None, validity=VALIDITY, singular_start=True)
