"""Where each number of a series' state stands.

Scalars are rows of two tables, one column per series: `wide` float64 (times, levels, second moments) and `slim`
float32 (scales, counters, quantiles). Profiles and the small numbers of the slots are flat arrays, slot-major within a
block of series that have equally many slots, so that a tick of many aligned series reads neighbouring numbers.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

DAY_S, WEEK_S = 86400, 604800
MONTH_S = 2_629_800.0
"""Mean month, 30.4375 days."""

FINEST_DAY_SLOT_S = 300
FINEST_WEEK_SLOT_S = 3600

INTERVALS = 8
"""Intervals of seen values that `novelty` remembers."""
NOVELTY = 3 * (INTERVALS + 1)
"""Rows of one memory of intervals: lower ends, upper ends, births; one more of each while two are being merged."""

# Rows of `wide`.
LAST = 0  # number of the newest grid step seen (time // step); NaN before the first
FIRST = 1  # number of the first grid step seen
UNIT = 2  # size of the first value that was not zero: the unit of what is too small to matter
MEAN = 3  # slow mean of the value
SMOOTH = 4  # mean of the last dozen values
DAY_LEVEL = 5  # level beside the day profile of `season`
WEEK_LEVEL = 6  # level beside its week profile
FLAT_LEVEL = 7  # level without any profile
PREVIOUS = 8  # the value before
LEVEL = 9  # level of the tame baseline
SLOW = 10  # mean of a month
SQUARE = 11  # second moments above and below, of MEAN's deviation, the day residual, the week residual: two rows each
NEW_SQUARE = 17  # second moment of the distance to the nearest seen value; the same for steps
WIDE = 19

# Rows of `slim`: shared.
SEEN = 0  # values learned from
LOWEST = 1  # least and greatest value seen
HIGHEST = 2
SETTLE = 3  # steps left of settling
REFERENCE = 4  # evidence that the next one must exceed to be news, see `habituate`
MISSES = 5  # consecutive missing steps
SILENCE = 6  # evidence of the present silence
MISS_START = 7  # share of steps at which a silence begins in an open slot
MISS_STAY = 8  # share of missing steps followed by a missing step in an open slot
WEEK_SLOT = 9  # week slot of the newest grid step
# The recipe: slow deviation, novelty, season, point-wise.
SPREAD = 10  # mean absolute deviation from MEAN, clipped
MOMENT_MEAN = 11  # mean absolute value of the three moment streams
MOMENT_COUNT = 14  # values behind them
DAY_NOISE = 17  # running absolute residual that clips what the day profile learns
WEEK_NOISE = 18
DAY_ERROR = 19  # running absolute residual beside the day profile, beside the level alone, beside the week profile
FLAT_ERROR = 20
WEEK_ERROR = 21
DAY_RATIO = 22  # errors with profile by errors without: the proof of the season
WEEK_RATIO = 23
DAY_SMOOTH = 24  # smoothed residuals
WEEK_SMOOTH = 25
NEW_MEAN = 26  # mean distance to the nearest seen value; the same for steps
NEW_COUNT = 28
NEW_INTERVALS = 30  # intervals in use, of values and of steps
FAR = 32  # scales of the deviation from MEAN: above, below, their counts, both sides
RESIDUAL = 37  # the same of the day residual
RESIDUAL_COUNT = 42
VALUES = 43  # intervals of values
STEPS = VALUES + NOVELTY  # intervals of steps
# The tame channel.
TAME = STEPS + NOVELTY
SPAN = TAME  # mean absolute distance from SLOW
TAME_FLAT_ERROR = TAME + 1  # mean absolute residual without profiles
TAME_DAY_ERROR = TAME + 2  # with the day
TAME_WEEK_ERROR = TAME + 3  # with day and week
NOISE = TAME + 4  # mean absolute residual in units of the slot's spread
MEAN_1 = TAME + 5  # mean absolute statistic over one step, three steps, a third of a day
MEAN_3 = TAME + 6
MEAN_LONG = TAME + 7
Z_1 = TAME + 8  # last and last but one standardised residual, their smoothed sum
Z_2 = TAME + 9
Z_LONG = TAME + 10
CORRELATION = TAME + 11  # autocorrelation of the residuals
KURTOSIS = TAME + 12  # mean square of the residuals
CLUMPING = TAME + 13  # mean product of the sizes of neighbouring residuals
ABSOLUTE = TAME + 14  # mean size
LAST_ABSOLUTE = TAME + 15
OUTSIDE = TAME + 16  # steps of evidence that the level has moved for good
OUTSIDE_MEAN = TAME + 17  # mean residual of those steps
EVENTS = TAME + 18  # own alerts
SINCE = TAME + 19  # points since the last
RELEARN = TAME + 20  # steps left in which the profiles learn fast
TAIL = TAME + 21  # the two tails, above and below, see `tail`
TAIL_ROWS = 8
TAME_REFERENCE = TAIL + 2 * TAIL_ROWS  # as REFERENCE, of the tame channel
SLIM = TAME_REFERENCE + 1


def day_slots(step: NDArray[np.int64]) -> NDArray[np.int64]:
    """Slots of a day profile: one per step, at most 288."""
    return -(-DAY_S // np.maximum(step, FINEST_DAY_SLOT_S))


def week_slots(step: NDArray[np.int64]) -> NDArray[np.int64]:
    """Slots of a week profile and of the presence record: one per step, at most 168."""
    return 7 * -(-DAY_S // np.maximum(step, FINEST_WEEK_SLOT_S))


def profile_rows(step: NDArray[np.int64]) -> NDArray[np.int64]:
    """float32 numbers per series: the recipe's day and week, the tame day, day spread and week."""
    return 3 * day_slots(step) + 2 * week_slots(step)


def presence_rows(step: NDArray[np.int64]) -> NDArray[np.int64]:
    """uint8 numbers per series: presence by week slot, visits of the recipe's day slots and week slots."""
    return day_slots(step) + 2 * week_slots(step)
