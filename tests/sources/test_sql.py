"""A SQL source against real SQLite and DuckDB files."""

from __future__ import annotations

import math
import sqlite3
import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import duckdb
import msgspec
import pyarrow as pa
import pytest

from watchkeeper.domain.errors import ConfigError, SourceError
from watchkeeper.domain.metric import Metric, Source
from watchkeeper.domain.times import parse_instant
from watchkeeper.sources.sql import SqlSource

HOUR = 3600
NOON = parse_instant("2026-06-01T12:00Z")

Pull = Callable[..., list[dict[str, object]]]


def metric(query: str, **more: object) -> Metric:
    plain = Metric(name="orders", source="shop", query=query, step="1h")
    return msgspec.structs.replace(plain, **more)


def pulled(source: SqlSource, asked: Metric, start: int, end: int) -> list[dict[str, object]]:
    rows = []
    for batch in source.pull(asked, start, end):
        assert batch.schema.names == ["time", "value", *asked.dimensions]
        assert batch.schema.types == [pa.int64(), pa.float64()] + [pa.string()] * len(asked.dimensions)
        rows += batch.to_pylist()
    return rows


@pytest.fixture(params=["sqlite", "duckdb"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[str, Callable[..., None]]:
    """An URL and a way to run statements: every test sees both databases."""
    path = tmp_path / f"shop.{request.param}"

    def run(*statements: str) -> None:
        if request.param == "sqlite":
            with closing(sqlite3.connect(path)) as connection, connection:
                for statement in statements:
                    connection.execute(statement)
        else:
            with duckdb.connect(str(path)) as connection:
                for statement in statements:
                    connection.execute(statement)

    run("CREATE TABLE empty (n INTEGER)")
    return f"{request.param}:///{path}", run


@pytest.fixture
def ask(database: tuple[str, Callable[..., None]]) -> Pull:
    """Create a table of orders from rows of SQL literals, and pull a metric from it."""
    url, run = database

    def ask(rows: str, asked: Metric, start: int, end: int) -> list[dict[str, object]]:
        run(f"CREATE TABLE orders AS SELECT * FROM (VALUES {rows})")
        source = SqlSource(Source(name="shop", url=url))
        try:
            return pulled(source, asked, start, end)
        finally:
            source.close()

    return ask


def columns(database: tuple[str, Callable[..., None]], *names: str) -> str:
    """`SELECT` list over a table of `VALUES`, whose columns the databases name differently."""
    prefix, first = ("column", 1) if database[0].startswith("sqlite") else ("col", 0)
    return ", ".join(f"{prefix}{n} AS {name}" for n, name in enumerate(names, first))


def test_points_in_the_window_with_dimensions_in_the_metrics_order(database: tuple[str, Callable[..., None]]) -> None:
    url, run = database
    run(
        "CREATE TABLE orders (placed TIMESTAMP, country VARCHAR, device INTEGER, amount DOUBLE)",
        "INSERT INTO orders VALUES ('2026-06-01 11:59:59', 'DE', 1, 1), ('2026-06-01 12:10:00', 'DE', 1, 2),"
        " ('2026-06-01 12:50:00', 'DE', 1, 3), ('2026-06-01 13:00:00', NULL, 2, NULL),"
        " ('2026-06-01 14:00:00', 'DE', 1, 9)",
    )
    hour = "strftime('%Y-%m-%d %H:00:00', placed)" if url.startswith("sqlite") else "date_trunc('hour', placed)"
    asked = metric(
        f"SELECT country, sum(amount) AS value, 'unused' AS more, device, {hour} AS time"
        " FROM orders WHERE placed >= :start AND placed < :end GROUP BY time, country, device ORDER BY time",
        dimensions=("device", "country"),
    )
    source = SqlSource(Source(name="shop", url=url))
    found = pulled(source, asked, NOON, NOON + 2 * HOUR)
    assert found[0] == {"time": NOON, "value": 5.0, "device": "1", "country": "DE"}
    assert math.isnan(found[1].pop("value"))
    assert found[1] == {"time": NOON + HOUR, "device": "2", "country": "(none)"}
    assert len(found) == 2
    assert source.outside == 0
    assert pulled(source, asked, 0, HOUR) == []
    source.close()


@pytest.mark.parametrize(
    ("time", "zone"),
    [
        ("1780315200", "UTC"),
        ("1780315200.0", "UTC"),
        ("'2026-06-01 12:00:00'", "UTC"),
        ("'2026-06-01T12:00:00Z'", "Europe/Berlin"),
        ("'2026-06-01T14:00:00+02:00'", "Europe/Berlin"),
    ],
)
def test_a_time_is_seconds_or_iso_text(
    ask: Pull, database: tuple[str, Callable[..., None]], time: str, zone: str
) -> None:
    query = f"SELECT {columns(database, 'time', 'value')} FROM orders WHERE :start < :end"
    assert ask(f"({time}, 1)", metric(query, timezone=zone), NOON, NOON + HOUR) == [{"time": NOON, "value": 1.0}]


@pytest.mark.parametrize(
    ("value", "number"),
    [("1", 1.0), ("2.5", 2.5), ("true", 1.0), ("NULL", None), ("CAST(7 AS DECIMAL(9, 2))", 7.0), ("1e999", None)],
)
def test_a_value_is_any_number_or_missing(
    ask: Pull, database: tuple[str, Callable[..., None]], value: str, number: float | None
) -> None:
    if value == "1e999" and database[0].startswith("duckdb"):
        value = "CAST('infinity' AS DOUBLE)"
    query = f"SELECT {columns(database, 'time', 'value')} FROM orders WHERE :start < :end"
    (row,) = ask(f"({NOON}, {value})", metric(query), NOON, NOON + HOUR)
    found = row["value"]
    assert isinstance(found, float)
    assert (None if math.isnan(found) else found) == number


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ("(NULL, 1, 'a'), ({noon}, 1, 'a')", "column time: 1 of 2 rows have no time"),
        ("({noon}, 'many', 'a')", "column value: it holds .*; return a number"),
        ("('noon', 1, 'a')", "column time: holds 'noon', which is no ISO 8601 time"),
        ("({noon}000, 1, 'a')", "divide milliseconds by 1000"),
        ("({noon} + 60, 1, 'a')", "1 of 1 rows do not start a step of 1h on the clock of UTC, .* at 2026-06-01T12:01"),
        ("({noon} + 0.5, 1, 'a')", "fractions of a second"),
        ("({noon}, 1, 'a'), ({noon}, 2, 'a')", "several rows for 1 points, .*T12:00:00Z, d a; group by time, d"),
        ("({noon}, 1, NULL), ({noon}, 2, '(none)')", "several rows for 1 points"),
    ],
)  # fmt: skip
def test_rows_that_make_no_points_are_refused_by_name(
    ask: Pull, database: tuple[str, Callable[..., None]], rows: str, said: str
) -> None:
    asked = metric(
        f"SELECT {columns(database, 'time', 'value', 'd')} FROM orders WHERE :start < :end", dimensions=("d",)
    )
    with pytest.raises(SourceError, match=f"^metric orders, source shop: .*{said}"):
        ask(rows.format(noon=NOON), asked, NOON, NOON + HOUR)


