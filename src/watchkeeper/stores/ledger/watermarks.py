"""Watermarks: how far each metric's points were judged; stored in one transaction with the alerts they gave."""

from __future__ import annotations

from sqlalchemy import Column, Connection, ForeignKey, Table, insert, select, update

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


def advance(tx: Connection, metric: str, judged_until: int) -> None:
    """Move the watermark on to `judged_until` (exclusive, seconds UTC); it never goes back."""
    before = get(tx, metric)
    if before is None:
        tx.execute(insert(WATERMARK), {"metric": metric, "judged_until": judged_until})
    elif before < judged_until:
        tx.execute(update(WATERMARK).where(WATERMARK.c.metric == metric), {"judged_until": judged_until})
