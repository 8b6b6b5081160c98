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
from watchkeeper.domain.times import zone_info

_MISSING_TEXT = pa.array(["", "nan", "-nan", "na", "n/a", "#n/a", "null", "none"])
_TIME_MEND = "write it as 2026-11-23T09:00:00Z or as a number of seconds since 1970"
_LARGEST = float(np.iinfo(np.int64).max)
_UNITS = ((1, 1e11), (1_000, 1e14), (1_000_000, 1e17))


@dataclass(frozen=True)
class Rows:
    """The rows of a table in the table's order, n of them, of S series.

    `series` int32[n] is the place of the row's series in `names`, which holds the S different ones in order of first
    appearance in their own type; `time` int64[n] is seconds since 1970 UTC (fractions are cut off); `value` float64[n]
    is NaN where it is missing; `cases` float64[n] is how many cases a value is a share of, None where there is no such
    column. `moment` is the time column as timestamps or numbers, for a file that has types where
    the table had text. `zone` is the wall clock of the time column, `infinite` how many values were infinite and count
    as missing.
    """

    series: NDArray[np.int32]
    names: pa.Array
    time: NDArray[np.int64]
    value: NDArray[np.float64]
    moment: pa.Array
    zone: str
    infinite: int
    cases: NDArray[np.float64] | None = None


def read_rows(table: pa.Table, place: str) -> Rows:
    """Read the columns `series`, `ts` and `value`; `place` names the table in errors.

    A series may be any scalar, and no name is a name too. A time may be a timestamp of any unit (without a zone it is
    UTC), a date, ISO 8601 text (an offset or UTC), or a number since 1970: seconds below 1e11, then milliseconds,
    microseconds, nanoseconds, judged by the largest in the column. A value may be any number, true or false, or text
    that is a number. With a column `cases` values are shares, between 0 and 1, of so many cases.

    Raises InputError naming the column, the row (the first is 1) and the mend.
    """
    if table.num_rows == 0:
        raise InputError(f"{place}: holds no rows; there is nothing to score")
    for name in ("series", "ts", "value"):
        if table.column_names.count(name) != 1:
            there = ", ".join(table.column_names)
            raise InputError(f"{place}: needs one column {name}; there are {there or 'none'}")
    series, names = _series(_one(table["series"]), place)
    moment, zone = _times(_one(table["ts"]), place)
    time = _whole_seconds(moment, place)
    value, infinite = _value(_one(table["value"]), "value", place)
    cases = None
    if "cases" in table.column_names:
        cases, _ = _value(_one(table["cases"]), "cases", place)
        _check_shares(value, cases, place)
    return Rows(series, names, time, value, moment, zone, infinite, cases)


def read_times(column: pa.ChunkedArray, place: str, name: str) -> NDArray[np.int64]:
    """A column of times as `read_rows` reads them: int64[n] seconds since 1970 UTC. InputError."""
    moment, _ = _times(_one(column), place, name)
    return _whole_seconds(moment, place, name)


def read_values(column: pa.ChunkedArray, place: str, name: str) -> NDArray[np.float64]:
    """A column of numbers as `read_rows` reads them: float64[n], NaN where it is missing.

    Raises InputError, for an infinite one too.
    """
    value, infinite = _value(_one(column), name, place)
    if infinite:
        raise InputError(f"{place}: column {name} has {infinite:,} infinite values; leave them empty")
    return value


def _check_shares(value: NDArray[np.float64], cases: NDArray[np.float64], place: str) -> None:
    with np.errstate(invalid="ignore"):
        is_there = np.isfinite(value)
        for bad, mend in (
            (is_there & ~(cases > 0.0), "a share needs cases, one or more; leave its value empty where there are none"),
            (
                is_there & ((value < 0.0) | (value > 1.0)),
                "with cases a value is a share from 0 to 1; rename cases if not",
            ),
        ):
            if bad.any():
                row = int(np.argmax(bad))
                raise InputError(f"{place}: row {row + 1}: value {value[row]:g} of {cases[row]:g} cases; {mend}")


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
        raise InputError(
            f"{place}: column series holds {column.type}; a series is one value, such as a text or a number"
        )
    encoded = column.dictionary_encode(null_encoding="encode")
    return encoded.indices.to_numpy(zero_copy_only=False), encoded.dictionary


def _value(column: pa.Array, name: str, place: str) -> tuple[NDArray[np.float64], int]:
    kind = column.type
    if _is_text(kind):
        column = _number_text(column, name, place)
    elif pa.types.is_boolean(kind):
        column = column.cast(pa.uint8())
    elif not (_is_number(kind) or pa.types.is_decimal(kind) or pa.types.is_null(kind)):
        raise InputError(f"{place}: column {name} holds {kind}; values are numbers")
    value = column.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False)
    infinite = np.isinf(value)
    if infinite.any():
        value = np.where(infinite, np.nan, value)
    return np.ascontiguousarray(value, np.float64), int(infinite.sum())


def _number_text(column: pa.Array, name: str, place: str) -> pa.Array:
    """Text as float64; what stands for a missing value is null."""
    trimmed = pc.ascii_trim_whitespace(column)
    missing = pc.is_in(pc.utf8_lower(trimmed), value_set=_MISSING_TEXT.cast(trimmed.type))
    trimmed = pc.if_else(missing, pa.scalar(None, trimmed.type), trimmed)
    number = _cast(trimmed, pa.float64())
    if number is None:
        row = _first_that_is_not(trimmed, pa.float64())
        text = column[row].as_py()
        mend = "write it with digits and a decimal point, or leave it empty where it is missing"
        raise InputError(f"{place}: column {name}, row {row + 1}: {text!r} is not a number; {mend}")
    return number


