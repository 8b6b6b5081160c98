"""Watchkeeper itself, by `watchkeeper.score`: the library's face, table in and table out, default setting."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

import watchkeeper
from benchmarks.peers.common import Floats, Ints


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
