"""Deliveries: to which target a transition was told, and why not where it was held. Recorded after it happened."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Literal, cast

import msgspec
from sqlalchemy import Column, Connection, ForeignKey, Row, String, Table, Text, delete, func, insert, literal, select

from watchkeeper.domain.alert import Change
from watchkeeper.stores.ledger.schema import METADATA, Seconds, among, insert_or_leave

Outcome = Literal["sent", "held", "failed", "waiting"]
"""`waiting` is not final: it is decided again. The other three are."""

DELIVERY = Table(
    "delivery",
    METADATA,
    Column("transition", ForeignKey("transition.id"), primary_key=True),
    Column("target", String(200), primary_key=True),
    Column("delivered_at", Seconds, nullable=False),
    Column("outcome", String(20), nullable=False),
    Column("reason", Text, nullable=False),
    Column("memo", Text),
)


class Delivery(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one transition at one target (a channel or a flag), at `delivered_at` (seconds UTC)."""

    transition: int
    target: str
    delivered_at: int
    outcome: Outcome
    reason: str = ""


def record(
    tx: Connection,
    transition_id: int,
    target: str,
    *,
    delivered_at: int,
    outcome: Outcome = "sent",
    reason: str = "",
    memo: str = "",
) -> bool:
    """Record what became of a transition at a target. Only the first final record counts; False for a later one."""
    waits = (DELIVERY.c.transition == transition_id) & (DELIVERY.c.target == target) & (DELIVERY.c.outcome == "waiting")
    tx.execute(delete(DELIVERY).where(waits))
    row = {
        "transition": transition_id,
        "target": target,
        "delivered_at": delivered_at,
        "outcome": outcome,
        "reason": reason,
        "memo": memo or None,
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
    return [_delivery(row) for row in tx.execute(query)]


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """A delivery with what was told by it: a change of an alert, at the time `at` of its data (seconds UTC)."""

    delivery: Delivery
    alert: int
    change: Change
    at: int


def newest(
    tx: Connection,
    limit: int,
    *,
    before: tuple[int, str] | None = None,
    target: str = "",
    outcome: Outcome | None = None,
    alert: int | None = None,
) -> list[Told]:
    """The deliveries of the newest transitions, at most `limit`, then by target; `before` is the (transition, target)
    of the last one seen. Only those at `target`, with `outcome`, of `alert`, where these are given.
    """
    transition = METADATA.tables["transition"]
    query = (
        select(DELIVERY, transition.c.alert, transition.c.change, transition.c.at_s)
        .join(transition, transition.c.id == DELIVERY.c.transition)
        .order_by(DELIVERY.c.transition.desc(), DELIVERY.c.target)
        .limit(limit)
    )
    if before is not None:
        place = DELIVERY.c.transition
        query = query.where((place < before[0]) | ((place == before[0]) & (DELIVERY.c.target > before[1])))
    if target:
        query = query.where(DELIVERY.c.target == target)
    if outcome is not None:
        query = query.where(DELIVERY.c.outcome == outcome)
    if alert is not None:
        query = query.where(transition.c.alert == alert)
    return [
        Told(delivery=_delivery(row), alert=row.alert, change=Change(row.change), at=row.at_s)
        for row in tx.execute(query)
    ]


def _delivery(row: Row[Any]) -> Delivery:
    return Delivery(
        transition=row.transition,
        target=row.target,
        delivered_at=row.delivered_at,
        outcome=cast(Outcome, row.outcome),
        reason=row.reason,
    )


def memos(tx: Connection, target: str, alert_ids: Iterable[int]) -> dict[int, str]:
    """Of the alerts that the target was told of: what it returned at the last time (most return nothing)."""
    transition = METADATA.tables["transition"]
    query = (
        select(transition.c.alert, DELIVERY.c.memo)
        .join(DELIVERY, DELIVERY.c.transition == transition.c.id)
        .where(DELIVERY.c.target == target, DELIVERY.c.outcome == "sent")
        .where(among(tx, transition.c.alert, alert_ids))
        .order_by(transition.c.id)
    )
    return {row.alert: row.memo or "" for row in tx.execute(query)}


def told_of(tx: Connection, target: str, series: Iterable[int], start: int, end: int) -> set[int]:
    """The alerts with one of these series of which the target was first told, that they opened or grew, by a change in
    `[start, end)` (seconds UTC).
    """
    transition, member = METADATA.tables["transition"], METADATA.tables["alert_member"]
    told = select(transition.c.alert).join(DELIVERY, DELIVERY.c.transition == transition.c.id)
    told = told.where(DELIVERY.c.target == target, DELIVERY.c.outcome == "sent")
    told = told.where(transition.c.change.in_(("opened", "updated", "reopened")))
    lately = told.join(member, member.c.alert == transition.c.alert).where(among(tx, member.c.series, series))
    lately = lately.where(transition.c.at_s >= start, transition.c.at_s < end)
    # Of those alone, not of all there ever were, it is asked whether they were told of before.
    first = told.where(transition.c.alert.in_(lately)).group_by(transition.c.alert)
    return set(tx.execute(first.having(func.min(transition.c.at_s) >= start)).scalars())


def pending(tx: Connection, target: str) -> int:
    """How many transitions have no final record for the target."""
    transition = METADATA.tables["transition"]
    final = select(DELIVERY.c.transition).where(DELIVERY.c.target == target, DELIVERY.c.outcome != "waiting")
    query = select(func.count()).select_from(transition).where(transition.c.id.not_in(final))
    return int(tx.execute(query).scalar_one())


def end_pending(tx: Connection, target: str, *, at: int, reason: str, of: Iterable[int] | None = None) -> None:
    """Every transition (of these alerts, if any are named) without a final record for the target is held for good."""
    transition = METADATA.tables["transition"]
    chosen = select(transition.c.id)
    if of is not None:
        chosen = chosen.where(among(tx, transition.c.alert, of))
    waits = DELIVERY.c.transition.in_(chosen) & (DELIVERY.c.target == target) & (DELIVERY.c.outcome == "waiting")
    tx.execute(delete(DELIVERY).where(waits))
    final = select(DELIVERY.c.transition).where(DELIVERY.c.target == target)
    row = chosen.add_columns(literal(target), literal(at), literal("held"), literal(reason))
    row = row.where(transition.c.id.not_in(final))
    columns = ["transition", "target", "delivered_at", "outcome", "reason"]
    tx.execute(insert(DELIVERY).from_select(columns, row))


def waiting(tx: Connection, target: str) -> dict[int, str]:
    """Why transitions wait at a target, by transition."""
    query = select(DELIVERY).where(DELIVERY.c.target == target, DELIVERY.c.outcome == "waiting")
    return {row.transition: row.reason for row in tx.execute(query)}
