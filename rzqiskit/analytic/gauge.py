r"""The coefficients of the paper's gauge transformation: Eq. 14, A_n (A1), B_n (B2), C_n (C3).

The 0/0 of the printed B_n at v0 = 0, v0 T = 2 pi and 4 pi are removed. With z = v0 T / 4 pi and
w = 2 z every B_n is an elementary function of

    K(x) = J0(x) sinc(x) - J1(x) [sinc(1 - x) - sinc(1 + x)],   sinc(x) = sin(pi x)/(pi x),

which is the printed expression without a denominator that vanishes (docs/derivations.md).

Only for the pulse v0 sin^2(pi t / T). hbar = 1: energies in the unit of Delta, times in its
inverse. lambda of A_n and B_n, printed for Delta = 1, is eta; with each pair counted once
(g = eta / N) it is g N / 2. The letters mu, nu, A_n, B_n, C_n are the paper's.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from rzqiskit.drives import SineSquaredDrive
from rzqiskit.model import RosenZenerBattery, check_battery
from rzqiskit.validation import FloatArray, check_real_array

__all__ = [
    "gauge_angle",
    "gauge_coefficients",
    "integrated_coefficients",
    "require_sine_squared",
    "squared_energy_coefficients",
]


def require_sine_squared(battery: RosenZenerBattery) -> SineSquaredDrive:
    """Return the drive of `battery` if the paper's formulas hold for it.

    Args:
        battery: any battery.

    Returns:
        Its drive.

    Raises:
        TypeError: no battery.
        ValueError: another drive than a `SineSquaredDrive`.
    """
    check_battery(battery)
    drive = battery.drive
    if not isinstance(drive, SineSquaredDrive):
        raise ValueError(
            f"`drive` must be a SineSquaredDrive in the paper's formulas, got "
            f"{type(drive).__name__}."
        )
    return drive


def _interaction(battery: RosenZenerBattery) -> float:
    """Return the eta that Eq. 4 would need for this battery's coefficient of Jz^2."""
    return 0.5 * battery.jz_squared_coefficient * battery.num_qubits


def gauge_angle(battery: RosenZenerBattery, times: npt.ArrayLike) -> FloatArray:
    """Return mu(t) = pi - v0 t/2 + (v0 T/4 pi) sin(2 pi t/T) (Eq. 14), constant beyond T.

    Args:
        battery: a battery driven by a `SineSquaredDrive`.
        times: shape (num_times,), inverse energy.

    Returns:
        Shape (num_times,), rad.

    Raises:
        TypeError: no battery, or times that are no real numbers.
        ValueError: another drive, or a time that is not finite.

    Examples:
        >>> drive = SineSquaredDrive(amplitude=20.0, period=0.1 * np.pi)
        >>> battery = RosenZenerBattery(num_qubits=10, drive=drive)
        >>> gauge_angle(battery, [0.0, drive.period / 2]).round(6)
        array([3.141593, 1.570796])
    """
    drive = require_sine_squared(battery)
    v0, T = drive.amplitude, drive.period
    t = np.clip(check_real_array("times", times), 0.0, T)
    return np.pi - 0.5 * v0 * t + v0 * T / (4.0 * np.pi) * np.sin(2.0 * np.pi * t / T)


def gauge_coefficients(
    battery: RosenZenerBattery,
    times: npt.ArrayLike,
    *,
    nu: float = math.pi,
    nu_rate: float = 0.0,
) -> FloatArray:
    """Return A_1 ... A_12, the coefficients of H'' in Eq. 13 (A1).

    They belong, in this order, to Jx, Jy, Jz, JxJy, JyJx, JxJz, JzJx, JyJz, JzJy, Jx^2, Jy^2,
    Jz^2.

    Args:
        battery: a battery driven by a `SineSquaredDrive`.
        times: shape (num_times,), inverse energy, within the pulse.
        nu: angle of the second transformation; the paper's choice is pi.
        nu_rate: its time derivative, energy.

    Returns:
        Shape (12, num_times), energy; A_n is entry n - 1.

    Raises:
        ValueError: another drive.

    Examples:
        >>> drive = SineSquaredDrive(amplitude=20.0, period=0.1 * np.pi)
        >>> battery = RosenZenerBattery(num_qubits=10, drive=drive, interaction=2.0)
        >>> gauge_coefficients(battery, [0.0])[[2, 11], 0].round(12)
        array([1. , 0.4])
    """
    drive = require_sine_squared(battery)
    mu = gauge_angle(battery, times)
    force = np.asarray(drive.value(times), dtype=np.float64)
    mu_rate = -force
    delta, g = battery.level_splitting, battery.jz_squared_coefficient
    sin_nu, cos_nu = math.sin(nu), math.cos(nu)
    linear = [
        force * cos_nu + mu_rate * cos_nu - delta * np.cos(mu) * sin_nu,
        nu_rate + delta * np.sin(mu),
        -force * sin_nu - mu_rate * sin_nu + delta * np.cos(mu) * cos_nu,
    ]
    return np.stack([*linear, *(g * _squared_coefficients(mu, nu))])


