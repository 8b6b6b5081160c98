"""Shared strategies: logs of feedback, and small hourly histories with something to say about."""

from __future__ import annotations

from dataclasses import fields

import numpy as np
from hypothesis import strategies as st

from watchkeeper.detect import Judged, Points, SeriesSettings
from watchkeeper.domain.feedback import Answer, Feedback

HOUR = 3600
BEGIN = 1_700_000_000 // HOUR * HOUR
HOURS = 240
SERIES = 2

MARKING = (Answer.EVENT, Answer.NEW_NORMAL, Answer.BAD_DATA)
"""Answers that change what the detector learns; the others only change the bar."""


def history(seed: int = 0, *, series: int = SERIES, hours: int = HOURS) -> tuple[Points, SeriesSettings]:
    """Hourly series with a day, noise, spikes both ways, a level shift, repeats and missing values."""
    rng = np.random.default_rng(seed)
    times, values, start = [], [], [0]
    for _ in range(series):
        jump = rng.choice([0, 1, 1, 1, 1, 1, 1, 1, 1, 3], hours)
        time = BEGIN + np.cumsum(jump) * HOUR
        value = 100 + 20 * np.sin(2 * np.pi * time / 86400) + rng.normal(0, 2, hours)
        at = rng.integers(40, hours, 6)
        value[at] += rng.choice([-80, -40, 40, 80], 6)
        value[int(rng.integers(hours // 2, hours)) :] += rng.choice([0, 60])
        value[rng.random(hours) < 0.02] = np.nan
        times.append(time)
        values.append(value)
        start.append(start[-1] + hours)
    points = Points(np.array(start), np.concatenate(times), np.concatenate(values))
    return points, SeriesSettings.uniform(series, step=HOUR)


def instants() -> st.SearchStrategy[int]:
    return st.integers(-5, HOURS + 5).map(lambda hour: BEGIN + hour * HOUR)


@st.composite
def answers(draw: st.DrawFn, kinds: tuple[Answer, ...] = tuple(Answer)) -> Feedback:
    start = draw(instants())
    return Feedback(
        id=0,
        by=draw(st.sampled_from(["ann", "bob"])),
        given_at=draw(instants()),
        answer=draw(st.sampled_from(kinds)),
        series=tuple(sorted(draw(st.sets(st.integers(0, SERIES - 1), min_size=1)))),
        start=start,
        end=start + HOUR * draw(st.integers(1, 30)),
        alert=draw(st.sampled_from([None, None, 1, 2])),
    )


@st.composite
def logs(draw: st.DrawFn, kinds: tuple[Answer, ...] = tuple(Answer), max_size: int = 6) -> list[Feedback]:
    """A log as it grows: ids and times rise together, undos point back."""
    drawn = draw(st.lists(answers(kinds), max_size=max_size))
    log: list[Feedback] = []
    for number, entry in enumerate(sorted(drawn, key=lambda one: one.given_at), start=1):
        if log and draw(st.integers(0, 3)) == 0:
            undoes = draw(st.sampled_from([one.id for one in log]))
            log.append(Feedback(id=number, by=entry.by, given_at=entry.given_at, undoes=undoes))
        else:
            log.append(Feedback(**{f: getattr(entry, f) for f in entry.__struct_fields__} | {"id": number}))
    return log


def answer(
    number: int,
    kind: Answer,
    start: int,
    end: int,
    *,
    series: tuple[int, ...] = (0,),
    given_at: int = 0,
    alert: int | None = None,
) -> Feedback:
    """An answer whose window is in hours from `BEGIN`."""
    return Feedback(
        id=number,
        by="ann",
        given_at=given_at,
        answer=kind,
        series=series,
        start=BEGIN + start * HOUR,
        end=BEGIN + end * HOUR,
        alert=alert,
    )


def undo(number: int, target: int, given_at: int = 0) -> Feedback:
    return Feedback(id=number, by="bob", given_at=given_at, undoes=target)


def assert_same_judged(a: Judged, b: Judged, rows: object = slice(None)) -> None:
    for field in fields(Judged):
        np.testing.assert_array_equal(getattr(a, field.name)[rows], getattr(b, field.name)[rows], err_msg=field.name)
