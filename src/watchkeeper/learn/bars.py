"""Labels as a bar: the score that a point of a series must reach before a person is told.

Each label moves one number, the bar of one series in one direction (above or below what was expected):

- a **false alarm** raises the bar to just above the highest score of its window, in each direction;
- a **confirmed** alert and a **missed** window take it to just below their own peak wherever it is higher, so that the
  first always still fires and the second now does.

Positives beat negatives: what was raised is lowered after. This is the simplest thing that obeys the table
of DESIGN.md; a model that generalises by likeness takes its place behind the same function.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from watchkeeper.domain.feedback import Label

MARGIN = 0.01
"""How far past a peak "just above" and "just below" are, in decades of false alerts: 2 % of the rate."""

WIDEST = 2.0
"""How many decades below the budget a label can take the bar. A window whose peak is a hundred times as common as the
budget allows cannot be told from any other; lowering the bar to it would alert on everything."""


def bars(
    labels: Iterable[Label],
    time: NDArray[np.int64],
    value: NDArray[np.float64],
    expected: NDArray[np.float64],
    score: NDArray[np.float64],
    base: float,
    *,
    seen_until: int | None = None,
) -> NDArray[np.float64]:
    """The bar of each point of one series, float64[n], in the unit of the score; `base` without labels.

    `time` (seconds, non-decreasing), `value`, `expected` and `score` are columns of that series, all of length n. A
    point at or above its expectation has the bar of that direction, any other that of the other. A label whose window
    holds no score says nothing.

    With `seen_until` (seconds) only points before it are measured, so that the bar of a later point rests on nothing
    after it. What then follows of a window that was called a false alarm stays silent point by point.
    """
    is_up = ~(value < expected)
    raised = np.array([base, base])
    cap = np.array([np.inf, np.inf])
    silent = np.full(len(time), -np.inf)
    for label in labels:
        first, last = np.searchsorted(time, (label.start, label.end)).tolist()
        seen = last if seen_until is None else max(first, min(last, int(np.searchsorted(time, seen_until))))
        if not label.is_real:
            for way in (0, 1):
                height = _highest(score[first:seen][is_up[first:seen] == way])
                raised[way] = max(raised[way], height + MARGIN)
            silent[seen:last] = score[seen:last] + MARGIN
            continue
        height = _highest(score[first:seen])
        if height > -np.inf:
            way = int(is_up[first + int(np.nanargmax(score[first:seen]))])
            cap[way] = min(cap[way], height - MARGIN)
    side = is_up.astype(np.int8)
    bar = np.fmax(raised[side], silent)
    return np.asarray(np.minimum(bar, np.maximum(cap, base - WIDEST)[side]))


def _highest(score: NDArray[np.float64]) -> float:
    """The highest score; minus infinity where there is none."""
    return float(np.fmax.reduce(score, initial=-np.inf))
