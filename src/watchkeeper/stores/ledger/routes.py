"""Routes: who is told of what, by name."""

from __future__ import annotations

import msgspec
from sqlalchemy import Column, Connection, String, Table, Text, delete, insert, select

from watchkeeper.domain.route import Route
from watchkeeper.stores.ledger.schema import METADATA

ROUTE = Table(
    "route",
    METADATA,
    Column("name", String(80), primary_key=True),
    Column("settings", Text, nullable=False),
)


def put(tx: Connection, route: Route) -> bool:
    """Insert or update by name; False where nothing changed."""
    settings = msgspec.json.encode(route).decode()
    before = tx.execute(select(ROUTE.c.settings).where(ROUTE.c.name == route.name)).scalar()
    if before is None:
        tx.execute(insert(ROUTE), {"name": route.name, "settings": settings})
    elif before != settings:
        tx.execute(ROUTE.update().where(ROUTE.c.name == route.name), {"settings": settings})
    return before != settings


def remove(tx: Connection, name: str) -> None:
    """Take a route away."""
    tx.execute(delete(ROUTE).where(ROUTE.c.name == name))


def listed(tx: Connection) -> list[Route]:
    """Every route, by name."""
    rows = tx.execute(select(ROUTE.c.settings).order_by(ROUTE.c.name)).scalars()
    return [msgspec.json.decode(settings, type=Route) for settings in rows]
