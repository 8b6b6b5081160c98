"""When a recurring event occurs: every week, every year, by a calendar's rule, or on the holidays of a country."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from itertools import takewhile
from typing import NamedTuple

from watchkeeper.domain.errors import InputError
from watchkeeper.domain.times import wall_clock, zone_info

HOLIDAYS = "holidays:"
RRULE = "rrule:"
EXCEPT = ";EXDATE="
"""Behind a rule: the dates left out, on the wall clock as `20260105T100000`, separated by commas."""
_COUNTRY = re.compile("[A-Z]{2,4}")
RULES = "weekly, yearly, rrule:FREQ=… (RFC 5545), or holidays:COUNTRY such as holidays:DE or holidays:DE-BE"


class Occurrence(NamedTuple):
    """`[start, end)` in seconds; occurrences of one `name` are the most alike (of a calendar: the holiday's name)."""

    start: int
    end: int
    name: str = ""


def check_rule(rule: str) -> None:
    """InputError where `rule` is not one of `RULES`, or the country is not known."""
    if rule.startswith(HOLIDAYS):
        _holidays(rule, 2000)
    elif rule.startswith(RRULE):
        _check_calendar_rule(rule)
    elif rule not in ("weekly", "yearly"):
        raise InputError(f"repeat {rule!r} is not known: use {RULES}")


def occurrences(rule: str, zone: str, start: int, end: int, until: int, *, since: int) -> tuple[Occurrence, ...]:
    """The occurrences that begin before `until` (seconds), in order of time.

    Weekly and yearly ones are the window `[start, end)` and its like after it, at the same time of the clock of `zone`
    and as long; 29 February comes in leap years. Holidays are whole days of `zone` that end after `since`, whatever
    the window. Raises InputError as `check_rule` does.
    """
    check_rule(rule)
    if rule.startswith(HOLIDAYS):
        return _days_off(rule, zone, since, until)
    first = wall_clock(start, zone).replace(tzinfo=None)
    if rule.startswith(RRULE):
        last = wall_clock(until, zone).replace(tzinfo=None)
        begins = [_instant(moment, zone) for moment in takewhile(lambda one: one <= last, _moments(rule, first, last))]
        return tuple(Occurrence(begin, begin + end - start) for begin in begins if begin < until)
    found: list[Occurrence] = []
    count = 0
    while True:
        moment = _like(first, rule, count)
        count += 1
        if moment is None:
            continue
        begin = _instant(moment, zone)
        if begin >= until:
            return tuple(found)
        found.append(Occurrence(begin, begin + end - start))


def _like(first: datetime, rule: str, count: int) -> datetime | None:
    if rule == "weekly":
        return first + timedelta(weeks=count)
    try:
        return first.replace(year=first.year + count)
    except ValueError:
        return None


def _check_calendar_rule(rule: str) -> None:
    """InputError where it is none, occurs more than once an hour, or within thirty years never."""
    parts, left_out = _parts(rule), rule.partition(EXCEPT)[2]
    if EXCEPT in rule and not _LEFT_OUT.fullmatch(left_out):
        raise InputError(
            f"repeat {rule[:200]!r}: EXDATE: write 20260105T100000, on the wall clock, with commas between"
        )
    for key, values in _ALLOWED.items():
        if key in parts and not values.fullmatch(parts[key]):
            raise InputError(f"repeat {rule[:200]!r}: {key}={parts[key][:40]}: {_MENDS.get(key, 'not of RFC 5545')}")
    if not set(parts) <= set(_ALLOWED):
        raise InputError(f"repeat {rule[:200]!r}: {min(set(parts) - set(_ALLOWED))[:40]} is not of RFC 5545")
    bare = RRULE + ";".join(f"{key}={value}" for key, value in parts.items() if key not in ("COUNT", "UNTIL"))
    first = datetime.combine(date(2000, 1, 1), time())
    _moments(rule, first, first)  # with its end, and the dates left out
    try:
        occurs = any(True for _ in _moments(bare, first, first.replace(year=2030)))
    except (ValueError, TypeError, LookupError, ArithmeticError) as error:
        raise InputError(f"repeat {rule[:200]!r}: not a rule of RFC 5545 ({error})") from None
    if not occurs:
        raise InputError(f"repeat {rule[:200]!r}: it never occurs; see its BY… parts")


def _parts(rule: str) -> dict[str, str]:
    text = rule.removeprefix(RRULE).partition(EXCEPT)[0].upper()
    pairs = [part.partition("=") for part in text.split(";") if part]
    return {key: value for key, _, value in pairs}


def _numbers(digits: int) -> str:
    return rf"[+-]?\d{{1,{digits}}}(,[+-]?\d{{1,{digits}}})*"


_ALLOWED = {
    key: re.compile(values, re.ASCII)
    for key, values in {
        "FREQ": "DAILY|WEEKLY|MONTHLY|YEARLY",
        "INTERVAL": r"0*[1-9]\d{0,3}",
        "COUNT": r"\d{1,9}",
        "UNTIL": r"\d{8}(T\d{6})?",
        "WKST": "MO|TU|WE|TH|FR|SA|SU",
        "BYDAY": r"([+-]?\d{1,2})?(MO|TU|WE|TH|FR|SA|SU)(,([+-]?\d{1,2})?(MO|TU|WE|TH|FR|SA|SU))*",
        "BYMONTH": _numbers(2),
        "BYMONTHDAY": _numbers(2),
        "BYYEARDAY": _numbers(3),
        "BYWEEKNO": _numbers(2),
        "BYSETPOS": _numbers(3),
        "BYHOUR": r"\d{1,2}(,\d{1,2}){0,23}",
        "BYMINUTE": r"\d{1,2}",
        "BYSECOND": r"\d{1,2}",
    }.items()
}
"""What a rule may say. Each minute is refused: an event that begins again all the time cannot be gone through."""
_LEFT_OUT = re.compile(r"\d{8}T\d{6}(,\d{8}T\d{6})*", re.ASCII)
_MENDS = {
    "FREQ": "an event repeats daily at most, and yearly at least",
    "INTERVAL": "write 1 to 9999",
    **dict.fromkeys(("BYMINUTE", "BYSECOND"), "an event begins once an hour at most; write one number"),
}


def _moments(rule: str, first: datetime, last: datetime) -> Iterable[datetime]:
    """The wall-clock times of a rule of RFC 5545, section 3.3.10, from `first` on, to `last` or a little further.

    Without its end a rule of which no day is one would be gone through to the year 9999. InputError.
    """
    from dateutil.rrule import rrulestr  # 20 ms that only calendars need

    text, _, left_out = rule.removeprefix(RRULE).partition(EXCEPT)
    if "COUNT=" not in text.upper() and "UNTIL=" not in text.upper():
        text += f";UNTIL={last:%Y%m%dT%H%M%S}"
    try:
        lines = f"RRULE:{text}" + (f"\nEXDATE:{left_out}" if left_out else "")
        found: Iterable[datetime] = rrulestr(lines, dtstart=first, forceset=True)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise InputError(f"repeat {rule[:200]!r}: not a rule of RFC 5545 ({error})") from None
    return found


def _instant(moment: datetime, zone: str) -> int:
    return int(moment.replace(tzinfo=zone_info(zone)).timestamp())


def _days_off(rule: str, zone: str, since: int, until: int) -> tuple[Occurrence, ...]:
    years = range(wall_clock(since, zone).year, wall_clock(until, zone).year + 1)
    found = []
    for year in years:
        for day, name in _holidays(rule, year):
            midnight = datetime.combine(day, time())
            begin, end = (_instant(midnight + timedelta(days=more), zone) for more in (0, 1))
            if end > since and begin < until:
                found.append(Occurrence(begin, end, name))
    return tuple(sorted(found))


@lru_cache(maxsize=1024)
def _holidays(rule: str, year: int) -> tuple[tuple[date, str], ...]:
    """The public holidays of one year: day and name."""
    from holidays import country_holidays  # 50 ms that only calendars need

    country, _, part = rule.removeprefix(HOLIDAYS).partition("-")
    try:
        if not _COUNTRY.fullmatch(country):  # the library would take any of its names for one
            raise NotImplementedError
        return tuple(sorted(country_holidays(country, subdiv=part or None, years=year).items()))
    except NotImplementedError:
        raise InputError(
            f"repeat {rule[:80]!r}: no such country or part of one; use ISO codes, as in holidays:DE or holidays:US-NY"
        ) from None
