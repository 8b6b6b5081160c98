"""What to expect: three simple forecasters, mixed by how well each has done.

The forecasters are exponential smoothing of the level of the raw value, of the value without its day profile, and of the value
without day and week profile (Holt-Winters with additive seasons; robust updates as in Gelper, Fried and Croux 2010, "Robust
forecasting with exponential and Holt-Winters smoothing", section 3). Their weights fall with the sixth power of their recent mean
absolute error, so a series without seasons is not forced into one.
"""

from __future__ import annotations

import math

from numba import njit

from watchkeeper.detect import layout as at

COUNT = 0
LEVEL_RATE = 0.15
ERROR_RATE = 0.02
HUBER = 2.5
"""A residual counts as at most this many scales when it teaches."""


@njit(cache=True, nogil=True)  # type: ignore[misc]
def weights(slim, s):  # type: ignore[no-untyped-def]
    """Weights of the three forecasters, adding up to one."""
    a, b, c = float(slim[at.ERROR, s]), float(slim[at.ERROR + 1, s]), float(slim[at.ERROR + 2, s])
    best = min(a, min(b, c))
    if best <= 0.0:
        u, v, w = 1.0 if a <= 0.0 else 0.0, 1.0 if b <= 0.0 else 0.0, 1.0 if c <= 0.0 else 0.0
    else:
        u, v, w = (best / a) ** 2, (best / b) ** 2, (best / c) ** 2
        u, v, w = u * u * u, v * v * v, w * w * w
    total = u + v + w
    return u / total, v / total, w / total


@njit(cache=True, nogil=True)  # type: ignore[misc]
def scale_floor(wide, slim, s, kind, expected):  # type: ignore[no-untyped-def]
    """The least scale: a constant series still has rounding, and a count has at least its Poisson noise."""
    floor = max(1e-4 * abs(wide[at.LEVEL, s]), 0.02 * slim[at.AWAY, s])
    if kind == COUNT:
        floor = max(floor, math.sqrt(max(expected, 0.0) + 0.25))
    return max(floor, 1e-12)


@njit(cache=True, nogil=True)  # type: ignore[misc]
def clip(value, limit):  # type: ignore[no-untyped-def]
    """Huber's psi: the value, or the limit on its side."""
    return min(max(value, -limit), limit)


@njit(cache=True, nogil=True)  # type: ignore[misc]
def begin(wide, slim, s, value):  # type: ignore[no-untyped-def]
    """First point of a series: every level is this value."""
    for row in range(3):
        wide[at.LEVEL + row, s] = value
    wide[at.MEAN, s] = value


@njit(cache=True, nogil=True)  # type: ignore[misc]
def relevel(wide, slim, s, change):  # type: ignore[no-untyped-def]
    """Move every level by `change`, profiles kept."""
    for row in range(3):
        wide[at.LEVEL + row, s] += change
    wide[at.MEAN, s] += change
    slim[at.TREND, s] = 0.0


@njit(cache=True, nogil=True)  # type: ignore[misc]
def learn(wide, slim, profile, s, value, day, spread, week, scale, share, per_day, days):  # type: ignore[no-untyped-def]
    """Teach the levels, the profiles and the running errors one value, all by clipped residuals.

    `day`, `spread`, `week` are places in `profile` (negative: the series has no such profile); `share` is 0 to 1, how much of this
    point counts.
    """
    seen = slim[at.SEEN, s]
    day_value = profile[day] if day >= 0 else 0.0
    week_value = profile[week] if week >= 0 else 0.0
    error_rate = share * max(ERROR_RATE, 1.0 / (seen + 1.0))
    level_rate = share * max(LEVEL_RATE, 1.0 / (seen + 1.0))
    limit = HUBER * scale if seen > 20 else 1e300
    for row in range(3):
        season = 0.0 if row == 0 else (day_value if row == 1 else day_value + week_value)
        error = value - wide[at.LEVEL + row, s] - season - slim[at.TREND, s]
        slim[at.ERROR + row, s] += error_rate * (min(abs(error), 2.0 * limit) - slim[at.ERROR + row, s])
        wide[at.LEVEL + row, s] += slim[at.TREND, s] * share + level_rate * clip(error, limit)
        if row == 1:
            slim[at.TREND, s] = 0.98 * slim[at.TREND, s] + 0.01 * level_rate * clip(error, limit)
    away = value - wide[at.MEAN, s]
    mean_rate = share * max(1.0 / max(per_day, 12.0), 1.0 / (seen + 1.0))
    wide[at.MEAN, s] += mean_rate * clip(away, 3.0 * limit)
    away -= day_value + week_value
    slim[at.AWAY, s] += error_rate * (min(abs(away), 3.0 * limit) - slim[at.AWAY, s])
    if day >= 0:
        profile[day] += share * max(0.1, 1.0 / (days + 1.0)) * clip(away + week_value, 3.0 * limit)
        profile[spread] += share * 0.1 * (min(abs(value - wide[at.LEVEL + 1, s] - day_value) / max(scale, 1e-300), 4.0) - 0.8 - profile[spread])
    if week >= 0:
        profile[week] += share * max(0.15, 1.0 / (days / 7.0 + 2.0)) * clip(away, 3.0 * limit)
