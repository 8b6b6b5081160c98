"""Judging on from checkpoints: the points since then of many metrics at once, and never the past again.

The outcome is that of judging the whole history (`judge.judge`), to the bit (tests/watch/test_online.py). What depends
on the past beyond the detector's state is told apart here, and that metric is judged whole: answers that are labels
move bars of the past too, a limit opens runs of its own, and a recurring event is judged against what its earlier
occurrences did. None matters to a point that is quiet: no label tells what lies more than `learn.DEEPEST` decades below
the budget's bar, a limit is not broken, and outside its occurrences a recurring event changes nothing.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from watchkeeper import detect, learn
from watchkeeper.detect import Judged, Mark, Points, SeriesSettings, ValueKind, told_score
from watchkeeper.domain.alert import Cause, Member
from watchkeeper.domain.feedback import SeriesKnowledge
from watchkeeper.domain.metric import Metric
from watchkeeper.domain.points import PointColumns, cases_at, shown
from watchkeeper.watch.borrowing import SIDE
from watchkeeper.watch.checkpoint import Checkpoint, OpenRun
from watchkeeper.watch.grid import Grids, Laid, Span, lay, withheld_marks
from watchkeeper.watch.incidents import Run
from watchkeeper.watch.judge import Judgement, beyond
from watchkeeper.watch.parts import Part, joined


@dataclass(frozen=True)
class Task:
    """One metric to be judged on from `start` to `until` (seconds); runs are wanted that were alive since `after`.

    `bar` is what each of its series has to reach; `knowledge` is what is known of those of which anything is;
    `is_hinted` says that answers on the owner's other metrics may raise it, or did. A task may be a part of a metric's
    series.
    """

    metric: Metric
    bar: float
    start: Checkpoint
    until: int
    after: int
    knowledge: Mapping[int, SeriesKnowledge]
    is_hinted: bool = False


class Advanced(NamedTuple):
    """A task done: its runs, and where judging now stands.

    `runs` is None where the metric must be judged whole, to know them; the checkpoint holds then too, but for its runs.
    `checkpoint` is None where judging cannot go on from here: a restart waits for its first value.
    """

    runs: list[Run] | None
    checkpoint: Checkpoint | None


def advance(tasks: Sequence[Task], points: PointColumns, batch: int, grids: Grids) -> list[Advanced]:
    """Judge each task's new points. All tasks are of one step; `points` holds their series in the order of the tasks,
    from each one's start on and before its end, of appends up to `batch`. The states of the tasks' starts are used up.
    """
    counts = [len(task.start.series) for task in tasks]
    edges = np.concatenate([[0], np.cumsum(counts)])
    spans = [_span(task, points, int(a), int(b)) for task, a, b in zip(tasks, edges[:-1], edges[1:], strict=True)]
    laid = lay(points, spans, counts, grids)
    settings = _settings(tasks, counts)
    mark = withheld_marks(laid.value)
    laid = laid._replace(value=shown(laid.value))
    mark, has_recurring, waits = _marks(tasks, laid, edges, mark)
    batch_of_points = Points(laid.start, laid.time, laid.value, laid.local, mark, laid.cases)
    before = joined([task.start.part for task in tasks], consume=True)
    state, judged = detect.replay(batch_of_points, settings, before, consume=True)
    bar = np.repeat([task.bar for task in tasks], counts)
    was_open = np.array(
        [
            any(run.cause is Cause.ANOMALY for run in task.start.runs.get(one, ()))
            for task in tasks
            for one in task.start.series
        ],
        np.bool_,
    )
    sight = _Sight(
        laid=laid,
        judged=judged,
        surprise=told_score(judged, batch_of_points),
        alert=detect.decide(judged, batch_of_points, settings, bar, was_open=was_open),
        silent=np.isnan(laid.value) & (judged.silence >= np.repeat(bar, np.diff(laid.start))),
    )
    lively = _lively(sight)
    done = []
    for number, task in enumerate(tasks):
        places = range(int(edges[number]), int(edges[number + 1]))
        runs, still_open = _runs(task, places, sight, lively)
        needs_all = (
            has_recurring[number]
            or waits[number]
            or _is_label_at_work(task, places, sight, was_open)
            or _is_limit_at_work(task, places, laid)
        )
        after = Checkpoint(
            metric=task.metric.name,
            key=task.start.key,
            until=task.until,
            batch=batch,
            anchor=spans[number].anchor if len(places) and spans[number].anchor < task.until else None,
            series=task.start.series,
            part=Part(state, places.start, len(places), task.metric.step_s),
            runs=still_open,
        )
        done.append(Advanced(None if needs_all else runs, None if waits[number] else after))
    return done


def after_judging(checkpoint: Checkpoint, judgement: Judgement) -> Checkpoint | None:
    """The checkpoint with the runs that a whole judgement leaves open; None where one of them was never seen, or where
    answers on another metric, which no checkpoint rests on, could yet open one.
    """
    if judgement.hushed:
        return None
    still_open: dict[int, tuple[OpenRun, ...]] = {}
    for run in judgement.runs(0):
        if run.member.is_open:
            still_open[run.member.series] = (*still_open.get(run.member.series, ()), _open(run.member))
    for place, one in enumerate(judgement.columns.series):
        rows = judgement.columns.of(place)
        holds = rows.stop > rows.start and bool(judgement.alert[rows.stop - 1])
        if holds != any(run.cause is Cause.ANOMALY for run in still_open.get(one, ())):
            return None
    return replace(checkpoint, runs=still_open)


def pieces(task: Task, count: int) -> Iterator[Task]:
    """The task as tasks of at most `count` series each."""
    start = task.start
    edges = [*range(0, len(start.series), count), len(start.series)]
    for first, last in pairwise(edges):
        own = start.series[first:last]
        runs = {one: start.runs[one] for one in own if one in start.runs}
        yield replace(task, start=replace(start, series=own, part=start.part.piece(first, last - first), runs=runs))


def merge(parts: Sequence[Advanced]) -> Advanced:
    """The parts of one metric as a whole."""
    if len(parts) == 1:
        return parts[0]
    runs: list[Run] | None = []
    for part in parts:
        runs = None if runs is None or part.runs is None else [*runs, *part.runs]
    points = [part.checkpoint for part in parts if part.checkpoint is not None]
    if len(points) < len(parts):
        return Advanced(runs, None)
    whole = replace(
        points[0],
        anchor=min((point.anchor for point in points if point.anchor is not None), default=None),
        batch=min(point.batch for point in points),
        series=tuple(one for point in points for one in point.series),
        part=Part.of(joined([point.part for point in points])),
        runs={one: open_ones for point in points for one, open_ones in point.runs.items()},
    )
    return Advanced(runs, whole)


class _Sight(NamedTuple):
    laid: Laid
    judged: Judged
    surprise: NDArray[np.float64]
    alert: NDArray[np.bool_]
    silent: NDArray[np.bool_]


def _span(task: Task, points: PointColumns, first: int, last: int) -> Span:
    """The periods to judge. A metric begins with the first point of any of its series."""
    metric, anchor = task.metric, task.start.anchor
    if anchor is None:
        rows = slice(int(points.start[first]), int(points.start[last]))
        anchor = int(points.time[rows].min()) if rows.stop > rows.start else task.until
    return Span(anchor, max(anchor, task.start.until), task.until, metric.step_s, metric.timezone)


def _settings(tasks: Sequence[Task], counts: Sequence[int]) -> SeriesSettings:
    """What series borrowed is in their state already."""
    metrics = [task.metric for task in tasks]
    return SeriesSettings(
        step=np.repeat([metric.step_s for metric in metrics], counts),
        kind=np.repeat([ValueKind[metric.kind.name] for metric in metrics], counts).astype(np.uint8),
        direction=np.repeat([SIDE[metric.direction] for metric in metrics], counts).astype(np.int8),
        min_absolute=np.repeat([metric.smallest_change for metric in metrics], counts),
        min_relative=np.repeat([metric.smallest_change_share for metric in metrics], counts),
    )


def _marks(
    tasks: Sequence[Task], laid: Laid, edges: NDArray[np.int64], mark: NDArray[np.uint8] | None
) -> tuple[NDArray[np.uint8] | None, list[bool], list[bool]]:
    """The kernel's marks, beside those there are; of which tasks new points lie in a recurring event, where the past
    decides; and of which a restart's first value has not come yet.
    """
    has_recurring, waits = [False] * len(tasks), [False] * len(tasks)
    for number, task in enumerate(tasks):
        for place, one in enumerate(task.start.series, int(edges[number])):
            known = task.knowledge.get(one)
            if known is None or not (known.events or known.void or known.restarts or known.recurring):
                continue
            rows = slice(int(laid.start[place]), int(laid.start[place + 1]))
            time, value, known_at = laid.time[rows], laid.value[rows], laid.known_at[rows]
            # A restart before the start has happened, at the first value after it.
            ahead = tuple(window for window in known.restarts if window.start >= task.start.until)
            own = learn.marks(time, value, msgspec.structs.replace(known, restarts=ahead), known_at)
            if mark is None:
                mark = np.zeros(len(laid.time), np.uint8)
            mark[rows] |= own
            recurring = learn.marks(time, value, SeriesKnowledge(recurring=known.recurring))
            is_present = np.isfinite(value) & ((own & np.uint8(Mark.VOID)) == 0)
            last = int(time[is_present][-1]) if is_present.any() else None
            has_recurring[number] |= bool(recurring.any())
            waits[number] |= any(
                window.start < task.until and (last is None or last < window.start) for window in ahead
            )
    return mark, has_recurring, waits


def _is_label_at_work(task: Task, places: range, sight: _Sight, was_open: NDArray[np.bool_]) -> bool:
    """Whether an answer could matter: the bar of a point that stands out depends on all that was said of its like."""
    has_labels = any(known.labels for known in task.knowledge.values())
    if not has_labels and not task.is_hinted:
        return False
    rows = slice(int(sight.laid.start[places.start]), int(sight.laid.start[places.stop]))
    with np.errstate(invalid="ignore"):
        # What was said of other metrics tells nothing that the budget would not.
        stands_out = bool((sight.surprise[rows] >= task.bar - (learn.DEEPEST if has_labels else 0.0)).any())
    return stands_out or bool(was_open[places.start : places.stop].any())


def _is_limit_at_work(task: Task, places: range, laid: Laid) -> bool:
    """Whether a limit opens a run or may hold one: the detector's own hysteresis knows nothing of it."""
    if task.metric.upper_limit is None and task.metric.lower_limit is None:
        return False
    rows = slice(int(laid.start[places.start]), int(laid.start[places.stop]))
    return bool(task.start.runs) or bool(beyond(task.metric, laid.value[rows]).any())


