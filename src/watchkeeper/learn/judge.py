"""Points judged under what people said: replay, marks, bars and decision for a set of series at once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import fields
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from watchkeeper.detect import Judged, Mark, Points, SeriesSettings, decide, replay
from watchkeeper.domain.errors import InputError
from watchkeeper.domain.feedback import NOTHING, SeriesKnowledge
from watchkeeper.learn.bars import bars
from watchkeeper.learn.knowledge import BEGINNING, Knowledge
from watchkeeper.learn.marks import explained, marks

POINTS_AT_ONCE = 2_000_000
"""How many points of series with knowledge are judged again in one go: bounds the memory of an answer on everything."""


class Judgement(NamedTuple):
    """What the detector says of each point, and whether a person is told.

    `judged` is the kernel's; `alert` bool[n] where the score opens or holds a run of alert; `bar` float64[n] the score
    that was needed; `explained` bool[n] inside events and on void points, where an alert tells nobody.
    """

    judged: Judged
    alert: NDArray[np.bool_]
    bar: NDArray[np.float64]
    explained: NDArray[np.bool_]

    @property
    def told(self) -> NDArray[np.bool_]:
        """bool[n]: alert that nothing explains."""
        return self.alert & ~self.explained


class _Turn(NamedTuple):
    """A replay of one series under one state of knowledge.

    Rows `first` to `end` of the points are replayed, and what comes out counts from row `own` on. `seen_until` is the
    instant at which that knowledge was complete (None: hindsight).
    """

    place: int
    first: int
    own: int
    end: int
    knowledge: SeriesKnowledge
    seen_until: int | None


def judge(
    points: Points,
    series: SeriesSettings,
    knowledge: Knowledge | None,
    base_bar: ArrayLike,
    *,
    ids: Sequence[int] | None = None,
    known_at: NDArray[np.int64] | None = None,
    causal: bool = False,
) -> Judgement:
    """Judge the points of S series under what is known of them.

    `base_bar` is the bar of the budget, `-log10(false alerts a month)`, one number or float64[S]. `ids` names the
    series in `knowledge` (default: 0 to S-1). `known_at` int64[n] seconds, when each value became known, spares
    corrected values from an earlier answer that the data were bad.

    In hindsight (the default) all that is known counts from the first point on. With `causal`, an answer counts only
    from its `given_at` on: rows before it are judged as if it had never been given, and a row at or after it as a
    replay with everything given by then, measured on nothing later than the row itself.

    Series of which nothing is known cost one replay and one decision, all together; only the others are judged again.

    Raises InputError where `base_bar` or `ids` has the wrong length.
    """
    try:
        base = np.broadcast_to(np.asarray(base_bar, np.float64), (points.series,))
    except ValueError:
        shape = np.shape(base_bar)
        raise InputError(f"base_bar: give one number or one per series ({points.series}), not shape {shape}") from None
    if ids is not None and len(ids) != points.series:
        raise InputError(f"ids: give one per series ({points.series}), not {len(ids)}")
    _, plain = replay(points, series)
    bar = np.repeat(base, np.diff(points.start))
    alert = decide(plain, points, series, base)
    result = Judgement(plain, alert, bar, np.zeros(len(points.time), np.bool_))
    if knowledge is None:
        return result
    turns = list(_turns(points, knowledge, range(points.series) if ids is None else ids, causal))
    if turns:
        result = result._replace(judged=Judged(*(getattr(plain, field.name).copy() for field in fields(Judged))))
    for batch in _batches(turns):
        _judge_again(batch, points, series, plain, base, known_at, result)
    return result


def _turns(points: Points, knowledge: Knowledge, ids: Sequence[int], causal: bool) -> Iterator[_Turn]:
    """What has to be replayed besides the plain replay of everything."""
    known = knowledge.series()
    for place, name in enumerate(ids):
        if name not in known:
            continue
        first, end = int(points.start[place]), int(points.start[place + 1])
        if not causal:
            if knowledge.of(name) != NOTHING:
                yield _Turn(place, first, first, end, knowledge.of(name), None)
            continue
        epochs = knowledge.epochs(name)
        rows = first + np.searchsorted(points.time[first:end], [epoch.since for epoch in epochs])
        for epoch, own, until in zip(epochs, rows.tolist(), [*rows[1:].tolist(), end], strict=True):
            # The plain replay holds what is said before any answer; an epoch between two points answers for no row.
            if own < until and not (epoch.since == BEGINNING and epoch.knowledge == NOTHING):
                yield _Turn(place, first, own, until, epoch.knowledge, epoch.since)


def _batches(turns: list[_Turn]) -> Iterator[list[_Turn]]:
    batch: list[_Turn] = []
    size = 0
    for turn in turns:
        if batch and size + turn.end - turn.first > POINTS_AT_ONCE:
            yield batch
            batch, size = [], 0
        batch.append(turn)
        size += turn.end - turn.first
    if batch:
        yield batch


def _judge_again(
    turns: list[_Turn],
    points: Points,
    series: SeriesSettings,
    plain: Judged,
    base: NDArray[np.float64],
    known_at: NDArray[np.int64] | None,
    result: Judgement,
) -> None:
    """Replay each turn as a series of its own and write what it answers for into `result`."""
    rows = np.concatenate([np.arange(turn.first, turn.end) for turn in turns])
    stack = _rows_of(points, rows, [turn.end - turn.first for turn in turns])
    settings = _of_places(series, [turn.place for turn in turns])
    mark = np.concatenate([_marks(turn, points, known_at) for turn in turns])
    judged = Judged(*(getattr(plain, field.name)[rows] for field in fields(Judged)))
    _replay_marked(stack, settings, mark, judged)
    bar = np.concatenate([_bars(turn, place, stack, judged, base) for place, turn in enumerate(turns)])
    alert = decide(judged, stack, settings, bar)
    is_explained = np.concatenate([explained(points.time[turn.first : turn.end], turn.knowledge) for turn in turns])
    is_explained |= (mark & np.uint8(Mark.VOID)) != 0
    own = np.concatenate([np.arange(turn.first, turn.end) >= turn.own for turn in turns])
    for field in fields(Judged):
        getattr(result.judged, field.name)[rows[own]] = getattr(judged, field.name)[own]
    result.alert[rows[own]] = alert[own]
    result.bar[rows[own]] = bar[own]
    result.explained[rows[own]] = is_explained[own]


def _replay_marked(stack: Points, settings: SeriesSettings, mark: NDArray[np.uint8], judged: Judged) -> None:
    """Replay the series of the stack that carry a mark into `judged`; labels change no score, so the rest stands."""
    marked = [place for place in range(stack.series) if mark[stack.start[place] : stack.start[place + 1]].any()]
    if not marked:
        return
    rows = np.concatenate([np.arange(stack.start[place], stack.start[place + 1]) for place in marked])
    part = _rows_of(stack, rows, [int(stack.start[place + 1] - stack.start[place]) for place in marked], mark[rows])
    _, again = replay(part, _of_places(settings, marked))
    for field in fields(Judged):
        getattr(judged, field.name)[rows] = getattr(again, field.name)


def _marks(turn: _Turn, points: Points, known_at: NDArray[np.int64] | None) -> NDArray[np.uint8]:
    at = slice(turn.first, turn.end)
    mark = marks(points.time[at], points.value[at], turn.knowledge, None if known_at is None else known_at[at])
    return mark if points.mark is None or not mark.any() else mark | points.mark[at]


def _bars(turn: _Turn, place: int, stack: Points, judged: Judged, base: NDArray[np.float64]) -> NDArray[np.float64]:
    at = slice(int(stack.start[place]), int(stack.start[place + 1]))
    return bars(
        turn.knowledge.labels,
        stack.time[at],
        stack.value[at],
        judged.expected[at],
        judged.score[at],
        float(base[turn.place]),
        seen_until=turn.seen_until,
    )


def _rows_of(
    points: Points, rows: NDArray[np.int64], lengths: Sequence[int], mark: NDArray[np.uint8] | None = None
) -> Points:
    """Some rows of the points as series of these lengths."""
    return Points(
        start=np.concatenate([[0], np.cumsum(lengths)]),
        time=points.time[rows],
        value=points.value[rows],
        local=None if points.local is None else points.local[rows],
        mark=mark,
    )


def _of_places(series: SeriesSettings, places: Sequence[int]) -> SeriesSettings:
    return SeriesSettings(*(getattr(series, field.name)[list(places)] for field in fields(SeriesSettings)))
