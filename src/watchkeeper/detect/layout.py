"""Where each number of a series' state stands.

Scalars are rows of two tables, one column per series: `wide` float64 (times, levels) and `slim` float32 (scales, counters,
quantiles). Profiles are flat arrays, slot-major within a block of series that have equally many slots, so that a tick of many
aligned series reads neighbouring numbers.
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
LEVEL = 2  # level of the raw value, rows LEVEL .. LEVEL+2: raw, without the day profile, without day and week profile
MEAN = 5  # slow mean of the raw value, over about a day
WIDE = 6

# Rows of `slim`.
SEEN = 0  # present points judged or learned from
ERROR = 1  # mean absolute one-step error of the three levels, rows ERROR .. ERROR+2
AWAY = 4  # mean absolute distance from the slow mean
DRIFT = 5  # evidence on longer horizons: smoothed standardised errors, rows DRIFT, DRIFT+1
DRIFT_SCALE = 7  # their running scale, rows DRIFT_SCALE, DRIFT_SCALE+1
TAIL_UP = 9  # logarithms of the two tail quantiles of the evidence above expectation
TAIL_DOWN = 11  # and below
CLUSTER = 13  # share of exceedances that begin a cluster (extremal index)
SINCE = 14  # steps since the last exceedance
OUTSIDE = 15  # steps of evidence that the level has moved for good
OUTSIDE_SUM = 16  # mean residual of those steps
SETTLE = 17  # steps left of settling
SHIFTS = 18  # steps since level began again
MISSES = 19  # consecutive missing steps
SILENCE = 20  # evidence of the present silence
MISS_START = 21  # share of steps at which a silence begins in an open slot
MISS_STAY = 22  # share of missing steps followed by a missing step in an open slot
WEEK_SLOT = 23  # week slot of the newest grid step
TREND = 24
SLIM = 25


def day_slots(step: NDArray[np.int64]) -> NDArray[np.int64]:
    """Slots of the day profile and its spread: one per step, at most 288."""
    return -(-DAY_S // np.maximum(step, FINEST_DAY_SLOT_S))


def week_slots(step: NDArray[np.int64]) -> NDArray[np.int64]:
    """Slots of the week profile and of the presence record: one per step, at most 168."""
    return 7 * -(-DAY_S // np.maximum(step, FINEST_WEEK_SLOT_S))


def profile_rows(step: NDArray[np.int64]) -> NDArray[np.int64]:
    """float32 numbers per series: day profile, day spread, week profile."""
    return 2 * day_slots(step) + week_slots(step)
