"""What people do with alerts besides answering: deeds and mutes."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import msgspec

from watchkeeper.client.records.common import Id, Note, Text
from watchkeeper.domain.handling import Deed


class DeedDraft(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Something to do with alerts: `owner` is whom they are assigned to (empty: back to the metric's owner), `until`
    when a snooze ends, `text` a comment, what is said along, the `key` of an item of the alert's runbook that is
    ticked, or what the runbook should have said (`learn`); of those two, one alert at a time.
    """

    deed: Deed
    alerts: Annotated[tuple[Id, ...], msgspec.Meta(min_length=1, max_length=1000)]
    owner: Text = ""
    until: datetime | None = None
    text: Note = ""


class DeedRecord(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the log of deeds; with `undoes` it takes that line back."""

    id: int
    alert: int
    by: str
    at: datetime
    deed: Deed | None
    owner: str
    until: datetime | None
    text: str
    undoes: int | None


class DeedList(msgspec.Struct, frozen=True, kw_only=True):
    """What was done, by alert."""

    items: list[DeedRecord]
    next: str | None = None


class MuteDraft(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Nobody is to be told in `[start, end)` of a metric, or a series, or the metrics with a tag; else of anything."""

    start: datetime
    end: datetime
    metric: Text = ""
    series: Id | None = None
    tag: Text = ""
    repeat: Text = ""
    zone: Text = "UTC"
    note: Note = ""


class MuteRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A mute. `ended_at` where a person ended it."""

    id: int
    by: str
    start: datetime
    end: datetime
    metric: str
    series: int | None
    tag: str
    repeat: str
    zone: str
    note: str
    ended_at: datetime | None


class MuteList(msgspec.Struct, frozen=True, kw_only=True):
    """Mutes, the newest first."""

    items: list[MuteRecord]
    next: str | None = None