def test_a_forgotten_dimension_is_guessed(ask: Pull, database: tuple[str, Callable[..., None]]) -> None:
    asked = metric(f"SELECT {columns(database, 'time', 'value', 'country')} FROM orders WHERE :start < :end")
    with pytest.raises(SourceError, match="it also returned country: is that a dimension"):
        ask(f"({NOON}, 1, 'DE'), ({NOON}, 2, 'FR')", asked, NOON, NOON + HOUR)


def test_missing_columns_are_named_with_those_returned(ask: Pull, database: tuple[str, Callable[..., None]]) -> None:
    asked = metric(
        f"SELECT {columns(database, 'time', 'total')} FROM orders WHERE :start < :end", dimensions=("country",)
    )
    with pytest.raises(SourceError, match="returned time, total; it must also return value, country"):
        ask(f"({NOON}, 1)", asked, NOON, NOON + HOUR)


def test_names_in_other_case_are_found(ask: Pull, database: tuple[str, Callable[..., None]]) -> None:
    asked = metric(f"SELECT {columns(database, 'TIME', 'Value')} FROM orders WHERE :start < :end")
    assert ask(f"({NOON}, 1)", asked, NOON, NOON + HOUR) == [{"time": NOON, "value": 1.0}]


def test_rows_outside_the_window_are_left_out_and_counted(database: tuple[str, Callable[..., None]]) -> None:
    url, run = database
    run(f"CREATE TABLE orders AS SELECT {NOON} + 3600 * n AS time, n AS value FROM (SELECT 0 AS n UNION SELECT 1"
        " UNION SELECT 2 UNION SELECT 3)")  # fmt: skip
    source = SqlSource(Source(name="shop", url=url))
    found = pulled(source, metric("SELECT * FROM orders WHERE :start_s < :end_s"), NOON + HOUR, NOON + 3 * HOUR)
    assert sorted(row["value"] for row in found) == [1.0, 2.0]
    assert source.outside == 2
    source.close()


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("SELECT 1", "it uses no parameter"),
        ("SELECT :start, :finish", "it uses :finish, :start"),
        ("SELECT :start, :end_local", "it uses :end_local, :start"),
        ("SELECT :start, :end, :start_s, :end_s", "it must ask for its window with :start and :end"),
    ],
)
def test_a_query_asks_for_its_window_in_one_form(query: str, said: str) -> None:
    source = SqlSource(Source(name="shop", url="sqlite:///nowhere.db"))
    with pytest.raises(ConfigError, match=f"metric orders: query: .*{said}"):
        source.check(metric(query))
    with pytest.raises(ConfigError, match=said):
        pulled(source, metric(query), 0, HOUR)
    source.check(metric("SELECT '12:30', x::text FROM y WHERE z >= :start::date AND z < :end AND a = '\\:b'"))


