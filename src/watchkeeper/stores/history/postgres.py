"""The history in PostgreSQL, where several servers share it: tables in a schema of its own, so a ledger fits beside.

Appends take turns under an advisory lock, so that they become visible in the order of their numbers: who has seen all
up to one number misses nothing that comes later. Rows travel as binary COPY, which NumPy writes and reads whole.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Self

import numpy as np
import psycopg
import pyarrow as pa
from numpy.typing import ArrayLike, NDArray
from sqlalchemy import Engine, create_engine, make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError

from watchkeeper.domain.errors import StoreError
from watchkeeper.domain.points import PointColumns
from watchkeeper.stores.history.columns import arranged, checked, either
from watchkeeper.stores.history.door import EXPORTED_ROWS, FOREVER, GENERATIONS, Changes, History, Kept

SCHEMA_VERSION = 2
_SCHEMA = "watchkeeper_history"
_WRITER_LOCK = 0x57414849  # any fixed number: the advisory lock under which appends take turns
_MANY = 2_000
"""From so many rows on a temporary table is worth its statistics."""

_TABLES = """
CREATE TABLE point (
    series INTEGER NOT NULL,
    time BIGINT NOT NULL,
    value DOUBLE PRECISION NOT NULL,
    known_at BIGINT NOT NULL,
    batch BIGINT NOT NULL,
    cases DOUBLE PRECISION,
    PRIMARY KEY (series, time, batch)
);
CREATE INDEX point_batch ON point USING brin (batch) WITH (pages_per_range = 32, autosummarize = on);
CREATE SEQUENCE batch;
CREATE TABLE checkpoint (
    metric TEXT NOT NULL,
    key TEXT NOT NULL,
    until BIGINT NOT NULL,
    batch BIGINT NOT NULL,
    data BYTEA NOT NULL,
    PRIMARY KEY (metric, until)
);
CREATE TABLE about (schema_version INTEGER NOT NULL);
"""

_UPGRADE = "ALTER TABLE point ADD COLUMN IF NOT EXISTS cases DOUBLE PRECISION"

# Rows on the way have NaN where the table has NULL: fields of a binary COPY are of one length then.
_INCOMING = """
CREATE TEMP TABLE IF NOT EXISTS incoming (place INTEGER, series INTEGER, time BIGINT, value FLOAT8, cases FLOAT8)
"""
_WANTED = "CREATE TEMP TABLE IF NOT EXISTS wanted (series INTEGER PRIMARY KEY)"
_SEEN = "CREATE TEMP TABLE IF NOT EXISTS seen (series INTEGER PRIMARY KEY, since BIGINT, batch BIGINT, until BIGINT)"

_FRESH = """
WITH known AS (
    SELECT DISTINCT ON (p.series, p.time) p.series, p.time, p.value, nullif(p.cases, 'NaN') AS cases
    FROM point p JOIN incoming USING (series, time)
    WHERE p.known_at <= %(known_at)s ORDER BY p.series, p.time, p.known_at DESC, p.batch DESC
)
{of_what} FROM incoming i LEFT JOIN known k USING (series, time)
WHERE k.series IS NULL OR k.value IS DISTINCT FROM i.value OR k.cases IS DISTINCT FROM nullif(i.cases, 'NaN')
"""
_COUNT = _FRESH.format(of_what="SELECT count(*)")
_INSERT = _FRESH.format(
    of_what="INSERT INTO point (series, time, value, known_at, batch, cases)"
    " SELECT i.series, i.time, i.value, %(known_at)s, %(batch)s, nullif(i.cases, 'NaN')"
)

_READ = """
COPY (
    SELECT series, time, value, known_at, batch, coalesce(cases, 'NaN') FROM point JOIN wanted USING (series)
    WHERE time >= {start} AND time < {end} AND known_at < {known_before} ORDER BY series, time
) TO STDOUT (FORMAT binary)
"""
_NEW = """
COPY (
    SELECT series, p.time, p.value, p.known_at, p.batch, coalesce(p.cases, 'NaN') FROM point p JOIN seen USING (series)
    WHERE p.time >= seen.since AND p.time < seen.until ORDER BY series, p.time
) TO STDOUT (FORMAT binary)
"""
_EXPORT = """
COPY (
    SELECT series, time, value, known_at, batch, coalesce(cases, 'NaN') FROM point
    WHERE series BETWEEN {first} AND {last}
    ORDER BY series, time, batch
) TO STDOUT (FORMAT binary)
"""
_LATE = """
SELECT series, min(p.time) FROM point p JOIN seen USING (series)
WHERE p.batch > %s AND p.batch > seen.batch AND p.time < seen.since GROUP BY series
"""
# The index finds the series with anything old; only these are looked through.
_AGED = """
WITH first AS (
    SELECT s, (SELECT min(time) FROM point WHERE series = s) AS time FROM unnest(%(series)s::INTEGER[]) s
), found AS (
    SELECT p.series, min(p.time) AS first, least(
        %(before)s, max(p.time), coalesce(min(p.time) FILTER (WHERE p.known_at >= %(before)s), %(before)s)
    ) AS until
    FROM point p JOIN first f ON p.series = f.s WHERE f.time < %(before)s GROUP BY p.series
)
SELECT series, until FROM found WHERE first < until
"""
_COUNT_OLD = """
SELECT count(*) FROM point p, unnest(%s::INTEGER[], %s::BIGINT[]) o (series, until)
WHERE p.series = o.series AND p.time < o.until
"""
_DELETE_OLD = """
DELETE FROM point p USING unnest(%s::INTEGER[], %s::BIGINT[]) o (series, until)
WHERE p.series = o.series AND p.time < o.until
"""
_FORGET = """
DELETE FROM checkpoint c USING (
    SELECT metric, until, row_number() OVER (PARTITION BY metric ORDER BY until DESC) AS place
    FROM checkpoint WHERE metric = ANY(%s)
) o WHERE o.place > %s AND c.metric = o.metric AND c.until = o.until
"""

_SIGNATURE = b"PGCOPY\n\xff\r\n\0" + bytes(8)
_TRAILER = b"\xff\xff"
_COLUMNS = (("place", ">i4"), ("series", ">i4"), ("time", ">i8"), ("value", ">f8"), ("cases", ">f8"))
_ROW = (("series", ">i4"), ("time", ">i8"), ("value", ">f8"), ("known_at", ">i8"), ("batch", ">i8"), ("cases", ">f8"))


class PostgresHistory(History):
    """The history in PostgreSQL. What it promises stands at `History`."""

    is_shared = True

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._is_closed = False

    @classmethod
    def at(cls, url: str) -> Self:
        """Open the history at a SQLAlchemy URL, making its tables where there are none."""
        try:
            engine = create_engine(make_url(url), pool_pre_ping=True)
        except (ArgumentError, NoSuchModuleError, ModuleNotFoundError) as error:
            raise StoreError(
                f"history: its address is not usable ({error}); write it as postgresql+psycopg://user:…@host/database"
            ) from None
        history = cls(engine)
        try:
            history._settle_schema()
        except BaseException:
            history.close()
            raise
        return history

    def append(
        self,
        series: ArrayLike,
        time: ArrayLike,
        value: ArrayLike,
        *,
        known_at: int,
        cases: ArrayLike | None = None,
        dry_run: bool = False,
    ) -> int:
        """See `History.append`."""
        incoming = checked(series, time, value, cases)
        if not incoming.num_rows:
            return 0
        kinds = tuple(kind for kind in _COLUMNS if kind[0] in incoming.column_names)
        rows = _packed({name: incoming[name].to_numpy() for name, _ in kinds}, kinds)
        into = f"incoming ({', '.join(name for name, _ in kinds)})"
        if dry_run:
            with self._transaction("read it") as cursor:
                _fill(cursor, "incoming", _INCOMING, rows, incoming.num_rows, into=into)
                cursor.execute(_COUNT, {"known_at": int(known_at)})
                return int((cursor.fetchone() or (0,))[0])
        with self._transaction("append to it", writes=True) as cursor:
            _fill(cursor, "incoming", _INCOMING, rows, incoming.num_rows, into=into)
            cursor.execute("SELECT nextval('batch')")
            (batch,) = cursor.fetchone() or (0,)
            cursor.execute(_INSERT, {"known_at": int(known_at), "batch": batch})
            return cursor.rowcount

    def read(
        self,
        series: Sequence[int],
        *,
        start: int | None = None,
        end: int | None = None,
        known_before: int | None = None,
    ) -> PointColumns:
        """See `History.read`."""
        asked = np.asarray(series, dtype=np.int32)
        wanted = np.unique(asked)
        limits = {
            "start": either(start, -FOREVER),
            "end": either(end, FOREVER),
            "known_before": either(known_before, FOREVER),
        }
        with self._transaction("read it") as cursor:
            _fill(cursor, "wanted", _WANTED, _packed({"series": wanted}, (("series", ">i4"),)), len(wanted))
            rows = _copied(cursor, _READ.format(**limits))
        return arranged(asked, *rows)

    def changes(
        self, series: NDArray[np.int32], since: NDArray[np.int64], batch: NDArray[np.int64], until: NDArray[np.int64]
    ) -> Changes:
        """See `History.changes`."""
        if not len(series):
            return Changes(self.read(()), {}, 0)
        kinds = (("series", ">i4"), ("since", ">i8"), ("batch", ">i8"), ("until", ">i8"))
        seen = _packed({"series": series, "since": since, "batch": batch, "until": until}, kinds)
        with self._transaction("read it") as cursor:
            _fill(cursor, "seen", _SEEN, seen, len(series))
            cursor.execute("SELECT coalesce(max(batch), 0) FROM point WHERE batch >= %s", [int(batch.min())])
            (newest,) = cursor.fetchone() or (0,)
            newest = max(newest, int(batch.min()))
            late: list[tuple[int, int]] = []
            if newest > batch.min():
                cursor.execute(_LATE, [int(batch.min())])
                late = cursor.fetchall()
            rows = _copied(cursor, _NEW)
        return Changes(arranged(np.asarray(series, np.int32), *rows), dict(late), int(newest))

    def last_time(self, series: Sequence[int]) -> dict[int, int]:
        """See `History.last_time`."""
        asked = [int(one) for one in series]
        query = """
            SELECT s, (SELECT max(time) FROM point WHERE series = s) FROM unnest(%s::INTEGER[]) s
        """
        with self._transaction("read it") as cursor:
            cursor.execute(query, [asked])
            return {one: last for one, last in cursor.fetchall() if last is not None}

    def compact(self) -> bool:
        """Nothing to do: the index finds the rows of a series wherever they lie."""
        return False

    def keep(self, checkpoints: Sequence[Kept]) -> None:
        """See `History.keep`."""
        if not checkpoints:
            return
        with self._transaction("keep checkpoints in it", writes=True) as cursor:
            cursor.executemany(
                "INSERT INTO checkpoint (metric, key, until, batch, data) VALUES (%s, %s, %s, %s, %s) ON CONFLICT"
                " (metric, until) DO UPDATE SET key = excluded.key, batch = excluded.batch, data = excluded.data",
                checkpoints,
            )
            cursor.execute(_FORGET, [[one.metric for one in checkpoints], GENERATIONS])

    def kept(self, metrics: Sequence[str]) -> dict[str, list[Kept]]:
        """See `History.kept`."""
        query = (
            "SELECT metric, key, until, batch, data FROM checkpoint WHERE metric = ANY(%s) ORDER BY metric, until DESC"
        )
        found: dict[str, list[Kept]] = {}
        with self._transaction("read it") as cursor:
            cursor.execute(query, [list(metrics)], binary=True)
            for row in cursor.fetchall():
                found.setdefault(row[0], []).append(Kept(*row))
        return found

    def aged(self, series: Sequence[int], before: int) -> dict[int, int]:
        """See `History.aged`."""
        with self._transaction("read it") as cursor:
            cursor.execute(_AGED, {"series": [int(one) for one in series], "before": before})
            return dict(cursor.fetchall())

    def forget(self, before: Mapping[int, int], metrics: Sequence[str], *, dry_run: bool = False) -> int:
        """See `History.forget`."""
        old = [list(before.keys()), list(before.values())]
        if dry_run:
            with self._transaction("read it") as cursor:
                cursor.execute(_COUNT_OLD, old)
                return int((cursor.fetchone() or (0,))[0])
        with self._transaction("remove old points from it", writes=True) as cursor:
            cursor.execute(_DELETE_OLD, old)
            rows = cursor.rowcount
            if rows:
                cursor.execute("DELETE FROM checkpoint WHERE metric = ANY(%s)", [list(metrics)])
        return rows

    def export(self, last_series: int) -> Iterator[pa.Table]:
        """See `History.export`."""
        names = [name for name, _ in _ROW]
        with self._transaction("export it") as cursor:
            cursor.execute("SELECT series, count(*) FROM point WHERE series <= %s GROUP BY 1 ORDER BY 1", [last_series])
            for first, last in _few(cursor.fetchall()):
                query = _EXPORT.format(first=int(first), last=int(last))
                yield pa.table(dict(zip(names, _copied(cursor, query), strict=True)))

    def load(self, tables: Iterable[pa.Table]) -> None:
        """See `History.load`."""
        newest = 0
        with self._transaction("load it", writes=True) as cursor:
            for table in tables:
                columns = {name: table[name].to_numpy() for name, _ in _ROW if name in table.column_names}
                if np.isnan(columns.get("cases", np.nan)).all():
                    columns.pop("cases", None)
                kinds = tuple(kind for kind in _ROW if kind[0] in columns)
                newest = max(newest, int(columns["batch"].max(initial=0)))
                names = ", ".join(name for name, _ in kinds)
                with cursor.copy(f"COPY point ({names}) FROM STDIN (FORMAT binary)") as copy:
                    copy.write(_packed(columns, kinds))
            cursor.execute("SELECT setval('batch', %s)", [max(1, newest)])

    def close(self) -> None:
        """See `History.close`."""
        self._is_closed = True
        self._engine.dispose()

    def _settle_schema(self) -> None:
        with self._transaction("prepare it", writes=True) as cursor:
            cursor.execute("SELECT to_regclass(%s)", [f"{_SCHEMA}.about"])
            if cursor.fetchone() == (None,):
                cursor.execute(f"CREATE SCHEMA IF NOT EXISTS {_SCHEMA}")
                cursor.execute(_TABLES)
                cursor.execute("INSERT INTO about VALUES (%s)", [SCHEMA_VERSION])
            cursor.execute("SELECT schema_version FROM about")
            (version,) = cursor.fetchone() or (0,)
            if version == 1:
                cursor.execute(_UPGRADE)
                version = 2
                cursor.execute("UPDATE about SET schema_version = %s", [version])
        if version != SCHEMA_VERSION:
            raise StoreError(
                f"{self._place()}: its schema is version {version}, this Watchkeeper knows {SCHEMA_VERSION}; "
                "use the Watchkeeper that wrote it, or a newer one"
            )

    @contextmanager
    def _transaction(self, doing: str, *, writes: bool = False) -> Iterator[psycopg.Cursor[Any]]:
        """One transaction that sees one moment; a writing one is alone among the writers of all servers."""
        if self._is_closed:
            raise StoreError(f"{self._place()}: it is closed; open it again")
        try:
            with self._engine.connect() as pooled:
                connection = pooled.connection.driver_connection
                assert isinstance(connection, psycopg.Connection)
                with connection.transaction(), connection.cursor() as cursor:
                    cursor.execute(f"SET LOCAL search_path = {_SCHEMA}, pg_temp")
                    if writes:
                        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_WRITER_LOCK])
                    else:
                        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
                    yield cursor
        except (psycopg.Error, SQLAlchemyError) as error:
            why = str(getattr(error, "orig", None) or error).strip().partition("\n")[0]
            raise StoreError(
                f"{self._place()}: could not {doing}: {why}; see that the server runs and has room, then try again"
            ) from error

    def _place(self) -> str:
        return f"history {self._engine.url.render_as_string(hide_password=True)}"


def _few(sizes: Sequence[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """The first and last of series that together have about as many rows as are handled at once."""
    first, rows = 0, 0
    for place, (series, count) in enumerate(sizes):
        first = series if not rows else first
        rows += count
        if rows >= EXPORTED_ROWS or place + 1 == len(sizes):
            yield first, series
            rows = 0


def _layout(kinds: Sequence[tuple[str, str]]) -> np.dtype[Any]:
    """The rows of a binary COPY: each a count of fields, and each field with its length before it."""
    fields: list[tuple[str, str]] = [("fields", ">i2")]
    for name, kind in kinds:
        fields += [(f"{name} bytes", ">i4"), (name, kind)]
    return np.dtype(fields)


def _packed(columns: dict[str, NDArray[Any]], kinds: Sequence[tuple[str, str]]) -> bytes:
    rows = np.empty(len(columns[kinds[0][0]]), _layout(kinds))
    rows["fields"] = len(kinds)
    for name, kind in kinds:
        rows[f"{name} bytes"] = np.dtype(kind).itemsize
        rows[name] = columns[name]
    return _SIGNATURE + rows.tobytes() + _TRAILER


def _fill(
    cursor: psycopg.Cursor[Any], table: str, make: str, rows: bytes, count: int, *, into: str | None = None
) -> None:
    """Fill a temporary table that goes with the transaction; `into` names it with the columns that rows have."""
    cursor.execute(f"{make} ON COMMIT DELETE ROWS")
    with cursor.copy(f"COPY {into or table} FROM STDIN (FORMAT binary)") as copy:
        copy.write(rows)
    if count >= _MANY:
        cursor.execute(f"ANALYZE {table}")


def _copied(cursor: psycopg.Cursor[Any], query: str) -> list[Any]:
    """The columns series, time, value, known_at, batch and cases of a binary COPY."""
    with cursor.copy(query) as copy:
        data = b"".join(copy)
    layout = _layout(_ROW)
    count = (len(data) - len(_SIGNATURE) - len(_TRAILER)) // layout.itemsize
    rows = np.frombuffer(data, layout, count, len(_SIGNATURE))
    return [rows[name].astype(np.dtype(kind).newbyteorder("=")) for name, kind in _ROW]
