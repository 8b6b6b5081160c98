"""One point of one series, whatever it is: a gap, a mark, a missing value, the first value, or an ordinary one."""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from watchkeeper.detect import adopt, band, dates, habituate, novelty, presence, tame
from watchkeeper.detect import layout as at
from watchkeeper.detect.adopt import week_slot_of
from watchkeeper.detect.kernel import (
    COUNT,
    EXCLUDED,
    LARGEST_VALUE,
    LEARNING,
    MISSING,
    RATE,
    RESTART,
    SETTLING,
    VOID,
    WATCHING,
    WITHHELD,
    foresee,
    judge,
    learn,
    pass_time,
    put,
    take,
    weigh,
)
from watchkeeper.detect.lanes import LANES


@njit(nogil=True, error_model="numpy")
def skip(times, slim, present, slots, step, steps, offset, settle):
    """Pass over `steps` missing grid steps of a series after its newest one; returns the evidence of the silence."""
    month = at.MONTH_S / step
    silence = float(slim[at.SILENCE])
    longest = presence.LONGEST_SILENCE_S // step
    for _ in range(steps):
        if slim[at.MISSES] >= longest:
            break
        times[at.LAST] += 1
        slot = week_slot_of(np.int64(times[at.LAST]) * step + offset, slots)
        weeks = np.int64((times[at.LAST] - times[at.FIRST]) * step // at.WEEK_S)
        presence.enter_slot(slim, present, slot)
        silence = presence.miss(slim, present, slot, slots, weeks, month, settle)
    return silence


@njit(nogil=True, error_model="numpy")
def begin(times, slim, now, value, month):
    """First value of a series."""
    times[at.LAST] = times[at.FIRST] = now
    for row in at.LEVELS:
        slim[row] = value
    slim[at.REFERENCE] = slim[at.TAME_REFERENCE] = habituate.NEVER
    slim[at.DAY_RATIO] = slim[at.WEEK_RATIO] = 9.0  # nothing is proven
    slim[at.LOWEST] = slim[at.HIGHEST] = value
    slim[at.MISS_START] = 0.002
    slim[at.MISS_STAY] = 0.5
    novelty.begin(slim, at.VALUES)
    novelty.begin(slim, at.STEPS)
    if slim[at.CREDIT] == 0.0:
        tame.begin(slim, month)


@njit(nogil=True, error_model="numpy")
def restart(slim, change, settle, per_day):
    """The level of a series is `change` higher from now on, profiles kept: what was seen before moves with it."""
    for row in at.LEVELS:
        slim[row] += change
    novelty.move(slim, at.VALUES, change)
    slim[at.DAY_SMOOTH] = slim[at.WEEK_SMOOTH] = 0.0
    slim[at.SETTLE] = settle
    tame.forget_run(slim, per_day)


@njit(nogil=True, error_model="numpy")
def limits_alone(slim, desk, grid):
    """The band of one series; the arrays begin at its column."""
    band.limits(slim, desk, 1, grid)


@njit(nogil=True, error_model="numpy")
def step_alone(
    now, stamp, clock, x, bits, kind, grid, times, slim, profile, present, desk, kept, has_bands
):  # fmt: skip
    """One point of one series, whatever it is; returns (phase, silence), the rest lies on the desk.

    The arrays begin at the column of the series.
    """
    is_missing = not abs(x) <= LARGEST_VALUE or (bits & VOID) != 0
    if math.isnan(times[at.LAST]):
        if is_missing:  # nothing is known before the first value
            desk[at.EXPECTED] = desk[at.LOWER] = desk[at.UPPER] = desk[at.SCORE] = math.nan
            return MISSING, math.nan
        begin(times, slim, now, x, grid.month)
    steps = now - np.int64(times[at.LAST])
    is_learning = slim[at.SEEN] < grid.warm
    gap = math.nan
    if steps > 1 or (steps == 1 and is_missing):
        missing = steps - (0 if is_missing else 1)
        gap = skip(times, slim, present, grid.week_slots, grid.step, missing, clock - stamp, grid.settle)
    times[at.LAST] = max(times[at.LAST], float(now))
    desk[at.VALUE] = x
    desk[at.IS_COUNT], desk[at.IS_RATE] = (1.0 if kind == COUNT else 0.0), (1.0 if kind == RATE else 0.0)
    desk[at.PASSED] = slim[at.MISSES] + min(steps, 1)
    if (bits & WITHHELD) != 0:  # Not seen, as in a gap: see `presence.miss`; one for the step that passes.
        slim[at.SETTLE] = min(slim[at.SETTLE] + 2.0, grid.settle + 1.0)
    if not is_missing:
        pass_time(slim, desk, 1)
    if adopt.is_ripe(slim, grid) and not is_missing:
        adopt.adopt(slim, profile, present, clock, desk[at.IS_COUNT] > 0.0, grid)
    day_slot = (clock % at.DAY_S) * grid.day_slots // at.DAY_S
    week_slot = week_slot_of(clock, grid.week_slots)
    month_slot = dates.month_slot(clock) if grid.has_month else 0
    take(desk, profile, present, day_slot, week_slot, month_slot, grid, 0)
    foresee(slim, desk, 1, grid)
    if (bits & RESTART) != 0 and not is_missing:
        restart(slim, x - desk[at.MID], grid.settle, grid.per_day)
        desk[at.MID] = x
    weigh(slim, desk, 1, grid)
    if is_missing:
        limits_alone(slim, desk, grid)
        desk[at.SCORE] = math.nan
        silence = gap if steps > 0 else float(slim[at.SILENCE])
        return MISSING, math.nan if is_learning else silence
    presence.enter_slot(slim, present, week_slot)
    presence.arrive(slim, present, week_slot)
    is_settling = slim[at.SETTLE] > 0.0
    teach = (bits & EXCLUDED) == 0
    if not teach:  # judged on a copy: nothing of what follows is remembered
        for k in range(at.SLIM):
            kept[k] = slim[k * LANES]
    judge(slim, desk, 1, grid)
    if has_bands or not band.surely_inside(slim, desk, 0):
        limits_alone(slim, desk, grid)
    else:
        desk[at.LOWER] = desk[at.UPPER] = math.nan
    learn(slim, desk, 1, grid)
    if teach:
        put(desk, profile, present, day_slot, week_slot, month_slot, grid, 0)
    else:
        for k in range(at.SLIM):
            slim[k * LANES] = kept[k]
    if is_learning:
        desk[at.SCORE] = math.nan
        return LEARNING, math.nan
    return (SETTLING if is_settling else WATCHING), gap
