"""Changes put into a history: which are tried, where, for how long, and what the values become."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from watchkeeper.detect.points import Judged, Points, SeriesSettings, ValueKind
from watchkeeper.domain.errors import InputError
from watchkeeper.domain.times import DAY, HOUR, WEEK, format_duration

SHARES = (0.02, 0.03, 0.05, 0.07, 0.1, 0.15, 0.2, 0.3, 0.5, 0.75, 1.0)
MORE_SHARES = (1.5, 2.0, 4.0, 9.0, 19.0)
"""A drop ends at nothing; a rise does not."""
BANDS = (0.25, 0.5, 0.75, 1.0, 1.25, 1.5, 2.0, 3.0, 5.0, 10.0)
NOTHING = 0.1
"""An amount expected to be less than this part of its band is as good as nothing: a share of it would be no change at
all.
"""


@dataclass(frozen=True)
class Stretch:
    """Rows `first` to `end` of the history, and their values under each change: float64[changes, end - first]."""

    first: int
    end: int
    value: NDArray[np.float64]


def lengths_for(step_s: int) -> tuple[int, ...]:
    """The lengths tried, in seconds: one step, three steps, an hour, three hours, a day; of days 1, 3 and 7."""
    if step_s >= DAY:
        return (DAY, 3 * DAY, WEEK)
    tried = sorted({step_s, 3 * step_s, HOUR, 3 * HOUR, DAY})
    return tuple(
        length for length in tried if length >= step_s and length % step_s == 0 and length <= max(DAY, 3 * step_s)
    )


def fitting_lengths(points: Points, step: int, begin: int) -> tuple[int, ...]:
    """Those of `lengths_for` that leave room in the history from row `begin` on; InputError where none does."""
    history = int(points.time[-1]) + step - int(points.time[begin])
    fitting = tuple(length for length in lengths_for(step) if 4 * length <= history)
    if not fitting:
        raise InputError(
            f"power: {format_duration(history)} of judged history is too short to put a change in; "
            f"give at least {format_duration(4 * lengths_for(step)[0])} more"
        )
    return fitting


class Changes:
    """Which changes are tried on this history (`changes`: direction and size), and what a value becomes under each."""

    def __init__(self, points: Points, series: SeriesSettings, judged: Judged, begin: int) -> None:
        value = points.value[np.isfinite(points.value)]
        self.expected = judged.expected
        self.is_amount = bool((value >= 0.0).all())
        self.is_whole = bool((value == np.rint(value)).all())
        kind = ValueKind(int(series.kind[0]))
        self.most = 1.0 if kind is ValueKind.RATE and bool((value <= 1.0).all()) else math.inf
        after = np.isfinite(judged.score[begin:])
        width = 0.5 * (judged.upper - judged.lower)[begin:][after]
        self.band = float(np.median(width))
        usual = float(np.median(np.abs(judged.expected[begin:][after])))
        self.in_bands = kind is ValueKind.RATE or usual < (NOTHING if self.is_amount else 1.0) * self.band
        wanted = [side for side in (-1, 1) if int(series.direction[0]) in (0, side)]
        sizes = {-1: SHARES, 1: SHARES + MORE_SHARES}
        if self.in_bands:
            # An amount cannot fall by more than there is, a share not rise beyond one.
            reach = {-1: float(np.quantile(value, 0.9)) if self.is_amount else math.inf, 1: self.most}
            sizes = {side: tuple(b for b in BANDS if b * self.band <= reach[side]) or BANDS[:1] for side in (-1, 1)}
        self.changes = [(side, size) for side in wanted for size in sizes[side]]

    def applied(self, rows: slice, value: NDArray[np.float64], chance: NDArray[np.float64]) -> NDArray[np.float64]:
        """The rows' values under each change: float64[changes, rows]; `chance` in [0, 1) rounds whole numbers."""
        direction, size = (np.array(column)[:, None] for column in zip(*self.changes, strict=True))
        unit = np.full(len(value), self.band) if self.in_bands else np.abs(np.nan_to_num(self.expected[rows]))
        changed = value + direction * size * unit
        if self.is_amount and not self.in_bands:
            changed = np.where(direction < 0, value * (1.0 - size), changed)
        if self.is_whole:
            changed = np.floor(changed + chance)  # right on average, and steady where the size grows
        if self.is_amount:
            changed = np.clip(changed, 0.0, self.most)
        return np.asarray(changed, np.float64)


def choose_places(points: Points, judged: Judged, begin: int, length: int, count: int, seed: int) -> NDArray[np.int64]:
    """Rows at which changes begin, rising: evenly over the times of the week, by chance over the weeks.

    A place holds a value that can be judged, and at least half of the stretch that follows it is there.
    """
    time = points.time
    end = np.searchsorted(time, time + length)
    present = np.r_[0, np.cumsum(np.isfinite(points.value))]
    usual = len(time) * length / max(float(time[-1] - time[0]), 1.0)
    fits = (present[end] - present[: len(time)] >= 0.5 * usual) & (time + length <= time[-1] + 1)
    fits &= np.isfinite(judged.score) & np.isfinite(judged.expected)
    fits[:begin] = False
    rows = np.flatnonzero(fits)
    if not len(rows):
        raise InputError(
            "power: nowhere in this history is there an unbroken stretch to put a change in; give a longer one"
        )
    rng = np.random.default_rng((seed, 0))
    clock = (time if points.local is None else points.local)[rows] % WEEK
    by_clock = rows[np.lexsort((rng.random(len(rows)), clock))]
    count = min(count, len(rows))
    picked = (np.arange(count) + rng.random()) * len(rows) / count
    return np.sort(by_clock[picked.astype(np.int64)])


def change_stretch(points: Points, shift: Changes, first: int, length: int, rng: np.random.Generator) -> Stretch:
    """The `length` seconds from row `first` on, under each change."""
    end = int(np.searchsorted(points.time, points.time[first] + length))
    rows = slice(first, end)
    return Stretch(first, end, shift.applied(rows, points.value[rows], rng.random(end - first)))
