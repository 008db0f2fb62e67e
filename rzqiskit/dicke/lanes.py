"""Many small batteries at once: eight in the lanes of the processor's vectors.

A battery of ten cells keeps a processor's vectors half empty and spends its time on calls and short
loops. Here eight batteries advance together, each with its own time, step, tests and parameters; a
lane that rejects a step keeps its state, a finished one takes the next battery. What a battery
yields depends on it alone, to the last bit: not on its neighbours, nor on where a chunk begins.

Steps are handled as they are accepted, so no dense output is kept. Maxima are refined eight at a
time as well: a bracket takes a copy of its step along and waits for seven others.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from rzqiskit.dicke.frame import (
    _DENSE_FLOOR,
    _EDGE,
    _FIRST_LEVELS,
    _RELAXATION,
    DONE,
    TOO_MANY_LEVELS,
    TOO_MANY_STEPS,
)
from rzqiskit.dicke.lane_maxima import (
    NUM_BRACKET_INTEGERS,
    NUM_BRACKET_NUMBERS,
    add_bracket,
    refine_brackets,
)
from rzqiskit.dicke.lane_steps import (
    DELTA,
    DRIVE,
    FIRST_LEVEL,
    INVERSE_TILT,
    NUM,
    NUM_PARAMETERS,
    NUM_PLACES,
    NUM_RESULTS,
    SLOPES,
    START,
    STEP,
    TILT_SQUARED,
    VALUES,
    G,
    dense_output,
    evaluate,
    final_edge,
    stages,
    step_error,
)
from rzqiskit.dicke.observables import AVERAGE_POWER, ENERGY, FLUCTUATION, POWER
from rzqiskit.dicke.pulses import pulse_value
from rzqiskit.dicke.solver import _FLOOR, _LONG, _SAFETY, _strength_and_area
from rzqiskit.dicke.vectors import WIDTH, aligned, load, select_positive, store

__all__ = ["HAND_OVER", "MAX_LANE_LEVELS", "solve_lanes"]

HAND_OVER = -1
"""Status of a battery that `solve_lanes` leaves to `solve_batch`: it fills too many levels."""
MAX_LANE_LEVELS = 64
"""Beyond, eight batteries outgrow the cache and the loops over levels are long enough alone."""

# rows of the numbers that a lane keeps
(
    TIME, PLANNED, END, TOLERANCE, TILT, EDGE_LIMIT, CEILING, WEIGHT, DRIFT, LARGEST, PATIENCE,
    STRENGTH, ERROR,
) = range(13)  # fmt: skip
# rows of the integers
BATTERY, LEVELS, FULL, STEPS, REJECTED, RETRIED, ATTEMPT, SAMPLED, LAST, ACCEPTED = range(10)


@njit(cache=True, nogil=True, error_model="numpy")
def _set_levels(lane, levels, lanes, ladder):
    """Write the ladder elements of a lane with so many levels; s_{k-1} stands in row k."""
    num = lanes[NUM, lane]
    for k in range(ladder.shape[0]):
        ladder[k, lane] = math.sqrt(k * (num - k + 1.0)) if 0 < k < levels else 0.0


@njit(cache=True, nogil=True, error_model="numpy")
def _begin(
    lane, numbers, integers, lanes, ladder, y, rate, left, tolerance, kind, window, coefficients,
):  # fmt: skip
    """Put a lane at t = 0 with all cells in the ground state; its parameters stand already."""
    tilt, strength = numbers[TILT, lane], numbers[STRENGTH, lane]
    local = max(_FLOOR, _SAFETY * tolerance * numbers[PATIENCE, lane] / strength)
    num, delta, g = lanes[NUM, lane], lanes[DELTA, lane], lanes[G, lane]
    drive, end = lanes[DRIVE:, lane], numbers[END, lane]
    f = pulse_value(0.0, kind, drive, window, coefficients, 0)
    middle = pulse_value(0.5 * end, kind, drive, window, coefficients, 0)
    fastest = max(abs(f), abs(middle)) + abs(delta) + abs(g) * num
    numbers[TIME, lane] = 0.0
    numbers[PLANNED, lane] = 0.3 / fastest if fastest > 0.0 else end
    numbers[TOLERANCE, lane] = local
    numbers[EDGE_LIMIT, lane] = tilt * max(_EDGE * local, 2e-16)
    numbers[CEILING, lane] = math.inf
    numbers[WEIGHT, lane] = numbers[DRIFT, lane] = numbers[LARGEST, lane] = 0.0
    lanes[INVERSE_TILT, lane] = 1.0 / tilt
    full = integers[FULL, lane] = int(num) + 1 if g != 0.0 else 1
    levels = integers[LEVELS, lane] = min(full, _FIRST_LEVELS)
    integers[STEPS, lane] = integers[REJECTED, lane] = integers[RETRIED, lane] = 0
    integers[SAMPLED, lane] = integers[LAST, lane] = 0
    _set_levels(lane, levels, lanes, ladder)
    for i in range(y.shape[0]):
        y[i, lane] = rate[i, lane] = 0.0
    y[2, lane] = y[4, lane] = y[6, lane] = y[FIRST_LEVEL, lane] = 1.0
    turn = delta - g * num
    rate[1, lane], rate[5, lane] = f, -f
    rate[3, lane], rate[7, lane] = turn, -turn
    for row in range(NUM_RESULTS):
        left[row, lane] = 0.0
    left[SLOPES + AVERAGE_POWER, lane] = 0.25 * num * delta * f * f
    left[SLOPES + POWER, lane] = 0.5 * num * delta * f * f


@njit(cache=True, nogil=True, error_model="numpy")
def _judge(lane, numbers, integers, lanes, after, max_levels, capacity, ladder):
    """Set ACCEPTED if error and edge are small, else plan the next try; return the status."""
    error = numbers[ERROR, lane] = numbers[ERROR, lane] / numbers[TOLERANCE, lane]
    if not error <= 1.0:
        integers[REJECTED, lane] += 1
        integers[RETRIED, lane] = 1
        factor = 0.9 * error ** (-0.125) if error < 1e300 else 0.2
        numbers[PLANNED, lane] = lanes[STEP, lane] * min(max(factor, 0.2), 0.9)
        return DONE
    levels, full = integers[LEVELS, lane], integers[FULL, lane]
    if levels < full:
        edge = final_edge(after, levels, lane)
        if edge > numbers[EDGE_LIMIT, lane] ** 2:
            integers[REJECTED, lane] += 1
            grown = min(full, levels + max(8, (levels // 5 + 7) // 8 * 8))
            if grown > max_levels:
                numbers[WEIGHT, lane] = edge
                return TOO_MANY_LEVELS
            if grown > capacity:
                return HAND_OVER
            integers[LEVELS, lane] = grown
            _set_levels(lane, grown, lanes, ladder)
            return DONE
        numbers[WEIGHT, lane] = max(numbers[WEIGHT, lane], edge)
    integers[ACCEPTED, lane] = 1
    return DONE


@njit(cache=True, nogil=True, error_model="numpy")
def _advance(lane, numbers, integers, lanes, terms):
    """Judge a step by its dense output; if it holds, move the time and plan the next step."""
    step, limit = lanes[STEP, lane], _DENSE_FLOOR * numbers[TOLERANCE, lane]
    top, below = terms[0, lane], terms[1, lane]
    if top > limit and top > below:
        integers[REJECTED, lane] += 1
        numbers[PLANNED, lane] = numbers[CEILING, lane] = 0.75 * step
        integers[ACCEPTED, lane] = 0
        return
    numbers[DRIFT, lane] = max(numbers[DRIFT, lane], abs(terms[2, lane] - 1.0))
    integers[STEPS, lane] += 1
    last = integers[LAST, lane]
    numbers[TIME, lane] = numbers[END, lane] if last else lanes[START, lane] + step
    error, h = numbers[ERROR, lane], numbers[PLANNED, lane]
    growth = 6.0 if error == 0.0 else min(max(0.9 * error ** (-0.125), 0.3), 6.0)
    if integers[RETRIED, lane]:  # the limit of stability, if it is that, lies between the two steps
        growth = min(growth, 1.0)
    integers[RETRIED, lane] = 0
    if top > limit and top > 0.5 * below:
        numbers[CEILING, lane] = min(numbers[CEILING, lane], step)
    numbers[CEILING, lane] *= _RELAXATION
    h = max(h, step * growth) if last and step < h else step * growth
    numbers[PLANNED, lane] = min(h, numbers[CEILING, lane])


@njit(cache=True, nogil=True, error_model="numpy")
def _finish(lane, numbers, integers, status, report):
    """Write the report of a lane's run; return whether it has to be repeated more tightly."""
    report[0] = integers[LEVELS, lane]
    report[1], report[2] = integers[STEPS, lane], integers[REJECTED, lane]
    report[3], report[4] = numbers[WEIGHT, lane], numbers[DRIFT, lane]
    report[5], report[6] = numbers[TOLERANCE, lane], numbers[TILT, lane]
    report[7] = numbers[TIME, lane]
    largest = math.sqrt(numbers[LARGEST, lane])
    weak = largest < 0.5 * numbers[TILT, lane]
    long = integers[STEPS, lane] * numbers[PATIENCE, lane] > _LONG
    if status != DONE or largest == 0.0 or not (weak or long) or integers[ATTEMPT, lane] == 3:
        return False
    if weak:
        numbers[TILT, lane] = max(largest, 1e-100)
    if long:
        numbers[PATIENCE, lane] = _LONG / integers[STEPS, lane]
    integers[ATTEMPT, lane] += 1
    return True


