"""The history: every value of every point and when it became known, in one DuckDB file.

A value is never overwritten. A changed value is a new row beside the old one, so that what was known at any time in the
past can be read back (`known_before`). The file has one process as its writer; inside it any number of threads may read
and append.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import duckdb
import numpy as np
import pyarrow as pa
from numpy.typing import ArrayLike, NDArray

from watchkeeper.domain.errors import InputError, StoreError
from watchkeeper.domain.points import PointColumns

SCHEMA_VERSION = 1

# `batch` counts appends: of two values that became known in the same second, the one appended later is the newer.
_SCHEMA = """
CREATE TABLE point (
    series INTEGER NOT NULL,
    time BIGINT NOT NULL,
    value DOUBLE NOT NULL,
    known_at BIGINT NOT NULL,
    batch BIGINT NOT NULL
);
CREATE SEQUENCE batch;
CREATE TABLE about (schema_version INTEGER NOT NULL, sorted_rows BIGINT NOT NULL);
"""

# The time range lets DuckDB skip the row groups that cannot hold the batch's points.
_KNOWN = """
SELECT b.place, p.value FROM point p JOIN incoming b USING (series, time)
WHERE p.time BETWEEN ? AND ? AND p.known_at <= ?
ORDER BY b.place, p.known_at, p.batch
"""

_READ = """
SELECT series, time, value, known_at, batch FROM point SEMI JOIN wanted USING (series)
WHERE time >= ? AND time < ? AND known_at < ?
ORDER BY series, time
"""

_FOREVER = 2**62
_UNSORTED_SHARE = 0.2

# Offline on purpose: DuckDB would otherwise fetch extensions over the network when a query names one.
_CONFIG: dict[str, str | bool | int | float | list[str]] = {
    "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
}

_writers: dict[str, threading.RLock] = {}
"""One write lock a file, whichever `History` of this process writes to it."""


class History:
    """All points, by series and time. Open it with `History.open`; close it, or use it in a `with` statement."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, path: Path) -> None:
        self._connection = connection
        self._path = path
        self._lock = _writers.setdefault(str(path), threading.RLock())

    @classmethod
    def open(cls, path: str | Path) -> Self:
        """Open the history in the file `path`, making it where there is none.

        Raises StoreError when another process holds the file, when it is no history or a damaged one, or when it was
        written by a newer Watchkeeper; the message names the file and the mend.
        """
        place = Path(path).resolve()
        if not place.parent.is_dir():
            raise StoreError(f"history {place}: the folder does not exist; make it first")
        try:
            history = cls(duckdb.connect(str(place), config=_CONFIG), place)
        except duckdb.Error as error:
            raise StoreError(_why_not_opened(place, str(error))) from error
        try:
            history._settle_schema()
        except BaseException:
            history.close()
            raise
        return history

    def append(self, series: ArrayLike, time: ArrayLike, value: ArrayLike, *, known_at: int) -> int:
        """Store points that became known at `known_at` (seconds UTC); returns how many were new or changed.

        `series` int32[n], `time` int64[n] seconds UTC, `value` float64[n] (NaN: missing), in any order. Where a point
        stands twice, its last row counts. A value that was already known then is not written again; NaN equals NaN.
        All or nothing, and on disk when this returns. Raises InputError for columns of unequal length, times that are
        not whole seconds and infinite values; StoreError when the file cannot be written.
        """
        incoming, known_at = _columns(series, time, value), int(known_at)
        if not incoming.num_rows:
            return 0
        with self._writing("append to it") as cursor:
            fresh = incoming.filter(pa.array(_is_fresh(cursor, incoming, known_at)))
            if fresh.num_rows:
                cursor.register("fresh", fresh)
                cursor.execute(
                    "INSERT INTO point SELECT series, time, value, ?, b.batch"
                    " FROM fresh, (SELECT nextval('batch') AS batch) b ORDER BY fresh.place",
                    [known_at],
                )
        return int(fresh.num_rows)

    def read(
        self,
        series: Sequence[int],
        *,
        start: int | None = None,
        end: int | None = None,
        known_before: int | None = None,
    ) -> PointColumns:
        """The latest known value of each point of `series` with `start <= time < end` (seconds UTC; None: no limit).

        Series come in the order asked for, each sorted by time; one without points has length zero. With
        `known_before` only what was known strictly before that time (seconds UTC) counts.
        """
        limits = [_or(start, -_FOREVER), _or(end, _FOREVER), _or(known_before, _FOREVER)]
        asked = np.asarray(series, dtype=np.int32)
        with self._reading() as cursor:
            cursor.register("wanted", pa.table({"series": np.unique(asked)}))
            table = cursor.sql(_READ, params=limits).to_arrow_table()
        owner, time, value, known_at, batch = (_own(column) for column in table.columns)
        rows = _newest(owner, time, known_at, batch)
        if rows is not None:
            owner, time, value, known_at = owner[rows], time[rows], value[rows], known_at[rows]
        first, last = np.searchsorted(owner, asked), np.searchsorted(owner, asked, side="right")
        start_of = np.concatenate(([0], np.cumsum(last - first)))
        if (np.diff(asked) <= 0).any():
            rows = np.concatenate([np.arange(*ends) for ends in zip(first, last, strict=True)])
            time, value, known_at = time[rows], value[rows], known_at[rows]
        return PointColumns(series=tuple(asked.tolist()), start=start_of, time=time, value=value, known_at=known_at)

    def last_time(self, series: Sequence[int]) -> dict[int, int]:
        """The time of the newest point of each series (seconds UTC); a series without points is left out.

        A point known to be missing counts: it was asked for, and the answer was that there is no value.
        """
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

    def close(self) -> None:
        """Let go of the file, once what is being appended is stored."""
        with self._lock:
            self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _settle_schema(self) -> None:
        with self._writing("prepare it") as cursor:
            tables = {name for (name,) in cursor.sql("SELECT table_name FROM duckdb_tables()").fetchall()}
            if not tables:
                cursor.execute(_SCHEMA)
                cursor.execute("INSERT INTO about VALUES (?, 0)", [SCHEMA_VERSION])
            elif not {"about", "point"} <= tables:
                raise StoreError(f"history {self._path}: this is some other DuckDB file; name another path")
            (version,) = cursor.sql("SELECT schema_version FROM about").fetchall()[0]
        if version != SCHEMA_VERSION:
            raise StoreError(
                f"history {self._path}: its schema is version {version}, this Watchkeeper knows {SCHEMA_VERSION}; "
                "use the Watchkeeper that wrote it, or a newer one"
            )

    @contextmanager
    def _reading(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """A connection of its own for each read, so that threads do not wait for one another."""
        with self._explaining("read it"), closing(self._connection.cursor()) as cursor:
            yield cursor

    @contextmanager
    def _writing(self, doing: str) -> Iterator[duckdb.DuckDBPyConnection]:
        """One transaction, alone among the writers of this process."""
        with self._lock, self._explaining(doing), closing(self._connection.cursor()) as cursor:
            cursor.begin()
            try:
                yield cursor
                cursor.commit()
            except BaseException:
                cursor.close()  # which rolls back
                raise

    @contextmanager
    def _explaining(self, doing: str) -> Iterator[None]:
        try:
            yield
        except duckdb.ConnectionException as error:
            raise StoreError(f"history {self._path}: it is closed; open it again") from error
        except duckdb.Error as error:
            raise StoreError(
                f"history {self._path}: could not {doing}: {_first_line(error)}; if the disk is neither full nor "
                "read-only the file is damaged: put a backup in its place, or move it away and collect again"
            ) from error


def _columns(series: ArrayLike, time: ArrayLike, value: ArrayLike) -> pa.Table:
    """Checked columns, sorted by series and time, the last row of each point, numbered by `place`."""
    ids, times = _whole(series, "series"), _whole(time, "time")
    values = np.asarray(value, dtype=np.float64)
    if not ids.shape == times.shape == values.shape or ids.ndim != 1:
        shapes = f"{ids.shape}, {times.shape}, {values.shape}"
        raise InputError(f"points: series, time and value must be columns of one length, not {shapes}")
    if np.isinf(values).any():
        raise InputError("points: a value is infinite; a value that does not exist is NaN")
    order = np.lexsort((times, ids))  # stable: rows of one point stay in the order given
    ids, times = ids[order], times[order]
    is_last = np.ones(len(ids), dtype=bool)
    is_last[:-1] = (ids[1:] != ids[:-1]) | (times[1:] != times[:-1])
    place = np.arange(int(is_last.sum()))
    columns = {
        "place": place,
        "series": ids[is_last].astype(np.int32),
        "time": times[is_last],
        "value": values[order][is_last],
    }
    return pa.table(columns)


def _whole(numbers: ArrayLike, name: str) -> NDArray[np.int64]:
    array = np.asarray(numbers)
    if array.dtype.kind not in "iu" and array.size:
        raise InputError(f"points: {name} must be whole numbers, not {array.dtype}")
    return array.astype(np.int64, copy=False)


def _is_fresh(cursor: duckdb.DuckDBPyConnection, incoming: pa.Table, known_at: int) -> NDArray[np.bool_]:
    """Which incoming points have no value known at `known_at`, or another one."""
    time, value = incoming["time"].to_numpy(), incoming["value"].to_numpy()
    cursor.register("incoming", incoming)
    known = cursor.sql(_KNOWN, params=[int(time.min()), int(time.max()), known_at]).to_arrow_table()
    place, before = known["place"].to_numpy(), known["value"].to_numpy()
    last = np.full(len(time), np.nan)
    last[place] = before  # rows come oldest first, and the last assignment stays
    is_known = np.zeros(len(time), dtype=bool)
    is_known[place] = True
    is_same: NDArray[np.bool_] = (last == value) | (np.isnan(last) & np.isnan(value))
    return ~(is_known & is_same)


def _newest(
    series: NDArray[np.int32], time: NDArray[np.int64], known_at: NDArray[np.int64], batch: NDArray[np.int64]
) -> NDArray[np.int64] | None:
    """Which rows, sorted by series and time, hold the latest known value of their point; None: all of them."""
    is_first = np.ones(len(series), dtype=bool)
    is_first[1:] = (series[1:] != series[:-1]) | (time[1:] != time[:-1])
    if is_first.all():
        return None
    is_single = is_first.copy()
    is_single[:-1] &= is_first[1:]
    rows = np.flatnonzero(~is_single)  # only points with several values need sorting again
    point = np.cumsum(is_first[rows])
    order = np.lexsort((batch[rows], known_at[rows], point))
    is_last = np.ones(len(rows), dtype=bool)
    is_last[:-1] = point[1:] != point[:-1]
    return np.sort(np.concatenate((np.flatnonzero(is_single), rows[order[is_last]])))


def _own(column: pa.ChunkedArray) -> NDArray[Any]:
    """The column as a writable array: compiled kernels take one that is not for another type, and compile again."""
    array: NDArray[Any] = column.to_numpy()
    return array if array.flags.writeable else array.copy()


def _or(number: int | None, otherwise: int) -> int:
    return otherwise if number is None else int(number)


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0]


def _why_not_opened(path: Path, message: str) -> str:
    holder = re.search(r"lock is held in (.*?) ?\(PID (\d+)", message)
    if holder is not None or "Could not set lock" in message:
        who = f" {holder[2]} ({holder[1]})" if holder else ""
        return f"history {path}: another process{who} holds it; a history has one process: stop that one first"
    if "different configuration" in message:
        return f"history {path}: this process has it open elsewhere with other settings; close that first"
    if "Permission denied" in message or "read-only" in message.lower():
        return f"history {path}: not writable for this user; change its owner or permissions"
    return (
        f"history {path}: not readable as a DuckDB file ({message.strip().partition(chr(10))[0]}); "
        "put a backup in its place, or move it away and collect again"
    )
