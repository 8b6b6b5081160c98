"""What to expect: a level, a day profile and a week profile, learned by clipped residuals.

Exponential smoothing with additive seasons (Holt 1957, Winters 1960), robust by Huber's clipping (Gelper, Fried and
Croux 2010, "Robust forecasting with exponential and Holt-Winters smoothing", section 3). The week profile is a
correction of the day profile and is used as far as it has proved itself: its weight rises with the ratio of the mean
absolute errors without and with it.
"""

from __future__ import annotations

from numba import njit

from watchkeeper.detect import layout as at

LEVEL_S = 4 * at.DAY_S
LEVEL_STEPS = 10.0
MEAN_S = 60 * at.DAY_S
MEAN_STEPS = 1000.0
DAY_RATE = 0.2
WEEK_RATE = 0.2
SPREAD_RATE = 0.1
CLIP = 4.0
"""A residual counts as at most this many mean absolute residuals when it teaches."""
LEAST_SPREAD = 0.05
AWAY_MARK = 16.0
AWAY = 8.0
"""A residual of this many mean absolute residuals is away: an incident, or something new."""
NEW_PATTERN_RATE = 0.5
HOLD_FROM_DAYS = 14
"""From this day on incidents are held apart; before, day and week are still being learned and every value counts,
clipped."""


@njit(inline="always")
def clip(value, limit):  # type: ignore[no-untyped-def]
    """Huber's psi: the value, or the limit on its side."""
    return min(max(value, -limit), limit)


@njit(inline="always")
def week_weight(slim, s):  # type: ignore[no-untyped-def]
    """How far the week profile is used, 0 to 1."""
    without, with_week = slim[at.DAY_ERROR, s], slim[at.WEEK_ERROR, s]
    if without <= 0.0 or with_week <= 0.0:
        return 1.0 if without > 0.0 else 0.0
    ratio = without / with_week
    cube = ratio * ratio * ratio
    return cube * cube / (1.0 + cube * cube)


@njit(inline="always")
def learn_first_day(wide, slim, profile, s, value, day, mean_rate):  # type: ignore[no-untyped-def]
    """The first day is the first day profile, relative to the first value."""
    if day >= 0:
        profile[day] = value - wide[at.LEVEL, s]
    else:
        wide[at.LEVEL, s] += mean_rate * (value - wide[at.LEVEL, s])
    learn_mean(wide, slim, s, value, mean_rate, 1e300)


@njit(inline="always")
def centre(wide, profile, s, base, stride, slots):  # type: ignore[no-untyped-def]
    """After the first day: the level becomes the mean of the day; slots without a value expect that level."""
    total = 0.0
    count = 0
    for k in range(slots):
        value = profile[base + k * stride]
        if value != 0.0:
            total += value
        count += value != 0.0
    if count > 0:
        mean = total / count
        wide[at.LEVEL, s] += mean
        for k in range(slots):
            if profile[base + k * stride] != 0.0:
                profile[base + k * stride] -= mean


@njit(inline="always")
def learn_mean(wide, slim, s, value, rate, clip_at):  # type: ignore[no-untyped-def]
    """Teach the mean of the raw value and its mean absolute distance from it."""
    away = value - wide[at.MEAN, s]
    limit = clip_at * slim[at.SPAN, s]
    wide[at.MEAN, s] += rate * (away if clip_at > CLIP else clip(away, limit))
    slim[at.SPAN, s] += rate * ((abs(away) if clip_at > CLIP else min(abs(away), limit)) - slim[at.SPAN, s])


@njit(inline="always")
def spread_of(stored):  # type: ignore[no-untyped-def]
    """(spread of the slot relative to the others, mark of the day on which it was last away: 0 never, 1 even, 2 odd).

    One number keeps both: the spread less one, plus 16 or 32.
    """
    if stored > 1.5 * AWAY_MARK:
        return max(1.0 + stored - 2.0 * AWAY_MARK, LEAST_SPREAD), 2
    if stored > 0.5 * AWAY_MARK:
        return max(1.0 + stored - AWAY_MARK, LEAST_SPREAD), 1
    return max(1.0 + stored, LEAST_SPREAD), 0


@njit(inline="always")
def learn_away(profile, day, spread, mark, day_number, change):  # type: ignore[no-untyped-def]
    """A value far outside in this slot of the day: once may be an incident, on two days running it is the new
    timetable.
    """
    if mark == 2 - day_number % 2:  # away yesterday too
        profile[day] += NEW_PATTERN_RATE * change
    profile[spread] += AWAY_MARK * (1 + day_number % 2 - mark)


@njit(inline="always")
def learn(  # type: ignore[no-untyped-def]
    wide, slim, profile, s, value, day, spread, week, slot_spread, mark,
    day_rate, week_rate, spread_rate, level_rate, mean_rate, noise_rate, error_rate, is_early, is_first_week_profile,
):  # fmt: skip
    """Teach level, mean, profiles and running errors one value. `day`, `spread`, `week` are places in `profile` (-1:
    none).
    """
    limit = 1e300 if is_early else CLIP * slim[at.NOISE, s] * slot_spread
    residual = value - wide[at.LEVEL, s] - (profile[day] if day >= 0 else 0.0)
    without = min(abs(residual), limit)
    beyond = residual - profile[week]
    slim[at.DAY_ERROR, s] += error_rate * (without - slim[at.DAY_ERROR, s])
    slim[at.WEEK_ERROR, s] += error_rate * (min(abs(beyond), limit) - slim[at.WEEK_ERROR, s])
    step = clip(residual, limit)
    if day >= 0:
        profile[day] += day_rate * step
    profile[week] += week_rate * clip(beyond, 2.0 * limit if is_first_week_profile else limit)
    wide[at.LEVEL, s] += level_rate * step
    noise = without / slot_spread
    slim[at.NOISE, s] += noise_rate * (noise - slim[at.NOISE, s])
    if day >= 0:
        relative = min(without / slim[at.NOISE, s], 6.0) if slim[at.NOISE, s] > 0.0 else 1.0
        profile[spread] += spread_rate * (relative - slot_spread) - AWAY_MARK * mark
    learn_mean(wide, slim, s, value, mean_rate, 1e300 if is_early else CLIP)
