"""Opportunity: who would get value, how often, against what they have today, and who never has enough history."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from watchkeeper.assess.frame import DAY_S, Frame
from watchkeeper.assess.heuristics import Trials
from watchkeeper.assess.learners import LEARNERS
from watchkeeper.assess.metrics import error, row_loss, to_error
from watchkeeper.assess.record import Assessment
from watchkeeper.assess.report import Part, Plot, Table, Verdict, number, percent

MONTH_S = 30 * DAY_S
ADOPTION = (0.1, 0.25, 0.5, 1.0)
TOP = 0.1


def gini(counts: NDArray[np.int64]) -> float:
    """How unequal counts are: 0 alike, near 1 all with one."""
    ordered = np.sort(counts).astype(np.float64)
    n = len(ordered)
    place = np.arange(1, n + 1)
    return float((2 * (place * ordered).sum() / (n * ordered.sum())) - (n + 1) / n)


def opportunity_part(record: Assessment, frame: Frame, small: Frame, trials: Trials) -> Part:
    """`frame` holds all rows, `small` those of the trials; gains are per row and scaled to a month."""
    metric = trials.metric
    baseline = "today" if "today" in trials.told else min(
        (one for one in trials.trials if one.name not in ("linear", "boosting")), key=lambda one: one.error
    ).name  # fmt: skip
    model = trials.best_model
    rows = small.take(trials.rows)
    better = row_loss(rows.task, rows.target, trials.told[baseline], record.costs) - row_loss(
        rows.task, rows.target, trials.told[model], record.costs
    )
    gain = float(better.mean())
    half = 1.645 * float(better.std()) / np.sqrt(max(len(better), 1))
    monthly = record.per_month or rows_a_month(frame)
    what = "distance per row" if rows.task == "number" else "rows told wrongly"
    errors = {name: error(metric, rows.target, trials.told[name], record.costs) for name in (baseline, model)}
    reasons = [
        f"Against {'what is done today' if baseline == 'today' else LEARNERS[baseline]}: {metric} "
        f"{number(to_error(metric, errors[baseline]))} becomes {number(to_error(metric, errors[model]))} "
        f"with {LEARNERS[model]}.",
    ]
    if baseline != "today":
        reasons.append("Name the column with what is predicted today (`today`) to compare with that.")
    facts: dict[str, object] = {"baseline": baseline, "gain_per_row": gain, "rows_per_month": monthly}
    tables: list[Table] = []
    if monthly:
        unit = "" if rows.task == "number" else " fewer rows told wrongly"
        reasons.append(f"About {monthly:,.0f} rows a month ({record.row}).")
        lines = []
        for share in ADOPTION:
            low, high = (gain - half) * monthly * share, (gain + half) * monthly * share
            lines.append(
                (
                    percent(share, 0),
                    f"{monthly * share:,.0f}",
                    f"{gain * monthly * share:,.0f}{unit}",
                    f"{low:,.0f} to {high:,.0f}",
                )
            )
        tables.append(Table("What a month brings, by adoption", ("adoption", "rows", "gain", "90 %"), tuple(lines)))
    plot = None
    tail = 0.0
    if frame.entity is not None:
        counts = np.bincount(frame.entity[frame.entity >= 0])
        counts = np.sort(counts[counts > 0])[::-1]
        tail = float((counts < record.enough_history).mean())
        top = max(int(TOP * len(counts)), 1)
        share = float(counts[:top].sum() / counts.sum())
        reasons.append(
            f"{len(counts):,} of {record.entity}, {number(float(np.median(counts)))} rows each in the middle; the "
            f"busiest "
            f"tenth has {percent(share, 0)} of all rows (Gini {gini(counts):.2f})."
        )
        reasons.append(
            f"{percent(tail)} of {record.entity} have fewer than {record.enough_history} rows, the history that "
            f"is said to "
            "be enough: they get no more than the average."
        )
        steps = np.unique(np.linspace(0, len(counts) - 1, 40).astype(int))
        whole = np.cumsum(counts) / counts.sum()
        plot = Plot(
            kind="line",
            title=f"Share of rows that the busiest share of {record.entity} has",
            rows=tuple(
                {"series": "rows", "x": (step + 1) / len(counts), "value": float(whole[step])} for step in steps
            ),
            x=f"share of {record.entity}",
            y="share of rows",
            percent=True,
        )
        facts |= {"entities": len(counts), "tail": tail, "top_tenth": share}
    is_sure = gain - half > 0
    verdict: Verdict = "stop" if gain + half <= 0 else ("good" if is_sure and tail < 0.5 else "care")
    if verdict == "stop":
        headline = "There is nothing to be gained over the baseline with these columns."
    elif not is_sure:
        headline = f"What is gained over the baseline is within noise: {what} by {number(gain)} a row."
    elif rows.task == "number":
        headline = f"Predictions come closer by {number(gain)} a row ({number(gain - half)} to {number(gain + half)})."
    else:
        headline = (
            f"Of 1,000 rows, {1000 * gain:,.0f} ({1000 * (gain - half):,.0f} to {1000 * (gain + half):,.0f}) "
            f"fewer are told wrongly."
        )
    return Part(
        key="opportunity",
        title="Opportunity",
        verdict=verdict,
        headline=headline,
        reasons=tuple(reasons),
        uncertainty="Gains are of the rows told in the trials, at 90 %. That people act on predictions is assumed.",
        tables=tuple(tables),
        plot=plot,
        facts=facts,
    )


def rows_a_month(frame: Frame) -> float | None:
    """Rows in thirty days, counted from the first row to the last; None without a time, or within a day."""
    if frame.time is None or len(frame) < 2 or frame.time[-1] - frame.time[0] < DAY_S:
        return None
    return float(len(frame) / ((frame.time[-1] - frame.time[0]) / MONTH_S))
