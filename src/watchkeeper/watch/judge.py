"""The history of one metric, replayed with what is known: what was expected, how surprising it was, what fires."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from watchkeeper import learn
from watchkeeper.detect import Borrowed, Judged, Points, SeriesSettings, decide, told_score
from watchkeeper.domain.alert import Cause, Member
from watchkeeper.domain.feedback import Feedback, Recurrence, SeriesKnowledge
from watchkeeper.domain.metric import Metric, Series
from watchkeeper.domain.points import PointColumns, cases_at
from watchkeeper.domain.times import local_seconds, periods
from watchkeeper.watch.borrowing import settings_of
from watchkeeper.watch.grid import withheld_marks
from watchkeeper.watch.incidents import Run


@dataclass(frozen=True)
class Judgement:
    """One metric judged up to an instant. Columns are as long as `columns.time`: one row a period, those missing or
    withheld too; `points` holds what the detector saw of them.

    `surprise` is what a person is told by (`detect.told_score`), `alert` says where a person would be told, `silent`
    where missing points are themselves a fault, `explained` where an event accounts for whatever is seen; `until` is
    the instant up to which it was judged, `bar` what a score of each series has to reach. `hushed`: at its end some
    series of a metric with an owner is quiet only by what answers say, so that other answers would have an alert go on.
    """

    metric: Metric
    until: int
    bar: float
    series: tuple[Series, ...]
    columns: PointColumns
    points: Points
    settings: SeriesSettings
    knowledge: learn.Knowledge
    judged: Judged
    surprise: NDArray[np.float64]
    alert: NDArray[np.bool_]
    silent: NDArray[np.bool_]
    explained: NDArray[np.bool_]
    hushed: bool

    def place(self, series_id: int) -> int:
        """Where a series stands in this judgement; ValueError where it does not."""
        return self.columns.series.index(series_id)

    def fires(self, member: Member) -> bool:
        """Whether today's knowledge still tells this member of an alert."""
        if member.series not in self.columns.series:
            return False
        at = self.columns.of(self.place(member.series))
        time = self.columns.time[at]
        inside = slice(int(np.searchsorted(time, member.start)), int(np.searchsorted(time, member.end)))
        flags = self.alert if member.cause is Cause.ANOMALY else self.silent
        return bool((flags[at] & ~self.explained[at])[inside].any())

    def reason(self, member: Member) -> learn.Reason | None:
        """Why answers make the detector stricter or more sensitive about this member; None where none do."""
        if member.series not in self.columns.series or member.cause is Cause.SILENCE:
            return None
        at = self.columns.of(self.place(member.series))
        row = at.start + int(np.searchsorted(self.columns.time[at], member.peak_time))
        return self._reasons(min(row, at.stop - 1))

    @cached_property
    def _reasons(self) -> Callable[[int], learn.Reason | None]:
        """Learned from the answers when first asked for: it takes as long as hundreds of questions."""
        base = np.full(len(self.series), self.bar)
        return learn.reasons(
            self.points,
            self.settings,
            self.judged,
            self.knowledge,
            self.columns.series,
            base,
            half_life_s=self.metric.half_life_s,
            now=self.until,
        )

    def peak_above(self, series_id: int, start: int, end: int) -> float:
        """How many decades above (negative: below) the budget's bar the most surprising point of a window lies; minus
        infinity where none has a score.
        """
        at = self.columns.of(self.place(series_id))
        first, last = at.start + np.searchsorted(self.columns.time[at], (start, end))
        return float(np.nan_to_num(self.surprise[first:last], nan=-np.inf).max(initial=-np.inf)) - self.bar

    def hints(self, lines: Sequence[Feedback]) -> list[learn.Hint | None]:
        """What each answer says to the owner's other metrics: the look of the most surprising series that it speaks of;
        None where it speaks of none with a score.
        """
        own = [[one for one in line.series if one in self.columns.series] for line in lines]
        if not any(own):
            return [None] * len(lines)
        base = np.full(len(self.series), self.bar)
        sight = learn.look(self.points, self.judged, self.settings.step, base, ids=self.columns.series)
        return [
            learn.hint_of(sight, self._most_surprising(ids, line), learn.label_of(line)) if ids else None
            for ids, line in zip(own, lines, strict=True)
        ]

    def _most_surprising(self, ids: Sequence[int], line: Feedback) -> int:
        """Where the series stands that is most surprising in the line's window."""
        return self.place(max(ids, key=lambda one: self.peak_above(one, line.start, line.end)))

    def runs(self, after: int) -> list[Run]:
        """The runs that began, went on or ended since the instant `after`, of every series, explained ones too."""
        found = []
        for place in range(len(self.series)):
            found += self._runs_of(place, self.alert, Cause.ANOMALY, after)
            found += self._runs_of(place, self.silent, Cause.SILENCE, after)
        return found

    def runs_of(self, series_id: int) -> list[Run]:
        """Every anomalous run of one series that is not explained."""
        return self._runs_of(self.place(series_id), self.alert & ~self.explained, Cause.ANOMALY, None)

    def told_runs(self) -> list[Run]:
        """Every run of every series that no event explains, silences included: what people are told of."""
        found = []
        for place in range(len(self.series)):
            found += self._runs_of(place, self.alert & ~self.explained, Cause.ANOMALY, None)
            found += self._runs_of(place, self.silent & ~self.explained, Cause.SILENCE, None)
        return found

    def _runs_of(self, place: int, flags: NDArray[np.bool_], cause: Cause, after: int | None) -> list[Run]:
        at = self.columns.of(place)
        time, step = self.columns.time[at], self.metric.step_s
        edges = np.flatnonzero(np.diff(np.r_[False, flags[at], False].astype(np.int8)))
        runs = []
        present = np.isfinite(self.columns.value[at])
        for first, last in zip(edges[::2], edges[1::2], strict=True):
            # A run held open over missing points was last seen at its last value. One without any is what an event
            # leaves over of a run that it explains.
            values = np.flatnonzero(present[first:last])
            if cause is Cause.ANOMALY and not len(values):
                continue
            seen = last - 1 if cause is Cause.SILENCE else first + int(values[-1])
            end = int(time[seen]) + step
            # A run that ended at `after` was open when it was last looked at: it is told again, as closed.
            if after is None or end >= after:
                runs.append(self._run(place, int(first), int(last), end, cause, is_open=int(last) == len(time)))
        return runs

    def _expected(self, row: int) -> float:
        """What was expected; while learning of a value beyond a limit, the limit."""
        expected = float(self.judged.expected[row])
        broken = self.metric.broken_limit(float(self.points.value[row]))
        return broken if math.isnan(expected) and broken is not None else expected

    def _run(self, place: int, first: int, last: int, end: int, cause: Cause, *, is_open: bool) -> Run:
        at = self.columns.of(place)
        begin = at.start + first
        evidence = self.surprise if cause is Cause.ANOMALY else self.judged.silence
        rows = slice(begin, at.start + last)
        peak = begin + int(np.argmax(np.nan_to_num(evidence[rows], nan=-np.inf)))
        silent = cause is Cause.SILENCE
        member = Member(
            series=self.series[place].id,
            start=int(self.columns.time[begin]),
            end=end,
            is_open=is_open,
            cause=cause,
            peak_time=int(self.columns.time[peak]),
            peak_score=float(evidence[peak]),
            value=math.nan if silent else float(self.columns.value[peak]),
            expected=math.nan if silent else self._expected(peak),
            lower=math.nan if silent else float(self.judged.lower[peak]),
            upper=math.nan if silent else float(self.judged.upper[peak]),
            cases=None if silent else cases_at(self.columns.cases, peak),
        )
        return Run(member=member, known_at=member.start + self.metric.step_s, step_s=self.metric.step_s)


