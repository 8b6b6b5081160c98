"""From alerts and limits to flags: what each guard sees, what it does, stored in one transaction with its reasons."""

from __future__ import annotations

import math
from collections.abc import Callable

import msgspec
import numpy as np
from sqlalchemy import Connection

from watchkeeper import flags as pure
from watchkeeper.domain.alert import Alert, Change, Member, Status
from watchkeeper.domain.flag import Flag, Trip
from watchkeeper.domain.metric import Metric, Series
from watchkeeper.flags import GuardState, Reason, Signals, Step
from watchkeeper.stores.history import History
from watchkeeper.stores.ledger import Ledger, alerts, audit, deliveries, flags, metrics, series, transitions
from watchkeeper.watch.incidents import severity
from watchkeeper.watch.policy import FINE
from watchkeeper.watch.views import AlertLine

BATCH = 500
STARTS = (Step.TRIPPED, Step.WOULD_TRIP, Step.ASKED_TO_TRIP)
"""Steps that people must hear of, with an alert or without."""
WATCH = "watchkeeper"
"""Who did it, where no person did."""


def state_of(kept: flags.Kept) -> GuardState:
    """What the guard of a flag remembers."""
    return msgspec.json.decode(kept.guard_state, type=GuardState) if kept.guard_state else GuardState()


def run_guards(ledger: Ledger, history: History, line_of: Callable[[int], AlertLine], now: int) -> list[str]:
    """One tick of every guard; returns what was done, in words. Safe to repeat and to kill."""
    with ledger.read() as tx:
        guarded = [kept for kept in flags.listed(tx) if kept.flag.guard is not None and kept.flag.is_enabled]
        if not guarded:
            return []
        open_ones = alerts.open_ones(tx)
        known = {metric.name: metric for metric in metrics.metrics(tx)}
        members = series.by_metric(tx)
    # Whether an alert counts is a judgement anew, so only those are asked about that some guard waits for.
    waited_for = {trip.metric for kept in guarded for trip in _trips(kept.flag) if not trip.has_limit}
    ids = {one.id for name in waited_for for one in members.get(name, ())}
    touched = [alert for alert in open_ones if any(member.series in ids for member in alert.members)]
    counting = [line.alert for line in (line_of(alert.id) for alert in touched) if _counts(line)]
    done = []
    for kept in guarded:
        assert kept.flag.guard is not None
        reasons: list[Reason] = []
        for trip in kept.flag.guard.trips:
            reasons += _reasons(trip, known, members, counting, history)
        may_return = all(_reasons(one, known, members, [], history) for one in kept.flag.guard.return_when)
        signals = Signals(trips=tuple(reasons), may_return=may_return)
        trips = kept.flag.guard.trips if reasons else ()
        broken = [found for trip in trips for found in _broken(trip, known, members, history)]
        done += _advance(ledger, kept, signals, broken, now)
    return done


def _advance(
    ledger: Ledger, kept: flags.Kept, signals: Signals, broken: list[tuple[Metric, Member]], now: int
) -> list[str]:
    flag = kept.flag
    assert flag.guard is not None
    with ledger.write() as tx:
        before = state_of(flags.get(tx, flag.name))  # again: a person may have answered meanwhile
        state, step = pure.advance(flag.guard, before, signals, now)
        if step in STARTS and not state.alerts and broken:
            state = msgspec.structs.replace(state, alerts=(incident_of(tx, *broken[0]),))
        if state != before:
            flags.remember(tx, flag.name, msgspec.json.encode(state).decode())
        said = record_step(tx, flag, before, state, step, by=WATCH, now=now)
        _consume(tx, flag, state, step, now)
    return [said] if said else []


def record_step(
    tx: Connection, flag: Flag, before: GuardState, after: GuardState, step: Step | None, *, by: str, now: int
) -> str:
    """Write a step into the log, the audit and the incidents it is about; returns it in words.

    What was tripped is known after the step, what returned only before it.
    """
    if step is None:
        return ""
    detail = words(flag, after.cause, step)
    flags.log(tx, flag.name, at=now, by=by, what=step.value, detail=detail)
    audit.add(tx, by, now, f"flag {step.value}", f"{flag.name}: {detail}")
    for alert in after.alerts or before.alerts:
        transitions.add(tx, alert, Change.FLIPPED, at=now, recorded_at=now, detail=detail)
    return detail


def words(flag: Flag, cause: str, step: Step) -> str:
    """What a step means, in a sentence."""
    runbook = f" Runbook: {flag.runbook}" if flag.runbook else ""
    match step:
        case Step.TRIPPED:
            return f"Flag {flag.label} now serves {flag.fallback} to everybody, because of {cause}.{runbook}"
        case Step.WOULD_TRIP:
            return f"Flag {flag.label} would now serve {flag.fallback}, because of {cause}; its guard observes."
        case Step.ASKED_TO_TRIP:
            return f"Should flag {flag.label} serve {flag.fallback}? {cause}. Answer on its page.{runbook}"
        case Step.ASKED_TO_RETURN:
            return f"Nothing trips flag {flag.label} any more. Should it return? Answer on its page."
        case Step.RETURNED:
            return f"Flag {flag.label} serves by its rules again."
        case Step.WITHDREW:
            return f"Flag {flag.label}: what asked for its fallback is over; nothing was changed."


