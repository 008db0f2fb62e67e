"""Checks of what runs on devices are asked for, beyond those of `rzqiskit.validation`."""

from __future__ import annotations

import os
from itertools import pairwise
from pathlib import Path
from typing import Any

from rzqiskit.circuits.product_formula import Formula
from rzqiskit.validation import check_finite, check_integer, check_positive_integer

__all__ = [
    "MAX_NOISE_FACTOR",
    "MAX_SHOTS",
    "check_folder",
    "check_noise_factors",
    "plain_formula",
]

MAX_SHOTS = 10**8
"""Most shots of a circuit: hours on a device, and thousands of jobs."""
MAX_NOISE_FACTOR = 1000.0
"""Largest noise factor: circuits grow with it, and long before nothing is left of their states."""


def check_folder(folder: Any) -> Path:
    """Return the path of a run folder, there or not.

    Examples:
        >>> check_folder(b"run")
        Traceback (most recent call last):
        TypeError: `folder` must be a path, got bytes.
    """
    if not isinstance(folder, (str, os.PathLike)) or not isinstance(os.fspath(folder), str):
        raise TypeError(f"`folder` must be a path, got {type(folder).__name__}.")
    return Path(folder)


def check_noise_factors(values: Any) -> list[float]:
    """Return noise factors, from 1 upwards.

    Examples:
        >>> check_noise_factors((1, 3))
        [1.0, 3.0]
    """
    if isinstance(values, str) or not hasattr(values, "__iter__"):
        raise TypeError(
            f"`noise_factors` must be a sequence of numbers, got {type(values).__name__}."
        )
    factors = [check_finite("noise_factors", value) for value in values]
    rising = all(low < high for low, high in pairwise(factors))
    if not factors or factors[0] != 1.0 or not rising:
        shown = ", ".join(f"{factor:g}" for factor in factors)
        raise ValueError(f"`noise_factors` must start with 1 and increase strictly, got ({shown}).")
    if factors[-1] > MAX_NOISE_FACTOR:
        raise ValueError(
            f"`noise_factors` must be at most {MAX_NOISE_FACTOR:g}, got {factors[-1]:g}."
        )
    return factors


def plain_formula(formula: Formula) -> Formula:
    """Return a formula with integers of Python's, as JSON can hold them."""
    return Formula(
        **{
            **formula,
            "num_steps": check_positive_integer("num_steps", formula["num_steps"]),
            "order": check_integer("order", formula["order"], minimum=1),
        }
    )
