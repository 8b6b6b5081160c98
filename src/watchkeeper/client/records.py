"""What the API gives and takes, as records. Stable: fields are added, never renamed or removed within `/api/v1`."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec

from watchkeeper.domain.access import Role, Scope
from watchkeeper.domain.alert import Cause, Change, Status
from watchkeeper.domain.feedback import Answer
from watchkeeper.domain.metric import Metric
from watchkeeper.domain.retention import Retention
from watchkeeper.watch.views import Reach

Note = Annotated[str, msgspec.Meta(max_length=2000)]
Id = Annotated[int, msgspec.Meta(ge=1, le=2**31 - 1)]
MAX_SERIES = 100_000


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """Every error of the API (RFC 9457): `code` is stable, `detail` says what and where, `mend` what to do."""

    status: int
    code: str
    title: str
    detail: str
    mend: str


class Me(msgspec.Struct, frozen=True, kw_only=True):
    """Who calls, and what they may."""

    name: str
    scopes: tuple[Scope, ...]
    is_owner: bool


class AlertRecord(msgspec.Struct, frozen=True, kw_only=True):
    """One incident. `level` is its severity from 1 to 5; `metric` and `dimensions` are of its leading series."""

    id: int
    status: Status
    start: datetime
    end: datetime
    severity: float
    level: int
    title: str
    sentence: str
    metric: str
    series: int
    dimensions: dict[str, str]
    series_count: int
    owner: str
    answer: Answer | None
    is_explained: bool
    still_fires: bool
    is_acknowledged: bool
    is_snoozed: bool


class AlertPage(msgspec.Struct, frozen=True, kw_only=True):
    """A page of alerts; `next` is the cursor of the page after it, null on the last."""

    items: list[AlertRecord]
    next: str | None


class MemberRecord(msgspec.Struct, frozen=True, kw_only=True):
    """One series of an alert: a run of surprising points `[start, end)`. Silence has no values.

    `cases` is how many cases the rate at its peak rests on.
    """

    series: int
    metric: str
    dimensions: dict[str, str]
    start: datetime
    end: datetime
    is_open: bool
    cause: Cause
    peak_time: datetime
    peak_score: float | None
    value: float | None
    expected: float | None
    lower: float | None
    upper: float | None
    cases: float | None = None
    sentence: str


class TransitionRecord(msgspec.Struct, frozen=True, kw_only=True):
    """One stored change of an alert, and where it was told or why not."""

    id: int
    change: Change
    at: datetime
    recorded_at: datetime
    detail: str
    deliveries: tuple[str, ...]


class FeedbackRecord(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the log of feedback: an answer, or (`undoes`) the taking back of an earlier line."""

    id: int
    by: str
    given_at: datetime
    answer: Answer | None
    alert: int | None
    series: tuple[int, ...]
    start: datetime
    end: datetime
    note: str
    repeat: str
    undoes: int | None
    is_in_force: bool
    is_forced: bool = False


class FeedbackPage(msgspec.Struct, frozen=True, kw_only=True):
    """A page of the log, the newest line first."""

    items: list[FeedbackRecord]
    next: str | None


class AlertWhole(msgspec.Struct, frozen=True, kw_only=True):
    """One alert with everything known of it."""

    alert: AlertRecord
    members: list[MemberRecord]
    history: list[TransitionRecord]
    answers: list[FeedbackRecord]
    similar: list[AlertRecord]
    why: str
    explanation: str


class CauseRecord(msgspec.Struct, frozen=True, kw_only=True):
    """`where` pairs dimensions with values (empty: everything alike); `share` of the change, `factor` of the usual."""

    where: dict[str, str]
    share: float | None
    factor: float | None


class ExplanationRecord(msgspec.Struct, frozen=True, kw_only=True):
    """Which dimension values explain an alert; the sentence is empty where none stand out."""

    sentence: str
    causes: list[CauseRecord]


