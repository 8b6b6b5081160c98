"""Where each number of a series' state stands.

Scalars are rows of two tables, one column per series: `wide` float64 (times, levels) and `slim` float32 (scales,
counters, quantiles). Profiles are flat arrays, slot-major within a block of series that have equally many slots, so
that a tick of many aligned series reads neighbouring numbers.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

DAY_S, WEEK_S = 86400, 604800
MONTH_S = 2_629_800.0
"""Mean month, 30.4375 days."""

FINEST_DAY_SLOT_S = 300
FINEST_WEEK_SLOT_S = 3600

# Rows of `wide`.
LAST = 0  # number of the newest grid step seen (time // step); NaN before the first
FIRST = 1  # number of the first grid step seen
LEVEL = 2  # level of the value without its profiles, over some days
MEAN = 3  # mean of the raw value, over weeks
SMOOTH = 4  # smoothed raw value, one row per horizon: SMOOTH, SMOOTH+1
WIDE = 6

# Rows of `slim`.
SEEN = 0  # values learned from
DAY_ERROR = 1  # mean absolute error with the day profile only
WEEK_ERROR = 2  # and with the week profile too
NOISE = 3  # mean absolute residual in units of the slot's spread: the limit of what one value may teach
SPAN = 4  # mean absolute distance from MEAN
ERROR = 5  # smoothed residual, one row per horizon: ERROR, ERROR+1
SCALE = 7  # mean squares, rows SCALE + 4 * horizon + 2 * (0 residual, 1 distance from MEAN) + (0 above, 1 below)
OFTEN_LEVEL = 15  # logarithms of the evidence exceeded often and seldom, see `tail`
SELDOM_LEVEL = 16
TOLD = 17  # logarithm of the evidence already told of: the present or last incident, fading
OUTSIDE = 18  # steps of evidence that the level has moved for good
OUTSIDE_MEAN = 19  # mean residual of those steps
SETTLE = 20  # steps left of settling
LOWEST = 21  # least and greatest value seen
HIGHEST = 22
MISSES = 23  # consecutive missing steps
SILENCE = 24  # evidence of the present silence
MISS_START = 25  # share of steps at which a silence begins in an open slot
MISS_STAY = 26  # share of missing steps followed by a missing step in an open slot
WEEK_SLOT = 27  # week slot of the newest grid step
COUNT = 28  # values behind each SCALE row
SLIM = 36


def day_slots(step: NDArray[np.int64]) -> NDArray[np.int64]:
    """Slots of the day profile and its spread: one per step, at most 288."""
    return -(-DAY_S // np.maximum(step, FINEST_DAY_SLOT_S))


def week_slots(step: NDArray[np.int64]) -> NDArray[np.int64]:
    """Slots of the week profile and of the presence record: one per step, at most 168."""
    return 7 * -(-DAY_S // np.maximum(step, FINEST_WEEK_SLOT_S))


def profile_rows(step: NDArray[np.int64]) -> NDArray[np.int64]:
    """float32 numbers per series: day profile, day spread, week profile."""
    return 2 * day_slots(step) + week_slots(step)
