"""Builds the records that pages and commands show of systems. It needs the ledger; values need the history too."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
from sqlalchemy import Connection

from watchkeeper.domain.alert import Alert
from watchkeeper.domain.metric import Metric, Series
from watchkeeper.domain.readiness import newest, score, trend
from watchkeeper.domain.system import Input, System
from watchkeeper.domain.times import format_duration
from watchkeeper.notify.message import number
from watchkeeper.stores.history import History
from watchkeeper.stores.ledger import alerts, flags, metrics, series, systems, watermarks
from watchkeeper.watch.flag_views import FlagLine
from watchkeeper.watch.runbook import fill
from watchkeeper.watch.system_check import Known, check, observed
from watchkeeper.watch.system_views import InputLine, MetricNow, SystemLine, SystemPage, Truth
from watchkeeper.watch.views import Spark

SPARK_POINTS = 48
TRUTH_POINTS = 400
"""Steps of the plot of how right a system is."""
PREDICTIONS = (
    "predictions",
    "latency",
    "errors",
    "fallback",
    "score",
    "positive",
    "classes",
    "score-drift",
    "skew",
    "served-drift",
    "model-age",
)
"""Metrics of what a system says, in the order of its page."""


def known_of(tx: Connection, kept: systems.Kept, *, has_reference: bool) -> Known:
    """A system with what the ledger knows of it."""
    system = kept.system
    judged = watermarks.all_of(tx)
    made = metrics.made_at(tx)
    return Known(
        system=system,
        has_reference=has_reference,
        flags=tuple(flags.get(tx, name).flag for name in system.flags),
        changes=tuple(change for name in system.flags for change in flags.changes(tx, name)),
        metrics={name: at for name, at in made.items() if name.startswith(f"{system.name}.") and name in judged},
    )


def line_of(tx: Connection, known: Known, now: int) -> SystemLine:
    """A system in a list."""
    system = known.system
    items = check(known)
    evidence = [*observed(known), *systems.said(tx, system.name)]
    troubled = _open_alerts(tx, system)
    sources = [one for one in troubled if one.family != system.group()]
    tripped = [name for name in system.flags if _is_tripped(tx, name)]
    if tripped:
        level, sentence = "error", f"The basic version answers: {', '.join(tripped)} is at its fallback."
    elif sources:
        names = ", ".join(dict.fromkeys(one.family.partition("/")[2] for one in sources))
        level, sentence = "error", f"Trouble with {names}."
    elif troubled:
        level, sentence = "warn", "It does something unusual."
    else:
        level, sentence = "ok", "As usual." if known.metrics else "Not watched yet."
    return SystemLine(
        system=system,
        level=level,
        sentence=sentence,
        met=sum(item.is_met for item in items),
        asked=len(items),
        score=score(evidence, now).final,
    )


def page_of(
    tx: Connection, known: Known, history: History | None, flag_line: Callable[[str], FlagLine], now: int
) -> SystemPage:
    """One system whole."""
    system = known.system
    derived = [one for one in metrics.metrics(tx) if one.name.startswith(f"{system.name}.")]
    members = series.by_metric(tx)
    open_of = {
        member.series: alert.id for alert in _open_alerts(tx, system) for member in alert.members if member.is_open
    }
    shown = {one.name: _now(one, members.get(one.name, ()), history, open_of) for one in derived}

    def of(names: Sequence[str]) -> tuple[MetricNow, ...]:
        return tuple(line for name in names for line in shown.get(f"{system.name}.{name}", ()))

    values = {name: _in_words(lines) for name, lines in shown.items()}
    evidence = [*observed(known), *systems.said(tx, system.name)]
    quality = [name for measure in system.measures for name in (measure, f"{measure}-estimated")]
    return SystemPage(
        line=line_of(tx, known, now),
        inputs=tuple(_input(system, name, one, shown, values) for name, one in system.inputs.items()),
        runbook=fill(system.runbook, values),
        predictions=of(PREDICTIONS),
        quality=of([*quality, "estimate-error"]),
        segments=of(
            [
                f"{measure}-by-{one.lower()}"
                for one in system.segments
                for measure in (system.measures[0], "lasting-skill")
            ]
        ),
        flags=tuple(flag_line(name) for name in system.flags),
        check=check(known),
        evidence=dict(newest(evidence, now)),
        score=score(evidence, now),
        trend=trend(evidence),
        truth=_truth(known, {one.name: one for one in derived}, members, history, now),
        changes=tuple(sorted(known.changes, key=lambda one: one.id, reverse=True)),
    )


def _truth(
    known: Known, derived: dict[str, Metric], members: dict[str, list[Series]], history: History | None, now: int
) -> Truth | None:
    """The first measure that is estimated before its outcomes, else the first of all, over the newest TRUTH_POINTS."""
    system = known.system
    names = [f"{system.name}.{measure}" for measure in system.measures]
    chosen = next((name for name in names if f"{name}-estimated" in derived), names[0] if names else "")
    if history is None or chosen not in derived:
        return None
    ids = [members[name][0].id for name in (chosen, f"{chosen}-estimated") if members.get(name)]
    last = history.last_time(ids)
    if not last:
        return None
    columns = history.read(ids, start=max(last.values()) - (TRUTH_POINTS - 1) * derived[chosen].step_s)
    values = [
        dict(zip(columns.time[at].tolist(), columns.value[at].tolist(), strict=True))
        for at in map(columns.of, range(len(ids)))
    ]
    time = sorted(set().union(*values))

    def of(place: int) -> tuple[float | None, ...]:
        found = values[place] if place < len(values) else {}
        return tuple(one if one is not None and math.isfinite(one) else None for one in map(found.get, time))

    return Truth(
        metric=derived[chosen], time=tuple(time), true=of(0), estimated=of(1), fallback=_at_fallback(known, now)
    )


def _at_fallback(known: Known, now: int) -> tuple[tuple[int, int], ...]:
    """The windows between a trip and the return after it."""
    windows, since = [], None
    for change in sorted(known.changes, key=lambda one: one.id):
        if change.what == "tripped" and since is None:
            since = change.at
        elif change.what == "returned" and since is not None:
            windows.append((since, change.at))
            since = None
    return tuple(windows if since is None else [*windows, (since, now)])


def _open_alerts(tx: Connection, system: System) -> list[Alert]:
    families = {system.group(), *(system.group(name) for name in system.inputs)}
    return [one for one in alerts.open_ones(tx) if one.family in families]


def _is_tripped(tx: Connection, name: str) -> bool:
    from watchkeeper.watch.guard import state_of

    return state_of(flags.get(tx, name)).is_tripped


def _now(
    metric: Metric, members: Sequence[Series], history: History | None, open_of: dict[int, int]
) -> list[MetricNow]:
    ids = tuple(one.id for one in members)
    last = history.last_time(ids) if history is not None and ids else {}
    start = max(last.values(), default=0) - (SPARK_POINTS - 1) * metric.step_s
    columns = history.read(ids, start=start) if history is not None and last else None
    found = []
    for place, one in enumerate(members):
        value = columns.value[columns.of(place)] if columns is not None else np.zeros(0)
        time = columns.time[columns.of(place)] if columns is not None else np.zeros(0, np.int64)
        values = tuple(float(each) if np.isfinite(each) else None for each in value)
        found.append(
            MetricNow(
                metric=metric,
                series=one,
                value=values[-1] if values else None,
                time=int(time[-1]) if len(time) else None,
                spark=Spark(
                    values=values,
                    is_surprising=tuple(each is not None and metric.broken_limit(each) is not None for each in values),
                ),
                alert=open_of.get(one.id),
            )
        )
    return found


def values_of(tx: Connection, chosen: Sequence[Metric], history: History | None) -> dict[str, str]:
    """What each metric is now, in words, by its name."""
    return {one.name: _in_words(_now(one, series.of_metric(tx, one.name), history, {})) for one in chosen}


def _in_words(lines: Sequence[MetricNow]) -> str:
    """`82 %`, or `82 % (DE), 71 % (US)`; `no data` where there is none."""
    parts = []
    for line in lines:
        value = number(math.nan if line.value is None else line.value, line.metric)
        parts.append(f"{value} ({line.series.label})" if line.series.label else value)
    return ", ".join(parts) or "no data"


def _input(
    system: System, name: str, one: Input, shown: dict[str, list[MetricNow]], values: dict[str, str]
) -> InputLine:
    lines = tuple(line for full, each in shown.items() if full.startswith(f"{system.name}.{name}.") for line in each)
    ages = [line.value for line in shown.get(f"{system.name}.{name}.freshness", ()) if line.value is not None]
    status, words = "unknown", "Nothing was read yet."
    if ages:
        age_s = int(ages[0] * 3600)
        words = f"Its newest row was {format_duration(age_s) if age_s else 'just'} old."
        status = "pass"
        if one.warn_after_s is not None and age_s > one.warn_after_s:
            status, words = "warn", f"{words} dbt would warn after {format_duration(one.warn_after_s)}."
        if one.error_after_s is not None and age_s > one.error_after_s:
            status, words = "error", f"{words} {format_duration(one.error_after_s)} were promised."
    runbook = fill(one.runbook, values)
    return InputLine(
        runbook=runbook,
        name=name,
        status=status,
        words=words,
        owner=one.owner or system.owner,
        contract=one.contract,
        metrics=lines,
    )
