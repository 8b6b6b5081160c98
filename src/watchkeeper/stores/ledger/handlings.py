"""Handlings: what people did with alerts besides answering. Append only; an undo is a line of its own."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec
from sqlalchemy import BigInteger, Column, Connection, ForeignKey, Row, String, Table, Text, func, insert, select

from watchkeeper.domain.errors import NotFoundError
from watchkeeper.domain.handling import Deed, Handling
from watchkeeper.stores.ledger.alerts import ALERT_MEMBER
from watchkeeper.stores.ledger.schema import METADATA, Id, Seconds, among

HANDLING = Table(
    "handling",
    METADATA,
    Column("id", Id, primary_key=True),
    Column("alert", ForeignKey("alert.id"), nullable=False, index=True),
    Column("done_by", Text, nullable=False),
    Column("at_s", Seconds, nullable=False),
    Column("deed", String(20)),
    Column("owner", Text, nullable=False),
    Column("until_s", Seconds, nullable=False),
    Column("words", Text, nullable=False),
    Column("undoes", BigInteger, ForeignKey("handling.id")),
    sqlite_autoincrement=True,
)


def add(tx: Connection, handling: Handling) -> Handling:
    """Append a line; returns it with the id that the ledger gave it (the one it came with is ignored)."""
    row = {
        "alert": handling.alert,
        "done_by": handling.by,
        "at_s": handling.at,
        "deed": None if handling.deed is None else handling.deed.value,
        "owner": handling.owner,
        "until_s": handling.until,
        "words": handling.text,
        "undoes": handling.undoes,
    }
    key = tx.execute(insert(HANDLING), row).inserted_primary_key
    assert key is not None
    return msgspec.structs.replace(handling, id=key[0])


def get(tx: Connection, handling_id: int) -> Handling:
    """The line with that id; NotFoundError."""
    row = tx.execute(select(HANDLING).where(HANDLING.c.id == handling_id)).first()
    if row is None:
        raise NotFoundError(f"no handling {handling_id}: an alert's page lists what was done with it")
    return _handling(row)


def of_alerts(tx: Connection, alert_ids: Iterable[int] | None = None) -> dict[int, list[Handling]]:
    """The lines of these alerts (None: of all), the oldest first, by alert; one without any has no key."""
    query = select(HANDLING).order_by(HANDLING.c.id)
    if alert_ids is not None:
        query = query.where(among(tx, HANDLING.c.alert, alert_ids))
    found: dict[int, list[Handling]] = {}
    for row in tx.execute(query):
        found.setdefault(row.alert, []).append(_handling(row))
    return found


def taught(tx: Connection, series_ids: Iterable[int], limit: int) -> list[int]:
    """The alerts with one of these series among their members after which something was learnt, at most `limit`: those
    with the newest such lines, the newest first.
    """
    touching = select(ALERT_MEMBER.c.alert).where(among(tx, ALERT_MEMBER.c.series, series_ids))
    query = (
        select(HANDLING.c.alert)
        .where(HANDLING.c.deed == Deed.LEARN.value, HANDLING.c.alert.in_(touching))
        .group_by(HANDLING.c.alert)
        .order_by(func.max(HANDLING.c.id).desc())
        .limit(limit)
    )
    return list(tx.execute(query).scalars())


def newest(tx: Connection) -> int:
    """The id of the newest line, 0 where there is none: it grows with every change."""
    return int(tx.execute(select(func.coalesce(func.max(HANDLING.c.id), 0))).scalar_one())


def _handling(row: Row[Any]) -> Handling:
    return Handling(
        id=row.id,
        alert=row.alert,
        by=row.done_by,
        at=row.at_s,
        deed=None if row.deed is None else Deed(row.deed),
        owner=row.owner,
        until=row.until_s,
        text=row.words,
        undoes=row.undoes,
    )
