"""The other half of the plain detector: baseline, calibrated tail, tame channel, band, and the score of it all."""

from __future__ import annotations

import math
from calendar import monthrange
from datetime import date, timedelta

import numpy as np
from naive import DAY, LN10, MONTH, WEEK, Recipe, Single, clip, single

from watchkeeper.detect import Borrowed


class Tail:
    """Excesses of one side over an online quantile."""

    def __init__(self, month: float) -> None:
        self.share = min(max(0.67 / math.sqrt(month), 0.005), 0.1)
        self.month = month
        self.of = Single(
            u=2.3 if self.share < 0.06 else 1.7, rate=0.6 * self.share, peak=0.0, gap=1e9, n=0.0, m1=1.2, m2=2.88,
            length=0.0,
        )  # fmt: skip

    def shape(self) -> float:
        variance = self.of.m2 - self.of.m1**2
        if variance <= 0:
            return 0.0
        return min(max(0.5 * (1 - self.of.m1**2 / variance) * self.of.n / (self.of.n + 30), 0.0), 0.7)

    def surprise(self, s: float) -> float:
        excess, heavy = 0.5 * (max(s, 0.0) ** 2 - self.of.u**2), self.shape()
        base = -math.log10(2 * self.of.rate * self.month)
        if excess <= 0 or heavy < 1e-3:
            return base + excess / self.of.m1 / LN10
        return base + math.log10(1 + heavy * excess / (self.of.m1 * (1 - heavy))) / heavy

    def size(self, wanted: float) -> float:
        above, heavy = (wanted + math.log10(2 * self.of.rate * self.month)) * LN10, self.shape()
        excess = above * self.of.m1
        if above > 0 and heavy >= 1e-3:
            excess = self.of.m1 * (1 - heavy) / heavy * (math.exp(min(heavy * above, 50)) - 1)
        return math.sqrt(max(self.of.u**2 + 2 * excess, 0.25))

    def learn(self, s: float, gap: float, memory: float) -> None:
        of, u = self.of, self.of.u
        beyond, begins, excess = s > u, False, 0.5 * (s * s - u * u)
        if of.peak > 0:
            of.length += 1
            of.gap = 0.0 if beyond else of.gap + 1
            if beyond:
                of.peak = max(of.peak, min(excess, 1e30))
            if of.gap > gap or of.length > 3 * gap:
                excess, of.peak, of.n = min(of.peak, 10 * of.m1), 0.0, min(of.n + 1, 200)
                of.m1 += (excess - of.m1) / (10 + of.n)
                of.m2 += (excess**2 - of.m2) / (10 + of.n)
        elif beyond:
            begins, of.peak, of.gap, of.length = True, min(max(excess, 1e-9), 1e30), 0.0, 0.0
        of.rate += (begins - of.rate) / memory
        of.u = max(u + 1.05 / (self.share * memory + 40) * (beyond - self.share), 0.5)


def date_of(time: int) -> int:
    """Day of the month from 0; its last two days are 31 and 32."""
    day = date(1970, 1, 1) + timedelta(seconds=time)
    left = monthrange(day.year, day.month)[1] - day.day
    return 31 + left if left < 2 else day.day - 1


def proof(without: float, with_it: float) -> float:
    ratio = without / max(with_it, 1e-300)
    return ratio**6 / (1 + ratio**6) if ratio < 1e33 else 1.0


