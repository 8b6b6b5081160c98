"""Parquet and CSV files with columns series, ts, value, perhaps cases: read whole, written at once or not at all."""

from __future__ import annotations

import contextlib
import csv
import os
import secrets
from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

from watchkeeper.domain.errors import InputError

COLUMNS = ("series", "ts", "value")
OPTIONAL = ("cases",)
"""Read where they are there."""
SUFFIXES = (".parquet", ".csv")
_BATCH_ROWS = 1 << 18


def check_paths(source: Path, target: Path) -> None:
    """Refuse before any work what cannot end well.

    Raises InputError naming the file where a suffix is not of `SUFFIXES`, `source` is not a file that can be read,
    `target` is the same file, or nothing can be written where it is to stand.
    """
    for path in (source, target):
        if path.suffix.lower() not in SUFFIXES:
            raise InputError(f"{path}: files end in {' or '.join(SUFFIXES)}; rename it or convert it")
    if not source.exists():
        raise InputError(f"{source}: there is no such file")
    if not source.is_file():
        raise InputError(f"{source}: is not a file; name one Parquet or CSV file")
    if target.exists() and source.samefile(target):
        raise InputError(f"{target}: is the file that is read; name another file to write")
    if target.is_dir():
        raise InputError(f"{target}: is a folder; name a file to write")
    folder = Path(os.path.realpath(target)).parent
    if not folder.is_dir():
        raise InputError(f"{target}: there is no folder {folder}; make it first")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise InputError(f"{target}: the folder {folder} does not let files be written; choose another")


def read_table(path: Path, *, columns: Sequence[str] = COLUMNS) -> pa.Table:
    """The columns of a file, and those of `OPTIONAL` that it has, in the file's row order; Parquet in its own types,
    CSV as the text that stands there.

    CSV may be separated by commas, semicolons or tabs, its first line names the columns.

    Raises InputError naming the file, and the row where one is at fault, if it cannot be read, lacks a column, or holds
    no rows.
    """
    try:
        table = _read_csv(path, columns) if path.suffix.lower() == ".csv" else _read_parquet(path, columns)
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror or error}") from None
    if table.num_rows == 0:
        raise InputError(f"{path}: holds no rows; there is nothing to read")
    return table


def column_names(path: Path) -> list[str]:
    """The columns of a file in its order; InputError naming the file where that cannot be read."""
    try:
        if path.suffix.lower() == ".csv":
            return [name.strip() for name in _csv_header(path)[1]]
        with pq.ParquetFile(path) as file:
            return list(file.schema_arrow.names)
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror or error}") from None
    except pa.ArrowException as error:
        raise InputError(f"{path}: cannot be read as Parquet: {_first_line(error)}") from None


def write_table(path: Path, table: pa.Table) -> None:
    """Write a table so that `path` holds either what it held before or all of it.

    It is written to a hidden neighbour and renamed; the neighbour goes whatever happens, an interruption included.

    Raises InputError naming the file where it cannot be written.
    """
    target = Path(os.path.realpath(path))
    neighbour = target.with_name(f".{target.name}.{secrets.token_hex(4)}.part")
    try:
        with open(neighbour, "xb") as sink:
            if path.suffix.lower() == ".csv":
                _write_csv(table, sink)
            else:
                pq.write_table(table, sink, compression="zstd")
            sink.flush()
            os.fsync(sink.fileno())
        os.replace(neighbour, target)
    except (OSError, pa.ArrowException) as error:
        reason = getattr(error, "strerror", None) or error
        raise InputError(f"{path}: cannot be written: {reason}; nothing was left there") from None
    finally:
        with contextlib.suppress(OSError):
            neighbour.unlink(missing_ok=True)


def _read_parquet(path: Path, columns: Sequence[str]) -> pa.Table:
    if path.stat().st_size == 0:
        raise InputError(f"{path}: is empty; there is nothing to read")
    try:
        with pq.ParquetFile(path) as file:
            wanted = _wanted(path, file.schema_arrow.names, columns)
            return file.read(columns=wanted).select(wanted)
    except pa.ArrowException as error:
        raise InputError(f"{path}: cannot be read as Parquet: {_first_line(error)}") from None


def _read_csv(path: Path, columns: Sequence[str]) -> pa.Table:
    separator, header = _csv_header(path)
    named = [name.strip() for name in header]
    wanted = _wanted(path, named, columns)
    written = [header[named.index(name)] for name in wanted]
    text = ""
    for use_threads in (True, False):  # Once more on one thread: only then does the message name the row.
        try:
            return pa_csv.read_csv(
                path,
                read_options=pa_csv.ReadOptions(use_threads=use_threads),
                parse_options=pa_csv.ParseOptions(delimiter=separator, newlines_in_values=True),
                convert_options=pa_csv.ConvertOptions(
                    include_columns=written, column_types={name: pa.string() for name in written}
                ),
            ).rename_columns(wanted)
        except pa.ArrowInvalid as error:
            text = _first_line(error)
    if "Empty CSV file" in text:  # A header without even a line break.
        raise InputError(f"{path}: holds no rows; there is nothing to read")
    if "UTF8" in text:
        raise InputError(f"{path}: is not UTF-8 text; save it as UTF-8")
    raise InputError(f"{path}: cannot be read as CSV: {text.removeprefix('CSV parse error: ')}; mend that row")


def _csv_header(path: Path) -> tuple[str, list[str]]:
    """The separator and the names, as written, in the first line that is not blank."""
    try:
        with open(path, encoding="utf-8-sig", newline="") as file:
            line = next((line for line in file if line.strip()), "")
    except UnicodeDecodeError:
        raise InputError(f"{path}: is not UTF-8 text; save it as UTF-8") from None
    if not line:
        raise InputError(f"{path}: is empty; there is nothing to read")
    separator = max(",;\t", key=lambda one: (line.count(one), one == ","))
    return separator, next(csv.reader([line], delimiter=separator))


def _wanted(path: Path, header: Sequence[str], columns: Sequence[str]) -> list[str]:
    """The columns to read, of those that the header names."""
    wanted = [*columns, *(name for name in OPTIONAL if name in header and name not in columns)]
    for name in wanted:
        if name not in header:
            there = ", ".join(header[:12]) + (", …" if len(header) > 12 else "")
            raise InputError(
                f"{path}: has no column {name}; there are {there}. Rename the column that holds it to {name}"
            )
        if list(header).count(name) > 1:
            raise InputError(f"{path}: has the column {name} more than once; keep one")
    return wanted


def _write_csv(table: pa.Table, sink: object) -> None:
    """Text is quoted only where it has to be: the writer itself would quote all of it."""
    text = [table[name].cast(pa.string()) for name in table.column_names if _is_text(table.schema.field(name).type)]
    if any(pc.any(pc.match_substring(column, mark)).as_py() for column in text for mark in ',"\r\n'):
        pa_csv.write_csv(table, sink, pa_csv.WriteOptions(batch_size=_BATCH_ROWS))
        return
    sink.write((",".join(table.column_names) + "\n").encode())  # type: ignore[attr-defined]
    pa_csv.write_csv(
        table, sink, pa_csv.WriteOptions(include_header=False, quoting_style="none", batch_size=_BATCH_ROWS)
    )


def _is_text(kind: pa.DataType) -> bool:
    inner = kind.value_type if pa.types.is_dictionary(kind) else kind
    return bool(pa.types.is_string(inner) or pa.types.is_large_string(inner) or pa.types.is_string_view(inner))


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0]
