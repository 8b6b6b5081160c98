"""From judgements to stored alerts: alert, transition and watermark in one transaction, many families at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import msgspec
from sqlalchemy import Connection

from watchkeeper.domain.alert import Alert
from watchkeeper.domain.metric import Metric
from watchkeeper.domain.times import DAY
from watchkeeper.stores.ledger import Ledger, alerts, feedback, metrics, transitions, watermarks
from watchkeeper.watch.incidents import Run, Step, fold, slack

LOOK_BACK_S = 8 * DAY
"""Alerts that ended longer ago than this before the newest run are never reopened."""
FAMILIES_AT_ONCE = 200
"""How many families with something to fold share a transaction: others who write wait for no more."""


class Looked(NamedTuple):
    """One metric looked at: its series, the runs since its watermark, and the watermark to be."""

    metric: Metric
    series: tuple[int, ...]
    runs: list[Run]
    until: int


def store(
    ledger: Ledger,
    looked: Sequence[Looked],
    now: int,
    ours: Callable[[Connection], Callable[[str], bool]] = lambda tx: lambda family: True,
) -> int:
    """Store what was seen: what it does to the alerts, and how far was judged. Returns how many alerts opened.

    `ours` tells in the transaction itself which families are still this server's: what another one took over meanwhile
    is left to it.
    """
    families: dict[str, list[Looked]] = {}
    for one in looked:
        families.setdefault(one.metric.family, []).append(one)
    with ledger.read() as tx:
        open_in = {alert.family for alert in alerts.open_ones(tx)}
    quiet = [name for name, members in families.items() if name not in open_in and not any(m.runs for m in members)]
    lively = [name for name in families if name not in set(quiet)]
    opened = 0
    for names in _few(lively):
        with ledger.write() as tx:
            kept = list(filter(ours(tx), names))
            families |= _left(tx, {name: families[name] for name in kept})
            opened += sum(_fold(tx, name, families[name], now) for name in kept if families[name])
            watermarks.advance_all(tx, _until(families, kept))
    if quiet:
        with ledger.write() as tx:
            kept = list(filter(ours(tx), quiet))
            watermarks.advance_all(tx, _until(_left(tx, {name: families[name] for name in kept}), kept))
    return opened


def _left(tx: Connection, families: dict[str, list[Looked]]) -> dict[str, list[Looked]]:
    """What was not removed while it was looked at, by another server."""
    gone = metrics.removed(tx)
    return {name: [one for one in members if one.metric.name not in gone] for name, members in families.items()}


def _few(names: Sequence[str]) -> Iterator[Sequence[str]]:
    for first in range(0, len(names), FAMILIES_AT_ONCE):
        yield names[first : first + FAMILIES_AT_ONCE]


def _until(families: dict[str, list[Looked]], names: Sequence[str]) -> dict[str, int]:
    return {one.metric.name: one.until for name in names for one in families[name]}


def _fold(tx: Connection, family: str, looked: Sequence[Looked], now: int) -> int:
    runs = [run for one in looked for run in one.runs]
    until = min(one.until for one in looked)
    earliest = min([until, *(run.member.start for run in runs)]) - LOOK_BACK_S
    ids: dict[int, int] = {}
    steps = fold(
        alerts.listed(tx, start=earliest, family=family, limit=100_000),
        runs,
        family=family,
        slack_s=max(slack(one.metric.step_s) for one in looked),
        until=until,
        judged={series for one in looked for series in one.series},
    )
    for step in steps:
        alert = _keep(tx, step, ids)
        transitions.add(tx, alert.id, step.change, at=step.at, recorded_at=now, detail=step.detail)
    return len(ids)


def _keep(tx: Connection, step: Step, ids: dict[int, int]) -> Alert:
    """Store the alert as the step leaves it; `ids` maps the fold's own numbers of new alerts to the ledger's."""
    if step.alert.id < 0 and step.alert.id not in ids:
        kept = alerts.insert(tx, msgspec.structs.replace(step.alert, knowledge=feedback.last_id(tx)))
        ids[step.alert.id] = kept.id
        return kept
    kept = msgspec.structs.replace(step.alert, id=ids.get(step.alert.id, step.alert.id))
    if kept.id != step.alert.id:  # it opened in this very fold
        kept = msgspec.structs.replace(kept, knowledge=alerts.get(tx, kept.id).knowledge)
    alerts.save(tx, kept)
    return kept
