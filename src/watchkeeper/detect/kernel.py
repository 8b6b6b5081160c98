"""One series, point after point: judge first, then learn."""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from watchkeeper.detect import baseline, presence, tail
from watchkeeper.detect import layout as at

EXCLUDED, VOID, RESTART = 1, 2, 4
LEARNING, WATCHING, SETTLING, MISSING = 0, 1, 2, 3
LARGEST = 1e4
"""Evidence is not told apart beyond this many scales."""
DRIFT_RATES = (0.25, 0.04)
DRIFT_FLOOR = (0.3, 0.11)
"""Mean absolute value of the smoothed errors where these are white noise."""


@njit(cache=True, nogil=True)  # type: ignore[misc]
def learning_points(step):  # type: ignore[no-untyped-def]
    """Points before the first score: a day, at least 14 and at most 288."""
    return min(max(at.DAY_S // step, 14), 288)


@njit(cache=True, nogil=True)  # type: ignore[misc]
def settling_steps(step):  # type: ignore[no-untyped-def]
    """Steps that a change must last to be taken for permanent, and that settling then takes: a day, 8 to 96 steps."""
    return min(max(at.DAY_S // step, 8), 96)


@njit(cache=True, nogil=True)  # type: ignore[misc]
def week_slot_of(local, slots):  # type: ignore[no-untyped-def]
    return (local % at.WEEK_S) * slots // at.WEEK_S


@njit(cache=True, nogil=True)  # type: ignore[misc]
def skip(wide, slim, present, s, base, stride, slots, step, steps, offset):  # type: ignore[no-untyped-def]
    """Pass over `steps` missing grid steps after the newest one; returns the evidence of the silence."""
    month = at.MONTH_S / step
    evidence = float(slim[at.SILENCE, s])
    longest = presence.LONGEST_SILENCE_S // step
    for _ in range(steps):
        if slim[at.MISSES, s] >= longest:
            break
        wide[at.LAST, s] += 1
        slot = week_slot_of(np.int64(wide[at.LAST, s]) * step + offset, slots)
        weeks = np.int64((wide[at.LAST, s] - wide[at.FIRST, s]) * step // at.WEEK_S)
        presence.enter_slot(slim, present, s, base, stride, slot)
        evidence = presence.miss(slim, present, s, base, stride, slot, slots, weeks, month)
    return evidence


@njit(cache=True, nogil=True)  # type: ignore[misc]
def replay_series(  # type: ignore[no-untyped-def]
    time, local, value, mark, first, last, step, kind, wide, slim, profile, present, s, profile_base, presence_base, stride,
    expected, lower, upper, score, phase, silence,
):  # fmt: skip
    """Advance column `s` of the state by the points `first` to `last` and judge each; see `replay` for the arrays."""
    day_slots = -(-at.DAY_S // max(step, at.FINEST_DAY_SLOT_S))
    week_slots = 7 * -(-at.DAY_S // max(step, at.FINEST_WEEK_SLOT_S))
    per_day = at.DAY_S / step
    month = at.MONTH_S / step
    warm = learning_points(step)
    settle = settling_steps(step)
    for i in range(first, last):
        now = time[i] // step
        clock = local[i] if len(local) else time[i]
        offset = clock - time[i]
        bits = mark[i] if len(mark) else 0
        x = value[i]
        is_missing = not math.isfinite(x) or (bits & VOID) != 0
        if math.isnan(wide[at.LAST, s]):
            if is_missing:  # nothing is known before the first value
                expected[i] = lower[i] = upper[i] = score[i] = silence[i] = math.nan
                phase[i] = MISSING
                continue
            wide[at.LAST, s] = now
            wide[at.FIRST, s] = now
            slim[at.TAIL_UP, s] = slim[at.TAIL_DOWN, s] = tail.PRIOR_NEAR
            slim[at.TAIL_UP + 1, s] = slim[at.TAIL_DOWN + 1, s] = tail.PRIOR_FAR
            slim[at.CLUSTER, s] = tail.PRIOR_CLUSTER
            slim[at.DRIFT_SCALE, s] = 0.3
            slim[at.DRIFT_SCALE + 1, s] = 0.15
            slim[at.MISS_START, s] = 0.002
            slim[at.MISS_STAY, s] = 0.5
            slim[at.SINCE, s] = 100
            baseline.begin(wide, slim, s, x)
        steps = now - np.int64(wide[at.LAST, s])
        seen = slim[at.SEEN, s]
        is_learning = seen < warm
        gap_evidence = math.nan
        if steps > 1 or (steps == 1 and is_missing):
            gap_evidence = skip(wide, slim, present, s, presence_base, stride, week_slots, step, steps - (0 if is_missing else 1), offset)
        wide[at.LAST, s] = max(wide[at.LAST, s], now)
        day = (clock % at.DAY_S) * day_slots // at.DAY_S
        week = week_slot_of(clock, week_slots)
        day_place = profile_base + day * stride if day_slots > 1 else np.int64(-1)
        spread_place = profile_base + (day_slots + day) * stride if day_slots > 1 else np.int64(-1)
        week_place = profile_base + (2 * day_slots + week) * stride
        day_value = profile[day_place] if day_slots > 1 else 0.0
        spread_value = profile[spread_place] if day_slots > 1 else 0.0
        week_value = profile[week_place]
        u, v, w = baseline.weights(slim, s)
        season = (v + w) * day_value + w * week_value
        mid = u * wide[at.LEVEL, s] + v * wide[at.LEVEL + 1, s] + w * wide[at.LEVEL + 2, s] + season + slim[at.TREND, s]
        error = u * slim[at.ERROR, s] + v * slim[at.ERROR + 1, s] + w * slim[at.ERROR + 2, s]
        scale = 1.2533 * error * (1.0 + 0.6 * spread_value)
        scale = max(scale, baseline.scale_floor(wide, slim, s, kind, mid))
        scale *= math.sqrt(1.0 + 0.05 * min(slim[at.MISSES, s], 100.0))
        if slim[at.SETTLE, s] > 0:
            scale *= 1.0 + 2.0 * slim[at.SETTLE, s] / settle
        scale *= 1.0 + 4.0 / (seen + 1.0)
        incidents = 2.0 * month * slim[at.CLUSTER, s]
        if (bits & RESTART) != 0 and not is_missing:
            baseline.relevel(wide, slim, s, x - mid)
            slim[at.SETTLE, s] = settle
            slim[at.OUTSIDE, s] = 0
            mid = x
        expected[i] = mid
        upper[i] = mid + scale * tail.evidence_at(0.0, slim[at.TAIL_UP, s], slim[at.TAIL_UP + 1, s], incidents)
        lower[i] = mid - scale * tail.evidence_at(0.0, slim[at.TAIL_DOWN, s], slim[at.TAIL_DOWN + 1, s], incidents)
        if is_missing:
            silence[i] = math.nan if is_learning else (gap_evidence if steps > 0 else float(slim[at.SILENCE, s]))
            score[i] = math.nan
            phase[i] = MISSING
            continue
        silence[i] = math.nan if is_learning else gap_evidence
        presence.enter_slot(slim, present, s, presence_base, stride, week)
        presence.arrive(slim, present, s, presence_base, stride, week)
        z = baseline.clip((x - mid) / scale, LARGEST)
        away = (x - wide[at.MEAN, s] - season) / max(1.2533 * slim[at.AWAY, s] * (1.0 + 4.0 / (seen + 1.0)), scale)
        rise, fall = max(z, 0.8 * away), max(-z, -0.8 * away)
        for row in range(2):
            drift = slim[at.DRIFT + row, s]
            if (bits & EXCLUDED) == 0:
                drift += DRIFT_RATES[row] * (baseline.clip(z, 4.0) - drift)
                slim[at.DRIFT + row, s] = drift
            drift /= 1.2533 * max(slim[at.DRIFT_SCALE + row, s], DRIFT_FLOOR[row])
            rise, fall = max(rise, drift), max(fall, -drift)
        rise, fall = min(rise, LARGEST), min(fall, LARGEST)
        surprise = max(
            tail.tail_score(rise, slim[at.TAIL_UP, s], slim[at.TAIL_UP + 1, s], incidents),
            tail.tail_score(fall, slim[at.TAIL_DOWN, s], slim[at.TAIL_DOWN + 1, s], incidents),
        )
        score[i] = math.nan if is_learning else surprise
        phase[i] = LEARNING if is_learning else (SETTLING if slim[at.SETTLE, s] > 0 else WATCHING)
        if (bits & EXCLUDED) != 0:
            continue
        is_incident = surprise >= 0.0 and not is_learning
        if is_incident:
            slim[at.OUTSIDE, s] += 1
            slim[at.OUTSIDE_SUM, s] += (x - mid - slim[at.OUTSIDE_SUM, s]) / min(slim[at.OUTSIDE, s], 0.5 * settle)
        elif slim[at.OUTSIDE, s] > 0:
            slim[at.OUTSIDE, s] = max(slim[at.OUTSIDE, s] - 2.0, 0.0)
            if slim[at.OUTSIDE, s] == 0:
                slim[at.OUTSIDE_SUM, s] = 0.0
        if slim[at.OUTSIDE, s] >= settle:
            baseline.relevel(wide, slim, s, float(slim[at.OUTSIDE_SUM, s]))
            slim[at.OUTSIDE, s] = 0
            slim[at.OUTSIDE_SUM, s] = 0.0
            slim[at.DRIFT, s] = slim[at.DRIFT + 1, s] = 0.0
            slim[at.SETTLE, s] = settle
        elif slim[at.SETTLE, s] > 0:
            slim[at.SETTLE, s] = max(slim[at.SETTLE, s] - max(steps, 1), 0.0)
        if not is_learning and slim[at.OUTSIDE, s] <= 1:  # an incident counts once
            tail.learn_tail(slim, s, at.TAIL_UP, rise, seen)
            tail.learn_tail(slim, s, at.TAIL_DOWN, fall, seen)
            above = rise > math.exp(slim[at.TAIL_UP + 1, s]) or fall > math.exp(slim[at.TAIL_DOWN + 1, s])
            tail.learn_cluster(slim, s, above)
        if not is_incident:
            days = (now - wide[at.FIRST, s]) // per_day
            for row in range(2):
                slim[at.DRIFT_SCALE + row, s] += 0.01 * (min(abs(slim[at.DRIFT + row, s]), 4.0 * slim[at.DRIFT_SCALE + row, s]) - slim[at.DRIFT_SCALE + row, s])
            baseline.learn(wide, slim, profile, s, x, day_place, spread_place, week_place, scale, 1.0, per_day, days)
            slim[at.SEEN, s] += 1
