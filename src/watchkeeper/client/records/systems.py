"""Systems: how ML features fare, and what they lack for production."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import msgspec

from watchkeeper.client.records.common import Note
from watchkeeper.domain.system import Stage


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
    next: str | None = None


class CheckRecord(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that production asks for, whether it is there, and how to mend it on which page."""

    key: str
    title: str
    is_met: bool
    words: str
    mend: str
    page: str = ""


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
