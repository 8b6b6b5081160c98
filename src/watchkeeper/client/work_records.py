"""What the API gives and takes of people's work: deeds on alerts, mutes, questions, systems, assessments."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

import msgspec

from watchkeeper.client.records import Id, Note
from watchkeeper.domain.handling import Deed
from watchkeeper.domain.question import Reply
from watchkeeper.domain.system import Stage

Text = Annotated[str, msgspec.Meta(max_length=200)]


class DeedDraft(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Something to do with alerts: `owner` is whom they are assigned to (empty: back to the metric's owner), `until`
    when a snooze ends, `text` a comment or what is said along.
    """

    deed: Deed
    alerts: Annotated[tuple[Id, ...], msgspec.Meta(min_length=1, max_length=1000)]
    owner: Text = ""
    until: datetime | None = None
    text: Note = ""


class DeedRecord(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the log of deeds; with `undoes` it takes that line back."""

    id: int
    alert: int
    by: str
    at: datetime
    deed: Deed | None
    owner: str
    until: datetime | None
    text: str
    undoes: int | None


class DeedList(msgspec.Struct, frozen=True, kw_only=True):
    """What was done, by alert."""

    items: list[DeedRecord]


class MuteDraft(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Nobody is to be told in `[start, end)` of a metric, or a series, or the metrics with a tag; else of anything."""

    start: datetime
    end: datetime
    metric: Text = ""
    series: Id | None = None
    tag: Text = ""
    repeat: Text = ""
    zone: Text = "UTC"
    note: Note = ""


class MuteRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A mute. `ended_at` where a person ended it."""

    id: int
    by: str
    start: datetime
    end: datetime
    metric: str
    series: int | None
    tag: str
    repeat: str
    zone: str
    note: str
    ended_at: datetime | None


class MuteList(msgspec.Struct, frozen=True, kw_only=True):
    """Mutes, the newest first."""

    items: list[MuteRecord]


class QuestionRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A quiet window `[start, end)` that the watch was least sure of; `feedback` is the answer that a reply became."""

    id: int
    metric: str
    series: int
    start: datetime
    end: datetime
    reply: Reply | None
    by: str
    feedback: int | None


class QuestionList(msgspec.Struct, frozen=True, kw_only=True):
    """Questions, the newest first."""

    items: list[QuestionRecord]


class QuestionReply(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the quiet window was."""

    reply: Reply


class QuestionAnswered(msgspec.Struct, frozen=True, kw_only=True):
    """The question with its reply, and what that changed, in a sentence (empty where it was skipped)."""

    question: QuestionRecord
    sentence: str


class SystemRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A system as it stands: `level` is ok, warn or error; `met` of `asked` things for production are there."""

    name: str
    title: str
    owner: str
    stage: Stage
    level: str
    sentence: str
    met: int
    asked: int
    test_score: float


class SystemList(msgspec.Struct, frozen=True, kw_only=True):
    """Every system, by name."""

    items: list[SystemRecord]


class CheckRecord(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that production asks for, whether it is there, and how to mend it."""

    key: str
    title: str
    is_met: bool
    words: str
    mend: str


class EvidenceRecord(msgspec.Struct, frozen=True, kw_only=True):
    """How far one test of the ML Test Score is: 0, 0.5 (by hand, documented) or 1 (automated)."""

    test: str
    points: float
    by: str
    at: datetime
    note: str


class SystemWhole(msgspec.Struct, frozen=True, kw_only=True):
    """One system with what it lacks, its ML Test Score by section, and the evidence."""

    system: SystemRecord
    check: list[CheckRecord]
    sections: dict[str, float]
    evidence: list[EvidenceRecord]


class EvidenceDraft(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a person says of one test."""

    test: Annotated[str, msgspec.Meta(max_length=40)]
    points: Annotated[float, msgspec.Meta(ge=0, le=1)]
    note: Note = ""


class AssessmentRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A kept report in a line: its verdict, the last decision, the level foreseen with its 90 % band, and achieved."""

    id: int
    name: str
    by: str
    at: datetime
    verdict: str
    summary: str
    decision: str | None
    expected: float | None
    lower: float | None
    upper: float | None
    achieved: float | None


class AssessmentList(msgspec.Struct, frozen=True, kw_only=True):
    """Every assessment, the newest first."""

    items: list[AssessmentRecord]


class DecisionRecord(msgspec.Struct, frozen=True, kw_only=True):
    """Who chose what, and why."""

    choice: str
    reason: str
    by: str
    at: datetime


class AssessmentWhole(msgspec.Struct, frozen=True, kw_only=True):
    """One assessment: its record (YAML), its report part by part, every decision, the newest first."""

    assessment: AssessmentRecord
    record: str
    report: dict[str, Any]
    decisions: list[DecisionRecord]


class DecisionDraft(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A decision (go, wait or no) with its reason."""

    choice: Annotated[str, msgspec.Meta(max_length=8)]
    reason: Note


class AchievedDraft(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The level that was reached in operation."""

    level: float
