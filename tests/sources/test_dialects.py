"""Databases that no machine of the tests has: what they are told and asked, as whole statements."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import msgspec
import pytest
from sqlalchemy import Dialect
from sqlalchemy.dialects import registry
from sqlalchemy.engine import make_url

from watchkeeper.domain.metric import Metric, Source, TimeIs
from watchkeeper.domain.times import DAY, HOUR, parse_instant
from watchkeeper.sources import dialects
from watchkeeper.sources.sql import SqlSource
from watchkeeper.sources.table_query import table_statement

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")
START = parse_instant("2026-06-01T00:00Z")
PAID = Metric(
    name="paid",
    source="shop",
    step="1h",
    table="shop.orders",
    time_column="placed",
    measure="share(paid)",
    dimensions=("country",),
    where="amount > 0",
)
EPOCHS = {
    "mysql": "CAST(floor(timestampdiff(SECOND, '1970-01-01', placed)) AS SIGNED INTEGER)",
    "snowflake": "CAST(floor(date_part(epoch_second, placed)) AS BIGINT)",
    "bigquery": "CAST(unix_seconds(timestamp(`placed`)) AS INT64)",
    "redshift": "CAST(floor(floor(EXTRACT(epoch FROM placed))) AS BIGINT)",
    "trino": "CAST(floor(to_unixtime(CAST(placed AS TIMESTAMP(6) WITH TIME ZONE))) AS BIGINT)",
    "clickhouse": "CAST(toUnixTimestamp(placed) AS BIGINT)",
    "databricks": "CAST(floor(unix_seconds(CAST(placed AS TIMESTAMP))) AS BIGINT)",
}
"""Seconds since 1970 of a column with a zone, and of one without it that is in UTC."""
WINDOWS = {
    "mysql": "placed >= %s AND placed < %s",
    "snowflake": "placed >= %(start)s AND placed < %(end)s",
    "bigquery": "`placed` >= %(start)s AND `placed` < %(end)s",
    "redshift": "placed >= %(start)s AND placed < %(end)s",
    "trino": "placed >= ? AND placed < ?",
    "clickhouse": f"{EPOCHS['clickhouse']} >= %(start_s)s AND {EPOCHS['clickhouse']} < %(end_s)s",
    "databricks": "placed >= :`start` AND placed < :`end`",
}


def dialect_of(name: str) -> Dialect:
    kind = registry.load(name)
    style = {"bigquery": "pyformat", "trino": "qmark", "databricks": "named"}.get(name)
    found: Dialect = kind(paramstyle=style) if style else kind()
    return found


@pytest.mark.parametrize("name", EPOCHS)
def test_a_table_is_asked_for_in_the_dialect_of_the_database(name: str) -> None:
    dialect, epoch = dialect_of(name), EPOCHS[name]
    statement, window = table_statement(PAID, dialect, START, START + DAY)
    quoted = {word: f"`{word}`" if name == "bigquery" else word for word in ("time", "value", "country")}
    table = "`shop`.`orders`" if name == "bigquery" else "shop.orders"
    assert " ".join(str(statement.compile(dialect=dialect)).split()) == (
        f"SELECT {epoch} - mod({epoch}, 3600) AS {quoted['time']}, "
        f"AVG(CASE WHEN paid THEN 1.0 ELSE 0.0 END) AS {quoted['value']}, {quoted['country']} "
        f"FROM {table} WHERE {WINDOWS[name]} AND (amount > 0) GROUP BY 1, 3"
    )
    said = dialects.bound(dialect, window.parameters)
    if name == "clickhouse":
        assert said == {"start_s": START, "end_s": START + DAY}
    else:
        assert {key: str(one) for key, one in said.items()} == {
            "start": "2026-06-01 00:00:00",
            "end": "2026-06-02 00:00:00",
        }
        assert all(isinstance(one, str) for one in said.values()) == (name == "bigquery")


@pytest.mark.parametrize("name", EPOCHS)
def test_a_column_of_seconds_is_compared_as_seconds(name: str) -> None:
    dialect = dialect_of(name)
    metric = msgspec.structs.replace(PAID, time_is=TimeIs.SECONDS)
    statement, window = table_statement(metric, dialect, START, START + DAY)
    said = " ".join(str(statement.compile(dialect=dialect)).split())
    assert "floor(" in said
    assert not any(word in said.lower() for word in ("unix", "epoch", "timestamp"))
    assert dialects.bound(dialect, window.parameters) == {"start_s": START, "end_s": START + DAY}


TOLD = {
    "postgresql": ["SET TIME ZONE 'UTC'", "SET statement_timeout = 60000"],
    "mysql": [
        "SET time_zone = '+00:00'",
        "SET SESSION max_execution_time = 60000",
        "SET SESSION TRANSACTION READ ONLY",
    ],
    "snowflake": ["ALTER SESSION SET TIMEZONE = 'UTC'", "ALTER SESSION SET STATEMENT_TIMEOUT_IN_SECONDS = 60"],
    "redshift": ["SET TIMEZONE TO 'UTC'", "SET statement_timeout = 60000"],
    "trino": ["SET SESSION query_max_run_time = '60s'"],
    "databricks": ["SET TIME ZONE 'UTC'", "SET STATEMENT_TIMEOUT = 60"],
    "bigquery": [],
    "clickhouse": [],
}


@pytest.mark.parametrize("name", TOLD)
def test_a_session_is_told_its_clock_and_its_end(name: str) -> None:
    assert dialects.session_statements(dialect_of(name), 60) == TOLD[name]


def test_what_has_no_session_is_told_with_the_connection_or_the_job() -> None:
    trino = dialects.connect_args(make_url("trino://reader@warehouse/shop"), 60)
    assert trino["timezone"] == "UTC"
    job = dialects.execution_options(make_url("bigquery://project/shop"), 60)["job_config"]
    assert job.job_timeout_ms == "60000"
    native = dialects.full_url(make_url("clickhouse+native://reader@warehouse/shop?max_execution_time=5"), 60)
    assert native.query == {"max_execution_time": "5", "session_timezone": "UTC"}


@contextmanager
def clickhouse() -> Iterator[tuple[str, list[tuple[dict[str, list[str]], str]]]]:
    """An address that answers as ClickHouse does over HTTP, and what it was asked: settings and statement."""
    asked: list[tuple[dict[str, list[str]], str]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            asked.append((parse_qs(urlsplit(self.path).query), body))
            said = f"time\tvalue\nInt64\tFloat64\n{START}\t7\n".encode()
            if "version()" in body or "timezone()" in body:
                said = b"version()\nString\n26.1.1\n"
            self.send_response(200)
            self.send_header("Content-Length", str(len(said)))
            self.end_headers()
            self.wfile.write(said)

        def log_message(self, *said: Any) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"clickhouse+http://reader@127.0.0.1:{server.server_port}/shop", asked
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_clickhouse_is_asked_for_instants_in_utc_and_for_an_end() -> None:
    query = "select 0 as time, 1 as value from x where at >= :start and at < :end"
    with clickhouse() as (url, asked):
        source = SqlSource(Source(name="shop", url=url, timeout="7s"))
        for metric in (
            msgspec.structs.replace(PAID, dimensions=()),
            Metric(name="q", source="s", step="1h", query=query),
        ):
            (batch,) = source.pull(metric, START, START + HOUR)
            assert batch.to_pylist() == [{"time": START, "value": 7.0}]
        source.close()
    statements = [
        (settings, " ".join(body.split())) for settings, body in asked if "x where" in body or "orders" in body
    ]
    assert len(statements) == 2
    for settings, _ in statements:
        assert settings["session_timezone"] == ["UTC"]
        assert settings["max_execution_time"] == ["7"]
    assert f"CAST(toUnixTimestamp(placed) AS BIGINT) >= {START}" in statements[0][1]
    assert (
        "at >= toDateTime('2026-06-01 00:00:00', 'UTC') and at < toDateTime('2026-06-01 01:00:00'," in statements[1][1]
    )
