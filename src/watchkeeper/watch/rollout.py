"""Guarded roll-outs in the running service: evidence in, a move out, stored with its reasons in one transaction."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

import msgspec
from sqlalchemy import Connection

from watchkeeper.domain.alert import Change, Member
from watchkeeper.domain.errors import InputError
from watchkeeper.domain.flag import Flag
from watchkeeper.domain.metric import Metric
from watchkeeper.domain.rollout import Mode
from watchkeeper.flags import Course, Move, RolloutState
from watchkeeper.flags import rollout as pure
from watchkeeper.stores.history import History
from watchkeeper.stores.ledger import Ledger, audit, flags, metrics, series, transitions
from watchkeeper.watch import guard
from watchkeeper.watch.rollout_evidence import Evidence, gather

HARM = (Move.ROLLED_BACK, Move.ASKED_TO_ROLL_BACK)
"""Moves that people hear of as an incident; of the others they are told as news of the flag."""


def state_of(kept: flags.Kept) -> RolloutState:
    """What the roll-out of a flag remembers."""
    return msgspec.json.decode(kept.rollout_state, type=RolloutState) if kept.rollout_state else RolloutState()


def run_rollouts(ledger: Ledger, history: History, now: int, troubles: list[str]) -> list[str]:
    """One tick of every guarded roll-out; returns what was done, in words. Safe to repeat and to kill."""
    with ledger.read() as tx:
        planned = [kept for kept in flags.listed(tx) if kept.flag.guarded_rollout is not None and kept.flag.is_enabled]
        if not planned:
            return []
        known = {metric.name: metric for metric in metrics.metrics(tx)}
        members = {name: series.of_metric(tx, name) for name in known}
    done = []
    for kept in planned:
        assert kept.flag.guarded_rollout is not None
        state = state_of(kept)
        try:
            found = gather(kept.flag, kept.flag.guarded_rollout, known, members, history, state.began_at or now, now)
        except InputError as error:
            troubles.append(f"flag {kept.flag.name}: guarded_rollout: {error}")
            continue
        if found is not None:
            done += _advance(ledger, kept.flag.name, state.began_at, found, now)
    return done


def _advance(ledger: Ledger, name: str, began_at: int, found: list[Evidence], now: int) -> list[str]:
    with ledger.write() as tx:
        kept = flags.get(tx, name)  # again: a person may have spoken meanwhile
        before, plan = state_of(kept), kept.flag.guarded_rollout
        if plan is None or before.began_at != began_at:
            return []  # begun anew meanwhile: this evidence is not its own
        over = kept.override is not None and now < kept.override.until
        is_held = over or guard.state_of(kept).is_tripped
        looks = [one.at(now) for one in found]
        state, move = pure.advance(plan, before, looks, now, is_held=is_held)
        if move in HARM:
            worst = next(one for one, look in zip(found, looks, strict=True) if pure.is_worse(one.key, look))
            if worst.member is not None:
                state = msgspec.structs.replace(state, alerts=(guard.incident_of(tx, worst.metric, _member(worst)),))
        if state != before:
            flags.remember_rollout(tx, name, msgspec.json.encode(state).decode())
        said = record_move(tx, kept.flag, state, move, by=guard.WATCH, now=now)
    return [said] if said else []


def record_move(tx: Connection, flag: Flag, state: RolloutState, move: Move | None, *, by: str, now: int) -> str:
    """Write a move into the log, the audit and the incident it is about; returns it in words."""
    if move is None:
        return ""
    detail = words(flag, state, move)
    flags.log(tx, flag.name, at=now, by=by, what=move.value, detail=detail)
    audit.add(tx, by, now, f"flag {move.value}", f"{flag.name}: {detail}")
    if move in HARM:
        for alert in state.alerts:
            transitions.add(tx, alert, Change.FLIPPED, at=now, recorded_at=now, detail=detail)
    return detail


def question(flag: Flag, state: RolloutState) -> str:
    """What the roll-out asks now; empty where it asks nothing."""
    asked = {Course.ASKED_TO_WIDEN: Move.ASKED_TO_WIDEN, Course.ASKED_TO_ROLL_BACK: Move.ASKED_TO_ROLL_BACK}
    move = asked.get(state.course) if flag.guarded_rollout is not None else None
    return words(flag, state, move) if move is not None else ""


def words(flag: Flag, state: RolloutState, move: Move) -> str:
    """What a move means, in a sentence."""
    plan = flag.guarded_rollout
    assert plan is not None
    variant, other = plan.variant, flag.rolled_out_against
    runbook = f" Runbook: {flag.runbook}" if flag.runbook else ""
    share = state.share(plan)
    following = plan.steps[min(state.step + 1, len(plan.steps) - 1)]
    is_seen = plan.mode is Mode.OBSERVE
    match move:
        case Move.BEGAN:
            verb = "observes: it would give" if is_seen else "gives"
            return f"The roll-out of flag {flag.label} begins and {verb} {variant} to {share:g} % of users."
        case Move.WIDENED:
            verb = "would now give" if is_seen else "now gives"
            return f"Flag {flag.label} {verb} {variant} to {share:g} % of users: its key metrics show no harm."
        case Move.COMPLETED:
            verb = "would now give" if is_seen else "now gives"
            return f"Flag {flag.label} {verb} {variant} to everybody: the roll-out is complete."
        case Move.ROLLED_BACK:
            verb = "would now give" if is_seen else "now gives"
            return f"Flag {flag.label} {verb} {other} to everybody: {variant} is worse in {state.cause}.{runbook}"
        case Move.ASKED_TO_ROLL_BACK:
            return f"Should flag {flag.label} give {other} to everybody? {variant} is worse in {state.cause}.{runbook}"
        case Move.ASKED_TO_WIDEN:
            return f"Should flag {flag.label} give {variant} to {following:g} % of users? Its key metrics show no harm."
        case Move.WITHDREW:
            return f"Flag {flag.label}: what the roll-out asked is over; nothing was changed."
        case Move.PAUSED:
            return f"The roll-out of flag {flag.label} pauses at {share:g} %; harm still rolls it back."
        case Move.RESUMED:
            return f"The roll-out of flag {flag.label} goes on at {share:g} %."
        case Move.ABORTED:
            return f"The roll-out of flag {flag.label} is aborted: everybody gets {other}."
        case Move.DECLINED:
            return f"Flag {flag.label} stays as it is: {variant} for {share:g} % of users."


def standing(flag: Flag, state: RolloutState) -> tuple[str, str] | None:
    """The variant that everybody gets (empty: shared) and how the roll-out stands; None where it only observes."""
    plan = flag.guarded_rollout
    if plan is None or plan.mode is Mode.OBSERVE:
        return None
    variant, other, share = plan.variant, flag.rolled_out_against, state.share(plan)
    asks = question(flag, state)
    match state.course:
        case Course.WAITING:
            return "", f"Its roll-out of {variant} begins with the next run."
        case Course.COMPLETED:
            return variant, f"Everybody gets {variant}: its roll-out is complete."
        case Course.ROLLED_BACK:
            return other, f"Everybody gets {other}: {variant} was rolled back, because it was worse in {state.cause}."
        case Course.ABORTED:
            return other, f"Everybody gets {other}: the roll-out of {variant} was aborted."
        case Course.PAUSED:
            return "", f"Rolled out: {share:g} % of users get {variant}; paused."
    return "", f"Rolled out: {share:g} % of users get {variant}.{f' {asks}' if asks else ''}"


def unfit(flag: Flag, known: Mapping[str, Metric]) -> Iterator[str]:
    """Which key metrics of its roll-out cannot tell the variants apart, in words; one that is not known is left out."""
    plan = flag.guarded_rollout
    for key in plan.metrics if plan is not None else ():
        found = [known[name] for name in key.metrics if name in known]
        for metric in found:
            if key.dimension not in metric.dimensions:
                yield (
                    f"guarded_rollout: metric {metric.name} has no dimension {key.dimension!r} that tells the variants "
                    "apart; add it to the metric, or name another one under dimension"
                )
        if len({metric.step for metric in found}) > 1:
            yield f"guarded_rollout: {key.successes} and {key.trials} have different steps; give them the same"


def _member(worst: Evidence) -> Member:
    """The series of the variant, as it was in the newest period, against what the other variant would have given."""
    assert worst.member is not None
    ended = int(worst.ended[-1]) - worst.metric.settle_s
    return Member(
        series=worst.member.id,
        start=ended - worst.metric.step_s,
        end=ended,
        is_open=True,
        peak_time=ended - worst.metric.step_s,
        peak_score=0.0,
        value=worst.value,
        expected=worst.expected,
        lower=math.nan,
        upper=math.nan,
    )