def squared_energy_coefficients(
    battery: RosenZenerBattery, times: npt.ArrayLike, *, nu: float = math.pi
) -> FloatArray:
    """Return C_1 ... C_9, the coefficients of U2 U1 Jz^2 U1^dagger U2^dagger in Eq. C2 (C3).

    They belong, in this order, to JxJy, JyJx, JxJz, JzJx, JyJz, JzJy, Jx^2, Jy^2, Jz^2.

    Args:
        battery: a battery driven by a `SineSquaredDrive`.
        times: shape (num_times,), inverse energy.
        nu: angle of the second transformation; the paper's choice is pi.

    Returns:
        Shape (9, num_times), dimensionless; C_n is entry n - 1.

    Raises:
        ValueError: another drive.

    Examples:
        >>> drive = SineSquaredDrive(amplitude=20.0, period=0.1 * np.pi)
        >>> battery = RosenZenerBattery(num_qubits=10, drive=drive)
        >>> squared_energy_coefficients(battery, [0.0])[8].round(12)
        array([1.])
    """
    return _squared_coefficients(gauge_angle(battery, times), nu)


def _squared_coefficients(mu: FloatArray, nu: float) -> FloatArray:
    sin_nu, cos_nu = math.sin(nu), math.cos(nu)
    cross_xy = -np.sin(mu) * np.cos(mu) * sin_nu
    cross_xz = -sin_nu * cos_nu * np.cos(mu) ** 2
    cross_yz = np.sin(mu) * np.cos(mu) * cos_nu
    squares = [np.cos(mu) ** 2 * sin_nu**2, np.sin(mu) ** 2, np.cos(mu) ** 2 * cos_nu**2]
    return np.stack([cross_xy, cross_xy, cross_xz, cross_xz, cross_yz, cross_yz, *squares])


def integrated_coefficients(battery: RosenZenerBattery) -> FloatArray:
    """Return B_1 ... B_12, the integrals of A_n up to T with Bessel orders 0 and 1 only (B2).

    The removable singularities at v0 T = 2 pi and 4 pi (the paper's v0/Delta = 20 and 40 curves
    of Fig. 2) and at v0 = 0 are taken analytically: the values are accurate at them and near them.

    Args:
        battery: a battery driven by a `SineSquaredDrive`.

    Returns:
        Shape (12,), dimensionless; B_n is entry n - 1.

    Raises:
        ValueError: another drive.

    Examples:
        >>> drive = SineSquaredDrive(amplitude=20.0, period=0.1 * np.pi)
        >>> battery = RosenZenerBattery(num_qubits=10, drive=drive, interaction=2.0)
        >>> integrated_coefficients(battery)[[1, 10]].round(6)
        array([0.123089, 0.035183])
    """
    drive = require_sine_squared(battery)
    v0, T = drive.amplitude, drive.period
    angle = battery.level_splitting * T
    squeezing = _interaction(battery) * T / battery.num_qubits
    z, w = v0 * T / (4.0 * np.pi), v0 * T / (2.0 * np.pi)
    coefficients = np.zeros(12)
    coefficients[1] = angle * _two_orders(z) * math.sin(math.pi * z)
    coefficients[2] = -angle * _two_orders(z) * math.cos(math.pi * z)
    coefficients[7] = coefficients[8] = squeezing * _two_orders(w) * math.sin(math.pi * w)
    coefficients[10] = squeezing * (1.0 - _two_orders(w) * math.cos(math.pi * w))
    coefficients[11] = squeezing * (1.0 + _two_orders(w) * math.cos(math.pi * w))
    return coefficients


def _two_orders(x: float) -> float:
    """Return K(x), the mean of cos(2 pi x u + x sin(2 pi u)) over a period, to Bessel order 1."""
    from scipy.special import j0, j1

    return float(j0(x) * np.sinc(x) - j1(x) * (np.sinc(1.0 - x) - np.sinc(1.0 + x)))
