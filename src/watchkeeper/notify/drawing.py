"""What a chart shows, as plain columns: numbers on the metric's wall clock, stretches behind them, value range."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Protocol

import msgspec
import numpy as np

from watchkeeper.domain.metric import Kind, Metric
from watchkeeper.domain.times import DAY, local_seconds

SPAN_KINDS = ("learning", "alert", "missed", "event", "bad_data", "new_normal")
"""What can lie behind a line, in the order it is painted; a mark of another kind is painted as an event."""


class Drawable(Protocol):
    """What a chart is drawn from: `watch.views.SeriesChart` is one (this floor lies below and cannot name it)."""

    @property
    def metric(self) -> Metric:
        """Whose numbers they are."""

    @property
    def time(self) -> list[int]:
        """Seconds UTC, ascending."""

    @property
    def value(self) -> list[float | None]:
        """What was measured; None: missing."""

    @property
    def expected(self) -> list[float | None]:
        """What was expected; None: learning."""

    @property
    def lower(self) -> list[float | None]:
        """The lower end of the usual range."""

    @property
    def upper(self) -> list[float | None]:
        """The upper end of the usual range."""

    @property
    def week_before(self) -> list[float | None]:
        """What was measured at the same time a week before; empty where that is not drawn."""

    @property
    def cases(self) -> list[float | None]:
        """How many cases each rate rests on; empty where that is known of none."""

    @property
    def is_alert(self) -> list[bool]:
        """Where it was surprising."""

    @property
    def is_learning(self) -> list[bool]:
        """Where the detector was still learning."""


class Over(Protocol):
    """Something drawn over a chart, `[start, end)`: `watch.views.Mark` is one."""

    @property
    def kind(self) -> str:
        """One of SPAN_KINDS."""

    @property
    def start(self) -> int:
        """Seconds UTC."""

    @property
    def end(self) -> int:
        """Seconds UTC, exclusive."""

    @property
    def label(self) -> str:
        """What it is, in words."""


TURN_KINDS = ("vanishes", "returns", "appears", "lost")
"""What lies over a line while an answer is looked at that was not said yet: alerts that would turn."""


class Columns(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Columns of one length.

    Milliseconds on the metric's wall clock, value, expected, band, and the value where it alerts; `w` is the value a
    week before, where that is drawn, `n` how many cases the value rests on, where that is known.
    """

    t: list[int]
    v: list[float | None]
    e: list[float | None]
    lo: list[float | None]
    hi: list[float | None]
    a: list[float | None]
    w: list[float | None] = []
    n: list[float | None] = []


class Span(msgspec.Struct, frozen=True, kw_only=True):
    """A stretch of wall clock time in milliseconds, and what it is."""

    kind: str
    t: int
    t2: int
    label: str


_Row = tuple[int, float | None, float | None, float | None, float | None, float | None, float | None, float | None]
_NOTHING = (None,) * 7


def columns(chart: Drawable) -> Columns:
    """The chart's numbers: a hole in time becomes a row of nothing, so that no line is drawn across it."""
    step = chart.metric.step_s
    local = _wall_ms(chart.metric, chart.time)
    rows: list[_Row] = []
    for place, instant in enumerate(chart.time):
        if place and instant - chart.time[place - 1] > 1.5 * step:
            rows.append((local[place] - step * 1000, *_NOTHING))
        value = _plain(chart.value[place])
        told = value if chart.is_alert[place] else None
        expected, lower, upper = (_plain(column[place]) for column in (chart.expected, chart.lower, chart.upper))
        before = _plain(chart.week_before[place]) if chart.week_before else None
        cases = _plain(chart.cases[place]) if chart.cases else None
        rows.append((local[place], value, expected, lower, upper, told, before, cases))
    return _turned(rows, has_week=bool(chart.week_before), has_cases=bool(chart.cases))


