"""Numbers as one types them on a command line: multiples of pi, lists with commas."""

from __future__ import annotations

import math
import re

__all__ = ["parse_number", "parse_numbers"]

_MULTIPLE_OF_PI = re.compile(
    r"(?P<sign>[+-]?)(?P<factor>\d+\.?\d*|\.\d+)?\*?(?:pi|π)(?:/(?P<divisor>\d+\.?\d*))?",
    re.IGNORECASE,
)


def parse_number(name: str, text: str) -> float:
    """Return the number that `text` spells: ``0.314``, ``1e-3``, ``0.1pi``, ``2*pi``, ``pi/10``.

    Args:
        name: what to call it in an error.
        text: the text.

    Returns:
        The number; whether it is in range is not this function's business.

    Raises:
        ValueError: `text` spells no number.

    Examples:
        >>> parse_number("drive_period", "0.1pi") == parse_number("drive_period", "pi/10")
        True
        >>> parse_number("interaction", "-2")
        -2.0
    """
    cleaned = text.strip()
    match = _MULTIPLE_OF_PI.fullmatch(cleaned)
    try:
        if match is None:
            return float(cleaned)
        factor = float(match["factor"] or 1.0) * math.pi / float(match["divisor"] or 1.0)
    except (ValueError, ZeroDivisionError):
        raise ValueError(
            f"`{name}` must be a number such as 0.3, 1e-3, 0.1pi or pi/10, got {text!r}."
        ) from None
    return -factor if match["sign"] == "-" else factor


def parse_numbers(name: str, text: str) -> list[float]:
    """Return the distinct numbers of a list with commas, in its order.

    Args:
        name: what to call it in an error.
        text: numbers as `parse_number` reads them, separated by commas.

    Returns:
        At least one number.

    Raises:
        ValueError: an entry is no number, or is there twice.

    Examples:
        >>> parse_numbers("drive_amplitude", "10, 20,40")
        [10.0, 20.0, 40.0]
    """
    numbers = [parse_number(name, entry) for entry in text.split(",")]
    for index, number in enumerate(numbers):
        if number in numbers[:index]:
            raise ValueError(f"`{name}` must hold different numbers, got {number:g} twice.")
    return numbers
