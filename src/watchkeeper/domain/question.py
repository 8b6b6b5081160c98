"""A question of the watch about a quiet window: was this fine?"""

from __future__ import annotations

import enum

import msgspec


class Reply(enum.Enum):
    """What a person says of a quiet window: it was fine, it should have been told, or nothing."""

    FINE = "fine"
    MISSED = "missed"
    SKIP = "skip"


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """The quiet window `[start, end)` of a series that the watch was least sure of in a stretch of time.

    `decades` is how far below the bar of the budget its surprise stayed (below 0); `slot_end` is the end of the stretch
    (seconds). `reply`, `by`, `replied_at` and `feedback` (the line of the log that the reply became) are None and empty
    until somebody replies.
    """

    id: int
    metric: str
    series: int
    start: int
    end: int
    decades: float
    slot_end: int
    asked_at: int
    reply: Reply | None = None
    by: str = ""
    replied_at: int | None = None
    feedback: int | None = None
