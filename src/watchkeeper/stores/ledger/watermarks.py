"""Watermarks: how far each metric's points were judged; stored in one transaction with the alerts they gave."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import Column, Connection, ForeignKey, Table, bindparam, insert, select, update

from watchkeeper.stores.ledger.schema import METADATA, Seconds

WATERMARK = Table(
    "watermark",
    METADATA,
    Column("metric", ForeignKey("metric.name"), primary_key=True),
    Column("judged_until", Seconds, nullable=False),
)


def get(tx: Connection, metric: str) -> int | None:
    """The end (exclusive, seconds UTC) of what was judged of a metric; None before the first time."""
    return tx.execute(select(WATERMARK.c.judged_until).where(WATERMARK.c.metric == metric)).scalar()


def all_of(tx: Connection) -> dict[str, int]:
    """The watermark of every metric that has one."""
    return {row.metric: row.judged_until for row in tx.execute(select(WATERMARK))}


def advance(tx: Connection, metric: str, judged_until: int) -> None:
    """Move the watermark on to `judged_until` (exclusive, seconds UTC); it never goes back."""
    advance_all(tx, {metric: judged_until})


def advance_all(tx: Connection, judged_until: Mapping[str, int]) -> None:
    """Move the watermarks of many metrics on; none goes back."""
    known = all_of(tx) if len(judged_until) > 1 else {one: get(tx, one) for one in judged_until}
    new = [{"metric": one, "judged_until": until} for one, until in judged_until.items() if known.get(one) is None]
    on = [
        {"which": one, "until": until}
        for one, until in judged_until.items()
        if (before := known.get(one)) is not None and before < until
    ]
    if new:
        tx.execute(insert(WATERMARK), new)
    if on:
        moved = update(WATERMARK).where(WATERMARK.c.metric == bindparam("which"))
        tx.execute(moved.values(judged_until=bindparam("until")), on)
