"""Where each number of a series' state stands.

Series of equal steps stand in blocks of sixteen, see `lanes`. A block is four columns of rows of sixteen numbers, one
for each series: `times` float64, `slim` float32 (levels, scales, counters, quantiles), `profile` float32 and `presence`
uint8 (what is known of each slot of day and week). So a tick of many aligned series reads neighbouring numbers, and a
replay has a series at hand without gathering it first.

A constant names the first number of a row: `slim[MEAN + j]` is the slow mean of the j-th series of the block.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from watchkeeper.detect.lanes import LANES

DAY_S, WEEK_S = 86400, 604800
MONTH_S = 2_629_800.0
"""Mean month, 30.4375 days."""

FINEST_DAY_SLOT_S = 300
FINEST_WEEK_SLOT_S = 3600
MONTH_SLOTS = 33
"""Days of the month, see `dates`; only series of one value a day have them."""

INTERVALS = 8
"""Intervals of seen values that `novelty` remembers."""
LOW, HIGH, BORN = 0, INTERVALS * LANES, 2 * INTERVALS * LANES
"""Rows of one memory of intervals: lower ends, upper ends, births."""
NOVELTY = 3 * INTERVALS * LANES

# Rows of `times`.
LAST = 0 * LANES  # number of the newest grid step seen (time // step); NaN before the first
FIRST = 1 * LANES  # number of the first grid step seen
TIMES = 2  # rows

# Rows of `slim`: shared.
SEEN = 0 * LANES  # values learned from
LOWEST = 1 * LANES  # least and greatest value seen
HIGHEST = 2 * LANES
SETTLE = 3 * LANES  # steps left of settling
REFERENCE = 4 * LANES  # evidence that the next one must exceed to be news, see `habituate`
MISSES = 5 * LANES  # consecutive missing steps
SILENCE = 6 * LANES  # evidence of the present silence
MISS_START = 7 * LANES  # share of steps at which a silence begins in an open slot
MISS_STAY = 8 * LANES  # share of missing steps followed by a missing step in an open slot
WEEK_SLOT = 9 * LANES  # week slot of the newest grid step
# The recipe: slow deviation, novelty, season, point-wise.
SPREAD = 10 * LANES  # mean absolute deviation from MEAN, clipped
MOMENT_MEAN = 11 * LANES  # mean absolute value of the three moment streams
MOMENT_COUNT = 14 * LANES  # values behind them
DAY_NOISE = 17 * LANES  # running absolute residual that clips what the day profile learns
WEEK_NOISE = 18 * LANES
DAY_ERROR = 19 * LANES  # running absolute residual beside the day profile, the level alone, the week profile
FLAT_ERROR = 20 * LANES
WEEK_ERROR = 21 * LANES
DAY_RATIO = 22 * LANES  # errors with profile by errors without: the proof of the season
WEEK_RATIO = 23 * LANES
DAY_SMOOTH = 24 * LANES  # smoothed residuals
WEEK_SMOOTH = 25 * LANES
NEW_MEAN = 26 * LANES  # mean distance to the nearest seen value; the same for steps
NEW_COUNT = 28 * LANES
NEW_INTERVALS = 30 * LANES  # intervals in use, of values and of steps
FAR = 32 * LANES  # scales of the deviation from MEAN: above, below, their counts, both sides
RESIDUAL = 37 * LANES  # the same of the day residual
RESIDUAL_COUNT = 42 * LANES
VALUES = 43 * LANES  # intervals of values
STEPS = VALUES + NOVELTY  # intervals of steps
# The tame channel.
TAME = STEPS + NOVELTY
SPAN = TAME  # mean absolute distance from SLOW
TAME_FLAT_ERROR = TAME + 1 * LANES  # mean absolute residual without profiles
TAME_DAY_ERROR = TAME + 2 * LANES  # with the day
TAME_WEEK_ERROR = TAME + 3 * LANES  # with day and week
NOISE = TAME + 4 * LANES  # mean absolute residual in units of the slot's spread
MEAN_1 = TAME + 5 * LANES  # mean absolute statistic over one step, three steps, a third of a day
MEAN_3 = TAME + 6 * LANES
MEAN_LONG = TAME + 7 * LANES
Z_1 = TAME + 8 * LANES  # last and last but one standardised residual, their smoothed sum
Z_2 = TAME + 9 * LANES
Z_LONG = TAME + 10 * LANES
CORRELATION = TAME + 11 * LANES  # autocorrelation of the residuals
KURTOSIS = TAME + 12 * LANES  # mean square of the residuals
CLUMPING = TAME + 13 * LANES  # mean product of the sizes of neighbouring residuals
ABSOLUTE = TAME + 14 * LANES  # mean size
LAST_ABSOLUTE = TAME + 15 * LANES
OUTSIDE = TAME + 16 * LANES  # steps of evidence that the level has moved for good
OUTSIDE_MEAN = TAME + 17 * LANES  # mean residual of those steps
EVENTS = TAME + 18 * LANES  # own alerts
SINCE = TAME + 19 * LANES  # points since the last
RELEARN = TAME + 20 * LANES  # steps left in which the profiles learn fast
TAIL = TAME + 21 * LANES  # the two tails, above and below, see `tail`
TAIL_ROWS = 8 * LANES
TAME_REFERENCE = TAIL + 2 * TAIL_ROWS  # as REFERENCE, of the tame channel
CREDIT = TAME_REFERENCE + LANES  # days of history that were borrowed, see `borrowed`; below zero while not yet adopted
EARLY_TOLD = CREDIT + LANES  # how often a value left the early band, see `early`
USUAL_CASES = EARLY_TOLD + LANES  # how many cases a rate rests on usually; 0 where that is not known
# Levels and second moments.
UNIT = USUAL_CASES + LANES  # size of the first value that was not zero: the unit of what is too small to matter
MEAN = UNIT + 1 * LANES  # slow mean of the value
MEAN_REST = UNIT + 2 * LANES  # what MEAN is too coarse to hold: with a year of minutes a value moves it by less
SMOOTH = UNIT + 3 * LANES  # mean of the last dozen values
DAY_LEVEL = UNIT + 4 * LANES  # level beside the day profile of `season`
WEEK_LEVEL = UNIT + 5 * LANES  # level beside its week profile
FLAT_LEVEL = UNIT + 6 * LANES  # level without any profile
PREVIOUS = UNIT + 7 * LANES  # the value before
LEVEL = UNIT + 8 * LANES  # level of the tame baseline
SLOW = UNIT + 9 * LANES  # mean of a month
# Second moments above and below, of MEAN's deviation, of the day residual, of the week residual: two rows each.
SQUARE = UNIT + 10 * LANES
NEW_SQUARE = UNIT + 16 * LANES  # second moment of the distance to the nearest seen value; the same for steps
SLIM = NEW_SQUARE // LANES + 2  # rows
LEVELS = (MEAN, SMOOTH, DAY_LEVEL, WEEK_LEVEL, FLAT_LEVEL, PREVIOUS, LEVEL, SLOW)

# Rows of `desk`, float32: what is at hand of the present step and forgotten after it.
VALUE = 0 * LANES
PASSED = 1 * LANES  # steps since the last value, 0 for a second value of the same step
IS_COUNT = 2 * LANES  # 1 or 0
DAY = 3 * LANES  # entries of the profiles for this slot: the recipe's day and week, the tame day, its spread, and week
WEEK = 4 * LANES
TAME_DAY = 5 * LANES
TAME_SPREAD = 6 * LANES
TAME_WEEK = 7 * LANES
DAY_VISITS = 8 * LANES
WEEK_VISITS = 9 * LANES
MID = 10 * LANES  # what is expected
DAYS = 11 * LANES  # days of values seen, those borrowed too
WEEK_WEIGHT = 12 * LANES
WIDEN = 13 * LANES
SLOT_SPREAD = 14 * LANES
COUNT_UNIT = 15 * LANES
POISSON = 16 * LANES  # least standard deviation of a value
SCALE = 17 * LANES
COST = 18 * LANES
SEASONAL = 19 * LANES  # what the recipe's season expects
FAR_FLOOR = 20 * LANES
NEAR_FLOOR = 21 * LANES
FAR_OWN = 22 * LANES  # scales of the present side
NEAR_OWN = 23 * LANES
POINT = 24 * LANES  # z of the value alone
Z = 25 * LANES  # residual in scales, and its sums over steps
Z_THREE = 26 * LANES
Z_SUM = 27 * LANES
UP = 28 * LANES  # statistic of each side
DOWN = 29 * LANES
SURPRISE = 30 * LANES
INCIDENT = 31 * LANES  # 1 or 0
MOVED = 32 * LANES  # 1 or 0
BY_SLOW = 33 * LANES  # evidence of the channels
BY_NEW = 34 * LANES
BY_STEP = 35 * LANES
BY_SEASON = 36 * LANES
NEWS = 37 * LANES
SCORE = 38 * LANES
LOWER = 39 * LANES
UPPER = 40 * LANES
EXPECTED = 41 * LANES
KNOWN = 42 * LANES  # distance to the nearest seen value, and step; -1 where there is none
KNOWN_STEP = 43 * LANES
AFAR = 44 * LANES  # the value, and the step, lie outside of all intervals
AFAR_STEP = 45 * LANES
UNIT_NOW = 46 * LANES
IS_RATE = 47 * LANES
SHARE = 48 * LANES  # one over the values seen, with this one
EARLY = 49 * LANES  # half of the band while little is known, see `early`
CASES = 50 * LANES  # how many cases a rate rests on; NaN or 0 where that is not known
EFFECT = 51 * LANES  # how much more is expected by the month, see `dates`
MONTH_LAST = 52 * LANES  # entries for this day of the month
MONTH_COMMON = 53 * LANES
RATE_UNIT = 54 * LANES  # standard deviation of a rate of so many cases
DESK = 55  # rows


class Grid(NamedTuple):
    """What follows from the step of a block."""

    step: int
    day_slots: int
    week_slots: int
    has_day: bool
    has_month: bool
    per_day: np.float32
    month: np.float32
    """Points a month."""
    warm: np.float32
    """Points before the first score: a day, at least 14 and at most 288."""
    settle: np.float32
    """Steps that settling takes: two days, at least 8 steps."""
    width: np.float32
    """Steps of the longest sum of `tame`."""


def day_slots(step: NDArray[np.int64]) -> NDArray[np.int64]:
    """Slots of a day profile: one per step, at most 288."""
    return -(-DAY_S // np.maximum(step, FINEST_DAY_SLOT_S))


def week_slots(step: NDArray[np.int64]) -> NDArray[np.int64]:
    """Slots of a week profile and of the presence record: one per step, at most 168."""
    return 7 * -(-DAY_S // np.maximum(step, FINEST_WEEK_SLOT_S))


def profile_rows(step: NDArray[np.int64]) -> NDArray[np.int64]:
    """float32 numbers per series: the recipe's day and week, the tame day, day spread and week, the month's two."""
    months = np.where(step == DAY_S, 2 * MONTH_SLOTS, 0)
    return np.asarray(3 * day_slots(step) + 2 * week_slots(step) + months, np.int64)


def presence_rows(step: NDArray[np.int64]) -> NDArray[np.int64]:
    """uint8 numbers per series: presence by week slot, visits of the recipe's day slots and week slots."""
    return day_slots(step) + 2 * week_slots(step)
