"""The settling time of metrics that give none is learned from how late their numbers came, once a day."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence

import msgspec
from sqlalchemy import Connection

from watchkeeper.domain.metric import Metric, SourceKind
from watchkeeper.domain.times import DAY
from watchkeeper.learn.settle import settle_of
from watchkeeper.stores.history import History
from watchkeeper.stores.ledger import Ledger, metrics, series, settings

SECTION = "settle"
"""Where the ledger keeps what was learned: seconds by metric."""
LOOK_BACK_STEPS = 1000
AT_ONCE = 20
"""So many metrics a run, so that no run waits for this."""
MOST_SERIES = 20
"""Of a metric with more series the first are looked at: its rows come together."""


class Settling:
    """Learns settling times. Methods may be called from any thread."""

    def __init__(self, ledger: Ledger, history: History, is_mine: Callable[[str], bool]) -> None:
        self._ledger = ledger
        self._history = history
        self._is_mine = is_mine
        self._learned_on: dict[str, int] = {}
        self._done_on: int | None = None

    def learn(self, now: int) -> dict[str, int]:
        """Learn of a few metrics, each once a day (UTC); what is known now, by metric, of those that changed."""
        today = now // DAY
        if self._done_on == today:
            return {}
        with self._ledger.read() as tx:
            wanting = [
                one
                for one in metrics.metrics(tx)
                if not one.settle and self._learned_on.get(one.name) != today and self._is_mine(one.family)
            ]
            now_due = wanting[:AT_ONCE]
            members = {one.name: series.of_metric(tx, one.name) for one in now_due}
            pushed = {one.name for one in metrics.sources(tx) if one.kind is SourceKind.PUSH}
            before = known(tx)
        if len(wanting) <= AT_ONCE:
            self._done_on = today
        found = {}
        for metric in now_due:
            self._learned_on[metric.name] = today
            ids = [one.id for one in members[metric.name]][:MOST_SERIES]
            columns = self._history.read(ids, start=now - LOOK_BACK_STEPS * metric.step_s)
            waited = 0 if metric.source in pushed else before.get(metric.name, 0)
            learned = settle_of(columns.start, columns.time, columns.known_at, metric.step_s, waited_s=waited)
            if learned is not None and learned != before.get(metric.name, 0):
                found[metric.name] = learned
        if found:
            with self._ledger.write() as tx:
                settings.put(tx, SECTION, json.dumps(known(tx) | found))
        return found


def known(tx: Connection) -> dict[str, int]:
    """The learned settling times in seconds, by metric."""
    learned: dict[str, int] = json.loads(settings.get(tx, SECTION) or "{}")
    return learned


def settled(tx: Connection, chosen: Sequence[Metric]) -> list[Metric]:
    """The metrics, those that give no settling time with the learned one."""
    learned = {name: f"{seconds}s" for name, seconds in known(tx).items() if seconds}
    return [
        msgspec.structs.replace(one, settle=learned[one.name]) if not one.settle and one.name in learned else one
        for one in chosen
    ]
