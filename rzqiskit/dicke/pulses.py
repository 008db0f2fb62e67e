"""Drives in the form that compiled code evaluates: a kind, four numbers, and polynomial pieces.

The library's own pulses are evaluated by their formula. Every other drive, sampled or written by
a user, becomes Chebyshev polynomials on pieces between its breakpoints, refined until they carry
it to rounding.
"""

from __future__ import annotations

import itertools
import math
from typing import NamedTuple

import numpy as np

from rzqiskit.dicke.compiled import inner, kernel
from rzqiskit.drives import (
    Drive,
    ExponentialDrive,
    GaussianDrive,
    HarmonicDrive,
    RectangularDrive,
    SampledDrive,
    SechDrive,
    SineSquaredDrive,
)
from rzqiskit.validation import FloatArray

__all__ = [
    "FORMULA_FIELDS",
    "EncodedDrive",
    "encode_drive",
    "peak_and_area",
    "pulse_slope",
    "pulse_value",
]

SINE_SQUARED, GAUSSIAN, SECH, EXPONENTIAL, RECTANGULAR, HARMONIC, PIECEWISE = range(7)

# drive type -> (kind, fields in the order of the kernel's parameters)
FORMULA_FIELDS: dict[type[Drive], tuple[int, tuple[str, ...]]] = {
    SineSquaredDrive: (SINE_SQUARED, ("amplitude", "period")),
    GaussianDrive: (GAUSSIAN, ("amplitude", "center", "width")),
    SechDrive: (SECH, ("amplitude", "center", "width")),
    ExponentialDrive: (EXPONENTIAL, ("amplitude", "time_constant")),
    RectangularDrive: (RECTANGULAR, ("amplitude",)),
    HarmonicDrive: (HARMONIC, ("amplitude", "angular_frequency", "phase")),
}
_DEGREE = 16
_MAX_PIECES = 20_000
_EPSILON = float(np.finfo(np.float64).eps)
_AREA_TOLERANCE = 1e-8  # to see a peak that was missed, not to check the digits of an area
_SCAN = 4096  # times at which a peak without landmarks is looked for


class EncodedDrive(NamedTuple):
    """What the kernel needs of a drive.

    Attributes:
        kind: which formula.
        parameters: shape (4,), the numbers of the formula.
        edges: shape (num_pieces + 1,), from 0 to the duration; the integrator stops at each.
        coefficients: shape (num_pieces, degree + 1), Chebyshev coefficients, empty for a formula.
    """

    kind: int
    parameters: FloatArray
    edges: FloatArray
    coefficients: FloatArray


def encode_drive(drive: Drive) -> EncodedDrive:
    """Return `drive` in the form of the kernel.

    Args:
        drive: any drive.

    Returns:
        The encoded drive.

    Raises:
        ValueError: the drive is not finite, or too rough for polynomial pieces.

    Examples:
        >>> encode_drive(SineSquaredDrive(20.0, 0.5)).edges.tolist()
        [0.0, 0.5]
    """
    parameters = np.zeros(4)
    if type(drive) in FORMULA_FIELDS:
        kind, names = FORMULA_FIELDS[type(drive)]
        parameters[: len(names)] = [getattr(drive, name) for name in names]
        edges = np.array([0.0, *drive.landmarks, drive.duration])
        return EncodedDrive(kind, parameters, edges, np.empty((0, 1)))
    if isinstance(drive, SampledDrive):
        mean = 0.5 * (drive.values[1:] + drive.values[:-1])
        half_rise = 0.5 * np.diff(drive.values)
        return EncodedDrive(
            PIECEWISE, parameters, np.array(drive.times), np.column_stack([mean, half_rise])
        )
    edges, coefficients = _chebyshev_pieces(drive)
    return EncodedDrive(PIECEWISE, parameters, edges, coefficients)


