"""Which clock a query speaks: windows and times across zones and daylight saving."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import duckdb
import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from watchkeeper.domain.errors import SourceError
from watchkeeper.domain.metric import Metric, Source
from watchkeeper.domain.times import local_seconds, parse_instant
from watchkeeper.sources.sql import SqlSource
from watchkeeper.sources.times import from_wall
from watchkeeper.sources.window import wall_window

HOUR, DAY = 3600, 86400
BERLIN = Metric(name="orders", source="shop", query="", step="1h", timezone="Europe/Berlin")
JUNE = parse_instant("2026-06-01T00:00", "Europe/Berlin")
AUTUMN = parse_instant("2026-10-25T00:00", "Europe/Berlin")  # at 3:00 the clock is put back to 2:00
SPRING = parse_instant("2026-03-29T00:00", "Europe/Berlin")  # at 2:00 the clock is put on to 3:00


class Shop:
    """A DuckDB file with one order in each hour of three days, under several clocks."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.source = SqlSource(Source(name="shop", url=f"duckdb:///{path}"))

    def fill(self, begin: int, hours: int) -> None:
        with duckdb.connect(str(self.path)) as connection:
            connection.execute("SET TimeZone = 'Europe/Berlin'")
            connection.execute(
                "CREATE OR REPLACE TABLE orders AS SELECT to_timestamp(s) AS zoned, to_timestamp(s)::TIMESTAMP AS wall,"
                " to_timestamp(s) AT TIME ZONE 'UTC' AS utc, s::BIGINT AS seconds, n AS value"
                " FROM (SELECT ? + 3600 * range AS s, range AS n FROM range(?)) ORDER BY s",
                [begin, hours],
            )

    def pull(self, query: str, start: int, end: int, **more: object) -> list[tuple[int, float]]:
        asked = msgspec.structs.replace(BERLIN, query=query, **more)
        batches = list(self.source.pull(asked, start, end))
        return [(row["time"], row["value"]) for batch in batches for row in batch.to_pylist()]


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    made = Shop(tmp_path / "shop.duckdb")
    made.fill(JUNE - DAY, 72)
    yield made
    made.source.close()


@pytest.mark.parametrize(
    ("time", "form"),
    [
        ("zoned", ""),
        ("utc", ""),
        ("wall", "_local"),
        ("seconds", "_s"),
        ("wall::VARCHAR", "_local"),
        ("strftime(wall, '%Y-%m-%d %H:%M')", "_local"),
        ("strftime(utc, '%Y-%m-%dT%H:%M:%SZ')", ""),
    ],
)
def test_each_clock_gives_the_same_day(shop: Shop, time: str, form: str) -> None:
    column = {"": "zoned", "_local": "wall", "_s": "seconds"}[form] if time != "utc" else "utc"
    query = f"SELECT {time} AS time, value FROM orders WHERE {column} >= :start{form} AND {column} < :end{form}"
    assert shop.pull(query, JUNE, JUNE + DAY) == [(JUNE + HOUR * n, 24.0 + n) for n in range(24)]
    assert shop.source.outside == 0


@pytest.mark.parametrize("begin", [AUTUMN, SPRING, JUNE])
def test_days_are_days_of_the_metrics_clock(shop: Shop, begin: int) -> None:
    shop.fill(begin - DAY - HOUR, 75)
    length = {AUTUMN: 25, SPRING: 23, JUNE: 24}[begin]
    end = begin + length * HOUR
    queries = (
        "SELECT wall::DATE AS time, count(*) AS value FROM orders"
        " WHERE wall >= :start_local AND wall < :end_local GROUP BY 1",
        "SELECT wall::DATE AS time, count(*) AS value FROM orders WHERE utc >= :start AND utc < :end GROUP BY 1",
        "SELECT date_trunc('day', zoned AT TIME ZONE 'Europe/Berlin') AT TIME ZONE 'Europe/Berlin' AS time,"
        " count(*) AS value FROM orders WHERE zoned >= :start AND zoned < :end GROUP BY 1",
        "SELECT date_trunc('day', wall) AS time, count(*) AS value FROM orders"
        " WHERE wall >= :start_local AND wall < :end_local GROUP BY 1",
    )
    for query in queries:
        assert shop.pull(query, begin, end, step="1d") == [(begin, float(length))]


def test_the_repeated_hour_loses_no_point(shop: Shop) -> None:
    shop.fill(AUTUMN - DAY, 75)
    query = "SELECT wall AS time, value FROM orders WHERE wall >= :start_local AND wall < :end_local"
    whole = [(AUTUMN + HOUR * n, 24.0 + n) for n in range(25)]
    assert shop.pull(query, AUTUMN, AUTUMN + 25 * HOUR) == whole
    for cut in (2, 3, 4):  # before, within and after the repeated hour
        left = shop.pull(query, AUTUMN, AUTUMN + cut * HOUR)
        right = shop.pull(query, AUTUMN + cut * HOUR, AUTUMN + 25 * HOUR)
        assert left + right == whole


