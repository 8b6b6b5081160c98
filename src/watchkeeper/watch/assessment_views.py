"""What pages and commands show of assessments, as records."""

from __future__ import annotations

import msgspec

from watchkeeper.assess.metrics import LESS_IS_BETTER
from watchkeeper.assess.report import Plot, Report
from watchkeeper.domain.decision import Achieved, Decision
from watchkeeper.domain.times import format_instant


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
    """One assessment whole: every decision and every level achieved, the newest first.

    `promised` is the level that was needed; `system` is what a “go” makes, as configuration, `watched_by` the systems
    that follow it.
    """

    line: AssessmentLine
    record: str
    decisions: tuple[Decision, ...]
    achieved: tuple[Achieved, ...]
    promised: float | None
    system: str
    watched_by: tuple[str, ...]
    plot: Plot | None

    @property
    def is_kept(self) -> bool | None:
        """Whether the promised level is reached; None while nothing is promised, or nothing was achieved."""
        if self.promised is None or self.line.achieved is None or self.line.foreseen is None:
            return None
        level, metric = self.line.achieved.level, self.line.foreseen.metric
        return level <= self.promised if metric in LESS_IS_BETTER else level >= self.promised


class TrackRecord(msgspec.Struct, frozen=True, kw_only=True):
    """How right past assessments were: those with something achieved, and in words."""

    lines: tuple[AssessmentLine, ...]
    sentence: str
    plot: Plot | None = None


def foreseen_of(report: Report) -> Foreseen | None:
    """What a report foresees on today's rows, if it does."""
    part = report.part("feasibility")
    found = part.facts.get("foreseen_today") if part is not None else None
    return msgspec.convert(found, Foreseen) if found else None


def track_plot(lines: tuple[AssessmentLine, ...]) -> Plot | None:
    """Each assessment's band and what was achieved, both as distances from what was foreseen: inside is as foreseen."""
    rows = []
    for line in lines[:30]:
        assert line.foreseen is not None
        assert line.achieved is not None
        middle = line.foreseen.expected
        rows.append(
            {
                "name": f"{line.name[:40]} ({line.foreseen.metric})",
                "value": line.achieved.level - middle,
                "lower": line.foreseen.lower - middle,
                "upper": line.foreseen.upper - middle,
            }
        )
    if not rows:
        return None
    return Plot(
        kind="intervals",
        title="Achieved (dot) against the band foreseen (bar), as distances from what was foreseen (line)",
        rows=tuple(rows),
        x="achieved less foreseen",
        rule=0.0,
    )


def achieved_plot(line: AssessmentLine, reached: tuple[Achieved, ...], promised: float | None) -> Plot | None:
    """What was achieved over time, within the band foreseen; the line is what was promised."""
    if line.foreseen is None or not reached:
        return None
    rows = [
        {"name": f"foreseen, {line.foreseen.metric}", "value": line.foreseen.expected, "lower": line.foreseen.lower,
         "upper": line.foreseen.upper}
    ]  # fmt: skip
    for one in reached[:12]:
        lower, upper = (one.reading.lower, one.reading.upper) if one.reading else (one.level, one.level)
        name = f"{format_instant(one.at)[:10]}, {one.by[:30]}"
        rows.append({"name": name, "value": one.level, "lower": lower, "upper": upper})
    return Plot(
        kind="intervals",
        title="Foreseen, and achieved since" + ("; the line is what was promised" if promised is not None else ""),
        rows=tuple(rows),
        x=line.foreseen.metric,
        rule=promised,
    )


class Job(msgspec.Struct, kw_only=True):
    """One that runs or has run: the stage it is in, and its end: `made` is the assessment, or `trouble` why not."""

    id: str
    name: str
    by: str
    stage: str = "waiting to begin"
    done: int = 0
    total: int = 0
    made: int | None = None
    trouble: str = ""

    @property
    def is_over(self) -> bool:
        """Whether nothing more will come."""
        return self.made is not None or bool(self.trouble)
