"""The columns series, ts and value of a table as the arrays the core works on: codes, seconds, numbers."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from watchkeeper.domain.errors import InputError

_MISSING_TEXT = pa.array(["", "nan", "-nan", "na", "n/a", "#n/a", "null", "none"])
_HAS_OFFSET = r"[0-9][T ].*[0-9]([Zz]|[+-][0-9]{2}(:?[0-9]{2})?)$"
_UNITS = (("seconds", 1, 1e11), ("milliseconds", 1_000, 1e14), ("microseconds", 1_000_000, 1e17))


@dataclass(frozen=True)
class Rows:
    """The rows of a table in the table's order, n of them, of S series.

    `series` int32[n] is the place of the row's series in `names`, which holds the S different ones in order of first
    appearance in their own type; `time` int64[n] is seconds since 1970 UTC (fractions are cut off); `value` float64[n]
    is NaN where it is missing; `moment` is the time column as timestamps, for a file that has types. `zone` is the wall
    clock of the time column, `infinite` how many values were infinite and count as missing.
    """

    series: NDArray[np.int32]
    names: pa.Array
    time: NDArray[np.int64]
    value: NDArray[np.float64]
    moment: pa.Array
    zone: str
    infinite: int


def read_rows(table: pa.Table, place: str) -> Rows:
    """Read the columns `series`, `ts` and `value`; `place` names the table in errors.

    A series may be any scalar, and no name is a name too. A time may be a timestamp of any unit (without a zone it is
    UTC), a date, ISO 8601 text (an offset or UTC), or a number since 1970: seconds below 1e11, then milliseconds,
    microseconds, nanoseconds, judged by the largest in the column. A value may be any number, true or false, or text
    that is a number.

    Raises InputError naming the column, the row (the first is 1) and the mend.
    """
    for name in ("series", "ts", "value"):
        if table.column_names.count(name) != 1:
            there = ", ".join(table.column_names)
            raise InputError(f"{place}: needs one column {name}; there are {there or 'none'}")
    series, names = _series(_one(table["series"]), place)
    moment, zone = _moment(_one(table["ts"]), place)
    time = _whole_seconds(moment)
    value, infinite = _value(_one(table["value"]), place)
    return Rows(series, names, time, value, moment, zone, infinite)


def _one(column: pa.ChunkedArray) -> pa.Array:
    """The column in one piece, a dictionary of values spelled out."""
    kind = column.type
    if pa.types.is_dictionary(kind):
        column = column.cast(kind.value_type)
    elif pa.types.is_string_view(kind):
        column = column.cast(pa.large_string())
    combined = column.combine_chunks()
    return pa.concat_arrays(combined.chunks) if isinstance(combined, pa.ChunkedArray) else combined


def _series(column: pa.Array, place: str) -> tuple[NDArray[np.int32], pa.Array]:
    if pa.types.is_null(column.type):
        column = column.cast(pa.string())
    if pa.types.is_nested(column.type):
        raise InputError(f"{place}: column series holds {column.type}; a series is one value, such as a text or a number")
    encoded = column.dictionary_encode(null_encoding="encode")
    return encoded.indices.to_numpy(zero_copy_only=False), encoded.dictionary


def _value(column: pa.Array, place: str) -> tuple[NDArray[np.float64], int]:
    kind = column.type
    if _is_text(kind):
        column = _number_text(column, "value", place)
    elif pa.types.is_boolean(kind):
        column = column.cast(pa.uint8())
    elif not (_is_number(kind) or pa.types.is_decimal(kind) or pa.types.is_null(kind)):
        raise InputError(f"{place}: column value holds {kind}; values are numbers")
    value = column.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False)
    infinite = np.isinf(value)
    if infinite.any():
        value = np.where(infinite, np.nan, value)
    return np.ascontiguousarray(value, np.float64), int(infinite.sum())


def _number_text(column: pa.Array, name: str, place: str) -> pa.Array:
    """Text as float64; what stands for a missing value is null."""
    trimmed = pc.utf8_trim_whitespace(column)
    missing = pc.is_in(pc.utf8_lower(trimmed), value_set=_MISSING_TEXT.cast(trimmed.type))
    trimmed = pc.if_else(missing, pa.scalar(None, trimmed.type), trimmed)
    try:
        return trimmed.cast(pa.float64())
    except pa.ArrowInvalid:
        row = next(row for row, text in enumerate(trimmed.to_pylist()) if not _casts(text, pa.float64()))
        mend = "write it with digits and a decimal point, or leave it empty where it is missing"
        raise InputError(f"{place}: column {name}, row {row + 1}: {column[row].as_py()!r} is not a number; {mend}") from None


def _casts(text: str | None, kind: pa.DataType) -> bool:
    try:
        pa.scalar(text, pa.string()).cast(kind)
    except pa.ArrowInvalid:
        return False
    return True


def _moment(column: pa.Array, place: str) -> tuple[pa.Array, str]:
    """The times as timestamps (or whole seconds, where they are numbers), and their wall clock."""
    kind = column.type
    if pa.types.is_null(kind):
        raise InputError(f"{place}: column ts, row 1: there is no time; every row needs one")
    if pa.types.is_timestamp(kind):
        moment, zone = column, kind.tz or "UTC"
    elif pa.types.is_date(kind):
        moment, zone = column.cast(pa.timestamp("s")), "UTC"
    elif _is_text(kind):
        moment, zone = _text_moment(column, place), "UTC"
    elif _is_number(kind):
        moment, zone = _number_moment(column, place), "UTC"
    else:
        raise InputError(f"{place}: column ts holds {kind}; times are timestamps, ISO text or numbers since 1970")
    if moment.null_count:
        row = int(np.flatnonzero(moment.is_null().to_numpy(zero_copy_only=False))[0])
        raise InputError(f"{place}: column ts, row {row + 1}: there is no time; every row needs one")
    return moment, zone


def _text_moment(column: pa.Array, place: str) -> pa.Array:
    """ISO text or digits as timestamps or whole seconds."""
    trimmed = pc.utf8_trim_whitespace(column)
    try:
        if trimmed.null_count == 0:
            return _number_moment(_not_a_date(trimmed.cast(pa.float64())), place)
    except pa.ArrowInvalid:
        pass
    has_offset = pc.match_substring_regex(trimmed, _HAS_OFFSET)
    try:
        if pc.all(has_offset).as_py():
            return trimmed.cast(pa.timestamp("us", "UTC"))
        if not pc.any(has_offset).as_py():
            return trimmed.cast(pa.timestamp("us"))
    except pa.ArrowInvalid:
        pass  # One by one below: more spellings of ISO 8601, and an error that names the row.
    return _any_moment(column, trimmed, place)


def _not_a_date(number: pa.Array) -> pa.Array:
    """Refuse what ISO 8601 reads as a date: 20261123."""
    if len(number) and 19000101 <= pc.min(number).as_py() and pc.max(number).as_py() <= 22001231:
        raise pa.ArrowInvalid("dates")
    return number


def _any_moment(column: pa.Array, trimmed: pa.Array, place: str) -> pa.Array:
    encoded = trimmed.dictionary_encode(null_encoding="encode")
    found = np.array([_seconds_of(text) for text in encoded.dictionary.to_pylist()])
    seconds = found[encoded.indices.to_numpy(zero_copy_only=False)]
    bad = np.flatnonzero(np.isnan(seconds))
    if len(bad):
        row = int(bad[0])
        text = column[row].as_py()
        if not (text or "").strip():
            raise InputError(f"{place}: column ts, row {row + 1}: there is no time; every row needs one")
        mend = "write it as 2026-11-23T09:00:00Z or as a number of seconds since 1970"
        raise InputError(f"{place}: column ts, row {row + 1}: {text!r} is not a time; {mend}")
    return pa.array(np.round(seconds * 1e6).astype(np.int64)).cast(pa.timestamp("us", "UTC"))


def _seconds_of(text: str | None) -> float:
    """Seconds since 1970 UTC; NaN where the text is no time."""
    try:
        moment = datetime.fromisoformat(text or "")
    except ValueError:
        return math.nan
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _number_moment(column: pa.Array, place: str) -> pa.Array:
    """Numbers since 1970, whatever their unit, as int64 whole seconds."""
    number = column.to_numpy(zero_copy_only=False)
    bad = np.flatnonzero(~np.isfinite(number)) if number.dtype.kind == "f" else []
    if len(bad):
        raise InputError(f"{place}: column ts, row {int(bad[0]) + 1}: there is no time; every row needs one")
    largest = float(np.abs(number).max(initial=0))
    divisor = next((divisor for _, divisor, limit in _UNITS if largest < limit), 1_000_000_000)
    return pa.array(np.floor_divide(number, divisor).astype(np.int64))


def _whole_seconds(moment: pa.Array) -> NDArray[np.int64]:
    if pa.types.is_timestamp(moment.type):
        per_second = {"s": 1, "ms": 1_000, "us": 1_000_000, "ns": 1_000_000_000}[moment.type.unit]
        count = moment.cast(pa.int64()).to_numpy(zero_copy_only=False)
        return count if per_second == 1 else count // per_second
    return moment.to_numpy(zero_copy_only=False)


def _is_text(kind: pa.DataType) -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


def _is_number(kind: pa.DataType) -> bool:
    return bool(pa.types.is_integer(kind) or pa.types.is_floating(kind))