@njit(cache=True, nogil=True, error_model="numpy")
def solve_lanes(
    first, last, num_qubits, delta, g, kind, parameters, durations, coefficients, times, relative,
    tolerance, max_levels, max_steps, metrics, maxima, report, status,
):  # fmt: skip
    """Solve batteries first <= i < last of a batch, as `solve_batch` does without the entropy.

    The drive is a formula, `coefficients` are empty. A battery whose `status` is HAND_OVER
    is not solved.
    """
    capacity = min(num_qubits[first:last].max() + 1, MAX_LANE_LEVELS)
    stride = FIRST_LEVEL + 2 * (capacity + 2)
    y, rate, after, inner = aligned(stride), aligned(stride), aligned(stride), aligned(stride)
    slopes, dense, own_dense = (
        aligned(NUM_PLACES * stride),
        aligned(8 * stride),
        aligned(8 * stride),
    )
    ladder, own_ladder = aligned(capacity + 3), aligned(capacity + 3)
    lanes, own_lanes = aligned(NUM_PARAMETERS), aligned(NUM_PARAMETERS)
    nodes, pulses, times_now, terms = aligned(16), aligned(16), aligned(1), aligned(3)
    left, right, results = aligned(NUM_RESULTS), aligned(NUM_RESULTS), aligned(NUM_RESULTS)
    accepted, starts, trial, own_y = aligned(1), aligned(1), aligned(1), aligned(stride)
    numbers, integers = np.zeros((13, WIDTH)), np.zeros((10, WIDTH), np.int64)
    brackets, owners = (
        np.zeros((NUM_BRACKET_NUMBERS, WIDTH)),
        np.zeros((NUM_BRACKET_INTEGERS, WIDTH), np.int64),
    )
    attempts = np.zeros(last - first, np.int64)
    refined = np.full((last - first, 4, 2), -math.inf)
    window = np.zeros(2)
    integers[BATTERY] = -1
    lanes[NUM], lanes[DRIVE + 1], lanes[DRIVE + 2] = 1.0, 1.0, 1.0  # of a lane without battery
    y[2], y[4], y[6], y[FIRST_LEVEL] = 1.0, 1.0, 1.0, 1.0
    following, levels, waiting = first, 1, 0
    while True:
        busy = False
        before = levels
        levels = 1
        for lane in range(WIDTH):
            i = integers[BATTERY, lane]
            if i >= 0 and integers[STEPS, lane] + integers[REJECTED, lane] >= max_steps:
                status[i] = TOO_MANY_STEPS
                _finish(lane, numbers, integers, TOO_MANY_STEPS, report[i])
                i = integers[BATTERY, lane] = -1
            while i < 0 and following < last:
                i = following
                following += 1
                end = window[1] = durations[i]
                if times.size > 0:
                    end = min(end, times[-1] * durations[i] if relative else times[-1])
                if not end > 0.0:
                    status[i] = HAND_OVER
                    i = -1
                    continue
                status[i] = DONE
                integers[BATTERY, lane], integers[ATTEMPT, lane] = i, 0
                lanes[NUM, lane], lanes[DELTA, lane] = num_qubits[i], delta[i]
                lanes[G, lane] = g[i] if num_qubits[i] > 1 else 0.0  # Jz^2 = 1/4: a number
                lanes[DRIVE:, lane] = parameters[i]
                strength, area = _strength_and_area(
                    delta[i], kind, parameters[i], window, coefficients
                )
                numbers[STRENGTH, lane], numbers[END, lane] = strength, end
                numbers[TILT, lane] = min(1.0, area) if area > 0.0 else 1.0
                numbers[PATIENCE, lane] = 1.0
                integers[LAST, lane] = -1
            if integers[LAST, lane] == -1:
                _begin(lane, numbers, integers, lanes, ladder, y, rate, left, tolerance, kind,
                       window, coefficients)  # fmt: skip
                attempts[i - first] = integers[ATTEMPT, lane]
                maxima[i] = 0.0
                refined[i - first] = -math.inf
            lanes[STEP, lane] = 0.0
            if i >= 0:
                busy = True
                levels = max(levels, integers[LEVELS, lane])
                t, h, end = numbers[TIME, lane], numbers[PLANNED, lane], numbers[END, lane]
                integers[LAST, lane] = t + 1.000001 * h >= end
                lanes[START, lane] = t
                lanes[STEP, lane] = end - t if integers[LAST, lane] else h
        if not busy:
            break
        n = FIRST_LEVEL + 2 * levels
        if levels < before:  # ladder elements of zero meet these rows, and 0 times NaN is NaN
            after[n:], inner[n:] = 0.0, 0.0
        step = load(lanes, STEP)
        for i in range(n):
            store(slopes, i, load(rate, i) * step)
        stages(1, 13, kind, lanes, window, coefficients, ladder, y, slopes, stride, after, nodes,
               pulses, levels)  # fmt: skip
        step_error(lanes, slopes, stride, levels, terms)
        passed = False
        for lane in range(WIDTH):
            i = integers[BATTERY, lane]
            integers[ACCEPTED, lane] = 0
            if i < 0:
                continue
            numbers[ERROR, lane] = terms[0, lane]
            status[i] = _judge(lane, numbers, integers, lanes, after, max_levels, capacity, ladder)
            if status[i] != DONE:
                _finish(lane, numbers, integers, status[i], report[i])
                integers[BATTERY, lane] = -1
            elif integers[ACCEPTED, lane]:
                passed = True
        if not passed:
            continue
        stages(13, 16, kind, lanes, window, coefficients, ladder, y, slopes, stride, inner, nodes,
               pulses, levels)  # fmt: skip
        dense_output(lanes, y, after, slopes, stride, dense, levels, terms)
        for lane in range(WIDTH):
            if integers[ACCEPTED, lane]:
                _advance(lane, numbers, integers, lanes, terms)
            accepted[0, lane] = integers[ACCEPTED, lane]

        for half in range(2):
            for lane in range(WIDTH):
                t = lanes[START, lane]
                starts[0, lane] = t + 0.5 * lanes[STEP, lane] if half else t
                times_now[0, lane] = numbers[TIME, lane] if half else t + 0.5 * lanes[STEP, lane]
            evaluate(kind, lanes, window, coefficients, ladder, dense, stride, levels, times_now,
                     inner, right)  # fmt: skip
            for lane in range(WIDTH):
                if not integers[ACCEPTED, lane]:
                    continue
                i, t0, t1 = integers[BATTERY, lane], starts[0, lane], times_now[0, lane]
                numbers[LARGEST, lane] = max(numbers[LARGEST, lane], right[TILT_SQUARED, lane])
                for j in range(4):
                    low, high = left[SLOPES + j, lane], right[SLOPES + j, lane]
                    promise = left[VALUES + j, lane] + low * (t1 - t0)
                    if right[VALUES + j, lane] > maxima[i, j, 0]:
                        maxima[i, j, 0], maxima[i, j, 1] = right[VALUES + j, lane], t1
                    if low > 0.0 and high < 0.0 and promise > maxima[i, j, 0]:
                        add_bracket(
                            waiting, lane, j, t0, t1, left, right, i, integers[ATTEMPT, lane],
                            integers[LEVELS, lane], lanes, ladder, dense, stride, brackets,
                            owners, own_lanes, own_ladder, own_dense,
                        )  # fmt: skip
                        waiting += 1
                        if waiting == WIDTH:
                            refine_brackets(
                                waiting, kind, brackets, owners, own_lanes, window, coefficients,
                                own_ladder, own_dense, stride, trial, own_y, results, attempts,
                                refined, first,
                            )  # fmt: skip
                            waiting = 0
                for row in range(NUM_RESULTS):
                    left[row, lane] = right[row, lane]

        while True:
            pending = False
            for lane in range(WIDTH):
                if not integers[ACCEPTED, lane]:
                    continue
                i, j = integers[BATTERY, lane], integers[SAMPLED, lane]
                if j < times.size:
                    t = times[j] * durations[i] if relative else times[j]
                    if t <= numbers[TIME, lane] or integers[LAST, lane]:
                        times_now[0, lane] = min(t, numbers[END, lane])
                        integers[SAMPLED, lane] = -1 - j  # negative: being sampled
                        pending = True
            if not pending:
                break
            evaluate(kind, lanes, window, coefficients, ladder, dense, stride, levels, times_now,
                     inner, results)  # fmt: skip
            for lane in range(WIDTH):
                if integers[SAMPLED, lane] >= 0:
                    continue
                i, j = integers[BATTERY, lane], -1 - integers[SAMPLED, lane]
                integers[SAMPLED, lane] = j + 1
                t = times[j] * durations[i] if relative else times[j]
                energy, variance = (
                    results[VALUES + ENERGY, lane],
                    results[VALUES + FLUCTUATION, lane],
                )
                metrics[i, ENERGY, j] = energy
                metrics[i, AVERAGE_POWER, j] = energy / t if t > 0.0 else 0.0
                power = results[VALUES + POWER, lane]
                metrics[i, POWER, j] = power if t <= durations[i] else 0.0
                metrics[i, FLUCTUATION, j] = math.sqrt(variance)

        accept, rate_of = load(accepted, 0), 1.0 / step
        for i in range(n):
            store(y, i, select_positive(accept, load(after, i), load(y, i)))
            new = load(slopes, 12 * stride + i) * rate_of
            store(rate, i, select_positive(accept, new, load(rate, i)))
        for lane in range(WIDTH):
            i = integers[BATTERY, lane]
            if integers[ACCEPTED, lane] and integers[LAST, lane]:
                if _finish(lane, numbers, integers, DONE, report[i]):
                    integers[LAST, lane] = -1
                else:
                    integers[BATTERY, lane] = -1
    if waiting > 0:
        refine_brackets(
            waiting, kind, brackets, owners, own_lanes, window, coefficients, own_ladder,
            own_dense, stride, trial, own_y, results, attempts, refined, first,
        )  # fmt: skip
    for i in range(first, last):
        for j in range(4):
            if refined[i - first, j, 0] >= maxima[i, j, 0]:
                maxima[i, j] = refined[i - first, j]
        maxima[i, FLUCTUATION, 0] = math.sqrt(max(maxima[i, FLUCTUATION, 0], 0.0))
