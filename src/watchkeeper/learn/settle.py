"""How long a metric's numbers take to settle, from how late they came: what is judged too early is judged wrong."""

from __future__ import annotations

import itertools

import numpy as np
from numpy.typing import NDArray

LEAST_POINTS = 200
"""Less is no evidence."""
TOGETHER = 4
"""More periods than this known at the same moment were read in one go (a backfill, a downtime): that says nothing."""
SETTLED_SHARE = 0.99
LONGEST_S = 86_400
_MINUTE = 60


def settle_of(
    start: NDArray[np.int64], time: NDArray[np.int64], known_at: NDArray[np.int64], step_s: int, *, waited_s: int = 0
) -> int | None:
    """The delay in seconds after the end of a period by which 99 in 100 values were as they stayed; None: not known.

    `time` int64[n] is the start of each period and `known_at` int64[n] when its present value came (seconds UTC),
    series by series with `start` int64[S + 1]. Numbers that are asked for were asked for `waited_s` after the end of
    their period: how much sooner they were there nobody knows, so the answer is never less. It is a whole number of
    minutes, at most a day.
    """
    ages = []
    for left, right in itertools.pairwise(start):
        known = known_at[left:right]
        _, place, count = np.unique(known, return_inverse=True, return_counts=True)
        alone = count[place] <= TOGETHER
        ages.append((known - time[left:right] - step_s)[alone])
    age = np.concatenate(ages) if ages else np.empty(0, np.int64)
    if len(age) < LEAST_POINTS:
        return None
    late = float(np.quantile(age, SETTLED_SHARE, method="higher"))
    if late < waited_s + min(step_s, 5 * _MINUTE):
        return waited_s  # the pace of reading, not of the data
    return int(min(LONGEST_S, -(-late // _MINUTE) * _MINUTE))
