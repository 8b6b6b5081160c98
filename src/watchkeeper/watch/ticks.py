"""A tick: every metric with a new period is judged on from its checkpoint, and what it does to the alerts is stored.

Checkpoints live in memory and are kept in the history now and then; after a crash judging goes on from the last one
kept, with a replay of the rest. A checkpoint rests on points, settings and answers: where one of these is other than it
was then (a late point, another setting, an answer), judging goes on from the newest one that still holds, or from the
first point.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from typing import NamedTuple, TypeVar

import numpy as np

from watchkeeper import learn
from watchkeeper.detect import Borrowed
from watchkeeper.domain.feedback import Feedback, SeriesKnowledge
from watchkeeper.domain.metric import Metric
from watchkeeper.stores.history import Changes, History, Kept
from watchkeeper.stores.ledger import Ledger, feedback, metrics, series, watermarks
from watchkeeper.watch import collect, online
from watchkeeper.watch.alerting import Looked, store
from watchkeeper.watch.borrowing import lend_to_new, lent_to, settings_of
from watchkeeper.watch.checkpoint import Checkpoint, kept, key_of, packed
from watchkeeper.watch.grid import Grids
from watchkeeper.watch.hints import may_hear
from watchkeeper.watch.judge import budget_bar, standing
from watchkeeper.watch.judgements import ROWS_AT_ONCE, Judgements
from watchkeeper.watch.leases import Leases
from watchkeeper.watch.online import Advanced, Task
from watchkeeper.watch.retention import cleared
from watchkeeper.watch.settling import judged_after

SERIES_AT_ONCE = 20_000
"""How many series are judged in one go, and share a state then."""
KEPT_AT_ONCE, SERIES_KEPT_AT_ONCE = 2_000, 5_000
"""How many checkpoints, of how many series, are written or read in one go: bounds the memory, about 100 MB."""
KEEP_EVERY_STEPS = 48
"""A metric's checkpoint is kept each so many periods; that much is judged again after a crash."""


class _Due(NamedTuple):
    """A metric with a period to judge: from its watermark `mark` (None: never judged) to `until`.

    Where a point came late, `mark` is its time.
    """

    metric: Metric
    series: tuple[int, ...]
    mark: int | None
    until: int
    key: str
    knowledge: dict[int, SeriesKnowledge]
    lent: dict[int, Borrowed]
    cleared_at: int
    is_hinted: bool

    def back_to(self, time: int) -> _Due:
        """The same with what is told of it from an earlier time on."""
        return self if self.mark is None else self._replace(mark=min(self.mark, time))

    def at_start(self) -> Checkpoint:
        """Before its first point."""
        settings = settings_of(self.metric, self.series, self.lent) if self.lent else None
        return Checkpoint.at_start(self.metric, self.key, self.series, settings)


