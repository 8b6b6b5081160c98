"""An iCalendar file (RFC 5545) read as lines of the feedback log: each of its events is a known event of a metric."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Any

from watchkeeper.domain.errors import InputError
from watchkeeper.domain.recurrence import EXCEPT, RRULE, check_rule
from watchkeeper.domain.times import format_instant, zone_info

BY = "calendar"
_CLOCK = "%Y%m%dT%H%M%S"


def read_calendar(text: str, series: list[str], zone: str, place: str) -> list[dict[str, Any]]:
    """Lines as `read_lines` takes them: one for each event, with its rule, and one for each changed or added date.

    Whole days and times without a zone are on the clock of `zone`. The same file gives the same lines, so importing it
    again adds nothing. Raises InputError naming `place` and the event.
    """
    from icalendar import Calendar  # 100 ms that only calendars need

    try:
        calendars: Any = Calendar.from_ical(text, multiple=True)
        events = [event for calendar in calendars for event in calendar.walk("VEVENT")]
    except (ValueError, IndexError, KeyError) as error:
        raise InputError(f"{place}: not an iCalendar file ({error})") from None
    if not events:
        raise InputError(f"{place}: no event in it; an iCalendar file holds BEGIN:VEVENT … END:VEVENT")
    moved: dict[str, list[datetime]] = {}
    for event in events:
        if "RECURRENCE-ID" in event:
            instead = _naive(event["RECURRENCE-ID"].dt, _zone_of(event, zone))
            moved.setdefault(str(event.get("UID", "")), []).append(instead)
    return [line for event in events for line in _lines(event, series, zone, place, moved)]


def _lines(
    event: Any, series: list[str], zone: str, place: str, moved: dict[str, list[datetime]]
) -> list[dict[str, Any]]:
    name = str(event.get("SUMMARY", "")) or "event of a calendar"
    where = f"{place}: event {name!r}"
    if "DTSTART" not in event:
        raise InputError(f"{where}: it has no DTSTART")
    own = _zone_of(event, zone)
    begin = event["DTSTART"].dt
    start = _instant(begin, own, where)
    if "DTEND" in event:
        end = _instant(event["DTEND"].dt, own, where)
    elif "DURATION" in event:
        end = start + int(event["DURATION"].dt.total_seconds())
    elif isinstance(begin, datetime):
        raise InputError(f"{where}: it has neither DTEND nor DURATION, so it takes no time")
    else:
        end = _instant(begin + timedelta(days=1), own, where)
    if end <= start:
        raise InputError(f"{where}: it ends before it starts")
    stamp = event.get("DTSTAMP")
    said: dict[str, Any] = {
        "kind": "event",
        "series": series,
        "given_at": format_instant(_instant(stamp.dt, "UTC", where) if stamp is not None else start),
        "by": BY,
        "note": name,
    }
    repeat = _rule(event, own, moved.get(str(event.get("UID", "")), []), where)
    again = {"repeat": repeat, "zone": own} if repeat else {}
    lines = [{**said, "start": format_instant(start), "end": format_instant(end), **again}]
    for more in _dates(event, "RDATE"):
        at = _instant(more, own, where)
        lines.append({**said, "start": format_instant(at), "end": format_instant(at + end - start)})
    return lines


def _rule(event: Any, zone: str, moved: list[datetime], where: str) -> str:
    if "RRULE" not in event or "RECURRENCE-ID" in event:
        return ""
    rules = event["RRULE"]
    if isinstance(rules, list):
        raise InputError(f"{where}: it has several RRULE; give each an event of its own")
    rule = dict(rules)
    if "UNTIL" in rule:  # in UTC there, on the event's clock here
        rule["UNTIL"] = [_naive(one, zone) for one in rule["UNTIL"]]
    text = ";".join(f"{key}={','.join(_word(one) for one in _listed(value))}" for key, value in rule.items())
    left_out = sorted({_naive(one, zone) for one in _dates(event, "EXDATE")} | set(moved))
    if left_out and not isinstance(event["DTSTART"].dt, datetime):
        left_out = [one.replace(hour=0, minute=0, second=0) for one in left_out]
    repeat = RRULE + text + (EXCEPT + ",".join(one.strftime(_CLOCK) for one in left_out) if left_out else "")
    try:
        check_rule(repeat)
    except InputError as error:
        raise InputError(f"{where}: {error}") from None
    return repeat


def _word(value: Any) -> str:
    return value.strftime(_CLOCK) if isinstance(value, datetime) else str(value)


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _dates(event: Any, key: str) -> list[date | datetime]:
    return [one.dt for group in _listed(event.get(key, [])) for one in group.dts]


def _zone_of(event: Any, zone: str) -> str:
    """The clock of an event: its own zone where that is one of the IANA database, else the metric's."""
    begin = event["DTSTART"].dt if "DTSTART" in event else None
    if not isinstance(begin, datetime) or begin.tzinfo is None:
        return zone
    name = str(getattr(begin.tzinfo, "key", "") or begin.tzinfo.tzname(begin))
    try:
        zone_info(name)
    except InputError:
        return zone
    return name


def _naive(moment: date | datetime, zone: str) -> datetime:
    if not isinstance(moment, datetime):
        return datetime.combine(moment, time())
    return moment if moment.tzinfo is None else moment.astimezone(zone_info(zone)).replace(tzinfo=None)


def _instant(moment: date | datetime, zone: str, where: str) -> int:
    if isinstance(moment, datetime) and moment.tzinfo is not None:
        return int(moment.timestamp())
    if not isinstance(moment, date):
        raise InputError(f"{where}: {moment!r} is not a date or time")
    return int(_naive(moment, zone).replace(tzinfo=zone_info(zone)).timestamp())
