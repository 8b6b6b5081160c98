"""How surprising a value is: its residual and its distance from the mean, over two horizons, each against its own
scale.

Evidence is the geometric mean of two ratios, `|residual| / its scale` and `|distance from the mean| / its scale`:
values that are both unexpected and extreme are what people call anomalies. A residual may also stand alone, at a
discount. Scales are root mean squares per side (so that skewed series get a band of their own above and below),
winsorised.
"""

from __future__ import annotations

from numba import njit

from watchkeeper.detect import layout as at

SCALE_S = 6 * at.DAY_S
SCALE_STEPS = 120.0
WINSOR = 10.0
LEAST_DISTANCE = 0.5
"""A value near the mean counts as this many scales away from it."""
ALONE = 0.2
"""Discount (of the squared evidence) for a residual without regard to the distance from the mean: 10**-0.7."""
RELATIVE = 0.05
"""A scale is at least this share of the level: a trifle is no incident, however quiet the series has been."""
EXPLAINED = 0.35
"""Where errors are below this share of the distances from the mean, the baseline begins to be trusted on its own."""
PRIOR = 10.0
"""Values of both sides that a side's own scale leans on."""
LEAST_SHARE = 0.0025


@njit(inline="always")
def ratio(slim, s, row, amount, prior, floor, longest, teach):  # type: ignore[no-untyped-def]
    """Square of |amount| in units of the scale of its side (rows `row` above, `row + 1` below); teaches that scale.

    A side of which little is known leans on both sides together, and these on the mean square `prior`.
    """
    other = row + 1 if amount >= 0.0 else row
    side = row + row + 1 - other
    count, others = slim[side + at.COUNT - at.SCALE, s], slim[other + at.COUNT - at.SCALE, s]
    pooled = (slim[side, s] * count + slim[other, s] * others + PRIOR * prior) / (count + others + PRIOR)
    square = (slim[side, s] * count + pooled * PRIOR) / (count + PRIOR) + LEAST_SHARE * pooled + floor * floor
    size = amount * amount
    if teach:
        taught = size if count + others < 20.0 else min(size, WINSOR * WINSOR * square)
        slim[side + at.COUNT - at.SCALE, s] = count = min(count + 1.0, longest)
        slim[side, s] += (taught - slim[side, s]) / count
    return size / square


@njit(inline="always")
def alone(slim, s):  # type: ignore[no-untyped-def]
    """How much a squared residual counts without regard to the distance from the mean: more, the more the baseline
    explains.
    """
    unexplained = min(slim[at.DAY_ERROR, s], slim[at.WEEK_ERROR, s]) / max(slim[at.SPAN, s], 1e-300)
    return ALONE + (1.0 - ALONE) * max(1.0 - max(unexplained, 0.0) / EXPLAINED, 0.0)


@njit(inline="always")
def fourth_power(residual, distance, alone_share):  # type: ignore[no-untyped-def]
    """Fourth power of the evidence of one horizon, from the squares of the two ratios."""
    return residual * max(max(distance, LEAST_DISTANCE * LEAST_DISTANCE), alone_share * alone_share * residual)
