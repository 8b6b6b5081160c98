"""How long a metric's numbers take to settle, from how late they came: what is judged too early is judged wrong.

And how far back it is worth reading them again.
"""

from __future__ import annotations

import itertools

import numpy as np
from numpy.typing import NDArray

LEAST_POINTS = 200
"""So many tell of one in a hundred."""
FIRST_PERIODS = 24
"""So many periods tell what is true of nearly all."""
FIRST_LATE_SHARE = 0.9
TOGETHER = 4
"""More periods than this known at the same moment were read in one go (a backfill, a downtime): that says nothing."""
SETTLED_SHARE = 0.99
LONGEST_S = 86_400
LEAST_OVERLAP, MOST_OVERLAP, MOST_OVERLAP_S = 4, 200, 14 * 86_400
"""Periods that are read again at least; at most, and at most so many seconds: a reading should stay short."""
REACHED_SHARE = 0.998
"""One in five hundred may have been read again by hand."""
_MINUTE = 60


def settle_of(
    start: NDArray[np.int64],
    time: NDArray[np.int64],
    known_at: NDArray[np.int64],
    step_s: int,
    *,
    waited_s: int = 0,
    paced_s: int = 0,
) -> int | None:
    """The delay in seconds after the end of a period by which 99 in 100 values were as they stayed; None: not known.

    `time` int64[n] is the start of each period and `known_at` int64[n] when its present value came (seconds UTC),
    series by series with `start` int64[S + 1]. Numbers that are asked for were asked for `waited_s` after the end of
    their period, and each `paced_s` after: how much sooner they were there nobody knows, so the answer is never less,
    and what came with the next reading was there at once. It is a whole number of minutes, at most a day.

    It takes `LEAST_POINTS` values. Fewer, of `FIRST_PERIODS` periods that were read again since, tell the plain cases:
    that all were there at once, or that nearly all came late. Of as many periods as `LEAST_POINTS` that hardly ever
    came by themselves nothing is learned by waiting: the answer is `waited_s`.
    """
    age, period = _ages(start, time, known_at, step_s)
    at_once = waited_s + max(min(step_s, 5 * _MINUTE), paced_s)  # the pace of reading, not of the data
    if len(age) >= LEAST_POINTS:
        late: float | None = float(np.quantile(age, SETTLED_SHARE, method="higher"))
    else:
        is_read_again = period <= time.max(initial=0) - LEAST_OVERLAP * step_s
        late = _plain(age[is_read_again], period[is_read_again], at_once)
    if late is None:
        return waited_s if _lived(time, known_at) >= LEAST_POINTS else None
    if late < at_once:
        return waited_s
    return int(min(LONGEST_S, -(-late // _MINUTE) * _MINUTE))


def overlap_of(
    start: NDArray[np.int64],
    time: NDArray[np.int64],
    known_at: NDArray[np.int64],
    step_s: int,
    *,
    waited_s: int = 0,
    reached: int = LEAST_OVERLAP,
) -> int | None:
    """How many periods already read are worth reading again each time, for rows that come late; None: not known.

    Twice as many as the latest values needed: later ones than are read again cannot be seen, so what is seen near the
    end of the reach tells that it is too short, and the next time it is longer. Columns as for `settle_of`; each period
    was first asked for `waited_s` after its end, or up to a step later, and so far the newest `reached` are read again:
    what came later than that was read again by hand.
    """
    age, _ = _ages(start, time, known_at, step_s)
    age = age[age <= waited_s + (reached + 1) * step_s]
    if len(age) < LEAST_POINTS:
        return None
    late = float(np.quantile(age, REACHED_SHARE, method="higher")) - waited_s - step_s
    most = max(LEAST_OVERLAP, min(MOST_OVERLAP, MOST_OVERLAP_S // step_s))
    return int(min(max(LEAST_OVERLAP, 2 * -(-late // step_s)), most))


def _plain(age: NDArray[np.int64], period: NDArray[np.int64], at_once: int) -> float | None:
    """What few values tell of the delay of nearly all, where they agree."""
    if len(np.unique(period)) < FIRST_PERIODS:
        return None
    share = float(np.mean(age >= at_once))
    if 0 < share < FIRST_LATE_SHARE:
        return None
    return float(np.quantile(age, FIRST_LATE_SHARE, method="higher"))


def _lived(time: NDArray[np.int64], known_at: NDArray[np.int64]) -> int:
    """How many periods began after the first reading, which was of the past."""
    return len(np.unique(time[time >= known_at.min(initial=np.iinfo(np.int64).max)]))


def _ages(
    start: NDArray[np.int64], time: NDArray[np.int64], known_at: NDArray[np.int64], step_s: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """How long (seconds) after the ends of their periods values came, and the starts of these, but for those that were
    read in one go.
    """
    ages, periods = [np.empty(0, np.int64)], [np.empty(0, np.int64)]
    for left, right in itertools.pairwise(start):
        known = known_at[left:right]
        _, place, count = np.unique(known, return_inverse=True, return_counts=True)
        alone = count[place] <= TOGETHER
        ages.append((known - time[left:right] - step_s)[alone])
        periods.append(time[left:right][alone])
    return np.concatenate(ages), np.concatenate(periods)
