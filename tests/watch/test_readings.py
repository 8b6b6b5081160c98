"""A source that hangs holds up its own metrics and nobody else."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest

from tests.watch import shop
from watchkeeper.domain.config import parse_config
from watchkeeper.domain.errors import ConfigError
from watchkeeper.domain.feedback import Answer
from watchkeeper.domain.metric import Metric, Source
from watchkeeper.sources import readers
from watchkeeper.sources.sql import SqlSource
from watchkeeper.stores.ledger import Ledger, watermarks
from watchkeeper.watch.service import Watchkeeper
from watchkeeper.watch.views import Draft

SLOW = """  slow: {{url: 'duckdb:///:memory:'}}
metrics:
  slow: {{source: slow, step: 1h, settle: 0s, query: 'select 1 as time, 2 as value where :start_s < :end_s'}}
"""
TWO = shop.CONFIG.replace("metrics:\n", SLOW)


class Hanging(SqlSource):
    """A source that answers when it is let go."""

    def __init__(self, source: Source, begun: threading.Event, let_go: threading.Event) -> None:
        super().__init__(source)
        self._begun, self._let_go = begun, let_go

    def pull(self, metric: Metric, start: int, end: int) -> Iterator[pa.RecordBatch]:
        self._begun.set()
        assert self._let_go.wait(30)
        yield pa.RecordBatch.from_pydict({"time": pa.array([end - metric.step_s]), "value": pa.array([1.0])})


@pytest.fixture
def let_go(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[threading.Event, threading.Event]]:
    """When the source `slow` is being read, and a way to let it answer."""
    begun, let_go = threading.Event(), threading.Event()
    real = readers.reader_of

    def reader_of(source: Source, *, holds: bool = False) -> readers.Reader:
        return Hanging(source, begun, let_go) if source.name == "slow" else real(source, holds=holds)

    monkeypatch.setattr("watchkeeper.watch.readings.reader_of", reader_of)
    yield begun, let_go
    let_go.set()


def judged_until(home: Path, metric: str) -> int | None:
    with Ledger.open(f"sqlite:///{home / 'watchkeeper' / 'ledger.db'}") as ledger, ledger.read() as tx:
        return watermarks.get(tx, metric)


def test_a_hanging_source_holds_up_neither_other_metrics_nor_answers(
    home: Path, let_go: tuple[threading.Event, threading.Event]
) -> None:
    begun, go = let_go
    with Watchkeeper.open(home / "watchkeeper", clock=lambda: shop.END) as service:
        service.apply(parse_config(TWO.format(shop=home / "shop.db", told=home / "told.txt")), "tester")
        done = service.run_until(shop.END, patience_s=5)
        assert begun.is_set()
        assert done.troubles == ("source slow: it is still being read; its metrics wait",)
        assert done.opened > 0, "the shop was read and judged"
        assert judged_until(home, "slow") is None, "what is not read yet is not judged as missing"
        alert = service.inbox(show="all").lines[0].alert
        assert service.answer(Draft(answer=Answer.REAL, by="ann", alert=alert.id)).sentence
        go.set()
        assert service.run_until(shop.END).points > 0
        assert judged_until(home, "slow") == shop.END


def test_a_long_window_with_too_many_rows_is_read_in_parts(home: Path) -> None:
    small = shop.CONFIG.replace('{{url: "sqlite:///{shop}"}}', '{{url: "sqlite:///{shop}", max_rows: 48}}')
    with Watchkeeper.open(home / "watchkeeper", clock=lambda: shop.END) as service:
        service.apply(parse_config(small.format(shop=home / "shop.db", told=home / "told.txt")), "tester")
        done = service.run_until(shop.END)
        assert done.troubles == ()
        assert done.points == shop.WEEKS * 7 * 24 * len(shop.COUNTRIES)


def test_a_single_period_with_too_many_rows_is_an_error(home: Path) -> None:
    tiny = shop.CONFIG.replace('{{url: "sqlite:///{shop}"}}', '{{url: "sqlite:///{shop}", max_rows: 1}}')
    with Watchkeeper.open(home / "watchkeeper", clock=lambda: shop.END) as service:
        service.apply(parse_config(tiny.format(shop=home / "shop.db", told=home / "told.txt")), "tester")
        (trouble,) = service.run_until(shop.END).troubles
        assert "more than 1 rows, the source's max_rows" in trouble


def test_a_query_that_asks_for_no_window_is_refused_when_it_is_applied(home: Path) -> None:
    with Watchkeeper.open(home / "watchkeeper") as service:
        wrong = shop.CONFIG.replace(":start_s", "0").format(shop=home / "shop.db", told=home / "told.txt")
        with pytest.raises(ConfigError, match=r"metrics.orders: query: it uses :end_s"):
            service.apply(parse_config(wrong), "tester")
        assert service.metrics() == ()


def test_a_table_is_watched_without_writing_a_query(home: Path) -> None:
    with duckdb.connect(str(home / "shop.duckdb")) as base:
        base.execute("create table orders as select timestamp '2026-11-01 00:30:00' + interval 1 hour * i as placed,"
                     " 'DE' as country from range(48) t(i)")  # fmt: skip
    text = f"""
sources: {{shop: {{url: "duckdb:///{home}/shop.duckdb"}}}}
metrics:
  orders: {{source: shop, table: orders, time_column: placed, measure: count, dimensions: [country], kind: count,
           step: 1h, since: 2026-11-01}}
"""
    with Watchkeeper.open(home / "watchkeeper", clock=lambda: shop.END) as service:
        service.apply(parse_config(text), "tester")
        assert service.run_until(1793577600 + 2 * 86400).points == 48
