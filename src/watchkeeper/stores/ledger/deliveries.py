"""Deliveries: to which target a transition was told, and why not where it was held. Recorded after it happened."""

from __future__ import annotations

from typing import Literal, cast

import msgspec
from sqlalchemy import Column, Connection, ForeignKey, String, Table, Text, select

from watchkeeper.stores.ledger.schema import METADATA, Seconds, insert_or_leave

Outcome = Literal["sent", "held", "failed"]

DELIVERY = Table(
    "delivery",
    METADATA,
    Column("transition", ForeignKey("transition.id"), primary_key=True),
    Column("target", String(200), primary_key=True),
    Column("delivered_at", Seconds, nullable=False),
    Column("outcome", String(20), nullable=False),
    Column("reason", Text, nullable=False),
)


class Delivery(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one transition at one target (a channel or a flag), at `delivered_at` (seconds UTC)."""

    transition: int
    target: str
    delivered_at: int
    outcome: Outcome
    reason: str = ""


def record(
    tx: Connection, transition_id: int, target: str, *, delivered_at: int, outcome: Outcome = "sent", reason: str = ""
) -> bool:
    """Record what became of a transition at a target. Only the first record for both counts; False for a later one."""
    row = {
        "transition": transition_id,
        "target": target,
        "delivered_at": delivered_at,
        "outcome": outcome,
        "reason": reason,
    }
    return tx.execute(insert_or_leave(tx, DELIVERY), row).rowcount == 1


def of_alert(tx: Connection, alert_id: int) -> list[Delivery]:
    """All deliveries of an alert's transitions, in the order of the transitions, then by target."""
    transition = METADATA.tables["transition"]
    query = (
        select(DELIVERY)
        .join(transition, transition.c.id == DELIVERY.c.transition)
        .where(transition.c.alert == alert_id)
        .order_by(DELIVERY.c.transition, DELIVERY.c.target)
    )
    return [
        Delivery(
            transition=row.transition,
            target=row.target,
            delivered_at=row.delivered_at,
            outcome=cast(Outcome, row.outcome),
            reason=row.reason,
        )
        for row in tx.execute(query)
    ]
