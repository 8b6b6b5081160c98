"""Systems as configured, and what their reference was."""

from __future__ import annotations

import msgspec
from sqlalchemy import Column, Connection, Float, ForeignKey, String, Table, Text, insert, select

from watchkeeper.domain.errors import NotFoundError
from watchkeeper.domain.readiness import Evidence
from watchkeeper.domain.system import System
from watchkeeper.stores.ledger.schema import METADATA, Id, Seconds

SYSTEM = Table(
    "system",
    METADATA,
    Column("name", String(80), primary_key=True),
    Column("settings", Text, nullable=False),
    Column("reference", Text, nullable=False),
    Column("looked_at_s", Seconds, nullable=True),
    Column("removed_at", Seconds),
)
EVIDENCE = Table(
    "system_evidence",
    METADATA,
    Column("id", Id, primary_key=True),
    Column("system", ForeignKey("system.name"), nullable=False, index=True),
    Column("test", String(40), nullable=False),
    Column("points", Float, nullable=False),
    Column("at_s", Seconds, nullable=False),
    Column("said_by", Text, nullable=False),
    Column("note", Text, nullable=False),
    sqlite_autoincrement=True,
)


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """A system with its reference (as JSON, empty until it was read at `looked_at`)."""

    system: System
    reference: str
    looked_at: int | None


def put(tx: Connection, system: System) -> bool:
    """Insert or update by name; its reference stays. False where nothing changed."""
    settings = msgspec.json.encode(system).decode()
    before = tx.execute(select(SYSTEM).where(SYSTEM.c.name == system.name)).first()
    if before is None:
        tx.execute(insert(SYSTEM), {"name": system.name, "settings": settings, "reference": ""})
        return True
    if before.settings == settings and before.removed_at is None:
        return False
    tx.execute(SYSTEM.update().where(SYSTEM.c.name == system.name), {"settings": settings, "removed_at": None})
    return True


def remove(tx: Connection, name: str, *, at: int) -> None:
    """Take a system off the list; what people said of its tests stays, and counts again when it is put again."""
    tx.execute(SYSTEM.update().where(SYSTEM.c.name == name), {"removed_at": at})


def remember(tx: Connection, name: str, reference: str, at: int) -> None:
    """Keep the reference of a system."""
    tx.execute(SYSTEM.update().where(SYSTEM.c.name == name), {"reference": reference, "looked_at_s": at})


def listed(tx: Connection) -> list[Kept]:
    """Every system that was not removed, by name."""
    return [
        Kept(system=msgspec.json.decode(row.settings, type=System), reference=row.reference, looked_at=row.looked_at_s)
        for row in tx.execute(select(SYSTEM).where(SYSTEM.c.removed_at.is_(None)).order_by(SYSTEM.c.name))
    ]


def get(tx: Connection, name: str) -> Kept:
    """The system of that name; NotFoundError."""
    for kept in listed(tx):
        if kept.system.name == name:
            return kept
    raise NotFoundError(f"no system {name!r}: `watchkeeper system list` lists those there are")


def say(tx: Connection, name: str, evidence: Evidence) -> None:
    """Append what a person says of one test."""
    row = {"test": evidence.test, "points": evidence.points, "at_s": evidence.at, "said_by": evidence.by}
    tx.execute(insert(EVIDENCE), {"system": name, "note": evidence.note, **row})


def said(tx: Connection, name: str) -> list[Evidence]:
    """What people said of a system's tests, the oldest first."""
    rows = tx.execute(select(EVIDENCE).where(EVIDENCE.c.system == name).order_by(EVIDENCE.c.id))
    return [Evidence(test=row.test, points=row.points, at=row.at_s, by=row.said_by, note=row.note) for row in rows]
