"""What changes when a column is withheld: the best model learns without it, and tells the same rows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from watchkeeper.assess.frame import Frame
from watchkeeper.assess.heuristics import Trials, paired_draws
from watchkeeper.assess.learners import IS_RULE, fit
from watchkeeper.assess.metrics import LESS_IS_BETTER, error, to_error
from watchkeeper.assess.record import Assessment
from watchkeeper.assess.report import Plot, Table, number

ROWS = 5000
"""The model is learned once for each column: at most so many rows, the newest, bound what that takes."""
LEARNED_SHARE = 0.7
MOST_COLUMNS = 60


@dataclass(frozen=True)
class Withheld:
    """Columns left out together: how much the error rises, and the paired 90 % interval of that."""

    name: str
    columns: tuple[str, ...]
    rise: float
    lower: float
    upper: float

    @property
    def words(self) -> str:
        """What that means."""
        if self.lower > 0:
            return "surely worse without"
        return "surely better without" if self.upper < 0 else "no sure difference"


def base_columns(frame: Frame) -> tuple[str, ...]:
    """The columns that are learned from, as the data names them."""
    return tuple(dict.fromkeys(name.split(" · ")[0] for name in frame.names))


def withhold(
    record: Assessment, small: Frame, trials: Trials, groups: dict[str, tuple[str, ...]], seed: int = 0
) -> list[Withheld]:
    """For each group of columns, under its name, what the metric loses; in the order given, as far as one can tell.

    Learned from the earlier part of the newest rows (a random part without a time), told of the rest. Groups that
    leave nothing to learn from are left out.
    """
    rows = small.take(np.arange(max(len(small) - ROWS, 0), len(small)))
    order = np.arange(len(rows)) if rows.time is not None else np.random.default_rng(seed).permutation(len(rows))
    split = int(LEARNED_SHARE * len(rows))
    past, after = np.sort(order[:split]), np.sort(order[split:])
    model = trials.best_model
    if model in IS_RULE or len(past) < 50 or (rows.task == "binary" and len(np.unique(rows.target[after])) < 2):
        return []
    test = rows.take(after)
    told = {"": fit(model, rows.take(past), seed)[0](test)}
    for name, columns in groups.items():
        rest = rows.without(set(columns))
        if rest.names:
            told[name] = fit(model, rest.take(past), seed)[0](rest.take(after))
    draws = paired_draws(test, told, trials.metric, record.costs, seed)
    point = {name: error(trials.metric, test.target, said, record.costs) for name, said in told.items()}
    found = []
    for name, columns in groups.items():
        if name in told:
            lower, upper = np.quantile(draws[name] - draws[""], [0.05, 0.95])
            found.append(Withheld(name, columns, point[name] - point[""], float(lower), float(upper)))
    return found


def withheld_table(metric: str, found: list[Withheld], marks: dict[str, str]) -> Table:
    """A row a column; `marks` says of some what is special about them."""
    rows = []
    for one in found:
        change, edges = changed(metric, one)
        rows.append((one.name, marks.get(one.name, ""), change, edges, one.words))
    return Table(
        "What changes when a column is withheld", ("withheld", "", f"{metric} changes by", "90 %", ""), tuple(rows)
    )


def changed(metric: str, one: Withheld) -> tuple[str, str]:
    """The change of the metric itself, with its sign, and the interval of it."""
    sign = 1.0 if metric in LESS_IS_BETTER else -1.0
    low, high = sorted((sign * one.lower, sign * one.upper))
    return f"{sign * one.rise:+.3g}", f"{low:+.3g} to {high:+.3g}"


def withheld_plot(metric: str, found: list[Withheld], most: int = 15) -> Plot | None:
    """The changes that are largest, with their intervals; the line is no change."""
    if not found:
        return None
    sign = 1.0 if metric in LESS_IS_BETTER else -1.0
    shown = sorted(found, key=lambda one: -abs(one.rise))[:most]
    rows = []
    for one in shown:
        low, high = sorted((sign * one.lower, sign * one.upper))
        rows.append({"name": one.name, "value": sign * one.rise, "lower": low, "upper": high})
    return Plot(
        kind="intervals",
        title=f"How {metric} changes when a column is withheld, 90 % intervals; the line is no change",
        rows=tuple(rows),
        x=f"change of {metric}",
        rule=0.0,
    )


def lost(metric: str, before: float, one: Withheld) -> str:
    """In words: from what to what the metric goes."""
    edges = sorted(to_error(metric, before + rise) for rise in (one.lower, one.upper))
    return (
        f"{metric} goes from {number(to_error(metric, before))} to {number(to_error(metric, before + one.rise))} "
        f"({number(edges[0])} to {number(edges[1])})"
    )
