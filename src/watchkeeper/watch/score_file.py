"""Score a table or a file of points: every row answered, in the table's own order, by nothing that lies after it."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from os import PathLike
from pathlib import Path
from typing import Any, Final, Literal, NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from watchkeeper import learn
from watchkeeper.detect import Points, SeriesSettings, ValueKind, find_step
from watchkeeper.domain.errors import InputError
from watchkeeper.domain.times import local_seconds
from watchkeeper.sources.columns import Rows, read_rows
from watchkeeper.sources.files import check_paths, read_table, write_table
from watchkeeper.watch.oddities import Oddities, count_oddities

STEP_TIMES = 15
"""How many different times of a series tell its step. Taken from the first ones only, the step of a series does not
depend on what comes later; until there are so many, nothing is expected and nothing scored."""

POINTS_AT_ONCE = 1_000_000

Report = Callable[[str, int, int], None]
"""Told of progress: the stage, how much of it is done, of how much."""

FeedbackInput = str | PathLike[str] | Iterable[Mapping[str, Any]]
DirectionName = Literal["both", "up", "down"]
DIRECTIONS: Final[dict[str, int]] = {"both": 0, "up": 1, "down": -1}


def _untold(stage: str, done: int, total: int) -> None:
    """Nobody looks at the progress."""


class _Wish(NamedTuple):
    """What was asked for."""

    false_alerts_per_month: float
    direction: str
    feedback: FeedbackInput | None

    def check(self) -> None:
        budget = self.false_alerts_per_month
        if not 0 < budget < math.inf:
            raise InputError(
                f"false_alerts_per_month: {budget} is not above 0; say how many a series may cost, such as 1"
            )
        if self.direction not in DIRECTIONS:
            raise InputError(f"direction: {self.direction!r} is not one of {', '.join(DIRECTIONS)}")


@dataclass(frozen=True)
class Summary:
    """What was scored. `alerts` counts runs of `alert_points` without a row of no alert between them."""

    rows: int
    series: int
    alerts: int
    alert_points: int
    odd: Oddities


def score(
    table: pa.Table,
    *,
    false_alerts_per_month: float = 1.0,
    direction: DirectionName = "both",
    feedback: FeedbackInput | None = None,
) -> pa.Table:
    """Score the points of an Arrow table.

    `table` has the columns `series` (any scalar), `ts` (timestamp, date, ISO text or a number since 1970) and `value`
    (a number), and may have `cases` (numbers): then a value is a share of so many cases, and the fewer there are, the
    wider is its band. Other columns are ignored, rows may stand in any order. The result has a row for each row, in the
    same order: `series`, `ts`, `value` as given, `expected`, `lower`, `upper` (the metric's unit), `score` (-log10 of
    false alerts a month at this level) and `alert` (bool: a person would be told). What is not known is null: a score
    while the detector still learns, or of a missing value.

    `false_alerts_per_month` is how many false alerts a series may cost; `direction` which way of leaving the band is of
    interest: `up`, `down` or `both`. `feedback` is a file of JSON Lines or an iterable of such objects; each answer
    counts from its `given_at` on.

    A score rests on nothing after it. Raises InputError naming the column and the row that cannot be read.
    """
    return _score(table, "table", _Wish(false_alerts_per_month, direction, feedback), _untold)[0]


def score_file(
    source: Path,
    target: Path,
    *,
    false_alerts_per_month: float = 1.0,
    direction: DirectionName = "both",
    feedback: Path | None = None,
    report: Report = _untold,
) -> Summary:
    """Score the file `source` into the file `target`; see `score`.

    Either file is Parquet or CSV by its suffix. A CSV file is text, and its three columns are written as they stood
    there; towards Parquet its times become timestamps (or integers) and its values numbers.

    Raises InputError, and leaves `target` as it was, when anything cannot be read or written.
    """
    check_paths(source, target)
    report("reading", 0, 1)
    table = read_table(source)
    report("reading", 1, 1)
    wish = _Wish(false_alerts_per_month, direction, feedback)
    scored, summary, rows = _score(table, str(source), wish, report)
    if source.suffix.lower() == ".csv" and target.suffix.lower() != ".csv":
        scored = scored.set_column(1, "ts", rows.moment).set_column(2, "value", pa.array(rows.value, from_pandas=True))
    report("writing", 0, 1)
    write_table(target, scored)
    report("writing", 1, 1)
    return summary


def _score(table: pa.Table, place: str, wish: _Wish, report: Report) -> tuple[pa.Table, Summary, Rows]:
    wish.check()
    rows = read_rows(table, place)
    log = learn.Log((), {}) if wish.feedback is None else _read_feedback(wish.feedback, rows)
    order, start = _series_major(rows.series, rows.time, len(rows.names))
    cases = None if rows.cases is None else _at(rows.cases, order)
    points = Points(start=start, time=_at(rows.time, order), value=_at(rows.value, order), cases=cases)
    steps, settled = _steps(points)
    columns = _judge(points, steps, settled, rows.zone, learn.fold(log.entries), wish, report)
    alert = columns.pop("alert")
    first = np.zeros(len(alert), np.bool_)
    first[points.start[:-1][np.diff(points.start) > 0]] = True
    summary = Summary(
        rows=len(alert),
        series=points.series,
        alerts=int((alert & (first | ~np.roll(alert, 1))).sum()),
        alert_points=int(alert.sum()),
        odd=count_oddities(rows, order, points, steps, log.unknown),
    )
    arrays = {name: pa.array(_back(column, order), from_pandas=True) for name, column in columns.items()}
    given = {name: table[name] for name in ("series", "ts", "value")}
    return pa.table({**given, **arrays, "alert": pa.array(_back(alert, order))}), summary, rows


def _series_major(
    series: NDArray[np.int32], time: NDArray[np.int64], count: int
) -> tuple[NDArray[np.int64] | None, NDArray[np.int64]]:
    """The order that puts series after series, each by time, rows of one time as they stood; None where it is so.

    Also `start` int64[S+1], where each series begins in that order.
    """
    start = np.concatenate([[0], np.cumsum(np.bincount(series, minlength=count))])
    order: NDArray[np.int64] | None = None
    if (np.diff(series) < 0).any():
        # Sixteen bits are sorted by radix, in one pass.
        keys = series.astype(np.uint16) if count <= 1 << 16 else series
        order = np.argsort(keys, kind="stable")
    backwards = np.flatnonzero(np.diff(_at(time, order)) < 0) + 1
    backwards = backwards[~np.isin(backwards, start)]
    if len(backwards) and order is None:
        order = np.arange(len(series))
    for place in np.unique(np.searchsorted(start, backwards, side="right") - 1):
        assert order is not None
        rows = slice(start[place], start[place + 1])
        order[rows] = order[rows][np.argsort(time[order[rows]], kind="stable")]
    return order, start


def _steps(points: Points) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The step of each series, int64[S] seconds, and the row from which on it was known, int64[S]."""
    steps = np.empty(points.series, np.int64)
    settled = np.empty(points.series, np.int64)
    found: dict[bytes, int] = {}  # Most series of a file keep the same times.
    for place in range(points.series):
        first, end = int(points.start[place]), int(points.start[place + 1])
        for reach in (4 * STEP_TIMES, end - first):  # Repeats are rare: a look at the first rows nearly always does.
            times, place_of = np.unique(points.time[first : min(end, first + reach)], return_index=True)
            if len(times) >= STEP_TIMES:
                break
        first_times = times[:STEP_TIMES]
        pattern = np.diff(first_times).tobytes()
        if pattern not in found:
            found[pattern] = find_step(first_times)
        steps[place] = found[pattern]
        settled[place] = first + place_of[STEP_TIMES - 1] if len(times) >= STEP_TIMES else end
    return steps, settled


