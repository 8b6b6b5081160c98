"""Metrics from any database that SQLAlchemy speaks, read only where the database knows how."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np
import pyarrow as pa
from sqlalchemy import URL, ClauseElement, Connection, Engine, NullPool, create_engine, make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError

from watchkeeper.domain.errors import SourceError, WatchkeeperError
from watchkeeper.domain.metric import Metric, Source, TimeIs
from watchkeeper.references import look_up
from watchkeeper.sources import dialects
from watchkeeper.sources.discretion import without_values
from watchkeeper.sources.packed import ask_packed
from watchkeeper.sources.pipelined import TOGETHER, Asked, Pulled, Question, ask, can_ask, is_ended, worded
from watchkeeper.sources.points import (
    BATCH_ROWS,
    NONE_WITHHELD,
    Answer,
    Column,
    TooManyRowsError,
    check_points,
    check_together,
    failure,
)
from watchkeeper.sources.secrets import Secrets
from watchkeeper.sources.table_query import check_table, table_statement
from watchkeeper.sources.window import Window, naive, query_text, window

_STREAMED = ("postgresql", "mysql", "mariadb", "redshift")
SHORT_STEPS = 100
"""The answer for so few periods comes whole: a cursor on the server would ask four times instead of once. A query that
returns too much has failed on the long window of the metric's first reading already."""
ROWS_AT_ONCE = 10_000
_SQLITE_STEPS = 10_000
"""After so many steps of SQLite's machine the clock is looked at: about a millisecond."""


