"""How the service itself is doing, in numbers for Prometheus: points, alerts, messages, ticks, delays."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from watchkeeper.stores.ledger import Ledger, alerts, metrics, watermarks

READY_WITHIN_S = 900
"""A service whose last tick ended longer ago than this does not keep up."""
_TICK_SECONDS = (0.1, 0.3, 1, 3, 10, 30, 100, 300)


class Vitals:
    """Counters since the start and gauges of the moment, in a registry of their own."""

    def __init__(self, ledger: Ledger, clock: Callable[[], float]) -> None:
        self._ledger = ledger
        self._clock = clock
        self._ended: float | None = None
        self._all = CollectorRegistry()
        self._points = Counter("watchkeeper_points", "Points new or different.", registry=self._all)
        self._opened = Counter("watchkeeper_alerts_opened", "Alerts opened.", registry=self._all)
        self._sent = Counter("watchkeeper_messages_sent", "Messages that reached a channel.", registry=self._all)
        self._troubles = Counter("watchkeeper_troubles", "Sources and channels that failed.", registry=self._all)
        self._withheld = Counter(
            "watchkeeper_rows_withheld",
            "Rows withheld because their group was too small.",
            labelnames=["metric"],
            registry=self._all,
        )
        self._ticks = Histogram(
            "watchkeeper_tick_seconds",
            "How long reading, judging and telling took.",
            buckets=_TICK_SECONDS,
            registry=self._all,
        )
        self._last = Gauge("watchkeeper_last_tick_timestamp_seconds", "When it last ended.", registry=self._all)
        self._all.register(_OfTheMoment(ledger, clock))

    def ticked(self, *, points: int, opened: int, sent: int, troubles: int, lasting_s: float) -> None:
        """Count what a tick did."""
        self._points.inc(points)
        self._opened.inc(opened)
        self._sent.inc(sent)
        self._troubles.inc(troubles)
        self._ticks.observe(lasting_s)
        self._ended = self._clock()
        self._last.set(self._ended)

    def withheld(self, metric: str, rows: int) -> None:
        """Count rows of a metric that came and are not shown; called from any thread."""
        self._withheld.labels(metric).inc(rows)

    def text(self) -> bytes:
        """All of it in the text format of Prometheus."""
        return generate_latest(self._all)

    def trouble(self) -> str:
        """Why the service cannot do its work now, in words; empty where it can. Raises StoreError with the ledger."""
        with self._ledger.read() as tx:
            metrics.channels(tx)
        if self._ended is None:
            return "the first tick has not ended"
        since = self._clock() - self._ended
        return f"the last tick ended {since:.0f} s ago" if since > READY_WITHIN_S else ""


class _OfTheMoment(Collector):
    """What is read from the ledger when it is asked for."""

    def __init__(self, ledger: Ledger, clock: Callable[[], float]) -> None:
        self._ledger = ledger
        self._clock = clock

    def describe(self) -> list[Metric]:
        """Nothing, so that registering does not read the ledger."""
        return []

    def collect(self) -> Iterator[Metric]:
        """Open alerts, and how far the judging of each metric is behind."""
        with self._ledger.read() as tx:
            count = len(alerts.open_ones(tx))
            known, judged = metrics.metrics(tx), watermarks.all_of(tx)
        now = self._clock()
        yield GaugeMetricFamily("watchkeeper_alerts_open", "Alerts that are open.", value=count)
        delay = GaugeMetricFamily(
            "watchkeeper_delay_seconds", "How long ago the newest judged period ended.", labels=["metric"]
        )
        for one in known:
            if one.name in judged:
                delay.add_metric([one.name], now - judged[one.name])
        yield delay
