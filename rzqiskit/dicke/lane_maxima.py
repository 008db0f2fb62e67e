"""Maxima of batteries in lanes, refined eight at a time.

Where the slope of a metric changes sign within a half step, its zero is searched on the dense
output as in `observables.find_maxima`. Only few lanes come upon one at the same step, so a bracket
takes a copy of its lane's step along and waits for seven others.
"""

from __future__ import annotations

import numpy as np

from rzqiskit.dicke.compiled import inner
from rzqiskit.dicke.dop853_rows import interpolate_rows
from rzqiskit.dicke.lane_steps import (
    FIRST_LEVEL,
    NUM_PARAMETERS,
    SLOPES,
    START,
    STEP,
    VALUES,
    evaluate,
)
from rzqiskit.dicke.vectors import WIDTH, load

__all__ = ["NUM_BRACKET_INTEGERS", "NUM_BRACKET_NUMBERS", "add_bracket", "refine_brackets"]

LOW, HIGH, SLOPE_LOW, SLOPE_HIGH, BEST, BEST_TIME, GOAL = range(7)
NUM_BRACKET_NUMBERS = 7
METRIC, OWNER, OWNER_ATTEMPT, OWNER_LEVELS, SIDE, OPEN = range(6)
NUM_BRACKET_INTEGERS = 6


@inner
def refine_brackets(
    waiting, kind, brackets, owners, lanes, window, coefficients, ladder, dense, stride, times, y,
    results, attempts, refined, first, second_order,
):  # fmt: skip
    """Find the zeros of the slopes in the waiting brackets and raise `refined` by the maxima."""
    levels, first_row = np.int64(1), np.int64(0)
    for slot in range(WIDTH):
        owners[OPEN, slot] = slot < waiting
        owners[SIDE, slot] = 0
        if slot < waiting:
            levels = max(levels, owners[OWNER_LEVELS, slot])
    for _ in range(60):
        pending = False
        for slot in range(waiting):
            if not owners[OPEN, slot]:
                continue
            # Illinois' variant of the false position: bracketed and superlinear
            low, high = brackets[LOW, slot], brackets[HIGH, slot]
            slope_low, slope_high = brackets[SLOPE_LOW, slot], brackets[SLOPE_HIGH, slot]
            t = high - slope_high * (high - low) / (slope_high - slope_low)
            if not low < t < high or high - low < 4e-16 * high:
                owners[OPEN, slot] = 0
                continue
            times[0, slot] = t
            pending = True
        if not pending:
            break
        x = (load(times, 0) - load(lanes, START)) / load(lanes, STEP)
        interpolate_rows(x, dense, first_row, stride, FIRST_LEVEL + 2 * levels, y)
        evaluate(kind, lanes, window, coefficients, ladder, times, y, levels, second_order, results)
        for slot in range(waiting):
            if not owners[OPEN, slot]:
                continue
            t, metric = times[0, slot], owners[METRIC, slot]
            value, slope = results[VALUES + metric, slot], results[SLOPES + metric, slot]
            if value > brackets[BEST, slot]:
                brackets[BEST, slot], brackets[BEST_TIME, slot] = value, t
            if abs(slope) <= brackets[GOAL, slot]:
                brackets[BEST_TIME, slot] = t  # the zero tells the time better than the flat top
                owners[OPEN, slot] = 0
            elif slope > 0.0:
                brackets[LOW, slot], brackets[SLOPE_LOW, slot] = t, slope
                if owners[SIDE, slot] == 1:
                    brackets[SLOPE_HIGH, slot] *= 0.5
                owners[SIDE, slot] = 1
            else:
                brackets[HIGH, slot], brackets[SLOPE_HIGH, slot] = t, slope
                if owners[SIDE, slot] == -1:
                    brackets[SLOPE_LOW, slot] *= 0.5
                owners[SIDE, slot] = -1
    for slot in range(waiting):
        i, metric = owners[OWNER, slot] - first, owners[METRIC, slot]
        # A battery that has begun anew forgets the maxima of the run before.
        if attempts[i] == owners[OWNER_ATTEMPT, slot] and (
            brackets[BEST, slot] > refined[i, metric, 0]
        ):
            refined[i, metric, 0] = brackets[BEST, slot]
            refined[i, metric, 1] = brackets[BEST_TIME, slot]


@inner
def add_bracket(
    slot, lane, metric, t0, t1, left, right, battery, attempt, levels, lanes, ladder, dense,
    stride, brackets, owners, own_lanes, own_ladder, own_dense,
):  # fmt: skip
    """Put a bracket of a maximum, with a copy of its lane's step, in the queue to refine."""
    low, high = left[SLOPES + metric, lane], right[SLOPES + metric, lane]
    brackets[LOW, slot], brackets[HIGH, slot] = t0, t1
    brackets[SLOPE_LOW, slot], brackets[SLOPE_HIGH, slot] = low, high
    brackets[GOAL, slot] = 1e-13 * (low - high)
    from_left = left[VALUES + metric, lane] >= right[VALUES + metric, lane]
    better = left if from_left else right
    brackets[BEST, slot] = better[VALUES + metric, lane]
    brackets[BEST_TIME, slot] = t0 if from_left else t1
    owners[METRIC, slot], owners[OWNER, slot] = metric, battery
    owners[OWNER_ATTEMPT, slot] = attempt
    owners[OWNER_LEVELS, slot] = levels
    for row in range(NUM_PARAMETERS):
        own_lanes[row, slot] = lanes[row, lane]
    for row in range(ladder.shape[0]):
        own_ladder[row, slot] = ladder[row, lane]
    n = FIRST_LEVEL + 2 * levels
    for base in range(0, 8 * stride, stride):
        for i in range(base, base + n):
            own_dense[i, slot] = dense[i, lane]
        for i in range(base + n, base + stride):
            own_dense[i, slot] = 0.0
