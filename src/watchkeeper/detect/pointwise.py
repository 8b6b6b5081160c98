"""How far out is one value? Two ratios of a deviation to its recent scale, and the band that follows.

z = log10(|x - mean| / scale) + 1.3 log10(|residual| / scale) - 0.2 [residual < 0]. A scale is the mean absolute
deviation on the same side over its last hundred occurrences, with ten pseudo-occurrences of both sides, plus a share
of the level and of the scale of both sides: without the floor a quiet hour makes everything look like news.
"""

from __future__ import annotations

import math

from numba import njit

WARM = 30
"""Deviations before a ratio says anything."""
UNKNOWN = -1.0
MEMORY = 100.0
PSEUDO = 10.0
SEASON_WEIGHT = 1.3
DOWN = 0.2
"""Falls need this much more: most labelled incidents of services are rises."""
LEVEL_SHARE = 0.06
BOTH_SHARE = 0.05
MOST_SCALES = 30.0
"""A deviation teaches at most this many scales."""
LN10 = math.log(10.0)
ALERT = 1.65
"""The z of a false alert a month on wild series."""


@njit(nogil=True, error_model="numpy")
def scale_of(slim, rows, side, floor, unit):  # type: ignore[no-untyped-def]
    """The scale of a deviation above (0) or below (1)."""
    count, both = float(slim[rows + 2 + side]), float(slim[rows + 4])
    own = (slim[rows + side] * count + PSEUDO * both) / (count + PSEUDO)
    return own + floor + BOTH_SHARE * both + 1e-9 * unit


@njit(nogil=True, error_model="numpy")
def learn_scale(slim, rows, size, side, n, unit):  # type: ignore[no-untyped-def]
    """The n-th deviation of this size."""
    both = float(slim[rows + 4])
    if both == 0.0 and n <= 2.0:
        slim[rows + 4] = both = size
    count = float(slim[rows + 2 + side])
    own = (slim[rows + side] * count + PSEUDO * both) / (count + PSEUDO)
    taught = min(size, MOST_SCALES * (own + BOTH_SHARE * both) + 1e-9 * unit) if n > WARM else size
    count = min(count + 1.0, MEMORY)
    slim[rows + 2 + side] = count
    slim[rows + side] += (taught - slim[rows + side]) / count
    taught = min(size, 5.0 * both) if n > WARM and both > 0.0 else size
    slim[rows + 4] += (taught - both) / min(n, MEMORY)


@njit(nogil=True, error_model="numpy")
def half_band(far, near, gap, needed):  # type: ignore[no-untyped-def]
    """Distance from the seasonal expectation at which z reaches `needed` on one side.

    Solves (d + gap) d^1.3 = far near^1.3 10^needed, where `gap` is how much further the slow mean is away than the
    expectation: a quadratic equation once d^0.3 is put on the right, and that three times over; in logarithms, because
    powers are what this costs.
    """
    log_product = math.log(far) + SEASON_WEIGHT * math.log(near) + needed * LN10
    half = 0.5 * gap
    log_d = log_product / (1.0 + SEASON_WEIGHT)
    d = 0.0
    for _ in range(3):
        d = math.sqrt(half * half + math.exp(log_product - (SEASON_WEIGHT - 1.0) * log_d)) - half
        if not d > 0.0:
            return 0.0
        log_d = math.log(d)
    return d