class Ticks:
    """Judges what is due, and remembers where it stands. One thread at a time calls it."""

    def __init__(self, ledger: Ledger, history: History, judgements: Judgements, leases: Leases | None = None) -> None:
        self._ledger = ledger
        self._leases = leases or Leases(ledger, is_shared=False)
        self._history = history
        self._judgements = judgements
        self._live: dict[str, Checkpoint] = {}
        self._kept_until: dict[str, int] = {}

    def advance(
        self,
        now: int,
        progress: Callable[[str], None],
        busy: Collection[str] = frozenset(),
        only: Collection[str] | None = None,
    ) -> int:
        """Judge what lies past each watermark, and store what it does to the alerts; returns how many opened.

        Metrics in `busy` are being read: they wait, because what is not here yet would look missing. With `only` the
        past of these metrics is judged anew, up to where they were judged, and no others are.
        """
        found = self._due(now, only)
        due = [one for one in found if one.metric.name not in busy and self._leases.is_mine(one.metric.family)]
        if not due:
            return 0
        due = self._lend(due, now)
        progress(f"judging {due[0].metric.label if len(due) == 1 else f'{len(due):,} metrics'}")
        starts = self._starts(due)
        for one in due:  # judging uses them up: what is not stored in the end is judged from a kept one again
            self._live.pop(one.metric.name, None)
        looked: list[Looked] = []
        reached: list[Checkpoint] = []
        for one, done in self._judge(due, starts):
            runs, checkpoint = done.runs, done.checkpoint
            if runs is None:
                judgement = self._judgements.of(one.metric, one.until)
                runs = judgement.runs(one.mark or 0)
                checkpoint = None if checkpoint is None else online.after_judging(checkpoint, judgement)
            looked.append(Looked(one.metric, one.series, runs, one.until))
            if checkpoint is not None:
                reached.append(checkpoint)
        opened = store(self._ledger, looked, now, self._leases.still_mine)
        self._live.update({one.metric: one for one in reached})
        self._keep([one for one in reached if self._is_time_to_keep(one)])
        return opened

    def keep_all(self) -> None:
        """Keep every checkpoint that is newer than the one kept: the next process goes on from here."""
        self._keep([one for one in self._live.values() if self._kept_until.get(one.metric) != one.until])

    def forget(self, names: Iterable[str]) -> None:
        """Old points of these metrics went: judging goes on from the first that is left, as a replay would."""
        for name in names:
            self._live.pop(name, None)
            self._kept_until.pop(name, None)
            self._judgements.forget(name)

    def _due(self, now: int, only: Collection[str] | None = None) -> list[_Due]:
        with self._ledger.read() as tx:
            known = metrics.metrics(tx)
            marks = watermarks.all_of(tx)
            if only is None:
                until = {one.name: collect.window(one, None, now)[1] for one in judged_after(tx, known)}
                waiting = [one for one in known if marks.get(one.name) is None or until[one.name] > marks[one.name]]
            else:  # not on: what is not read yet would look missing
                until = marks
                waiting = [one for one in known if one.name in only and one.name in marks]
            if not waiting:
                return []
            members = series.by_metric(tx)
            log = feedback.log(tx)
            ids = {one.name: tuple(member.id for member in members.get(one.name, ())) for one in waiting}
            lent = lent_to(tx, [one for each in ids.values() for one in each])
            gone = cleared(tx)
            hinted = may_hear(tx, waiting, ids)
        knowledge = _known(waiting, ids, log)
        return [
            _Due(
                one,
                ids[one.name],
                marks.get(one.name),
                until[one.name],
                key_of(one, ids[one.name], knowledge.get(one.name, {}), lent, gone.get(one.name, 0)),
                knowledge.get(one.name, {}),
                {each: lent[each] for each in ids[one.name] if each in lent},
                gone.get(one.name, 0),
                one.name in hinted,
            )
            for one in waiting
        ]

    def _lend(self, due: Sequence[_Due], now: int) -> list[_Due]:
        """The same, where series that are new since a metric was last judged borrow of those that it had."""
        before = {one.metric.name: self._live[one.metric.name] for one in due if one.metric.name in self._live}
        before |= self._newest([one for one in due if one.metric.name not in before and one.mark is not None])
        found = []
        for one in due:
            known = before.get(one.metric.name)
            if known is not None and not set(one.series) <= set(known.series):
                with self._ledger.write() as tx:
                    lent = lend_to_new(tx, one.metric, one.series, known, now)
                one = one._replace(lent=lent, key=key_of(one.metric, one.series, one.knowledge, lent, one.cleared_at))
            found.append(one)
        return found

    def _newest(self, due: Sequence[_Due]) -> dict[str, Checkpoint]:
        """The newest kept checkpoint of each metric of several series, whatever it rests on, where it can be read."""
        found: dict[str, Checkpoint] = {}
        for some in _few([one for one in due if len(one.series) > 1]):
            for name, known in self._history.kept([one.metric.name for one in some]).items():
                made = _made(known[0]) if known else None
                if made is not None:
                    found[name] = made
        return found

    def _starts(self, due: Sequence[_Due]) -> dict[str, Checkpoint]:
        """Where judging goes on, by metric: the newest checkpoint that holds."""
        starts = {
            one.metric.name: self._live[one.metric.name]
            for one in due
            if one.metric.name in self._live and _holds(self._live[one.metric.name], one)
        }
        starts |= self._kept([one for one in due if one.metric.name not in starts and one.mark is not None])
        return {one.metric.name: starts.get(one.metric.name) or one.at_start() for one in due}

    def _kept(self, due: Sequence[_Due], before: dict[str, int] | None = None) -> dict[str, Checkpoint]:
        """The newest kept checkpoint that holds of each metric (and knows no point from `before` on)."""
        found: dict[str, Checkpoint] = {}
        for some in _few(due):
            found |= self._kept_few(some, before)
        return found

    def _kept_few(self, due: Sequence[_Due], before: dict[str, int] | None) -> dict[str, Checkpoint]:
        found: list[Checkpoint] = []
        known = self._history.kept([one.metric.name for one in due])
        for one in due:
            for each in known.get(one.metric.name, ()):
                if before is not None and each.until > before[one.metric.name]:
                    continue
                made = _made(each)
                if made is not None and _holds(made, one):
                    found.append(made)
                    self._kept_until.setdefault(one.metric.name, each.until)
                    break
        return {one.metric: one for one in packed(found)}

    def _judge(self, due: Sequence[_Due], starts: dict[str, Checkpoint]) -> Iterator[tuple[_Due, Advanced]]:
        """Each metric judged on, many at once: those of one step together, as far as memory allows."""
        grids = Grids()
        by_step: dict[int, list[_Due]] = {}
        for one in due:
            by_step.setdefault(one.metric.step_s, []).append(one)
        for members in by_step.values():
            parts: dict[str, list[Advanced]] = {one.metric.name: [] for one in members}
            late = self._judge_tasks([_task(one, starts[one.metric.name]) for one in members], parts, grids)
            again = [one for one in members if one.metric.name in late]
            found = self._kept([one for one in again if one.mark is not None], late)
            # What came late may have made something of a time that was judged quiet: its runs are told from there on.
            again = [one.back_to(late[one.metric.name]) for one in again]
            later = self._judge_tasks(
                [_task(one, found.get(one.metric.name) or one.at_start()) for one in again], parts, grids
            )
            # What came late while we read is later still, and from the first point on nothing is.
            last = [one.back_to(later[one.metric.name]) for one in again if one.metric.name in later]
            self._judge_tasks([_task(one, one.at_start()) for one in last], parts, grids)
            as_judged = {one.metric.name: one for one in (*members, *again, *last)}
            for one in as_judged.values():
                yield one, online.merge(parts[one.metric.name])

    def _judge_tasks(self, tasks: Sequence[Task], parts: dict[str, list[Advanced]], grids: Grids) -> dict[str, int]:
        """Judge tasks of one step into `parts`; returns the metrics left out because of a late point, and its time."""
        late: dict[str, int] = {}
        for pieces in _grouped(piece for task in tasks for piece in _pieces(task)):
            group = [piece for piece in pieces if piece.metric.name not in late]
            changes = self._changes(group)
            while changes.late:
                owner = {one: task.metric.name for task in group for one in task.start.series}
                for one, time in changes.late.items():
                    late[owner[one]] = min(time, late.get(owner[one], time))
                group = [piece for piece in group if piece.metric.name not in late]
                changes = self._changes(group)
            done = online.advance(group, changes.columns, changes.batch, grids) if group else []
            for task, advanced in zip(group, done, strict=True):
                parts[task.metric.name].append(advanced)
        for name in late:
            parts[name].clear()
        return late

    def _changes(self, tasks: Sequence[Task]) -> Changes:
        sizes = [len(task.start.series) for task in tasks]
        return self._history.changes(
            np.array([one for task in tasks for one in task.start.series], np.int32),
            np.repeat(np.array([task.start.until for task in tasks], np.int64), sizes),
            np.repeat(np.array([task.start.batch for task in tasks], np.int64), sizes),
            np.repeat(np.array([task.until for task in tasks], np.int64), sizes),
        )

    def _is_time_to_keep(self, reached: Checkpoint) -> bool:
        before = self._kept_until.get(reached.metric)
        if before is None or reached.until <= before:
            return True
        # Metrics take turns, so that no tick has to write all of them.
        step_s = reached.part.step_s
        turn = zlib.crc32(reached.metric.encode()) % KEEP_EVERY_STEPS
        passed = reached.until // step_s
        return (passed - turn) // KEEP_EVERY_STEPS > (before // step_s - turn) // KEEP_EVERY_STEPS

    def _keep(self, checkpoints: Sequence[Checkpoint]) -> None:
        for some in _few(checkpoints):
            self._history.keep(list(kept(some)))
            self._kept_until.update({one.metric: one.until for one in some})