def _lively(sight: _Sight) -> NDArray[np.bool_]:
    """bool[S]: the series with anything to tell among their rows."""
    count = np.concatenate([[0], np.cumsum(sight.alert | sight.silent)])
    lively: NDArray[np.bool_] = count[sight.laid.start[1:]] > count[sight.laid.start[:-1]]
    return lively


def _runs(
    task: Task, places: range, sight: _Sight, lively: NDArray[np.bool_]
) -> tuple[list[Run], dict[int, tuple[OpenRun, ...]]]:
    runs: list[Run] = []
    still_open: dict[int, tuple[OpenRun, ...]] = {}
    before = task.start.runs
    if not before and not lively[places.start : places.stop].any():
        return runs, still_open
    for place, one in zip(places, task.start.series, strict=True):
        if not lively[place] and one not in before:
            continue
        for cause, flags in ((Cause.ANOMALY, sight.alert), (Cause.SILENCE, sight.silent)):
            earlier = next((run for run in before.get(one, ()) if run.cause is cause), None)
            for run, is_open in _of_series(one, place, cause, flags, earlier, sight, task.metric.step_s):
                if is_open:
                    still_open[one] = (*still_open.get(one, ()), run)
                if run.seen_end is not None and run.seen_end >= task.after:
                    runs.append(_told(one, run, task.metric.step_s, is_open=is_open))
    return runs, still_open


