"""Samples that programs push are counted once, whichever server they reach and however often they are sent.

Where the instruments stand is kept in the ledger with what they add up to, in one transaction a request; it is accepted
once that is committed. What changed is then settled into the history by whichever server looks first, in a transaction
of the ledger again, so that an older sum never follows a newer one.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence

import msgspec
import numpy as np
from sqlalchemy import Connection

from watchkeeper.domain.errors import NotFoundError
from watchkeeper.domain.metric import Metric
from watchkeeper.sources.samples import Key, Sample, Standing, fold, lacking, place
from watchkeeper.stores.history import History
from watchkeeper.stores.ledger import Ledger, series, standings

_RECORD = msgspec.json.Decoder(Standing)

Known = dict[str, dict[tuple[Key, int], float]]


class Instruments:
    """Folds samples into points. `before_reading` brings into the history what else was pushed; `on_change` is called
    with the names of metrics whose points changed. Methods may be called from any thread.
    """

    def __init__(
        self,
        ledger: Ledger,
        history: History,
        clock: Callable[[], float],
        before_reading: Callable[[], None],
        on_change: Callable[[str], None],
        *,
        most_series: int,
    ) -> None:
        self._ledger = ledger
        self._history = history
        self._clock = clock
        self._before_reading = before_reading
        self._on_change = on_change
        self._most_series = most_series
        self._ids: dict[str, dict[Key, int]] = defaultdict(dict)

    def forget(self) -> None:
        """The configuration changed: ask the ledger again."""
        self._ids = defaultdict(dict)

    def take(self, samples: Sequence[tuple[Metric, Sequence[Sample]]]) -> dict[str, int]:
        """Count the samples of each metric; returns how many were rejected, by reason. All of them or none are durable
        when this returns; StoreError where they cannot be.
        """
        known: Known = defaultdict(dict)
        placed = {metric.name: place(metric, some) for metric, some in samples}
        while True:
            asked: dict[str, set[tuple[Key, int]]] = {}
            rejected: dict[str, int] = {}
            with self._ledger.write() as tx:
                wanted = {name: {one.key for one in some} for name, some in placed.items()}
                there = {
                    name: {key: _RECORD.decode(record) for key, record in records.items()}
                    for name, records in standings.of(tx, wanted).items()
                }
                for name, some in placed.items():
                    unknown = lacking(some, there[name]) - known[name].keys()
                    if unknown:
                        asked[name] = unknown
                if not asked:
                    encoded = {}
                    for name, some in placed.items():
                        folded = fold(some, there[name], known[name], int(self._clock()))
                        is_grown = len(there[name]) < len(wanted[name])
                        room = self._most_series - standings.count(tx, name) if is_grown else 0
                        changed, refused = self._fitting(folded.changed, there[name], room)
                        rejected |= {f"{name}: {why}": count for why, count in folded.rejected.items()}
                        if refused:
                            why = f"would be one series more than {self._most_series:,}; leave a dimension out"
                            rejected[f"{name}: {why}"] = sum(one.key in refused for one in some)
                        encoded[name] = {key: (_encoded(one), one.is_new) for key, one in changed.items()}
                    standings.put(tx, encoded)
                    return rejected
            # Outside of the transaction: reading the history may take a while, and others write meanwhile.
            self._before_reading()
            for name, points in asked.items():
                known[name] |= self._so_far(name, points)

    def settle(self) -> int:
        """Bring into the history what it lacks; returns how many points were new or different."""
        with self._ledger.read() as tx:
            if not standings.are_unsettled(tx):
                return 0
        with self._ledger.write() as tx:
            found = standings.unsettled(tx)
            made: dict[str, dict[Key, int]] = {}
            settled: dict[str, dict[Key, tuple[str, bool]]] = defaultdict(dict)
            changed = 0
            by_moment: dict[int, list[tuple[int, int, float]]] = defaultdict(list)
            for name, records in found.items():
                ids = made[name] = self._interned(tx, name, records)
                for key, record in records.items():
                    standing = _RECORD.decode(record)
                    for period, one in standing.sums.items():
                        if one.is_new and ids:
                            value = np.nan if one.value is None else one.value
                            by_moment[one.changed_at].append((ids[key], period, value))
                        one.is_new = False
                    settled[name][key] = (_encoded(standing), False)
            standings.put(tx, settled)
            for known_at, points in sorted(by_moment.items()):
                ids_of_points, periods, values = zip(*points, strict=True)
                changed += self._history.append(
                    np.array(ids_of_points, np.int32), np.array(periods, np.int64), np.array(values), known_at=known_at
                )
        for name, ids in made.items():
            self._ids[name] |= ids  # only now: ids of a transaction that was undone are nobody's
            self._on_change(name)
        return changed

    def _interned(self, tx: Connection, name: str, keys: Iterable[Key]) -> dict[Key, int]:
        """The ids of the metric's series, made where they are new; none where the metric is gone, and nobody asks."""
        known = self._ids[name]
        wanted = list(keys)
        fresh = [key for key in wanted if key not in known]
        try:
            made = {one.values: one.id for one in series.intern(tx, name, fresh)} if fresh else {}
        except NotFoundError:
            return {}
        return {key: known[key] if key in known else made[key] for key in wanted}

    def _fitting(
        self, changed: Mapping[Key, Standing], there: Mapping[Key, Standing], room: int
    ) -> tuple[dict[Key, Standing], set[Key]]:
        """What may be kept: standings that were there, and new ones as long as there is room; and the others' keys."""
        fresh = [key for key in changed if key not in there]
        refused = set(fresh[max(room, 0) :])
        return {key: one for key, one in changed.items() if key not in refused}, refused

    def _so_far(self, name: str, points: Iterable[tuple[Key, int]]) -> dict[tuple[Key, int], float]:
        """The value of points as the history knows it; NaN where there is none."""
        wanted = dict.fromkeys(points, float("nan"))
        of = self._ids[name]
        if any(key not in of for key, _ in wanted):
            with self._ledger.read() as tx:
                of |= {key: number for (_, key), number in series.ids_of(tx, [name]).items()}
        read = sorted({key for key, _ in wanted if key in of})
        if read:
            periods = [period for key, period in wanted if key in of]
            columns = self._history.read([of[key] for key in read], start=min(periods), end=max(periods) + 1)
            places = np.repeat(np.arange(len(read)), np.diff(columns.start)).tolist()
            for place, time, value in zip(places, columns.time.tolist(), columns.shown.tolist(), strict=True):
                if (read[place], time) in wanted:
                    wanted[read[place], time] = value
        return wanted


def _encoded(standing: Standing) -> str:
    return msgspec.json.encode(standing).decode()
