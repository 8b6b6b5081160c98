"""What the answered alerts looked like: kept once, with the answer, so that a replay next year is today's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from sqlalchemy import Column, Connection, ForeignKey, Table, Text, insert, select

from watchkeeper.stores.ledger.schema import METADATA
from watchkeeper.stores.ledger.series import SERIES

HINT = Table(
    "hint",
    METADATA,
    Column("feedback", ForeignKey("feedback.id"), primary_key=True),
    Column("series", ForeignKey("series.id"), primary_key=True),
    Column("record", Text, nullable=False),
)
"""`record` is the JSON of `learn.Hint`."""


class Kept(NamedTuple):
    """The record of one answer on one metric."""

    feedback: int
    metric: str
    record: str


def put(tx: Connection, feedback: int, records: Mapping[int, str]) -> None:
    """Keep what an answer's alert looked like, by series id."""
    rows = [{"feedback": feedback, "series": one, "record": record} for one, record in sorted(records.items())]
    if rows:
        tx.execute(insert(HINT), rows)


def speaking(tx: Connection) -> frozenset[str]:
    """The metrics of which there is any record, of answers taken back too."""
    query = select(SERIES.c.metric).join(HINT, SERIES.c.id == HINT.c.series).distinct()
    return frozenset(tx.execute(query).scalars())


def all_of(tx: Connection) -> list[Kept]:
    """Every record, by answer."""
    query = select(HINT.c.feedback, SERIES.c.metric, HINT.c.record).join(SERIES, SERIES.c.id == HINT.c.series)
    return [Kept(*row) for row in tx.execute(query.order_by(HINT.c.feedback, HINT.c.series))]
