"""The parameters of the paper's figures, by number.

Guo, Yang, Dou, Phys. Rev. A 109, 032201 (2024): the captions of Figs. 2-7, with Delta = 1. Where a
caption names no range for an axis the range here is a choice, and its comment says so.
"""

from __future__ import annotations

import math

import numpy as np

from rzqiskit.drives import SineSquaredDrive
from rzqiskit.model import PairCounting, RosenZenerBattery
from rzqiskit.validation import (
    FloatArray,
    check_integer,
    check_positive,
    check_positive_integer,
)

__all__ = [
    "AMPLITUDES",
    "AMPLITUDE_RANGE",
    "CUT_AMPLITUDES",
    "CUT_PERIODS",
    "INTERACTION",
    "LEVEL_NUM_QUBITS",
    "LEVEL_RANGE",
    "MAP_PERIOD_RANGE",
    "NUM_QUBITS",
    "PERIOD",
    "SCALING_AMPLITUDE",
    "SCALING_INTERACTIONS",
    "SCALING_NUM_QUBITS",
    "full_charging_amplitude",
    "paper_battery",
    "sample_range",
]

NUM_QUBITS = 10
"""N of Figs. 2-5."""
INTERACTION = 2.0
"""lambda = eta / Delta of Figs. 2-5."""
PERIOD = 0.1 * math.pi
"""Delta T of Figs. 2, 6 and 7."""
AMPLITUDES = (10.0, 20.0, 40.0, 60.0)
"""v0 / Delta of the curves of Fig. 2."""

AMPLITUDE_RANGE = (0.0, 60.0)
"""v0 / Delta of the maps of Figs. 3 and 5 and of Fig. 4(a, b): a choice, up to Fig. 2's largest."""
MAP_PERIOD_RANGE = (0.0, 0.2 * math.pi)
"""Delta T of the same maps and of Fig. 4(c, d): a choice, up to Fig. 4(b)'s period."""
CUT_PERIODS = (0.1 * math.pi, 0.2 * math.pi)
"""Delta T of Fig. 4(a) and (b)."""
CUT_AMPLITUDES = (10.0, 20.0)
"""v0 / Delta of Fig. 4(c) and (d)."""

LEVEL_NUM_QUBITS = 100
"""N of Fig. 6."""
LEVEL_RANGE = (0.0, 2.0)
"""lambda of Fig. 6(a): a choice, around the transition."""
SCALING_AMPLITUDE = 20.0
"""v0 / Delta of Figs. 6(b) and 7."""
SCALING_INTERACTIONS = (-30.0, -15.0, 1.0, 15.0, 30.0)
"""lambda of the curves of Fig. 7."""
SCALING_NUM_QUBITS = range(1, 101)
"""N of Fig. 7."""


def paper_battery(
    *,
    num_qubits: int = NUM_QUBITS,
    amplitude: float = SCALING_AMPLITUDE,
    period: float = PERIOD,
    interaction: float = INTERACTION,
    level_splitting: float = 1.0,
    pair_counting: PairCounting = "ordered",
) -> RosenZenerBattery:
    """Return a battery of the paper: the pulse of Eq. 5, by default with Fig. 2's parameters.

    Args:
        num_qubits: N.
        amplitude: v0, energy.
        period: T, inverse energy.
        interaction: eta, energy.
        level_splitting: Delta, energy.
        pair_counting: "ordered" or "unordered".

    Returns:
        The battery.

    Examples:
        >>> paper_battery(amplitude=40.0).drive.amplitude
        40.0
    """
    return RosenZenerBattery(
        num_qubits=num_qubits,
        drive=SineSquaredDrive(amplitude=amplitude, period=period),
        level_splitting=level_splitting,
        interaction=interaction,
        pair_counting=pair_counting,
    )


def sample_range(bounds: tuple[float, float], num_samples: int) -> FloatArray:
    """Return `num_samples` equidistant values of (low, high]: the low end is left out.

    Args:
        bounds: low and high end.
        num_samples: how many.

    Returns:
        Shape (num_samples,).

    Examples:
        >>> sample_range((0.0, 60.0), 3).tolist()
        [20.0, 40.0, 60.0]
    """
    low, high = bounds
    num_samples = check_positive_integer("num_samples", num_samples)
    return low + (high - low) * np.arange(1, num_samples + 1) / num_samples


def full_charging_amplitude(period: float, n: int = 0) -> float:
    """Return the amplitude at which v0 T = (4n + 2) pi, where Eq. 25 is largest.

    Args:
        period: T, inverse energy.
        n: number of the maximum, from 0.

    Returns:
        v0, energy.

    Raises:
        TypeError: an argument of the wrong type.
        ValueError: a period that is not positive and finite, a negative number.

    Examples:
        >>> round(full_charging_amplitude(PERIOD), 12)
        20.0
    """
    return (4 * check_integer("n", n, minimum=0) + 2) * math.pi / check_positive("period", period)
