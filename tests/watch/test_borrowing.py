"""A new series of a metric borrows of those before it: lent once, kept in the ledger, and the same a year later."""

from __future__ import annotations

from pathlib import Path

import msgspec
import numpy as np

from watchkeeper.detect import Phase
from watchkeeper.domain.metric import Kind, Metric, Source
from watchkeeper.domain.times import DAY, HOUR, parse_instant
from watchkeeper.stores.history import History
from watchkeeper.stores.ledger import Ledger, alerts, borrowed, metrics, series
from watchkeeper.watch.borrowing import lent_to
from watchkeeper.watch.judgements import Judgements
from watchkeeper.watch.ticks import Ticks

START = parse_instant("2026-03-16")
ORDERS = Metric(
    name="orders",
    source="shop",
    query="",
    step="1h",
    settle="0s",
    since="2026-03-16",
    kind=Kind.COUNT,
    dimensions=("place",),
    false_alerts_per_month=4,
)
OLD, NEW_ON = 8, 30
"""Places that were there from the beginning, and the day on which another comes."""


def values(rng: np.random.Generator, level: float, first: int, end: int) -> np.ndarray:
    hour = np.arange(first, end)
    season = (1.3 + np.sin(2 * np.pi * (hour % 24 - 6) / 24)) * np.where(hour // 24 % 7 >= 5, 0.4, 1.0)
    return rng.poisson(level * season).astype(float)


def test_a_new_place_is_watched_from_its_second_day_and_a_new_process_says_the_same(tmp_path: Path) -> None:
    rng = np.random.default_rng(5)
    ledger, history = Ledger.open(f"sqlite:///{tmp_path / 'ledger.db'}"), History.open(tmp_path / "history.duckdb")
    with ledger, history:
        with ledger.write() as tx:
            metrics.put_source(tx, Source(name="shop", url="sqlite:///shop.db"))
            metrics.put_metric(tx, ORDERS)
            old = [one.id for one in series.intern(tx, "orders", [(f"place {k}",) for k in range(OLD)])]
        ticks = Ticks(ledger, history, Judgements(ledger, history))

        def come(one: int, level: float, first: int, end: int, drop: slice = slice(0, 0)) -> None:
            value = values(rng, level, first, end)
            value[drop] = 0.0
            history.append(
                np.full(end - first, one), START + HOUR * np.arange(first, end), value, known_at=START + HOUR * end
            )

        def tick(hour: int) -> None:
            ticks.advance(START + HOUR * hour, lambda step: None)

        opens = NEW_ON * 24
        for one in old:
            come(one, 100.0 + 30.0 * one, 0, opens)
        tick(opens)
        with ledger.write() as tx:
            assert lent_to(tx, old) == {}
            new = series.intern(tx, "orders", [("a new place",)])[0].id
        # It comes with a day; on its second day at noon nobody buys for three hours.
        for one in old:
            come(one, 100.0 + 30.0 * one, opens, opens + 48)
        come(new, 250.0, opens, opens + 48, slice(24 + 11, 24 + 14))
        tick(opens + 30)
        with ledger.read() as tx:
            lent = lent_to(tx, [*old, new])
            record = borrowed.of(tx, [new])[new]
        assert list(lent) == [new]
        assert lent[new].lenders == OLD
        tick(opens + 48)
        with ledger.read() as tx:
            newest = alerts.listed(tx, start=START + HOUR * opens)
            told = [member.series for one in newest for member in one.members]
        assert new in told

        whole = Judgements(ledger, history).of(ORDERS)
        at = whole.columns.of(whole.place(new))
        assert (whole.judged.phase[at][:24] == Phase.LEARNING).all()
        ticks.keep_all()
        # Another process: what was lent stays as it was, though the others have learned more since.
        again = Ticks(ledger, history, Judgements(ledger, history))
        for one in (*old, new):
            come(one, 200.0, opens + 48, opens + 72)
        again.advance(START + HOUR * (opens + 72), lambda step: None)
        with ledger.read() as tx:
            assert borrowed.of(tx, [*old, new]) == {new: record}
        replayed = Judgements(ledger, history).of(ORDERS)
        same = replayed.columns.of(replayed.place(new))
        np.testing.assert_array_equal(replayed.judged.score[same][:48], whole.judged.score[at][:48])
        # Settings that make it another kind of metric leave what was borrowed aside.
        tried = Judgements(ledger, history).under(msgspec.structs.replace(ORDERS, kind=Kind.SUM), [])
        assert tried.settings.borrowed is None


def test_a_metric_whose_series_all_are_new_borrows_nothing(tmp_path: Path) -> None:
    ledger, history = Ledger.open(f"sqlite:///{tmp_path / 'ledger.db'}"), History.open(tmp_path / "history.duckdb")
    rng = np.random.default_rng(6)
    with ledger, history:
        with ledger.write() as tx:
            metrics.put_source(tx, Source(name="shop", url="sqlite:///shop.db"))
            metrics.put_metric(tx, ORDERS)
            ids = [one.id for one in series.intern(tx, "orders", [("a",), ("b",)])]
        ticks = Ticks(ledger, history, Judgements(ledger, history))
        for days in (3, 5):
            for one in ids[: 1 if days == 3 else 2]:
                time = START + HOUR * np.arange(24 * days)
                history.append(np.full(len(time), one), time, values(rng, 90.0, 0, len(time)), known_at=START + 9 * DAY)
            ticks.advance(START + days * DAY, lambda step: None)
        with ledger.read() as tx:
            assert lent_to(tx, ids) == {}
