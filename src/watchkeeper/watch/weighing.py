"""Two states of knowledge over one scene: the series an answer can touch, judged without it and with it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import Connection

from watchkeeper.domain.alert import Alert
from watchkeeper.domain.feedback import Answer, Feedback
from watchkeeper.domain.metric import Metric
from watchkeeper.learn import in_force
from watchkeeper.stores.ledger import Ledger, alerts, metrics, series
from watchkeeper.watch import hear
from watchkeeper.watch.judge import Judgement
from watchkeeper.watch.judgements import Judgements


class Weighed(NamedTuple):
    """What a log would change: the scene as it is and as it would be, by metric, and the alerts that change sides."""

    weighing: hear.Weighing
    touched: Sequence[Alert]
    before: dict[str, Judgement]
    after: dict[str, Judgement]


class _Scene(NamedTuple):
    """What an answer can touch, before it counts: the series of the metrics spoken of and of the alerts they share."""

    subject: Feedback
    spoken_of: tuple[int, ...]
    touched: Sequence[Alert]
    metric_of: dict[int, str]
    records: dict[str, Metric]
    old: dict[str, Judgement]


def weighed(
    ledger: Ledger, judgements: Judgements, before: Sequence[Feedback], line: Feedback, after: Sequence[Feedback]
) -> Weighed:
    """Judge what `line` can touch under the log `before` and under `after`, with the points as they are now."""
    scene = _scene(ledger, judgements, before, line)
    new = {
        name: judgements.under(record, after)
        if _speaks(scene.subject, scene.old[name].columns.series)
        else scene.old[name]
        for name, record in scene.records.items()
    }
    weighing = hear.weigh(
        scene.touched,
        _confirmed(before),
        {one: scene.old[name] for one, name in scene.metric_of.items()},
        {one: new[name] for one, name in scene.metric_of.items()},
        scene.spoken_of,
    )
    return Weighed(weighing, scene.touched, scene.old, new)


def lost_by(
    ledger: Ledger, judgements: Judgements, before: Sequence[Feedback], lines: Sequence[Feedback]
) -> tuple[int, ...]:
    """The alerts called real, then and now, that fire under the log `before` and not with these lines at its end."""
    after = [*before, *lines]
    kept = _confirmed(before) & _confirmed(after)
    spoken_of = tuple(sorted({one for line in lines for one in _root(after, line).series}))
    subject = Feedback(id=0, by="", given_at=0, series=spoken_of)
    lost = weighed(ledger, judgements, before, subject, after).weighing.confirmed_lost
    return tuple(one for one in lost if one in kept)


def latest_on_alerts(log: Sequence[Feedback]) -> dict[int, Feedback]:
    """The one answer of each alert: the last that is in force."""
    return {one.alert: one for one in in_force(log) if one.alert is not None}


def _scene(ledger: Ledger, judgements: Judgements, log: Sequence[Feedback], line: Feedback) -> _Scene:
    """Judge, as it is, every series that shares an alert with one of the metrics spoken of.

    An answer generalises to its metric's other series, so the receipt counts what happens on all of them.
    """
    subject = _root(log, line)
    with ledger.read() as tx:
        spoken_of = tuple(one.id for name in _metrics_of(tx, subject) for one in series.of_metric(tx, name))
        touched = alerts.of_series(tx, spoken_of)
        ids = sorted({member.series for alert in touched for member in alert.members} | set(spoken_of))
        metric_of = {one.id: one.metric for one in series.by_id(tx, ids)}
        records = {name: metrics.record(tx, name) for name in set(metric_of.values())}
    old = {name: judgements.of(record) for name, record in records.items()}
    return _Scene(subject, spoken_of, touched, metric_of, records, old)


def _confirmed(log: Sequence[Feedback]) -> frozenset[int]:
    return frozenset(alert for alert, one in latest_on_alerts(log).items() if one.answer is Answer.REAL)


def _metrics_of(tx: Connection, line: Feedback) -> list[str]:
    return sorted({one.metric for one in series.by_id(tx, line.series)})


def _speaks(subject: Feedback, ids: Sequence[int]) -> bool:
    return not set(subject.series).isdisjoint(ids)


def _root(log: Sequence[Feedback], line: Feedback) -> Feedback:
    """The answer that an undo, or an undo of an undo, is about."""
    by_id = {one.id: one for one in log}
    while line.undoes is not None:
        line = by_id[line.undoes]
    return line
