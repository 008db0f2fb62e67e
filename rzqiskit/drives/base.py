"""What a drive is: its value, its area, and the way in and out of JSON."""

from __future__ import annotations

import itertools
import math
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import fields
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import numpy.typing as npt

from rzqiskit.validation import FloatArray, check_positive, check_real_array

__all__ = ["Drive", "check_window"]

DRIVE_FORMAT_VERSION = 1


class Drive(ABC):
    """A pulse f(t), zero outside 0 <= t <= `duration`.

    Subclasses are frozen dataclasses that define `duration` (a field or a property) and
    `_value`; `_area` where the area has a closed form; `breakpoints` where f or one of its
    derivatives jumps inside the window; `landmarks` where it has a peak short against the window.

    Examples:
        >>> from dataclasses import dataclass
        >>> from rzqiskit.drives import Drive
        >>> @dataclass(frozen=True)
        ... class RampDrive(Drive):
        ...     slope: float
        ...     duration: float
        ...
        ...     def _value(self, t):
        ...         return self.slope * t
        >>> drive = RampDrive(slope=2.0, duration=3.0)
        >>> drive.value([1.0, 4.0]), round(float(drive.area(0.0, 3.0)), 12)
        (array([2., 0.]), 9.0)
    """

    __slots__ = ()
    _types: ClassVar[dict[str, type[Drive]]] = {}

    if TYPE_CHECKING:

        @property
        def duration(self) -> float:
            """Length of the window, an inverse energy."""

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        known = Drive._types.get(cls.__name__)
        if known is not None and _is_ours(known) and not _is_ours(cls):
            # It would be read back in place of the package's own drive.
            raise TypeError(f"`{cls.__name__}` must be another name: rzqiskit has a drive of it.")
        Drive._types[cls.__name__] = cls

    @property
    def breakpoints(self) -> tuple[float, ...]:
        """Times inside the window at which f or one of its derivatives jumps, ascending."""
        return ()

    @property
    def landmarks(self) -> tuple[float, ...]:
        """Times in the window at which solvers stop, ascending: `breakpoints` and narrow peaks.

        A solver that chooses its own steps may step over a peak that is short against the window.
        A pulse of yours with such a peak should name its top and where it starts and ends, as far
        as they lie inside the window.
        """
        return self.breakpoints

    @abstractmethod
    def _value(self, t: FloatArray) -> FloatArray:
        """Return f at times inside the window, shape of `t`."""

    def value(self, t: npt.ArrayLike) -> Any:
        """Return f(t), an energy, in the shape of `t`; zero outside the window.

        Args:
            t: time or array of times, inverse energy; infinite ones lie outside the window.

        Raises:
            TypeError: a time that is no real number.
            ValueError: a time is NaN.
        """
        time = check_real_array("t", t, allow_infinite=True)
        inside = (time >= 0.0) & (time <= self.duration)
        result = np.where(inside, self._value(np.clip(time, 0.0, self.duration)), 0.0)
        return result[()]

    def area(self, t0: npt.ArrayLike, t1: npt.ArrayLike) -> Any:
        """Return the integral of f over [t0, t1], an angle; negative of it where t1 < t0.

        Args:
            t0: lower limits, inverse energy.
            t1: upper limits, broadcast against `t0`.

        Raises:
            TypeError: a limit that is no real number.
            ValueError: a limit is NaN; limits of shapes that do not go together.
        """
        lower, upper = (
            np.clip(check_real_array(name, limit, allow_infinite=True), 0.0, self.duration)
            for name, limit in (("t0", t0), ("t1", t1))
        )
        try:
            lower, upper = np.broadcast_arrays(lower, upper)
        except ValueError:
            raise ValueError(
                f"`t1` must have a shape that goes with that of `t0`, {lower.shape}, got "
                f"{upper.shape}."
            ) from None
        return self._area(lower, upper)[()]

    def _area(self, t0: FloatArray, t1: FloatArray) -> FloatArray:
        from scipy.integrate import quad

        result = np.empty(t0.shape)
        for index in np.ndindex(t0.shape):
            low, high = sorted((float(t0[index]), float(t1[index])))
            edges = [low, *(mark for mark in self.landmarks if low < mark < high), high]
            total = 0.0
            for start, stop in itertools.pairwise(edges):
                # An area that cancels to nothing is right to rounding of the largest |f|.
                peak = float(np.abs(self._value(np.linspace(start, stop, 33))).max())
                total += quad(
                    lambda t: float(self._value(np.asarray(t))),
                    start, stop, epsabs=2e-14 * peak * (stop - start), epsrel=2e-14, limit=5000,
                )[0]  # fmt: skip
            result[index] = math.copysign(1.0, t1[index] - t0[index]) * total
        return result

    def to_dict(self) -> dict[str, Any]:
        """Return the drive as a dict that JSON can hold, see `from_dict`."""
        payload: dict[str, Any] = {"type": type(self).__name__, "version": DRIVE_FORMAT_VERSION}
        for field in fields(self):  # type: ignore[arg-type]
            value = getattr(self, field.name)
            is_numpy = isinstance(value, (np.ndarray, np.generic))
            payload[field.name] = value.tolist() if is_numpy else value
        return payload

    @staticmethod
    def from_dict(payload: dict[str, Any]) -> Drive:
        """Return the drive that `to_dict` described.

        Args:
            payload: a dict with the keys "type", "version" and the fields of that type.

        Returns:
            The drive; a subclass of yours must have been imported before.

        Raises:
            TypeError: not a dict.
            ValueError: unknown type or version, missing or unknown field.

        Examples:
            >>> from rzqiskit.drives import Drive, SineSquaredDrive
            >>> drive = SineSquaredDrive(amplitude=20.0, period=0.3)
            >>> Drive.from_dict(drive.to_dict()) == drive
            True
        """
        if not isinstance(payload, Mapping):
            raise TypeError(f"`payload` must be a dict, got {type(payload).__name__}.")
        parameters = dict(payload)
        kind = parameters.pop("type", None)
        version = parameters.pop("version", None)
        if not isinstance(kind, str) or kind not in Drive._types:
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


def check_window(drive: Drive) -> None:
    """Raise ValueError where a drive has no window, or landmarks that are not ascending inside it.

    The package's own drives see to that themselves.
    """
    if _is_ours(type(drive)):
        return
    duration = check_positive("duration", drive.duration)
    marks = check_real_array("landmarks", np.asarray(drive.landmarks, dtype=float))
    edges = np.concatenate(([0.0], marks.ravel(), [duration]))
    if not (np.diff(edges) > 0.0).all():
        raise ValueError(
            "`landmarks` must ascend between 0 and the `duration` of the drive, "
            f"{duration:g}, got {marks.tolist()}."
        )


def _is_ours(drive: type) -> bool:
    return drive.__module__.startswith("rzqiskit.drives.")
