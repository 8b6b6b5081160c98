"""Opportunity: who would get value, how often, against what they have today, and who never has enough history."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from watchkeeper.assess.frame import DAY_S, Frame
from watchkeeper.assess.heuristics import Trials
from watchkeeper.assess.learners import LEARNERS
from watchkeeper.assess.metrics import error, loss_words, row_loss, to_error
from watchkeeper.assess.record import Assessment
from watchkeeper.assess.report import Part, Plot, Table, Verdict, number, percent

MONTH_S = 30 * DAY_S
YEAR_MONTHS = 12.0
ADOPTION = (0.1, 0.25, 0.5, 1.0)
TOP = 0.1
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Gain:
    """What the best model gains over the baseline on a row: the mean, and half of its 90 % interval."""

    mean: float
    half: float

    @classmethod
    def of(cls, better: Floats) -> Gain:
        """From the gain of each row."""
        return cls(float(better.mean()), 1.645 * float(better.std()) / np.sqrt(max(len(better), 1)))


@dataclass(frozen=True)
class Entities:
    """Rows of each entity, the busiest first; how many have enough now, and how many will not have it in a year.

    `covered` is the share of all rows that the busiest share of entities has, at each of `ADOPTION`.
    """

    counts: NDArray[np.int64]
    too_few: float
    never: float | None

    def covered(self, share: float) -> float:
        """The share of all rows that the busiest `share` of entities has."""
        top = max(round(share * len(self.counts)), 1)
        return float(self.counts[:top].sum() / self.counts.sum())


def gini(counts: NDArray[np.int64]) -> float:
    """How unequal counts are: 0 alike, near 1 all with one."""
    ordered = np.sort(counts).astype(np.float64)
    n = len(ordered)
    place = np.arange(1, n + 1)
    return float((2 * (place * ordered).sum() / (n * ordered.sum())) - (n + 1) / n)


def entities_of(record: Assessment, frame: Frame) -> Entities | None:
    """None where no entity is named. An entity's pace is its rows since its first one, over at least a month."""
    if frame.entity is None or not (frame.entity >= 0).any():
        return None
    known = frame.entity >= 0
    counts = np.bincount(frame.entity[known])
    has = counts > 0
    never = None
    if frame.time is not None:
        first = np.full(len(counts), np.iinfo(np.int64).max)
        np.minimum.at(first, frame.entity[known], frame.time[known])
        months = np.maximum((frame.time[-1] - first[has]) / MONTH_S, 1.0)
        in_a_year = counts[has] * (1.0 + YEAR_MONTHS / months)
        never = float((in_a_year < record.enough_history).mean())
    too_few = float((counts[has] < record.enough_history).mean())
    return Entities(np.sort(counts[has])[::-1], too_few, never)


def opportunity_part(record: Assessment, frame: Frame, small: Frame, trials: Trials) -> Part:
    """`frame` holds all rows, `small` those of the trials; gains are per row and scaled to a month."""
    metric = trials.metric
    baseline = "today" if "today" in trials.told else min(
        (one for one in trials.trials if one.name not in ("linear", "boosting")), key=lambda one: one.error
    ).name  # fmt: skip
    model = trials.best_model
    rows = small.take(trials.rows)
    lost = {
        name: row_loss(rows.task, metric, rows.target, trials.told[name], record.costs) for name in (baseline, model)
    }
    better = lost[baseline] - lost[model]
    unit = loss_words(rows.task, record.costs)
    gain = Gain.of(better)
    monthly = record.per_month or rows_a_month(frame)
    errors = {name: error(metric, rows.target, trials.told[name], record.costs) for name in (baseline, model)}
    reasons = [
        f"Against {'what is done today' if baseline == 'today' else LEARNERS[baseline]}: {metric} "
        f"{number(to_error(metric, errors[baseline]))} becomes {number(to_error(metric, errors[model]))} "
        f"with {LEARNERS[model]}.",
    ]
    if baseline != "today":
        reasons.append("Name the column with what is predicted today (`today`) to compare with that.")
    who = entities_of(record, frame)
    facts: dict[str, object] = {"baseline": baseline, "gain_per_row": gain.mean, "rows_per_month": monthly}
    tables: list[Table] = []
    plots: list[Plot] = []
    if monthly:
        reasons.append(f"About {monthly:,.0f} rows a month ({record.row}).")
        table, plot, words = _adoption(record, unit, gain, monthly, who)
        tables.append(table)
        plots.append(plot)
        reasons += words
    else:
        plots.append(_gain_plot(gain, baseline))
    if who is not None:
        reasons += _entity_words(record, who, rows, better)
        plots.append(_concentration(record, who))
        facts |= {
            "entities": len(who.counts),
            "tail": who.too_few,
            "tail_in_a_year": who.never,
            "top_tenth": who.covered(TOP),
        }
    verdict, headline = _verdict(unit, gain, 0.0 if who is None else who.too_few)
    return Part(
        key="opportunity",
        title="Opportunity",
        verdict=verdict,
        headline=headline,
        reasons=tuple(reasons),
        uncertainty=(
            "Gains are of the rows told in the trials, at 90 %. That people act on predictions is assumed, and that "
            "entities go on at their pace."
        ),
        tables=tuple(tables),
        plot=plots[0],
        plots=tuple(plots[1:]),
        facts=facts,
    )


