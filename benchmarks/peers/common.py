"""What the adapters of peers share: when to refit, an even grid, deviations in scales, the 1-in-720 rule.

An adapter is a function `score(times, values, step)`: int64 seconds, float64 values (NaN: missing), the step in
seconds; it returns float64 scores, higher being more surprising, each made from the points at or before it only.
A score that is not known is NaN.
"""

from __future__ import annotations

import bisect
from collections.abc import Callable, Iterator
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Score = Callable[[Ints, Floats, int], Floats]

DAY, WEEK = 86_400, 604_800
FIRST_FIT = 2 * DAY
"""History before the first fit: two days hold two cycles of the daily season."""
RARE = 1 / 720
"""Alert on one point in 720 (a month of hours) where a peer documents no threshold meant for alerting."""
RARE_SIGMA = NormalDist().inv_cdf(1 - RARE / 2)
"""A normal leaves so many standard deviations (3.2), to either side, once in 720 points."""
SIGMA_80 = NormalDist().inv_cdf(0.9)
"""Half the width of a normal's 80 % interval, in standard deviations."""
BEYOND = 1e6
"""The score of a change where the past had no spread at all."""

misfits: list[str] = []
"""What was raised by fits since the start; the points they were for have no score."""


def refits(times: Ints, *, is_daily: bool) -> Iterator[tuple[int, int]]:
    """Where to fit and what to judge by it: (a, b) says fit on the points before a, judge the points a to b - 1.

    The first fit is after two days, then there is one a day; unless `is_daily`, one a week from the first week on.
    """
    begin = int(times[0])
    moment = begin + FIRST_FIT
    while moment <= times[-1]:
        until = moment + (DAY if is_daily or moment - begin < WEEK else WEEK)
        a, b = np.searchsorted(times, [moment, until]).tolist()
        if b > a:
            yield a, b
        moment = until


def by_refits(times: Ints, judge: Callable[[int, int], Floats], *, is_daily: bool) -> Floats:
    """The scores `judge` gives to the points of each refit; a fit that fails leaves its points without."""
    scores = np.full(len(times), np.nan)
    for a, b in refits(times, is_daily=is_daily):
        try:
            scores[a:b] = judge(a, b)
        except Exception as error:  # A peer may raise anything.
            misfits.append(f"{type(error).__name__}: {error}")
    return scores


def even_grid(times: Ints, values: Floats, step: int) -> tuple[Ints, Floats]:
    """The slot of each point on an even grid from the first time on, and the last value known by each slot."""
    slot = (times - times[0]) // step
    grid = np.full(int(slot[-1]) + 1, np.nan)
    known = np.isfinite(values)
    grid[slot[known]] = values[known]
    place = np.maximum.accumulate(np.where(np.isfinite(grid), np.arange(len(grid)), -1))
    return slot, np.where(place >= 0, grid[place], 0.0)


def day_in(step: int) -> int:
    """Points in the shortest season: a day's, or a week's where a point is a day."""
    return max(2, DAY // step) if step < DAY else 7


def in_scales(deviation: Floats, scale: Floats | float) -> Floats:
    """|deviation| / scale; where the scale is 0, 0 for no deviation and BEYOND for any."""
    size, scales = np.abs(deviation), np.broadcast_to(scale, np.shape(deviation))
    flat = np.where(size > 0, BEYOND, np.where(np.isnan(size), np.nan, 0.0))
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(scales > 0, np.minimum(size / np.where(scales > 0, scales, 1.0), BEYOND), flat)


def rarest(scores: Floats, share: float = RARE) -> NDArray[np.bool_]:
    """Where a score is exceeded or equalled by less than `share` of the known scores before it."""
    past: list[float] = []
    alert = np.zeros(len(scores), np.bool_)
    for i, score in enumerate(scores.tolist()):
        if score == score:
            at_least = len(past) - bisect.bisect_left(past, score)
            alert[i] = at_least < share * len(past)
            bisect.insort(past, score)
    return alert
