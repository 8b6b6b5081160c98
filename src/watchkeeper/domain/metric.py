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


class SourceKind(enum.Enum):
    """How numbers come: asked of a SQL database, of files, of Prometheus, of dbt; or sent to us by programs."""

    SQL = "sql"
    FILES = "files"
    PROMETHEUS = "prometheus"
    DBT = "dbt"
    PUSH = "push"


class TimeIs(enum.Enum):
    """What the time column of a table holds: instants, the metric's wall clock, or seconds since 1970 UTC."""

    UTC = "utc"
    LOCAL = "local"
    SECONDS = "seconds"


class Source(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where numbers come from.

    Secrets are named, never written: `url`, `user`, `password` and `bearer` may name environment variables as `${NAME}`
    and files as `${file:/path}`. They are never shown or logged. A statement may take `timeout`; an answer may have
    `max_rows` rows. `runbook` says what to do when it is silent or wrong.
    """

    name: str
    kind: SourceKind = SourceKind.SQL
    url: str = ""
    timeout: str = "60s"
    max_rows: int = 1_000_000
    user: str = ""
    password: str = ""
    bearer: str = ""
    region: str = ""
    endpoint: str = ""
    runbook: str = ""

    def __post_init__(self) -> None:
        check_name("source", self.name)
        if self.kind is SourceKind.PUSH and self.url:
            raise ConfigError(f"source {self.name}: url: programs send to us, there is none; leave it out")
        if self.kind is not SourceKind.PUSH and not self.url:
            raise ConfigError(f"source {self.name}: url: a source of kind {self.kind.value} needs one")
        if not 1 <= parse_duration(self.timeout) <= 3600:
            raise ConfigError(f"source {self.name}: timeout {self.timeout!r}: choose between 1s and 1h")
        if self.max_rows < 1:
            raise ConfigError(f"source {self.name}: max_rows must be 1 or more, not {self.max_rows}")
        for setting, kinds in _ONLY_FOR.items():
            if getattr(self, setting) and self.kind not in kinds:
                among = " and ".join(kind.value for kind in kinds)
                raise ConfigError(f"source {self.name}: {setting}: is for sources of kind {among}; leave it out")
        for setting in ("password", "bearer"):
            value = getattr(self, setting)
            if value and not IS_REFERENCE.fullmatch(value):
                # The value itself is not repeated: it may be the secret.
                raise ConfigError(
                    f"source {self.name}: {setting}: name the secret, as ${{NAME}} of the environment or "
                    "${file:/path}; it is not written into a configuration"
                )

    @property
    def timeout_s(self) -> int:
        """How long one statement may take, in seconds."""
        return parse_duration(self.timeout)


IS_REFERENCE = re.compile(r"\$\{(file:[^}]+|[A-Za-z_][A-Za-z0-9_]*)\}")
"""What names a secret: a variable of the environment, or a file."""

_ONLY_FOR = {
    "user": (SourceKind.PROMETHEUS, SourceKind.FILES),
    "password": (SourceKind.PROMETHEUS, SourceKind.FILES),
    "bearer": (SourceKind.PROMETHEUS,),
    "region": (SourceKind.FILES,),
    "endpoint": (SourceKind.FILES,),
}


class Metric(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A named measure of a source.

    `query` returns the columns `time`, `value` and one per dimension, for `:start <= time < :end`; a row's time is
    the start of its step. Instead of it, `table`, `time_column` and `measure` let the query be written by Watchkeeper.
    `name` is the identity; `title` is what people see and may change. Points before `since`
    (default: a year before the first reading) are not read, points from `until` on neither (a data set that has
    ended). A period is judged once it is over and `settle` has passed (empty:
    learned from how late its rows come). `calendar` names the public
    holidays that are known events of this metric: `DE`, or `DE-BE` for a part of a country. A value beyond
    `upper_limit` or `lower_limit` is told whatever is usual. An alert of a metric it `depends_on` explains its own.
    With a `half_life` an answer counts half as much for each such time that has passed since it was given. People are
    asked about `questions_per_month` quiet windows.
    """

    name: str
    source: str
    query: str = ""
    table: str = ""
    time_column: str = ""
    time_is: TimeIs = TimeIs.UTC
    measure: str = ""
    where: str = ""
    group_size: str = ""
    cases: str = ""
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
    settle: str = ""
    calendar: str = ""
    upper_limit: float | None = None
    lower_limit: float | None = None
    depends_on: tuple[str, ...] = ()
    half_life: str = ""
    questions_per_month: float = 2.0

    def __post_init__(self) -> None:
        check_name("metric", self.name)
        parse_step(self.step)
        zone_info(self.timezone)
        if self.settle:
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
        if not 0 <= self.questions_per_month <= 30:
            raise ConfigError(
                f"metric {self.name}: questions_per_month lies between 0 (ask nothing) and 30,"
                f" not {self.questions_per_month:g}"
            )
        if self.half_life and parse_duration(self.half_life) <= 0:
            raise ConfigError(f"metric {self.name}: half_life must be above 0; leave it out to let answers last")
        if not self.false_alerts_per_month > 0:
            raise ConfigError(
                f"metric {self.name}: false_alerts_per_month must be above 0, not {self.false_alerts_per_month}"
            )
        self._check_form()
        if self.min_group_size < 0:
            raise ConfigError(f"metric {self.name}: min_group_size cannot be negative")
        if self.smallest_change < 0 or self.smallest_change_share < 0:
            raise ConfigError(f"metric {self.name}: smallest_change and smallest_change_share cannot be negative")

    def _check_form(self) -> None:
        """A query, or a time column and a measure: what a source of a kind needs is checked with the source."""
        if self.query:
            others = ("table", "time_column", "measure", "where")
            both = [setting for setting in others if getattr(self, setting)]
            if both:
                raise ConfigError(f"metric {self.name}: {', '.join(both)}: the query says it already; leave it out")
        if self.cases and self.kind is not Kind.RATE:
            raise ConfigError(
                f"metric {self.name}: cases: a {self.kind.value} rests on none; leave it out, or set kind: rate"
            )
        if not self.query and (self.table or self.where) and not (self.time_column and self.measure):
            raise ConfigError(
                f"metric {self.name}: a table needs time_column and measure, such as count or sum(amount)"
            )

    @property
    def step_s(self) -> int:
        """The step in seconds."""
        return parse_step(self.step)

    @property
    def settle_s(self) -> int:
        """The settling time in seconds; 0 where it is to be learned (`watch.settling`)."""
        return parse_duration(self.settle) if self.settle else 0

    @property
    def half_life_s(self) -> int | None:
        """The half-life of answers in seconds; None where they last."""
        return parse_duration(self.half_life) if self.half_life else None

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
