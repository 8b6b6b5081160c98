"""A source's rows become points in the history."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from watchkeeper.domain.metric import Metric, Source
from watchkeeper.domain.times import DAY, floor_to_step
from watchkeeper.sources.points import TooManyRowsError
from watchkeeper.sources.readers import reader_of
from watchkeeper.stores.history import History
from watchkeeper.stores.ledger import Ledger, series

BACKFILL_S = 365 * DAY
"""How far back a new metric is read where it does not say `since`."""
OVERLAP_STEPS = 3
"""Periods already read that are read again each time, for rows that came late."""
SLICE_S = 92 * DAY
"""A long window is read in slices of about a quarter, so that no single statement runs for hours."""


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
    reader = reader_of(source)
    changed = withheld = 0
    # Slices still to be read, the earliest last; one whose answer has too many rows is read in halves.
    slices = [(left, min(end, left + SLICE_S)) for left in range(start, end, SLICE_S)][::-1]
    try:
        while slices:
            left, right = (floor_to_step(one, metric.step_s, metric.timezone) for one in slices.pop())
            try:
                for batch in reader.pull(metric, left, right):
                    changed += _keep(ledger, history, metric, batch, now)
                    progress(batch.num_rows)
            except TooManyRowsError:
                middle = floor_to_step((left + right) // 2, metric.step_s, metric.timezone)
                if not left < middle < right:
                    raise
                slices += [(middle, right), (left, middle)]
                continue
            withheld += reader.withheld
    finally:
        reader.close()
    return Pulled(changed, withheld)


def _keep(ledger: Ledger, history: History, metric: Metric, batch: pa.RecordBatch, now: int) -> int:
    if not batch.num_rows:
        return 0
    ids = np.zeros(batch.num_rows, dtype=np.int32)
    columns = [batch.column(name).to_pylist() for name in metric.dimensions]
    keys = list(zip(*columns, strict=True)) if columns else [()] * batch.num_rows
    distinct = sorted(set(keys))
    with ledger.write() as tx:
        known = {one.values: one.id for one in series.intern(tx, metric.name, distinct)}
    ids[:] = [known[key] for key in keys]
    time = np.asarray(batch.column("time"), dtype=np.int64)
    value = batch.column("value").to_numpy(zero_copy_only=False).astype(np.float64)
    return history.append(ids, time, value, known_at=now)
