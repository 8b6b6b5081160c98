"""A source's rows become points in the history."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple, TypeAlias

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from watchkeeper.domain.errors import WatchkeeperError
from watchkeeper.domain.metric import Metric, Source
from watchkeeper.domain.times import DAY, floor_to_step
from watchkeeper.sources.pipelined import Asked
from watchkeeper.sources.points import Together, TooManyRowsError
from watchkeeper.sources.readers import ManyReader, Reader, reader_of
from watchkeeper.stores.history import History
from watchkeeper.stores.ledger import Ledger, series

BACKFILL_S = 365 * DAY
"""How far back a new metric is read where it does not say `since`."""
OVERLAP_STEPS = 3
"""Periods already read that are read again each time, for rows that came late."""
ROWS_TOGETHER = 250_000
"""So many points are stored in one go: a store's price is per go, much more than per point."""
FIRST_STEPS = 100
SLICE_ROWS, SLICE_S, FASTER = 250_000, 92 * DAY, 8
"""A long window is read in slices of about so many rows, and a quarter at most, so that no statement runs for hours and
no answer fills the memory. The first slice is short: it tells how long the next may be, up to so many times as long."""


def window(metric: Metric, newest: int | None, now: int) -> tuple[int, int]:
    """`[start, end)` still to be read, on the metric's own grid of periods; empty when start == end."""
    since = metric.since_s if metric.since_s is not None else now - BACKFILL_S
    until = min(now - metric.settle_s, metric.until_s if metric.until_s is not None else now)
    start = since if newest is None else max(since, newest - OVERLAP_STEPS * metric.step_s)
    start = floor_to_step(start, metric.step_s, metric.timezone)
    end = floor_to_step(until, metric.step_s, metric.timezone)
    return start, max(start, end)


class Pulled(NamedTuple):
    """Points new or different, and rows withheld because their group was smaller than `min_group_size`."""

    changed: int
    withheld: int


def pull(
    ledger: Ledger,
    history: History,
    source: Source,
    metric: Metric,
    start: int,
    end: int,
    *,
    now: int,
    progress: Callable[[int], None] = lambda rows: None,
) -> Pulled:
    """Read `[start, end)` from the source into the history.

    Raises SourceError; what arrived before it stays, and reading again adds nothing twice.
    """
    intake = Intake(ledger, history, now)
    reader = reader_of(source)
    try:
        withheld = read(reader, metric, start, end, intake, progress)
    finally:
        reader.close()
        intake.flush()
    return Pulled(intake.changed, withheld)


