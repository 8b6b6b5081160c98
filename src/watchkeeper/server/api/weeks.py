"""`/digest`: a week in a few lines, read or sent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from litestar import Request, get, post
from litestar.params import JSONBody

from watchkeeper.client.records import DigestDraft, WeekRecord
from watchkeeper.domain.access import Scope
from watchkeeper.server.api.alerts import alert_record
from watchkeeper.server.api.common import When, instant, to_datetime, to_seconds
from watchkeeper.server.desk import desk_of
from watchkeeper.server.guard import needs
from watchkeeper.server.session import caller
from watchkeeper.watch.week import text

if TYPE_CHECKING:
    from watchkeeper.watch.week import Week

TAGS = ["digest"]


def week_record(week: Week) -> WeekRecord:
    """A week as the API gives it."""
    return WeekRecord(
        start=to_datetime(week.start),
        end=to_datetime(week.end),
        alerts=week.alerts,
        before=week.before,
        answered=week.answered,
        real=week.real,
        false_alarms=week.false_alarms,
        explained=week.explained,
        missed=week.missed,
        noisy=tuple(one.metric.name for one in week.noisy),
        silent=tuple(one.metric.name for one in week.silent),
        sentence=week.sentence,
        moved=[alert_record(one) for one in week.moved],
        lines=text(week),
    )


@get("/digest", sync_to_thread=True, opt=needs(Scope.READ), tags=TAGS)
def get_week(request: Request[Any, Any, Any], until: When = "") -> WeekRecord:
    """What moved in the week before `until` (or the newest), what was answered, how well the watch itself did."""
    return week_record(desk_of(request).service.overview.week(instant(until, "until")))


@post("/digest", sync_to_thread=True, status_code=200, opt=needs(Scope.CONFIGURE), tags=TAGS)
def send_week(request: Request[Any, Any, Any], data: JSONBody[DigestDraft]) -> WeekRecord:
    """Send a week to a channel. 503 (`channel`) says why it did not arrive."""
    overview = desk_of(request).service.overview
    until = to_seconds(data.until, "until")
    return week_record(overview.send(data.channel, caller(request).name, until, data.link))


HANDLERS = (get_week, send_week)
