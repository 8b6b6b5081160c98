"""Which points are usually there, and how surprising a silence is.

Each slot of the week remembers in eight bits in which of the last eight weeks it held a point. Inside slots that are
usually open, silences are a two-state Markov chain: one begins with a learned probability and goes on with another,
so that the evidence of a silence of k steps is -log10(beginnings a month x probability of lasting so long).
"""

from __future__ import annotations

import math

from numba import njit

from watchkeeper.detect import layout as at
from watchkeeper.detect.lanes import LANES, abreast

LONGEST_SILENCE_S = 2 * at.WEEK_S
"""A longer silence teaches nothing more: the series is gone, not changed."""
BEGINS, GOES_ON = 0.01, 0.05
"""How fast the two probabilities of the chain follow: of a silence beginning, of one going on."""
LEAST = 1e-4
PRIOR = 0.02
"""Weight of doubt against the record of a slot."""


@njit(inline="always")
def enter_slot(slim, presence, week_slot):
    """Begin the slot's new week if the series was in another slot before."""
    if slim[at.WEEK_SLOT] != week_slot:
        slim[at.WEEK_SLOT] = week_slot
        presence[week_slot * LANES] = (presence[week_slot * LANES] << 1) & 0xFF


@njit(nogil=True, error_model="numpy")
def openness(presence, week_slot, slots, weeks):
    """Probability that the slot holds points: its share of earlier weeks, or in the first week of the other days at
    this hour.
    """
    seen = min(weeks, 7)
    if seen >= 1:
        bits = presence[week_slot * LANES] >> 1
        count = 0
        for week in range(seen):
            count += (bits >> week) & 1
        return (count + PRIOR) / (seen + 2.0 * PRIOR)
    per_day = slots // 7
    count = 0
    days = 0
    slot = week_slot - per_day
    # Days before the series began hold no bits either; they weigh against openness, which is the careful side.
    for _ in range(6):
        if slot < 0:
            slot += slots
        count += presence[slot * LANES] & 1
        days += 1
        slot -= per_day
    return (count + PRIOR) / (days + 2.0 * PRIOR)


@njit(nogil=True, error_model="numpy")
def miss(slim, presence, week_slot, slots, weeks, steps_per_month, settle):
    """One missing step: advances the silence and returns its evidence.

    A step that is missing where there usually is a point makes the detector settle for one step more, up to `settle`:
    what went on meanwhile was not seen.
    """
    is_open = openness(presence, week_slot, slots, weeks)
    begins = slim[at.MISSES] == 0
    row = at.MISS_START if begins else at.MISS_STAY
    usual = 1.0 - is_open * (1.0 - slim[row])
    slim[at.SILENCE] = (-math.log10(steps_per_month) if begins else slim[at.SILENCE]) - math.log10(usual)
    if is_open > 0.5 and slim[at.SILENCE] < 0.0:
        slim[row] += (BEGINS if begins else GOES_ON) * (1.0 - slim[row])
    slim[at.MISSES] += 1
    slim[at.SETTLE] = min(slim[at.SETTLE] + 1.0, settle) if is_open > 0.5 else max(slim[at.SETTLE] - 1.0, 0.0)
    return slim[at.SILENCE]


@abreast
def arrive(slim, presence, week_slot):
    """A present step: ends the silence, remembers the slot as open."""
    presence[week_slot * LANES] |= 1
    gone = slim[at.MISSES] > 0
    row = at.MISS_STAY if gone else at.MISS_START
    slim[row] = max(slim[row] * (1.0 - (GOES_ON if gone else BEGINS)), LEAST)
    slim[at.MISSES] = 0
    slim[at.SILENCE] = 0.0
