"""Many short questions to PostgreSQL, on their way at once: the next is sent before the last is answered.

A question alone costs its way to the server and back, and everything around it; ten thousand metrics would be read for
longer than the database works. Each keeps a statement, a time limit and an error of its own.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from sqlalchemy import Connection, Dialect

from watchkeeper.domain.errors import SourceError, WatchkeeperError
from watchkeeper.domain.metric import Metric
from watchkeeper.sources.points import Together
from watchkeeper.sources.table_query import Stretch, stretches, table_select, table_window
from watchkeeper.sources.window import query_text, window

TOGETHER = 500
"""So many questions share a transaction, and are checked together."""
_PARAMETER = re.compile(r"%(?:\((\w+)\)s|%)")


class Asked(NamedTuple):
    """A metric and the window `[start, end)` (seconds UTC) that is asked for."""

    metric: Metric
    start: int
    end: int


class Pulled(NamedTuple):
    """The points of metrics asked together; what failed; and those that have to be asked `alone` (by `pull`)."""

    points: list[Together]
    failed: list[WatchkeeperError]
    alone: list[Asked]


class Question(NamedTuple):
    """A statement as PostgreSQL itself takes it, with `$1` and so on, and what these are bound to."""

    text: str
    values: Sequence[Any]


def worded(metric: Metric, start: int, end: int) -> tuple[Question, str]:
    """What a metric asks of its source for `[start, end)` (seconds UTC), and the clock of times without a zone."""
    if metric.query:
        bound = window(metric, start, end)
        text, names = _numbered_query(metric.query)
        values = bound.parameters
    else:
        bound = table_window(metric, _dialect(), start, end)
        clock = stretches(metric, start, end)
        # With one offset the statement is the same each time; to compile it takes longer than to ask it.
        text, names = _numbered_table(metric, (Stretch(0, 0, clock[0].offset),) if len(clock) == 1 else clock)
        values = bound.parameters
    return Question(text, [values[name] for name in names]), bound.zone


@lru_cache(1)
def _dialect() -> Dialect:
    from sqlalchemy.dialects.postgresql.psycopg import dialect

    made: Dialect = dialect()  # type: ignore[no-untyped-call]
    return made


@lru_cache(20_000)
def _numbered_query(query: str) -> tuple[str, tuple[str, ...]]:
    return _numbered(str(query_text(query).compile(dialect=_dialect())))


@lru_cache(20_000)
def _numbered_table(metric: Metric, clock: tuple[Stretch, ...]) -> tuple[str, tuple[str, ...]]:
    return _numbered(str(table_select(metric, _dialect(), clock).compile(dialect=_dialect())))


def _numbered(text: str) -> tuple[str, tuple[str, ...]]:
    """`%(start)s` as `$1`, and the names of `$1`, `$2` …: the driver would look for them anew each time."""
    names: dict[str, int] = {}

    def number(found: re.Match[str]) -> str:
        return "%" if found[1] is None else f"${names.setdefault(found[1], len(names) + 1)}"

    return _PARAMETER.sub(number, text), tuple(names)


def can_ask(dialect: Dialect) -> bool:
    """Whether many questions can be on their way at once."""
    if (dialect.name, dialect.driver) != ("postgresql", "psycopg"):
        return False
    import psycopg

    return psycopg.Pipeline.is_supported()


def ask(
    connection: Connection, questions: Sequence[Question]
) -> tuple[list[dict[str, Sequence[Any]]], Exception | None]:
    """The answers, as columns, up to the first question that fails, and its error; the transaction is over then."""
    import psycopg

    driver: Any = connection.connection.driver_connection
    cursors: list[Any] = [psycopg.RawCursor(driver) for _ in questions]
    failure: Exception | None = None
    try:
        with driver.pipeline():
            try:
                for cursor, (text, values) in zip(cursors, questions, strict=True):
                    cursor.execute(text, values, prepare=False)
            except psycopg.Error as error:  # the answer of an earlier question, or that there is none any more
                failure = error
    except psycopg.Error as error:
        failure = failure or error
    answers = []
    try:
        for cursor in cursors:
            if cursor.pgresult is None:
                break
            answers.append(_columns(cursor))
    except SourceError as error:
        failure = error
    finally:
        if not driver.closed:
            driver.rollback()
    return answers, failure


def is_ended(error: Exception) -> bool:
    """Whether the server ended the statement, because it took too long."""
    return getattr(error, "sqlstate", None) == "57014"


def _columns(cursor: Any) -> dict[str, Sequence[Any]]:
    if cursor.description is None:
        raise SourceError("the query returns no rows; it must be a SELECT")
    names, rows = [column.name for column in cursor.description], cursor.fetchall()
    return dict(zip(names, zip(*rows, strict=True) if rows else [()] * len(names), strict=True))