def _chebyshev_pieces(drive: Drive) -> tuple[FloatArray, FloatArray]:
    nodes = np.cos(np.pi * (np.arange(_DEGREE + 1) + 0.5) / (_DEGREE + 1))
    to_coefficients = np.cos(np.outer(np.arange(_DEGREE + 1), np.arccos(nodes)))
    to_coefficients *= 2.0 / (_DEGREE + 1)
    to_coefficients[0] *= 0.5
    # of the Chebyshev polynomials over [-1, 1]
    even = np.arange(0, _DEGREE + 1, 2)
    integrals = np.zeros(_DEGREE + 1)
    integrals[even] = 2.0 / (1.0 - even.astype(float) ** 2)
    pending = list(_pairs([0.0, *drive.landmarks, float(drive.duration)]))[::-1]
    # Evenly over the window, but in step with nothing.
    scan = np.sort(np.arange(1.0, _SCAN + 1.0) * 0.6180339887498949 % 1.0) * drive.duration
    scanned = _finite_values(drive, scan)
    scale = float(np.abs(scanned).max())
    edges, rows = [0.0], []
    while pending:
        low, high = pending.pop()
        # Gauss nodes stay inside the piece, so that a jump at its ends is never sampled.
        times = 0.5 * (low + high) + 0.5 * (high - low) * nodes
        samples = _finite_values(drive, times)
        row = to_coefficients @ samples
        scale = max(scale, float(np.abs(samples).max()))
        # Times are rounded, so a steep pulse cannot be told better than this.
        steepest = float(np.abs(np.diff(samples) / np.diff(times)).max())
        rounding = 4.0 * _EPSILON * high * steepest
        resolved = np.abs(row[-3:]).max() <= 4e-16 * _DEGREE * scale + rounding
        if resolved:  # ... or the nodes missed a narrow peak, which the area or the scan knows of
            area, width = float(drive.area(low, high)), high - low
            missing = abs(float(0.5 * width * (row @ integrals)) - area)
            resolved = missing <= _AREA_TOLERANCE * (abs(area) + scale * width)
            first, last = np.searchsorted(scan, (low, high))
            if resolved and last > first:
                x = 2.0 * (scan[first:last] - low) / width - 1.0
                off = np.abs(np.polynomial.chebyshev.chebval(x, row) - scanned[first:last]).max()
                resolved = bool(off <= 1e-8 * scale + rounding)
        if not resolved and high - low > 1e-13 * drive.duration:
            middle = 0.5 * (low + high)
            pending += [(middle, high), (low, middle)]
        else:
            edges.append(high)
            rows.append(row)
        if len(rows) + len(pending) > _MAX_PIECES:
            raise ValueError(
                f"`drive` must be smooth between its breakpoints, got a {type(drive).__name__} "
                f"that {_MAX_PIECES} polynomial pieces, or its own area, do not resolve near "
                f"t = {low:g}."
            )
    return np.array(edges), np.array(rows)


def _finite_values(drive: Drive, times: FloatArray) -> FloatArray:
    values = np.asarray(drive.value(times), dtype=np.float64)
    if not np.isfinite(values).all():
        bad = float(times[~np.isfinite(values)].min())
        raise ValueError(f"`drive` must be finite, got a value that is not at t = {bad:g}.")
    return values


def _pairs(points: list[float]) -> list[tuple[float, float]]:
    return [(a, b) for a, b in itertools.pairwise(points) if b > a]


@kernel
def pulse_value(t, kind, parameters, edges, coefficients, piece):
    """Return f(t) on piece number `piece` (compiled)."""
    v0 = parameters[0]
    if kind == SINE_SQUARED:
        s = math.sin(math.pi / parameters[1] * t)
        return v0 * s * s
    if kind == GAUSSIAN:
        u = (t - parameters[1]) / parameters[2]
        return v0 * math.exp(-0.5 * u * u)
    if kind == SECH:
        decay = math.exp(-abs((t - parameters[1]) / parameters[2]))
        return 2.0 * v0 * decay / (1.0 + decay * decay)
    if kind == EXPONENTIAL:
        return v0 * math.exp(-t / parameters[1])
    if kind == RECTANGULAR:
        return v0
    if kind == HARMONIC:
        return v0 * math.cos(parameters[1] * t + parameters[2])
    # Clenshaw's recurrence for the Chebyshev sum
    x = 2.0 * (t - edges[piece]) / (edges[piece + 1] - edges[piece]) - 1.0
    row = coefficients[piece]
    b1 = b2 = 0.0
    for j in range(row.size - 1, 0, -1):
        b1, b2 = row[j] + 2.0 * x * b1 - b2, b1
    return row[0] + x * b1 - b2


