"""An ML-backed product feature with an owner: where its inputs, predictions and outcomes are, who answers for it."""

from __future__ import annotations

import enum
import re

import msgspec

from watchkeeper.domain.errors import ConfigError, InputError
from watchkeeper.domain.metric import check_name
from watchkeeper.domain.times import DAY, HOUR, parse_duration, parse_instant

MEASURES = ("accuracy", "precision", "recall", "f1", "brier", "skill")
"""What the quality of a classifier may be measured by.

brier is an error, the smaller the better; skill is the share of the basic version's brier that the model does away with
(Brier skill score): 1 is perfect, 0 no better, below 0 worse.
"""
DISTANCES = ("psi", "js", "wasserstein")
STEPS = ("1m", "1h", "1d")
"""Steps of derived metrics: those that every warehouse truncates times to."""
_COLUMN = re.compile(r"^[A-Za-z_][A-Za-z0-9_]*$")
_TABLE = re.compile(r"^[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*){0,2}$")


class Stage(enum.Enum):
    """Where a system is in its life."""

    IDEATION = "ideation"
    EXECUTION = "execution"
    OPERATION = "operation"


class Period(enum.Enum):
    """A unit of time in dbt's words."""

    MINUTE = "minute"
    HOUR = "hour"
    DAY = "day"


