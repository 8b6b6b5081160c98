"""`/metrics`, `/sources`, `/channels`: what is watched, where from, and who is told."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from litestar import Request, get, post
from litestar.params import JSONBody

from watchkeeper.client.records import (
    BackfillDraft,
    BackfillRecord,
    ChannelList,
    ChannelRecord,
    MetricList,
    MetricRecord,
    SourceList,
    SourceRecord,
)
from watchkeeper.domain.access import Scope
from watchkeeper.domain.config import Channel, ChannelKind
from watchkeeper.domain.errors import NotFoundError
from watchkeeper.server.api.common import Name, to_datetime, to_seconds
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
    )


@get("/metrics", sync_to_thread=True, opt=needs(Scope.READ), tags=["metrics"])
def list_metrics(request: Request[Any, Any, Any]) -> MetricList:
    """Every metric with its record."""
    return MetricList(items=[metric_record(line) for line in desk_of(request).service.metrics()])


@get("/metrics/{name:str}", sync_to_thread=True, opt=needs(Scope.READ), tags=["metrics"])
def get_metric(request: Request[Any, Any, Any], name: Name) -> MetricRecord:
    """One metric with its record."""
    for line in desk_of(request).service.metrics():
        if line.metric.name == name:
            return metric_record(line)
    raise NotFoundError(f"no metric {name!r}: /api/v1/metrics lists those there are")


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
def list_sources(request: Request[Any, Any, Any]) -> SourceList:
    """Every source, without its address."""
    found = desk_of(request).service.listing.sources()
    return SourceList(items=[SourceRecord(name=one.name, kind=one.kind.value) for one in found])


@get("/channels", sync_to_thread=True, opt=needs(Scope.READ), tags=["metrics"])
def list_channels(request: Request[Any, Any, Any]) -> ChannelList:
    """Every channel, without its address."""
    found = desk_of(request).service.listing.channels()
    return ChannelList(items=[ChannelRecord(name=one.name, kind=_kind(one)) for one in found])


def _kind(channel: Channel) -> str:
    scheme, colon, _ = channel.url.partition("://")
    if channel.kind is not ChannelKind.APPRISE:
        return str(channel.kind.value)
    return scheme if colon and "$" not in scheme else "by reference"


HANDLERS = (list_metrics, get_metric, backfill, list_sources, list_channels)
