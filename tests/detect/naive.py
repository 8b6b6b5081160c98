"""The detector once more, slow and plain: one series of gauge values in UTC, written from the rules in the docstrings.

It keeps what the kernel keeps and stores numbers with the kernel's precision (single, where the state is single), but
is organised by meaning instead of by memory: dictionaries by slot, one small object per scale. Silence is not covered.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np

DAY, WEEK, MONTH = 86400, 604800, 2_629_800.0
MARGIN = 0.15 * math.log(10)


def single(number: float) -> float:
    return float(np.float32(number))


def clipped(number: float, limit: float) -> float:
    return max(-limit, min(limit, number))


@dataclass
class Scale:
    """Mean squares above and below, winsorised at ten times the scale."""

    square: list[float] = field(default_factory=lambda: [0.0, 0.0])
    count: list[float] = field(default_factory=lambda: [0.0, 0.0])

    def ratio(self, amount: float, prior: float, floor: float, memory: float, teach: bool) -> float:
        here, there = (0, 1) if amount >= 0 else (1, 0)
        n, m = self.count[here], self.count[there]
        pooled = (self.square[here] * n + self.square[there] * m + 10 * prior) / (n + m + 10)
        scale = (self.square[here] * n + 10 * pooled) / (n + 10) + 0.0025 * pooled + floor**2
        if teach:
            taught = amount**2 if n + m < 20 else min(amount**2, 100 * scale)
            self.count[here] = min(n + 1, memory)
            self.square[here] = single(self.square[here] + (taught - self.square[here]) / self.count[here])
        return amount**2 / scale


class Naive:
    """`judge` takes the points of one series in order and answers (expected, lower, upper, score)."""

    def __init__(self, step: int) -> None:
        self.step, self.month, self.per_day = step, MONTH / step, DAY / step
        self.day_slots = -(-DAY // max(step, 300))
        self.week_slots = 7 * -(-DAY // max(step, 3600))
        self.last: int | None = None
        self.first = self.misses = 0
        self.level = self.mean = 0.0
        self.smooth = [0.0, 0.0]
        self.error = [0.0, 0.0]
        self.day: dict[int, float] = {}
        self.week: dict[int, float] = {}
        self.spread: dict[int, float] = {}
        self.away_on: dict[int, int] = {}  # the parity, 1 even and 2 odd, of the last day a slot was away
        self.residuals, self.distances = [Scale(), Scale()], [Scale(), Scale()]
        self.seen = self.day_error = self.week_error = self.noise = self.span = 0.0
        self.has_day = False
        self.told, self.often, self.seldom = -10.0, self._prior(0.8, 8), self._prior(1.0, 2)
        self.outside = self.outside_mean = self.settle = 0.0
        self.lowest = 0.0

    def _prior(self, level: float, rate: float) -> float:
        own = max(-math.log(rate / self.month), 0.3)
        return single(level + min(math.log(own / -math.log(rate * 3600 / MONTH)) / 1.3, 0.0))

    def judge(self, time: int, x: float) -> tuple[float, float, float, float]:
        now, nothing = time // self.step, math.nan
        if self.last is None:
            if not math.isfinite(x):
                return nothing, nothing, nothing, nothing
            self.last = self.first = now
            self.level = self.mean = x
            self.smooth, self.lowest = [x, x], single(x)
        if not math.isfinite(x):
            self.misses = min(self.misses + now - self.last, 2 * WEEK // self.step)
        elif now > self.last + 1:
            self.misses = min(self.misses + now - self.last - 1, 2 * WEEK // self.step)
        self.last = max(self.last, now)
        days = int((now - self.first) // int(self.per_day))
        slot, week_slot = (time % DAY) * self.day_slots // DAY, (time % WEEK) * self.week_slots // WEEK
        if not self.has_day and self.day_slots > 1 and days >= 1 and math.isfinite(x):
            self._centre()
        learning = self.seen < min(max(DAY // self.step, 14), 288)
        settle_steps = max(DAY // self.step, 8)
        slot_spread = max(self.spread.get(slot, 1.0), 0.05) if self.day_slots > 1 else 1.0
        spread = math.sqrt(slot_spread)
        mid = self.level + self.day.get(slot, 0.0) + self._week_weight() * self.week.get(week_slot, 0.0)
        if self.lowest >= 0:
            mid = max(mid, 0.0)
        widen = 1 + 0.02 * min(self.misses, 100) + 4 / (self.seen + 1) + 2 * self.settle / settle_steps
        slope = math.log10(4) / max(self.seldom - self.often, 0.1)
        once = self.seldom + math.log10(2) / slope
        unexplained = min(self.day_error, self.week_error) / max(self.span, 1e-300) if self.span else 0.0
        if self.span == 0:
            unexplained = 0.0 if min(self.day_error, self.week_error) <= 0 else math.inf
        alone = 0.2 + 0.8 * max(1 - max(unexplained, 0.0) / 0.35, 0.0)
        floor = 1e-9 * abs(self.level) + 1e-12
        by_level = max(floor, 0.05 * 0.5 * (abs(mid) + abs(self.level)) / spread)
        by_mean = max(floor, 0.05 * abs(self.mean))
        lower, upper = self._band(mid, widen, once, alone, spread, by_level, by_mean)
        if not math.isfinite(x):
            return mid, lower, upper, nothing

        passed, self.misses = self.misses + 1.0, 0
        has_profile = self.day_slots == 1 or days >= 1
        residual = (x - mid) / spread if has_profile else 0.0
        memory = max(6 * DAY / self.step, 120.0)
        teach_scale = self.outside <= 3
        fourth = 0.0
        for k, window in enumerate((max(3600 / self.step, 1.0), max(8 * 3600 / self.step, 8))):
            share = min(passed / min(self.seen + 1, window), 1.0)
            self.smooth[k] += share * (x - self.smooth[k])
            error = self.error[k] + share * (residual - self.error[k])
            self.error[k] = single(error)
            prior = self.span**2
            a = self.residuals[k].ratio(error, prior, by_level, memory, teach_scale and has_profile)
            b = self.distances[k].ratio(self.smooth[k] - self.mean, prior, by_mean, memory, teach_scale)
            fourth = max(fourth, (1.0, 0.64)[k] * a * max(b, 0.25, alone**2 * a))
        evidence = 0.25 * math.log(min(fourth / widen**4, 1e8) + 1e-24)
        fresh = evidence
        if not learning:
            fade = MARGIN / max(4 * 3600 / self.step, 1.0) * passed
            told = self.told - fade
            fresh, self.told = (
                (evidence, single(evidence + MARGIN)) if evidence > told else (evidence - 4, single(told))
            )
        score = (fresh - once) * slope
        if score > 0.7:
            score = 0.7 + (fresh - once - 0.7 / slope) * 3
        score = max(score, -math.log10(self.month))
        if not learning:
            self._learn_tail(fresh)
        self._learn(x, mid, days, slot, week_slot, slot_spread, passed, score, settle_steps, floor, has_profile)
        return mid, lower, upper, (nothing if learning else score)

    def _centre(self) -> None:
        values = [v for v in self.day.values() if v != 0]
        if values:
            mean = sum(self.day[k] for k in sorted(self.day) if self.day[k] != 0) / len(values)
            self.level += mean
            self.day = {k: single(v - mean) if v != 0 else v for k, v in self.day.items()}
        self.has_day = True

    def _week_weight(self) -> float:
        if not self.has_day and self.day_slots > 1:
            return 1.0 if self.day_error > 0 else 0.0
        if self.day_error <= 0 or self.week_error <= 0:
            return 1.0 if self.day_error > 0 else 0.0
        sixth = (self.day_error / self.week_error) ** 6
        return sixth / (1 + sixth)

    def _band(
        self, mid: float, widen: float, once: float, alone: float, spread: float, by_level: float, by_mean: float
    ) -> tuple[float, float]:
        """Values of which both ratios together, or the residual alone, make the evidence of once a month."""
        limit, half = math.exp(2 * once) * widen**2, 0.5 * (mid - self.mean)
        width = []
        for side, sign in ((1, 1), (0, -1)):
            r = self.residuals[0].square[side] + by_level**2
            d = self.distances[0].square[side] + by_mean**2
            both = math.sqrt(half**2 + math.sqrt(r * d) * limit * spread) + sign * half
            width.append(min(both, spread * math.sqrt(r * limit / alone)))
        lower = mid - width[0]
        return (max(lower, 0.0) if self.lowest >= 0 else lower), mid + width[1]

    def _learn_tail(self, fresh: float) -> None:
        months = self.seen / self.month
        move = 0.2 / min(3 + 8 * months, 40) * ((fresh > self.often) - 8 / self.month)
        self.often = single(self.often + move)
        events = 3 + 2 * months
        own = 0.2 / min(events, 40) * ((fresh > self.seldom) - 2 / self.month)
        self.seldom = single(self.seldom + own + move * 3 / events)
        self.seldom = single(min(max(self.seldom, self.often + 0.1), self.often + 0.45))

    def _learn(
        self, x: float, mid: float, days: int, slot: int, week_slot: int, slot_spread: float, passed: float,
        score: float, settle_steps: int, floor: float, has_profile: bool,
    ) -> None:  # fmt: skip
        change, at_once = x - mid, min(passed, 3.0)
        settled = days >= 14
        away = settled and abs(change) > 8 * self.noise * slot_spread + floor
        if away and change * self.outside_mean >= 0:
            self.outside = single(self.outside + at_once)
            self.outside_mean = single(
                self.outside_mean + (change - self.outside_mean) / min(self.outside, 0.5 * settle_steps)
            )
        elif self.outside > 0:
            self.outside = single(max(self.outside - 2 * at_once, 0.0))
            self.outside_mean = self.outside_mean if self.outside else 0.0
        self.settle = single(max(self.settle - passed, 0.0))
        if self.outside >= settle_steps:
            self.level += self.outside_mean
            self.mean += self.outside_mean
            self.error, self.outside, self.outside_mean, self.settle = [0.0, 0.0], 0.0, 0.0, float(settle_steps)
        self.lowest = single(min(self.lowest, x))
        if not has_profile:
            self.day[slot] = single(x - self.level)
            self._learn_mean(x, 1 / (self.seen + 1), 1e300)
        elif away:
            if self.day_slots > 1:
                if self.away_on.get(slot, 0) == 2 - days % 2:
                    self.day[slot] = single(self.day.get(slot, 0.0) + 0.5 * change)
                self.away_on[slot] = 1 + days % 2
            return
        elif settled and score >= 0.3:
            return
        else:
            self._learn_baseline(x, days, slot, week_slot, slot_spread)
        self.seen += 1

    def _learn_baseline(self, x: float, days: int, slot: int, week_slot: int, slot_spread: float) -> None:
        seen, per_day = self.seen, self.per_day
        known = seen if self.day_slots == 1 else max(seen - per_day, 0.0)
        level_rate = max(1 / max(4 * DAY / self.step, 10), 1 / (seen + 1))
        early, first_week = known < max(20, per_day), 7 <= days < 14
        limit = 1e300 if early else 4 * self.noise * slot_spread
        residual = x - self.level - self.day.get(slot, 0.0)
        beyond = residual - self.week.get(week_slot, 0.0)
        size, step = min(abs(residual), limit), clipped(residual, limit)
        error_rate = max(1 / (14 * per_day), 1 / (known + 1))
        self.day_error = single(self.day_error + error_rate * (size - self.day_error))
        self.week_error = single(self.week_error + error_rate * (min(abs(beyond), limit) - self.week_error))
        if self.day_slots > 1:
            rate = max(0.2, 1 / (days + 1)) / max(per_day / self.day_slots, 1)
            self.day[slot] = single(self.day.get(slot, 0.0) + rate * step)
        if days >= 7:
            rate = (0.8 if first_week else 0.2) / max(7 * per_day / self.week_slots, 1)
            taught = clipped(beyond, 2 * limit if first_week else limit)
            self.week[week_slot] = single(self.week.get(week_slot, 0.0) + rate * taught)
        self.level += level_rate * step
        noise_rate = max(1 / max(4 * DAY / self.step, 10), 1 / (known + 1))
        self.noise = single(self.noise + noise_rate * (size / slot_spread - self.noise))
        if self.day_slots > 1:
            relative = min(size / self.noise, 6.0) if self.noise > 0 else 1.0
            rate = 0.1 / max(per_day / self.day_slots, 1) if days >= 2 else 0.0
            old = self.spread.get(slot, 1.0) - 1
            self.spread[slot] = 1 + single(old + rate * (relative - slot_spread))
            self.away_on.pop(slot, None)
        self._learn_mean(x, max(1 / max(60 * DAY / self.step, 1000), 1 / (seen + 1)), 1e300 if early else 4)

    def _learn_mean(self, x: float, rate: float, clip_at: float) -> None:
        away, limit = x - self.mean, clip_at * self.span
        self.mean += rate * (away if clip_at > 4 else clipped(away, limit))
        self.span = single(self.span + rate * ((abs(away) if clip_at > 4 else min(abs(away), limit)) - self.span))