def days(chart: Drawable) -> Columns:
    """The chart at a glance: one point a day on the wall clock, the mean of the day; an alert marks its day.

    The band of a point is not the band of a day's mean, so there is none; nor is there a mean of a day that has less
    than three quarters of its points, which would look like a fall. What was expected is averaged over the same points
    as what came: of a night without a value nothing is compared.
    """
    if chart.metric.step_s >= DAY:
        return columns(chart)
    day_ms = DAY * 1000
    by_day: dict[int, list[int]] = {}
    for place, moment in enumerate(_wall_ms(chart.metric, chart.time)):
        by_day.setdefault(moment // day_ms * day_ms, []).append(place)
    enough = 0.75 * max((len(places) for places in by_day.values()), default=0)
    rows: list[_Row] = []
    for day, places in sorted(by_day.items()):
        if rows and day - rows[-1][0] > day_ms:
            rows.append((rows[-1][0] + day_ms, *_NOTHING))
        is_whole = len(places) >= enough
        value = _mean([chart.value[place] for place in places]) if is_whole else None
        measured = [place for place in places if chart.value[place] is not None] or places
        expected = _mean([chart.expected[place] for place in measured]) if is_whole else None
        told = value if any(chart.is_alert[place] for place in places) else None
        rows.append((day, value, expected, None, None, told, None, None))
    return _turned(rows)


def spans(chart: Drawable, marks: Sequence[Over] = ()) -> list[Span]:
    """What lies behind the line: the marks, and the stretches in which the detector was still learning."""
    if not chart.time:
        return []
    step = chart.metric.step_s
    found = [("learning", start, end, "Learning") for start, end in _runs(chart.time, chart.is_learning, step)]
    found += [(mark.kind if mark.kind in SPAN_KINDS else "event", mark.start, mark.end, mark.label) for mark in marks]
    first, last = chart.time[0], chart.time[-1] + step
    seen = [
        (kind, max(start, first), max(min(end, last), start), label)
        for kind, start, end, label in found
        if start < last and max(end, start + 1) > first
    ]
    return _spans(chart.metric, seen)


def turns(metric: Metric, marks: Sequence[Over]) -> list[Span]:
    """Marks of TURN_KINDS as stretches, wherever in time they lie."""
    return _spans(metric, [(mark.kind, mark.start, mark.end, mark.label) for mark in marks])


def _spans(metric: Metric, found: Sequence[tuple[str, int, int, str]]) -> list[Span]:
    edges = _wall_ms(metric, [edge for _, start, end, _ in found for edge in (start, end)])
    return [
        Span(kind=kind, t=edges[2 * place], t2=edges[2 * place + 1], label=label)
        for place, (kind, _, _, label) in enumerate(found)
    ]


def value_range(drawn: Columns, metric: Metric) -> tuple[float, float]:
    """What the vertical axis covers: all values and expectations, and of the band what does not dwarf them."""
    core = [number for column in (drawn.v, drawn.e, drawn.w) for number in column if number is not None]
    if not core:
        return (0.0, 1.0)
    low, high = min(core), max(core)
    if metric.kind is not Kind.GAUGE:
        low, high = min(low, 0.0), max(high, 0.0)
    room = 0.4 * ((high - low) or abs(high) or 1.0)
    below = min((number for number in drawn.lo if number is not None), default=low)
    above = max((number for number in drawn.hi if number is not None), default=high)
    bottom, top = min(low, max(below, low - room)), max(high, min(above, high + room))
    if low >= 0.0:
        bottom = max(bottom, 0.0)
    margin = 0.04 * ((top - bottom) or 1.0)
    return (float(f"{bottom - margin:.4g}"), float(f"{top + margin:.4g}"))


def _wall_ms(metric: Metric, instants: Sequence[int]) -> list[int]:
    """Instants as milliseconds on the metric's wall clock."""
    moved = local_seconds(np.asarray(instants, dtype=np.int64), metric.timezone) * 1000
    found: list[int] = moved.tolist()
    return found


def _turned(rows: Sequence[_Row], *, has_week: bool = False, has_cases: bool = False) -> Columns:
    """Rows as columns."""
    return Columns(
        t=[row[0] for row in rows],
        v=[row[1] for row in rows],
        e=[row[2] for row in rows],
        lo=[row[3] for row in rows],
        hi=[row[4] for row in rows],
        a=[row[5] for row in rows],
        w=[row[6] for row in rows] if has_week else [],
        n=[row[7] for row in rows] if has_cases else [],
    )


def _runs(time: Sequence[int], flags: Sequence[bool], step: int) -> list[tuple[int, int]]:
    """`[start, end)` of each unbroken run of flagged points."""
    runs: list[tuple[int, int]] = []
    start: int | None = None
    for place, flag in enumerate(flags):
        if flag and start is None:
            start = time[place]
        elif not flag and start is not None:
            runs.append((start, time[place]))
            start = None
    if start is not None:
        runs.append((start, time[-1] + step))
    return runs


def _mean(numbers: Sequence[float | None]) -> float | None:
    """The mean of what there is."""
    found = [number for number in numbers if number is not None and math.isfinite(number)]
    return _plain(sum(found) / len(found)) if found else None


def _plain(number: float | None) -> float | None:
    """Six significant digits: more than a screen can show, in a third of the bytes."""
    if number is None or not math.isfinite(number):
        return None
    return float(f"{number:.6g}")
