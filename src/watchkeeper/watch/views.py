"""What pages, commands and the API show, as plain records: built here from the stores, laid out elsewhere."""

from __future__ import annotations

import bisect
import enum
from typing import Literal

import msgspec

from watchkeeper.domain.alert import Alert, Member, Transition
from watchkeeper.domain.feedback import Answer, Feedback
from watchkeeper.domain.handling import UNHANDLED, Care, Handling
from watchkeeper.domain.metric import Metric, Series
from watchkeeper.domain.question import Question
from watchkeeper.watch.hindsight_views import Hindsight
from watchkeeper.watch.record import MetricRecord
from watchkeeper.watch.runbook_views import AlertRunbook

Show = Literal["open", "acknowledged", "answered", "explained", "resolved", "quiet", "all"]
"""The lists of the inbox."""


class Spark(msgspec.Struct, frozen=True, kw_only=True):
    """A small line: values around an alert (None: missing) and which of them were surprising."""

    values: tuple[float | None, ...]
    is_surprising: tuple[bool, ...]


class AlertLine(msgspec.Struct, frozen=True, kw_only=True):
    """One alert in a list. `answer` is the latest in force; `still_fires`: today's knowledge would tell it as well.

    `spoken_of` has for every member its series, its metric and that metric's tags. `upstream` is the alert of a metric
    that this one's metrics depend on, which explains it.
    """

    alert: Alert
    sentence: str
    title: str
    timezone: str
    peak_metric: Metric
    peak_series: Series
    series_count: int
    metric_count: int
    duration_s: int
    answer: Feedback | None
    explained_by: Feedback | None
    still_fires: bool
    spark: Spark
    care: Care = UNHANDLED
    is_snoozed: bool = False
    spoken_of: tuple[tuple[int, str, tuple[str, ...]], ...] = ()
    upstream: int | None = None

    @property
    def is_explained(self) -> bool:
        """Whether an event, or the alert of something it depends on, accounts for it."""
        return self.explained_by is not None or self.upstream is not None

    @property
    def owner(self) -> str:
        """Whom it was given to, or else its metric's owner; empty where there is neither."""
        return self.care.owner or self.peak_metric.owner

    @property
    def is_taken(self) -> bool:
        """Somebody takes care of it, or wants to hear of it later."""
        return self.care.acknowledged is not None or self.is_snoozed


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """Which alerts of the inbox, in which order; what is empty asks for nothing.

    `kin` are others whose alerts are `owner`'s too: teams of a person, members of a team. `severity` is the least level
    (1 to 5); alerts that overlap `[start, end)` (seconds UTC) are meant.
    """

    show: str = "open"
    order: str = "severity"
    page: int = 1
    text: str = ""
    metric: str = ""
    owner: str = ""
    kin: tuple[str, ...] = ()
    tag: str = ""
    severity: int = 1
    start: int | None = None
    end: int | None = None


class Inbox(msgspec.Struct, frozen=True, kw_only=True):
    """The list of alerts with its counts. `show` is open, acknowledged, answered, explained, resolved, quiet or all."""

    show: str
    order: str
    lines: tuple[AlertLine, ...]
    counts: dict[str, int]
    page: int
    pages: int
    metrics: tuple[MetricLine, ...]
    told_in: str
    owners: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    failing: tuple[str, ...] = ()


class MetricLine(msgspec.Struct, frozen=True, kw_only=True):
    """One metric in a list: its record from answers and what it cost in the last 30 days of data.

    `newest_point` is the start of the newest period that was judged, with a value or not; `withheld` is how many rows
    its last reading withheld, because their group was too small.
    """

    metric: Metric
    series_count: int
    alerts_30_days: int
    answered: int
    real: int
    false_alarms: int
    newest_point: int | None
    record: MetricRecord | None = None
    withheld: int = 0


class SeriesChart(msgspec.Struct, frozen=True, kw_only=True):
    """Columns of a chart, all of one length; times in seconds UTC, None where there is no value.

    `is_withheld` says where one came and is not shown; empty where none is. `week_before` is the value at the
    same time a week before, on the metric's wall clock; empty where nobody asked. `cases` is how many cases each rate
    rests on; empty where that is known of none.
    """

    series: Series
    metric: Metric
    time: list[int]
    value: list[float | None]
    expected: list[float | None]
    lower: list[float | None]
    upper: list[float | None]
    score: list[float | None]
    is_alert: list[bool]
    is_learning: list[bool]
    week_before: list[float | None] = []
    is_withheld: list[bool] = []
    cases: list[float | None] = []

    def between(self, start: int, end: int) -> SeriesChart:
        """The part of it in `[start, end)` (seconds UTC)."""
        rows = slice(bisect.bisect_left(self.time, start), bisect.bisect_left(self.time, end))
        columns = [name for name in self.__struct_fields__ if name not in ("series", "metric")]
        return msgspec.structs.replace(self, **{name: getattr(self, name)[rows] for name in columns})


class Mark(msgspec.Struct, frozen=True, kw_only=True):
    """Something drawn over a chart: an alert, an event, bad data, a new normal; `[start, end)`."""

    kind: str
    start: int
    end: int
    label: str
    link: str = ""


class MemberLine(msgspec.Struct, frozen=True, kw_only=True):
    """One series of an alert in words."""

    member: Member
    metric: Metric
    series: Series
    sentence: str


class TransitionLine(msgspec.Struct, frozen=True, kw_only=True):
    """One change of an alert, with where it was told."""

    transition: Transition
    deliveries: tuple[str, ...]


