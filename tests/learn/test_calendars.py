"""iCalendar files (RFC 5545) become known events."""

from __future__ import annotations

import pytest

from watchkeeper.domain.errors import InputError
from watchkeeper.domain.recurrence import occurrences
from watchkeeper.domain.times import format_instant, parse_instant
from watchkeeper.learn import read_calendar, read_lines

HEAD = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//x//y//EN\r\n"


def lines_of(*bodies: str, zone: str = "Europe/Berlin") -> list[dict[str, object]]:
    head = "BEGIN:VEVENT\r\nUID:{}\r\nDTSTAMP:20260101T000000Z\r\nSUMMARY:Works\r\n"
    events = ""
    for number, body in enumerate(bodies):
        events += head.format(number) + body.replace("\n", "\r\n") + "\r\nEND:VEVENT\r\n"
    return read_calendar(HEAD + events + "END:VCALENDAR\r\n", ["orders"], zone, "works.ics")


def starts(line: dict[str, object], until: str) -> list[str]:
    start, end = (parse_instant(str(line[key])) for key in ("start", "end"))
    found = occurrences(str(line["repeat"]), str(line["zone"]), start, end, parse_instant(until), since=start)
    return [format_instant(one.start) for one in found]


def test_a_single_event_in_utc():
    (line,) = lines_of("DTSTART:20260105T100000Z\nDTEND:20260105T120000Z")
    assert (line["start"], line["end"]) == ("2026-01-05T10:00:00Z", "2026-01-05T12:00:00Z")
    assert "repeat" not in line
    read_lines([line], {"orders": 1})


def test_weekly_works_keep_their_hour_when_the_clock_changes():
    (line,) = lines_of("DTSTART;TZID=Europe/Berlin:20260323T020000\nDURATION:PT2H\nRRULE:FREQ=WEEKLY")
    assert starts(line, "2026-04-07") == ["2026-03-23T01:00:00Z", "2026-03-30T00:00:00Z", "2026-04-06T00:00:00Z"]


def test_a_whole_day_is_one_of_the_metrics_clock_every_year():
    (line,) = lines_of("DTSTART;VALUE=DATE:20260704\nRRULE:FREQ=YEARLY", zone="America/New_York")
    assert starts(line, "2027-12-31") == ["2026-07-04T04:00:00Z", "2027-07-04T04:00:00Z"]
    assert line["end"] == "2026-07-05T04:00:00Z"


def test_dates_left_out_moved_and_added():
    lines = lines_of(
        "DTSTART;TZID=Europe/Berlin:20260105T100000\nDTEND;TZID=Europe/Berlin:20260105T110000\n"
        "RRULE:FREQ=WEEKLY;COUNT=4\nEXDATE;TZID=Europe/Berlin:20260112T100000\n"
        "RDATE;TZID=Europe/Berlin:20260201T100000",
    )
    assert starts(lines[0], "2027-01-01") == ["2026-01-05T09:00:00Z", "2026-01-19T09:00:00Z", "2026-01-26T09:00:00Z"]
    assert lines[1]["start"] == "2026-02-01T09:00:00Z"
    text = HEAD + "".join(
        f"BEGIN:VEVENT\r\nUID:a\r\nDTSTAMP:20260101T000000Z\r\n{body}\r\nEND:VEVENT\r\n"
        for body in (
            "DTSTART:20260105T100000Z\r\nDURATION:PT1H\r\nRRULE:FREQ=WEEKLY;UNTIL=20260119T100000Z",
            "RECURRENCE-ID:20260112T100000Z\r\nDTSTART:20260113T100000Z\r\nDURATION:PT1H",
        )
    )
    first, second = read_calendar(text + "END:VCALENDAR\r\n", ["orders"], "UTC", "works.ics")
    assert starts(first, "2027-01-01") == ["2026-01-05T10:00:00Z", "2026-01-19T10:00:00Z"]
    assert second["start"] == "2026-01-13T10:00:00Z"


def test_a_time_without_a_zone_is_on_the_metrics_clock():
    (line,) = lines_of("DTSTART:20260705T100000\nDURATION:PT1H")
    assert line["start"] == "2026-07-05T08:00:00Z"


