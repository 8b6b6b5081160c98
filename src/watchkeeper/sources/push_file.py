"""Files of points to be pushed: CSV, Parquet or JSON, a row for each period of a series."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from watchkeeper.domain.errors import InputError
from watchkeeper.sources.columns import read_times, read_values
from watchkeeper.sources.files import column_names, read_table

SUFFIXES = (".csv", ".parquet", ".json", ".jsonl")
NUMBERS = ("value", "cases", "group_size")


@dataclass(frozen=True)
class PushFile:
    """n rows in the file's order. `time` int64[n] is seconds since 1970 UTC; `numbers` are the columns `value`, and
    `cases` and `group_size` where there are such, float64[n] (NaN: missing); `dimensions` every other column as text
    (empty: none).
    """

    time: NDArray[np.int64]
    numbers: dict[str, NDArray[np.float64]]
    dimensions: dict[str, list[str | None]]

    def pieces(self, rows: int) -> Iterator[tuple[int, dict[str, Any]]]:
        """The file in pieces of so many rows: where each begins, and what `Client.push` takes."""
        for first in range(0, len(self.time), rows):
            at = slice(first, first + rows)
            yield (
                first,
                {
                    "time": self.time[at].tolist(),
                    **{name: _plain(column[at]) for name, column in self.numbers.items()},
                    "dimensions": {name: column[at] for name, column in self.dimensions.items()},
                },
            )


def read_push_file(path: Path) -> PushFile:
    """Read a file: columns `time` and `value`, perhaps `cases` and `group_size`; every other one is a dimension.

    Times and numbers may be written as `columns.read_rows` takes them; a time without an offset is UTC. JSON is one
    object a line, a list of objects, or one object of columns. InputError names the file, the column, the row (the
    first is 1) and the mend.
    """
    if path.suffix.lower() not in SUFFIXES:
        raise InputError(f"{path}: files end in {', '.join(SUFFIXES)}; rename it or convert it")
    if not path.is_file():
        raise InputError(f"{path}: there is no such file")
    if path.suffix.lower() in (".json", ".jsonl"):
        table = _read_json(path)
    else:
        names = column_names(path)
        table = read_table(path, columns=tuple(dict.fromkeys(("time", "value", *names))))
    for name in ("time", "value"):
        if name not in table.column_names:
            raise InputError(f"{path}: has no column {name}; there are {', '.join(table.column_names) or 'none'}")
    place = str(path)
    return PushFile(
        time=read_times(table["time"], place, "time"),
        numbers={name: read_values(table[name], place, name) for name in NUMBERS if name in table.column_names},
        dimensions={
            name: _text(table[name], place, name) for name in table.column_names if name not in ("time", *NUMBERS)
        },
    )


def _read_json(path: Path) -> pa.Table:
    try:
        text = path.read_bytes()
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror or error}") from None
    try:
        found = msgspec.json.decode(text) if text.lstrip()[:1] == b"[" else _lines(path, text)
    except msgspec.DecodeError as error:
        raise InputError(f"{path}: is no JSON: {error}") from None
    try:
        table = _table(found)
    except (pa.ArrowException, AttributeError, TypeError, ValueError) as error:
        raise InputError(
            f"{path}: its rows are no table ({str(error).splitlines()[0]}); write an object for each row, or one of "
            "columns of one length"
        ) from None
    if not table.num_rows:
        raise InputError(f"{path}: holds no rows; there is nothing to push")
    return table


def _table(found: list[Any]) -> pa.Table:
    """The rows, or the columns, as a table; a column of text and numbers is text, as it would be in CSV."""
    columns = len(found) == 1 and isinstance(found[0], dict) and isinstance(found[0].get("time"), list)
    try:
        return pa.table(found[0]) if columns else pa.Table.from_pylist(found)
    except pa.ArrowException:
        if columns:
            return pa.table({name: _alike(column) for name, column in found[0].items()})
        names = dict.fromkeys(name for row in found for name in row)
        return pa.table({name: _alike([row.get(name) for row in found]) for name in names})


def _alike(column: list[Any]) -> list[Any]:
    if not any(isinstance(one, str) for one in column):
        return column
    return [msgspec.json.encode(one).decode() if isinstance(one, int | float) else one for one in column]


def _lines(path: Path, text: bytes) -> list[Any]:
    try:
        return [msgspec.json.decode(text)]  # one object, over as many lines as it likes
    except msgspec.DecodeError:
        pass
    found = []
    for number, line in enumerate(text.splitlines(), 1):
        if line.strip():
            try:
                found.append(msgspec.json.decode(line))
            except msgspec.DecodeError as error:
                raise InputError(f"{path}: line {number} is no JSON: {error}") from None
    return found


def _text(column: pa.ChunkedArray, place: str, name: str) -> list[str | None]:
    if pa.types.is_nested(column.type):
        raise InputError(f"{place}: column {name} holds {column.type}; a dimension is one text a row")
    return [text or None for text in pc.cast(column, pa.string()).to_pylist()]


def _plain(column: NDArray[np.float64]) -> list[float | None]:
    return [None if value != value else value for value in column.tolist()]
