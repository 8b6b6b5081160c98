"""Settings of the whole server that a configuration applies: one JSON text a section."""

from __future__ import annotations

from sqlalchemy import Column, Connection, String, Table, Text, insert, select, update

from watchkeeper.stores.ledger.schema import METADATA

SETTING = Table(
    "setting",
    METADATA,
    Column("name", String(80), primary_key=True),
    Column("settings", Text, nullable=False),
)


def put(tx: Connection, name: str, settings: str) -> bool:
    """Insert or update a section; False where nothing changed."""
    before = get(tx, name)
    if before is None:
        tx.execute(insert(SETTING), {"name": name, "settings": settings})
    elif before != settings:
        tx.execute(update(SETTING).where(SETTING.c.name == name).values(settings=settings))
    return before != settings


def get(tx: Connection, name: str) -> str | None:
    """A section as it was put; None where it was never."""
    return tx.execute(select(SETTING.c.settings).where(SETTING.c.name == name)).scalar()
