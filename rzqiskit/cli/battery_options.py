"""The options that describe a battery and its pulse, shared by the commands that take one."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rzqiskit.cli.drive_options import DriveShape, drive_builder
from rzqiskit.cli.numbers import parse_number, parse_numbers

if TYPE_CHECKING:
    from rzqiskit.model import RosenZenerBattery

__all__ = [
    "BATTERY_PANEL",
    "DRIVE_OPTIONS",
    "DRIVE_PANEL",
    "DriveAmplitudeOption",
    "DriveAngularFrequencyOption",
    "DriveCenterOption",
    "DriveDurationOption",
    "DriveOption",
    "DrivePeriodOption",
    "DrivePhaseOption",
    "DriveSamplesOption",
    "DriveTimeConstantOption",
    "DriveWidthOption",
    "InteractionOption",
    "LevelSplittingOption",
    "NumQubitsOption",
    "PairCountingOption",
    "SingleDriveAmplitudeOption",
    "build_batteries",
    "build_battery",
]

BATTERY_PANEL = "Battery"
DRIVE_PANEL = "Drive"

NumQubitsOption = Annotated[
    int, typer.Option(help="Number of cells N.", rich_help_panel=BATTERY_PANEL)
]
InteractionOption = Annotated[
    str,
    typer.Option(metavar="NUMBER", help="Interaction eta, energy.", rich_help_panel=BATTERY_PANEL),
]
LevelSplittingOption = Annotated[
    str,
    typer.Option(
        metavar="NUMBER", help="Level splitting Delta, energy.", rich_help_panel=BATTERY_PANEL
    ),
]
PairCountingOption = Annotated[
    str,
    typer.Option(
        help="Count each pair of cells twice (ordered) or once (unordered).",
        rich_help_panel=BATTERY_PANEL,
    ),
]
DriveOption = Annotated[
    DriveShape,
    typer.Option(
        metavar="SHAPE",
        help=f"Shape of the pulse: {', '.join(DriveShape)}.",
        rich_help_panel=DRIVE_PANEL,
    ),
]
DriveAmplitudeOption = Annotated[
    str,
    typer.Option(
        metavar="NUMBERS",
        help="Amplitudes v0, energy, with commas; a sampled pulse is multiplied by them.",
        rich_help_panel=DRIVE_PANEL,
    ),
]
SingleDriveAmplitudeOption = Annotated[
    str,
    typer.Option(
        metavar="NUMBER",
        help="Amplitude v0, energy; a sampled pulse is multiplied by it.",
        rich_help_panel=DRIVE_PANEL,
    ),
]
DrivePeriodOption = Annotated[
    str | None,
    typer.Option(
        metavar="NUMBER",
        help="Period T of the sine-squared pulse (default 0.1pi).",
        rich_help_panel=DRIVE_PANEL,
    ),
]
DriveDurationOption = Annotated[
    str | None,
    typer.Option(
        metavar="NUMBER",
        help="Duration of any other pulse (default 0.1pi).",
        rich_help_panel=DRIVE_PANEL,
    ),
]
DriveCenterOption = Annotated[
    str | None,
    typer.Option(
        metavar="NUMBER",
        help="Center of a gaussian or sech pulse (default half its duration).",
        rich_help_panel=DRIVE_PANEL,
    ),
]
DriveWidthOption = Annotated[
    str | None,
    typer.Option(
        metavar="NUMBER", help="Width of a gaussian or sech pulse.", rich_help_panel=DRIVE_PANEL
    ),
]
DriveTimeConstantOption = Annotated[
    str | None,
    typer.Option(
        metavar="NUMBER", help="Time constant of an exponential pulse.", rich_help_panel=DRIVE_PANEL
    ),
]
DriveAngularFrequencyOption = Annotated[
    str | None,
    typer.Option(
        metavar="NUMBER", help="Angular frequency of a harmonic drive.", rich_help_panel=DRIVE_PANEL
    ),
]
DrivePhaseOption = Annotated[
    str | None,
    typer.Option(
        metavar="NUMBER",
        help="Phase of a harmonic drive at t = 0 (default 0).",
        rich_help_panel=DRIVE_PANEL,
    ),
]
DriveSamplesOption = Annotated[
    Path | None,
    typer.Option(
        help="File of a sampled pulse: time and value on each line.", rich_help_panel=DRIVE_PANEL
    ),
]

DRIVE_OPTIONS = (
    "drive_period",
    "drive_duration",
    "drive_center",
    "drive_width",
    "drive_time_constant",
    "drive_angular_frequency",
    "drive_phase",
    "drive_samples",
)


def build_batteries(options: Mapping[str, Any]) -> dict[float, RosenZenerBattery]:
    """Return one battery for each amplitude of the pulse.

    Args:
        options: the values of the options above by the name of the command's argument; numbers as
            typed. ``drive_amplitude`` may hold several, separated by commas.

    Returns:
        Amplitude -> battery, in the order typed.

    Raises:
        ValueError: an option is missing, not this drive's, no number or out of range.

    Examples:
        >>> options = {"num_qubits": 4, "interaction": "2", "level_splitting": "1",
        ...            "pair_counting": "ordered", "drive": DriveShape.SINE_SQUARED,
        ...            "drive_amplitude": "10,20"}
        >>> list(build_batteries(options))
        [10.0, 20.0]
    """
    from rzqiskit.model import RosenZenerBattery

    amplitudes = parse_numbers("drive_amplitude", options["drive_amplitude"])
    build_drive = drive_builder(
        options["drive"], {name: options.get(name) for name in DRIVE_OPTIONS}
    )
    return {
        amplitude: RosenZenerBattery(
            num_qubits=options["num_qubits"],
            drive=build_drive(amplitude),
            level_splitting=parse_number("level_splitting", options["level_splitting"]),
            interaction=parse_number("interaction", options["interaction"]),
            pair_counting=options["pair_counting"],
        )
        for amplitude in amplitudes
    }


def build_battery(options: Mapping[str, Any]) -> RosenZenerBattery:
    """Return the battery of options that hold one amplitude, see `build_batteries`.

    Args:
        options: see `build_batteries`.

    Returns:
        The battery.

    Raises:
        ValueError: as there; or several amplitudes.
    """
    batteries = build_batteries(options)
    if len(batteries) != 1:
        raise ValueError(
            f"`drive_amplitude` must be one number, got {options['drive_amplitude']!r}."
        )
    return next(iter(batteries.values()))
