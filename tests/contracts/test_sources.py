"""What every kind of source that is asked promises, over the same numbers. A new kind is added to `KINDS`."""

from __future__ import annotations

import csv
import json
import math
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import duckdb
import msgspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from sqlalchemy import create_engine, text

from tests.sources.prometheus_server import prometheus
from watchkeeper.domain.config import parse_config
from watchkeeper.domain.errors import ConfigError, SourceError
from watchkeeper.domain.metric import Metric, Source, SourceKind
from watchkeeper.domain.times import HOUR, parse_instant
from watchkeeper.sources.readers import Reader, reader_of
from watchkeeper.sources.window import naive

START = parse_instant("2026-06-01T00:00Z")
HOURS = 24
COUNTRIES = ("DE", "US")
TABLE = {"time_column": "placed", "measure": "sum(amount)", "group_size": "sum(people)"}


def amount(hour: int, country: str) -> float | None:
    """US is missing at noon."""
    return None if (hour, country) == (12, "US") else hour + 100.0 * COUNTRIES.index(country)


def people(hour: int) -> int:
    """At five o'clock nearly nobody is awake."""
    return 2 if hour == 5 else 30


ROWS = [
    (str(naive(START + hour * HOUR + 60)), country, value, people(hour))
    for hour in range(HOURS)
    for country in COUNTRIES
    if (value := amount(hour, country)) is not None
]
NAMES = ["placed", "country", "amount", "people"]
Made = tuple[Source, dict[str, str]]


def sqlite(folder: Path, stack: ExitStack) -> Made:
    with closing(sqlite3.connect(folder / "shop.db")) as database, database:
        database.execute("create table orders (placed text, country text, amount real, people integer)")
        database.executemany("insert into orders values (?, ?, ?, ?)", ROWS)
    return Source(name="shop", url=f"sqlite:///{folder}/shop.db"), {"table": "orders", **TABLE}


def duck(folder: Path, stack: ExitStack) -> Made:
    with duckdb.connect(str(folder / "shop.duckdb")) as database:
        database.register("rows", pa.table(dict(zip(NAMES, map(list, zip(*ROWS, strict=True)), strict=True))))
        database.execute("create table orders as select * replace (placed::timestamp as placed) from rows")
    return Source(name="shop", url=f"duckdb:///{folder}/shop.duckdb"), {"table": "orders", **TABLE}


def sql_server(url: str) -> Made:
    """A database on a server; its table is like that of SQLite, with a time of its own type."""
    engine = create_engine(url)
    with engine.begin() as database:
        database.execute(text("create table orders (placed datetime, country text, amount double, people integer)"))
        database.execute(
            text("insert into orders values (:placed, :country, :amount, :people)"),
            [dict(zip(NAMES, row, strict=True)) for row in ROWS],
        )
    engine.dispose()
    return Source(name="shop", url=url), {"table": "orders", **TABLE}


def files(name: str, write: Callable[[Path, list[tuple[object, ...]]], None]) -> Callable[[Path, ExitStack], Made]:
    def made(folder: Path, stack: ExitStack) -> Made:
        half = len(ROWS) // 2
        for number, part in enumerate((ROWS[:half], ROWS[half:])):
            write(folder / f"{number}.{name}", list(part))
        return Source(name="shop", kind=SourceKind.FILES, url=f"{folder}/*.{name}"), TABLE

    return made


def write_csv(path: Path, rows: list[tuple[object, ...]]) -> None:
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([NAMES, *rows])


def write_parquet(path: Path, rows: list[tuple[object, ...]]) -> None:
    table = pa.table(dict(zip(NAMES, map(list, zip(*rows, strict=True)), strict=True)))
    pq.write_table(table.set_column(0, "placed", table["placed"].cast(pa.timestamp("s"))), path)


def write_json(path: Path, rows: list[tuple[object, ...]]) -> None:
    path.write_text("\n".join(json.dumps(dict(zip(NAMES, row, strict=True))) for row in rows))


