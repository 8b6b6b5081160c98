"""Where numbers come from, what they measure, and how each is watched."""

from __future__ import annotations

import enum
import re

import msgspec

from watchkeeper.domain.errors import ConfigError, InputError
from watchkeeper.domain.recurrence import HOLIDAYS, check_rule
from watchkeeper.domain.times import parse_duration, parse_instant, parse_step, zone_info

_NAME = re.compile(r"^[a-z0-9][a-z0-9_.-]{0,79}$")


class Kind(enum.Enum):
    """What a value is; decides how its scale behaves."""

    COUNT = "count"
    SUM = "sum"
    RATE = "rate"
    GAUGE = "gauge"


class Direction(enum.Enum):
    """Which way of leaving the band is of interest."""

    BOTH = "both"
    UP = "up"
    DOWN = "down"


class Source(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where numbers come from. `url` may name environment variables as `${NAME}`; it is never shown or logged."""

    name: str
    kind: str = "sql"
    url: str

    def __post_init__(self) -> None:
        check_name("source", self.name)


class Metric(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A named measure of a source.

    `query` returns the columns `time`, `value` and one per dimension, for `:start <= time < :end`; a row's time is
    the start of its step. `name` is the identity; `title` is what people see and may change. Points before `since`
    (default: a year before the first reading) are not read, points from `until` on neither (a data set that has
    ended). A period is judged once it is over and `settle` has passed. `calendar` names the public
    holidays that are known events of this metric: `DE`, or `DE-BE` for a part of a country. A value beyond
    `upper_limit` or `lower_limit` is told whatever is usual. An alert of a metric it `depends_on` explains its own.
    """

    name: str
    source: str
    query: str
    step: str
    title: str = ""
    description: str = ""
    kind: Kind = Kind.GAUGE
    unit: str = ""
    dimensions: tuple[str, ...] = ()
    timezone: str = "UTC"
    group: str = ""
    owner: str = ""
    tags: tuple[str, ...] = ()
    runbook: str = ""
    direction: Direction = Direction.BOTH
    false_alerts_per_month: float = 1.0
    min_group_size: int = 0
    smallest_change: float = 0.0
    smallest_change_share: float = 0.0
    since: str = ""
    until: str = ""
    settle: str = "0s"
    calendar: str = ""
    upper_limit: float | None = None
    lower_limit: float | None = None
    depends_on: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        check_name("metric", self.name)
        parse_step(self.step)
        zone_info(self.timezone)
        parse_duration(self.settle)
        for instant in (self.since, self.until):
            if instant:
                parse_instant(instant, self.timezone)
        if self.calendar:
            try:
                check_rule(f"{HOLIDAYS}{self.calendar}")
            except InputError as error:
                raise ConfigError(f"metric {self.name}: calendar: {error}") from None
        for tag in self.tags:
            check_name("tag", tag)
        if not self.false_alerts_per_month > 0:
            raise ConfigError(
                f"metric {self.name}: false_alerts_per_month must be above 0, not {self.false_alerts_per_month}"
            )
        if self.min_group_size < 0:
            raise ConfigError(f"metric {self.name}: min_group_size cannot be negative")
        if self.smallest_change < 0 or self.smallest_change_share < 0:
            raise ConfigError(f"metric {self.name}: smallest_change and smallest_change_share cannot be negative")

    @property
    def step_s(self) -> int:
        """The step in seconds."""
        return parse_step(self.step)

    @property
    def settle_s(self) -> int:
        """The settling time in seconds."""
        return parse_duration(self.settle)

    @property
    def since_s(self) -> int | None:
        """The first instant of interest, if given."""
        return parse_instant(self.since, self.timezone) if self.since else None

    @property
    def until_s(self) -> int | None:
        """The end of interest, if given."""
        return parse_instant(self.until, self.timezone) if self.until else None

    @property
    def calendar_rule(self) -> str:
        """The rule of the calendar as a recurring event; empty where there is none."""
        return f"{HOLIDAYS}{self.calendar}" if self.calendar else ""

    def broken_limit(self, value: float) -> float | None:
        """The limit that a value breaks; None where it breaks none."""
        if self.upper_limit is not None and value > self.upper_limit:
            return self.upper_limit
        if self.lower_limit is not None and value < self.lower_limit:
            return self.lower_limit
        return None

    @property
    def label(self) -> str:
        """What people see."""
        return self.title or self.name

    @property
    def family(self) -> str:
        """Series of one family that move together are one incident: the group, or else the source."""
        return self.group or self.source


class Series(msgspec.Struct, frozen=True, kw_only=True):
    """One metric for one combination of dimension values (in the order of `Metric.dimensions`)."""

    id: int
    metric: str
    values: tuple[str, ...] = ()

    @property
    def label(self) -> str:
        """`JFK` or `DE, mobile`; empty where the metric has no dimensions."""
        return ", ".join(self.values)


def check_name(noun: str, name: str) -> None:
    """Names are identities and stand in addresses: lower case letters, digits, `_`, `.`, `-`."""
    if not _NAME.match(name):
        raise ConfigError(
            f"{noun} name {name!r}: use 1 to 80 lower-case letters, digits, _ . - and start with a letter or digit"
        )
