"""Assessments: kept reports on ideas, decisions, and what was achieved."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

import msgspec

from watchkeeper.client.records.common import Note


class AssessmentRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A kept report in a line: its verdict, the last decision, the level of `metric` foreseen with its 90 % band,
    and achieved; `held` is whether that lies in the band, null where one of them is not known.
    """

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
    metric: str = ""
    held: bool | None = None


class AssessmentList(msgspec.Struct, frozen=True, kw_only=True):
    """Assessments, the newest first; `track` is in a sentence how right those were of which the end is known."""

    items: list[AssessmentRecord]
    track: str = ""
    next: str | None = None


class DecisionRecord(msgspec.Struct, frozen=True, kw_only=True):
    """Who chose what, and why."""

    choice: str
    reason: str
    by: str
    at: datetime


class AssessmentWhole(msgspec.Struct, frozen=True, kw_only=True):
    """One assessment: its record (YAML), its report part by part, every decision, the newest first. After “go”
    `system` is the configuration (YAML) of the system that follows; else it is empty.
    """

    assessment: AssessmentRecord
    record: str
    report: dict[str, Any]
    decisions: list[DecisionRecord]
    system: str = ""


class DecisionDraft(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A decision (go, wait or no) with its reason."""

    choice: Annotated[str, msgspec.Meta(max_length=8)]
    reason: Note


class AchievedDraft(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The level that was reached in operation."""

    level: float


class IdeaDraft(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An idea to be assessed: a record as its file says it, with `source` and `query` (or `expect`) and no `data`."""

    record: dict[str, Any]


class JobRecord(msgspec.Struct, frozen=True, kw_only=True):
    """An assessment that runs or has run: `done` of `total` in a stage; in the end `made` is its number, or `trouble`
    says why there is none. A restart of the server forgets it.
    """

    id: str
    name: str
    stage: str
    done: int
    total: int
    made: int | None
    trouble: str
