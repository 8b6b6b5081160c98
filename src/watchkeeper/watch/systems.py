"""Systems in the running service: their records become metrics, their reference is read where the data lives."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import msgspec
from sqlalchemy import Connection

from watchkeeper.domain.errors import ConfigError, SourceError
from watchkeeper.domain.metric import Metric, Source
from watchkeeper.domain.system import System
from watchkeeper.sources.probes import Reference, derive, look, prints
from watchkeeper.sources.sql import SqlSource
from watchkeeper.stores.ledger import Ledger, audit, flags, metrics, systems

WATCH = "watchkeeper"
"""Who did it, where no person did."""


class Systems:
    """The systems of a ledger. Methods may be called from any thread."""

    def __init__(self, ledger: Ledger, clock: Callable[[], float]) -> None:
        self._ledger = ledger
        self._clock = clock

    def put(self, tx: Connection, chosen: Sequence[System]) -> list[str]:
        """Insert or update by name, with the metrics that follow, in the caller's transaction; returns what changed."""
        changed = []
        for system in chosen:
            if systems.put(tx, system):
                changed.append(f"system {system.name}")
            reference = reference_of(systems.get(tx, system.name))
            changed += [f"metric {one.name}" for one in derive(system, reference) if metrics.put_metric(tx, one)]
        return changed

    def check(self, tx: Connection, chosen: Sequence[System]) -> None:
        """ConfigError where a record names a flag or metric that is not there."""
        for system in chosen:
            _check(tx, system)

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
            systems.remember(tx, system.name, msgspec.json.encode(found).decode(), now)
            names = [one.name for one in derive(system, found) if metrics.put_metric(tx, one)]
            detail = f"{system.name}: the reference was read; {len(names)} metrics follow from it"
            audit.add(tx, WATCH, now, "system reference", detail)


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


def _check(tx: Connection, system: System) -> None:
    known = {metric.name for metric in metrics.metrics(tx)}
    there = {kept.flag.name for kept in flags.listed(tx)}
    for name in system.key_metrics:
        if name not in known:
            raise ConfigError(f"system {system.name}: key_metrics: no metric {name!r}; apply the metric first")
    for name in system.flags:
        if name not in there:
            raise ConfigError(f"system {system.name}: flags: no flag {name!r}; apply the flag first")
