"""What a person sees: one incident of series that moved together, and its stored changes."""

from __future__ import annotations

import enum

import msgspec


class Status(enum.Enum):
    """Where an alert is in its life."""

    OPEN = "open"
    RESOLVED = "resolved"


class Change(enum.Enum):
    """Why a transition was stored."""

    OPENED = "opened"
    UPDATED = "updated"
    RESOLVED = "resolved"
    REOPENED = "reopened"
    ANSWERED = "answered"
    UNDONE = "undone"
    FLIPPED = "flipped"
    ACKNOWLEDGED = "acknowledged"
    ASSIGNED = "assigned"
    SNOOZED = "snoozed"
    COMMENTED = "commented"
    WOKEN = "woken"
    TICKED = "ticked"
    LEARNT = "learnt"


SEVERITIES = ("slight", "noticeable", "strong", "very strong", "extreme")
"""What severities are called, by level."""
_SEVERITY_STEPS = (1.0, 2.5, 6.0, 15.0)


def severity_level(severity: float) -> int:
    """1 to 5: a severity is a sum of scores, so each level is about two and a half times the one before."""
    return 1 + sum(severity >= step for step in _SEVERITY_STEPS)


class Cause(enum.Enum):
    """What a member of an alert did."""

    ANOMALY = "anomaly"
    SILENCE = "silence"


class Member(msgspec.Struct, frozen=True, kw_only=True):
    """One series in an alert: a run of surprising points `[start, end)`, as it was told.

    `peak_*` describe its most surprising point, `cases` how many that point's rate rests on (None: not known). For
    silence the values are NaN.
    """

    series: int
    start: int
    end: int
    is_open: bool
    cause: Cause = Cause.ANOMALY
    peak_time: int
    peak_score: float
    value: float
    expected: float
    lower: float
    upper: float
    cases: float | None = None

    @property
    def is_up(self) -> bool:
        """True where the value was above what was expected."""
        return self.value > self.expected


class Alert(msgspec.Struct, frozen=True, kw_only=True):
    """One incident. `severity` orders alerts: the sum of its members' peak scores, each at least a little.

    `knowledge` is the version of knowledge that it was judged with when it opened: the number of the newest line of the
    log of answers then (0: none; None where the ledger did not keep it yet).
    """

    id: int
    family: str
    status: Status
    start: int
    end: int
    severity: float
    members: tuple[Member, ...]
    knowledge: int | None = None

    @property
    def ranked(self) -> tuple[Member, ...]:
        """The members as people are told of them: those with values first, the most surprising first."""
        return tuple(
            sorted(
                self.members,
                key=lambda one: (one.cause is Cause.SILENCE, -one.peak_score, one.start, one.series),
            )
        )

    @property
    def peak(self) -> Member:
        """The member that speaks for the alert."""
        return self.ranked[0]


class Transition(msgspec.Struct, frozen=True, kw_only=True):
    """A stored change of an alert: the queue that telling people and flipping flags consume."""

    id: int
    alert: int
    change: Change
    at: int
    recorded_at: int
    detail: str = ""
