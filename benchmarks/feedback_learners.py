"""Who takes part in the feedback benchmark: Watchkeeper's triage, a learner that only moves thresholds, and a random forest."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.feedback_stream import DEEPEST, WEEK_S, Team
from watchkeeper.domain.feedback import Label
from watchkeeper.learn.triage import Triage, sample, triage
from watchkeeper.learn.triage_looks import Sight, look, peaks


def sight_of(team: Team) -> Sight:
    """The looks of every row of a team."""
    base = np.full(team.points.series, team.base)
    return look(team.points, team.judged, team.settings.step, base)


class WithTriage:
    """Watchkeeper: `learn.triage`, made anew from all labels after each answer, exactly as the product makes it."""

    def __init__(self, team: Team, sight: Sight) -> None:
        self._base, self._sight = team.base, sight
        self._labels: list[tuple[int, Label]] = []
        self._learned: Triage | None = None

    def bars(self, rows: NDArray[np.int64]) -> NDArray[np.float64]:
        """The budget's bar and what the answers so far add to it."""
        if self._learned is None:
            until = self._labels[-1][1].given_at if self._labels else None
            self._learned = triage(self._sight, self._labels, until=until)
        return self._base + self._learned.above(self._sight, rows)

    def hear(self, series: int, label: Label) -> None:
        """Note the answer; the model is made when next asked."""
        self._labels.append((series, label))
        self._learned = None


class ThresholdOnly:
    """Moves a threshold and nothing else: one per series, drawn to the team's, drawn to the budget's.

    The threshold of a series is the one with the fewest mistakes on its labelled alerts and missed windows, a false alert
    and a miss counting alike; the team's mistakes at that threshold, scaled to `STRENGTH` answers, and a little of its
    distance from the budget's bar count too, so that one answer does not swing it and ties stay put.
    """

    STRENGTH = 2.0
    PULL = 0.5
    GRID = np.round(np.concatenate([np.arange(-DEEPEST, 3.0, 0.05), np.arange(3.0, 30.0, 0.5)]), 2)

    def __init__(self, team: Team, sight: Sight) -> None:
        self._base, self._sight = team.base, sight
        self._mistakes = np.zeros((team.points.series, len(self.GRID)))
        self._answers = 0
        self._best = np.zeros(team.points.series)

    def bars(self, rows: NDArray[np.int64]) -> NDArray[np.float64]:
        """The threshold of each row's series."""
        return np.asarray(self._base + self._best[self._sight.series[rows]])

    def hear(self, series: int, label: Label) -> None:
        """Count the mistakes that each threshold would have made on this label, and choose anew everywhere."""
        row = sample(self._sight, series, label, label.given_at)
        if row is None:
            return
        is_told = self._sight.above[row] >= self.GRID
        self._mistakes[series] += ~is_told if label.is_real else is_told
        self._answers += 1
        team = self._mistakes.sum(axis=0) * (self.STRENGTH / self._answers)
        cost = self._mistakes + team + self.PULL * np.abs(self.GRID)
        self._best = self.GRID[np.argmin(cost, axis=1)]


class RandomForest:
    """A random forest retrained weekly on labelled alerts and windows (Liu et al., "Opprentice", IMC 2015).

    Features are the looks that triage sees, the time of the series' own record included. It learns from the alerts that
    were answered and the windows that were reported; excursions that nobody was told or spoke of are normal to it, as whatever
    an operator leaves unlabelled is in the paper. The threshold on its probability is the one with the best F1 on its out-of-bag
    votes. Until it has heard of both kinds the bar of the budget decides.
    """

    TREES = 100
    FLOOR = 2.0
    LEAF = 2
    BALANCED: str | None = 'balanced'
    FIXED: float | None = None

    def __init__(self, team: Team, sight: Sight, *, with_quiet: bool = True, seed: int = 0) -> None:
        self._forest_class = _forest_class()
        self._base, self._sight, self._with_quiet, self._seed = team.base, sight, with_quiet, seed
        self._score, self._time = team.judged.score, team.points.time
        self._peaks = peaks(sight, DEEPEST)
        self._labels: list[tuple[int, Label, int]] = []
        self._forest: Any = None
        self._threshold = 0.5
        self._week = self._trained_with = 0
        self._begin = int(self._time.min())

    def bars(self, rows: NDArray[np.int64]) -> NDArray[np.float64]:
        """Minus infinity where the forest tells, infinity where it does not."""
        result = np.empty(len(rows))
        weeks = (self._time[rows] - self._begin) // WEEK_S
        order = np.argsort(weeks, kind="stable")
        for part in np.split(order, np.flatnonzero(np.diff(weeks[order])) + 1):
            self._retrain(int(weeks[part[0]]))
            if self._forest is None:
                result[part] = self._base
            else:
                votes = self._forest.predict_proba(self._inputs(rows[part]))[:, 1]
                result[part] = np.where((votes >= self._threshold) & (self._sight.above[rows[part]] >= -self.FLOOR), -np.inf, np.inf)
        return result

    def hear(self, series: int, label: Label) -> None:
        """Note the answer for the next weekly training."""
        row = sample(self._sight, series, label, label.given_at)
        if row is not None:
            self._labels.append((row, label, series))

    def _inputs(self, rows: NDArray[np.int64]) -> NDArray[np.float64]:
        return np.column_stack([self._sight.column[rows, :12], np.clip(self._sight.above[rows], -5.0, 50.0)])

    def _retrain(self, week: int) -> None:
        if week <= self._week or len(self._labels) == self._trained_with:
            self._week = max(week, self._week)
            return
        self._week, self._trained_with = week, len(self._labels)
        rows = np.array([row for row, _, _ in self._labels], np.int64)
        is_real = np.array([label.is_real for _, label, _ in self._labels])
        if self._with_quiet:
            quiet = self._quiet(self._begin + week * WEEK_S)
            rows, is_real = np.r_[rows, quiet], np.r_[is_real, np.zeros(len(quiet), np.bool_)]
        if is_real.all() or not is_real.any():
            return
        self._forest = self._forest_class(
            n_estimators=self.TREES, min_samples_leaf=self.LEAF, class_weight=self.BALANCED, oob_score=True, random_state=self._seed
        )
        self._forest.fit(self._inputs(rows), is_real)
        votes = np.nan_to_num(self._forest.oob_decision_function_[:, 1], nan=0.5)
        order = np.argsort(-votes, kind="stable")
        hits = np.cumsum(is_real[order])
        f1 = 2.0 * hits / (np.arange(1, len(order) + 1) + is_real.sum())
        self._threshold = float(votes[order[int(np.argmax(f1))]]) if self.FIXED is None else self.FIXED

    def _quiet(self, now: int) -> NDArray[np.int64]:
        """Peaks, below the budget's bar, of past excursions that no label touches."""
        past = self._peaks[self._time[self._peaks[:, 1]] < now]
        past = past[self._sight.above[past[:, 0]] < 0.0, 0]
        keep = np.ones(len(past), np.bool_)
        for _, label, series in self._labels:
            time = self._time[past]
            keep &= ~((self._sight.series[past] == series) & (time >= label.start) & (time < label.end))
        return past[keep]


def _forest_class() -> Any:
    try:
        from sklearn.ensemble import RandomForestClassifier
    except ImportError:
        raise SystemExit(
            "the random forest of the feedback benchmark needs scikit-learn; install it (pip install scikit-learn) "
            "or leave it out with --without random_forest"
        ) from None
    return RandomForestClassifier
