"""`/deeds` and `/mutes`: what people do with alerts besides answering."""

from __future__ import annotations

from typing import Any

from litestar import Request, delete, get, post
from litestar.params import FromQuery, JSONBody

from watchkeeper.client.records import DeedDraft, DeedList, DeedRecord, MuteDraft, MuteList, MuteRecord
from watchkeeper.domain.access import Scope
from watchkeeper.domain.errors import InputError
from watchkeeper.domain.handling import Deed, Handling, Mute
from watchkeeper.server.api.common import MANY, Cursor, Id, Many, page_of, to_datetime, to_seconds
from watchkeeper.server.desk import desk_of
from watchkeeper.server.guard import needs
from watchkeeper.server.session import caller

TAGS = ["deeds"]


def deed_record(line: Handling) -> DeedRecord:
    """A line of the log of deeds as the API gives it."""
    return DeedRecord(
        id=line.id,
        alert=line.alert,
        by=line.by,
        at=to_datetime(line.at),
        deed=line.deed,
        owner=line.owner,
        until=to_datetime(line.until) if line.until else None,
        text=line.text,
        undoes=line.undoes,
    )


def mute_record(mute: Mute) -> MuteRecord:
    """A mute as the API gives it."""
    return MuteRecord(
        id=mute.id,
        by=mute.by,
        start=to_datetime(mute.start),
        end=to_datetime(mute.end),
        metric=mute.metric,
        series=mute.series,
        tag=mute.tag,
        repeat=mute.repeat,
        zone=mute.zone,
        note=mute.note,
        ended_at=None if mute.ended_at is None else to_datetime(mute.ended_at),
    )


@get("/alerts/{alert_id:int}/deeds", sync_to_thread=True, opt=needs(Scope.READ), tags=TAGS)
def list_deeds(request: Request[Any, Any, Any], alert_id: Id, limit: Many = MANY, cursor: Cursor = "") -> DeedList:
    """What was done with an alert besides answering, the oldest line first; undone lines and their undos too."""
    page, more = page_of(desk_of(request).service.deeds.of_alert(alert_id), lambda one: one.id, limit, cursor)
    return DeedList(items=[deed_record(one) for one in page], next=more)


@post("/deeds", sync_to_thread=True, opt=needs(Scope.FEEDBACK), tags=TAGS)
def do_deed(request: Request[Any, Any, Any], data: JSONBody[DeedDraft]) -> DeedList:
    """Acknowledge, assign, snooze or comment on alerts, all of them or none; tick or teach the runbook of one."""
    deeds, by = desk_of(request).service.deeds, caller(request).name
    if data.deed is Deed.ACKNOWLEDGE:
        done = deeds.acknowledge(data.alerts, by, data.text)
    elif data.deed is Deed.ASSIGN:
        done = deeds.assign(data.alerts, data.owner, by, data.text)
    elif data.deed is Deed.COMMENT:
        done = deeds.comment(data.alerts, data.text, by)
    elif data.deed in (Deed.TICK, Deed.LEARN):
        if len(data.alerts) > 1:
            raise InputError(f"{data.deed.value}: each alert has a runbook of its own; name one alert")
        say = deeds.tick if data.deed is Deed.TICK else deeds.learn
        done = [say(data.alerts[0], data.text, by)]
    else:
        until = to_seconds(data.until, "until")
        if until is None:
            raise InputError("until: say until when nobody is to hear of it, such as 2026-11-23T09:00:00Z")
        done = deeds.snooze(data.alerts, until, by, data.text)
    return DeedList(items=[deed_record(one) for one in done])


@post("/deeds/{deed_id:int}/undo", sync_to_thread=True, opt=needs(Scope.FEEDBACK), tags=TAGS)
def undo_deed(request: Request[Any, Any, Any], deed_id: Id) -> DeedRecord:
    """Take a deed back; taking an undo back brings its deed back."""
    return deed_record(desk_of(request).service.deeds.undo(deed_id, caller(request).name))


@get("/mutes", sync_to_thread=True, opt=needs(Scope.READ), tags=TAGS)
def list_mutes(
    request: Request[Any, Any, Any], over_too: FromQuery[bool] = False, limit: Many = MANY, cursor: Cursor = ""
) -> MuteList:
    """Mutes in force or still to come (`over_too`: every one), the newest first."""
    page, more = page_of(
        desk_of(request).service.deeds.mutes(over_too=over_too), lambda one: one.id, limit, cursor, is_newest_first=True
    )
    return MuteList(items=[mute_record(one) for one in page], next=more)


@post("/mutes", sync_to_thread=True, opt=needs(Scope.FEEDBACK), tags=TAGS)
def mute(request: Request[Any, Any, Any], data: JSONBody[MuteDraft]) -> MuteRecord:
    """Tell nobody in a window, once or repeating. Alerts are raised all the same."""
    start, end = to_seconds(data.start, "start"), to_seconds(data.end, "end")
    assert start is not None
    assert end is not None
    made = desk_of(request).service.deeds.mute(
        start,
        end,
        caller(request).name,
        metric=data.metric,
        series_id=data.series,
        tag=data.tag,
        repeat=data.repeat,
        zone=data.zone,
        note=data.note,
    )
    return mute_record(made)


@delete("/mutes/{mute_id:int}", sync_to_thread=True, status_code=200, opt=needs(Scope.FEEDBACK), tags=TAGS)
def unmute(request: Request[Any, Any, Any], mute_id: Id) -> MuteRecord:
    """End a mute now. 422 where it was ended before."""
    return mute_record(desk_of(request).service.deeds.unmute(mute_id, caller(request).name))


HANDLERS = (list_deeds, do_deed, undo_deed, list_mutes, mute, unmute)
