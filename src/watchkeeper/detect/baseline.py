"""What to expect: a level, a day profile with its spread, and a week profile, learned by clipped residuals.

Exponential smoothing with additive seasons (Holt 1957, Winters 1960), robust by Huber's clipping (Gelper, Fried and
Croux 2010, "Robust forecasting with exponential and Holt-Winters smoothing", section 3). Day and week are used as far
as they have proved themselves: a weight rises with the sixth power of the ratio of the errors without and with. The
first visit of a week slot takes the whole residual, the n-th 1/n of it: with less, clipping keeps the week from ever
getting there, and half of the power is lost.
"""

from __future__ import annotations

import math

from numba import njit

from watchkeeper.detect import layout as at

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
WEIGHT_FROM_DAYS = 8.0


@njit(inline="always")
def proof(without, with_it):  # type: ignore[no-untyped-def]
    """Weight of a profile, 0 to 1, from the errors without and with it."""
    ratio = without / max(with_it, 1e-300)
    cube = ratio * ratio * ratio
    if not cube < 1e100:
        return 1.0
    return cube * cube / (1.0 + cube * cube)


@njit(nogil=True, error_model="numpy")
def weights(slim, days):  # type: ignore[no-untyped-def]
    """(weight of the day, weight of the week beside it)."""
    week = day = 0.0
    if slim[at.TAME_WEEK_ERROR] > 0.0 and days >= WEIGHT_FROM_DAYS:
        week = proof(float(slim[at.TAME_DAY_ERROR]), float(slim[at.TAME_WEEK_ERROR]))
    if days < WEIGHT_FROM_DAYS or not slim[at.TAME_DAY_ERROR] > 0.0:
        day = 1.0
    else:
        day = proof(
            float(slim[at.TAME_FLAT_ERROR]),
            week * slim[at.TAME_WEEK_ERROR] + (1.0 - week) * slim[at.TAME_DAY_ERROR],
        )
    return day, week


@njit(nogil=True, error_model="numpy")
def learn(  # type: ignore[no-untyped-def]
    wide, slim, profile, value, day, spread, week, has_day, mid, scale, spread_now, count_unit, days, per_day, incident,
):  # fmt: skip
    """Teach level, means, profiles and running errors one value. `day`, `spread`, `week` are places in `profile`."""
    seen = float(slim[at.SEEN])
    early = days < EARLY_DAYS
    relearning = slim[at.RELEARN] > 0.0
    residual = value - mid
    if days < 2.0:
        limit = math.inf
    else:
        limit = (TEACH_EARLY if early or relearning else (TEACH_INCIDENT if incident else TEACH)) * scale
    first = 1.0 / (seen + 1.0)
    rate = max(first, 1.0 / (NOISE_DAYS * max(per_day, 10.0)))
    by_day = value - wide[at.LEVEL] - (profile[day] if has_day else 0.0)
    by_week = by_day - profile[week]
    flat = value - wide[at.LEVEL]
    wide[at.SLOW] += max(first, 1.0 / (SLOW_DAYS * per_day)) * (value - wide[at.SLOW])
    away = abs(value - wide[at.SLOW])
    slim[at.SPAN] += rate * ((away if early else min(away, 4.0 * slim[at.SPAN])) - slim[at.SPAN])
    if days < 1.0 and has_day:
        profile[day] = flat
        return
    slim[at.TAME_FLAT_ERROR] += rate * (
        min(abs(flat), max(limit, 4.0 * slim[at.TAME_FLAT_ERROR])) - slim[at.TAME_FLAT_ERROR]
    )
    slim[at.TAME_DAY_ERROR] += rate * (min(abs(by_day), limit) - slim[at.TAME_DAY_ERROR])
    if days >= (8.0 if has_day else 7.0):
        if slim[at.TAME_WEEK_ERROR] > 0.0:
            slim[at.TAME_WEEK_ERROR] += rate * (min(abs(by_week), limit) - slim[at.TAME_WEEK_ERROR])
        else:
            slim[at.TAME_WEEK_ERROR] = slim[at.TAME_DAY_ERROR]
    size = min(abs(residual), limit) / count_unit
    noise = float(slim[at.NOISE])
    if noise <= 0.0:
        slim[at.NOISE] = size
    else:
        slim[at.NOISE] += max(2.0 * first if early else first, 1.0 / (NOISE_DAYS * max(per_day, 10.0))) * (
            size / spread_now - noise
        )
    step = min(max(residual, -limit), limit)
    if has_day:
        if noise > 0.0 and days > 3.0:
            learned = profile[spread] + max(SPREAD_RATE, 1.0 / (days + 10.0)) * (min(size / noise, 4.0) - spread_now)
            profile[spread] = max(learned, LEAST_SPREAD - 1.0)
        profile[day] += (RELEARN_RATE if relearning else max(DAY_RATE, 1.0 / (days + 1.0))) * step
    loose = TEACH_EARLY * scale if days < 15.0 else limit
    visits = math.floor(days / 7.0)
    profile[week] += max(WEEK_RATE, 1.0 / (visits + 1.0)) * min(max(by_week, -loose), loose)
    wide[at.LEVEL] += max(first, 1.0 / (LEVEL_DAYS * max(per_day, 3.0))) * step
