"""What each kind of database has to be told, so that its clock is UTC, a statement ends, and nothing is written.

| database | clock | time-out | read only |
| --- | --- | --- | --- |
| PostgreSQL | the session's | the session's | each transaction is |
| Redshift | the session's | the session's | by its user |
| MySQL, MariaDB | the session's | the session's | the session is |
| SQLite | texts | interrupted from here | the file is opened so |
| DuckDB | the session's | interrupted from here | the file is opened so |
| Snowflake, Databricks | the session's | the session's | by its user |
| BigQuery | UTC always | the job's | by its user |
| ClickHouse | the session's; a window is an instant or a number | the session's | by its user |
| Trino | the client's | the session's | by its user |
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import URL, Dialect

CONNECT_S = 10
"""How long a database may take to answer the knock."""

# Parameters and truncation mean UTC, wherever the server stands.
_IN_UTC = {
    "duckdb": "SET TimeZone = 'UTC'",
    "mariadb": "SET time_zone = '+00:00'",
    "mysql": "SET time_zone = '+00:00'",
    "postgresql": "SET TIME ZONE 'UTC'",
    "redshift": "SET TIMEZONE TO 'UTC'",
    "snowflake": "ALTER SESSION SET TIMEZONE = 'UTC'",
    "databricks": "SET TIME ZONE 'UTC'",
}
# How a database is told to end a statement by itself; SQLite and DuckDB are interrupted from here.
_TIMEOUT: dict[str, Callable[[int], str]] = {
    "postgresql": lambda s: f"SET statement_timeout = {s * 1000}",
    "redshift": lambda s: f"SET statement_timeout = {s * 1000}",
    "mysql": lambda s: f"SET SESSION max_execution_time = {s * 1000}",
    "mariadb": lambda s: f"SET SESSION max_statement_time = {s}",
    "snowflake": lambda s: f"ALTER SESSION SET STATEMENT_TIMEOUT_IN_SECONDS = {s}",
    "databricks": lambda s: f"SET STATEMENT_TIMEOUT = {s}",
    "trino": lambda s: f"SET SESSION query_max_run_time = '{s}s'",
}
_READ_ONLY = {
    "mariadb": "SET SESSION TRANSACTION READ ONLY",
    "mysql": "SET SESSION TRANSACTION READ ONLY",
}
_CONNECT: dict[tuple[str, str], Callable[[int], dict[str, Any]]] = {
    # The second is for a server that vanished while it worked: no answer, and no end of the connection either.
    ("postgresql", "psycopg"): lambda s: {"connect_timeout": CONNECT_S, "tcp_user_timeout": (s + CONNECT_S) * 1000},
    ("postgresql", "psycopg2"): lambda s: {"connect_timeout": CONNECT_S, "tcp_user_timeout": (s + CONNECT_S) * 1000},
    ("redshift", "psycopg2"): lambda s: {"connect_timeout": CONNECT_S, "tcp_user_timeout": (s + CONNECT_S) * 1000},
    ("mysql", "pymysql"): lambda s: {"connect_timeout": CONNECT_S, "read_timeout": s + CONNECT_S},
    ("mariadb", "pymysql"): lambda s: {"connect_timeout": CONNECT_S, "read_timeout": s + CONNECT_S},
    ("clickhouse", "http"): lambda s: {"timeout": s + CONNECT_S, "ch_settings": _of_clickhouse(s)},
    ("trino", "rest"): lambda s: {"timezone": "UTC", "request_timeout": s + CONNECT_S},
}
_IN_TEXTS = ("sqlite", "bigquery")
"""SQLite has no timestamps: texts are compared, and this is how its own functions write them. In BigQuery a text
becomes what it is compared with, a TIMESTAMP or a DATETIME; a parameter of one of these is refused beside the other."""
_PARAMETER = re.compile(r"(?<![:\w\\]):(start|end)(?!\w)")


def session_statements(dialect: Dialect, timeout_s: int) -> list[str]:
    """What a new session is told."""
    name = "mariadb" if getattr(dialect, "is_mariadb", False) else dialect.name
    limit = _TIMEOUT.get(name)
    said = [_IN_UTC.get(name, ""), limit(timeout_s) if limit else "", _READ_ONLY.get(name, "")]
    return [one for one in said if one]


def connect_args(url: URL, timeout_s: int) -> dict[str, Any]:
    """What the driver is told beside the URL, which goes before."""
    found = _CONNECT.get((url.get_backend_name(), url.get_driver_name()))
    return {name: value for name, value in found(timeout_s).items() if name not in url.query} if found else {}


def full_url(url: URL, timeout_s: int) -> URL:
    """The URL with what a driver takes from it alone."""
    if (url.get_backend_name(), url.get_driver_name()) != ("clickhouse", "native"):
        return url
    said = {name: str(value) for name, value in _of_clickhouse(timeout_s).items() if name not in url.query}
    return url.update_query_dict(said)


def execution_options(url: URL, timeout_s: int) -> dict[str, Any]:
    """What every statement is run with."""
    if url.get_backend_name() != "bigquery":
        return {}
    from google.cloud.bigquery import QueryJobConfig

    return {"job_config": QueryJobConfig(job_timeout_ms=timeout_s * 1000)}


def query_for(dialect: Dialect, query: str) -> str:
    """The query as the database reads its window: ClickHouse reads a text on the clock of the column beside it."""
    return _PARAMETER.sub(r"toDateTime(:\1, 'UTC')", query) if dialect.name == "clickhouse" else query


def bound(dialect: Dialect, parameters: Mapping[str, datetime | int]) -> dict[str, Any]:
    """The parameters of a window as the database reads them."""
    if dialect.name not in _IN_TEXTS:
        return dict(parameters)
    return {name: value if isinstance(value, int) else f"{value}" for name, value in parameters.items()}


def _of_clickhouse(timeout_s: int) -> dict[str, Any]:
    return {"session_timezone": "UTC", "max_execution_time": timeout_s}
