"""A backup: both stores as they were at one moment, in one ZIP file that restores into files or into PostgreSQL.

| entry | holds |
| --- | --- |
| `manifest.json` | version of this format, schema revision of the ledger, when it was made, rows of each table |
| `ledger/TABLE.jsonl` | the rows of a table of the ledger, an object a line |
| `pushed.wal` | pushed points that were accepted and are not in the history yet, as records of the push log |
| `history.parquet` | every value of every point: series, time, value, known_at, batch |
| `link-key` | the key that signs one-click links, so that those in old messages work after a restore |

The ledger is taken first: whatever it knows, the history knows too; what the history has beyond is judged again. Then
comes the push log: what leaves it from there on is in the history when that is read.
Checkpoints are derived and left out. ZIP keeps a checksum of each entry.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq
from sqlalchemy import Connection, func, insert, select, text

from watchkeeper.domain.errors import InputError, StoreError
from watchkeeper.domain.texts import kept
from watchkeeper.stores import places, push_log
from watchkeeper.stores.history import History
from watchkeeper.stores.ledger import Ledger
from watchkeeper.stores.ledger.ledger import SCHEMA_REVISION
from watchkeeper.stores.ledger.schema import METADATA

FORMAT = 1
ROWS_AT_ONCE = 10_000
NOT_KEPT = ("lease",)
"""Tables that say what is so only now."""


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """What a backup holds: rows of each table of the ledger, and points with their older values."""

    format: int
    revision: str
    made_at: int
    tables: dict[str, int]
    points: int


def write(ledger: Ledger, history: History, home: Path, path: Path, *, now: int) -> Manifest:
    """Write both stores, and what belongs to them in `home`, into the file `path`, which is there whole or not at all,
    readable by its owner only.

    The service may run meanwhile. Raises StoreError where the file cannot be written.
    """
    part = path.with_name(path.name + ".part")
    try:
        with _private(part) as file, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
            tables: dict[str, int] = {}
            with ledger.read() as tx:
                known = _count(tx, "series", "max")
                for table in METADATA.sorted_tables:
                    if table.name not in NOT_KEPT:
                        tables[table.name] = _write_table(tx, archive, table.name)
            archive.writestr("pushed.wal", push_log.left_in(home / places.PUSHED))
            if (home / places.LINK_KEY).exists():
                archive.writestr(places.LINK_KEY, (home / places.LINK_KEY).read_bytes())
            with tempfile.TemporaryDirectory(dir=path.parent) as folder:
                points = _write_points(history, Path(folder) / "history.parquet", known)
                archive.write(Path(folder) / "history.parquet", "history.parquet", zipfile.ZIP_STORED)
            made = Manifest(format=FORMAT, revision=SCHEMA_REVISION, made_at=now, tables=tables, points=points)
            archive.writestr("manifest.json", msgspec.json.encode(made))
        os.replace(part, path)
    except OSError as error:
        raise StoreError(f"backup {path}: could not be written ({error}); name a place with room and rights") from error
    finally:
        part.unlink(missing_ok=True)
    return made


def check(path: Path) -> Manifest:
    """Read a backup through and compare it with what it says of itself; InputError where it is damaged or no backup."""
    try:
        with zipfile.ZipFile(path) as archive:
            manifest = msgspec.json.decode(archive.read("manifest.json"), type=Manifest)
            if manifest.format > FORMAT or manifest.revision > SCHEMA_REVISION:
                raise InputError(f"backup {path}: a newer Watchkeeper made it; restore it with that one")
            damaged = archive.testzip()
            if damaged is not None:
                raise InputError(f"backup {path}: {damaged} is damaged; take another backup")
            for name, rows in manifest.tables.items():
                with archive.open(f"ledger/{name}.jsonl") as lines:
                    found = sum(1 for _ in lines)
                if found != rows:
                    raise InputError(f"backup {path}: {name} holds {found} rows instead of {rows}; take another backup")
    except FileNotFoundError:
        raise InputError(f"backup {path}: there is no such file") from None
    except (zipfile.BadZipFile, KeyError, msgspec.DecodeError, OSError) as error:
        raise InputError(f"backup {path}: this is no backup of Watchkeeper, or a damaged one ({error})") from None
    return manifest


def restore(path: Path, ledger: Ledger, history: History, home: Path) -> Manifest:
    """Fill two new stores, and their home, from a backup.

    Raises InputError where it is damaged, StoreError where a store is in use.
    """
    manifest = check(path)
    if manifest.revision != SCHEMA_REVISION:
        raise InputError(
            f"backup {path}: its ledger is at revision {manifest.revision}, this Watchkeeper at {SCHEMA_REVISION}; "
            "restore it with the Watchkeeper that made it, then start this one on it"
        )
    if next(iter(history.export(2**31 - 1)), None) is not None:
        raise StoreError("restore: the history has points already; name an empty home or database")
    with zipfile.ZipFile(path) as archive:
        with ledger.write() as tx:
            _check_empty(tx)
            for name, table in METADATA.tables.items():
                if name in NOT_KEPT:
                    tx.execute(table.delete())
            for table in METADATA.sorted_tables:
                if table.name in manifest.tables:
                    _read_table(tx, archive, table.name)
        with tempfile.TemporaryDirectory() as folder:
            archive.extract("history.parquet", folder)
            with pq.ParquetFile(Path(folder) / "history.parquet") as file:
                history.load(pa.Table.from_batches([batch]) for batch in file.iter_batches(1_000_000))
        _read_pushed(archive, ledger, history)
        if places.LINK_KEY in archive.namelist():
            with _private(home / places.LINK_KEY) as file:
                file.write(archive.read(places.LINK_KEY))
    return manifest


@contextlib.contextmanager
def _private(path: Path) -> Iterator[Any]:
    path.unlink(missing_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        yield file


def _write_table(tx: Connection, archive: zipfile.ZipFile, name: str) -> int:
    table = METADATA.tables[name]
    order = list(table.primary_key.columns)
    rows = 0
    with archive.open(f"ledger/{name}.jsonl", "w") as lines:
        for few in tx.execute(select(table).order_by(*order)).mappings().partitions(ROWS_AT_ONCE):
            lines.write(b"".join(msgspec.json.encode(dict(row)) + b"\n" for row in few))
            rows += len(few)
    return rows


def _read_table(tx: Connection, archive: zipfile.ZipFile, name: str) -> None:
    table = METADATA.tables[name]
    binary = [column.name for column in table.columns if column.type.python_type is bytes]
    few: list[dict[str, Any]] = []

    def put() -> None:
        if few:
            tx.execute(insert(table), few)
            few.clear()

    with archive.open(f"ledger/{name}.jsonl") as lines:
        for line in lines:
            # An older Watchkeeper kept texts in SQLite that PostgreSQL cannot keep.
            row = {key: kept(one) if isinstance(one, str) else one for key, one in msgspec.json.decode(line).items()}
            for column in binary:
                row[column] = None if row[column] is None else msgspec.convert(row[column], bytes)
            few.append(row)
            if len(few) >= ROWS_AT_ONCE:
                put()
    put()
    if tx.dialect.name == "postgresql" and "id" in table.columns:
        sequence = tx.execute(text("SELECT pg_get_serial_sequence(:name, 'id')"), {"name": f'"{name}"'}).scalar()
        if sequence is not None:
            tx.execute(text("SELECT setval(:s, greatest(1, :last))"), {"s": sequence, "last": _count(tx, name, "max")})


def _read_pushed(archive: zipfile.ZipFile, ledger: Ledger, history: History) -> None:
    """What waited in the push log goes into the history; points of series that are younger than the backup do not."""
    if "pushed.wal" not in archive.namelist():  # an older Watchkeeper made it
        return
    with ledger.read() as tx:
        known = _count(tx, "series", "max")
    for one in push_log.read_records(archive.read("pushed.wal")):
        is_known = one.series <= known
        if is_known.any():
            cases = None if one.cases is None else one.cases[is_known]
            history.append(
                one.series[is_known], one.time[is_known], one.value[is_known], known_at=one.known_at, cases=cases
            )


def _check_empty(tx: Connection) -> None:
    for name in ("metric", "alert", "feedback"):
        if _count(tx, name, "count"):
            raise StoreError("restore: the ledger is in use already; name an empty home or database")


def _count(tx: Connection, name: str, how: str) -> int:
    table = METADATA.tables[name]
    what = func.max(table.c.id) if how == "max" else func.count()
    return int(tx.execute(select(what).select_from(table)).scalar() or 0)


def _write_points(history: History, path: Path, known: int) -> int:
    rows = 0
    writer: pq.ParquetWriter | None = None
    try:
        for table in history.export(known):
            if writer is None:
                writer = pq.ParquetWriter(path, table.schema, compression="zstd")
            writer.write_table(table)
            rows += table.num_rows
    finally:
        if writer is not None:
            writer.close()
    if writer is None:
        pq.write_table(EMPTY.empty_table(), path)
    return rows


EMPTY = pa.schema(
    [
        ("series", pa.int32()),
        ("time", pa.int64()),
        ("value", pa.float64()),
        ("known_at", pa.int64()),
        ("batch", pa.int64()),
    ]
)
