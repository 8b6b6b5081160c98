"""A source's answer, checked: one row a point, each with a time on the metric's grid, a number, and its dimensions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from watchkeeper.domain.errors import SourceError
from watchkeeper.domain.metric import Kind, Metric
from watchkeeper.domain.times import format_instant, local_seconds
from watchkeeper.sources.times import Instants, from_wall, read_times

Column: TypeAlias = "pa.ChunkedArray | Sequence[Any]"
"""A column as Arrow or as Python objects (None: null), whichever the driver gives."""

BATCH_ROWS = 65_536
NO_VALUE = "(none)"
"""What a dimension without a value is called."""


GROUP_SIZE = "group_size"
CASES = "cases"
"""The column that says how many cases a rate rests on: of 41 sign-ups 3 failed. Read where an answer has it."""


ROUNDING = 1e-9
"""By so much a share may be above 1: sums are rounded."""
_FEW = 1 << 31
"""The product of two numbers below this fits into 63 bits."""


class TooManyRowsError(SourceError):
    """An answer had more rows than the source allows; a shorter window may have fewer."""


class Withheld(NamedTuple):
    """Rows left out as of groups too small to be shown, n of them: where they stand, and nothing of what they say.

    `time` int64[n] seconds UTC, `names` one string column a dimension; row i is of the metric `owner[i]` (int64[n]) of
    those that were asked for.
    """

    owner: NDArray[np.int64]
    time: NDArray[np.int64]
    names: tuple[pa.Array, ...]

    @property
    def rows(self) -> int:
        """How many they are."""
        return len(self.time)


NONE_WITHHELD = Withheld(np.empty(0, np.int64), np.empty(0, np.int64), ())


class Checked(NamedTuple):
    """Points, how many rows were left out because they lie outside of the window, and what was withheld.

    The table has a column `cases` where it is known of any row how many cases its rate rests on.
    """

    table: pa.Table
    outside: int
    withheld: Withheld


class Answer(NamedTuple):
    """What a metric's query returned for `[start, end)` (seconds UTC); `zone` is the clock of times without a zone."""

    metric: Metric
    columns: Mapping[str, Column]
    start: int
    end: int
    zone: str


class Together(NamedTuple):
    """Points of several metrics with the same dimensions, n rows: row i is of `metrics[owner[i]]`.

    `owner` int64[n], `time` int64[n] seconds UTC, `value` float64[n] (NaN: missing), `names` one string column a
    dimension; `cases` float64[n] is how many cases each rate rests on (NaN: not known), None where that is known of
    none.
    """

    metrics: tuple[Metric, ...]
    owner: NDArray[np.int64]
    time: NDArray[np.int64]
    value: NDArray[np.float64]
    names: tuple[pa.Array, ...]
    withheld: Withheld
    cases: NDArray[np.float64] | None = None


class _Rows(NamedTuple):
    """Rows that are points, n of them, and which lie in the window and are of groups large enough (bool[n])."""

    seconds: NDArray[np.int64]
    value: NDArray[np.float64]
    names: list[pa.Array]
    is_inside: NDArray[np.bool_]
    is_shown: NDArray[np.bool_]
    cases: NDArray[np.float64] | None


def check_points(metric: Metric, columns: Mapping[str, Column], start: int, end: int, zone: str) -> Checked:
    """Make points of the columns that a metric's query returned for `[start, end)` (seconds UTC).

    `zone` is the clock of times without a zone. The table has the columns time int64 (seconds UTC), value float64 (NaN:
    missing; infinite counts as missing), one string a dimension, in the metric's order, and perhaps cases float64 (NaN:
    not known); rows stay in theirs. Raises SourceError, naming metric, source and column, for a missing column, null
    times, times that are none or lie off the metric's steps, values that are no number, several rows of one time and
    dimension values, and cases of what is no share.
    """
    found = _rows(Answer(metric, columns, start, end, zone))
    seconds, value, names, is_inside, is_shown, cases = found
    told = {"time": pa.array(seconds), "value": pa.array(value), **dict(zip(metric.dimensions, names, strict=True))}
    table = pa.table(told if cases is None else {**told, CASES: pa.array(cases)})
    outside = int(len(seconds) - is_inside.sum())
    withheld = _withheld(found, np.zeros(len(seconds), np.int64))
    shown = table.filter(pa.array(is_inside & is_shown)) if outside or withheld.rows else table
    return Checked(shown, outside, withheld)


