"""From how late a metric's numbers came it is learned, once a day, how long to wait for them (where the metric gives no
settling time), and how far back to read them again.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence

import msgspec
from sqlalchemy import Connection

from watchkeeper.domain.metric import Metric, SourceKind
from watchkeeper.domain.times import DAY, HOUR
from watchkeeper.learn.settle import LEAST_OVERLAP, overlap_of, settle_of
from watchkeeper.stores.history import History
from watchkeeper.stores.ledger import Ledger, metrics, series, settings

SECTION = "settle"
"""Where the ledger keeps what was learned: seconds by metric."""
OVERLAP = "overlap"
"""The same of the periods that are read again, by metric; those that need no more than the least are left out."""
AT_FIRST_S = HOUR
"""How long a period's rows are waited for at most while nothing is known of them; at most a step, too."""
LOOK_AGAIN_S = HOUR
"""How often a metric is looked at while nothing is known of it."""
LOOK_BACK_STEPS = 1000
RAN = "settle-ran"
"""When the last process ran: where each runs once, that is how often sources are read."""
NOTED_EVERY_S = 10 * 60
"""How often a process that goes on running notes it: how long it ran is not how often it reads."""
LONGEST_PACE_S = 2 * DAY
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
        self._looked_at: dict[str, int] = {}
        self._next = 0
        self._ran_at: int | None = None
        self._noted_at = 0

    def learn(self, now: int) -> dict[str, int]:
        """Learn of a few metrics, each once a day (UTC), and once an hour while nothing is known of it; the settling
        times of those of which it changed. It is called at each run, the first of a process and the next: how long ago
        the last one was is how often sources are read.
        """
        paced = self._pace(now)
        if now < self._next or paced is None:
            return {}
        with self._ledger.read() as tx:
            before, reached = known(tx), overlaps(tx)
            settled_already = {one.name for one in metrics.metrics(tx) if one.settle or one.name in before}
            wanting = [
                one
                for one in metrics.metrics(tx)
                if now >= self._due(one.name, DAY if one.name in settled_already else LOOK_AGAIN_S)
                and self._is_mine(one.family)
            ]
            wanting.sort(key=lambda one: (self._looked_at.get(one.name, 0), one.name in settled_already))
            now_due = wanting[:AT_ONCE]
            members = {one.name: series.of_metric(tx, one.name) for one in now_due}
            pushed = {one.name for one in metrics.sources(tx) if one.kind is SourceKind.PUSH}
        if len(wanting) <= AT_ONCE:
            self._next = now - now % LOOK_AGAIN_S + LOOK_AGAIN_S
        found, reach = {}, {}
        for metric in now_due:
            self._looked_at[metric.name] = now
            ids = [one.id for one in members[metric.name]][:MOST_SERIES]
            columns = self._history.read(ids, start=now - LOOK_BACK_STEPS * metric.step_s)
            read = (columns.start, columns.time, columns.known_at, metric.step_s)
            is_pushed = metric.source in pushed
            waited = 0 if is_pushed else metric.settle_s or before.get(metric.name, 0)
            pace = 0 if is_pushed else paced
            learned = None if metric.settle else settle_of(*read, waited_s=waited, paced_s=pace)
            if learned is not None and learned != before.get(metric.name):
                found[metric.name] = learned
            so_far = reached.get(metric.name, LEAST_OVERLAP)
            overlap = None if is_pushed else overlap_of(*read, waited_s=waited, reached=so_far)
            if overlap is not None and overlap != so_far:
                reach[metric.name] = overlap
        if found or reach:
            with self._ledger.write() as tx:
                settings.put(tx, SECTION, json.dumps(known(tx) | found))
                kept = {name: steps for name, steps in (overlaps(tx) | reach).items() if steps > LEAST_OVERLAP}
                settings.put(tx, OVERLAP, json.dumps(kept))
        return found

    def _pace(self, now: int) -> int | None:
        """How long ago sources were read before; None where nobody knows."""
        last, self._ran_at = self._ran_at, now
        if last is None or now - self._noted_at >= NOTED_EVERY_S:
            with self._ledger.write() as tx:
                last = int(settings.get(tx, RAN) or 0) if last is None else last
                settings.put(tx, RAN, str(now))
            self._noted_at = now
        return now - last if 0 <= now - last <= LONGEST_PACE_S else None

    def _due(self, name: str, every_s: int) -> int:
        """From when on a metric is looked at again."""
        last = self._looked_at.get(name)
        return 0 if last is None else last - last % every_s + every_s


def known(tx: Connection) -> dict[str, int]:
    """The learned settling times in seconds, by metric: 0 of one whose rows are there at once."""
    learned: dict[str, int] = json.loads(settings.get(tx, SECTION) or "{}")
    return learned


def overlaps(tx: Connection) -> dict[str, int]:
    """How many periods are read again, of the metrics that learned to need more than `LEAST_OVERLAP`."""
    learned: dict[str, int] = json.loads(settings.get(tx, OVERLAP) or "{}")
    return learned


def settled(tx: Connection, chosen: Sequence[Metric]) -> list[Metric]:
    """The metrics, those that give no settling time with the learned one: so long after a period it is read."""
    learned = {name: f"{seconds}s" for name, seconds in known(tx).items() if seconds}
    return [
        msgspec.structs.replace(one, settle=learned[one.name]) if not one.settle and one.name in learned else one
        for one in chosen
    ]


def judged_after(tx: Connection, chosen: Sequence[Metric]) -> list[Metric]:
    """The metrics as `settled`, those of which nothing is known yet `cautious`: so long after a period it is judged.

    These are read at once all the same, which tells how late their rows come.
    """
    learned = known(tx)
    return [one if one.name in learned else cautious(one) for one in settled(tx, chosen)]


def cautious(metric: Metric) -> Metric:
    """The metric as it is judged while nothing is known of how late its rows come: its newest period may be there in
    part. A settling time that a person gave stays, and a data set that has ended is whole.
    """
    if metric.settle or metric.until:
        return metric
    return msgspec.structs.replace(metric, settle=f"{min(metric.step_s, AT_FIRST_S)}s")
