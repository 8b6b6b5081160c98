"""From source to metric to system: an alert on what others depend on explains theirs.

So a missing source is one alert and not twenty.

A metric names what it depends on (`depends_on`); a system's metrics name the freshness of its inputs. Metrics of one
source that fall silent together need no names: the first silence explains the others.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from sqlalchemy import Connection

from watchkeeper.domain.alert import Alert, Cause
from watchkeeper.domain.metric import Metric
from watchkeeper.domain.times import DAY
from watchkeeper.stores.ledger import alerts, series

REACH_S = DAY
"""What depends on a source may suffer a day before its alert (some delay is promised) and a day after its end."""


def upstream_of(
    tx: Connection,
    chosen: Sequence[Alert],
    metric_of: Mapping[int, Metric],
    known: Sequence[Metric],
    fine: Collection[int],
) -> dict[int, int]:
    """Alert → the alert that explains it. `metric_of` has the metric of each series in `chosen`; alerts in `fine` were
    answered as no trouble and explain nothing.
    """
    depends = {metric.name: metric.depends_on for metric in known}
    found: dict[int, int] = {}
    for alert in chosen:
        mine = {metric_of[member.series].name: metric_of[member.series] for member in alert.members}
        needed = [_closure(name, depends) - mine.keys() for name in mine]
        if all(needed):
            explained = _by_dependency(tx, alert, needed, fine)
            if explained is not None:
                found[alert.id] = explained
                continue
        if all(member.cause is Cause.SILENCE for member in alert.members):
            explained = _by_silence(tx, alert, {metric.source for metric in mine.values()}, known, fine)
            if explained is not None:
                found[alert.id] = explained
    return found


def _closure(name: str, depends: Mapping[str, tuple[str, ...]]) -> set[str]:
    """All that a metric depends on, through others."""
    reached: set[str] = set()
    waiting = list(depends.get(name, ()))
    while waiting:
        one = waiting.pop()
        if one not in reached:
            reached.add(one)
            waiting += depends.get(one, ())
    return reached - {name}


def _by_dependency(tx: Connection, alert: Alert, needed: Sequence[set[str]], fine: Collection[int]) -> int | None:
    """The first alert that touches something every metric of this one depends on."""
    ids = {one.id: name for name in set().union(*needed) for one in series.of_metric(tx, name)}
    for other in alerts.of_series(tx, ids, alert.start - REACH_S, alert.end + REACH_S):
        touched = {ids[member.series] for member in other.members if member.series in ids}
        if other.id != alert.id and other.id not in fine and all(names & touched for names in needed):
            return other.id
    return None


def _by_silence(
    tx: Connection, alert: Alert, sources: set[str], known: Sequence[Metric], fine: Collection[int]
) -> int | None:
    """An earlier alert of a series of the same source that fell silent within a few of its steps of this one."""
    shared = {
        one.id: metric for metric in known if metric.source in sources for one in series.of_metric(tx, metric.name)
    }
    for other in alerts.of_series(tx, shared, alert.start, alert.end):
        if other.id >= alert.id or other.id in fine:
            continue
        for member in other.members:
            metric = shared.get(member.series)
            if metric and member.cause is Cause.SILENCE and abs(member.start - alert.start) <= 3 * metric.step_s:
                return other.id
    return None
