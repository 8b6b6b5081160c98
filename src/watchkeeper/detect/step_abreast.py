"""One ordinary point of each series of a block, the next on its grid."""

from __future__ import annotations

import math

from numba import njit

from watchkeeper.detect import band, presence
from watchkeeper.detect import layout as at
from watchkeeper.detect.kernel import LEARNING, SETTLING, WATCHING, foresee, judge, learn, pass_time, put, take, weigh
from watchkeeper.detect.lanes import LANES, abreast


@njit(nogil=True, error_model="numpy")
def take_all(desk, profile, present, day_slot, week_slot, month_slot, grid):
    """Put the slots' entries of a block on the desk; those of series that stand in one slot lie side by side."""
    day, week, month = day_slot[0], week_slot[0], month_slot[0]
    is_one = True
    for j in range(LANES):
        is_one &= (day_slot[j] == day) & (week_slot[j] == week) & (month_slot[j] == month)
    if is_one:
        for j in range(LANES):
            take(desk, profile, present, day, week, month, grid, j)
    else:
        for j in range(LANES):
            take(desk, profile, present, day_slot[j], week_slot[j], month_slot[j], grid, j)
    return is_one


@abreast
def arrive(slim, phase, grid):
    """`presence.arrive` of a block, and the phase of each series."""
    for j in range(LANES):
        gone = slim[at.MISSES + j] > 0.0
        start, stay = slim[at.MISS_START + j], slim[at.MISS_STAY + j]
        slim[at.MISS_START + j] = start if gone else max(start * (1.0 - presence.BEGINS), presence.LEAST)
        slim[at.MISS_STAY + j] = max(stay * (1.0 - presence.GOES_ON), presence.LEAST) if gone else stay
        slim[at.MISSES + j] = 0.0
        slim[at.SILENCE + j] = 0.0
        settling = float(SETTLING) if slim[at.SETTLE + j] > 0.0 else float(WATCHING)
        phase[j] = float(LEARNING) if slim[at.SEEN + j] < grid.warm else settling


@njit(nogil=True, error_model="numpy")
def step_abreast(
    is_ready, day_slot, week_slot, month_slot, grid, times, slim, profile, present, desk, phase, has_bands
):  # fmt: skip
    """One ordinary point of each ready series of a block, the next on its grid; what the others hold in `times` and
    `slim` is lost. `phase` float32[LANES] is written.
    """
    is_full = True
    for j in range(LANES):
        times[at.LAST + j] += 1.0
        desk[at.PASSED + j] = slim[at.MISSES + j] + 1.0
        is_full &= is_ready[j]
    pass_time(slim, desk, LANES)
    is_one = take_all(desk, profile, present, day_slot, week_slot, month_slot, grid)
    for j in range(LANES):
        if is_ready[j]:
            place = week_slot[j] * LANES + j
            is_new = slim[at.WEEK_SLOT + j] != week_slot[j]
            present[place] = (present[place] << (1 if is_new else 0)) & 0xFF | 1
            slim[at.WEEK_SLOT + j] = week_slot[j]
    arrive(slim, phase, grid)
    foresee(slim, desk, LANES, grid)
    weigh(slim, desk, LANES, grid)
    judge(slim, desk, LANES, grid)
    needed = has_bands
    for j in range(LANES):
        needed |= not band.surely_inside(slim, desk, j)
    if needed:
        band.limits(slim, desk, LANES, grid)
    if not has_bands:
        for j in range(LANES):
            if not needed or band.surely_inside(slim, desk, j):
                desk[at.LOWER + j] = desk[at.UPPER + j] = math.nan
    learn(slim, desk, LANES, grid)
    if is_one and is_full:
        for j in range(LANES):
            put(desk, profile, present, day_slot[0], week_slot[0], month_slot[0], grid, j)
    else:
        for j in range(LANES):
            if is_ready[j]:
                put(desk, profile, present, day_slot[j], week_slot[j], month_slot[j], grid, j)
    for j in range(LANES):
        desk[at.SCORE + j] = math.nan if phase[j] == LEARNING else desk[at.SCORE + j]
