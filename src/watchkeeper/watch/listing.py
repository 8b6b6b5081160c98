"""What programs read: lists that go on from where the last page ended, and the numbers behind the charts."""

from __future__ import annotations

from watchkeeper.domain.config import Channel
from watchkeeper.domain.errors import NotFoundError
from watchkeeper.domain.feedback import Feedback
from watchkeeper.domain.metric import Metric, Series, Source
from watchkeeper.stores.ledger import Ledger, feedback, metrics, series
from watchkeeper.watch.charts import chart
from watchkeeper.watch.judgements import Judgements
from watchkeeper.watch.look import Look
from watchkeeper.watch.views import AlertLine, MetricLine, SeriesChart, Wanted


class Listing:
    """Read-only questions over ledger and judgements. Methods may be called from any thread."""

    def __init__(self, ledger: Ledger, judgements: Judgements, look: Look) -> None:
        self._ledger = ledger
        self._judgements = judgements
        self._look = look

    def alerts(self, limit: int, wanted: Wanted, *, before: tuple[int, int] | None = None) -> list[AlertLine]:
        """The newest alerts by start, then id; `before` is the (start, id) of the last one seen.

        NotFoundError for a metric that is not there.
        """
        self._check(wanted)
        return self._look.newest(limit, before, wanted)

    def severest(self, limit: int, wanted: Wanted, *, skipped: int = 0) -> tuple[list[AlertLine], int]:
        """The most severe alerts behind the first `skipped`, and how many there are in all; as `alerts` otherwise."""
        self._check(wanted)
        return self._look.severest(limit, skipped, wanted)

    def metrics(self, limit: int, after: str = "") -> list[MetricLine]:
        """Metrics behind the one named `after`, by name, each with its record."""
        with self._ledger.read() as tx:
            known = sorted(metrics.metrics(tx), key=lambda one: one.name)
        chosen = [one for one in known if one.name > after][:limit]
        return [self._look.metric_line(one) for one in chosen]

    def metric(self, name: str) -> MetricLine:
        """One metric with its record; NotFoundError."""
        with self._ledger.read() as tx:
            found = metrics.metric(tx, name)
        return self._look.metric_line(found)

    def feedback(self, limit: int, before: int | None = None) -> list[tuple[Feedback, bool]]:
        """The newest lines of the log (of those with ids below `before`), each with whether it is in force."""
        with self._ledger.read() as tx:
            return feedback.newest(tx, limit, before=before)

    def series(self, metric: str) -> list[Series]:
        """The series of a metric; NotFoundError."""
        with self._ledger.read() as tx:
            metrics.metric(tx, metric)
            return series.of_metric(tx, metric)

    def series_page(self, metric: str, limit: int, after: int = 0) -> tuple[Metric, list[Series]]:
        """The metric, and its series behind the one with the id `after`, by id; NotFoundError."""
        with self._ledger.read() as tx:
            return metrics.metric(tx, metric), series.of_metric(tx, metric, limit=limit, after=after)

    def one_series(self, series_id: int) -> tuple[Series, Metric]:
        """A series and its metric; NotFoundError."""
        with self._ledger.read() as tx:
            found = series.by_id(tx, [series_id])
            if not found:
                raise NotFoundError(f"no series {series_id}: each metric lists its series")
            return found[0], metrics.record(tx, found[0].metric)

    def points(self, series_id: int, start: int | None, end: int | None, limit: int) -> tuple[SeriesChart, int | None]:
        """At most `limit` judged points of a series in `[start, end)` (seconds UTC), the oldest first.

        The second is the time of the point that would come next; None at the end. NotFoundError.
        """
        _, metric = self.one_series(series_id)
        found = chart(self._judgements.of(metric), series_id, start, end, limit=limit + 1)
        if len(found.time) <= limit:
            return found, None
        return found.between(found.time[0], found.time[limit]), found.time[limit]

    def _check(self, wanted: Wanted) -> None:
        if wanted.metric:
            with self._ledger.read() as tx:
                metrics.metric(tx, wanted.metric)

    def sources(self) -> list[Source]:
        """Every source, by name."""
        with self._ledger.read() as tx:
            return metrics.sources(tx)

    def channels(self) -> list[Channel]:
        """Every channel, by name."""
        with self._ledger.read() as tx:
            return metrics.channels(tx)
