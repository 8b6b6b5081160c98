"""Who takes part in the feedback benchmark: Watchkeeper's triage, a learner that only moves thresholds, and a random
forest.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.feedback_stream import DEEPEST, WEEK_S, Team
from watchkeeper.domain.feedback import Label
from watchkeeper.learn.triage import Triage, learn_from
from watchkeeper.learn.triage_looks import Sight, look, sample


def sight_of(team: Team) -> Sight:
    """The looks of every row of a team."""
    base = np.full(team.points.series, team.base)
    return look(team.points, team.judged, team.settings.step, base)


class WithTriage:
    """Watchkeeper: `learn.learn_from`, made anew from all labels after each answer, exactly as the product makes it."""

    def __init__(self, team: Team, sight: Sight) -> None:
        self._base, self._sight = team.base, sight
        self._labels: list[tuple[int, Label]] = []
        self._learned: Triage | None = None

    def bars(self, rows: NDArray[np.int64]) -> NDArray[np.float64]:
        """The budget's bar and what the answers so far add to it."""
        if self._learned is None:
            until = self._labels[-1][1].given_at if self._labels else None
            self._learned = learn_from(self._sight, self._labels, until=until)
        return self._base + self._learned.above(self._sight, rows)

    def hear(self, series: int, label: Label) -> None:
        """Note the answer; the model is made when next asked."""
        self._labels.append((series, label))
        self._learned = None


class ThresholdOnly:
    """Moves a threshold and nothing else: one per series, drawn to the team's, drawn to the budget's.

    The threshold of a series is the one with the fewest mistakes on its labelled alerts and missed windows, a false
    alert and a miss counting alike; the team's mistakes at that threshold, scaled to `STRENGTH` answers, and a little
    of its distance from the budget's bar count too, so that one answer does not swing it and ties stay put.
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

    Its features are the looks that triage sees and the score. It learns from the alerts that were answered and the
    windows that were reported, and tells what it holds for real with a probability of at least one half. Until it has
    heard of both kinds the bar of the budget decides. Of the variants tried it is the strongest: taking unlabelled
    excursions for normal (as the paper can, whose operators label everything), balanced classes, a threshold from
    out-of-bag votes, and rows more than `FLOOR` decades below the bar all cost it F1 on cloud.parquet.
    """

    TREES = 100
    FLOOR = 1.0

    def __init__(self, team: Team, sight: Sight, *, seed: int = 0) -> None:
        self._forest_class = forest_class()
        self._base, self._sight, self._seed, self._time = team.base, sight, seed, team.points.time
        self._rows: list[int] = []
        self._is_real: list[bool] = []
        self._forest: Any = None
        self._week = self._trained_with = 0

    def bars(self, rows: NDArray[np.int64]) -> NDArray[np.float64]:
        """Minus infinity where the forest tells, infinity where it does not."""
        result = np.empty(len(rows))
        weeks = (self._time[rows] - self._time.min()) // WEEK_S
        order = np.argsort(weeks, kind="stable")
        for part in np.split(order, np.flatnonzero(np.diff(weeks[order])) + 1):
            self._retrain(int(weeks[part[0]]))
            if self._forest is None:
                result[part] = self._base
                continue
            is_told = self._sight.above[rows[part]] >= -self.FLOOR
            is_told &= self._forest.predict_proba(self._inputs(rows[part]))[:, 1] >= 0.5
            result[part] = np.where(is_told, -np.inf, np.inf)
        return result

    def hear(self, series: int, label: Label) -> None:
        """Note the answer for the next weekly training."""
        row = sample(self._sight, series, label, label.given_at)
        if row is not None:
            self._rows.append(row)
            self._is_real.append(label.is_real)

    def _inputs(self, rows: NDArray[np.int64]) -> NDArray[np.float64]:
        return np.column_stack([self._sight.column[rows, :12], np.clip(self._sight.above[rows], -5.0, 50.0)])

    def _retrain(self, week: int) -> None:
        """Train with all that was heard before this week, once a week."""
        if week <= self._week:
            return
        self._week = week
        if len(set(self._is_real)) == 2 and len(self._rows) > self._trained_with:
            self._trained_with = len(self._rows)
            self._forest = self._forest_class(n_estimators=self.TREES, min_samples_leaf=2, random_state=self._seed)
            self._forest.fit(self._inputs(np.array(self._rows)), np.array(self._is_real))


def forest_class() -> Any:
    """scikit-learn's random forest; SystemExit with the mend where it is not installed."""
    try:
        from sklearn.ensemble import RandomForestClassifier
    except ImportError:
        raise SystemExit(
            "the random forest of the feedback benchmark needs scikit-learn; install it (pip install scikit-learn) "
            "or leave it out with --without random_forest"
        ) from None
    return RandomForestClassifier
