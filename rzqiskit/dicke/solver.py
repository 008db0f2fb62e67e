"""Solve one battery, or many in one compiled call: the engine behind `evolve_exact`.

The tolerance is mapped onto the integrator here. E and P_I are read off the triad directly, so its
error is held below the tolerance itself, and below tolerance / (max|f| / Delta) for the sake of
P_I = Delta f <Jy>; Sigma and S are relative to their largest value, which a weak pulse makes
small, so the tolerances shrink with the largest tilt of the mean field.
"""

from __future__ import annotations

import math

import numpy as np

from rzqiskit.dicke.compiled import inner, kernel
from rzqiskit.dicke.entropy import find_entropy_maximum, sample_populations
from rzqiskit.dicke.frame import (
    DONE,
    DRIFT,
    LEVELS,
    MORE,
    REJECTED,
    STEPS,
    TIME,
    WEIGHT,
    initial_state,
    integrate_frame,
)
from rzqiskit.dicke.observables import FLUCTUATION, NUM_MOMENTS, POWER, find_maxima, sample_metrics
from rzqiskit.dicke.pulses import peak_and_area

__all__ = [
    "FLOOR",
    "LONG",
    "NUM_METRICS",
    "REPORT_FIELDS",
    "ROUNDING",
    "SAFETY",
    "solve_batch",
    "solve_battery",
]

NUM_METRICS = 5
REPORT_FIELDS = (
    "num_levels",
    "num_steps",
    "num_rejected_steps",
    "truncation_weight",
    "norm_drift",
    "local_tolerance",
    "tilt",
    "end_time",
    "window_width",
)
# Local error against the tolerance, and the steps that it may add up over: measured over random
# problems, see tests/test_exact_tolerance.py.
SAFETY = 0.12
LONG = 1000
# Turns of the spin, as an angle: the errors of more of them add up in phase.
LONG_AREA = 10.0
FLOOR = 1e-15
ROUNDING = 5e-16  # what a step adds at most however short it is, in units of N
_NOTHING = 1e-100  # tilts whose squares are no numbers any more


@inner
def strength_and_area(delta, kind, parameters, edges, coefficients, wanted):
    """Return how much P_I magnifies errors and the integral of |f| over the pulse.

    The first is max |f| / Delta, at least 1; and 1 where P_I is not wanted.
    """
    largest, area = peak_and_area(kind, parameters, edges, coefficients)
    if wanted >> POWER & 1 == 0 or delta == 0.0:
        return 1.0, area
    return max(1.0, largest / delta), area


@inner
def first_tilt(area):
    """Return the largest tilt of the mean field, guessed from the integral of |f|."""
    return min(1.0, area) if area > _NOTHING else 1.0


@inner
def first_patience(area):
    """Return by how much local errors are to be smaller in a pulse that turns the spin often."""
    return LONG_AREA / max(LONG_AREA, area)