class Naive:
    """`judge` takes the points of one series in order and answers (expected, lower, upper, score)."""

    def __init__(self, step: int, borrowed: Borrowed | None = None) -> None:
        self.borrowed, self.credit, self.early_told = borrowed, 0.0, 0
        self.was_outside = False
        self.step, self.month, self.per_day = step, MONTH / step, DAY / step
        self.slots, self.weeks = -(-DAY // max(step, 300)), 7 * -(-DAY // max(step, 3600))
        self.settle_steps, self.width = max(2 * DAY // step, 8), min(max(self.per_day / 3, 7), 96)
        self.last: int | None = None
        self.seen = self.misses = 0
        self.held: dict[int, int] = {}
        self.at = -1
        self.unit = 0.0
        self.day: dict[int, float] = {}
        self.spread: dict[int, float] = {}
        self.week: dict[int, float] = {}
        self.month_of: dict[int, tuple[float, float]] = {}
        self.up, self.down = Tail(self.month), Tail(self.month)
        self.of = Single(
            told=-1e6, tame_told=-1e6, settle=0.0, relearn=0.0, low=0.0, span=0.0, e0=0.0, ed=0.0, ew=0.0, noise=0.0,
            m1=0.8, m3=0.8, ml=0.35, z1=0.0, z2=0.0, zl=0.0, corr=0.0, kurt=1.0, clump=0.64, size=0.8, last_size=0.0,
            out=0.0, out_mean=0.0, events=0.0, since=1e9,
        )  # fmt: skip

    def judge(self, time: int, x: float) -> tuple[float, float, float, float]:
        now, of = time // self.step, self.of
        if self.last is None:
            if not math.isfinite(x):
                return (math.nan,) * 4
            self.first = self.last = now
            self.level, self.slow, of.low = x, x, x
            self.recipe = Recipe(x, self.step)
        steps, here = now - self.last, math.isfinite(x)
        self._miss(steps - (1 if here and steps else 0))
        self.last = now
        if here:
            passed, self.misses = self.misses + min(steps, 1), 0
            of.settle, of.relearn = max(of.settle - min(passed, 1), 0), max(of.relearn - passed, 0)
            of.told, of.tame_told = max(of.told - passed / 80, -1e6), max(of.tame_told - passed / 24, -1e6)
            if self.unit == 0 and x != 0:
                self.unit = max(abs(x), 1e-280)
        if here and self.borrowed is not None and self.credit == 0 and self.seen >= self.per_day:
            self._adopt(time, self.borrowed)
        unit, days = self.unit or 1.0, self.seen / self.per_day + self.credit
        slot, week = (time % DAY) * self.slots // DAY, (time % WEEK) * self.weeks // WEEK
        if here:
            self._enter(week)
            self.held[week] |= 1
        by_week = proof(of.ed, of.ew) if of.ew > 0 and days >= 8 else 0.0
        error = by_week * of.ew + (1 - by_week) * of.ed
        by_day = proof(of.e0, error) if days >= 8 and of.ed > 0 else 1.0
        mid = self.level + by_day * (self.day.get(slot, 0.0) + by_week * self.week.get(week, 0.0))
        base, effect, off = mid, 0.0, (0.0, 0.0)
        today = date_of(time)
        if self.step == DAY:
            last, common = self.month_of.get(today, (0.0, 0.0))
            if abs(common * base) > 2.5 * of.noise and of.low >= 0:
                effect = common * abs(base)
            mid = base + effect
            share = min(max((x - base) / abs(base), -1.0), 4.0) if base != 0 and here else 0.0
            smaller, greater = sorted((abs(share), abs(last)))
            agreed = (smaller + greater) / 2 if 2 * smaller >= greater else smaller
            agreed = agreed if share * last > 0 else 0.0
            off = (single(share), single(math.copysign(agreed, share)))
        self.recipe.effect = effect
        widen, spread = 1 + 2 * of.settle / self.settle_steps, 1 + self.spread.get(slot, 0.0)
        scale = max(1.2533 * of.noise * spread, 0.005 * abs(mid) + 1e-12 * unit)
        cost = self._price(days, error)
        down = self._early(mid, error, scale, days) * widen
        expected, lower, upper = self._band(mid, slot, cost, scale, widen, unit, mid - down)
        if not here:
            return expected, lower, upper, math.nan
        found, z = self.recipe.judge(x, slot, week, unit)
        z, found = z - 2.3 * math.log10(widen), found - 2 * math.log10(widen)
        over = z - 1.65
        score = max(-0.8 + (over if over < 0 else 0.02 * min(over, 1.0)), -math.log10(self.month))
        if found > of.told:
            of.told, score = found + 1, max(score, found - 2)
        tame, incident, moved = self._tame(x, mid, scale, widen, cost, days, spread)
        if tame > of.tame_told:
            of.tame_told, score = tame + 0.3, max(score, tame)
        if mid - x > down:
            self.early_told += not self.was_outside
            score = max(score, -0.8)
        self.was_outside = mid - x > down
        if moved:
            self.level += of.out_mean
            of.relearn, of.settle = 4 * self.per_day, self.settle_steps
            of.out = of.out_mean = of.z1 = of.z2 = of.zl = 0.0
        self.month_of[today] = off
        self._learn(x, mid, slot, week, scale, spread, days, incident)
        of.low = min(of.low, x)
        learning = self.seen < min(max(DAY // self.step, 14), 288)
        self.seen += 1
        return expected, lower, upper, math.nan if learning else score

    def _enter(self, week: int) -> None:
        if week != self.at:
            self.at, self.held[week] = week, self.held.get(week, 0) << 1 & 255

    def _miss(self, steps: int) -> None:
        for k in range(1, steps + 1):
            if self.misses >= 2 * WEEK // self.step:
                break
            now = self.last + k
            week = (now * self.step % WEEK) * self.weeks // WEEK
            self._enter(week)
            weeks = min((now - self.first) * self.step // WEEK, 7)
            earlier = [self.held[week] >> 1 + n & 1 for n in range(weeks)]
            other_days = [self.held.get((week - day * self.weeks // 7) % self.weeks, 0) & 1 for day in range(1, 7)]
            counted = earlier or other_days
            is_open = (sum(counted) + 0.02) / (len(counted) + 0.04) > 0.5
            self.of.settle = min(self.of.settle + 1, self.settle_steps) if is_open else max(self.of.settle - 1, 0)
            self.misses += 1

    def _early(self, mid: float, error: float, scale: float, days: float) -> float:
        of, taught = self.of, self.seen - self.per_day
        size = (error * self.seen + 2 * of.span) / (max(taught, 0.0) + 2)
        if self.credit > 0:
            size = max(error, scale / 1.2533)
        is_known = size < 0.4 * of.span or of.low >= 0 or self.credit > 0
        if self.slots == 1 or taught <= 0 or days >= 14 or not is_known:
            return math.inf
        scales = 5 + max(2.5 * math.log10(self.month / 730.5), 0.0)
        half = (0.125 if self.credit > 0 else 0.25) * abs(mid) + scales * 1.2533 * size
        # The alert that a value opens now is judged by the band at its beginning.
        return half * (1 + self.early_told - self.was_outside)

    def _adopt(self, time: int, lent: Borrowed) -> None:
        of, season = self.of, self.recipe.day
        slots = [h for h in range(self.slots) if season.visits.get(h, 0) > 0]
        y = np.array([season.expects(h) for h in slots])
        length = DAY // self.slots
        now = (time % DAY) * self.slots // DAY
        back = [(now - h - 1) % self.slots + 1 for h in slots]
        week = [(time - k * length) % WEEK * self.weeks // WEEK for k in back]
        q = lent.day[slots].astype(float) + lent.week[week]
        self.borrowed = None
        flat, by_day, by_week, noise = lent.numbers[:4].astype(float)
        # A line through the day's values, its slope drawn towards that of the lenders.
        size = y.sum() / (1 + q).sum() if (1 + q).sum() > 0.25 * len(q) and y.sum() > 0 else -1.0
        if size > 0:
            over, centred = y - size * (1 + q), q - q.mean()
            prior = (0.3 * size) ** 2
            slope = size + (over @ centred) * prior / ((centred @ centred) * prior + np.mean(over**2) + 1e-300)
            slope = clip(slope - 1.5 * size, 1.5 * size) + 1.5 * size
            size = y.mean() - slope * q.mean()
            away = np.abs(y - size - slope * q)
            is_worse = away.sum() > (1.5 * by_week / max(flat, 1e-30) + 0.15) * np.abs(y - y.mean()).sum()
        if size <= 0 or is_worse:
            self.level = season.level
            self.day = {h: single(season.slot[h]) for h in slots}
            return
        self.credit, self.level = lent.credit, size
        self.day = {h: single(slope * x) for h, x in enumerate(lent.day)}
        self.week = {w: single(slope * x) for w, x in enumerate(lent.week)}
        self.spread = {h: float(x) for h, x in enumerate(lent.spread)}
        error = (away.sum() + 12 * by_week * slope) / (len(y) + 12)
        of.e0, of.ed, of.ew = (each * error / max(by_week, 1e-30) for each in (flat, by_day, by_week))
        of.span = max(of.span, of.e0)
        of.noise = ((away / (1 + lent.spread[slots])).sum() + 12 * noise * slope) / (len(y) + 12)
        of.m1, of.m3, of.ml, of.corr, of.kurt, of.clump, of.size = lent.numbers[4:11].astype(float)
        for tail, numbers in ((self.up.of, lent.numbers[11:16]), (self.down.of, lent.numbers[16:21])):
            tail.u, tail.rate, tail.n, tail.m1, tail.m2 = numbers.astype(float)

    def _price(self, days: float, error: float) -> float:
        of = self.of
        if days < 14:
            return math.inf
        unsure = 0.8 * max(1 - self.seen / self.per_day / 14, 0.0)
        clump = (of.clump - of.size**2) / max(of.kurt - of.size**2, 1e-12)
        if not error < 0.4 * of.span and not (of.corr < 0.35 and clump < 0.15):
            return self.month / 60 + unsure - 0.1
        trust = max((4 + of.events) / (4 + (days - 8) / 30.44), 1.0)
        return min(3 * math.log10(trust) + 4.5 * max(of.kurt / of.size**2 - 1.9, 0.0), self.month / 60) + unsure - 0.1

    def _band(
        self, mid: float, slot: int, cost: float, scale: float, widen: float, unit: float, early: float
    ) -> tuple[float, float, float]:
        recipe, halves = self.recipe, []
        far_floor, near_floor = recipe.floors(slot)
        seasonal = recipe.day.expects(slot) + recipe.effect
        for side, sign in ((0, 1), (1, -1)):
            if self.seen + 1 > 30 and recipe.residuals + 1 > 30 and recipe.day.visits.get(slot, 0) > 0:
                gap = sign * (seasonal - recipe.mean)
                far, near = (
                    s.scale(side, f, unit) * widen for s, f in ((recipe.far, far_floor), (recipe.near, near_floor))
                )
                product = far * near**1.3 * 10 ** (1.65 + 0.2 * side)
                d = product ** (1 / 2.3)
                for _ in range(3):
                    d = math.sqrt(0.25 * gap**2 + product / d**0.3) - 0.5 * gap if d > 0 else 0.0
                edge = seasonal + sign * max(d, 0.0)
            else:
                edge = mid + sign * 8 * (recipe.of.spread + far_floor) * widen
            if cost < math.inf:
                wanted = cost if cost <= 1 else 10 ** min(cost - 1, 3)
                size = (self.up, self.down)[side].size(wanted)
                half = size * 1.2533 * max(self.of.m1, 0.2) * scale * widen
                edge = min(edge, mid + half) if side == 0 else max(edge, mid - half)
            halves.append(edge)
        high, low = halves
        low = max(low, early)
        if self.of.low >= 0:
            mid, low, high = max(mid, 0.0), max(low, 0.0), max(high, 0.0)
        return mid, min(low, mid), max(high, mid)

    def _tame(
        self, x: float, mid: float, scale: float, widen: float, cost: float, days: float, spread: float
    ) -> tuple[float, bool, bool]:
        of, z = self.of, (x - mid) / scale
        held = clip(z, 4)
        three, long = held + of.z1 + of.z2, of.zl + 2 / (self.width + 1) * (held - of.zl)
        one, of3, of_long = (
            s / (1.2533 * m) / widen
            for s, m in ((z, max(of.m1, 0.2)), (three, max(of.m3, 0.2)), (long, max(of.ml, 0.05)))
        )
        up = max(one, of3, of_long) if z > 0.5 else one
        down = max(-one, -of3, -of_long) if z < -0.5 else -one
        s = self.up.surprise(up) if up - self.up.of.u >= down - self.down.of.u else self.down.surprise(down)
        score = (s if s <= 1 else 1 + math.log10(1 + min(s - 1, 1e3))) - cost
        score *= 1 - 0.2 * min(max(cost, 0.0), 2.5)
        incident = s >= 0 and days >= 8
        small = 0.02 * abs(self.slow)
        quiet = (self.slots > 1 and spread < 0.255) or (abs(mid) < small and abs(x) < small)
        gap = max(3.0, self.width)
        if incident:
            of.events += 1.0 if of.since > gap else 0.5 / gap
            of.since = 0.0
            of.out += 1
            of.out_mean += (x - mid - of.out_mean) / min(of.out, self.width)
        else:
            of.since += 1
            of.out = max(of.out - 2, 0.0)
            if of.out == 0:
                of.out_mean = 0.0
        if days >= 7:
            self.up.learn(up, gap, (days - 7) * self.per_day + 100)
            self.down.learn(down, gap, (days - 7) * self.per_day + 100)
        size, month = abs(z), max(self.per_day, 10)
        if not incident and days >= 8 and not quiet:
            rate = 1 / min((days - 7) * self.per_day + 50, 60 * month)
            of.m1 += rate * (min(size, 4) - of.m1)
            of.m3 += rate * (min(abs(three), 4 * of.m3) - of.m3)
            of.ml += rate * (min(abs(long), 4 * of.ml) - of.ml)
            of.corr += rate * (clip(z, 3) * clip(of.z1, 3) / (of.m1**2 * 1.57) - of.corr)
        if days >= 8 and not (incident and of.out > 1) and not quiet:
            rate, size = 1 / min((days - 8) * self.per_day + 30, 45 * month), min(size, 6)
            of.size += rate * (size - of.size)
            of.kurt += rate * (size * size - of.kurt)
            of.clump += rate * (size * of.last_size - of.clump)
            of.last_size = size
        of.z2, of.z1, of.zl = of.z1, held, long
        return score, incident, of.out >= min(max(1.25 * self.per_day, 10), 144)

    def _learn(
        self, x: float, mid: float, slot: int, week: int, scale: float, spread: float, days: float, incident: bool
    ) -> None:
        of, per_day, has_day = self.of, self.per_day, self.slots > 1
        early, first = days < 8, 1 / (self.seen + 1)
        limit = math.inf if days < 2 else (8 if early or of.relearn > 0 else (1 if incident else 2.5)) * scale
        rate = max(first, 1 / (20 * max(per_day, 10)))
        flat = x - self.recipe.effect - self.level
        by_day = flat - self.day.get(slot, 0.0)
        by_week = by_day - self.week.get(week, 0.0)
        self.slow += max(first, 1 / (30 * per_day)) * (x - self.slow)
        away = abs(x - self.slow)
        of.span += rate * ((away if early else min(away, 4 * of.span)) - of.span)
        if days < 1 and has_day:
            self.day[slot] = single(flat)
            return
        of.e0 += rate * (min(abs(flat), max(limit, 4 * of.e0)) - of.e0)
        of.ed += rate * (min(abs(by_day), limit) - of.ed)
        if days >= (8 if has_day else 7):
            of.ew = of.ew + rate * (min(abs(by_week), limit) - of.ew) if of.ew > 0 else of.ed
        size, noise, step = min(abs(x - mid), limit), of.noise, clip(x - mid, limit)
        if noise <= 0:
            of.noise = size
        else:
            of.noise += max(2 * first if early else first, 1 / (20 * max(per_day, 10))) * (size / spread - noise)
        if has_day:
            if noise > 0 and days > 3:
                change = max(0.02, 1 / (days + 10)) * (min(size / noise, 4) - spread)
                self.spread[slot] = single(max(self.spread.get(slot, 0.0) + change, -0.75))
            rate = 0.4 if of.relearn > 0 else max(0.1, 1 / (days + 1))
            self.day[slot] = single(self.day.get(slot, 0.0) + rate * step)
        loose = 8 * scale if days < 15 and self.credit == 0 else limit
        rate = max(0.12, 1 / (math.floor(days / 7) + 1))
        self.week[week] = single(self.week.get(week, 0.0) + rate * clip(by_week, loose))
        self.level += max(first, 1 / (4 * max(per_day, 3))) * step