_Many = TypeVar("_Many", _Due, Checkpoint)


def _known(
    due: Sequence[Metric], ids: dict[str, tuple[int, ...]], log: Sequence[Feedback]
) -> dict[str, dict[int, SeriesKnowledge]]:
    """What is known of the series of each metric, where anything is."""
    from_configuration: dict[int, SeriesKnowledge] = {}
    for one in due:
        from_configuration |= standing(one, ids[one.name])
    knowledge = learn.fold(log, from_configuration)
    owner = {each: name for name, members in ids.items() for each in members}
    found: dict[str, dict[int, SeriesKnowledge]] = {}
    for each in sorted(knowledge.series()):
        if each in owner:
            found.setdefault(owner[each], {})[each] = knowledge.of(each)
    return found


def _made(found: Kept) -> Checkpoint | None:
    return Checkpoint.from_bytes(found.data, metric=found.metric, key=found.key, until=found.until, batch=found.batch)


def _holds(checkpoint: Checkpoint, due: _Due) -> bool:
    """It rests on what is so today, and nothing past it was stored that it would tell anew."""
    is_before = due.mark is not None and checkpoint.until <= due.mark
    return is_before and checkpoint.key == due.key and checkpoint.series == due.series


def _task(due: _Due, start: Checkpoint) -> Task:
    bar = budget_bar(due.metric, len(due.series))
    return Task(due.metric, bar, start, due.until, due.mark or 0, due.knowledge, due.is_hinted)


