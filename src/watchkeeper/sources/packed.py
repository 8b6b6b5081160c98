"""Long answers of PostgreSQL, packed by the server: each column comes as one value, and no row is a Python object.

The metric's own query stands inside a statement that gathers its columns into arrays, and texts into one text with the
length of each. What this does not know (a type, another encoding, a missing time, any error) is left to the driver's
rows, which say what is wrong as they always do; both give the same points to the bit.
"""

from __future__ import annotations

import struct
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from sqlalchemy import Connection

from watchkeeper.domain.metric import Metric
from watchkeeper.sources.pipelined import Question, is_ended, worded
from watchkeeper.sources.points import CASES, GROUP_SIZE, NO_VALUE, may_have_cases

_WHOLE, _NUMERIC, _FLOAT4, _FLOAT8, _TEXTS = (20, 21, 23), 1700, 700, 701, (25, 1043)
_DATE, _TIMESTAMP, _TIMESTAMPTZ = 1082, 1114, 1184
_ARRAY = struct.Struct(">iiIii")
"""Dimensions, whether there are nulls, type, length and first index of an array of one dimension."""
_EPOCH_DAYS = 10_957
"""From 1970 to 2000, where PostgreSQL counts from."""
_MOST_DAYS = 2_900_000
"""Beyond the year 9900 Python's rows are asked: there lie the infinities too."""

Columns = dict[str, pa.ChunkedArray]


def ask_packed(connection: Connection, metric: Metric, start: int, end: int, most: int) -> tuple[Columns, str] | None:
    """The first `most` rows of the answer for `[start, end)` (seconds UTC), and the clock of times without a zone.

    None where the driver's rows have to be asked. Raises only what says that the statement took too long. The
    transaction is over then.
    """
    if (connection.dialect.name, connection.dialect.driver) != ("postgresql", "psycopg"):
        return None
    import psycopg

    driver: Any = connection.connection.driver_connection
    if {driver.pgconn.parameter_status(name) for name in (b"server_encoding", b"client_encoding")} != {b"UTF8"}:
        return None
    question, zone = worded(metric, start, end)
    try:
        columns = _ask(psycopg.RawCursor(driver), metric, question, most)
        return None if columns is None else (columns, zone)
    except psycopg.Error as error:
        if is_ended(error):
            raise
        return None
    finally:
        if not driver.closed:
            driver.rollback()


def _ask(cursor: Any, metric: Metric, question: Question, most: int) -> Columns | None:
    text, values = question
    cursor.execute(f"SELECT * FROM (\n{text}\n) AS answer LIMIT 0", values)  # noqa: S608 - the metric's own query
    names = [column.name for column in cursor.description]
    asked: list[str] = []
    readers: dict[str, tuple[int, int]] = {}
    for place, column in enumerate(cursor.description):
        found = _gathered(_role(metric, column.name), column.type_code, f"c{place}")
        if found is None:
            return None
        readers[column.name] = (column.type_code, len(asked))
        asked += found
    if not asked:
        return None
    renamed = ", ".join(f"c{place}" for place in range(len(names)))
    # The limit keeps the rows in the query's order, and no more of them than are wanted.
    rows = f"SELECT * FROM (\n{text}\n) AS answer ({renamed}) LIMIT {most}"  # noqa: S608
    cursor.execute(f"SELECT {', '.join(asked)} FROM ({rows}) AS answer", values, binary=True)  # noqa: S608
    columns = {}
    for name, (kind, first) in readers.items():
        column = _column(cursor.pgresult, _role(metric, name), kind, first)
        if column is None:
            return None
        columns[name] = pa.chunked_array([column])
    return columns


def _role(metric: Metric, name: str) -> str:
    """What a column is to the metric: `time`, `value` (any number), `name` (of a dimension), or `` for nothing."""
    folded = name.lower()
    if folded == "time":
        return "time"
    is_number = (folded == GROUP_SIZE and metric.min_group_size) or (folded == CASES and may_have_cases(metric))
    if folded == "value" or is_number:
        return "value"
    return "name" if folded in map(str.lower, metric.dimensions) else ""


def _gathered(role: str, kind: int, name: str) -> list[str] | None:
    """What is asked of the server for a column; None for a type that is not known here."""
    is_number = kind in (*_WHOLE, _NUMERIC, _FLOAT8)
    if role == "time":
        if kind in (_DATE, _TIMESTAMP, _TIMESTAMPTZ):
            return [f"array_agg({name})"]
        return [f"array_agg({name}::float8)"] if is_number else None
    if role == "value":
        # As the driver reads it: the decimal that a short float is written as.
        number = f"{name}::text::float8" if kind == _FLOAT4 else f"{name}::float8"
        return [f"array_agg(coalesce({number}, 'NaN'))"] if is_number or kind == _FLOAT4 else None
    if role == "name":
        text = f"coalesce({name}::text, '{NO_VALUE}')"
        return [f"array_agg(octet_length({text}))", f"string_agg({text}, '')"] if kind in (*_WHOLE, *_TEXTS) else None
    return []


def _column(result: Any, role: str, kind: int, first: int) -> pa.Array | None:
    if role == "name":
        lengths, text = _fixed(result.get_value(0, first), ">i4"), result.get_value(0, first + 1)
        return None if lengths is None else _texts(lengths, text or b"")
    if role == "":
        return pa.nulls(0)
    if kind == _DATE and role == "time":
        days = _fixed(result.get_value(0, first), ">i4")
        return None if days is None or _is_far(days, 1) else pa.array(days + np.int32(_EPOCH_DAYS)).cast(pa.date32())
    if kind in (_TIMESTAMP, _TIMESTAMPTZ):
        moments = _fixed(result.get_value(0, first), ">i8")
        if moments is None or _is_far(moments, 86_400_000_000):
            return None
        zone = "UTC" if kind == _TIMESTAMPTZ else None
        return pa.array(moments + _EPOCH_DAYS * 86_400_000_000).cast(pa.timestamp("us", zone))
    numbers = _fixed(result.get_value(0, first), ">f8")
    return None if numbers is None else pa.array(numbers)


def _fixed(data: bytes | None, kind: str) -> NDArray[Any] | None:
    """An array of numbers of one width; None where there are nulls among them."""
    wanted = np.dtype(kind)
    if data is None:  # an answer without rows
        return np.empty(0, wanted.newbyteorder("="))
    _, has_nulls, _, length, _ = _ARRAY.unpack_from(data)
    if has_nulls:
        return None
    elements = np.frombuffer(data, np.dtype([("bytes", ">i4"), ("own", wanted)]), length, _ARRAY.size)
    return elements["own"].astype(wanted.newbyteorder("="))


def _texts(lengths: NDArray[np.int32], text: bytes) -> pa.Array:
    ends = np.zeros(len(lengths) + 1, np.int32)
    np.cumsum(lengths, out=ends[1:])
    return pa.StringArray.from_buffers(len(lengths), pa.py_buffer(ends), pa.py_buffer(text))


def _is_far(count: NDArray[Any], per_day: int) -> bool:
    return bool(len(count)) and bool(int(np.abs(count).max()) > _MOST_DAYS * per_day or int(count.min()) == -(2**63))
