"""Sweeps written down in TOML, with the line in every error.

    solver = "exact"                               # or "analytic", "circuit"
    quantities = ["maximum_stored_energy"]         # all summaries when left out

    [drive]
    shape = "SineSquaredDrive"
    amplitude = { linspace = [0.5, 100, 200] }
    period = "0.1pi"

    [battery]
    num_qubits = [10, 100]
    interaction = { range = [-2, 3, 1] }

    [settings]
    tolerance = 1e-10

A value is a number, a text ("0.1pi" is a number too), a list of them, or one of
``{ linspace = [first, last, number] }`` (equal distances, both ends included),
``{ logspace = [first, last, number] }`` (equal ratios, both ends included) and
``{ range = [first, end, step] }`` (the end not included). For whole-number parameters such as
`num_qubits` spaced values are rounded and doubles dropped. Arrays are swept in the order of the
file, `num_qubits` first.
"""

from __future__ import annotations

import math
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from rzqiskit.drives import Drive
from rzqiskit.sweeps.specification import INTEGER_PARAMETERS, SweepSpecification
from rzqiskit.sweeps.toml_lines import key_lines

__all__ = ["load_specification", "parse_specification"]

_TABLES = ("drive", "battery", "settings")
_TOP = ("solver", "quantities", "paired", *_TABLES)
_MULTIPLE_OF_PI = re.compile(r"([+-]?)(\d+\.?\d*|\.\d+)?\s*\*?\s*pi(?:\s*/\s*(\d+\.?\d*))?")
_MOST_VALUES = 10_000_000
_NAMED = re.compile(r"`(?P<name>[^`]+)`")


def load_specification(path: str | Path) -> SweepSpecification:
    """Return the sweep that a TOML file describes.

    Args:
        path: the file.

    Returns:
        The specification.

    Raises:
        ValueError: unreadable, no TOML, or no sweep; the message ends with the line.
    """
    try:
        text = Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not a text file"
        raise ValueError(
            f"`specification` must be a readable file, got {path}: {reason}."
        ) from None
    return parse_specification(text, name=str(path))


def parse_specification(text: str, *, name: str = "the specification") -> SweepSpecification:
    """Return the sweep that a TOML text describes.

    Args:
        text: the text.
        name: what to call it in an error.

    Returns:
        The specification.

    Raises:
        ValueError: no TOML, or no sweep; the message ends with the line.

    Examples:
        >>> parse_specification('''
        ... [drive]
        ... shape = "SineSquaredDrive"
        ... amplitude = { linspace = [10, 60, 6] }
        ... period = "0.1pi"
        ... [battery]
        ... num_qubits = [10, 100]
        ... ''').shape
        (2, 6)
    """
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ValueError(f"`specification` must be TOML, got {name}: {error}.") from None
    try:
        return _specification(document)
    except _SpecificationKeyError as error:
        raise ValueError(_with_line(error.message, error.key, text, name)) from None


class _SpecificationKeyError(Exception):
    def __init__(self, message: str, key: str) -> None:
        super().__init__(message)
        self.message, self.key = message, key


def _with_line(message: str, key: str, text: str, name: str) -> str:
    lines = key_lines(text)
    line = lines.get(key, lines.get(key.split(".")[0]))
    place = f"line {line} of {name}" if line else name
    return f"{message.removesuffix('.')} ({place})."


def _specification(document: Mapping[str, Any]) -> SweepSpecification:
    for key in document:
        if key not in _TOP:
            raise _SpecificationKeyError(f"`{key}` must be one of {', '.join(_TOP)}.", key)
    grid: dict[str, Any] = {}
    places: dict[str, str] = {}
    for table in _TABLES:
        content = document.get(table, {})
        if not isinstance(content, Mapping):
            raise _SpecificationKeyError(f"`{table}` must be a table, got {content!r}.", table)
        for key, value in content.items():
            if table == "drive" and key == "shape":
                continue
            parameter = f"drive_{key}" if table == "drive" else key
            if parameter in grid:
                raise _SpecificationKeyError(f"`{key}` must be given once.", f"{table}.{key}")
            grid[parameter] = _values(value, key, f"{table}.{key}")
            if parameter in INTEGER_PARAMETERS and isinstance(value, Mapping):
                if np.abs(grid[parameter]).max() >= 2.0**63:
                    raise _SpecificationKeyError(
                        f"`{key}` must be made of integers of 64 bits, got {value!r}.",
                        f"{table}.{key}",
                    )
                grid[parameter] = np.unique(np.rint(grid[parameter]).astype(np.int64))
            places[parameter] = f"{table}.{key}"
    paired = document.get("paired", False)
    if not isinstance(paired, bool):
        raise _SpecificationKeyError(f"`paired` must be true or false, got {paired!r}.", "paired")
    grid["drive"] = _drive(document, grid)
    try:
        return SweepSpecification.build(
            grid,
            solver=document.get("solver", "exact"),
            quantities=document.get("quantities"),
            paired=paired,
        )
    except (TypeError, ValueError) as error:
        # The name in backquotes says which key is meant.
        found = _NAMED.search(str(error))
        named = found["name"] if found else ""
        raise _SpecificationKeyError(
            str(error), places.get(named, named if named in _TOP else "battery")
        ) from None


