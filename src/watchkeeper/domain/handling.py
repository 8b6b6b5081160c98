"""What people do with an alert besides saying what it was: acknowledge, assign, snooze, comment; and mutes."""

from __future__ import annotations

import enum
from collections.abc import Collection, Iterable

import msgspec

from watchkeeper.domain.errors import InputError
from watchkeeper.domain.recurrence import check_rule, occurrences
from watchkeeper.domain.times import DAY, zone_info


class Deed(enum.Enum):
    """One thing done with an alert; none of them teaches the detector anything."""

    ACKNOWLEDGE = "acknowledge"
    ASSIGN = "assign"
    SNOOZE = "snooze"
    COMMENT = "comment"
    TICK = "tick"
    LEARN = "learn"


class Handling(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the append-only log of deeds: `by` did it at the time `at`, or took the line `undoes` back.

    `owner` is who was assigned (empty: nobody any more), `until` when a snooze ends (seconds UTC), `text` what was
    said along with it, the item of a checklist that was ticked, or what a runbook should have said.
    """

    id: int
    alert: int
    by: str
    at: int
    deed: Deed | None = None
    owner: str = ""
    until: int = 0
    text: str = ""
    undoes: int | None = None


class Care(msgspec.Struct, frozen=True, kw_only=True):
    """How an alert is handled: the latest of each deed that is in force, and every comment, the oldest first."""

    acknowledged: Handling | None = None
    assigned: Handling | None = None
    snoozed: Handling | None = None
    comments: tuple[Handling, ...] = ()

    @property
    def owner(self) -> str:
        """Who was assigned; empty where nobody was."""
        return self.assigned.owner if self.assigned is not None else ""

    def is_snoozed(self, now: int) -> bool:
        """Whether nobody wants to hear of it at `now` (seconds UTC)."""
        return self.snoozed is not None and now < self.snoozed.until


UNHANDLED = Care()


def taken_back(log: Iterable[Handling]) -> set[int]:
    """The ids of the lines that do not count any more.

    Newest first, because an undo that was itself taken back takes nothing back.
    """
    undone: set[int] = set()
    for line in sorted(log, key=lambda line: -line.id):
        if line.undoes is not None and line.id not in undone:
            undone.add(line.undoes)
    return undone


def care_of(log: Iterable[Handling]) -> Care:
    """The log of one alert, folded: what was taken back does not count (nor does an undo that was taken back)."""
    lines = sorted(log, key=lambda line: -line.id)
    undone = taken_back(lines)
    latest: dict[Deed, Handling] = {}
    comments = []
    for line in lines:
        if line.deed is None or line.id in undone:
            continue
        if line.deed is Deed.COMMENT:
            comments.append(line)
        latest.setdefault(line.deed, line)
    return Care(
        acknowledged=latest.get(Deed.ACKNOWLEDGE),
        assigned=latest.get(Deed.ASSIGN),
        snoozed=latest.get(Deed.SNOOZE),
        comments=tuple(reversed(comments)),
    )


class Mute(msgspec.Struct, frozen=True, kw_only=True):
    """Nobody is told of alerts in `[start, end)` (seconds UTC), and in its like if it repeats (`domain.recurrence`).

    It speaks of one `series`, of a `metric`, or of the metrics with a `tag`; with none of them, of everything. Alerts
    are raised all the same, and what still goes on when a mute is over is told then.
    """

    id: int
    by: str
    made_at: int
    start: int
    end: int
    metric: str = ""
    series: int | None = None
    tag: str = ""
    repeat: str = ""
    zone: str = "UTC"
    note: str = ""
    ended_at: int | None = None
    ended_by: str = ""

    def __post_init__(self) -> None:
        if self.end <= self.start:
            raise InputError("mute: it ends before it begins; give an end after its beginning")
        zone_info(self.zone)
        if self.repeat:
            check_rule(self.repeat)

    @property
    def scope(self) -> str:
        """What it speaks of, in words."""
        if self.series is not None:
            return f"series {self.series}"
        if self.metric:
            return f"metric {self.metric}"
        return f"tag {self.tag}" if self.tag else "everything"

    def speaks_of(self, series: int, metric: str, tags: Collection[str]) -> bool:
        """Whether it covers that series of that metric."""
        if self.series is not None:
            return series == self.series
        if self.metric:
            return metric == self.metric
        return not self.tag or self.tag in tags

    def ends_at(self, now: int) -> int | None:
        """When the window that holds `now` is over; None where it holds no window (or was ended)."""
        if self.ended_at is not None and now >= self.ended_at:
            return None
        if not self.repeat:
            return self.end if self.start <= now < self.end else None
        if now < self.start:
            return None
        found = occurrences(self.repeat, self.zone, self.start, self.end, now + 1, since=now - DAY)
        return max((one.end for one in found if one.start <= now < one.end), default=None)

    def is_over(self, now: int) -> bool:
        """Whether it can never mute again."""
        return self.ended_at is not None or (not self.repeat and now >= self.end)