def _rows(task: Task) -> int:
    """How many rows a series of the task has, at most."""
    metric = task.metric
    first = metric.since_s if metric.since_s is not None else task.until - collect.BACKFILL_S
    return max(1, (task.until - max(first, task.start.until)) // metric.step_s)


def _pieces(task: Task) -> Iterator[Task]:
    """A task in pieces of a size that memory bears: a metric of very many series is judged some series at a time."""
    count = min(SERIES_AT_ONCE, max(1, ROWS_AT_ONCE // _rows(task)))
    return iter([task]) if len(task.start.series) <= count else online.pieces(task, count)


def _few(those: Sequence[_Many]) -> Iterator[Sequence[_Many]]:
    """So many of them as are read or written in one go."""
    first = count = 0
    for place, one in enumerate(those):
        if place > first and (place - first == KEPT_AT_ONCE or count + len(one.series) > SERIES_KEPT_AT_ONCE):
            yield those[first:place]
            first, count = place, 0
        count += len(one.series)
    if first < len(those):
        yield those[first:]


def _grouped(pieces: Iterable[Task]) -> Iterator[list[Task]]:
    """Pieces that are judged in one go."""
    group: list[Task] = []
    rows = count = 0
    for piece in pieces:
        series = len(piece.start.series)
        own = series * _rows(piece)
        if group and (rows + own > ROWS_AT_ONCE or count + series > SERIES_AT_ONCE):
            yield group
            group, rows, count = [], 0, 0
        group.append(piece)
        rows += own
        count += series
    if group:
        yield group
