"""Build or rent, for rows with a target: the best model, the best rule and rented services on the same later rows."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import numpy as np

from watchkeeper.assess.compare_sides import Ask, Clock, Compared, Side, Volume, timed_calls
from watchkeeper.assess.frame import Frame
from watchkeeper.assess.heuristics import Trials, paired_draws
from watchkeeper.assess.learners import IS_RULE, LEARNERS, fit
from watchkeeper.assess.metrics import LESS_IS_BETTER, error
from watchkeeper.assess.opportunity import rows_a_month
from watchkeeper.assess.personal import personal_columns
from watchkeeper.assess.record import Assessment
from watchkeeper.domain.errors import InputError
from watchkeeper.domain.rent import Answered, Outgoing, Rent

if TYPE_CHECKING:
    import pyarrow as pa

TOLD_SHARE = 0.3
"""The newest share of the rows is told; nothing older leaves the house."""


def compare_rows(
    record: Assessment,
    rows: pa.Table,
    frame: Frame,
    small: Frame,
    trials: Trials,
    ask: Ask | None,
    at_most: int,
    seed: int,
    clock: Clock,
) -> Compared:
    """Ours learn from the rows before the first one that is told, and so must what is rented have done."""
    past, told = _split(small, at_most, seed)
    test = small.take(told)
    personal = tuple(one.column for one in personal_columns(rows))
    outs = tuple(_outgoing(record, rows, small, told, one, personal) for one in record.rent)
    answers: dict[str, Answered] = {out.rent.name: ask(out) for out in outs} if ask is not None else {}
    answered = _answered(answers, len(test))
    rules = [one for one in trials.trials if one.name in IS_RULE]
    ours = {"build": trials.best_model, "rule": min(rules, key=lambda one: one.error).name}
    a_call = min([one.most_rows for one in record.rent], default=1)
    said, words, times = {}, {}, {}
    train = small.take(past)
    for kind, name in ours.items():
        if name in said:
            continue
        learned, what = fit(name, train, seed)
        said[name] = learned(test)
        words[name] = (kind, f"{LEARNERS[name]}, {what}")
        live = min(one.live_rows_a_call or 1 for one in record.rent)
        times[name] = timed_calls(lambda places, learned=learned: learned(test.take(places)), len(test), live, clock)  # type: ignore[misc]
        a_call = live
    for name, answer in answers.items():
        if not answer.error or np.isfinite(answer.told).any():
            said[name] = answer.told
    seen = test.take(np.flatnonzero(answered))
    kept = {name: one[answered] for name, one in said.items()}
    draws = paired_draws(seen, kept, trials.metric, record.costs, seed)
    sides = []
    for name, one in kept.items():
        rent = next((each for each in record.rent if each.name == name), None)
        point = error(trials.metric, seen.target, one, record.costs)
        if rent is None:
            kind, what = words[name]
            sides.append(Side(LEARNERS[name], kind, what, point, draws[name], times[name], a_call))  # type: ignore[arg-type]
        else:
            answer = answers[name]
            rows_a_call = float(np.median(answer.rows_a_call)) if answer.rows_a_call else 0.0
            sides.append(
                Side(name, "rent", "rented", point, draws[name], np.array(answer.latency_ms), rows_a_call, rent=rent)
            )
    monthly = record.per_month or rows_a_month(frame)
    volume = {one.name: _volume(one, monthly) for one in record.rent}
    return Compared(
        metric=trials.metric,
        less_is_better=trials.metric in LESS_IS_BETTER,
        rows=len(seen),
        how=_how(small, told),
        sides=tuple(sides),
        outs=outs,
        answers=answers,
        volume=volume,
        withheld=_withheld(record, small, personal),
        personal=personal,
        caveat=_cutoff(small, told),
    )


def _split(small: Frame, at_most: int, seed: int) -> tuple[Any, Any]:
    order = np.arange(len(small)) if small.time is not None else np.random.default_rng(seed).permutation(len(small))
    count = min(at_most, int(TOLD_SHARE * len(small)))
    told = np.sort(order[len(order) - count :])
    if small.time is not None:
        past = np.flatnonzero(small.time < small.time[told[0]])
    else:
        past = np.sort(order[: len(order) - count])
    if count < 1 or len(past) < 10:
        raise InputError(f"{len(past)} rows to learn from and {count} to tell are too few to compare; bring more rows")
    return past, told


def _how(small: Frame, told: Any) -> str:
    return f"the newest {len(told):,} rows" if small.time is not None else f"{len(told):,} rows drawn at random"


def _cutoff(small: Frame, told: Any) -> str:
    if small.time is None:
        return "A service that was trained on these very rows is flattered: keep the rows that are sent out of it."
    since = dt.datetime.fromtimestamp(int(small.time[told[0]]), dt.UTC)
    return f"A service that was trained on rows from {since:%Y-%m-%d %H:%M} UTC on is flattered."


def _outgoing(
    record: Assessment, rows: pa.Table, small: Frame, told: Any, rent: Rent, personal: tuple[str, ...]
) -> Outgoing:
    missing = [one for one in rent.columns if one not in rows.column_names]
    if missing:
        raise InputError(f"rent {rent.name}: columns: there is no column {', '.join(missing)}")
    if record.target in rent.columns:
        raise InputError(f"rent {rent.name}: columns: {record.target} is the target; it is not sent")
    names = rent.columns or tuple(
        name for name in _learned(small) if name not in record.protected and name not in personal
    )
    if not names:
        raise InputError(f"rent {rent.name}: no column is left to send; name some under columns")
    at = small.row[told]
    columns = {name: [_plain(value) for value in rows[name].take(at).to_pylist()] for name in names}
    return Outgoing(rent, columns, np.array([0, len(told)]), np.array([0]), small.classes)


def _learned(small: Frame) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name.split(" · ")[0] for name in small.names))


def _withheld(record: Assessment, small: Frame, personal: tuple[str, ...]) -> tuple[str, ...]:
    held = {*record.protected, *personal}
    return tuple(name for name in _learned(small) if name in held)


def _plain(value: Any) -> Any:
    """What JSON can say."""
    if isinstance(value, dt.datetime | dt.date | dt.time):
        return value.isoformat()
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, float) and not np.isfinite(value):
        return None
    return value if value is None or isinstance(value, bool | int | float | str) else str(value)


def _answered(answers: dict[str, Answered], count: int) -> Any:
    """The rows that every service that answered at all has answered."""
    found = np.ones(count, dtype=bool)
    for answer in answers.values():
        has = np.isfinite(answer.told if answer.told.ndim == 1 else answer.told[:, 0])
        if has.any():
            found &= has
    return found


def _volume(rent: Rent, monthly: float | None) -> Volume | None:
    return None if monthly is None else Volume(monthly, monthly / (rent.live_rows_a_call or 1), monthly)
