"""Points judged under what people said: replay, marks, bars and decision for a set of series at once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import fields
from typing import NamedTuple

import msgspec
import numpy as np
from numpy.typing import ArrayLike, NDArray

from watchkeeper.detect import Judged, Mark, Points, SeriesSettings, decide, replay
from watchkeeper.domain.errors import InputError
from watchkeeper.domain.feedback import SeriesKnowledge
from watchkeeper.learn.bars import learned_bars
from watchkeeper.learn.effects import effects, put_back
from watchkeeper.learn.knowledge import Epoch, Knowledge
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

    Rows `first` to `end` of the points are replayed, and what comes out counts from row `own` on.
    """

    place: int
    first: int
    own: int
    end: int
    knowledge: SeriesKnowledge


def judge(
    points: Points,
    series: SeriesSettings,
    knowledge: Knowledge | None,
    base_bar: ArrayLike,
    *,
    ids: Sequence[int] | None = None,
    known_at: NDArray[np.int64] | None = None,
    causal: bool = False,
    half_life_s: float | None = None,
    now: int | None = None,
) -> Judgement:
    """Judge the points of S series under what is known of them.

    `base_bar` is the bar of the budget, `-log10(false alerts a month)`, one number or float64[S]. `ids` names the
    series in `knowledge` (default: 0 to S-1). `known_at` int64[n] seconds, when each value became known, spares
    corrected values from an earlier answer that the data were bad.

    In hindsight (the default) all that is known counts from the first point on. With `causal`, an answer counts only
    from its `given_at` on: rows before it are judged as if it had never been given, and a row at or after it under the
    marks and bars of everything given by then, measured on nothing later than the row itself.

    Scores are each series' own. Bars are not: a label on one of these series also speaks of alerts like it on the
    others (`triage.learn_from`), so hand in together what should learn together. `half_life_s` lets answers fade
    with their age at `now` (seconds; default: the newest answer) or, with `causal`, at the row.

    Without labels and marks this costs one replay and one decision for everything.

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
    names = range(points.series) if ids is None else ids
    turns = list(_turns(points, knowledge, names, causal))
    if turns:
        result = result._replace(judged=Judged(*(getattr(plain, field.name).copy() for field in fields(Judged))))
    batches = list(_batches(turns))
    again = [_replay_again(batch, points, series, plain, known_at, result) for batch in batches]
    bars = learned_bars(
        points,
        series,
        result.judged,
        knowledge,
        names,
        base,
        causal=causal,
        half_life_s=half_life_s,
        now=None if causal else now,
    )
    if bars is not None:
        result = result._replace(bar=bars, alert=decide(plain, points, series, bars))
    for batch, (stack, settings, judged) in zip(batches, again, strict=True):
        rows, own = _rows(batch)
        result.alert[rows[own]] = decide(judged, stack, settings, result.bar[rows])[own]
    return result


def _turns(points: Points, knowledge: Knowledge, ids: Sequence[int], causal: bool) -> Iterator[_Turn]:
    """What has to be replayed besides the plain replay of everything: marks change what is expected, labels do not."""
    known = knowledge.series()
    for place, name in enumerate(ids):
        if name not in known:
            continue
        first, end = int(points.start[place]), int(points.start[place + 1])
        if not causal:
            if has_marks(knowledge.of(name)):
                yield _Turn(place, first, first, end, knowledge.of(name))
            continue
        epochs = _marking(knowledge.epochs(name))
        rows = first + np.searchsorted(points.time[first:end], [epoch.since for epoch in epochs])
        for epoch, own, until in zip(epochs, rows.tolist(), [*rows[1:].tolist(), end], strict=True):
            # The plain replay holds what is said before any answer; an epoch between two points answers for no row.
            if own < until and has_marks(epoch.knowledge):
                yield _Turn(place, first, own, until, epoch.knowledge)


def has_marks(knowledge: SeriesKnowledge) -> bool:
    """Whether anything but labels is known."""
    return bool(knowledge.events or knowledge.void or knowledge.restarts or knowledge.recurring)


def _marking(epochs: Sequence[Epoch]) -> list[Epoch]:
    """The epochs at which more changed than labels."""
    kept: list[Epoch] = []
    for epoch in epochs:
        known = msgspec.structs.replace(epoch.knowledge, labels=())
        if not kept or known != kept[-1].knowledge:
            kept.append(Epoch(epoch.since, known))
    return kept


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


def _rows(turns: list[_Turn]) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """The rows that a batch of turns replays, and which of these it answers for."""
    rows = np.concatenate([np.arange(turn.first, turn.end) for turn in turns])
    return rows, np.concatenate([np.arange(turn.first, turn.end) >= turn.own for turn in turns])


def _replay_again(
    turns: list[_Turn],
    points: Points,
    series: SeriesSettings,
    plain: Judged,
    known_at: NDArray[np.int64] | None,
    result: Judgement,
) -> tuple[Points, SeriesSettings, Judged]:
    """Replay each turn as a series of its own and write what it answers for into `result`, all but the alerts."""
    rows, own = _rows(turns)
    stack = _rows_of(points, rows, [turn.end - turn.first for turn in turns])
    settings = series.of([turn.place for turn in turns])
    mark = np.concatenate([_marks(turn, points, known_at) for turn in turns])
    judged = Judged(*(getattr(plain, field.name)[rows] for field in fields(Judged)))
    _replay_marked(stack, settings, mark, judged)
    is_explained = np.concatenate([explained(points.time[turn.first : turn.end], turn.knowledge) for turn in turns])
    is_explained |= (mark & np.uint8(Mark.VOID)) != 0
    is_explained |= _judge_recurring(turns, stack, settings, mark, judged)
    for field in fields(Judged):
        getattr(result.judged, field.name)[rows[own]] = getattr(judged, field.name)[own]
    result.explained[rows[own]] = is_explained[own]
    return stack, settings, judged


def _judge_recurring(
    turns: list[_Turn], stack: Points, settings: SeriesSettings, mark: NDArray[np.uint8], judged: Judged
) -> NDArray[np.bool_]:
    """Judge occurrences of recurring events against what earlier ones taught: bool[n], those of which nothing is known.

    Their points are excluded, so another value there changes nothing anywhere else.
    """
    untaught = np.zeros(len(stack.time), np.bool_)
    for place, turn in enumerate(turns):
        if not turn.knowledge.recurring:
            continue
        at = slice(int(stack.start[place]), int(stack.start[place + 1]))
        own = Judged(*(getattr(judged, field.name)[at] for field in fields(Judged)))
        void = (mark[at] & np.uint8(Mark.VOID)) != 0
        value = np.where(void | ~np.isfinite(stack.value[at]), np.nan, stack.value[at])
        kind, step_s = int(settings.kind[place]), int(settings.step[place])
        found = effects(stack.time[at], value, own, turn.knowledge.recurring, kind, step_s)
        alone = Points(
            start=np.array([0, at.stop - at.start]),
            time=stack.time[at],
            value=np.where(found.inside, found.value, stack.value[at]),
            local=None if stack.local is None else stack.local[at],
            mark=mark[at],
            cases=None if stack.cases is None else stack.cases[at],
        )
        _, again = replay(alone, settings.of([place]))
        put_back(again, found)
        for field in fields(Judged):
            getattr(judged, field.name)[at] = getattr(again, field.name)
        untaught[at] = found.untaught
    return untaught


def _replay_marked(stack: Points, settings: SeriesSettings, mark: NDArray[np.uint8], judged: Judged) -> None:
    """Replay the series of the stack that carry a mark into `judged`; labels change no score, so the rest stands."""
    marked = [place for place in range(stack.series) if mark[stack.start[place] : stack.start[place + 1]].any()]
    if not marked:
        return
    rows = np.concatenate([np.arange(stack.start[place], stack.start[place + 1]) for place in marked])
    part = _rows_of(stack, rows, [int(stack.start[place + 1] - stack.start[place]) for place in marked], mark[rows])
    _, again = replay(part, settings.of(marked))
    for field in fields(Judged):
        getattr(judged, field.name)[rows] = getattr(again, field.name)


def _marks(turn: _Turn, points: Points, known_at: NDArray[np.int64] | None) -> NDArray[np.uint8]:
    at = slice(turn.first, turn.end)
    mark = marks(points.time[at], points.value[at], turn.knowledge, None if known_at is None else known_at[at])
    return mark if points.mark is None else mark | points.mark[at]


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
        cases=None if points.cases is None else points.cases[rows],
    )
