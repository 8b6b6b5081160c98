"""Feedback: what is said, the log of it, and what it changed."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

import msgspec

from watchkeeper.client.records.common import MAX_SERIES, Id, Note
from watchkeeper.domain.feedback import Answer
from watchkeeper.watch.views import Reach


class FeedbackRecord(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the log of feedback: an answer, or (`undoes`) the taking back of an earlier line."""

    id: int
    by: str
    given_at: datetime
    answer: Answer | None
    alert: int | None
    series: tuple[int, ...]
    start: datetime
    end: datetime
    note: str
    repeat: str
    undoes: int | None
    is_in_force: bool
    is_forced: bool = False


class FeedbackPage(msgspec.Struct, frozen=True, kw_only=True):
    """A page of the log, the newest line first."""

    items: list[FeedbackRecord]
    next: str | None


class DraftRecord(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An answer before it is said. With `alert` and no window the alert's own series and window are meant.

    `reach` widens it: `value` to every series that shares the value of `dimension`, `metric`, or `group`. An event may
    `repeat`: `weekly`, `yearly`, `holidays:DE`, `rrule:…`. `force` accepts the price: that confirmed alerts are
    lost, or (missed) the alerts a month that a receipt named.
    """

    answer: Answer
    alert: Id | None = None
    series: Annotated[tuple[Id, ...], msgspec.Meta(max_length=MAX_SERIES)] = ()
    start: datetime | None = None
    end: datetime | None = None
    note: Note = ""
    force: bool = False
    reach: Reach = Reach.NAMED
    dimension: Annotated[str, msgspec.Meta(max_length=200)] = ""
    repeat: Annotated[str, msgspec.Meta(max_length=500)] = ""


class ReceiptRecord(msgspec.Struct, frozen=True, kw_only=True):
    """What an answer changed: alerts before and after, those that vanished, confirmed ones that still fire.

    `price` is how many alerts a month more it would cost to be told of the like of a missed window too, which only
    `force` accepts; None where there is nothing to accept.
    """

    feedback: FeedbackRecord
    sentence: str
    before: int
    after: int
    vanished: tuple[int, ...]
    appeared: int
    confirmed: int
    confirmed_kept: int
    price: float | None = None


class SeveralDraft(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One answer on several alerts, each of its own series and window."""

    answer: Answer
    alerts: Annotated[tuple[Id, ...], msgspec.Meta(min_length=1, max_length=200)]
    note: Note = ""


class SeveralRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A receipt for each alert on which it was said; `left` numbers those on which it would cost a confirmed alert:
    nothing was said there.
    """

    receipts: list[ReceiptRecord]
    left: tuple[int, ...]


class FeedbackLines(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The log as objects, the oldest first: what `watchkeeper feedback export` prints, one a line."""

    lines: Annotated[list[dict[str, Any]], msgspec.Meta(max_length=1_000_000)]


class ImportDraft(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Lines of a log to be taken in, as objects or as they are written (blank ones are passed over).

    `place` names where they are from, `force` accepts that confirmed alerts are lost.
    """

    lines: Annotated[list[dict[str, Any] | str], msgspec.Meta(max_length=1_000_000)]
    place: Annotated[str, msgspec.Meta(max_length=200)] = "lines"
    force: bool = False


class CalendarDraft(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An iCalendar file whose events are to be known events of metrics; with `dry_run` nothing is added."""

    text: Annotated[str, msgspec.Meta(max_length=5_000_000)]
    metrics: Annotated[tuple[str, ...], msgspec.Meta(min_length=1, max_length=1000)]
    place: Annotated[str, msgspec.Meta(max_length=200)] = "calendar"
    force: bool = False
    dry_run: bool = False


class CalendarRecord(msgspec.Struct, frozen=True, kw_only=True):
    """The lines of the log that a calendar makes, and how many were added or were there."""

    lines: list[dict[str, Any]]
    added: int
    present: int


class ImportedRecord(msgspec.Struct, frozen=True, kw_only=True):
    """What an import did: lines added, lines that were there, names of series that are not known (and how often)."""

    added: int
    present: int
    unknown: dict[str, int]
