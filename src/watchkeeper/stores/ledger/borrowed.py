"""What new series borrowed of those before them: kept once, never changed, so that a replay next year is today's."""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Iterable, Mapping

from sqlalchemy import Column, Connection, ForeignKey, Table, Text, select

from watchkeeper.stores.ledger.schema import METADATA, Seconds, among, insert_or_leave

BORROWED = Table(
    "borrowed",
    METADATA,
    Column("series", ForeignKey("series.id"), primary_key=True),
    Column("lent_at", Seconds, nullable=False),
    Column("record", Text, nullable=False),
)
"""`record` is the detector's own versioned record (`detect.Borrowed.to_bytes`) in base 64."""


def put(tx: Connection, records: Mapping[int, bytes], at: int) -> None:
    """Keep what series borrow, by series id; what one has borrowed before stays as it is."""
    rows = [
        {"series": one, "lent_at": at, "record": b64encode(record).decode()} for one, record in sorted(records.items())
    ]
    if rows:
        tx.execute(insert_or_leave(tx, BORROWED), rows)


def of(tx: Connection, series: Iterable[int]) -> dict[int, bytes]:
    """What these series borrowed, by series id; one that borrowed nothing is left out."""
    rows = tx.execute(select(BORROWED.c.series, BORROWED.c.record).where(among(tx, BORROWED.c.series, series)))
    return {row.series: b64decode(row.record) for row in rows}