def prom(folder: Path, stack: ExitStack) -> Made:
    server = stack.enter_context(prometheus())

    def value(country: str) -> Callable[[int], float | None]:
        return lambda at: amount((at - START) // HOUR - 1, country) if START < at <= START + HOURS * HOUR else None

    server.series["orders"] = [({"country": country}, value(country)) for country in COUNTRIES]
    server.series["people"] = [({"country": one}, lambda at: people((at - START) // HOUR - 1)) for one in COUNTRIES]
    source = Source(name="shop", kind=SourceKind.PROMETHEUS, url=server.address)
    return source, {"query": "orders", "group_size": "people"}


KINDS: dict[str, Callable[[Path, ExitStack], Made]] = {
    "sqlite": sqlite,
    "duckdb": duck,
    "csv": files("csv", write_csv),
    "parquet": files("parquet", write_parquet),
    "json": files("json", write_json),
    "prometheus": prom,
}


SERVERS = ("mariadb",)
"""Kinds that a fixture of the name and `_url` makes a database for."""


@pytest.fixture(params=[*KINDS, *SERVERS])
def made(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Reader, Metric, Source]]:
    with ExitStack() as stack:
        if request.param in SERVERS:
            source, settings = sql_server(request.getfixturevalue(f"{request.param}_url"))
        else:
            source, settings = KINDS[request.param](tmp_path, stack)
        reader = reader_of(source)
        stack.callback(reader.close)
        yield reader, Metric(name="orders", source="shop", step="1h", dimensions=("country",), **settings), source


def pulled(reader: Reader, metric: Metric, start: int, end: int) -> list[pa.RecordBatch]:
    return list(reader.pull(metric, start, end))


def points(batches: list[pa.RecordBatch]) -> dict[tuple[int, str], float]:
    return {(row["time"], row["country"]): row["value"] for batch in batches for row in batch.to_pylist()}


def test_points_come_typed_and_complete(made: tuple[Reader, Metric, Source]) -> None:
    reader, metric, _ = made
    reader.check(metric)
    batches = pulled(reader, metric, START, START + HOURS * HOUR)
    schema = pa.schema([("time", pa.int64()), ("value", pa.float64()), ("country", pa.string())])
    assert all(batch.schema.equals(schema) for batch in batches)
    expected = {
        (START + hour * HOUR, country): value
        for hour in range(HOURS)
        for country in COUNTRIES
        if (value := amount(hour, country)) is not None
    }
    assert points(batches) == expected
    assert (reader.outside, reader.withheld.rows) == (0, 0)


def test_a_window_is_half_open_and_windows_add_up(made: tuple[Reader, Metric, Source]) -> None:
    reader, metric, _ = made
    parts = [points(pulled(reader, metric, START + n * HOUR, START + (n + 8) * HOUR)) for n in range(0, HOURS, 8)]
    assert sum(map(len, parts)) == len(ROWS)
    assert {**parts[0], **parts[1], **parts[2]} == points(pulled(reader, metric, START, START + HOURS * HOUR))


def test_a_window_without_points_gives_none(made: tuple[Reader, Metric, Source]) -> None:
    reader, metric, _ = made
    assert points(pulled(reader, metric, START - 10 * HOUR, START)) == {}


def test_small_groups_never_leave_the_reader(made: tuple[Reader, Metric, Source]) -> None:
    reader, metric, _ = made
    private = msgspec.structs.replace(metric, min_group_size=5)
    found = points(pulled(reader, private, START, START + HOURS * HOUR))
    assert not any(time == START + 5 * HOUR for time, _ in found)
    assert reader.withheld.time.tolist() == [START + 5 * HOUR] * len(COUNTRIES)
    assert sorted(reader.withheld.names[0].to_pylist()) == sorted(COUNTRIES)
    assert len(found) == len(ROWS) - len(COUNTRIES)


def test_a_value_that_is_there_is_a_number(made: tuple[Reader, Metric, Source]) -> None:
    reader, metric, _ = made
    assert not any(map(math.isnan, points(pulled(reader, metric, START, START + HOURS * HOUR)).values()))


SLOW = (
    "select placed as time, 1 as value from files, range(10000000000) r (n)"
    " where placed >= :start and placed < :end and n < 0"
)


def test_a_statement_over_files_ends_at_its_time(tmp_path: Path) -> None:
    source, _ = files("csv", write_csv)(tmp_path, ExitStack())
    reader = reader_of(msgspec.structs.replace(source, timeout="1s"))
    metric = Metric(name="orders", source="shop", step="1h", query=SLOW)
    began = time.monotonic()
    with pytest.raises(SourceError, match=r"metric orders, source shop: the query took longer than .* timeout of 1s"):
        pulled(reader, metric, START, START + HOUR)
    assert time.monotonic() - began < 10
    reader.close()


def test_more_rows_than_allowed_are_refused(made: tuple[Reader, Metric, Source]) -> None:
    _, metric, source = made
    reader = reader_of(msgspec.structs.replace(source, max_rows=10))
    with pytest.raises(SourceError, match=r"metric orders, source shop: .*more than 10 .*max_rows"):
        pulled(reader, metric, START, START + HOURS * HOUR)
    reader.close()


def test_what_goes_wrong_names_metric_and_source(made: tuple[Reader, Metric, Source]) -> None:
    reader, metric, _ = made
    wrong = msgspec.structs.replace(metric, query="nothing") if metric.query else msgspec.structs.replace(
        metric, time_column="nothing"
    )  # fmt: skip
    with pytest.raises(SourceError, match="metric orders, source shop: "):
        pulled(reader, wrong, START, START + HOUR)


def test_closing_twice_does_no_harm_and_reading_goes_on(made: tuple[Reader, Metric, Source]) -> None:
    reader, metric, _ = made
    before = points(pulled(reader, metric, START, START + HOUR))
    reader.close()
    reader.close()
    assert points(pulled(reader, metric, START, START + HOUR)) == before


# the kinds, as a configuration says them

CONFIG = "sources: {{s: {source}}}\nmetrics: {{m: {{source: s, step: 1h, {metric}}}}}"


@pytest.mark.parametrize(
    ("source", "metric", "said"),
    [
        ("{kind: oracle, url: x}", "query: q", "s: .*oracle"),
        ("{kind: sql}", "query: q", "source s: url: a source of kind sql needs one"),
        ("{kind: push, url: x}", "unit: m", "source s: url: programs send to us"),
        ("{kind: push}", "query: q", r"metrics.m: programs push it: leave out query"),
        ("{kind: prometheus, url: x}", "unit: m", "metrics.m: it needs a query in PromQL"),
        ("{kind: files, url: x}", "table: t, time_column: a, measure: count", "metrics.m: table: the files"),
        ("{kind: files, url: x}", "unit: m", "metrics.m: it needs time_column and measure"),
        ("{kind: sql, url: x, bearer: '${B}'}", "query: q", "source s: bearer: is for sources of kind prometheus"),
        ("{kind: sql, url: x, timeout: 2d}", "query: q", "source s: timeout '2d': choose between 1s and 1h"),
        ("{kind: sql, url: x, max_rows: 0}", "query: q", "source s: max_rows must be 1 or more"),
        ("{kind: sql, url: x}", "query: q, group_size: count", "metrics.m: group_size: the query returns it"),
    ],
)
def test_a_source_and_its_metrics_must_fit_their_kind(source: str, metric: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        parse_config(CONFIG.format(source=source, metric=metric))


def test_a_metric_is_pushed_without_a_query() -> None:
    config = parse_config(CONFIG.format(source="{kind: push}", metric="unit: m"))
    assert config.sources[0].kind is SourceKind.PUSH
    with pytest.raises(ConfigError, match="source s: nothing can be read from a source of kind push"):
        reader_of(config.sources[0])
