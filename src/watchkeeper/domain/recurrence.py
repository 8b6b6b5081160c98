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
        _moments(rule, datetime.combine(date(2000, 1, 1), time()))
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
        begins = [_instant(moment, zone) for moment in takewhile(lambda one: one <= last, _moments(rule, first))]
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


def _moments(rule: str, first: datetime) -> Iterable[datetime]:
    """The wall-clock times of a rule of RFC 5545, section 3.3.10, from `first` on; InputError."""
    from dateutil.rrule import rrulestr  # 20 ms that only calendars need

    text, _, left_out = rule.removeprefix(RRULE).partition(EXCEPT)
    if re.search(r"FREQ=(HOURLY|MINUTELY|SECONDLY)", text.upper()):
        raise InputError(f"repeat {rule!r}: an event repeats daily at most")
    try:
        lines = f"RRULE:{text}" + (f"\nEXDATE:{left_out}" if left_out else "")
        found: Iterable[datetime] = rrulestr(lines, dtstart=first, forceset=True)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise InputError(f"repeat {rule!r}: not a rule of RFC 5545 ({error})") from None
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
        return tuple(sorted(country_holidays(country, subdiv=part or None, years=year).items()))
    except NotImplementedError:
        raise InputError(
            f"repeat {rule!r}: no such country or part of one; use ISO codes, such as holidays:DE or holidays:US-NY"
        ) from None
