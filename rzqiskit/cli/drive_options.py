"""From the options of the command line to a drive."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from rzqiskit.cli.numbers import parse_number

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from rzqiskit.drives import Drive

__all__ = ["DriveShape", "drive_builder", "read_samples"]

DEFAULT_DURATION = "0.1pi"


class DriveShape(StrEnum):
    """The pulse shapes by the names that the option ``--drive`` takes."""

    SINE_SQUARED = "sine-squared"
    GAUSSIAN = "gaussian"
    SECH = "sech"
    EXPONENTIAL = "exponential"
    RECTANGULAR = "rectangular"
    HARMONIC = "harmonic"
    SAMPLED = "sampled"


# Which options each shape takes, those it cannot do without first.
_REQUIRED: dict[DriveShape, tuple[str, ...]] = {
    DriveShape.SINE_SQUARED: (),
    DriveShape.GAUSSIAN: ("drive_width",),
    DriveShape.SECH: ("drive_width",),
    DriveShape.EXPONENTIAL: ("drive_time_constant",),
    DriveShape.RECTANGULAR: (),
    DriveShape.HARMONIC: ("drive_angular_frequency",),
    DriveShape.SAMPLED: ("drive_samples",),
}
_OPTIONAL: dict[DriveShape, tuple[str, ...]] = {
    DriveShape.SINE_SQUARED: ("drive_period",),
    DriveShape.GAUSSIAN: ("drive_duration", "drive_center"),
    DriveShape.SECH: ("drive_duration", "drive_center"),
    DriveShape.EXPONENTIAL: ("drive_duration",),
    DriveShape.RECTANGULAR: ("drive_duration",),
    DriveShape.HARMONIC: ("drive_duration", "drive_phase"),
    DriveShape.SAMPLED: (),
}


def drive_builder(
    shape: DriveShape, options: Mapping[str, str | Path | None]
) -> Callable[[float], Drive]:
    """Return the function from an amplitude to the drive that the options describe.

    Args:
        shape: the pulse shape.
        options: the values of ``drive_period``, ``drive_duration``, ``drive_center``,
            ``drive_width``, ``drive_time_constant``, ``drive_angular_frequency``, ``drive_phase``
            (numbers as text) and ``drive_samples`` (a file); None where not given.

    Returns:
        The function. A sampled pulse is scaled by the amplitude.

    Raises:
        ValueError: an option is missing, not this shape's, no number or out of range.

    Examples:
        >>> drive_builder(DriveShape.RECTANGULAR, {"drive_duration": "2"})(5.0)
        RectangularDrive(amplitude=5.0, duration=2.0)
    """
    from rzqiskit import drives

    given = {name: value for name, value in options.items() if value is not None}
    allowed = {*_REQUIRED[shape], *_OPTIONAL[shape]}
    for name in given:
        if name not in allowed:
            raise ValueError(f"`{name}` must not be given with the drive '{shape}'.")
    for name in _REQUIRED[shape]:
        if name not in given:
            raise ValueError(f"`{name}` must be given with the drive '{shape}'.")

    def number(name: str, default: str) -> float:
        return parse_number(name, str(given.get(name, default)))

    duration = number("drive_duration", DEFAULT_DURATION)
    if shape is DriveShape.SINE_SQUARED:
        period = number("drive_period", DEFAULT_DURATION)
        return lambda amplitude: drives.SineSquaredDrive(amplitude, period)
    if shape in (DriveShape.GAUSSIAN, DriveShape.SECH):
        kind = drives.GaussianDrive if shape is DriveShape.GAUSSIAN else drives.SechDrive
        center = number("drive_center", repr(0.5 * duration))
        width = number("drive_width", "")
        return lambda amplitude: kind(amplitude, center, width, duration)
    if shape is DriveShape.EXPONENTIAL:
        constant = number("drive_time_constant", "")
        return lambda amplitude: drives.ExponentialDrive(amplitude, constant, duration)
    if shape is DriveShape.RECTANGULAR:
        return lambda amplitude: drives.RectangularDrive(amplitude, duration)
    if shape is DriveShape.HARMONIC:
        frequency, phase = number("drive_angular_frequency", ""), number("drive_phase", "0")
        return lambda amplitude: drives.HarmonicDrive(amplitude, frequency, duration, phase)
    times, values = read_samples(Path(str(given["drive_samples"])))
    return lambda amplitude: drives.SampledDrive(times, amplitude * values)


def read_samples(
    path: Path,
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return the times and values of a pulse from a text file of two columns.

    Args:
        path: a file with one sample a line, time and value separated by a comma or blanks; empty
            lines and what follows a ``#`` are skipped, and so is a first line of two words.

    Returns:
        Times and values, shape (num_samples,) each.

    Raises:
        ValueError: the file cannot be read, or a line does not hold two finite numbers.
    """
    import numpy as np

    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not a text file"
        raise ValueError(
            f"`drive_samples` must be a readable file, got {path}: {reason}."
        ) from None
    samples: list[tuple[float, float]] = []
    for number, line in enumerate(lines, start=1):
        entries = line.split("#", maxsplit=1)[0].replace(",", " ").split()
        if not entries:
            continue
        try:
            time, value = (float(entry) for entry in entries)
        except ValueError:
            if number == 1 and len(entries) == 2:
                continue
            time = math.nan
        if not math.isfinite(time) or not math.isfinite(value):
            raise ValueError(
                f"`drive_samples` must hold two finite numbers a line, got {line.strip()!r} in "
                f"line {number} of {path}."
            )
        samples.append((time, value))
    if not samples:
        raise ValueError(f"`drive_samples` must hold samples, got none in {path}.")
    table = np.array(samples)
    return table[:, 0], table[:, 1]
