"""Feedback: the append-only log of what people said. There is no update and no delete; an undo is a line of its own."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec
from sqlalchemy import (
    Boolean,
    Column,
    ColumnElement,
    Connection,
    ForeignKey,
    Index,
    Integer,
    Row,
    String,
    Table,
    Text,
    func,
    insert,
    select,
)

from watchkeeper.domain.errors import NotFoundError
from watchkeeper.domain.feedback import Answer, Feedback
from watchkeeper.stores.ledger.schema import METADATA, Id, Seconds, among

FEEDBACK = Table(
    "feedback",
    METADATA,
    Column("id", Id, primary_key=True),
    Column("said_by", Text, nullable=False),
    Column("given_at", Seconds, nullable=False),
    Column("answer", String(20)),
    Column("start_s", Seconds, nullable=False),
    Column("end_s", Seconds, nullable=False),
    Column("alert", ForeignKey("alert.id"), index=True),
    Column("note", Text, nullable=False),
    Column("undoes", ForeignKey("feedback.id"), index=True),
    Column("repeats", Text),
    Column("zone", Text),
    Column("is_forced", Boolean),
    sqlite_autoincrement=True,
)
FEEDBACK_SERIES = Table(
    "feedback_series",
    METADATA,
    Column("feedback", ForeignKey("feedback.id"), primary_key=True),
    Column("place", Integer, primary_key=True, autoincrement=False),
    Column("series", ForeignKey("series.id"), nullable=False),
    Index("ix_feedback_series_series", "series", "feedback"),
)


def add(tx: Connection, feedback: Feedback) -> Feedback:
    """Append a line; returns it with the id that the ledger gave it (the one it came with is ignored).

    NotFoundError where what it undoes is not in the log.
    """
    if feedback.undoes is not None:
        get(tx, feedback.undoes)
    row = {
        "said_by": feedback.by,
        "given_at": feedback.given_at,
        "answer": None if feedback.answer is None else feedback.answer.value,
        "start_s": feedback.start,
        "end_s": feedback.end,
        "alert": feedback.alert,
        "note": feedback.note,
        "undoes": feedback.undoes,
        "repeats": feedback.repeat or None,
        "zone": feedback.zone,
        "is_forced": feedback.is_forced,
    }
    key = tx.execute(insert(FEEDBACK), row).inserted_primary_key
    assert key is not None
    spoken_of = [{"feedback": key[0], "place": place, "series": one} for place, one in enumerate(feedback.series)]
    if spoken_of:
        tx.execute(insert(FEEDBACK_SERIES), spoken_of)
    return msgspec.structs.replace(feedback, id=key[0])


def get(tx: Connection, feedback_id: int) -> Feedback:
    """The line with that id; NotFoundError."""
    found = _load(tx, FEEDBACK.c.id == feedback_id)
    if not found:
        raise NotFoundError(f"no feedback {feedback_id}")
    return found[0]


def by_id(tx: Connection, ids: Iterable[int]) -> list[Feedback]:
    """The lines with these ids, in the order in which they were said."""
    return _load(tx, among(tx, FEEDBACK.c.id, ids))


def log(tx: Connection, series: Iterable[int] | None = None) -> list[Feedback]:
    """The log in the order in which it was said; with `series`, what concerns any of these.

    That is each line that speaks of one of them, and each undo of such a line (and its undo, and so on), whether or
    not the undo names series itself.
    """
    if series is None:
        return _load(tx)
    speaks = select(FEEDBACK_SERIES.c.feedback).where(among(tx, FEEDBACK_SERIES.c.series, series))
    concerns = select(FEEDBACK.c.id).where(FEEDBACK.c.id.in_(speaks)).cte("concerns", recursive=True)
    undoings = select(FEEDBACK.c.id).join(concerns, FEEDBACK.c.undoes == concerns.c.id)
    return _load(tx, FEEDBACK.c.id.in_(select(concerns.union(undoings).c.id)))


def newest(tx: Connection, limit: int, *, before: int | None = None) -> list[tuple[Feedback, bool]]:
    """The last lines (of those with ids below `before`), the newest first, each with whether it is in force."""
    query = select(FEEDBACK.c.id).order_by(FEEDBACK.c.id.desc()).limit(limit)
    if before is not None:
        query = query.where(FEEDBACK.c.id < before)
    lines = _load(tx, FEEDBACK.c.id.in_(list(tx.execute(query).scalars())))
    undoings = tx.execute(select(FEEDBACK.c.id, FEEDBACK.c.undoes).where(FEEDBACK.c.undoes.is_not(None)))
    undone: set[int] = set()
    for one, undoes in sorted(undoings, reverse=True):  # newest first: an undone undo undoes nothing
        if one not in undone:
            undone.add(undoes)
    return [(line, line.id not in undone) for line in reversed(lines)]


def last_id(tx: Connection) -> int:
    """The id of the newest line, 0 where there is none."""
    return int(tx.execute(select(func.coalesce(func.max(FEEDBACK.c.id), 0))).scalar_one())


def _load(tx: Connection, *conditions: ColumnElement[bool]) -> list[Feedback]:
    lines = tx.execute(select(FEEDBACK).where(*conditions).order_by(FEEDBACK.c.id)).all()
    spoken_of: dict[int, list[int]] = {line.id: [] for line in lines}
    query = select(FEEDBACK_SERIES.c.feedback, FEEDBACK_SERIES.c.series)
    query = query.where(among(tx, FEEDBACK_SERIES.c.feedback, spoken_of)).order_by(FEEDBACK_SERIES.c.place)
    for feedback, one in tx.execute(query) if lines else ():
        spoken_of[feedback].append(one)
    return [_feedback(line, tuple(spoken_of[line.id])) for line in lines]


def _feedback(row: Row[Any], series: tuple[int, ...]) -> Feedback:
    return Feedback(
        id=row.id,
        by=row.said_by,
        given_at=row.given_at,
        answer=None if row.answer is None else Answer(row.answer),
        series=series,
        start=row.start_s,
        end=row.end_s,
        alert=row.alert,
        note=row.note,
        undoes=row.undoes,
        repeat=row.repeats or "",
        zone=row.zone or "UTC",
        is_forced=bool(row.is_forced),
    )
