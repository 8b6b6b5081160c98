"""Feasibility: will the needed level be reached with today's rows, with more, or never?"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from watchkeeper.assess.curves import MIN_ANCHORS, Curve, extrapolate, ill_behaved, rows_needed
from watchkeeper.assess.frame import Frame
from watchkeeper.assess.learners import LEARNERS, fit
from watchkeeper.assess.metrics import error, to_error
from watchkeeper.assess.record import Assessment, Costs
from watchkeeper.assess.report import Part, Plot, Table, Verdict, number, percent
from watchkeeper.assess.splits import clusters, resamples

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

ANCHORS = 8
MORE = (1, 2, 4, 10)
MODELS = ("linear", "boosting")
TOLD_ROWS = 4000
Report = Callable[[int, int], None]


@dataclass(frozen=True)
class Learned:
    """The curve of one learner, and `told_error`, the standard error that the choice of the rows told leaves."""

    learner: str
    curve: Curve
    told_error: float


def learning_curves(
    frame: Frame, metric: str, costs: Costs, seed: int = 0, report: Report = lambda done, total: None
) -> list[Learned]:
    """Errors at eight sizes, each the mean of 3 to 6 draws from the earlier rows, all told of the last 30 %.

    Without a time the rows told are random ones.
    """
    rng = np.random.default_rng(seed)
    order = np.arange(len(frame)) if frame.time is not None else rng.permutation(len(frame))
    split = int(0.7 * len(frame))
    pool, after = order[:split], order[split:]
    if len(after) > TOLD_ROWS:
        after = np.sort(rng.choice(after, TOLD_ROWS, replace=False))
    test = frame.take(after)
    least = max(24, 8 * max(len(frame.classes), 1))
    if split < 2 * least or (frame.task == "binary" and len(np.unique(test.target)) < 2):
        return []
    sizes = np.unique(np.geomspace(least, split, ANCHORS).astype(int))
    draws = [int(np.clip(6000 // size, 3, 6)) for size in sizes]
    total, done = len(MODELS) * sum(draws), 0
    found = []
    for learner in MODELS:
        means, spreads, last = [], [], np.empty(0)
        for size, times in zip(sizes, draws, strict=True):
            each: list[float] = []
            for _ in range(times):
                rows = np.sort(rng.choice(pool, size, replace=False))
                last = fit(learner, frame.take(rows), seed)[0](test)
                each.append(error(metric, test.target, last, costs))
                done += 1
                report(done, total)
            means.append(float(np.mean(each)))
            spreads.append(float(np.std(each, ddof=1)) / math.sqrt(times))
        # The largest draws share nearly all rows, so they agree more than new data would.
        floor = np.median(spreads) * np.sqrt(sizes[len(sizes) // 2] / sizes)
        curve = Curve(sizes.astype(np.float64), np.array(means), np.maximum(spreads, floor))
        found.append(Learned(learner, curve, _told_error(test, last, metric, costs, seed)))
    return found


def _told_error(test: Frame, told: Floats, metric: str, costs: Costs, seed: int) -> float:
    each = [
        error(metric, test.target, told, costs, weight)
        for weight in resamples(clusters(test), 60, seed)
        if test.task != "binary" or len(np.unique(test.target[weight > 0])) == 2
    ]
    return float(np.std(each)) if each else 0.0


@dataclass(frozen=True)
class Ceiling:
    """What rows with the same inputs say: `rows` of them, and how often two of the same inputs differ in the target."""

    rows: int
    differ: float


def ceiling(frame: Frame) -> Ceiling | None:
    """Rows that are alike in every column, and how their targets differ; None where fewer than 50 rows have a twin."""
    if frame.task == "number" or not len(frame.names):
        return None
    code = np.unique(np.nan_to_num(frame.values, nan=-1e300), axis=0, return_inverse=True)[1].ravel()
    size = np.bincount(code)
    twins = size[code] >= 2
    if twins.sum() < 50:
        return None
    label = frame.target.astype(np.int64)
    same = np.zeros(len(size))
    for one in np.unique(label):
        count = np.bincount(code[label == one], minlength=len(size))
        same += count * (count - 1.0)
    pairs = size * (size - 1.0)
    has = size >= 2
    differ = 1.0 - same[has] / pairs[has]
    return Ceiling(int(twins.sum()), float(np.average(differ, weights=size[has])))


def label_noise(frame: Frame, told: Floats, rows: Ints) -> float | None:
    """The share of rows whose label a model that did not see them contradicts with confidence.

    Confident learning (Northcutt, Jiang and Chuang, JAIR 2021): a row counts where the probability of another class is
    above the mean probability which rows of that class have for it, and that class is the likeliest.
    """
    if frame.task == "number":
        return None
    label = frame.target[rows].astype(np.int64)
    chance = told if told.ndim == 2 else np.column_stack([1 - told, told])
    bar = np.array(
        [chance[label == one, one].mean() if (label == one).any() else 1.0 for one in range(chance.shape[1])]
    )
    sure = np.where(chance >= np.maximum(bar, 1.0 / chance.shape[1]), chance, -1.0)
    best = sure.argmax(axis=1)
    return float(np.mean((sure.max(axis=1) > 0.5) & (best != label) & (chance[np.arange(len(label)), best] > 0.9)))


def feasibility_part(
    record: Assessment, frame: Frame, metric: str, learned: list[Learned], told: Floats | None, rows: Ints
) -> Part:
    """Curves, what they foresee, and the chance of the level that is needed."""
    if not learned or all(len(one.curve.size) < MIN_ANCHORS for one in learned):
        return Part(
            key="feasibility",
            title="Feasibility",
            verdict="unknown",
            headline=f"{len(frame):,} rows are too few for a learning curve.",
            reasons=("Bring more rows, or state what is expected of the columns under `expect`.",),
        )
    today = frame.total
    at = np.array([float(today * more) for more in MORE])
    foreseen = {one.learner: _foresee(one, at) for one in learned}
    ill = {one.learner: ill_behaved(one.curve) for one in learned}
    best = min(learned, key=lambda one: foreseen[one.learner].expected[0])
    reasons = []
    for one in learned:
        expected = foreseen[one.learner]
        reasons.append(
            f"{LEARNERS[one.learner].capitalize()}: {metric} {number(to_error(metric, one.curve.error[-1]))} at "
            f"{one.curve.size[-1]:,.0f} rows; {_band(metric, expected, 0)} foreseen at all {today:,}, "
            f"{_band(metric, expected, len(MORE) - 1)} at ten times as many."
        )
        if ill[one.learner]:
            reasons.append(f"Its curve is ill-behaved: {ill[one.learner]}. Trust what is foreseen less.")
    verdict, headline, facts = _level(record, metric, best, foreseen[best.learner], today)
    if ill[best.learner] and verdict == "good":
        verdict = "care"
    top = ceiling(frame)
    if top is not None:
        reasons.append(
            f"{top.rows:,} rows have the very inputs of another; two of the same inputs differ in "
            f"{percent(top.differ)} of pairs, so on those no model of these columns is right in more than "
            f"{percent(1 - top.differ / 2)}."
        )
    noise = None if told is None else label_noise(frame, told, rows)
    if noise is not None:
        reasons.append(
            f"About {percent(noise)} of labels are contradicted by a model that is sure; look at some by hand: "
            "wrong labels put a floor under every error."
        )
    return Part(
        key="feasibility",
        title="Feasibility",
        verdict=verdict,
        headline=headline,
        reasons=tuple(reasons),
        uncertainty=(
            "Errors are extrapolated by the median of three families of power laws; bands hold the truth nine times in "
            "ten on the curves of `python -m benchmarks.assess_curves`. They hold as long as new rows are like these."
        ),
        tables=(_table(metric, learned, foreseen, record),),
        plot=_plot(record, metric, learned, at),
        facts=facts | {"label_noise": noise, "ill_behaved": ill},
    )


@dataclass(frozen=True)
class Foreseen:
    """Expected errors at some sizes, with a scale that holds the choice of the rows told too."""

    at: Floats
    expected: Floats
    scale: Floats

    def chance(self, needed: float) -> Floats:
        """The probability that the error is at most `needed`."""
        away = (needed - self.expected) / (self.scale * math.sqrt(2))
        return np.array([0.5 * (1 + math.erf(float(one))) for one in away])


def _foresee(learned: Learned, at: Floats) -> Foreseen:
    told = extrapolate(learned.curve, at)
    return Foreseen(at, told.expected, np.hypot(told.scale, learned.told_error))


def _as_facts(metric: str, foreseen: Foreseen) -> dict[str, object]:
    """What is foreseen on today's rows, to be held against what will be achieved."""
    middle, half = float(foreseen.expected[0]), 1.645 * float(foreseen.scale[0])
    lower, upper = sorted(to_error(metric, value) for value in (max(middle - half, 0.0), middle + half))
    return {"metric": metric, "expected": to_error(metric, middle), "lower": lower, "upper": upper}


