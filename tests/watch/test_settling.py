"""A metric that gives no settling time learns it from how late its numbers came."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.watch import shop
from watchkeeper.domain.config import parse_config
from watchkeeper.domain.metric import Metric
from watchkeeper.domain.times import HOUR
from watchkeeper.learn.settle import settle_of
from watchkeeper.stores.ledger import metrics, series
from watchkeeper.watch.service import Watchkeeper
from watchkeeper.watch.settling import settled

RNG = np.random.default_rng(3)


def learned(age: np.ndarray, step_s: int = HOUR) -> int | None:
    """Of one series whose values came so long after the ends of their periods."""
    time = np.arange(len(age), dtype=np.int64) * step_s
    return settle_of(np.array([0, len(age)]), time, time + step_s + age.astype(np.int64), step_s)


def test_numbers_that_are_there_at_once_need_no_time() -> None:
    assert learned(RNG.uniform(0, 60, 1000)) == 0


def test_the_delay_covers_ninety_nine_in_a_hundred() -> None:
    age = RNG.uniform(0, 1800, 1000)
    found = learned(age)
    assert found is not None
    assert found % 60 == 0
    assert np.mean(age <= found) >= 0.99
    assert found <= 1860
    late = np.where(np.arange(1000) % 50 == 0, 2 * HOUR + 30, 20)
    assert learned(late) == 2 * HOUR + 60
    assert learned(np.where(np.arange(1000) % 500 == 0, 2 * HOUR, 20)) == 0, "two in a thousand do not hold up the rest"
    assert learned(np.full(1000, 10 * 86_400)) == 86_400


def test_waiting_alone_never_makes_it_longer() -> None:
    time = np.arange(1000, dtype=np.int64) * HOUR
    asked = time + HOUR + 2 * HOUR + RNG.integers(0, 60, 1000)
    assert settle_of(np.array([0, 1000]), time, asked, HOUR, waited_s=2 * HOUR) == 2 * HOUR


def test_what_was_read_in_one_go_says_nothing() -> None:
    time = np.arange(1000, dtype=np.int64) * HOUR
    assert settle_of(np.array([0, 1000]), time, np.full(1000, time[-1] + 2 * HOUR), HOUR) is None
    known = time + HOUR + 30
    known[300:700] = time[700] + HOUR  # a downtime of 400 hours
    assert settle_of(np.array([0, 1000]), time, known, HOUR) == 0
    assert settle_of(np.array([0]), time[:0], time[:0], HOUR) is None


@pytest.fixture
def late(home: Path) -> Watchkeeper:
    """A service whose rows come half complete, and are whole two hours later."""
    with Watchkeeper.open(home / "late", clock=lambda: shop.END) as service:
        service.apply(parse_config(shop.CONFIG.format(shop=home / "shop.db", told=home / "told.txt")), "tester")
        times = np.arange(shop.START, shop.START + 300 * HOUR, HOUR)
        with service._ledger.write() as tx:
            series.intern(tx, "orders", [("DE",)])
        for time in times.tolist():
            service._history.append([1], [time], [100.0], known_at=time + HOUR + 20)
            service._history.append([1], [time], [200.0], known_at=time + 3 * HOUR + 20)
        yield service


def test_the_service_waits_as_long_as_it_learned(late: Watchkeeper, home: Path) -> None:
    now = shop.START + 300 * HOUR
    assert late._settling.learn(now) == {"orders": 2 * HOUR + 60}
    assert late._settling.learn(now) == {}, "once a day"
    with late._ledger.read() as tx:
        (metric,) = settled(tx, metrics.metrics(tx))
        given = Metric(name="orders", source="shop", query="q", step="1h", settle="5m")
        assert settled(tx, [given]) == [given]
    assert metric.settle_s == 2 * HOUR + 60
    late.run_until(now + 30)
    assert late.metric_page("orders").chart.time[-1] == now - 4 * HOUR
