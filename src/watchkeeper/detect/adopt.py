"""A new series makes its own what it borrowed of similar ones, once it has seen a day.

What is borrowed (`borrowed`) lies in the state from the beginning: shapes in shares of the level, and in CREDIT, below
zero, the days of history that they are worth. For a day it waits there. Then the day's own values y say how large the
series is: y = L + b q with q the borrowed shape, where b is drawn towards L, the shape as it is, by a ridge that is the
stronger the noisier the values are. What is left over is the noise. If the shape explains this day much worse than it
does the lenders' days, the series is another kind of thing and goes on as if it had borrowed nothing.

Shrinkage towards a group is James and Stein 1961; of the seasonal indices of like products, Dalhart 1974.
"""

from __future__ import annotations

from numba import njit

from watchkeeper.detect import layout as at
from watchkeeper.detect import tail, tame
from watchkeeper.detect.lanes import LANES, abreast, root
from watchkeeper.detect.rates import rate_unit

UNSURE = 0.3
"""Standard deviation of a series' swing, in shares of what the lenders' would be at its level."""
MOST_SWING = 3.0
"""The swing is at most so many times that."""
WORSE, WORSE_BY = 1.5, 0.15
"""Not adopted is a shape that leaves so much more unexplained, as a share, than of the lenders' days."""
PSEUDO = 12.0
"""Values that the lenders' noise counts for beside the first day's."""
LEAST_SHARE = 0.25
"""Of a first day in which less than this share of usual values is to be expected nothing can be learned."""


@abreast
def week_slot_of(local, slots):
    """Slot of the week of a wall-clock second; weeks begin on Thursday, as 1970 did."""
    return (local % at.WEEK_S) * slots // at.WEEK_S


@abreast
def is_ripe(slim, grid):
    """Whether a series has seen a day and has yet to adopt what it borrowed; the array begins at its column."""
    return (slim[at.CREDIT] < 0.0) & (slim[at.SEEN] >= grid.per_day)


@njit(nogil=True, error_model="numpy")
def adopt(slim, profile, present, clock, is_count, grid):
    """Adopt, or drop, what was borrowed; the arrays begin at the column of the series.

    `clock` is the wall-clock second of the value that comes next. The first day's values are found in the recipe's day
    profile, where each slot takes its first value as it is.
    """
    if _fit(slim, profile, present, clock, is_count, grid):
        slim[at.CREDIT] = -slim[at.CREDIT]
        return
    days, weeks = grid.day_slots, grid.week_slots
    for h in range(days):  # As if nothing had been borrowed: the values are the profile.
        profile[(days + weeks + h) * LANES] = profile[h * LANES]
        profile[(2 * days + weeks + h) * LANES] = 0.0
    for w in range(weeks):
        profile[(3 * days + weeks + w) * LANES] = 0.0
    slim[at.LEVEL] = slim[at.DAY_LEVEL]
    slim[at.CREDIT] = slim[at.NOISE] = 0.0
    slim[at.TAME_FLAT_ERROR] = slim[at.TAME_DAY_ERROR] = slim[at.TAME_WEEK_ERROR] = slim[at.CORRELATION] = 0.0
    slim[at.TAIL + tail.COUNT] = slim[at.TAIL + at.TAIL_ROWS + tail.COUNT] = 0.0
    tame.begin(slim, grid.month)


@njit(nogil=True, error_model="numpy")
def _fit(slim, profile, present, clock, is_count, grid):
    """Fit level, swing and noise to the first day and write them into the state; False where the shape does not fit."""
    days, weeks = grid.day_slots, grid.week_slots
    level, tame_day, spread, week = slim[at.DAY_LEVEL], days + weeks, 2 * days + weeks, 3 * days + weeks
    n = value = shape = 0.0
    for h in range(days):
        if present[(weeks + h) * LANES] > 0:
            n += 1.0
            value += level + profile[h * LANES]
            shape += _shape(profile, h, clock, grid)
    if not (n + shape > LEAST_SHARE * n and value > 0.0):
        return False
    size = value / (n + shape)
    mean, middle = value / n, shape / n
    square = product = left = flat = 0.0
    for h in range(days):
        if present[(weeks + h) * LANES] > 0:
            q = _shape(profile, h, clock, grid)
            over = level + profile[h * LANES] - size * (1.0 + q)
            square += (q - middle) * (q - middle)
            product += over * (q - middle)
            left += over * over
            flat += abs(level + profile[h * LANES] - mean)
    prior = UNSURE * size * (UNSURE * size)
    swing = min(max(size + product * prior / (square * prior + left / n + 1e-300), 0.0), MOST_SWING * size)
    size = mean - swing * middle
    residual = noise = 0.0
    has_cases = (not is_count) and slim[at.USUAL_CASES] > 0.0
    usual = float(slim[at.USUAL_CASES])
    for h in range(days):
        if present[(weeks + h) * LANES] > 0:
            expected = size + swing * _shape(profile, h, clock, grid)
            away = abs(level + profile[h * LANES] - expected)
            residual += away
            share = rate_unit(expected, usual, usual) if has_cases else 1.0
            unit = root(max(expected, 0.0) + 1.0) if is_count else share
            noise += away / (unit * (1.0 + profile[(spread + h) * LANES]))
    error = float(slim[at.TAME_WEEK_ERROR])
    if residual > (WORSE * error / max(float(slim[at.TAME_FLAT_ERROR]), 1e-30) + WORSE_BY) * flat:
        return False
    slim[at.LEVEL] = size
    for row in range(tame_day, tame_day + days):
        profile[row * LANES] *= swing
    for row in range(week, week + weeks):
        profile[row * LANES] *= swing
    found = (residual + PSEUDO * error * swing) / (n + PSEUDO)
    for row in (at.TAME_FLAT_ERROR, at.TAME_DAY_ERROR, at.TAME_WEEK_ERROR):
        slim[row] *= found / max(error, 1e-30)
    slim[at.SPAN] = max(float(slim[at.SPAN]), float(slim[at.TAME_FLAT_ERROR]))
    slim[at.NOISE] = (noise + PSEUDO * slim[at.NOISE] * (1.0 if is_count or has_cases else swing)) / (n + PSEUDO)
    return True


@njit(nogil=True, error_model="numpy")
def _shape(profile, h, clock, grid):
    """The borrowed shape when slot `h` of the day was last there before `clock`."""
    days, weeks = grid.day_slots, grid.week_slots
    now = (clock % at.DAY_S) * days // at.DAY_S
    back = (now - h - 1) % days + 1
    w = week_slot_of(clock - back * (at.DAY_S // days), weeks)
    return profile[(days + weeks + h) * LANES] + profile[(3 * days + weeks + w) * LANES]
