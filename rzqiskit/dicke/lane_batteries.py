"""What is done for one lane at a time: a battery comes, grows, is sampled, and goes."""

from __future__ import annotations

import math

import numpy as np

from rzqiskit.dicke.compiled import inner
from rzqiskit.dicke.frame import _EDGE, _FIRST_LEVELS, DONE, LOOSEST, TOO_MANY_LEVELS
from rzqiskit.dicke.lane_control import (
    ACCEPTED,
    BEST,
    DRIFT,
    EDGE_LIMIT,
    END,
    LARGEST,
    PATIENCE,
    REJECTED,
    SPARE_LEVELS,
    STEPS,
    STRENGTH,
    TILT,
    TIME,
    TOLERANCE,
    WEIGHT,
    reset_numbers,
)
from rzqiskit.dicke.lane_steps import (
    DELTA,
    DRIVE,
    FIRST_LEVEL,
    NUM,
    NUM_RESULTS,
    SLOPES,
    VALUES,
    G,
    final_edge,
    set_scale,
)
from rzqiskit.dicke.observables import AVERAGE_POWER, ENERGY, FLUCTUATION, POWER
from rzqiskit.dicke.pulses import pulse_value
from rzqiskit.dicke.solver import (
    _NOTHING,
    FLOOR,
    LONG,
    SAFETY,
    first_patience,
    first_tilt,
    strength_and_area,
)

__all__ = [
    "ATTEMPT", "BATTERY", "HAND_OVER", "LEVELS", "SAMPLED", "begin", "finish", "look_at_edge",
    "take", "write_sample",
]  # fmt: skip

HAND_OVER = -1
"""Status of a battery that `solve_lanes` leaves to `solve_batch`: it fills too many levels."""
# rows of the integers that a lane keeps
BATTERY, LEVELS, ATTEMPT, SAMPLED = range(4)


@inner
def _set_levels(lane, levels, numbers, integers, lanes, ladder):
    """Write the ladder elements of a lane with so many levels; s_{k-1} stands in row k."""
    num = lanes[NUM, lane]
    for k in range(ladder.shape[0]):
        ladder[k, lane] = math.sqrt(k * (num - k + 1.0)) if 0 < k < levels else 0.0
    integers[LEVELS, lane] = levels
    full = num + 1.0 if lanes[G, lane] != 0.0 else 1.0
    numbers[SPARE_LEVELS, lane] = full - levels


@inner
def take(lane, i, num_qubits, delta, g, kind, parameters, window, coefficients, wanted, numbers,
          lanes):  # fmt: skip
    """Put the parameters of battery number `i` into a lane."""
    lanes[NUM, lane], lanes[DELTA, lane] = num_qubits[i], delta[i]
    lanes[G, lane] = g[i] if num_qubits[i] > 1 else 0.0  # Jz^2 = 1/4: a number
    for j in range(4):
        lanes[DRIVE + j, lane] = parameters[i, j]
    strength, area = strength_and_area(delta[i], kind, parameters[i], window, coefficients, wanted)
    numbers[STRENGTH, lane] = strength
    numbers[TILT, lane] = first_tilt(area)
    numbers[PATIENCE, lane] = first_patience(area)


