"""A push as an Arrow IPC stream: columns of a body that is read, and checked, for the first time or again.

What a program sends differs, from one time to the next, in its numbers only: the schema, the dictionaries and the
description of the batch, which together stand before the numbers, are the same to the byte. So where the numbers stand
is remembered by these bytes, and the next body that begins with them is not parsed again. Parsing is quick (8
microseconds), but Arrow lets go of the interpreter's lock for it, and in a server whose threads all want that, to get
it back takes ten times as long.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from watchkeeper.domain.errors import InputError
from watchkeeper.domain.points import LARGEST_PUSH
from watchkeeper.sources.arrow_sizes import refuse_above
from watchkeeper.sources.points import NO_VALUE
from watchkeeper.sources.pushed import Columns, plausible

_CONTINUES = b"\xff\xff\xff\xff"
_LONGEST_HEAD, _MOST_HEADS, _MOST_TEXTS = 16_384, 2_000, 200_000
"""What is remembered: at most 50 MB, 32 of heads and about 90 bytes for each text of a dimension."""
_LONGEST_END = 72
"""A mark of 8 bytes, after up to 64 that fill up; the description of another batch is longer."""


def read_arrow(body: bytes, metric: str) -> Columns:
    """Columns of an Arrow IPC stream: `time`, `value`, the dimensions, `group_size` where groups may be small, and
    numbers in `cases` where a rate says how many it rests on.

    Dimensions may be text or a dictionary of it, which is quicker. InputError says what is wrong, and where.
    """
    laid = _memory.seen(body)
    plan, found, dimensions = _read(body) if laid is None else laid.columns(body)
    keys, key = _keys(plan.dimensions, dimensions, len(found[plan.time]))
    time = found[plan.time] if plan.ticks == 1 else found[plan.time] // plan.ticks
    return Columns(
        metric,
        plausible(time.astype(np.int64, copy=False)),
        found[plan.value].astype(np.float64, copy=False),
        plan.dimensions,
        keys,
        key,
        None if plan.group_size is None else found[plan.group_size].astype(np.float64, copy=False),
        None if plan.cases is None else found[plan.cases].astype(np.float64, copy=False),
    )


class _Plan(NamedTuple):
    """Which column of a stream is what; `time` counts so many `ticks` a second."""

    time: int
    ticks: int
    value: int
    group_size: int | None
    cases: int | None
    dimensions: tuple[str, ...]
    dimension_places: tuple[int, ...]


class _Coded(NamedTuple):
    """A dimension: whole numbers [n], for each row the place of its value in `texts`."""

    place: NDArray[Any]
    texts: tuple[str, ...]


_Found: TypeAlias = tuple[_Plan, Mapping[int, NDArray[Any]], list[_Coded]]
"""The plan, columns of numbers by where they stand in the stream, and the dimensions."""


class _Laid(NamedTuple):
    """How a body with a known head is laid out: each column's type and begin; the texts of each dimension."""

    plan: _Plan
    rows: int
    places: tuple[tuple[np.dtype[Any], int], ...]
    texts: tuple[tuple[str, ...], ...]

    def columns(self, body: bytes) -> _Found:
        """The numbers of such a body."""
        found = {place: np.frombuffer(body, kind, self.rows, begin) for place, (kind, begin) in enumerate(self.places)}
        return (
            self.plan,
            found,
            [_Coded(found[one], here) for one, here in zip(self.plan.dimension_places, self.texts, strict=True)],
        )


class _Memory:
    """How bodies that were read are laid out. Threads may use it at once: at worst one of them is not remembered."""

    def __init__(self) -> None:
        self._ends: dict[tuple[int, bytes], int] = {}
        """Where the head ends, by the length of the body and the message that it begins with, its schema."""
        self._laid: dict[bytes, _Laid] = {}
        """By the head."""
        self.texts = 0
        """How many texts of dimensions are remembered."""

    def seen(self, body: bytes) -> _Laid | None:
        """How the body is laid out, if one of the same length and the same head was put."""
        end = self._ends.get((len(body), _first_message(body)))
        return None if end is None else self._laid.get(body[:end])

    def put(self, body: bytes, end: int, laid: _Laid) -> None:
        """Remember a body whose head ends there; where too much is remembered all of that is forgotten before."""
        texts = sum(map(len, laid.texts))
        if len(self._laid) >= _MOST_HEADS or self.texts + texts > _MOST_TEXTS:
            self._laid.clear()
            self._ends.clear()
            self.texts = 0
        self._laid[body[:end]] = laid
        self._ends[len(body), _first_message(body)] = end
        self.texts += texts


_memory = _Memory()


def _first_message(body: bytes) -> bytes:
    length = int.from_bytes(body[4:8], "little") if body[:4] == _CONTINUES else 0
    return body[: 8 + length] if length <= _LONGEST_HEAD else b""


