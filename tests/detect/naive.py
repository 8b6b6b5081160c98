"""The detector once more, slow and plain: one series of gauge values in UTC, written from the rules in the docstrings.

It keeps what the kernel keeps and stores numbers with the kernel's precision (single, where the state is single), but
is organised by meaning instead of by memory: small objects, dictionaries by slot, sorted lists of intervals. Silence,
marks and other kinds of value are not covered.
"""

from __future__ import annotations

import math

import numpy as np

DAY, WEEK, MONTH = 86400, 604800, 2_629_800.0
LN10 = math.log(10.0)


def single(number: float) -> float:
    return float(np.float32(number))


def clip(number: float, limit: float) -> float:
    return min(max(number, -limit), limit)


class Single:
    """Numbers that are kept in single precision."""

    def __init__(self, **numbers: float) -> None:
        for name, number in numbers.items():
            setattr(self, name, number)

    def __setattr__(self, name: str, number: float) -> None:
        object.__setattr__(self, name, single(number))

    def __getattr__(self, name: str) -> float:
        raise AttributeError(name)


class Moments:
    """Bound on -log10 p from the one-sided second moment."""

    def __init__(self) -> None:
        self.n, self.of, self.square = 0, Single(mean=0.0), [0.0, 0.0]

    def score(self, d: float, unit: float) -> float:
        self.n += 1
        y, side, mean, found = abs(d), int(d < 0), self.of.mean, -2.0
        if self.n > 10:
            moment = self.square[side] + 5 / self.n * mean * mean
            if moment > 0:
                found = 2 * math.log10(max(y, 1e-9 * mean + 1e-300) / (math.sqrt(moment) + 1e-12 * unit))
        self.of.mean = mean + (y - mean) / self.n
        for j in (0, 1):
            self.square[j] += ((y * y if j == side else 0.0) - self.square[j]) / (self.n + 1)
        return found


class Codebook:
    """At most eight intervals of seen values: [low, high, born]."""

    def __init__(self) -> None:
        self.intervals: list[list[float]] = []
        self.n, self.square, self.of = 0, 0.0, Single(mean=0.0)

    def score(self, exact: float, now: float, unit: float) -> float:
        x = np.float32(exact)
        old = [i for i in self.intervals if now - i[2] >= 40]
        away = min((max(0.0, float(max(np.float32(a) - x, x - np.float32(b)))) for a, b, _ in old), default=-1.0)
        if not any(a <= x <= b for a, b, _ in self.intervals):
            self.intervals = sorted([*self.intervals, [float(x), float(x), now]], key=lambda i: i[0])
        if len(self.intervals) > 8:
            gaps = [
                np.float32(b[0]) - np.float32(a[1]) for a, b in zip(self.intervals, self.intervals[1:], strict=False)
            ]
            k = int(np.argmin(gaps))
            first, second = self.intervals[k], self.intervals.pop(k + 1)
            self.intervals[k] = [first[0], second[1], min(first[2], second[2])]
        if away < 0:
            return -2.0
        self.n += 1
        found, mean = -2.0, self.of.mean
        if self.n > 8 and self.square > 0:
            moment = self.square + 5 / self.n * mean * mean
            found = 2 * math.log10((away + 1e-12 * unit) / (math.sqrt(moment) + 1e-12 * unit))
        self.square += (away * away - self.square) / self.n
        self.of.mean = mean + (away - mean) / self.n
        return found


class Scale:
    """Mean absolute deviations above, below and on both sides."""

    def __init__(self) -> None:
        self.n, self.count, self.of = 0, [0.0, 0.0], [0.0, 0.0, 0.0]

    def own(self, side: int) -> float:
        return (self.of[side] * self.count[side] + 10 * self.of[2]) / (self.count[side] + 10)

    def scale(self, side: int, floor: float, unit: float) -> float:
        return self.own(side) + floor + 0.05 * self.of[2] + 1e-9 * unit

    def learn(self, y: float, side: int, n: float, unit: float) -> None:
        if self.of[2] == 0 and n <= 2:
            self.of[2] = single(y)
        both = self.of[2]
        taught = min(y, 30 * (self.own(side) + 0.05 * both) + 1e-9 * unit) if n > 30 else y
        self.count[side] = min(self.count[side] + 1, 100.0)
        self.of[side] = single(self.of[side] + (taught - self.of[side]) / self.count[side])
        taught = min(y, 5 * both) if n > 30 and both > 0 else y
        self.of[2] = single(both + (taught - both) / min(n, 100))


