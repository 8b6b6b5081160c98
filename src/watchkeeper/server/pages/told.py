"""What was sent to people, and the list of metrics."""

from __future__ import annotations

import msgspec
from litestar import Response, get

from watchkeeper.server.desk import desk_of
from watchkeeper.server.session import PageRequest
from watchkeeper.watch.views import MetricLine

TOLD = 200


class ToldPage(msgspec.Struct, frozen=True, kw_only=True):
    """The page's record: lines as they were sent, newest first."""

    lines: tuple[str, ...]


class MetricsPage(msgspec.Struct, frozen=True, kw_only=True):
    """The page's record."""

    lines: tuple[MetricLine, ...]


@get("/told", sync_to_thread=True)
def show_told(request: PageRequest) -> Response[str]:
    """What was sent."""
    desk = desk_of(request)
    return desk.page(request, "told.html", ToldPage(lines=desk.service.told(TOLD)))


@get("/metrics", sync_to_thread=True)
def show_metrics(request: PageRequest) -> Response[str]:
    """Every metric with its record."""
    desk = desk_of(request)
    return desk.page(request, "metrics.html", MetricsPage(lines=desk.service.metrics()))


HANDLERS = (show_told, show_metrics)
