"""A metric given as table, time column and measure says what the same rows say when counted one by one."""

from __future__ import annotations

import math
import random
import sqlite3
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

import duckdb
import msgspec
import numpy as np
import psycopg
import pyarrow as pa
import pytest
from sqlalchemy.engine import make_url

from watchkeeper.domain.errors import ConfigError, SourceError
from watchkeeper.domain.metric import Metric, Source, TimeIs
from watchkeeper.domain.times import DAY, HOUR, floor_to_step, format_instant, local_seconds, parse_instant
from watchkeeper.sources.points import TooManyRowsError
from watchkeeper.sources.sql import SqlSource
from watchkeeper.sources.window import naive

BERLIN = "Europe/Berlin"


class Order(NamedTuple):
    at: int
    country: str | None
    paid: bool
    amount: float


class Shop(NamedTuple):
    """A table of orders in one database; `url` reads it."""

    name: str
    url: str
    orders: list[Order]


def make_orders() -> list[Order]:
    """Orders around both changes of Berlin's clock, none on a full hour."""
    rng = random.Random(7)
    days = [parse_instant(day) for day in ("2026-03-28", "2026-10-24")]
    return [
        Order(
            rng.choice(days) + rng.randrange(3 * DAY), rng.choice(["DE", "US", None]), rng.random() < 0.7, rng.random()
        )
        for _ in range(1500)
    ]


