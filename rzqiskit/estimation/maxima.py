r"""Maxima of measured curves, which the largest measured point overestimates.

The largest of many noisy points is the luckiest as much as the highest: along the flat top of a
curve, where twenty points lie within one error bar, it is two error bars too high on average and
its own error bar knows nothing of it. The curve is smooth, so a cubic spline is fitted to all
points first, with as many pieces as the noise lets see (Akaike's criterion). Its maximum is still
too high by a little; how much, and how uncertain it is, is told by drawing splines from the fit's
covariance (a parametric bootstrap).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.interpolate import BSpline, make_interp_spline
from scipy.ndimage import maximum_filter1d

from rzqiskit.validation import check_real_array, check_times

__all__ = ["estimate_maximum", "estimate_summaries"]

FloatArray = npt.NDArray[np.float64]

_NUM_DRAWS = 200
_POINTS_PER_SAMPLE = 8
# In errors of the difference from the largest value of the curve: times lower by less may be that
# of the maximum, a time lower by more parts two maxima.
_DIP = 3.0
_SHARE_OF_ERROR = 0.65
_SHARE_AT_END = 2.0


def estimate_maximum(
    times: npt.ArrayLike, values: npt.ArrayLike, stderr: npt.ArrayLike
) -> tuple[float, float, float, float]:
    """Return the maximum of a smooth measured curve and its time, each with a standard error.

    Args:
        times: t, shape (num_times,), strictly increasing.
        values: the measured curve, shape (num_times,); points of different times independent.
        stderr: its standard errors, shape (num_times,). A point with the error 0 was not
            measured (the power at t = 0) and takes no part, unless all are.

    Returns:
        The maximum between the first and last measured time, less the bias of the bootstrap; its
        standard error, with that bias in quadrature; its time, and the time's standard error,
        which is large where separate maxima compete. The same input gives the same result: the
        draws are fixed. No error knows of what the curve does between points too far apart to
        show it, nor of what all points are off by alike (Sigma and S of five shots, a readout
        calibration).

    Raises:
        TypeError: samples that are not numeric.
        ValueError: bad times, or arrays that do not match them; a negative error.

    Examples:
        >>> times = np.linspace(0.0, 1.0, 21)
        >>> maximum, stderr, time, time_stderr = estimate_maximum(
        ...     times, 1.0 - (times - 0.4) ** 2, np.full(21, 0.01)
        ... )
        >>> round(maximum, 2), round(stderr, 3), round(time, 2), round(time_stderr, 2)
        (1.0, 0.004, 0.4, 0.01)
    """
    t = check_times(times, minimum=None)
    v, error = (_check_matching(n, a, t) for n, a in (("values", values), ("stderr", stderr)))
    if (error < 0.0).any():
        raise ValueError(f"`stderr` must not be negative, got {error.min():g}.")
    measured = error > 0.0
    if not measured.any() or t[measured].size == 1:
        best = int(np.argmax(np.where(measured, v, -np.inf) if measured.any() else v))
        return float(v[best]), float(error[best]), float(t[best]), 0.0
    t, v = t[measured], v[measured]
    # An error estimated from the same shots is too small where the value is extreme by chance;
    # the largest of three neighbours keeps such points from drawing the curve to them.
    error = maximum_filter1d(error[measured], 3, mode="nearest")

    knots, coefficients, covariance = _fit_spline(t, v, error)
    nodes = np.arange(t.size)
    fine = np.interp(np.linspace(0, t.size - 1, (t.size - 1) * _POINTS_PER_SAMPLE + 1), nodes, t)
    degree = knots.size - coefficients.size - 1
    design = BSpline.design_matrix(fine, knots, degree)
    curve = design @ coefficients
    normal = np.random.default_rng(0).standard_normal((coefficients.size, _NUM_DRAWS // 2))
    noise = np.linalg.cholesky(covariance) @ np.hstack([normal, -normal])
    drawn = curve[:, np.newaxis] + design @ noise
    maxima = drawn.max(axis=0)
    peak = int(np.argmax(curve))
    bias = float(maxima.mean() - curve[peak])
    height, time = _vertex(fine, curve, peak)
    spread = np.mean((fine[drawn.argmax(axis=0)] - time) ** 2)
    # Along a flat top the fit's own maximum is one of many: all times at which the curve is lower
    # than there by less than a share of the error of the difference could be it. Where the curve
    # is a parabola half of that error is reached at a distance of the spread above.
    lower = curve[peak] - curve
    uncertain = np.std(drawn - drawn[peak], axis=1)
    # Another maximum, beyond a dip that is more than noise, is none of these: the draws know it.
    dips = np.flatnonzero(lower > _DIP * uncertain)
    left, right = dips[dips < peak], dips[dips > peak]
    top = lower <= _SHARE_OF_ERROR * uncertain
    # A curve that ends flat has its maximum there often, and noise in front of it as often: it is
    # no maximum on both sides of which the curve falls.
    ends = [0, -1]
    top[ends] = lower[ends] <= _SHARE_AT_END * uncertain[ends]
    top[: left[-1] if left.size else 0] = False
    top[right[0] if right.size else top.size :] = False
    reach = np.abs(fine[top] - time).max()
    spread = max(spread, reach**2)
    # No finer than the points at which the draws were compared.
    time_error = float(np.sqrt(spread + np.diff(fine).max() ** 2 / 12.0))
    return height - bias, float(np.hypot(maxima.std(), bias)), time, time_error


def _fit_spline(
    t: FloatArray, v: FloatArray, error: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return knots, coefficients and covariance of the fitted spline."""
    criteria = {0: 2.0 * t.size}  # 0 pieces: the spline through every point
    num_pieces = 1
    while t.size >= 6 and num_pieces <= t.size // 2:
        criteria[num_pieces] = _least_squares(t, v, error, num_pieces)[0] + 2.0 * (num_pieces + 3)
        num_pieces = max(num_pieces + 1, num_pieces * 6 // 5)
    # The best spline balances bias and noise, and its covariance knows of the noise alone: twice
    # as many pieces make the bias small against it.
    chosen = min(criteria, key=lambda pieces: criteria[pieces])
    num_pieces = 2 * chosen
    if chosen == 0 or num_pieces + 3 >= t.size or num_pieces > 2 * t.size // 3:
        spline = make_interp_spline(t, np.eye(t.size), k=min(3, t.size - 1))
        return spline.t, spline.c @ v, (spline.c * error**2) @ spline.c.T
    chi_squared, knots, coefficients, r = _least_squares(t, v, error, num_pieces)
    inverse = np.linalg.inv(r)
    # What no spline fits (a kink) widens the error.
    widening = max(1.0, chi_squared / (t.size - coefficients.size))
    return knots, coefficients, widening * inverse @ inverse.T


def _least_squares(
    t: FloatArray, v: FloatArray, error: FloatArray, num_pieces: int
) -> tuple[float, FloatArray, FloatArray, FloatArray]:
    """Return chi^2, knots, coefficients and triangular factor of a cubic spline's fit."""
    breaks = np.interp(np.linspace(0, t.size - 1, num_pieces + 1), np.arange(t.size), t)
    knots = np.r_[[breaks[0]] * 3, breaks, [breaks[-1]] * 3]
    design = BSpline.design_matrix(t, knots, 3).toarray() / error[:, np.newaxis]
    q, r = np.linalg.qr(design)
    coefficients = np.linalg.solve(r, q.T @ (v / error))
    chi_squared = float(np.sum((v / error - design @ coefficients) ** 2))
    return chi_squared, knots, coefficients, r


def _vertex(t: FloatArray, v: FloatArray, peak: int) -> tuple[float, float]:
    """Return height and time of the parabola through a sampled maximum and its neighbours."""
    if peak in (0, t.size - 1):
        return float(v[peak]), float(t[peak])
    x, y = t[peak - 1 : peak + 2] - t[peak], v[peak - 1 : peak + 2] - v[peak]
    slope_left, slope_right = y[0] / x[0], y[2] / x[2]
    bend = (slope_right - slope_left) / (x[2] - x[0])
    if bend >= 0.0:
        return float(v[peak]), float(t[peak])
    slope = slope_left - bend * x[0]
    return float(v[peak] - slope**2 / (4.0 * bend)), float(t[peak] - slope / (2.0 * bend))


def estimate_summaries(
    times: npt.ArrayLike, metrics: Mapping[str, tuple[npt.ArrayLike, npt.ArrayLike]]
) -> dict[str, tuple[float, float]]:
    """Return maxima, their times and final values of measured metrics, with standard errors.

    Args:
        times: t, shape (num_times,), strictly increasing.
        metrics: name -> (values, standard errors), both shape (num_times,), as
            `estimate_metrics` gives them; entries of another shape (`population`) are left out.

    Returns:
        name -> (value, standard error) of ``maximum_<name>`` and ``time_of_maximum_<name>``, see
        `estimate_maximum`, and ``final_<name>``, the value measured at the last time.

    Raises:
        TypeError: samples that are not numeric.
        ValueError: bad times, a negative error.

    Examples:
        >>> summaries = estimate_summaries(
        ...     [0.0, 1.0, 2.0], {"stored_energy": ([0.0, 1.0, 2.0], [0.01, 0.01, 0.02])}
        ... )
        >>> summaries["final_stored_energy"]
        (2.0, 0.02)
    """
    t = check_times(times, minimum=None)
    summaries: dict[str, tuple[float, float]] = {}
    for name, (values, stderr) in metrics.items():
        if np.shape(values) != t.shape:
            continue
        maximum, error, time, time_error = estimate_maximum(t, values, stderr)
        summaries[f"maximum_{name}"] = (maximum, error)
        summaries[f"time_of_maximum_{name}"] = (time, time_error)
        last, last_error = np.asarray(values)[-1], np.asarray(stderr)[-1]
        summaries[f"final_{name}"] = (float(last), float(last_error))
    return summaries


def _check_matching(name: str, values: Any, times: FloatArray) -> FloatArray:
    array = check_real_array(name, values)
    if array.shape != times.shape:
        raise ValueError(
            f"`{name}` must have the shape of `times`, {times.shape}, got {array.shape}."
        )
    return array
