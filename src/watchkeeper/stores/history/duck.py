"""The history in one DuckDB file: one process writes; inside it any number of threads read and append."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

import duckdb
import numpy as np
import pyarrow as pa
from numpy.typing import ArrayLike, NDArray

from watchkeeper.domain.errors import StoreError
from watchkeeper.domain.points import PointColumns
from watchkeeper.stores.history.columns import arranged, checked, either, own
from watchkeeper.stores.history.door import EXPORTED_ROWS, FOREVER, GENERATIONS, Changes, History, Kept
from watchkeeper.stores.history.duck_file import DuckFile, LackingError, is_durable, mended
from watchkeeper.stores.history.state_files import Place, StateFiles

log = logging.getLogger("watchkeeper.history")

SCHEMA_VERSION = 4

# `batch` counts appends: of two values that became known in the same second, the one appended later is the newer.
_SCHEMA = """
CREATE TABLE point (
    series INTEGER NOT NULL,
    time BIGINT NOT NULL,
    value DOUBLE NOT NULL,
    known_at BIGINT NOT NULL,
    batch BIGINT NOT NULL,
    cases DOUBLE
);
CREATE SEQUENCE batch;
CREATE TABLE about (schema_version INTEGER NOT NULL, sorted_rows BIGINT NOT NULL);
"""

_CHECKPOINT = ("metric", "key", "until", "batch", "file", "start", "size", "checksum")
_CHECKPOINTS = """
CREATE TABLE checkpoint (
    metric VARCHAR NOT NULL,
    key VARCHAR NOT NULL,
    until BIGINT NOT NULL,
    batch BIGINT NOT NULL,
    file VARCHAR NOT NULL,
    start BIGINT NOT NULL,
    size BIGINT NOT NULL,
    checksum BIGINT NOT NULL
);
"""

# The time range lets DuckDB skip the row groups that cannot hold the batch's points.
_KNOWN = """
SELECT b.place, p.value, p.cases FROM point p JOIN incoming b USING (series, time)
WHERE p.time BETWEEN ? AND ? AND p.known_at <= ?
ORDER BY b.place, p.known_at, p.batch
"""

_INSERT = """
INSERT INTO point SELECT series, time, value, ?, (SELECT nextval('batch')), {cases} FROM fresh
"""
_LOAD = "INSERT INTO point SELECT series, time, value, known_at, batch, {cases} FROM loaded"

_READ = """
SELECT series, time, value, known_at, batch, cases FROM point SEMI JOIN wanted USING (series)
WHERE time >= ? AND time < ? AND known_at < ?
ORDER BY series, time
"""

# Both can skip the row groups that hold nothing of the kind: new points and new appends lie at the end.
_NEW = """
SELECT series, time, value, known_at, point.batch, cases FROM point JOIN seen USING (series)
WHERE time >= ? AND time < ? AND time >= seen.since AND time < seen.until
ORDER BY series, time
"""
_LATE = """
SELECT series, min(time) FROM point JOIN seen USING (series)
WHERE point.batch > ? AND point.batch > seen.batch AND time < seen.since
GROUP BY series
"""

_KEEP = "INSERT INTO checkpoint SELECT metric, key, until, batch, file, start, size, checksum FROM fresh"
_KEPT = """
SELECT metric, key, until, batch, file, start, size, checksum FROM checkpoint SEMI JOIN wanted USING (metric)
ORDER BY metric, until DESC
"""

_FORGET = """
DELETE FROM checkpoint WHERE rowid IN (
    SELECT rowid FROM (
        SELECT rowid, row_number() OVER (PARTITION BY metric ORDER BY until DESC) AS place
        FROM checkpoint SEMI JOIN fresh USING (metric)
    ) WHERE place > ?
)
"""

_AGED = """
SELECT series, least(?, max(time), coalesce(min(time) FILTER (known_at >= ?), ?)) AS until
FROM point SEMI JOIN wanted USING (series) GROUP BY series HAVING min(time) < until
"""

_COUNT_OLD = "SELECT count(*) FROM point JOIN old USING (series) WHERE point.time < old.until"
_DELETE_OLD = "DELETE FROM point USING old WHERE point.series = old.series AND point.time < old.until"

_UNSORTED_SHARE = 0.2

_writers: dict[str, threading.RLock] = {}
"""One write lock a file, whichever `History` of this process writes to it."""


class DuckHistory(History):
    """The history in a file. What it promises stands at `History`."""

    def __init__(self, file: DuckFile, path: Path) -> None:
        self._file = file
        self._path = path
        self._states = StateFiles(path.with_name(path.name + ".states"))
        self._lock = _writers.setdefault(str(path), threading.RLock())

    @classmethod
    def at(cls, path: str | Path) -> Self:
        """Open the file, making it where there is none; one that an older Watchkeeper wrote is upgraded."""
        place = Path(path).resolve()
        if not place.parent.is_dir():
            raise StoreError(f"history {place}: the folder does not exist; make it first")
        history = cls(DuckFile(place), place)
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
        incoming, known_at = checked(series, time, value, cases), int(known_at)
        if not incoming.num_rows:
            return 0
        if dry_run:
            return self._count_fresh(incoming, known_at)
        counted: list[int] = []
        self._append(incoming, known_at, counted)
        return counted[0]

    @mended
    def _append(self, incoming: pa.Table, known_at: int, counted: list[int]) -> None:
        """`counted` gets how many were fresh each time: what is tried again may be done, and is known then."""
        with self._writing("append to it") as cursor:
            fresh = incoming.filter(pa.array(_is_fresh(cursor, incoming, known_at)))
            counted.append(int(fresh.num_rows))
            if fresh.num_rows:
                cursor.register("fresh", fresh)
                cursor.execute(_INSERT.format(cases=_own_cases(fresh)), [known_at])

    @mended
    def _count_fresh(self, incoming: pa.Table, known_at: int) -> int:
        with self._reading() as cursor:
            return int(_is_fresh(cursor, incoming, known_at).sum())

    @mended
    def read(
        self,
        series: Sequence[int],
        *,
        start: int | None = None,
        end: int | None = None,
        known_before: int | None = None,
    ) -> PointColumns:
        """See `History.read`."""
        limits = [either(start, -FOREVER), either(end, FOREVER), either(known_before, FOREVER)]
        asked = np.asarray(series, dtype=np.int32)
        with self._reading() as cursor:
            cursor.register("wanted", pa.table({"series": np.unique(asked)}))
            table = cursor.sql(_READ, params=limits).to_arrow_table()
        return arranged(asked, *_columns(table))

    @mended
    def changes(
        self, series: NDArray[np.int32], since: NDArray[np.int64], batch: NDArray[np.int64], until: NDArray[np.int64]
    ) -> Changes:
        """See `History.changes`."""
        if not len(series):
            return Changes(self.read(()), {}, 0)
        with self._reading() as cursor:
            cursor.begin()  # both questions see one moment
            (newest,) = cursor.sql("SELECT coalesce(max(batch), 0) FROM point").fetchall()[0]
            cursor.register("seen", pa.table({"series": series, "since": since, "batch": batch, "until": until}))
            late = cursor.sql(_LATE, params=[int(batch.min())]).fetchall() if newest > batch.min() else []
            table = cursor.sql(_NEW, params=[int(since.min()), int(until.max())]).to_arrow_table()
        return Changes(
            arranged(np.asarray(series, np.int32), *_columns(table)),
            {int(one): int(time) for one, time in late},
            int(newest),
        )

    @mended
    def last_time(self, series: Sequence[int]) -> dict[int, int]:
        """See `History.last_time`."""
        with self._reading() as cursor:
            cursor.register("wanted", pa.table({"series": np.asarray(series, dtype=np.int32)}))
            rows = cursor.sql("SELECT series, max(time) FROM point SEMI JOIN wanted USING (series) GROUP BY series")
            return {int(one): int(last) for one, last in rows.fetchall()}

    def compact(self) -> bool:
        """Sort the rows by series where many came unsorted since the last time; True where it was worth doing.

        Points that arrive hour by hour lie scattered over the file, which makes reading one series slow (20 ms instead
        of 2 ms among 9 million points). Nothing that is read changes. Readers go on meanwhile, appends wait: about a
        second for 10 million points.
        """
        self._file.fit()
        try:
            return self._compact()
        except LackingError as error:  # all that is stored is still there
            log.warning("history %s: its points stay unsorted, which is slow: %s", self._path, error)
            return False

    @mended
    def _compact(self) -> bool:
        with self._writing("compact it") as cursor:
            rows, settled = cursor.sql("SELECT count(*), (SELECT sorted_rows FROM about) FROM point").fetchall()[0]
            if rows - settled <= _UNSORTED_SHARE * rows:
                return False
            cursor.execute("CREATE TABLE sorted AS FROM point ORDER BY series, time, known_at, batch")
            for column in ("series", "time", "value", "known_at", "batch"):
                cursor.execute(f"ALTER TABLE sorted ALTER COLUMN {column} SET NOT NULL")
            cursor.execute("DROP TABLE point")
            cursor.execute("ALTER TABLE sorted RENAME TO point")
            cursor.execute("UPDATE about SET sorted_rows = ?", [rows])
        return True

    @mended
    def keep(self, checkpoints: Sequence[Kept]) -> None:
        """See `History.keep`."""
        if not checkpoints:
            return
        with self._writing("keep checkpoints in it") as cursor:
            places = self._states.write([one.data for one in checkpoints])
            rows = [(*one[:4], *place) for one, place in zip(checkpoints, places, strict=True)]
            columns = zip(*rows, strict=True)
            cursor.register("fresh", pa.table(dict(zip(_CHECKPOINT, map(list, columns), strict=True))))
            cursor.execute("DELETE FROM checkpoint c USING fresh f WHERE c.metric = f.metric AND c.until = f.until")
            cursor.execute(_KEEP)
            cursor.execute(_FORGET, [GENERATIONS])
        self._let_states_go()

    @mended
    def kept(self, metrics: Sequence[str]) -> dict[str, list[Kept]]:
        """See `History.kept`."""
        with self._reading() as cursor:
            cursor.register("wanted", pa.table({"metric": pa.array(metrics, pa.string())}))
            rows = cursor.sql(_KEPT).fetchall()
        found: dict[str, list[Kept]] = {}
        states = self._states.read([Place(*row[4:]) for row in rows])
        for (metric, key, until, batch, *_), state in zip(rows, states, strict=True):
            if state is not None:
                found.setdefault(metric, []).append(Kept(metric, key, until, batch, state))
        return found

    @mended
    def aged(self, series: Sequence[int], before: int) -> dict[int, int]:
        """See `History.aged`."""
        with self._reading() as cursor:
            cursor.register("wanted", pa.table({"series": np.asarray(series, dtype=np.int32)}))
            return {int(one): int(until) for one, until in cursor.sql(_AGED, params=[before] * 3).fetchall()}

    def forget(self, before: Mapping[int, int], metrics: Sequence[str], *, dry_run: bool = False) -> int:
        """See `History.forget`. The file keeps its size; what is freed in it is used again."""
        counted: list[int] = []
        self._forget(before, metrics, counted, dry_run=dry_run)
        return counted[0]

    @mended
    def _forget(self, before: Mapping[int, int], metrics: Sequence[str], counted: list[int], *, dry_run: bool) -> None:
        """`counted` gets how many rows are old each time, as in `_append`."""
        old = pa.table({"series": pa.array(before.keys(), pa.int32()), "until": pa.array(before.values(), pa.int64())})
        with self._writing("remove old points from it") as cursor:
            cursor.register("old", old)
            (rows,) = cursor.sql(_COUNT_OLD).fetchall()[0]
            counted.append(int(rows))
            if rows and not dry_run:
                cursor.execute(_DELETE_OLD)
                cursor.execute("UPDATE about SET sorted_rows = greatest(0, sorted_rows - ?)", [rows])
                cursor.register("stale", pa.table({"metric": pa.array(metrics, pa.string())}))
                cursor.execute("DELETE FROM checkpoint c USING stale s WHERE c.metric = s.metric")
        self._let_states_go()

    def export(self, last_series: int) -> Iterator[pa.Table]:
        """See `History.export`."""
        with self._reading() as cursor:
            query = (
                "SELECT series, time, value, known_at, batch, cases FROM point WHERE series <= ?"
                " ORDER BY series, time, batch"
            )
            for batch in cursor.sql(query, params=[last_series]).to_arrow_reader(EXPORTED_ROWS):
                if batch.num_rows:
                    yield pa.Table.from_batches([batch])

    def load(self, tables: Iterable[pa.Table]) -> None:
        """See `History.load`."""
        with self._writing("load it") as cursor:
            for table in tables:
                cursor.register("loaded", table)
                cursor.execute(_LOAD.format(cases=_own_cases(table)))
            (rows, newest) = cursor.sql("SELECT count(*), coalesce(max(batch), 0) FROM point").fetchall()[0]
            cursor.execute("UPDATE about SET sorted_rows = ?", [rows])
            cursor.execute(f"CREATE OR REPLACE SEQUENCE batch START {int(newest) + 1}")

    def close(self) -> None:
        """See `History.close`."""
        with self._lock:
            self._file.close()

    def _let_states_go(self) -> None:
        """Remove the states that no checkpoint rests on any more."""
        with self._lock, self._reading() as cursor:
            rows = cursor.sql("SELECT DISTINCT file FROM checkpoint").fetchall()
            self._states.keep_only({name for (name,) in rows})

    def _settle_schema(self) -> None:
        with self._writing("prepare it") as cursor:
            tables = {name for (name,) in cursor.sql("SELECT table_name FROM duckdb_tables()").fetchall()}
            if not tables:
                cursor.execute(_SCHEMA + _CHECKPOINTS)
                cursor.execute("INSERT INTO about VALUES (?, 0)", [SCHEMA_VERSION])
            elif not {"about", "point"} <= tables:
                raise StoreError(f"history {self._path}: this is some other DuckDB file; name another path")
            (version,) = cursor.sql("SELECT schema_version FROM about").fetchall()[0]
            if version in (1, 2):
                cursor.execute("ALTER TABLE point ADD COLUMN cases DOUBLE")
            if version in (1, 2, 3):  # the states are made again, as after every change of the detector
                cursor.execute("DROP TABLE IF EXISTS checkpoint;" + _CHECKPOINTS)
                version = SCHEMA_VERSION
                cursor.execute("UPDATE about SET schema_version = ?", [version])
        if version != SCHEMA_VERSION:
            raise StoreError(
                f"history {self._path}: its schema is version {version}, this Watchkeeper knows {SCHEMA_VERSION}; "
                "use the Watchkeeper that wrote it, or a newer one"
            )

    @contextmanager
    def _reading(self) -> Iterator[duckdb.DuckDBPyConnection]:
        with self._explaining("read it"), self._file.cursor() as cursor:
            yield cursor

    @contextmanager
    def _writing(self, doing: str) -> Iterator[duckdb.DuckDBPyConnection]:
        """One transaction, alone among the writers of this process."""
        with self._lock, self._explaining(doing), self._file.cursor() as cursor:
            cursor.begin()
            yield cursor  # where this raises, closing the cursor rolls back
            try:
                cursor.commit()
            except duckdb.Error as error:
                if not is_durable(error):
                    raise
                log.warning("history %s: %s", self._path, error)  # who comes next opens it again

    @contextmanager
    def _explaining(self, doing: str) -> Iterator[None]:
        try:
            yield
        except duckdb.ConnectionException as error:
            raise StoreError(f"history {self._path}: it is closed; open it again") from error
        except (duckdb.Error, OSError) as error:
            raise StoreError(
                f"history {self._path}: could not {doing}: {_first_line(error)}; if the disk is neither full nor "
                "read-only the file is damaged: put a backup in its place, or move it away and collect again"
            ) from error


def _own_cases(table: pa.Table) -> str:
    """The cases of a table on its way in: null where they are not known, so that they cost nothing."""
    return "nullif(cases, 'NaN')" if "cases" in table.column_names else "NULL"


def _columns(table: pa.Table) -> list[NDArray[Any]]:
    """The columns of a table of points; the last, the cases, is left out where it is null in every row."""
    *columns, cases = table.columns
    return [own(column) for column in (*columns, *([cases] if cases.null_count < len(cases) else []))]


def _is_fresh(cursor: duckdb.DuckDBPyConnection, incoming: pa.Table, known_at: int) -> NDArray[np.bool_]:
    """Which incoming points have no value known at `known_at`, or another one."""
    time, value = incoming["time"].to_numpy(), incoming["value"].to_numpy()
    cursor.register("incoming", incoming)
    known = cursor.sql(_KNOWN, params=[int(time.min()), int(time.max()), known_at]).to_arrow_table()
    place = known["place"].to_numpy()
    is_known = np.zeros(len(time), dtype=bool)
    is_known[place] = True
    is_same = is_known & _is_last(known["value"], place, value)
    if "cases" in incoming.column_names or known["cases"].null_count < len(known):
        cases = incoming["cases"].to_numpy() if "cases" in incoming.column_names else np.full(len(time), np.nan)
        is_same &= _is_last(known["cases"], place, cases)
    return ~is_same


def _is_last(known: pa.ChunkedArray, place: NDArray[np.int64], value: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Which values are the last that was known at their place; rows come oldest first, and NaN equals NaN."""
    last = np.full(len(value), np.nan)
    last[place] = known.to_numpy()  # the last assignment stays
    is_last: NDArray[np.bool_] = (last == value) | (np.isnan(last) & np.isnan(value))
    return is_last


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0]