def _of_series(
    series: int,
    place: int,
    cause: Cause,
    flags: NDArray[np.bool_],
    earlier: OpenRun | None,
    sight: _Sight,
    step_s: int,
) -> list[tuple[OpenRun, bool]]:
    """The runs of one series in its new rows, the one from before gone on or ended; and whether each is open."""
    rows = slice(int(sight.laid.start[place]), int(sight.laid.start[place + 1]))
    flag, time, value = flags[rows], sight.laid.time[rows], sight.laid.value[rows]
    if not len(flag):
        return [] if earlier is None else [(earlier, True)]
    edges = np.flatnonzero(np.diff(np.r_[False, flag, False].astype(np.int8)))
    found: list[tuple[OpenRun, bool]] = []
    if earlier is not None and not flag[0]:
        found.append((earlier, False))
    for first, last in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
        known = earlier if first == 0 else None
        if cause is Cause.SILENCE:
            seen_end: int | None = int(time[last - 1]) + step_s
            evidence = sight.judged.silence[rows]
        else:
            present = np.flatnonzero(np.isfinite(value[first:last]))
            seen_end = int(time[first + present[-1]]) + step_s if len(present) else None
            evidence = sight.surprise[rows]
        peak = first + int(np.argmax(np.nan_to_num(evidence[first:last], nan=-np.inf)))
        silent = cause is Cause.SILENCE
        run = OpenRun(
            cause=cause,
            start=int(time[first]) if known is None else known.start,
            seen_end=seen_end if seen_end is not None or known is None else known.seen_end,
            peak_time=int(time[peak]),
            peak_score=float(evidence[peak]),
            value=math.nan if silent else float(value[peak]),
            expected=math.nan if silent else float(sight.judged.expected[rows][peak]),
            lower=math.nan if silent else float(sight.judged.lower[rows][peak]),
            upper=math.nan if silent else float(sight.judged.upper[rows][peak]),
            cases=None if silent else cases_at(sight.laid.cases, rows.start + peak),
        )
        if known is not None and not _rank(run.peak_score) > _rank(known.peak_score):
            run = msgspec.structs.replace(known, seen_end=run.seen_end)
        found.append((run, last == len(flag)))
    return found


def _rank(score: float) -> float:
    return -math.inf if math.isnan(score) else score


def _told(series: int, run: OpenRun, step_s: int, *, is_open: bool) -> Run:
    assert run.seen_end is not None
    member = Member(
        series=series,
        start=run.start,
        end=run.seen_end,
        is_open=is_open,
        cause=run.cause,
        peak_time=run.peak_time,
        peak_score=run.peak_score,
        value=run.value,
        expected=run.expected,
        lower=run.lower,
        upper=run.upper,
        cases=run.cases,
    )
    return Run(member=member, known_at=run.start + step_s, step_s=step_s)


def _open(member: Member) -> OpenRun:
    return OpenRun(
        cause=member.cause,
        start=member.start,
        seen_end=member.end,
        peak_time=member.peak_time,
        peak_score=member.peak_score,
        value=member.value,
        expected=member.expected,
        lower=member.lower,
        upper=member.upper,
        cases=member.cases,
    )
