"""One series, point after point: judge first, then learn."""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from watchkeeper.detect import baseline, evidence, presence, tail
from watchkeeper.detect import layout as at

EXCLUDED, VOID, RESTART = 1, 2, 4
LEARNING, WATCHING, SETTLING, MISSING = 0, 1, 2, 3
COUNT, RATE = 0, 2
SHORT_S, LONG_S, LONG_STEPS = 3600, 8 * 3600, 8
LONG_DISCOUNT = 0.64
LARGEST_VALUE = 1e18
"""Beyond this a value is no measure and counts as missing: its square would not fit single precision."""
LARGEST = 1e8
"""The fourth power of the evidence is not told apart beyond this."""
SCALE_HOLD = 3.0
"""After so many steps away the scales, too, wait until it is clear whether this is an incident or the new level."""
MOST_AT_ONCE = 3.0
"""A value after a gap counts as evidence of a new level for at most this many steps."""
HOLD = 0.3
"""A point with at least this score teaches the baseline nothing."""


@njit(inline="always")
def learning_points(step):  # type: ignore[no-untyped-def]
    """Points before the first score: a day, at least 14 and at most 288."""
    return min(max(at.DAY_S // step, 14), 288)


@njit(inline="always")
def settling_steps(step):  # type: ignore[no-untyped-def]
    """Steps that a change must last to be taken for permanent, and that settling then takes: a day, at least 8
    steps.
    """
    return max(at.DAY_S // step, 8)


@njit(inline="always")
def week_slot_of(local, slots):  # type: ignore[no-untyped-def]
    """Slot of the week of a wall-clock second; weeks begin on Thursday, as 1970 did."""
    return (local % at.WEEK_S) * slots // at.WEEK_S


@njit(nogil=True, error_model="numpy")
def skip(wide, slim, present, s, base, stride, slots, step, steps, offset):  # type: ignore[no-untyped-def]
    """Pass over `steps` missing grid steps after the newest one; returns the evidence of the silence."""
    month = at.MONTH_S / step
    silence = float(slim[at.SILENCE, s])
    longest = presence.LONGEST_SILENCE_S // step
    for _ in range(steps):
        if slim[at.MISSES, s] >= longest:
            break
        wide[at.LAST, s] += 1
        slot = week_slot_of(np.int64(wide[at.LAST, s]) * step + offset, slots)
        weeks = np.int64((wide[at.LAST, s] - wide[at.FIRST, s]) * step // at.WEEK_S)
        presence.enter_slot(slim, present, s, base, stride, slot)
        silence = presence.miss(slim, present, s, base, stride, slot, slots, weeks, month)
    return silence


@njit(nogil=True, error_model="numpy")
def begin(wide, slim, s, now, value, month):  # type: ignore[no-untyped-def]
    """First value of a series."""
    wide[at.LAST, s] = wide[at.FIRST, s] = now
    wide[at.LEVEL, s] = wide[at.MEAN, s] = wide[at.SMOOTH, s] = wide[at.SMOOTH + 1, s] = value
    slim[at.OFTEN_LEVEL, s] = tail.prior_level(tail.PRIOR_OFTEN, tail.OFTEN, month)
    slim[at.SELDOM_LEVEL, s] = tail.prior_level(tail.PRIOR_SELDOM, tail.SELDOM, month)
    slim[at.TOLD, s] = -10.0
    slim[at.DAY_ERROR, s] = -1.0  # the first day is not yet a profile
    slim[at.LOWEST, s] = slim[at.HIGHEST, s] = value
    slim[at.MISS_START, s] = 0.002
    slim[at.MISS_STAY, s] = 0.5


@njit(nogil=True, error_model="numpy")
def move_level(wide, slim, s, change, settle):  # type: ignore[no-untyped-def]
    """The level is `change` higher from now on, profiles kept; settle."""
    wide[at.LEVEL, s] += change
    wide[at.MEAN, s] += change
    slim[at.ERROR, s] = slim[at.ERROR + 1, s] = 0.0
    slim[at.OUTSIDE, s] = 0
    slim[at.OUTSIDE_MEAN, s] = 0.0
    slim[at.SETTLE, s] = settle


@njit(nogil=True, error_model="numpy")
def replay_series(  # type: ignore[no-untyped-def]
    time, local, value, mark, first, last, step, kind, wide, slim, profile, present, s, profile_base, presence_base,
    stride, expected, lower, upper, score, phase, silence,
):  # fmt: skip
    """Advance column `s` of the state by the points `first` to `last` and judge each; see `replay` for the arrays."""
    day_slots = -(-at.DAY_S // max(step, at.FINEST_DAY_SLOT_S))
    week_slots = 7 * -(-at.DAY_S // max(step, at.FINEST_WEEK_SLOT_S))
    per_day = at.DAY_S / step
    month = at.MONTH_S / step
    warm = learning_points(step)
    settle = settling_steps(step)
    short, long = max(SHORT_S / step, 1.0), max(LONG_S / step, LONG_STEPS)
    level_steps = max(baseline.LEVEL_S / step, baseline.LEVEL_STEPS)
    mean_steps = max(baseline.MEAN_S / step, baseline.MEAN_STEPS)
    scale_steps = max(evidence.SCALE_S / step, evidence.SCALE_STEPS)
    per_day_slot = max(per_day / day_slots, 1.0)
    per_week_slot = max(7.0 * per_day / week_slots, 1.0)
    fade_per_step = tail.MARGIN / max(tail.MEMORY_S / step, 1.0)
    least_score = -math.log10(month)
    for i in range(first, last):
        now = time[i] // step
        clock = local[i] if len(local) else time[i]
        offset = clock - time[i]
        bits = mark[i] if len(mark) else 0
        x = value[i]
        is_missing = not abs(x) <= LARGEST_VALUE or (bits & VOID) != 0
        if math.isnan(wide[at.LAST, s]):
            if is_missing:  # nothing is known before the first value
                expected[i] = lower[i] = upper[i] = score[i] = silence[i] = math.nan
                phase[i] = MISSING
                continue
            begin(wide, slim, s, now, x, month)
        steps = now - np.int64(wide[at.LAST, s])
        seen = slim[at.SEEN, s]
        is_learning = seen < warm
        gap = math.nan
        if steps > 1 or (steps == 1 and is_missing):
            missing = steps - (0 if is_missing else 1)
            gap = skip(wide, slim, present, s, presence_base, stride, week_slots, step, missing, offset)
        wide[at.LAST, s] = max(wide[at.LAST, s], now)
        misses = slim[at.MISSES, s]
        day = (clock % at.DAY_S) * day_slots // at.DAY_S
        week = week_slot_of(clock, week_slots)
        day_place = profile_base + day * stride if day_slots > 1 else np.int64(-1)
        spread_place = profile_base + (day_slots + day) * stride
        week_place = profile_base + (2 * day_slots + week) * stride
        days = (now - wide[at.FIRST, s]) // np.int64(per_day)
        if day_slots > 1 and slim[at.DAY_ERROR, s] < 0.0 and days >= 1 and not is_missing:
            baseline.centre(wide, profile, s, profile_base, stride, day_slots)
            slim[at.DAY_ERROR, s] = 0.0
        day_value = profile[day_place] if day_slots > 1 else 0.0
        slot_spread, away_mark = baseline.spread_of(profile[spread_place]) if day_slots > 1 else (1.0, 0)
        spread = math.sqrt(slot_spread)
        mid = wide[at.LEVEL, s] + day_value + baseline.week_weight(slim, s) * profile[week_place]
        if (bits & RESTART) != 0 and not is_missing:
            move_level(wide, slim, s, x - mid, settle)
            mid = x
        if slim[at.LOWEST, s] >= 0.0:
            mid = max(mid, 0.0)
        if kind == RATE and slim[at.HIGHEST, s] <= 1.0:
            mid = min(mid, 1.0)
        widen = 1.0 + 0.02 * min(misses, 100.0) + 4.0 / (seen + 1.0)
        if slim[at.SETTLE, s] > 0:
            widen += 2.0 * slim[at.SETTLE, s] / settle
        # The band: values that, staying there, are left about once a month on this evidence.
        once, slope = tail.once_a_month(slim, s)
        limit = math.exp(2.0 * once) * widen * widen
        alone = evidence.alone(slim, s)
        floor = 1e-9 * abs(wide[at.LEVEL, s]) + 1e-12
        if kind == COUNT:  # a count has at least its Poisson noise
            floor = max(floor, math.sqrt(max(mid, 0.0) + 0.25))
        by_level = max(floor, evidence.RELATIVE * 0.5 * (abs(mid) + abs(wide[at.LEVEL, s])) / spread)
        by_mean = max(floor, evidence.RELATIVE * abs(wide[at.MEAN, s]))
        residual_above, residual_below = (
            slim[at.SCALE, s] + by_level * by_level,
            slim[at.SCALE + 1, s] + by_level * by_level,
        )
        distance_above, distance_below = (
            slim[at.SCALE + 2, s] + by_mean * by_mean,
            slim[at.SCALE + 3, s] + by_mean * by_mean,
        )
        above = math.sqrt(residual_above * distance_above) * limit * spread
        below = math.sqrt(residual_below * distance_below) * limit * spread
        half = 0.5 * (mid - wide[at.MEAN, s])
        expected[i] = mid
        rise = spread * math.sqrt(residual_above * limit / alone)
        fall = spread * math.sqrt(residual_below * limit / alone)
        upper[i] = mid + min(math.sqrt(half * half + above) - half, rise)
        lower[i] = mid - min(math.sqrt(half * half + below) + half, fall)
        if slim[at.LOWEST, s] >= 0.0:
            lower[i] = max(lower[i], 0.0)
        if kind == RATE and slim[at.HIGHEST, s] <= 1.0:
            upper[i] = min(upper[i], 1.0)
        if is_missing:
            silence[i] = math.nan if is_learning else (gap if steps > 0 else float(slim[at.SILENCE, s]))
            score[i] = math.nan
            phase[i] = MISSING
            continue
        silence[i] = math.nan if is_learning else gap
        presence.enter_slot(slim, present, s, presence_base, stride, week)
        presence.arrive(slim, present, s, presence_base, stride, week)
        teach = (bits & EXCLUDED) == 0
        residual = (x - mid) / spread
        passed = misses + 1.0  # steps since the last value
        known = seen if day_slots == 1 else max(seen - per_day, 0.0)  # values that had a profile to be measured against
        has_profile = day_slots == 1 or days >= 1
        if not has_profile:
            residual = 0.0
        teach_scale = teach and slim[at.OUTSIDE, s] <= SCALE_HOLD
        away_square = float(slim[at.SPAN, s]) * slim[at.SPAN, s]
        fourth = 0.0
        for horizon in range(2):
            window = short if horizon == 0 else long
            share = min(passed / min(seen + 1.0, window), 1.0)
            smooth = wide[at.SMOOTH + horizon, s] + share * (x - wide[at.SMOOTH + horizon, s])
            error = slim[at.ERROR + horizon, s] + share * (residual - slim[at.ERROR + horizon, s])
            if teach:
                wide[at.SMOOTH + horizon, s] = smooth
                slim[at.ERROR + horizon, s] = error
            row = at.SCALE + 4 * horizon
            by_residual = evidence.ratio(
                slim, s, row, error, away_square, by_level, scale_steps, teach_scale and has_profile
            )
            by_distance = evidence.ratio(
                slim, s, row + 2, smooth - wide[at.MEAN, s], away_square, by_mean, scale_steps, teach_scale
            )
            discount = 1.0 if horizon == 0 else LONG_DISCOUNT
            fourth = max(fourth, discount * evidence.fourth_power(by_residual, by_distance, alone))
        log_evidence = 0.25 * math.log(min(fourth / (widen * widen * widen * widen), LARGEST) + 1e-24)
        fresh = log_evidence
        if not is_learning:
            fresh, told = tail.news(slim, s, log_evidence, fade_per_step * passed)
            if teach:
                slim[at.TOLD, s] = told
        surprise = max(tail.tail_score(fresh, once, slope), least_score)
        score[i] = math.nan if is_learning else surprise
        phase[i] = LEARNING if is_learning else (SETTLING if slim[at.SETTLE, s] > 0 else WATCHING)
        if not teach:
            continue
        if not is_learning:
            tail.learn_tail(slim, s, fresh, seen / month, month)
        is_settled = days >= baseline.HOLD_FROM_DAYS
        change = x - mid
        is_away = is_settled and abs(change) > baseline.AWAY * slim[at.NOISE, s] * slot_spread + floor
        if is_away and change * slim[at.OUTSIDE_MEAN, s] >= 0.0:
            slim[at.OUTSIDE, s] += min(passed, MOST_AT_ONCE)
            slim[at.OUTSIDE_MEAN, s] += (change - slim[at.OUTSIDE_MEAN, s]) / min(slim[at.OUTSIDE, s], 0.5 * settle)
        elif slim[at.OUTSIDE, s] > 0:
            slim[at.OUTSIDE, s] = max(slim[at.OUTSIDE, s] - 2.0 * min(passed, MOST_AT_ONCE), 0.0)
            if slim[at.OUTSIDE, s] == 0:
                slim[at.OUTSIDE_MEAN, s] = 0.0
        slim[at.SETTLE, s] = max(slim[at.SETTLE, s] - passed, 0.0)
        if slim[at.OUTSIDE, s] >= settle:
            move_level(wide, slim, s, float(slim[at.OUTSIDE_MEAN, s]), settle)
        slim[at.LOWEST, s] = min(slim[at.LOWEST, s], x)
        slim[at.HIGHEST, s] = max(slim[at.HIGHEST, s], x)
        if not has_profile:
            baseline.learn_first_day(wide, slim, profile, s, x, day_place, 1.0 / (seen + 1.0))
            slim[at.SEEN, s] = seen + 1
            continue
        if is_away:
            if day_slots > 1:
                baseline.learn_away(profile, day_place, spread_place, away_mark, days, change)
            continue
        if is_settled and surprise >= HOLD:
            continue
        is_first_week_profile = 7 <= days < 14
        baseline.learn(
            wide, slim, profile, s, x, day_place, spread_place, week_place, slot_spread, away_mark,
            max(baseline.DAY_RATE, 1.0 / (days + 1.0)) / per_day_slot,
            (0.8 if is_first_week_profile else baseline.WEEK_RATE) / per_week_slot if days >= 7 else 0.0,
            baseline.SPREAD_RATE / per_day_slot if days >= 2 else 0.0,
            max(1.0 / level_steps, 1.0 / (seen + 1.0)), max(1.0 / mean_steps, 1.0 / (seen + 1.0)),
            max(1.0 / level_steps, 1.0 / (known + 1.0)), max(1.0 / (14.0 * per_day), 1.0 / (known + 1.0)),
            known < max(20.0, per_day), is_first_week_profile,
        )  # fmt: skip
        slim[at.SEEN, s] = seen + 1