def _judge(
    points: Points,
    steps: NDArray[np.int64],
    settled: NDArray[np.int64],
    zone: str,
    knowledge: learn.Knowledge,
    wish: _Wish,
    report: Report,
) -> dict[str, NDArray[Any]]:
    """The result's columns in the order of the points: expected, lower, upper, score, alert."""
    n = len(points.time)
    base_bar = -math.log10(wish.false_alerts_per_month)
    columns: dict[str, NDArray[Any]] = {name: np.empty(n) for name in ("expected", "lower", "upper", "score")}
    columns["alert"] = np.empty(n, np.bool_)
    places = np.searchsorted(points.start, np.arange(POINTS_AT_ONCE, n, POINTS_AT_ONCE))
    bounds = np.unique(np.concatenate([[0], places, [points.series]])).tolist()
    for begin, end in pairwise(bounds):
        report("scoring", int(points.start[begin]), n)
        rows = slice(int(points.start[begin]), int(points.start[end]))
        time = points.time[rows]
        part = Points(
            start=points.start[begin : end + 1] - points.start[begin],
            time=time,
            value=points.value[rows],
            local=None if zone == "UTC" else local_seconds(time, zone),
            cases=None if points.cases is None else points.cases[rows],
        )
        settings = _settings(steps[begin:end], DIRECTIONS[wish.direction], has_cases=points.cases is not None)
        judgement = learn.judge(part, settings, knowledge, base_bar, ids=range(begin, end), causal=True)
        for name in ("expected", "lower", "upper", "score"):
            columns[name][rows] = getattr(judgement.judged, name)
        columns["alert"][rows] = judgement.told
    for first, last in zip(points.start[:-1].tolist(), settled.tolist(), strict=True):
        for name, column in columns.items():
            column[first:last] = False if name == "alert" else np.nan
    report("scoring", n, n)
    return columns


def _settings(steps: NDArray[np.int64], direction: int, *, has_cases: bool) -> SeriesSettings:
    """One setting for all: any change, whatever the value is."""
    count = len(steps)
    return SeriesSettings(
        step=steps,
        kind=np.full(count, ValueKind.RATE if has_cases else ValueKind.GAUGE, np.uint8),
        direction=np.full(count, direction, np.int8),
        min_absolute=np.zeros(count),
        min_relative=np.zeros(count),
    )


def _read_feedback(feedback: FeedbackInput, rows: Rows) -> learn.Log:
    """The log, its series by their place in `rows.names`; times without an offset are on the wall clock of the file."""
    known = {_spelled(name): place for place, name in enumerate(rows.names.to_pylist())}
    if not isinstance(feedback, (str, PathLike)):
        return learn.read_lines(feedback, known, zone=rows.zone)
    path = Path(feedback)
    try:
        lines = path.read_bytes().removeprefix(b"\xef\xbb\xbf").split(b"\n")
    except OSError as error:
        raise InputError(
            f"{path}: cannot be read: {error.strerror}; name a file of feedback, a line an answer"
        ) from None
    return learn.read_lines(lines, known, zone=rows.zone, place=str(path))


def _spelled(name: Any) -> str:
    """A series name as JSON would spell it, without quotes; what JSON cannot say, as Python spells it."""
    return name if isinstance(name, str) else json.dumps(name, default=str).strip('"')


def _at(column: NDArray[Any], order: NDArray[np.int64] | None) -> NDArray[Any]:
    return column if order is None else column[order]


def _back(column: NDArray[Any], order: NDArray[np.int64] | None) -> NDArray[Any]:
    """The inverse of `_at`."""
    if order is None:
        return column
    result = np.empty_like(column)
    result[order] = column
    return result
