"""Watchkeeper itself, by `watchkeeper.score`: the library's face, table in and table out, default setting."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

import watchkeeper
from benchmarks.peers.common import Floats, Ints
from watchkeeper.detect import Points, SeriesSettings, ValueKind, decide, replay


def score(times: Ints, values: Floats, step: int) -> Floats:
    """One series."""
    return score_many([(times, values)])[0][0]


def score_many(series: list[tuple[Ints, Floats]]) -> list[tuple[Floats, NDArray[np.bool_]]]:
    """All series in one call, as it is meant to be used: the scores and the alerts of each."""
    sizes = [len(times) for times, _ in series]
    names = pa.array([f"{place:05d}" for place in range(len(series))])
    table = pa.table(
        {
            "series": pa.DictionaryArray.from_arrays(np.repeat(np.arange(len(series), dtype=np.int32), sizes), names),
            "ts": pa.array(np.concatenate([times for times, _ in series])).cast(pa.timestamp("s")),
            "value": np.concatenate([values for _, values in series]),
        }
    )
    scored = watchkeeper.score(table)
    score = scored["score"].to_numpy(zero_copy_only=False).astype(np.float64)
    alert = scored["alert"].to_numpy(zero_copy_only=False).astype(np.bool_)
    cuts = np.cumsum(sizes)[:-1]
    return list(zip(np.split(score, cuts), np.split(alert, cuts), strict=True))


def detector_alone(series: list[tuple[Ints, Floats, int]]) -> Callable[[], object]:
    """`replay` and `decide` on columns as the history holds them: what other peers are asked for, no tables."""
    count = len(series)
    points = Points(
        start=np.cumsum([0, *(len(times) for times, _, _ in series)]),
        time=np.concatenate([times for times, _, _ in series]),
        value=np.concatenate([values for _, values, _ in series]),
    )
    settings = SeriesSettings(
        step=np.array([step for _, _, step in series]),
        kind=np.full(count, ValueKind.GAUGE, np.uint8),
        direction=np.zeros(count, np.int8),
        min_absolute=np.zeros(count),
        min_relative=np.zeros(count),
    )
    bar = np.zeros(count)
    return lambda: decide(replay(points, settings)[1], points, settings, bar)
