"""A long window is read in slices as long as the rows in them allow, and every period is read once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from watchkeeper.domain.metric import Metric, Source
from watchkeeper.domain.times import parse_instant, periods
from watchkeeper.sources.points import NONE_WITHHELD, TooManyRowsError, Withheld
from watchkeeper.stores.history import History
from watchkeeper.stores.ledger import Ledger, metrics
from watchkeeper.watch import collect

ORDERS = Metric(name="orders", source="shop", query="", step="1h", timezone="Europe/Berlin", dimensions=("place",))
PLACES = 50


class Shop:
    """A source with fifty places that remembers what it was asked, and refuses more than `most` rows."""

    outside = 0
    withheld = NONE_WITHHELD

    def __init__(self, most: int) -> None:
        self._most = most
        self.asked: list[tuple[int, int]] = []

    def check(self, metric: Metric) -> None:
        """Anything may be asked."""

    def pull(self, metric: Metric, start: int, end: int) -> Iterator[pa.RecordBatch]:
        times = periods(start, end, metric.step_s, metric.timezone).tolist()
        self.asked.append((start, end))
        if len(times) * PLACES > self._most:
            raise TooManyRowsError("too many")
        self.withheld = Withheld(np.zeros(1, np.int64), np.array([start]), (pa.array(["village"]),))
        rows = [(time, 1.0, f"place {place}") for time in times for place in range(PLACES)]
        yield pa.RecordBatch.from_arrays(list(map(pa.array, zip(*rows, strict=True))), ["time", "value", "place"])

    def close(self) -> None:
        """Nothing is open."""


@pytest.fixture
def stores(tmp_path: Path) -> Iterator[tuple[Ledger, History]]:
    with Ledger.open(f"sqlite:///{tmp_path}/ledger.db") as ledger, History.open(tmp_path / "history.duckdb") as history:
        with ledger.write() as tx:
            metrics.put_source(tx, Source(name="shop", url="sqlite:///shop.db"))
            metrics.put_metric(tx, ORDERS)
        yield ledger, history


@pytest.mark.parametrize("step", ["1h", "1d"])
@pytest.mark.parametrize("most", [50, 500, 10_000_000])
def test_every_period_is_read_once(stores: tuple[Ledger, History], step: str, most: int):
    metric, shop = msgspec.structs.replace(ORDERS, step=step), Shop(most)
    start, end = (parse_instant(day, metric.timezone) for day in ("2026-03-20", "2026-04-05"))
    intake = collect.Intake(*stores, now=end)
    withheld = collect.read(shop, metric, start, end, intake)
    intake.flush()
    answered = [(a, b) for a, b in shop.asked if len(periods(a, b, metric.step_s, metric.timezone)) * PLACES <= most]
    assert intake.changed == PLACES * len(periods(start, end, metric.step_s, metric.timezone))
    assert [a for a, _ in answered] == [start, *(b for _, b in answered[:-1])], "one after the other"
    assert answered[-1][1] == end
    assert withheld == (len(answered), answered[-1][0])
    assert len(shop.asked) - len(answered) <= 8, "what fitted once is asked for again"


def test_a_single_period_with_too_many_rows_is_an_error(stores: tuple[Ledger, History]):
    start, end = (parse_instant(day, ORDERS.timezone) for day in ("2026-03-20", "2026-04-05"))
    with pytest.raises(TooManyRowsError):
        collect.read(Shop(PLACES - 1), ORDERS, start, end, collect.Intake(*stores, now=end))


def test_slices_grow_while_there_are_few_rows(stores: tuple[Ledger, History], monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(collect, "SLICE_ROWS", 20_000)
    start, end = (parse_instant(day, ORDERS.timezone) for day in ("2025-11-01", "2026-04-05"))
    shop = Shop(10_000_000)
    collect.read(shop, ORDERS, start, end, collect.Intake(*stores, now=end))
    hours = [len(periods(a, b, ORDERS.step_s, ORDERS.timezone)) for a, b in shop.asked]
    assert hours[0] == collect.FIRST_STEPS
    assert all(abs(one - 20_000 // PLACES) <= 1 for one in hours[1:-1])


@given(st.lists(st.integers(0, 30), max_size=40), st.sampled_from([31, 40, 10**12]))
def test_codes_are_numbered_anew_in_their_order(codes: list[int], kinds: int):
    code = np.array(codes, np.int64)
    place, first = collect._numbered(code, kinds)
    present, where, again = np.unique(code, return_index=True, return_inverse=True)
    assert (place.tolist(), first.tolist()) == (again.tolist(), where.tolist())
    assert code[first].tolist() == present.tolist()
