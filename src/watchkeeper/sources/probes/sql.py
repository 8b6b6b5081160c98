"""Pieces of SQL that PostgreSQL, DuckDB and the warehouses alike speak: windows of a table, periods, lists as rows."""

from __future__ import annotations

from collections.abc import Sequence

UNITS = {"1m": "minute", "1h": "hour", "1d": "day"}
START, END = "cast(:start as timestamp)", "cast(:end as timestamp)"


def text(value: str) -> str:
    """A text as a literal; a colon is no parameter."""
    return "'" + value.replace("'", "''").replace("\\", "\\\\").replace(":", "\\:") + "'"


def number(value: float) -> str:
    """A number as a literal."""
    return repr(float(value))


def period(step: str, column: str) -> str:
    """The start of the period that a time lies in."""
    return f"date_trunc('{UNITS[step]}', {column})"


def span(step: str) -> str:
    """The length of a period as an interval."""
    return f"interval '1 {UNITS[step]}'"


def rows(table: str, time: str) -> str:
    """`from` and `where` for the rows of a table in the window."""
    return f"from {table} as t where t.{time} >= {START} and t.{time} < {END}"


def periods(step: str) -> str:
    """Every period of the window, as the table `p` with the column `time`."""
    return f"(select * from generate_series({START}, {END} - {span(step)}, {span(step)}) as g(time)) as p"


def listed(items: Sequence[str]) -> str:
    """Expressions as rows: several of these in one select go abreast."""
    return f"unnest(array[{', '.join(items)}])"


def count_if(condition: str) -> str:
    """How many rows fulfil a condition; null counts as no."""
    return f"sum(cast({condition} as integer))"


def size(person: str) -> str:
    """How large a group is: how many people where a column names them, else how many rows."""
    return f"count(distinct t.{person})" if person else "count(*)"


def size_if(condition: str, person: str) -> str:
    """The same of the rows that fulfil a condition."""
    return f"count(distinct case when {condition} then t.{person} end)" if person else count_if(condition)
