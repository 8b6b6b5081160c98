"""Sources are read beside everything else, one thread a source: one that hangs holds up its own metrics only."""

from __future__ import annotations

import logging
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Collection, Sequence

from watchkeeper.domain.errors import WatchkeeperError
from watchkeeper.domain.metric import Metric, Source
from watchkeeper.sources.pipelined import Asked
from watchkeeper.sources.readers import ManyReader, reader_of
from watchkeeper.stores.history import History
from watchkeeper.stores.ledger import Ledger
from watchkeeper.watch import collect
from watchkeeper.watch.collect import HeldBack
from watchkeeper.watch.withheld import note

log = logging.getLogger("watchkeeper.readings")

AT_ONCE = 8
"""How many sources are read at a time."""


class Readings:
    """Reads what is due. From any thread `on_change` is called with the name of a metric whose points changed, and
    `on_withheld` with one of which rows were withheld, and how many.
    """

    def __init__(
        self,
        ledger: Ledger,
        history: History,
        on_change: Callable[[str], None],
        on_withheld: Callable[[str, int], None] = lambda metric, rows: None,
    ) -> None:
        self._ledger = ledger
        self._history = history
        self._on_change = on_change
        self._on_withheld = on_withheld
        self._lock = threading.Lock()
        self._idle = threading.Condition(self._lock)
        self._slots = threading.Semaphore(AT_ONCE)
        self._busy: dict[str, frozenset[str]] = {}
        self._points = 0
        self._troubles: list[str] = []
        self._is_closed = False

    @property
    def busy(self) -> frozenset[str]:
        """The metrics whose source is being read: they are not judged before that is over."""
        with self._lock:
            return frozenset().union(*self._busy.values())

    def read(
        self,
        due: Sequence[Asked],
        sources: dict[str, Source],
        *,
        now: int,
        progress: Callable[[str], None],
        patience_s: float | None = None,
    ) -> tuple[int, list[str]]:
        """Read what is due, and wait for it, at most `patience_s` (None: until all is read).

        A source that is still being read is left to go on. Returns how many points are new or different and what
        failed, in words, of everything that ended since the last call.
        """
        by_source: dict[str, list[Asked]] = defaultdict(list)
        for one in due:
            by_source[one.metric.source].append(one)
        with self._lock:
            fresh = {name: members for name, members in by_source.items() if name not in self._busy}
            self._busy |= {name: frozenset(one.metric.name for one in members) for name, members in fresh.items()}
        for name, members in fresh.items():
            threading.Thread(
                target=self._work, args=(sources[name], members, now, progress), name=f"read {name}", daemon=True
            ).start()
        # With patience to lose, what was too slow for an earlier call is not waited for again.
        return self._wait(by_source if patience_s is None else fresh, patience_s)

    def close(self) -> None:
        """Wait for nobody: what is being read is dropped, and read again by the next process."""
        with self._lock:
            self._is_closed = True

    def _wait(self, asked: Collection[str], patience_s: float | None) -> tuple[int, list[str]]:
        deadline = None if patience_s is None else time.monotonic() + patience_s
        with self._idle:
            while not self._busy.keys().isdisjoint(asked):
                left = None if deadline is None else deadline - time.monotonic()
                if left is not None and left <= 0:
                    break
                self._idle.wait(left)
            waiting = [f"source {name}: it is still being read; its metrics wait" for name in sorted(self._busy)]
            done = self._points, [*self._troubles, *waiting]
            self._points, self._troubles = 0, []
        return done

    def _work(self, source: Source, due: Sequence[Asked], now: int, progress: Callable[[str], None]) -> None:
        try:
            with self._slots:
                self._read(source, due, now, progress)
        except Exception as error:
            if not self._is_closed:
                log.exception("reading source %s failed", source.name)
                self._note(0, f"source {source.name}: reading failed: {type(error).__name__}; the log says more")
        finally:
            with self._idle:
                self._busy.pop(source.name, None)
                self._idle.notify_all()

    def _read(self, source: Source, due: Sequence[Asked], now: int, progress: Callable[[str], None]) -> None:
        """All that is due of one source, over one connection, stored together."""
        try:
            reader = reader_of(source, holds=True)
        except WatchkeeperError as error:
            self._note(0, str(error))
            return
        intake = collect.Intake(self._ledger, self._history, now, self._on_change)
        held_back: dict[str, HeldBack | None] = {}

        def withheld(metric: Metric, found: HeldBack | None) -> None:
            held_back[metric.name] = found
            if found is not None:
                self._on_withheld(metric.name, found.rows)
                progress(f"{metric.label}: {found.rows} rows of groups under {metric.min_group_size} withheld")

        def failed(error: WatchkeeperError) -> None:
            self._note(0, str(error))

        try:
            if isinstance(reader, ManyReader) and len(due) > 1:
                progress(f"reading {len(due):,} metrics of {source.name}")
                due = collect.read_together(reader, due, intake, withheld, failed)
            for metric, start, end in due:
                if self._is_closed:
                    return
                progress(f"reading {metric.label}")
                try:
                    withheld(metric, collect.read(reader, metric, start, end, intake))
                except WatchkeeperError as error:
                    failed(error)
        except WatchkeeperError as error:
            failed(error)
        finally:
            reader.close()
            intake.flush()
            note(self._ledger, held_back)
            self._note(intake.changed, "")

    def _note(self, points: int, trouble: str) -> None:
        with self._lock:
            self._points += points
            if trouble:
                self._troubles.append(trouble)
