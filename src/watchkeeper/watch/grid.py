"""The periods of metrics as rows: what is expected, also where nothing came."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from watchkeeper.detect import Mark
from watchkeeper.domain.points import PointColumns, withheld
from watchkeeper.domain.times import DAY, local_seconds, periods


class Span(NamedTuple):
    """The periods of one metric from `since` on and before `until` (seconds), counted from `anchor`, its first point's
    time.
    """

    anchor: int
    since: int
    until: int
    step_s: int
    zone: str


class Laid(NamedTuple):
    """Points laid on the periods of their metrics, series after series: a row a period; absent ones are missing (NaN),
    and of those withheld the value is `domain.points.WITHHELD`.

    `start` int64[S+1]; `time`, `local` (on the wall clock) and `known_at` int64[n] seconds, `value` float64[n]; `cases`
    float64[n] (NaN: not known), None where they are known of no point.
    """

    start: NDArray[np.int64]
    time: NDArray[np.int64]
    local: NDArray[np.int64]
    value: NDArray[np.float64]
    known_at: NDArray[np.int64]
    cases: NDArray[np.float64] | None


def withheld_marks(value: NDArray[np.float64]) -> NDArray[np.uint8] | None:
    """The detector's marks (uint8[n]) of values that are withheld; None where none is."""
    is_withheld = withheld(value)
    return is_withheld.astype(np.uint8) * np.uint8(Mark.WITHHELD) if is_withheld.any() else None


class Grids:
    """The periods of spans; many metrics have the same, so each is reckoned once."""

    def __init__(self) -> None:
        self._known: dict[Span, tuple[NDArray[np.int64], NDArray[np.int64]]] = {}

    def of(self, span: Span) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Starts of the span's periods, and the same on its wall clock: int64[n] seconds."""
        if span not in self._known:
            times = _periods(span)
            self._known[span] = times, local_seconds(times, span.zone)
        return self._known[span]


def lay(points: PointColumns, spans: Sequence[Span], counts: Sequence[int], grids: Grids) -> Laid:
    """Lay points on the periods of their metrics: of metric m, with `counts[m]` series, those of `spans[m]`.

    Points between two periods are no points of the metric and are left out.
    """
    found = [grids.of(span) for span in spans]
    length = np.repeat([len(times) for times, _ in found], counts)
    start = np.concatenate([[0], np.cumsum(length)]).astype(np.int64)
    time, local = (
        np.concatenate(
            [np.zeros(0, np.int64), *(np.tile(own[which], count) for own, count in zip(found, counts, strict=True))]
        )
        for which in (0, 1)
    )
    value, known_at = np.full(len(time), np.nan), np.zeros(len(time), np.int64)
    owner = np.repeat(np.arange(len(length)), np.diff(points.start))
    # Where each point falls: by arithmetic on even grids, by search on days, which a zone makes uneven.
    step = np.repeat([span.step_s for span in spans], counts)
    first = np.repeat([int(times[0]) if len(times) else 0 for times, _ in found], counts)
    place, rest = np.divmod(points.time - first[owner], np.maximum(1, step[owner]))
    fits = (rest == 0) & (place >= 0) & (place < length[owner])
    series = np.concatenate([[0], np.cumsum(counts)])
    for number, span in enumerate(spans):
        if span.step_s == DAY and len(found[number][0]):
            at = slice(int(points.start[series[number]]), int(points.start[series[number + 1]]))
            spot = np.minimum(np.searchsorted(found[number][0], points.time[at]), len(found[number][0]) - 1)
            place[at] = spot
            fits[at] = found[number][0][spot] == points.time[at]
    rows = start[owner[fits]] + place[fits]
    value[rows] = points.value[fits]
    known_at[rows] = points.known_at[fits]
    cases: NDArray[np.float64] | None = None
    if points.cases is not None:
        cases = np.full(len(time), np.nan)
        cases[rows] = points.cases[fits]
    return Laid(start, time, local, value, known_at, cases)


def _periods(span: Span) -> NDArray[np.int64]:
    """The tail of `domain.times.periods` from the anchor, without reckoning what lies before it."""
    skipped = max(0, span.since - span.anchor)
    if span.step_s < DAY:
        first = span.anchor + -(-skipped // span.step_s) * span.step_s
        return periods(first, span.until, span.step_s, span.zone)
    whole = periods(span.anchor, span.until, span.step_s, span.zone)
    return whole[np.searchsorted(whole, span.since) :]
