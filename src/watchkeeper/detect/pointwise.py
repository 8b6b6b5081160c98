"""How far out is one value? Two ratios of a deviation to its recent scale, and the band that follows.

z = log10(|x - mean| / scale) + 1.3 log10(|residual| / scale) - 0.2 [residual < 0]. A scale is the mean absolute
deviation on the same side over its last hundred occurrences, with ten pseudo-occurrences of both sides, plus a share
of the level and of the scale of both sides: without the floor a quiet hour makes everything look like news.
"""

from __future__ import annotations

from watchkeeper.detect import layout as at
from watchkeeper.detect.lanes import LANES, abreast, exp10, log10, root

WARM = 30.0
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
ALERT = 1.65
"""The z of a false alert a month on wild series."""
ABOVE, BELOW, ABOVE_COUNT, BELOW_COUNT, BOTH = 0, LANES, 2 * LANES, 3 * LANES, 4 * LANES
"""Rows of one scale."""


@abreast
def own_scale(size, count, both):
    """Mean absolute deviation of one side, drawn towards both sides' while it has few."""
    return (size * count + PSEUDO * both) / (count + PSEUDO)


@abreast
def floored(own, both, floor, unit):
    """The scale that a deviation is compared with."""
    return own + floor + BOTH_SHARE * both + 1e-9 * unit


@abreast
def surprise(slim, desk, lanes):
    """The z of a value: both logarithms of deviation over scale, -1 each where not known."""
    for j in range(lanes):
        unit = desk[at.UNIT_NOW + j]
        by_mean = desk[at.VALUE + j] - slim[at.MEAN + j]
        by_season = desk[at.VALUE + j] - desk[at.SEASONAL + j]
        above, below = float(slim[at.FAR + ABOVE + j]), float(slim[at.FAR + BELOW + j])
        above_count, below_count = float(slim[at.FAR + ABOVE_COUNT + j]), float(slim[at.FAR + BELOW_COUNT + j])
        both = float(slim[at.FAR + BOTH + j])
        far = own_scale(below if by_mean < 0.0 else above, below_count if by_mean < 0.0 else above_count, both)
        far_z = log10((abs(by_mean) + 1e-37) / floored(far, both, desk[at.FAR_FLOOR + j], unit))
        above, below = float(slim[at.RESIDUAL + ABOVE + j]), float(slim[at.RESIDUAL + BELOW + j])
        above_count = float(slim[at.RESIDUAL + ABOVE_COUNT + j])
        below_count = float(slim[at.RESIDUAL + BELOW_COUNT + j])
        both = float(slim[at.RESIDUAL + BOTH + j])
        near = own_scale(below if by_season < 0.0 else above, below_count if by_season < 0.0 else above_count, both)
        near_z = log10((abs(by_season) + 1e-37) / floored(near, both, desk[at.NEAR_FLOOR + j], unit))
        is_known = desk[at.DAY_VISITS + j] > 0.0
        knows_far = slim[at.SEEN + j] + 1.0 > WARM
        knows_near = is_known & (slim[at.RESIDUAL_COUNT + j] + 1.0 > WARM)
        z = (far_z if knows_far else UNKNOWN) + SEASON_WEIGHT * (near_z if knows_near else UNKNOWN)
        desk[at.POINT + j] = z - (DOWN if by_season < 0.0 else 0.0)
        desk[at.FAR_OWN + j] = far
        desk[at.NEAR_OWN + j] = near


@abreast
def learn_scale(slim, rows, j, deviation, own, n, share, unit, is_taught):
    """The n-th deviation, whose side had the scale `own` before; `share` is 1/n."""
    is_below = deviation < 0.0
    size = abs(deviation)
    above, below = float(slim[rows + ABOVE + j]), float(slim[rows + BELOW + j])
    above_count, below_count = float(slim[rows + ABOVE_COUNT + j]), float(slim[rows + BELOW_COUNT + j])
    both = float(slim[rows + BOTH + j])
    start = size if (both == 0.0) & (n <= 2.0) else both
    limit = MOST_SCALES * (own + BOTH_SHARE * both) + 1e-9 * unit
    taught = min(size, limit) if n > WARM else size
    mine, count = (below if is_below else above), (below_count if is_below else above_count)
    count = min(count + 1.0, MEMORY)
    mine += (taught - mine) / count
    spread = min(size, 5.0 * start) if (n > WARM) & (start > 0.0) else size
    slim[rows + ABOVE + j] = mine if is_taught & (not is_below) else above
    slim[rows + BELOW + j] = mine if is_taught & is_below else below
    slim[rows + ABOVE_COUNT + j] = count if is_taught & (not is_below) else above_count
    slim[rows + BELOW_COUNT + j] = count if is_taught & is_below else below_count
    slim[rows + BOTH + j] = start + (spread - start) * max(share, 1.0 / MEMORY) if is_taught else both


@abreast
def half_band(far, near, gap, needed):
    """Distance from the seasonal expectation at which z reaches `needed` on one side.

    Solves (d + gap) d^1.3 = far near^1.3 10^needed, where `gap` is how much further the slow mean is away than the
    expectation: a quadratic equation once d^0.3 is put on the right, and that three times over; in logarithms, because
    powers are what this costs.
    """
    log_product = log10(far) + SEASON_WEIGHT * log10(near) + needed
    half = 0.5 * gap
    log_d = log_product / (1.0 + SEASON_WEIGHT)
    d = 0.0
    for _ in range(3):
        d = root(half * half + exp10(log_product - (SEASON_WEIGHT - 1.0) * log_d)) - half
        log_d = log10(max(d, 1e-37))
    return max(d, 0.0)
