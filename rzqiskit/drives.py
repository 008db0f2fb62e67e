r"""The driving pulses f(t) that charge the battery through f(t) Jx.

Every drive is a frozen dataclass, zero outside its window 0 <= t <= `duration`, with the value
``value(t)`` and the exact pulse area ``area(t0, t1)``, the integral of f over [t0, t1]. A pulse of
your own is a subclass of `Drive` with a `duration` and a `value`; its area is then integrated
numerically to rounding.

Units: hbar = 1, so f is an energy, t an inverse energy and the area an angle.
"""

from __future__ import annotations

import itertools
import math
from abc import ABC, abstractmethod
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import numpy.typing as npt

from rzqiskit.validation import (
    FloatArray,
    check_finite,
    check_non_negative,
    check_positive,
    check_times,
)

__all__ = [
    "Drive",
    "ExponentialDrive",
    "GaussianDrive",
    "HarmonicDrive",
    "RectangularDrive",
    "SampledDrive",
    "SechDrive",
    "SineSquaredDrive",
]

DRIVE_FORMAT_VERSION = 1


class Drive(ABC):
    """A pulse f(t), zero outside 0 <= t <= `duration`.

    Subclasses are frozen dataclasses that define `duration` (a field or a property) and
    `_value`; `_antiderivative_difference` where the area has a closed form; `breakpoints` where
    f or one of its derivatives jumps inside the window.
    """

    __slots__ = ()
    _types: ClassVar[dict[str, type[Drive]]] = {}

    if TYPE_CHECKING:

        @property
        def duration(self) -> float:
            """Length of the window, an inverse energy."""

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        Drive._types[cls.__name__] = cls

    @property
    def breakpoints(self) -> tuple[float, ...]:
        """Times inside the window at which f or one of its derivatives jumps, ascending."""
        return ()

    @abstractmethod
    def _value(self, t: FloatArray) -> FloatArray:
        """Return f at times inside the window, shape of `t`."""

    def value(self, t: npt.ArrayLike) -> Any:
        """Return f(t), an energy, in the shape of `t`; zero outside the window.

        Args:
            t: time or array of times, inverse energy.
        """
        time = np.asarray(t, dtype=np.float64)
        inside = (time >= 0.0) & (time <= self.duration)
        result = np.where(inside, self._value(np.clip(time, 0.0, self.duration)), 0.0)
        return result[()]

    def area(self, t0: npt.ArrayLike, t1: npt.ArrayLike) -> Any:
        """Return the integral of f over [t0, t1], an angle; negative of it where t1 < t0.

        Args:
            t0: lower limits, inverse energy.
            t1: upper limits, broadcast against `t0`.
        """
        lower = np.clip(np.asarray(t0, dtype=np.float64), 0.0, self.duration)
        upper = np.clip(np.asarray(t1, dtype=np.float64), 0.0, self.duration)
        lower, upper = np.broadcast_arrays(lower, upper)
        return self._area(lower, upper)[()]

    def _area(self, t0: FloatArray, t1: FloatArray) -> FloatArray:
        from scipy.integrate import quad

        result = np.empty(t0.shape)
        for index in np.ndindex(t0.shape):
            low, high = sorted((float(t0[index]), float(t1[index])))
            edges = [low, *(b for b in self.breakpoints if low < b < high), high]
            total = 0.0
            for start, stop in itertools.pairwise(edges):
                if stop > start:
                    total += quad(
                        lambda t: float(self._value(np.asarray(t))),
                        start, stop, epsabs=1e-15, epsrel=2e-14, limit=500,
                    )[0]  # fmt: skip
            result[index] = math.copysign(1.0, t1[index] - t0[index]) * total
        return result

    def to_dict(self) -> dict[str, Any]:
        """Return the drive as a dict that JSON can hold, see `from_dict`."""
        payload: dict[str, Any] = {"type": type(self).__name__, "version": DRIVE_FORMAT_VERSION}
        for field in fields(self):  # type: ignore[arg-type]
            value = getattr(self, field.name)
            payload[field.name] = value.tolist() if isinstance(value, np.ndarray) else value
        return payload

    @staticmethod
    def from_dict(payload: dict[str, Any]) -> Drive:
        """Return the drive that `to_dict` described.

        Args:
            payload: a dict with the keys "type", "version" and the fields of that type.

        Returns:
            The drive; a subclass of yours must have been imported before.

        Raises:
            ValueError: unknown type or version, missing or unknown field.

        Examples:
            >>> drive = SineSquaredDrive(amplitude=20.0, period=0.3)
            >>> Drive.from_dict(drive.to_dict()) == drive
            True
        """
        parameters = dict(payload)
        kind = parameters.pop("type", None)
        version = parameters.pop("version", None)
        if kind not in Drive._types:
            known = ", ".join(sorted(Drive._types))
            raise ValueError(f"`type` must be one of {known}, got {kind!r}.")
        if version != DRIVE_FORMAT_VERSION:
            raise ValueError(f"`version` must be {DRIVE_FORMAT_VERSION}, got {version!r}.")
        cls = Drive._types[kind]
        expected = {field.name for field in fields(cls)}  # type: ignore[arg-type]
        if set(parameters) != expected:
            raise ValueError(
                f"`{kind}` must have the fields {sorted(expected)}, got {sorted(parameters)}."
            )
        return cls(**parameters)


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
        # The difference of the two sines as a product: no cancellation on a short slice.
        width, rate = t1 - t0, np.pi / self.period
        return (
            0.5 * self.amplitude * (width - np.cos(rate * (t0 + t1)) * np.sin(rate * width) / rate)
        )


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
        return self.amplitude * self.width * math.sqrt(np.pi / 2.0) * difference


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

    def _value(self, t: FloatArray) -> FloatArray:
        decay = np.exp(-np.abs(t - self.center) / self.width)
        return 2.0 * self.amplitude * decay / (1.0 + decay**2)

    def _area(self, t0: FloatArray, t1: FloatArray) -> FloatArray:
        # gd(u1) - gd(u0) = 2 atan2(sinh((u1 - u0)/2), cosh((u1 + u0)/2)), scaled against overflow.
        u0, u1 = (t0 - self.center) / self.width, (t1 - self.center) / self.width
        half, mean = 0.5 * np.abs(u1 - u0), 0.5 * np.abs(u1 + u0)
        scale = np.maximum(half, mean)
        rise = np.exp(half - scale) - np.exp(-half - scale)
        level = np.exp(mean - scale) + np.exp(-mean - scale)
        return 2.0 * self.amplitude * self.width * np.sign(u1 - u0) * np.arctan2(rise, level)


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
        start = self.amplitude * self.time_constant * np.exp(-t0 / self.time_constant)
        return -start * np.expm1((t0 - t1) / self.time_constant)


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