def test_the_first_monday_of_the_month():
    (line,) = lines_of("DTSTART:20260105T100000Z\nDURATION:PT1H\nRRULE:FREQ=MONTHLY;BYDAY=1MO")
    assert starts(line, "2026-03-31") == ["2026-01-05T10:00:00Z", "2026-02-02T10:00:00Z", "2026-03-02T10:00:00Z"]


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ("DURATION:PT1H", "no DTSTART"),
        ("DTSTART:20260105T100000Z", "neither DTEND nor DURATION"),
        ("DTSTART:20260105T100000Z\nDTEND:20260105T090000Z", "ends before it starts"),
        ("DTSTART:20260105T100000Z\nDURATION:PT1M\nRRULE:FREQ=HOURLY", "daily at most"),
        ("DTSTART:99999999T000000Z\nDURATION:PT1H", "DTSTART"),
        ("DTSTART;VALUE=DATE:99991231", "between 1900 and 2200"),
        ("DTSTART;VALUE=DATE:00010101", "between 1900 and 2200"),
        ("DTSTART:2026\nDURATION:zz", "DTSTART"),
        ("DTSTART:20260105T100000Z\nDURATION:zz", "DURATION"),
        ("DTSTART:20260105T100000Z\nDURATION:P99999999999D", "DURATION|too large"),
        ("DTSTART:20260105T100000Z\nDTEND:soon", "DTEND"),
        ("DTSTART:20260105T100000Z\nDURATION:PT1H\nRRULE:nonsense", "RRULE|rule"),
        ("DTSTART:20260105T100000Z\nDURATION:PT1H\nRRULE:FREQ=DAILY\nEXDATE:soon", "EXDATE"),
        ("DTSTART:20260105T100000Z\nDURATION:PT1H\nRDATE:soon", "RDATE"),
        ("DTSTART:20260105T100000Z\nDURATION:PT1H\nRECURRENCE-ID:soon", "RECURRENCE-ID"),
        ("DTSTART:20260105T100000Z\nDTSTART:20260106T100000Z\nDURATION:PT1H", "DTSTART"),
        ("DTSTART:20260105T100000Z\nDTEND:20260105T110000Z\nDTEND:20260105T120000Z", "DTEND"),
    ],
)
def test_an_event_that_cannot_be_says_which_and_why(body: str, says: str):
    with pytest.raises(InputError, match=rf"works\.ics: event 'Works'.*{says}"):
        lines_of(body)


@pytest.mark.parametrize("text", ["", "hello", HEAD, HEAD + "END:VCALENDAR\r\n"])
def test_what_is_no_calendar_says_so(text: str):
    with pytest.raises(InputError, match=r"works\.ics: "):
        read_calendar(text, ["orders"], "UTC", "works.ics")


@pytest.mark.parametrize(
    "rule",
    [
        "rrule:",
        "rrule:FREQ=DAILY;BYDAY=XX",
        "rrule:FREQ=NEVER",
        "rrule:FREQ=DAILY;EXDATE=x",
        "rrule:FREQ=DAILY;EXDATE=20260101T000000Z",
        "rrule:FREQ=DAILY;INTERVAL=0",
        "rrule:FREQ=WEEKLY;INTERVAL=0",
        "rrule:FREQ=DAILY;INTERVAL=-1",
        "rrule:FREQ=MONTHLY;BYDAY=+99MO",
        "rrule:FREQ=YEARLY;BYEASTER=100000000",
        "rrule:FREQ=DAILY;BYSECOND=1,2",
        "rrule:FREQ=DAILY;BYMINUTE=0,1",
        "rrule:FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30",
        "rrule:FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30;COUNT=3",
        "rrule:FREQ=DAILY\nRDATE:20260101T000000",
        "rrule:FREQ=DAILY\nRRULE:FREQ=SECONDLY",
        "holidays:HolidayBase",
        "holidays:list_supported_countries",
        "holidays:constants",
        "holidays:" + "A" * 500,
    ],
)
def test_a_rule_that_is_none_is_refused(rule: str):
    with pytest.raises(InputError, match="repeat"):
        occurrences(rule, "UTC", 0, 10, 10 * 366 * 86400, since=0)
