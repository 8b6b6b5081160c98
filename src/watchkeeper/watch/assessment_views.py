"""What pages and commands show of assessments, as records."""

from __future__ import annotations

import msgspec

from watchkeeper.assess.report import Report
from watchkeeper.domain.decision import Achieved, Decision


class Foreseen(msgspec.Struct, frozen=True, kw_only=True):
    """What a report foresees of its metric on today's rows, with its 90 % band."""

    metric: str
    expected: float
    lower: float
    upper: float


class AssessmentLine(msgspec.Struct, frozen=True, kw_only=True):
    """One assessment in the list; `decision` is the last one, `held` whether the band held what was achieved."""

    id: int
    name: str
    by: str
    at: int
    report: Report
    decision: Decision | None
    foreseen: Foreseen | None
    achieved: Achieved | None

    @property
    def held(self) -> bool | None:
        """None while nothing is achieved, or nothing was foreseen."""
        if self.foreseen is None or self.achieved is None:
            return None
        return self.foreseen.lower <= self.achieved.level <= self.foreseen.upper


class AssessmentPage(msgspec.Struct, frozen=True, kw_only=True):
    """One assessment whole: every decision, the newest first, and the system that a “go” makes, as configuration."""

    line: AssessmentLine
    record: str
    decisions: tuple[Decision, ...]
    system: str


class TrackRecord(msgspec.Struct, frozen=True, kw_only=True):
    """How right past assessments were: those with something achieved, and in words."""

    lines: tuple[AssessmentLine, ...]
    sentence: str