def judge(
    metric: Metric,
    series: tuple[Series, ...],
    columns: PointColumns,
    log: Sequence[Feedback],
    until: int,
    lent: Mapping[int, Borrowed] | None = None,
    *,
    sharing: int | None = None,
    hints: tuple[learn.Hint, ...] = (),
) -> Judgement:
    """Judge the metric's points up to `until` (seconds) with everything the log says, in hindsight.

    `lent` is what series borrowed when they were new, `hints` what was said of the owner's other metrics. The
    budget is the metric's: each of its series, which are `sharing` where only some of them are judged, gets an equal
    share of the false alerts it may cost a month.
    """
    grid = on_grid(metric, columns, until)
    bar = budget_bar(metric, len(series) if sharing is None else sharing)
    knowledge = learn.fold(log, standing(metric, grid.series), hints)
    points = Points(
        start=grid.start,
        time=grid.time,
        value=grid.shown,
        local=local_seconds(grid.time, metric.timezone),
        mark=withheld_marks(grid.value),
        cases=grid.cases,
    )
    settings = settings_of(metric, grid.series, lent or {})
    found = learn.judge(
        points,
        settings,
        knowledge,
        bar,
        ids=grid.series,
        known_at=grid.known_at,
        half_life_s=metric.half_life_s,
        now=until,
    )
    surprise = told_score(found.judged, points)
    broken = beyond(metric, points.value)
    surprise[broken] = np.fmax(surprise[broken], bar)
    return Judgement(
        metric=metric,
        until=until,
        bar=bar,
        series=series,
        columns=grid,
        points=points,
        settings=settings,
        knowledge=knowledge,
        judged=found.judged,
        surprise=surprise,
        alert=found.alert | broken,
        silent=np.isnan(points.value) & (found.judged.silence >= bar),
        explained=found.explained,
        hushed=bool(metric.owner) and _is_hushed(found, points, settings, bar),
    )


