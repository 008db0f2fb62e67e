"""The control of eight integrations at once: plan a step, judge it, move on, one lane a battery.

The rules are those of `frame.integrate_frame`. A decision is a row of ones and zeros, and what it
changes is selected lane by lane, so that eight lanes cost no more than one and none sees another.
"""

from __future__ import annotations

import math

import numpy as np

from rzqiskit.dicke.compiled import inner
from rzqiskit.dicke.frame import _DENSE_FLOOR, _RELAXATION, BELOW_WEIGHT, TOP_WEIGHT
from rzqiskit.dicke.lane_steps import (
    NORM_SQUARED,
    NUM_RESULTS,
    SLOPES,
    START,
    STEP,
    TILT_SQUARED,
    VALUES,
)
from rzqiskit.dicke.vectors import (
    load,
    maximum,
    minimum,
    positive_bits,
    select_positive,
    splat,
    sqrt,
    store,
)

__all__ = [
    "due_samples", "judge_dense_output", "judge_step", "move_on", "plan_step", "raise_best",
    "reset_numbers", "seek_maxima",
]  # fmt: skip

# rows of the numbers that a lane keeps; those from ACTIVE on are ones and zeros
(
    TIME, PLANNED, END, NEW_TIME, TOLERANCE, TILT, EDGE_LIMIT, CEILING, WEIGHT, DRIFT, LARGEST,
    PATIENCE, STRENGTH, ERROR, STEPS, REJECTED, NEXT_SAMPLE, SPARE_LEVELS,
    ACTIVE, LAST, ACCEPTED, RETRIED, PROMISING, WANTS_DENSE,
) = range(24)  # fmt: skip
BEST = 24  # four rows of the largest values so far, four of their times
NUM_NUMBERS = np.int64(BEST + 8)


@inner
def plan_step(numbers, lanes):
    """Set start and length of the next step; a lane without battery stands still."""
    t, h, end = load(numbers, TIME), load(numbers, PLANNED), load(numbers, END)
    active, zero = load(numbers, ACTIVE), splat(0.0)
    last = t + 1.000001 * h - end
    step = select_positive(active, select_positive(last, end - t, h), zero)
    store(numbers, LAST, select_positive(last, splat(1.0), zero))
    store(numbers, NEW_TIME, select_positive(last, end, t + step))
    store(lanes, START, t)
    store(lanes, STEP, step)


@inner
def judge_step(numbers, lanes, sum5, sum3):
    """Accept steps with a small error, plan the next try of the others.

    The error is Hairer's combination of two estimates, whose squares are given.

    Returns the lanes whose last levels have to be looked at, as bits.
    """
    one, zero = splat(1.0), splat(0.0)
    active, step = load(numbers, ACTIVE), load(lanes, STEP)
    error = select_positive(sum5, sum5 / sqrt(sum5 + 0.01 * sum3), sum5)
    error = error / load(numbers, TOLERANCE)
    accepted = select_positive(1.0 - error, active, zero)
    failed = active - accepted
    factor = 0.9 / sqrt(sqrt(sqrt(error)))
    shrunk = maximum(minimum(select_positive(1e300 - error, factor, zero), splat(0.9)), splat(0.2))
    store(numbers, PLANNED, select_positive(failed, step * shrunk, load(numbers, PLANNED)))
    store(numbers, REJECTED, load(numbers, REJECTED) + failed)
    store(numbers, RETRIED, select_positive(failed, one, load(numbers, RETRIED)))
    store(numbers, ERROR, error)
    store(numbers, ACCEPTED, accepted)
    return positive_bits(accepted * load(numbers, SPARE_LEVELS))


@inner
def seek_maxima(numbers, lanes, left, right, wanted):
    """Mark the lanes whose step may hold a new maximum, and those that want dense output.

    `left` and `right` are the results at the ends of the step; the cubic that they fix tells the
    slope in the middle well enough to see a maximum coming. Returns both marks as bits.
    """
    zero, one = splat(0.0), splat(1.0)
    accepted, step = load(numbers, ACCEPTED), load(lanes, STEP)
    rate, promising = 1.0 / step, zero
    for j in range(4):
        if wanted & (1 << j) == 0:
            continue
        v0, v1 = load(left, VALUES + j), load(right, VALUES + j)
        s0, s1 = load(left, SLOPES + j), load(right, SLOPES + j)
        middle = 1.5 * rate * (v1 - v0) - 0.25 * (s0 + s1)
        doubt = 0.1 * (maximum(s0, zero - s0) + maximum(s1, zero - s1))
        up, down = maximum(s0, middle + doubt), minimum(s1, middle - doubt)
        # first up, then down: the two may not both be the middle alone
        turns = select_positive(s0, one, select_positive(zero - s1, one, zero))
        turns = select_positive(up, select_positive(zero - down, turns, zero), zero)
        reach = maximum(v0, v1) + step * maximum(up, zero - down)
        turns = select_positive(reach - load(numbers, BEST + j), turns, zero)
        promising = maximum(promising, turns)
    promising = select_positive(accepted, promising, zero)
    sampled = select_positive(load(numbers, NEW_TIME) - load(numbers, NEXT_SAMPLE), accepted, zero)
    store(numbers, PROMISING, promising)
    store(numbers, WANTS_DENSE, maximum(promising, sampled))
    return positive_bits(promising), positive_bits(maximum(promising, sampled))


