"""From judgements to stored alerts: alert, transition and watermark in one transaction, family by family."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import msgspec
from sqlalchemy import Connection

from watchkeeper.domain.alert import Alert
from watchkeeper.domain.metric import Metric
from watchkeeper.domain.times import DAY
from watchkeeper.stores.ledger import Ledger, alerts, metrics, transitions, watermarks
from watchkeeper.watch import collect
from watchkeeper.watch.incidents import Run, Step, fold, slack
from watchkeeper.watch.judgements import Judgements

LOOK_BACK_S = 8 * DAY
"""Alerts that ended longer ago than this before the newest run are never reopened."""


class _Looked(NamedTuple):
    """One metric looked at: its series, the runs since its watermark, and the watermark to be."""

    metric: Metric
    series: tuple[int, ...]
    runs: list[Run]
    until: int


def advance(ledger: Ledger, judgements: Judgements, now: int, progress: Callable[[str], None]) -> int:
    """Judge what lies past each metric's watermark and store what it does to the alerts; returns how many opened."""
    with ledger.read() as tx:
        known = [(metric, watermarks.get(tx, metric.name)) for metric in metrics.metrics(tx)]
    looked: dict[str, list[_Looked]] = {}
    for metric, mark in known:
        _, until = collect.window(metric, None, now)
        if mark is not None and until <= mark:
            continue
        progress(f"judging {metric.label}")
        judgement = judgements.of(metric, until)
        runs = judgement.runs(0 if mark is None else mark)
        looked.setdefault(metric.family, []).append(_Looked(metric, judgement.columns.series, runs, until))
    return sum(_store(ledger, family, members, now) for family, members in looked.items())


def _store(ledger: Ledger, family: str, looked: Sequence[_Looked], now: int) -> int:
    runs = [run for one in looked for run in one.runs]
    until = min(one.until for one in looked)
    earliest = min([until, *(run.member.start for run in runs)]) - LOOK_BACK_S
    ids: dict[int, int] = {}
    with ledger.write() as tx:
        recent = [one for one in alerts.listed(tx, start=earliest, limit=100_000) if one.family == family]
        steps = fold(
            recent,
            runs,
            family=family,
            slack_s=max(slack(one.metric.step_s) for one in looked),
            until=until,
            judged={series for one in looked for series in one.series},
        )
        for step in steps:
            alert = _keep(tx, step, ids)
            transitions.add(tx, alert.id, step.change, at=step.at, recorded_at=now, detail=step.detail)
        for one in looked:
            watermarks.advance(tx, one.metric.name, one.until)
    return len(ids)


def _keep(tx: Connection, step: Step, ids: dict[int, int]) -> Alert:
    """Store the alert as the step leaves it; `ids` maps the fold's own numbers of new alerts to the ledger's."""
    if step.alert.id < 0 and step.alert.id not in ids:
        kept = alerts.insert(tx, step.alert)
        ids[step.alert.id] = kept.id
        return kept
    kept = msgspec.structs.replace(step.alert, id=ids.get(step.alert.id, step.alert.id))
    alerts.save(tx, kept)
    return kept