def read(
    reader: Reader,
    metric: Metric,
    start: int,
    end: int,
    intake: Intake,
    progress: Callable[[int], None] = lambda rows: None,
) -> int:
    """Read `[start, end)` into the intake; returns how many rows were withheld. Raises SourceError."""
    left, end = (floor_to_step(one, metric.step_s, metric.timezone) for one in (start, end))
    withheld = 0
    longest = SLICE_S
    length = min(FIRST_STEPS * metric.step_s, longest)
    while left < end:
        # Half a step more, because a day on the metric's clock may be an hour longer.
        right = min(end, floor_to_step(left + length + metric.step_s // 2, metric.step_s, metric.timezone))
        rows = 0
        try:
            for batch in reader.pull(metric, left, right):
                intake.take(metric, batch)
                progress(batch.num_rows)
                rows += batch.num_rows
        except TooManyRowsError:
            if length <= metric.step_s:
                raise
            longest = length = min(length, right - left) // 2 // metric.step_s * metric.step_s or metric.step_s
            continue
        withheld += reader.withheld
        left = right
        longer = length * min(FASTER, SLICE_ROWS / max(1, rows))
        length = max(metric.step_s, int(min(longer, longest)) // metric.step_s * metric.step_s)
    return withheld


def read_together(
    reader: ManyReader,
    asked: Sequence[Asked],
    intake: Intake,
    said: Callable[[Metric, int], None],
    failed: Callable[[WatchkeeperError], None],
) -> list[Asked]:
    """Read short windows of many metrics into the intake; returns what has to be read by itself.

    `said` hears how many rows of a metric were withheld, `failed` what failed of one. Raises SourceError where the
    source itself is not reached.
    """
    alone: list[Asked] = []
    for pulled in reader.pull_together(asked):
        for points in pulled.points:
            intake.take_together(points)
            for place in np.flatnonzero(points.withheld).tolist():
                said(points.metrics[place], int(points.withheld[place]))
        for error in pulled.failed:
            failed(error)
        alone += pulled.alone
    return alone


class Intake:
    """Points on their way into the history: gathered from any number of metrics, and stored together.

    One thread uses it. `changed` counts the points stored so far that were new or different; `on_change` is called with
    the names of metrics whose points may have changed.
    """

    def __init__(
        self,
        ledger: Ledger,
        history: History,
        now: int,
        on_change: Callable[[str], None] = lambda metric: None,
    ) -> None:
        self._ledger = ledger
        self._history = history
        self._now = now
        self._on_change = on_change
        self._waiting: list[_Waiting] = []
        self._rows = 0
        self.changed = 0

    def take(self, metric: Metric, batch: pa.RecordBatch) -> None:
        """Take a source's batch; it is stored when many are together, at the latest by `flush`."""
        columns = [batch.column(name) for name in metric.dimensions]
        value = batch.column("value").to_numpy(zero_copy_only=False).astype(np.float64)
        self._take((metric.name,), None, columns, np.asarray(batch.column("time"), dtype=np.int64), value)

    def take_together(self, points: Together) -> None:
        """The same for points of many metrics."""
        self._take([one.name for one in points.metrics], points.owner, points.names, points.time, points.value)

    def _take(
        self,
        metrics: Sequence[str],
        owner: NDArray[np.int64] | None,
        columns: Sequence[pa.Array],
        time: NDArray[np.int64],
        value: NDArray[np.float64],
    ) -> None:
        if not len(time):
            return
        keys, place = _keys(metrics, owner, columns, len(time))
        self._waiting.append(_Waiting(keys, place, time, value))
        self._rows += len(time)
        if self._rows >= ROWS_TOGETHER:
            self.flush()

    def flush(self) -> None:
        """Store what waits."""
        waiting, self._waiting, self._rows = self._waiting, [], 0
        if not waiting:
            return
        ids = self._series({key for one in waiting for key in one.keys})
        series_of = [np.array([ids[key] for key in one.keys], np.int32)[one.place] for one in waiting]
        changed = self._history.append(
            np.concatenate(series_of),
            np.concatenate([one.time for one in waiting]),
            np.concatenate([one.value for one in waiting]),
            known_at=self._now,
        )
        if changed:
            self.changed += changed
            for name in {metric for one in waiting for metric, _ in one.keys}:
                self._on_change(name)

    def _series(self, wanted: set[_Key]) -> dict[_Key, int]:
        with self._ledger.read() as tx:
            known = series.ids_of(tx, {metric for metric, _ in wanted})
        new: dict[str, list[tuple[str, ...]]] = {}
        for metric, values in sorted(wanted - known.keys()):
            new.setdefault(metric, []).append(values)
        if new:
            with self._ledger.write() as tx:
                for metric, made in new.items():
                    known |= {(metric, one.values): one.id for one in series.intern(tx, metric, made)}
        return known


_Key: TypeAlias = tuple[str, tuple[str, ...]]
"""A series by its metric and its dimension values."""


class _Waiting(NamedTuple):
    """Points: the distinct series `keys`, and for each point the `place` of its own there."""

    keys: list[_Key]
    place: NDArray[np.intp]
    time: NDArray[np.int64]
    value: NDArray[np.float64]


def _keys(
    metrics: Sequence[str], owner: NDArray[np.int64] | None, columns: Sequence[pa.Array], rows: int
) -> tuple[list[_Key], NDArray[np.intp]]:
    """Which series each of the rows is of; row i is of `metrics[owner[i]]`, or all are of the one metric."""
    code = np.zeros(rows, np.int64) if owner is None else owner
    encoded = [column.dictionary_encode() for column in columns]
    for one in encoded:
        code = code * len(one.dictionary) + one.indices.to_numpy()
        code = np.unique(code, return_inverse=True)[1]
    _, first, place = np.unique(code, return_index=True, return_inverse=True)
    names = [metrics[0]] * len(first) if owner is None else [metrics[one] for one in owner[first].tolist()]
    values = [one.dictionary.take(one.indices.take(pa.array(first))).to_pylist() for one in encoded]
    return list(zip(names, zip(*values, strict=True) if values else [()] * len(first), strict=True)), place
