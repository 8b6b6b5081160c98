"""What PostgreSQL packs is what its rows say, to the bit; and what cannot be packed is left to the rows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec
import psycopg
import pytest

from watchkeeper.domain.errors import SourceError
from watchkeeper.domain.metric import Kind, Metric, Source
from watchkeeper.domain.times import HOUR, parse_instant
from watchkeeper.sources import sql
from watchkeeper.sources.points import TooManyRowsError
from watchkeeper.sources.sql import SqlSource

START = parse_instant("2026-03-29", "Europe/Berlin") - 6 * HOUR
END = START + 24 * HOUR
PLAIN = Metric(name="orders", source="shop", query="", step="1h", dimensions=("country",))
WHERE = "from orders where at >= :start and at < :end"


@pytest.fixture(scope="module")
def shop(postgres_server: str) -> str:
    from tests import postgres

    url = postgres.new_database(postgres_server)
    with psycopg.connect(url.replace("+psycopg", "")) as server:
        server.execute("set time zone 'UTC'")
        server.execute(
            "create table orders as select to_timestamp(s) as at, s, random() * 1e6 / 3 as x, country,"
            " (random() * 1e9)::int as n"
            " from generate_series(%s::int, %s, 3600) s, unnest(array['DE', 'Île-de-France', '', null]) country",
            [START - 24 * HOUR, END + 24 * HOUR],
        )
    return url


@pytest.fixture
def source(shop: str) -> Iterator[SqlSource]:
    reader = SqlSource(Source(name="shop", url=shop, timeout="2s"), holds=True)
    yield reader
    reader.close()


@pytest.fixture
def packed(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Whether each question was answered packed."""
    seen: list[bool] = []
    ask = sql.ask_packed

    def noting(*asked: Any) -> Any:
        seen.append(False)
        found = ask(*asked)
        seen[-1] = found is not None
        return found

    monkeypatch.setattr(sql, "ask_packed", noting)
    return seen


def pulled(source: SqlSource, metric: Metric) -> tuple[list[str], int, list[Any]]:
    """Each point as it is written, every digit of it, and how many rows were left out or withheld."""
    found = [row for batch in source.pull(metric, START, END) for row in batch.to_pylist()]
    found.sort(key=lambda row: (row["time"], *(row[name] for name in metric.dimensions)))
    withheld = source.withheld
    small = sorted(zip(withheld.time.tolist(), *(one.to_pylist() for one in withheld.names), strict=True))
    return [repr(row) for row in found], source.outside, small


def rows(source: SqlSource, metric: Metric, monkeypatch: pytest.MonkeyPatch) -> tuple[list[str], int, list[Any]]:
    """The same by the driver's rows."""
    with monkeypatch.context() as patch:
        patch.setattr(sql, "ask_packed", lambda *asked: None)
        return pulled(source, metric)


@pytest.mark.parametrize(
    ("time", "value", "name", "is_packed"),
    [
        ("at", "x", "country", True),
        ("at at time zone 'UTC'", "x::float4", "country::varchar(20)", True),
        ("s", "x::numeric(30, 12)", "coalesce(country, '-')", True),
        ("extract(epoch from at)", "n", "(length(country) * 7)::int8", True),
        ("s::float8", "nullif(n, 1) / nullif(n, n)", "country", True),
        ("s", "'Infinity'::float8", "country", True),
        ("s", "'NaN'::numeric", "(3 * length(country))::int2", True),
        ("at::text", "x", "country", False),
        ("s::float4", "x", "country", False),
        ("at", "n > 5", "country", False),
        ("at", "x::text", "country", False),
        ("at", "null", "country", False),
        ("at", "x", "country::char(20)", False),
        ("at", "x", "country = 'DE'", False),
        ("at", "x", "length(country)::float8", False),
    ],
)
def test_a_column_is_read_as_its_rows_are(
    source: SqlSource,
    packed: list[bool],
    monkeypatch: pytest.MonkeyPatch,
    time: str,
    value: str,
    name: str,
    is_packed: bool,
):
    metric = msgspec.structs.replace(PLAIN, query=f"select {time} as time, {value} as value, {name} as country {WHERE}")
    try:
        expected: Any = rows(source, metric, monkeypatch)
    except SourceError as error:
        expected = str(error)
    try:
        found: Any = pulled(source, metric)
    except SourceError as error:
        found = str(error)
    assert found == expected
    assert packed == [is_packed]


