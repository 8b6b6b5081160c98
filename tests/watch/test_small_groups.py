"""Groups too small to be shown never enter."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest

from tests.watch import shop
from watchkeeper.domain.config import parse_config
from watchkeeper.domain.errors import ConfigError, NotFoundError
from watchkeeper.domain.times import DAY, HOUR
from watchkeeper.watch.service import Watchkeeper

GROUPED = (
    "query: select time, country, orders as value, orders as group_size from orders"
    " where time >= :start_s and time < :end_s\n    min_group_size: 50"
)
PLAIN = "query: select time, country, orders as value from orders where time >= :start_s and time < :end_s"


def config(home: Path, query: str) -> str:
    return shop.CONFIG.replace(PLAIN, query).format(shop=home / "shop.db", told=home / "told.txt")


def test_rows_of_small_groups_are_withheld_and_counted(home: Path):
    village = "insert into orders select time, 'LI', time / 3600 % 50 from orders where country = 'US'"
    shop.change(home / "shop.db", village)
    said: list[str] = []
    with Watchkeeper.open(home / "watchkeeper", clock=lambda: shop.END) as service:
        service.apply(parse_config(config(home, GROUPED)), "tester")
        service.run_until(shop.END, said.append)
        assert [one.label for one in service.metric_page("orders").series] == ["DE", "US"]
    hours = shop.WEEKS * 7 * 24
    counted = [int(line.split(": ")[1].split()[0]) for line in said if "withheld" in line]
    assert len(counted) == 1
    assert counted[0] >= hours


def test_a_query_that_does_not_say_how_large_its_groups_are_gives_nothing(home: Path):
    with Watchkeeper.open(home / "watchkeeper", clock=lambda: shop.END) as service:
        service.apply(parse_config(config(home, f"{PLAIN}\n    min_group_size: 50")), "tester")
        done = service.run_until(shop.END)
        assert done.points == 0
        assert "it must also return group_size" in done.troubles[0]


def test_a_negative_size_is_refused():
    with pytest.raises(ConfigError, match="min_group_size cannot be negative"):
        parse_config(shop.CONFIG.replace(PLAIN, f"{PLAIN}\n    min_group_size: -1").format(shop="x", told="y"))


def test_an_error_never_names_a_small_group(home: Path):
    twice = GROUPED.replace("from orders", "from (select * from orders union all select * from orders)")
    shop.change(home / "shop.db", "delete from orders")
    shop.change(home / "shop.db", "insert into orders values (?, 'LI', 3)", shop.START)
    with Watchkeeper.open(home / "watchkeeper", clock=lambda: shop.END) as service:
        service.apply(parse_config(config(home, twice)), "tester")
        assert not any("LI" in trouble for trouble in service.run_until(shop.END).troubles)


def shrink(home: Path, start: int, end: int) -> None:
    small = "update orders set orders = 7 where country = 'DE' and time >= ? and time < ?"
    shop.change(home / "shop.db", small, start, end)


def open_grouped(home: Path, now: int) -> Watchkeeper:
    service = Watchkeeper.open(home / "watchkeeper", clock=lambda: now)
    service.apply(parse_config(config(home, GROUPED)), "tester")
    return service


def of_de(service: Watchkeeper) -> int:
    return next(one.id for one in service.metric_page("orders").series if one.label == "DE")


def test_a_group_that_shrinks_is_withheld_and_neither_missing_nor_a_drop(home: Path):
    """Two days of a group that is too small, at the end of which the newest hours lie, and three hours after it."""
    seen, day = shop.END - 3 * DAY, shop.END - 2 * DAY
    shrink(home, day, shop.END)
    with open_grouped(home, shop.END) as service:
        for now in (seen, *range(day + 6 * HOUR, shop.END + 1, 6 * HOUR)):
            service.run_until(now)
        told = [one.alert for one in service.inbox(show="all").lines if one.alert.start >= seen]
        assert told == [], "neither no data nor a drop"
        page = service.metric_page("orders", of_de(service))
        assert page.health is not None
        assert (page.health.withheld, page.health.missing, page.health.overdue) == (48, 0, 0)
        assert page.chart.is_withheld[-48:] == [True] * 48
        assert not any(page.chart.is_withheld[:-48])
        assert page.chart.value[-48:] == [None] * 48
        assert None not in page.chart.expected[-48:]
        assert page.line.withheld >= 6
        assert b'watchkeeper_rows_withheld_total{metric="orders"}' in service.vitals.text()


def test_what_is_withheld_now_takes_back_what_was_shown_of_that_time(home: Path):
    with open_grouped(home, shop.END) as service:
        service.run_until(shop.END - HOUR)
        shrink(home, shop.END - 3 * HOUR, shop.END)
        service.run_until(shop.END)
        page = service.metric_page("orders", of_de(service))
        assert page.chart.is_withheld[-4:] == [False, True, True, True]
        assert page.chart.value[-3:] == [None] * 3


def test_a_reading_of_which_all_is_withheld_is_not_repeated(home: Path):
    shop.change(home / "shop.db", "update orders set orders = 7")
    with open_grouped(home, shop.END) as service:
        said: list[str] = []
        service.run_until(shop.END, said.append)
        assert any("withheld" in line for line in said)
        with pytest.raises(NotFoundError, match=r"withheld all its .* of groups under 50; fewer dimensions"):
            service.metric_page("orders")
    with open_grouped(home, shop.END) as service:
        said.clear()
        service.run_until(shop.END, said.append)
        assert not any("reading" in line for line in said), "by the next process neither"
        service.run_until(shop.END + HOUR, said.append)
        assert any("reading" in line for line in said)


def test_a_group_that_is_withheld_from_the_start_is_never_named(home: Path):
    village = "insert into orders select time, 'LI', time / 3600 % 50 from orders where country = 'US'"
    shop.change(home / "shop.db", village)
    with open_grouped(home, shop.END) as service:
        service.run_until(shop.END - HOUR)
        service.run_until(shop.END)
        assert [one.label for one in service.metric_page("orders").series] == ["DE", "US"]
        assert service.metric_page("orders").line.withheld >= 1


TOGETHER = """
sources: {{shop: {{url: "{url}"}}}}
metrics:
  orders: &orders
    source: shop
    kind: count
    step: 1h
    settle: 0s
    since: 2026-01-05
    dimensions: [country]
    min_group_size: 50
    query: >
      select to_timestamp(time) as time, country, orders as value, orders as group_size from orders
      where to_timestamp(time) >= :start and to_timestamp(time) < :end
  visits: *orders
