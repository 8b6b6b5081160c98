"""Whether a configuration holds together: what refers to what, and what is not there.

Pure: what stands already comes in as another configuration. What needs a reader or the ledger is in
`watch.config_check`.
"""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from watchkeeper.domain.config_lines import Places
from watchkeeper.domain.metric import Metric, SourceKind

if TYPE_CHECKING:
    from watchkeeper.domain.config import Config

KINDS = {
    "source": "sources",
    "metric": "metrics",
    "channel": "channels",
    "team": "teams",
    "route": "routes",
    "segment": "segments",
    "system": "systems",
    "flag": "flags",
    "runbook": "runbooks",
}
"""The kinds of records that are configured by name, and the section of each."""
FEW = 8
"""So many names are listed in an error; of more, the nearest."""


class Reference(NamedTuple):
    """A record's setting that names another record. An `owner` may also be a person: then it refers to nobody."""

    kind: str
    name: str
    setting: str
    to_kind: str
    to: str


def references(config: Config) -> Iterator[Reference]:
    """Everything that refers to something, in the order of the sections."""
    for metric in config.metrics:
        yield Reference("metric", metric.name, "source", "source", metric.source)
        yield from (Reference("metric", metric.name, "depends_on", "metric", one) for one in metric.depends_on)
        yield from _owner("metric", metric.name, metric.owner)
    for route in config.routes:
        yield from (Reference("route", route.name, "channels", "channel", one) for one in route.channels)
        yield from (found for one in route.owner for found in _owner("route", route.name, one))
    for system in config.systems:
        yield Reference("system", system.name, "source", "source", system.source)
        for one in system.inputs:
            if system.source_of(one) != system.source:
                yield Reference("system", system.name, "inputs", "source", system.source_of(one))
        yield from (Reference("system", system.name, "key_metrics", "metric", one) for one in system.key_metrics)
        yield from (Reference("system", system.name, "flags", "flag", one) for one in system.flags)
        yield from _owner("system", system.name, system.owner)
    for flag in config.flags:
        for trip in (*flag.guard.trips, *flag.guard.return_when) if flag.guard is not None else ():
            yield Reference("flag", flag.name, "guard", "metric", trip.metric)
        for key in flag.guarded_rollout.metrics if flag.guarded_rollout is not None else ():
            yield from (Reference("flag", flag.name, "guarded_rollout", "metric", one) for one in key.metrics)
        for rule in flag.rules:
            named = rule.when.get("segment", [])
            for one in named if isinstance(named, list) else [named]:
                yield Reference("flag", flag.name, "rules", "segment", str(one))
        yield from _owner("flag", flag.name, flag.owner)


def _owner(kind: str, name: str, owner: str) -> Iterator[Reference]:
    if owner:
        yield Reference(kind, name, "owner", "team", owner)


def names_of(config: Config, kind: str) -> list[str]:
    """The names of its records of a kind, in order."""
    return [one.name for one in getattr(config, KINDS[kind])]


def left_out(there: Config, config: Config) -> list[tuple[str, str]]:
    """Kind and name of what stands and the configuration does not name; what a system that stays made stays with it."""
    named = {kind: set(names_of(config, kind)) for kind in KINDS}
    systems = named["system"] | set(names_of(there, "system"))
    return [
        (kind, name)
        for kind in KINDS
        for name in names_of(there, kind)
        if name not in named[kind] and not (kind == "metric" and maker(name, systems) in named["system"])
    ]


def together(there: Config, config: Config, gone: Collection[tuple[str, str]] = ()) -> Config:
    """What stands once the configuration is applied, and what is `gone` is removed."""
    changes = {}
    for kind, section in KINDS.items():
        after = {one.name: one for one in (*getattr(there, section), *getattr(config, section))}
        changes[section] = tuple(one for name, one in after.items() if (kind, name) not in gone)
    return msgspec.structs.replace(there, **changes)