def test_a_source_cannot_be_written_to_or_made_by_accident(
    database: tuple[str, Callable[..., None]], tmp_path: Path
) -> None:
    url, _ = database
    source = SqlSource(Source(name="shop", url=url))
    with pytest.raises(SourceError, match=r"the database says: .*(readonly|read-only)|it must be a SELECT"):
        pulled(source, metric("INSERT INTO empty SELECT 1 WHERE :start < :end"), 0, HOUR)
    source.close()
    missing = SqlSource(Source(name="shop", url=url.replace("shop.", "typo.")))
    with pytest.raises(SourceError, match="metric orders, source shop: the database says"):
        pulled(missing, metric("SELECT :start, :end"), 0, HOUR)
    missing.close()
    assert not list(tmp_path.glob("typo*"))


def test_what_the_database_says_is_passed_on(database: tuple[str, Callable[..., None]]) -> None:
    source = SqlSource(Source(name="shop", url=database[0]))
    with pytest.raises(SourceError, match=r"the database says: .*orders_2027"):
        pulled(source, metric("SELECT * FROM orders_2027 WHERE :start < :end"), 0, HOUR)
    source.close()


def test_relative_paths_start_at_the_working_directory(
    database: tuple[str, Callable[..., None]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url, run = database
    run(f"CREATE TABLE orders AS SELECT {NOON} AS time, 1 AS value")
    monkeypatch.chdir(tmp_path)
    kind = url.partition(":")[0]
    source = SqlSource(Source(name="shop", url=f"{kind}:///shop.{kind}"))
    assert len(pulled(source, metric("SELECT * FROM orders WHERE :start < :end"), NOON, NOON + HOUR)) == 1
    source.close()


def test_nothing_is_held_between_pulls(database: tuple[str, Callable[..., None]]) -> None:
    url, run = database
    run(f"CREATE TABLE orders AS SELECT {NOON} AS time, 1 AS value")
    source = SqlSource(Source(name="shop", url=url))
    asked = metric("SELECT * FROM orders WHERE :start < :end")
    assert len(pulled(source, asked, NOON, NOON + HOUR)) == 1
    run(f"INSERT INTO orders VALUES ({NOON} + 3600, 2)")
    assert len(pulled(source, asked, NOON, NOON + 2 * HOUR)) == 2
    source.close()
    source.close()


def test_threads_may_share_a_source(database: tuple[str, Callable[..., None]]) -> None:
    url, run = database
    run(f"CREATE TABLE orders AS SELECT {NOON} AS time, 1 AS value")
    source = SqlSource(Source(name="shop", url=url))
    found: list[int] = []

    def work() -> None:
        asked = metric("SELECT * FROM orders WHERE :start < :end")
        found.append(len(pulled(source, asked, NOON, NOON + HOUR)))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    source.close()
    assert found == [1] * 4


# addresses and secrets


def test_a_url_takes_secrets_from_outside(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "shop.db")) as connection, connection:
        connection.execute(f"CREATE TABLE orders AS SELECT {NOON} AS time, 1 AS value")
    asked = metric("SELECT * FROM orders WHERE :start < :end")
    for url in ("sqlite:///${FOLDER}/shop.db", "${URL}"):
        given = {"FOLDER": str(tmp_path), "URL": f"sqlite:///{tmp_path}/shop.db"}
        source = SqlSource(Source(name="shop", url=url), given.get)
        assert len(pulled(source, asked, NOON, NOON + HOUR)) == 1
        source.close()


def test_a_missing_secret_is_named() -> None:
    source = SqlSource(Source(name="shop", url="postgresql://ann:${SHOP_PASSWORD}@db/shop"), {}.get)
    with pytest.raises(SourceError, match=r"source shop: its url names \$\{SHOP_PASSWORD\}, which is not set"):
        pulled(source, metric("SELECT :start, :end"), 0, HOUR)


def test_a_password_may_hold_any_character_and_is_never_said(tmp_path: Path) -> None:
    secret = "p@ss/w:rd#1?"
    source = SqlSource(Source(name="shop", url="duckdb://ann:${SECRET}@/shop.duckdb"), {"SECRET": secret}.get)
    assert source._engine.url.password == secret
    with pytest.raises(SourceError) as caught:
        pulled(source, metric("SELECT :start, :end"), 0, HOUR)
    assert secret not in str(caught.value)


def test_a_secret_that_the_database_repeats_is_blotted_out(tmp_path: Path) -> None:
    sqlite3.connect(tmp_path / "shop.db").close()
    secret = str(tmp_path)
    source = SqlSource(Source(name="shop", url="sqlite:///${SECRET}/shop.db"), {"SECRET": secret}.get)
    with pytest.raises(SourceError, match=r"no such table: \*\*\*") as caught:
        pulled(source, metric(f'SELECT * FROM "{secret}" WHERE :start < :end'), 0, HOUR)
    assert secret not in str(caught.value)
    assert caught.value.__suppress_context__, "nor in the traceback"
    source.close()


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("not a url", "its url is none; write it as dialect"),
        ("warehouse://ann:secret@host/db", "no SQLAlchemy dialect for 'warehouse' is installed"),
    ],
)
def test_an_address_that_leads_nowhere_says_so(url: str, said: str) -> None:
    source = SqlSource(Source(name="shop", url=url))
    with pytest.raises(SourceError, match=f"metric orders, source shop: {said}") as caught:
        pulled(source, metric("SELECT :start, :end"), 0, HOUR)
    assert "secret" not in str(caught.value)


def test_a_driver_that_is_not_installed_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "pymysql", None)
    source = SqlSource(Source(name="shop", url="mysql+pymysql://ann:secret@host/db"))
    with pytest.raises(SourceError, match="driver is missing: pip install pymysql"):
        pulled(source, metric("SELECT :start, :end"), 0, HOUR)
