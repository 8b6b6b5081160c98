"""Groups too small to be shown never enter."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.watch import shop
from watchkeeper.domain.config import parse_config
from watchkeeper.domain.errors import ConfigError
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
