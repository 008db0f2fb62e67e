"""The options that describe a battery and its pulse, shared by the commands that take one."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rzqiskit.cli.drive_options import DriveShape, drive_builder
from rzqiskit.cli.numbers import parse_number, parse_numbers
from rzqiskit.model import PAIR_COUNTINGS

if TYPE_CHECKING:
    from rzqiskit.model import RosenZenerBattery

__all__ = ["BatteryOptions", "NumQubitsOption", "SeveralBatteriesOptions", "build_batteries",
           "build_battery"]  # fmt: skip

_BATTERY, _DRIVE = "Battery", "Drive"


def _battery_option(help: str, metavar: str | None = None) -> Any:
    return typer.Option(help=help, metavar=metavar, rich_help_panel=_BATTERY)


def _drive_option(help: str, metavar: str | None = "NUMBER") -> Any:
    return typer.Option(help=help, metavar=metavar, rich_help_panel=_DRIVE)


NumQubitsOption = Annotated[int, _battery_option("Number of cells N.")]


@dataclass(frozen=True)
class BatteryOptions:
    """A battery and its pulse as typed; a field is a flag. Numbers are read by `build_battery`."""

    num_qubits: NumQubitsOption = 10
    interaction: Annotated[str, _battery_option("Interaction eta, energy.", "NUMBER")] = "2"
    level_splitting: Annotated[str, _battery_option("Level splitting Delta, energy.", "NUMBER")] = (
        "1"
    )
    pair_counting: Annotated[
        str, _battery_option("Count each pair of cells twice (ordered) or once (unordered).")
    ] = PAIR_COUNTINGS[0]
    drive: Annotated[
        DriveShape, _drive_option(f"Shape of the pulse: {', '.join(DriveShape)}.", "SHAPE")
    ] = DriveShape.SINE_SQUARED
    drive_amplitude: Annotated[
        str, _drive_option("Amplitude v0, energy; a sampled pulse is multiplied by it.")
    ] = "20"
    drive_period: Annotated[
        str | None, _drive_option("Period T of the sine-squared pulse (default 0.1pi).")
    ] = None
    drive_duration: Annotated[
        str | None, _drive_option("Duration of any other pulse (default 0.1pi).")
    ] = None
    drive_center: Annotated[
        str | None, _drive_option("Center of a gaussian or sech pulse (default half its duration).")
    ] = None
    drive_width: Annotated[str | None, _drive_option("Width of a gaussian or sech pulse.")] = None
    drive_time_constant: Annotated[
        str | None, _drive_option("Time constant of an exponential pulse.")
    ] = None
    drive_angular_frequency: Annotated[
        str | None, _drive_option("Angular frequency of a harmonic drive.")
    ] = None
    drive_phase: Annotated[
        str | None, _drive_option("Phase of a harmonic drive at t = 0 (default 0).")
    ] = None
    drive_samples: Annotated[
        Path | None,
        _drive_option("File of a sampled pulse: time and value on each line.", None),
    ] = None


@dataclass(frozen=True)
class SeveralBatteriesOptions(BatteryOptions):
    """The same with several amplitudes; the default is those of the paper's Fig. 2."""

    drive_amplitude: Annotated[
        str,
        _drive_option(
            "Amplitudes v0, energy, with commas; a sampled pulse is multiplied by them.", "NUMBERS"
        ),
    ] = "10,20,40,60"


_DRIVE_FIELDS = (
    "drive_period",
    "drive_duration",
    "drive_center",
    "drive_width",
    "drive_time_constant",
    "drive_angular_frequency",
    "drive_phase",
    "drive_samples",
)


def build_batteries(options: BatteryOptions) -> dict[float, RosenZenerBattery]:
    """Return one battery for each amplitude of the pulse.

    Args:
        options: as typed; `drive_amplitude` may hold several numbers, separated by commas.

    Returns:
        Amplitude -> battery, in the order typed.

    Raises:
        ValueError: an option is missing, not this drive's, no number or out of range.

    Examples:
        >>> list(build_batteries(BatteryOptions(num_qubits=4, drive_amplitude="10,20")))
        [10.0, 20.0]
    """
    from rzqiskit.model import RosenZenerBattery

    amplitudes = parse_numbers("drive_amplitude", options.drive_amplitude)
    build_drive = drive_builder(
        options.drive, {name: getattr(options, name) for name in _DRIVE_FIELDS}
    )
    return {
        amplitude: RosenZenerBattery(
            num_qubits=options.num_qubits,
            drive=build_drive(amplitude),
            level_splitting=parse_number("level_splitting", options.level_splitting),
            interaction=parse_number("interaction", options.interaction),
            pair_counting=options.pair_counting,  # type: ignore[arg-type]  # checked there
        )
        for amplitude in amplitudes
    }


def build_battery(options: BatteryOptions) -> RosenZenerBattery:
    """Return the battery of options that hold one amplitude, see `build_batteries`.

    Args:
        options: as typed.

    Returns:
        The battery.

    Raises:
        ValueError: as there; or several amplitudes.
    """
    batteries = build_batteries(options)
    if len(batteries) != 1:
        raise ValueError(f"`drive_amplitude` must be one number, got {options.drive_amplitude!r}.")
    return next(iter(batteries.values()))
