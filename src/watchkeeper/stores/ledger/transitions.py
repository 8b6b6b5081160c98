"""Transitions: every change of an alert, stored with it. The table is the queue that telling people consumes."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Column, Connection, ForeignKey, Row, String, Table, Text, exists, func, insert, select

from watchkeeper.domain.alert import Change, Transition
from watchkeeper.stores.ledger.deliveries import DELIVERY
from watchkeeper.stores.ledger.schema import METADATA, Id, Seconds

TRANSITION = Table(
    "transition",
    METADATA,
    Column("id", Id, primary_key=True),
    Column("alert", ForeignKey("alert.id"), nullable=False, index=True),
    Column("change", String(20), nullable=False),
    Column("at_s", Seconds, nullable=False),
    Column("recorded_at", Seconds, nullable=False),
    Column("detail", Text, nullable=False),
    sqlite_autoincrement=True,
)


def add(tx: Connection, alert_id: int, change: Change, *, at: int, recorded_at: int, detail: str = "") -> Transition:
    """Store that an alert changed at the time `at` of its data, recorded at `recorded_at` (both seconds UTC)."""
    row = {"alert": alert_id, "change": change.value, "at_s": at, "recorded_at": recorded_at, "detail": detail}
    key = tx.execute(insert(TRANSITION), row).inserted_primary_key
    assert key is not None
    return Transition(id=key[0], alert=alert_id, change=change, at=at, recorded_at=recorded_at, detail=detail)


def of_alert(tx: Connection, alert_id: int) -> list[Transition]:
    """All changes of an alert, in the order in which they were stored."""
    query = select(TRANSITION).where(TRANSITION.c.alert == alert_id).order_by(TRANSITION.c.id)
    return [_transition(row) for row in tx.execute(query)]


def undelivered(tx: Connection, target: str, limit: int, *, after: int = 0) -> list[Transition]:
    """The oldest transitions, at most `limit`, with an id above `after`, without a final delivery to `target`."""
    is_recorded = exists().where(
        DELIVERY.c.transition == TRANSITION.c.id, DELIVERY.c.target == target, DELIVERY.c.outcome != "waiting"
    )
    query = select(TRANSITION).where(~is_recorded, TRANSITION.c.id > after).order_by(TRANSITION.c.id).limit(limit)
    return [_transition(row) for row in tx.execute(query)]


def newest(tx: Connection) -> int:
    """The id of the newest transition, 0 where there is none: it grows with every change of an alert."""
    return int(tx.execute(select(func.coalesce(func.max(TRANSITION.c.id), 0))).scalar_one())


def alerts_since(tx: Connection, after: int) -> list[int]:
    """The alerts that changed since the transition `after`."""
    return list(tx.execute(select(TRANSITION.c.alert).where(TRANSITION.c.id > after).distinct()).scalars())


def _transition(row: Row[Any]) -> Transition:
    return Transition(
        id=row.id,
        alert=row.alert,
        change=Change(row.change),
        at=row.at_s,
        recorded_at=row.recorded_at,
        detail=row.detail,
    )
