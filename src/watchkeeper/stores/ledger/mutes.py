"""Mutes: windows in which nobody is told. One is never deleted, only ended, so that the past can be explained."""

from __future__ import annotations

from typing import Any

import msgspec
from sqlalchemy import BigInteger, Column, Connection, ForeignKey, Row, String, Table, Text, insert, select

from watchkeeper.domain.errors import NotFoundError
from watchkeeper.domain.handling import Mute
from watchkeeper.stores.ledger.schema import METADATA, Id, Seconds

MUTE = Table(
    "mute",
    METADATA,
    Column("id", Id, primary_key=True),
    Column("made_by", Text, nullable=False),
    Column("made_at", Seconds, nullable=False),
    Column("metric", String(80), nullable=False),
    Column("series", BigInteger, ForeignKey("series.id")),
    Column("tag", Text, nullable=False),
    Column("start_s", Seconds, nullable=False),
    Column("end_s", Seconds, nullable=False),
    Column("repeats", Text, nullable=False),
    Column("zone", Text, nullable=False),
    Column("note", Text, nullable=False),
    Column("ended_at", Seconds),
    Column("ended_by", Text, nullable=False),
    sqlite_autoincrement=True,
)


def add(tx: Connection, mute: Mute) -> Mute:
    """Store a mute; returns it with the id that the ledger gave it."""
    row = {
        "made_by": mute.by,
        "made_at": mute.made_at,
        "metric": mute.metric,
        "series": mute.series,
        "tag": mute.tag,
        "start_s": mute.start,
        "end_s": mute.end,
        "repeats": mute.repeat,
        "zone": mute.zone,
        "note": mute.note,
        "ended_at": None,
        "ended_by": "",
    }
    key = tx.execute(insert(MUTE), row).inserted_primary_key
    assert key is not None
    return msgspec.structs.replace(mute, id=key[0])


def end(tx: Connection, mute_id: int, *, at: int, by: str) -> bool:
    """End a mute at `at` (seconds UTC); False where it was ended before. NotFoundError."""
    mute = get(tx, mute_id)
    if mute.ended_at is not None:
        return False
    tx.execute(MUTE.update().where(MUTE.c.id == mute_id), {"ended_at": at, "ended_by": by})
    return True


def get(tx: Connection, mute_id: int) -> Mute:
    """The mute with that id; NotFoundError."""
    row = tx.execute(select(MUTE).where(MUTE.c.id == mute_id)).first()
    if row is None:
        raise NotFoundError(f"no mute {mute_id}: `watchkeeper alerts mutes` lists those there are")
    return _mute(row)


def listed(tx: Connection) -> list[Mute]:
    """Every mute, the newest first, ended ones too."""
    return [_mute(row) for row in tx.execute(select(MUTE).order_by(MUTE.c.id.desc()))]


def _mute(row: Row[Any]) -> Mute:
    return Mute(
        id=row.id,
        by=row.made_by,
        made_at=row.made_at,
        metric=row.metric,
        series=row.series,
        tag=row.tag,
        start=row.start_s,
        end=row.end_s,
        repeat=row.repeats,
        zone=row.zone,
        note=row.note,
        ended_at=row.ended_at,
        ended_by=row.ended_by,
    )