def test_days_are_packed(source: SqlSource, packed: list[bool], monkeypatch: pytest.MonkeyPatch):
    query = f"select at::date as time, sum(x) as value {WHERE} group by 1"
    metric = msgspec.structs.replace(PLAIN, query=query, step="1d", dimensions=())
    found = pulled(source, metric)
    assert packed == [True]
    assert found == rows(source, metric, monkeypatch)
    assert (len(found[0]), found[1]) == (1, 1)


@pytest.mark.parametrize(
    ("query", "is_packed"),
    [
        (f"select at as time, country, x as value, 1 as extra, 2 as extra {WHERE} -- all of them", True),
        (f'select at as "TIME", country as "Country", x as value {WHERE}', True),
        (f"with wanted as (select * {WHERE}) select at as time, country, x as value from wanted order by x", True),
        (f"select at as time, country, x as value, n as group_size {WHERE}", True),
        (f"select at as time, country, x as value {WHERE} and false", True),
        (f"select at as time, country, x as value {WHERE};", False),
        (f"select at as time, country, x as value, null as extra {WHERE}", True),
        (f"select at as time, country, x / 1e6 as value, nullif(n % 3, 2) as cases {WHERE}", True),
        (f"select at as time, country, x / 1e6 as value, 'many' as cases {WHERE} and false", False),
    ],
)
def test_any_query_may_be_packed(
    source: SqlSource, packed: list[bool], monkeypatch: pytest.MonkeyPatch, query: str, is_packed: bool
):
    metric = msgspec.structs.replace(PLAIN, query=query)
    if "group_size" in query:
        metric = msgspec.structs.replace(metric, min_group_size=500_000_000)
    if "cases" in query:
        metric = msgspec.structs.replace(metric, kind=Kind.RATE)
    found = pulled(source, metric)
    assert packed == [is_packed]
    assert found == rows(source, metric, monkeypatch)


@pytest.mark.parametrize(
    ("query", "said"),
    [
        (f"select nullif(at, at) as time, country, x as value {WHERE}", "rows have no time"),
        (f"select 'infinity'::timestamptz as time, country, x as value {WHERE}", "timestamp too large"),
        (f"select at as time, country, 1 / (n - n) as value {WHERE}", "division by zero"),
        (f"select at as time, x as value {WHERE}", "must also return country"),
        (f"select at as time, 'DE' as country, x as value {WHERE}", "several rows"),
        (f"select at + interval '1 minute' as time, country, x as value {WHERE}", "do not start a step"),
    ],
)
def test_what_is_wrong_is_said_as_rows_say_it(source: SqlSource, query: str, said: str):
    with pytest.raises(SourceError, match=said):
        pulled(source, msgspec.structs.replace(PLAIN, query=query))


def test_a_statement_that_takes_too_long_is_not_asked_twice(source: SqlSource, packed: list[bool]):
    slow = msgspec.structs.replace(
        PLAIN, query=f"select at as time, country, pg_sleep(10)::text::float8 as value {WHERE}"
    )
    with pytest.raises(SourceError, match="longer than the source's timeout of 2s"):
        pulled(source, slow)
    assert packed == [False]


def test_more_rows_than_allowed_are_refused(shop: str):
    metric = msgspec.structs.replace(PLAIN, query=f"select at as time, country, x as value {WHERE}")
    for most in (95, 96):
        reader = SqlSource(Source(name="shop", url=shop, max_rows=most), holds=True)
        if most == 96:
            assert len(pulled(reader, metric)[0]) == 96
        else:
            with pytest.raises(TooManyRowsError):
                pulled(reader, metric)
        reader.close()


def test_an_encoding_that_is_not_utf8_is_left_to_the_rows(shop: str, packed: list[bool]):
    metric = msgspec.structs.replace(PLAIN, query=f"select at as time, country, x as value {WHERE}")
    url = f"{shop}{'&' if '?' in shop else '?'}client_encoding=latin1"
    reader = SqlSource(Source(name="shop", url=url), holds=True)
    assert any("Île-de-France" in row for row in pulled(reader, metric)[0])
    assert packed == [False]
    reader.close()


def test_what_was_tried_first_does_not_undo_the_limit_of_time(shop: str, packed: list[bool]):
    query = f"select at as time, country, pg_sleep(5)::text as value {WHERE} limit 1;"
    reader = SqlSource(Source(name="shop", url=shop, timeout="1s"))
    with pytest.raises(SourceError, match="longer than the source's timeout of 1s"):
        pulled(reader, msgspec.structs.replace(PLAIN, query=query))
    assert packed == [False]
    reader.close()
