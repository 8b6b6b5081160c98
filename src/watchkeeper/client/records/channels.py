"""Channels: where people are told."""

from __future__ import annotations

import msgspec


class ChannelRecord(msgspec.Struct, frozen=True, kw_only=True):
    """Where people are told: the scheme of its URL, the rest is never shown."""

    name: str
    kind: str


class ChannelList(msgspec.Struct, frozen=True, kw_only=True):
    """Every channel, by name."""

    items: list[ChannelRecord]
