"""Single and nested integrals of exponentials, accurate through every resonance."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["double_exponential", "single_exponential"]

ComplexArray = npt.NDArray[np.complex128]


def single_exponential(frequency: npt.ArrayLike, tau: npt.ArrayLike) -> ComplexArray:
    """Return the integral of exp(2 pi i nu s) over 0 <= s <= tau.

    Args:
        frequency: nu, any shape.
        tau: upper limits, broadcast against `frequency`.

    Returns:
        The broadcast shape.

    Examples:
        >>> single_exponential(0.0, 0.25)
        np.complex128(0.25+0j)
    """
    nu, upper = np.asarray(frequency, dtype=np.float64), np.asarray(tau, dtype=np.float64)
    turn = nu * upper
    return upper * np.exp(1j * np.pi * turn) * np.sinc(turn)


def double_exponential(
    outer: npt.ArrayLike, inner: npt.ArrayLike, tau: npt.ArrayLike
) -> ComplexArray:
    """Return the integral of exp(2 pi i mu s) int_0^s exp(2 pi i nu r) dr ds over 0 <= s <= tau.

    By Hermite and Genocchi it is tau^2 times the divided difference of exp at 0, 2 pi i mu tau
    and 2 pi i (mu + nu) tau. That is taken over the widest pair last; where all three points lie
    close together, it is summed as a Taylor series.

    Args:
        outer: mu, any shape.
        inner: nu, broadcast against `outer`.
        tau: upper limits, broadcast against both.

    Returns:
        The broadcast shape.

    Examples:
        >>> double_exponential(0.0, 0.0, 1.0)
        np.complex128(0.5+0j)
    """
    upper = np.asarray(tau, dtype=np.float64)
    first = 2.0 * np.pi * np.asarray(outer, dtype=np.float64) * upper
    second = first + 2.0 * np.pi * np.asarray(inner, dtype=np.float64) * upper
    points = np.sort(np.stack(np.broadcast_arrays(np.zeros(()), first, second)), axis=0)
    low, middle, high = points
    width = high - low
    close = width < 1.0
    spread = np.where(close, 1.0, width)
    quotient = (_difference(middle, high) - _difference(low, middle)) / (1j * spread)
    # exp[x0, x1, x2] about the lowest point: sum_n h_n(0, a, b)/(n + 2)!, h_n the complete
    # homogeneous polynomials; |a|, |b| < 1 gives 20 digits with 18 terms.
    a, b = np.where(close, middle - low, 0.0), np.where(close, width, 0.0)
    homogeneous: Any = np.ones_like(a, dtype=np.complex128)
    power: Any = np.ones_like(a, dtype=np.complex128)
    series = homogeneous / 2.0
    for n in range(1, 19):
        power = power * (1j * b)
        homogeneous = homogeneous * (1j * a) + power
        series = series + homogeneous / math.factorial(n + 2)
    return upper**2 * np.where(close, np.exp(1j * low) * series, quotient)


def _difference(start: Any, stop: Any) -> Any:
    """Return (exp(i stop) - exp(i start))/(i stop - i start)."""
    return np.exp(0.5j * (start + stop)) * np.sinc((stop - start) / (2.0 * np.pi))
