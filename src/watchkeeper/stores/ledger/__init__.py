"""The ledger: one relational database, one file per noun; each function takes the transaction it works in."""

from watchkeeper.stores.ledger import (
    alerts,
    audit,
    deliveries,
    feedback,
    flags,
    handlings,
    metrics,
    mutes,
    receipts,
    replies,
    series,
    sessions,
    settings,
    tokens,
    transitions,
    users,
    watermarks,
)
from watchkeeper.stores.ledger.ledger import Ledger

__all__ = [
    "Ledger",
    "alerts",
    "audit",
    "deliveries",
    "feedback",
    "flags",
    "handlings",
    "metrics",
    "mutes",
    "receipts",
    "replies",
    "series",
    "sessions",
    "settings",
    "tokens",
    "transitions",
    "users",
    "watermarks",
]