class Season:
    """Profile beside a level; `error` is its running residual, `ratio` its proof."""

    def __init__(self, x: float, rate: float) -> None:
        self.level, self.floor = x, rate
        self.slot: dict[int, float] = {}
        self.visits: dict[int, int] = {}
        self.of, self.moments = Single(noise=0.0, error=0.0, ratio=9.0, smooth=0.0), Moments()

    def expects(self, slot: int) -> float:
        return self.level + self.slot.get(slot, 0.0)

    def score(self, r: float, rate: float, flat: float, unit: float) -> float:
        self.of.error = followed(self.of.error, abs(r), rate)
        self.of.ratio = self.of.error / max(flat, 1e-12 * unit)
        self.of.smooth += (r - self.of.smooth) / min(self.moments.n + 1, 12)
        return self.moments.score(self.of.smooth, unit)

    def learn(self, x: float, r: float, slot: int, clipped: bool, rate: float) -> None:
        limit = 4 * self.of.noise if clipped else abs(r)
        taught = clip(r, limit) if limit > 0 else r
        visits = self.visits.get(slot, 0)
        if visits == 0:
            self.slot[slot] = single(x - self.level)
        else:
            self.slot[slot] = single(self.slot[slot] + taught * max(self.floor, 1 / (visits + 1)))
            self.level += rate * taught
        self.visits[slot] = min(visits + 1, 250)
        self.of.noise = self.of.noise + rate * (min(abs(r), limit) - self.of.noise) if self.of.noise > 0 else abs(r)


def followed(mean: float, size: float, rate: float) -> float:
    return mean + rate * (min(size, 4 * mean) - mean) if mean > 0 else size


class Recipe:
    """Slow deviation, novelty, season and point."""

    def __init__(self, x: float, step: int) -> None:
        self.per_day = DAY / step
        self.days, self.weeks = -(-DAY // max(step, 300)), 7 * -(-DAY // max(step, 3600))
        self.k, self.mean, self.smooth, self.previous, self.flat = 0, x, x, x, x
        self.of = Single(spread=0.0, flat_error=0.0)
        self.slow, self.values, self.steps = Moments(), Codebook(), Codebook()
        self.day, self.week = Season(x, 0.2), Season(x, 0.3)
        self.far, self.near = Scale(), Scale()
        self.residuals = 0
        self.effect = 0.0

    def floors(self, slot: int) -> tuple[float, float]:
        return 0.06 * abs(self.mean), 0.03 * (abs(self.day.expects(slot) + self.effect) + abs(self.day.level))

    def judge(self, x: float, slot: int, week: int, unit: float) -> tuple[float, float]:
        """(evidence, z)."""
        d, r = x - self.mean, x - self.day.expects(slot) - self.effect
        far_floor, near_floor = self.floors(slot)
        known = self.day.visits.get(slot, 0) > 0
        z = season_z = -1.0
        if self.k + 1 > 30:
            z = math.log10((abs(d) + 1e-300) / self.far.scale(int(d < 0), far_floor, unit))
        if known and self.residuals + 1 > 30:
            season_z = math.log10((abs(r) + 1e-300) / self.near.scale(int(r < 0), near_floor, unit))
        z = z + 1.3 * season_z - (0.2 if r < 0 else 0.0)
        self.k += 1
        k = self.k
        self.smooth += (x - self.smooth) / min(k, 12)
        p0 = p3 = -2.0
        if k > 1:
            self.far.learn(abs(d), int(d < 0), k, unit)
            p0 = self.slow.score(self.smooth - self.mean, unit)
            limit = 4 * self.of.spread if k > 20 else abs(d)
            self.mean += clip(d, limit) / k
            self.of.spread += (min(abs(d), limit) - self.of.spread) / k
        if known:
            self.residuals += 1
            self.near.learn(abs(r), int(r < 0), self.residuals, unit)
        p1 = self.values.score(x, k, unit)
        if k > 1:
            p3 = self.steps.score(x - self.previous, k - 1, unit)
        self.previous = x
        p2 = self._season(x, slot, week, known, unit)
        held = [min(max(p, 0.0), 2.0) for p in (p0, p1, p2)]
        together = max(p0, p1 - 0.3, p2 - 0.6) + 0.1 * (sum(held) - max(held))
        return max(together, z - 2.1, min(p3 - 0.8, 1.9)), z

    def _season(self, x: float, slot: int, week: int, known: bool, unit: float) -> float:
        rate, found = max(1 / (7 * self.per_day), 1 / self.k), -2.0
        r, w, flat = x - self.day.level - self.day.slot.get(slot, 0.0), x - self.week.expects(week), x - self.flat
        if known:
            self.of.flat_error = followed(self.of.flat_error, abs(flat), rate)
            by_day = self.day.score(r, rate, self.of.flat_error, unit)
            found = by_day if self.day.of.ratio < 0.5 else -2.0
        if self.week.visits.get(week, 0) > 0:
            by_week = self.week.score(w, rate, self.of.flat_error, unit)
            ratio = self.week.of.ratio
            if ratio < min(self.day.of.ratio - 0.02, 0.5) and self.week.moments.n > 10:
                found = by_week
        self.day.learn(x, r, slot, self.k > self.days, rate)
        self.week.learn(x, w, week, self.k > self.weeks, rate)
        self.flat += rate * flat
        return found
