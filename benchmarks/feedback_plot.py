"""False alerts against answers given, learner by learner."""

from __future__ import annotations

from pathlib import Path

import altair
import numpy as np
from numpy.typing import NDArray

from benchmarks.feedback_stream import Outcome, Team

STEPS = 60
NAMES = {
    "without_feedback": "without feedback",
    "with_feedback": "Watchkeeper",
    "threshold_only": "threshold only",
    "random_forest": "random forest",
}
COLOURS = ["#9a9a9a", "#0b6e4f", "#c77d0a", "#7b5ea7"]


def curve(team: Team, outcome: Outcome) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Answers given and false alerts told by each of STEPS moments of the stream, evenly spaced over what was said
    without learning.

    The moments are quantiles of the points' times, the same for every learner, so that a quieter one ends lower and
    further left.
    """
    moments = np.quantile(team.points.time, np.linspace(0.0, 1.0, STEPS))
    given = np.sort([label.given_at for _, label in outcome.answers])
    false = np.sort([team.points.time[told.row] for told in outcome.incidents if not told.is_real])
    return tuple(np.searchsorted(when, moments, side="right").astype(np.float64) for when in (given, false))  # type: ignore[return-value]


def draw(curves: dict[str, list[tuple[NDArray[np.float64], NDArray[np.float64]]]], path: Path) -> None:
    """Draw the mean curve of each learner over its seeds; the ending of `path` chooses SVG or PNG."""
    rows = []
    for name, seeds in curves.items():
        answers = np.mean([one[0] for one in seeds], axis=0)
        false = np.mean([one[1] for one in seeds], axis=0)
        rows += [
            {"learner": NAMES[name], "step": step, "answers": float(x), "false alerts": float(y)}
            for step, (x, y) in enumerate(zip(answers, false, strict=True))
        ]
    shown = [NAMES[name] for name in curves]
    colours = [COLOURS[list(NAMES).index(name)] for name in curves]
    chart = (
        altair.Chart(altair.Data(values=rows), title="False alerts told against answers given, from the first on")
        .mark_line(strokeWidth=2.5)
        .encode(
            x=altair.X("answers:Q", title="answers given"),
            y=altair.Y("false alerts:Q", title="false alerts told"),
            color=altair.Color("learner:N", title=None, scale=altair.Scale(domain=shown, range=colours)),
            order="step:Q",
        )
        .properties(width=520, height=300)
    )
    chart.save(str(path), scale_factor=2 if path.suffix == ".png" else 1)
