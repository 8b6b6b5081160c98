"""Where the instruments of pushed series stand: kept with what they add up to, so that nothing is counted twice.

A change is durable when its transaction is, and `settle` brings it into the history; a row says whether it waits for
that.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TypeAlias

import msgspec
from sqlalchemy import (
    ARRAY,
    Boolean,
    Column,
    ColumnElement,
    Connection,
    Index,
    Table,
    Text,
    func,
    literal,
    select,
    text,
)
from sqlalchemy.dialects import postgresql, sqlite

from watchkeeper.stores.ledger.schema import METADATA

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

Key: TypeAlias = tuple[str, ...]
"""The dimension values of a series."""

_VALUES = msgspec.json.Decoder(tuple[str, ...])


def of(tx: Connection, wanted: Mapping[str, Collection[Key]]) -> dict[str, dict[Key, str]]:
    """The records of series, by metric and dimension values, in one query; one that never was is left out."""
    names = [name for name, keys in wanted.items() for _ in keys]
    texts = [_text(values) for keys in wanted.values() for values in keys]
    found: dict[str, dict[Key, str]] = {name: {} for name in wanted}
    metric: ColumnElement[str]
    values: ColumnElement[str]
    if tx.dialect.name == "postgresql":
        arrays = (literal(names, ARRAY(Text)), literal(texts, ARRAY(Text)))
        asked = func.unnest(*arrays).table_valued("metric", "dimension_values").render_derived()
        metric, values = asked.c.metric, asked.c.dimension_values
    else:
        pairs = msgspec.json.encode(list(zip(names, texts, strict=True))).decode()
        asked = func.json_each(pairs).table_valued("value")
        metric, values = func.json_extract(asked.c.value, "$[0]"), func.json_extract(asked.c.value, "$[1]")
    is_asked = (STANDING.c.metric == metric) & (STANDING.c.dimension_values == values)
    query = select(STANDING.c.metric, STANDING.c.dimension_values, STANDING.c.record).join_from(
        asked, STANDING, is_asked
    )
    for name, text_of, record in tx.execute(query):
        found[name][_VALUES.decode(text_of)] = record
    return found


def count(tx: Connection, metric: str) -> int:
    """How many series of a metric have a record."""
    return int(tx.execute(select(func.count()).where(STANDING.c.metric == metric)).scalar() or 0)


def put(tx: Connection, records: Mapping[str, Mapping[Key, tuple[str, bool]]]) -> None:
    """Keep the records, by metric and dimension values, and whether the history lacks some of them."""
    rows = [
        {"metric": metric, "dimension_values": _text(values), "record": record, "is_unsettled": lacks}
        for metric, some in records.items()
        for values, (record, lacks) in some.items()
    ]
    if rows:
        make = postgresql.insert if tx.dialect.name == "postgresql" else sqlite.insert
        insert = make(STANDING)
        fresh = {name: insert.excluded[name] for name in ("record", "is_unsettled")}
        tx.execute(insert.on_conflict_do_update(index_elements=["metric", "dimension_values"], set_=fresh), rows)


def are_unsettled(tx: Connection) -> bool:
    """Whether the history lacks anything."""
    return tx.execute(select(STANDING.c.metric).where(STANDING.c.is_unsettled).limit(1)).first() is not None


def unsettled(tx: Connection) -> dict[str, dict[Key, str]]:
    """The records that the history lacks some of, by metric and dimension values."""
    query = select(STANDING.c.metric, STANDING.c.dimension_values, STANDING.c.record).where(STANDING.c.is_unsettled)
    found: dict[str, dict[Key, str]] = {}
    for metric, values, record in tx.execute(query.order_by(STANDING.c.metric, STANDING.c.dimension_values)):
        found.setdefault(metric, {})[_VALUES.decode(values)] = record
    return found


def _text(values: Key) -> str:
    return msgspec.json.encode(values).decode()
