"""A source's rows become points in the history."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple, TypeAlias

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from watchkeeper.domain.errors import WatchkeeperError
from watchkeeper.domain.metric import Metric, Source
from watchkeeper.domain.points import WITHHELD
from watchkeeper.domain.points import withheld as is_withheld
from watchkeeper.domain.texts import kept
from watchkeeper.domain.times import DAY, floor_to_step
from watchkeeper.learn.settle import LEAST_OVERLAP
from watchkeeper.sources.pipelined import Asked
from watchkeeper.sources.points import CASES, Together, TooManyRowsError, Withheld
from watchkeeper.sources.readers import ManyReader, Reader, reader_of
from watchkeeper.stores.history import History
from watchkeeper.stores.ledger import Ledger, series

BACKFILL_S = 365 * DAY
"""How far back a new metric is read where it does not say `since`."""
ROWS_TOGETHER = 250_000
"""So many points are stored in one go: a store's price is per go, much more than per point."""
FIRST_STEPS = 100
SLICE_ROWS, SLICE_S, FASTER = 250_000, 92 * DAY, 8
"""A long window is read in slices of about so many rows, and a quarter at most, so that no statement runs for hours and
no answer fills the memory. The first slice is short: it tells how long the next may be, up to so many times as long."""


def window(metric: Metric, newest: int | None, now: int, overlap: int = LEAST_OVERLAP) -> tuple[int, int]:
    """`[start, end)` still to be read, on the metric's own grid of periods; empty when start == end.

    So many periods already read are read again (`overlap`), for rows that came late.
    """
    since = metric.since_s if metric.since_s is not None else now - BACKFILL_S
    until = min(now - metric.settle_s, metric.until_s if metric.until_s is not None else now)
    start = since if newest is None else max(since, newest - (overlap - 1) * metric.step_s)
    start = floor_to_step(start, metric.step_s, metric.timezone)
    end = floor_to_step(until, metric.step_s, metric.timezone)
    return start, max(start, end)


class HeldBack(NamedTuple):
    """How many rows were withheld because their group was smaller than `min_group_size`, and the time of the newest."""

    rows: int
    newest: int


def held_back(times: NDArray[np.int64]) -> HeldBack | None:
    """The same of the times of withheld rows (seconds UTC); None where there are none."""
    return HeldBack(len(times), int(times.max())) if len(times) else None


def pull(
    ledger: Ledger,
    history: History,
    source: Source,
    metric: Metric,
    start: int,
    end: int,
    *,
    now: int,
) -> int:
    """Read `[start, end)` from the source into the history; returns how many points were new or different.

    Raises SourceError; what arrived before it stays, and reading again adds nothing twice.
    """
    intake = Intake(ledger, history, now)
    reader = reader_of(source)
    try:
        read(reader, metric, start, end, intake)
    finally:
        reader.close()
        intake.flush()
    return intake.changed


