"""The season of a wild series: day and week profile beside a level, and how far they have proved themselves.

Exponential smoothing with additive seasons (Holt 1957, Winters 1960), clipped (Gelper, Fried and Croux 2010). The
residual, smoothed over a dozen values, is evidence only while the running error with the profile is less than half of
the error without.
"""

from __future__ import annotations

import math

from watchkeeper.detect import layout as at
from watchkeeper.detect.lanes import LANES, abreast
from watchkeeper.detect.moments import NOTHING, moment_score

LEVEL_DAYS = 7.0
DAY_RATE, WEEK_RATE = 0.2, 0.3
"""Floors of the rates a visit; the first visits of a slot count 1/n."""
CLIP = 4.0
"""A residual teaches at most so many mean absolute residuals."""
PROOF = 0.5
BETTER = 0.02
"""The week is used instead of the day when its proof is better by this much."""
DOZEN = 12.0


@abreast
def followed(mean, size, rate):
    """A running mean absolute residual, clipped at four times itself; the first counts in full."""
    return mean + rate * (min(size, CLIP * mean) - mean) if mean > 0.0 else size


@abreast
def taught(residual, noise, is_clipped):
    """(what a residual teaches, its limit)."""
    limit = CLIP * noise if is_clipped else abs(residual)
    return (min(max(residual, -limit), limit) if limit > 0.0 else residual), limit


@abreast
def rate_of(visits, least):
    """One over the visits, with this one, but at least a fifth or more."""
    found = 0.5 if visits < 2.0 else (1.0 / 3.0 if visits < 3.0 else (0.25 if visits < 4.0 else 0.2))
    return max(found, least)


@abreast
def season(slim, desk, lanes, grid):
    """Evidence of the season's residual, NOTHING where no season is proven; then learns the value."""
    for j in range(lanes):
        value, unit = desk[at.VALUE + j], desk[at.UNIT_NOW + j]
        floor = desk[at.POISSON + j] * (1.0 / math.sqrt(DOZEN))
        seen = slim[at.SEEN + j] + 1.0
        rate = max(1.0 / (LEVEL_DAYS * grid.per_day), desk[at.SHARE + j])
        day_level, week_level = slim[at.DAY_LEVEL + j], slim[at.WEEK_LEVEL + j]
        day, week = desk[at.DAY + j], desk[at.WEEK + j]
        by_day, by_week, flat = value - day_level - day, value - week_level - week, value - slim[at.FLAT_LEVEL + j]
        knows_day, knows_week = desk[at.DAY_VISITS + j] > 0.0, desk[at.WEEK_VISITS + j] > 0.0
        # Proofs and smoothed residuals.
        day_error, flat_error = float(slim[at.DAY_ERROR + j]), float(slim[at.FLAT_ERROR + j])
        week_error = float(slim[at.WEEK_ERROR + j])
        day_error = followed(day_error, abs(by_day), rate) if knows_day else day_error
        flat_error = followed(flat_error, abs(flat), rate) if knows_day else flat_error
        week_error = followed(week_error, abs(by_week), rate) if knows_week else week_error
        by_flat = 1.0 / max(flat_error, 1e-12 * unit)
        day_ratio = day_error * by_flat if knows_day else float(slim[at.DAY_RATIO + j])
        week_ratio = week_error * by_flat if knows_week else float(slim[at.WEEK_RATIO + j])
        slim[at.DAY_ERROR + j], slim[at.FLAT_ERROR + j], slim[at.WEEK_ERROR + j] = day_error, flat_error, week_error
        slim[at.DAY_RATIO + j], slim[at.WEEK_RATIO + j] = day_ratio, week_ratio
        n = float(slim[at.MOMENT_COUNT + LANES + j]) + 1.0
        smooth = float(slim[at.DAY_SMOOTH + j])
        smooth = smooth + (by_day - smooth) * max(1.0 / n, 1.0 / DOZEN) if knows_day else smooth
        slim[at.DAY_SMOOTH + j] = smooth
        found = moment_score(slim, j, 1, smooth, floor, unit, knows_day)
        evidence = found if knows_day & (day_ratio < PROOF) else NOTHING
        n = float(slim[at.MOMENT_COUNT + 2 * LANES + j]) + 1.0
        smooth = float(slim[at.WEEK_SMOOTH + j])
        smooth = smooth + (by_week - smooth) * max(1.0 / n, 1.0 / DOZEN) if knows_week else smooth
        slim[at.WEEK_SMOOTH + j] = smooth
        found = moment_score(slim, j, 2, smooth, floor, unit, knows_week)
        is_better = week_ratio < min(day_ratio - BETTER, PROOF)
        desk[at.BY_SEASON + j] = found if knows_week & is_better & (n > 10.0) else evidence
        # Profiles and levels; the first visit of a slot takes the value as it is.
        noise = float(slim[at.DAY_NOISE + j])
        lesson, limit = taught(by_day, noise, seen > float(grid.day_slots))
        slim[at.DAY_NOISE + j] = noise + rate * (min(abs(by_day), limit) - noise) if noise > 0.0 else abs(by_day)
        pace = rate_of(desk[at.DAY_VISITS + j], DAY_RATE)
        desk[at.DAY + j] = day + lesson * pace if knows_day else value - day_level
        slim[at.DAY_LEVEL + j] = day_level + rate * lesson if knows_day else day_level
        noise = float(slim[at.WEEK_NOISE + j])
        lesson, limit = taught(by_week, noise, seen > float(grid.week_slots))
        slim[at.WEEK_NOISE + j] = noise + rate * (min(abs(by_week), limit) - noise) if noise > 0.0 else abs(by_week)
        pace = rate_of(desk[at.WEEK_VISITS + j], WEEK_RATE)
        desk[at.WEEK + j] = week + lesson * pace if knows_week else value - week_level
        slim[at.WEEK_LEVEL + j] = week_level + rate * lesson if knows_week else week_level
        slim[at.FLAT_LEVEL + j] += rate * flat