class DraftRecord(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An answer before it is said. With `alert` and no window the alert's own series and window are meant.

    `reach` widens it: `value` to every series that shares the value of `dimension`, `metric`, or `group`. An event may
    `repeat`: `weekly`, `yearly`, `holidays:DE`, `rrule:…`. `force` accepts the price: that confirmed alerts are
    lost, or (missed) the alerts a month that a receipt named.
    """

    answer: Answer
    alert: Id | None = None
    series: Annotated[tuple[Id, ...], msgspec.Meta(max_length=MAX_SERIES)] = ()
    start: datetime | None = None
    end: datetime | None = None
    note: Note = ""
    force: bool = False
    reach: Reach = Reach.NAMED
    dimension: Annotated[str, msgspec.Meta(max_length=200)] = ""
    repeat: Annotated[str, msgspec.Meta(max_length=500)] = ""


class ReceiptRecord(msgspec.Struct, frozen=True, kw_only=True):
    """What an answer changed: alerts before and after, those that vanished, confirmed ones that still fire.

    `price` is how many alerts a month more it would cost to be told of the like of a missed window too, which only
    `force` accepts; None where there is nothing to accept.
    """

    feedback: FeedbackRecord
    sentence: str
    before: int
    after: int
    vanished: tuple[int, ...]
    appeared: int
    confirmed: int
    confirmed_kept: int
    price: float | None = None


class FeedbackLines(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The log as objects, the oldest first: what `watchkeeper feedback export` prints, one a line."""

    lines: Annotated[list[dict[str, Any]], msgspec.Meta(max_length=1_000_000)]


class ImportedRecord(msgspec.Struct, frozen=True, kw_only=True):
    """What an import did: lines added, lines that were there, names of series that are not known (and how often)."""

    added: int
    present: int
    unknown: dict[str, int]


class MetricRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A metric as it is set, and its record. Counts of alerts are of the last 30 days of data.

    `withheld` is how many rows its last reading withheld, because their group was smaller than its `min_group_size`.
    """

    settings: Metric
    series_count: int
    alerts_30_days: int
    answered: int
    real: int
    false_alarms: int
    newest_point: datetime | None
    withheld: int = 0


class MetricList(msgspec.Struct, frozen=True, kw_only=True):
    """Every metric, by name."""

    items: list[MetricRecord]


class BackfillDraft(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A window `[start, end)` of a metric to be read again from its source (`end` left out: up to now).

    With `dry_run` the source is read, and nothing is kept.
    """

    start: datetime
    end: datetime | None = None
    dry_run: bool = False


class BackfillRecord(msgspec.Struct, frozen=True, kw_only=True):
    """What reading the whole periods of `[start, end)` again gave: points new or different (`changed`), rows withheld,
    and how many alerts `opened`. `is_judged` is false where nothing was kept, or another server judges the metric.
    """

    metric: str
    start: datetime
    end: datetime
    changed: int
    withheld: int
    opened: int
    is_judged: bool


class SeriesRecord(msgspec.Struct, frozen=True, kw_only=True):
    """One metric for one combination of dimension values."""

    id: int
    metric: str
    label: str
    dimensions: dict[str, str]


class SeriesPage(msgspec.Struct, frozen=True, kw_only=True):
    """A page of series, by id."""

    items: list[SeriesRecord]
    next: str | None


class PointRecord(msgspec.Struct, frozen=True, kw_only=True):
    """One judged point, stamped with the start of its period. What is missing or not known yet is null.

    Where `is_withheld`, a value came and is not shown: its group was smaller than the metric's `min_group_size`.
    `score` is −log10 of the false alerts a month at this level; while learning there is none. `cases` is how many cases
    a rate rests on.
    """

    time: datetime
    value: float | None
    cases: float | None = None
    expected: float | None
    lower: float | None
    upper: float | None
    score: float | None
    is_alert: bool
    is_learning: bool
    is_withheld: bool = False


class PointPage(msgspec.Struct, frozen=True, kw_only=True):
    """A page of points, the oldest first; for Grafana read `items`."""

    series: SeriesRecord
    unit: str
    step_s: int
    items: list[PointRecord]
    next: str | None


class SourceRecord(msgspec.Struct, frozen=True, kw_only=True):
    """Where numbers come from; its URL is never shown."""

    name: str
    kind: str


class SourceList(msgspec.Struct, frozen=True, kw_only=True):
    """Every source, by name."""

    items: list[SourceRecord]


class ChannelRecord(msgspec.Struct, frozen=True, kw_only=True):
    """Where people are told: the scheme of its URL, the rest is never shown."""

    name: str
    kind: str


class ChannelList(msgspec.Struct, frozen=True, kw_only=True):
    """Every channel, by name."""

    items: list[ChannelRecord]


class ConfigText(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A configuration file; `place` names it in errors."""

    text: Annotated[str, msgspec.Meta(max_length=5_000_000)]
    place: Annotated[str, msgspec.Meta(max_length=200)] = "configuration"


class SettingChange(msgspec.Struct, frozen=True, kw_only=True):
    """One setting that would change; of a URL neither side is shown."""

    name: str
    before: Any
    after: Any


class PlanStep(msgspec.Struct, frozen=True, kw_only=True):
    """One record that is added, or changed in these settings."""

    noun: str
    name: str
    is_new: bool
    settings: list[SettingChange]


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What applying a file changes (or changed), in its order; empty: nothing."""

    steps: list[PlanStep]


class OverrideRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A person's word over rules and guards, until it expires."""

    variant: str
    until: datetime
    by: str
    note: str


class FlagRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A flag as it stands: `serving` is what everybody gets, empty where rules and shares decide.

    `standing` is its guard's: idle, asked_to_trip, tripped, asked_to_return.
    """

    name: str
    title: str
    description: str
    owner: str
    is_enabled: bool
    variants: dict[str, Any]
    default: str
    fallback: str
    serving: str
    sentence: str
    has_guard: bool
    standing: str
    cause: str
    override: OverrideRecord | None


class FlagList(msgspec.Struct, frozen=True, kw_only=True):
    """Every flag, by name."""

    items: list[FlagRecord]


class FlagChangeRecord(msgspec.Struct, frozen=True, kw_only=True):
    """One entry of a flag's log."""

    id: int
    at: datetime
    by: str
    what: str
    detail: str


class FlagWhole(msgspec.Struct, frozen=True, kw_only=True):
    """One flag with the newest entries of its log, newest first."""

    flag: FlagRecord
    changes: list[FlagChangeRecord]


class OverrideDraft(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Everybody gets `variant` for `lasting` (`30m`, `8h`, `2d`; 30 days at most)."""

    variant: Annotated[str, msgspec.Meta(min_length=1, max_length=120)]
    lasting: Annotated[str, msgspec.Meta(max_length=20)] = "1h"
    note: Note = ""


class GuardAnswer(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Yes or no to what a flag's guard asks."""

    is_yes: bool


class RolloutAct(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a person does with a guarded roll-out; `resume` begins anew what is over."""

    act: Literal["pause", "resume", "abort"]


class RolloutKey(msgspec.Struct, frozen=True, kw_only=True):
    """A key metric of a roll-out: variant minus the other, with an interval that holds at every look; null: unknown."""

    label: str
    unit: str
    better: str
    largest_harm: float
    sentence: str
    at: list[datetime]
    estimate: list[float | None]
    lower: list[float | None]
    upper: list[float | None]


class RolloutMove(msgspec.Struct, frozen=True, kw_only=True):
    """What a roll-out did or would have done, and its share in percent after it."""

    at: datetime
    what: str
    share: float


class RolloutRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A guarded roll-out as it stands; `question` is what it asks, empty where nothing."""

    flag: str
    variant: str
    against: str
    mode: str
    course: str
    share: float
    steps: list[float]
    question: str
    keys: list[RolloutKey]
    moves: list[RolloutMove]


class RolloutPreview(msgspec.Struct, frozen=True, kw_only=True):
    """What a guarded roll-out would have done on the past."""

    flag: str
    moves: list[RolloutMove]


class NoteRecord(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Why."""

    note: Note = ""


class UserRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A person with an account; an erased one has a pseudonym for a name.

    `still_named` is given by erasing: what works with the name, such as `channel mail`, and is to be changed by hand.
    """

    id: int
    name: str
    role: Role
    created_at: datetime
    erased_at: datetime | None
    still_named: tuple[str, ...] = ()


class UserList(msgspec.Struct, frozen=True, kw_only=True):
    """Every account, erased ones too."""

    items: list[UserRecord]


class TeamDraft(msgspec.Struct, frozen=True, kw_only=True):
    """What a team is to be: its members by the names of their accounts."""

    title: Annotated[str, msgspec.Meta(max_length=200)] = ""
    members: Annotated[tuple[str, ...], msgspec.Meta(max_length=1000)] = ()


class TeamRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A team, and the names of what it owns."""

    name: str
    title: str
    members: tuple[str, ...]
    metrics: tuple[str, ...]
    systems: tuple[str, ...]
    flags: tuple[str, ...]


class TeamList(msgspec.Struct, frozen=True, kw_only=True):
    """Every team, by name."""

    items: list[TeamRecord]


class UserDraft(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An account to be made."""

    name: Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
    role: Role = Role.VIEWER


class RoleDraft(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A person's new role."""

    role: Role


class LinkRecord(msgspec.Struct, frozen=True, kw_only=True):
    """An address that signs one person in once, within a quarter of an hour."""

    address: str


class SignedOut(msgspec.Struct, frozen=True, kw_only=True):
    """How many sessions were ended."""

    sessions: int


class TokenRecord(msgspec.Struct, frozen=True, kw_only=True):
    """An API token without its secret; `last_used_at` is exact to a minute."""

    id: int
    user: str
    label: str
    scopes: tuple[Scope, ...]
    created_at: datetime
    expires_at: datetime
    last_used_at: datetime | None
    revoked_at: datetime | None


class TokenList(msgspec.Struct, frozen=True, kw_only=True):
    """Every token, revoked and expired ones too."""

    items: list[TokenRecord]


class TokenDraft(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A token to be made for programs of `user`; `label` says what it is for."""

    user: Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
    label: Annotated[str, msgspec.Meta(min_length=1, max_length=80)]
    scopes: Annotated[tuple[Scope, ...], msgspec.Meta(min_length=1, max_length=5)]
    days: Annotated[int, msgspec.Meta(ge=1, le=366)] = 90


class NewToken(msgspec.Struct, frozen=True, kw_only=True):
    """A token and its secret, which is shown this once."""

    token: TokenRecord
    secret: str


class AuditRecord(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody did something."""

    id: int
    at: datetime
    by: str
    what: str
    detail: str


class AuditPage(msgspec.Struct, frozen=True, kw_only=True):
    """A page of the audit log, the newest first."""

    items: list[AuditRecord]
    next: str | None


class RetentionRecord(msgspec.Struct, frozen=True, kw_only=True):
    """How long things are kept, and what is older: it goes, or went if `is_removed`.

    `points` counts rows of points. What an answer in force or an open alert rests on is older too, but `held`.
    """

    kept: Retention
    points: int
    alerts: int
    audit: int
    held_series: int
    held_alerts: int
    is_removed: bool
