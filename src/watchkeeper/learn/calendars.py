"""An iCalendar file (RFC 5545) read as lines of the feedback log: each of its events is a known event of a metric."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Any

from watchkeeper.domain.errors import InputError
from watchkeeper.domain.recurrence import EXCEPT, RRULE, check_rule
from watchkeeper.domain.times import DAY, FIRST_YEAR, LAST_YEAR, LONGEST, format_instant, zone_info

BY = "calendar"
_CLOCK = "%Y%m%dT%H%M%S"
_UNREADABLE = (ValueError, ArithmeticError, LookupError, AttributeError, TypeError)
"""What icalendar raises of a value that it cannot read, when it reads the file or when the value is asked for."""


def read_calendar(text: str, series: list[str], zone: str, place: str) -> list[dict[str, Any]]:
    """Lines as `read_lines` takes them: one for each event, with its rule, and one for each changed or added date.

    Whole days and times without a zone are on the clock of `zone`. The same file gives the same lines, so importing it
    again adds nothing. Raises InputError naming `place` and the event.
    """
    from icalendar import Calendar  # 100 ms that only calendars need

    try:
        calendars: Any = Calendar.from_ical(text, multiple=True)
        events = [event for calendar in calendars for event in calendar.walk("VEVENT")]
    except _UNREADABLE as error:
        raise InputError(f"{place}: not an iCalendar file ({error})") from None
    if not events:
        raise InputError(f"{place}: no event in it; an iCalendar file holds BEGIN:VEVENT … END:VEVENT")
    moved: dict[str, list[datetime]] = {}
    for event in events:
        if "RECURRENCE-ID" in event:
            where = _where(event, place)
            instead = _naive(_value(event, "RECURRENCE-ID", where), _zone_of(event, zone, where))
            moved.setdefault(str(event.get("UID", "")), []).append(instead)
    return [line for event in events for line in _lines(event, series, zone, place, moved)]


def _lines(
    event: Any, series: list[str], zone: str, place: str, moved: dict[str, list[datetime]]
) -> list[dict[str, Any]]:
    name, where = _name(event), _where(event, place)
    if "DTSTART" not in event:
        raise InputError(f"{where}: it has no DTSTART")
    own = _zone_of(event, zone, where)
    begin = _value(event, "DTSTART", where)
    start = _instant(begin, own, where)
    if "DTEND" in event:
        end = _instant(_value(event, "DTEND", where), own, where)
    elif "DURATION" in event:
        end = start + int(_value(event, "DURATION", where).total_seconds())
        if end - start > LONGEST:
            raise InputError(f"{where}: it lasts longer than {LONGEST // DAY} days")
    elif isinstance(begin, datetime):
        raise InputError(f"{where}: it has neither DTEND nor DURATION, so it takes no time")
    else:
        end = _instant(begin + timedelta(days=1), own, where)
    if end <= start:
        raise InputError(f"{where}: it ends before it starts")
    stamp = _value(event, "DTSTAMP", where) if "DTSTAMP" in event else None
    said: dict[str, Any] = {
        "kind": "event",
        "series": series,
        "given_at": format_instant(start if stamp is None else _instant(stamp, "UTC", where)),
        "by": BY,
        "note": name,
    }
    repeat = _rule(event, own, moved.get(str(event.get("UID", "")), []), where)
    again = {"repeat": repeat, "zone": own} if repeat else {}
    lines = [{**said, "start": format_instant(start), "end": format_instant(end), **again}]
    for more in _dates(event, "RDATE", where):
        at = _instant(more, own, where)
        lines.append({**said, "start": format_instant(at), "end": format_instant(at + end - start)})
    return lines


def _rule(event: Any, zone: str, moved: list[datetime], where: str) -> str:
    if "RRULE" not in event or "RECURRENCE-ID" in event:
        return ""
    rules = event["RRULE"]
    if isinstance(rules, list):
        raise InputError(f"{where}: it has several RRULE; give each an event of its own")
    try:
        rule = dict(rules)
    except _UNREADABLE:
        raise InputError(f"{where}: its RRULE cannot be read") from None
    if "UNTIL" in rule:  # in UTC there, on the event's clock here
        rule["UNTIL"] = [_naive(one, zone) for one in rule["UNTIL"]]
    text = ";".join(f"{key}={','.join(_word(one) for one in _listed(value))}" for key, value in rule.items())
    left_out = sorted({_naive(one, zone) for one in _dates(event, "EXDATE", where)} | set(moved))
    if left_out and not isinstance(_value(event, "DTSTART", where), datetime):
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


def _dates(event: Any, key: str, where: str) -> list[date | datetime]:
    try:
        return [one.dt for group in _listed(event.get(key, [])) for one in group.dts]
    except _UNREADABLE:
        raise _unreadable(key, where) from None


def _value(event: Any, key: str, where: str) -> Any:
    """A date, a time or a duration of an event that has it; InputError."""
    try:
        return event[key].dt
    except _UNREADABLE:
        raise _unreadable(key, where) from None


def _unreadable(key: str, where: str) -> InputError:
    return InputError(f"{where}: its {key} cannot be read, or is there twice; write it once, as RFC 5545 has it")


def _name(event: Any) -> str:
    return str(event.get("SUMMARY", "")) or "event of a calendar"


def _where(event: Any, place: str) -> str:
    return f"{place}: event {_name(event)!r}"


def _zone_of(event: Any, zone: str, where: str) -> str:
    """The clock of an event: its own zone where that is one of the IANA database, else the metric's."""
    begin = _value(event, "DTSTART", where) if "DTSTART" in event else None
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
    if not isinstance(moment, date):
        raise InputError(f"{where}: {moment!r} is not a date or time")
    if not FIRST_YEAR <= moment.year < LAST_YEAR:
        raise InputError(f"{where}: {moment}: write times between {FIRST_YEAR} and {LAST_YEAR}")
    if isinstance(moment, datetime) and moment.tzinfo is not None:
        return int(moment.timestamp())
    return int(_naive(moment, zone).replace(tzinfo=zone_info(zone)).timestamp())
