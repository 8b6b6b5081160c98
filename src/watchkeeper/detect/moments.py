"""How far out is a signed deviation? Against its one-sided second moment over all history.

-log10 of Chebyshev's bound: P = 2 log10(|d| / sqrt(M + 5/n u^2)), M the mean of d^2 counted on d's side only, u the
mean of |d|. Nothing is forgotten and nothing clipped: that is what makes repetitions fade.
"""

from __future__ import annotations

import math

from numba import njit

from watchkeeper.detect import layout as at

DOUBT = 5.0
FEW = 10
"""Deviations before the first score."""
NOTHING = -2.0
"""Evidence where nothing can be said."""


@njit(nogil=True, error_model="numpy")
def moment_score(wide, slim, stream, deviation, floor, unit):  # type: ignore[no-untyped-def]
    """Evidence of a deviation of stream 0 (slow), 1 (day) or 2 (week); then learns it."""
    slim[at.MOMENT_COUNT + stream] += 1.0
    n = float(slim[at.MOMENT_COUNT + stream])
    size = abs(deviation)
    side = at.SQUARE + 2 * stream + (1 if deviation < 0.0 else 0)
    mean = float(slim[at.MOMENT_MEAN + stream])
    evidence = NOTHING
    if n > FEW:
        moment = wide[side] + DOUBT / n * mean * mean + floor * floor
        if moment > 0.0:
            evidence = 2.0 * math.log10(max(size, 1e-9 * mean + 1e-300) / (math.sqrt(moment) + 1e-12 * unit))
    slim[at.MOMENT_MEAN + stream] += (size - mean) / n
    for row in range(at.SQUARE + 2 * stream, at.SQUARE + 2 * stream + 2):
        wide[row] += ((size * size if row == side else 0.0) - wide[row]) / (n + 1.0)
    return evidence