def _counts(line: AlertLine) -> bool:
    if line.answer is not None and line.answer.answer in FINE:
        return False
    return line.explained_by is None and (line.still_fires or line.answer is not None)


def _trips(flag: Flag) -> tuple[Trip, ...]:
    return flag.guard.trips if flag.guard is not None else ()


def _reasons(
    trip: Trip, known: dict[str, Metric], members: dict[str, list[Series]], counting: list[Alert], history: History
) -> list[Reason]:
    if trip.metric not in known:
        return []
    metric = known[trip.metric]
    chosen = [one for one in members.get(metric.name, ()) if _is_meant(trip, metric, one)]
    if trip.has_limit:
        return [Reason(words=trip.words)] if any(_beyond(trip, metric, one, history) for one in chosen) else []
    ids = {one.id for one in chosen}
    found = []
    for alert in counting:
        meant = [one for one in alert.members if one.series in ids and (one.is_open or one.end >= alert.end)]
        if trip.direction != "both":
            meant = [one for one in meant if one.is_up == (trip.direction == "up")]
        if meant and alert.severity >= trip.severity:
            found.append(Reason(words=f"{trip.words} (alert #{alert.id})", alert=alert.id))
    return found


def _is_meant(trip: Trip, metric: Metric, one: Series) -> bool:
    values = dict(zip(metric.dimensions, one.values, strict=True))
    return all(values.get(name) == value for name, value in trip.dimensions.items())


def _broken(
    trip: Trip, known: dict[str, Metric], members: dict[str, list[Series]], history: History
) -> list[tuple[Metric, Member]]:
    """The series whose newest values break the limit of a trip, as a member of an alert."""
    if not trip.has_limit or trip.metric not in known:
        return []
    metric = known[trip.metric]
    limit = trip.above if trip.above is not None else trip.below
    assert limit is not None
    found = []
    for one in members.get(metric.name, ()):
        broken = _beyond(trip, metric, one, history) if _is_meant(trip, metric, one) else None
        if broken is None:
            continue
        newest, value = broken
        member = Member(
            series=one.id,
            start=newest - (trip.points - 1) * metric.step_s,
            end=newest + metric.step_s,
            is_open=True,
            peak_time=newest,
            peak_score=0.0,
            value=value,
            expected=limit,
            lower=math.nan,
            upper=math.nan,
        )
        found.append((metric, member))
    return found


def incident_of(tx: Connection, metric: Metric, member: Member) -> int:
    """The alert that a trip by a limit is told in: the open one of that series, or one made for it.

    Nothing else opens one where the value breaks a guard's limit without being unusual, and then nobody would hear of
    the flip. It is over once the next period is judged and shows nothing.
    """
    for alert in alerts.open_ones(tx, metric.family):
        if any(one.series == member.series for one in alert.members):
            return alert.id
    made = Alert(
        id=0,
        family=metric.family,
        status=Status.OPEN,
        start=member.start,
        end=member.end,
        severity=severity((member,)),
        members=(member,),
    )
    return alerts.insert(tx, made).id


def _beyond(trip: Trip, metric: Metric, one: Series, history: History) -> tuple[int, float] | None:
    """The newest value and its time, where so many values as the trip asks for break its limit."""
    newest = history.last_time((one.id,)).get(one.id)
    limit = trip.above if trip.above is not None else trip.below
    if newest is None or limit is None:
        return None
    found = history.read((one.id,), start=newest - 7 * trip.points * metric.step_s, end=newest + 1)
    rows = np.flatnonzero(np.isfinite(found.value))[-trip.points :]
    value = found.value[rows]
    if len(value) < trip.points:
        return None
    is_beyond = value > limit if trip.above is not None else value < limit
    return (int(found.time[rows[-1]]), float(value[-1])) if is_beyond.all() else None


def _consume(tx: Connection, flag: Flag, state: GuardState, step: Step | None, now: int) -> None:
    """Every transition is consumed once by every guard, with the reason in words."""
    target = f"flag:{flag.name}"
    while True:
        queue = transitions.undelivered(tx, target, BATCH)
        for one in queue:
            is_cause = one.alert in state.alerts and one.change in (Change.OPENED, Change.REOPENED, Change.UPDATED)
            acted = is_cause and state.is_tripped
            reason = f"serves {flag.fallback}" if acted else "the guard did nothing about it"
            if is_cause and step is Step.WOULD_TRIP:
                reason = f"would have served {flag.fallback}: the guard observes"
            deliveries.record(tx, one.id, target, delivered_at=now, outcome="sent" if acted else "held", reason=reason)
        if len(queue) < BATCH:
            return