@pytest.fixture(scope="module", params=["sqlite", "duckdb", "postgresql"])
def shop(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    orders = make_orders()
    kind = {"sqlite": "text", "duckdb": "timestamp", "postgresql": "timestamptz"}[request.param]
    wall = "text" if request.param == "sqlite" else "timestamp"
    create = f"create table orders (placed {kind}, wall {wall}, s bigint, country text, paid boolean, amount float)"
    local = local_seconds(np.array([order.at for order in orders]), BERLIN)
    rows = [
        (str(naive(order.at)), str(naive(int(here))), order.at, order.country, order.paid, order.amount)
        for order, here in zip(orders, local, strict=True)
    ]
    path = tmp_path_factory.mktemp("shop") / f"shop.{request.param}"
    if request.param == "sqlite":
        with closing(sqlite3.connect(path)) as database, database:
            database.execute(create)
            database.executemany("insert into orders values (?, ?, ?, ?, ?, ?)", rows)
    elif request.param == "duckdb":
        with duckdb.connect(str(path)) as base:
            base.execute(create)
            base.register("rows", pa.table([list(column) for column in zip(*rows, strict=True)], names=list("abcdef")))
            base.execute("insert into orders select * from rows")
    else:
        from tests import postgres

        url = postgres.new_database(request.getfixturevalue("postgres_server"))
        with psycopg.connect(make_url(url).set(drivername="postgresql").render_as_string(False)) as server:
            server.execute(create)
            server.execute("set time zone 'UTC'")
            with server.cursor() as cursor:
                cursor.executemany("insert into orders values (%s, %s, %s, %s, %s, %s)", rows)
        yield Shop(request.param, url, orders)
        return
    yield Shop(request.param, f"{request.param}:///{path}", orders)


TABLE = Metric(name="orders", source="shop", table="orders", time_column="placed", measure="count", step="1h")


def ask(shop: Shop, start: str, end: str, **settings: object) -> dict[tuple[object, ...], float]:
    """The points of a metric over the table, by time and dimension values."""
    metric = msgspec.structs.replace(TABLE, **settings)
    source = SqlSource(Source(name="shop", url=shop.url))
    try:
        left, right = (parse_instant(day, metric.timezone) for day in (start, end))
        found = [row for batch in source.pull(metric, left, right) for row in batch.to_pylist()]
    finally:
        source.close()
    assert source.outside == 0
    return {(row["time"], *(row[name] for name in metric.dimensions)): row["value"] for row in found}


def counted(
    shop: Shop, start: str, end: str, zone: str, step: int, of: Callable[[list[Order]], float] = len
) -> dict[tuple[object, ...], float]:
    left, right = parse_instant(start, zone), parse_instant(end, zone)
    groups = defaultdict(list)
    for order in shop.orders:
        if left <= order.at < right:
            groups[(floor_to_step(order.at, step, zone),)].append(order)
    return {key: pytest.approx(of(members)) for key, members in groups.items()}


@pytest.mark.parametrize("zone", ["UTC", BERLIN, "Asia/Kolkata", "America/New_York"])
@pytest.mark.parametrize("step", ["15m", "1h", "6h", "1d"])
def test_rows_fall_into_the_periods_of_the_metrics_clock(shop: Shop, zone: str, step: str) -> None:
    for start, end in (("2026-03-28", "2026-03-31"), ("2026-10-24", "2026-10-27")):
        metric = msgspec.structs.replace(TABLE, step=step)
        expected = counted(shop, start, end, zone, metric.step_s)
        assert ask(shop, start, end, timezone=zone, step=step) == expected
        assert expected


@pytest.mark.parametrize(
    ("measure", "of"),
    [
        ("count", len),
        ("count(country)", lambda orders: sum(order.country is not None for order in orders)),
        ("COUNT(DISTINCT country)", lambda orders: len({order.country for order in orders} - {None})),
        ("sum(amount * 2)", lambda orders: sum(order.amount * 2 for order in orders)),
        ("avg(amount)", lambda orders: sum(order.amount for order in orders) / len(orders)),
        ("max(amount)", lambda orders: max(order.amount for order in orders)),
        ("share(paid and amount > 0.5)", lambda os: sum(o.paid and o.amount > 0.5 for o in os) / len(os)),
        (
            "ratio(amount, coalesce(amount, 0) + 1)",
            lambda os: sum(o.amount for o in os) / sum(o.amount + 1 for o in os),
        ),
    ],
)
def test_a_measure_is_what_it_says(shop: Shop, measure: str, of: Callable[[list[Order]], float]) -> None:
    span = ("2026-03-28", "2026-03-31")
    assert ask(shop, *span, measure=measure, step="1d") == counted(shop, *span, "UTC", DAY, of)


def test_dimensions_and_conditions_cut_the_table(shop: Shop) -> None:
    found = ask(shop, "2026-03-28", "2026-03-31", dimensions=("country",), where="amount < 0.5 or paid", step="1d")
    for country in ("DE", "US", None):
        expected = sum(
            order.country == country
            for order in shop.orders
            if order.at < parse_instant("2026-06-01") and (order.amount < 0.5 or order.paid)
        )
        assert sum(value for key, value in found.items() if key[1] == (country or "(none)")) == expected


def change(shop: Shop, statement: str) -> None:
    if shop.name == "sqlite":
        with closing(sqlite3.connect(shop.url.removeprefix("sqlite:///"))) as database, database:
            database.execute(statement)
    elif shop.name == "duckdb":
        with duckdb.connect(shop.url.removeprefix("duckdb:///")) as base:
            base.execute(statement)
    else:
        with psycopg.connect(make_url(shop.url).set(drivername="postgresql").render_as_string(False)) as server:
            server.execute(statement.encode())


NAMES = ("at", "order", "Placed At", "when", "end", "timestamp", "asof", "Land", "percent%", "a:b")


@pytest.mark.parametrize("name", NAMES)
def test_a_column_may_have_any_name(shop: Shop, name: str) -> None:
    """A word of the database's own language, capital letters, spaces; and so may a table."""
    change(shop, f'create table "{name}" as select placed as "{name}" from orders')
    span = ("2026-03-28", "2026-03-31")
    found = ask(shop, *span, table=name, time_column=name, step="1d")
    assert found == counted(shop, *span, "UTC", DAY)


@pytest.mark.parametrize("name", NAMES)
def test_a_dimension_may_have_any_name(shop: Shop, name: str) -> None:
    renamed = f"renamed_{NAMES.index(name)}"
    change(shop, f'create view {renamed} as select placed, country as "{name}" from orders')
    span = ("2026-03-28", "2026-03-31")
    found = ask(shop, *span, table=renamed, step="1d", dimensions=(name,))
    assert found == ask(shop, *span, step="1d", dimensions=("country",))


@pytest.mark.parametrize(("column", "said"), [("s", TimeIs.SECONDS), ("wall", TimeIs.LOCAL)])
def test_the_time_column_may_be_seconds_or_the_wall_clock(shop: Shop, column: str, said: TimeIs) -> None:
    # In the hour that the clock shows twice, a column without a zone cannot tell which: only a whole day can.
    step = "1h" if said is TimeIs.SECONDS else "1d"
    for start, end in (("2026-03-28", "2026-03-31"), ("2026-10-24", "2026-10-27")):
        found = ask(shop, start, end, time_column=column, time_is=said, timezone=BERLIN, step=step)
        assert found == counted(shop, start, end, BERLIN, HOUR if step == "1h" else DAY)


def test_small_groups_are_withheld_by_rows_or_by_people(shop: Shop) -> None:
    span = ("2026-03-28", "2026-03-31")
    sizes = ask(shop, *span)
    assert ask(shop, *span, min_group_size=12) == {key: size for key, size in sizes.items() if size >= 12}
    assert ask(shop, *span, min_group_size=3, group_size="count(distinct country)") == {}


def test_a_measure_that_is_none_is_refused_with_those_that_are() -> None:
    source = SqlSource(Source(name="shop", url="sqlite:///nowhere.db"))
    for measure in ("median", "sum", "ratio(a)", "drop table orders"):
        with pytest.raises(ConfigError, match=r"metric orders: measure .* is not known; use count, count\(x\)"):
            source.check(msgspec.structs.replace(TABLE, measure=measure))


@pytest.mark.parametrize(
    "settings",
    [{"query": "select 1", "table": "orders"}, {"table": "orders"}, {"table": "orders", "measure": "count"}],
)
def test_a_metric_is_a_query_or_a_whole_table(settings: dict[str, str]) -> None:
    with pytest.raises(ConfigError, match="metric orders: "):
        Metric(name="orders", source="shop", step="1h", **settings)


# limits


def test_more_rows_than_allowed_are_an_error_that_says_what_to_do(shop: Shop) -> None:
    source = SqlSource(Source(name="shop", url=shop.url, max_rows=10))
    span = parse_instant("2026-03-28"), parse_instant("2026-03-31")
    with pytest.raises(TooManyRowsError, match=r"metric orders, source shop: .*more than 10 rows.*raise max_rows"):
        list(source.pull(TABLE, *span))
    assert sum(batch.num_rows for batch in source.pull(TABLE, span[0], span[0] + 10 * HOUR)) == 10
    source.close()


def test_a_statement_that_takes_too_long_is_ended(shop: Shop) -> None:
    forever = "with recursive n(i) as (select 1 union all select i + 1 from n where i < 1000000000)"
    query = f"{forever} select 0 as time, count(*) as value from n where :start_s < :end_s"
    if shop.name == "postgresql":
        query = "select 0 as time, 1 as value from pg_sleep(60) where :start_s < :end_s"
    source = SqlSource(Source(name="shop", url=shop.url, timeout="1s"))
    with pytest.raises(SourceError, match=r"metric orders, source shop: the query took longer than .* timeout of 1s"):
        list(source.pull(Metric(name="orders", source="shop", step="1h", query=query), 0, HOUR))
    source.close()


def test_a_day_of_25_hours_is_one_period(shop: Shop) -> None:
    found = ask(shop, "2026-10-24", "2026-10-27", timezone=BERLIN, step="1d")
    assert [format_instant(int(str(key[0]))) for key in sorted(found)] == [
        "2026-10-23T22:00:00Z", "2026-10-24T22:00:00Z", "2026-10-25T23:00:00Z",
    ]  # fmt: skip
    assert not any(math.isnan(value) for value in found.values())


def test_secrets_may_stand_in_files(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "shop.db")) as database, database:
        database.execute("create table orders (placed text)")
        database.execute("insert into orders values ('2026-03-28 10:30:00')")
    (tmp_path / "folder").write_text(f"{tmp_path}\n", encoding="utf-8")
    source = SqlSource(Source(name="shop", url=f"sqlite:///${{file:{tmp_path}/folder}}/shop.db"))
    assert sum(batch.num_rows for batch in source.pull(TABLE, *(parse_instant(f"2026-03-{day}") for day in (28, 29))))
    source.close()
    lost = SqlSource(Source(name="shop", url=f"sqlite:///${{file:{tmp_path}/lost}}"))
    with pytest.raises(SourceError, match=r"names \$\{file:.*/lost\}, which cannot be read; make the file"):
        list(lost.pull(TABLE, 0, HOUR))
