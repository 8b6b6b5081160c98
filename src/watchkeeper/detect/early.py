"""The lower end of the band while little is known: a share of what is expected, and some scales of what was left over.

In the first two weeks nobody can say how rare a residual is: no weekend was seen, or one. But a day is enough to see
that a count of hundreds at noon does not fall to nothing. So below an amount, or a season that explains most of
what moves, the band reaches a quarter of what is expected and some scales. Mean absolute residuals of a few
values are drawn towards how much the series moves at all, as if that had been seen in a few values more. Each time a
value leaves the band it grows: what recurs by the dozen is no news. Falls only: new things grow, and a great rise is
told by `pointwise`.
"""

from __future__ import annotations

import math

from watchkeeper.detect import layout as at
from watchkeeper.detect.baseline import MEAN_TO_SIGMA
from watchkeeper.detect.lanes import abreast
from watchkeeper.detect.tame import PROOF, PROVEN_DAYS

SHARE, BORROWED_SHARE = 0.25, 0.125
"""Of what is expected; where the week was borrowed, less."""
SCALES, MORE_SCALES = 5.0, 2.5
"""Standard deviations for hourly values, and how many more for ten times as many values a month."""
PSEUDO = 2.0
"""Values that are taken to have been as far off as the series moves at all."""
GROWTH = 1.0
"""How much further the band reaches each time that it was left."""
HOURS = 730.5


@abreast
def half_band(slim, desk, lanes, grid):
    """How far the band reaches down until the tame channel is calibrated; infinite after that, and without a season."""
    scales = (SCALES + max(MORE_SCALES * math.log10(grid.month / HOURS), 0.0)) * MEAN_TO_SIGMA
    youngest = math.inf
    for j in range(lanes):
        youngest = min(youngest, desk[at.DAYS + j])
        desk[at.EARLY + j] = math.inf
    if youngest >= PROVEN_DAYS or not grid.has_day:
        return
    for j in range(lanes):
        days, seen = desk[at.DAYS + j], float(slim[at.SEEN + j])
        span, told = float(slim[at.SPAN + j]), float(slim[at.EARLY_TOLD + j])
        week = desk[at.WEEK_WEIGHT + j]
        error = week * slim[at.TAME_WEEK_ERROR + j] + (1.0 - week) * slim[at.TAME_DAY_ERROR + j]
        # A running mean over all values counts the first day, of which nothing was expected, as if it had no error.
        taught = max(seen - grid.per_day, 0.0)
        own = (error * seen + PSEUDO * span) / (taught + PSEUDO)
        has_borrowed = slim[at.CREDIT + j] > 0.0
        size = max(error, desk[at.SCALE + j] * (1.0 / MEAN_TO_SIGMA)) if has_borrowed else own
        half = (BORROWED_SHARE if has_borrowed else SHARE) * abs(desk[at.MID + j]) + scales * size
        is_early = grid.has_day & (taught > 0.0) & (days < PROVEN_DAYS)
        is_known = is_early & ((size < PROOF * span) | (slim[at.LOWEST + j] >= 0.0) | has_borrowed)
        desk[at.EARLY + j] = half * (1.0 + GROWTH * (told if told >= 0.0 else -1.0 - told)) if is_known else math.inf


@abreast
def leaves(slim, desk, j):
    """Whether the value leaves the early band; this is remembered: EARLY_TOLD is n after n times, -n in the n-th."""
    is_outside = desk[at.MID + j] - desk[at.VALUE + j] > desk[at.EARLY + j] * desk[at.WIDEN + j]
    told = float(slim[at.EARLY_TOLD + j])
    outside = -1.0 - told if told >= 0.0 else told
    slim[at.EARLY_TOLD + j] = outside if is_outside else abs(told)
    return is_outside
