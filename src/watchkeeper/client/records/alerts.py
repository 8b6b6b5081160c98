"""Alerts: incidents, their series, their history, and what explains them."""

from __future__ import annotations

from datetime import datetime

import msgspec

from watchkeeper.client.records.feedback import FeedbackRecord
from watchkeeper.domain.alert import Cause, Change, Status
from watchkeeper.domain.feedback import Answer


class AlertRecord(msgspec.Struct, frozen=True, kw_only=True):
    """One incident. `level` is its severity from 1 to 5; `metric` and `dimensions` are of its leading series."""

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


class AlertPage(msgspec.Struct, frozen=True, kw_only=True):
    """A page of alerts; `next` is the cursor of the page after it, null on the last."""

    items: list[AlertRecord]
    next: str | None


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


class AlertWhole(msgspec.Struct, frozen=True, kw_only=True):
    """One alert with everything known of it."""

    alert: AlertRecord
    members: list[MemberRecord]
    history: list[TransitionRecord]
    answers: list[FeedbackRecord]
    similar: list[AlertRecord]
    why: str
    explanation: str


class CauseRecord(msgspec.Struct, frozen=True, kw_only=True):
    """`where` pairs dimensions with values (empty: everything alike); `share` of the change, `factor` of the usual."""

    where: dict[str, str]
    share: float | None
    factor: float | None


class ExplanationRecord(msgspec.Struct, frozen=True, kw_only=True):
    """Which dimension values explain an alert; the sentence is empty where none stand out."""

    sentence: str
    causes: list[CauseRecord]
