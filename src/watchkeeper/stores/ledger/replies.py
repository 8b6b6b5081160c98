"""Answers kept for a day, so that a write that is sent again under its Idempotency-Key is done once.

A key is claimed before the write and gets its answer after it. A claim without an answer is a write whose end nobody
knows: the process ended in between.
"""

from __future__ import annotations

import msgspec
from sqlalchemy import Column, Connection, Integer, LargeBinary, String, Table, Text, delete, select, update

from watchkeeper.domain.times import DAY
from watchkeeper.stores.ledger.schema import METADATA, Seconds, insert_or_leave

KEPT_S = DAY

REPLY = Table(
    "reply",
    METADATA,
    Column("caller", String(40), primary_key=True),
    Column("key", String(200), primary_key=True),
    Column("fingerprint", String(64), nullable=False),
    Column("made_at", Seconds, nullable=False, index=True),
    Column("status", Integer),
    Column("headers", Text),
    Column("body", LargeBinary),
)


class Reply(msgspec.Struct, frozen=True, kw_only=True):
    """What was answered: `status` is None while it is not known. `fingerprint` tells the request it answers."""

    fingerprint: str
    made_at: int
    status: int | None = None
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""


def claim(tx: Connection, caller: str, key: str, fingerprint: str, now: int) -> Reply | None:
    """Take a key for a request; the reply that it has already where it was taken before. Old ones are cleared away."""
    tx.execute(delete(REPLY).where(REPLY.c.made_at <= now - KEPT_S))
    row = {"caller": caller, "key": key, "fingerprint": fingerprint, "made_at": now}
    if tx.execute(insert_or_leave(tx, REPLY), row).rowcount == 1:
        return None
    found = tx.execute(select(REPLY).where(REPLY.c.caller == caller, REPLY.c.key == key)).one()
    headers = msgspec.json.decode(found.headers or "[]", type=tuple[tuple[str, str], ...])
    return Reply(
        fingerprint=found.fingerprint,
        made_at=found.made_at,
        status=found.status,
        headers=headers,
        body=found.body or b"",
    )


def keep(tx: Connection, caller: str, key: str, status: int, headers: list[tuple[str, str]], body: bytes) -> None:
    """Keep what was answered."""
    values = {"status": status, "headers": msgspec.json.encode(headers).decode(), "body": body}
    tx.execute(update(REPLY).where(REPLY.c.caller == caller, REPLY.c.key == key).values(values))


def release(tx: Connection, caller: str, key: str) -> None:
    """Give a key back: nothing was done."""
    tx.execute(delete(REPLY).where(REPLY.c.caller == caller, REPLY.c.key == key))


def forget_of(tx: Connection, caller: str) -> None:
    """Delete every reply to a caller."""
    tx.execute(delete(REPLY).where(REPLY.c.caller == caller))
