r"""The metrics of a charging battery, from its populations: E, P, Sigma, S and their maxima.

Populations are p_k, the probability of k excited cells, with k = 0..N on the last axis. hbar = 1:
energies are in the unit of `level_splitting`, times in its inverse.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize_scalar
from scipy.special import entr

from rzqiskit.validation import check_non_negative, check_times

__all__ = [
    "average_power",
    "diagonal_entropy",
    "energy_fluctuation",
    "refined_maximum",
    "sampled_maximum",
    "stored_energy",
]

FloatArray = npt.NDArray[np.float64]

_EPSILON = float(np.finfo(np.float64).eps)


def stored_energy(populations: npt.ArrayLike, level_splitting: float) -> FloatArray:
    """Return the stored energy E = Delta sum_k k p_k.

    Args:
        populations: p_k, shape (..., N + 1), k excited cells on the last axis.
        level_splitting: Delta, energy.

    Returns:
        E, shape (...), energy.

    Raises:
        TypeError: an argument is not numeric.
        ValueError: populations without a last axis or not finite, a negative level splitting.

    Examples:
        >>> float(stored_energy([0.25, 0.5, 0.25], 2.0))
        2.0
    """
    p = _check_populations(populations)
    return check_non_negative("level_splitting", level_splitting) * (p @ _excitations(p))


def average_power(stored_energy: npt.ArrayLike, times: npt.ArrayLike) -> FloatArray:
    """Return the average charging power P = E / t, and its limit 0 at t = 0.

    The limit is 0 for every drive: dE/dt = Delta f(t) <Jy>, and <Jy> = 0 in the ground state.

    Args:
        stored_energy: E, shape (..., num_times), energy.
        times: t, shape (num_times,), not negative and strictly increasing.

    Returns:
        P, shape (..., num_times), energy squared.

    Raises:
        TypeError: an argument is not numeric.
        ValueError: bad times, or energies that do not match them.

    Examples:
        >>> average_power([0.0, 1.0, 3.0], [0.0, 0.5, 1.0])
        array([0., 2., 3.])
    """
    t = check_times(times)
    energy = _check_real("stored_energy", stored_energy)
    if energy.ndim == 0 or energy.shape[-1] != t.size:
        raise ValueError(
            f"`stored_energy` must have {t.size} entries on its last axis, one for each time, "
            f"got shape {energy.shape}."
        )
    return np.divide(energy, t, out=np.zeros_like(energy), where=t > 0.0)


def energy_fluctuation(populations: npt.ArrayLike, level_splitting: float) -> FloatArray:
    """Return the energy fluctuation Sigma = Delta sd(k).

    The deviations are taken from the mean before they are squared, so nothing cancels, neither at
    a million cells nor where the state is all but certain.

    Args:
        populations: p_k, shape (..., N + 1), k excited cells on the last axis.
        level_splitting: Delta, energy.

    Returns:
        Sigma, shape (...), energy.

    Raises:
        TypeError: an argument is not numeric.
        ValueError: populations that are negative, not finite or all zero, a negative level
            splitting.

    Examples:
        >>> float(energy_fluctuation([0.5, 0.0, 0.5], 2.0))
        2.0
    """
    p = _check_not_negative(_check_populations(populations))
    k = _excitations(p)
    norm = p.sum(axis=-1)
    if not (norm > 0.0).all():
        raise ValueError("`populations` must have a positive sum, got only zeros.")
    # A mean divided by the norm keeps a norm error of 1e-13 out of k^2, which may be 1e12.
    deviation = k - ((p @ k) / norm)[..., np.newaxis]
    variance: FloatArray = np.einsum("...k,...k,...k->...", p, deviation, deviation)
    sigma: FloatArray = check_non_negative("level_splitting", level_splitting) * np.sqrt(variance)
    return sigma


def diagonal_entropy(populations: npt.ArrayLike) -> FloatArray:
    """Return the diagonal entropy S = -sum_k p_k log2 p_k over the N + 1 Dicke populations.

    Args:
        populations: p_k, shape (..., N + 1), k excited cells on the last axis; 0 log 0 = 0.

    Returns:
        S, shape (...), bits.

    Raises:
        TypeError: populations that are not numeric.
        ValueError: populations that are negative or not finite.

    Examples:
        >>> float(diagonal_entropy([0.5, 0.5, 0.0]))
        1.0
    """
    p = _check_not_negative(_check_populations(populations))
    entropy: FloatArray = entr(p).sum(axis=-1) / np.log(2.0)
    return entropy + 0.0  # a certain state has 0, not -0


def refined_maximum(
    function: Callable[[float], float], times: npt.ArrayLike, values: npt.ArrayLike
) -> tuple[float, float]:
    """Return the maximum of `function` between the samples, and its time.

    Each local maximum of the samples that can still win is searched between its neighbours. What
    it can rise above its sample follows from the curvature of the samples, as for a parabola;
    four times as much is allowed for.

    Args:
        function: value at one time within the range of `times`.
        times: t, shape (num_times,), strictly increasing.
        values: function at `times`, shape (num_times,).

    Returns:
        The maximum, in the unit of `values`, never below the largest sample and right to about
        rounding; its time, right to about the square root of rounding (a maximum is flat), the
        earliest of equal ones among the samples.

    Raises:
        TypeError: samples that are not numeric, a function that cannot be called.
        ValueError: bad times, or values that do not match them or are not finite, also between
            the samples.

    Examples:
        >>> times = np.linspace(0.0, 3.0, 8)
        >>> maximum, time = refined_maximum(np.sin, times, np.sin(times))
        >>> bool(abs(maximum - 1.0) < 1e-14), bool(abs(time - np.pi / 2) < 1e-6)
        (True, True)
    """
    if not callable(function):
        raise TypeError(f"`function` must be callable, got {type(function).__name__}.")
    t, v = _check_samples(times, values)

    def negative(x: float) -> float:
        value = float(function(float(x)))
        if not math.isfinite(value):
            raise ValueError(f"`function` must be finite, got {value!r} at {float(x):g}.")
        return -value

    best = int(np.argmax(v))
    maximum, time = float(v[best]), float(t[best])
    # Highest first, so that low ones are out of the race before they cost an evaluation.
    for value, rise, left, right in sorted(_local_maxima(t, v), key=lambda peak: -peak[0]):
        if rise <= 4.0 * _EPSILON * abs(value) or value + rise <= maximum:
            continue
        width = t[right] - t[left]
        result = minimize_scalar(
            negative,
            bounds=(t[left], t[right]),
            method="bounded",
            options={"xatol": 1e-9 * width, "maxiter": 100},
        )
        if -result.fun > maximum + 4.0 * _EPSILON * abs(maximum):
            maximum, time = float(-result.fun), float(result.x)
    return maximum, time


def sampled_maximum(times: npt.ArrayLike, values: npt.ArrayLike) -> tuple[float, float]:
    """Return the maximum of a smooth curve known by samples without noise, and its time.

    Between the neighbours of each local maximum of the samples the curve is the polynomial of
    degree four through the five nearest samples (of lower degree with fewer samples). Where that
    is far from the parabola through the three nearest, the samples do not resolve the curve
    (a spike, a jump), and the sample itself stands.

    Args:
        times: t, shape (num_times,), strictly increasing.
        values: the curve at `times`, shape (num_times,).

    Returns:
        The maximum, in the unit of `values`, never below the largest sample, and its time. The
        error of the maximum falls with the fifth power of the sample spacing where the curve is
        smooth, with the first power at a kink.

    Raises:
        TypeError: samples that are not numeric.
        ValueError: bad times, or values that do not match them or are not finite.

    Examples:
        >>> times = np.linspace(0.0, 3.0, 31)
        >>> maximum, time = sampled_maximum(times, np.sin(times))
        >>> bool(abs(maximum - 1.0) < 1e-7), bool(abs(time - np.pi / 2) < 1e-5)
        (True, True)
    """
    t, v = _check_samples(times, values)
    best = int(np.argmax(v))
    maximum, time = float(v[best]), float(t[best])
    for value, rise, left, right in _local_maxima(t, v):
        if rise <= 4.0 * _EPSILON * abs(value) or value + rise <= maximum:
            continue
        parabola, curve = (_local_polynomial(t, v, left, right, n) for n in (3, 5))
        between = np.linspace(t[left], t[right], 17)
        if np.abs(parabola(between) - curve(between)).max() > 0.1 * rise:
            continue
        height, at = _peak_of_polynomial(curve, t[left], t[right])
        if height > maximum + 64.0 * _EPSILON * abs(maximum):
            maximum, time = height, at
    return maximum, time


def _local_maxima(t: FloatArray, v: FloatArray) -> list[tuple[float, float, int, int]]:
    """Return (value, largest plausible rise above it, left, right) of every local maximum.

    The rise is four times what a parabola allows, infinite where too few samples tell. Equal
    neighbours count as one maximum; left and right are the indices of the samples that enclose it.
    """
    # Starts of the runs of equal samples; a run is a maximum if both neighbours are lower.
    starts = np.flatnonzero(np.r_[True, np.diff(v) != 0.0])
    ends = np.r_[starts[1:], v.size] - 1
    level = v[starts]
    lower_left = np.r_[True, level[1:] > level[:-1]]
    lower_right = np.r_[level[:-1] > level[1:], True]
    peaks = []
    for run in map(int, np.flatnonzero(lower_left & lower_right)):
        start, end = int(starts[run]), int(ends[run])
        left, right = max(start - 1, 0), min(end + 1, v.size - 1)
        if left == right:
            continue
        # A parabola of curvature c rises by at most c h^2 / 4 above the higher of two samples at
        # distance h; at an edge the curvature is that of the three outermost levels.
        outer = min(max(run, 1), starts.size - 2)
        trio = starts[outer - 1 : outer + 2] if starts.size > 2 else starts[:0]
        spacing = float(np.diff(t[left : right + 1]).max())
        rise = _curvature(t[trio], v[trio]) * spacing**2 if trio.size else np.inf
        peaks.append((float(level[run]), rise, left, right))
    return peaks


def _curvature(t: FloatArray, v: FloatArray) -> float:
    """Return |c| of the parabola a + b t + c t^2 through three samples."""
    slopes = np.diff(v) / np.diff(t)
    return float(abs(slopes[1] - slopes[0]) / (t[2] - t[0]))


def _local_polynomial(
    t: FloatArray, v: FloatArray, left: int, right: int, num_points: int
) -> np.polynomial.Polynomial:
    """Return the polynomial through the samples nearest to the middle of a bracket."""
    middle = 0.5 * (t[left] + t[right])
    nearest = np.sort(np.argsort(np.abs(t - middle), kind="stable")[:num_points])
    return np.polynomial.Polynomial.fit(t[nearest], v[nearest], nearest.size - 1)


def _peak_of_polynomial(
    curve: np.polynomial.Polynomial, left: float, right: float
) -> tuple[float, float]:
    """Return the maximum of a polynomial in [left, right] and where it is."""
    roots = curve.deriv().roots()
    inside = roots.real[(abs(roots.imag) < 1e-12) & (roots.real > left) & (roots.real < right)]
    candidates = np.r_[left, right, inside]
    heights = curve(candidates)
    best = int(np.argmax(heights))
    return float(heights[best]), float(candidates[best])


def _excitations(populations: FloatArray) -> FloatArray:
    return np.arange(populations.shape[-1], dtype=np.float64)


def _check_real(name: str, value: Any) -> FloatArray:
    try:
        array = np.asarray(value)
    except ValueError:
        raise ValueError(f"`{name}` must be a rectangular array, got a ragged one.") from None
    if array.dtype.kind not in "iuf":
        raise TypeError(f"`{name}` must be an array of real numbers, got dtype {array.dtype}.")
    cleaned = array.astype(np.float64, copy=False)
    if not np.isfinite(cleaned).all():
        raise ValueError(f"`{name}` must be finite, got {cleaned[~np.isfinite(cleaned)][0]!s}.")
    return cleaned


def _check_populations(populations: Any) -> FloatArray:
    cleaned = _check_real("populations", populations)
    if cleaned.ndim == 0 or cleaned.shape[-1] < 2:
        raise ValueError(
            "`populations` must have N + 1 >= 2 entries on its last axis, "
            f"got shape {cleaned.shape}."
        )
    return cleaned


def _check_not_negative(populations: FloatArray) -> FloatArray:
    if (populations < 0.0).any():
        raise ValueError(f"`populations` must not be negative, got {populations.min():g}.")
    return populations


def _check_samples(times: Any, values: Any) -> tuple[FloatArray, FloatArray]:
    t = check_times(times, minimum=None)
    v = _check_real("values", values)
    if v.shape != t.shape:
        raise ValueError(f"`values` must have the shape of `times`, {t.shape}, got {v.shape}.")
    return t, v
