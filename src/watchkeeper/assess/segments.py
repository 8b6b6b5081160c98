"""Where it will not work: quality by segment, entities with little history, and whether an old model would hold."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from watchkeeper.assess.frame import Frame
from watchkeeper.assess.heuristics import Trials
from watchkeeper.assess.leakage import leaks
from watchkeeper.assess.learners import LEARNERS, fit
from watchkeeper.assess.metrics import error, loss_words, row_loss, to_error
from watchkeeper.assess.one_column import binned
from watchkeeper.assess.record import Assessment
from watchkeeper.assess.report import Part, Plot, Table, Verdict, number

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

MIN_SEGMENT = 30
MOST_VALUES = 12
BLOCKS = 4


@dataclass(frozen=True)
class Segment:
    """Rows of one value of a column: how many, their mean loss, its 90 % interval, and whether it is surely worse."""

    name: str
    rows: int
    loss: float
    lower: float
    upper: float
    is_worse: bool


def segments(rows: Frame, loss: Floats, columns: tuple[str, ...] = ()) -> list[Segment]:
    """Every segment of at least 30 rows, the worst first; worse is told at 5 % over all segments together."""
    groups: list[tuple[str, NDArray[np.bool_]]] = []
    for place, name in enumerate(rows.names):
        if columns and name.split(" · ")[0] not in columns:
            continue
        column = rows.values[:, place]
        if rows.is_category[place]:
            known = rows.categories[name][:MOST_VALUES]
            groups += [(f"{name} is {value}", column == code) for code, value in enumerate(known)]
        else:
            quarter, edges = binned(column, False, 4)
            groups += [(_range(name, edges, int(one)), quarter == one) for one in np.unique(quarter)]
    if rows.entity is not None:
        few = (rows.count > 0) & (rows.count < 5)
        histories = (("no history", rows.count == 0), ("1 to 4 rows before", few), ("5 or more", rows.count >= 5))
        for words, which in histories:
            groups.append((f"entity with {words}", which))
    large = [(name, which) for name, which in groups if MIN_SEGMENT <= which.sum() <= len(loss) - MIN_SEGMENT]
    z = NormalDist().inv_cdf(1 - 0.05 / max(len(large), 1))
    found = []
    for name, which in large:
        inside, outside = loss[which], loss[~which]
        mean, se = float(inside.mean()), float(inside.std() / math.sqrt(len(inside)))
        away = mean - float(outside.mean())
        noise = math.hypot(se, float(outside.std() / math.sqrt(len(outside))))
        is_worse = away > z * max(noise, 1e-9) and away > 0.1 * float(loss.mean())
        found.append(Segment(name, int(which.sum()), mean, max(mean - 1.645 * se, 0.0), mean + 1.645 * se, is_worse))
    return sorted(found, key=lambda one: -one.loss)


def _range(name: str, edges: Floats, code: int) -> str:
    if code > len(edges):
        return f"{name} is missing"
    if code == len(edges):
        return f"{name} above {edges[-1]:.4g}"
    if code == 0 or edges[code - 1] == edges[code]:
        return f"{name} at most {edges[code]:.4g}"
    return f"{name} above {edges[code - 1]:.4g} to {edges[code]:.4g}"


@dataclass(frozen=True)
class Drift:
    """Error on the newest quarter of the time: learned from the oldest quarter, and from the one just before."""

    old: float
    fresh: float
    noise: float


def drift(record: Assessment, small: Frame, metric: str, learner: str, seed: int = 0) -> Drift | None:
    """Would a model of long ago hold? Both learn from equally many rows. None without a time, or with too few rows."""
    if small.time is None or len(small) < BLOCKS * 100:
        return None
    edges = np.linspace(0, len(small), BLOCKS + 1).astype(int)
    parts = [small.take(np.arange(start, end)) for start, end in pairwise(edges)]
    newest = parts[-1]
    if small.task == "binary" and len(np.unique(newest.target)) < 2:
        return None
    told = [fit(learner, part, seed)[0](newest) for part in (parts[0], parts[-2])]
    errors = [error(metric, newest.target, one, record.costs) for one in told]
    draws = np.random.default_rng(seed).integers(0, len(newest), (60, len(newest)))
    behind = [
        error(metric, newest.target[draw], told[0][draw], record.costs)
        - error(metric, newest.target[draw], told[1][draw], record.costs)
        for draw in draws
        if small.task != "binary" or len(np.unique(newest.target[draw])) == 2
    ]
    return Drift(errors[0], errors[1], float(np.std(behind)) if behind else math.inf)


def segments_part(record: Assessment, frame: Frame, small: Frame, trials: Trials) -> Part:
    """Segments that are surely worse, drift, and columns that look as if known only after."""
    rows = small.take(trials.rows)
    model = trials.best_model
    loss = row_loss(rows.task, trials.metric, rows.target, trials.told[model], record.costs)
    found = segments(rows, loss, record.segments)
    worse = [one for one in found if one.is_worse]
    what = loss_words(rows.task, record.costs)
    reasons = [
        f"{one.name}: {what} {number(one.loss)} on {one.rows:,} rows, {number(float(loss.mean()))} on all."
        for one in worse[:5]
    ]
    if not worse:
        reasons.append(f"No segment of at least {MIN_SEGMENT} rows is surely worse than the rest.")
    moved = drift(record, small, trials.metric, model)
    is_drifting = False
    if moved is not None:
        is_drifting = moved.old - moved.fresh > 2 * moved.noise
        old, fresh = (number(to_error(trials.metric, one)) for one in (moved.old, moved.fresh))
        reasons.append(
            f"On the newest quarter of the rows, {LEARNERS[model]} of the oldest quarter has a {trials.metric} of "
            f"{old}, one of "
            f"the quarter just before {fresh}: "
            f"{'it ages, so train it again often' if is_drifting else 'an old one holds'}."
        )
    suspects = leaks(frame.sample(20_000))
    for leak in suspects:
        reasons.append(f"{leak.column} looks known only after the fact: {leak.why}. If so, name it in known_after.")
    verdict: Verdict = "stop" if suspects else ("care" if worse or is_drifting else "good")
    if suspects:
        names = ", ".join(leak.column for leak in suspects[:4])
        headline = (
            f"Something leaks: {names} tells the target nearly by itself. No number here can be trusted before "
            f"that is settled."
        )
    elif worse:
        headline = f"It is surely worse in {len(worse)} of {len(found)} segments, most where {worse[0].name}."
    elif is_drifting:
        headline = "It works alike in all segments, but ages."
    else:
        headline = "It works about alike in all segments, and nothing leaks."
    shown = (worse + [one for one in found if not one.is_worse])[:15]
    table = Table(
        "Segments, the worst first",
        ("segment", "rows", what, "90 %", ""),
        tuple(
            (
                one.name,
                f"{one.rows:,}",
                number(one.loss),
                f"{number(one.lower)} to {number(one.upper)}",
                "worse" if one.is_worse else "",
            )
            for one in shown
        ),
    )
    return Part(
        key="segments",
        title="Where it will not work",
        verdict=verdict,
        headline=headline,
        reasons=tuple(reasons),
        uncertainty=f"“Surely” is 5 % over all {len(found)} segments together; smaller segments are not told.",
        tables=(table,) if shown else (),
        plot=Plot(
            kind="intervals",
            title=f"{what.capitalize()} by segment, 90 % intervals; the line is all rows",
            rows=tuple(
                {"name": one.name, "value": one.loss, "lower": one.lower, "upper": one.upper} for one in shown[:12]
            ),
            x=what,
            rule=float(loss.mean()),
        )
        if shown
        else None,
        facts={
            "worse": [one.name for one in worse],
            "drift": None if moved is None else {"old": moved.old, "fresh": moved.fresh},
            "leaks": [leak.column for leak in suspects],
        },
    )
