"""A configuration file: sources, metrics with inherited defaults, channels."""

from __future__ import annotations

import enum
from collections.abc import Iterable
from typing import Any, TypeVar

import msgspec

from watchkeeper.domain.config_check import lacking
from watchkeeper.domain.config_lines import Lines, Places
from watchkeeper.domain.errors import ConfigError, InputError
from watchkeeper.domain.flag import Flag, Segment
from watchkeeper.domain.mends import mended
from watchkeeper.domain.metric import Metric, Source, check_name
from watchkeeper.domain.retention import Retention
from watchkeeper.domain.route import Route
from watchkeeper.domain.runbook import Runbook
from watchkeeper.domain.system import System
from watchkeeper.domain.team import Team
from watchkeeper.domain.weekly import parse_weekly
from watchkeeper.domain.yaml_text import read_yaml

T = TypeVar("T", bound=msgspec.Struct)
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


class Written(msgspec.Struct, frozen=True, kw_only=True):
    """Configuration files as they were read: what they say together, and where each record stands."""

    config: Config
    places: Places


def parse_config(text: str, place: str = "configuration") -> Config:
    """Read a YAML configuration whose metrics find their sources in it; `place` names the file in errors.

    Configuration never executes code. ConfigError names every record that cannot be.
    """
    written = read_config([(text, place)])
    _raise(lacking(written.config, written.config, written.places))
    return written.config


def read_config(files: Iterable[tuple[str, str]]) -> Written:
    """Read YAML files, each a text and the place that names it in errors; `defaults` hold for their own file.

    Whether what they name is there is not looked at (`domain.config_check`). ConfigError names every record that cannot
    be, and one that two files name.
    """
    places, problems = Places(), list[str]()
    found: dict[str, list[Any]] = {one: [] for one in Config.__struct_fields__ if one != "retention"}
    retention: Retention | None = None
    for text, place in files:
        raw, lines = _read(text, place)
        _check_top(raw, lines)
        defaults = raw.get("defaults") or {}
        if not isinstance(defaults, dict):
            raise ConfigError(f"{lines.at('defaults')}: defaults: expected a mapping of metric settings")
        for section, record in _RECORDS.items():
            for one in _section(raw, section, record, defaults if section == "metrics" else {}, lines, problems):
                other = places.put(section, one.name, lines)
                if other:
                    where = lines.at(section, one.name)
                    problems.append(f"{where}: {section}.{one.name}: {other} names it too; name it once")
                found[section].append(one)
        mine = _single(raw, "retention", Retention, lines, problems)
        if mine is not None and retention is not None:
            problems.append(f"{lines.at('retention')}: retention: another file has it too; name it once")
        retention = retention if mine is None else mine
    _raise(problems)
    config = Config(**{section: tuple(records) for section, records in found.items()}, retention=retention)
    return Written(config=config, places=places)


_RECORDS: dict[str, Any] = {
    "sources": Source,
    "metrics": Metric,
    "channels": Channel,
    "teams": Team,
    "routes": Route,
    "segments": Segment,
    "flags": Flag,
    "systems": System,
    "runbooks": Runbook,
}


def _raise(problems: list[str]) -> None:
    if problems:
        raise ConfigError("\n".join(problems))


def _check_top(raw: object, lines: Lines) -> None:
    if not isinstance(raw, dict):
        raise ConfigError(f"{lines.at()}: expected a mapping with sources, metrics and channels at the top")
    for name in raw:
        if name not in SECTIONS:
            raise ConfigError(f"{lines.at(str(name))}: {name}: not known here; use {', '.join(SECTIONS)}")


def _section(
    raw: dict[str, Any], key: str, record: type[T], defaults: dict[str, Any], lines: Lines, problems: list[str]
) -> tuple[T, ...]:
    """A section maps names to settings; the name becomes a field. What cannot be is added to `problems`."""
    section = raw.get(key) or {}
    if not isinstance(section, dict):
        raise ConfigError(f"{lines.at(key)}: {key}: expected a mapping from a name to its settings")
    records = []
    for name, entry in section.items():
        if not isinstance(entry, dict):
            problems.append(f"{lines.at(key, str(name))}: {key}.{name}: expected settings, found {_shown(entry)}")
            continue
        try:
            records.append(msgspec.convert({**defaults, **entry, "name": str(name)}, record))
        except (msgspec.ValidationError, InputError) as error:
            problems.append(f"{lines.of_error(str(error), key, str(name))}: {key}.{name}: {mended(error, record)}")
    return tuple(records)


def _single(raw: dict[str, Any], key: str, record: type[T], lines: Lines, problems: list[str]) -> T | None:
    """A section that is one record; None where the file does not have it."""
    if raw.get(key) is None:
        return None
    try:
        return msgspec.convert(raw[key], record)
    except (msgspec.ValidationError, InputError) as error:
        problems.append(f"{lines.of_error(str(error), key)}: {key}: {mended(error, record)}")
        return None


def _read(text: str, place: str) -> tuple[Any, Lines]:
    """What the file says, and where."""
    raw, root = read_yaml(text, place)
    return raw, Lines(root, place)


def _shown(entry: object) -> str:
    """What stands where settings should: of what may be long its kind, the value else."""
    return "a list" if isinstance(entry, list) else repr(entry)[:80]
