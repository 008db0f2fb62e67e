"""Pulses given by a formula, with their areas in closed form."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from rzqiskit.drives.base import Drive
from rzqiskit.validation import FloatArray, check_finite, check_non_negative, check_positive

__all__ = [
    "ExponentialDrive",
    "GaussianDrive",
    "HarmonicDrive",
    "RectangularDrive",
    "SechDrive",
    "SineSquaredDrive",
    "is_narrow",
]

_NARROW = 20.0


def _clean(drive: Drive, **checks: Any) -> None:
    """Store the checked value of each field of a frozen drive under construction."""
    for name, check in checks.items():
        object.__setattr__(drive, name, check(name, getattr(drive, name)))


@dataclass(frozen=True, slots=True)
class SineSquaredDrive(Drive):
    """The paper's pulse f(t) = v0 sin^2(pi t / T) (Eq. 5).

    Its area up to t is phi(t) = v0 t/2 - (v0 T / 4 pi) sin(2 pi t / T) = pi - mu(t) (Eq. 14).

    Attributes:
        amplitude: v0, energy.
        period: T, inverse energy; also the duration.

    Examples:
        >>> drive = SineSquaredDrive(amplitude=20.0, period=0.5)
        >>> float(drive.value(0.25)), float(drive.area(0.0, 0.5))
        (20.0, 5.0)
    """

    amplitude: float
    period: float

    def __post_init__(self) -> None:
        _clean(self, amplitude=check_finite, period=check_positive)

    @property
    def duration(self) -> float:
        """Length of the window, T."""
        return self.period

    def _value(self, t: FloatArray) -> FloatArray:
        return self.amplitude * np.sin(np.pi * t / self.period) ** 2

    def _area(self, t0: FloatArray, t1: FloatArray) -> FloatArray:
        # (v0/2) [width - cos(2a) sin(rate width) / rate], a the phase at mid-window, as a sum of
        # two terms of one sign: no cancellation on a short slice or where the pulse sets in.
        width, rate = t1 - t0, np.pi / self.period
        middle = 0.5 * (t0 + t1)
        sine = np.sin(rate * np.minimum(middle, self.period - middle))
        chord = np.sin(rate * width) / rate
        return self.amplitude * (0.5 * _arc_minus_sine(rate * width) / rate + sine**2 * chord)


def _arc_minus_sine(x: FloatArray) -> FloatArray:
    """Return x - sin x, right to rounding at small |x| too."""
    small = np.where(np.abs(x) < 1.0, x, 0.0)
    series = np.zeros_like(small)
    for odd in range(19, 1, -2):  # x^3/3! - x^5/5! + ..., by Horner's rule
        series = small**2 / (odd * (odd - 1)) * (1.0 - series)
    return np.where(np.abs(x) < 1.0, small * series, x - np.sin(x))


def is_narrow(width: npt.ArrayLike, duration: npt.ArrayLike) -> Any:
    """Return whether a peak of this width is so short that a step of a solver may miss it.

    A step over the whole window has gaps of a quarter of it between its stages; at five widths
    from its middle a peak still shows.
    """
    return _NARROW * np.asarray(width) < np.asarray(duration)


def _landmarks_of_peak(
    center: float, width: float, duration: float, reaches: tuple[float, ...]
) -> tuple[float, ...]:
    if not is_narrow(width, duration):
        return ()
    offsets = sorted({0.0, *reaches, *(-reach for reach in reaches)})
    times = (center + offset * width for offset in offsets)
    return tuple(time for time in times if 0.0 < time < duration)


@dataclass(frozen=True, slots=True)
class GaussianDrive(Drive):
    """A Gaussian pulse f(t) = v0 exp(-(t - c)^2 / 2 w^2), cut off at 0 and `duration`.

    Attributes:
        amplitude: v0, energy.
        center: c, inverse energy.
        width: standard deviation w, inverse energy.
        duration: length of the window, inverse energy.

    Examples:
        >>> drive = GaussianDrive(amplitude=1.0, center=5.0, width=0.5, duration=10.0)
        >>> round(float(drive.area(0.0, 10.0)), 12)
        1.253314137316
    """

    amplitude: float
    center: float
    width: float
    duration: float

    def __post_init__(self) -> None:
        _clean(self, amplitude=check_finite, center=check_finite)
        _clean(self, width=check_positive, duration=check_positive)

    @property
    def landmarks(self) -> tuple[float, ...]:
        """The peak and where it starts and ends, if it is narrow: beyond 9 w nothing is left."""
        return _landmarks_of_peak(self.center, self.width, self.duration, (9.0,))

    def _value(self, t: FloatArray) -> FloatArray:
        return self.amplitude * np.exp(-0.5 * ((t - self.center) / self.width) ** 2)

    def _area(self, t0: FloatArray, t1: FloatArray) -> FloatArray:
        from scipy.special import erf, erfc

        u0 = (t0 - self.center) / (self.width * math.sqrt(2.0))
        u1 = (t1 - self.center) / (self.width * math.sqrt(2.0))
        # On one side of the center the tails are subtracted: erf alone would cancel there.
        same_side = u0 * u1 > 0.0
        tails = np.sign(u0) * (erfc(np.abs(u0)) - erfc(np.abs(u1)))
        difference = np.where(same_side, tails, erf(u1) - erf(u0))
        closed = self.width * math.sqrt(np.pi / 2.0) * difference
        # On a short slice the tails cancel too; there the pulse varies little, by less than e,
        # and 8 Gauss points give its area to rounding.
        nodes, weights = np.polynomial.legendre.leggauss(8)
        half = 0.5 * (t1 - t0)
        times = (0.5 * (t0 + t1))[..., None] + np.abs(half)[..., None] * nodes
        summed = half * (np.exp(-0.5 * ((times - self.center) / self.width) ** 2) @ weights)
        short = (np.abs(u1 - u0) < 0.5) & (np.abs(u1**2 - u0**2) < 1.0)
        return self.amplitude * np.where(short, summed, closed)


@dataclass(frozen=True, slots=True)
class SechDrive(Drive):
    """A hyperbolic secant f(t) = v0 / cosh((t - c) / w), the pulse of Rosen and Zener.

    Attributes:
        amplitude: v0, energy.
        center: c, inverse energy.
        width: w, inverse energy.
        duration: length of the window, inverse energy.

    Examples:
        >>> drive = SechDrive(amplitude=1.0, center=50.0, width=1.0, duration=100.0)
        >>> round(float(drive.area(0.0, 100.0)) / np.pi, 12)
        1.0
    """

    amplitude: float
    center: float
    width: float
    duration: float

    def __post_init__(self) -> None:
        _clean(self, amplitude=check_finite, center=check_finite)
        _clean(self, width=check_positive, duration=check_positive)

    @property
    def landmarks(self) -> tuple[float, ...]:
        """The peak, its flanks and the ends of its tails, if it is narrow."""
        return _landmarks_of_peak(self.center, self.width, self.duration, (6.0, 40.0))

    def _value(self, t: FloatArray) -> FloatArray:
        decay = np.exp(-np.abs(t - self.center) / self.width)
        return 2.0 * self.amplitude * decay / (1.0 + decay**2)

    def _area(self, t0: FloatArray, t1: FloatArray) -> FloatArray:
        # gd(u1) - gd(u0) = 2 atan2(sinh((u1 - u0)/2), cosh((u1 + u0)/2)), scaled against overflow.
        half = 0.5 * np.abs(t1 - t0) / self.width
        mean = np.abs(0.5 * (t0 + t1) - self.center) / self.width
        scale = np.maximum(half, mean)
        rise = -np.exp(half - scale) * np.expm1(-2.0 * half)
        level = np.exp(mean - scale) + np.exp(-mean - scale)
        return 2.0 * self.amplitude * self.width * np.sign(t1 - t0) * np.arctan2(rise, level)


@dataclass(frozen=True, slots=True)
class ExponentialDrive(Drive):
    """A decaying pulse f(t) = v0 exp(-t / tc).

    Attributes:
        amplitude: v0, energy.
        time_constant: tc, inverse energy.
        duration: length of the window, inverse energy.

    Examples:
        >>> drive = ExponentialDrive(amplitude=2.0, time_constant=1.0, duration=50.0)
        >>> round(float(drive.area(0.0, 50.0)), 12)
        2.0
    """

    amplitude: float
    time_constant: float
    duration: float

    def __post_init__(self) -> None:
        _clean(self, amplitude=check_finite, time_constant=check_positive, duration=check_positive)

    def _value(self, t: FloatArray) -> FloatArray:
        return self.amplitude * np.exp(-t / self.time_constant)

    def _area(self, t0: FloatArray, t1: FloatArray) -> FloatArray:
        # From the earlier limit: from the later one the growing exponential may overflow.
        start = np.sign(t1 - t0) * np.exp(-np.minimum(t0, t1) / self.time_constant)
        decayed = -np.expm1(-np.abs(t1 - t0) / self.time_constant)
        return self.amplitude * self.time_constant * start * decayed


@dataclass(frozen=True, slots=True)
class RectangularDrive(Drive):
    """A constant pulse f(t) = v0.

    Attributes:
        amplitude: v0, energy.
        duration: length of the window, inverse energy.

    Examples:
        >>> float(RectangularDrive(amplitude=2.0, duration=3.0).area(0.0, 10.0))
        6.0
    """

    amplitude: float
    duration: float

    def __post_init__(self) -> None:
        _clean(self, amplitude=check_finite, duration=check_positive)

    def _value(self, t: FloatArray) -> FloatArray:
        return np.full(np.shape(t), self.amplitude)

    def _area(self, t0: FloatArray, t1: FloatArray) -> FloatArray:
        return self.amplitude * (t1 - t0)


@dataclass(frozen=True, slots=True)
class HarmonicDrive(Drive):
    """A harmonic drive f(t) = v0 cos(w t + phase).

    Attributes:
        amplitude: v0, energy.
        angular_frequency: w, energy.
        duration: length of the window, inverse energy.
        phase: phase at t = 0, rad.

    Examples:
        >>> drive = HarmonicDrive(amplitude=3.0, angular_frequency=0.0, duration=2.0)
        >>> float(drive.area(0.0, 2.0))
        6.0
    """

    amplitude: float
    angular_frequency: float
    duration: float
    phase: float = 0.0

    def __post_init__(self) -> None:
        _clean(self, amplitude=check_finite, angular_frequency=check_non_negative)
        _clean(self, duration=check_positive, phase=check_finite)

    def _value(self, t: FloatArray) -> FloatArray:
        return self.amplitude * np.cos(self.angular_frequency * t + self.phase)

    def _area(self, t0: FloatArray, t1: FloatArray) -> FloatArray:
        mean = np.cos(0.5 * self.angular_frequency * (t0 + t1) + self.phase)
        envelope = np.sinc(self.angular_frequency * (t1 - t0) / (2.0 * np.pi))
        return self.amplitude * (t1 - t0) * mean * envelope
