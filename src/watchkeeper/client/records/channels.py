"""Channels: where people are told."""

from __future__ import annotations

from datetime import datetime

import msgspec


class ChannelRecord(msgspec.Struct, frozen=True, kw_only=True):
    """Where people are told (of its URL the scheme, the rest is never shown), and how that fares.

    `is_failing` where people should know, `sentence` says what is wrong, `pending` changes are not decided on yet.
    """

    name: str
    kind: str
    is_failing: bool = False
    sentence: str = ""
    pending: int = 0
    delivered_at: datetime | None = None


class ChannelList(msgspec.Struct, frozen=True, kw_only=True):
    """Every channel, by name."""

    items: list[ChannelRecord]
    next: str | None = None
