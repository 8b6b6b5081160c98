"""Questions of the watch about quiet windows."""

from __future__ import annotations

from datetime import datetime

import msgspec

from watchkeeper.domain.question import Reply


class QuestionRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A quiet window `[start, end)` that the watch was least sure of; `feedback` is the answer that a reply became,
    `decades` how far below the bar of the budget its surprise stayed (below 0).
    """

    id: int
    metric: str
    series: int
    start: datetime
    end: datetime
    reply: Reply | None
    by: str
    feedback: int | None
    decades: float = 0.0


class QuestionList(msgspec.Struct, frozen=True, kw_only=True):
    """Questions, the newest first."""

    items: list[QuestionRecord]
    next: str | None = None


class QuestionReply(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the quiet window was."""

    reply: Reply


class QuestionAnswered(msgspec.Struct, frozen=True, kw_only=True):
    """The question with its reply, and what that changed, in a sentence (empty where it was skipped)."""

    question: QuestionRecord
    sentence: str
