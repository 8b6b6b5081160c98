"""Receipts: what a person was told their answer changed. It stays as it was told, whatever a later replay would say."""

from __future__ import annotations

from sqlalchemy import Column, Connection, ForeignKey, Table, Text, select

from watchkeeper.domain.errors import StoreError
from watchkeeper.stores.ledger.schema import METADATA, insert_or_leave

RECEIPT = Table(
    "receipt",
    METADATA,
    Column("feedback", ForeignKey("feedback.id"), primary_key=True),
    Column("told", Text, nullable=False),
)


def put(tx: Connection, feedback_id: int, json_text: str) -> None:
    """Keep the receipt of a line of the log. Putting the same again is fine; StoreError for a different one."""
    tx.execute(insert_or_leave(tx, RECEIPT), {"feedback": feedback_id, "told": json_text})
    if get(tx, feedback_id) != json_text:
        raise StoreError(f"receipt of feedback {feedback_id}: another one was told already, and stays")


def get(tx: Connection, feedback_id: int) -> str | None:
    """The receipt as it was put, character for character; None where there is none."""
    return tx.execute(select(RECEIPT.c.told).where(RECEIPT.c.feedback == feedback_id)).scalar()
