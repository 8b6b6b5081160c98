"""The band: the values at which one point alone would be told about once a month."""

from __future__ import annotations

import math

from watchkeeper.detect import layout as at
from watchkeeper.detect import pointwise, tame
from watchkeeper.detect.lanes import abreast

UNKNOWN_SPREADS = 8.0
"""Half width of the band in mean absolute deviations while nothing else is known."""
SURELY = 0.35
"""A value whose z, or tame score, is this far below once a month is inside, whatever the rounding."""
RATE = 2


@abreast
def expected(slim, desk, lanes):
    """What is expected, within what the values of the series have always kept to."""
    for j in range(lanes):
        mid = desk[at.MID + j]
        mid = max(mid, 0.0) if slim[at.LOWEST + j] >= 0.0 else mid
        is_share = (desk[at.IS_RATE + j] > 0.0) & (slim[at.HIGHEST + j] <= 1.0)
        desk[at.EXPECTED + j] = min(mid, 1.0) if is_share else mid


@abreast
def limits(slim, desk, lanes, grid):
    """Both ends of the band, within what the values of the series have always kept to."""
    month = grid.month
    for j in range(lanes):
        unit, widen, mid, seasonal = desk[at.UNIT_NOW + j], desk[at.WIDEN + j], desk[at.MID + j], desk[at.SEASONAL + j]
        far_floor, near_floor = desk[at.FAR_FLOOR + j], desk[at.NEAR_FLOOR + j]
        gap = seasonal - slim[at.MEAN + j]
        knows_far = slim[at.SEEN + j] + 1.0 > pointwise.WARM
        knows_near = (desk[at.DAY_VISITS + j] > 0.0) & (slim[at.RESIDUAL_COUNT + j] + 1.0 > pointwise.WARM)
        is_known = knows_far & knows_near
        far_both, near_both = float(slim[at.FAR + pointwise.BOTH + j]), float(slim[at.RESIDUAL + pointwise.BOTH + j])
        size, count = float(slim[at.FAR + pointwise.ABOVE + j]), float(slim[at.FAR + pointwise.ABOVE_COUNT + j])
        far = pointwise.floored(pointwise.own_scale(size, count, far_both), far_both, far_floor, unit) * widen
        size = float(slim[at.RESIDUAL + pointwise.ABOVE + j])
        count = float(slim[at.RESIDUAL + pointwise.ABOVE_COUNT + j])
        near = pointwise.floored(pointwise.own_scale(size, count, near_both), near_both, near_floor, unit) * widen
        above = pointwise.half_band(far, near, gap, pointwise.ALERT)
        size, count = float(slim[at.FAR + pointwise.BELOW + j]), float(slim[at.FAR + pointwise.BELOW_COUNT + j])
        far = pointwise.floored(pointwise.own_scale(size, count, far_both), far_both, far_floor, unit) * widen
        size = float(slim[at.RESIDUAL + pointwise.BELOW + j])
        count = float(slim[at.RESIDUAL + pointwise.BELOW_COUNT + j])
        near = pointwise.floored(pointwise.own_scale(size, count, near_both), near_both, near_floor, unit) * widen
        below = pointwise.half_band(far, near, -gap, pointwise.ALERT + pointwise.DOWN)
        unknown = UNKNOWN_SPREADS * (slim[at.SPREAD + j] + far_floor) * widen
        high = seasonal + above if is_known else mid + unknown
        low = seasonal - below if is_known else mid - unknown
        cost, scale = desk[at.COST + j], desk[at.SCALE + j]
        high = min(high, mid + tame.half_band(slim, j, 0, cost, scale, month) * widen)
        low = max(low, mid - tame.half_band(slim, j, 1, cost, scale, month) * widen)
        low = max(low, mid - desk[at.EARLY + j] * widen)
        never_negative = slim[at.LOWEST + j] >= 0.0
        low, high = (max(low, 0.0) if never_negative else low), (max(high, 0.0) if never_negative else high)
        is_share = (desk[at.IS_RATE + j] > 0.0) & (slim[at.HIGHEST + j] <= 1.0)
        low, high = (min(low, 1.0) if is_share else low), (min(high, 1.0) if is_share else high)
        desk[at.LOWER + j] = min(low, desk[at.EXPECTED + j])
        desk[at.UPPER + j] = max(high, desk[at.EXPECTED + j])


@abreast
def surely_inside(slim, desk, j):
    """Whether the present value is inside the band for certain, so that the band need not be worked out to know."""
    x, surprise, cost = desk[at.VALUE + j], desk[at.SURPRISE + j], desk[at.COST + j]
    is_warm = (slim[at.RESIDUAL_COUNT + j] + 1.0 > pointwise.WARM) & (desk[at.DAY_VISITS + j] > 0.0)
    is_near = desk[at.POINT + j] < pointwise.ALERT - SURELY
    is_usual = (cost == math.inf) | ((surprise < max(cost, tame.KNEE) - SURELY) & (surprise < cost - SURELY))
    is_kept = not (((x < 0.0) & (slim[at.LOWEST + j] >= 0.0)) | ((x > 1.0) & (desk[at.IS_RATE + j] > 0.0)))
    is_early = desk[at.MID + j] - x > 0.99 * desk[at.EARLY + j] * desk[at.WIDEN + j]
    return is_warm & is_near & is_usual & is_kept & (not is_early)
