"""One step of series: judge first, then learn.

The score is the largest of three, each in the unit of the bar: the habituated evidence of `recipe`, the habituated
score of the `tame` channel, and, far down, the point-wise z. The band is where z or the tame channel reach once a
month.

These are the parts of a step; `step_alone` and `step_abreast` put them together, and `block` decides which series of a
block take their next step in which way.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from watchkeeper.detect import (
    band,
    baseline,
    dates,
    early,
    habituate,
    pointwise,
    recipe,
    tame,
)
from watchkeeper.detect import layout as at
from watchkeeper.detect.lanes import LANES, abreast, log10, root
from watchkeeper.detect.rates import rate_unit

EXCLUDED, VOID, RESTART, WITHHELD = 1, 2, 4, 8
LEARNING, WATCHING, SETTLING, MISSING = 0, 1, 2, 3
COUNT, RATE = 0, 2
LARGEST_VALUE = 1e18
"""Beyond this a value is no measure and counts as missing."""
BY_POINT = float(np.float32(-0.8))
"""Score of one point at the edge of the band, as such: in wild series such points recur by the dozen. A greater one is
told as news by the recipe, and every one that leaves the band opens an alert, see `decide`."""
BY_POINT_SLOPE, BY_POINT_MOST = 0.02, 1.0
"""Beyond the edge the score still rises, but never to where news begins."""
LEAST_UNIT = 1e-15
"""Smaller values are all alike."""
SETTLING_WIDER = 2.0
"""Just after the level was set anew a deviation must be so many times greater in addition."""


@njit(nogil=True, error_model="numpy")
def grid_of(step):
    """What follows from a step."""
    day_slots = -(-at.DAY_S // max(step, at.FINEST_DAY_SLOT_S))
    per_day = at.DAY_S / step
    return at.Grid(
        step,
        day_slots,
        7 * -(-at.DAY_S // max(step, at.FINEST_WEEK_SLOT_S)),
        day_slots > 1,
        step == at.DAY_S,
        np.float32(per_day),
        np.float32(at.MONTH_S / step),
        np.float32(min(max(at.DAY_S // step, 14), 288)),
        np.float32(max(2 * at.DAY_S // step, 8)),
        np.float32(min(max(per_day / 3.0, 7.0), 96.0)),
    )


@abreast
def pass_time(slim, desk, lanes):
    """Time goes on to a value that is there."""
    for j in range(lanes):
        passed = desk[at.PASSED + j]
        slim[at.SETTLE + j] = max(slim[at.SETTLE + j] - min(passed, 1.0), 0.0)  # for missing steps see `presence`
        slim[at.RELEARN + j] = max(slim[at.RELEARN + j] - passed, 0.0)
        x, unit = desk[at.VALUE + j], slim[at.UNIT + j]
        first = max(abs(x), LEAST_UNIT) if x != 0.0 else 0.0
        slim[at.UNIT + j] = first if unit == 0.0 else unit
    habituate.fade(slim, desk, lanes)


@abreast
def foresee(slim, desk, lanes, grid):
    """What is expected."""
    baseline.foresee(slim, desk, lanes, grid)
    if grid.has_month:
        dates.foresee(slim, desk, lanes)


@abreast
def rate_units(slim, desk, lanes):
    """RATE_UNIT of rates whose cases are known, 0 of all others; a block without any is spared the work.

    Where they become known of a series that was learned without, its noise is from now on in that unit.
    """
    with_cases = 0.0
    for j in range(lanes):
        is_known = (desk[at.CASES + j] > 0.0) | (slim[at.USUAL_CASES + j] > 0.0)
        with_cases += 1.0 if (desk[at.IS_RATE + j] > 0.0) & is_known else 0.0
        desk[at.RATE_UNIT + j] = 0.0
    if with_cases > 0.0:
        for j in range(lanes):
            usual, given = float(slim[at.USUAL_CASES + j]), desk[at.CASES + j]
            is_new = (desk[at.IS_RATE + j] > 0.0) & (usual == 0.0) & (given > 0.0)
            first = rate_unit(desk[at.MID + j], given if is_new else 1.0, given if is_new else 1.0)
            slim[at.NOISE + j] = slim[at.NOISE + j] / first if is_new else slim[at.NOISE + j]
            usual = given if is_new else usual
            slim[at.USUAL_CASES + j] = usual
            cases = given if given > 0.0 else usual
            has_cases = (desk[at.IS_RATE + j] > 0.0) & (cases > 0.0)
            found = rate_unit(desk[at.MID + j], cases if has_cases else 1.0, usual if usual > 0.0 else max(cases, 1.0))
            desk[at.RATE_UNIT + j] = found if has_cases else 0.0


@abreast
def weigh(slim, desk, lanes, grid):
    """What the value will be compared with, once it is known what is expected."""
    rate_units(slim, desk, lanes)
    for j in range(lanes):
        unit = slim[at.UNIT + j]
        unit = unit if unit > 0.0 else 1.0
        desk[at.SHARE + j] = 1.0 / (slim[at.SEEN + j] + 1.0)
        is_count = desk[at.IS_COUNT + j] > 0.0
        mid = desk[at.MID + j]
        mid = max(mid, 0.0) if is_count else mid
        desk[at.MID + j] = mid
        desk[at.UNIT_NOW + j] = unit
        desk[at.WIDEN + j] = 1.0 + SETTLING_WIDER / grid.settle * slim[at.SETTLE + j]
        spread = 1.0 + desk[at.TAME_SPREAD + j]
        desk[at.SLOT_SPREAD + j] = spread
        share_unit = desk[at.RATE_UNIT + j]
        has_cases = share_unit > 0.0
        poisson = root(max(mid, 0.0) + 1.0) if is_count else share_unit
        count_unit = poisson if is_count | has_cases else 1.0
        desk[at.COUNT_UNIT + j] = count_unit
        desk[at.POISSON + j] = poisson
        floor = baseline.SHARE_FLOOR * abs(mid) + 1e-12 * unit + (baseline.COUNT_FLOOR if is_count else 0.0)
        desk[at.SCALE + j] = max(baseline.MEAN_TO_SIGMA * slim[at.NOISE + j] * count_unit * spread, floor)
        desk[at.COST + j] = tame.price(slim, desk, j, grid.month)
        day_level = slim[at.DAY_LEVEL + j]
        seasonal = day_level + desk[at.DAY + j] + desk[at.EFFECT + j]
        desk[at.SEASONAL + j] = seasonal
        least = recipe.POISSON_MEAN * poisson
        desk[at.FAR_FLOOR + j] = max(pointwise.LEVEL_SHARE * abs(slim[at.MEAN + j]), least)
        desk[at.NEAR_FLOOR + j] = max(0.5 * pointwise.LEVEL_SHARE * (abs(seasonal) + abs(day_level)), least)
    early.half_band(slim, desk, lanes, grid)
    band.expected(slim, desk, lanes)


@abreast
def judge(slim, desk, lanes, grid):
    """How surprising one value is; nothing is learned yet."""
    pointwise.surprise(slim, desk, lanes)
    tame.judge(slim, desk, lanes, grid)


@abreast
def tell(slim, desk, lanes, grid):
    """The score: what is news of the evidence."""
    least_score = -math.log10(grid.month)
    for j in range(lanes):
        log_widen = log10(desk[at.WIDEN + j])
        over = desk[at.POINT + j] - (1.0 + pointwise.SEASON_WEIGHT) * log_widen - pointwise.ALERT
        found = desk[at.NEWS + j] - 2.0 * log_widen
        score = max(BY_POINT + (over if over < 0.0 else BY_POINT_SLOPE * min(over, BY_POINT_MOST)), least_score)
        reference = float(slim[at.REFERENCE + j])
        score = max(score, found - recipe.ALERT) if found > reference else score
        slim[at.REFERENCE + j] = habituate.told(reference, found, habituate.MARGIN)
        found = tame.priced(desk[at.SURPRISE + j], desk[at.COST + j])
        reference = float(slim[at.TAME_REFERENCE + j])
        score = max(score, found) if found > reference else score
        score = max(score, BY_POINT) if early.leaves(slim, desk, j) else score
        slim[at.TAME_REFERENCE + j] = habituate.told(reference, found, habituate.TAME_MARGIN)
        desk[at.SCORE + j] = score


@abreast
def learn(slim, desk, lanes, grid):
    """Learn the value, and score it on the way."""
    recipe.evidence(slim, desk, lanes, grid)
    tame.learn(slim, desk, lanes, grid)
    tell(slim, desk, lanes, grid)
    for j in range(lanes):
        if desk[at.MOVED + j] > 0.0:
            tame.accept(slim[j:], grid.per_day)
            slim[at.SETTLE + j] = grid.settle
    if grid.has_month:
        dates.learn(desk, lanes)
    baseline.learn(slim, desk, lanes, grid)
    for j in range(lanes):
        x = desk[at.VALUE + j]
        slim[at.LOWEST + j] = min(float(slim[at.LOWEST + j]), x)
        slim[at.HIGHEST + j] = max(float(slim[at.HIGHEST + j]), x)
        slim[at.SEEN + j] += 1.0
        usual, cases = float(slim[at.USUAL_CASES + j]), desk[at.CASES + j]
        pace = max(desk[at.SHARE + j], 1.0 / grid.month)
        is_known = (desk[at.IS_RATE + j] > 0.0) & (cases > 0.0)
        slim[at.USUAL_CASES + j] = (usual + pace * (cases - usual) if usual > 0.0 else cases) if is_known else usual


@abreast
def take(desk, profile, present, day_slot, week_slot, month_slot, grid, j):
    """Put the slots' entries of one series on the desk."""
    days, weeks = grid.day_slots, grid.week_slots
    desk[at.DAY + j] = profile[day_slot * LANES + j]
    desk[at.WEEK + j] = profile[(days + week_slot) * LANES + j]
    tame_day = days + weeks + day_slot
    desk[at.TAME_DAY + j] = profile[tame_day * LANES + j]
    desk[at.TAME_SPREAD + j] = profile[(tame_day + days) * LANES + j]
    desk[at.TAME_WEEK + j] = profile[(3 * days + weeks + week_slot) * LANES + j]
    desk[at.DAY_VISITS + j] = present[(weeks + day_slot) * LANES + j]
    desk[at.WEEK_VISITS + j] = present[(weeks + days + week_slot) * LANES + j]
    desk[at.EFFECT + j] = 0.0
    if grid.has_month:
        month = 3 * days + 2 * weeks + month_slot
        desk[at.MONTH_LAST + j] = profile[month * LANES + j]
        desk[at.MONTH_COMMON + j] = profile[(month + at.MONTH_SLOTS) * LANES + j]


@abreast
def put(desk, profile, present, day_slot, week_slot, month_slot, grid, j):
    """Put them back."""
    days, weeks = grid.day_slots, grid.week_slots
    profile[day_slot * LANES + j] = desk[at.DAY + j]
    profile[(days + week_slot) * LANES + j] = desk[at.WEEK + j]
    tame_day = days + weeks + day_slot
    profile[tame_day * LANES + j] = desk[at.TAME_DAY + j]
    profile[(tame_day + days) * LANES + j] = desk[at.TAME_SPREAD + j]
    profile[(3 * days + weeks + week_slot) * LANES + j] = desk[at.TAME_WEEK + j]
    if grid.has_month:
        month = 3 * days + 2 * weeks + month_slot
        profile[month * LANES + j] = desk[at.MONTH_LAST + j]
        profile[(month + at.MONTH_SLOTS) * LANES + j] = desk[at.MONTH_COMMON + j]
    present[(weeks + day_slot) * LANES + j] = min(desk[at.DAY_VISITS + j] + 1.0, 250.0)
    present[(weeks + days + week_slot) * LANES + j] = min(desk[at.WEEK_VISITS + j] + 1.0, 250.0)
