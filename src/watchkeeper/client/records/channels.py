"""Channels: where people are told, and what was told there."""

from __future__ import annotations

from datetime import datetime

import msgspec

from watchkeeper.domain.alert import Change


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


class ToldRecord(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one change of an alert at one target, a channel or a flag: `sent`, `held` or `failed`, or
    `waiting`, which is decided again; `reason` says why. `at` is when the change was, `decided_at` when this was.
    """

    transition: int
    alert: int
    change: Change
    at: datetime
    target: str
    outcome: str
    reason: str
    decided_at: datetime


class ToldPage(msgspec.Struct, frozen=True, kw_only=True):
    """A page of what was told, the newest change first."""

    items: list[ToldRecord]
    next: str | None


class MessageRecord(msgspec.Struct, frozen=True, kw_only=True):
    """One message as it was written into a file: its subject, its first sentence, and the rest."""

    subject: str
    sentence: str
    rest: str


class MessageList(msgspec.Struct, frozen=True, kw_only=True):
    """The newest messages of the channels that write files, the newest first."""

    items: list[MessageRecord]
    next: str | None = None
