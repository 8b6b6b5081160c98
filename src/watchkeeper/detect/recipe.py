"""Evidence for wild series: slow deviation, novelty of value and step, proven season, and one point far out.

Found by search on the two benchmarks, see docs/decisions/0002-detector.md; each part is scored before it is learned.
"""

from __future__ import annotations

import math

from watchkeeper.detect import layout as at
from watchkeeper.detect import novelty, pointwise
from watchkeeper.detect.lanes import abreast
from watchkeeper.detect.moments import moment_score
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
CLIP_FROM = 20.0
"""Values from which on the slow mean is clipped."""
DOZEN = 12.0
POISSON_MEAN = 0.8
"""Mean absolute deviation of a Poisson count in units of its standard deviation."""


@abreast
def held(evidence):
    """Evidence as it counts for agreement."""
    return min(max(evidence, 0.0), MOST_AGREEMENT)


@abreast
def slow(slim, desk, lanes):
    """The slow deviation and the two scales of one value; then learns it."""
    for j in range(lanes):
        value, unit = desk[at.VALUE + j], desk[at.UNIT_NOW + j]
        seen = slim[at.SEEN + j] + 1.0
        is_later = seen > 1.0
        mean = slim[at.MEAN + j]
        deviation = value - mean
        smooth = slim[at.SMOOTH + j]
        share = desk[at.SHARE + j]
        smooth += (value - smooth) * max(share, 1.0 / DOZEN)
        slim[at.SMOOTH + j] = smooth
        pointwise.learn_scale(slim, at.FAR, j, deviation, desk[at.FAR_OWN + j], seen, share, unit, is_later)
        floor = desk[at.POISSON + j] * (1.0 / math.sqrt(DOZEN))
        desk[at.BY_SLOW + j] = moment_score(slim, j, 0, smooth - mean, floor, unit, is_later)
        size, spread = abs(deviation), float(slim[at.SPREAD + j])
        limit = CLIP * spread if seen > CLIP_FROM else size
        rest = slim[at.MEAN_REST + j] + min(max(deviation, -limit), limit) * share
        slim[at.MEAN + j] = mean + rest
        slim[at.MEAN_REST + j] = rest - (slim[at.MEAN + j] - mean)
        slim[at.SPREAD + j] = spread + (min(size, limit) - spread) * share if is_later else spread
        knows_day = desk[at.DAY_VISITS + j] > 0.0
        count = float(slim[at.RESIDUAL_COUNT + j])
        count = count + 1.0 if knows_day else count
        slim[at.RESIDUAL_COUNT + j] = count
        by_season = value - desk[at.SEASONAL + j]
        n = max(count, 1.0)
        pointwise.learn_scale(slim, at.RESIDUAL, j, by_season, desk[at.NEAR_OWN + j], n, 1.0 / n, unit, knows_day)


@abreast
def evidence(slim, desk, lanes, grid):
    """Evidence of one value from all channels; then learns it."""
    slow(slim, desk, lanes)
    novelty.look(slim, desk, lanes)
    for j in range(lanes):
        seen = slim[at.SEEN + j] + 1.0
        if desk[at.AFAR + j] > 0.0:
            novelty.remember(slim[j:], 0, at.VALUES, seen, desk[at.VALUE + j])
        if desk[at.AFAR_STEP + j] > 0.0:
            novelty.remember(slim[j:], 1, at.STEPS, seen - 1.0, desk[at.VALUE + j] - slim[at.PREVIOUS + j])
    season(slim, desk, lanes, grid)
    for j in range(lanes):
        floor, unit = desk[at.POISSON + j], desk[at.UNIT_NOW + j]
        new = novelty.score(slim, j, 0, desk[at.KNOWN + j], floor, unit)
        step = novelty.score(slim, j, 1, desk[at.KNOWN_STEP + j], floor, unit)
        slim[at.PREVIOUS + j] = desk[at.VALUE + j]
        by_slow, seasonal = desk[at.BY_SLOW + j], desk[at.BY_SEASON + j]
        a, b, c = held(by_slow), held(new), held(seasonal)
        together = max(max(by_slow, new - NOVELTY_LESS), seasonal - SEASON_LESS)
        together += AGREEMENT * (a + b + c - max(max(a, b), c))
        together = max(together, desk[at.POINT + j] - POINT_LESS)
        desk[at.NEWS + j] = max(together, min(step - STEP_LESS, MOST_BY_STEP))
