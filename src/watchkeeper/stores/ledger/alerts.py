"""Alerts and their members, as they were told."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Literal

import msgspec
from sqlalchemy import (
    Boolean,
    Column,
    Connection,
    Double,
    ForeignKey,
    Index,
    Integer,
    Row,
    Select,
    String,
    Table,
    Text,
    delete,
    func,
    select,
    update,
)

from watchkeeper.domain.alert import Alert, Cause, Member, Status
from watchkeeper.domain.errors import NotFoundError
from watchkeeper.stores.ledger.schema import METADATA, Id, Seconds, among, from_null, to_null

ALERT = Table(
    "alert",
    METADATA,
    Column("id", Id, primary_key=True),
    Column("family", Text, nullable=False),
    Column("status", String(20), nullable=False),
    Column("start_s", Seconds, nullable=False, index=True),
    Column("end_s", Seconds, nullable=False),
    Column("severity", Double, nullable=False),
    Column("knowledge", Id),
    Index("ix_alert_status", "status", "family"),
    sqlite_autoincrement=True,
)
ALERT_MEMBER = Table(
    "alert_member",
    METADATA,
    Column("alert", ForeignKey("alert.id"), primary_key=True),
    Column("place", Integer, primary_key=True, autoincrement=False),
    Column("series", ForeignKey("series.id"), nullable=False),
    Column("start_s", Seconds, nullable=False),
    Column("end_s", Seconds, nullable=False),
    Column("is_open", Boolean, nullable=False),
    Column("cause", String(20), nullable=False),
    Column("peak_time", Seconds, nullable=False),
    Column("peak_score", Double),
    Column("value", Double),
    Column("expected", Double),
    Column("lower", Double),
    Column("upper", Double),
    Column("cases", Double),
    Index("ix_alert_member_series", "series", "start_s"),
)

Order = Literal["severity", "newest"]


def insert(tx: Connection, alert: Alert) -> Alert:
    """Store a new alert; returns it with the id that the ledger gave it (the one it came with is ignored)."""
    key = tx.execute(ALERT.insert(), _head(alert)).inserted_primary_key
    assert key is not None
    stored = msgspec.structs.replace(alert, id=key[0])
    _insert_members(tx, stored)
    return stored


def save(tx: Connection, alert: Alert) -> None:
    """Store the alert as it is now, members included; NotFoundError where its id is not known."""
    if not tx.execute(update(ALERT).where(ALERT.c.id == alert.id), _head(alert)).rowcount:
        raise missing(alert.id)
    tx.execute(delete(ALERT_MEMBER).where(ALERT_MEMBER.c.alert == alert.id))
    _insert_members(tx, alert)


def get(tx: Connection, alert_id: int) -> Alert:
    """The alert with that id; NotFoundError."""
    found = _load(tx, select(ALERT).where(ALERT.c.id == alert_id))
    if not found:
        raise missing(alert_id)
    return found[0]


def named(tx: Connection, alert_ids: Iterable[int]) -> dict[int, Alert]:
    """The alerts with these ids, by id; one that is not known has no key."""
    return {one.id: one for one in _load(tx, select(ALERT).where(among(tx, ALERT.c.id, alert_ids)))}


def count(tx: Connection) -> int:
    """How many alerts there are."""
    return int(tx.execute(select(func.count()).select_from(ALERT)).scalar_one())


def ids(tx: Connection) -> set[int]:
    """The ids of all alerts."""
    return set(tx.execute(select(ALERT.c.id)).scalars())


def open_ones(tx: Connection, family: str | None = None) -> list[Alert]:
    """All alerts that are open (of one family), the oldest first."""
    query = select(ALERT).where(ALERT.c.status == Status.OPEN.value).order_by(ALERT.c.id)
    return _load(tx, query if family is None else query.where(ALERT.c.family == family))


def listed(
    tx: Connection,
    status: Status | None = None,
    start: int | None = None,
    end: int | None = None,
    *,
    family: str | None = None,
    order: Order = "newest",
    limit: int = 100,
    offset: int = 0,
) -> list[Alert]:
    """A page of the alerts (of one family) that overlap `[start, end)` (seconds UTC; None: no limit), newest or most
    severe first.
    """
    query = select(ALERT)
    if family is not None:
        query = query.where(ALERT.c.family == family)
    if status is not None:
        query = query.where(ALERT.c.status == status.value)
    if start is not None:
        query = query.where(ALERT.c.end_s > start)
    if end is not None:
        query = query.where(ALERT.c.start_s < end)
    first = [ALERT.c.severity.desc()] if order == "severity" else []
    return _load(tx, query.order_by(*first, ALERT.c.start_s.desc(), ALERT.c.id.desc()).limit(limit).offset(offset))


def of_series(
    tx: Connection, series_ids: Iterable[int], start: int | None = None, end: int | None = None
) -> list[Alert]:
    """The alerts, the oldest first, of which one of these series was a member within `[start, end)` (seconds UTC)."""
    touching = select(ALERT_MEMBER.c.alert).where(among(tx, ALERT_MEMBER.c.series, series_ids))
    if start is not None:
        touching = touching.where(ALERT_MEMBER.c.end_s > start)
    if end is not None:
        touching = touching.where(ALERT_MEMBER.c.start_s < end)
    return _load(tx, select(ALERT).where(ALERT.c.id.in_(touching)).order_by(ALERT.c.id))


def _load(tx: Connection, query: Select[Any]) -> list[Alert]:
    heads = tx.execute(query).all()
    ids = [head.id for head in heads]
    members: dict[int, list[Member]] = {one: [] for one in ids}
    rows = select(ALERT_MEMBER).where(among(tx, ALERT_MEMBER.c.alert, ids)).order_by(ALERT_MEMBER.c.place)
    for row in tx.execute(rows) if ids else ():
        members[row.alert].append(_member(row))
    return [
        Alert(
            id=head.id,
            family=head.family,
            status=Status(head.status),
            start=head.start_s,
            end=head.end_s,
            severity=head.severity,
            knowledge=head.knowledge,
            members=tuple(members[head.id]),
        )
        for head in heads
    ]


def _head(alert: Alert) -> dict[str, Any]:
    return {
        "family": alert.family,
        "status": alert.status.value,
        "start_s": alert.start,
        "end_s": alert.end,
        "severity": alert.severity,
        "knowledge": alert.knowledge,
    }


def _insert_members(tx: Connection, alert: Alert) -> None:
    rows = [
        {
            "alert": alert.id,
            "place": place,
            "series": member.series,
            "start_s": member.start,
            "end_s": member.end,
            "is_open": member.is_open,
            "cause": member.cause.value,
            "peak_time": member.peak_time,
            "peak_score": to_null(member.peak_score),
            "value": to_null(member.value),
            "expected": to_null(member.expected),
            "lower": to_null(member.lower),
            "upper": to_null(member.upper),
            "cases": member.cases,
        }
        for place, member in enumerate(alert.members)
    ]
    if rows:
        tx.execute(ALERT_MEMBER.insert(), rows)


def _member(row: Row[Any]) -> Member:
    return Member(
        series=row.series,
        start=row.start_s,
        end=row.end_s,
        is_open=row.is_open,
        cause=Cause(row.cause),
        peak_time=row.peak_time,
        peak_score=from_null(row.peak_score),
        value=from_null(row.value),
        expected=from_null(row.expected),
        lower=from_null(row.lower),
        upper=from_null(row.upper),
        cases=row.cases,
    )


def missing(alert_id: int) -> NotFoundError:
    """The error for an alert that there is not (any more)."""
    return NotFoundError(f"no alert {alert_id}: it was never there, or is older than alerts are kept")
