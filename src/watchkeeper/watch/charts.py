"""What is drawn of a judged series: its chart, its spark, and what lies behind the line."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from watchkeeper.detect import Phase
from watchkeeper.domain.alert import Alert, Cause
from watchkeeper.domain.feedback import Answer, Feedback
from watchkeeper.domain.points import withheld
from watchkeeper.domain.times import DAY, WEEK
from watchkeeper.watch import views
from watchkeeper.watch.judge import Judgement

SPARK_POINTS = 48


MOST_SHOWN = 600
"""An alert's chart shows about so many periods at most around the alert itself; of hourly ones eight days."""


def chart(
    judgement: Judgement,
    series_id: int,
    start: int | None = None,
    end: int | None = None,
    *,
    has_week: bool = False,
    limit: int | None = None,
) -> views.SeriesChart:
    """The columns of one series' chart in `[start, end)`, or whole; with `has_week` the week before beside it.

    With `limit` no more than its first so many points.
    """
    place = judgement.place(series_id)
    at = judgement.columns.of(place)
    time = judgement.columns.time[at]
    left = at.start + (0 if start is None else int(np.searchsorted(time, start)))
    right = at.start + (len(time) if end is None else int(np.searchsorted(time, end)))
    rows = slice(left, right if limit is None else min(right, left + limit))
    judged = judgement.judged
    return views.SeriesChart(
        series=judgement.series[place],
        metric=judgement.metric,
        time=judgement.columns.time[rows].tolist(),
        value=_plain(judgement.columns.value[rows]),
        expected=_plain(judged.expected[rows]),
        lower=_plain(judged.lower[rows]),
        upper=_plain(judged.upper[rows]),
        score=_plain(judged.score[rows]),
        is_alert=(judgement.alert[rows] | judgement.silent[rows]).tolist(),
        is_learning=(judged.phase[rows] == Phase.LEARNING).tolist(),
        week_before=_week_before(judgement, at, rows) if has_week else [],
        is_withheld=_is_withheld(judgement, rows),
        cases=[] if judgement.columns.cases is None else _plain(judgement.columns.cases[rows]),
    )


def has_new_band(before: Judgement, after: Judgement, series_id: int) -> bool:
    """Whether a series has another usual range anywhere in the one judgement than in the other, of the same points."""
    rows = before.columns.of(before.place(series_id))
    return any(
        not np.array_equal(getattr(before.judged, edge)[rows], getattr(after.judged, edge)[rows], equal_nan=True)
        for edge in ("lower", "upper")
    )


def _is_withheld(judgement: Judgement, rows: slice) -> list[bool]:
    found: list[bool] = withheld(judgement.columns.value[rows]).tolist()
    return found if any(found) else []


def _week_before(judgement: Judgement, at: slice, rows: slice) -> list[float | None]:
    """The values at the same wall clock a week before each of the rows, of the series that stands `at`."""
    local, value = judgement.points.local, judgement.columns.value[at]
    clock = judgement.columns.time if local is None else local
    order = np.argsort(clock[at], kind="stable")  # an hour that summer time repeats stands twice
    known, wanted = clock[at][order], clock[rows] - WEEK
    place = np.minimum(np.searchsorted(known, wanted), len(known) - 1)
    return _plain(np.where(known[place] == wanted, value[order[place]], np.nan))


def shown(alert: Alert, judgement: Judgement) -> tuple[int, int]:
    """The window in which an alert is drawn: three times its length before it, and as long after it."""
    step = judgement.metric.step_s
    span = max(alert.end - alert.start, min(2 * DAY, MOST_SHOWN // 4 * step), 24 * step)
    return alert.start - 3 * span, alert.end + span


def marks_of(series_id: int, related: Sequence[Alert], log: Sequence[Feedback]) -> list[views.Mark]:
    """The alerts of a series and what was said of its times."""
    marks = [
        views.Mark(
            kind="alert",
            start=member.start,
            end=member.end,
            label=f"alert #{alert.id}" + (": no data" if member.cause is Cause.SILENCE else ""),
            link=f"/alerts/{alert.id}",
        )
        for alert in related
        for member in alert.members
        if member.series == series_id
    ]
    drawn = (Answer.EVENT, Answer.BAD_DATA, Answer.NEW_NORMAL, Answer.MISSED)
    marks += [
        views.Mark(
            kind=line.answer.value,
            start=line.start,
            end=line.end,
            label=line.note or line.answer.value.replace("_", " "),
        )
        for line in log
        if line.answer in drawn and series_id in line.series
    ]
    return marks


def spark(judgement: Judgement, series_id: int, start: int, end: int) -> views.Spark:
    """The values around `[start, end)`."""
    place = judgement.place(series_id)
    at = judgement.columns.of(place)
    time = judgement.columns.time[at]
    first, last = int(np.searchsorted(time, start)), int(np.searchsorted(time, end))
    spare = max(0, SPARK_POINTS - (last - first))
    rows = slice(at.start + max(0, first - (2 * spare) // 3 - 1), min(at.stop, at.start + last + spare // 3))
    return views.Spark(
        values=tuple(_plain(judgement.columns.value[rows])),
        is_surprising=tuple((judgement.alert[rows] | judgement.silent[rows]).tolist()),
    )


def _plain(column: NDArray[np.float64]) -> list[float | None]:
    return [float(value) if math.isfinite(value) else None for value in column]
