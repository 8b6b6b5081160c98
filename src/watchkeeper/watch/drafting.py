"""A metric before it exists: what could be chosen for it, what it would show, what it would have said."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from threading import RLock

import numpy as np
import pyarrow as pa

from watchkeeper.domain.errors import ConfigError, InputError, NotFoundError
from watchkeeper.domain.metric import Metric, Series, Source
from watchkeeper.domain.points import PointColumns
from watchkeeper.domain.times import DAY, floor_to_step
from watchkeeper.notify.message import count_alerts
from watchkeeper.sources import catalogue
from watchkeeper.sources.points import CASES
from watchkeeper.sources.readers import reader_of
from watchkeeper.stores.ledger import Ledger, audit, metrics
from watchkeeper.watch import power_file, power_words
from watchkeeper.watch.charts import chart
from watchkeeper.watch.collect import BACKFILL_S
from watchkeeper.watch.judge import judge
from watchkeeper.watch.settling import cautious
from watchkeeper.watch.trials import Drafted, Held
from watchkeeper.watch.tuning import told_alerts

MOST_SERIES = 200
"""A draft of more series is refused: one metric of so many is a mistake, or wants a file."""
KEPT, KEPT_S = 8, 300
"""So many drafts are kept for so long, for the pictures and the plot of one page."""
SHOWN = 4
"""Charts of so many series are drawn, the largest ones."""


class Drafting:
    """Choosing, trying and switching on a new metric. Methods may be called from any thread."""

    def __init__(self, ledger: Ledger, writing: RLock, clock: Callable[[], float]) -> None:
        self._ledger = ledger
        self._writing = writing
        self._clock = clock
        self._tried: dict[Metric, tuple[float, Drafted]] = {}

    def sources(self) -> tuple[Source, ...]:
        """The sources that a metric can be made from."""
        with self._ledger.read() as tx:
            return tuple(metrics.sources(tx))

    def tables(self, source: str) -> tuple[str, ...]:
        """The tables of a source; NotFoundError, SourceError."""
        return catalogue.tables(self._source(source))

    def columns(self, source: str, table: str) -> tuple[Held, ...]:
        """The columns of a table and what they are good for; NotFoundError, SourceError."""
        found = catalogue.columns(self._source(source), table)
        return tuple(Held(name=one.name, holds=one.holds.value, type=one.type) for one in found)

    def attempt(self, metric: Metric) -> Drafted:
        """Read the metric's past from its source and judge it; nothing is kept.

        Raises SourceError as the database says it, ConfigError where the metric makes no sense, InputError where there
        is nothing to read or far too much.
        """
        now = int(self._clock())
        tried = self._tried.get(metric)
        if tried is not None and now - tried[0] < KEPT_S:
            return tried[1]
        found = self._read(metric, now)
        self._tried = {**dict(list(self._tried.items())[-KEPT:]), metric: (now, found)}
        return found

    def _read(self, metric: Metric, now: int) -> Drafted:
        source = self._source(metric.source)
        end = floor_to_step(now - cautious(metric).settle_s, metric.step_s, metric.timezone)
        if metric.until_s is not None:
            end = min(end, floor_to_step(metric.until_s, metric.step_s, metric.timezone))
        start = metric.since_s if metric.since_s is not None else end - BACKFILL_S
        start = floor_to_step(start, metric.step_s, metric.timezone)
        if start >= end:
            raise InputError(f"metric {metric.name}: there is no whole period between since and until; widen them")
        reader = reader_of(source)
        try:
            batches = list(reader.pull(metric, start, end))
            withheld = reader.withheld.rows
        finally:
            reader.close()
        if not batches or not sum(batch.num_rows for batch in batches):
            raise InputError(
                f"metric {metric.name}: the source has no rows between {_day(start)} and {_day(end)}; if its data is "
                "older, say since when and until when"
            )
        series, columns = _columns(metric, batches, now)
        judgement = judge(metric, series, columns, [], end)
        told = told_alerts(judgement, int(judgement.columns.time.max()) + metric.step_s - 60 * DAY)
        sizes = np.array([np.nansum(np.abs(columns.value[columns.of(place)])) for place in range(len(series))])
        shown = [series[place] for place in np.argsort(-sizes, kind="stable")[:SHOWN]]
        return Drafted(
            metric=metric,
            points=len(columns.time),
            series=len(series),
            withheld=withheld,
            charts=tuple(chart(judgement, one.id) for one in shown),
            told=told,
            sentence=_sentence(len(series), len(columns.time), len(told)),
        )

    def power(self, metric: Metric) -> tuple[str, ...]:
        """What could be seen of the draft's largest series, in sentences, and whether a simple rule would do."""
        drafted = self.attempt(metric)
        shown = drafted.charts[0]
        columns = PointColumns(
            series=(shown.series.id,),
            start=np.array([0, len(shown.time)]),
            time=np.array(shown.time, np.int64),
            value=np.array([np.nan if value is None else value for value in shown.value]),
            known_at=np.zeros(len(shown.time), np.int64),
            cases=np.array([np.nan if one is None else one for one in shown.cases]) if shown.cases else None,
        )
        found = power_file.metric_power(metric, columns, shown.series.id)
        return tuple(power_words.sentences(found, metric.unit))

    def create(self, metric: Metric, by: str) -> None:
        """Switch it on: the next run reads its past. ConfigError where the name is taken."""
        self._source(metric.source)
        with self._writing, self._ledger.write() as tx:
            with contextlib.suppress(NotFoundError):
                metrics.metric(tx, metric.name)
                raise ConfigError(f"metric {metric.name}: there is one of that name; choose another name")
            metrics.put_metric(tx, metric)
            audit.add(tx, by, int(self._clock()), "new metric", f"metric {metric.name}")

    def _source(self, name: str) -> Source:
        for source in self.sources():
            if source.name == name:
                return source
        raise NotFoundError(f"no source {name!r}: `watchkeeper apply` makes sources from a configuration file")


def _columns(metric: Metric, batches: list[pa.RecordBatch], now: int) -> tuple[tuple[Series, ...], PointColumns]:
    table = pa.Table.from_batches(batches)
    keys = list(zip(*(table[name].to_pylist() for name in metric.dimensions), strict=True))
    keys = keys or [()] * table.num_rows
    numbers = {key: place for place, key in enumerate(sorted(set(keys)))}
    if len(numbers) > MOST_SERIES:
        raise InputError(
            f"metric {metric.name}: {', '.join(metric.dimensions)} cut it into {len(numbers):,} series, more than "
            f"{MOST_SERIES}; choose fewer or coarser dimensions"
        )
    code = np.array([numbers[key] for key in keys], np.int64)
    time = np.asarray(table["time"], dtype=np.int64)
    order = np.lexsort((time, code))
    series = tuple(
        Series(id=place + 1, metric=metric.name, values=tuple(str(value) for value in key))
        for key, place in numbers.items()
    )
    return series, PointColumns(
        series=tuple(one.id for one in series),
        start=np.searchsorted(code[order], np.arange(len(series) + 1)).astype(np.int64),
        time=time[order],
        value=table["value"].to_numpy().astype(np.float64)[order],
        known_at=np.full(len(time), now, np.int64),
        cases=table[CASES].to_numpy().astype(np.float64)[order] if CASES in table.column_names else None,
    )


def _day(seconds: int) -> str:
    return str(np.datetime64(seconds, "s").astype("datetime64[D]"))


def _sentence(series: int, points: int, told: int) -> str:
    what = "1 series" if series == 1 else f"{series:,} series"
    said = count_alerts(told)
    return f"{what}, {points:,} points; in its newest 60 days it would have told {said}."
