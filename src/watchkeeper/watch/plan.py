"""What applying a configuration would change, setting by setting. It needs the ledger alone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection

from watchkeeper.domain.config import Channel, Config
from watchkeeper.domain.config_check import KINDS
from watchkeeper.domain.config_lines import Places
from watchkeeper.domain.flag import Flag, Segment
from watchkeeper.domain.metric import Metric, Source
from watchkeeper.domain.retention import Retention
from watchkeeper.domain.route import Route
from watchkeeper.domain.runbook import Runbook
from watchkeeper.domain.system import System
from watchkeeper.domain.team import Team
from watchkeeper.stores.ledger import Ledger, flags, metrics, routes, runbooks, systems, teams
from watchkeeper.watch import retention
from watchkeeper.watch.config_check import check

_HIDDEN = {"url", "user", "password", "bearer"}


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One record that would be added, removed, or changed in these settings.

    A setting is `(name, before, after)`; of a URL neither side is shown.
    """

    noun: str
    name: str
    is_new: bool = False
    is_removed: bool = False
    settings: tuple[tuple[str, Any, Any], ...] = ()


def standing(ledger: Ledger) -> Config:
    """What is configured now."""
    with ledger.read() as tx:
        return standing_in(tx)


def standing_in(tx: Connection) -> Config:
    """The same, in a transaction of the caller."""
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


def plan(ledger: Ledger, config: Config, places: Places | None = None, *, is_pruned: bool = False) -> list[Step]:
    """The steps that `apply` would take, in its order; what no file names stays as it is, or goes where `is_pruned`.

    ConfigError where `apply` would refuse it, with everything that is wrong (`config_check.check`).
    """
    with ledger.read() as tx:
        known = standing_in(tx)
        gone = check(tx, known, config, places, is_pruned=is_pruned)
    steps = [
        step
        for kind, section in KINDS.items()
        for step in _steps(kind, getattr(known, section), getattr(config, section))
    ]
    steps += _retention(known.retention, config.retention)
    return steps + [Step(noun=kind, name=name, is_removed=True) for kind, name in gone]


Record = Source | Metric | Channel | Team | Route | Segment | Flag | System | Runbook


def _steps(noun: str, there: Sequence[Record], wanted: Sequence[Record]) -> list[Step]:
    known, steps = {one.name: one for one in there}, []
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
