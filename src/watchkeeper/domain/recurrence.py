"""When a recurring event occurs: every week, every year, or on the public holidays of a country or a part of it."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from functools import lru_cache
from typing import NamedTuple

from watchkeeper.domain.errors import InputError
from watchkeeper.domain.times import wall_clock, zone_info

HOLIDAYS = "holidays:"
RULES = "weekly, yearly, or holidays:COUNTRY such as holidays:DE or holidays:DE-BE"


class Occurrence(NamedTuple):
    """`[start, end)` in seconds; occurrences of one `name` are the most alike (of a calendar: the holiday's name)."""

    start: int
    end: int
    name: str = ""


def check_rule(rule: str) -> None:
    """InputError where `rule` is not one of `RULES`, or the country is not known."""
    if rule.startswith(HOLIDAYS):
        _holidays(rule, 2000)
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
    found: list[Occurrence] = []
    count = 0
    while True:
        moment = _like(first, rule, count)
        count += 1
        if moment is None:
            continue
        begin = int(moment.replace(tzinfo=zone_info(zone)).timestamp())
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


def _days_off(rule: str, zone: str, since: int, until: int) -> tuple[Occurrence, ...]:
    years = range(wall_clock(since, zone).year, wall_clock(until, zone).year + 1)
    found = []
    for year in years:
        for day, name in _holidays(rule, year):
            midnight = datetime.combine(day, time())
            begin, end = (
                int((midnight + timedelta(days=more)).replace(tzinfo=zone_info(zone)).timestamp()) for more in (0, 1)
            )
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
