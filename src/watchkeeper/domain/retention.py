"""How long things are kept: points, alerts and the audit log each have an age at which they go."""

from __future__ import annotations

import re

import msgspec

from watchkeeper.domain.errors import ConfigError
from watchkeeper.domain.times import DAY

FOREVER = "forever"
_AGE = re.compile(r"^\s*(\d{1,5})\s*(d|y)\s*$")
_DAYS = {"d": 1.0, "y": 365.25}
LEAST_DAYS = {"points": 90, "alerts": 30, "audit": 30}
"""Less would take from the detector, or from the policy of telling, what it looks back at."""


class Retention(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How long each is kept, as `90d`, `5y` or `forever`.

    A point's age counts from its time, or from when it became known where that is later; an alert's from its last
    change; a line of the audit log's, and of the log of flags, from when it was written. What is older goes, except
    what an answer in force or an open alert rests on. The log of answers itself is kept for good.
    """

    points: str = "5y"
    alerts: str = "5y"
    audit: str = "7y"

    def __post_init__(self) -> None:
        for what in LEAST_DAYS:
            self.age_s(what)

    def age_s(self, what: str) -> int | None:
        """The age in seconds at which `points`, `alerts` or `audit` go; None: never. ConfigError."""
        text: str = getattr(self, what)
        if text.strip() == FOREVER:
            return None
        found = _AGE.match(text)
        if found is None:
            raise ConfigError(f"{what}: {text!r} is no age; write 90d, 5y or {FOREVER}")
        days = int(found[1]) * _DAYS[found[2]]
        if days < LEAST_DAYS[what]:
            raise ConfigError(f"{what}: {text} is too short; keep them for {LEAST_DAYS[what]}d or longer")
        return int(days * DAY)
