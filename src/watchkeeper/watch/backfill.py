"""Gaps are filled again from the source: a window of the past is read once more, kept, and judged anew.

What was told of the past stays told. Alerts that the new points raise are stored; nobody is woken about what is over.
"""

from __future__ import annotations

from collections.abc import Callable
from threading import RLock

import msgspec

from watchkeeper.domain.errors import InputError
from watchkeeper.domain.metric import Metric, SourceKind
from watchkeeper.domain.times import floor_to_step, format_instant
from watchkeeper.sources.readers import reader_of
from watchkeeper.stores.history import History
from watchkeeper.stores.ledger import Ledger, audit, metrics
from watchkeeper.watch import collect
from watchkeeper.watch.judgements import Judgements
from watchkeeper.watch.leases import Leases
from watchkeeper.watch.settling import settled
from watchkeeper.watch.ticks import Ticks


class Backfilled(msgspec.Struct, frozen=True, kw_only=True):
    """What reading `[start, end)` (seconds UTC) of a metric again gave: points new or different, rows withheld, and how
    many alerts opened. `is_judged` is false where nothing was kept, or another server judges the metric.
    """

    metric: str
    start: int
    end: int
    changed: int
    withheld: int
    opened: int
    is_judged: bool


class Backfills:
    """Reads the past again. Methods may be called from any thread."""

    def __init__(
        self,
        ledger: Ledger,
        history: History,
        judgements: Judgements,
        ticks: Ticks,
        leases: Leases,
        writing: RLock,
        clock: Callable[[], float],
    ) -> None:
        self._ledger = ledger
        self._history = history
        self._judgements = judgements
        self._ticks = ticks
        self._leases = leases
        self._writing = writing
        self._clock = clock

    def fill(
        self,
        name: str,
        start: int,
        end: int | None,
        by: str,
        *,
        dry_run: bool = False,
        progress: Callable[[int], None] = lambda until: None,
    ) -> Backfilled:
        """Read `[start, end)` (seconds UTC; None: up to now) of a metric again, and judge it anew: the whole periods of
        the window that are over, which may be none.

        `progress` hears up to when it was read. With `dry_run` the source is read and nothing is kept. Safe to repeat
        and to kill. Raises NotFoundError, InputError for a window or a metric that cannot be read, SourceError (what
        was read before it stays).
        """
        now = int(self._clock())
        with self._ledger.read() as tx:
            (metric,) = settled(tx, [metrics.metric(tx, name)])
            source = next(one for one in metrics.sources(tx) if one.name == metric.source)
        if source.kind is SourceKind.PUSH:
            raise InputError(f"metric {name}: its points are pushed, not read; push those of the gap again")
        start, end = _window(metric, start, end, now)
        intake = collect.Intake(self._ledger, self._history, now, self._judgements.forget, dry_run=dry_run)
        reader = reader_of(source)
        try:
            withheld = collect.read(reader, metric, start, end, intake, progress)
        finally:
            reader.close()
            intake.flush()
        is_kept, opened = not dry_run and start < end, 0
        is_judged = is_kept and self._leases.is_mine(metric.family)
        if is_kept:
            with self._ledger.write() as tx:
                said = f"metric {name}, {format_instant(start)} to {format_instant(end)}: {intake.changed:,} points"
                audit.add(tx, by, now, "backfill", said)
        if is_judged:
            with self._writing:
                opened = self._ticks.advance(now, lambda step: None, only=(name,))
        return Backfilled(
            metric=name,
            start=start,
            end=end,
            changed=intake.changed,
            withheld=0 if withheld is None else withheld.rows,
            opened=opened,
            is_judged=is_judged,
        )


def _window(metric: Metric, start: int, end: int | None, now: int) -> tuple[int, int]:
    """The whole periods of the window that the metric can have."""
    if metric.since_s is not None and start < metric.since_s:
        raise InputError(
            f"metric {metric.name}: it is read since {metric.since}; start there, or set an earlier `since`"
        )
    newest = collect.window(metric, None, now)[1]
    last = newest if end is None else min(end, newest)
    first, last = (floor_to_step(one, metric.step_s, metric.timezone) for one in (start, last))
    return first, max(first, last)
