"""Drives at eight times at once: of eight batteries, or at the stages of one step."""

from __future__ import annotations

import math

import numpy as np

from rzqiskit.dicke import dop853
from rzqiskit.dicke.compiled import inner
from rzqiskit.dicke.pulses import SINE_SQUARED, pulse_slope, pulse_value
from rzqiskit.dicke.vectors import WIDTH, fma, load, splat, store, vrint

__all__ = ["NODES", "lane_pulse_and_slope", "lane_pulses", "stage_pulses"]

NODES = dop853.C.reshape(2, WIDTH).copy()
"""Where in a step its stages stand."""
# Taylor's coefficients of sin(pi r)/r and cos(pi r) in r^2: exact to rounding for |r| <= 1/2
_SINE = np.array(
    [(-1) ** j * math.pi ** (2 * j + 1) / math.factorial(2 * j + 1) for j in range(12)]
)
_COSINE = np.array([(-1) ** j * math.pi ** (2 * j) / math.factorial(2 * j) for j in range(13)])


@inner
def _polynomial(coefficients, x):
    value = splat(coefficients[-1])
    for j in range(coefficients.size - 2, -1, -1):
        value = fma(value, x, splat(coefficients[j]))
    return value


@inner
def _sine(turns):
    """Return sin(pi turns) up to its sign."""
    r = turns - vrint(turns)
    return r * _polynomial(_SINE, r * r)


@inner
def lane_pulses(kind, drive, edges, coefficients, times, values, first, last):
    """Write f at the times in rows first <= row < last; `drive` holds its numbers, (4, 8)."""
    if kind == SINE_SQUARED:
        per_period = 1.0 / load(drive, 1)
        for row in range(first, last):
            sine = _sine(load(times, row) * per_period)
            store(values, row, load(drive, 0) * sine * sine)
    else:
        own, piece = np.empty(4), np.int64(0)
        for lane in range(WIDTH):
            for j in range(4):
                own[j] = drive[j, lane]
            for row in range(first, last):
                t = times[row, lane]
                values[row, lane] = pulse_value(t, kind, own, edges, coefficients, piece)


@inner
def lane_pulse_and_slope(kind, drive, edges, coefficients, times, out, row):
    """Write f at `times` (1, 8) into a row of `out`, df/dt into the next."""
    if kind == SINE_SQUARED:
        per_period = 1.0 / load(drive, 1)
        turns = load(times, 0) * per_period
        r = turns - vrint(turns)
        v0, sine, cosine = load(drive, 0), _sine(turns), _polynomial(_COSINE, r * r)
        store(out, row, v0 * sine * sine)
        store(out, row + 1, v0 * sine * cosine * (2.0 * math.pi) * per_period)
    else:
        own, piece = np.empty(4), np.int64(0)
        for lane in range(WIDTH):
            for j in range(4):
                own[j] = drive[j, lane]
            t = times[0, lane]
            out[row, lane] = pulse_value(t, kind, own, edges, coefficients, piece)
            out[row + 1, lane] = pulse_slope(t, kind, own, edges, coefficients, piece)


@inner
def stage_pulses(t, step, kind, parameters, edges, coefficients, piece, pulses):
    """Write f at the stages of one battery's step into `pulses` (2, 8)."""
    if kind == SINE_SQUARED:
        for row in range(2):
            sine = _sine(splat(1.0 / parameters[1]) * fma(load(NODES, row), splat(step), splat(t)))
            store(pulses, row, parameters[0] * sine * sine)
    else:
        for i in range(2 * WIDTH):
            node = NODES[i // WIDTH, i % WIDTH]
            # the end of the step itself, not what rounding makes of it: a drive may jump there
            at = t + step if node == 1.0 else t + node * step
            pulses[i // WIDTH, i % WIDTH] = pulse_value(
                at, kind, parameters, edges, coefficients, piece
            )
