"""What an assessment is about: a data set, what one row is, the part of each named column, and what is wanted."""

from __future__ import annotations

import msgspec

from watchkeeper.domain.errors import ConfigError
from watchkeeper.domain.rent import Rent
from watchkeeper.domain.yaml_text import read_yaml

DEFAULT_MAX_ROWS = 1_000_000
METRICS = (
    "accuracy",
    "balanced_accuracy",
    "f1",
    "roc_auc",
    "average_precision",
    "brier",
    "log_loss",
    "cost",
    "mae",
    "rmse",
)


class Costs(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What an error costs, in any one unit; `currency` names it."""

    false_positive: float = 1.0
    false_negative: float = 1.0
    currency: str = "units"


class Expect(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is known before there is data: how many rows and columns, how rare the target is, how much columns tell.

    `effects` are standardised mean differences (Cohen's d) between rows with and without the target, one a column that
    tells something; for `kind: number` they are correlations with the target. Columns are taken as independent.
    """

    rows: int
    columns: int
    base_rate: float = 0.5
    effects: tuple[float, ...] = ()
    kind: str = "binary"


class Assessment(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`known_after` are columns that are filled only after the target is known; `protected` are of persons.

    Rows come from `data`, a file, or from `query` asked of `source`, a database of the home's configuration. `above`
    and `positive` make a yes or no of the target: above that number, or equal to that value. `today` is a column with
    what is predicted today. `level` is the value of `metric` that is needed. `people` is the share of entities expected
    to use it. With `value`, the column of a metric's number, each row is a point, `entity` its series and `target` says
    whether it was an anomaly. `rent` are services that could be rented instead of building,
    `own_cost_a_month` is what running an own one is thought to cost, in their currency.
    """

    name: str = ""
    data: str = ""
    source: str = ""
    query: str = ""
    row: str
    target: str
    time: str | None = None
    entity: str | None = None
    protected: tuple[str, ...] = ()
    known_after: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    segments: tuple[str, ...] = ()
    quasi: tuple[str, ...] = ()
    max_rows: int = DEFAULT_MAX_ROWS
    above: float | None = None
    positive: str | int | float | bool | None = None
    replaces: str = ""
    today: str | None = None
    metric: str | None = None
    level: float | None = None
    costs: Costs = Costs()
    per_month: float | None = None
    people: float = 1.0
    enough_history: int = 5
    owner: str = ""
    purpose: str = ""
    lawful_basis: str = ""
    retention: str = ""
    expect: Expect | None = None
    value: str | None = None
    false_alerts_per_month: float = 1.0
    rent: tuple[Rent, ...] = ()
    own_cost_a_month: float | None = None

    def named_columns(self) -> list[tuple[str, str]]:
        """(key, column) for each column that the record names."""
        single = [("target", self.target), ("time", self.time), ("entity", self.entity), ("today", self.today)]
        single.append(("value", self.value))
        named = [(key, column) for key, column in single if column is not None]
        for key in ("protected", "known_after", "ignore", "segments", "quasi"):
            named += [(key, column) for column in getattr(self, key)]
        return named


def parse_assessment(text: str, place: str) -> Assessment:
    """Read the YAML of an assessment; `place` names the file in errors."""
    raw, _ = read_yaml(text, place)
    if not isinstance(raw, dict):
        raise ConfigError(f"{place}: expected a mapping with data, row and target at the top")
    try:
        record = msgspec.convert(raw, Assessment)
    except msgspec.ValidationError as error:
        keys = ", ".join(Assessment.__struct_fields__)
        raise ConfigError(f"{place}: {error}; the keys are {keys}") from None
    _check(record, place)
    return record


def _check(record: Assessment, place: str) -> None:
    given = [bool(record.data), bool(record.query), record.expect is not None]
    if sum(given) != 1:
        raise ConfigError(f"{place}: give one of data (a file), query (with source) and expect (before there is data)")
    if bool(record.query) != bool(record.source):
        raise ConfigError(f"{place}: query: is asked of a source; give both, source by its name in the configuration")
    if record.max_rows < 1:
        raise ConfigError(f"{place}: max_rows: {record.max_rows} is below 1; leave it out for {DEFAULT_MAX_ROWS:,}")
    if record.metric is not None and record.metric not in METRICS:
        raise ConfigError(f"{place}: metric: {record.metric!r} is not known; use one of {', '.join(METRICS)}")
    if record.level is not None and record.metric is None and record.expect is None:
        raise ConfigError(f"{place}: level: of which metric? Give metric too, one of {', '.join(METRICS)}")
    if record.above is not None and record.positive is not None:
        raise ConfigError(f"{place}: above, positive: both make a yes or no of the target; give one")
    if min(record.costs.false_positive, record.costs.false_negative) <= 0:
        raise ConfigError(f"{place}: costs: must be above 0; leave costs out where errors cost alike")
    if not 0 < record.people <= 1:
        raise ConfigError(f"{place}: people: {record.people} is no share between 0 and 1")
    if record.value is not None and record.time is None:
        raise ConfigError(f"{place}: value: points of a metric have a time; name its column under time")
    if not record.false_alerts_per_month > 0:
        raise ConfigError(f"{place}: false_alerts_per_month: say how many a series may cost, such as 1")
    names = [one.name for one in record.rent]
    for one in record.rent:
        one.check(place)
        if names.count(one.name) > 1:
            raise ConfigError(f"{place}: rent: {one.name} is there twice; give each service its own name")
        if (one.shape == "series") != (record.value is not None):
            mend = "name the column of the numbers under value" if record.value is None else "use shape: series"
            raise ConfigError(f"{place}: rent {one.name}: shape: {one.shape} does not fit the rows; {mend}")
    if record.expect is not None:
        _check_expect(record.expect, place)


def _check_expect(expect: Expect, place: str) -> None:
    if expect.kind not in ("binary", "number"):
        raise ConfigError(f"{place}: expect.kind: {expect.kind!r} is not known; use binary or number")
    if not 0 < expect.base_rate < 1:
        raise ConfigError(f"{place}: expect.base_rate: {expect.base_rate} is no share between 0 and 1")
    if expect.rows < 1 or expect.columns < max(len(expect.effects), 1):
        raise ConfigError(f"{place}: expect: rows must be above 0, columns at least as many as effects")
    if expect.kind == "number" and sum(effect**2 for effect in expect.effects) >= 1:
        raise ConfigError(f"{place}: expect.effects: squared correlations of independent columns add up to 1 at most")
