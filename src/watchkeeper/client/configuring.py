"""The client's verbs for what is configured: read it, plan, apply, and remove."""

from __future__ import annotations

from collections.abc import Mapping

from watchkeeper.client.records import ConfigFiles, ConfigText, Plan, RemovalRecord
from watchkeeper.client.wire import Wire


class Configuring:
    """A part of `Client`."""

    _wire: Wire

    def config(self) -> str:
        """What is configured, as a YAML file; secrets are references to environment variables."""
        return self._wire.ask(ConfigText, "GET", "/config").text

    def plan(
        self, text: str, *, place: str = "configuration", more: Mapping[str, str] | None = None, prune: bool = False
    ) -> Plan:
        """What applying a YAML file would change; `place` names it in errors.

        `more` are files that are read together with it, text by place; with `prune` what none of them names is removed.
        """
        return self._wire.ask(Plan, "POST", "/config/plan", body=_files(text, place, more, prune))

    def apply(
        self, text: str, *, place: str = "configuration", more: Mapping[str, str] | None = None, prune: bool = False
    ) -> Plan:
        """Make a YAML file (and `more`, as in `plan`) what is watched; says what changed."""
        return self._wire.ask(Plan, "POST", "/config/apply", body=_files(text, place, more, prune))

    def removal(self, kind: str, name: str) -> RemovalRecord:
        """What removing something that is configured would mean; `kind` as in a plan: `metric`, `route`, `channel` …"""
        return self._wire.ask(RemovalRecord, "GET", f"/config/{kind}/{name}")

    def remove(self, kind: str, name: str) -> RemovalRecord:
        """Take something that is configured away. InputError names what refers to it."""
        return self._wire.ask(RemovalRecord, "DELETE", f"/config/{kind}/{name}")


def _files(text: str, place: str, more: Mapping[str, str] | None, prune: bool) -> ConfigFiles:
    others = tuple(ConfigText(text=one, place=at) for at, one in (more or {}).items())
    return ConfigFiles(text=text, place=place, more=others, prune=prune)