def _is_hushed(found: learn.Judgement, points: Points, settings: SeriesSettings, bar: float) -> bool:
    """Whether a series is quiet at its end only because answers raised a bar of its last run: other answers would have
    it go on.
    """
    if not (found.bar > bar).any():
        return False
    last = points.start[1:][np.diff(points.start) > 0] - 1
    plain = decide(found.judged, points, settings, np.minimum(found.bar, bar))
    return bool((plain[last] != found.alert[last]).any())


def beyond(metric: Metric, value: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Which values break a limit of the metric, whatever is usual."""
    is_beyond = np.zeros(len(value), np.bool_)
    if metric.upper_limit is not None:
        is_beyond |= value > metric.upper_limit
    if metric.lower_limit is not None:
        is_beyond |= value < metric.lower_limit
    return is_beyond


def standing(metric: Metric, series: Sequence[int]) -> dict[int, SeriesKnowledge]:
    """What the configuration says of the series: the holidays of its calendar."""
    if not metric.calendar:
        return {}
    holidays = Recurrence(rule=metric.calendar_rule, zone=metric.timezone, start=0, end=0, note="holidays")
    return dict.fromkeys(series, SeriesKnowledge(recurring=(holidays,)))


def budget_bar(metric: Metric, series: int) -> float:
    """The score at which each series tells, for the false alerts a month that the metric may cost."""
    return -math.log10(metric.false_alerts_per_month / max(1, series))


def on_grid(metric: Metric, columns: PointColumns, until: int) -> PointColumns:
    """The same points with a row for every period from a series' first point to `until`; absent ones are missing."""
    sizes = np.diff(columns.start)
    first = columns.time[columns.start[:-1][sizes > 0]]
    grid = periods(int(first.min()), until, metric.step_s, metric.timezone) if len(first) else np.zeros(0, np.int64)
    times, values, known, cases = [], [], [], []
    for place in range(len(columns.series)):
        at = columns.of(place)
        time = columns.time[at]
        rows = grid[np.searchsorted(grid, time[0]) :] if len(time) else grid[:0]
        fits = np.isin(time, rows)
        spot = np.searchsorted(rows, time[fits])
        times.append(rows)
        values.append(np.full(len(rows), np.nan))
        known.append(np.zeros(len(rows), np.int64))
        values[-1][spot] = columns.value[at][fits]
        known[-1][spot] = columns.known_at[at][fits]
        if columns.cases is not None:
            cases.append(np.full(len(rows), np.nan))
            cases[-1][spot] = columns.cases[at][fits]
    return PointColumns(
        series=columns.series,
        start=np.cumsum([0, *(len(rows) for rows in times)], dtype=np.int64),
        time=np.concatenate([np.zeros(0, np.int64), *times]),
        value=np.concatenate([np.zeros(0), *values]),
        known_at=np.concatenate([np.zeros(0, np.int64), *known]),
        cases=np.concatenate(cases) if cases else None,
    )
