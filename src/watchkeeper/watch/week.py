"""What a week in one look is, as a record, and as plain lines for a message or a terminal."""

from __future__ import annotations

import msgspec

from watchkeeper.domain.feedback import Feedback
from watchkeeper.domain.times import wall_clock
from watchkeeper.watch.views import AlertLine, MetricLine


class Week(msgspec.Struct, frozen=True, kw_only=True):
    """`[start, end)` in seconds UTC, told on the clock of `timezone`.

    `moved` holds the most severe alerts that began then; the counts are of all of them. `events` are known happenings
    that touch it. `noisy` metrics told more than their budget in 30 days, `silent` ones have had no point for a week or
    ever. `sentence` is the week in a sentence.
    """

    start: int
    end: int
    timezone: str
    moved: tuple[AlertLine, ...]
    alerts: int
    before: int
    answered: int
    real: int
    false_alarms: int
    explained: int
    missed: int
    events: tuple[Feedback, ...]
    noisy: tuple[MetricLine, ...]
    silent: tuple[MetricLine, ...]
    watched: int
    sentence: str


def text(week: Week) -> list[str]:
    """The week in plain lines, the first of them its title."""
    first, last = wall_clock(week.start, week.timezone), wall_clock(week.end - 1, week.timezone)
    lines = [f"The week from {first:%a} {first.day} {first:%b} to {last:%a} {last.day} {last:%b %Y}", week.sentence]
    lines += [f"- {line.sentence}" for line in week.moved[:5]]
    if len(week.moved) > 5:
        lines.append(f"- and {week.alerts - 5} more")
    if week.missed:
        lines.append(f"Reported as missed: {week.missed}.")
    if week.noisy:
        names = ", ".join(one.metric.label for one in week.noisy)
        lines.append(f"Told more often than their budget: {names}.")
    if week.silent:
        lines.append(f"Without a point for a week: {', '.join(one.metric.label for one in week.silent)}.")
    return lines
