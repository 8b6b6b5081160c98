"""Sources, metrics and channels: the records that a configuration applies, by name.

A source or a metric that is removed keeps its row, because series, alerts and answers rest on it: it has a time of
removal, is listed no more, and is put back with all of these when it is named again.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from typing import Any, Literal, TypeVar

import msgspec
from sqlalchemy import Column, Connection, ForeignKey, String, Table, Text, bindparam, delete, select

from watchkeeper.domain.config import Channel
from watchkeeper.domain.errors import NotFoundError, StoreError
from watchkeeper.domain.metric import Metric, Source
from watchkeeper.stores.ledger.schema import METADATA, Seconds, among

Record = TypeVar("Record", Source, Metric, Channel)

SOURCE = Table(
    "source",
    METADATA,
    Column("name", String(80), primary_key=True),
    Column("settings", Text, nullable=False),
    Column("created_at", Seconds, nullable=False),
    Column("updated_at", Seconds, nullable=False),
    Column("removed_at", Seconds),
)
METRIC = Table(
    "metric",
    METADATA,
    Column("name", String(80), primary_key=True),
    Column("source", ForeignKey("source.name"), nullable=False, index=True),
    Column("settings", Text, nullable=False),
    Column("created_at", Seconds, nullable=False),
    Column("updated_at", Seconds, nullable=False),
    Column("removed_at", Seconds),
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
    return bool(_put(tx, SOURCE, [source], at))


def put_metric(tx: Connection, metric: Metric, *, at: int | None = None) -> bool:
    """Insert or update by name; False where nothing changed. NotFoundError where its source is not in the ledger."""
    return bool(put_metrics(tx, [metric], at=at))


def put_metrics(tx: Connection, many: Sequence[Metric], *, at: int | None = None) -> list[str]:
    """The same for many at once; the names of those that are new or other now."""
    known = set(tx.execute(select(SOURCE.c.name).where(SOURCE.c.removed_at.is_(None))).scalars())
    for one in many:
        if one.source not in known:
            raise NotFoundError(f"metric {one.name}: no source {one.source!r} in the ledger; put the source first")
    return _put(tx, METRIC, many, at)


def put_channel(tx: Connection, channel: Channel, *, at: int | None = None) -> bool:
    """Insert or update by name; False where nothing changed."""
    return bool(_put(tx, CHANNEL, [channel], at))


def sources(tx: Connection) -> list[Source]:
    """All sources, by name."""
    return _all(tx, SOURCE, Source)


def metrics(tx: Connection) -> list[Metric]:
    """All metrics, by name."""
    return _all(tx, METRIC, Metric)


def ever(tx: Connection) -> list[Metric]:
    """All metrics, removed ones too, by name."""
    return _all(tx, METRIC, Metric, is_every=True)


def metric(tx: Connection, name: str) -> Metric:
    """The metric of that name; NotFoundError, also where it was removed."""
    row = tx.execute(select(METRIC).where(METRIC.c.name == name)).first()
    if row is None:
        raise NotFoundError(f"no metric {name!r}: `watchkeeper apply` makes metrics from a configuration file")
    if row.removed_at is not None:
        raise NotFoundError(
            f"metric {name!r} was removed; named in a configuration again, it is back with its points and alerts"
        )
    return _read("metric", name, row.settings, Metric)


def record(tx: Connection, name: str) -> Metric:
    """The metric of that name as its alerts and answers speak of it, also where it was removed; NotFoundError."""
    for one in named(tx, [name]):
        return one
    raise NotFoundError(f"no metric {name!r}: `watchkeeper apply` makes metrics from a configuration file")


def removed(tx: Connection) -> frozenset[str]:
    """The names of the metrics that were removed."""
    return frozenset(tx.execute(select(METRIC.c.name).where(METRIC.c.removed_at.is_not(None))).scalars())


def remove(tx: Connection, kind: Literal["source", "metric", "channel"], name: str, *, at: int) -> None:
    """Take it off the lists at the time `at` (seconds UTC): a channel altogether, the others until put again."""
    if kind == "channel":
        tx.execute(delete(CHANNEL).where(CHANNEL.c.name == name))
        return
    table = {"source": SOURCE, "metric": METRIC}[kind]
    tx.execute(table.update().where(table.c.name == name), {"removed_at": at})


def named(tx: Connection, names: Iterable[str]) -> list[Metric]:
    """The metrics of these names that are in the ledger, removed ones too, by name."""
    rows = tx.execute(select(METRIC.c.name, METRIC.c.settings).where(among(tx, METRIC.c.name, names)))
    return [_read("metric", row.name, row.settings, Metric) for row in rows.all()]


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


def _put(tx: Connection, table: Table, records: Sequence[Record], at: int | None) -> list[str]:
    """Insert or update by name, in few statements however many there are; the names of those that changed."""
    now = int(time.time()) if at is None else at
    rows = [_row(one) for one in records]
    stored = select(table).where(among(tx, table.c.name, [row["name"] for row in rows]))
    gone = _removed_at(table)
    before = {  # what was removed is other than what is put, and put back
        row["name"]: row["settings"] if gone is None or row[gone.name] is None else ""
        for row in tx.execute(stored).mappings()
    }
    new = [row for row in rows if row["name"] not in before]
    other = [row for row in rows if before.get(row["name"], row["settings"]) != row["settings"]]
    if new:
        tx.execute(table.insert(), [{**row, "created_at": now, "updated_at": now} for row in new])
    if other:
        columns: dict[str, Any] = {"updated_at": now, **{name: bindparam(f"new_{name}") for name in other[0]}}
        columns |= {} if gone is None else {gone.name: None}
        changed = [{"which": row["name"], **{f"new_{name}": one for name, one in row.items()}} for row in other]
        tx.execute(table.update().where(table.c.name == bindparam("which")).values(columns), changed)
    return [row["name"] for row in rows if before.get(row["name"]) != row["settings"]]


def _row(record: Source | Metric | Channel) -> dict[str, str]:
    row = {"name": record.name, "settings": msgspec.json.encode(record).decode()}
    return row | {"source": record.source} if isinstance(record, Metric) else row


def _all(tx: Connection, table: Table, kind: type[Record], *, is_every: bool = False) -> list[Record]:
    query, gone = select(table.c.name, table.c.settings).order_by(table.c.name), _removed_at(table)
    rows = tx.execute(query if gone is None or is_every else query.where(gone.is_(None)))
    return [_read(table.name, name, settings, kind) for name, settings in rows]


def _removed_at(table: Table) -> Column[Any] | None:
    return table.c.get("removed_at")


def _read(noun: str, name: str, settings: str, kind: type[Record]) -> Record:
    try:
        return msgspec.json.decode(settings, type=kind)
    except msgspec.ValidationError as error:
        raise StoreError(
            f"ledger: the stored {noun} {name} does not fit this Watchkeeper ({error}); apply its configuration again"
        ) from error
