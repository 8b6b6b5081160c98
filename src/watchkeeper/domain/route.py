"""Who is told of what, and when: routes by owner, tag, metric, severity and time of day."""

from __future__ import annotations

import enum
import re
from collections.abc import Collection
from datetime import timedelta
from fnmatch import fnmatchcase

import msgspec

from watchkeeper.domain.alert import SEVERITIES
from watchkeeper.domain.errors import ConfigError
from watchkeeper.domain.metric import Metric, check_name
from watchkeeper.domain.times import wall_clock, zone_info

_HOURS = re.compile(r"^([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-4]):([0-5]\d)$")


class Day(enum.Enum):
    """A day of the week."""

    MON = "mon"
    TUE = "tue"
    WED = "wed"
    THU = "thu"
    FRI = "fri"
    SAT = "sat"
    SUN = "sun"


_WEEK = tuple(Day)


class Route(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Alerts that fit everything that is named go to `channels` (none: nobody is told of them).

    `owner`, `tags` and `metrics` are met by any of their entries, an owner also by a team that they are in, a metric by
    pattern (`orders-*`); `severity` is the least, in words (`domain.alert.SEVERITIES`). `hours` (`08:00-18:00`, or
    `22:00-06:00` over midnight) and `days` (those on which such a stretch begins) are read on the clock of `timezone`;
    outside them, telling waits.
    """

    name: str
    channels: tuple[str, ...]
    owner: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    metrics: tuple[str, ...] = ()
    severity: str = SEVERITIES[0]
    days: tuple[Day, ...] = ()
    hours: str = ""
    timezone: str = "UTC"

    def __post_init__(self) -> None:
        check_name("route", self.name)
        zone_info(self.timezone)
        if self.severity not in SEVERITIES:
            raise ConfigError(f"severity {self.severity!r} is not known: use one of {', '.join(SEVERITIES)}")
        if self.hours and (not _HOURS.match(self.hours) or self.hours[:5] == self.hours[6:]):
            raise ConfigError(f"hours {self.hours!r}: write them as 08:00-18:00, or 22:00-06:00 over midnight")

    def fits(self, metric: Metric, owners: Collection[str], level: int) -> bool:
        """Whether it speaks of an alert of that metric, of a severity level from 1 to 5.

        `owners` are the names under which its owner is found (`domain.team.standing_for`).
        """
        return (
            (not self.owner or any(one in self.owner for one in owners))
            and (not self.tags or any(tag in self.tags for tag in metric.tags))
            and (not self.metrics or any(fnmatchcase(metric.name, pattern) for pattern in self.metrics))
            and level >= 1 + SEVERITIES.index(self.severity)
        )

    def opens_at(self, now: int) -> int:
        """`now` itself within the hours and days, or else the next instant that is (seconds UTC)."""
        if not self.hours and not self.days:
            return now
        moment = wall_clock(now, self.timezone)
        midnight = moment.replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=None, fold=0)
        best: int | None = None
        for ahead in range(-1, 8):
            day = midnight + timedelta(days=ahead)
            if self.days and _WEEK[day.weekday()] not in self.days:
                continue
            start, end = self._stretch()
            begin, close = (
                int((day + timedelta(minutes=minutes)).replace(tzinfo=moment.tzinfo).timestamp())
                for minutes in (start, end)
            )
            if begin <= now < close:
                return now
            if begin > now and (best is None or begin < best):
                best = begin
        assert best is not None  # within eight days every weekday comes
        return best

    def _stretch(self) -> tuple[int, int]:
        """From which minute of a day to which, the latter beyond midnight where the hours are."""
        if not self.hours:
            return 0, 24 * 60
        found = _HOURS.match(self.hours)
        assert found is not None
        start, end = (60 * int(found[place]) + int(found[place + 1]) for place in (1, 3))
        return start, end if end > start else end + 24 * 60
