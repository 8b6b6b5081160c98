"""What to expect: a level, a day profile with its spread, and a week profile, learned by clipped residuals.

Exponential smoothing with additive seasons (Holt 1957, Winters 1960), robust by Huber's clipping (Gelper, Fried and
Croux 2010, "Robust forecasting with exponential and Holt-Winters smoothing", section 3). Day and week are used as far
as they have proved themselves: a weight rises with the sixth power of the ratio of the errors without and with. The
first visit of a week slot takes the whole residual, the n-th 1/n of it: with less, clipping keeps the week from ever
getting there, and half of the power is lost.
"""

from __future__ import annotations

import math

from watchkeeper.detect import layout as at
from watchkeeper.detect.lanes import abreast, floor

LEVEL_DAYS, SLOW_DAYS, NOISE_DAYS = 4.0, 30.0, 20.0
DAY_RATE, WEEK_RATE, SPREAD_RATE = 0.1, 0.12, 0.02
"""Floors of the rates per value."""
RELEARN_RATE, RELEARN_DAYS = 0.4, 4.0
"""After the level was set anew the day is learned this fast, for so long."""
TEACH, TEACH_EARLY, TEACH_INCIDENT = 2.5, 8.0, 1.0
"""A residual teaches at most so many scales: usually, while little is known, and in an incident."""
SHARE_FLOOR = 0.005
"""Least scale, as a share of the expected value."""
COUNT_FLOOR = 0.3
LEAST_SPREAD = 0.25
"""Least spread of a slot of the day relative to the others."""
MEAN_TO_SIGMA = 1.2533
EARLY_DAYS = 8.0
MOST_RATIO = 1e6
"""Its sixth power is still a number."""
LEAST = 1e-30
"""Beside which nothing is divided."""
WEIGHT_FROM_DAYS = 8.0


@abreast
def proof(without, with_it):
    """Weight of a profile, 0 to 1, from the errors without and with it."""
    ratio = min(with_it / max(without, LEAST), MOST_RATIO)
    cube = ratio * ratio * ratio
    return 1.0 / (1.0 + cube * cube)


@abreast
def foresee(slim, desk, lanes, grid):
    """What is expected from level and profiles, as far as these have proved themselves."""
    for j in range(lanes):
        credit = float(slim[at.CREDIT + j])
        days = slim[at.SEEN + j] * (1.0 / grid.per_day) + max(credit, 0.0)
        by_level, by_day = float(slim[at.TAME_FLAT_ERROR + j]), float(slim[at.TAME_DAY_ERROR + j])
        by_week = float(slim[at.TAME_WEEK_ERROR + j])
        is_late = days >= WEIGHT_FROM_DAYS
        week = proof(by_day, by_week) if is_late & (by_week > 0.0) else 0.0
        day = proof(by_level, week * by_week + (1.0 - week) * by_day) if is_late & (by_day > 0.0) else 1.0
        season = day * (desk[at.TAME_DAY + j] + week * desk[at.TAME_WEEK + j])
        # A borrowed shape that is not adopted yet has no unit.
        mid = slim[at.LEVEL + j] + (season if credit >= 0.0 else 0.0)
        desk[at.DAYS + j] = days
        desk[at.WEEK_WEIGHT + j] = week
        desk[at.MID + j] = mid


@abreast
def learn(slim, desk, lanes, grid):
    """Teach level, means, profiles and running errors one value."""
    per_day, has_day = grid.per_day, grid.has_day
    for j in range(lanes):
        value, mid, scale, days = desk[at.VALUE + j], desk[at.MID + j], desk[at.SCALE + j], desk[at.DAYS + j]
        early = days < EARLY_DAYS
        relearning = slim[at.RELEARN + j] > 0.0
        residual = value - mid
        usual = TEACH_INCIDENT if desk[at.INCIDENT + j] > 0.0 else TEACH
        limit = (TEACH_EARLY if early | relearning else usual) * scale
        limit = math.inf if days < 2.0 else limit
        first = desk[at.SHARE + j]
        slow_rate = 1.0 / (NOISE_DAYS * max(per_day, 10.0))
        rate = max(first, slow_rate)
        flat = value - desk[at.EFFECT + j] - slim[at.LEVEL + j]
        day, week = desk[at.TAME_DAY + j], desk[at.TAME_WEEK + j]
        by_day = flat - day
        by_week = by_day - week
        slow = slim[at.SLOW + j]
        slow += max(first, 1.0 / (SLOW_DAYS * per_day)) * (value - slow)
        slim[at.SLOW + j] = slow
        away, span = abs(value - slow), float(slim[at.SPAN + j])
        slim[at.SPAN + j] = span + rate * ((away if early else min(away, 4.0 * span)) - span)
        # In the first day the values themselves are the day's profile, and nothing else is learned.
        learns = (days >= 1.0) | (not has_day)
        error = float(slim[at.TAME_FLAT_ERROR + j])
        taught = error + rate * (min(abs(flat), max(limit, 4.0 * error)) - error)
        slim[at.TAME_FLAT_ERROR + j] = taught if learns else error
        error = float(slim[at.TAME_DAY_ERROR + j])
        day_error = error + rate * (min(abs(by_day), limit) - error) if learns else error
        slim[at.TAME_DAY_ERROR + j] = day_error
        error = float(slim[at.TAME_WEEK_ERROR + j])
        taught = error + rate * (min(abs(by_week), limit) - error) if error > 0.0 else day_error
        slim[at.TAME_WEEK_ERROR + j] = taught if learns & (days >= (8.0 if has_day else 7.0)) else error
        noise, spread_now = float(slim[at.NOISE + j]), desk[at.SLOT_SPREAD + j]
        safe_noise, count_unit = max(noise, LEAST), desk[at.COUNT_UNIT + j]
        inverse = 1.0 / (safe_noise * spread_now * count_unit)  # One division for all three.
        size = min(abs(residual), limit) * (inverse * safe_noise * spread_now)
        noise_rate = max(2.0 * first if early else first, slow_rate)
        taught = noise + noise_rate * (size * (inverse * safe_noise * count_unit) - noise) if noise > 0.0 else size
        slim[at.NOISE + j] = taught if learns else noise
        step = min(max(residual, -limit), limit)
        spread = desk[at.TAME_SPREAD + j]
        visits = floor(days * (1.0 / 7.0)) + 1.0
        both = (days + 10.0) * (days + 1.0)
        by_days = 1.0 / (both * visits)
        relative = min(size * (inverse * spread_now * count_unit), 4.0)
        change = max(SPREAD_RATE, by_days * visits * (days + 1.0)) * (relative - spread_now)
        is_known = learns & has_day & (noise > 0.0) & (days > 3.0)
        desk[at.TAME_SPREAD + j] = max(spread + change, LEAST_SPREAD - 1.0) if is_known else spread
        pace = RELEARN_RATE if relearning else max(DAY_RATE, by_days * visits * (days + 10.0))
        taught = day + pace * step if learns else (day if slim[at.CREDIT + j] < 0.0 else flat)
        desk[at.TAME_DAY + j] = taught if has_day else 0.0
        # What was borrowed is known: an incident in the first days must not teach it to expect another.
        is_new = (days < 15.0) & (slim[at.CREDIT + j] <= 0.0)
        loose = TEACH_EARLY * scale if is_new else limit
        pace = max(WEEK_RATE, by_days * both)
        desk[at.TAME_WEEK + j] = week + pace * min(max(by_week, -loose), loose) if learns else week
        level_rate = max(first, 1.0 / (LEVEL_DAYS * max(per_day, 3.0)))
        slim[at.LEVEL + j] += level_rate * step if learns else 0.0
