"""Series and their judged points."""

from __future__ import annotations

from datetime import datetime

import msgspec


class SeriesRecord(msgspec.Struct, frozen=True, kw_only=True):
    """One metric for one combination of dimension values."""

    id: int
    metric: str
    label: str
    dimensions: dict[str, str]


class SeriesPage(msgspec.Struct, frozen=True, kw_only=True):
    """A page of series, by id."""

    items: list[SeriesRecord]
    next: str | None


class PointRecord(msgspec.Struct, frozen=True, kw_only=True):
    """One judged point, stamped with the start of its period. What is missing or not known yet is null.

    Where `is_withheld`, a value came and is not shown: its group was smaller than the metric's `min_group_size`.
    `score` is −log10 of the false alerts a month at this level; while learning there is none. `cases` is how many cases
    a rate rests on.
    """

    time: datetime
    value: float | None
    cases: float | None = None
    expected: float | None
    lower: float | None
    upper: float | None
    score: float | None
    is_alert: bool
    is_learning: bool
    is_withheld: bool = False


class PointPage(msgspec.Struct, frozen=True, kw_only=True):
    """A page of points, the oldest first; for Grafana read `items`."""

    series: SeriesRecord
    unit: str
    step_s: int
    items: list[PointRecord]
    next: str | None


class Gap(msgspec.Struct, frozen=True, kw_only=True):
    """Periods in `[start, end)` without a value."""

    start: datetime
    end: datetime


class HealthRecord(msgspec.Struct, frozen=True, kw_only=True):
    """How a series' data fares. `newest` is the start of its newest point that came, `overdue` counts the periods that
    should have come since. Of the newest `days` days of `periods` periods, `missing` have no value (`gap_count` gaps,
    `gaps` the newest of them), `withheld` are not shown because their group was small, `late` became known later than
    is waited for, by `latest_s` seconds at most. `overlap` periods are read again each time.
    """

    newest: datetime
    overdue: int
    days: int
    periods: int
    missing: int
    gaps: list[Gap]
    gap_count: int
    late: int
    latest_s: int
    withheld: int
    overlap: int


class SeriesHealth(msgspec.Struct, frozen=True, kw_only=True):
    """A series and how its data fares; null where it has no value at all."""

    series: SeriesRecord
    health: HealthRecord | None


class PowerRecord(msgspec.Struct, frozen=True, kw_only=True):
    """Which changes of a series would be seen, how soon, and whether a simple rule would do as well, in sentences."""

    series: SeriesRecord
    sentences: list[str]
