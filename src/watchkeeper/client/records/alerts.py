"""Alerts: incidents, their series, their history, and what explains them."""

from __future__ import annotations

from datetime import datetime

import msgspec

from watchkeeper.client.records.deeds import DeedRecord
from watchkeeper.client.records.feedback import FeedbackRecord
from watchkeeper.domain.alert import Cause, Change, Status
from watchkeeper.domain.feedback import Answer
from watchkeeper.watch.hindsight_views import Sight


class AlertRecord(msgspec.Struct, frozen=True, kw_only=True):
    """One incident. `level` is its severity from 1 to 5; `metric`, `dimensions`, `timezone` and `tags` are of its
    leading series. `acknowledged_by` and `snoozed_until` are empty and null where nobody did.
    """

    id: int
    status: Status
    start: datetime
    end: datetime
    severity: float
    level: int
    title: str
    sentence: str
    metric: str
    series: int
    dimensions: dict[str, str]
    series_count: int
    owner: str
    answer: Answer | None
    is_explained: bool
    still_fires: bool
    is_acknowledged: bool
    is_snoozed: bool
    timezone: str = "UTC"
    tags: tuple[str, ...] = ()
    acknowledged_by: str = ""
    snoozed_until: datetime | None = None


class AlertPage(msgspec.Struct, frozen=True, kw_only=True):
    """A page of alerts; `next` is the cursor of the page after it, null on the last.

    `total` counts all of them, where they are ordered by severity.
    """

    items: list[AlertRecord]
    next: str | None
    total: int | None = None


class MemberRecord(msgspec.Struct, frozen=True, kw_only=True):
    """One series of an alert: a run of surprising points `[start, end)`. Silence has no values.

    `cases` is how many cases the rate at its peak rests on.
    """

    series: int
    metric: str
    dimensions: dict[str, str]
    start: datetime
    end: datetime
    is_open: bool
    cause: Cause
    peak_time: datetime
    peak_score: float | None
    value: float | None
    expected: float | None
    lower: float | None
    upper: float | None
    cases: float | None = None
    sentence: str


class TransitionRecord(msgspec.Struct, frozen=True, kw_only=True):
    """One stored change of an alert, and where it was told or why not."""

    id: int
    change: Change
    at: datetime
    recorded_at: datetime
    detail: str
    deliveries: tuple[str, ...]


class CauseRecord(msgspec.Struct, frozen=True, kw_only=True):
    """`where` pairs dimensions with values (empty: everything alike); `share` of the change, `factor` of the usual."""

    where: dict[str, str]
    share: float | None
    factor: float | None


class HindsightRecord(msgspec.Struct, frozen=True, kw_only=True):
    """The most surprising moment of an alert: what was expected `then`, when it was told, and is `now`.

    `knowledge` is the number of the newest answer on its series given by then (0: none), `since` counts the lines added
    to the log since, `fires` is whether it would be told today.
    """

    at: datetime
    knowledge: int
    since: int
    then: Sight
    now: Sight
    fires: bool


class AlertWhole(msgspec.Struct, frozen=True, kw_only=True):
    """One alert with everything known of it. `hindsight` is how it was judged when it was told, and would be today."""

    alert: AlertRecord
    members: list[MemberRecord]
    history: list[TransitionRecord]
    answers: list[FeedbackRecord]
    similar: list[AlertRecord]
    why: str
    explanation: str
    causes: list[CauseRecord] = []
    hindsight: HindsightRecord | None = None


class ExplanationRecord(msgspec.Struct, frozen=True, kw_only=True):
    """Which dimension values explain an alert; the sentence is empty where none stand out."""

    sentence: str
    causes: list[CauseRecord]


class RunbookCheck(msgspec.Struct, frozen=True, kw_only=True):
    """One item of a checklist with the values of now in place; `key` is the item as it is written, `ticked` by whom."""

    key: str
    text: str
    ticked: DeedRecord | None


class RunbookPiece(msgspec.Struct, frozen=True, kw_only=True):
    """Markdown, or a checklist."""

    text: str
    checks: list[RunbookCheck]


class RunbookPart(msgspec.Struct, frozen=True, kw_only=True):
    """The runbook of one noun: `title` says whose it is, `page` is where it can be read again, empty where nowhere."""

    title: str
    pieces: list[RunbookPiece]
    page: str


class RunbookLesson(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody said after an incident (this one, if `is_own`) that the runbook should have said."""

    said: DeedRecord
    is_own: bool


class RunbookRecord(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be done about an alert: `done` of `asked` items are ticked, `lessons` are what earlier incidents
    taught. `asks` once it is over and nobody has said yet what should be added.
    """

    parts: list[RunbookPart]
    done: int
    asked: int
    lessons: list[RunbookLesson]
    asks: bool