class SqlSource:
    """A database as a source of points. It connects when asked for points, and holds no connection in between; one that
    `holds` does, until `close`, and is for one thread.

    References in the source's URL are replaced by what `resolve_secret` gives for them (default: the environment and
    files); inside user and password they may hold any character. Relative paths of SQLite and DuckDB files start at the
    current working directory. Neither URL nor password occurs in an error. Which clock a query speaks: see
    `sources.window`.
    """

    def __init__(
        self, source: Source, resolve_secret: Callable[[str], str | None] = look_up, *, holds: bool = False
    ) -> None:
        self._source = source
        self._secrets = Secrets(resolve_secret)
        self._holds = holds
        self._held: Connection | None = None
        self.outside = 0
        """How many rows the last pull left out because they lay outside its window."""
        self.withheld = NONE_WITHHELD
        """What it left out because its group was smaller than the metric's `min_group_size`."""

    def check(self, metric: Metric) -> None:
        """Check the metric's query or table without connecting; ConfigError names the metric and the mend."""
        if metric.query:
            window(metric, 0, metric.step_s)
        else:
            check_table(metric)

    def pull(self, metric: Metric, start: int, end: int) -> Iterator[pa.RecordBatch]:
        """The metric's points in `[start, end)` (seconds UTC), after all of them were checked.

        Batches have the columns time int64 (seconds UTC), value float64 (NaN: missing), and one string a dimension, in
        the metric's order; there is none where there are no points. A null dimension value is "(none)", an infinite
        value is missing. Rows outside the window are left out and counted in `outside`.

        Where daylight saving ends, a query on the wall clock may return the repeated hour as two rows: the first is
        taken for the first hour, the next for the second. A query that groups by the wall clock adds both up into one
        row, which is taken for the first; to keep them apart let it return times with a zone.

        Raises ConfigError where the query does not ask for a window, TooManyRowsError where the answer has more rows
        than the source's `max_rows`, SourceError where the database or its answer is at fault or takes longer than the
        source's `timeout`; all name the metric, the place and the mend.
        """
        self.check(metric)
        columns, zone = self._ask(metric, start, end)
        checked = check_points(metric, columns, start, end, zone)
        self.outside, self.withheld = checked.outside, checked.withheld
        yield from checked.table.to_batches(max_chunksize=BATCH_ROWS)

    @contextmanager
    def connection(self) -> Iterator[Connection]:
        """A connection to look around with, set up as for pulling; whatever it says against that is a SourceError."""
        with self._explained(), self._engine.connect() as connection:
            with _limited(connection, self._source.timeout_s):
                self._set_up(connection)
            connection.commit()  # what a session is told counts from the next transaction on
            with _limited(connection, self._source.timeout_s):
                yield connection

    @contextmanager
    def _explained(self) -> Iterator[None]:
        """What goes wrong with the source as a whole, in words that hold no address."""
        try:
            yield
        except SourceError as error:
            raise SourceError(f"source {self._source.name}: {error}") from None
        except ModuleNotFoundError as error:
            raise SourceError(
                f"source {self._source.name}: the database's driver is missing: pip install {error.name}"
            ) from None
        except Exception as error:  # drivers raise what they like, and each message may hold the address
            said = self._secrets.blot_out(without_values(getattr(error, "orig", None) or error))
            raise SourceError(f"source {self._source.name}: the database says: {said}") from None

    def close(self) -> None:
        """Let go of what is open."""
        if self._held is not None:
            self._held.close()
            self._held = None
        if "_engine" in self.__dict__:
            self._engine.dispose()

    def prepare(self, connection: Connection) -> None:
        """What a connection needs before the first query; sources over this one add to it."""

    def pull_together(self, asked: Sequence[Asked]) -> Iterator[Pulled]:
        """Short windows of many metrics, as `pull` would give them, but many on their way at once.

        Long windows, and all where the database cannot do that, come back as `alone`. SourceError where there is no
        connection.
        """
        with self._explained():
            is_able = self._holds and can_ask(self._engine.dialect)
        short = [one for one in asked if is_able and _is_short(one.metric, one.start, one.end)]
        for first in range(0, len(short), TOGETHER):
            yield self._pull_few(short[first : first + TOGETHER])
        yield Pulled([], [], [one for one in asked if not is_able or not _is_short(one.metric, one.start, one.end)])

    def _pull_few(self, asked: Sequence[Asked]) -> Pulled:
        answers: list[Answer] = []
        failed: list[WatchkeeperError] = []
        alone: list[Asked] = []
        questions: list[tuple[Asked, Question, str]] = []
        with self._explained(), self._connection() as connection:
            for one in asked:
                try:
                    self.check(one.metric)
                    questions.append((one, *worded(one.metric, one.start, one.end)))
                except WatchkeeperError as wrong:
                    failed.append(wrong)
            while questions:
                done, error = ask(connection, [question for _, question, _ in questions])
                for (one, _, zone), columns in zip(questions, done, strict=False):
                    if len(next(iter(columns.values()), ())) > self._source.max_rows:
                        alone.append(one)
                        continue
                    if _is_local(one.metric):
                        columns["time"] = [naive(time) for time in columns["time"]]
                    answers.append(Answer(one.metric, columns, one.start, one.end, zone))
                if error is not None:
                    driver: Any = connection.connection.driver_connection
                    if driver.closed or len(done) == len(questions):
                        raise error
                    failed.append(self._why(questions[len(done)][0].metric, error, is_late=is_ended(error)))
                questions = questions[len(done) + 1 :]
        passed, refused = check_together(answers)
        return Pulled(passed, [*failed, *refused], alone)

    def _ask(self, metric: Metric, start: int, end: int) -> tuple[dict[str, Column], str]:
        began = time.monotonic()
        try:
            with self._connection() as connection:
                began = time.monotonic()
                columns, zone = self._columns(connection, metric, start, end)
        except Exception as error:  # drivers raise what they like, and each message may hold the address
            raise self._why(metric, error, is_late=time.monotonic() - began >= self._source.timeout_s) from None
        if _is_local(metric):
            columns["time"] = pa.chunked_array([np.asarray(columns["time"], "datetime64[s]")])
        return columns, zone

    def _columns(self, connection: Connection, metric: Metric, start: int, end: int) -> tuple[dict[str, Column], str]:
        most = self._source.max_rows
        packed = ask_packed(connection, metric, start, end, most + 1)
        if packed is not None:
            _check_rows(max(map(len, packed[0].values())), most)
            return dict(packed[0]), packed[1]
        query, bound = _question(metric, connection, start, end)
        with _limited(connection, self._source.timeout_s):
            columns = _answer(connection, query, bound, most, is_short=_is_short(metric, start, end))
        return columns, bound.zone

    def _why(self, metric: Metric, error: Exception, *, is_late: bool) -> SourceError:
        """An error in words that name the metric and hold no address."""
        if isinstance(error, TooManyRowsError):
            return TooManyRowsError(str(failure(metric, str(error))))
        if isinstance(error, SourceError):
            return failure(metric, str(error))
        if isinstance(error, ModuleNotFoundError):
            return failure(metric, f"the database's driver is missing: pip install {error.name}")
        said = self._secrets.blot_out(without_values(getattr(error, "orig", None) or error))
        if is_late:
            return failure(
                metric,
                f"the query took longer than the source's timeout of {self._source.timeout} and was ended ({said});"
                " give its time column an index, let it read less, or raise timeout",
            )
        return failure(metric, f"the database says: {said}")

    @contextmanager
    def _connection(self) -> Iterator[Connection]:
        """A connection; where it is held the same each time, because making one costs more than a short query."""
        if not self._holds:
            with self._engine.connect() as connection:
                with _limited(connection, self._source.timeout_s):
                    self._set_up(connection)
                connection.commit()
                yield connection
            return
        if self._held is None:
            self._held = self._engine.connect()
            with _limited(self._held, self._source.timeout_s):
                self._set_up(self._held)
            self._held.commit()
        try:
            yield self._held
            self._held.rollback()  # the next query sees what is there by then
        except BaseException:
            held, self._held = self._held, None
            held.close()
            raise

    def _set_up(self, connection: Connection) -> None:
        for setting in dialects.session_statements(connection.dialect, self._source.timeout_s):
            connection.exec_driver_sql(setting, execution_options={"stream_results": False})
        self.prepare(connection)

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
            url = dialects.full_url(url, self._source.timeout_s)
            given = dialects.connect_args(url, self._source.timeout_s)
            settings["connect_args"] = {**settings.get("connect_args", {}), **given}
            engine = create_engine(url, poolclass=NullPool, **settings)
        except NoSuchModuleError:
            raise SourceError(
                f"no SQLAlchemy dialect for {url.drivername!r} is installed; install the package that brings it"
            ) from None
        streamed = url.get_backend_name() in _STREAMED
        options = dialects.execution_options(url, self._source.timeout_s)
        return engine.execution_options(postgresql_readonly=True, stream_results=streamed, **options)

    def _url(self) -> URL:
        template = self._source.url
        credentials = template.rfind("@")

        def is_credential(reference: re.Match[str]) -> bool:
            return "://" in template[: reference.start()] and reference.end() <= credentials

        full = self._secrets.fill("url", template, encode=is_credential)
        try:
            url = make_url(full)
        except ArgumentError:
            raise SourceError("its url is none; write it as dialect://user:password@host/database") from None
        self._secrets.add(full)
        self._secrets.add(url.password or "")
        return url