def read(
    reader: Reader,
    metric: Metric,
    start: int,
    end: int,
    intake: Intake,
    progress: Callable[[int], None] = lambda until: None,
) -> HeldBack | None:
    """Read `[start, end)` into the intake; returns what was withheld. Raises SourceError.

    `progress` hears up to when it was read (seconds UTC), slice by slice.
    """
    left, end = (floor_to_step(one, metric.step_s, metric.timezone) for one in (start, end))
    withheld: list[NDArray[np.int64]] = [np.empty(0, np.int64)]
    longest = SLICE_S
    length = min(FIRST_STEPS * metric.step_s, longest)
    while left < end:
        # Half a step more, because a day on the metric's clock may be an hour longer.
        right = min(end, floor_to_step(left + length + metric.step_s // 2, metric.step_s, metric.timezone))
        rows = 0
        try:
            for batch in reader.pull(metric, left, right):
                intake.take(metric, batch)
                rows += batch.num_rows
        except TooManyRowsError:
            if length <= metric.step_s:
                raise
            longest = length = min(length, right - left) // 2 // metric.step_s * metric.step_s or metric.step_s
            continue
        intake.hold_back((metric,), reader.withheld)
        withheld.append(reader.withheld.time)
        left = right
        progress(left)
        longer = length * min(FASTER, SLICE_ROWS / max(1, rows))
        length = max(metric.step_s, int(min(longer, longest)) // metric.step_s * metric.step_s)
    return held_back(np.concatenate(withheld))


def read_together(
    reader: ManyReader,
    asked: Sequence[Asked],
    intake: Intake,
    said: Callable[[Metric, HeldBack | None], None],
    failed: Callable[[WatchkeeperError], None],
) -> list[Asked]:
    """Read short windows of many metrics into the intake; returns what has to be read by itself.

    `said` hears what was withheld of each metric that was read, `failed` what failed of one. Raises SourceError where
    the source itself is not reached.
    """
    alone: list[Asked] = []
    for pulled in reader.pull_together(asked):
        for points in pulled.points:
            intake.take_together(points)
            intake.hold_back(points.metrics, points.withheld)
            for place, metric in enumerate(points.metrics):
                said(metric, held_back(points.withheld.time[points.withheld.owner == place]))
        for error in pulled.failed:
            failed(error)
        alone += pulled.alone
    return alone


class Intake:
    """Points on their way into the history: gathered from any number of metrics, and stored together.

    One thread uses it. `changed` counts the points stored so far that were new or different; `on_change` is called with
    the names of metrics whose points may have changed. With `dry_run` it only counts.
    """

    def __init__(
        self,
        ledger: Ledger,
        history: History,
        now: int,
        on_change: Callable[[str], None] = lambda metric: None,
        *,
        dry_run: bool = False,
    ) -> None:
        self._ledger = ledger
        self._history = history
        self._now = now
        self._on_change = on_change
        self._dry_run = dry_run
        self._waiting: list[_Waiting] = []
        self._rows = 0
        self.changed = 0

    def take(self, metric: Metric, batch: pa.RecordBatch) -> None:
        """Take a source's batch; it is stored when many are together, at the latest by `flush`."""
        columns = [batch.column(name) for name in metric.dimensions]
        value = batch.column("value").to_numpy(zero_copy_only=False).astype(np.float64)
        cases = None
        if CASES in batch.schema.names and CASES not in metric.dimensions:
            cases = batch.column(CASES).to_numpy(zero_copy_only=False)
        self._take((metric.name,), None, columns, np.asarray(batch.column("time"), dtype=np.int64), value, cases)

    def take_together(self, points: Together) -> None:
        """The same for points of many metrics."""
        names = [one.name for one in points.metrics]
        self._take(names, points.owner, points.names, points.time, points.value, points.cases)

    def hold_back(self, metrics: Sequence[Metric], withheld: Withheld) -> None:
        """Take what was withheld: of a series that was shown before, its point of that time is known as withheld.

        Of others nothing is kept, because their names may tell who is in the group.
        """
        names, value = [one.name for one in metrics], np.full(withheld.rows, WITHHELD)
        self._take(names, withheld.owner, withheld.names, withheld.time, value, are_withheld=True)

    def _take(
        self,
        metrics: Sequence[str],
        owner: NDArray[np.int64] | None,
        columns: Sequence[pa.Array],
        time: NDArray[np.int64],
        value: NDArray[np.float64],
        cases: NDArray[np.float64] | None = None,
        *,
        are_withheld: bool = False,
    ) -> None:
        if not len(time):
            return
        keys, place = _keys(metrics, owner, columns, len(time))
        self._waiting.append(_Waiting(keys, place, time, value, cases, are_withheld))
        self._rows += len(time)
        if self._rows >= ROWS_TOGETHER:
            self.flush()

    def flush(self) -> None:
        """Store what waits."""
        waiting, self._waiting, self._rows = self._waiting, [], 0
        if not waiting:
            return
        ids = self._series(
            {key for one in waiting if not one.are_withheld for key in one.keys},
            {key for one in waiting if one.are_withheld for key in one.keys},
        )
        # Of rows of one point the last counts: one that is shown.
        waiting.sort(key=lambda one: not one.are_withheld)
        series_of = [np.array([ids.get(key, _UNKNOWN) for key in one.keys], np.int32)[one.place] for one in waiting]
        owner, value = np.concatenate(series_of), np.concatenate([one.value for one in waiting])
        is_known = owner != _UNKNOWN
        cases = _together([(one.cases, len(one.time)) for one in waiting])
        changed = self._history.append(
            owner[is_known],
            np.concatenate([one.time for one in waiting])[is_known],
            value[is_known],
            known_at=self._now,
            cases=None if cases is None else cases[is_known],
            dry_run=self._dry_run,
        )
        # Series that a dry run would make have no numbers: all their points would be new.
        changed += int((~is_known & ~is_withheld(value)).sum())
        self.changed += changed
        if changed and not self._dry_run:
            for name in {metric for one in waiting for metric, _ in one.keys}:
                self._on_change(name)

    def _series(self, wanted: set[_Key], hidden: set[_Key]) -> dict[_Key, int]:
        """The ids of series, made where one is `wanted` and new; those only `hidden` are not made."""
        with self._ledger.read() as tx:
            known = series.ids_of(tx, {metric for metric, _ in wanted | hidden})
        new: dict[str, list[tuple[str, ...]]] = {}
        for metric, values in () if self._dry_run else sorted(wanted - known.keys()):
            new.setdefault(metric, []).append(values)
        if new:
            with self._ledger.write() as tx:
                for metric, made in new.items():
                    known |= {(metric, one.values): one.id for one in series.intern(tx, metric, made)}
        return known


_Key: TypeAlias = tuple[str, tuple[str, ...]]
"""A series by its metric and its dimension values."""
_UNKNOWN = -1


class _Waiting(NamedTuple):
    """Points: the distinct series `keys`, and for each point the `place` of its own there; all are withheld or none."""

    keys: list[_Key]
    place: NDArray[np.intp]
    time: NDArray[np.int64]
    value: NDArray[np.float64]
    cases: NDArray[np.float64] | None
    are_withheld: bool


def _together(cases: Sequence[tuple[NDArray[np.float64] | None, int]]) -> NDArray[np.float64] | None:
    """The cases of all parts, each of so many rows; None where they are known of none."""
    if all(one is None for one, _ in cases):
        return None
    return np.concatenate([np.full(rows, np.nan) if one is None else one for one, rows in cases])


def _keys(
    metrics: Sequence[str], owner: NDArray[np.int64] | None, columns: Sequence[pa.Array], rows: int
) -> tuple[list[_Key], NDArray[np.intp]]:
    """Which series each of the rows is of; row i is of `metrics[owner[i]]`, or all are of the one metric."""
    code, kinds = (np.zeros(rows, np.int64), 1) if owner is None else (owner, len(metrics))
    encoded = [column.dictionary_encode() for column in columns]
    for one in encoded:
        code = code * len(one.dictionary) + one.indices.to_numpy()
        code, first = _numbered(code, kinds * len(one.dictionary))
        kinds = len(first)
    place, first = _numbered(code, kinds)
    names = [metrics[0]] * len(first) if owner is None else [metrics[one] for one in owner[first].tolist()]
    values = [list(map(kept, one.dictionary.take(one.indices.take(pa.array(first))).to_pylist())) for one in encoded]
    return list(zip(names, zip(*values, strict=True) if values else [()] * len(first), strict=True)), place


def _numbered(code: NDArray[np.int64], kinds: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Codes below `kinds` numbered anew without gaps, in their order, and the first row of each."""
    if kinds > 4 * len(code):
        _, first, place = np.unique(code, return_index=True, return_inverse=True)
        return place, first
    rows = np.full(kinds, -1, np.intp)
    rows[code[::-1]] = np.arange(len(code) - 1, -1, -1)  # of rows with one code the first is written last
    is_there = rows >= 0
    return (np.cumsum(is_there) - 1)[code], rows[is_there]
