"""MariaDB for real: its clock, its time-out, its words for a table; skipped where the machine has no server."""

from __future__ import annotations

import msgspec
import pytest
from sqlalchemy import create_engine, text

from watchkeeper.domain.errors import SourceError
from watchkeeper.domain.metric import Metric, Source, TimeIs
from watchkeeper.domain.times import HOUR, parse_instant
from watchkeeper.sources.sql import SqlSource

START = parse_instant("2026-03-28T20:00Z")
ORDERS = Metric(name="orders", source="shop", step="1h", table="orders", time_column="placed", measure="count")

INSERT = "insert into orders (country) select 'XX' from orders where :start < :end"


@pytest.fixture
def shop(mariadb_url: str) -> Source:
    """Three orders each hour over the night in which Berlin's clocks go forward."""
    engine = create_engine(mariadb_url)
    with engine.begin() as database:
        database.execute(text("create table orders (placed datetime, stamped timestamp, at_s bigint, country text)"))
        rows = [
            {"at": START + hour * HOUR + minute * 60, "country": "DE"} for hour in range(12) for minute in (0, 20, 59)
        ]
        database.execute(text("set time_zone = '+00:00'"))
        database.execute(
            text("insert into orders values (from_unixtime(:at), from_unixtime(:at), :at, :country)"), rows
        )
    engine.dispose()
    return Source(name="shop", url=mariadb_url)


def counts(source: Source, metric: Metric) -> dict[int, float]:
    reader = SqlSource(source)
    try:
        rows = [row for batch in reader.pull(metric, START, START + 12 * HOUR) for row in batch.to_pylist()]
    finally:
        reader.close()
    return {row["time"]: row["value"] for row in rows}


@pytest.mark.parametrize(
    ("column", "time_is"), [("placed", TimeIs.UTC), ("stamped", TimeIs.UTC), ("at_s", TimeIs.SECONDS)]
)
def test_a_table_is_counted_by_the_hour_whatever_its_time_column_is(shop: Source, column: str, time_is: TimeIs) -> None:
    metric = msgspec.structs.replace(ORDERS, time_column=column, time_is=time_is)
    assert counts(shop, metric) == {START + hour * HOUR: 3.0 for hour in range(12)}


def test_a_query_is_asked_with_its_window(shop: Source) -> None:
    query = (
        "select date_format(placed, '%Y-%m-%d %H:00:00') as time, count(*) as value from orders"
        " where placed >= :start and placed < :end group by 1"
    )
    metric = Metric(name="orders", source="shop", step="1h", query=query)
    assert counts(shop, metric) == {START + hour * HOUR: 3.0 for hour in range(12)}


def test_days_follow_the_clock_of_the_metric(shop: Source) -> None:
    metric = msgspec.structs.replace(ORDERS, step="1d", timezone="Europe/Berlin")
    reader = SqlSource(shop)
    start, end = parse_instant("2026-03-28", "Europe/Berlin"), parse_instant("2026-03-30", "Europe/Berlin")
    rows = [row for batch in reader.pull(metric, start, end) for row in batch.to_pylist()]
    reader.close()
    assert {row["time"]: row["value"] for row in rows} == {
        start: 9.0,
        parse_instant("2026-03-29", "Europe/Berlin"): 27.0,
    }


def test_a_statement_that_takes_too_long_is_ended_by_the_server(shop: Source) -> None:
    joined = ", ".join(f"orders o{number}" for number in range(7))
    query = f"select 1 as time, count(*) as value from {joined} where rand() < 2 and :start < :end"
    metric = Metric(name="orders", source="shop", step="1h", query=query)
    with pytest.raises(SourceError, match=r"metric orders, source shop: .*max_statement_time") as caught:
        counts(msgspec.structs.replace(shop, timeout="1s"), metric)
    assert shop.url not in str(caught.value)


def test_a_source_cannot_be_written_to(shop: Source, mariadb_url: str) -> None:
    reader = SqlSource(shop)
    with pytest.raises(SourceError, match="READ ONLY"):
        list(reader.pull(Metric(name="o", source="shop", step="1h", query=INSERT), START, START + HOUR))
    with pytest.raises(SourceError, match="READ ONLY"), reader.connection() as connection:
        connection.execute(text("delete from orders"))
    reader.close()
    engine = create_engine(mariadb_url)
    with engine.begin() as database:
        assert database.execute(text("select count(*) from orders")).scalar() == 36
    engine.dispose()
