"""The time column of a source, whatever its type, as seconds since 1970 UTC."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from numbers import Real
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from watchkeeper.domain.times import DAY, zone_info

_MILLISECONDS_FROM = 10**11
"""A number of seconds this large lies in the year 5138: it is rather a number of milliseconds."""

_QUARTER_S = 900


class Instants(NamedTuple):
    """Rows' times in seconds UTC; where the wall clock shows a time twice, `late` is the second of the two."""

    early: NDArray[np.int64]
    late: NDArray[np.int64]
    is_wall: bool

    @property
    def is_repeated(self) -> NDArray[np.bool_]:
        """Rows whose time without zone occurs twice on its wall clock."""
        is_repeated: NDArray[np.bool_] = self.early != self.late
        return is_repeated


def read_times(column: pa.ChunkedArray | Sequence[Any], zone: str, day_zone: str) -> Instants:
    """Read a time column without nulls: an Arrow column, or Python objects of one kind.

    Timestamps and ISO 8601 texts with an offset are instants; without one they are read on the wall clock of `zone`.
    Dates are midnight on the clock of `day_zone`. Numbers are seconds since 1970 UTC. ValueError says what is wrong.
    """
    array = _typed(column)
    kind = array.type
    if pa.types.is_date(kind):
        days = array.cast(pa.date32()).cast(pa.int32()).to_numpy().astype(np.int64)
        first, _ = from_wall(days * DAY, day_zone)
        return Instants(first, first, is_wall=False)
    if pa.types.is_timestamp(kind):
        seconds = _whole(array.cast(pa.timestamp("us"), safe=False).cast(pa.int64()).to_numpy(), 1_000_000)
        if kind.tz is not None:
            return Instants(seconds, seconds, is_wall=False)
        return Instants(*from_wall(seconds, zone), is_wall=True)
    if pa.types.is_integer(kind) or pa.types.is_floating(kind):
        numbers = array.cast(pa.float64()).to_numpy()
        if not np.isfinite(numbers).all():
            raise ValueError("holds numbers that are no time")
        if (np.abs(numbers) >= _MILLISECONDS_FROM).any():
            raise ValueError("holds numbers too large for seconds since 1970; divide milliseconds by 1000 in the query")
        seconds = _whole(numbers, 1)
        return Instants(seconds, seconds, is_wall=False)
    raise ValueError(f"holds {kind}; return a timestamp, a date, an ISO 8601 text or seconds since 1970")


def from_wall(local: NDArray[np.int64], zone: str) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The instants at which `zone`'s wall clock shows `local` (seconds): the first, and the last.

    They differ only where the clock is put back. A time that the clock skips is counted on from before the skip.
    """
    if zone == "UTC" or not len(local):
        return local, local
    info = zone_info(zone)
    slots, place = np.unique(local // _QUARTER_S, return_inverse=True)
    offsets = np.empty((2, len(slots)), dtype=np.int64)
    for column, slot in enumerate(slots):
        shown = datetime(1970, 1, 1, tzinfo=info) + timedelta(seconds=int(slot) * _QUARTER_S)
        for fold in (0, 1):
            offset = shown.replace(fold=fold).utcoffset()
            assert offset is not None
            offsets[fold, column] = int(offset.total_seconds())
    early, late = local - offsets[0][place], local - offsets[1][place]
    return early, np.maximum(early, late)


def _typed(column: pa.ChunkedArray | Sequence[Any]) -> pa.Array:
    """One Arrow array of timestamps, dates or numbers."""
    if isinstance(column, pa.ChunkedArray):
        kind = column.type
        texts = (pa.types.is_string(kind), pa.types.is_large_string(kind), pa.types.is_string_view(kind))
        if any(texts) or pa.types.is_decimal(kind):
            return _typed(column.to_pylist())
        return column.combine_chunks()
    if set(map(type, column)) == {int}:
        return pa.array(map(float, column), pa.float64())
    kinds = {_kind(value) for value in column}
    if len(kinds) != 1:
        raise ValueError(f"mixes {' and '.join(sorted(kinds))}; return one kind")
    (said,) = kinds
    if said == "texts":
        return _typed([_parsed(text) for text in column])
    if said == "timestamps with a zone":
        return pa.array(column, pa.timestamp("us", tz="UTC"))
    if said == "timestamps without a zone":
        return pa.array(column, pa.timestamp("us"))
    if said == "dates":
        return pa.array(column, pa.date32())
    if said == "numbers":
        return pa.array([float(number) for number in column], pa.float64())
    raise ValueError(f"holds {said}; return a timestamp, a date, an ISO 8601 text or seconds since 1970")


def _kind(value: Any) -> str:
    if isinstance(value, datetime):
        return "timestamps without a zone" if value.tzinfo is None else "timestamps with a zone"
    if isinstance(value, date):
        return "dates"
    if isinstance(value, str):
        return "texts"
    if isinstance(value, (Real, Decimal)) and not isinstance(value, bool):
        return "numbers"
    return f"values of type {type(value).__name__}"


def _parsed(text: str) -> datetime | date:
    try:
        return date.fromisoformat(text) if len(text) == 10 else datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"holds {text[:40]!r}, which is no ISO 8601 time such as 2026-11-23 09:00:00") from None


def _whole(numbers: NDArray[Any], unit: int) -> NDArray[np.int64]:
    if (numbers % unit if unit > 1 else numbers != np.floor(numbers)).any():
        raise ValueError("holds fractions of a second; truncate times to the metric's step in the query")
    return (numbers // unit).astype(np.int64)