"""


def test_metrics_that_are_read_together_are_withheld_each_for_itself(home: Path, postgres_url: str):
    """PostgreSQL is asked for many short windows at once."""
    rows = [(shop.START + hour * HOUR, country, 400) for hour in range(100) for country in ("DE", "US")]
    with psycopg.connect(postgres_url.replace("+psycopg", "")) as server:
        server.execute("create table orders (time bigint, country text, orders integer)")
        server.cursor().executemany("insert into orders values (%s, %s, %s)", rows)
        server.commit()
        now = [shop.START + 95 * HOUR]
        with Watchkeeper.open(home / "watchkeeper", clock=lambda: now[0]) as service:
            service.apply(parse_config(TOGETHER.format(url=postgres_url)), "tester")
            service.run_until(now[0])
            server.execute("update orders set orders = 7 where country = 'DE' and time >= %s", [now[0]])
            server.commit()
            now[0] += 2 * HOUR
            said: list[str] = []
            assert not service.run_until(now[0], said.append).troubles
            assert "reading 2 metrics of shop" in said
            for name in ("orders", "visits"):
                german, american = (service.metric_page(name, one.id) for one in service.metric_page(name).series)
                assert german.chart.is_withheld[-3:] == [False, True, True]
                assert american.chart.is_withheld == []
                assert german.line.withheld == 2
