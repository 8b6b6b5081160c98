"""Has a value like this been seen before? A codebook of the values so far, as at most eight intervals.

The distance of a value to the nearest interval that is at least 40 points old, against the second moment of these
distances: Chebyshev's bound on the probability of such a distance, as -log10. Distances are single precision. An
interval that is not in use reaches from infinity to minus infinity.
"""

from __future__ import annotations

import math

from numba import njit

from watchkeeper.detect import layout as at
from watchkeeper.detect.lanes import LANES, abreast
from watchkeeper.detect.moments import DOUBT, NOTHING, bound

OLD_ENOUGH = 40.0
"""Points after which an interval counts: a value of the incident itself must not make the incident familiar."""
UNSEEN = -1.0
FEW = 8.0
"""Distances before the first score."""
FAR_AWAY = math.inf


@njit(nogil=True, error_model="numpy")
def begin(slim, rows):
    """Nothing was seen."""
    for k in range(at.INTERVALS):
        slim[rows + at.LOW + k * LANES] = math.inf
        slim[rows + at.HIGH + k * LANES] = -math.inf


@abreast
def look(slim, desk, lanes):
    """How far the value and the step are from what was seen, and whether the codebooks must remember them."""
    for j in range(lanes):
        now = slim[at.SEEN + j] + 1.0
        x = desk[at.VALUE + j]
        nearest = FAR_AWAY
        inside = FAR_AWAY
        for k in range(at.INTERVALS):
            away = max(slim[at.VALUES + at.LOW + k * LANES + j] - x, x - slim[at.VALUES + at.HIGH + k * LANES + j])
            away = max(away, 0.0)
            inside = min(inside, away)
            is_old = now - slim[at.VALUES + at.BORN + k * LANES + j] >= OLD_ENOUGH
            nearest = min(nearest, away if is_old else FAR_AWAY)
        desk[at.KNOWN + j] = nearest if nearest < FAR_AWAY else UNSEEN
        desk[at.AFAR + j] = 1.0 if inside > 0.0 else 0.0
    for j in range(lanes):
        now = slim[at.SEEN + j]
        x = desk[at.VALUE + j] - slim[at.PREVIOUS + j]
        nearest = FAR_AWAY
        inside = FAR_AWAY
        for k in range(at.INTERVALS):
            away = max(slim[at.STEPS + at.LOW + k * LANES + j] - x, x - slim[at.STEPS + at.HIGH + k * LANES + j])
            away = max(away, 0.0)
            inside = min(inside, away)
            is_old = now - slim[at.STEPS + at.BORN + k * LANES + j] >= OLD_ENOUGH
            nearest = min(nearest, away if is_old else FAR_AWAY)
        is_step = now > 0.0
        desk[at.KNOWN_STEP + j] = nearest if (nearest < FAR_AWAY) & is_step else UNSEEN
        desk[at.AFAR_STEP + j] = 1.0 if (inside > 0.0) & is_step else 0.0


@njit(nogil=True, error_model="numpy")
def remember(slim, which, rows, now, value):
    """A value outside of every interval becomes one; of nine, the closest two become one. Rows of one series."""
    count = int(slim[at.NEW_INTERVALS + which * LANES])
    place = 0
    while place < count and slim[rows + at.LOW + place * LANES] <= value:
        place += 1
    closest = -1
    if count == at.INTERVALS:  # Which two of the nine are closest?
        least = FAR_AWAY
        for k in range(at.INTERVALS):  # Neighbours k and k + 1 of the nine.
            high = value if k == place else slim[rows + at.HIGH + (k if k < place else k - 1) * LANES]
            low = value if k + 1 == place else slim[rows + at.LOW + (k + 1 if k + 1 < place else k) * LANES]
            if low - high < least:
                least, closest = low - high, k
        if closest == place:  # The new value and the interval above it.
            slim[rows + at.LOW + place * LANES] = value
            return
        if closest + 1 == place:  # The interval below it and the new value.
            slim[rows + at.HIGH + closest * LANES] = value
            return
        first = closest if closest < place else closest - 1
        for row in (at.HIGH,):
            slim[rows + row + first * LANES] = slim[rows + row + (first + 1) * LANES]
        born = rows + at.BORN
        slim[born + first * LANES] = min(slim[born + first * LANES], slim[born + (first + 1) * LANES])
        for k in range(first + 1, count - 1):
            for row in (at.LOW, at.HIGH, at.BORN):
                slim[rows + row + k * LANES] = slim[rows + row + (k + 1) * LANES]
        count -= 1
        if first < place:
            place -= 1
    for k in range(count, place, -1):
        for row in (at.LOW, at.HIGH, at.BORN):
            slim[rows + row + k * LANES] = slim[rows + row + (k - 1) * LANES]
    slim[rows + at.LOW + place * LANES] = slim[rows + at.HIGH + place * LANES] = value
    slim[rows + at.BORN + place * LANES] = now
    slim[at.NEW_INTERVALS + which * LANES] = count + 1


@abreast
def score(slim, j, which, away, floor, unit):
    """Evidence of the distance to what was seen, -2 where nothing can be said; then learns it."""
    is_taught = away >= 0.0
    away = max(away, 0.0)
    n = slim[at.NEW_COUNT + which * LANES + j] + 1.0
    square, mean = slim[at.NEW_SQUARE + which * LANES + j], float(slim[at.NEW_MEAN + which * LANES + j])
    share = 1.0 / n
    evidence = bound(away + 1e-12 * unit, square + DOUBT * share * mean * mean + floor * floor, unit)
    slim[at.NEW_SQUARE + which * LANES + j] = square + (away * away - square) * share if is_taught else square
    slim[at.NEW_MEAN + which * LANES + j] = mean + (away - mean) * share if is_taught else mean
    slim[at.NEW_COUNT + which * LANES + j] = n if is_taught else n - 1.0
    return evidence if is_taught & (n > FEW) & (square > 0.0) else NOTHING


@njit(nogil=True, error_model="numpy")
def move(slim, rows, change):
    """The level of a series moved by knowledge: what was seen before moves with it."""
    for k in range(at.INTERVALS):
        slim[rows + at.LOW + k * LANES] += change
        slim[rows + at.HIGH + k * LANES] += change
