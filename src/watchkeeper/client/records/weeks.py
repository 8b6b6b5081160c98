"""Weeks in one look: the digest."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import msgspec

from watchkeeper.client.records.alerts import AlertRecord


class WeekRecord(msgspec.Struct, frozen=True, kw_only=True):
    """The seven days `[start, end)`: `moved` are the most severe alerts that began then, the counts are of all of them.

    `before` counts those of the week before. `noisy` metrics told more than their budget in 30 days, `silent` ones have
    had no point for a week. `lines` are the week as it is sent, the first its title.
    """

    start: datetime
    end: datetime
    alerts: int
    before: int
    answered: int
    real: int
    false_alarms: int
    explained: int
    missed: int
    noisy: tuple[str, ...]
    silent: tuple[str, ...]
    sentence: str
    moved: list[AlertRecord]
    lines: list[str]


class DigestDraft(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A week to be sent to a channel: the one before `until`, or the newest; `link` is the address of the pages."""

    channel: Annotated[str, msgspec.Meta(min_length=1, max_length=120)]
    until: datetime | None = None
    link: Annotated[str, msgspec.Meta(max_length=200)] = ""
