"""Questions: quiet windows that people are asked about, and what they replied."""

from __future__ import annotations

from typing import Any

import msgspec
from sqlalchemy import Column, Connection, Float, ForeignKey, Row, String, Table, Text, func, insert, select, update

from watchkeeper.domain.errors import NotFoundError
from watchkeeper.domain.question import Question, Reply
from watchkeeper.stores.ledger.schema import METADATA, Id, Seconds

QUESTION = Table(
    "question",
    METADATA,
    Column("id", Id, primary_key=True),
    Column("metric", String(80), nullable=False, index=True),
    Column("series", ForeignKey("series.id"), nullable=False),
    Column("start_s", Seconds, nullable=False),
    Column("end_s", Seconds, nullable=False),
    Column("decades", Float, nullable=False),
    Column("slot_end", Seconds, nullable=False),
    Column("asked_at", Seconds, nullable=False),
    Column("reply", String(20)),
    Column("replied_by", Text, nullable=False),
    Column("replied_at", Seconds),
    Column("feedback", ForeignKey("feedback.id")),
    sqlite_autoincrement=True,
)


def ask(tx: Connection, question: Question) -> Question:
    """Keep a question; returns it with the id that the ledger gave it (the one it came with is ignored)."""
    row = {
        "metric": question.metric,
        "series": question.series,
        "start_s": question.start,
        "end_s": question.end,
        "decades": question.decades,
        "slot_end": question.slot_end,
        "asked_at": question.asked_at,
        "replied_by": "",
    }
    key = tx.execute(insert(QUESTION), row).inserted_primary_key
    assert key is not None
    return msgspec.structs.replace(question, id=key[0])


def reply(tx: Connection, question_id: int, said: Reply, by: str, at: int, feedback: int | None) -> bool:
    """Keep the reply of a question that has none; False where somebody was first."""
    values = {"reply": said.value, "replied_by": by, "replied_at": at, "feedback": feedback}
    is_open = (QUESTION.c.id == question_id) & QUESTION.c.reply.is_(None)
    return tx.execute(update(QUESTION).where(is_open).values(values)).rowcount == 1


def get(tx: Connection, question_id: int) -> Question:
    """The question with that id; NotFoundError."""
    row = tx.execute(select(QUESTION).where(QUESTION.c.id == question_id)).first()
    if row is None:
        raise NotFoundError(f"no question {question_id}: `watchkeeper questions` lists them")
    return _question(row)


def listed(tx: Connection, metric: str | None = None) -> list[Question]:
    """The questions (of one metric), the newest first."""
    query = select(QUESTION).order_by(QUESTION.c.id.desc())
    if metric is not None:
        query = query.where(QUESTION.c.metric == metric)
    return [_question(row) for row in tx.execute(query)]


def asked_until(tx: Connection) -> dict[str, int]:
    """The end of the last stretch that a question was asked about, by metric."""
    rows = tx.execute(select(QUESTION.c.metric, func.max(QUESTION.c.slot_end)).group_by(QUESTION.c.metric))
    return {metric: int(end) for metric, end in rows}


def _question(row: Row[Any]) -> Question:
    return Question(
        id=row.id,
        metric=row.metric,
        series=row.series,
        start=row.start_s,
        end=row.end_s,
        decades=row.decades,
        slot_end=row.slot_end,
        asked_at=row.asked_at,
        reply=None if row.reply is None else Reply(row.reply),
        by=row.replied_by,
        replied_at=row.replied_at,
        feedback=row.feedback,
    )