def lacking(config: Config, whole: Config, places: Places) -> list[str]:
    """What is wrong in itself, each in words: unknown sources, metrics that do not fit theirs, channels of machines."""
    found = [
        _missing(one, whole, places, ())
        for one in references(config)
        if one.to_kind == "source" and one.to not in names_of(whole, "source")
    ]
    kinds = {source.name: source.kind for source in whole.sources}
    for metric in config.metrics:
        lack = what_lacks(metric, kinds[metric.source]) if metric.source in kinds else ""
        if lack:
            found.append(f"{places.of_error(lack, 'metrics', metric.name)}metrics.{metric.name}: {lack}")
    for channel in config.channels:
        if channel.digest and channel.is_machine:
            lack = f"digest: the week is for people, and {channel.kind.value} takes alerts; leave it out"
            found.append(f"{places.of_error(lack, 'channels', channel.name)}channels.{channel.name}: {lack}")
    return found


def dangling(config: Config, whole: Config, places: Places, gone: Collection[tuple[str, str]] = ()) -> list[str]:
    """What a configuration refers to, sources aside, and is not there in the whole; each in words.

    The metrics of a system may come only with its reference: `SYSTEM.…` is taken on trust.
    """
    known = {kind: set(names_of(whole, kind)) for kind in KINDS}
    found = []
    for one in references(config):
        if one.to in known[one.to_kind] or one.to_kind == "source":
            continue
        if one.to_kind == "metric" and maker(one.to, known["system"]):
            continue
        if one.to_kind == "team" and (one.to_kind, one.to) not in gone:
            continue  # a person
        found.append(_missing(one, whole, places, gone))
    return found


def referring(there: Config, kind: str, name: str) -> list[Reference]:
    """What refers to a record that stands; to a system whatever refers to a metric of it, its own aside."""
    systems = names_of(there, "system")
    return [
        one
        for one in references(there)
        if (one.to_kind == kind and one.to == name)
        or (
            kind == "system"
            and one.to_kind == "metric"
            and maker(one.to, systems) == name
            and not (one.kind == "metric" and maker(one.name, systems) == name)
            and (one.kind, one.name) != (kind, name)
        )
    ]


def maker(metric: str, systems: Collection[str]) -> str:
    """The system that a metric is of by its name, of `search` and `search.new` the longer; empty for none."""
    return max((one for one in systems if metric.startswith(f"{one}.")), key=len, default="")


def _missing(one: Reference, whole: Config, places: Places, gone: Collection[tuple[str, str]]) -> str:
    section = KINDS[one.kind]
    place = f"{places.of_value(one.to, section, one.name, one.setting)}{section}.{one.name}.{one.setting}"
    if (one.to_kind, one.to) in gone:
        return f"{place}: {one.to_kind} {one.to!r} would be removed, as no file names it; name it in one, or not here"
    known = names_of(whole, one.to_kind)
    if len(known) <= FEW:
        return f"{place}: no {one.to_kind} {one.to!r}; there are {', '.join(known) or 'none'}: name one, or add it"
    near = ", ".join(difflib.get_close_matches(one.to, known, 3, 0.0))
    return f"{place}: no {one.to_kind} {one.to!r}; the nearest of {len(known):,} are {near}: name one, or add it"


def what_lacks(metric: Metric, kind: SourceKind) -> str:
    """What a metric of a source of that kind must say differently, in words; empty where all is well."""
    has_measure = bool(metric.time_column and metric.measure)
    if kind is SourceKind.PUSH:
        is_asked = metric.query or metric.table or metric.measure or metric.cases
        return "programs push it: leave out query, table and measure" if is_asked else ""
    if metric.query and metric.group_size and kind is not SourceKind.PROMETHEUS:
        return "group_size: the query returns it as a column; leave it out"
    if metric.cases and (metric.query or kind is SourceKind.DBT) and kind is not SourceKind.PROMETHEUS:
        return "cases: the query returns it as a column; leave it out"
    if kind is SourceKind.PROMETHEUS:
        return "" if metric.query else "it needs a query in PromQL"
    if kind is SourceKind.DBT:
        is_plain = metric.measure and not (metric.query or metric.table or metric.time_column)
        return "" if is_plain else "it needs a measure alone: age, of_warn or of_error"
    if kind is SourceKind.FILES:
        if metric.table:
            return "table: the files of the source are the table; leave it out"
        return (
            "" if metric.query or has_measure else "it needs time_column and measure, or a query over the table `files`"
        )
    return "" if metric.query or metric.table else "it needs a query, or a table with time_column and measure"
