"""From how late a metric's numbers came it is learned, once a day, how long to wait for them (where the metric gives no
settling time), and how far back to read them again.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence

import msgspec
from sqlalchemy import Connection

from watchkeeper.domain.metric import Metric, SourceKind
from watchkeeper.domain.times import DAY
from watchkeeper.learn.settle import LEAST_OVERLAP, overlap_of, settle_of
from watchkeeper.stores.history import History
from watchkeeper.stores.ledger import Ledger, metrics, series, settings

SECTION = "settle"
"""Where the ledger keeps what was learned: seconds by metric."""
OVERLAP = "overlap"
"""The same of the periods that are read again, by metric; those that need no more than the least are left out."""
LOOK_BACK_STEPS = 1000
AT_ONCE = 20
"""So many metrics a run, so that no run waits for this."""
MOST_SERIES = 20
"""Of a metric with more series the first are looked at: its rows come together."""


class Settling:
    """Learns settling times and overlaps. Methods may be called from any thread."""

    def __init__(self, ledger: Ledger, history: History, is_mine: Callable[[str], bool]) -> None:
        self._ledger = ledger
        self._history = history
        self._is_mine = is_mine
        self._learned_on: dict[str, int] = {}
        self._done_on: int | None = None

    def learn(self, now: int) -> dict[str, int]:
        """Learn of a few metrics, each once a day (UTC); the settling times of those of which it changed."""
        today = now // DAY
        if self._done_on == today:
            return {}
        with self._ledger.read() as tx:
            wanting = [
                one
                for one in metrics.metrics(tx)
                if self._learned_on.get(one.name) != today and self._is_mine(one.family)
            ]
            now_due = wanting[:AT_ONCE]
            members = {one.name: series.of_metric(tx, one.name) for one in now_due}
            pushed = {one.name for one in metrics.sources(tx) if one.kind is SourceKind.PUSH}
            before, reached = known(tx), overlaps(tx)
        if len(wanting) <= AT_ONCE:
            self._done_on = today
        found, reach = {}, {}
        for metric in now_due:
            self._learned_on[metric.name] = today
            ids = [one.id for one in members[metric.name]][:MOST_SERIES]
            columns = self._history.read(ids, start=now - LOOK_BACK_STEPS * metric.step_s)
            read = (columns.start, columns.time, columns.known_at, metric.step_s)
            waited = 0 if metric.source in pushed else metric.settle_s or before.get(metric.name, 0)
            learned = None if metric.settle else settle_of(*read, waited_s=waited)
            if learned is not None and learned != before.get(metric.name, 0):
                found[metric.name] = learned
            so_far = reached.get(metric.name, LEAST_OVERLAP)
            overlap = None if metric.source in pushed else overlap_of(*read, waited_s=waited, reached=so_far)
            if overlap is not None and overlap != so_far:
                reach[metric.name] = overlap
        if found or reach:
            with self._ledger.write() as tx:
                settings.put(tx, SECTION, json.dumps(known(tx) | found))
                kept = {name: steps for name, steps in (overlaps(tx) | reach).items() if steps > LEAST_OVERLAP}
                settings.put(tx, OVERLAP, json.dumps(kept))
        return found


def known(tx: Connection) -> dict[str, int]:
    """The learned settling times in seconds, by metric."""
    learned: dict[str, int] = json.loads(settings.get(tx, SECTION) or "{}")
    return learned


def overlaps(tx: Connection) -> dict[str, int]:
    """How many periods are read again, of the metrics that learned to need more than `LEAST_OVERLAP`."""
    learned: dict[str, int] = json.loads(settings.get(tx, OVERLAP) or "{}")
    return learned


def settled(tx: Connection, chosen: Sequence[Metric]) -> list[Metric]:
    """The metrics, those that give no settling time with the learned one."""
    learned = {name: f"{seconds}s" for name, seconds in known(tx).items() if seconds}
    return [
        msgspec.structs.replace(one, settle=learned[one.name]) if not one.settle and one.name in learned else one
        for one in chosen
    ]
