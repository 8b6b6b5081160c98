"""Metrics and sources: what is watched, and reading it again."""

from __future__ import annotations

from datetime import datetime

import msgspec

from watchkeeper.domain.metric import Metric


class TrackRecord(msgspec.Struct, frozen=True, kw_only=True):
    """How right a metric was, by what people answered.

    `precision` is the share of real ones among the alerts with a verdict (null without any), `low` and `high` its
    interval of 95 %. `missed` counts reported misses; `misses_a_month` is estimated from the `asked` questions about
    quiet windows with a reply, with its interval. `alerts_a_month` is held against `budget`, the false alerts a month
    that it may cost. `suggestion` is a sentence, or empty.
    """

    real: int
    false_alarms: int
    precision: float | None
    low: float
    high: float
    missed: int
    alerts: int
    answered: int
    acted: int
    asked: int
    misses_a_month: float | None
    misses_low: float
    misses_high: float
    alerts_a_month: float
    budget: float
    suggestion: str


class MetricRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A metric as it is set, and its record. Counts of alerts are of the last 30 days of data.

    `newest_point` is the start of the newest period that was judged, with a value or not; `withheld` is how many rows
    its last reading withheld, because their group was smaller than its `min_group_size`.
    `track` is how right it was.
    """

    settings: Metric
    series_count: int
    alerts_30_days: int
    answered: int
    real: int
    false_alarms: int
    newest_point: datetime | None
    withheld: int = 0
    track: TrackRecord | None = None


class MetricList(msgspec.Struct, frozen=True, kw_only=True):
    """A page of metrics, by name."""

    items: list[MetricRecord]
    next: str | None = None


class BackfillDraft(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A window `[start, end)` of a metric to be read again from its source (`end` left out: up to now).

    With `dry_run` the source is read, and nothing is kept.
    """

    start: datetime
    end: datetime | None = None
    dry_run: bool = False


class BackfillRecord(msgspec.Struct, frozen=True, kw_only=True):
    """What reading the whole periods of `[start, end)` again gave: points new or different (`changed`), rows withheld,
    and how many alerts `opened`. `is_judged` is false where nothing was kept, or another server judges the metric.
    """

    metric: str
    start: datetime
    end: datetime
    changed: int
    withheld: int
    opened: int
    is_judged: bool


class SourceRecord(msgspec.Struct, frozen=True, kw_only=True):
    """Where numbers come from; its URL is never shown."""

    name: str
    kind: str


class SourceList(msgspec.Struct, frozen=True, kw_only=True):
    """Every source, by name."""

    items: list[SourceRecord]
    next: str | None = None
