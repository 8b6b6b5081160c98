"""The band: the values at which one point alone would be told about once a month."""

from __future__ import annotations

import math

from numba import njit

from watchkeeper.detect import layout as at
from watchkeeper.detect import pointwise, tame

UNKNOWN_SPREADS = 8.0
"""Half width of the band in mean absolute deviations while nothing else is known."""


@njit(nogil=True, error_model="numpy")
def limits(  # type: ignore[no-untyped-def]
    wide, slim, mid, seasonal, far_floor, near_floor, knows_slot, cost, scale, widen, month, unit, is_rate
):  # fmt: skip
    """(expected, lower, upper), within what the values of the series have always kept to."""
    gap = seasonal - wide[at.MEAN]
    low = high = math.inf
    warm = slim[at.SEEN] + 1.0 > pointwise.WARM
    if warm and knows_slot and slim[at.RESIDUAL_COUNT] + 1.0 > pointwise.WARM:
        far = pointwise.scale_of(slim, at.FAR, 0, far_floor, unit) * widen
        near = pointwise.scale_of(slim, at.RESIDUAL, 0, near_floor, unit) * widen
        high = seasonal + pointwise.half_band(far, near, gap, pointwise.ALERT)
        far = pointwise.scale_of(slim, at.FAR, 1, far_floor, unit) * widen
        near = pointwise.scale_of(slim, at.RESIDUAL, 1, near_floor, unit) * widen
        low = seasonal - pointwise.half_band(far, near, -gap, pointwise.ALERT + pointwise.DOWN)
    else:
        far = UNKNOWN_SPREADS * (slim[at.SPREAD] + far_floor) * widen
        high, low = mid + far, mid - far
    if cost < math.inf:
        high = min(high, mid + tame.half_band(slim, 0, cost, scale, month) * widen)
        low = max(low, mid - tame.half_band(slim, 1, cost, scale, month) * widen)
    if slim[at.LOWEST] >= 0.0:
        mid, low, high = max(mid, 0.0), max(low, 0.0), max(high, 0.0)
    if is_rate and slim[at.HIGHEST] <= 1.0:
        mid, low, high = min(mid, 1.0), min(low, 1.0), min(high, 1.0)
    return mid, min(low, mid), max(high, mid)