@inner
def begin(
    lane, i, numbers, integers, lanes, ladder, y, rate, scale, left, tolerance, kind, parameters,
    window, coefficients,
):  # fmt: skip
    """Put a lane at t = 0 with all cells in the ground state; its parameters stand already."""
    tilt, strength = numbers[TILT, lane], numbers[STRENGTH, lane]
    wished = SAFETY * tolerance * numbers[PATIENCE, lane] / strength
    local = max(FLOOR, wished)
    num, delta, g = lanes[NUM, lane], lanes[DELTA, lane], lanes[G, lane]
    drive, piece, end = parameters[i], np.int64(0), numbers[END, lane]
    f = pulse_value(0.0, kind, drive, window, coefficients, piece)
    middle = pulse_value(0.5 * end, kind, drive, window, coefficients, piece)
    fastest = max(abs(f), abs(middle)) + abs(delta) + abs(g) * num
    reset_numbers(
        lane, numbers, min(LOOSEST, local), tilt * max(_EDGE * local, 2e-16),
        0.3 / fastest if fastest > 0.0 else end,
    )  # fmt: skip
    set_scale(lane, tilt, scale)
    integers[SAMPLED, lane] = 0
    full = int(num) + 1 if g != 0.0 else 1
    _set_levels(lane, min(full, _FIRST_LEVELS), numbers, integers, lanes, ladder)
    for k in range(y.shape[0]):
        y[k, lane] = rate[k, lane] = 0.0
    y[2, lane] = y[4, lane] = y[6, lane] = y[FIRST_LEVEL, lane] = 1.0
    turn = delta - g * num
    rate[1, lane], rate[5, lane] = f, -f
    rate[3, lane], rate[7, lane] = turn, -turn
    for row in range(NUM_RESULTS):
        left[row, lane] = 0.0
    left[SLOPES + AVERAGE_POWER, lane] = 0.25 * num * delta * f * f
    left[SLOPES + POWER, lane] = 0.5 * num * delta * f * f


@inner
def look_at_edge(lane, numbers, integers, lanes, after, max_levels, capacity, ladder):
    """Take back the acceptance if the last levels hold weight; return the status."""
    levels = integers[LEVELS, lane]
    edge = final_edge(after, levels, lane)
    if edge <= numbers[EDGE_LIMIT, lane] ** 2:
        numbers[WEIGHT, lane] = max(numbers[WEIGHT, lane], edge)
        return DONE
    numbers[ACCEPTED, lane] = 0.0
    numbers[REJECTED, lane] += 1.0
    grown = min(int(lanes[NUM, lane]) + 1, levels + max(8, (levels // 5 + 7) // 8 * 8))
    if grown > max_levels:
        numbers[WEIGHT, lane] = edge
        return TOO_MANY_LEVELS
    if grown > capacity:
        return HAND_OVER
    _set_levels(lane, grown, numbers, integers, lanes, ladder)
    return DONE


@inner
def finish(lane, numbers, integers, status, report, maxima):
    """Write the report of a lane's run; return whether it has to be repeated more tightly."""
    report[0] = integers[LEVELS, lane]
    report[1], report[2] = numbers[STEPS, lane], numbers[REJECTED, lane]
    report[3], report[4] = numbers[WEIGHT, lane], numbers[DRIFT, lane]
    report[5], report[6] = numbers[TOLERANCE, lane], numbers[TILT, lane]
    report[7] = numbers[TIME, lane]
    for j in range(4):
        maxima[j, 0], maxima[j, 1] = numbers[BEST + j, lane], numbers[BEST + 4 + j, lane]
    largest = math.sqrt(numbers[LARGEST, lane])
    weak = largest < 0.5 * numbers[TILT, lane]
    long = numbers[STEPS, lane] * numbers[PATIENCE, lane] > LONG
    if status != DONE or largest == 0.0 or not (weak or long) or integers[ATTEMPT, lane] == 3:
        return False
    if weak:
        numbers[TILT, lane] = max(largest, _NOTHING)
    if long:
        numbers[PATIENCE, lane] = LONG / numbers[STEPS, lane]
    integers[ATTEMPT, lane] += 1
    return True


@inner
def write_sample(t, duration, results, lane, metrics, j):
    """Write the metrics of a lane at `t` into column `j`; after the pulse P_I vanishes."""
    energy, variance = results[VALUES + ENERGY, lane], results[VALUES + FLUCTUATION, lane]
    metrics[ENERGY, j] = energy
    metrics[AVERAGE_POWER, j] = energy / t if t > 0.0 else 0.0
    metrics[POWER, j] = results[VALUES + POWER, lane] if t <= duration else 0.0
    metrics[FLUCTUATION, j] = math.sqrt(variance)