def _drive(document: Mapping[str, Any], grid: dict[str, Any]) -> Drive:
    content = document.get("drive")
    if not isinstance(content, Mapping) or "shape" not in content:
        raise _SpecificationKeyError("`drive` must be a table with a `shape`.", "drive")
    # Any value of a swept field serves as the drive's own: the sweep replaces it.
    fields = {
        key: grid[f"drive_{key}"][0]
        if isinstance(grid[f"drive_{key}"], np.ndarray)
        else grid.pop(f"drive_{key}")
        for key in content
        if key != "shape"
    }
    if content["shape"] == "SampledDrive":
        fields = {key: content[key] for key in fields}
        for key in fields:
            grid.pop(f"drive_{key}", None)
    try:
        return Drive.from_dict({"type": content["shape"], "version": 1, **fields})
    except (TypeError, ValueError) as error:
        found = _NAMED.search(str(error))
        named = found["name"] if found else ""
        key = "drive.shape" if named == "type" else f"drive.{named}"
        message = str(error).replace("`type`", "`shape`")
        raise _SpecificationKeyError(
            message, key if named in (*fields, "type") else "drive"
        ) from None


def _values(value: Any, name: str, key: str) -> Any:
    if isinstance(value, Mapping):
        return _spaced(value, name, key)
    if isinstance(value, list):
        if not value:
            raise _SpecificationKeyError(f"`{name}` must not be an empty list.", key)
        return np.array([_single(entry, name, key) for entry in value])
    return _single(value, name, key)


def _single(value: Any, name: str, key: str) -> Any:
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        raise _SpecificationKeyError(f"`{name}` must be a number or a text, got {value!r}.", key)
    if isinstance(value, str):
        match = _MULTIPLE_OF_PI.fullmatch(value.strip())
        if match:
            sign, factor, divisor = match.groups()
            if divisor is not None and float(divisor) == 0.0:
                raise _SpecificationKeyError(
                    f"`{name}` must not be divided by zero, got {value!r}.", key
                )
            number = float(factor or 1.0) * math.pi / float(divisor or 1.0)
            return -number if sign == "-" else number
    return value


def _spaced(value: Mapping[str, Any], name: str, key: str) -> Any:
    kinds = ("linspace", "logspace", "range")
    if len(value) != 1 or next(iter(value)) not in kinds:
        raise _SpecificationKeyError(
            f"`{name}` must be one of {', '.join(kinds)}, got {sorted(value)}.", key
        )
    kind, entries = next(iter(value.items()))
    if not isinstance(entries, list) or len(entries) != 3:
        raise _SpecificationKeyError(
            f"`{name}` must have three numbers in its {kind}, got {entries!r}.", key
        )
    first, last, third = (_single(entry, name, key) for entry in entries)
    if any(isinstance(entry, str) or not math.isfinite(entry) for entry in (first, last, third)):
        raise _SpecificationKeyError(
            f"`{name}` must have three numbers in its {kind}, got {entries!r}.", key
        )
    if kind == "range":
        if third == 0 or (last - first) / third <= 0:
            raise _SpecificationKeyError(
                f"`{name}` must have a range that is not empty, got {entries!r}.", key
            )
        if (last - first) / third > _MOST_VALUES:
            raise _SpecificationKeyError(f"`{name}` must have at most {_MOST_VALUES} values.", key)
        return np.arange(first, last, third)
    if not isinstance(third, int) or not 1 <= third <= _MOST_VALUES:
        raise _SpecificationKeyError(
            f"`{name}` must have a positive number of values, got {third!r}.", key
        )
    if kind == "linspace":
        return np.linspace(first, last, third)
    if not (first > 0 and last > 0):
        raise _SpecificationKeyError(
            f"`{name}` must have positive ends in its logspace, got {entries!r}.", key
        )
    return np.geomspace(first, last, third)