def _read(body: bytes) -> _Found:
    """Parse a body, check what is in it (without that, a broken one would have us read beyond it), remember it."""
    try:
        refuse_above(body, LARGEST_PUSH)
        whole = pa.py_buffer(body)
        stream = pa.ipc.RecordBatchStreamReader(whole)
        plan = _plan(stream.schema)
        batches = list(stream)
        for one in batches:
            one.validate(full=True)
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        raise InputError(f"push: the body is no Arrow IPC stream: {str(error).partition(chr(10))[0]}") from None
    batch = batches[0] if len(batches) == 1 else _one_batch(batches, stream.schema)
    dimensions = [
        _coded(batch.column(place), name) for name, place in zip(plan.dimensions, plan.dimension_places, strict=True)
    ]
    places = [plan.time, *(place for place in (plan.value, plan.group_size, plan.cases) if place is not None)]
    names = stream.schema.names
    found = {place: _numbers(batch.column(place), names[place]) for place in places}
    if len(batches) == 1:
        _remember(body, whole, batch, _Laid(plan, batch.num_rows, (), tuple(one.texts for one in dimensions)))
    return plan, found, dimensions


def _remember(body: bytes, whole: pa.Buffer, batch: pa.RecordBatch, laid: _Laid) -> None:
    """Keep where the numbers of a stream stand. Not where they are packed, and stand elsewhere once read, nor where a
    column has nulls, or texts, which must be checked each time, nor where something may follow.
    """
    places = []
    for number, array in enumerate(batch.columns):
        is_coded = pa.types.is_dictionary(array.type)
        column = array.indices if is_coded else array
        kind = pa.int64() if pa.types.is_timestamp(column.type) else column.type
        if is_coded != (number in laid.plan.dimension_places) or not (
            pa.types.is_integer(kind) or pa.types.is_floating(kind)
        ):
            return
        is_there, numbers = column.buffers()
        begin, size = numbers.address - whole.address, np.dtype(kind.to_pandas_dtype())
        if is_there is not None or column.offset or not 0 < begin <= len(body) - batch.num_rows * size.itemsize:
            return
        places.append((size, begin))
    if len(body) - max(begin + batch.num_rows * size.itemsize for size, begin in places) > _LONGEST_END:
        return
    end, first = min(begin for _, begin in places), _first_message(body)
    if batch.num_rows and len(first) < end <= _LONGEST_HEAD:
        _memory.put(body, end, laid._replace(places=tuple(places)))


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
        _ticks(schema.field("time").type),
        place["value"],
        place.get("group_size"),
        place["cases"] if has_cases else None,
        dimensions,
        tuple(place[name] for name in dimensions),
    )


def _one_batch(batches: Sequence[pa.RecordBatch], schema: pa.Schema) -> pa.RecordBatch:
    whole = pa.Table.from_batches(batches, schema).combine_chunks()
    columns = [_whole(column) for column in whole.columns]
    return pa.RecordBatch.from_arrays(columns, names=schema.names)


def _whole(column: pa.ChunkedArray) -> pa.Array:
    if column.num_chunks == 1:
        return column.chunk(0)
    return pa.concat_arrays(column.chunks) if column.num_chunks else pa.array([], column.type)


def _coded(array: pa.Array, name: str) -> _Coded:
    try:
        if not pa.types.is_dictionary(array.type):
            array = array.cast(pa.string()).dictionary_encode()
        texts = array.dictionary.cast(pa.string()).to_pylist()
    except pa.ArrowException:
        raise InputError(f"push: {name} holds {array.type}; a dimension is text") from None
    indices = array.indices
    if indices.null_count:
        indices = indices.cast(pa.int64()).fill_null(len(texts))
        texts.append(None)
    return _Coded(indices.to_numpy(), tuple(NO_VALUE if one is None else one for one in texts))


def _keys(
    names: tuple[str, ...], dimensions: Sequence[_Coded], rows: int
) -> tuple[list[tuple[str, ...]], NDArray[np.int64]]:
    if not dimensions:
        return [()], np.zeros(rows, np.int64)
    for name, one in zip(names, dimensions, strict=True):
        if rows and (one.place.max() >= len(one.texts) or one.place.min() < 0):
            raise InputError(f"push: {name}: a row points outside of its dictionary of {len(one.texts)}; write it anew")
    code = dimensions[0].place.astype(np.int64)
    if len(dimensions) == 1:
        return [(text,) for text in dimensions[0].texts], code
    for one in dimensions[1:]:
        code = code * len(one.texts) + one.place
    present, key = np.unique(code, return_inverse=True)
    keys = []
    for number in present.tolist():
        values = []
        for one in reversed(dimensions):
            number, place = divmod(number, len(one.texts))
            values.append(one.texts[place])
        keys.append(tuple(reversed(values)))
    return keys, key.astype(np.int64)


def _numbers(column: pa.Array, name: str) -> NDArray[Any]:
    if name == "time":
        if column.null_count:
            raise InputError(f"push: time: {column.null_count} rows have no time; each row needs one")
        column = column.cast(pa.int64(), safe=False)
    elif _is_number(column.type):
        column = column.cast(pa.float64(), safe=False)
    else:
        raise InputError(f"push: {name} holds {column.type}; send numbers")
    numbers: NDArray[Any] = column.to_numpy(zero_copy_only=False)
    return numbers


def _is_number(kind: pa.DataType) -> bool:
    return bool(pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind))


def _ticks(kind: pa.DataType) -> int:
    if pa.types.is_timestamp(kind):
        return {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}[kind.unit]
    if pa.types.is_integer(kind):
        return 1
    raise InputError(f"push: time holds {kind}; send a timestamp, or whole seconds since 1970")
