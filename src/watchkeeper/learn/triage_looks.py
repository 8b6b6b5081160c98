"""What an alert looks like at each moment, from the points up to that moment: the numbers by which alerts are
compared.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from watchkeeper.detect import Judged, Points, told_score
from watchkeeper.domain.feedback import Label

FEATURES = (
    "surprise",  # score above the budget's bar, signed logarithm
    "size",  # distance from the expectation in widths of the band, natural logarithm
    "share",  # distance from the expectation as a share of the usual level, decades
    "duration",  # steps since the excursion began, doublings
    "level",  # what is expected now against the usual level, natural logarithm
    "spread",  # width of the band as a share of the usual level, decades
    "busy",  # excursions of this series in the week before, natural logarithm
    "direction",  # above the expectation or below
    "hour",  # time of day, on the metric's wall clock
    "weekday",  # time of week
    "together",  # other series that are out at the same time, natural logarithm
)
"""What is compared, in the order of the columns; hour and weekday take two columns each (a point on a circle)."""

LENGTHS = np.array([0.7, 0.7, 0.5, 1.5, 1.0, 0.5, 0.7, 1.0, 1.0, 1.0, 1.0, 1.0, 0.7])
"""How far apart two values are that have little to do with each other, per column, in the column's own unit. They are
set by meaning (a factor of two in size, of three in share, of three in duration), not fitted, so that the same two
alerts are as alike in every team."""

COLUMNS = (0, 1, 2, 3, 4, 5, 6, 7, 8, 8, 9, 9, 10)
"""The feature that each column belongs to."""

UP = 7
"""The column that is positive above the expectation."""

WITHIN = 1.0
"""An excursion goes on while the score is within this many decades of the budget's bar."""
JOIN = 3
"""Excursions at most this many rows apart are one."""
_WEEK_S, _DAY_S = 604_800, 86_400


@dataclass(frozen=True)
class Sight:
    """Points of S series as judged, and the looks of every row.

    `column` float64[n, 13] holds the columns of `COLUMNS` divided by `LENGTHS`, 0 where a row has no score; `series`
    int64[n] the series of each row by the caller's ids; `family` int64[n] what groups siblings; `above` float64[n] the
    score above the base bar in decades (NaN: no score); `away` float64[n] the distance from the expectation in the
    metric's unit; `time` int64[n] seconds. Row i rests on rows up to i of its series and, for `together`, on rows of
    others not later than it.
    """

    column: NDArray[np.float64]
    series: NDArray[np.int64]
    family: NDArray[np.int64]
    above: NDArray[np.float64]
    away: NDArray[np.float64]
    time: NDArray[np.int64]
    start: NDArray[np.int64]

    def take(self, rows: NDArray[np.int64]) -> Looks:
        """The looks of some rows."""
        return Looks(
            self.column[rows], self.series[rows], self.family[rows], self.above[rows], self.away[rows], self.time[rows]
        )


@dataclass(frozen=True)
class Looks:
    """Looks of m alerts: `column` float64[m, 13], and `series`, `family`, `above`, `away`, `time` as in `Sight`."""

    column: NDArray[np.float64]
    series: NDArray[np.int64]
    family: NDArray[np.int64]
    above: NDArray[np.float64]
    away: NDArray[np.float64]
    time: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.above)

    def beside(self, other: Looks) -> Looks:
        """These looks, and then the others."""
        return Looks(*(np.concatenate([getattr(self, one.name), getattr(other, one.name)]) for one in fields(Looks)))


def look(
    points: Points,
    judged: Judged,
    step: NDArray[np.int64],
    base: NDArray[np.float64],
    *,
    ids: Sequence[int] | None = None,
    family: Sequence[int] | None = None,
) -> Sight:
    """Look at every row of S series. `step` int64[S] seconds, `base` float64[S] the bar of the budget.

    `ids` names the series (default 0 to S-1); `family` says which are siblings (default: all of them).
    """
    lengths = np.diff(points.start)
    names = np.arange(points.series) if ids is None else np.asarray(ids, np.int64)
    kin = np.zeros(points.series, np.int64) if family is None else np.asarray(family, np.int64)
    above = told_score(judged, points) - np.repeat(base, lengths)
    column = np.zeros((len(above), len(COLUMNS)))
    for place in range(points.series):
        at = slice(int(points.start[place]), int(points.start[place + 1]))
        if lengths[place]:
            _look_at_series(column[at], points, judged, above[at], at)
    is_out = above >= -WITHIN
    column[:, 12] = np.log1p(_others_out(points, is_out, np.repeat(step, lengths)))
    column /= LENGTHS
    column[np.isnan(above)] = 0.0
    away = np.abs(points.value - judged.expected)
    return Sight(column, np.repeat(names, lengths), np.repeat(kin, lengths), above, away, points.time, points.start)


