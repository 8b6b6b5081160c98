"""Evidence for wild series: slow deviation, novelty of value and step, proven season, and one point far out.

Found by search on the two benchmarks, see docs/decisions/0002-detector.md; each part is scored before it is learned.
"""

from __future__ import annotations

import math

from numba import njit

from watchkeeper.detect import layout as at
from watchkeeper.detect import pointwise
from watchkeeper.detect.moments import NOTHING, moment_score
from watchkeeper.detect.novelty import novelty
from watchkeeper.detect.season import season

NOVELTY_LESS, SEASON_LESS, POINT_LESS, STEP_LESS = 0.3, 0.6, 2.1, 0.8
"""What the channels are discounted by, so that their evidence is comparable with the slow deviation's."""
AGREEMENT, MOST_AGREEMENT = 0.1, 2.0
"""Share of the weaker channels' evidence, each at most this, that is added to the strongest."""
MOST_BY_STEP = 1.9
"""A new step alone, however great its evidence, stays below the bar of once a month."""
ALERT = 2.0
"""Evidence of a false alert a month."""
CLIP = 4.0
CLIP_FROM = 20
"""Values from which on the slow mean is clipped."""
DOZEN = 12.0
POISSON_MEAN = 0.8
"""Mean absolute deviation of a Poisson count in units of its standard deviation."""


@njit(inline="always")
def held(evidence):  # type: ignore[no-untyped-def]
    """Evidence as it counts for agreement."""
    return min(max(evidence, 0.0), MOST_AGREEMENT)


@njit(nogil=True, error_model="numpy")
def ratios(slim, far, near, by_mean, by_season, is_known):  # type: ignore[no-untyped-def]
    """The z of a value: both logarithms of deviation over scale, -1 each where not known."""
    z = pointwise.UNKNOWN
    if slim[at.SEEN] + 1.0 > pointwise.WARM:
        z = math.log10((abs(by_mean) + 1e-300) / far)
    season_z = pointwise.UNKNOWN
    if is_known and slim[at.RESIDUAL_COUNT] + 1.0 > pointwise.WARM:
        season_z = math.log10((abs(by_season) + 1e-300) / near)
    return z + pointwise.SEASON_WEIGHT * season_z - (pointwise.DOWN if by_season < 0.0 else 0.0)


@njit(nogil=True, error_model="numpy")
def learn_slow(wide, slim, deviation, seen):  # type: ignore[no-untyped-def]
    """The slow mean and its mean absolute deviation, clipped once they are known a little."""
    size = abs(deviation)
    limit = CLIP * float(slim[at.SPREAD]) if seen > CLIP_FROM else size
    wide[at.MEAN] += min(max(deviation, -limit), limit) / seen
    slim[at.SPREAD] += (min(size, limit) - slim[at.SPREAD]) / seen


@njit(nogil=True, error_model="numpy")
def evidence(  # type: ignore[no-untyped-def]
    wide, slim, profile, visits, day, week, day_visit, week_visit, day_slots, week_slots, value, z, per_day, noise, unit
):  # fmt: skip
    """Evidence of one value from all channels; then learns it. `noise` is the least standard deviation of a value."""
    seen = slim[at.SEEN] + 1.0
    deviation = value - wide[at.MEAN]
    by_season = value - wide[at.DAY_LEVEL] - profile[day]
    wide[at.SMOOTH] += (value - wide[at.SMOOTH]) / min(seen, DOZEN)
    slow = step = NOTHING
    if seen > 1.0:
        side = 1 if deviation < 0.0 else 0
        pointwise.learn_scale(slim, at.FAR, abs(deviation), side, seen, unit)
        slow = moment_score(wide, slim, 0, wide[at.SMOOTH] - wide[at.MEAN], noise / math.sqrt(DOZEN), unit)
        learn_slow(wide, slim, deviation, seen)
    if visits[day_visit] > 0:
        slim[at.RESIDUAL_COUNT] += 1.0
        side = 1 if by_season < 0.0 else 0
        pointwise.learn_scale(slim, at.RESIDUAL, abs(by_season), side, float(slim[at.RESIDUAL_COUNT]), unit)
    new = novelty(wide, slim, 0, at.VALUES, seen, value, noise, unit)
    if seen > 1.0:
        step = novelty(wide, slim, 1, at.STEPS, seen - 1.0, value - wide[at.PREVIOUS], noise, unit)
    wide[at.PREVIOUS] = value
    seasonal = season(
        wide, slim, profile, visits, day, week, day_visit, week_visit, day_slots, week_slots, value, seen, per_day,
        noise / math.sqrt(DOZEN), unit,
    )  # fmt: skip
    a, b, c = held(slow), held(new), held(seasonal)
    together = max(slow, new - NOVELTY_LESS, seasonal - SEASON_LESS) + AGREEMENT * (a + b + c - max(a, b, c))
    return max(together, z - POINT_LESS, min(step - STEP_LESS, MOST_BY_STEP))
