"""Steps, instants and wall clocks. Instants are int64 seconds since 1970 UTC; windows are half open."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np
from numpy.typing import NDArray

from watchkeeper.domain.errors import InputError

MINUTE, QUARTER, HOUR, DAY, WEEK = 60, 900, 3600, 86400, 604800
MONTH = 30.4375 * DAY
"""Mean month in seconds: the unit of a false-alert budget."""

LONGEST = 36_500 * DAY
"""A duration lasts at most so many seconds: a hundred years."""
FIRST_YEAR, LAST_YEAR = 1900, 2200
"""Times that people and programs write lie in `[FIRST_YEAR, LAST_YEAR)`."""
_STEP = re.compile(r"^\s*(\d+)\s*(s|m|min|h|d)\s*$")
_UNIT = {"s": 1, "m": MINUTE, "min": MINUTE, "h": HOUR, "d": DAY}


def parse_duration(text: str) -> int:
    """Seconds of `15m`, `1h`, `1d`, `90s`."""
    match = _STEP.match(text)
    if match is None:
        raise InputError(f"duration {text!r}: write a whole number and s, m, h or d, for example 15m or 1h")
    seconds = int(match[1][:12]) * _UNIT[match[2]]  # Python makes no number of thousands of digits
    if seconds > LONGEST:
        raise InputError(f"duration {text[:40]!r}: write {LONGEST // DAY}d at most")
    return seconds


def parse_step(text: str) -> int:
    """Seconds of a metric's step: 1 minute to 1 day, and a divisor of a day."""
    step = parse_duration(text)
    if not MINUTE <= step <= DAY or DAY % step:
        raise InputError(f"step {text!r}: a step lies between 1m and 1d and divides a day, for example 1m, 15m, 1h, 1d")
    return step


def format_duration(seconds: int) -> str:
    """`3 hours`, `15 minutes`, `2 days`: the largest unit that leaves at most one decimal."""
    for unit, name in ((DAY, "day"), (HOUR, "hour"), (MINUTE, "minute")):
        if seconds >= unit:
            number = round(seconds / unit, 1)
            return f"{number:g} {name}{'' if number == 1 else 's'}"
    return f"{seconds} second{'' if seconds == 1 else 's'}"


def parse_instant(text: str, zone: str = "UTC") -> int:
    """Seconds since 1970 UTC of an ISO 8601 time; one without an offset is read on `zone`'s wall clock."""
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        raise InputError(
            f"time {text!r}: write it as 2026-11-23T09:00, with an offset or in the metric's zone"
        ) from None
    if not FIRST_YEAR <= moment.year < LAST_YEAR:  # so that it is in reach of every clock, and a day around it too
        raise InputError(f"time {text[:40]!r}: write one between {FIRST_YEAR} and {LAST_YEAR}; check its year")
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=zone_info(zone))
    return int(moment.timestamp())


def format_instant(seconds: int) -> str:
    """ISO 8601 in UTC, `2013-02-08T17:00:00Z`."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def floor_to_step(seconds: int, step: int, zone: str) -> int:
    """The start of the period that holds the instant, periods counted from midnight of the zone's wall clock."""
    moment = wall_clock(seconds, zone)
    midnight = moment.replace(hour=0, minute=0, second=0, microsecond=0, fold=0)
    if step >= DAY:
        return int(midnight.timestamp())
    since_midnight = moment.hour * HOUR + moment.minute * MINUTE + moment.second
    if step > HOUR:  # such a period may hold a change of the clock, so its start is looked up on the clock
        return int((midnight + timedelta(seconds=since_midnight // step * step)).timestamp())
    return seconds - since_midnight % step


def periods(start: int, end: int, step: int, zone: str) -> NDArray[np.int64]:
    """Starts of the periods in `[start, end)`: a day of the zone may have 23 or 25 hours and is still one period."""
    if step <= HOUR or zone == "UTC":
        return np.arange(start, end, step, dtype=np.int64)
    info = zone_info(zone)
    first = datetime.fromtimestamp(start, info).replace(tzinfo=None)
    steps = range(max(0, (end - start + 2 * HOUR) // step + 1))
    stamps = [int((first + timedelta(seconds=step * one)).replace(tzinfo=info).timestamp()) for one in steps]
    return np.array([stamp for stamp in stamps if stamp < end], dtype=np.int64)


def wall_clock(seconds: int, zone: str) -> datetime:
    """The instant on the zone's wall clock."""
    return datetime.fromtimestamp(seconds, zone_info(zone))


def zone_info(zone: str) -> ZoneInfo:
    """The IANA time zone of that name."""
    try:
        return ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):  # OSError: a folder of the database, or too long for a file
        raise InputError(
            f"time zone {zone[:80]!r} is not known: use a name of the IANA database, such as Europe/Berlin"
        ) from None


def local_seconds(time: NDArray[np.int64], zone: str) -> NDArray[np.int64]:
    """The same instants as seconds on the zone's wall clock (so that midnight is a multiple of a day).

    Offsets are looked up once for each day that occurs, and once for each quarter of an hour of the days on which the
    zone changes its clock: zones do so on such a boundary.
    """
    if zone == "UTC" or not len(time):
        return time
    info = zone_info(zone)
    days, place = np.unique(time // DAY, return_inverse=True)
    at_midnight = {int(day): _offset(int(day) * DAY, info) for day in np.union1d(days, days + 1)}
    offset = np.array([at_midnight[int(day)] for day in days], dtype=np.int64)[place]
    changing = np.array([at_midnight[int(day)] != at_midnight[int(day) + 1] for day in days])[place]
    if changing.any():
        quarters, spot = np.unique(time[changing] // QUARTER, return_inverse=True)
        offset[changing] = np.array([_offset(int(one) * QUARTER, info) for one in quarters], dtype=np.int64)[spot]
    return time + offset


def _offset(seconds: int, info: ZoneInfo) -> int:
    shift = datetime.fromtimestamp(seconds, info).utcoffset()
    assert shift is not None
    return int(shift.total_seconds())
