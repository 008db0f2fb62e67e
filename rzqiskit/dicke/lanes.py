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

from rzqiskit.dicke.compiled import kernel
from rzqiskit.dicke.dop853_rows import (
    EXTRA_STAGES,
    NUM_PLACES,
    OWN_STAGES,
    dense_rows,
    error_sums,
    interpolate_rows,
)
from rzqiskit.dicke.frame import DONE, TOO_MANY_STEPS
from rzqiskit.dicke.lane_batteries import (
    ATTEMPT,
    BATTERY,
    HAND_OVER,
    LEVELS,
    SAMPLED,
    begin,
    finish,
    look_at_edge,
    take,
    write_sample,
)
from rzqiskit.dicke.lane_control import (
    ACCEPTED,
    ACTIVE,
    BEST,
    END,
    NEW_TIME,
    NEXT_SAMPLE,
    NUM_NUMBERS,
    PROMISING,
    REJECTED,
    STEPS,
    due_samples,
    judge_dense_output,
    judge_step,
    move_on,
    plan_step,
    raise_best,
    seek_maxima,
)
from rzqiskit.dicke.lane_maxima import (
    NUM_BRACKET_INTEGERS,
    NUM_BRACKET_NUMBERS,
    add_bracket,
    refine_brackets,
)
from rzqiskit.dicke.lane_steps import (
    DRIVE,
    FIRST_LEVEL,
    NUM,
    NUM_PARAMETERS,
    NUM_RESULTS,
    SLOPES,
    START,
    STEP,
    VALUES,
    evaluate,
    stages,
)
from rzqiskit.dicke.observables import FLUCTUATION, POWER
from rzqiskit.dicke.vectors import WIDTH, aligned, load, select_positive, store

__all__ = ["HAND_OVER", "MAX_LANE_LEVELS", "solve_lanes"]

MAX_LANE_LEVELS = 64
"""Beyond, eight batteries outgrow the cache and the loops over levels are long enough alone."""

_ALL = 2**WIDTH - 1
_ONE, _SIXTEEN = np.int64(1), np.int64(16)
_SECOND_ORDER = (1 << POWER) | (1 << FLUCTUATION)


