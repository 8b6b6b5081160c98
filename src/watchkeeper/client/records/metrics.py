"""Metrics and sources: what is watched, and reading it again."""

from __future__ import annotations

from datetime import datetime

import msgspec

from watchkeeper.domain.metric import Metric


class MetricRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A metric as it is set, and its record. Counts of alerts are of the last 30 days of data.

    `withheld` is how many rows its last reading withheld, because their group was smaller than its `min_group_size`.
    """

    settings: Metric
    series_count: int
    alerts_30_days: int
    answered: int
    real: int
    false_alarms: int
    newest_point: datetime | None
    withheld: int = 0


class MetricList(msgspec.Struct, frozen=True, kw_only=True):
    """Every metric, by name."""

    items: list[MetricRecord]


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
