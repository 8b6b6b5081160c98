"""How far out is a signed deviation? Against its one-sided second moment over all history.

-log10 of Chebyshev's bound: P = log10(d^2 / (M + 5/n u^2)), M the mean of d^2 counted on d's side only, u the mean of
|d|. Nothing is forgotten and nothing clipped: that is what makes repetitions fade.
"""

from __future__ import annotations

from watchkeeper.detect import layout as at
from watchkeeper.detect.lanes import LANES, abreast, log10

DOUBT = 5.0
FEW = 10
"""Deviations before the first score."""
NOTHING = -2.0
"""Evidence where nothing can be said."""


@abreast
def bound(size, moment, unit):  # type: ignore[no-untyped-def]
    """-log10 of Chebyshev's bound on the probability of a deviation of this size, given the second moment."""
    return log10((size * size + 1e-300) / (moment + 1e-24 * unit * unit + 1e-300))


@abreast
def moment_score(wide, slim, j, stream, deviation, floor, unit, is_taught):  # type: ignore[no-untyped-def]
    """Evidence of a deviation of stream 0 (slow), 1 (day) or 2 (week); then learns it, if it is taught."""
    n = float(slim[at.MOMENT_COUNT + stream * LANES + j]) + 1.0
    inverse = 1.0 / (n * (n + 1.0))
    by_n, share = inverse * (n + 1.0), inverse * n
    size = abs(deviation)
    is_below = deviation < 0.0
    mean = float(slim[at.MOMENT_MEAN + stream * LANES + j])
    above, below = wide[at.SQUARE + 2 * stream * LANES + j], wide[at.SQUARE + (2 * stream + 1) * LANES + j]
    moment = (below if is_below else above) + DOUBT * by_n * mean * mean + floor * floor
    evidence = bound(max(size, 1e-9 * mean), moment, unit)
    slim[at.MOMENT_COUNT + stream * LANES + j] = n if is_taught else n - 1.0
    slim[at.MOMENT_MEAN + stream * LANES + j] = mean + (size - mean) * by_n if is_taught else mean
    square = size * size
    wide[at.SQUARE + 2 * stream * LANES + j] = (
        above + ((0.0 if is_below else square) - above) * share if is_taught else above
    )
    wide[at.SQUARE + (2 * stream + 1) * LANES + j] = (
        below + ((square if is_below else 0.0) - below) * share if is_taught else below
    )
    return evidence if is_taught & (n > FEW) & (moment > 0.0) else NOTHING
