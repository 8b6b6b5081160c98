"""The right metric: what each rewards at the true base rate, and the operating point that stated costs lead to."""

from __future__ import annotations

import numpy as np

from watchkeeper.assess.frame import Frame
from watchkeeper.assess.heuristics import Trials
from watchkeeper.assess.metrics import OF_TASK, REWARDS, error, threshold, to_error
from watchkeeper.assess.record import Assessment, Costs
from watchkeeper.assess.report import Part, Plot, Table, Verdict, number, percent


def metric_part(record: Assessment, small: Frame, trials: Trials) -> Part:
    """Candidates beside one another for “always the same” and the best model; costs, and the threshold that follows."""
    rows = small.take(trials.rows)
    model = trials.best_model
    lines = []
    for name in OF_TASK[rows.task]:
        values = [
            to_error(name, error(name, rows.target, trials.told[who], record.costs)) for who in ("constant", model)
        ]
        lines.append((name + (" (chosen)" if name == trials.metric else ""), *map(number, values), REWARDS[name]))
    tables = [
        Table("Candidates at the true base rate", ("metric", "always the same", "the model", "rewards"), tuple(lines))
    ]
    if rows.task != "binary":
        return Part(
            key="metric",
            title="The right metric",
            verdict="good",
            headline=f"Judged by {trials.metric}: it rewards {REWARDS[trials.metric]}.",
            reasons=("Costs of errors are asked for where the target is a yes or no.",),
            uncertainty=f"On {len(rows):,} rows told.",
            tables=tuple(tables),
            plot=_distances(rows.target, trials.told[model]) if rows.task == "number" else _rights(small, rows, trials),
            facts={"metric": trials.metric},
        )
    base = float(small.target.mean())
    costs, bar = record.costs, threshold(record.costs)
    told = trials.told[model]
    at = _costs_by_threshold(rows.target, told, costs)
    best_bar, best_cost = min(at, key=lambda pair: pair[1])
    never, always = base * costs.false_negative, (1 - base) * costs.false_positive
    now = float(np.interp(bar, [one for one, _ in at], [cost for _, cost in at]))
    said = told >= bar
    hits = float((said & (rows.target == 1)).sum())
    precision = hits / max(float(said.sum()), 1.0)
    recall = hits / max(float((rows.target == 1).sum()), 1.0)
    are_stated = costs != Costs()
    reasons = [
        f"{percent(base)} of rows are {small.classes[1]}: saying “no” always is right in {percent(1 - base)} of "
        f"them, so "
        f"accuracy alone tells {'nothing' if base < 0.1 or base > 0.9 else 'little'}.",
        f"With a false yes at {number(costs.false_positive)} and a false no at {number(costs.false_negative)} "
        f"{costs.currency}, say yes from a probability of {percent(bar)} on: then {percent(float(said.mean()))} "
        f"of rows get a "
        f"yes, {percent(precision)} of those rightly, and {percent(recall)} of the real ones are found.",
        f"A row then costs {number(now)} {costs.currency}, against {number(never)} for never saying yes and "
        f"{number(always)} for always saying it.",
    ]  # fmt: skip
    is_off = best_cost < 0.95 * now
    if is_off:
        reasons.append(
            f"The model's probabilities are off: on these rows {percent(best_bar)} would cost least "
            f"({number(best_cost)}). "
            "Calibrate it before costs decide."
        )
    verdict: Verdict = "good" if are_stated and now < min(never, always) and not is_off else "care"
    if not are_stated:
        headline = (
            f"Judged by {trials.metric}; say what a false yes and a false no cost (`costs`), and the threshold follows."
        )
    elif now >= min(never, always):
        headline = f"At these costs the model does not beat {'never' if never <= always else 'always'} saying yes."
    else:
        headline = f"Say yes from a probability of {percent(bar)} on: that costs {number(now)} {costs.currency} a row."
    return Part(
        key="metric",
        title="The right metric",
        verdict=verdict,
        headline=headline,
        reasons=tuple(reasons),
        uncertainty=f"On {len(rows):,} rows told, {int(rows.target.sum()):,} of them {small.classes[1]}.",
        tables=tuple(tables),
        plot=Plot(
            kind="line",
            title=f"Cost of a row ({costs.currency}) against the probability from which yes is said",
            rows=tuple({"series": "cost", "x": one, "value": cost} for one, cost in at),
            x="threshold",
            y="cost of a row",
        ),
        facts={"metric": trials.metric, "base_rate": base, "threshold": bar, "cost": now, "recall": recall},
    )


def _costs_by_threshold(target: np.ndarray, told: np.ndarray, costs: Costs) -> list[tuple[float, float]]:
    found = []
    for bar in np.linspace(0.01, 0.99, 50):
        said = told >= bar
        wrong_yes, wrong_no = float((said & (target == 0)).mean()), float((~said & (target == 1)).mean())
        found.append((float(bar), costs.false_positive * wrong_yes + costs.false_negative * wrong_no))
    return found


def _distances(target: np.ndarray, told: np.ndarray) -> Plot:
    """How far the model is off: mae is the middle of this, rmse is drawn by its end."""
    shares = np.linspace(0.05, 0.99, 48)
    away = np.quantile(np.abs(target - told), shares)
    return Plot(
        kind="line",
        title="How far predictions are off at most, for each share of the rows: rmse is made by the right end",
        rows=tuple(
            {"series": "off", "x": float(share), "value": float(one)} for share, one in zip(shares, away, strict=True)
        ),
        x="share of rows",
        y="off by at most",
    )


def _rights(small: Frame, rows: Frame, trials: Trials) -> Plot:
    """The share that is right in each class: accuracy weighs it by rows, balanced accuracy alike."""
    said = trials.told[trials.best_model].argmax(axis=1)
    return Plot(
        kind="bars",
        title="Share told rightly of each class: balanced accuracy weighs them alike, accuracy by their rows",
        rows=tuple(
            {"name": f"{name} ({int((rows.target == code).sum()):,} rows)",
             "value": float((said[rows.target == code] == code).mean())}
            for code, name in enumerate(small.classes)
            if (rows.target == code).any()
        ),
        x="right",
        percent=True,
    )  # fmt: skip