def check_together(answers: Sequence[Answer]) -> tuple[list[Together], list[SourceError]]:
    """The same for many short answers (columns of Python objects), checked many at once: that is what costs.

    Those that are alike are checked as one; what does not pass is halved, until it is one answer and its own error.
    """
    alike: dict[Any, list[Answer]] = {}
    for one in answers:
        metric = one.metric
        kinds = tuple((name, type(column[0]) if len(column) else None) for name, column in one.columns.items())
        alike.setdefault(
            (
                kinds,
                one.zone,
                metric.dimensions,
                metric.step,
                metric.timezone,
                metric.min_group_size,
                may_have_cases(metric),
                _says_cases(metric),
            ),
            [],
        ).append(one)
    passed: list[Together] = []
    failed: list[SourceError] = []
    waiting = list(alike.values())
    while waiting:
        some = waiting.pop()
        try:
            passed.append(_joined(some))
        except SourceError as error:
            if len(some) == 1:
                failed.append(error)
            else:
                waiting += [some[: len(some) // 2], some[len(some) // 2 :]]
    return passed, failed


def _joined(answers: Sequence[Answer]) -> Together:
    first = answers[0]
    lengths = [len(next(iter(one.columns.values()), ())) for one in answers]
    owner = np.repeat(np.arange(len(answers)), lengths)
    if len(answers) == 1:
        found = _rows(first)
    else:
        columns = {name: [value for one in answers for value in one.columns[name]] for name in first.columns}
        windows = np.array([(one.start, one.end) for one in answers], np.int64)[owner]
        found = _rows(first._replace(columns=columns), owner, windows)
    is_point = found.is_inside & found.is_shown
    return Together(
        tuple(one.metric for one in answers),
        owner[is_point],
        found.seconds[is_point],
        found.value[is_point],
        tuple(name.filter(pa.array(is_point)) for name in found.names),
        _withheld(found, owner),
        None if found.cases is None else found.cases[is_point],
    )


def _withheld(found: _Rows, owner: NDArray[np.int64]) -> Withheld:
    is_small = found.is_inside & ~found.is_shown
    if not is_small.any():
        return NONE_WITHHELD
    return Withheld(
        owner[is_small], found.seconds[is_small], tuple(one.filter(pa.array(is_small)) for one in found.names)
    )


def _rows(answer: Answer, owner: NDArray[np.int64] | None = None, windows: NDArray[np.int64] | None = None) -> _Rows:
    """Check an answer; SourceError. With `owner` int64[n] and `windows` int64[n, 2] it is of many metrics alike, and an
    error says only that one of them does not pass.
    """
    metric, columns, start, end, zone = answer
    found = _pick(metric, columns)
    time = _times(metric, found["time"], zone)
    names = [_names(found[name]) for name in metric.dimensions]
    seconds = _told_apart(time, names if owner is None else [pa.array(owner), *names])
    is_inside = (
        (seconds >= start) & (seconds < end)
        if windows is None
        else (seconds >= windows[:, 0]) & (seconds < windows[:, 1])
    )
    is_off = _is_off_grid(metric, seconds)
    if time.is_wall and (is_off.any() or not is_inside.all()):
        if owner is not None:
            raise failure(metric, "column time: one of many has rows outside of its window")
        _check_clock(metric, time, zone, start, end)
    if is_off.any():
        raise failure(
            metric,
            f"column time: {int(is_off.sum())} of {len(seconds)} rows do not start a step of {metric.step} on the "
            f"clock of {metric.timezone}, the first at {format_instant(int(seconds[is_off][0]))}; truncate times to "
            "the step, on that clock, in the query",
        )
    is_shown = _is_large_enough(metric, found)  # first, so that no error names a group that is too small
    shown = [name.filter(pa.array(is_shown)) for name in names]
    others = [name for name in columns if name.lower() not in map(str.lower, found)]
    own = np.zeros(len(seconds), np.int64) if owner is None else owner
    _check_single(metric, seconds[is_shown], own[is_shown], shown, others)
    value, cases = _shares(metric, _values(metric, found["value"]), found, is_inside & is_shown)
    return _Rows(seconds, value, names, is_inside, is_shown, cases)


def failure(metric: Metric, what: str) -> SourceError:
    """An error that says which metric of which source it is about."""
    return SourceError(f"metric {metric.name}, source {metric.source}: {what}")


def _pick(metric: Metric, columns: Mapping[str, Column]) -> dict[str, Column]:
    """The columns needed; databases that fold names to upper case are met half way."""
    folded = {name.lower(): column for name, column in reversed(list(columns.items()))}
    needed = ("time", "value", *metric.dimensions, *([GROUP_SIZE] if metric.min_group_size else []))
    missing = [name for name in needed if name not in columns and name.lower() not in folded]
    if missing:
        raise failure(
            metric,
            f"the query returned {', '.join(columns) or 'no columns'}; it must also return {', '.join(missing)}",
        )
    if may_have_cases(metric) and (CASES in columns or CASES in folded):
        needed = (*needed, CASES)
    return {name: columns[name] if name in columns else folded[name.lower()] for name in needed}


def may_have_cases(metric: Metric) -> bool:
    """Rates rest on cases; a dimension of that name is a dimension."""
    return metric.kind is Kind.RATE and CASES not in metric.dimensions


def _times(metric: Metric, column: Column, zone: str) -> Instants:
    if not len(column):
        return Instants(np.empty(0, np.int64), np.empty(0, np.int64), is_wall=False)
    nulls = column.null_count if isinstance(column, pa.ChunkedArray) else sum(value is None for value in column)
    if nulls:
        raise failure(metric, f"column time: {nulls} of {len(column)} rows have no time; leave them out in the query")
    try:
        return read_times(column, zone, metric.timezone)
    except (ValueError, pa.ArrowInvalid) as error:
        raise failure(metric, f"column time: {error}") from None


def _names(column: Column) -> pa.Array:
    if isinstance(column, pa.ChunkedArray):
        return column.cast(pa.string()).fill_null(NO_VALUE).combine_chunks()
    kinds = set(map(type, column))
    if kinds <= {str, type(None)}:  # as nearly always: then nobody looks at each
        return pa.array(column, pa.string()).fill_null(NO_VALUE)
    return pa.array([NO_VALUE if value is None else str(value) for value in column], pa.string())


def _values(metric: Metric, column: Column, name: str = "value") -> NDArray[np.float64]:
    if not isinstance(column, pa.ChunkedArray):
        if not set(map(type, column)) <= {float, type(None)}:
            column = _numbers_of(metric, column, name)
        column = pa.chunked_array([column], pa.float64())
    elif _is_no_number(column.type):
        raise failure(metric, f"column {name}: it holds {column.type}; return a number, for example with a cast")
    value: NDArray[np.float64] = column.cast(pa.float64(), safe=False).to_numpy()
    return value if np.isfinite(value).all() else np.where(np.isfinite(value), value, np.nan)


def _says_cases(metric: Metric) -> bool:
    """Whether a column of cases was asked for by name."""
    return bool(metric.query or metric.cases)


def _shares(
    metric: Metric, value: NDArray[np.float64], found: Mapping[str, Column], is_point: NDArray[np.bool_]
) -> tuple[NDArray[np.float64], NDArray[np.float64] | None]:
    """The values, and how many cases each is a share of; one of no cases is missing.

    A column that was asked for by name holds what it says. What Watchkeeper counts by itself for a table may turn out
    to be no share, or no count, and is not known then.
    """
    if CASES not in found or not may_have_cases(metric):
        return value, None
    cases = _values(metric, found[CASES], CASES)
    value = np.where(cases == 0, np.nan, value)
    with np.errstate(invalid="ignore"):
        is_none = (cases < 0) | ((value < 0) | (value > 1 + ROUNDING)) & (cases > 0)
    if _says_cases(metric) and (is_none & is_point).any():
        row = int(np.argmax(is_none & is_point))
        raise failure(
            metric,
            f"column {CASES}: a row says {value[row]:g} of {cases[row]:g} cases; with {CASES} a value is a share from 0"
            f" to 1 of a number of cases: return the share, or give the column another name",
        )
    cases = np.where(is_none | np.isnan(value), np.nan, cases)
    return value, None if np.isnan(cases).all() else cases


def _is_large_enough(metric: Metric, found: Mapping[str, Column]) -> NDArray[np.bool_]:
    """Which rows speak of enough people; a group of unknown size is withheld."""
    if not metric.min_group_size:
        return np.ones(len(found["time"]), np.bool_)
    size = _values(metric, found[GROUP_SIZE], GROUP_SIZE)
    is_shown: NDArray[np.bool_] = size >= metric.min_group_size
    return is_shown


def _numbers_of(metric: Metric, column: Sequence[Any], name: str) -> list[float | None]:
    try:
        return [None if value is None else _number(value) for value in column]
    except TypeError as error:
        raise failure(metric, f"column {name}: {error}") from None


def _number(value: Any) -> float:
    if isinstance(value, (str, bytes)) or not hasattr(value, "__float__"):
        raise TypeError(f"it holds {type(value).__name__}; return a number, for example with a cast")
    return float(value)


def _is_no_number(kind: pa.DataType) -> bool:
    checks = (pa.types.is_integer, pa.types.is_floating, pa.types.is_decimal, pa.types.is_boolean, pa.types.is_null)
    return not any(check(kind) for check in checks)


def _told_apart(time: Instants, names: Sequence[pa.Array]) -> NDArray[np.int64]:
    """Where the clock is put back, the first row of a repeated time is the first hour, the next row the second."""
    rows = np.flatnonzero(time.is_repeated)
    if not len(rows):
        return time.early
    seconds, seen = time.early.copy(), set()
    for row in rows:
        point = (int(seconds[row]), *(name[row].as_py() for name in names))
        if point in seen:
            seconds[row] = time.late[row]
        seen.add(point)
    return seconds


def _is_off_grid(metric: Metric, seconds: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Times that start no step: the wall clock shows no multiple of the step, nor has it just skipped one."""
    local, step = local_seconds(seconds, metric.timezone), metric.step_s
    is_off: NDArray[np.bool_] = local % step != 0
    if is_off.any():
        is_off &= local // step <= local_seconds(seconds - 1, metric.timezone) // step
    return is_off


def _check_clock(metric: Metric, time: Instants, zone: str, start: int, end: int) -> None:
    """Rows that only fit on the other clock tell that the query mixes two clocks."""
    other = metric.timezone if zone == "UTC" else "UTC"
    moved, _ = from_wall(local_seconds(time.early, zone), other)
    if other != zone and ((moved >= start) & (moved < end)).all() and not _is_off_grid(metric, moved).any():
        ask = ":start_local and :end_local" if zone == "UTC" else ":start and :end"
        raise failure(
            metric,
            f"column time: the parameters of the query say that times without a zone are on the clock of {zone}, but "
            f"they fit the window and the steps only on that of {other}; ask for the window with {ask}, or return "
            "times with a zone",
        )


def _check_single(
    metric: Metric,
    seconds: NDArray[np.int64],
    owner: NDArray[np.int64],
    names: Sequence[pa.Array],
    others: list[str],
) -> None:
    code, kinds = owner, int(owner.max(initial=0)) + 1
    for name in names:
        encoded = name.dictionary_encode()
        code = code * len(encoded.dictionary) + encoded.indices.to_numpy()
        kinds *= max(1, len(encoded.dictionary))
        if kinds > _FEW:
            code = np.unique(code, return_inverse=True)[1]
            kinds = len(code)
    since = seconds - (seconds.min() if len(seconds) else 0)
    if kinds <= _FEW and since.max(initial=0) < _FEW and (np.diff(np.sort(code * _FEW + since)) > 0).all():
        return  # as nearly always
    order = np.lexsort((seconds, code))
    is_again = (np.diff(code[order]) == 0) & (np.diff(seconds[order]) == 0)
    if is_again.any():
        row = int(order[1:][is_again][0])
        point = [f"time {format_instant(int(seconds[row]))}"]
        point += [f"{name} {column[row].as_py()}" for name, column in zip(metric.dimensions, names, strict=True)]
        hint = f"; it also returned {', '.join(others)}: is that a dimension?" if others else ""
        by = ", ".join(("time", *metric.dimensions))
        raise failure(
            metric,
            f"the query returned several rows for {int(is_again.sum())} points, the first for {', '.join(point)}; "
            f"group by {by}{hint}",
        )
