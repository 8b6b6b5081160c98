"""The newest period of a source is partial at first: a new metric is not judged by it, before anything was learned."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from tests.watch import shop
from watchkeeper.domain.config import parse_config
from watchkeeper.domain.times import DAY, HOUR, MINUTE, WEEK
from watchkeeper.sources.pushed import read_json
from watchkeeper.watch.service import Watchkeeper

BEGIN = shop.START + 6 * WEEK + 9 * HOUR
DAILY = shop.LEARNING.replace("step: 1h", "step: 1d").replace(
    "select time, country, orders as value from orders where time >= :start_s and time < :end_s",
    "select time / 86400 * 86400 as time, country, sum(orders) as value from orders"
    " where time >= :start_s and time < :end_s group by 1, 2",
)
PUSHED = "sources: {{push: {{kind: push}}}}\nmetrics: {{sent: {{source: push, step: {step}, kind: count}}}}\n"


def arrive(home: Path, hour: int) -> None:
    """The hour that has just ended is there in part; the one before it is whole by now."""
    shop.change(home / "shop.db", "update orders set orders = orders / 3 where time = ?", hour - HOUR)
    shop.change(home / "shop.db", "update orders set orders = orders * 3 where time = ?", hour - 2 * HOUR)


def judged_until(service: Watchkeeper, metric: str = "orders") -> int:
    """The end of the newest period that was judged."""
    page = service.metric_page(metric)
    return page.chart.time[-1] + page.line.metric.step_s


def told(service: Watchkeeper, since: int) -> list[str]:
    return [one.sentence for one in service.inbox(show="all").lines if one.alert.start >= since]


def test_a_partial_newest_hour_is_no_alert_from_the_first_tick_on(home: Path) -> None:
    with shop.open_service(home, BEGIN, shop.LEARNING) as service:
        shop.change(home / "shop.db", "update orders set orders = orders / 3 where time = ?", BEGIN - 2 * HOUR)
        for hour in range(BEGIN, BEGIN + 2 * DAY, HOUR):
            arrive(home, hour)
            service.run_until(hour + 300)
            assert judged_until(service) == hour - HOUR, "an hour is waited for, and then what was learned"
        assert told(service, BEGIN - 2 * HOUR) == []


def test_a_partial_newest_day_is_read_again_before_it_is_judged(home: Path) -> None:
    begin = shop.START + 6 * WEEK
    with shop.open_service(home, begin, DAILY) as service:
        for day in range(begin, begin + 5 * DAY, DAY):
            shop.change(home / "shop.db", "update orders set orders = orders / 3 where time >= ?", day - 8 * HOUR)
            service.run_until(day + 30)
            assert judged_until(service) == day - DAY
            shop.change(home / "shop.db", "update orders set orders = orders * 3 where time >= ?", day - 8 * HOUR)
            service.run_until(day + HOUR + 30)
            assert judged_until(service) == day
        assert told(service, begin - DAY) == []


def test_rows_that_are_there_at_once_are_waited_for_a_day_only(home: Path) -> None:
    with shop.open_service(home, BEGIN, shop.LEARNING) as service:
        behind = []
        for hour in range(BEGIN, BEGIN + 2 * DAY, HOUR):
            service.run_until(hour + 20)
            behind.append(hour - judged_until(service))
            health = service.metric_page("orders").health
            assert health is not None
            assert health.overdue == 0, "what is waited for is not overdue"
    assert behind[:24] == [HOUR] * 24
    assert behind[30:] == [0] * 18


def test_who_reads_each_hour_in_a_new_process_does_not_wait_ever_longer(home: Path) -> None:
    for hour in range(BEGIN, BEGIN + 30 * HOUR, HOUR):
        with shop.open_service(home, hour, shop.LEARNING) as service:
            service.run_until(hour + 602)
            late = hour - judged_until(service)
    assert late == 0


@pytest.mark.parametrize("settle", ["0s", "90m"])
def test_a_time_that_a_person_gave_stays(home: Path, settle: str) -> None:
    config = shop.CONFIG.replace("settle: 0s", f"settle: {settle}")
    waited = 0 if settle == "0s" else 2 * HOUR
    with shop.open_service(home, BEGIN, config) as service:
        for hour in range(BEGIN, BEGIN + 30 * HOUR, 5 * HOUR):
            service.run_until(hour + 20)
            assert judged_until(service) == hour - waited


@pytest.mark.parametrize(("step", "step_s", "waited"), [("1m", MINUTE, MINUTE), ("1h", HOUR, HOUR), ("1d", DAY, HOUR)])
def test_pushed_points_are_waited_for_until_they_prove_to_come_whole(
    tmp_path: Path, step: str, step_s: int, waited: int
) -> None:
    now = [shop.START]
    rng = np.random.default_rng(3)
    with Watchkeeper.open(tmp_path, clock=lambda: now[0]) as service:
        service.apply(parse_config(PUSHED.format(step=step)), "tester")

        def push(first: int, end: int) -> None:
            times = list(range(first, end, step_s))
            values = rng.poisson(100, len(times)).tolist()
            service.pushes.store(read_json(json.dumps({"metric": "sent", "time": times, "value": values}).encode()))

        begin = shop.START + 100 * DAY
        now[0] = begin + 10
        push(begin - 50 * step_s, begin)
        late = []
        for end in range(begin, begin + 100 * step_s, step_s):
            now[0] = end + 10
            if end > begin:
                push(end - step_s, end)
            service.run_until(end + 10)
            late.append(end - judged_until(service, "sent"))
            if late[-1]:
                service.run_until(end + waited + 10)
                assert judged_until(service, "sent") == end
    assert late[:28] == [step_s] * 28
    assert late[-1] == 0
