"""`/metrics` and `/sources`: what is watched, and where from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
from litestar import Request, get, post
from litestar.params import JSONBody

from watchkeeper.client.records import (
    BackfillDraft,
    BackfillRecord,
    MetricList,
    MetricRecord,
    SourceList,
    SourceRecord,
    TrackRecord,
)
from watchkeeper.domain.access import Scope
from watchkeeper.server.api.common import (
    MANY,
    Cursor,
    Many,
    Name,
    from_name_cursor,
    page_of,
    to_datetime,
    to_name_cursor,
    to_seconds,
)
from watchkeeper.server.desk import desk_of
from watchkeeper.server.guard import needs
from watchkeeper.server.session import caller
from watchkeeper.watch import views

if TYPE_CHECKING:
    from watchkeeper.watch.backfill import Backfilled


def metric_record(line: views.MetricLine) -> MetricRecord:
    """A line of the metrics page as the API gives it."""
    return MetricRecord(
        settings=line.metric,
        series_count=line.series_count,
        alerts_30_days=line.alerts_30_days,
        answered=line.answered,
        real=line.real,
        false_alarms=line.false_alarms,
        newest_point=None if line.newest_point is None else to_datetime(line.newest_point),
        withheld=line.withheld,
        track=None if line.record is None else msgspec.convert(line.record, TrackRecord, from_attributes=True),
    )


@get("/metrics", sync_to_thread=True, opt=needs(Scope.READ), tags=["metrics"])
def list_metrics(request: Request[Any, Any, Any], limit: Many = MANY, cursor: Cursor = "") -> MetricList:
    """Metrics with their record, by name."""
    found = desk_of(request).service.listing.metrics(limit + 1, from_name_cursor(cursor))
    items = [metric_record(line) for line in found[:limit]]
    return MetricList(items=items, next=to_name_cursor(items[-1].settings.name) if len(found) > limit else None)


@get("/metrics/{name:str}", sync_to_thread=True, opt=needs(Scope.READ), tags=["metrics"])
def get_metric(request: Request[Any, Any, Any], name: Name) -> MetricRecord:
    """One metric with its record."""
    return metric_record(desk_of(request).service.listing.metric(name))


def backfill_record(found: Backfilled) -> BackfillRecord:
    """What a backfill gave as the API gives it."""
    return BackfillRecord(
        metric=found.metric,
        start=to_datetime(found.start),
        end=to_datetime(found.end),
        changed=found.changed,
        withheld=found.withheld,
        opened=found.opened,
        is_judged=found.is_judged,
    )


@post(
    "/metrics/{name:str}/backfill", sync_to_thread=True, status_code=200, opt=needs(Scope.CONFIGURE), tags=["metrics"]
)
def backfill(request: Request[Any, Any, Any], name: Name, data: JSONBody[BackfillDraft]) -> BackfillRecord:
    """Read a window again from the metric's source, and judge it anew. It takes as long as the source does."""
    start, end = to_seconds(data.start, "start"), to_seconds(data.end, "end")
    assert start is not None
    return backfill_record(
        desk_of(request).service.backfills.fill(name, start, end, caller(request).name, dry_run=data.dry_run)
    )


@get("/sources", sync_to_thread=True, opt=needs(Scope.READ), tags=["metrics"])
def list_sources(request: Request[Any, Any, Any], limit: Many = MANY, cursor: Cursor = "") -> SourceList:
    """Every source, without its address."""
    page, more = page_of(desk_of(request).service.listing.sources(), lambda one: one.name, limit, cursor)
    return SourceList(items=[SourceRecord(name=one.name, kind=one.kind.value) for one in page], next=more)


HANDLERS = (list_metrics, get_metric, backfill, list_sources)
