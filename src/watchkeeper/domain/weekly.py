"""An hour of the week on somebody's clock: `mon 08:00 Europe/Berlin`."""

from __future__ import annotations

import re
from datetime import timedelta

import msgspec

from watchkeeper.domain.errors import ConfigError
from watchkeeper.domain.route import Day
from watchkeeper.domain.times import wall_clock, zone_info

_TEXT = re.compile(r"^(mon|tue|wed|thu|fri|sat|sun) ([01]\d|2[0-3]):([0-5]\d)( (\S+))?$")
_WEEK = tuple(Day)


class Weekly(msgspec.Struct, frozen=True, kw_only=True):
    """Every week on `day` at `hour`:`minute` of the clock of `zone`."""

    day: Day
    hour: int
    minute: int
    zone: str = "UTC"

    def last(self, now: int) -> int:
        """The newest such instant that is not after `now` (seconds UTC)."""
        moment = wall_clock(now, self.zone)
        back = (moment.weekday() - _WEEK.index(self.day)) % 7
        day = moment.replace(hour=self.hour, minute=self.minute, second=0, microsecond=0, tzinfo=None, fold=0)
        for days in (back, back + 7):
            found = int((day - timedelta(days=days)).replace(tzinfo=moment.tzinfo).timestamp())
            if found <= now:
                return found
        return found


def parse_weekly(text: str) -> Weekly:
    """ConfigError where the text is not a day, a time and perhaps a zone."""
    found = _TEXT.match(text)
    if found is None:
        raise ConfigError(f"{text!r}: write a day, a time and a time zone, for example mon 08:00 Europe/Berlin")
    zone = found[5] or "UTC"
    zone_info(zone)
    return Weekly(day=Day(found[1]), hour=int(found[2]), minute=int(found[3]), zone=zone)
