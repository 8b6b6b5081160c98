"""Has a value like this been seen before? A codebook of the values so far, as at most eight intervals.

The distance of a value to the nearest interval that is at least 40 points old, against the second moment of these
distances: Chebyshev's bound on the probability of such a distance, as -log10. Distances are single precision.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from watchkeeper.detect import layout as at

OLD_ENOUGH = 40.0
"""Points after which an interval counts: a value of the incident itself must not make the incident familiar."""
UNSEEN = -1.0
FEW = 8
"""Distances before the first score."""
DOUBT = 5.0
"""So many typical distances of doubt are added to a moment of few observations."""


@njit(nogil=True, error_model="numpy")
def nearest(slim, rows, count, now, exact):  # type: ignore[no-untyped-def]
    """Distance of `exact` to the nearest interval that is old enough; UNSEEN where there is none."""
    value = np.float32(exact)
    best = math.inf
    for k in range(count):
        if now - slim[rows + 2 * (at.INTERVALS + 1) + k] >= OLD_ENOUGH:
            away = max(slim[rows + k] - value, value - slim[rows + at.INTERVALS + 1 + k])
            best = min(best, max(0.0, float(away)))
    return best if best < math.inf else UNSEEN


@njit(nogil=True, error_model="numpy")
def remember(slim, rows, count, now, exact):  # type: ignore[no-untyped-def]
    """A value outside of every interval becomes one; of nine, the closest two become one. Returns how many there
    are.
    """
    value = np.float32(exact)
    high, born = rows + at.INTERVALS + 1, rows + 2 * (at.INTERVALS + 1)
    place = count
    for k in range(count):
        if slim[rows + k] <= value <= slim[high + k]:
            return count
        if slim[rows + k] > value:
            place = k
            break
    for k in range(count, place, -1):
        slim[rows + k], slim[high + k], slim[born + k] = slim[rows + k - 1], slim[high + k - 1], slim[born + k - 1]
    slim[rows + place] = slim[high + place] = value
    slim[born + place] = now
    if count < at.INTERVALS:
        return count + 1
    least = math.inf
    closest = 0
    for k in range(count):
        gap = slim[rows + k + 1] - slim[high + k]
        if gap < least:
            least, closest = gap, k
    slim[high + closest] = slim[high + closest + 1]
    slim[born + closest] = min(slim[born + closest], slim[born + closest + 1])
    for k in range(closest + 1, count):
        slim[rows + k], slim[high + k], slim[born + k] = slim[rows + k + 1], slim[high + k + 1], slim[born + k + 1]
    return count


@njit(nogil=True, error_model="numpy")
def novelty(wide, slim, which, rows, now, value, floor, unit):  # type: ignore[no-untyped-def]
    """Evidence that `value` (which 0: a value, 1: a step) is new, -2 where nothing can be said; then learns it."""
    count = int(slim[at.NEW_INTERVALS + which])
    away = nearest(slim, rows, count, now, value)
    slim[at.NEW_INTERVALS + which] = remember(slim, rows, count, now, value)
    if away < 0.0:
        return -2.0
    slim[at.NEW_COUNT + which] += 1.0
    n = float(slim[at.NEW_COUNT + which])
    square, mean = wide[at.NEW_SQUARE + which], float(slim[at.NEW_MEAN + which])
    evidence = -2.0
    if n > FEW and square > 0.0:
        moment = square + DOUBT / n * mean * mean + floor * floor
        evidence = 2.0 * math.log10((away + 1e-12 * unit) / (math.sqrt(moment) + 1e-12 * unit))
    wide[at.NEW_SQUARE + which] += (away * away - square) / n
    slim[at.NEW_MEAN + which] += (away - mean) / n
    return evidence


@njit(nogil=True, error_model="numpy")
def move(slim, rows, count, change):  # type: ignore[no-untyped-def]
    """The level moved by knowledge: what was seen before moves with it."""
    for k in range(count):
        slim[rows + k] += change
        slim[rows + at.INTERVALS + 1 + k] += change
