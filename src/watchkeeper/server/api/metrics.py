"""`/metrics`, `/sources`, `/channels`: what is watched, where from, and who is told."""

from __future__ import annotations

from typing import Any

from litestar import Request, get

from watchkeeper.client.records import (
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
from watchkeeper.server.api.common import Name, to_datetime
from watchkeeper.server.desk import desk_of
from watchkeeper.server.guard import needs
from watchkeeper.watch import views


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


HANDLERS = (list_metrics, get_metric, list_sources, list_channels)
