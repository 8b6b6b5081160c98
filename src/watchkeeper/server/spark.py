"""A small line of numbers as the coordinates of an inline SVG."""

from __future__ import annotations

import math

import msgspec

from watchkeeper.watch.views import Spark

WIDTH, HEIGHT, _EDGE = 160.0, 36.0, 3.0


class Lines(msgspec.Struct, frozen=True, kw_only=True):
    """SVG paths of the whole line and of its surprising stretches.

    `dots` are surprising points that stand alone, `gaps` (left, width) stretches where missing itself was surprising.
    """

    usual: str
    surprising: str
    dots: tuple[tuple[float, float], ...]
    gaps: tuple[tuple[float, float], ...]


def draw(spark: Spark) -> Lines:
    """Paths in a box of WIDTH by HEIGHT; a missing value breaks the line."""
    values = [value if value is not None and math.isfinite(value) else None for value in spark.values]
    known = [value for value in values if value is not None]
    low, high = min(known, default=0.0), max(known, default=0.0)
    across = (WIDTH - 2 * _EDGE) / max(1, len(values) - 1)
    up = (HEIGHT - 2 * _EDGE) / ((high - low) or 1.0)
    points = [
        None if value is None else (round(_EDGE + place * across, 1), round(HEIGHT - _EDGE - (value - low) * up, 1))
        for place, value in enumerate(values)
    ]
    marked = [
        point if is_surprising else None for point, is_surprising in zip(points, spark.is_surprising, strict=True)
    ]
    runs = _runs(marked)
    silent = [
        (_EDGE + place * across, 0.0) if value is None and is_surprising else None
        for place, (value, is_surprising) in enumerate(zip(values, spark.is_surprising, strict=True))
    ]
    return Lines(
        usual=_path(_runs(points)),
        surprising=_path(runs),
        dots=tuple(run[0] for run in runs if len(run) == 1),
        gaps=tuple((round(run[0][0] - across / 2, 1), round(len(run) * across, 1)) for run in _runs(silent)),
    )


def _runs(points: list[tuple[float, float] | None]) -> list[list[tuple[float, float]]]:
    """Unbroken stretches."""
    runs: list[list[tuple[float, float]]] = [[]]
    for point in points:
        if point is None:
            runs.append([])
        else:
            runs[-1].append(point)
    return [run for run in runs if run]


def _path(runs: list[list[tuple[float, float]]]) -> str:
    """`M x,y L x,y …` of every stretch that has a length."""
    return " ".join("M" + " ".join(f"{x:g},{y:g}" for x, y in run) for run in runs if len(run) > 1)