def test_the_repeated_hour_added_up_is_taken_for_the_first(shop: Shop) -> None:
    shop.fill(AUTUMN, 25)
    query = (
        "SELECT wall AS time, count(*) AS value FROM orders"
        " WHERE wall >= :start_local AND wall < :end_local GROUP BY wall ORDER BY wall"
    )
    found = dict(shop.pull(query, AUTUMN, AUTUMN + 25 * HOUR))
    assert found.pop(AUTUMN + 2 * HOUR) == 2.0
    assert AUTUMN + 3 * HOUR not in found
    assert set(found.values()) == {1.0}


def test_a_time_thrice_in_the_repeated_hour_is_an_error(shop: Shop) -> None:
    shop.fill(AUTUMN, 25)
    query = (
        "SELECT wall AS time, value FROM orders WHERE wall >= :start_local AND wall < :end_local"
        " UNION ALL SELECT wall AS time, value FROM orders"
    )
    with pytest.raises(SourceError, match="several rows"):
        shop.pull(query, AUTUMN + 2 * HOUR, AUTUMN + 4 * HOUR)


def test_a_skipped_hour_is_no_error(shop: Shop) -> None:
    shop.fill(SPRING, 23)
    query = "SELECT wall AS time, value FROM orders WHERE wall >= :start_local AND wall < :end_local"
    assert shop.pull(query, SPRING, SPRING + 23 * HOUR) == [(SPRING + HOUR * n, float(n)) for n in range(23)]
    steps = (
        "SELECT time_bucket(INTERVAL 2 HOUR, wall) AS time, count(*) AS value FROM orders"
        " WHERE wall >= :start_local AND wall < :end_local GROUP BY 1 ORDER BY 1"
    )
    found = shop.pull(steps, SPRING, SPRING + 23 * HOUR, step="2h")
    assert [value for _, value in found] == [2.0, 1.0] + [2.0] * 10, "the step from 2 to 4 o'clock has one hour"
    assert found[1][0] == SPRING + 2 * HOUR


@pytest.mark.parametrize(
    ("query", "step"),
    [
        ("SELECT wall AS time, value FROM orders WHERE zoned >= :start AND zoned < :end", "1h"),
        ("SELECT utc AS time, value FROM orders WHERE wall >= :start_local AND wall < :end_local", "1h"),
        (
            "SELECT date_trunc('day', wall) AS time, count(*) AS value FROM orders"
            " WHERE zoned >= :start AND zoned < :end GROUP BY 1",
            "1d",
        ),
    ],
)
def test_two_clocks_in_one_query_are_noticed(shop: Shop, query: str, step: str) -> None:
    with pytest.raises(SourceError, match=r"are on the clock of .*, but they fit the window and the steps only on"):
        shop.pull(query, JUNE, JUNE + DAY, step=step)


def test_days_on_another_clock_are_off_the_steps(shop: Shop) -> None:
    query = (
        "SELECT date_trunc('day', zoned) AS time, count(*) AS value FROM orders"
        " WHERE zoned >= :start AND zoned < :end GROUP BY 1"
    )
    with pytest.raises(SourceError, match="do not start a step of 1d on the clock of Europe/Berlin"):
        shop.pull(query, JUNE, JUNE + DAY, step="1d")


def test_steps_follow_clocks_with_odd_offsets(shop: Shop) -> None:
    query = "SELECT seconds + 1800 AS time, value FROM orders WHERE seconds >= :start_s AND seconds < :end_s"
    found = shop.pull(query, JUNE, JUNE + 3 * HOUR, timezone="Asia/Kolkata")
    assert [time for time, _ in found] == [JUNE + 1800 + HOUR * n for n in range(3)]


ZONES = ("Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata", "America/Sao_Paulo", "UTC")
instant = st.integers(parse_instant("2015-01-01T00:00Z"), parse_instant("2030-01-01T00:00Z"))
near_a_change = st.sampled_from([AUTUMN, SPRING, parse_instant("2026-04-04T15:00Z")]).flatmap(
    lambda change: st.integers(change - 6 * HOUR, change + 6 * HOUR)
)


@given(time=st.one_of(instant, near_a_change), zone=st.sampled_from(ZONES))
def test_a_wall_clock_is_read_as_the_standard_library_does(time: int, zone: str) -> None:
    shown = datetime(1970, 1, 1) + timedelta(seconds=time)  # noqa: DTZ001 - a wall clock
    first, last = (int(shown.replace(tzinfo=ZoneInfo(zone), fold=fold).timestamp()) for fold in (0, 1))
    early, late = from_wall(np.array([time]), zone)
    assert (early[0], late[0]) == (first, max(first, last))


@given(
    start=st.one_of(instant, near_a_change),
    length=st.integers(1, 8 * HOUR),
    zone=st.sampled_from(ZONES),
    data=st.data(),
)
def test_the_wall_window_holds_every_instant(start: int, length: int, zone: str, data: st.DataObject) -> None:
    first, last = wall_window(start, start + length, zone)
    inside = np.array([start, start + length - 1, data.draw(st.integers(start, start + length - 1))])
    shown = local_seconds(inside, zone)
    assert ((first <= shown) & (shown < last)).all()
    assert last - first <= length + 2 * HOUR