@kernel
def solve_battery(
    num_qubits, delta, g, kind, parameters, edges, coefficients, times, end, tolerance,
    max_levels, max_steps, wanted, rotation, offset, windowed, with_entropy, metrics, moments,
    maxima, report, populations, window_start,
):  # fmt: skip
    """Solve one battery from 0 to `end`; return the status of the integrator.

    Written are `metrics` (5, num_times) and, unless it has no columns, `moments` (10, num_times)
    at `times` (num_times,), which may be empty; `maxima` (5, 2), the maximum over [0, end] and its
    time, of E, P, P_I, Sigma, S; `report` (9,), see REPORT_FIELDS; and, unless it has no rows,
    `populations`, see `sample_populations`.

    `wanted` are the metrics that have to keep the tolerance, as bits. `with_entropy` is None where
    neither S nor populations are wanted, `rotation` or `windowed` (see `state_populations`) where
    these come the other way: what None would need is not compiled.
    """
    if num_qubits == 1:
        g = 0.0  # Jz^2 = 1/4: a number
    strength, area = strength_and_area(delta, kind, parameters, edges, coefficients, wanted)
    at_start = end <= 0.0
    # No time passes: a step all the same, so that there is a state to read.
    end = 1e-9 * edges[-1] if at_start else min(end, edges[-1])
    tilt = first_tilt(area)
    patience = first_patience(area)
    status = DONE
    for _ in range(4):
        local = max(FLOOR, SAFETY * tolerance * patience / strength)
        y, clock, count = initial_state(num_qubits, g)
        for i in range(NUM_METRICS):
            maxima[i, 0], maxima[i, 1] = -math.inf, 0.0
        written = widest = np.int64(0)
        largest = 0.0
        status = MORE
        while status == MORE:
            status, starts, table, flat, y = integrate_frame(
                num_qubits, delta, g, kind, parameters, edges, coefficients, end, local,
                tilt, max_levels, max_steps, y, clock, count,
            )  # fmt: skip
            if status not in (DONE, MORE):
                break
            last = times.size
            if status == MORE:
                last = np.searchsorted(times, starts[-1], side="right")
            sample_metrics(times, num_qubits, delta, kind, parameters, edges, coefficients,
                           starts, table, flat, written, last, metrics, moments)  # fmt: skip
            here = find_maxima(num_qubits, delta, g, kind, parameters, edges, coefficients,
                               starts, table, flat, maxima)  # fmt: skip
            largest = max(largest, here)
            if with_entropy is not None:
                entropy = metrics[NUM_METRICS - 1, : metrics.shape[1] * int(with_entropy)]
                width = sample_populations(times, num_qubits, starts, table, flat, written, last,
                                           rotation, offset, windowed, entropy, populations,
                                           window_start)  # fmt: skip
                widest = max(widest, width)
                if with_entropy:
                    find_entropy_maximum(num_qubits, g, largest, starts, table, flat, rotation,
                                         offset, windowed, maxima[NUM_METRICS - 1])  # fmt: skip
            written = max(written, last)
        report[0] = min(count[LEVELS], num_qubits + 1)
        report[1], report[2] = count[STEPS], count[REJECTED]
        report[3], report[4] = clock[WEIGHT], clock[DRIFT]
        report[5], report[6], report[7] = local, tilt, clock[TIME]
        report[8] = widest
        # A weak pulse leaves the largest Sigma small, a long one adds up many local errors: once
        # more where the run turns out to be either.
        weak = largest < 0.5 * tilt
        long = count[STEPS] * patience > LONG
        if status != DONE or largest == 0.0 or not (weak or long):
            break
        if weak:
            tilt = max(largest, _NOTHING)
        if long:
            patience = LONG / count[STEPS]
    maxima[FLUCTUATION, 0] = math.sqrt(max(maxima[FLUCTUATION, 0], 0.0))
    if at_start:
        for i in range(NUM_METRICS):
            maxima[i, 0] = maxima[i, 1] = 0.0
    return status


@kernel
def solve_batch(
    first, last, num_qubits, delta, g, kind, parameters, durations, edges, coefficients, times,
    relative, tolerance, max_levels, max_steps, wanted, rotation, offsets, windowed, with_entropy,
    metrics, maxima, report, status,
):  # fmt: skip
    """Solve batteries first <= i < last of a batch; the leading axis of every array counts them.

    `durations` sets the window of a formula; a formula with landmarks and a polynomial drive bring
    `edges` and `coefficients` that the whole batch shares. `times` is common, in units of the
    duration where `relative`.
    """
    no_moments = np.empty((NUM_MOMENTS, 0))
    no_populations, no_start = np.empty((0, 0)), np.empty(0, np.int64)
    own_edges = np.zeros(2)
    for i in range(first, last):
        window = edges
        if edges.size == 2 and coefficients.shape[0] == 0:
            own_edges[1] = durations[i]
            window = own_edges
        own_times = times * durations[i] if relative else times
        end = own_times[-1] if own_times.size > 0 else window[-1]
        status[i] = solve_battery(
            num_qubits[i], delta[i], g[i], kind, parameters[i], window, coefficients, own_times,
            end, tolerance, max_levels, max_steps, wanted, rotation, offsets[i], windowed,
            with_entropy, metrics[i], no_moments, maxima[i], report[i], no_populations, no_start,
        )  # fmt: skip