def _first_that_is_not(text: pa.Array, kind: pa.DataType) -> int:
    """The place of the first text that is not of that type, found by halving; there is one."""
    first, end = 0, len(text)
    while end - first > 1:
        middle = (first + end) // 2
        if _cast(text[first:middle], kind) is None:
            end = middle
        else:
            first = middle
    return first


def _times(column: pa.Array, place: str, name: str = "ts") -> tuple[pa.Array, str]:
    """The times as timestamps, or as numbers where they are such, and their wall clock."""
    kind = column.type
    zone = "UTC"
    if column.null_count:
        raise _no_time(place, int(np.argmax(column.is_null().to_numpy(zero_copy_only=False))), name)
    if pa.types.is_timestamp(kind):
        moment, zone = column, _zone(kind.tz)
    elif pa.types.is_date(kind):
        moment = column.cast(pa.timestamp("s"))
    elif _is_text(kind):
        moment = _text_times(column, place, name)
    elif _is_number(kind):
        moment = column
    else:
        raise InputError(f"{place}: column {name} holds {kind}; times are timestamps, ISO text or numbers since 1970")
    absent = pc.is_null(moment, nan_is_null=True).to_numpy(zero_copy_only=False)
    if absent.any():
        raise _no_time(place, int(np.argmax(absent)), name)
    return moment, zone


def _no_time(place: str, row: int, name: str) -> InputError:
    return InputError(f"{place}: column {name}, row {row + 1}: there is no time; every row needs one")


def _zone(name: str | None) -> str:
    """The zone as one whose wall clock can be looked up: a bare offset never changes, so UTC does as well."""
    try:
        return zone_info(name or "UTC").key
    except InputError:
        return "UTC"


def _text_times(column: pa.Array, place: str, name: str) -> pa.Array:
    trimmed = pc.ascii_trim_whitespace(column)
    for kind in (pa.int64(), pa.float64()):
        number = _cast(trimmed, kind)
        # Eight digits are a date to ISO 8601 (20261123), not a moment in 1970.
        if number is not None and (pc.min(number).as_py() < 19000101 or pc.max(number).as_py() > 22001231):
            return number
    for kind in (pa.timestamp("us", "UTC"), pa.timestamp("us")):
        moment = _cast(trimmed, kind)
        if moment is not None:
            return moment
    return _texts_one_by_one(column, trimmed, place, name)


def _cast(text: pa.Array, kind: pa.DataType) -> pa.Array | None:
    """All the text as that type, or None. A cast that fails goes on to the end, so the first text is tried alone."""
    try:
        text[:1].cast(kind)
        return text.cast(kind)
    except pa.ArrowInvalid:
        return None


def _texts_one_by_one(column: pa.Array, trimmed: pa.Array, place: str, name: str) -> pa.Array:
    """More spellings of ISO 8601 than Arrow reads, offsets in some rows only, and errors that name the row."""
    encoded = trimmed.dictionary_encode(null_encoding="encode")
    found = np.array([_seconds_of(text) for text in encoded.dictionary.to_pylist()])
    seconds = found[encoded.indices.to_numpy(zero_copy_only=False)]
    bad = np.flatnonzero(np.isnan(seconds))
    if len(bad):
        row = int(bad[0])
        if not trimmed[row].as_py():
            raise _no_time(place, row, name)
        text = column[row].as_py()
        raise InputError(f"{place}: column {name}, row {row + 1}: {text!r} is not a time; {_TIME_MEND}")
    return pa.array(np.round(seconds * 1e6).astype(np.int64)).cast(pa.timestamp("us", "UTC"))


def _seconds_of(text: str | None) -> float:
    """Seconds since 1970 UTC; NaN where the text is no time."""
    try:
        moment = datetime.fromisoformat(text or "")
    except ValueError:
        return math.nan
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _whole_seconds(moment: pa.Array, place: str, name: str = "ts") -> NDArray[np.int64]:
    """Whole seconds since 1970 UTC of timestamps or of numbers in a unit that their size tells."""
    if pa.types.is_timestamp(moment.type):
        per_second = {"s": 1, "ms": 1_000, "us": 1_000_000, "ns": 1_000_000_000}[moment.type.unit]
        count: NDArray[np.int64] = moment.cast(pa.int64()).to_numpy(zero_copy_only=False)
        return count if per_second == 1 else count // per_second
    number = moment.to_numpy(zero_copy_only=False)
    largest = float(np.abs(number.astype(np.float64)).max(initial=0))
    if largest >= _LARGEST:
        row = int(np.argmax(np.abs(number)))
        raise InputError(f"{place}: column {name}, row {row + 1}: {number[row]} is not a time; {_TIME_MEND}")
    per_second = next((per_second for per_second, limit in _UNITS if largest < limit), 1_000_000_000)
    return np.asarray(np.floor_divide(number, per_second), np.int64)


def _is_text(kind: pa.DataType) -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


def _is_number(kind: pa.DataType) -> bool:
    return bool(pa.types.is_integer(kind) or pa.types.is_floating(kind))
