"""A metric that gives no settling time learns it from how late its numbers came."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.watch import shop
from watchkeeper.domain.config import parse_config
from watchkeeper.domain.metric import Metric
from watchkeeper.domain.times import DAY, HOUR
from watchkeeper.learn.settle import overlap_of, settle_of
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


def test_a_day_of_hours_tells_the_plain_cases() -> None:
    at_once, late = np.full(28, 40), np.full(28, HOUR + 40)
    assert learned(at_once) == 0
    assert learned(at_once[:27]) is None, "the newest four may still change"
    assert learned(late) == HOUR + 60
    assert learned(np.where(np.arange(28) == 3, late, at_once)) is None, "one of a day may be the first of many"
    assert learned(np.where(np.arange(28) == 3, 9 * HOUR, late)) == HOUR + 60, "or a single one"


def test_what_always_comes_in_lots_is_not_waited_for_for_ever() -> None:
    time = np.arange(240, dtype=np.int64) * HOUR
    known = time[0] + (time // DAY + 1) * DAY + 600
    assert settle_of(np.array([0, 200]), time[:200], known[:200], HOUR) is None
    assert settle_of(np.array([0, 240]), time, known, HOUR) == 0


def test_waiting_alone_never_makes_it_longer() -> None:
    time = np.arange(1000, dtype=np.int64) * HOUR
    asked = time + HOUR + 2 * HOUR + RNG.integers(0, 60, 1000)
    assert settle_of(np.array([0, 1000]), time, asked, HOUR, waited_s=2 * HOUR) == 2 * HOUR


def test_the_pace_of_reading_makes_it_no_longer() -> None:
    time = np.arange(1000, dtype=np.int64) * HOUR
    asked = time + HOUR + 600 + RNG.integers(0, 5, 1000)  # ten minutes past each hour
    assert settle_of(np.array([0, 1000]), time, asked, HOUR, paced_s=HOUR) == 0
    assert settle_of(np.array([0, 28]), time[:28], asked[:28], HOUR, paced_s=HOUR) == 0
    again = asked + HOUR  # in part at first
    assert settle_of(np.array([0, 1000]), time, again, HOUR, paced_s=HOUR) == HOUR + 660


def test_what_was_read_in_one_go_says_nothing() -> None:
    time = np.arange(1000, dtype=np.int64) * HOUR
    assert settle_of(np.array([0, 1000]), time, np.full(1000, time[-1] + 2 * HOUR), HOUR) is None
    known = time + HOUR + 30
    known[300:700] = time[700] + HOUR  # a downtime of 400 hours
    assert settle_of(np.array([0, 1000]), time, known, HOUR) == 0
    assert settle_of(np.array([0]), time[:0], time[:0], HOUR) is None


def reach(age: np.ndarray, step_s: int = HOUR, *, waited_s: int = 0, reached: int = 4) -> int | None:
    """How many periods would be read again of a series whose values came so long after the ends of their periods."""
    time = np.arange(len(age), dtype=np.int64) * step_s
    known_at = time + step_s + age.astype(np.int64)
    return overlap_of(np.array([0, len(age)]), time, known_at, step_s, waited_s=waited_s, reached=reached)


def test_what_comes_late_is_read_again_for_twice_as_long() -> None:
    some_late = np.arange(1000) % 100 == 0
    assert reach(RNG.uniform(0, 60, 1000)) == 4, "at least"
    assert reach(np.full(1000, 2 * HOUR + 60), waited_s=2 * HOUR) == 4, "what is waited for is not late"
    assert reach(np.where(some_late, 3 * HOUR + 60, 60)) == 2 * 3
    assert reach(np.where(some_late, 5 * HOUR + 60, 60), reached=6) == 2 * 5, "the next day it is longer"
    assert reach(np.where(some_late, 5 * HOUR + 60, 60), waited_s=2 * HOUR) == 2 * 3
    assert reach(np.where(some_late, 150 * HOUR, 60), reached=160) == 200, "at most"
    assert reach(np.where(some_late, 9 * DAY, 60), step_s=DAY, reached=10) == 14
    assert reach(np.where(some_late, 9 * DAY, 60)) == 4, "what is read again by hand is no late row"
    assert reach(np.full(100, 5 * HOUR)) is None
    known = np.full(1000, 1000 * HOUR)
    assert overlap_of(np.array([0, 1000]), np.arange(1000) * HOUR, known, HOUR) is None, "read in one go"


@pytest.fixture
def late(home: Path) -> Watchkeeper:
    """A service whose rows come half complete, and are whole two hours later."""
    with Watchkeeper.open(home / "late", clock=lambda: shop.END) as service:
        service.apply(parse_config(shop.LEARNING.format(shop=home / "shop.db", told=home / "told.txt")), "tester")
        times = np.arange(shop.START, shop.START + 300 * HOUR, HOUR)
        with service._ledger.write() as tx:
            series.intern(tx, "orders", [("DE",)])
        for time in times.tolist():
            service._history.append([1], [time], [100.0], known_at=time + HOUR + 20)
            service._history.append([1], [time], [200.0], known_at=time + 3 * HOUR + 20)
        yield service


def test_the_service_waits_as_long_as_it_learned(late: Watchkeeper, home: Path) -> None:
    now = shop.START + 300 * HOUR
    assert late._settling.learn(now - 30) == {}, "who runs for the first time does not know how often"
    assert late._settling.learn(now) == {"orders": 2 * HOUR + 60}
    assert late._settling.learn(now) == {}, "once a day"
    with late._ledger.read() as tx:
        (metric,) = settled(tx, metrics.metrics(tx))
        given = Metric(name="orders", source="shop", query="q", step="1h", settle="5m")
        assert settled(tx, [given]) == [given]
    assert metric.settle_s == 2 * HOUR + 60
    late.run_until(now + 30)
    assert late.metric_page("orders").chart.time[-1] == now - 4 * HOUR


def test_how_long_a_server_ran_is_not_how_often_it_reads(home: Path) -> None:
    end = shop.START + 300 * HOUR
    with shop.open_service(home, end, shop.LEARNING) as before:
        for passed in range(0, 30 * HOUR, 5 * 60):
            before._settling.learn(end - 30 * HOUR + passed)
    with shop.open_service(home, end, shop.LEARNING) as service:
        with service._ledger.write() as tx:
            series.intern(tx, "orders", [("DE",)])
        for time in range(shop.START, end, HOUR):
            service._history.append([1], [time], [100.0], known_at=time + HOUR + 20)
            service._history.append([1], [time], [200.0], known_at=time + 3 * HOUR + 20)
        assert service._settling.learn(end) == {"orders": 2 * HOUR + 60}


def test_the_service_reads_again_as_far_as_it_learned(home: Path) -> None:
    end = shop.START + 300 * HOUR
    with shop.open_service(home, end, shop.LEARNING) as service:
        with service._ledger.write() as tx:
            series.intern(tx, "orders", [("DE",)])
        for number, time in enumerate(range(shop.START, end - HOUR, HOUR)):
            service._history.append([1], [time], [100.0], known_at=time + HOUR + 20)
            if number % 200 == 100:  # one in two hundred is corrected four hours later
                service._history.append([1], [time], [200.0], known_at=time + 5 * HOUR + 20)
        service._settling.learn(end - 30)
        assert service._settling.learn(end) == {"orders": 0}, "those are too few to wait for"
        service.run_until(end)
        page = service.metric_page("orders")
        assert page.health is not None
        assert page.health.overlap == 8
        read_again = [value != 100.0 for value in page.chart.value]
        assert read_again[-10:] == [False] + [True] * 9, "those and the new one"