@dataclass(frozen=True, slots=True, eq=False)
class SampledDrive(Drive):
    """A pulse given by samples, linear between them.

    Attributes:
        times: shape (num_samples,), from 0 upwards, inverse energy.
        values: shape (num_samples,), energy.

    Examples:
        >>> drive = SampledDrive(times=[0.0, 1.0, 3.0], values=[0.0, 2.0, 0.0])
        >>> drive.duration, float(drive.value(2.0)), float(drive.area(0.0, 3.0))
        (3.0, 1.0, 3.0)
    """

    times: FloatArray
    values: FloatArray

    def __post_init__(self) -> None:
        times = check_times(self.times)
        if times.size < 2 or times[0] != 0.0:
            raise ValueError(
                f"`times` must hold at least two samples and start at 0, got {times[:3].tolist()}."
            )
        try:
            values = np.array(self.values, dtype=np.float64)
        except (TypeError, ValueError):
            raise TypeError("`values` must be an array of real numbers.") from None
        if values.shape != times.shape:
            raise ValueError(f"`values` must have the shape {times.shape}, got {values.shape}.")
        if not np.isfinite(values).all():
            raise ValueError(f"`values` must be finite, got {values[~np.isfinite(values)][0]!r}.")
        for name, array in (("times", times), ("values", values)):
            array.setflags(write=False)
            object.__setattr__(self, name, array)

    @property
    def duration(self) -> float:
        """Length of the window, the time of the last sample."""
        return float(self.times[-1])

    @property
    def breakpoints(self) -> tuple[float, ...]:
        """The inner sample times, where the slope jumps."""
        return tuple(self.times[1:-1].tolist())

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, SampledDrive):
            return NotImplemented
        return np.array_equal(self.times, other.times) and np.array_equal(self.values, other.values)

    def __hash__(self) -> int:
        return hash((self.times.tobytes(), self.values.tobytes()))

    def _value(self, t: FloatArray) -> FloatArray:
        return np.interp(t, self.times, self.values)

    def _area(self, t0: FloatArray, t1: FloatArray) -> FloatArray:
        sections = 0.5 * (self.values[1:] + self.values[:-1]) * np.diff(self.times)
        cumulative = np.concatenate(([0.0], np.cumsum(sections)))

        def antiderivative(t: FloatArray) -> FloatArray:
            index = np.clip(np.searchsorted(self.times, t, side="right") - 1, 0, len(sections) - 1)
            mean = 0.5 * (self.values[index] + self._value(t))
            return cumulative[index] + mean * (t - self.times[index])

        # Both ends in one section: the trapezoid itself, free of cancellation.
        same = np.searchsorted(self.times, t0, "right") == np.searchsorted(self.times, t1, "right")
        direct = 0.5 * (self._value(t0) + self._value(t1)) * (t1 - t0)
        return np.where(same, direct, antiderivative(t1) - antiderivative(t0))
