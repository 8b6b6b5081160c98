"""The audit log: who changed what, and when. Append only."""

from __future__ import annotations

import msgspec
from sqlalchemy import Column, Connection, Table, Text, func, insert, select

from watchkeeper.stores.ledger.schema import METADATA, Id, Seconds

AUDIT_ENTRY = Table(
    "audit_entry",
    METADATA,
    Column("id", Id, primary_key=True),
    Column("done_by", Text, nullable=False),
    Column("at_s", Seconds, nullable=False),
    Column("what", Text, nullable=False),
    Column("detail", Text, nullable=False),
    sqlite_autoincrement=True,
)


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """`by` did `what` at the time `at` (seconds UTC)."""

    id: int
    by: str
    at: int
    what: str
    detail: str


def add(tx: Connection, by: str, at: int, what: str, detail: str = "") -> None:
    """Write down that `by` did `what` at `at` (seconds UTC)."""
    tx.execute(insert(AUDIT_ENTRY), {"done_by": by, "at_s": at, "what": what, "detail": detail})


def newest_id(tx: Connection) -> int:
    """The number of the newest entry: another one after every change; 0 where there is none."""
    newest: int = tx.execute(select(func.coalesce(func.max(AUDIT_ENTRY.c.id), 0))).scalar_one()
    return newest


def newest(tx: Connection, limit: int, *, before: int | None = None) -> list[Entry]:
    """The last entries (of those with ids below `before`), the newest first."""
    query = select(AUDIT_ENTRY).order_by(AUDIT_ENTRY.c.id.desc()).limit(limit)
    if before is not None:
        query = query.where(AUDIT_ENTRY.c.id < before)
    rows = tx.execute(query)
    return [Entry(id=row.id, by=row.done_by, at=row.at_s, what=row.what, detail=row.detail) for row in rows]
