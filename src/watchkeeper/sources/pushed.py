"""What programs push, as columns: columnar JSON and Arrow IPC streams; see otlp and remote_write for samples."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple

import msgspec
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from watchkeeper.domain.errors import InputError
from watchkeeper.domain.times import parse_instant

NO_VALUE = "(none)"
_CONTINUES, _LONGEST_SCHEMA = b"\xff\xff\xff\xff", 16_384


@dataclass(frozen=True)
class Columns:
    """n rows of one metric. `key` int64[n] is the place of each row's dimension values in `keys`.

    `time` int64[n] seconds UTC, `value` float64[n] (NaN: missing), `group_size` and `cases` float64[n] (NaN: not known)
    where they were sent; `keys` holds values in the order of `dimensions`.
    """

    metric: str
    time: NDArray[np.int64]
    value: NDArray[np.float64]
    dimensions: tuple[str, ...]
    keys: Sequence[tuple[str, ...]]
    key: NDArray[np.int64]
    group_size: NDArray[np.float64] | None = None
    cases: NDArray[np.float64] | None = None

    def ordered(self, dimensions: tuple[str, ...]) -> Columns:
        """The same rows with the dimensions in another order."""
        if dimensions == self.dimensions or set(dimensions) != set(self.dimensions):
            return self
        places = [self.dimensions.index(name) for name in dimensions]
        keys = [tuple(key[place] for place in places) for key in self.keys]
        return replace(self, dimensions=dimensions, keys=keys)


class JsonPush(msgspec.Struct, forbid_unknown_fields=True):
    """The body of a push in JSON: one metric, column by column; a dimension that is one text holds for every row."""

    metric: str
    time: list[int | str]
    value: list[float | None]
    dimensions: dict[str, str | list[str | None]] = {}
    group_size: list[float | None] | None = None
    cases: list[float | None] | None = None


_DECODER = msgspec.json.Decoder(JsonPush)


def read_json(body: bytes) -> Columns:
    """Columns of a JSON body; InputError says what is wrong with it, and where."""
    try:
        push = _DECODER.decode(body)
    except msgspec.ValidationError as error:
        raise InputError(f"push: {error}") from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise InputError(f"push: the body is no JSON: {error}") from None
    rows = len(push.time)
    lengths = {"value": len(push.value)}
    more = {"group_size": push.group_size, "cases": push.cases}
    lengths |= {name: len(one) for name, one in more.items() if one is not None}
    lengths |= {name: len(one) for name, one in push.dimensions.items() if isinstance(one, list)}
    for name, length in lengths.items():
        if length != rows:
            raise InputError(f"push: {name} has {length} rows and time {rows}; columns have one length")
    keys, key = _json_keys(push.dimensions, rows)
    return Columns(
        push.metric,
        _json_times(push.time),
        np.array(push.value, np.float64),
        tuple(push.dimensions),
        keys,
        key,
        **{name: np.array(one, np.float64) for name, one in more.items() if one is not None},
    )


def read_arrow(body: bytes, metric: str) -> Columns:
    """Columns of an Arrow IPC stream: `time`, `value`, the dimensions, `group_size` where groups may be small, and
    numbers in `cases` where a rate says how many it rests on.

    Dimensions may be text or a dictionary of it, which is quicker. InputError says what is wrong, and where.
    """
    try:
        batch = _one_batch(pa.ipc.RecordBatchStreamReader(pa.py_buffer(body)))
    except (pa.ArrowException, OSError) as error:
        raise InputError(f"push: the body is no Arrow IPC stream: {str(error).partition(chr(10))[0]}") from None
    plan = _plan_of(body) or _plan(batch.schema)
    keys, key = _arrow_keys([batch.column(place) for place in plan.dimension_places], batch.num_rows)
    time, value = _arrow_times(batch.column(plan.time)), _numbers(batch.column(plan.value), "value")
    size = None if plan.group_size is None else _numbers(batch.column(plan.group_size), "group_size")
    cases = None if plan.cases is None else _numbers(batch.column(plan.cases), "cases")
    return Columns(metric, time, value, plan.dimensions, keys, key, size, cases)


class _Plan(NamedTuple):
    """Where the columns of a stream stand."""

    time: int
    value: int
    group_size: int | None
    cases: int | None
    dimensions: tuple[str, ...]
    dimension_places: tuple[int, ...]


def _plan(schema: pa.Schema) -> _Plan:
    names = schema.names
    for name in ("time", "value"):
        if names.count(name) != 1:
            raise InputError(f"push: the stream has {', '.join(names) or 'no columns'}; it must have one column {name}")
    if len(set(names)) != len(names):
        raise InputError("push: two columns have one name; name each once")
    place = {name: number for number, name in enumerate(names)}
    has_cases = "cases" in place and _is_number(schema.field("cases").type)
    numbers = ("time", "value", "group_size", *(["cases"] if has_cases else []))
    dimensions = tuple(name for name in names if name not in numbers)
    return _Plan(
        place["time"],
        place["value"],
        place.get("group_size"),
        place["cases"] if has_cases else None,
        dimensions,
        tuple(place[name] for name in dimensions),
    )


def _plan_of(body: bytes) -> _Plan | None:
    """The plan of a stream by the message that it begins with: a program sends the same one each time."""
    if body[:4] != _CONTINUES:
        return None
    end = 8 + int.from_bytes(body[4:8], "little")
    return _known_plan(body[:end]) if end <= _LONGEST_SCHEMA else None


@lru_cache(1_000)
def _known_plan(message: bytes) -> _Plan:
    return _plan(pa.ipc.read_schema(pa.py_buffer(message)))


def _one_batch(stream: pa.RecordBatchReader) -> pa.RecordBatch:
    """All rows as one batch. Nearly always there is one; to make a table of it would take longer than to read it."""
    batches = list(stream)
    if len(batches) == 1:
        return batches[0]
    whole = pa.Table.from_batches(batches, stream.schema).combine_chunks()
    columns = [_whole(column) for column in whole.columns]
    return pa.RecordBatch.from_arrays(columns, names=stream.schema.names)


def _whole(column: pa.ChunkedArray) -> pa.Array:
    if column.num_chunks == 1:
        return column.chunk(0)
    return pa.concat_arrays(column.chunks) if column.num_chunks else pa.array([], column.type)


def _json_times(time: list[int | str]) -> NDArray[np.int64]:
    try:
        return _plausible(np.array(time, np.int64))
    except (ValueError, TypeError, OverflowError):
        pass
    return _plausible(np.array([_instant(row, one) for row, one in enumerate(time)], np.int64))


def _instant(row: int, said: int | str) -> int:
    if isinstance(said, int):
        return said
    try:
        if datetime.fromisoformat(said).tzinfo is not None:
            return parse_instant(said)
    except ValueError:
        pass
    raise InputError(
        f"push: time, row {row}: {said[:40]!r}: write seconds since 1970, or ISO 8601 with an offset: 2026-11-23T09:00Z"
    )


def _plausible(time: NDArray[np.int64]) -> NDArray[np.int64]:
    if len(time) and (time.max() >= 10**11 or time.min() <= -(10**11)):
        row = int(np.argmax(np.abs(time)))
        raise InputError(
            f"push: time, row {row}: {time[row]} is too large for seconds since 1970; divide milliseconds by 1000"
        )
    return time


def _json_keys(
    dimensions: dict[str, str | list[str | None]], rows: int
) -> tuple[list[tuple[str, ...]], NDArray[np.int64]]:
    if all(isinstance(one, str) for one in dimensions.values()):
        return [tuple(map(str, dimensions.values()))], np.zeros(rows, np.int64)
    columns = [[one] * rows if isinstance(one, str) else one for one in dimensions.values()]
    places: dict[tuple[str | None, ...], int] = {}
    key = np.fromiter((places.setdefault(one, len(places)) for one in zip(*columns, strict=True)), np.int64, rows)
    return [tuple(NO_VALUE if value is None else value for value in one) for one in places], key


def _arrow_keys(columns: Sequence[pa.Array], rows: int) -> tuple[list[tuple[str, ...]], NDArray[np.int64]]:
    if not columns:
        return [()], np.zeros(rows, np.int64)
    code = np.empty(0, np.int64)
    texts: list[list[str]] = []
    for array in columns:
        if not pa.types.is_dictionary(array.type):
            array = array.cast(pa.string()).dictionary_encode()
        indices = array.indices
        here = list(map(str, array.dictionary.to_pylist()))
        if indices.null_count:
            indices = indices.fill_null(len(here))
            here.append(NO_VALUE)
        place = indices.to_numpy(zero_copy_only=False)
        code = place.astype(np.int64) if not texts else code * len(here) + place
        texts.append(here)
    if len(columns) == 1:
        return [(text,) for text in texts[0]], code
    present, key = np.unique(code, return_inverse=True)
    keys = []
    for one in present.tolist():
        values = []
        for here in reversed(texts):
            one, place = divmod(one, len(here))
            values.append(here[place])
        keys.append(tuple(reversed(values)))
    return keys, key.astype(np.int64)


def _arrow_times(column: pa.Array) -> NDArray[np.int64]:
    kind = column.type
    if column.null_count:
        raise InputError(f"push: time: {column.null_count} rows have no time; each row needs one")
    if pa.types.is_timestamp(kind):
        column = column.cast(pa.timestamp("s", kind.tz), safe=False).cast(pa.int64())
    elif not pa.types.is_integer(kind):
        raise InputError(f"push: time holds {kind}; send a timestamp, or whole seconds since 1970")
    return _plausible(column.to_numpy().astype(np.int64, copy=False))


def _numbers(column: pa.Array, name: str) -> NDArray[np.float64]:
    kind = column.type
    if not _is_number(kind):
        raise InputError(f"push: {name} holds {kind}; send numbers")
    if kind != pa.float64():
        column = column.cast(pa.float64(), safe=False)
    numbers: NDArray[Any] = column.to_numpy(zero_copy_only=False)
    return numbers


def _is_number(kind: pa.DataType) -> bool:
    return bool(pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind))
