"""A configuration file: sources, metrics with inherited defaults, channels."""

from __future__ import annotations

import enum
from typing import Any, TypeVar

import msgspec
import yaml

from watchkeeper.domain.errors import ConfigError, InputError
from watchkeeper.domain.flag import Flag, Segment
from watchkeeper.domain.metric import Metric, Source, SourceKind, check_name
from watchkeeper.domain.retention import Retention
from watchkeeper.domain.route import Route
from watchkeeper.domain.system import System
from watchkeeper.domain.team import Team
from watchkeeper.domain.weekly import parse_weekly

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
    "retention",
)


class ChannelKind(enum.Enum):
    """How a channel is spoken to."""

    APPRISE = "apprise"
    ALERTMANAGER = "alertmanager"
    WEBHOOK = "webhook"


class Channel(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where people are told: an Apprise URL, or `textfile://PATH` (`${NAME}` is read from the environment).

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
    retention: Retention | None = None


def parse_config(text: str, place: str = "configuration") -> Config:
    """Read a YAML configuration; `place` names the file in errors. Configuration never executes code."""
    try:
        raw = yaml.load(text, Loader=_Loader)  # noqa: S506 - a SafeLoader
    except yaml.YAMLError as error:
        raise ConfigError(f"{place}: not readable as YAML: {' '.join(str(error).split())}") from None
    if not isinstance(raw, dict):
        raise ConfigError(f"{place}: expected a mapping with sources, metrics and channels at the top")
    unknown = set(raw) - set(SECTIONS)
    if unknown:
        raise ConfigError(f"{place}: {', '.join(sorted(map(str, unknown)))}: not known here; use {', '.join(SECTIONS)}")
    defaults = raw.get("defaults") or {}
    if not isinstance(defaults, dict):
        raise ConfigError(f"{place}: defaults: expected a mapping of metric settings")
    config = Config(
        sources=_section(raw, "sources", Source, {}, place),
        metrics=_section(raw, "metrics", Metric, defaults, place),
        channels=_section(raw, "channels", Channel, {}, place),
        teams=_section(raw, "teams", Team, {}, place),
        routes=_section(raw, "routes", Route, {}, place),
        segments=_section(raw, "segments", Segment, {}, place),
        flags=_section(raw, "flags", Flag, {}, place),
        systems=_section(raw, "systems", System, {}, place),
        retention=_single(raw, "retention", Retention, place),
    )
    known = sorted(source.name for source in config.sources)
    for metric in config.metrics:
        if metric.source not in known:
            among = ", ".join(known) or "none"
            where = f"{place}: metrics.{metric.name}.source"
            raise ConfigError(f"{where}: {metric.source!r} is not among the sources ({among})")
    for system in config.systems:
        for name in (system.source, *(system.source_of(one) for one in system.inputs)):
            if name not in known:
                where = f"{place}: systems.{system.name}"
                raise ConfigError(f"{where}: source {name!r} is not among the sources ({', '.join(known) or 'none'})")
    kinds = {source.name: source.kind for source in config.sources}
    for metric in config.metrics:
        lack = what_lacks(metric, kinds[metric.source])
        if lack:
            raise ConfigError(f"{place}: metrics.{metric.name}: {lack}")
    return config


def what_lacks(metric: Metric, kind: SourceKind) -> str:
    """What a metric of a source of that kind must say differently, in words; empty where all is well."""
    has_measure = bool(metric.time_column and metric.measure)
    if kind is SourceKind.PUSH:
        is_asked = metric.query or metric.table or metric.measure
        return "programs push it: leave out query, table and measure" if is_asked else ""
    if metric.query and metric.group_size and kind is not SourceKind.PROMETHEUS:
        return "group_size: the query returns it as a column; leave it out"
    if kind is SourceKind.PROMETHEUS:
        return "" if metric.query else "it needs a query in PromQL"
    if kind is SourceKind.FILES:
        if metric.table:
            return "table: the files of the source are the table; leave it out"
        return (
            "" if metric.query or has_measure else "it needs time_column and measure, or a query over the table `files`"
        )
    return "" if metric.query or metric.table else "it needs a query, or a table with time_column and measure"


def _section(raw: dict[str, Any], key: str, record: type[T], defaults: dict[str, Any], place: str) -> tuple[T, ...]:
    """A section maps names to settings; the name becomes a field."""
    section = raw.get(key) or {}
    if not isinstance(section, dict):
        raise ConfigError(f"{place}: {key}: expected a mapping from a name to its settings")
    records = []
    for name, entry in section.items():
        if not isinstance(entry, dict):
            raise ConfigError(f"{place}: {key}.{name}: expected settings, found {entry!r}")
        try:
            records.append(msgspec.convert({**defaults, **entry, "name": str(name)}, record))
        except (msgspec.ValidationError, InputError) as error:
            raise ConfigError(f"{place}: {key}.{name}: {error}") from None
    return tuple(records)


def _single(raw: dict[str, Any], key: str, record: type[T], place: str) -> T | None:
    """A section that is one record; None where the file does not have it."""
    if raw.get(key) is None:
        return None
    try:
        return msgspec.convert(raw[key], record)
    except (msgspec.ValidationError, InputError) as error:
        raise ConfigError(f"{place}: {key}: {error}") from None


class _Loader(yaml.SafeLoader):
    """YAML without surprises: dates stay text, and a name given twice is an error."""

    yaml_implicit_resolvers = {  # noqa: RUF012 - PyYAML's own class attribute
        first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        for key in keys:
            if keys.count(key) > 1:
                raise yaml.constructor.ConstructorError(None, None, f"{key!r} is given twice", node.start_mark)
        return super().construct_mapping(node, deep)
