"""A pulse given by samples."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rzqiskit.drives.base import Drive
from rzqiskit.validation import FloatArray, check_real_array, check_times

__all__ = ["SampledDrive"]


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
        values = check_real_array("values", self.values)
        if values.shape != times.shape:
            raise ValueError(f"`values` must have the shape {times.shape}, got {values.shape}.")
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
        low, high = np.minimum(t0, t1), np.maximum(t0, t1)
        sections = 0.5 * (self.values[1:] + self.values[:-1]) * np.diff(self.times)
        cumulative = np.concatenate(([0.0], np.cumsum(sections)))
        first = np.searchsorted(self.times, low, side="left")  # the sample at or after low
        last = np.searchsorted(self.times, high, side="right") - 1  # at or before high

        def trapezoid(start: FloatArray, stop: FloatArray) -> FloatArray:
            return 0.5 * (self._value(start) + self._value(stop)) * (stop - start)

        head, tail = trapezoid(low, self.times[first]), trapezoid(self.times[last], high)
        several = head + (cumulative[last] - cumulative[first]) + tail
        return np.sign(t1 - t0) * np.where(first > last, trapezoid(low, high), several)
