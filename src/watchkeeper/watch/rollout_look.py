"""What pages and commands show of a guarded roll-out, built from the ledger and, where it can be read, the history."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from sqlalchemy import Connection

from watchkeeper.domain.errors import InputError
from watchkeeper.domain.flag import FlagChange
from watchkeeper.domain.metric import Metric, Series
from watchkeeper.domain.rollout import Rollout
from watchkeeper.domain.times import DAY
from watchkeeper.flags import Move
from watchkeeper.flags import rollout as pure
from watchkeeper.stores.history import History
from watchkeeper.stores.ledger import flags, metrics, series
from watchkeeper.watch import rollout
from watchkeeper.watch.flag_views import KeyShown, PastMove, RolloutShown
from watchkeeper.watch.rollout_evidence import Evidence, gather

MOST_DRAWN = 400
"""Points of an interval that are drawn: more cannot be told apart."""
REHEARSED_DAYS = 90


def look(tx: Connection, kept: flags.Kept, history: History | None, now: int) -> RolloutShown | None:
    """The roll-out of a flag; None where it has none. Without a history it has no intervals."""
    plan = kept.flag.guarded_rollout
    if plan is None:
        return None
    state = rollout.state_of(kept)
    end = now if state.course in pure.RUNNING else state.since  # what is over is compared no more
    found = _evidence(tx, kept, history, state.began_at, end) if state.began_at else []
    log = [one for one in flags.changes(tx, kept.flag.name, limit=500) if one.at >= state.began_at > 0]
    return RolloutShown(
        plan=plan,
        against=kept.flag.rolled_out_against,
        state=state,
        share=state.share(plan),
        question=rollout.question(kept.flag, state),
        keys=tuple(_shown(one) for one in found),
        moves=_moves(plan, log[::-1]),
        rehearsed=() if state.began_at else rehearsal(tx, kept, history, now, REHEARSED_DAYS),
    )


def rehearsal(tx: Connection, kept: flags.Kept, history: History | None, now: int, days: int) -> tuple[PastMove, ...]:
    """What the roll-out would have done by itself over the last days; nothing where both variants were never there."""
    plan = kept.flag.guarded_rollout
    if plan is None or history is None:
        return ()
    if days < 1:
        raise InputError(f"--days: {days} is no time to look back; give 1 or more")
    found = _evidence(tx, kept, history, now - days * DAY, now)
    known = [one.ended[np.isfinite(one.intervals.estimate)] for one in found]
    if not known or not all(len(one) for one in known):
        return ()
    ends = np.unique(np.concatenate([one.ended for one in found]))
    first = min(int(one[0]) for one in known)
    ticks = ((int(end), [one.at(int(end)) for one in found]) for end in ends if end >= first)
    return tuple(PastMove(at=at, what=move.value, share=share) for at, move, share in pure.rehearse(plan, ticks))


def _moves(plan: Rollout, log: Sequence[FlagChange]) -> tuple[PastMove, ...]:
    """The moves in a flag's log, the oldest first; the share follows from counting the steps."""
    named, step, share, found = {move.value: move for move in Move}, 0, 0.0, []
    for one in log:
        move = named.get(one.what)
        if move is None:
            continue
        if move in (Move.WIDENED, Move.COMPLETED):
            step = min(step + 1, len(plan.steps) - 1)
        is_over = move in (Move.ROLLED_BACK, Move.ABORTED)
        share = 0.0 if is_over else plan.steps[step]
        found.append(PastMove(at=one.at, what=one.detail, share=share))
    return tuple(found)


def _evidence(tx: Connection, kept: flags.Kept, history: History | None, start: int, now: int) -> list[Evidence]:
    plan = kept.flag.guarded_rollout
    if plan is None or history is None:
        return []
    known: dict[str, Metric] = {one.name: one for one in metrics.metrics(tx)}
    members: dict[str, list[Series]] = {
        name: series.of_metric(tx, name) for key in plan.metrics for name in key.metrics if name in known
    }
    try:
        return gather(kept.flag, plan, known, members, history, start, now) or []
    except InputError:  # each run says so
        return []


def _shown(one: Evidence) -> KeyShown:
    """Shares in percentage points; thinned to what a screen can show, the newest always there."""
    factor = 100.0 if one.key.trials else 1.0
    number = len(one.ended)
    every = max(1, math.ceil(number / MOST_DRAWN))
    chosen = np.arange(number - 1, -1, -every)[::-1]

    def column(values: np.ndarray) -> tuple[float | None, ...]:
        return tuple(float(value) if math.isfinite(value) else None for value in factor * values[chosen])

    unit = "percentage points" if one.key.trials else one.metric.unit
    estimate, lower, upper = (
        column(each) for each in (one.intervals.estimate, one.intervals.lower, one.intervals.upper)
    )
    return KeyShown(
        key=one.key,
        unit=unit,
        largest_harm=factor * one.key.largest_harm,
        ended=tuple(int(each) for each in one.ended[chosen]),
        estimate=estimate,
        lower=lower,
        upper=upper,
        sentence=_sentence(one, unit, estimate, lower, upper),
    )


def _sentence(
    one: Evidence,
    unit: str,
    estimate: tuple[float | None, ...],
    lower: tuple[float | None, ...],
    upper: tuple[float | None, ...],
) -> str:
    if not estimate or estimate[-1] is None:
        return "Nothing is known yet."
    if lower[-1] is None or upper[-1] is None:
        return f"So far {estimate[-1]:+.3g} {unit}; too few periods for an interval.".replace(" ;", ";")
    worse = " The whole interval is worse than the accepted harm." if pure.is_worse(one.key, one.at(2**62)) else ""
    return f"{estimate[-1]:+.3g} {unit}, between {lower[-1]:+.3g} and {upper[-1]:+.3g}.{worse}".replace(" ,", ",")
