"""Whether a change of an alert is told, held back or dropped: one ordered list of stages, each with a named reason.

The first stage that has something to say decides; where none has, the change is told. Pure: time comes in. The order
is that of Prometheus' Alertmanager (`notify/notify.go`): settle, silence, then by receiver; whether something explains
the alert comes last, because it alone needs judging.

A channel hears of an alert once, by the first change at which it qualifies there: that it opened, or that it grew.
"""

from __future__ import annotations

import enum
import math
from collections.abc import Callable
from dataclasses import dataclass

import msgspec

from watchkeeper.domain.alert import Alert, Change, Status, Transition, severity_level
from watchkeeper.domain.config import Channel
from watchkeeper.domain.feedback import Answer
from watchkeeper.domain.handling import Mute
from watchkeeper.domain.route import Route
from watchkeeper.domain.team import Team, standing_for
from watchkeeper.domain.times import DAY, MONTH, format_instant
from watchkeeper.watch.concern import Concern
from watchkeeper.watch.incidents import GONE
from watchkeeper.watch.views import AlertLine

STALE_S = DAY
"""What became known longer ago than this, and is over, is the past (a backfill, a long downtime) and is not sent."""
ALWAYS_TOLD = 3
"""Alerts of this severity level and above ("strong") are told however many were told before."""
FINE = (Answer.FALSE_ALARM, Answer.EVENT, Answer.BAD_DATA, Answer.NEW_NORMAL)
"""What a person says of an alert that nobody else needs to hear of again."""


class Verdict(enum.Enum):
    """What becomes of a change at a channel. `WAIT` is decided anew at every run, until the alert is over."""

    TELL = "tell"
    WAIT = "wait"
    DROP = "drop"


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """A verdict with the name of its reason and the words that a person is shown; `until` where it waits (seconds)."""

    verdict: Verdict
    reason: str
    words: str
    until: int = 0


TOLD = Decision(verdict=Verdict.TELL, reason="told", words="")


@dataclass(frozen=True)
class Case:
    """One change of one alert before one channel.

    `concern`, `line` and `told_lately` are asked for only by the stages that need them: what the ledger says of the
    alert, how it stands when judged now, and how many alerts of its metric this channel was told of in the month before
    that nobody called real. `was_told`: the channel heard of this alert before; `is_current`: in this very run, as it
    stands; `is_refused`: it would not take just that; `is_waiting`: an earlier change of the alert waits here.
    """

    transition: Transition
    alert: Alert
    channel: Channel
    now: int
    concern: Callable[[], Concern]
    line: Callable[[], AlertLine]
    told_lately: Callable[[], int]
    was_told: bool = False
    is_current: bool = False
    is_refused: bool = False
    is_waiting: bool = False
    mutes: tuple[Mute, ...] = ()
    routes: tuple[Route, ...] = ()
    teams: tuple[Team, ...] = ()
    stale_s: int = STALE_S

    @property
    def change(self) -> Change:
        """What happened."""
        return self.transition.change

    @property
    def is_open(self) -> bool:
        """Whether the alert still goes on."""
        return self.alert.status is Status.OPEN


Stage = Callable[[Case], Decision | None]


def decide(case: Case) -> Decision:
    """The decision of the first stage that has one."""
    for stage in STAGES:
        found = stage(case)
        if found is not None:
            return found
    return TOLD


_DEEDS = (
    Change.ACKNOWLEDGED,
    Change.ASSIGNED,
    Change.SNOOZED,
    Change.COMMENTED,
    Change.TICKED,
    Change.LEARNT,
)


def _news(case: Case) -> Decision | None:
    """Only what is not known yet is told: to people that there is an alert, to machines every change of it."""
    change = case.change
    if change in (Change.ANSWERED, Change.UNDONE):
        return _drop("answer", "an answer: the person was shown what it changed")
    if change in _DEEDS:
        return _drop("deed", "a person's deed: shown on the alert's page")
    if case.channel.is_machine and case.is_current:
        return _drop("current there", "told there already as it stands")
    if change is Change.RESOLVED and not case.channel.is_machine:
        return _drop("resolved", "resolved by itself: shown in the inbox")
    if change is Change.RESOLVED and not case.was_told:
        return _drop("unknown there", "the alert was not told there")
    if case.is_waiting and change in (Change.UPDATED, Change.REOPENED, Change.WOKEN):
        return _drop("waits already", "grouped: an earlier change of the alert waits, and is told as it stands then")
    if change is not Change.UPDATED or (case.was_told and case.channel.is_machine):
        return None
    if case.was_told:
        return _drop("grouped", "grouped: the alert was told before")
    if case.is_refused:
        return _drop("refused", "grouped: it was refused as it stands")
    if case.transition.detail == GONE:
        return _drop("gone", "no longer seen: nothing to tell whom it was not told before")
    return None


