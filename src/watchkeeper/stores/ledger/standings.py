"""Where the instruments of pushed series stand: kept with what they add up to, so that nothing is counted twice.

A change is durable when its transaction is, and `settle` brings it into the history; a row says whether it waits for
that.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec
from sqlalchemy import Boolean, Column, Connection, Index, Table, Text, func, select, text
from sqlalchemy.dialects import postgresql, sqlite

from watchkeeper.stores.ledger.schema import METADATA, among

STANDING = Table(
    "standing",
    METADATA,
    Column("metric", Text, primary_key=True),
    Column("dimension_values", Text, primary_key=True),
    Column("record", Text, nullable=False),
    Column("is_unsettled", Boolean, nullable=False),
    Index("ix_standing_unsettled", "metric", sqlite_where=text("is_unsettled"), postgresql_where=text("is_unsettled")),
)
"""`record` is the JSON of `sources.samples.Standing`. No foreign key: a series is made when it has a point."""

_VALUES = msgspec.json.Decoder(tuple[str, ...])


def of(tx: Connection, metric: str, keys: Iterable[tuple[str, ...]]) -> dict[tuple[str, ...], str]:
    """The records of a metric's series with these dimension values; one that never was is left out."""
    query = select(STANDING.c.dimension_values, STANDING.c.record).where(
        STANDING.c.metric == metric, among(tx, STANDING.c.dimension_values, map(_text, keys))
    )
    return {_VALUES.decode(values): record for values, record in tx.execute(query)}


def count(tx: Connection, metric: str) -> int:
    """How many series of a metric have a record."""
    return int(tx.execute(select(func.count()).where(STANDING.c.metric == metric)).scalar() or 0)


def put(tx: Connection, metric: str, records: Mapping[tuple[str, ...], tuple[str, bool]]) -> None:
    """Keep the records, by dimension values, and whether the history lacks some of them."""
    rows = [
        {"metric": metric, "dimension_values": _text(values), "record": record, "is_unsettled": lacks}
        for values, (record, lacks) in records.items()
    ]
    if rows:
        make = postgresql.insert if tx.dialect.name == "postgresql" else sqlite.insert
        insert = make(STANDING)
        fresh = {name: insert.excluded[name] for name in ("record", "is_unsettled")}
        tx.execute(insert.on_conflict_do_update(index_elements=["metric", "dimension_values"], set_=fresh), rows)


def are_unsettled(tx: Connection) -> bool:
    """Whether the history lacks anything."""
    return tx.execute(select(STANDING.c.metric).where(STANDING.c.is_unsettled).limit(1)).first() is not None


def unsettled(tx: Connection) -> dict[str, dict[tuple[str, ...], str]]:
    """The records that the history lacks some of, by metric and dimension values."""
    query = select(STANDING.c.metric, STANDING.c.dimension_values, STANDING.c.record).where(STANDING.c.is_unsettled)
    found: dict[str, dict[tuple[str, ...], str]] = {}
    for metric, values, record in tx.execute(query.order_by(STANDING.c.metric, STANDING.c.dimension_values)):
        found.setdefault(metric, {})[_VALUES.decode(values)] = record
    return found


def _text(values: tuple[str, ...]) -> str:
    return msgspec.json.encode(values).decode()
