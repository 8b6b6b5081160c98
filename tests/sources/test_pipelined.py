"""Many metrics asked at once say what each says alone, and one that fails takes nobody with it."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from typing import Any

import msgspec
import psycopg
import pytest

from watchkeeper.domain.errors import SourceError
from watchkeeper.domain.metric import Kind, Metric, Source, TimeIs
from watchkeeper.domain.times import HOUR, parse_instant
from watchkeeper.sources import pipelined
from watchkeeper.sources.pipelined import Asked
from watchkeeper.sources.sql import SqlSource
from watchkeeper.sources.window import naive

START = parse_instant("2026-03-29", "Europe/Berlin") - 6 * HOUR
"""Clocks are put forward in this window."""
END = START + 24 * HOUR
QUERY = "select at as time, country, n as value from orders where at >= :start and at < :end"
PLAIN = Metric(name="orders", source="shop", query=QUERY, step="1h", dimensions=("country",))
TABLE = Metric(name="table", source="shop", table="orders", time_column="at", measure="sum(n)", step="1h")
TOTAL = "select date_trunc('hour', at) as time, sum(n) as value from orders where at >= :start and at < :end group by 1"


def changed(name: str, like: Metric = PLAIN, **settings: Any) -> Metric:
    return msgspec.structs.replace(like, name=name, **settings)


GOOD = (
    PLAIN,
    changed("total", query=TOTAL, dimensions=()),
    changed("text", query=QUERY.replace("at as", "at::text as")),
    changed(
        "seconds",
        query="select :start_s as time, 'a%%' || 'b' as country, null as value where :end_s > 0 and 7 % 4 = 3",
    ),
    changed("nothing", query=f"{QUERY} and false"),
    changed("groups", query=QUERY.replace("n as", "n as group_size, n as"), min_group_size=10),
    changed(
        "wall",
        query="select wall as time, country, n as value from orders where wall >= :start_local and wall < :end_local",
        timezone="Europe/Berlin",
    ),
    TABLE,
    changed("by_country", TABLE, dimensions=("country",), min_group_size=20, group_size="sum(n)"),
    changed("local", TABLE, time_column="wall", time_is=TimeIs.LOCAL, timezone="Europe/Berlin"),
    changed("shares", TABLE, measure="share(n > 10)", dimensions=("country",), kind=Kind.RATE),
    changed("ratios", TABLE, measure="ratio(n, 2 * n)", kind=Kind.RATE, cases="sum(2 * n)"),
    changed("rates", query=QUERY.replace("n as", "n as cases, 0.5 as"), kind=Kind.RATE),
    changed("no_rates", query=QUERY.replace("n as", "n as cases, 0.5 as")),
    changed("days", TABLE, step="1d", timezone="Europe/Berlin"),
)
BAD = {
    changed("typo", query=QUERY.replace("orders", "order_s")): "order_s",
    changed("off", query=QUERY.replace("at as", "at + interval '5 minutes' as")): "truncate times",
    changed("slow", query="select now() as time, '' as country, pg_sleep(10)::text::float as value "
            "where :start < :end"): "timeout of 1s",
    changed("word", query=QUERY.replace("n as", "'many' as")): "return a number",
    changed("twice", query=f"{QUERY} union all {QUERY}"): "several rows",
    changed("lacks", query=QUERY.replace("country, ", "")): "must also return country",
    changed("no_select", query="do $$ begin end $$ -- :start :end"): "must be a SELECT",
}  # fmt: skip


@pytest.fixture(scope="module")
def shop(postgres_server: str) -> str:
    from tests import postgres

    url = postgres.new_database(postgres_server)
    with psycopg.connect(url.replace("+psycopg", "")) as server:
        server.execute("set time zone 'UTC'")
        server.execute(
            "create table orders as select to_timestamp(s) as at, to_timestamp(s) at time zone 'Europe/Berlin' as wall,"
            " country, (s / 3600 %% 24)::int as n"
            " from generate_series(%s::int, %s, 3600) s, unnest(array['DE', 'US', null]) country",
            [START - 24 * HOUR, END + 24 * HOUR],
        )
    return url


@pytest.fixture
def source(shop: str) -> Iterator[SqlSource]:
    reader = SqlSource(Source(name="shop", url=shop, timeout="1s"), holds=True)
    yield reader
    reader.close()


def window(metric: Metric) -> Asked:
    start = parse_instant("2026-03-27", "Europe/Berlin") if metric.step == "1d" else START
    return Asked(metric, start, start + 24 * HOUR if metric.step == "1d" else END)


def alone(source: SqlSource, asked: Asked) -> tuple[list[tuple[Any, ...]], int]:
    """The points of a metric by `pull`, and how many rows it withheld."""
    found = [row for batch in source.pull(*asked) for row in batch.to_pylist()]
    rows = [(row["time"], *(row[name] for name in asked.metric.dimensions), row["value"]) for row in found]
    return sorted(rows, key=repr), source.withheld.rows


def together(source: SqlSource, asked: list[Asked]) -> tuple[dict[str, Any], list[str], list[str]]:
    """The same of many by `pull_together`; errors; and the names of those to be read alone."""
    points: dict[str, Any] = {}
    failed, left = [], []
    for pulled in source.pull_together(asked):
        failed += [str(error) for error in pulled.failed]
        left += [one.metric.name for one in pulled.alone]
        for some in pulled.points:
            rows = zip(some.time.tolist(), *(name.to_pylist() for name in some.names), some.value.tolist(), strict=True)
            of: dict[int, list[Any]] = {place: [] for place in range(len(some.metrics))}
            for owner, row in zip(some.owner.tolist(), rows, strict=True):
                of[owner].append(row)
            for place, metric in enumerate(some.metrics):
                points[metric.name] = sorted(of[place], key=repr), int((some.withheld.owner == place).sum())
    return points, failed, left


def test_each_is_read_as_it_is_alone(source: SqlSource):
    points, failed, left = together(source, [window(one) for one in GOOD])
    assert (failed, left) == ([], [])
    expected = {one.name: alone(source, window(one)) for one in GOOD}
    assert repr(points) == repr({name: expected[name] for name in points})
    assert points.keys() == expected.keys()
    assert points["groups"][1] > 0, "a group was small"
    assert math.isnan(points["seconds"][0][0][-1]), "null is missing"


def test_what_fails_is_named_and_nobody_else_is_lost(source: SqlSource):
    mixed = [metric for pair in itertools.zip_longest(BAD, GOOD) for metric in pair if metric is not None]
    points, failed, left = together(source, [window(one) for one in mixed])
    assert points.keys() == {one.name for one in GOOD}
    assert left == []
    assert len(failed) == len(BAD)
    for metric, words in BAD.items():
        (own,) = (said for said in failed if said.startswith(f"metric {metric.name}"))
        assert words in own
        with pytest.raises(Exception, match="metric") as error:
            alone(source, window(metric))
        assert str(error.value) == own
    assert "@" not in "".join(failed), "no address"


def test_more_rows_than_allowed_are_left_to_be_read_in_halves(shop: str):
    source = SqlSource(Source(name="shop", url=shop, max_rows=30), holds=True)
    points, failed, left = together(source, [window(PLAIN), window(GOOD[1])])
    source.close()
    assert (points.keys(), failed, left) == ({"total"}, [], ["orders"])


def test_long_windows_are_read_alone(source: SqlSource):
    points, _, left = together(source, [window(PLAIN), Asked(PLAIN, START, START + 101 * HOUR), window(TABLE)])
    assert points.keys() == {"orders", "table"}
    assert left == ["orders"]


def test_a_source_that_is_not_there_is_said_once():
    source = SqlSource(Source(name="shop", url="postgresql+psycopg://ann:secret@127.0.0.1:1/shop"), holds=True)
    with pytest.raises(SourceError, match=r"^source shop: the database says") as error:
        list(source.pull_together([window(one) for one in GOOD]))
    assert "secret" not in str(error.value)


def test_a_connection_lost_half_way_is_an_error_of_the_source(source: SqlSource):
    gone = changed("gone", query=QUERY.replace("n as", "pg_terminate_backend(pg_backend_pid())::int as"))
    with pytest.raises(SourceError, match=r"^source shop: the database says"):
        together(source, [window(PLAIN), window(gone), window(TABLE)])
    assert together(source, [window(PLAIN), window(TABLE)])[0].keys() == {"orders", "table"}


def test_other_databases_are_read_alone():
    source = SqlSource(Source(name="shop", url="duckdb:///:memory:"), holds=True)
    assert together(source, [window(PLAIN), window(TABLE)]) == ({}, [], ["orders", "table"])


def test_more_metrics_than_share_a_transaction(source: SqlSource, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("watchkeeper.sources.sql.TOGETHER", 2)
    assert pipelined.TOGETHER > 2
    points, _, _ = together(source, [window(one) for one in GOOD])
    assert points.keys() == {one.name for one in GOOD}


def test_a_table_is_put_into_words_once_for_all_windows_of_one_offset(monkeypatch: pytest.MonkeyPatch):
    metric = changed("once", TABLE, dimensions=("country",), timezone="Europe/Berlin")
    first, zone = pipelined.worded(metric, START, START + HOUR)
    with monkeypatch.context() as patch:
        patch.setattr(pipelined, "table_select", None)
        later, _ = pipelined.worded(metric, START + HOUR, START + 2 * HOUR)
        assert (later.text, zone) == (first.text, "UTC")
        assert first.values == [naive(START), naive(START + HOUR)]
        assert later.values == [naive(START + HOUR), naive(START + 2 * HOUR)]
    summer, _ = pipelined.worded(metric, END, END + HOUR)
    across, _ = pipelined.worded(metric, START, END)
    assert len({first.text, summer.text, across.text}) == 3
    assert pipelined.worded(changed("once", metric, where="n > 5"), START, START + HOUR)[0].text != first.text