def _band(metric: str, foreseen: Foreseen, place: int) -> str:
    middle, half = float(foreseen.expected[place]), 1.645 * float(foreseen.scale[place])
    edges = sorted(to_error(metric, value) for value in (max(middle - half, 0.0), middle + half))
    return f"{number(to_error(metric, middle))} ({number(edges[0])} to {number(edges[1])})"


def _level(
    record: Assessment, metric: str, best: Learned, foreseen: Foreseen, today: int
) -> tuple[Verdict, str, dict[str, object]]:
    name = LEARNERS[best.learner]
    facts: dict[str, object] = {
        "learner": best.learner,
        "expected_today": to_error(metric, float(foreseen.expected[0])),
        "expected_tenfold": to_error(metric, float(foreseen.expected[-1])),
        "foreseen_today": _as_facts(metric, foreseen),
    }
    if record.level is None:
        gain = float(foreseen.expected[0] - foreseen.expected[-1])
        more = "more rows would help" if gain > 2 * float(foreseen.scale[0]) else "more rows would help little"
        words = f"{name.capitalize()} reaches a {metric} of {_band(metric, foreseen, 0)} on all rows; {more}."
        return "unknown", f"{words} Name the level that is needed to get its chance.", facts
    needed = to_error(metric, record.level)
    chance = foreseen.chance(needed)
    facts["chance"] = {str(more): float(one) for more, one in zip(MORE, chance, strict=True)}
    enough = rows_needed(best.curve, needed, most=max(today * 1000.0, 1e6))
    facts["rows_needed"] = enough
    odds = percent(float(chance[0]), 0)
    said = f"{metric} {number(record.level)} is reached with {odds} chance on today's {today:,} rows"
    if chance[0] >= 0.8:
        return "good", f"{said} ({name}).", facts
    if enough is None:
        return "stop", f"{said}, and not foreseen at any number of rows with these columns ({name}).", facts
    more_words = f"; even odds at about {enough:,.0f} rows ({name})" if enough > today else f" ({name})"
    verdict: Verdict = "care" if chance[0] >= 0.2 or chance[-1] >= 0.5 else "stop"
    return verdict, f"{said}, {percent(float(chance[-1]), 0)} with ten times as many{more_words}.", facts


