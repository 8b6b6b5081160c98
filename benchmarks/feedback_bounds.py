"""What any learner that only moves bars could reach on a labelled file: the best bar of each series, chosen with labels
that no operator gives.

    python -m benchmarks.feedback_bounds --labels FILE [--seeds 4]

Three bounds, each over the second half of every series: the bar of each series with the fewest mistakes on every label
of its first half (what a perfect and complete past could teach), the same on the second half itself (no learner has
that), and Watchkeeper's triage and the threshold-only learner with an operator who is never wrong and reports every
missed window.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.feedback_learners import ThresholdOnly, WithTriage, sight_of
from benchmarks.feedback_stream import MEASURED_FROM, SLACK, WARM_UP, Team, count, load, runs, stream
from watchkeeper.detect import decide

GRID = ThresholdOnly.GRID
PULL = 0.02
"""What a decade of distance from the budget's bar costs in mistakes: ties stay put."""


def mistakes(team: Team, above: float, since: float, until: float) -> NDArray[np.int64]:
    """int64[series, 3]: hits, false alerts and windows of each series between two shares of its length, at one bar."""
    bar = np.full(len(team.points.time), team.base + above)
    alert = decide(team.judged, team.points, team.settings, bar)
    found = np.zeros((team.points.series, 3), np.int64)
    for series, (a, b) in enumerate(zip(team.points.start[:-1], team.points.start[1:], strict=True)):
        begin, end = int(since * (b - a)), int(until * (b - a))
        windows = [window for window in team.windows[series] if begin <= window[1] < end]
        flagged = alert[a:b].copy()
        flagged[:begin] = flagged[end:] = False
        starts = [next((k for k, (x, y) in enumerate(windows) if x - SLACK <= s <= y), -1) for s, _ in runs(flagged)]
        found[series] = len(set(starts) - {-1}), starts.count(-1), len(windows)
    return found


def bounds(team: Team) -> dict[str, tuple[float, float, float]]:
    """F1, recall and number of false alerts over the second half, by how the bars were chosen."""
    past = np.array([mistakes(team, above, WARM_UP, MEASURED_FROM) for above in GRID])
    future = np.array([mistakes(team, above, MEASURED_FROM, 1.0) for above in GRID])
    pull = PULL * np.abs(GRID)[:, None]
    every = np.arange(team.points.series)
    chosen = {
        "the budget's bar": np.full(len(every), int(np.argmin(np.abs(GRID)))),
        "best bars of the first half": np.argmin(past[:, :, 2] - past[:, :, 0] + past[:, :, 1] + pull, axis=0),
        "best bars of the second half": np.argmin(future[:, :, 2] - future[:, :, 0] + future[:, :, 1] + pull, axis=0),
    }
    found = {}
    for name, place in chosen.items():
        hits, false, windows = future[place, every].sum(axis=0).tolist()
        found[name] = (2 * hits / max(1, hits + false + windows), hits / max(1, windows), float(false))
    return found


def main(arguments: list[str] | None = None) -> int:
    """Print the bounds."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.feedback_bounds", description=(__doc__ or "").splitlines()[0]
    )
    parser.add_argument("--labels", type=Path, required=True, help="parquet file: series, ts, value, label")
    parser.add_argument("--seeds", type=int, default=4, help="how many operators (4)")
    given = parser.parse_args(arguments)
    team = load(given.labels)
    found = bounds(team)
    sight = sight_of(team)
    for name, make in (("triage", WithTriage), ("threshold only", ThresholdOnly)):
        for luck, wrong, reported in (("the public rules", None, None), ("a perfect operator", 0.0, 1.0)):
            rows = []
            for seed in range(given.seeds):
                counts = count(team, stream(team, make(team, sight), seed, wrong=wrong, reported=reported).alert)
                rows.append((counts.f1, counts.recall, float(counts.false_alerts)))
            f1, recall, false = np.mean(rows, axis=0).tolist()
            found[f"{name}, {luck}"] = (f1, recall, false)
    for name, (f1, recall, false) in found.items():
        print(f"{name:36} F1 {f1:.3f}  recall {recall:.3f}  false alerts {false:.1f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
