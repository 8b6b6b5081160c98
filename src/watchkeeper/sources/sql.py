"""Metrics from any database that SQLAlchemy speaks, read only where the database knows how."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pyarrow as pa
from sqlalchemy import URL, Connection, Engine, NullPool, TextClause, create_engine, make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError

from watchkeeper.domain.errors import SourceError
from watchkeeper.domain.metric import Metric, Source
from watchkeeper.sources.points import BATCH_ROWS, Column, check_points, failure
from watchkeeper.sources.window import Window, statement, window

# Parameters and truncation mean UTC, wherever the server stands.
_IN_UTC = {
    "duckdb": "SET TimeZone = 'UTC'",
    "mariadb": "SET time_zone = '+00:00'",
    "mysql": "SET time_zone = '+00:00'",
    "postgresql": "SET TIME ZONE 'UTC'",
}

_REFERENCE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")


class SqlSource:
    """A database as a source of points. It connects when asked for points, and holds no connection in between.

    `${NAME}` in the source's URL is replaced by what `resolve_secret` gives for `NAME` (default: the environment);
    inside user and password it may hold any character. Relative paths of SQLite and DuckDB files start at the current
    working directory. Neither URL nor password occurs in an error. Which clock a query speaks: see `sources.window`.
    """

    def __init__(self, source: Source, resolve_secret: Callable[[str], str | None] = os.environ.get) -> None:
        self._source = source
        self._resolve = resolve_secret
        self._secrets: list[str] = []
        self.outside = 0
        """How many rows the last pull left out because they lay outside its window."""
        self.withheld = 0
        """How many rows it left out because their group was smaller than the metric's `min_group_size`."""

    def check(self, metric: Metric) -> None:
        """Check the metric's query without connecting; ConfigError names the metric and the mend."""
        window(metric, 0, metric.step_s)

    def pull(self, metric: Metric, start: int, end: int) -> Iterator[pa.RecordBatch]:
        """The metric's points in `[start, end)` (seconds UTC), after all of them were checked.

        Batches have the columns time int64 (seconds UTC), value float64 (NaN: missing), and one string a dimension, in
        the metric's order; there is none where there are no points. A null dimension value is "(none)", an infinite
        value is missing. Rows outside the window are left out and counted in `outside`.

        Where daylight saving ends, a query on the wall clock may return the repeated hour as two rows: the first is
        taken for the first hour, the next for the second. A query that groups by the wall clock adds both up into one
        row, which is taken for the first; to keep them apart let it return times with a zone.

        Raises ConfigError where the query does not ask for a window, SourceError where the database or its answer is at
        fault; both name the metric, the place and the mend.
        """
        bound = window(metric, start, end)
        checked = check_points(metric, self._ask(metric, bound), start, end, bound.zone)
        self.outside, self.withheld = checked.outside, checked.withheld
        yield from checked.table.to_batches(max_chunksize=BATCH_ROWS)

    def close(self) -> None:
        """Let go of what is open."""
        if "_engine" in self.__dict__:
            self._engine.dispose()

    def _ask(self, metric: Metric, bound: Window) -> dict[str, Column]:
        query = statement(metric)
        try:
            with self._engine.connect() as connection:
                dialect = connection.dialect.name
                if dialect in _IN_UTC:
                    connection.exec_driver_sql(_IN_UTC[dialect])
                if dialect == "duckdb":
                    return _columns_of_duckdb(connection, query, bound)
                return _columns(connection, query, bound)
        except SourceError as error:
            raise failure(metric, str(error)) from None
        except ModuleNotFoundError as error:
            raise failure(metric, f"the database's driver is missing: pip install {error.name}") from None
        except Exception as error:  # drivers raise what they like, and each message may hold the address
            raise failure(metric, f"the database says: {self._without_secrets(error)}") from None

    @cached_property
    def _engine(self) -> Engine:
        url = self._url()
        settings: dict[str, Any] = {}
        if url.get_backend_name() == "duckdb" and _is_file(url):
            settings["connect_args"] = {"read_only": True}
        if url.get_backend_name() == "sqlite" and _is_file(url):
            # Read only, so that a mistyped path is an error and not a new, empty database.
            path = quote(str(Path(url.database or "").resolve()))
            url = url.set(database=f"file:{path}").update_query_dict({"mode": "ro", "uri": "true"})
        try:
            engine = create_engine(url, poolclass=NullPool, **settings)
        except NoSuchModuleError:
            raise SourceError(
                f"no SQLAlchemy dialect for {url.drivername!r} is installed; install the package that brings it"
            ) from None
        return engine.execution_options(postgresql_readonly=True)

    def _url(self) -> URL:
        template = self._source.url
        credentials = template.rfind("@")

        def resolved(reference: re.Match[str]) -> str:
            value = self._resolve(reference[1])
            if value is None:
                raise SourceError(f"its url names ${{{reference[1]}}}, which is not set; set it in the environment")
            is_credential = "://" in template[: reference.start()] and reference.end() <= credentials
            quoted = quote(value, safe="")
            self._secrets += [value, quoted]
            return quoted if is_credential else value

        full = _REFERENCE.sub(resolved, template)
        try:
            url = make_url(full)
        except ArgumentError:
            raise SourceError("its url is none; write it as dialect://user:password@host/database") from None
        self._secrets += [full, url.password or "", quote(url.password or "", safe="")]
        return url

    def _without_secrets(self, error: Exception) -> str:
        message = " ".join(str(getattr(error, "orig", None) or error).split())
        for secret in sorted(filter(None, self._secrets), key=len, reverse=True):
            message = message.replace(secret, "***")
        return message


def _is_file(url: URL) -> bool:
    return url.database not in (None, "", ":memory:") and not str(url.database).startswith(("file:", "md:"))


def _columns(connection: Connection, query: TextClause, bound: Window) -> dict[str, Column]:
    # SQLite has no timestamps: texts are compared, and this is how its own functions write them.
    is_sqlite = connection.dialect.name == "sqlite"
    values = {
        name: value if isinstance(value, int) or not is_sqlite else f"{value}" for name, value in bound[0].items()
    }
    result = connection.execute(query, values)
    if not result.returns_rows:
        raise SourceError("the query returns no rows; it must be a SELECT")
    names, rows = list(result.keys()), result.fetchall()
    columns = list(zip(*rows, strict=True)) if rows else [()] * len(names)
    return dict(zip(names, columns, strict=True))


def _columns_of_duckdb(connection: Connection, query: TextClause, bound: Window) -> dict[str, Column]:
    """As Arrow, which is faster by far and needs no pytz for times with a zone."""
    compiled = query.compile(dialect=connection.dialect)
    values = [bound.parameters[name] for name in getattr(compiled, "positiontup", None) or ()]
    relation = connection.connection.driver_connection.sql(str(compiled), params=values)  # type: ignore[union-attr]
    if relation is None:
        raise SourceError("the query returns no rows; it must be a SELECT")
    table = relation.to_arrow_table()
    return dict(zip(table.column_names, table.columns, strict=True))
