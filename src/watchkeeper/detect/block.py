"""A block of series, point after point.

Where sixteen series of a block go on by one ordinary step each, they go abreast; a series with a gap, a mark, a missing
value or a first day to adopt takes that step alone, see `kernel`.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from watchkeeper.detect import adopt, dates
from watchkeeper.detect import layout as at
from watchkeeper.detect.adopt import week_slot_of
from watchkeeper.detect.kernel import COUNT, LARGEST_VALUE, RATE, grid_of
from watchkeeper.detect.lanes import LANES
from watchkeeper.detect.step_abreast import step_abreast
from watchkeeper.detect.step_alone import step_alone

FEWEST_ABREAST = 5
"""With fewer series ready for their next step, each goes alone."""
NEVER = np.int64(1) << 62


@njit(nogil=True, error_model="numpy")
def scratch_of():
    """What `replay_block` writes on, made once for many blocks: of a tick the making would be a fifth."""
    return (
        np.zeros(LANES, np.int64),
        np.zeros(LANES, np.int64),
        np.zeros(LANES, np.int64),
        np.zeros(LANES, np.int64),
        np.zeros(LANES, np.int64),
        np.zeros(LANES, np.int64),
        np.zeros(LANES, np.bool_),
        np.zeros(LANES, np.float32),
        np.empty(at.SLIM, np.float32),
        np.empty((LANES, at.TIMES)),
        np.empty((LANES, at.SLIM), np.float32),
    )


@njit(nogil=True, error_model="numpy")
def replay_block(
    series, start, time, local, value, mark, cases, kind, step, times, slim, profile, present, desk, scratch, has_bands,
    expected, lower, upper, score, phase, silence,
):  # fmt: skip
    """Advance one block by its series' points and judge each; `series` int64[LANES], -1 where there is none."""
    grid = grid_of(step)
    row, last, due, day_slot, week_slot, month_slot, is_ready, phases, kept, aside_times, aside_slim = scratch
    # A tick waits for memory: read in order, which the processor foresees, what is then used in any order.
    seen = 0.0
    for k in range(0, len(slim), LANES):
        seen += slim[k]
    desk[at.SCORE] = seen
    left = 0
    for j in range(LANES):
        s = series[j]
        row[j] = last[j] = due[j] = 0
        if s >= 0:
            row[j], last[j] = start[s], start[s + 1]
            left += 1 if row[j] < last[j] else 0
            desk[at.IS_COUNT + j] = 1.0 if kind[s] == COUNT else 0.0
            desk[at.IS_RATE + j] = 1.0 if kind[s] == RATE else 0.0
            due[j] = NEVER if math.isnan(times[at.LAST + j]) else (np.int64(times[at.LAST + j]) + 1) * step
    while left > 0:
        ready = 0
        clock_before = np.int64(-1)
        day = week = month = np.int64(0)
        for j in range(LANES):
            is_ready[j] = False
            if row[j] < last[j]:
                i = row[j]
                since = time[i] - due[j]
                x = value[i]
                is_ready[j] = 0 <= since < step and abs(x) <= LARGEST_VALUE and (len(mark) == 0 or mark[i] == 0)
                is_ready[j] = is_ready[j] and not adopt.is_ripe(slim[j:], grid)
                clock = local[i] if len(local) else time[i]
                if clock != clock_before:
                    day = (clock % at.DAY_S) * grid.day_slots // at.DAY_S
                    week = week_slot_of(clock, grid.week_slots)
                    month = dates.month_slot(clock) if grid.has_month else month
                    clock_before = clock
                day_slot[j], week_slot[j], month_slot[j] = day, week, month
                desk[at.VALUE + j] = x
                desk[at.CASES + j] = cases[i] if len(cases) else 0.0
                ready += 1 if is_ready[j] else 0
        if ready < FEWEST_ABREAST:
            for j in range(LANES):
                is_ready[j] = False
        for j in range(LANES):  # Alone: what is not ready.
            if row[j] < last[j] and not is_ready[j]:
                i = row[j]
                phase[i], silence[i] = step_alone(
                    time[i] // step, time[i], local[i] if len(local) else time[i], value[i],
                    mark[i] if len(mark) else np.uint8(0), kind[series[j]], grid, times[j:], slim[j:], profile[j:],
                    present[j:], desk[j:], kept, has_bands,
                )  # fmt: skip
                expected[i], lower[i], upper[i] = desk[at.EXPECTED + j], desk[at.LOWER + j], desk[at.UPPER + j]
                score[i] = desk[at.SCORE + j]
                due[j] = NEVER if math.isnan(times[at.LAST + j]) else (np.int64(times[at.LAST + j]) + 1) * step
                row[j] += 1
                left -= 1 if row[j] == last[j] else 0
        if ready < FEWEST_ABREAST:
            continue
        for j in range(LANES):  # The others stand aside meanwhile.
            if not is_ready[j]:
                day_slot[j] = week_slot[j] = month_slot[j] = 0
                for k in range(at.TIMES):
                    aside_times[j, k] = times[k * LANES + j]
                for k in range(at.SLIM):
                    aside_slim[j, k] = slim[k * LANES + j]
        step_abreast(
            is_ready, day_slot, week_slot, month_slot, grid, times, slim, profile, present, desk, phases, has_bands
        )
        for j in range(LANES):
            if is_ready[j]:
                i = row[j]
                expected[i], lower[i], upper[i] = desk[at.EXPECTED + j], desk[at.LOWER + j], desk[at.UPPER + j]
                score[i] = desk[at.SCORE + j]
                phase[i] = np.uint8(phases[j])
                silence[i] = math.nan
                due[j] += step
                row[j] += 1
                left -= 1 if row[j] == last[j] else 0
            else:
                for k in range(at.TIMES):
                    times[k * LANES + j] = aside_times[j, k]
                for k in range(at.SLIM):
                    slim[k * LANES + j] = aside_slim[j, k]