def sample(sight: Sight, place: int, label: Label, until: int | None = None) -> int | None:
    """The row that stands for a labelled window: where its score first reaches the budget's bar, or else comes
    nearest.
    """
    first, end = int(sight.start[place]), int(sight.start[place + 1])
    stop = label.end if until is None else min(label.end, until)
    window = first + np.searchsorted(sight.time[first:end], (label.start, max(label.start, stop)))
    above = sight.above[window[0] : window[1]]
    if not np.isfinite(above).any():
        return None
    reaches = np.flatnonzero(above >= 0.0)
    return int(window[0]) + int(reaches[0] if len(reaches) else np.nanargmax(above))


def _look_at_series(
    column: NDArray[np.float64], points: Points, judged: Judged, above: NDArray[np.float64], at: slice
) -> None:
    time, value, expected = points.time[at], points.value[at], judged.expected[at]
    is_up = value >= expected
    width = np.where(is_up, judged.upper[at] - expected, expected - judged.lower[at])
    with np.errstate(invalid="ignore"):
        width = np.fmax(width, 1e-12)
        away = np.abs(value - expected)
        known = np.abs(np.nan_to_num(expected))
        usual = np.maximum(np.cumsum(known) / np.maximum(np.cumsum(np.isfinite(expected)), 1), 1e-12)
        column[:, 0] = np.sign(above) * np.log1p(np.abs(above))
        column[:, 1] = np.clip(np.log(np.maximum(away / width, 1e-3)), -1.0, 3.0)
        column[:, 2] = np.clip(np.log10(np.maximum(away, 1e-12) / usual), -3.0, 2.0)
        column[:, 4] = np.clip(np.log(np.maximum(known, 1e-12) / usual), -3.0, 3.0)
        column[:, 5] = np.clip(np.log10(width / usual), -3.0, 2.0)
        is_out = above >= -WITHIN
    begins = _begins(is_out)
    row = np.arange(len(time))
    since = np.maximum.accumulate(np.where(begins, row, -1))
    column[:, 3] = np.where(is_out, np.log2(1.0 + row - since), 0.0)
    begun = np.concatenate([[0], np.cumsum(begins)])
    # The excursion that the row itself belongs to is not counted.
    column[:, 6] = np.log1p(np.maximum(begun[1:] - begun[np.searchsorted(time, time - _WEEK_S)] - is_out, 0))
    column[:, 7] = np.where(is_up, 1.0, -1.0)
    clock = time if points.local is None else points.local[at]
    for place, period in ((8, _DAY_S), (10, _WEEK_S)):
        angle = (clock % period) * (2.0 * np.pi / period)
        column[:, place], column[:, place + 1] = np.sin(angle), np.cos(angle)


def _begins(is_out: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """bool[n]: rows at which an excursion begins, those at most JOIN rows apart being one."""
    row = np.arange(len(is_out))
    last = np.maximum.accumulate(np.where(is_out, row, -JOIN - 2))
    before = np.concatenate([[-JOIN - 2], last[:-1]])
    return np.asarray(is_out & (row - before > JOIN + 1), np.bool_)


def _others_out(points: Points, is_out: NDArray[np.bool_], step: NDArray[np.int64]) -> NDArray[np.int64]:
    """int64[n]: rows of other series that are out within the step up to each row's time."""
    everywhere = _out_lately(np.sort(points.time[is_out]), points.time, step)
    for place in range(points.series):
        at = slice(int(points.start[place]), int(points.start[place + 1]))
        everywhere[at] -= _out_lately(points.time[at][is_out[at]], points.time[at], step[at])
    return everywhere


def _out_lately(out: NDArray[np.int64], time: NDArray[np.int64], step: NDArray[np.int64]) -> NDArray[np.int64]:
    return np.asarray(np.searchsorted(out, time, side="right") - np.searchsorted(out, time - step, side="right"))
