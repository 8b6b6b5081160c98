"""What applying a configuration would change, setting by setting. It needs the ledger alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from watchkeeper.domain.config import Channel, Config
from watchkeeper.domain.flag import Flag, Segment
from watchkeeper.domain.metric import Metric, Source
from watchkeeper.domain.route import Route
from watchkeeper.domain.system import System
from watchkeeper.stores.ledger import Ledger, flags, metrics, routes, systems

_HIDDEN = "url"


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One record that would be added, or changed in these settings (`(name, before, after)`; of a URL neither)."""

    noun: str
    name: str
    is_new: bool
    settings: tuple[tuple[str, Any, Any], ...] = ()


def plan(ledger: Ledger, config: Config) -> list[Step]:
    """The steps that `apply` would take, in its order; what the file does not name stays as it is."""
    with ledger.read() as tx:
        known = (metrics.sources(tx), metrics.metrics(tx), metrics.channels(tx))
        routed = {one.name: one for one in routes.listed(tx)}
        segments, there = flags.segments(tx), [kept.flag for kept in flags.listed(tx)]
        running = [kept.system for kept in systems.listed(tx)]
    return [
        *_steps("source", {one.name: one for one in known[0]}, config.sources),
        *_steps("metric", {one.name: one for one in known[1]}, config.metrics),
        *_steps("channel", {one.name: one for one in known[2]}, config.channels),
        *_steps("route", routed, config.routes),
        *_steps("segment", {one.name: one for one in segments}, config.segments),
        *_steps("system", {one.name: one for one in running}, config.systems),
        *_steps("flag", {one.name: one for one in there}, config.flags),
    ]


Record = Source | Metric | Channel | Route | Segment | Flag | System


def _steps(noun: str, known: Mapping[str, Record], wanted: Sequence[Record]) -> list[Step]:
    steps = []
    for record in wanted:
        before = known.get(record.name)
        if before is None:
            steps.append(Step(noun=noun, name=record.name, is_new=True))
        elif before != record:
            steps.append(Step(noun=noun, name=record.name, is_new=False, settings=_differences(before, record)))
    return steps


def _differences(before: Record, after: Record) -> tuple[tuple[str, Any, Any], ...]:
    old, new = msgspec.to_builtins(before), msgspec.to_builtins(after)
    return tuple(
        (key, *(("hidden", "hidden") if key == _HIDDEN else (old[key], new[key])))
        for key in new
        if old[key] != new[key]
    )
