"""Labels as bars: the score that each point must reach before a person is told, under what was said by its time."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from watchkeeper.detect import Judged, Points, SeriesSettings, told_score
from watchkeeper.domain.feedback import Label
from watchkeeper.learn.knowledge import BEGINNING, Knowledge
from watchkeeper.learn.pins import pin
from watchkeeper.learn.triage import DEEPEST, learn_from
from watchkeeper.learn.triage_looks import Sight, look
from watchkeeper.learn.triage_reason import Reason, explain

END = 1 << 62
"""After every instant."""

Spoken = list[tuple[int, Label]]


def learned_bars(
    points: Points,
    series: SeriesSettings,
    judged: Judged,
    knowledge: Knowledge,
    ids: Sequence[int],
    base: NDArray[np.float64],
    *,
    causal: bool = False,
    half_life_s: float | None = None,
    now: int | None = None,
) -> NDArray[np.float64] | None:
    """float64[n]: the bar of each point, from `learn_from` and then from what labels say of their own windows (`pin`).

    `base` float64[S] is the bar of the budget. None where no label on any of the series and no hint has anything to
    say. With `causal` a row's bar rests on the labels in force at its time and on rows before it.
    """
    hints = knowledge.hints
    stages = list(_stages(knowledge, ids)) if causal else [(BEGINNING, END, _labels(knowledge, ids))]
    if not any(labels for _, _, labels in stages) and not _is_hinted(points, judged, knowledge, base):
        return None
    bar = np.repeat(base, np.diff(points.start))
    sight = look(points, judged, series.step, base, ids=ids)
    with np.errstate(invalid="ignore"):
        rows = np.flatnonzero(sight.above >= -DEEPEST)
    rows = rows[np.argsort(points.time[rows], kind="stable")]
    time = points.time[rows]
    for since, until, labels in stages:
        if not labels and not hints:
            continue
        learned = learn_from(
            sight, labels, until=since if causal else None, half_life_s=half_life_s, now=now, hints=hints
        )
        current = rows[slice(*np.searchsorted(time, (since, until)).tolist())]
        if len(current):
            bar[current] += learned.above(sight, current)
        _pin(sight, bar, base, labels, since if causal else None, until)
    return bar


def reasons(
    points: Points,
    series: SeriesSettings,
    judged: Judged,
    knowledge: Knowledge,
    ids: Sequence[int],
    base: NDArray[np.float64],
    *,
    half_life_s: float | None = None,
    now: int | None = None,
) -> Callable[[int], Reason | None]:
    """Learns once; the function tells why, in hindsight, the bar of a row is not that of the budget.

    It returns None where nobody's answer moved it.
    """
    labels = _labels(knowledge, ids)
    if not labels and not knowledge.hints:
        return lambda row: None
    sight = look(points, judged, series.step, base, ids=ids)
    learned = learn_from(sight, labels, half_life_s=half_life_s, now=now, hints=knowledge.hints)
    return lambda row: explain(learned, sight, row)


def _is_hinted(points: Points, judged: Judged, knowledge: Knowledge, base: NDArray[np.float64]) -> bool:
    """Whether hints alone can move a bar: they tell nothing that the budget would not."""
    if not knowledge.hints:
        return False
    with np.errstate(invalid="ignore"):
        return bool((told_score(judged, points) >= np.repeat(base, np.diff(points.start))).any())


def _pin(
    sight: Sight,
    bar: NDArray[np.float64],
    base: NDArray[np.float64],
    labels: Spoken,
    since: int | None,
    until: int,
) -> None:
    """Pin the labelled windows on the rows before `until` (and from `since` on)."""
    for place in sorted({place for place, _ in labels}):
        first, end = int(sight.start[place]), int(sight.start[place + 1])
        at = slice(first, first + int(np.searchsorted(sight.time[first:end], until)))
        own = [label for where, label in labels if where == place]
        pin(own, sight.time[at], sight.above[at] + base[place], bar[at], float(base[place]), since=since)


def _labels(knowledge: Knowledge, ids: Sequence[int]) -> Spoken:
    """All labels on these series, by place."""
    known = knowledge.series()
    return [(place, label) for place, name in enumerate(ids) if name in known for label in knowledge.of(name).labels]


def _stages(knowledge: Knowledge, ids: Sequence[int]) -> list[tuple[int, int, Spoken]]:
    """(since, until, labels in force) between the instants at which labels changed on any of the series."""
    known = knowledge.series()
    of_place = {place: knowledge.epochs(name) for place, name in enumerate(ids) if name in known}
    heard = {hint.given_at for hint in knowledge.hints}
    instants = sorted({epoch.since for epochs in of_place.values() for epoch in epochs} | heard | {BEGINNING})
    stages: list[tuple[int, int, Spoken]] = []
    for since in instants:
        labels = [
            (place, label)
            for place, epochs in of_place.items()
            for label in [epoch for epoch in epochs if epoch.since <= since][-1].knowledge.labels
        ]
        if stages and stages[-1][2] == labels and since not in heard:
            continue
        if stages:
            stages[-1] = (stages[-1][0], since, stages[-1][2])
        stages.append((since, END, labels))
    return stages
