"""What was sent to people and what was not, and the list of metrics."""

from __future__ import annotations

from typing import Literal

import msgspec
from litestar import Response, get
from litestar.params import FromQuery

from watchkeeper.domain.access import Scope
from watchkeeper.server.desk import desk_of
from watchkeeper.server.guard import needs
from watchkeeper.server.messages import Message, messages_of
from watchkeeper.server.session import PageRequest
from watchkeeper.watch.channels import ToldLine
from watchkeeper.watch.views import MetricLine

TOLD = 50


class ToldPage(msgspec.Struct, frozen=True, kw_only=True):
    """The page's record: what became of changes of alerts (those of one `outcome`, or all), and the messages that went
    to file channels, the newest first.
    """

    messages: tuple[Message, ...]
    lines: tuple[ToldLine, ...] = ()
    outcome: str = ""


def told_page(texts: tuple[str, ...], lines: tuple[ToldLine, ...] = (), outcome: str = "") -> ToldPage:
    """Lay out messages, and what became of changes of alerts."""
    return ToldPage(messages=messages_of(texts), lines=lines, outcome=outcome)


class MetricsPage(msgspec.Struct, frozen=True, kw_only=True):
    """The page's record. `made` names a metric that was just switched on."""

    lines: tuple[MetricLine, ...]
    made: str = ""


@get("/told", sync_to_thread=True, opt=needs(Scope.READ))
def show_told(
    request: PageRequest, outcome: FromQuery[Literal["sent", "held", "failed", "waiting"] | None] = None
) -> Response[str]:
    """What was sent, and why the rest was not."""
    desk = desk_of(request)
    channels = desk.service.channels
    lines = tuple(channels.deliveries(TOLD, outcome=outcome))
    return desk.page(request, "told.html", told_page(channels.told(TOLD), lines, outcome or ""))


@get("/metrics", sync_to_thread=True, opt=needs(Scope.READ))
def show_metrics(request: PageRequest, made: FromQuery[str] = "") -> Response[str] | Response[bytes]:
    """Every metric with its record; to Prometheus, which asks for no HTML, how the service itself is doing.

    Who sends a token is a program too, and need not say what it accepts.
    """
    desk = desk_of(request)
    accepted = request.headers.get("accept", "")
    is_program = "text/plain" in accepted or "openmetrics" in accepted or "authorization" in request.headers
    if "text/html" not in accepted and is_program:
        return Response(desk.service.vitals.text(), media_type="text/plain; version=0.0.4; charset=utf-8")
    return desk.page(request, "metrics.html", MetricsPage(lines=desk.service.metrics(), made=made))


HANDLERS = (show_told, show_metrics)
