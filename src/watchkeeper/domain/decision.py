"""What people decided on an assessment, and what was achieved in the end."""

from __future__ import annotations

import msgspec


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """Who chose what on which report, when (seconds UTC), and why."""

    id: int
    assessment_id: int
    choice: str
    reason: str
    by: str
    at: int


class Achieved(msgspec.Struct, frozen=True, kw_only=True):
    """The level of the metric that was reached in operation, who noted it, and when (seconds UTC)."""

    id: int
    assessment_id: int
    level: float
    by: str
    at: int