class Age(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An age as dbt writes it: `{count: 12, period: hour}`."""

    count: int
    period: Period


class Window(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[start, end)` in UTC, as ISO 8601."""

    start: str
    end: str

    def __post_init__(self) -> None:
        if self.end_s <= self.start_s:
            raise InputError(f"the window ends ({self.end}) before it begins ({self.start})")

    @property
    def start_s(self) -> int:
        """The first second."""
        return parse_instant(self.start)

    @property
    def end_s(self) -> int:
        """The second after the last."""
        return parse_instant(self.end)


class Input(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A table that the model reads.

    `table` is a name or a SELECT in parentheses; `time_field` says which period a row belongs to (UTC),
    `loaded_at_field` when it arrived. `features` are numeric columns, `categories` columns with few values, `ranges`
    what values a column may have. `expected_rows` a step make it complete. `contract` links to what was promised.
    """

    table: str
    time_field: str
    source: str = ""
    loaded_at_field: str = ""
    warn_after: str | Age = ""
    error_after: str | Age = ""
    step: str = "1h"
    drift_step: str = "1d"
    features: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    ranges: dict[str, tuple[float, float]] = {}
    distances: tuple[str, ...] = ("psi",)
    expected_rows: float = 0.0
    person: str = ""
    owner: str = ""
    contract: str = ""
    runbook: str = ""

    def __post_init__(self) -> None:
        check_table("table", self.table)
        columns = (self.time_field, *self.features, *self.categories, *self.ranges)
        check_columns(columns, *(one for one in (self.loaded_at_field, self.person) if one))
        check_steps(step=self.step, drift_step=self.drift_step)
        for one in self.distances:
            if one not in DISTANCES:
                raise InputError(f"distances: no distance {one!r}; there are {', '.join(DISTANCES)}")
        for column, (low, high) in self.ranges.items():
            if low > high:
                raise InputError(f"ranges.{column}: {low:g} is above {high:g}; the lower end stands first")
        if not self.loaded_at_field and (self.warn_after or self.error_after):
            raise InputError("warn_after and error_after need loaded_at_field: the column that says when a row arrived")
        for name in ("warn_after", "error_after"):
            age_s(getattr(self, name))

    @property
    def arrived_field(self) -> str:
        """The column by which freshness is told."""
        return self.loaded_at_field or self.time_field

    @property
    def warn_after_s(self) -> int | None:
        """The age from which dbt would warn, in seconds."""
        return age_s(self.warn_after)

    @property
    def error_after_s(self) -> int | None:
        """The age from which dbt would fail, in seconds."""
        return age_s(self.error_after)


class Predictions(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The log of what the model said, a row a prediction.

    Either `score` (the probability of the positive class; positive from `threshold` on) or `predicted` (a class).
    `basic` is the probability that what the model replaces would have said. `latency` is in seconds, `error` and
    `fallback` are true where it failed, or where the basic version answered. `features` and `categories` are inputs as
    logged at serving.
    """

    table: str
    time_field: str
    key: str = ""
    score: str = ""
    threshold: float = 0.5
    predicted: str = ""
    basic: str = ""
    latency: str = ""
    error: str = ""
    fallback: str = ""
    features: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    step: str = "1h"
    quality_step: str = "1d"
    person: str = ""

    def __post_init__(self) -> None:
        check_table("table", self.table)
        optional = (self.key, self.score, self.predicted, self.basic, self.latency, self.error, self.fallback)
        names = (*optional, self.person)
        check_columns((self.time_field, *self.features, *self.categories), *(one for one in names if one))
        check_steps(step=self.step, quality_step=self.quality_step)
        if bool(self.score) == bool(self.predicted):
            raise InputError("give either score (a probability) or predicted (a class)")


class Outcomes(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The log of what turned out: `label` is 0 or 1 (or the class), found by `key`, at most `arrive_within` late."""

    table: str
    key: str
    label: str
    arrive_within: str = "1d"

    def __post_init__(self) -> None:
        check_table("table", self.table)
        check_columns((self.key, self.label))
        parse_duration(self.arrive_within)


class Training(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The table that the model was trained on, with the features as training saw them in `window` (the reference's, if
    none is given).
    """

    table: str
    time_field: str
    window: Window | None = None

    def __post_init__(self) -> None:
        check_table("table", self.table)
        check_columns((self.time_field,))


class System(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An ML feature: what it replaces, what it reads, what it says, what came of it, and who answers for it.

    `assessment` is the number of the one that it follows: what that foresaw is held against the quality that is
    measured here, or against the metric `achieved_by`. `reference` is the window that the model was trained or accepted
    on: drift is measured from it, and scores are calibrated on it. `lowest` names measures with the value below which
    people are told whatever is usual.
    """

    name: str
    source: str
    title: str = ""
    description: str = ""
    owner: str = ""
    stage: Stage = Stage.IDEATION
    replaces: str = ""
    inputs: dict[str, Input] = {}
    predictions: Predictions | None = None
    outcomes: Outcomes | None = None
    training: Training | None = None
    reference: Window | None = None
    segments: tuple[str, ...] = ()
    measures: tuple[str, ...] = ("accuracy",)
    lowest: dict[str, float] = {}
    key_metrics: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()
    runbook: str = ""
    trained_at: str = ""
    retrain_after: str = ""
    privacy_review: str = ""
    assessment: int = 0
    achieved_by: str = ""
    min_group_size: int = 0
    false_alerts_per_month: float = 1.0
    since: str = ""
    until: str = ""

    def __post_init__(self) -> None:
        check_name("system", self.name)
        for name in self.inputs:
            check_name("input", name)
        check_columns(self.segments)
        for one in (*self.measures, *self.lowest):
            if one not in MEASURES:
                raise InputError(f"measures: no measure {one!r}; there are {', '.join(MEASURES)}")
        for one in self.lowest:
            if one not in self.measures:
                raise InputError(f"lowest.{one}: it is not among measures ({', '.join(self.measures)})")
        if self.outcomes is not None and (self.predictions is None or not self.predictions.key):
            raise InputError("outcomes are matched by key: give predictions with key")
        if self.predictions is not None and self.predictions.predicted and set(self.measures) != {"accuracy"}:
            raise InputError("measures: a predicted class has accuracy alone; the others need score")
        if "skill" in self.measures and (self.predictions is None or not self.predictions.basic):
            raise InputError(
                "measures: skill compares with what the model replaces: name its column, predictions.basic"
            )
        for instant in (self.trained_at, self.since, self.until):
            if instant:
                parse_instant(instant)
        if self.retrain_after:
            parse_duration(self.retrain_after)
        if self.min_group_size < 0 or not self.false_alerts_per_month > 0:
            raise ConfigError(f"system {self.name}: min_group_size must be 0 or more, false_alerts_per_month above 0")

    @property
    def label(self) -> str:
        """What people see."""
        return self.title or self.name

    def group(self, name: str = "") -> str:
        """The family of the alerts of an input, or of the system itself."""
        return f"{self.name}/{name}" if name else self.name

    def source_of(self, name: str) -> str:
        """The source that holds an input."""
        return self.inputs[name].source or self.source


def age_s(age: str | Age) -> int | None:
    """An age in seconds; None where none is given. InputError."""
    if isinstance(age, Age):
        return age.count * {Period.MINUTE: 60, Period.HOUR: HOUR, Period.DAY: DAY}[age.period]
    return parse_duration(age) if age else None


def check_table(place: str, table: str) -> None:
    """A table is named, or is a SELECT in parentheses."""
    text = table.strip()
    if not _TABLE.match(text) and not (text.startswith("(") and text.endswith(")")):
        raise InputError(f"{place}: {table!r}: name a table as schema.table, or write a SELECT in parentheses")


def is_named(table: str) -> bool:
    """Whether a table is a name, so that its columns stand in the database's catalogue."""
    return bool(_TABLE.match(table.strip()))


def check_columns(columns: tuple[str, ...], *others: str) -> None:
    """Columns are plain names; what is to be computed is computed in the table's SELECT."""
    for column in (*columns, *others):
        if not _COLUMN.match(column):
            raise InputError(f"column {column!r}: use a plain name; compute it in the SELECT of the table")


def check_steps(**steps: str) -> None:
    """Derived metrics have steps that every warehouse truncates to."""
    for name, step in steps.items():
        if step not in STEPS:
            raise InputError(f"{name}: {step!r}: use {', '.join(STEPS)}")
