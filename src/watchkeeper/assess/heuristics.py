"""Heuristic first: is a model better than a rule, on rows that came after those it learned from?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from watchkeeper.assess.frame import Frame
from watchkeeper.assess.learners import IS_RULE, LEARNERS, fit, fits
from watchkeeper.assess.metrics import LESS_IS_BETTER, error, to_error
from watchkeeper.assess.record import Costs
from watchkeeper.assess.report import Part, Plot, Table, number
from watchkeeper.assess.splits import clusters, folds, how, resamples

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

RESAMPLES = 200


@dataclass(frozen=True)
class Trial:
    """One candidate on all rows told: its error, the 90 % interval, and the interval of its distance to the best."""

    name: str
    words: str
    error: float
    lower: float
    upper: float
    behind: tuple[float, float]

    @property
    def is_as_good(self) -> bool:
        """Whether its distance to the best may be nothing."""
        return self.behind[0] <= 0.0


@dataclass(frozen=True)
class Trials:
    """All candidates on the same rows. `rows` are places in the frame, `told` what each candidate said of them."""

    metric: str
    rows: Ints
    told: dict[str, Floats]
    trials: tuple[Trial, ...]

    @property
    def best(self) -> Trial:
        """The one with the smallest error."""
        return min(self.trials, key=lambda one: one.error)

    @property
    def to_ship(self) -> Trial:
        """The simplest one that is not surely worse than the best."""
        return next(one for one in self.trials if one.is_as_good)

    @property
    def best_model(self) -> str:
        """The better of linear model and boosting; the best of all where neither was tried."""
        models = [one for one in self.trials if one.name not in IS_RULE]
        return min(models or self.trials, key=lambda one: one.error).name


def run_trials(frame: Frame, metric: str, costs: Costs, seed: int = 0) -> Trials:
    """Fit every candidate in every fold, and compare on the same rows, whole clusters resampled."""
    names = fits(frame)
    told: dict[str, list[Floats]] = {name: [] for name in names}
    words: dict[str, str] = {}
    places: list[Ints] = []
    for past, after in folds(frame, seed):
        train, test = frame.take(past), frame.take(after)
        if len(past) < 10:
            continue
        places.append(after)
        for name in names:
            learned, words[name] = fit(name, train, seed)
            told[name].append(learned(test))
    rows = np.concatenate(places)
    whole = {name: np.concatenate(parts) for name, parts in told.items()}
    return Trials(metric, rows, whole, _compare(frame.take(rows), whole, words, metric, costs, seed))


def paired_draws(rows: Frame, told: dict[str, Floats], metric: str, costs: Costs, seed: int = 0) -> dict[str, Floats]:
    """The error of each candidate in each bootstrap sample of whole clusters, the same samples for all of them."""
    draws: dict[str, list[float]] = {name: [] for name in told}
    for weight in resamples(clusters(rows), RESAMPLES, seed):
        if rows.task == "binary" and len(np.unique(rows.target[weight > 0])) < 2:
            continue
        for name, said in told.items():
            draws[name].append(error(metric, rows.target, said, costs, weight))
    return {name: np.array(drawn or [error(metric, rows.target, told[name], costs)]) for name, drawn in draws.items()}


def _compare(
    rows: Frame, told: dict[str, Floats], words: dict[str, str], metric: str, costs: Costs, seed: int
) -> tuple[Trial, ...]:
    point = {name: error(metric, rows.target, said, costs) for name, said in told.items()}
    best = min(point, key=lambda name: point[name])
    draws = paired_draws(rows, told, metric, costs, seed)
    found = []
    for name, each in draws.items():
        lower, upper = np.quantile(each, [0.05, 0.95])
        edges = np.quantile(each - draws[best], [0.05, 0.95])
        found.append(
            Trial(name, words[name], point[name], float(lower), float(upper), (float(edges[0]), float(edges[1])))
        )
    return tuple(found)


def heuristics_part(frame: Frame, trials: Trials) -> Part:
    """What the trials say: ship the rule, or the model earns its keep."""
    best, ship = trials.best, trials.to_ship
    metric = trials.metric
    is_rule = ship.name in IS_RULE

    def told(value: float) -> str:
        return number(to_error(metric, value))

    rules = [one for one in trials.trials if one.name in IS_RULE]
    best_rule = min(rules, key=lambda one: one.error)
    reasons = [
        f"Best of all: {LEARNERS[best.name]} ({best.words}), {metric} {told(best.error)}.",
        f"Best rule: {LEARNERS[best_rule.name]} ({best_rule.words}), {metric} {told(best_rule.error)}.",
    ]
    if is_rule:
        verdict = "care"
        headline = f"Ship the rule: {LEARNERS[ship.name]} ({ship.words}) is within noise of the best."
        if ship.name == "constant":
            headline = "Nothing beats a constant: these columns do not tell the target."
    else:
        verdict = "good"
        headline = (
            f"A model earns its keep: {metric} {told(ship.error)} with {LEARNERS[ship.name]}, "
            f"{told(best_rule.error)} with the best rule."
        )
        if ship is not best:
            reasons.append(f"{LEARNERS[best.name].capitalize()} is not surely better than {LEARNERS[ship.name]}.")
    ordered = [
        (
            LEARNERS[one.name],
            one.words,
            told(one.error),
            _interval(metric, one.lower, one.upper),
            "the best" if one is best else ("within noise" if one.is_as_good else f"{_by(one)} worse"),
        )
        for one in trials.trials
    ]
    columns = ("candidate", "what it does", metric, "90 %", "to the best")
    plot = Plot(
        kind="intervals",
        title=f"{metric} of each candidate, 90 % intervals",
        x=metric,
        rows=tuple(
            {
                "name": LEARNERS[one.name],
                "value": to_error(metric, one.error),
                "lower": to_error(metric, one.lower),
                "upper": to_error(metric, one.upper),
            }
            for one in trials.trials
        ),
    )
    return Part(
        key="heuristics",
        title="Heuristic first",
        verdict=verdict,  # type: ignore[arg-type]
        headline=headline,
        reasons=tuple(reasons),
        uncertainty=(
            f"Measured on {len(trials.rows):,} rows {how(frame)}. Intervals are 90 %, from {RESAMPLES} resamples of "
            "whole entities or days; differences are paired, on the same rows."
        ),
        tables=(Table("Candidates, the simplest first", columns, tuple(ordered)),),
        plot=plot,
        facts={
            "metric": metric,
            "ship": ship.name,
            "best": best.name,
            "candidates": {one.name: to_error(metric, one.error) for one in trials.trials},
        },
    )  # fmt: skip


def _by(one: Trial) -> str:
    return f"{number(max(one.behind[0], 0.0))} to {number(one.behind[1])}"


def _interval(metric: str, lower: float, upper: float) -> str:
    edges = (lower, upper) if metric in LESS_IS_BETTER else (to_error(metric, upper), to_error(metric, lower))
    return f"{number(edges[0])} to {number(edges[1])}"
