"""Trials: settings of a metric, and metrics that do not exist yet, on their past."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

import msgspec

from watchkeeper.domain.metric import Metric

Settings = Annotated[dict[str, Any], msgspec.Meta(max_length=100)]


class TriedAlertRecord(msgspec.Struct, frozen=True, kw_only=True):
    """One alert `[start, end)` that would have been told, in so many `series`."""

    start: datetime
    end: datetime
    sentence: str
    series: int


class SettingsTrial(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Settings of a metric to be tried, as a configuration file says them: `{"false_alerts_per_month": 2}`."""

    changes: Settings


class SettingsDraft(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Settings of a metric to be kept; `force` accepts that confirmed alerts would not be told any more."""

    changes: Settings
    force: bool = False


class TrialRecord(msgspec.Struct, frozen=True, kw_only=True):
    """What settings would have told in the newest `days` days of data, the newest first, and what of it is `new` or
    `gone` against those in force. `lost` numbers confirmed alerts, of any time, that would not be told any more.
    """

    settings: Metric
    days: int
    told: list[TriedAlertRecord]
    new: list[TriedAlertRecord]
    gone: list[TriedAlertRecord]
    lost: tuple[int, ...]
    sentence: str


class TableList(msgspec.Struct, frozen=True, kw_only=True):
    """The tables of a source, by name."""

    items: list[str]
    next: str | None = None


class ColumnRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A column of a table, and what it holds: `time`, `number`, `text` or `other`; `type` is the database's word."""

    name: str
    holds: str
    type: str


class ColumnList(msgspec.Struct, frozen=True, kw_only=True):
    """The columns of a table, in its order."""

    items: list[ColumnRecord]
    next: str | None = None


class NewMetric(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A metric that does not exist yet: its settings as a configuration file says them, and its `name`."""

    settings: Settings


class MetricDraft(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A metric to be tried on its past; with `power` it is told too which changes of it would be seen (seconds)."""

    settings: Settings
    power: bool = False


class DraftedRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A metric that does not exist yet on its own past: how many points and series it would have, rows withheld, the
    alerts that it would have told in its newest 60 days, and (`power`) what would be seen, in sentences.
    """

    settings: Metric
    points: int
    series: int
    withheld: int
    told: list[TriedAlertRecord]
    sentence: str
    power: list[str] = []