@kernel
def pulse_slope(t, kind, parameters, edges, coefficients, piece):
    """Return df/dt on piece number `piece` (compiled)."""
    v0 = parameters[0]
    if kind == SINE_SQUARED:
        rate = math.pi / parameters[1]
        return v0 * rate * math.sin(2.0 * rate * t)
    if kind == HARMONIC:
        return -v0 * parameters[1] * math.sin(parameters[1] * t + parameters[2])
    if kind == RECTANGULAR:
        return 0.0
    if kind != PIECEWISE:
        f = pulse_value(t, kind, parameters, edges, coefficients, piece)
        if kind == EXPONENTIAL:
            return -f / parameters[1]
        u = (t - parameters[1]) / parameters[2]
        return -f * (u if kind == GAUSSIAN else math.tanh(u)) / parameters[2]
    half = 0.5 * (edges[piece + 1] - edges[piece])
    x = (t - edges[piece]) / half - 1.0
    row = coefficients[piece]
    b1 = b2 = d1 = d2 = 0.0
    for j in range(row.size - 1, 0, -1):
        d1, d2 = 2.0 * b1 + 2.0 * x * d1 - d2, d1
        b1, b2 = row[j] + 2.0 * x * b1 - b2, b1
    return (b1 + x * d1 - d2) / half


@inner
def _swept(x):
    """Return the integral of |cos| from 0 to x."""
    half_turns = math.floor(x / math.pi + 0.5)
    return 2.0 * half_turns + math.sin(x - math.pi * half_turns)


@kernel
def peak_and_area(kind, parameters, edges, coefficients):
    """Return the largest |f| and the integral of |f| over the pulse (compiled).

    By the formula where there is one: points of a scan may all lie beside a narrow peak, or on the
    zeros of an oscillation. Of polynomial pieces it is a scan, right to a few percent.
    """
    v0, end = abs(parameters[0]), edges[-1]
    if kind == SINE_SQUARED:
        return v0, 0.5 * v0 * end
    if kind == RECTANGULAR:
        return v0, v0 * end
    if kind == EXPONENTIAL:
        return v0, -v0 * parameters[1] * math.expm1(-end / parameters[1])
    if kind == HARMONIC:
        rate, start = parameters[1], parameters[2]
        stop = rate * end + start
        if math.floor(stop / math.pi) > math.floor(start / math.pi):
            peak = 1.0
        else:
            peak = max(abs(math.cos(start)), abs(math.cos(stop)))
        if rate * end < 1e-8:
            return v0 * peak, v0 * peak * end
        return v0 * peak, v0 * (_swept(stop) - _swept(start)) / rate
    if kind in (GAUSSIAN, SECH):
        low, high = -parameters[1] / parameters[2], (end - parameters[1]) / parameters[2]
        nearest = min(max(0.0, low), high)
        if kind == GAUSSIAN:
            peak = math.exp(-0.5 * nearest * nearest)
            area = math.erf(high / math.sqrt(2.0)) - math.erf(low / math.sqrt(2.0))
            if low * high > 0.0:  # both on one side, where 1 - erf has the digits
                low, high = min(abs(low), abs(high)), max(abs(low), abs(high))
                area = math.erfc(low / math.sqrt(2.0)) - math.erfc(high / math.sqrt(2.0))
            area *= math.sqrt(0.5 * math.pi)
        else:
            decay = math.exp(-abs(nearest))
            peak = 2.0 * decay / (1.0 + decay * decay)
            low, high = max(low, -700.0), min(high, 700.0)
            area = 0.0
            if high > low:
                area = 2.0 * math.atan2(
                    math.sinh(0.5 * (high - low)), math.cosh(0.5 * (high + low))
                )
        return v0 * peak, v0 * parameters[2] * area
    largest = area = 0.0
    points = max(8, 2 * coefficients.shape[1])  # a polynomial cannot hide between so many
    for piece in range(edges.size - 1):
        width = (edges[piece + 1] - edges[piece]) / points
        for i in range(points + 1):
            t = edges[piece] + i * width
            f = abs(pulse_value(t, kind, parameters, edges, coefficients, piece))
            largest = max(largest, f)
            area += f * (0.5 * width if i in (0, points) else width)
    return largest, area
