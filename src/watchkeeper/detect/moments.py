"""How far out is a signed deviation? Against its one-sided second moment over all history.

-log10 of Chebyshev's bound: P = log10(d^2 / (M + 5/n u^2)), M the mean of d^2 counted on d's side only, u the mean of
|d|. Nothing is forgotten and nothing clipped: that is what makes repetitions fade.
"""

from __future__ import annotations

from watchkeeper.detect import layout as at
from watchkeeper.detect.lanes import LANES, abreast, log10

DOUBT = 5.0
FEW = 10.0
"""Deviations before the first score."""
NOTHING = -2.0
"""Evidence where nothing can be said."""


@abreast
def bound(size, moment, unit):
    """-log10 of Chebyshev's bound on the probability of a deviation of this size, given the second moment."""
    return log10((size * size + 1e-37) / (moment + 1e-24 * unit * unit + 1e-37))


@abreast
def moment_score(slim, j, stream, deviation, floor, unit, is_taught):
    """Evidence of a deviation of stream 0 (slow), 1 (day) or 2 (week); then learns it, if it is taught."""
    n = float(slim[at.MOMENT_COUNT + stream * LANES + j]) + 1.0
    inverse = 1.0 / (n * (n + 1.0))
    by_n, share = inverse * (n + 1.0), inverse * n
    size = abs(deviation)
    is_below = deviation < 0.0
    mean = float(slim[at.MOMENT_MEAN + stream * LANES + j])
    above, below = slim[at.SQUARE + 2 * stream * LANES + j], slim[at.SQUARE + (2 * stream + 1) * LANES + j]
    mine, other = (below if is_below else above), (above if is_below else below)
    moment = mine + DOUBT * by_n * mean * mean + floor * floor
    evidence = bound(max(size, 1e-9 * mean), moment, unit)
    slim[at.MOMENT_COUNT + stream * LANES + j] = n if is_taught else n - 1.0
    slim[at.MOMENT_MEAN + stream * LANES + j] = mean + (size - mean) * by_n if is_taught else mean
    square = size * size
    mine = mine + (square - mine) * share if is_taught else mine
    other = other - other * share if is_taught else other
    slim[at.SQUARE + 2 * stream * LANES + j] = other if is_below else mine
    slim[at.SQUARE + (2 * stream + 1) * LANES + j] = mine if is_below else other
    return evidence if is_taught & (n > FEW) & (moment > 0.0) else NOTHING
