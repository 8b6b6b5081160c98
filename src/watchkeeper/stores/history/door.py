"""The door of the history: what every kind of it promises. Tests hold each kind to it (tests/stores/test_history.py).

A value is never overwritten. A changed value, or one of other cases, is a new row beside the old one, so that what was
known at any time in the past can be read back (`known_before`). Appends are numbered in the order in which they became
visible (`batch`).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self

import numpy as np
import pyarrow as pa
from numpy.typing import ArrayLike, NDArray

from watchkeeper.domain.points import PointColumns

FOREVER = 2**62
EXPORTED_ROWS = 1_000_000
GENERATIONS = 3
"""How many checkpoints of a metric are kept: a late point goes back to the newest that does not know it."""


class Kept(NamedTuple):
    """A checkpoint as it is kept: of `metric`, under `key` (what it rests on besides points), having judged all points
    before `until` (seconds UTC) of appends up to `batch`; `data` is the state, whatever its maker wrote.
    """

    metric: str
    key: str
    until: int
    batch: int
    data: bytes


class Changes(NamedTuple):
    """What is new to somebody who has seen each series up to a time and an append.

    `columns` holds the points from that time on; `late` maps a series of which an earlier point was added or changed
    since to the time of the first such point; `batch` is the newest append that this answer knows.
    """

    columns: PointColumns
    late: dict[int, int]
    batch: int


class History(ABC):
    """All points, by series and time. Open it with `History.open`; close it, or use it in a `with` statement."""

    @staticmethod
    def open(place: str | Path) -> History:
        """Open the history in a file (DuckDB, the default) or at a `postgresql://` URL, made where there is none.

        Raises StoreError where it cannot be opened, is no history or a damaged one, or was written by a newer
        Watchkeeper; the message names the place and the mend.
        """
        if str(place).startswith("postgresql"):
            from watchkeeper.stores.history.postgres import PostgresHistory

            return PostgresHistory.at(str(place))
        from watchkeeper.stores.history.duck import DuckHistory

        return DuckHistory.at(place)

    is_shared = False
    """Whether several processes may have it open."""

    @abstractmethod
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
        """Store points that became known at `known_at` (seconds UTC); returns how many were new or changed.

        `series` int32[n], `time` int64[n] seconds UTC, `value` float64[n] (NaN: missing, `domain.points.WITHHELD`: it
        came but is not shown), in any order; `cases` float64[n] is how many cases each value rests on (NaN: not known;
        None: of none). Where a point stands twice, its last row counts. A value that was already known then, of as many
        cases, is not written again; NaN equals NaN. All or nothing, and on disk when this returns; with `dry_run`
        nothing is stored. Raises InputError for columns of unequal length, times that are not whole seconds, other
        infinite values and values of no cases; StoreError when it cannot be written.
        """

    @abstractmethod
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

    @abstractmethod
    def changes(
        self, series: NDArray[np.int32], since: NDArray[np.int64], batch: NDArray[np.int64], until: NDArray[np.int64]
    ) -> Changes:
        """What is new in `series` (each once), each seen up to the time `since` and the append `batch`.

        Points come from `since` on and before `until` (all int64[S]).
        """

    @abstractmethod
    def last_time(self, series: Sequence[int]) -> dict[int, int]:
        """The time of the newest point of each series (seconds UTC); a series without points is left out.

        A point known to be missing counts: it was asked for, and the answer was that there is no value.
        """

    @abstractmethod
    def compact(self) -> bool:
        """Put the rows in the order in which they are read, where that is worth doing; True where it was.

        Nothing that is read changes.
        """

    @abstractmethod
    def keep(self, checkpoints: Sequence[Kept]) -> None:
        """Keep checkpoints; of each metric only the newest few (`GENERATIONS`) by `until` stay.

        One with the same metric and `until` is replaced. They are derived: losing them costs time and nothing else.
        """

    @abstractmethod
    def kept(self, metrics: Sequence[str]) -> dict[str, list[Kept]]:
        """The checkpoints of the metrics, each metric's newest first; one without any is left out."""

    @abstractmethod
    def aged(self, series: Sequence[int], before: int) -> dict[int, int]:
        """Up to when (seconds UTC, exclusive) all points of a series are of a time before `before` and became known
        before it; at most up to its newest point. A series of which nothing is so old is left out.
        """

    @abstractmethod
    def forget(self, before: Mapping[int, int], metrics: Sequence[str], *, dry_run: bool = False) -> int:
        """Remove the points of each series before a time of its own (seconds UTC), with their older values, and the
        checkpoints of `metrics`; all or nothing. Returns how many rows that is; with `dry_run` nothing is removed.
        """

    @abstractmethod
    def export(self, last_series: int) -> Iterator[pa.Table]:
        """Every row of the series up to `last_series` at one moment: series, time, value, known_at, batch, cases
        (null or NaN: not known).
        """

    @abstractmethod
    def load(self, tables: Iterable[pa.Table]) -> None:
        """Fill an empty history with what another one exported, perhaps one that knew no cases; all or nothing."""

    @abstractmethod
    def close(self) -> None:
        """Let go of it, once what is being appended is stored."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
