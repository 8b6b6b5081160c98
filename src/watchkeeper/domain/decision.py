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


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """A level read from one of our metrics: over `[start, end)`, from so many points, with its 90 % interval."""

    metric: str
    start: int
    end: int
    points: int
    lower: float
    upper: float


class Achieved(msgspec.Struct, frozen=True, kw_only=True):
    """The level of the metric that was reached in operation, who noted it, and when (seconds UTC).

    `reading` says where it was read, if no person noted it.
    """

    id: int
    assessment_id: int
    level: float
    by: str
    at: int
    reading: Reading | None = None