def _verdict(unit: str, gain: Gain, tail: float) -> tuple[Verdict, str]:
    low, high = gain.mean - gain.half, gain.mean + gain.half
    if high <= 0:
        return "stop", "There is nothing to be gained over the baseline with these columns."
    if low <= 0:
        return "care", f"What is gained over the baseline is within noise: {unit}, {number(gain.mean)} less a row."
    verdict: Verdict = "good" if tail < 0.5 else "care"
    if unit.startswith("cost"):
        return verdict, f"A row costs {number(gain.mean)} ({number(low)} to {number(high)}) less ({unit})."
    if unit == "distance":
        return verdict, f"Predictions come closer by {number(gain.mean)} a row ({number(low)} to {number(high)})."
    return verdict, (
        f"Of 1,000 rows, {1000 * gain.mean:,.0f} ({1000 * low:,.0f} to {1000 * high:,.0f}) fewer are told wrongly."
    )


def _adoption(
    record: Assessment, unit: str, gain: Gain, monthly: float, who: Entities | None
) -> tuple[Table, Plot, list[str]]:
    """What a month brings as more use it: whoever they are, and where the busiest come first."""
    tail = " fewer rows told wrongly" if unit.startswith("share") else ""
    shares = sorted({*ADOPTION, record.people})
    lines, drawn = [], []
    for share in shares:
        low, high = ((gain.mean + sign * gain.half) * monthly * share for sign in (-1, 1))
        line = [
            percent(share, 0) + (" (expected)" if share == record.people < 1 else ""),
            f"{monthly * share:,.0f}",
            f"{gain.mean * monthly * share:,.0f}{tail}",
            f"{low:,.0f} to {high:,.0f}",
        ]
        if who is not None:
            line.append(f"{gain.mean * monthly * who.covered(share):,.0f}{tail}")
        lines.append(tuple(line))
    for share in np.linspace(0.0, 1.0, 21).tolist():
        drawn.append({"series": "whoever they are", "x": share, "value": gain.mean * monthly * share})
        if who is not None:
            most = gain.mean * monthly * who.covered(share) if share else 0.0
            drawn.append({"series": "the busiest first", "x": share, "value": most})
    columns = ("adoption", "rows", "gain", "90 %", *(("gain, the busiest first",) if who is not None else ()))
    words = []
    if who is not None:
        words.append(
            f"It scales with who comes first: a quarter of {record.entity} brings {percent(0.25, 0)} of the gain if "
            f"they are like the rest, {percent(who.covered(0.25), 0)} if they are the busiest."
        )
    what = "rows told rightly" if unit.startswith("share") else f"less {unit}"
    plot = Plot(
        kind="line",
        title=f"What a month gains ({what}) as more {record.entity or 'rows'} get it",
        rows=tuple(drawn),
        x="adoption",
        y="gain a month",
        x_percent=True,
    )
    return Table("What a month brings, by adoption", columns, tuple(lines)), plot, words


def _entity_words(record: Assessment, who: Entities, rows: Frame, better: Floats) -> list[str]:
    words = [
        f"{len(who.counts):,} of {record.entity}, {number(float(np.median(who.counts)))} rows each in the middle; the "
        f"busiest tenth has {percent(who.covered(TOP), 0)} of all rows (Gini {gini(who.counts):.2f}).",
        f"{percent(who.too_few)} of {record.entity} have fewer than {record.enough_history} rows, the history that is "
        "said to be enough: they get no more than the average.",
    ]
    if who.never is not None:
        words.append(
            f"{percent(who.never)} of {record.entity} will not have it a year from now either, at the pace they go at: "
            "design for them first." if who.never > 0 else
            f"At the pace they go at, every one of {record.entity} has enough a year from now."
        )  # fmt: skip
    is_known = rows.count >= record.enough_history
    if rows.time is not None and min(is_known.sum(), (~is_known).sum()) >= 30:
        known, new = Gain.of(better[is_known]), Gain.of(better[~is_known])
        words.append(
            f"Gained a row with enough history {number(known.mean)} (± {number(known.half)}), with less "
            f"{number(new.mean)} (± {number(new.half)})."
        )
    return words


def _concentration(record: Assessment, who: Entities) -> Plot:
    steps = np.unique(np.linspace(0, len(who.counts) - 1, 40).astype(int))
    whole = np.cumsum(who.counts) / who.counts.sum()
    return Plot(
        kind="line",
        title=f"Share of rows that the busiest share of {record.entity} has",
        rows=tuple(
            {"series": "rows", "x": (step + 1) / len(who.counts), "value": float(whole[step])} for step in steps
        ),
        x=f"share of {record.entity}",
        y="share of rows",
        percent=True,
        x_percent=True,
    )


def _gain_plot(gain: Gain, baseline: str) -> Plot:
    name = f"over {'what is done today' if baseline == 'today' else LEARNERS[baseline]}"
    row = {"name": name, "value": gain.mean, "lower": gain.mean - gain.half, "upper": gain.mean + gain.half}
    return Plot(
        kind="intervals", title="What a row gains, 90 % interval; the line is nothing", rows=(row,), x="gain", rule=0.0
    )


def rows_a_month(frame: Frame) -> float | None:
    """Rows in thirty days, counted from the first row to the last; None without a time, or within a day."""
    if frame.time is None or len(frame) < 2 or frame.time[-1] - frame.time[0] < DAY_S:
        return None
    return float(len(frame) / ((frame.time[-1] - frame.time[0]) / MONTH_S))