def _is_file(url: URL) -> bool:
    return url.database not in (None, "", ":memory:") and not str(url.database).startswith(("file:", "md:"))


def _is_short(metric: Metric, start: int, end: int) -> bool:
    return end - start <= SHORT_STEPS * metric.step_s


def _is_local(metric: Metric) -> bool:
    """Whether the statement says times as seconds of the metric's own clock."""
    return not metric.query and metric.time_is is TimeIs.LOCAL


def _question(metric: Metric, connection: Connection, start: int, end: int) -> tuple[ClauseElement, Window]:
    if metric.query:
        query = dialects.query_for(connection.dialect, metric.query)
        return query_text(query), window(metric, start, end)
    return table_statement(metric, connection.dialect, start, end)


@contextmanager
def _limited(connection: Connection, seconds: int) -> Iterator[None]:
    """End what runs here after so many seconds, in the databases that cannot do it themselves."""
    driver: Any = connection.connection.driver_connection
    if connection.dialect.name == "sqlite":
        deadline = time.monotonic() + seconds
        driver.set_progress_handler(lambda: time.monotonic() >= deadline, _SQLITE_STEPS)
        yield
    elif connection.dialect.name == "duckdb":
        alarm = threading.Timer(seconds, driver.interrupt)
        alarm.daemon = True
        alarm.start()
        try:
            yield
        finally:
            alarm.cancel()
    else:
        yield


def _answer(
    connection: Connection, query: ClauseElement, bound: Window, most: int, *, is_short: bool
) -> dict[str, Column]:
    if connection.dialect.name == "duckdb":
        return _columns_of_duckdb(connection, query, bound, most)
    values = dialects.bound(connection.dialect, bound.parameters)
    options = {"stream_results": False} if is_short else {}
    result = connection.execute(query, values, execution_options=options)  # type: ignore[call-overload]
    if not result.returns_rows:
        raise SourceError("the query returns no rows; it must be a SELECT")
    names = list(result.keys())
    columns: list[list[Any]] = [[] for _ in names]
    rows = 0
    # Few rows at a time: a million at once keep Python's garbage collector busy for longer than the database works.
    while some := result.fetchmany(min(ROWS_AT_ONCE, most + 1 - rows)):
        rows += len(some)
        _check_rows(rows, most)
        for column, own in zip(columns, zip(*some, strict=True), strict=True):
            column.extend(own)
    result.close()
    return dict(zip(names, columns, strict=True))


def _columns_of_duckdb(connection: Connection, query: ClauseElement, bound: Window, most: int) -> dict[str, Column]:
    """As Arrow, which is faster by far and needs no pytz for times with a zone."""
    compiled = query.compile(dialect=connection.dialect)
    values = [bound.parameters[name] for name in getattr(compiled, "positiontup", None) or ()]
    driver: Any = connection.connection.driver_connection
    said = driver.extract_statements(str(compiled))
    if [one.type.name for one in said] not in (["SELECT"], ["MULTI"]):  # a PIVOT is two inside, and is one here
        raise SourceError("the query returns no rows; it must be a SELECT")
    relation = driver.sql(str(compiled), params=values)
    if relation is None:
        raise SourceError("the query returns no rows; it must be a SELECT")
    table = relation.limit(most + 1).to_arrow_table()
    _check_rows(table.num_rows, most)
    return dict(zip(table.column_names, table.columns, strict=True))


def _check_rows(rows: int, most: int) -> None:
    if rows > most:
        raise TooManyRowsError(
            f"the query returned more than {most:,} rows, the source's max_rows; group by fewer dimensions or a"
            " coarser step, or raise max_rows"
        )
