"""From scores to alerts: the bar, hysteresis, direction, smallest interesting change."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from watchkeeper.detect.kernel import BY_POINT
from watchkeeper.detect.points import Judged, Points, SeriesSettings
from watchkeeper.domain.errors import InputError

POINT_SLOPE = 2.3
"""Decades by which a point's surprise grows with the logarithm of its distance, as `pointwise` reckons it."""


def told_score(judged: Judged, points: Points) -> NDArray[np.float64]:
    """What a person is told by: float64[n], the score, or where a point alone is far out its distance, if that is more.

    The score speaks of news: points far out recur in wild series and are worth little there (`kernel.BY_POINT`). But
    the band is left about once a month, so a value outside it is worth 0, and a value k times as far from what was
    expected as the band is `2.3 log10(k)`. This is what `decide` compares with the bar.
    """
    with np.errstate(invalid="ignore", over="ignore", divide="ignore"):
        away = points.value - judged.expected
        edge = np.where(away > 0.0, judged.upper - judged.expected, judged.expected - judged.lower)
        is_outside = (points.value > judged.upper) | (points.value < judged.lower)
        worth = POINT_SLOPE * np.log10(np.abs(away) / np.maximum(edge, 1e-3 * np.abs(away)))
        by_point = is_outside & (judged.score >= BY_POINT)
        return np.where(by_point, np.fmax(judged.score, np.fmax(worth, 0.0)), judged.score)


def decide(
    judged: Judged,
    points: Points,
    series: SeriesSettings,
    bar: NDArray[np.float64],
    *,
    was_open: NDArray[np.bool_] | None = None,
) -> NDArray[np.bool_]:
    """Whether each point belongs to an alert: bool[n].

    A run opens at a point whose `told_score` reaches `bar` (float64[S], or float64[n] where the bar changes over time;
    a budget of N false alerts a month is `-log10(N)`), whose value left the baseline in a direction of interest, and
    by at least the smallest interesting change. The run stays open until a value is back inside the band. Missing and
    learning points neither open nor close a run. `was_open` bool[S] says whether a run was open before the first point
    of each series (when deciding on a later part of a longer history).

    Raises InputError where `bar` or `was_open` has the wrong length.
    """
    bar = np.asarray(bar, np.float64)
    if len(bar) == points.series:
        per_point = np.repeat(bar, np.diff(points.start))
    elif len(bar) == len(points.time):
        per_point = bar
    else:
        raise InputError(
            f"bar: give one per series ({points.series}) or one per point ({len(points.time)}), not {len(bar)}"
        )
    if was_open is None:
        was_open = np.zeros(points.series, np.bool_)
    elif len(was_open) != points.series:
        raise InputError(f"was_open: give one per series ({points.series}), not {len(was_open)}")
    change = points.value - judged.expected
    owner = np.repeat(np.arange(points.series), np.diff(points.start))
    direction = series.direction[owner]
    smallest = np.maximum(series.min_absolute[owner], series.min_relative[owner] * np.abs(judged.expected))
    with np.errstate(invalid="ignore", over="ignore"):
        is_outside = (points.value > judged.upper) | (points.value < judged.lower)
        interesting = (np.abs(change) >= smallest) & (direction * np.sign(change) >= 0)
    alert = np.zeros(len(points.time), np.bool_)
    _runs(points.start, told_score(judged, points), interesting, is_outside, per_point, was_open, alert)
    return alert


@njit(cache=True, nogil=True)
def _runs(start, score, interesting, is_outside, bar, was_open, alert):  # type: ignore[no-untyped-def]  # Numba types it
    for s in range(len(start) - 1):
        is_open = was_open[s]
        for i in range(start[s], start[s + 1]):
            if not np.isnan(score[i]):
                is_open = (interesting[i] and score[i] >= bar[i]) or (is_open and is_outside[i])
            alert[i] = is_open
