"""The shapes in which rented services are asked: the body of a request, and what its answer says of each row.

| shape | request | answer |
| --- | --- | --- |
| `series` | `{"series": [{"timestamp", "value"}, …], "granularity", "customInterval"}` | `{"isAnomaly": [bool, …]}` |
| `instances` | `{"instances": [{column: value, …}, …]}` | `{"predictions": [{"classes", "scores"} or {"value"}, …]}` |

`series` is what Azure's Anomaly Detector had as “entire detect” (and whoever kept its contract has), `instances` what
Vertex AI's online prediction and servers like TensorFlow Serving and KServe take. A record's `settings` go into the
body as they stand, such as `{sensitivity: 90}`.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from watchkeeper.domain.errors import SourceError
from watchkeeper.domain.rent import Outgoing

Floats = NDArray[np.float64]

_UNITS = ((7 * 86_400, "weekly"), (86_400, "daily"), (3600, "hourly"), (60, "minutely"), (1, "secondly"))
_YES = ("1", "1.0", "true", "yes", "positive")


def series_body(out: Outgoing, series: int, first: int, end: int) -> dict[str, Any]:
    """Points with a value, in order; the step as the largest unit that divides it, times `customInterval`."""
    step = int(out.step[series])
    unit, name = next((unit, name) for unit, name in _UNITS if step % unit == 0)
    points = [
        {"timestamp": datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"), "value": value}
        for at, value in zip(out.columns["time"][first:end], out.columns["value"][first:end], strict=True)
        if math.isfinite(value)
    ]
    every = {} if step == unit else {"customInterval": step // unit}
    return {"series": points, "granularity": name, **every, **out.rent.settings}


def series_answer(out: Outgoing, first: int, end: int, answer: Any) -> Floats:
    """1 where the service calls a point an anomaly, 0 where not; NaN where no value was sent."""
    sent = np.isfinite(np.array(out.columns["value"][first:end], dtype=np.float64))
    flags = _listed(answer, "isAnomaly", int(sent.sum()))
    found = np.full(end - first, np.nan)
    found[sent] = [float(bool(one)) for one in flags]
    return found


def instances_body(out: Outgoing, series: int, first: int, end: int) -> dict[str, Any]:
    """Rows of named columns; missing is null."""
    names = list(out.columns)
    rows = zip(*(out.columns[name][first:end] for name in names), strict=True)
    return {"instances": [dict(zip(names, row, strict=True)) for row in rows], **out.rent.settings}


def instances_answer(out: Outgoing, first: int, end: int, answer: Any) -> Floats:
    """The score of the class that means yes, the scores of all classes in our order, or the number."""
    told = _listed(answer, "predictions", end - first)
    width = len(out.classes)
    found = np.full((end - first, width) if width > 2 else end - first, np.nan)
    for place, one in enumerate(told):
        if not isinstance(one, dict):
            found[place] = _number(one, place)
        elif "value" in one:
            found[place] = _number(one["value"], place)
        else:
            found[place] = _scores(out, one, place)
    return found


def _scores(out: Outgoing, one: dict[str, Any], place: int) -> Any:
    classes, scores = one.get("classes"), one.get("scores")
    if not isinstance(classes, list) or not isinstance(scores, list) or len(classes) != len(scores):
        raise SourceError(f"prediction {place} of the answer has neither a value nor classes with as many scores")
    by_name = {str(name).lower(): _number(score, place) for name, score in zip(classes, scores, strict=True)}
    if len(out.classes) <= 2:
        wanted = [out.rent.positive.lower()] if out.rent.positive else [str(out.classes[-1]).lower(), *_YES]
        hit = next((name for name in wanted if name in by_name), None)
        if hit is None:
            raise SourceError(
                f"its classes are {', '.join(map(str, classes[:6]))}; say with positive which of them means yes"
            )
        return by_name[hit]
    known = [str(name).lower() for name in out.classes]
    if not set(known) & set(by_name):
        raise SourceError(f"its classes are {', '.join(map(str, classes[:6]))}, none of which the target has")
    row = np.array([by_name.get(name, 0.0) for name in known])
    return row / row.sum() if row.sum() > 0 else np.full(len(known), 1.0 / len(known))


def _number(value: Any, place: int) -> float:
    if isinstance(value, bool | int | float):
        return float(value)
    raise SourceError(f"prediction {place} of the answer is {value!r}, not a number")


def _listed(answer: Any, key: str, count: int) -> list[Any]:
    found = answer.get(key) if isinstance(answer, dict) else None
    if not isinstance(found, list):
        raise SourceError(f"the answer has no list {key}; is the shape right, and does url end in the path to ask?")
    if len(found) != count:
        raise SourceError(f"{key} has {len(found):,} entries for {count:,} rows sent")
    return found


BODIES: dict[str, Callable[[Outgoing, int, int, int], dict[str, Any]]] = {
    "series": series_body,
    "instances": instances_body,
}
ANSWERS: dict[str, Callable[[Outgoing, int, int, Any], Floats]] = {
    "series": series_answer,
    "instances": instances_answer,
}
