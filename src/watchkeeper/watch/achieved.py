"""What systems achieve, read from their metrics once a week, to be held against what their assessments foresaw."""

from __future__ import annotations

import math

import numpy as np
from sqlalchemy import Connection

from watchkeeper.assess.markdown import from_json
from watchkeeper.domain.decision import Reading
from watchkeeper.domain.system import MEASURES, System
from watchkeeper.domain.times import DAY, WEEK
from watchkeeper.stores.history import History
from watchkeeper.stores.ledger import Ledger, assessments, audit, series, systems
from watchkeeper.watch.assessment_views import foreseen_of

SPAN = 4 * WEEK
"""What is read: the newest four weeks of a metric."""
LEAST_POINTS = 7
"""With fewer points nothing is said."""


def read_achieved(ledger: Ledger, history: History, now: int) -> int:
    """Note the level of each system that follows an assessment, a week after the last time; returns how many."""
    with ledger.read() as tx:
        following = [kept.system for kept in systems.listed(tx) if kept.system.assessment]
        due = [system for system in following if _is_due(tx, system, now)]
        members = series.by_metric(tx) if due else {}
        wanted = {system.name: _metric_of(tx, system) for system in due}
    noted = 0
    for system in due:
        metric = wanted[system.name]
        ids = [one.id for one in members.get(metric, ()) if not one.values]
        found = _reading(history, metric, ids, now) if metric and ids else None
        if found is not None:
            level, reading = found
            who = f"system {system.name}"
            with ledger.write() as tx:
                assessments.note_achieved(tx, system.assessment, level=level, by=who, at=now, reading=reading)
                audit.add(tx, "watchkeeper", now, "assessment achieved", f"{system.assessment}: {level:g}, {metric}")
            noted += 1
    return noted


def _is_due(tx: Connection, system: System, now: int) -> bool:
    last = next((one for one in assessments.achieved(tx, system.assessment) if one.reading is not None), None)
    return last is None or now - last.at >= WEEK


def _metric_of(tx: Connection, system: System) -> str:
    """The metric to read: the one named, else the system's measure of what was foreseen; empty where there is none."""
    if system.achieved_by:
        return system.achieved_by
    foreseen = foreseen_of(from_json(assessments.get(tx, system.assessment).report))
    is_measured = foreseen is not None and foreseen.metric in MEASURES and foreseen.metric in system.measures
    return f"{system.name}.{foreseen.metric}" if foreseen is not None and is_measured else ""


def _reading(history: History, metric: str, ids: list[int], now: int) -> tuple[float, Reading] | None:
    """The mean of the newest four weeks that have points, up to `now`; its interval from how points differ."""
    last = max(history.last_time(ids).values(), default=None)
    if last is None:
        return None
    end = min(last + DAY, now)
    columns = history.read(ids, start=end - SPAN, end=end)
    value = columns.value[np.isfinite(columns.value)]
    if len(value) < LEAST_POINTS:
        return None
    level, half = float(value.mean()), 1.645 * float(value.std(ddof=1)) / math.sqrt(len(value))
    return level, Reading(
        metric=metric, start=end - SPAN, end=end, points=len(value), lower=level - half, upper=level + half
    )
