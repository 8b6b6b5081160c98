"""A metric given as a table, a time column and a measure becomes one statement in the database's own dialect.

The period of a row is found on the metric's wall clock without asking the database about time zones: the offsets of the
zone inside the window are known here, so the statement says them as numbers.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from sqlalchemy import BigInteger, ColumnElement, Dialect, Select, bindparam, case, cast, column, func, select, text
from sqlalchemy import literal_column as written
from sqlalchemy.sql import quoted_name

from watchkeeper.domain.errors import ConfigError
from watchkeeper.domain.metric import Kind, Metric, TimeIs
from watchkeeper.domain.times import DAY, floor_to_step, local_seconds, periods
from watchkeeper.sources.window import Window, naive, wall_window

_CALL = re.compile(r"^\s*(\w+)\s*(?:\((.*)\))?\s*$", re.DOTALL)
_PLAIN = ("sum", "avg", "min", "max")
_MEASURES = "count, count(x), count(distinct x), sum(x), avg(x), min(x), max(x), share(condition), ratio(x, y)"
_TOLD_IN_SECONDS = ("sqlite", "clickhouse")
"""Where the window is compared as seconds: SQLite has no timestamp type, and ClickHouse reads a text on the clock of
the column beside it (an index serves its toUnixTimestamp too, which only grows)."""

_EPOCH: dict[str, Callable[[Any], ColumnElement[Any]]] = {
    "bigquery": lambda at: func.unix_seconds(func.timestamp(at)),
    "clickhouse": lambda at: func.toUnixTimestamp(at),
    "databricks": lambda at: func.unix_seconds(written(f"CAST({at} AS TIMESTAMP)")),
    "duckdb": lambda at: func.epoch(at),
    "mariadb": lambda at: func.timestampdiff(written("SECOND"), written("'1970-01-01'"), at),
    "mysql": lambda at: func.timestampdiff(written("SECOND"), written("'1970-01-01'"), at),
    "snowflake": lambda at: func.date_part(written("epoch_second"), at),
    "sqlite": lambda at: func.strftime(written("'%s'"), at),
    "trino": lambda at: func.to_unixtime(written(f"CAST({at} AS TIMESTAMP(6) WITH TIME ZONE)")),
}
"""Seconds since 1970 of a timestamp, read as UTC where it has no zone. Others say EXTRACT(epoch FROM …)."""


def check_table(metric: Metric) -> None:
    """Check the metric's measures without a database; ConfigError names the metric and the mend."""
    _measure(metric, metric.measure)
    for said in (metric.group_size, metric.cases):
        if said:
            _measure(metric, said)


class Stretch(NamedTuple):
    """From `start` until `end` (seconds UTC) the zone's clock is `offset` seconds ahead of UTC."""

    start: int
    end: int
    offset: int


def table_statement(metric: Metric, dialect: Dialect, start: int, end: int) -> tuple[Select[Any], Window]:
    """The statement for `[start, end)` (seconds UTC) and the parameters that it is run with.

    It returns `time` (whole seconds: of the start of the period, UTC, or of the wall clock where the column is on it),
    `value`, the dimensions, `group_size` where the metric withholds small groups, and `cases` where it is a rate of
    any.
    """
    return table_select(metric, dialect, stretches(metric, start, end)), table_window(metric, dialect, start, end)


def table_window(metric: Metric, dialect: Dialect, start: int, end: int) -> Window:
    """What the parameters of the metric's statement are bound to for `[start, end)` (seconds UTC)."""
    is_local = metric.time_is is TimeIs.LOCAL
    first, last = wall_window(start, end, metric.timezone) if is_local else (start, end)
    zone = metric.timezone if is_local else "UTC"
    if _is_in_seconds(metric, dialect):
        return Window({"start_s": first, "end_s": last}, zone)
    return Window({"start": naive(first), "end": naive(last)}, zone)


def table_select(metric: Metric, dialect: Dialect, clock: Sequence[Stretch]) -> Select[Any]:
    """The statement, whose window is still to be bound; `clock` is that of the window. With one stretch only its offset
    is in the statement, which is then the same for other windows.
    """
    at = _quoted(metric.time_column, dialect)
    epoch = _epoch(metric, dialect, at)
    period = _period(metric, dialect, epoch, clock)
    asked: list[ColumnElement[Any]] = [period.label("time"), _measure(metric, metric.measure).label("value")]
    asked += [column(_as_name(name, dialect)) for name in metric.dimensions]
    if metric.min_group_size:
        asked.append(_measure(metric, metric.group_size or "count").label("group_size"))
    cases = _cases(metric)
    if cases is not None:
        asked.append(cases.label("cases"))
    named = ".".join(_quoted(part, dialect) for part in metric.table.split("."))
    source = text(named.replace(":", "\\:"))
    places = [1, *range(3, 3 + len(metric.dimensions))]
    if _is_in_seconds(metric, dialect):
        within = epoch
        low, high = bindparam("start_s", type_=BigInteger), bindparam("end_s", type_=BigInteger)
    else:
        within = written(at)
        low, high = bindparam("start"), bindparam("end")
    statement = select(*asked).select_from(source).where(within >= low, within < high)
    if metric.where:
        statement = statement.where(written(f"({metric.where})"))
    return statement.group_by(text(", ".join(map(str, places))))


def stretches(metric: Metric, start: int, end: int) -> tuple[Stretch, ...]:
    """The metric's clock in `[start, end)` (seconds UTC); one without an offset where the column is on it itself."""
    if metric.time_is is TimeIs.LOCAL or metric.timezone == "UTC":
        return (Stretch(start, end, 0),)
    return _offsets(metric.timezone, start, end)


