"""Checks of user input, made once at the public edge.

Every function returns the cleaned value or raises ``TypeError`` / ``ValueError`` in one form:
"`num_steps` must be a positive integer, got 0.".
"""

from __future__ import annotations

import math
import numbers
from collections.abc import Collection
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

__all__ = [
    "check_choice",
    "check_finite",
    "check_flag",
    "check_integer",
    "check_non_negative",
    "check_positive",
    "check_positive_integer",
    "check_real_array",
    "check_seed",
    "check_times",
]

FloatArray = npt.NDArray[np.float64]
_Choice = TypeVar("_Choice", bound=str)


def _shown(value: Any) -> str:
    if isinstance(value, int) and value.bit_length() > 1024:  # Python writes out no huge ones
        return f"an integer of {value.bit_length()} bits"
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def check_finite(name: str, value: Any) -> float:
    """Return `value` as a finite float."""
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, numbers.Real):
        raise TypeError(f"`{name}` must be a real number, got {_shown(value)}.")
    try:
        cleaned = float(value)
    except OverflowError:  # an int or a fraction beyond the largest float
        cleaned = math.inf if value == abs(value) else -math.inf
    if not math.isfinite(cleaned):
        raise ValueError(f"`{name}` must be finite, got {cleaned!r}.")
    return cleaned


def check_positive(name: str, value: Any) -> float:
    """Return `value` as a finite float above zero."""
    cleaned = check_finite(name, value)
    if cleaned <= 0.0:
        raise ValueError(f"`{name}` must be positive, got {cleaned!r}.")
    return cleaned


def check_non_negative(name: str, value: Any) -> float:
    """Return `value` as a finite float, zero or above."""
    cleaned = check_finite(name, value)
    if cleaned < 0.0:
        raise ValueError(f"`{name}` must not be negative, got {cleaned!r}.")
    return cleaned


def check_integer(name: str, value: Any, *, minimum: int, maximum: int | None = None) -> int:
    """Return `value` as an int from `minimum` to `maximum`, if there is one; a bool is none."""
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, numbers.Integral):
        raise TypeError(f"`{name}` must be an integer, got {_shown(value)}.")
    cleaned = int(value)
    if cleaned < minimum:
        kind = {0: "a non-negative integer", 1: "a positive integer"}.get(
            minimum, f"an integer of at least {minimum}"
        )
        raise ValueError(f"`{name}` must be {kind}, got {_shown(cleaned)}.")
    if maximum is not None and cleaned > maximum:
        raise ValueError(f"`{name}` must be at most {maximum}, got {_shown(cleaned)}.")
    return cleaned


def check_positive_integer(name: str, value: Any) -> int:
    """Return `value` as an int above zero."""
    return check_integer(name, value, minimum=1)


def check_flag(name: str, value: Any) -> bool:
    """Return a bool of Python's; text and numbers are none, whatever they say."""
    if not isinstance(value, (bool, np.bool_)):
        raise TypeError(f"`{name}` must be True or False, got {_shown(value)}.")
    return bool(value)


def check_choice(name: str, value: Any, choices: Collection[_Choice]) -> _Choice:
    """Return `value` if it is one of `choices`."""
    for choice in choices:
        if isinstance(value, str) and value == choice:
            return choice
    listed = ", ".join(repr(choice) for choice in choices)
    raise ValueError(f"`{name}` must be one of {listed}, got {_shown(value)}.")


def check_real_array(name: str, value: Any, *, allow_infinite: bool = False) -> FloatArray:
    """Return `value` as a new float array of finite numbers, any shape; infinite ones on demand."""
    try:
        array = np.asarray(value)
    except (TypeError, ValueError):  # rows of different length
        array = np.empty(0, dtype=object)
    # By kind: a cast would read text as numbers, and drop the imaginary part of complex ones.
    if array.dtype.kind not in "iuf":
        raise TypeError(f"`{name}` must be an array of real numbers, got {_shown(value)}.")
    if np.ma.is_masked(value):  # what the mask hides would count
        raise ValueError(f"`{name}` must not be masked.")
    cleaned = np.array(array, dtype=np.float64)
    if allow_infinite:
        if np.isnan(cleaned).any():
            raise ValueError(f"`{name}` must not be NaN.")
    elif not np.isfinite(cleaned).all():
        bad = float(cleaned[~np.isfinite(cleaned)].flat[0])
        raise ValueError(f"`{name}` must be finite, got {bad!r}.")
    return cleaned


def check_times(
    times: Any, *, name: str = "times", minimum: float | None = 0.0
) -> npt.NDArray[np.float64]:
    """Return `times` as a new 1-D float array, finite and strictly increasing.

    Args:
        times: array-like, shape (num_times,), at least one entry.
        name: what to call it in an error.
        minimum: the smallest time allowed; no bound when None.
    """
    cleaned = check_real_array(name, times)
    if cleaned.ndim != 1 or cleaned.size == 0:
        raise ValueError(
            f"`{name}` must be one-dimensional and not empty, got shape {cleaned.shape}."
        )
    if cleaned.size > 1 and not (np.diff(cleaned) > 0.0).all():
        where = int(np.argmax(np.diff(cleaned) <= 0.0))
        raise ValueError(
            f"`{name}` must be strictly increasing, got {cleaned[where]:g} followed by "
            f"{cleaned[where + 1]:g} at index {where + 1}."
        )
    if minimum is not None and cleaned[0] < minimum:
        raise ValueError(f"`{name}` must not be below {minimum:g}, got {cleaned[0]:g}.")
    return cleaned


def check_seed(seed: Any, *, name: str = "seed") -> np.random.Generator:
    """Return a generator made from `seed` (a Generator is passed through, None draws entropy)."""
    if isinstance(seed, np.random.Generator):
        return seed
    if seed is None:
        return np.random.default_rng()
    return np.random.default_rng(check_integer(name, seed, minimum=0))
