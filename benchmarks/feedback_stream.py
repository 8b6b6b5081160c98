"""The stream of the feedback benchmark: a team's labelled series in time order, an operator who answers, and the count.

The rules are those of the public definition (shared/bench/README.md, "The feedback benchmark"):

- an incident is a run of alert points of one series, runs at most `GAP` points apart being one; it is a hit when it
  starts inside a labelled window, from `SLACK` points before its first point to its last;
- the operator sees an incident when it opens and answers one step later, wrong with probability `WRONG`;
- once a week of stream time each labelled window that ended in that week unseen is reported as missed with
  probability `REPORTED`;
- an answer counts for points stamped at or after the moment it was given, never before;
- the first 15 % of each series is a warm-up that nobody sees; the second half is measured.

Scores come from one replay, since labels change no score; only the bar that a score must reach is simulated online.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from heapq import heappop, heappush
from pathlib import Path
from typing import NamedTuple, Protocol

import numpy as np
import pyarrow.parquet as pq
from numpy.typing import NDArray

from watchkeeper.detect import Judged, Points, SeriesSettings, ValueKind, decide, find_step, replay, told_score
from watchkeeper.domain.feedback import Label

WARM_UP = 0.15
MEASURED_FROM = 0.5
GAP = 3
SLACK = 3
WRONG = 0.05
REPORTED = 0.5
WEEK_S = 604_800
BLOCK = 20_000
"""How many rows are judged at once at most."""
DEEPEST = 2.0
"""No learner may lower the bar by more than this many decades; below it a row is not looked at."""

Windows = list[tuple[int, int]]


@dataclass(frozen=True)
class Team:
    """A labelled file as one team's series: points, settings, what the detector says, and the true windows.

    `windows[s]` are first and last row (counted within series s) of each labelled run that ends after the warm-up.
    """

    names: tuple[str, ...]
    points: Points
    settings: SeriesSettings
    judged: Judged
    windows: tuple[Windows, ...]
    base: float

    @property
    def owner(self) -> NDArray[np.int64]:
        """int64[n]: the series of each row."""
        return np.repeat(np.arange(self.points.series), np.diff(self.points.start))


class Told(NamedTuple):
    """An incident that was told: the row where it opened, and whether it starts inside a labelled window."""

    row: int
    is_real: bool


class Outcome(NamedTuple):
    """`alert` bool[n]; the incidents in the order they were told; each answer given, with its series."""

    alert: NDArray[np.bool_]
    incidents: list[Told]
    answers: list[tuple[int, Label]]


class Learner(Protocol):
    """What learns from answers. It is asked for bars in time order and hears each answer before later points."""

    def bars(self, rows: NDArray[np.int64]) -> NDArray[np.float64]:
        """The score each of these rows must reach, from the answers heard so far and the points up to the row."""

    def hear(self, series: int, label: Label) -> None:
        """Take in one answer."""


class Plain:
    """No learning: the bar of the budget."""

    def __init__(self, team: Team) -> None:
        self._base = team.base

    def bars(self, rows: NDArray[np.int64]) -> NDArray[np.float64]:
        """The base, whatever was said."""
        return np.full(len(rows), self._base)

    def hear(self, series: int, label: Label) -> None:
        """Nothing."""


def runs(flag: NDArray[np.bool_], gap: int = GAP) -> Windows:
    """First and last index of each run of True, runs at most `gap` False apart being joined."""
    index = np.flatnonzero(flag)
    if not len(index):
        return []
    breaks = np.flatnonzero(np.diff(index) > gap + 1)
    return list(zip(index[np.r_[0, breaks + 1]].tolist(), index[np.r_[breaks, len(index) - 1]].tolist(), strict=True))


def load(path: Path, *, budget: float = 1.0) -> Team:
    """Read a labelled file (columns series, ts, value, label) and replay it once; `budget` in false alerts a month."""
    table = pq.read_table(path, columns=["series", "ts", "value", "label"]).sort_by(
        [("series", "ascending"), ("ts", "ascending")]
    )
    names, first = np.unique(np.asarray(table["series"].to_pylist(), dtype=str), return_index=True)
    start = np.r_[first, table.num_rows].astype(np.int64)
    stamps = table["ts"].to_numpy().astype("datetime64[us]").astype(np.int64)
    value = table["value"].to_numpy(zero_copy_only=False).astype(np.float64)
    label = table["label"].to_numpy(zero_copy_only=False) > 0
    points = Points(start, stamps // 1_000_000, value)
    count = len(names)
    settings = SeriesSettings(
        step=np.array([find_step(points.time[a:b]) for a, b in _spans(points)]),
        kind=np.full(count, ValueKind.GAUGE, np.uint8),
        direction=np.zeros(count, np.int8),
        min_absolute=np.zeros(count),
        min_relative=np.zeros(count),
    )
    _, judged = replay(points, settings)
    windows = tuple([w for w in runs(label[a:b]) if w[1] >= int(WARM_UP * (b - a))] for a, b in _spans(points))
    return Team(tuple(names.tolist()), points, settings, judged, windows, float(-np.log10(budget)))


def _spans(points: Points) -> Iterator[tuple[int, int]]:
    return zip(points.start[:-1].tolist(), points.start[1:].tolist(), strict=True)


def stream(
    team: Team, learner: Learner, seed: int, *, wrong: float | None = None, reported: float | None = None
) -> Outcome:
    """Let the stream run once. The same seed draws the same mistakes and reports for the same rows and windows.

    `wrong` and `reported` are the public rules' `WRONG` and `REPORTED` unless another operator is asked for.
    """
    return _Stream(
        team, learner, seed, WRONG if wrong is None else wrong, REPORTED if reported is None else reported
    ).run()


class _Stream:
    """One pass in order of time, from event to event: incidents open, an answer is heard, a week ends."""

    def __init__(self, team: Team, learner: Learner, seed: int, wrong: float, reported: float) -> None:
        self.team, self.learner = team, learner
        time, lengths = team.points.time, np.diff(team.points.start)
        draw = np.random.default_rng(seed)
        self.is_wrong = draw.random(len(time)) < wrong
        self.is_reported = [draw.random(len(windows)) < reported for windows in team.windows]
        self.owner = team.owner
        self.told_score = told_score(team.judged, team.points)
        self.order = np.argsort(time, kind="stable")
        self.ordered_time = time[self.order]
        self.warm = team.points.start[:-1] + (WARM_UP * lengths).astype(np.int64)
        self.alert = np.zeros(len(time), np.bool_)
        self.is_open = np.zeros(len(lengths), np.bool_)
        self.last_told = np.full(len(lengths), -(10**9), np.int64)
        self.is_met = [np.zeros(len(windows), np.bool_) for windows in team.windows]
        self.pending: list[tuple[int, int, int, Label]] = []
        self.incidents: list[Told] = []
        self.answers: list[tuple[int, Label]] = []
        self.said = 0

    def run(self) -> Outcome:
        week_end = int(self.ordered_time[0]) + WEEK_S
        place, stop = 0, len(self.order)
        while place < stop:
            event = week_end if not self.pending else min(week_end, self.pending[0][0])
            if self.ordered_time[place] < event:
                upto = min(int(np.searchsorted(self.ordered_time, event)), place + BLOCK)
                place += self._judge(np.sort(self.order[place:upto]))
                continue
            while self.pending and self.pending[0][0] <= event:
                _, _, series, label = heappop(self.pending)
                self.learner.hear(series, label)
                self.answers.append((series, label))
            if week_end <= event:
                self._report(week_end)
                week_end += WEEK_S
        return Outcome(self.alert, self.incidents, self.answers)

    def _judge(self, rows: NDArray[np.int64]) -> int:
        """Judge rows that follow on each other in time, up to the first answer that they give rise to; returns how
        many.
        """
        team, time, owner = self.team, self.team.points.time[rows], self.owner[rows]
        bar = np.full(len(rows), team.base)
        # A row that no bar can open needs no bar of its own.
        can_open = np.flatnonzero(self.told_score[rows] >= team.base - DEEPEST)
        if len(can_open):
            bar[can_open] = np.maximum(self.learner.bars(rows[can_open]), team.base - DEEPEST)
        points = Points(
            np.searchsorted(owner, np.arange(team.points.series + 1)).astype(np.int64), time, team.points.value[rows]
        )
        judged = Judged(*(getattr(team.judged, field.name)[rows] for field in fields(Judged)))
        alert = decide(judged, points, team.settings, bar, was_open=self.is_open)
        told = np.flatnonzero(alert & (rows >= self.warm[owner]))
        before = np.where(np.diff(owner[told], prepend=-1) == 0, np.r_[0, rows[told[:-1]]], self.last_told[owner[told]])
        opens = told[rows[told] - before > GAP + 1]
        cut = int((time[opens] + team.settings.step[owner[opens]]).min(initial=int(time.max()) + 1))
        done = time < cut
        self.alert[rows[done]] = alert[done]
        self.is_open[owner[done]] = alert[done]  # rows are in order within a series: the last one stays
        kept = told[done[told]]
        self.last_told[owner[kept]] = rows[kept]
        opens = opens[done[opens]]
        for row in rows[opens[np.argsort(time[opens], kind="stable")]].tolist():
            self._open(row)
        return int(done.sum())

    def _open(self, row: int) -> None:
        series = int(self.owner[row])
        place = row - int(self.team.points.start[series])
        window = next((k for k, (a, b) in enumerate(self.team.windows[series]) if a - SLACK <= place <= b), None)
        if window is not None:
            self.is_met[series][window] = True
        self.incidents.append(Told(row, window is not None))
        start = int(self.team.points.time[row])
        is_real = (window is not None) != bool(self.is_wrong[row])
        given_at = start + int(self.team.settings.step[series])
        self._say(series, start, given_at, is_real=is_real, is_confirmed=is_real, given_at=given_at)

    def _report(self, week_end: int) -> None:
        time = self.team.points.time
        for series, windows in enumerate(self.team.windows):
            first = int(self.team.points.start[series])
            for k, (a, b) in enumerate(windows):
                ended = int(time[first + b])
                is_due = week_end - WEEK_S <= ended < week_end
                if is_due and not self.is_met[series][k] and self.is_reported[series][k]:
                    end = ended + int(self.team.settings.step[series])
                    self._say(series, int(time[first + a]), end, is_real=True, is_confirmed=False, given_at=week_end)

    def _say(self, series: int, start: int, end: int, *, is_real: bool, is_confirmed: bool, given_at: int) -> None:
        self.said += 1
        label = Label(
            start=start, end=end, is_real=is_real, is_confirmed=is_confirmed, feedback=self.said, given_at=given_at
        )
        heappush(self.pending, (given_at, self.said, series, label))


class Counts(NamedTuple):
    """What the measured half holds."""

    hits: int
    false_alerts: int
    windows: int
    weeks: float

    @property
    def precision(self) -> float:
        """Hits among hits and false alerts."""
        return self.hits / max(1, self.hits + self.false_alerts)

    @property
    def recall(self) -> float:
        """Windows hit among all windows."""
        return self.hits / max(1, self.windows)

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall."""
        return 2 * self.precision * self.recall / max(1e-12, self.precision + self.recall)

    @property
    def false_alerts_per_series_week(self) -> float:
        """False alerts per series and week."""
        return self.false_alerts / max(1e-9, self.weeks)


def count(team: Team, alert: NDArray[np.bool_], since: float = MEASURED_FROM) -> Counts:
    """Count as score.py does, with everything before the share `since` of each series taken as its warm-up."""
    hits = false_alerts = total = 0
    weeks = 0.0
    for series, (a, b) in enumerate(_spans(team.points)):
        begin = int(since * (b - a))
        windows = [window for window in team.windows[series] if window[1] >= begin]
        flagged = alert[a:b].copy()
        flagged[:begin] = False
        hit = set()
        for first, _ in runs(flagged):
            window = next((k for k, (x, y) in enumerate(windows) if x - SLACK <= first <= y), None)
            if window is None:
                false_alerts += 1
            hit.add(window)
        hits += len(hit - {None})
        total += len(windows)
        weeks += float(team.points.time[b - 1] - team.points.time[a + begin]) / WEEK_S
    return Counts(hits, false_alerts, total, weeks)
