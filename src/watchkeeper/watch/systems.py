"""Systems in the running service: their records become metrics, their reference is read where the data lives."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import msgspec
from sqlalchemy import Connection

from watchkeeper.domain.errors import SourceError
from watchkeeper.domain.metric import Metric, Source
from watchkeeper.domain.readiness import Evidence, Score
from watchkeeper.domain.system import System
from watchkeeper.sources.probes import Reference, derive, look, prints
from watchkeeper.sources.sql import SqlSource
from watchkeeper.stores.history import History
from watchkeeper.stores.ledger import Ledger, audit, metrics, systems
from watchkeeper.watch import system_look
from watchkeeper.watch.flags import Flags
from watchkeeper.watch.system_check import Item, Known, check
from watchkeeper.watch.system_views import SystemLine, SystemPage

WATCH = "watchkeeper"
"""Who did it, where no person did."""


class Systems:
    """The systems of a ledger. Methods may be called from any thread."""

    def __init__(self, ledger: Ledger, clock: Callable[[], float], history: History | None = None) -> None:
        """Without a history (a command beside a running server) pages have no values."""
        self._ledger = ledger
        self._clock = clock
        self._history = history

    def put(self, tx: Connection, chosen: Sequence[System]) -> list[str]:
        """Insert or update by name, with the metrics that follow, in the caller's transaction; returns what changed."""
        now = int(self._clock())
        changed = []
        for system in chosen:
            if systems.put(tx, system):
                changed.append(f"system {system.name}")
            reference = reference_of(systems.get(tx, system.name))
            derived = derive(system, reference)
            changed += [f"metric {one.name}" for one in derived if metrics.put_metric(tx, one, at=now)]
        return changed

    def prepare(self, now: int, troubles: list[str], progress: Callable[[str], None]) -> None:
        """Read the reference of each system whose window is over and whose record changed, and add what it allows.

        A source that fails is named in `troubles` and asked again at the next run.
        """
        with self._ledger.read() as tx:
            waiting = [kept for kept in systems.listed(tx) if _lacks_reference(kept, now)]
            sources = {source.name: source for source in metrics.sources(tx)} if waiting else {}
        for kept in waiting:
            progress(f"reading the reference of {kept.system.label}")
            try:
                self._look(kept.system, sources, now)
            except SourceError as error:
                troubles.append(f"system {kept.system.name}: reference: {error}")

    def _look(self, system: System, sources: Mapping[str, Source], now: int) -> None:
        found = look(system, lambda metric, start, end: _ask(sources[metric.source], metric, start, end))
        with self._ledger.write() as tx:
            if not any(kept.system.name == system.name for kept in systems.listed(tx)):
                return  # removed meanwhile: its metrics would be back
            systems.remember(tx, system.name, msgspec.json.encode(found).decode(), now)
            names = [one.name for one in derive(system, found) if metrics.put_metric(tx, one, at=now)]
            detail = f"{system.name}: the reference was read; {len(names)} metrics follow from it"
            audit.add(tx, WATCH, now, "system reference", detail)

    # looking

    def lines(self) -> tuple[SystemLine, ...]:
        """Every system as it stands."""
        now = int(self._clock())
        with self._ledger.read() as tx:
            return tuple(system_look.line_of(tx, self._known(tx, kept), now) for kept in systems.listed(tx))

    def page(self, name: str) -> SystemPage:
        """One system whole; NotFoundError."""
        now = int(self._clock())
        lines = {line.flag.name: line for line in Flags(self._ledger, self._clock).lines()}
        with self._ledger.read() as tx:
            known = self._known(tx, systems.get(tx, name))
            return system_look.page_of(tx, known, self._history, lines.__getitem__, now)

    def missing(self, name: str) -> tuple[Item, ...]:
        """What production needs of a system, each met or with its mend; NotFoundError."""
        with self._ledger.read() as tx:
            return check(self._known(tx, systems.get(tx, name)))

    def say(self, name: str, test: str, points: float, by: str, note: str = "") -> Score:
        """A person says how far one test of the ML Test Score is; returns the score then. InputError, NotFoundError."""
        now = int(self._clock())
        evidence = Evidence(test=test, points=points, at=now, by=by, note=note)
        with self._ledger.write() as tx:
            systems.get(tx, name)
            systems.say(tx, name, evidence)
            audit.add(tx, by, now, "system test", f"{name}: {test} {points:g}{f': {note}' if note else ''}")
        return self.page(name).score

    def _known(self, tx: Connection, kept: systems.Kept) -> Known:
        return system_look.known_of(tx, kept, has_reference=reference_of(kept) is not None)


def reference_of(kept: systems.Kept) -> Reference | None:
    """The reference of a system, if it was read for this record."""
    if not kept.reference:
        return None
    found = msgspec.json.decode(kept.reference, type=Reference)
    return found if found.print == prints(kept.system) else None


def _lacks_reference(kept: systems.Kept, now: int) -> bool:
    window = kept.system.reference
    return window is not None and window.end_s <= now and reference_of(kept) is None


def _ask(source: Source, metric: Metric, start: int, end: int) -> list[tuple[tuple[str, ...], float]]:
    reader = SqlSource(source)
    try:
        rows = []
        for batch in reader.pull(metric, start - start % 86400, end):
            columns = [batch.column(name).to_pylist() for name in metric.dimensions]
            rows += list(zip(zip(*columns, strict=True), batch.column("value").to_pylist(), strict=True))
        return rows
    finally:
        reader.close()
