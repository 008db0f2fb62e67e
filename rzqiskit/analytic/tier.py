"""What every analytic tier hands to `evolve_analytic`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from rzqiskit.validation import FloatArray

__all__ = ["Tier", "divide_by_time", "remember_last"]

_Value = TypeVar("_Value")


@dataclass(frozen=True, slots=True)
class Tier:
    """A closed form of one battery, as functions of time.

    Attributes:
        metrics: for every name in ``schema.METRICS`` a function of times, shape (num_times,), to
            values of the same shape.
        population: times -> shape (num_times, N + 1); None where the formulas define none.
        validity: in words, where the tier can be trusted.
        singular_start: the average power diverges at t = 0, because the formula stores energy
            before any time has passed (the printed Eq. 17).
        maxima: (start, stop) -> name -> (maximum, its time) of the metrics whose maximum has a
            closed form; the others are searched for.
    """

    metrics: Mapping[str, Callable[[FloatArray], FloatArray]]
    population: Callable[[FloatArray], FloatArray] | None
    validity: str
    singular_start: bool = False
    maxima: Callable[[float, float], dict[str, tuple[float, float]]] | None = None


def divide_by_time(energy: npt.ArrayLike, times: npt.ArrayLike) -> FloatArray:
    """Return the average power E/t, zero at t = 0.

    Args:
        energy: shape (num_times,), energy.
        times: shape (num_times,), inverse energy.

    Returns:
        Shape (num_times,), energy squared.

    Examples:
        >>> divide_by_time([0.0, 3.0], [0.0, 2.0])
        array([0. , 1.5])
    """
    stored, time = np.asarray(energy, dtype=np.float64), np.asarray(times, dtype=np.float64)
    return np.divide(stored, time, out=np.zeros(np.shape(stored)), where=time > 0.0)


def remember_last(function: Callable[[FloatArray], _Value]) -> Callable[[FloatArray], _Value]:
    """Return `function` with the result for the last array of times kept.

    The metrics of one tier are asked for on the same times, one after the other.

    Args:
        function: of an array of times, without side effects.

    Returns:
        The same function; its results are not to be changed by the caller.

    Examples:
        >>> doubled = remember_last(lambda times: 2.0 * times)
        >>> doubled(np.array([1.0])) is doubled(np.array([1.0]))
        True
    """
    last: list[tuple[bytes, _Value]] = []

    def remembered(times: FloatArray) -> _Value:
        key = times.tobytes()
        if not last or last[0][0] != key:
            last[:] = [(key, function(times))]
        return last[0][1]

    return remembered
