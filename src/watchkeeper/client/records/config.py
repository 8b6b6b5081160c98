"""Configuration as a file, and what applying one changes."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec


class ConfigText(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A configuration file; `place` names it in errors."""

    text: Annotated[str, msgspec.Meta(max_length=5_000_000)]
    place: Annotated[str, msgspec.Meta(max_length=200)] = "configuration"


class SettingChange(msgspec.Struct, frozen=True, kw_only=True):
    """One setting that would change; of a URL neither side is shown."""

    name: str
    before: Any
    after: Any


class PlanStep(msgspec.Struct, frozen=True, kw_only=True):
    """One record that is added, or changed in these settings."""

    noun: str
    name: str
    is_new: bool
    settings: list[SettingChange]


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What applying a file changes (or changed), in its order; empty: nothing."""

    steps: list[PlanStep]
