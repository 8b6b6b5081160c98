"""Columns of points: checked on their way in, and the newest value of each point on their way out."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import ArrayLike, NDArray

from watchkeeper.domain.errors import InputError
from watchkeeper.domain.points import PointColumns


def arranged(
    asked: NDArray[np.int32],
    owner: NDArray[np.int32],
    time: NDArray[np.int64],
    value: NDArray[np.float64],
    known_at: NDArray[np.int64],
    batch: NDArray[np.int64],
    cases: NDArray[np.float64] | None = None,
) -> PointColumns:
    """Rows sorted by series and time, as the newest value of each point of the series in the order asked for."""
    rows = newest(owner, time, known_at, batch)
    if rows is not None:
        owner, time, value, known_at = owner[rows], time[rows], value[rows], known_at[rows]
        cases = None if cases is None else cases[rows]
    if cases is not None and np.isnan(cases).all():
        cases = None
    first, last = np.searchsorted(owner, asked), np.searchsorted(owner, asked, side="right")
    start_of = np.concatenate(([0], np.cumsum(last - first)))
    if (np.diff(asked) <= 0).any():
        rows = np.concatenate([np.arange(*ends) for ends in zip(first, last, strict=True)])
        time, value, known_at = time[rows], value[rows], known_at[rows]
        cases = None if cases is None else cases[rows]
    return PointColumns(tuple(asked.tolist()), start_of, time, value, known_at, cases)


def checked(series: ArrayLike, time: ArrayLike, value: ArrayLike, cases: ArrayLike | None = None) -> pa.Table:
    """Checked columns, sorted by series and time, the last row of each point, numbered by `place`.

    There is a column `cases` (NaN: not known) only where it is known of any point.
    """
    ids, times = _whole(series, "series"), _whole(time, "time")
    values = np.asarray(value, dtype=np.float64)
    if not ids.shape == times.shape == values.shape or ids.ndim != 1:
        shapes = f"{ids.shape}, {times.shape}, {values.shape}"
        raise InputError(f"points: series, time and value must be columns of one length, not {shapes}")
    if np.isneginf(values).any():
        raise InputError("points: a value is -inf; a value that does not exist is NaN")
    known = None if cases is None else _cases(cases, values)
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
    if known is not None:
        columns["cases"] = known[order][is_last]
    return pa.table(columns)


def _cases(cases: ArrayLike, values: NDArray[np.float64]) -> NDArray[np.float64] | None:
    """How many cases each value rests on, NaN where that is not known or no value is shown; None: of no value."""
    known = np.asarray(cases, dtype=np.float64)
    if known.shape != values.shape:
        raise InputError(f"points: cases must be as long as value, not {known.shape} beside {values.shape}")
    known = np.where(np.isfinite(values), known, np.nan)
    bad = (known <= 0.0) | np.isinf(known)
    if bad.any():
        row = int(np.argmax(bad))
        raise InputError(f"points: row {row} has a value of {known[row]:g} cases; leave the value out")
    return None if np.isnan(known).all() else known


def _whole(numbers: ArrayLike, name: str) -> NDArray[np.int64]:
    array = np.asarray(numbers)
    if array.dtype.kind not in "iu" and array.size:
        raise InputError(f"points: {name} must be whole numbers, not {array.dtype}")
    return array.astype(np.int64, copy=False)


def newest(
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


def own(column: pa.ChunkedArray) -> NDArray[Any]:
    """The column as a writable array: compiled kernels take one that is not for another type, and compile again."""
    array: NDArray[Any] = column.to_numpy()
    return array if array.flags.writeable else array.copy()


def either(number: int | None, otherwise: int) -> int:
    """The number, or what stands for none."""
    return otherwise if number is None else int(number)
