"""Words that several commands print: counted nouns, a battery and its pulse in one line."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = ["count", "describe_battery", "describe_drive"]


def count(number: int, noun: str) -> str:
    """Return a number and what is counted, in the singular for one.

    Args:
        number: how many.
        noun: the singular, of a regular plural.

    Examples:
        >>> count(1, "job"), count(0, "job"), count(29, "all-pairs layer")
        ('1 job', '0 jobs', '29 all-pairs layers')
    """
    return f"{number} {noun}{'' if number == 1 else 's'}"


def describe_battery(battery: Mapping[str, Any]) -> str:
    """Return the parameters of a battery in one line.

    Args:
        battery: what `RosenZenerBattery.to_dict` returns.

    Examples:
        >>> from rzqiskit import RosenZenerBattery, SineSquaredDrive
        >>> battery = RosenZenerBattery(
        ...     num_qubits=4, drive=SineSquaredDrive(20.0, 0.3), interaction=2.0
        ... )
        >>> describe_battery(battery.to_dict())
        'N = 4, Delta = 1, eta = 2 (ordered pairs)'
    """
    return (
        f"N = {battery['num_qubits']}, Delta = {battery['level_splitting']:g}, "
        f"eta = {battery['interaction']:g} ({battery['pair_counting']} pairs)"
    )


def describe_drive(drive: Mapping[str, Any]) -> str:
    """Return the shape of a pulse and its numbers in one line.

    Args:
        drive: what `Drive.to_dict` returns.

    Examples:
        >>> from rzqiskit import SampledDrive, SineSquaredDrive
        >>> describe_drive(SineSquaredDrive(20.0, 0.31415926).to_dict())
        'SineSquaredDrive, amplitude 20, period 0.314159'
        >>> describe_drive(SampledDrive([0.0, 0.1, 0.2], [0.0, 5.0, 0.0]).to_dict())
        'SampledDrive, 3 times, 3 values'
    """
    words = [str(drive["type"])]
    for name, value in drive.items():
        if name in ("type", "version"):
            continue
        shown = name.replace("_", " ")
        if isinstance(value, list):
            words.append(f"{len(value)} {shown}")
        else:
            words.append(f"{shown} {value:g}" if isinstance(value, float) else f"{shown} {value}")
    return ", ".join(words)
