"""What is kept: the audit log, and how long things stay."""

from __future__ import annotations

from datetime import datetime

import msgspec

from watchkeeper.domain.retention import Retention


class AuditRecord(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody did something."""

    id: int
    at: datetime
    by: str
    what: str
    detail: str


class AuditPage(msgspec.Struct, frozen=True, kw_only=True):
    """A page of the audit log, the newest first."""

    items: list[AuditRecord]
    next: str | None


class RetentionRecord(msgspec.Struct, frozen=True, kw_only=True):
    """How long things are kept, and what is older: it goes, or went if `is_removed`.

    `points` counts rows of points. What an answer in force or an open alert rests on is older too, but `held`.
    """

    kept: Retention
    points: int
    alerts: int
    audit: int
    held_series: int
    held_alerts: int
    is_removed: bool
