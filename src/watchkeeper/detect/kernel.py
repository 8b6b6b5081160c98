"""One series, point after point: judge first, then learn.

The score is the largest of three, each in the unit of the bar: the habituated evidence of `recipe`, the habituated
score of the `tame` channel, and, far down, the point-wise z. The band is where z or the tame channel reach once a
month.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from watchkeeper.detect import band, baseline, habituate, pointwise, presence, recipe, tame
from watchkeeper.detect import layout as at
from watchkeeper.detect.novelty import move

EXCLUDED, VOID, RESTART = 1, 2, 4
LEARNING, WATCHING, SETTLING, MISSING = 0, 1, 2, 3
COUNT, RATE = 0, 2
LARGEST_VALUE = 1e18
"""Beyond this a value is no measure and counts as missing."""
BY_POINT = -0.8
"""Score of one point at the edge of the band, as such: in wild series such points recur by the dozen. A greater one is
told as news by the recipe, and every one that leaves the band opens an alert, see `decide`."""
BY_POINT_SLOPE, BY_POINT_MOST = 0.02, 1.0
"""Beyond the edge the score still rises, but never to where news begins."""
LEAST_UNIT = 1e-280
"""Smaller values are all alike."""
SETTLING_WIDER = 2.0
"""Just after the level was set anew a deviation must be so many times greater in addition."""


@njit(inline="always")
def learning_points(step):  # type: ignore[no-untyped-def]
    """Points before the first score: a day, at least 14 and at most 288."""
    return min(max(at.DAY_S // step, 14), 288)


@njit(inline="always")
def settling_steps(step):  # type: ignore[no-untyped-def]
    """Steps that settling takes: two days, at least 8 steps."""
    return max(2 * at.DAY_S // step, 8)


@njit(inline="always")
def week_slot_of(local, slots):  # type: ignore[no-untyped-def]
    """Slot of the week of a wall-clock second; weeks begin on Thursday, as 1970 did."""
    return (local % at.WEEK_S) * slots // at.WEEK_S


@njit(nogil=True, error_model="numpy")
def skip(wide, slim, present, slots, step, steps, offset):  # type: ignore[no-untyped-def]
    """Pass over `steps` missing grid steps after the newest one; returns the evidence of the silence."""
    month = at.MONTH_S / step
    silence = float(slim[at.SILENCE])
    longest = presence.LONGEST_SILENCE_S // step
    for _ in range(steps):
        if slim[at.MISSES] >= longest:
            break
        wide[at.LAST] += 1
        slot = week_slot_of(np.int64(wide[at.LAST]) * step + offset, slots)
        weeks = np.int64((wide[at.LAST] - wide[at.FIRST]) * step // at.WEEK_S)
        presence.enter_slot(slim, present, slot)
        silence = presence.miss(slim, present, slot, slots, weeks, month)
    return silence


@njit(nogil=True, error_model="numpy")
def begin(wide, slim, now, value, month):  # type: ignore[no-untyped-def]
    """First value of a series."""
    wide[at.LAST] = wide[at.FIRST] = now
    for row in (at.MEAN, at.SMOOTH, at.DAY_LEVEL, at.WEEK_LEVEL, at.FLAT_LEVEL, at.PREVIOUS, at.LEVEL, at.SLOW):
        wide[row] = value
    slim[at.REFERENCE] = slim[at.TAME_REFERENCE] = habituate.NEVER
    slim[at.DAY_RATIO] = slim[at.WEEK_RATIO] = 9.0  # nothing is proven
    slim[at.LOWEST] = slim[at.HIGHEST] = value
    slim[at.MISS_START] = 0.002
    slim[at.MISS_STAY] = 0.5
    tame.begin(slim, month)


@njit(nogil=True, error_model="numpy")
def restart(wide, slim, change, settle, per_day):  # type: ignore[no-untyped-def]
    """The level is `change` higher from now on, profiles kept: what was seen before moves with it."""
    for row in (at.MEAN, at.SMOOTH, at.DAY_LEVEL, at.WEEK_LEVEL, at.FLAT_LEVEL, at.PREVIOUS, at.LEVEL, at.SLOW):
        wide[row] += change
    move(slim, at.VALUES, int(slim[at.NEW_INTERVALS]), change)
    slim[at.DAY_SMOOTH] = slim[at.WEEK_SMOOTH] = 0.0
    slim[at.SETTLE] = settle
    tame.forget_run(slim, per_day)


@njit(nogil=True, error_model="numpy")
def replay_series(  # type: ignore[no-untyped-def]
    time, local, value, mark, first, last, step, kind, wide, slim, profile, present, expected, lower, upper, score,
    phase, silence,
):  # fmt: skip
    """Advance the state of one series by the points `first` to `last` and judge each; see `replay` for the arrays."""
    days_slots = -(-at.DAY_S // max(step, at.FINEST_DAY_SLOT_S))
    weeks_slots = 7 * -(-at.DAY_S // max(step, at.FINEST_WEEK_SLOT_S))
    has_day = days_slots > 1
    per_day = at.DAY_S / step
    month = at.MONTH_S / step
    warm = learning_points(step)
    settle = settling_steps(step)
    least_score = -math.log10(month)
    visits = present[weeks_slots:]
    for i in range(first, last):
        now = time[i] // step
        clock = local[i] if len(local) else time[i]
        bits = mark[i] if len(mark) else 0
        x = value[i]
        is_missing = not abs(x) <= LARGEST_VALUE or (bits & VOID) != 0
        if math.isnan(wide[at.LAST]):
            if is_missing:  # nothing is known before the first value
                expected[i] = lower[i] = upper[i] = score[i] = silence[i] = math.nan
                phase[i] = MISSING
                continue
            begin(wide, slim, now, x, month)
        steps = now - np.int64(wide[at.LAST])
        seen = float(slim[at.SEEN])
        is_learning = seen < warm
        gap = math.nan
        if steps > 1 or (steps == 1 and is_missing):
            missing = steps - (0 if is_missing else 1)
            gap = skip(wide, slim, present, weeks_slots, step, missing, clock - time[i])
        wide[at.LAST] = max(wide[at.LAST], now)
        passed = slim[at.MISSES] + min(steps, 1)
        if not is_missing:
            slim[at.SETTLE] = max(slim[at.SETTLE] - passed, 0.0)
            slim[at.RELEARN] = max(slim[at.RELEARN] - passed, 0.0)
            habituate.fade(slim, passed)
        if wide[at.UNIT] == 0.0 and not is_missing:
            wide[at.UNIT] = max(abs(x), LEAST_UNIT) if x != 0.0 else 0.0
        unit = wide[at.UNIT] if wide[at.UNIT] > 0.0 else 1.0
        day_slot = (clock % at.DAY_S) * days_slots // at.DAY_S
        week_slot = week_slot_of(clock, weeks_slots)
        week_at = days_slots + week_slot
        tame_day = days_slots + weeks_slots + day_slot
        tame_spread = tame_day + days_slots
        tame_week = 2 * days_slots + weeks_slots + days_slots + week_slot
        days = seen / per_day
        # What is expected.
        day_weight, week_weight = baseline.weights(slim, days)
        mid = wide[at.LEVEL] + day_weight * ((profile[tame_day] if has_day else 0.0) + week_weight * profile[tame_week])
        if (bits & RESTART) != 0 and not is_missing:
            restart(wide, slim, x - mid, settle, per_day)
            mid = x
        if kind == COUNT:
            mid = max(mid, 0.0)
        widen = 1.0 + SETTLING_WIDER * slim[at.SETTLE] / settle
        spread = 1.0 + profile[tame_spread] if has_day else 1.0
        count_unit = math.sqrt(mid + 1.0) if kind == COUNT else 1.0
        noise = count_unit if kind == COUNT else 0.0
        scale = max(
            baseline.MEAN_TO_SIGMA * slim[at.NOISE] * count_unit * spread,
            baseline.SHARE_FLOOR * abs(mid) + 1e-12 * unit + (baseline.COUNT_FLOOR if kind == COUNT else 0.0),
        )
        cost = tame.price(slim, days, week_weight, month)
        # How far one value may go.
        seasonal = wide[at.DAY_LEVEL] + profile[day_slot]
        far_floor = max(pointwise.LEVEL_SHARE * abs(wide[at.MEAN]), recipe.POISSON_MEAN * noise)
        near_floor = max(
            0.5 * pointwise.LEVEL_SHARE * (abs(seasonal) + abs(wide[at.DAY_LEVEL])), recipe.POISSON_MEAN * noise
        )
        knows_slot = visits[day_slot] > 0
        expected[i], lower[i], upper[i] = band.limits(
            wide, slim, mid, seasonal, far_floor, near_floor, knows_slot, cost, scale, widen, month, unit, kind == RATE
        )
        if is_missing:
            silence[i] = math.nan if is_learning else (gap if steps > 0 else float(slim[at.SILENCE]))
            score[i] = math.nan
            phase[i] = MISSING
            continue
        silence[i] = math.nan if is_learning else gap
        presence.enter_slot(slim, present, week_slot)
        presence.arrive(slim, present, week_slot)
        is_settling = slim[at.SETTLE] > 0.0
        teach = (bits & EXCLUDED) == 0
        if not teach:  # judged on a copy: nothing of what follows is remembered
            kept_wide, kept_slim = wide.copy(), slim.copy()
            kept = (profile[day_slot], profile[week_at], profile[tame_day], profile[tame_spread], profile[tame_week])
            kept_visits = (visits[day_slot], visits[days_slots + week_slot])
        by_mean, by_season = x - wide[at.MEAN], x - seasonal
        far = pointwise.scale_of(slim, at.FAR, 1 if by_mean < 0.0 else 0, far_floor, unit)
        near = pointwise.scale_of(slim, at.RESIDUAL, 1 if by_season < 0.0 else 0, near_floor, unit)
        z = recipe.ratios(slim, far, near, by_mean, by_season, knows_slot)
        found = recipe.evidence(
            wide, slim, profile, visits, day_slot, week_at, day_slot, days_slots + week_slot, days_slots, weeks_slots,
            x, z, per_day, noise, unit,
        )  # fmt: skip
        if widen > 1.0:
            z -= (1.0 + pointwise.SEASON_WEIGHT) * math.log10(widen)
            found -= 2.0 * math.log10(widen)
        news = habituate.is_news(slim, at.REFERENCE, found, habituate.MARGIN)
        tame_score, incident, moved = tame.judge(
            wide, slim, (x - mid) / scale, widen, cost, days, per_day, month, spread, has_day, mid, x
        )
        over = z - pointwise.ALERT
        surprise = max(BY_POINT + (over if over < 0.0 else BY_POINT_SLOPE * min(over, BY_POINT_MOST)), least_score)
        if news:
            surprise = max(surprise, found - recipe.ALERT)
        if habituate.is_news(slim, at.TAME_REFERENCE, tame_score, habituate.TAME_MARGIN):
            surprise = max(surprise, tame_score)
        score[i] = math.nan if is_learning else surprise
        phase[i] = LEARNING if is_learning else (SETTLING if is_settling else WATCHING)
        if not teach:
            wide[:] = kept_wide
            slim[:] = kept_slim
            profile[day_slot], profile[week_at], profile[tame_day], profile[tame_spread], profile[tame_week] = kept
            visits[day_slot], visits[days_slots + week_slot] = kept_visits
            continue
        if moved:
            tame.accept(wide, slim, per_day)
            slim[at.SETTLE] = settle
        baseline.learn(
            wide, slim, profile, x, tame_day, tame_spread, tame_week, has_day, mid, scale, spread, count_unit, days,
            per_day, incident,
        )  # fmt: skip
        slim[at.LOWEST] = min(slim[at.LOWEST], x)
        slim[at.HIGHEST] = max(slim[at.HIGHEST], x)
        slim[at.SEEN] = seen + 1.0
