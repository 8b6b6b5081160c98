"""Build or rent, for points of a metric with labelled anomalies: our detector, simple rules and rented services.

An incident is a run of alert points, runs closer than `GAP` points being one; so is a labelled window. An incident that
starts in a window, or up to `SLACK` points before it, finds it; any other is a false alert. The first `WARM_UP` of each
series counts for nothing. Intervals resample whole weeks (or days) of a series.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from watchkeeper.assess.compare_sides import Ask, Clock, Compared, Side, Volume, timed_calls
from watchkeeper.assess.frame import codes, seconds, yes_or_no
from watchkeeper.assess.record import Assessment
from watchkeeper.detect import (
    Points,
    SeriesSettings,
    decide,
    find_step,
    recent_z_score,
    replay,
    same_hour_last_week,
    static_limits,
)
from watchkeeper.domain.errors import InputError
from watchkeeper.domain.rent import Answered, Outgoing, Rent
from watchkeeper.domain.times import DAY, MONTH, WEEK

if TYPE_CHECKING:
    import pyarrow as pa

WARM_UP = 0.15
GAP = 3
SLACK = 3
LEAST_POINTS = 100
STEP_TIMES = 15
RESAMPLES = 400
Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class History:
    """Points of S series with a label each (bool[n]): True where people say it was an anomaly."""

    names: tuple[str, ...]
    points: Points
    label: Bools
    settings: SeriesSettings

    def of(self, series: int) -> slice:
        """The rows of one series."""
        return slice(int(self.points.start[series]), int(self.points.start[series + 1]))

    @property
    def series(self) -> NDArray[np.int64]:
        """The series of each row: int64[n]."""
        return np.repeat(np.arange(self.points.series), np.diff(self.points.start))


def labelled_history(record: Assessment, rows: pa.Table) -> History:
    """Rows as series of points, by time, one point a time; InputError where a column is not what it should be."""
    import pyarrow as pa

    assert record.value is not None
    assert record.time is not None
    if not pa.types.is_floating(rows[record.value].type) and not pa.types.is_integer(rows[record.value].type):
        raise InputError(f"value: {record.value} holds {rows[record.value].type}, not numbers")
    time = seconds(rows[record.time])
    value = np.array(rows[record.value].cast(pa.float64()).to_numpy(), dtype=np.float64)
    label = yes_or_no(record, rows[record.target])
    code, seen = (np.zeros(len(time), np.int64), [""]) if record.entity is None else codes(rows[record.entity])
    order = np.lexsort((time, code))
    order = order[(code[order] >= 0) & (time[order] != np.iinfo(np.int64).min)]
    is_last = np.r_[(np.diff(time[order]) != 0) | (np.diff(code[order]) != 0), True]
    order = order[is_last]
    start = np.searchsorted(code[order], np.arange(len(seen) + 1))
    points = Points(start, time[order], value[order])
    step = np.array(
        [find_step(points.time[start[one] : start[one] + STEP_TIMES]) for one in range(len(seen))], dtype=np.int64
    )
    settings = replace(SeriesSettings.uniform(len(seen), step=DAY), step=step)
    return History(tuple(map(str, seen)), points, label[order], settings)


DETECTOR = "our detector"
Judge = Callable[..., Any]
"""`replay`, or that of a rule: points, settings and the state before them in, the state after and what is said out."""


def _judges() -> dict[str, tuple[str, Judge]]:
    rules = {
        "limits learned from all the past": static_limits(),
        "against the same hour of the week before": same_hour_last_week(),
        "against the mean of the last 14 days": recent_z_score(),
    }
    ours: tuple[str, Judge] = ("the detector of this house, before any answers of people", replay)
    return {DETECTOR: ours, **{rule.name: (words, rule.replay) for words, rule in rules.items()}}


def compare_points(
    record: Assessment, rows: pa.Table, ask: Ask | None, at_most: int, seed: int, clock: Clock
) -> Compared:
    """All on the newest points of each series: ours have the older ones as their past, a service what it is sent."""
    history = labelled_history(record, rows)
    points, settings = history.points, history.settings
    sent = _newest(history, at_most, seed)
    outs = tuple(_outgoing(history, sent, one) for one in record.rent)
    answers: dict[str, Answered] = {out.rent.name: ask(out) for out in outs} if ask is not None else {}
    counted = sent & _is_warm(history)
    alerts: dict[str, Bools] = {}
    times: dict[str, Floats] = {}
    bar = np.full(points.series, -math.log10(record.false_alerts_per_month))
    judges = _judges()
    for name, (_, judge) in judges.items():
        state, judged = judge(points, settings)
        alerts[name] = decide(judged, points, settings, bar)
        times[name] = _one_more(judge, state, history, clock)
    for name, answer in answers.items():
        if np.isfinite(answer.told).any():
            alerts[name] = np.zeros(len(sent), dtype=bool)
            alerts[name][sent] = answer.told == 1.0
            counted[np.flatnonzero(sent)[_after_last(answer)]] = False
    block = _blocks(history)
    counts = {name: event_counts(history, alert, counted, block) for name, alert in alerts.items()}
    if counts[DETECTOR][:, 2].sum() == 0:
        raise InputError(
            f"target: none of the {int(counted.sum()):,} points compared is a labelled anomaly; raise --at-most, or "
            "bring a history with more of them"
        )
    used = np.unique(block[counted])
    weight = np.random.default_rng(seed).multinomial(len(used), np.full(len(used), 1 / len(used)), size=RESAMPLES)
    rule = min((name for name in judges if name != DETECTOR), key=lambda name: _f1_error(counts[name].sum(axis=0)))
    months = float(settings.step[history.series[counted]].sum()) / MONTH
    sides = []
    for name in (DETECTOR, rule, *(one for one in answers if one in alerts)):
        found, false, windows = (int(one) for one in counts[name].sum(axis=0))
        rent = next((one for one in record.rent if one.name == name), None)
        sides.append(
            Side(
                name=name,
                kind="rent" if rent else ("build" if name == DETECTOR else "rule"),
                words="rented" if rent else judges[name][0],
                error=_f1_error(counts[name].sum(axis=0)),
                draws=np.array([_f1_error(one) for one in weight @ counts[name][used]]),
                calls_ms=np.array(answers[name].latency_ms) if rent else times[name],
                rows_a_call=float(np.median(answers[name].rows_a_call)) if rent else 1.0,
                more={
                    "anomalies found": f"{found:,} of {windows:,}",
                    "false alerts": f"{false:,}, {false / months:.1f} a series and month",
                },
                rent=rent,
            )
        )
    monthly = record.per_month or float((MONTH / settings.step).sum())
    many = len(np.unique(history.series[counted]))
    return Compared(
        metric="f1",
        less_is_better=False,
        rows=int(counted.sum()),
        how=f"{int(counted.sum()):,} points of {many:,} series, after a warm-up",
        sides=tuple(sides),
        outs=outs,
        answers=answers,
        volume={out.rent.name: _volume(out, monthly) for out in outs},
        withheld=(),
        personal=(),
        caveat=(
            "A service that is shown whole series knows what came later, our detector and the rule do not: that "
            "flatters the service. The best of three rules was chosen knowing the labels: that flatters the rule."
        ),
    )


def event_counts(history: History, alert: Bools, counted: Bools, block: NDArray[np.int64]) -> NDArray[np.int64]:
    """For each block: labelled windows found, false alerts, labelled windows; int64[blocks, 3]."""
    found = np.zeros((int(block.max()) + 1, 3), dtype=np.int64)
    for one in range(history.points.series):
        at = history.of(one)
        flagged, label, place = alert[at] & counted[at], history.label[at] & counted[at], block[at]
        windows = runs(label)
        starts = np.array([first for first, _ in runs(flagged)], dtype=np.int64)
        is_hit = np.zeros(len(starts), dtype=bool)
        for first, last in windows:
            inside = (starts >= first - SLACK) & (starts <= last)
            is_hit |= inside
            found[place[first], 2] += 1
            found[place[first], 0] += bool(inside.any())
        np.add.at(found[:, 1], place[starts[~is_hit]], 1)
    return found


def runs(flag: Bools) -> list[tuple[int, int]]:
    """First and last place of each run of True, runs at most `GAP` False apart being joined."""
    place = np.flatnonzero(flag)
    if not len(place):
        return []
    breaks = np.flatnonzero(np.diff(place) > GAP + 1)
    firsts, lasts = place[np.r_[0, breaks + 1]], place[np.r_[breaks, len(place) - 1]]
    return list(zip(firsts.tolist(), lasts.tolist(), strict=True))


def _f1_error(counts: NDArray[np.int64]) -> float:
    """1 − F1 of windows found, false alerts, windows: 2·found / (found + false + windows)."""
    found, false, windows = counts
    return 1.0 - 2.0 * float(found) / max(float(found + false + windows), 1.0)


def _newest(history: History, at_most: int, seed: int) -> Bools:
    """The newest points of each series, alike many; of some series drawn at random where all would get too few."""
    count = history.points.series
    most = max(at_most // LEAST_POINTS, 1)
    chosen = np.arange(count) if count <= most else np.random.default_rng(seed).choice(count, most, replace=False)
    each = max(at_most // len(chosen), 1)
    sent = np.zeros(len(history.label), dtype=bool)
    for one in chosen.tolist():
        at = history.of(one)
        sent[max(at.start, at.stop - each) : at.stop] = True
    return sent


def _is_warm(history: History) -> Bools:
    warm = np.zeros(len(history.label), dtype=bool)
    for one in range(history.points.series):
        at = history.of(one)
        warm[at.start + int(WARM_UP * (at.stop - at.start)) : at.stop] = True
    return warm


def _blocks(history: History) -> NDArray[np.int64]:
    """Weeks of each series (days where the history has fewer than ten weeks), numbered: int64[n]."""
    time = history.points.time
    unit = WEEK if time.max() - time.min() >= 10 * WEEK else DAY
    key = np.stack([history.series, time // unit])
    return np.unique(key, axis=1, return_inverse=True)[1].ravel().astype(np.int64)


def _one_more(judge: Judge, state: Any, history: History, clock: Clock) -> Floats:
    """Milliseconds of judging the next point of a series, as the service does at each step."""
    points, settings = history.points, history.settings
    last = points.start[1:] - 1
    following = Points(np.arange(points.series + 1), points.time[last] + settings.step, points.value[last])
    judge(following, settings, state)
    return timed_calls(lambda places: judge(following, settings, state), 1, 1, clock) / points.series


def _after_last(answer: Answered) -> NDArray[np.int64]:
    """Rows sent that lie in calls after the one where the service stopped answering."""
    return np.arange(sum(answer.rows_a_call), len(answer.told))


def _outgoing(history: History, sent: Bools, rent: Rent) -> Outgoing:
    series = history.series[sent]
    cuts = np.searchsorted(series, np.arange(history.points.series + 1))
    columns = {"time": history.points.time[sent].tolist(), "value": history.points.value[sent].tolist()}
    return Outgoing(rent, columns, cuts, history.settings.step)


def _volume(out: Outgoing, monthly: float) -> Volume:
    """In operation each new point is a call that carries the points before it as well."""
    a_call = out.rent.live_rows_a_call or max((end - first for _, first, end in out.parts()), default=1)
    return Volume(monthly, monthly, monthly * a_call)