@kernel
def solve_lanes(
    first, last, num_qubits, delta, g, kind, parameters, durations, coefficients, times, relative,
    tolerance, max_levels, max_steps, wanted, metrics, maxima, report, status,
):  # fmt: skip
    """Solve batteries first <= i < last of a batch, as `solve_batch` does without the entropy.

    The drive is a formula, `coefficients` are empty. A battery whose `status` is HAND_OVER
    is not solved.
    """
    capacity = min(num_qubits[first:last].max() + 1, MAX_LANE_LEVELS)
    stride = FIRST_LEVEL + 2 * (capacity + 2)
    y, rate, after, inner = aligned(stride), aligned(stride), aligned(stride), aligned(stride)
    scale, nodes, pulses = aligned(stride), aligned(_SIXTEEN), aligned(_SIXTEEN)
    slopes, dense, own_dense = (
        aligned(NUM_PLACES * stride),
        aligned(8 * stride),
        aligned(8 * stride),
    )
    ladder, own_ladder = aligned(capacity + 3), aligned(capacity + 3)
    lanes, own_lanes = aligned(NUM_PARAMETERS), aligned(NUM_PARAMETERS)
    left, middle, right = aligned(NUM_RESULTS), aligned(NUM_RESULTS), aligned(NUM_RESULTS)
    inside, own_inside, own_y, own_results, numbers = (
        aligned(_ONE), aligned(_ONE), aligned(stride), aligned(NUM_RESULTS), aligned(NUM_NUMBERS),
    )  # fmt: skip
    ends = numbers[NEW_TIME : NEW_TIME + 1]
    integers = np.zeros((4, WIDTH), np.int64)
    brackets, owners = (
        np.zeros((NUM_BRACKET_NUMBERS, WIDTH)),
        np.zeros((NUM_BRACKET_INTEGERS, WIDTH), np.int64),
    )
    attempts = np.zeros(last - first, np.int64)
    refined = np.full((last - first, 4, 2), -math.inf)
    window = np.zeros(2)
    second_order = wanted & _SECOND_ORDER != 0
    integers[BATTERY] = -1
    lanes[NUM], lanes[DRIVE + 1], lanes[DRIVE + 2] = 1.0, 1.0, 1.0  # of a lane without battery
    y[2], y[4], y[6], y[FIRST_LEVEL] = 1.0, 1.0, 1.0, 1.0
    # Typed, as the row counts are: a plain number would compile what it is passed to once more.
    no_row, waiting, levels = np.int64(0), np.int64(0), np.int64(1)
    following, attempted = first, 0
    fresh = _ALL  # lanes without a battery, or with one that begins
    while True:
        for lane in range(WIDTH * int(attempted >= max_steps)):
            i = integers[BATTERY, lane]
            if i >= 0 and numbers[STEPS, lane] + numbers[REJECTED, lane] >= max_steps:
                status[i] = TOO_MANY_STEPS
                finish(lane, numbers, integers, status[i], report[i], maxima[i])
                integers[BATTERY, lane] = -1
                fresh |= 1 << lane
        for lane in range(WIDTH * int(fresh > 0)):
            if not fresh >> lane & 1:
                continue
            i = integers[BATTERY, lane]
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
                numbers[END, lane] = end
                take(lane, i, num_qubits, delta, g, kind, parameters, window, coefficients,
                      wanted, numbers, lanes)  # fmt: skip
            numbers[ACTIVE, lane] = 0.0
            if i >= 0:
                window[1] = durations[i]
                begin(lane, i, numbers, integers, lanes, ladder, y, rate, scale, left, tolerance,
                       kind, parameters, window, coefficients)  # fmt: skip
                numbers[NEXT_SAMPLE, lane] = math.inf
                if times.size > 0:
                    t = times[0] * durations[i] if relative else times[0]
                    numbers[NEXT_SAMPLE, lane] = min(t, numbers[END, lane])
                attempts[i - first] = integers[ATTEMPT, lane]
                refined[i - first] = -math.inf
        before, levels, fresh = levels, no_row, 0
        for lane in range(WIDTH):
            if integers[BATTERY, lane] >= 0:
                levels = max(levels, integers[LEVELS, lane])
        if levels == 0:
            break
        n = FIRST_LEVEL + 2 * levels
        if levels < before:  # ladder elements of zero meet these rows, and 0 times NaN is NaN
            after[n:], inner[n:] = 0.0, 0.0
        plan_step(numbers, lanes)
        step = load(lanes, STEP)
        for i in range(n):
            store(slopes, i, load(rate, i) * step)
        stages(OWN_STAGES, kind, lanes, window, coefficients, ladder, y, slopes, stride, after,
               nodes, pulses, levels)  # fmt: skip
        looked = judge_step(numbers, lanes, *error_sums(scale, slopes, stride, n))
        attempted += 1
        for lane in range(WIDTH * int(looked > 0)):
            if looked >> lane & 1:
                i = integers[BATTERY, lane]
                status[i] = look_at_edge(
                    lane, numbers, integers, lanes, after, max_levels, capacity, ladder
                )
                if status[i] != DONE:
                    finish(lane, numbers, integers, status[i], report[i], maxima[i])
                    integers[BATTERY, lane] = -1
                    fresh |= 1 << lane
        evaluate(kind, lanes, window, coefficients, ladder, ends, after, levels, second_order,
                 right)  # fmt: skip
        promising, dense_wanted = seek_maxima(numbers, lanes, left, right, wanted)
        if dense_wanted:
            stages(EXTRA_STAGES, kind, lanes, window, coefficients, ladder, y, slopes, stride,
                   inner, nodes, pulses, levels)  # fmt: skip
            promising = judge_dense_output(
                numbers, lanes, *dense_rows(scale, y, after, slopes, stride, dense, no_row, n)
            )
        raise_best(numbers, load(numbers, ACCEPTED), right, ends, wanted)
        if promising:
            store(inside, 0, load(lanes, START) + 0.5 * step)
            x = (load(inside, 0) - load(lanes, START)) / step
            interpolate_rows(x, dense, no_row, stride, n, inner)
            evaluate(kind, lanes, window, coefficients, ladder, inside, inner, levels,
                     second_order, middle)  # fmt: skip
            raise_best(numbers, load(numbers, PROMISING), middle, inside, wanted)
        for lane in range(WIDTH * int(promising > 0)):
            for half in range(2 * (promising >> lane & 1)):
                from_, to = (middle, right) if half else (left, middle)
                t0, t1 = inside[0, lane], inside[0, lane]
                if half:
                    t1 = ends[0, lane]
                else:
                    t0 = lanes[START, lane]
                for j in range(4):
                    low = from_[SLOPES + j, lane]
                    promise = from_[VALUES + j, lane] + low * (t1 - t0)
                    if not (
                        wanted >> j & 1
                        and low > 0.0
                        and to[SLOPES + j, lane] < 0.0
                        and promise > numbers[BEST + j, lane]
                    ):
                        continue
                    add_bracket(
                        waiting, lane, j, t0, t1, from_, to, integers[BATTERY, lane],
                        integers[ATTEMPT, lane], integers[LEVELS, lane], lanes, ladder, dense,
                        stride, brackets, owners, own_lanes, own_ladder, own_dense,
                    )  # fmt: skip
                    waiting += 1
                    if waiting == WIDTH:
                        refine_brackets(
                            waiting, kind, brackets, owners, own_lanes, window, coefficients,
                            own_ladder, own_dense, stride, own_inside, own_y, own_results, attempts,
                            refined, first, second_order,
                        )  # fmt: skip
                        waiting = no_row
        due, early = due_samples(numbers)
        while due:
            if early:
                store(inside, 0, load(numbers, NEXT_SAMPLE))
                x = (load(inside, 0) - load(lanes, START)) / step
                interpolate_rows(x, dense, no_row, stride, n, inner)
                evaluate(kind, lanes, window, coefficients, ladder, inside, inner, levels,
                         second_order, middle)  # fmt: skip
            for lane in range(WIDTH):
                if due >> lane & 1:
                    i, j = integers[BATTERY, lane], integers[SAMPLED, lane]
                    unit = durations[i] if relative else 1.0
                    source = middle if early >> lane & 1 else right
                    write_sample(times[j] * unit, durations[i], source, lane, metrics[i], j)
                    integers[SAMPLED, lane] = j = j + 1
                    numbers[NEXT_SAMPLE, lane] = math.inf
                    if j < times.size:
                        numbers[NEXT_SAMPLE, lane] = min(times[j] * unit, numbers[END, lane])
            due, early = due_samples(numbers)

        accepted, ended = move_on(numbers, lanes, left, right)
        rate_of = 1.0 / step
        if accepted == _ALL:
            y, after = after, y
            for i in range(n):
                store(rate, i, load(slopes, 12 * stride + i) * rate_of)
        else:
            accept = load(numbers, ACCEPTED)
            for i in range(n):
                store(y, i, select_positive(accept, load(after, i), load(y, i)))
                new = load(slopes, 12 * stride + i) * rate_of
                store(rate, i, select_positive(accept, new, load(rate, i)))
        for lane in range(WIDTH * int(ended > 0)):
            if ended >> lane & 1:
                i = integers[BATTERY, lane]
                fresh |= 1 << lane
                if not finish(lane, numbers, integers, status[i], report[i], maxima[i]):
                    integers[BATTERY, lane] = -1
    if waiting > 0:
        refine_brackets(
            waiting, kind, brackets, owners, own_lanes, window, coefficients, own_ladder,
            own_dense, stride, own_inside, own_y, own_results, attempts, refined, first,
            second_order,
        )  # fmt: skip
    for i in range(first, last):
        for j in range(4):
            if refined[i - first, j, 0] >= maxima[i, j, 0]:
                maxima[i, j] = refined[i - first, j]
        maxima[i, FLUCTUATION, 0] = math.sqrt(max(maxima[i, FLUCTUATION, 0], 0.0))