@inner
def judge_dense_output(numbers, lanes, top, below):
    """Refuse steps whose dense output is wanted but does not hold; return the promising lanes.

    Given are the squares of its two highest coefficients, see `frame` for what they tell.
    """
    zero = splat(0.0)
    step, limit = load(lanes, STEP), _DENSE_FLOOR * load(numbers, TOLERANCE)
    wants, ceiling = load(numbers, WANTS_DENSE), load(numbers, CEILING)
    top, below = TOP_WEIGHT * sqrt(top), BELOW_WEIGHT * sqrt(below)
    large = select_positive(top - limit, wants, zero)
    bad = select_positive(top - below, large, zero)
    doubtful = select_positive(top - 0.5 * below, large, zero)
    shorter = 0.75 * step
    ceiling = select_positive(doubtful, minimum(ceiling, step), ceiling)
    store(numbers, CEILING, select_positive(bad, shorter, ceiling))
    store(numbers, PLANNED, select_positive(bad, shorter, load(numbers, PLANNED)))
    store(numbers, REJECTED, load(numbers, REJECTED) + bad)
    store(numbers, ACCEPTED, load(numbers, ACCEPTED) - bad)
    promising = load(numbers, PROMISING) - bad
    store(numbers, PROMISING, promising)
    return positive_bits(promising)


@inner
def raise_best(numbers, where, results, times, wanted):
    """Raise the best values by `results` at `times` in the lanes where `where` is one."""
    t = load(times, 0)
    for j in range(4):
        if wanted & (1 << j) == 0:
            continue
        value, best = load(results, VALUES + j), load(numbers, BEST + j)
        higher = select_positive(value - best, where, splat(0.0))
        store(numbers, BEST + j, select_positive(higher, value, best))
        store(numbers, BEST + 4 + j, select_positive(higher, t, load(numbers, BEST + 4 + j)))


@inner
def move_on(numbers, lanes, left, right):
    """Move accepted lanes to the end of their step and plan the next.

    Returns those that moved and those that came to their end, as bits.
    """
    one, zero = splat(1.0), splat(0.0)
    accepted, step = load(numbers, ACCEPTED), load(lanes, STEP)
    drift = sqrt(load(right, NORM_SQUARED)) - one
    drift = maximum(maximum(drift, zero - drift), load(numbers, DRIFT))
    store(numbers, DRIFT, select_positive(accepted, drift, load(numbers, DRIFT)))
    largest = load(numbers, LARGEST)
    larger = maximum(largest, load(right, TILT_SQUARED))
    store(numbers, LARGEST, select_positive(accepted, larger, largest))
    store(numbers, STEPS, load(numbers, STEPS) + accepted)
    error, h, ceiling = load(numbers, ERROR), load(numbers, PLANNED), load(numbers, CEILING)
    growth = maximum(minimum(0.9 / sqrt(sqrt(sqrt(error))), splat(6.0)), splat(0.3))
    # the limit of stability, if it is that, lies between a rejected step and its repetition
    growth = select_positive(load(numbers, RETRIED), minimum(growth, one), growth)
    longer, ceiling = step * growth, _RELAXATION * ceiling
    # A step cut short by the end says nothing against the longer one planned.
    cut = select_positive(load(numbers, LAST), h - step, zero)
    longer = minimum(select_positive(cut, maximum(h, longer), longer), ceiling)
    store(numbers, PLANNED, select_positive(accepted, longer, h))
    store(numbers, CEILING, select_positive(accepted, ceiling, load(numbers, CEILING)))
    store(numbers, RETRIED, select_positive(accepted, zero, load(numbers, RETRIED)))
    store(numbers, TIME, select_positive(accepted, load(numbers, NEW_TIME), load(numbers, TIME)))
    for row in range(NUM_RESULTS):
        store(left, row, select_positive(accepted, load(right, row), load(left, row)))
    return positive_bits(accepted), positive_bits(accepted * load(numbers, LAST))


@inner
def due_samples(numbers):
    """Return the accepted lanes whose next sample lies in their step, and those before its end."""
    following, end = load(numbers, NEXT_SAMPLE), load(numbers, NEW_TIME)
    accepted, zero = load(numbers, ACCEPTED), splat(0.0)
    early = positive_bits(select_positive(end - following, accepted, zero))
    return positive_bits(select_positive(following - end, zero, accepted)), early


@inner
def reset_numbers(lane, numbers, local, limit, first_step):
    """Put the numbers of a lane at t = 0; end, tilt, patience and strength stand already."""
    for row in (TIME, WEIGHT, DRIFT, LARGEST, STEPS, REJECTED, RETRIED):
        numbers[row, lane] = 0.0
    for row in range(BEST, BEST + 8):
        numbers[row, lane] = 0.0
    numbers[ACTIVE, lane] = 1.0
    numbers[PLANNED, lane] = first_step
    numbers[TOLERANCE, lane], numbers[EDGE_LIMIT, lane] = local, limit
    numbers[CEILING, lane] = math.inf
