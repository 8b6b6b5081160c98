"""A configuration file: sources, metrics with inherited defaults, channels."""

from __future__ import annotations

import enum
from typing import Any, TypeVar

import msgspec

from watchkeeper.domain.config_lines import Lines
from watchkeeper.domain.errors import ConfigError, InputError
from watchkeeper.domain.flag import Flag, Segment
from watchkeeper.domain.metric import Metric, Source, SourceKind, check_name
from watchkeeper.domain.retention import Retention
from watchkeeper.domain.route import Route
from watchkeeper.domain.runbook import Runbook
from watchkeeper.domain.system import System
from watchkeeper.domain.team import Team
from watchkeeper.domain.weekly import parse_weekly
from watchkeeper.domain.yaml_text import read_yaml

T = TypeVar("T")
SECTIONS = (
    "sources",
    "defaults",
    "metrics",
    "channels",
    "teams",
    "routes",
    "segments",
    "flags",
    "systems",
    "runbooks",
    "retention",
)


class ChannelKind(enum.Enum):
    """How a channel is spoken to."""

    APPRISE = "apprise"
    ALERTMANAGER = "alertmanager"
    WEBHOOK = "webhook"


class Channel(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where people are told: an Apprise URL, or `textfile://PATH` (`${NAME}` is read from the environment,
    `${file:/path}` from that file).

    Of kind `alertmanager` the URL is that of an Alertmanager; of kind `webhook` of whatever takes its webhooks.
    `digest` is when the week is told, `mon 08:00 Europe/Berlin`; empty: never.
    """

    name: str
    url: str
    kind: ChannelKind = ChannelKind.APPRISE
    digest: str = ""

    def __post_init__(self) -> None:
        check_name("channel", self.name)
        if self.digest:
            parse_weekly(self.digest)

    @property
    def is_machine(self) -> bool:
        """Whether it takes alerts as data, and wants to hear of every change."""
        return self.kind is not ChannelKind.APPRISE


class Config(msgspec.Struct, frozen=True, kw_only=True):
    """What `watchkeeper apply` reads; a `retention` of None leaves that which stands."""

    sources: tuple[Source, ...] = ()
    metrics: tuple[Metric, ...] = ()
    channels: tuple[Channel, ...] = ()
    teams: tuple[Team, ...] = ()
    routes: tuple[Route, ...] = ()
    segments: tuple[Segment, ...] = ()
    flags: tuple[Flag, ...] = ()
    systems: tuple[System, ...] = ()
    runbooks: tuple[Runbook, ...] = ()
    retention: Retention | None = None


def parse_config(text: str, place: str = "configuration") -> Config:
    """Read a YAML configuration; `place` names the file in errors. Configuration never executes code."""
    raw, lines = _read(text, place)
    if not isinstance(raw, dict):
        raise ConfigError(f"{lines.at()}: expected a mapping with sources, metrics and channels at the top")
    for name in raw:
        if name not in SECTIONS:
            raise ConfigError(f"{lines.at(str(name))}: {name}: not known here; use {', '.join(SECTIONS)}")
    defaults = raw.get("defaults") or {}
    if not isinstance(defaults, dict):
        raise ConfigError(f"{lines.at('defaults')}: defaults: expected a mapping of metric settings")
    config = Config(
        sources=_section(raw, "sources", Source, {}, lines),
        metrics=_section(raw, "metrics", Metric, defaults, lines),
        channels=_section(raw, "channels", Channel, {}, lines),
        teams=_section(raw, "teams", Team, {}, lines),
        routes=_section(raw, "routes", Route, {}, lines),
        segments=_section(raw, "segments", Segment, {}, lines),
        flags=_section(raw, "flags", Flag, {}, lines),
        systems=_section(raw, "systems", System, {}, lines),
        runbooks=_section(raw, "runbooks", Runbook, {}, lines),
        retention=_single(raw, "retention", Retention, lines),
    )
    _check_sources(config, lines)
    return config


def _check_sources(config: Config, lines: Lines) -> None:
    """Each source that is named is there, and metrics say what a source of its kind needs."""
    kinds = {source.name: source.kind for source in config.sources}
    among = ", ".join(sorted(kinds)) or "none"
    for metric in config.metrics:
        if metric.source not in kinds:
            where = f"{lines.of_error('source', 'metrics', metric.name)}: metrics.{metric.name}.source"
            raise ConfigError(f"{where}: {metric.source!r} is not among the sources ({among})")
    for system in config.systems:
        for name in (system.source, *(system.source_of(one) for one in system.inputs)):
            if name not in kinds:
                where = f"{lines.of_error('source', 'systems', system.name)}: systems.{system.name}"
                raise ConfigError(f"{where}: source {name!r} is not among the sources ({among})")
    for metric in config.metrics:
        lack = what_lacks(metric, kinds[metric.source])
        if lack:
            raise ConfigError(f"{lines.of_error(lack, 'metrics', metric.name)}: metrics.{metric.name}: {lack}")


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


def _section(raw: dict[str, Any], key: str, record: type[T], defaults: dict[str, Any], lines: Lines) -> tuple[T, ...]:
    """A section maps names to settings; the name becomes a field."""
    section = raw.get(key) or {}
    if not isinstance(section, dict):
        raise ConfigError(f"{lines.at(key)}: {key}: expected a mapping from a name to its settings")
    records = []
    for name, entry in section.items():
        if not isinstance(entry, dict):
            raise ConfigError(f"{lines.at(key, str(name))}: {key}.{name}: expected settings, found {_shown(entry)}")
        try:
            records.append(msgspec.convert({**defaults, **entry, "name": str(name)}, record))
        except (msgspec.ValidationError, InputError) as error:
            where = lines.of_error(str(error), key, str(name))
            raise ConfigError(f"{where}: {key}.{name}: {error}") from None
    return tuple(records)


def _single(raw: dict[str, Any], key: str, record: type[T], lines: Lines) -> T | None:
    """A section that is one record; None where the file does not have it."""
    if raw.get(key) is None:
        return None
    try:
        return msgspec.convert(raw[key], record)
    except (msgspec.ValidationError, InputError) as error:
        raise ConfigError(f"{lines.of_error(str(error), key)}: {key}: {error}") from None


def _read(text: str, place: str) -> tuple[Any, Lines]:
    """What the file says, and where."""
    raw, root = read_yaml(text, place)
    return raw, Lines(root, place)


def _shown(entry: object) -> str:
    """What stands where settings should: of what may be long its kind, the value else."""
    return "a list" if isinstance(entry, list) else repr(entry)[:80]