def _is_in_seconds(metric: Metric, dialect: Dialect) -> bool:
    return metric.time_is is TimeIs.SECONDS or dialect.name in _TOLD_IN_SECONDS


def _epoch(metric: Metric, dialect: Dialect, at: str) -> ColumnElement[Any]:
    if metric.time_is is TimeIs.SECONDS:
        return cast(func.floor(written(at)), BigInteger) if dialect.name != "sqlite" else cast(written(at), BigInteger)
    of = _EPOCH.get(dialect.name, lambda at: func.floor(written(f"EXTRACT(epoch FROM {at})")))
    found = of(written(at))
    return cast(found if dialect.name in ("sqlite", "bigquery", "clickhouse") else func.floor(found), BigInteger)


def _period(
    metric: Metric, dialect: Dialect, epoch: ColumnElement[Any], clock: Sequence[Stretch]
) -> ColumnElement[Any]:
    """The start of the period that holds `epoch`.

    Between two changes of the zone's offset it is `epoch - (epoch + offset) mod step`; a period that holds a change, a
    day of 23 hours say, is named whole.
    """
    step = metric.step_s
    pieces: list[tuple[int, ColumnElement[Any]]] = []  # (until, start of the period before that)
    for left, right, offset in clock:
        begin = floor_to_step(left, step, metric.timezone) if pieces else left
        if pieces and begin < left:  # the change lies inside a period
            beyond = periods(begin, begin + 2 * step + DAY // 4, step, metric.timezone)
            stop = int(beyond[1]) if len(beyond) > 1 else right
            pieces[-1] = (begin, pieces[-1][1])
            pieces.append((min(stop, right), written(str(begin))))
        pieces.append((right, _floored(dialect, epoch, offset, step)))
    if len(pieces) == 1:
        return pieces[0][1]
    return case(*((epoch < written(str(until)), floored) for until, floored in pieces[:-1]), else_=pieces[-1][1])


@lru_cache(1_000)
def _offsets(zone: str, start: int, end: int) -> tuple[Stretch, ...]:
    """The stretches of `[start, end)` in which the zone's offset is one."""
    quarters = np.append(np.arange(start // 900 * 900, end, 900, dtype=np.int64), end)
    quarters[0] = start
    offset = local_seconds(quarters[:-1], zone) - quarters[:-1]
    cuts = [0, *(np.flatnonzero(np.diff(offset)) + 1).tolist(), len(offset)]
    return tuple(
        Stretch(int(quarters[left]), int(quarters[right]), int(offset[left]))
        for left, right in itertools.pairwise(cuts)
    )


def _floored(dialect: Dialect, epoch: ColumnElement[Any], offset: int, step: int) -> ColumnElement[Any]:
    local = epoch if offset == 0 else epoch + written(str(offset))
    if dialect.name in ("sqlite", "duckdb"):
        return epoch - local % written(str(step))
    return epoch - func.mod(local, written(str(step)))


def _measure(metric: Metric, said: str) -> ColumnElement[Any]:
    """`count`, `sum(amount)`, `share(status = 'paid')` … as an expression."""
    match = _CALL.match(said)
    name, inside = (match[1].lower(), (match[2] or "").strip()) if match else ("", "")
    if name == "count":
        return written(f"COUNT({inside or '*'})")
    if name in _PLAIN and inside:
        return written(f"{name.upper()}({inside})")
    if name == "share" and inside:
        return written(f"AVG(CASE WHEN {inside} THEN 1.0 ELSE 0.0 END)")
    parts = _split(inside)
    if name == "ratio" and len(parts) == 2:
        # Sums first, then one division: the mean of shares would let a quiet hour weigh as much as a busy one.
        return written(f"SUM({parts[0]}) * 1.0 / NULLIF(SUM({parts[1]}), 0)")
    raise ConfigError(f"metric {metric.name}: measure {said!r} is not known; use {_MEASURES}, or write a query")


def _cases(metric: Metric) -> ColumnElement[Any] | None:
    """How many cases a rate rests on: as the metric says, or what its measure divides by."""
    if metric.kind is not Kind.RATE or "cases" in metric.dimensions:
        return None
    if metric.cases:
        return _measure(metric, metric.cases)
    match = _CALL.match(metric.measure)
    name, inside = (match[1].lower(), (match[2] or "").strip()) if match else ("", "")
    if name == "share":
        return written("COUNT(*)")
    if name == "avg":
        return written(f"COUNT({inside})")
    return written(f"SUM({_split(inside)[1]})") if name == "ratio" else None


def _split(inside: str) -> list[str]:
    """The arguments of a call, at commas outside of brackets and quotes."""
    parts, depth, quote = [""], 0, ""
    for sign in inside:
        if quote:
            quote = "" if sign == quote else quote
        elif sign in "'\"`":
            quote = sign
        depth += {"(": 1, ")": -1}.get(sign, 0) if not quote else 0
        if sign == "," and not depth and not quote:
            parts.append("")
        else:
            parts[-1] += sign
    return [part.strip() for part in parts if part.strip()]


def _quoted(name: str, dialect: Dialect) -> str:
    """A name as the database reads it within `written`, which says by itself what a percent sign needs."""
    told = dialect.identifier_preparer.quote(_as_name(name, dialect))
    return told.replace("%%", "%") if dialect.paramstyle in ("format", "pyformat") else told


def _as_name(name: str, dialect: Dialect) -> str:
    """A name that is quoted where it has to be: DuckDB's dialect knows PostgreSQL's reserved words, not `at` or `asof`.

    Quoting every name changes nothing in DuckDB. In SQLite it would: a quoted name that is no column is a text there.
    """
    return quoted_name(name, quote=True) if dialect.name == "duckdb" else name
