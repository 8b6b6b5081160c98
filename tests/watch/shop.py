"""A small shop with a planted incident, in a real SQLite file, and a service that watches it."""

from __future__ import annotations

import math
import sqlite3
from pathlib import Path

import numpy as np

from watchkeeper.domain.config import parse_config
from watchkeeper.domain.times import DAY, HOUR, WEEK, parse_instant
from watchkeeper.watch.service import Watchkeeper

START = parse_instant("2026-01-05")
WEEKS = 10
END = START + WEEKS * WEEK
DROP = START + 8 * WEEK + DAY + 10 * HOUR
DROP_HOURS = 8
LATER_DROP = START + 9 * WEEK + 2 * DAY + 10 * HOUR
COUNTRIES = ("DE", "US")


def build(path: Path) -> None:
    """Ten weeks of hourly orders with a day and a week in them; both countries lose 80 % for 8 hours, twice."""
    rng = np.random.default_rng(7)
    rows = []
    for country, size in zip(COUNTRIES, (400.0, 900.0), strict=True):
        for hour in range(WEEKS * 7 * 24):
            time = START + hour * HOUR
            level = size * (1.3 + math.sin(2 * math.pi * (hour % 24 - 6) / 24)) * (0.6 if hour // 24 % 7 >= 5 else 1.0)
            if any(drop <= time < drop + DROP_HOURS * HOUR for drop in (DROP, LATER_DROP)):
                level *= 0.2
            rows.append((time, country, int(rng.poisson(level))))
    with sqlite3.connect(path) as shop:
        shop.execute("create table orders (time integer, country text, orders integer, primary key (time, country))")
        shop.executemany("insert into orders values (?, ?, ?)", rows)
    shop.close()


def change(path: Path, statement: str, *values: object) -> None:
    """What the shop's own people do to their database."""
    with sqlite3.connect(path) as shop:
        shop.execute(statement, values)
    shop.close()


AS_A_WEEK_BEFORE = """
update orders set orders = (
  select o.orders from orders o where o.country = orders.country and o.time = orders.time - 7 * 86400
) where time >= ? and time < ?
"""

CONFIG = """
sources:
  shop: {{url: "sqlite:///{shop}"}}
metrics:
  orders:
    source: shop
    title: Orders
    kind: count
    unit: orders
    step: 1h
    since: 2026-01-05
    settle: 0s
    dimensions: [country]
    query: select time, country, orders as value from orders where time >= :start_s and time < :end_s
channels:
  team: {{url: "textfile://{told}"}}
"""


LEARNING = CONFIG.replace("    settle: 0s\n", "")
"""The same by people who do not know how late its rows come."""


def open_service(home: Path, now: int = END, config: str = CONFIG) -> Watchkeeper:
    """A service over `home` that knows the shop beside it; people answer a minute after `now`."""
    service = Watchkeeper.open(home / "watchkeeper", link="http://127.0.0.1:8321", clock=lambda: now + 60)
    service.apply(parse_config(config.format(shop=home / "shop.db", told=home / "told.txt")), "tester")
    return service


def grow(path: Path) -> None:
    """Instead of the second drop something that begins slight, in one country, and is very strong two hours later."""
    change(path, AS_A_WEEK_BEFORE, LATER_DROP, LATER_DROP + DROP_HOURS * HOUR)
    change(path, "update orders set orders = orders * 0.85 where time = ? and country = 'DE'", LATER_DROP)
    change(path, "update orders set orders = orders * 0.8 where time = ? and country = 'DE'", LATER_DROP + HOUR)
    hours = (LATER_DROP + 2 * HOUR, LATER_DROP + 6 * HOUR)
    change(path, "update orders set orders = 0 where time >= ? and time < ?", *hours)