def _table(metric: str, learned: list[Learned], foreseen: dict[str, Foreseen], record: Assessment) -> Table:
    rows = []
    for one in learned:
        told = foreseen[one.learner]
        chance = told.chance(to_error(metric, record.level)) if record.level is not None else None
        for place, more in enumerate(MORE):
            odds = "–" if chance is None else percent(float(chance[place]), 0)
            rows.append((LEARNERS[one.learner], f"{told.at[place]:,.0f} (× {more})", _band(metric, told, place), odds))
    return Table("What is foreseen", ("learner", "rows", f"{metric} (90 % band)", "chance of the level"), tuple(rows))


def _plot(record: Assessment, metric: str, learned: list[Learned], at: Floats) -> Plot:
    rows = []
    for one in learned:
        for size, value, spread in zip(one.curve.size, one.curve.error, one.curve.spread, strict=True):
            rows.append(_point(metric, one.learner, float(size), float(value), 1.645 * float(spread), True))
        wide = np.geomspace(float(one.curve.size[0]), float(at[-1]), 24)
        told = _foresee(one, wide)
        rows += [
            _point(metric, one.learner, float(size), float(value), 1.645 * float(scale), False)
            for size, value, scale in zip(wide, told.expected, told.scale, strict=True)
        ]
    return Plot(
        kind="curve",
        title=f"{metric} against rows learned from: points are measured, lines and 90 % bands foreseen",
        rows=tuple(rows),
        x="rows",
        y=metric,
        rule=record.level,
        log_x=True,
    )


def _point(metric: str, learner: str, size: float, value: float, half: float, seen: bool) -> dict[str, object]:
    edges = sorted(to_error(metric, edge) for edge in (max(value - half, 0.0), value + half))
    return {
        "series": LEARNERS[learner],
        "x": size,
        "value": to_error(metric, value),
        "lower": edges[0],
        "upper": edges[1],
        "seen": seen,
    }
