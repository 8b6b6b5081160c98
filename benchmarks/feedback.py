"""The public feedback benchmark: what do answers change, and what do they cost?

    python -m benchmarks.feedback --labels FILE --seeds 10 --json OUT [--plot OUT.svg] [--budget 1]

FILE is a parquet file with the columns series, ts, value, label (1 = anomalous). Its series are one team's, streamed
in time order; an operator answers every incident when it opens, wrong with probability 0.05, and reports half of the
missed windows once a week. The rules are in `benchmarks/feedback_stream.py`. Four learners go through the same
stream, each seed pairing their luck:

    without_feedback   the detector at the bar of its budget, whatever is said
    with_feedback      Watchkeeper's triage
    threshold_only     a learner that only moves thresholds
    random_forest      retrained weekly on labelled alerts and windows (Liu et al., "Opprentice", IMC 2015)

The JSON maps each to precision, recall, f1 and false_alerts_per_series_week over the second half of every series
(means over the seeds), answers_given (in the whole stream), and range, the least and the most of each.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.feedback_learners import RandomForest, ThresholdOnly, WithTriage, forest_class, sight_of
from benchmarks.feedback_plot import curve, draw
from benchmarks.feedback_stream import Learner, Plain, Team, count, load, stream

FIGURES = ("precision", "recall", "f1", "false_alerts_per_series_week")


def run(team: Team, seeds: int, names: list[str], say: Callable[[str], None]) -> dict[str, Any]:
    """Run the learners of these names over the seeds; the figures and the curves of each by name."""
    sight = sight_of(team)
    made: dict[str, Callable[[int], Learner]] = {
        "without_feedback": lambda seed: Plain(team),
        "with_feedback": lambda seed: WithTriage(team, sight),
        "threshold_only": lambda seed: ThresholdOnly(team, sight),
        "random_forest": lambda seed: RandomForest(team, sight, seed=seed),
    }
    report: dict[str, Any] = {}
    for name in names:
        began = time.perf_counter()
        rows, curves = [], []
        for seed in range(seeds):
            outcome = stream(team, made[name](seed), seed)
            counts = count(team, outcome.alert)
            rows.append({**{key: getattr(counts, key) for key in FIGURES}, "answers_given": len(outcome.answers)})
            curves.append(curve(team, outcome))
        figures = {key: float(np.mean([row[key] for row in rows])) for key in rows[0]}
        ranges = {key: [min(row[key] for row in rows), max(row[key] for row in rows)] for key in rows[0]}
        report[name] = {**figures, "range": ranges, "curve": curves}
        say(f"{name:17}{line(figures)}   {time.perf_counter() - began:5.1f} s")
    return report


def line(figures: dict[str, float]) -> str:
    """One learner's figures in a line."""
    return (
        f"precision {figures['precision']:.3f}  recall {figures['recall']:.3f}  F1 {figures['f1']:.3f}  false alerts "
        f"{figures['false_alerts_per_series_week']:.3f} per series and week  answers {figures['answers_given']:.0f}"
    )


def verdict(report: dict[str, Any]) -> str:
    """What feedback changed, against the same detector without it."""
    before, after = report["without_feedback"], report["with_feedback"]
    noise = "false_alerts_per_series_week"
    change = after[noise] / max(before[noise], 1e-12) - 1.0
    return (
        f"With feedback: false alerts {change:+.0%}, recall {after['recall'] - before['recall']:+.3f}, "
        f"F1 {after['f1'] - before['f1']:+.3f}."
    )


def main(arguments: list[str] | None = None) -> int:
    """Run the benchmark from the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.feedback", description=(__doc__ or "").splitlines()[0])
    learners = ["without_feedback", "with_feedback", "threshold_only", "random_forest"]
    parser.add_argument("--labels", type=Path, required=True, help="parquet file: series, ts, value, label")
    parser.add_argument("--seeds", type=int, default=10, help="how many operators, each with luck of its own (10)")
    parser.add_argument("--budget", type=float, default=1.0, help="false alerts a month that each series may cost (1)")
    parser.add_argument("--json", type=Path, help="where the figures go")
    parser.add_argument("--plot", type=Path, help="where false alerts against answers are drawn: .svg or .png")
    parser.add_argument("--without", action="append", default=[], choices=learners[2:], help="leave a rival out")
    given = parser.parse_args(arguments)
    if given.seeds < 1 or given.budget <= 0:
        parser.error("--seeds and --budget must be above 0")
    names = [name for name in learners if name not in given.without]
    if "random_forest" in names:
        forest_class()  # Said now, not after the others have run.
    team = load(given.labels, budget=given.budget)
    windows = sum(map(len, team.windows))
    print(f"{given.labels.name}: {len(team.names)} series, {len(team.points.time)} points, {windows} labelled windows")
    report = run(team, given.seeds, names, print)
    print(verdict(report))
    if given.plot:
        draw({name: figures["curve"] for name, figures in report.items()}, given.plot)
    if given.json:
        figures = {name: {k: v for k, v in entry.items() if k != "curve"} for name, entry in report.items()}
        settings = {"labels": given.labels.name, "seeds": given.seeds, "budget": given.budget}
        given.json.write_text(json.dumps({**figures, "settings": settings}, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
