"""What applying a configuration would change, setting by setting. It needs the ledger alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

from watchkeeper.domain.config import Channel, Config
from watchkeeper.domain.flag import Flag, Segment
from watchkeeper.domain.metric import Metric, Source, SourceKind
from watchkeeper.domain.retention import Retention
from watchkeeper.domain.route import Route
from watchkeeper.domain.runbook import Runbook
from watchkeeper.domain.system import System
from watchkeeper.domain.team import Team
from watchkeeper.sources.readers import reader_of
from watchkeeper.stores.ledger import Ledger, flags, metrics, routes, runbooks, systems, teams
from watchkeeper.watch import retention

_HIDDEN = {"url", "user", "password", "bearer"}


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One record that would be added, or changed in these settings (`(name, before, after)`; of a URL neither)."""

    noun: str
    name: str
    is_new: bool
    settings: tuple[tuple[str, Any, Any], ...] = ()


def standing(ledger: Ledger) -> Config:
    """What is configured now."""
    with ledger.read() as tx:
        return Config(
            sources=tuple(metrics.sources(tx)),
            metrics=tuple(metrics.metrics(tx)),
            channels=tuple(metrics.channels(tx)),
            teams=tuple(teams.listed(tx)),
            routes=tuple(routes.listed(tx)),
            segments=tuple(flags.segments(tx)),
            systems=tuple(kept.system for kept in systems.listed(tx)),
            flags=tuple(kept.flag for kept in flags.listed(tx)),
            runbooks=tuple(runbooks.listed(tx)),
            retention=retention.kept(tx),
        )


def check_readable(config: Config) -> None:
    """Check each metric with the reader of its source, without connecting; ConfigError names metric and mend."""
    sources = {source.name: source for source in config.sources}
    for metric in config.metrics:
        source = sources[metric.source]
        if source.kind is not SourceKind.PUSH:
            reader_of(source).check(metric)


def plan(ledger: Ledger, config: Config) -> list[Step]:
    """The steps that `apply` would take, in its order; what the file does not name stays as it is."""
    known = standing(ledger)
    return [
        *_steps("source", {one.name: one for one in known.sources}, config.sources),
        *_steps("metric", {one.name: one for one in known.metrics}, config.metrics),
        *_steps("channel", {one.name: one for one in known.channels}, config.channels),
        *_steps("team", {one.name: one for one in known.teams}, config.teams),
        *_steps("route", {one.name: one for one in known.routes}, config.routes),
        *_steps("segment", {one.name: one for one in known.segments}, config.segments),
        *_steps("system", {one.name: one for one in known.systems}, config.systems),
        *_steps("flag", {one.name: one for one in known.flags}, config.flags),
        *_steps("runbook", {one.name: one for one in known.runbooks}, config.runbooks),
        *_retention(known.retention, config.retention),
    ]


Record = Source | Metric | Channel | Team | Route | Segment | Flag | System | Runbook


def _steps(noun: str, known: Mapping[str, Record], wanted: Sequence[Record]) -> list[Step]:
    steps = []
    for record in wanted:
        before = known.get(record.name)
        if before is None:
            steps.append(Step(noun=noun, name=record.name, is_new=True))
        elif before != record:
            steps.append(Step(noun=noun, name=record.name, is_new=False, settings=_differences(before, record)))
    return steps


def _retention(known: Retention | None, wanted: Retention | None) -> Iterator[Step]:
    if known is not None and wanted is not None and wanted != known:
        yield Step(noun="retention", name="retention", is_new=False, settings=_differences(known, wanted))


def _differences(before: Record | Retention, after: Record | Retention) -> tuple[tuple[str, Any, Any], ...]:
    old, new = msgspec.to_builtins(before), msgspec.to_builtins(after)
    return tuple(
        (key, *(("hidden", "hidden") if key in _HIDDEN else (old[key], new[key])))
        for key in new
        if old[key] != new[key]
    )
