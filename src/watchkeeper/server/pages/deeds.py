"""What people do with alerts besides answering: acknowledge, assign, snooze, comment, mute; each can be taken back."""

from __future__ import annotations

import time
from typing import Annotated
from zoneinfo import available_timezones

import msgspec
from litestar import Response, get, post
from litestar.enums import RequestEncodingType
from litestar.params import Body, FromPath
from litestar.response import Redirect

from watchkeeper.domain.access import Scope
from watchkeeper.domain.errors import InputError
from watchkeeper.domain.handling import Mute
from watchkeeper.domain.times import format_duration, parse_duration, parse_instant
from watchkeeper.server.desk import desk_of
from watchkeeper.server.facade import Deeds
from watchkeeper.server.guard import needs
from watchkeeper.server.numbers import whole
from watchkeeper.server.pages.answers import own_place
from watchkeeper.server.session import NAMELESS, PageRequest, visitor
from watchkeeper.watch.views import MetricLine

Form = Annotated[dict[str, str], Body(media_type=RequestEncodingType.URL_ENCODED)]
SNOOZES = ("1h", "4h", "12h", "1d", "3d", "7d")
REPEATS = (
    ("", "once"),
    ("rrule:FREQ=DAILY", "every day"),
    ("rrule:FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR", "on working days"),
    ("weekly", "every week"),
    ("yearly", "every year"),
)


class MuteLine(msgspec.Struct, frozen=True, kw_only=True):
    """One mute as the page lists it."""

    mute: Mute
    repeats: str
    is_over: bool


class MutesPage(msgspec.Struct, frozen=True, kw_only=True):
    """The page's record. `chosen` fills the form: `metric:orders`, `series:3`, `tag:batch`, or nothing."""

    lines: tuple[MuteLine, ...]
    metrics: tuple[MetricLine, ...]
    tags: tuple[str, ...]
    repeats: tuple[tuple[str, str], ...]
    zones: tuple[str, ...]
    chosen: str


def mutes_page(mutes: list[Mute], metrics: tuple[MetricLine, ...], now: int, chosen: str = "") -> MutesPage:
    """Lay out what the service gave."""
    words = dict(REPEATS)
    return MutesPage(
        lines=tuple(
            MuteLine(mute=one, repeats=words.get(one.repeat, one.repeat), is_over=one.is_over(now)) for one in mutes
        ),
        metrics=metrics,
        tags=tuple(sorted({tag for line in metrics for tag in line.metric.tags})),
        repeats=REPEATS,
        zones=tuple(sorted({line.metric.timezone for line in metrics} | {"UTC"})),
        chosen=chosen,
    )


def handle(deeds: Deeds, alert_ids: list[int], form: dict[str, str], by: str, now: int) -> None:
    """Do what the form's `act` says on the alerts. InputError, NotFoundError."""
    text = form.get("text", "")
    match form.get("act", ""):
        case "acknowledge":
            deeds.acknowledge(alert_ids, by, text)
        case "assign":
            deeds.assign(alert_ids, form.get("owner", ""), by, text)
        case "snooze":
            deeds.snooze(alert_ids, now + parse_duration(form.get("lasting", "4h")), by, text)
        case "comment":
            deeds.comment(alert_ids, text, by)
        case "tick" | "learn" as act:
            for alert_id in alert_ids:
                (deeds.tick if act == "tick" else deeds.learn)(alert_id, text, by)
        case other:
            raise InputError(f"act={other[:40]!r}: use acknowledge, assign, snooze, comment, tick or learn")


@post("/alerts/{alert_id:int}/handle", sync_to_thread=True, opt=needs(Scope.FEEDBACK))
def handle_alert(request: PageRequest, alert_id: FromPath[int], data: Form) -> Redirect:
    """Acknowledge, assign, snooze, comment on one alert, tick an item of its runbook or say what that lacks."""
    handle(desk_of(request).service.deeds, [alert_id], data, _by(request), int(time.time()))
    return Redirect(own_place(data.get("next", ""), f"/alerts/{alert_id}"), status_code=303)


@post("/handlings/{handling_id:int}/undo", sync_to_thread=True, opt=needs(Scope.FEEDBACK))
def undo_handling(request: PageRequest, handling_id: FromPath[int], data: Form) -> Redirect:
    """Take a deed back."""
    line = desk_of(request).service.deeds.undo(handling_id, _by(request))
    return Redirect(own_place(data.get("next", ""), f"/alerts/{line.alert}"), status_code=303)


@get("/mutes", sync_to_thread=True, opt=needs(Scope.READ))
def show_mutes(request: PageRequest) -> Response[str]:
    """The mutes, and a form for a new one."""
    desk = desk_of(request)
    mutes = desk.service.deeds.mutes(over_too=True)
    page = mutes_page(mutes, desk.service.metrics(), int(time.time()), request.query_params.get("of", ""))
    return desk.page(request, "mutes.html", page)


@post("/mutes", sync_to_thread=True, opt=needs(Scope.FEEDBACK))
def mute(request: PageRequest, data: Form) -> Redirect:
    """Mute for a window."""
    zone = data.get("zone", "UTC")
    if zone not in available_timezones():
        raise InputError(f"zone {zone[:40]!r} is not known: choose one of the list")
    start = parse_instant(data["from"], zone) if data.get("from") else int(time.time())
    if not data.get("to") and not data.get("lasting"):
        raise InputError("to: say when it ends")
    end = parse_instant(data["to"], zone) if data.get("to") else start + parse_duration(data["lasting"])
    noun, _, name = data.get("of", "").partition(":")
    if noun not in ("", "metric", "series", "tag") or (noun == "series" and whole(name) is None):
        raise InputError(f"of={data.get('of', '')[:40]!r}: choose a metric, a series or a tag from the list")
    desk_of(request).service.deeds.mute(
        start,
        end,
        _by(request),
        metric=name if noun == "metric" else "",
        series_id=whole(name) if noun == "series" else None,
        tag=name if noun == "tag" else "",
        repeat=data.get("repeat", ""),
        zone=zone,
        note=data.get("note", ""),
    )
    return Redirect("/mutes", status_code=303)


@post("/mutes/{mute_id:int}/end", sync_to_thread=True, opt=needs(Scope.FEEDBACK))
def unmute(request: PageRequest, mute_id: FromPath[int]) -> Redirect:
    """End a mute now."""
    desk_of(request).service.deeds.unmute(mute_id, _by(request))
    return Redirect("/mutes", status_code=303)


def snooze_words() -> tuple[tuple[str, str], ...]:
    """How long a snooze may last, for a list: its value and its words."""
    return tuple((value, format_duration(parse_duration(value))) for value in SNOOZES)


def _by(request: PageRequest) -> str:
    found = visitor(request)
    return found.name if found else NAMELESS


HANDLERS = (handle_alert, undo_handling, show_mutes, mute, unmute)
