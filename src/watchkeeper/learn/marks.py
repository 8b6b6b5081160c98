"""What is known of a series, as the mark column that the kernel reads."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from watchkeeper.detect import Mark
from watchkeeper.domain.feedback import SeriesKnowledge, Window
from watchkeeper.learn.effects import spans

_EXCLUDED, _VOID, _RESTART = np.uint8(Mark.EXCLUDED), np.uint8(Mark.VOID), np.uint8(Mark.RESTART)


def marks(
    time: NDArray[np.int64],
    value: NDArray[np.float64],
    knowledge: SeriesKnowledge,
    known_at: NDArray[np.int64] | None = None,
) -> NDArray[np.uint8]:
    """The `Mark` bits, uint8[n], of one series' points.

    `time` is int64[n] seconds, non-decreasing, `value` float64[n] (NaN: missing). Events exclude, bad data voids, and a
    new normal restarts at the first point from its time on that holds a value.

    `known_at` (int64[n] seconds) tells when each value became known. Bad data then voids only the values known before
    the answer was given, so that a corrected value that was pulled afterwards counts; without it, the whole window.
    """
    mark = np.zeros(len(time), dtype=np.uint8)
    for window in knowledge.events:
        mark[within(time, window)] |= _EXCLUDED
    for own in spans(time, knowledge.recurring):
        for _, place in own:
            mark[place] |= _EXCLUDED
    for window in knowledge.void:
        place = within(time, window)
        bits = mark[place]
        bits[... if known_at is None else known_at[place] < window.given_at] |= _VOID
    for window in knowledge.restarts:
        first = int(np.searchsorted(time, window.start))
        # A level can begin only at a value: on a missing point the kernel would not see the mark.
        present = np.isfinite(value[first:]) & ((mark[first:] & _VOID) == 0)
        if present.any():
            mark[first + int(np.argmax(present))] |= _RESTART
    return mark


def explained(time: NDArray[np.int64], knowledge: SeriesKnowledge) -> NDArray[np.bool_]:
    """bool[n]: which points lie inside a known event, so that an alert there is explained and tells nobody."""
    inside = np.zeros(len(time), dtype=np.bool_)
    for window in knowledge.events:
        inside[within(time, window)] = True
    return inside


def within(time: NDArray[np.int64], window: Window) -> slice:
    """Where the points of `[start, end)` lie."""
    first, last = np.searchsorted(time, (window.start, window.end))
    return slice(int(first), int(last))
