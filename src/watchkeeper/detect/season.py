"""The season of a wild series: day and week profile beside a level, and how far they have proved themselves.

Exponential smoothing with additive seasons (Holt 1957, Winters 1960), clipped (Gelper, Fried and Croux 2010). The
residual, smoothed over a dozen values, is evidence only while the running error with the profile is less than half of
the error without.
"""

from __future__ import annotations

from numba import njit

from watchkeeper.detect import layout as at
from watchkeeper.detect.moments import NOTHING, moment_score

LEVEL_DAYS = 7.0
DAY_RATE, WEEK_RATE = 0.2, 0.3
"""Floors of the rates a visit; the first visits of a slot count 1/n."""
MOST_VISITS = 250
CLIP = 4.0
"""A residual teaches at most so many mean absolute residuals."""
PROOF = 0.5
BETTER = 0.02
"""The week is used instead of the day when its proof is better by this much."""
DOZEN = 12.0


@njit(nogil=True, error_model="numpy")
def follow(slim, row, size, rate):  # type: ignore[no-untyped-def]
    """A running mean absolute residual, clipped at four times itself; the first counts in full."""
    if slim[row] > 0.0:
        slim[row] += rate * (min(size, CLIP * slim[row]) - slim[row])
    else:
        slim[row] = size


@njit(nogil=True, error_model="numpy")
def evidence_of(wide, slim, residual, smooth_row, stream, floor, unit):  # type: ignore[no-untyped-def]
    """Evidence of the smoothed residual; learns it."""
    n = slim[at.MOMENT_COUNT + stream] + 1.0
    slim[smooth_row] += (residual - slim[smooth_row]) / min(n, DOZEN)
    return moment_score(wide, slim, stream, float(slim[smooth_row]), floor, unit)


@njit(nogil=True, error_model="numpy")
def teach(wide, slim, profile, visits, place, visit, level, noise, residual, value, clip, rate, floor_rate):  # type: ignore[no-untyped-def]
    """Teach one profile and its level a residual; the first visit of a slot takes the value as it is."""
    limit = CLIP * float(slim[noise]) if clip else abs(residual)
    taught = min(max(residual, -limit), limit) if limit > 0.0 else residual
    if visits[visit] == 0:
        profile[place] = value - wide[level]
    else:
        profile[place] += taught * max(floor_rate, 1.0 / (visits[visit] + 1.0))
        wide[level] += rate * taught
    visits[visit] = min(visits[visit] + 1, MOST_VISITS)
    if slim[noise] > 0.0:
        slim[noise] += rate * (min(abs(residual), limit) - slim[noise])
    else:
        slim[noise] = abs(residual)


@njit(nogil=True, error_model="numpy")
def season(  # type: ignore[no-untyped-def]
    wide, slim, profile, visits, day, week, day_visit, week_visit, day_slots, week_slots, value, seen, per_day, floor,
    unit,
):  # fmt: skip
    """Evidence of the season's residual, NOTHING where no season is proven; then learns the value.

    `day` and `week` are places in `profile`, `day_visit` and `week_visit` in `visits`; `seen` counts this value, too.
    """
    rate = max(1.0 / (LEVEL_DAYS * per_day), 1.0 / seen)
    by_day = value - wide[at.DAY_LEVEL] - profile[day]
    by_week = value - wide[at.WEEK_LEVEL] - profile[week]
    flat = value - wide[at.FLAT_LEVEL]
    evidence = NOTHING
    if visits[day_visit] > 0:
        follow(slim, at.DAY_ERROR, abs(by_day), rate)
        follow(slim, at.FLAT_ERROR, abs(flat), rate)
        slim[at.DAY_RATIO] = slim[at.DAY_ERROR] / max(float(slim[at.FLAT_ERROR]), 1e-12 * unit)
        found = evidence_of(wide, slim, by_day, at.DAY_SMOOTH, 1, floor, unit)
        if slim[at.DAY_RATIO] < PROOF:
            evidence = found
    if visits[week_visit] > 0:
        follow(slim, at.WEEK_ERROR, abs(by_week), rate)
        slim[at.WEEK_RATIO] = slim[at.WEEK_ERROR] / max(float(slim[at.FLAT_ERROR]), 1e-12 * unit)
        found = evidence_of(wide, slim, by_week, at.WEEK_SMOOTH, 2, floor, unit)
        if slim[at.WEEK_RATIO] < min(slim[at.DAY_RATIO] - BETTER, PROOF) and slim[at.MOMENT_COUNT + 2] > 10.0:
            evidence = found
    teach(
        wide, slim, profile, visits, day, day_visit, at.DAY_LEVEL, at.DAY_NOISE, by_day, value, seen > day_slots, rate,
        DAY_RATE,
    )  # fmt: skip
    teach(
        wide, slim, profile, visits, week, week_visit, at.WEEK_LEVEL, at.WEEK_NOISE, by_week, value,
        seen > week_slots, rate, WEEK_RATE,
    )  # fmt: skip
    wide[at.FLAT_LEVEL] += rate * flat
    return evidence