class Receipt(msgspec.Struct, frozen=True, kw_only=True):
    """What an answer changed, in one sentence and in numbers. `feedback` is the log line (undo it by its id).

    `vanished` and `lost` number alerts; the lost ones were confirmed by people. `price` is how many more alerts a month
    its like would cost that only a second yes (`force`) makes told; None where there is nothing left to accept.
    """

    feedback: Feedback
    sentence: str
    before: int
    after: int
    vanished: tuple[int, ...]
    appeared: tuple[Member, ...]
    confirmed: int
    confirmed_kept: int
    lost: tuple[int, ...] = ()
    price: float | None = None


class Turn(enum.Enum):
    """What an answer would do to an alert of the past; lost is one that vanishes although people confirmed it."""

    LOST = "lost"
    VANISHES = "vanishes"
    RETURNS = "returns"
    APPEARS = "appears"


class Turned(msgspec.Struct, frozen=True, kw_only=True):
    """One alert that an answer would turn, `[start, end)`, in words; one that appears has no number yet."""

    turn: Turn
    alert: int | None
    series: tuple[int, ...]
    start: int
    end: int
    sentence: str


class Foresight(msgspec.Struct, frozen=True, kw_only=True):
    """What an answer would change before it is said: the receipt, the alerts that turn, one series as it would be.

    `turned` has the newest first of each kind. `chart` is of the series asked about; `is_band_new` where its band is
    another one than now.
    """

    receipt: Receipt
    turned: tuple[Turned, ...]
    chart: SeriesChart
    is_band_new: bool


class Why(msgspec.Struct, frozen=True, kw_only=True):
    """Why answers change how an alert is judged: a sentence, and the alerts that were answered (number, answer)."""

    sentence: str
    answered: tuple[tuple[int, Answer], ...]


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """A question about a quiet window, with the series and the metric that it is about."""

    question: Question
    metric: Metric
    series: Series


class CauseLine(msgspec.Struct, frozen=True, kw_only=True):
    """`where` pairs dimensions with values (empty: everything alike); `share` of the change, `factor` of the usual."""

    where: tuple[tuple[str, str], ...]
    share: float
    factor: float


class Explanation(msgspec.Struct, frozen=True, kw_only=True):
    """Which dimension values explain an alert: a sentence (empty where none stand out) and the causes behind it."""

    sentence: str
    causes: tuple[CauseLine, ...]


class AlertPage(msgspec.Struct, frozen=True, kw_only=True):
    """One alert whole. `causes` says which dimension values explain it, empty where none stand out."""

    line: AlertLine
    members: tuple[MemberLine, ...]
    charts: tuple[SeriesChart, ...]
    marks: tuple[tuple[Mark, ...], ...]
    history: tuple[TransitionLine, ...]
    answers: tuple[Feedback, ...]
    similar: tuple[AlertLine, ...]
    why: Why | None = None
    causes: str = ""
    hindsight: Hindsight | None = None
    handled: tuple[Handling, ...] = ()
    runbook: AlertRunbook | None = None


class Health(msgspec.Struct, frozen=True, kw_only=True):
    """How a series' data fares.

    `newest` is the start of its newest point that came, `overdue` how many periods should have come since. Of the
    newest `days` days of `periods` periods, `missing` have no value, in `gap_count` gaps (`gaps`: the newest of them),
    and `withheld` came but are not shown, because their group was too small; `late` points became known later than the
    metric waits for, by `latest_s` seconds after their period at most. So many periods that were read are read again
    each time, for such points (`overlap`; 0: they are pushed).
    """

    newest: int
    overdue: int
    days: int
    periods: int
    missing: int
    gaps: tuple[tuple[int, int], ...]
    gap_count: int
    late: int
    latest_s: int
    withheld: int = 0
    overlap: int = 0


class MetricPage(msgspec.Struct, frozen=True, kw_only=True):
    """One metric whole: its series, the chosen one's year, its alerts and answers."""

    line: MetricLine
    series: tuple[Series, ...]
    chosen: Series
    chart: SeriesChart
    marks: tuple[Mark, ...]
    alerts: tuple[AlertLine, ...]
    answers: tuple[Feedback, ...]
    health: Health | None = None


class Reach(enum.Enum):
    """How far an answer reaches."""

    NAMED = "named"
    VALUE = "value"
    METRIC = "metric"
    GROUP = "group"


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """An answer before it is said.

    With `alert` and no window, the alert's own series and window are meant. `reach` widens what it speaks of: to every
    series of the metrics named so far that shares a value of `dimension` with one of them, to all of these metrics, or
    to their group. An event may `repeat` (`domain.recurrence`), on the metric's wall clock. `force` is the second yes
    that accepts the price: confirmed alerts that would be lost, or what telling the like of a missed window costs.
    """

    answer: Answer
    by: str
    alert: int | None = None
    series: tuple[int, ...] = ()
    start: int | None = None
    end: int | None = None
    note: str = ""
    force: bool = False
    reach: Reach = Reach.NAMED
    dimension: str = ""
    repeat: str = ""


class LinkPage(msgspec.Struct, frozen=True, kw_only=True):
    """What stands behind a link: what it is about, what its button says, what that would change.

    `done` is what it did where it was used before; `undo` the answer to take back then. `is_open`: it can be said now.
    """

    about: str
    label: str
    would: str
    done: str = ""
    undo: int | None = None
    is_open: bool = True