def _settle(case: Case) -> Decision | None:
    """What is over is not told late: a start, a downtime or a dead channel must not make a storm about the past."""
    if case.is_open or case.change is Change.RESOLVED:
        return None
    if case.transition.recorded_at - case.transition.at > case.stale_s:
        return _drop("past", "about the past: found while catching up")
    if case.now - case.transition.recorded_at > case.stale_s:
        return _drop("too late", "over before it could be told")
    return None


def _answered(case: Case) -> Decision | None:
    answer = case.concern().answer if case.change not in _ALWAYS else None
    if answer is None or answer.answer not in FINE:
        return None
    return _drop("answered", f"answered: {answer.by} said “{answer.answer.value.replace('_', ' ')}”")


def _muted(case: Case) -> Decision | None:
    """Muted where every member is; whoever is left over is told of the whole."""
    if not case.mutes or case.change in _ALWAYS:
        return None
    ends: list[int] = []
    for series, metric, tags in case.concern().spoken_of:
        found = [
            (end, mute)
            for mute in case.mutes
            if mute.speaks_of(series, metric, tags) and (end := mute.ends_at(case.now)) is not None
        ]
        if not found:
            return None
        ends.append(max(end for end, _ in found))
    until = min(ends, default=case.now)
    if not case.is_open:
        return _drop("muted", "muted, and over before the mute was")
    return _wait("muted", f"muted until {format_instant(until)}", until)


def _snoozed(case: Case) -> Decision | None:
    snoozed = case.concern().care.snoozed
    if snoozed is None or case.now >= snoozed.until or case.change in _ALWAYS:
        return None
    until = format_instant(snoozed.until)
    return _drop("snoozed", f"snoozed by {snoozed.by} until {until}: told then, if it still goes on")


def _over_budget(case: Case) -> Decision | None:
    is_first = case.change in _OPENING and not case.was_told
    if not is_first or severity_level(case.alert.severity) >= ALWAYS_TOLD:
        return None
    budget = case.concern().metric.false_alerts_per_month
    told = case.told_lately()
    if told < allowance(budget):
        return None
    return _drop(
        "over budget",
        f"over budget: {told} alerts within a month that nobody called real, where {budget:g} was asked for;"
        " strong ones are told all the same",
    )


def _routed(case: Case) -> Decision | None:
    """Where no route fits, everything goes to every channel: nothing is lost by a gap in the routes."""
    if case.change is Change.RESOLVED:
        return None
    concern, level = case.concern(), severity_level(case.alert.severity)
    owners = standing_for(concern.owner, case.teams)
    fitting = [one for one in case.routes if one.fits(concern.metric, owners, level)]
    if not fitting:
        return None
    own = [one for one in fitting if case.channel.name in one.channels]
    if not own:
        named = ", ".join(f"{one.name} ({', '.join(one.channels) or 'nobody'})" for one in fitting)
        return _drop("routed elsewhere", f"routed elsewhere: {named}")
    opens, name = min((one.opens_at(case.now), one.name) for one in own)
    if opens <= case.now:
        return None
    if not case.is_open:
        return _drop("out of hours", f"outside the hours of route {name}, and over before they began")
    return _wait("out of hours", f"outside the hours of route {name}: waits until {format_instant(opens)}", opens)


def _explained(case: Case) -> Decision | None:
    if case.change in _ALWAYS or not case.line().is_explained:
        return None
    upstream = case.line().upstream
    return _drop("explained", f"explained by alert #{upstream}" if upstream else "explained by an event")


_OPENING = (Change.OPENED, Change.UPDATED, Change.REOPENED)
"""What may be the first that a channel hears of an alert by itself, and counts against the budget."""
_ALWAYS = (Change.FLIPPED, Change.RESOLVED)
"""A flag that flipped concerns people whatever was said of its alert, and machines must hear that an alert is over."""

STAGES: tuple[Stage, ...] = (_news, _settle, _answered, _muted, _snoozed, _over_budget, _routed, _explained)
"""The policy, whole and in order."""


def allowance(budget: float) -> float:
    """How many alerts a month may be told before slight ones are held back.

    A count of chance with mean `budget` exceeds `budget + 3 sqrt(budget) + 2` less than once in a hundred months.
    """
    return budget + 3.0 * math.sqrt(budget) + 2.0


BUDGET_WINDOW_S = int(MONTH)


def _drop(reason: str, words: str) -> Decision:
    return Decision(verdict=Verdict.DROP, reason=reason, words=words)


def _wait(reason: str, words: str, until: int) -> Decision:
    return Decision(verdict=Verdict.WAIT, reason=reason, words=words, until=until)
