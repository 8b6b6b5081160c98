"""Assessments as they were made, what people decided on them, and what was achieved: append only."""

from __future__ import annotations

import msgspec
from sqlalchemy import Column, Connection, Float, ForeignKey, String, Table, Text, insert, select

from watchkeeper.domain.decision import Achieved, Decision, Reading
from watchkeeper.domain.errors import NotFoundError
from watchkeeper.stores.ledger.schema import METADATA, Id, Seconds

ASSESSMENT = Table(
    "assessment",
    METADATA,
    Column("id", Id, primary_key=True),
    Column("name", Text, nullable=False),
    Column("made_by", Text, nullable=False),
    Column("made_at_s", Seconds, nullable=False),
    Column("record", Text, nullable=False),
    Column("report", Text, nullable=False),
    sqlite_autoincrement=True,
)
DECISION = Table(
    "assessment_decision",
    METADATA,
    Column("id", Id, primary_key=True),
    Column("assessment_id", ForeignKey("assessment.id"), nullable=False, index=True),
    Column("choice", String(8), nullable=False),
    Column("reason", Text, nullable=False),
    Column("decided_by", Text, nullable=False),
    Column("decided_at_s", Seconds, nullable=False),
    sqlite_autoincrement=True,
)
ACHIEVED = Table(
    "assessment_achieved",
    METADATA,
    Column("id", Id, primary_key=True),
    Column("assessment_id", ForeignKey("assessment.id"), nullable=False, index=True),
    Column("level", Float, nullable=False),
    Column("noted_by", Text, nullable=False),
    Column("noted_at_s", Seconds, nullable=False),
    Column("metric", Text, nullable=True),
    Column("start_s", Seconds, nullable=True),
    Column("end_s", Seconds, nullable=True),
    Column("points", Seconds, nullable=True),
    Column("lower", Float, nullable=True),
    Column("upper", Float, nullable=True),
    sqlite_autoincrement=True,
)

_READ = {"start": "start_s", "end": "end_s"}


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """An assessment: its record (YAML) and its report (JSON) as they were, and when (seconds UTC)."""

    id: int
    name: str
    by: str
    at: int
    record: str
    report: str


def add(tx: Connection, *, name: str, by: str, at: int, record: str, report: str) -> int:
    """Keep a report; returns its id."""
    row = {"name": name, "made_by": by, "made_at_s": at, "record": record, "report": report}
    key = tx.execute(insert(ASSESSMENT), row).inserted_primary_key
    assert key is not None
    return int(key[0])


def get(tx: Connection, assessment_id: int) -> Kept:
    """One assessment; NotFoundError."""
    row = tx.execute(select(ASSESSMENT).where(ASSESSMENT.c.id == assessment_id)).one_or_none()
    if row is None:
        raise NotFoundError(f"no assessment {assessment_id}: `watchkeeper assessments list` lists those there are")
    return Kept(id=row.id, name=row.name, by=row.made_by, at=row.made_at_s, record=row.record, report=row.report)


def listed(tx: Connection) -> list[Kept]:
    """Every assessment, the newest first."""
    return [
        Kept(id=row.id, name=row.name, by=row.made_by, at=row.made_at_s, record=row.record, report=row.report)
        for row in tx.execute(select(ASSESSMENT).order_by(ASSESSMENT.c.id.desc()))
    ]


def decide(tx: Connection, assessment_id: int, *, choice: str, reason: str, by: str, at: int) -> None:
    """Append a decision; the last one counts, all stay."""
    row = {"assessment_id": assessment_id, "choice": choice, "reason": reason, "decided_by": by, "decided_at_s": at}
    tx.execute(insert(DECISION), row)


def decisions(tx: Connection, assessment_id: int | None = None) -> list[Decision]:
    """Decisions (of one assessment), the newest first."""
    query = select(DECISION).order_by(DECISION.c.id.desc())
    if assessment_id is not None:
        query = query.where(DECISION.c.assessment_id == assessment_id)
    return [
        Decision(
            id=row.id,
            assessment_id=row.assessment_id,
            choice=row.choice,
            reason=row.reason,
            by=row.decided_by,
            at=row.decided_at_s,
        )
        for row in tx.execute(query)
    ]


def note_achieved(
    tx: Connection, assessment_id: int, *, level: float, by: str, at: int, reading: Reading | None = None
) -> None:
    """Append the level that was reached."""
    row = {"assessment_id": assessment_id, "level": level, "noted_by": by, "noted_at_s": at}
    read = (
        {} if reading is None else {_READ.get(key, key): value for key, value in msgspec.to_builtins(reading).items()}
    )
    tx.execute(insert(ACHIEVED), row | read)


def achieved(tx: Connection, assessment_id: int | None = None) -> list[Achieved]:
    """Every level noted (of one assessment), the newest first."""
    query = select(ACHIEVED).order_by(ACHIEVED.c.id.desc())
    if assessment_id is not None:
        query = query.where(ACHIEVED.c.assessment_id == assessment_id)
    return [
        Achieved(
            id=row.id,
            assessment_id=row.assessment_id,
            level=row.level,
            by=row.noted_by,
            at=row.noted_at_s,
            reading=None
            if row.metric is None
            else Reading(
                metric=row.metric,
                start=row.start_s,
                end=row.end_s,
                points=row.points,
                lower=row.lower,
                upper=row.upper,
            ),
        )
        for row in tx.execute(query)
    ]
