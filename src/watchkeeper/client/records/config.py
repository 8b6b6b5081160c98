"""Configuration as a file, and what applying one changes."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec


class ConfigText(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A configuration file; `place` names it in errors."""

    text: Annotated[str, msgspec.Meta(max_length=5_000_000)]
    place: Annotated[str, msgspec.Meta(max_length=200)] = "configuration"


class ConfigFiles(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One configuration file, or several that are read as one (`more`).

    With `prune` what none of them names is removed.
    """

    text: Annotated[str, msgspec.Meta(max_length=5_000_000)]
    place: Annotated[str, msgspec.Meta(max_length=200)] = "configuration"
    more: Annotated[tuple[ConfigText, ...], msgspec.Meta(max_length=200)] = ()
    prune: bool = False


class Gone(msgspec.Struct, frozen=True, kw_only=True):
    """One record that goes."""

    kind: str
    name: str


class RemovalRecord(msgspec.Struct, frozen=True, kw_only=True):
    """What removing a configured record means (or meant).

    `held_by` names what refers to it and must be changed before; `gone` is all that leaves; `effects` are sentences on
    what else that does.
    """

    kind: str
    name: str
    held_by: tuple[str, ...]
    gone: tuple[Gone, ...]
    effects: tuple[str, ...]


class SettingChange(msgspec.Struct, frozen=True, kw_only=True):
    """One setting that would change; of a URL neither side is shown."""

    name: str
    before: Any
    after: Any


class PlanStep(msgspec.Struct, frozen=True, kw_only=True):
    """One record that is added, removed, or changed in these settings."""

    noun: str
    name: str
    is_new: bool
    settings: list[SettingChange]
    is_removed: bool = False


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What applying a file changes (or changed), in its order; empty: nothing."""

    steps: list[PlanStep]
