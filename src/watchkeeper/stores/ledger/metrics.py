"""Sources, metrics and channels: the records that a configuration applies, by name."""

from __future__ import annotations

import time
from typing import TypeVar

import msgspec
from sqlalchemy import Column, Connection, ForeignKey, String, Table, Text, select

from watchkeeper.domain.config import Channel
from watchkeeper.domain.errors import NotFoundError, StoreError
from watchkeeper.domain.metric import Metric, Source
from watchkeeper.stores.ledger.schema import METADATA, Seconds

Record = TypeVar("Record", Source, Metric, Channel)

SOURCE = Table(
    "source",
    METADATA,
    Column("name", String(80), primary_key=True),
    Column("settings", Text, nullable=False),
    Column("created_at", Seconds, nullable=False),
    Column("updated_at", Seconds, nullable=False),
)
METRIC = Table(
    "metric",
    METADATA,
    Column("name", String(80), primary_key=True),
    Column("source", ForeignKey("source.name"), nullable=False, index=True),
    Column("settings", Text, nullable=False),
    Column("created_at", Seconds, nullable=False),
    Column("updated_at", Seconds, nullable=False),
)
CHANNEL = Table(
    "channel",
    METADATA,
    Column("name", String(80), primary_key=True),
    Column("settings", Text, nullable=False),
    Column("created_at", Seconds, nullable=False),
    Column("updated_at", Seconds, nullable=False),
)


def put_source(tx: Connection, source: Source, *, at: int | None = None) -> bool:
    """Insert or update by name at the time `at` (seconds UTC, default: now); False where nothing changed."""
    return _put(tx, SOURCE, source, {}, at)


def put_metric(tx: Connection, metric: Metric, *, at: int | None = None) -> bool:
    """Insert or update by name; False where nothing changed. NotFoundError where its source is not in the ledger."""
    if tx.execute(select(SOURCE.c.name).where(SOURCE.c.name == metric.source)).first() is None:
        raise NotFoundError(f"metric {metric.name}: no source {metric.source!r} in the ledger; put the source first")
    return _put(tx, METRIC, metric, {"source": metric.source}, at)


def put_channel(tx: Connection, channel: Channel, *, at: int | None = None) -> bool:
    """Insert or update by name; False where nothing changed."""
    return _put(tx, CHANNEL, channel, {}, at)


def sources(tx: Connection) -> list[Source]:
    """All sources, by name."""
    return _all(tx, SOURCE, Source)


def metrics(tx: Connection) -> list[Metric]:
    """All metrics, by name."""
    return _all(tx, METRIC, Metric)


def metric(tx: Connection, name: str) -> Metric:
    """The metric of that name; NotFoundError."""
    settings = tx.execute(select(METRIC.c.settings).where(METRIC.c.name == name)).scalar()
    if settings is None:
        raise NotFoundError(f"no metric {name!r}: `watchkeeper apply` makes metrics from a configuration file")
    return _read("metric", name, settings, Metric)


def made_at(tx: Connection) -> dict[str, int]:
    """When each metric was first put (seconds UTC), by name."""
    return {row.name: row.created_at for row in tx.execute(select(METRIC.c.name, METRIC.c.created_at))}


def channels(tx: Connection) -> list[Channel]:
    """All channels, by name."""
    return _all(tx, CHANNEL, Channel)


def channel(tx: Connection, name: str) -> Channel:
    """The channel of that name; NotFoundError."""
    known = {one.name: one for one in channels(tx)}
    if name not in known:
        raise NotFoundError(f"no channel {name!r}; there are {', '.join(known) or 'none'}")
    return known[name]


def _put(tx: Connection, table: Table, record: Source | Metric | Channel, keys: dict[str, str], at: int | None) -> bool:
    settings = msgspec.json.encode(record).decode()
    now = int(time.time()) if at is None else at
    before = tx.execute(select(table.c.settings).where(table.c.name == record.name)).scalar()
    if before is None:
        row = {"name": record.name, "settings": settings, "created_at": now, "updated_at": now, **keys}
        tx.execute(table.insert(), row)
    elif before != settings:
        tx.execute(table.update().where(table.c.name == record.name), {"settings": settings, "updated_at": now, **keys})
    return before != settings


def _all(tx: Connection, table: Table, kind: type[Record]) -> list[Record]:
    rows = tx.execute(select(table.c.name, table.c.settings).order_by(table.c.name))
    return [_read(table.name, name, settings, kind) for name, settings in rows]


def _read(noun: str, name: str, settings: str, kind: type[Record]) -> Record:
    try:
        return msgspec.json.decode(settings, type=kind)
    except msgspec.ValidationError as error:
        raise StoreError(
            f"ledger: the stored {noun} {name} does not fit this Watchkeeper ({error}); apply its configuration again"
        ) from error
