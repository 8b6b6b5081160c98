"""Assessments as pages and commands use them: kept reports, decisions on them, and what came of what was foreseen."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Literal

import pyarrow as pa
import yaml

from watchkeeper.assess.markdown import from_json, to_json
from watchkeeper.assess.record import Assessment, parse_assessment
from watchkeeper.assess.report import Report
from watchkeeper.assess.run import assess
from watchkeeper.domain.decision import Achieved, Decision
from watchkeeper.domain.errors import ConfigError, InputError, NotFoundError
from watchkeeper.domain.system import MEASURES
from watchkeeper.sources import rows
from watchkeeper.sources.sql import SqlSource
from watchkeeper.stores.ledger import Ledger, assessments, audit, metrics, systems
from watchkeeper.stores.ledger.assessments import Kept
from watchkeeper.watch.assessment_jobs import Jobs
from watchkeeper.watch.assessment_views import (
    AssessmentLine,
    AssessmentPage,
    TrackRecord,
    achieved_plot,
    foreseen_of,
    track_plot,
)

Choice = Literal["go", "wait", "no"]
CHOICES: tuple[Choice, ...] = ("go", "wait", "no")


class Assessments:
    """The assessments of a ledger. Methods may be called from any thread."""

    def __init__(self, ledger: Ledger, clock: Callable[[], float]) -> None:
        self._ledger = ledger
        self._clock = clock
        self.jobs = Jobs(ledger, self.keep, ask_rows, clock)

    def keep(self, report: Report, record: str, by: str) -> int:
        """Store a report with the record it was made from; returns its id."""
        now = int(self._clock())
        with self._ledger.write() as tx:
            found = assessments.add(tx, name=report.name, by=by, at=now, record=record, report=to_json(report))
            audit.add(tx, by, now, "assessment kept", f"{found}: {report.name}")
        return found

    def make_expected(self, record: dict[str, object], by: str) -> int:
        """Make and keep the report of an idea that has no data yet (`expect`); ConfigError where it cannot be."""
        text = yaml.safe_dump(record, sort_keys=False, allow_unicode=True)
        report = assess(parse_assessment(text, "the form"), None, now=int(self._clock()))
        return self.keep(report, text, by)

    def lines(self) -> tuple[AssessmentLine, ...]:
        """Every assessment, the newest first."""
        with self._ledger.read() as tx:
            kept, decided, reached = assessments.listed(tx), assessments.decisions(tx), assessments.achieved(tx)
        return tuple(_line(one, decided, reached) for one in kept)

    def page(self, assessment_id: int) -> AssessmentPage:
        """One assessment whole; NotFoundError."""
        with self._ledger.read() as tx:
            kept = assessments.get(tx, assessment_id)
            decided = assessments.decisions(tx, assessment_id)
            reached = tuple(assessments.achieved(tx, assessment_id))
            following = [one.system for one in systems.listed(tx) if one.system.assessment == assessment_id]
        line = _line(kept, decided, list(reached))
        is_go = line.decision is not None and line.decision.choice == "go"
        promised = _promised(kept.record)
        return AssessmentPage(
            line=line,
            record=kept.record,
            decisions=tuple(decided),
            achieved=reached,
            promised=promised,
            system=system_snippet(line, kept.record) if is_go and not following else "",
            watched_by=tuple(one.name for one in following),
            plot=achieved_plot(line, reached, promised),
        )

    def decide(self, assessment_id: int, choice: str, reason: str, by: str) -> AssessmentPage:
        """Write down a decision: go, wait or no. The last one counts, all stay."""
        if choice not in CHOICES:
            raise InputError(f"a decision is {', '.join(CHOICES)}, not {choice!r}")
        if not reason.strip():
            raise InputError("a decision has a reason: say in a sentence why")
        now = int(self._clock())
        with self._ledger.write() as tx:
            assessments.get(tx, assessment_id)
            assessments.decide(tx, assessment_id, choice=choice, reason=reason.strip(), by=by, at=now)
            audit.add(tx, by, now, "assessment decided", f"{assessment_id}: {choice}")
        return self.page(assessment_id)

    def note_achieved(self, assessment_id: int, level: float, by: str) -> AssessmentPage:
        """Write down the level that was reached in operation."""
        if level != level or abs(level) == float("inf"):
            raise InputError("the level that was reached is a number")
        now = int(self._clock())
        with self._ledger.write() as tx:
            assessments.get(tx, assessment_id)
            assessments.note_achieved(tx, assessment_id, level=level, by=by, at=now)
            audit.add(tx, by, now, "assessment achieved", f"{assessment_id}: {level:g}")
        return self.page(assessment_id)

    def track_record(self) -> TrackRecord:
        """Predicted against achieved, across all past assessments."""
        lines = tuple(line for line in self.lines() if line.held is not None)
        if not lines:
            return TrackRecord(
                lines=(), sentence="Nothing achieved was noted yet, so nothing can be said of past reports."
            )
        held = sum(bool(line.held) for line in lines)
        off = [
            abs(line.achieved.level - line.foreseen.expected)
            for line in lines
            if line.achieved is not None and line.foreseen is not None
        ]
        words = f"Of {len(lines)} assessments with something achieved, the 90 % band held in {held}"
        return TrackRecord(
            lines=lines,
            sentence=f"{words}; what was foreseen was off by {sum(off) / len(off):.3g} on average.",
            plot=track_plot(lines),
        )


def ask_rows(ledger: Ledger, record: Assessment) -> pa.Table:
    """The rows of a record's query, asked of its source as configured; one more than `max_rows` where there are more.

    Raises NotFoundError where there is no such source, SourceError where it gives none.
    """
    with ledger.read() as tx:
        known = {source.name: source for source in metrics.sources(tx)}
    if record.source not in known:
        among = ", ".join(sorted(known)) or "none; apply a configuration first"
        raise NotFoundError(f"source: there is no source {record.source!r} among {among}")
    source = SqlSource(known[record.source])
    try:
        return rows.ask_rows(source, record.query, record.max_rows + 1)
    finally:
        source.close()


def _promised(record: str) -> float | None:
    """The level that the record needs."""
    try:
        return parse_assessment(record, "the record").level
    except ConfigError:  # kept by an older version, whose keys this one no longer knows
        return None


def system_snippet(line: AssessmentLine, record: str) -> str:
    """The system that follows, as configuration for `watchkeeper apply`: fill in its tables; the promise is watched."""
    assessment = parse_assessment(record, f"assessment {line.id}")
    name = re.sub(r"[^a-z0-9]+", "-", line.name.lower()).strip("-")[:80] or f"assessment-{line.id}"
    system: dict[str, object] = {
        "source": assessment.source or "SOURCE",
        "title": line.name,
        "owner": assessment.owner,
        "stage": "execution",
        "assessment": line.id,
        "replaces": assessment.replaces,
        "description": f"Follows assessment {line.id}: {line.report.summary}",
        "segments": [column for column in assessment.segments if re.fullmatch(r"[A-Za-z_]\w*", column)],
    }
    if assessment.metric in MEASURES and assessment.level is not None:
        system |= {"measures": [assessment.metric], "lowest": {assessment.metric: assessment.level}}
    filled = {key: value for key, value in system.items() if value not in ("", [])}
    return yaml.safe_dump({"systems": {name: filled}}, sort_keys=False, allow_unicode=True, width=100)


def _line(kept: Kept, decided: list[Decision], reached: list[Achieved]) -> AssessmentLine:
    report = from_json(kept.report)
    return AssessmentLine(
        id=kept.id,
        name=kept.name,
        by=kept.by,
        at=kept.at,
        report=report,
        decision=next((one for one in decided if one.assessment_id == kept.id), None),
        foreseen=foreseen_of(report),
        achieved=next((one for one in reached if one.assessment_id == kept.id), None),
    )
