"""Judgements of metrics under the log as it stands, kept until points or answers change them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from threading import RLock

from sqlalchemy import Connection

from watchkeeper import learn
from watchkeeper.detect import Borrowed
from watchkeeper.domain.feedback import Feedback
from watchkeeper.domain.metric import Metric, Series
from watchkeeper.learn import Hint
from watchkeeper.stores.history import History
from watchkeeper.stores.ledger import Ledger, feedback, metrics, series, watermarks
from watchkeeper.watch.borrowing import lent_to
from watchkeeper.watch.collect import BACKFILL_S
from watchkeeper.watch.hints import heard_by
from watchkeeper.watch.judge import Judgement, judge

MOST_ROWS = 3_000_000
"""How many judged points are remembered, of the metrics looked at last: about 300 MB."""
ROWS_AT_ONCE = 500_000
"""How many points are judged in one go where not all have to be together: bounds the memory, about 100 MB."""


class Judgements:
    """Judges metrics from history, whole; remembers the last answers until told to `forget` them."""

    def __init__(self, ledger: Ledger, history: History) -> None:
        self._ledger = ledger
        self._history = history
        self._kept: dict[str, tuple[int, Judgement]] = {}
        self._lock = RLock()
        self._forgotten: dict[str | None, int] = {}

    def of(self, metric: Metric, until: int | None = None) -> Judgement:
        """The metric under all answers in force, judged up to `until` (default: its watermark)."""
        with self._lock:
            with self._ledger.read() as tx:
                end = until if until is not None else watermarks.get(tx, metric.name) or 0
                kept = self._kept.get(metric.name)
                if kept is not None and kept[0] == end and kept[1].metric == metric:
                    self._kept[metric.name] = self._kept.pop(metric.name)  # looked at last
                    return kept[1]
                members = tuple(series.of_metric(tx, metric.name))
                log = feedback.log(tx)
                lent = lent_to(tx, [one.id for one in members])
                hints = _hints(tx, metric, members, log)
            judgement = self._judge(metric, members, log, end, lent, hints)
            self._remember(metric.name, end, judgement)
            return judgement

    def pieces(self, metric: Metric) -> Iterator[Judgement]:
        """What `of` finds; some series at a time where that is more than is remembered, and nobody's label on one of
        them speaks of the others.
        """
        with self._ledger.read() as tx:
            end = watermarks.get(tx, metric.name) or 0
            members = tuple(series.of_metric(tx, metric.name))
            log = feedback.log(tx)
            lent = lent_to(tx, [one.id for one in members])
            hints = _hints(tx, metric, members, log)
        first = metric.since_s if metric.since_s is not None else end - BACKFILL_S
        periods = max(1, (end - first) // metric.step_s)
        said = learn.fold(log)
        if len(members) * periods <= MOST_ROWS or hints or any(said.of(one.id).labels for one in members):
            yield self.of(metric)
            return
        count = max(1, ROWS_AT_ONCE // periods)
        for first in range(0, len(members), count):
            some = members[first : first + count]
            columns = self._history.read(tuple(one.id for one in some), end=end)
            yield judge(metric, some, columns, log, end, lent, sharing=len(members))

    def under(self, metric: Metric, log: Sequence[Feedback]) -> Judgement:
        """The metric under another log, or set otherwise: what an answer or a setting would change. Never kept."""
        with self._lock, self._ledger.read() as tx:
            end = watermarks.get(tx, metric.name) or 0
            members = tuple(series.of_metric(tx, metric.name))
            lent = lent_to(tx, [one.id for one in members])
            hints = _hints(tx, metric, members, log)
            kept = self._kept.get(metric.name)
        if kept is not None and kept[0] == end and kept[1].series == members:
            # The same points: no need to read them again.
            return judge(metric, members, kept[1].columns, log, end, lent, hints=hints)
        return self._judge(metric, members, log, end, lent, hints)

    def of_series(self, series_ids: Sequence[int]) -> dict[int, Judgement]:
        """The judgement that holds each series, by series id."""
        with self._ledger.read() as tx:
            by_metric: dict[str, list[Series]] = {}
            for one in series.by_id(tx, sorted(set(series_ids))):
                by_metric.setdefault(one.metric, []).append(one)
            found = {name: metrics.record(tx, name) for name in by_metric}
        judged = {name: self.of(metric) for name, metric in found.items()}
        return {one.id: judged[name] for name, members in by_metric.items() for one in members}

    def stamp(self, metric: str) -> int:
        """A number that grows whenever points or answers may have changed what is found of a metric."""
        with self._lock:
            return self._forgotten.get(None, 0) + self._forgotten.get(metric, 0)

    def forget(self, metric: str | None = None) -> None:
        """Points or answers changed: judge anew when next asked."""
        with self._lock:
            self._forgotten[metric] = self._forgotten.get(metric, 0) + 1
            if metric is None:
                self._kept.clear()
            else:
                self._kept.pop(metric, None)

    def _remember(self, name: str, end: int, judgement: Judgement) -> None:
        self._kept.pop(name, None)
        self._kept[name] = (end, judgement)
        rows = sum(len(one.columns.time) for _, one in self._kept.values())
        while rows > MOST_ROWS and len(self._kept) > 1:
            rows -= len(self._kept.pop(next(iter(self._kept)))[1].columns.time)

    def _judge(
        self,
        metric: Metric,
        members: tuple[Series, ...],
        log: Sequence[Feedback],
        until: int,
        lent: Mapping[int, Borrowed],
        hints: tuple[Hint, ...],
    ) -> Judgement:
        columns = self._history.read(tuple(one.id for one in members), end=until)
        return judge(metric, members, columns, log, until, lent, hints=hints)


def _hints(tx: Connection, metric: Metric, members: Sequence[Series], log: Sequence[Feedback]) -> tuple[Hint, ...]:
    """What the log says of the owner's other metrics."""
    return heard_by(tx, [metric], {metric.name: [one.id for one in members]}, log).get(metric.name, ())
