"""What a person says back, and what all of it together tells the detector."""

from __future__ import annotations

import enum

import msgspec


class Answer(enum.Enum):
    """The six things a person can say."""

    REAL = "real"
    FALSE_ALARM = "false_alarm"
    MISSED = "missed"
    EVENT = "event"
    NEW_NORMAL = "new_normal"
    BAD_DATA = "bad_data"


VERDICTS = frozenset({Answer.REAL, Answer.FALSE_ALARM, Answer.MISSED})
"""What says that something was, or was not, worth telling."""


class Feedback(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the append-only log: an answer, or the undoing of an earlier one (`undoes`).

    `series` are the ids it speaks of; `[start, end)` is the window (for new normal: from `start` on). `alert` is the
    alert it was said on, if any. An undo has no answer of its own. An event may `repeat` (`domain.recurrence`), on the
    wall clock of `zone`. `is_forced`: said with a second yes, which accepts its price.
    """

    id: int
    by: str
    given_at: int
    answer: Answer | None = None
    series: tuple[int, ...] = ()
    start: int = 0
    end: int = 0
    alert: int | None = None
    note: str = ""
    undoes: int | None = None
    repeat: str = ""
    zone: str = "UTC"
    is_forced: bool = False


class Window(msgspec.Struct, frozen=True, kw_only=True):
    """`[start, end)` of a series and the feedback that said so (0: configuration)."""

    start: int
    end: int
    feedback: int = 0
    given_at: int = 0
    note: str = ""


class Recurrence(msgspec.Struct, frozen=True, kw_only=True):
    """An event that recurs by `rule` on the wall clock of `zone`; `[start, end)` is its first occurrence."""

    rule: str
    zone: str
    start: int
    end: int
    feedback: int = 0
    given_at: int = 0
    note: str = ""


class Label(msgspec.Struct, frozen=True, kw_only=True):
    """A window of a series was worth telling (`is_real`) or was not; `is_forced`: whatever telling its like costs."""

    start: int
    end: int
    is_real: bool
    is_confirmed: bool
    feedback: int
    given_at: int
    is_forced: bool = False


class SeriesKnowledge(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of one series: events teach nothing, void points are missing, restarts begin the level again.

    `recurring` events teach the level nothing either, but their earlier occurrences tell what a later one is like.
    """

    events: tuple[Window, ...] = ()
    void: tuple[Window, ...] = ()
    restarts: tuple[Window, ...] = ()
    labels: tuple[Label, ...] = ()
    recurring: tuple[Recurrence, ...] = ()


NOTHING = SeriesKnowledge()
