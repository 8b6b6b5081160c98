"""A configuration file: sources, metrics with inherited defaults, events known in advance, channels."""

from __future__ import annotations

from typing import Any

import msgspec
import yaml

from watchkeeper.domain.errors import ConfigError
from watchkeeper.domain.metric import Metric, Source, check_name


class Channel(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where people are told: an Apprise URL (`${NAME}` is read from the environment)."""

    name: str
    url: str

    def __post_init__(self) -> None:
        check_name("channel", self.name)


class Config(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What `watchkeeper apply` reads."""

    sources: tuple[Source, ...] = ()
    metrics: tuple[Metric, ...] = ()
    channels: tuple[Channel, ...] = ()


def parse_config(text: str, place: str = "configuration") -> Config:
    """Read a YAML configuration; `place` names the file in errors. Configuration never executes code."""
    try:
        raw = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ConfigError(f"{place}: not readable as YAML: {' '.join(str(error).split())}") from None
    if not isinstance(raw, dict):
        raise ConfigError(f"{place}: expected a mapping with sources, metrics and channels at the top")
    defaults = raw.pop("defaults", {}) or {}
    if not isinstance(defaults, dict):
        raise ConfigError(f"{place}: defaults: expected a mapping of metric settings")
    tree = {key: _named(value, key, place) for key, value in raw.items()}
    tree["metrics"] = [{**defaults, **metric} for metric in tree.get("metrics", [])]
    try:
        config = msgspec.convert(tree, Config)
    except msgspec.ValidationError as error:
        raise ConfigError(f"{place}: {error}") from None
    known = {source.name for source in config.sources}
    for metric in config.metrics:
        if metric.source not in known:
            raise ConfigError(f"{place}: metric {metric.name}: source {metric.source!r} is not among the sources ({', '.join(sorted(known)) or 'none'})")
    return config


def _named(section: Any, key: str, place: str) -> list[dict[str, Any]]:
    """A section maps names to settings; the name becomes a field."""
    if not isinstance(section, dict) or not all(isinstance(entry, dict) for entry in section.values()):
        raise ConfigError(f"{place}: {key}: expected a mapping from a name to its settings")
    return [{"name": str(name), **entry} for name, entry in section.items()]
